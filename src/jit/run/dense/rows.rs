//! `y = A*x` and `y += A'*x` for a matrix stored row by row, `A: m x n`.
//!
//! Both read every entry of `A` once and do little with it: they are as fast as memory is. The AVX-512 forms
//! take eight rows at a time and ask for the rows to come before they need them. They are written with
//! intrinsics since what the compiler makes of plain loops over rows transposes them. Cost `m*n`.

#[cfg(target_arch = "x86_64")]
use crate::special::vector::Simd;

/// Sums with this many running totals, so that additions do not wait for one another.
const LANES: usize = 16;

/// Rows that are taken together.
#[cfg(target_arch = "x86_64")]
const ROWS: usize = 8;

/// `y = A*x`, by the widest instructions of this machine. `x: n`, `y: m`.
pub fn dots(a: &[f64], x: &[f64], y: &mut [f64]) {
    if x.is_empty() {
        return y.fill(0.0);
    }
    let a = &a[..x.len() * y.len()];
    #[cfg(target_arch = "x86_64")]
    {
        let simd = Simd::here();
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the features that the function is compiled for.
            return unsafe { dots_avx512(a, x, y) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: as above.
            return unsafe { dots_avx2(a, x, y) };
        }
    }
    dots_by::<{ cfg!(target_arch = "aarch64") }>(a, x, y);
}

