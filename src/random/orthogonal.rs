//! Random matrices with orthonormal columns or rows.
//!
//! A normal matrix A = Q R is factored by Householder reflections; with the signs chosen
//! so that R has a positive diagonal, Q is uniform on the orthogonal matrices (Haar).
//!
//! Source: Mezzadri, "How to generate random matrices from the classical compact groups",
//! Notices of the AMS 54, 2007; the reflections as in Golub and Van Loan, Matrix
//! Computations, 4th edition, section 5.1 and algorithm 5.2.1.

use super::arrays::fill;
use super::{RandomError, Stream};
use crate::patience;

/// A random m x n matrix, row-major, with orthonormal columns (m >= n) or rows (m < n).
///
/// Orthonormal to about 1e-15 * max(m, n). Cost: 4 m n^2 operations for m >= n.
pub fn orthogonal(s: &mut Stream, m: usize, n: usize) -> Result<Vec<f64>, RandomError> {
    let (rows, cols) = (m.max(n), m.min(n));
    let mut a = fill(rows, cols, || s.standard_normal())?;
    if cols == 0 {
        return Ok(a);
    }
    let q = orthonormal_columns(&mut a, cols);
    if m >= n {
        return Ok(q);
    }
    let mut transposed = Vec::with_capacity(q.len());
    for j in 0..cols {
        transposed.extend(q.iter().skip(j).step_by(cols));
    }
    Ok(transposed)
}

/// The thin Q of `a` (row-major, `cols` wide, at least as many rows) with diag(R) > 0;
/// `a` is overwritten by the reflectors and R.
fn orthonormal_columns(a: &mut [f64], cols: usize) -> Vec<f64> {
    let rows = a.len() / cols;
    // Reflector k is I - beta v v' with v[0..k] = 0; v is kept in column k of `v`.
    let mut v = vec![0.0; a.len()];
    let mut betas = vec![0.0; cols];
    let mut signs = vec![1.0; cols];
    let mut work = vec![0.0; cols];
    for k in 0..cols {
        // Not `powi`, whose last bit may differ between platforms.
        let square = |x: f64| x * x;
        let norm = (k..rows).map(|i| square(a[i * cols + k])).sum::<f64>().sqrt();
        let head = a[k * cols + k];
        // The reflection maps the column to alpha e_k; this sign does not cancel.
        let alpha = if head > 0.0 { -norm } else { norm };
        for i in k..rows {
            v[i * cols + k] = a[i * cols + k];
        }
        v[k * cols + k] = head - alpha;
        // v'v / 2 = norm^2 - head * alpha. A column of zeros needs no reflection.
        let half_square = norm * norm - head * alpha;
        betas[k] = if half_square > 0.0 { 1.0 / half_square } else { 0.0 };
        signs[k] = if alpha < 0.0 { -1.0 } else { 1.0 };
        reflect(a, &v, cols, k, betas[k], &mut work);
    }
    // Q = H_0 H_1 ... applied to the first columns of I, the last reflection first.
    let mut q = vec![0.0; a.len()];
    for k in 0..cols {
        q[k * cols + k] = signs[k];
    }
    for k in (0..cols).rev() {
        reflect(&mut q, &v, cols, k, betas[k], &mut work);
    }
    q
}

/// B <- (I - beta v v') B for the columns from k on, with v in column k of `v`; the
/// columns before k have zeros in the rows from k on, or are not needed any more.
fn reflect(b: &mut [f64], v: &[f64], cols: usize, k: usize, beta: f64, work: &mut [f64]) {
    patience::look();
    let rows = b.len() / cols;
    work[k..].fill(0.0);
    for i in k..rows {
        let vi = v[i * cols + k];
        for (w, &x) in work[k..].iter_mut().zip(&b[i * cols + k..(i + 1) * cols]) {
            *w += vi * x;
        }
    }
    for i in k..rows {
        let scaled = beta * v[i * cols + k];
        for (x, &w) in b[i * cols + k..(i + 1) * cols].iter_mut().zip(&work[k..]) {
            *x -= scaled * w;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest entry of Q'Q - I for a row-major Q of `cols` columns.
    fn defect(q: &[f64], cols: usize) -> f64 {
        let rows = q.len() / cols;
        let mut worst: f64 = 0.0;
        for a in 0..cols {
            for b in 0..cols {
                let dot: f64 = (0..rows).map(|i| q[i * cols + a] * q[i * cols + b]).sum();
                worst = worst.max((dot - f64::from(a == b)).abs());
            }
        }
        worst
    }

    fn transpose(q: &[f64], rows: usize, cols: usize) -> Vec<f64> {
        (0..cols * rows).map(|k| q[(k % rows) * cols + k / rows]).collect()
    }

    #[test]
    fn columns_or_rows_are_orthonormal() {
        let s = Stream::new(6);
        for (m, n) in [(1, 1), (5, 5), (40, 7), (64, 64)] {
            let q = orthogonal(&mut s.split("tall"), m, n).unwrap();
            assert!(defect(&q, n) < 1e-13, "{m} x {n}");
            let q = orthogonal(&mut s.split("wide"), n, m).unwrap();
            assert_eq!(q.len(), m * n);
            assert!(defect(&transpose(&q, n, m), n) < 1e-13, "{n} x {m}");
        }
        assert_eq!(orthogonal(&mut s.split("none"), 0, 3).unwrap(), []);
    }

    #[test]
    fn q_times_r_is_a_with_a_positive_diagonal() {
        let a: Vec<f64> = fill(6, 3, {
            let mut s = Stream::new(9);
            move || s.standard_normal()
        })
        .unwrap();
        let q = orthonormal_columns(&mut a.clone(), 3);
        // R = Q'A.
        let r = |i: usize, j: usize| (0..6).map(|k| q[k * 3 + i] * a[k * 3 + j]).sum::<f64>();
        for i in 0..3 {
            assert!(r(i, i) > 0.0);
            for j in 0..i {
                assert!(r(i, j).abs() < 1e-14);
            }
        }
        // A column of zeros still leaves orthonormal columns.
        assert!(defect(&orthonormal_columns(&mut [0.0, 1.0, 0.0, 2.0], 2), 2) < 1e-15);
    }

    #[test]
    fn signs_are_not_biased() {
        let s = Stream::new(10);
        let positive = (0..400)
            .filter(|&k| orthogonal(&mut s.split_nth("m", k), 3, 3).is_ok_and(|q| q[0] > 0.0))
            .count();
        assert!((140..260).contains(&positive), "{positive}");
    }
}
