//! `C = X'*diag(s)*X`, the matrix of normal equations and of Hessians.
//!
//! `X: m x n` row by row, `s: m`, `C: n x n`. Rows are taken in chunks that stay in cache, and only tiles
//! that touch the lower triangle are computed: half of the work of a product. Sums run over rows in a
//! fixed order. Cost `m*n*n`.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::special::vector::Simd;

/// Rows and columns of the tile of `C` that stays in registers.
const TILE: (usize, usize) = (8, 24);

/// A Gram matrix, or some rows of it, that is being added up.
pub struct Gram {
    n: usize,
    /// The rows of `C`: the first in a multiple of 24, and the one after the last.
    rows: Range<usize>,
    /// `n` rounded up to whole tiles.
    padded: usize,
    /// A chunk of `X`, and the same scaled by the weights, row by row.
    plain: Vec<f64>,
    scaled: Vec<f64>,
    /// The tiles of the lower triangle, in padded rows.
    sums: Vec<f64>,
}

impl Gram {
    /// Rows that are added in one go, where there are so many.
    pub const CHUNK: usize = 64;

    /// Zero, for rows of `n` entries.
    #[cfg(any(feature = "jit", test))]
    pub fn new(n: usize) -> Gram {
        Gram::stripe(n, 0..n)
    }

    /// So many rows of `C` as whole tiles need, at least.
    pub fn whole_tiles(rows: usize) -> usize {
        rows.next_multiple_of(TILE.1)
    }

    /// Zero, for these rows of `C`. The first is a multiple of what [`Self::whole_tiles`] gives.
    pub fn stripe(n: usize, rows: Range<usize>) -> Gram {
        let padded = n.next_multiple_of(TILE.1);
        let chunk = Self::CHUNK * padded;
        Gram {
            n,
            padded,
            plain: vec![0.0; chunk],
            scaled: vec![0.0; chunk],
            sums: vec![0.0; padded * rows.len().next_multiple_of(TILE.1)],
            rows,
        }
    }

    /// Adds the rows of `x`, weighted by `weights` where there are any.
    pub fn add(&mut self, x: &[f64], weights: Option<&[f64]>) {
        if self.n == 0 {
            return;
        }
        for (c, rows) in x.chunks(Self::CHUNK * self.n).enumerate() {
            let count = rows.len() / self.n;
            for (k, row) in rows.chunks_exact(self.n).enumerate() {
                let at = k * self.padded;
                self.plain[at..at + self.rows.end].copy_from_slice(&row[..self.rows.end]);
                let scaled = &mut self.scaled[at + self.rows.start..at + self.rows.end];
                let row = &row[self.rows.clone()];
                match weights {
                    None => scaled.copy_from_slice(row),
                    Some(s) => {
                        let s = s[c * Self::CHUNK + k];
                        scaled.iter_mut().zip(row).for_each(|(y, x)| *y = s * x);
                    }
                }
            }
            self.add_chunk(count);
        }
    }

    fn add_chunk(&mut self, rows: usize) {
        let (height, width) = TILE;
        let stride = self.padded;
        for i in self.rows.clone().step_by(height) {
            for j in (0..=i).step_by(width) {
                let (left, right) = (&self.scaled[i..], &self.plain[j..]);
                let sums = &mut self.sums[(i - self.rows.start) * stride + j..];
                add_tile(rows, stride, left, right, sums);
            }
        }
    }

    /// Back to zero.
    pub fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// Adds the sums over other rows of `X`.
    pub fn add_sums(&mut self, other: &Gram) {
        debug_assert!(self.rows == other.rows && self.n == other.n);
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
    }

    /// Writes the sum: its rows of `C`, and the same columns.
    pub fn finish(self, c: &mut [f64]) {
        for i in self.rows.clone() {
            for j in 0..=i {
                let v = self.sums[(i - self.rows.start) * self.padded + j];
                c[i * self.n + j] = v;
                c[j * self.n + i] = v;
            }
        }
    }
}

/// Adds `left' * right` to a tile; all three have rows of `stride` entries.
fn add_tile(rows: usize, stride: usize, left: &[f64], right: &[f64], sums: &mut [f64]) {
    let ((height, width), last) = (TILE, (TILE.0 - 1) * stride + TILE.1);
    assert!(rows == 0 || left.len() >= (rows - 1) * stride + height);
    assert!(rows == 0 || right.len() >= (rows - 1) * stride + width);
    assert!(sums.len() >= last);
    #[cfg(target_arch = "x86_64")]
    {
        let simd = Simd::here();
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the feature, and the lengths were asserted.
            return unsafe { tile_avx512(rows, stride, left, right, sums) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: the machine has the features that the function is compiled for.
            return unsafe { tile_avx2(rows, stride, left, right, sums) };
        }
    }
    tile_by::<{ cfg!(target_arch = "aarch64") }>(rows, stride, left, right, sums);
}

