//! Products of dense row-major arrays, either one of which may lie in memory
//! transposed.
//!
//! Shapes: `A: m x k, B: k x n -> C: m x n`. Sums run in a fixed order, so a
//! result does not depend on the machine's load. Cost `m*k*n`.

mod gram;
mod rows;
mod split;

pub use gram::Gram;
use rows::multiply_add;
pub use rows::{add_turned, dots};
#[cfg(feature = "jit")]
pub use split::MILLISECOND;
pub use split::{gram_on, part_of_pass, product_on};

#[cfg(target_arch = "x86_64")]
use crate::special::vector::Simd;

/// Rows and columns of the block of `C` that stays in registers.
const TILE: (usize, usize) = (4, 8);

/// A factor, and whether it is stored transposed.
type Factor<'a> = (&'a [f64], bool);

/// `C = diag(s)*B`, or `B*diag(s)` by columns. `B: m x n` and may be stored transposed, `C: m x n`.
pub fn scale([m, n]: [usize; 2], b: Factor, s: &[f64], by_columns: bool, c: &mut [f64]) {
    for i in 0..m {
        for (j, c) in c[i * n..(i + 1) * n].iter_mut().enumerate() {
            let entry = if b.1 { b.0[j * m + i] } else { b.0[i * n + j] };
            *c = entry * s[if by_columns { j } else { i }];
        }
    }
}

/// Products of at least this many multiplications go to the library.
const LIBRARY: usize = 4096;

/// `C = A*B` by the library, for matrices that are neither rows nor columns.
fn library_product([m, k, n]: [usize; 3], a: Factor, b: Factor, c: &mut [f64]) {
    assert!(a.0.len() >= m * k && b.0.len() >= k * n && c.len() >= m * n);
    let strides = |turned: bool, rows: usize, cols: usize| {
        // Steps from column to column and from row to row.
        if turned { (rows as isize, 1) } else { (1, cols as isize) }
    };
    let ((a_cs, a_rs), (b_cs, b_rs)) = (strides(a.1, m, k), strides(b.1, k, n));
    // SAFETY: the lengths were asserted, the strides stay within them, and `c` is borrowed apart from `a`
    // and `b`. What `c` held is not read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.0.as_ptr(),
            a_cs,
            a_rs,
            b.0.as_ptr(),
            b_cs,
            b_rs,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// `C = A*B`, by the widest instructions of this machine.
pub fn product(sizes: [usize; 3], a: Factor, b: Factor, c: &mut [f64]) {
    let [m, k, n] = sizes;
    // A column has the same entries in memory either way.
    let (a_by_x, x) = if n == 1 { (a, b.0) } else { ((b.0, !b.1), a.0) };
    if m == 1 || n == 1 {
        if !a_by_x.1 {
            return dots(a_by_x.0, x, c);
        }
        c.fill(0.0);
        return add_turned(a_by_x.0, x, c);
    }
    if m * n * k >= LIBRARY {
        return library_product(sizes, a, b, c);
    }
    #[cfg(target_arch = "x86_64")]
    {
        let simd = Simd::here();
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the features that the function is
            // compiled for.
            return unsafe { product_avx512(sizes, a, b, c) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: as above.
            return unsafe { product_avx2(sizes, a, b, c) };
        }
    }
    matrices::<{ cfg!(target_arch = "aarch64") }>(sizes, a, b, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn product_avx512(sizes: [usize; 3], a: Factor, b: Factor, c: &mut [f64]) {
    matrices::<true>(sizes, a, b, c);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn product_avx2(sizes: [usize; 3], a: Factor, b: Factor, c: &mut [f64]) {
    matrices::<true>(sizes, a, b, c);
}

/// By tiles of `C`; both factors are copied into the order in which a tile
/// reads them.
#[inline(always)]
fn matrices<const FMA: bool>(
    sizes: [usize; 3],
    a: (&[f64], bool),
    b: (&[f64], bool),
    c: &mut [f64],
) {
    let [m, k, n] = sizes;
    let a_at = |i: usize, p: usize| if a.1 { a.0[p * m + i] } else { a.0[i * k + p] };
    let b_at = |p: usize, j: usize| if b.1 { b.0[j * k + p] } else { b.0[p * n + j] };
    let (height, width) = TILE;
    let mut left = vec![0.0; k * height];
    let mut right = vec![0.0; k * width];
    for j0 in (0..n).step_by(width) {
        let cols = width.min(n - j0);
        for (p, line) in right.chunks_exact_mut(width).enumerate() {
            for (j, v) in line.iter_mut().enumerate() {
                *v = if j < cols { b_at(p, j0 + j) } else { 0.0 };
            }
        }
        for i0 in (0..m).step_by(height) {
            let rows = height.min(m - i0);
            for (p, line) in left.chunks_exact_mut(height).enumerate() {
                for (i, v) in line.iter_mut().enumerate() {
                    *v = if i < rows { a_at(i0 + i, p) } else { 0.0 };
                }
            }
            let tile = tile::<FMA>(&left, &right);
            for (i, line) in tile.iter().enumerate().take(rows) {
                let start = (i0 + i) * n + j0;
                c[start..start + cols].copy_from_slice(&line[..cols]);
            }
        }
    }
}

#[inline(always)]
fn tile<const FMA: bool>(left: &[f64], right: &[f64]) -> [[f64; TILE.1]; TILE.0] {
    let mut tile = [[0.0; TILE.1]; TILE.0];
    for (l, r) in left.chunks_exact(TILE.0).zip(right.chunks_exact(TILE.1)) {
        for i in 0..TILE.0 {
            for j in 0..TILE.1 {
                tile[i][j] = multiply_add::<FMA>(l[i], r[j], tile[i][j]);
            }
        }
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(sizes: [usize; 3], a: &[f64], b: &[f64]) -> Vec<f64> {
        let [m, k, n] = sizes;
        let entry = |i: usize, j: usize| (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum();
        (0..m * n).map(|x| entry(x / n, x % n)).collect()
    }

    fn turn(a: &[f64], rows: usize, cols: usize) -> Vec<f64> {
        (0..rows * cols).map(|x| a[(x % rows) * cols + x / rows]).collect()
    }

    #[test]
    fn all_orientations_agree_with_the_definition() {
        for sizes in [
            [1, 1, 1],
            [3, 5, 1],
            [1, 5, 3],
            [5, 9, 13],
            [4, 0, 2],
            [9, 17, 8],
            [2, 3, 0],
            [7, 29, 1],
            [40, 33, 50],
        ] {
            let [m, k, n] = sizes;
            let a: Vec<f64> = (0..m * k).map(|x| (x as f64 * 0.7).sin()).collect();
            let b: Vec<f64> = (0..k * n).map(|x| (x as f64 * 1.3).cos()).collect();
            let (at, bt) = (turn(&a, m, k), turn(&b, k, n));
            let expected = plain(sizes, &a, &b);
            for (l, r) in [
                ((&a, false), (&b, false)),
                ((&at, true), (&b, false)),
                ((&a, false), (&bt, true)),
                ((&at, true), (&bt, true)),
            ] {
                let mut c = vec![f64::NAN; m * n];
                product(sizes, (l.0, l.1), (r.0, r.1), &mut c);
                for (x, y) in c.iter().zip(&expected) {
                    assert!((x - y).abs() < 1e-12, "{sizes:?}: {x} {y}");
                }
            }
        }
    }
}
