//! Eigenvalues and eigenvectors of a symmetric matrix, always in finite time.
//!
//! The QR iteration of `nalgebra` is fast, but on some matrices whose entries differ by many orders of magnitude it
//! goes on for ever. So it gets a limit, and where it meets it, Jacobi's rotations do the work: slower, sure, and
//! more exact for such matrices (Golub & Van Loan 2013, sec. 8.5; Demmel & Veselic 1992).

use crate::patience;
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// QR iterations for each row; two or three are usual.
const QR_ITERATIONS: usize = 30;
/// Sweeps of Jacobi's method; fewer than ten are usual.
const MAX_SWEEPS: usize = 60;

/// From this size on the iteration takes a tenth of a second and more.
const LONG: usize = 200;

/// `h = vectors * diag(values) * vectors'`.
pub struct Eigen {
    /// In no particular order.
    pub values: DVector<f64>,
    /// Orthonormal columns.
    pub vectors: DMatrix<f64>,
}

/// The decomposition of a symmetric `h: n x n` of finite entries; `O(n^3)`.
pub fn symmetric_eigen(h: DMatrix<f64>) -> Eigen {
    let limit = QR_ITERATIONS * h.nrows().max(1);
    let copy = h.clone();
    let decompose = move || SymmetricEigen::try_new(copy, f64::EPSILON, limit);
    match if h.nrows() < LONG { decompose() } else { patience::apart(decompose) } {
        Some(found) if found.eigenvalues.iter().all(|value| value.is_finite()) => {
            Eigen { values: found.eigenvalues, vectors: found.eigenvectors }
        }
        _ => jacobi(h),
    }
}

/// Cyclic Jacobi (Golub & Van Loan 2013, algorithm 8.5.3): each rotation makes one off-diagonal entry 0.
fn jacobi(mut h: DMatrix<f64>) -> Eigen {
    let n = h.nrows();
    let mut vectors = DMatrix::identity(n, n);
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            patience::look();
            for q in p + 1..n {
                let small = f64::EPSILON * (h[(p, p)].abs() * h[(q, q)].abs()).sqrt();
                if h[(p, q)].abs() <= small.max(f64::MIN_POSITIVE) {
                    continue;
                }
                rotated = true;
                let tau = (h[(q, q)] - h[(p, p)]) / (2.0 * h[(p, q)]);
                let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                rotate(&mut h, &mut vectors, (p, q), (c, t * c));
            }
        }
        if !rotated {
            break;
        }
    }
    Eigen { values: h.diagonal(), vectors }
}

/// `h <- R'hR`, `vectors <- vectors*R` for the rotation R by cosine and sine in the plane (p, q).
fn rotate(
    h: &mut DMatrix<f64>,
    vectors: &mut DMatrix<f64>,
    (p, q): (usize, usize),
    (c, s): (f64, f64),
) {
    let n = h.nrows();
    for k in 0..n {
        let (a, b) = (h[(k, p)], h[(k, q)]);
        (h[(k, p)], h[(k, q)]) = (c * a - s * b, s * a + c * b);
        let (a, b) = (vectors[(k, p)], vectors[(k, q)]);
        (vectors[(k, p)], vectors[(k, q)]) = (c * a - s * b, s * a + c * b);
    }
    for k in 0..n {
        let (a, b) = (h[(p, k)], h[(q, k)]);
        (h[(p, k)], h[(q, k)]) = (c * a - s * b, s * a + c * b);
    }
    h[(p, q)] = 0.0;
    h[(q, p)] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(h: &DMatrix<f64>, eigen: &Eigen) {
        let n = h.nrows();
        let back =
            &eigen.vectors * DMatrix::from_diagonal(&eigen.values) * eigen.vectors.transpose();
        assert!((back - h).amax() <= 1e-13 * h.amax().max(f64::MIN_POSITIVE) * n as f64);
        let gram = eigen.vectors.tr_mul(&eigen.vectors) - DMatrix::identity(n, n);
        assert!(gram.amax() < 1e-13 * n as f64);
    }

    #[test]
    fn both_ways_decompose_matrices_of_any_scale() {
        let n = 7;
        for spread in [0.0, 3.0, 20.0] {
            let scale = |i: usize| 10f64.powf(-spread * i as f64);
            let h = DMatrix::from_fn(n, n, |i, j| {
                ((i * j + i + j) as f64).sin() * scale(i) * scale(j)
                    + if i == j { scale(i).powi(2) } else { 0.0 }
            });
            check(&h, &symmetric_eigen(h.clone()));
            check(&h, &jacobi(h.clone()));
        }
    }

    #[test]
    fn jacobi_agrees_with_a_known_spectrum() {
        let h = DMatrix::from_row_slice(3, 3, &[2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0]);
        let mut values: Vec<f64> = jacobi(h).values.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        let expected = [2.0 - 2f64.sqrt(), 2.0, 2.0 + 2f64.sqrt()];
        assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{values:?}");
    }
}