/// `y += A'*x`, by the widest instructions of this machine. `x: m`, `y: n`.
pub fn add_turned(a: &[f64], x: &[f64], y: &mut [f64]) {
    if y.is_empty() {
        return;
    }
    let a = &a[..x.len() * y.len()];
    #[cfg(target_arch = "x86_64")]
    {
        let simd = Simd::here();
        if simd == Simd::Avx512 {
            // SAFETY: the machine has the features that the function is compiled for.
            return unsafe { add_turned_avx512(a, x, y) };
        }
        if simd >= Simd::Avx2 {
            // SAFETY: as above.
            return unsafe { add_turned_avx2(a, x, y) };
        }
    }
    add_turned_by::<{ cfg!(target_arch = "aarch64") }>(a, x, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn dots_avx512(a: &[f64], x: &[f64], y: &mut [f64]) {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_maskz_loadu_pd,
        _mm512_setzero_pd, _mm512_storeu_pd,
    };
    let n = x.len();
    let (whole, tail) = (n / 8 * 8, tail_mask(n));
    // Far enough that memory has answered by then, near enough that it is still in cache.
    let ahead = (ROWS * n).max(1024);
    let done = y.len() / ROWS * ROWS * n;
    let mut groups = y.chunks_exact_mut(ROWS);
    for (rows, y) in a.chunks_exact(ROWS * n).zip(groups.by_ref()) {
        let start = rows.as_ptr();
        let mut totals = [_mm512_setzero_pd(); ROWS];
        for j in (0..whole).step_by(8) {
            // SAFETY: `x` and each of the eight rows have entries j to j + 7. Prefetching does not fault.
            unsafe {
                let x = _mm512_loadu_pd(x.as_ptr().add(j));
                for (r, total) in totals.iter_mut().enumerate() {
                    let entries = start.add(r * n + j);
                    _mm_prefetch::<_MM_HINT_T0>(entries.wrapping_add(ahead).cast());
                    *total = _mm512_fmadd_pd(_mm512_loadu_pd(entries), x, *total);
                }
            }
        }
        if tail != 0 {
            // SAFETY: the mask leaves out what lies beyond the rows.
            unsafe {
                let x = _mm512_maskz_loadu_pd(tail, x.as_ptr().add(whole));
                for (r, total) in totals.iter_mut().enumerate() {
                    let entries = start.add(r * n + whole);
                    *total = _mm512_fmadd_pd(_mm512_maskz_loadu_pd(tail, entries), x, *total);
                }
            }
        }
        // SAFETY: `y` has eight entries.
        unsafe { _mm512_storeu_pd(y.as_mut_ptr(), sums_of_lanes(totals)) };
    }
    let rest = groups.into_remainder();
    dots_by::<true>(&a[done..], x, rest);
}

/// The lanes that are left of a row of `n` entries after whole vectors.
#[cfg(target_arch = "x86_64")]
fn tail_mask(n: usize) -> u8 {
    (1 << (n % 8)) - 1
}

/// The sum of all lanes of each of eight vectors, as a vector.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sums_of_lanes(v: [std::arch::x86_64::__m512d; 8]) -> std::arch::x86_64::__m512d {
    use std::arch::x86_64::{
        _mm512_add_pd, _mm512_shuffle_f64x2, _mm512_unpackhi_pd, _mm512_unpacklo_pd,
    };
    // Neighbours are added, then quarters of vectors.
    let pair = |k: usize| {
        _mm512_add_pd(_mm512_unpacklo_pd(v[k], v[k + 1]), _mm512_unpackhi_pd(v[k], v[k + 1]))
    };
    let halve = |a, b| {
        let (even, odd) = (_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xdd>(a, b));
        _mm512_add_pd(even, odd)
    };
    halve(halve(pair(0), pair(2)), halve(pair(4), pair(6)))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn add_turned_avx512(a: &[f64], x: &[f64], y: &mut [f64]) {
    use std::arch::x86_64::{
        __m512d, _mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_mask_storeu_pd,
        _mm512_maskz_loadu_pd, _mm512_mul_pd, _mm512_set1_pd, _mm512_storeu_pd,
    };
    let n = y.len();
    let (whole, tail) = (n / 8 * 8, tail_mask(n));
    let mut groups = x.chunks_exact(ROWS);
    for (rows, x) in a.chunks_exact(ROWS * n).zip(groups.by_ref()) {
        let start = rows.as_ptr();
        let factors: [__m512d; ROWS] = std::array::from_fn(|r| _mm512_set1_pd(x[r]));
        // Two sums, so that additions wait less for one another.
        let combined = |entries: [__m512d; ROWS], y: __m512d| {
            let mut even = _mm512_fmadd_pd(entries[0], factors[0], y);
            let mut odd = _mm512_mul_pd(entries[1], factors[1]);
            for r in (2..ROWS).step_by(2) {
                even = _mm512_fmadd_pd(entries[r], factors[r], even);
                odd = _mm512_fmadd_pd(entries[r + 1], factors[r + 1], odd);
            }
            _mm512_add_pd(even, odd)
        };
        for j in (0..whole).step_by(8) {
            // SAFETY: `y` and each of the eight rows have entries j to j + 7.
            unsafe {
                let at = y.as_mut_ptr().add(j);
                let entries = std::array::from_fn(|r| _mm512_loadu_pd(start.add(r * n + j)));
                _mm512_storeu_pd(at, combined(entries, _mm512_loadu_pd(at)));
            }
        }
        if tail != 0 {
            // SAFETY: the mask leaves out what lies beyond the rows.
            unsafe {
                let at = y.as_mut_ptr().add(whole);
                let entries =
                    std::array::from_fn(|r| _mm512_maskz_loadu_pd(tail, start.add(r * n + whole)));
                let sum = combined(entries, _mm512_maskz_loadu_pd(tail, at));
                _mm512_mask_storeu_pd(at, tail, sum);
            }
        }
    }
    let done = x.len() / ROWS * ROWS * n;
    add_turned_by::<true>(&a[done..], groups.remainder(), y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dots_avx2(a: &[f64], x: &[f64], y: &mut [f64]) {
    dots_by::<true>(a, x, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_turned_avx2(a: &[f64], x: &[f64], y: &mut [f64]) {
    add_turned_by::<true>(a, x, y);
}

#[inline(always)]
pub(super) fn multiply_add<const FMA: bool>(x: f64, y: f64, z: f64) -> f64 {
    if FMA { x.mul_add(y, z) } else { x * y + z }
}

#[inline(always)]
fn dots_by<const FMA: bool>(a: &[f64], x: &[f64], y: &mut [f64]) {
    for (row, y) in a.chunks_exact(x.len()).zip(y) {
        *y = dot::<FMA>(row, x);
    }
}

/// Four rows at a time.
#[inline(always)]
fn add_turned_by<const FMA: bool>(a: &[f64], x: &[f64], y: &mut [f64]) {
    let n = y.len();
    let mut rows = a.chunks_exact(4 * n);
    let mut factors = x.chunks_exact(4);
    for (four, f) in rows.by_ref().zip(factors.by_ref()) {
        let (r0, rest) = four.split_at(n);
        let (r1, rest) = rest.split_at(n);
        let (r2, r3) = rest.split_at(n);
        for j in 0..n {
            let first = multiply_add::<FMA>(f[0], r0[j], f[1] * r1[j]);
            let second = multiply_add::<FMA>(f[2], r2[j], f[3] * r3[j]);
            y[j] += first + second;
        }
    }
    for (row, f) in rows.remainder().chunks_exact(n).zip(factors.remainder()) {
        y.iter_mut().zip(row).for_each(|(y, v)| *y += f * v);
    }
}

#[inline(always)]
fn dot<const FMA: bool>(a: &[f64], b: &[f64]) -> f64 {
    let mut totals = [0.0; LANES];
    let (mut left, mut right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in left.by_ref().zip(right.by_ref()) {
        for l in 0..LANES {
            totals[l] = multiply_add::<FMA>(x[l], y[l], totals[l]);
        }
    }
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            totals[l] += totals[l + width];
        }
    }
    totals[0] + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_the_definition_at_every_length() {
        for (m, n) in
            (0..20).flat_map(|m| (0..20).map(move |n| (m, n))).chain([(70, 33), (33, 129)])
        {
            let a: Vec<f64> = (0..m * n).map(|k| (k as f64 * 0.7).sin()).collect();
            let x: Vec<f64> = (0..n).map(|k| (k as f64 * 1.3).cos()).collect();
            let r: Vec<f64> = (0..m).map(|k| (k as f64 * 0.3).cos()).collect();
            let row = |i: usize| &a[i * n..(i + 1) * n];
            let mut y = vec![f64::NAN; m];
            dots(&a, &x, &mut y);
            for (i, found) in y.iter().enumerate() {
                let expected: f64 = row(i).iter().zip(&x).map(|(a, x)| a * x).sum();
                assert!((found - expected).abs() < 1e-13 * (n + 1) as f64, "{m}x{n}: {i}");
            }
            let mut g = vec![1.0; n];
            add_turned(&a, &r, &mut g);
            for (j, found) in g.iter().enumerate() {
                let expected = 1.0 + (0..m).map(|i| r[i] * row(i)[j]).sum::<f64>();
                assert!((found - expected).abs() < 1e-13 * (m + 1) as f64, "{m}x{n}': {j}");
            }
        }
    }
}