/// # Safety
///
/// `left` reaches 8 entries beyond the start of its last row, `right` 24, and `sums` has 8 rows of 24.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn tile_avx512(rows: usize, stride: usize, left: &[f64], right: &[f64], sums: &mut [f64]) {
    use std::arch::x86_64::{
        __m512d, _mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd,
        _mm512_setzero_pd, _mm512_storeu_pd,
    };
    let mut tile: [[__m512d; 3]; 8] = [[_mm512_setzero_pd(); 3]; 8];
    let (mut l, mut r) = (left.as_ptr(), right.as_ptr());
    for k in 0..rows {
        // SAFETY: row k of `left` has 8 entries from here on, that of `right` has 24.
        unsafe {
            let b = [_mm512_loadu_pd(r), _mm512_loadu_pd(r.add(8)), _mm512_loadu_pd(r.add(16))];
            for (i, line) in tile.iter_mut().enumerate() {
                let a = _mm512_set1_pd(*l.add(i));
                line[0] = _mm512_fmadd_pd(a, b[0], line[0]);
                line[1] = _mm512_fmadd_pd(a, b[1], line[1]);
                line[2] = _mm512_fmadd_pd(a, b[2], line[2]);
            }
            if k + 1 < rows {
                (l, r) = (l.add(stride), r.add(stride));
            }
        }
    }
    for (i, line) in tile.iter().enumerate() {
        for (j, v) in line.iter().enumerate() {
            // SAFETY: `sums` has 8 rows of at least 24 entries.
            unsafe {
                let at = sums.as_mut_ptr().add(i * stride + 8 * j);
                _mm512_storeu_pd(at, _mm512_add_pd(_mm512_loadu_pd(at), *v));
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn tile_avx2(rows: usize, stride: usize, left: &[f64], right: &[f64], sums: &mut [f64]) {
    tile_by::<true>(rows, stride, left, right, sums);
}

/// The tile in parts of 4 by 8, which fit into the registers of smaller machines.
#[inline(always)]
fn tile_by<const FMA: bool>(
    rows: usize,
    stride: usize,
    left: &[f64],
    right: &[f64],
    sums: &mut [f64],
) {
    for i0 in (0..TILE.0).step_by(4) {
        for j0 in (0..TILE.1).step_by(8) {
            let mut tile = [[0.0; 8]; 4];
            for k in 0..rows {
                let a = &left[k * stride + i0..][..4];
                let b = &right[k * stride + j0..][..8];
                for i in 0..4 {
                    for j in 0..8 {
                        tile[i][j] = super::multiply_add::<FMA>(a[i], b[j], tile[i][j]);
                    }
                }
            }
            for (i, line) in tile.iter().enumerate() {
                let at = (i0 + i) * stride + j0;
                sums[at..at + 8].iter_mut().zip(line).for_each(|(s, v)| *s += v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gram_matrices_agree_with_the_definition() {
        for (m, n) in [(1, 1), (3, 2), (64, 24), (65, 25), (200, 50), (130, 7), (0, 3), (5, 0)] {
            let x: Vec<f64> = (0..m * n).map(|k| (k as f64 * 0.7).sin()).collect();
            let s: Vec<f64> = (0..m).map(|k| (k as f64 * 0.3).cos()).collect();
            for weights in [None, Some(&s[..])] {
                let mut gram = Gram::new(n);
                // In two parts, as a pass over blocks of rows adds them.
                let half = m / 2;
                gram.add(&x[..half * n], weights.map(|s| &s[..half]));
                gram.add(&x[half * n..], weights.map(|s| &s[half..]));
                let mut c = vec![f64::NAN; n * n];
                gram.finish(&mut c);
                for i in 0..n {
                    for j in 0..n {
                        let term =
                            |k: usize| weights.map_or(1.0, |s| s[k]) * x[k * n + i] * x[k * n + j];
                        let expected: f64 = (0..m).map(term).sum();
                        let found = c[i * n + j];
                        assert!((found - expected).abs() < 1e-12, "{m}x{n} {i},{j}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn parts_of_tiles_agree_with_whole_ones() {
        let stride = 48;
        let rows = 17;
        let left: Vec<f64> = (0..rows * stride).map(|k| (k as f64).sin()).collect();
        let right: Vec<f64> = (0..rows * stride).map(|k| (k as f64).cos()).collect();
        let (mut whole, mut parts) = (vec![1.0; 8 * stride], vec![1.0; 8 * stride]);
        add_tile(rows, stride, &left, &right, &mut whole);
        tile_by::<false>(rows, stride, &left, &right, &mut parts);
        for (a, b) in whole.iter().zip(&parts) {
            assert!((a - b).abs() < 1e-13);
        }
    }
}
