//! The largest eigenvalue of a symmetric matrix that is known by its products with vectors.

use super::vector::{axpy, dot, norm};
use crate::random::Stream;
use nalgebra::{DMatrix, SymmetricEigen};

/// An estimate of the largest eigenvalue from below, by `steps` products of Lanczos' method from a random vector, every new vector
/// made orthogonal to all before (Golub & Van Loan, 4th ed., sec. 10.1 and 10.3.1). `product` sets its second argument, n
/// entries, to the product with its first, and says whether that is finite. None where it is not, or where n is 0.
pub fn largest_eigenvalue(
    n: usize,
    steps: usize,
    random: &mut Stream,
    product: &mut dyn FnMut(&[f64], &mut [f64]) -> bool,
) -> Option<f64> {
    let mut v: Vec<f64> = (0..n).map(|_| random.standard_normal()).collect();
    let (mut basis, mut alpha, mut beta) = (Vec::<Vec<f64>>::new(), Vec::new(), Vec::new());
    let mut w = vec![0.0; n];
    let mut length = norm(&v);
    for _ in 0..steps.min(n) {
        if length == 0.0 {
            break;
        }
        v.iter_mut().for_each(|entry| *entry /= length);
        basis.push(v.clone());
        if !product(&v, &mut w) {
            return None;
        }
        alpha.push(dot(&v, &w));
        // Twice is enough.
        for _ in 0..2 {
            for q in &basis {
                let along = dot(q, &w);
                axpy(-along, q, &mut w);
            }
        }
        length = norm(&w);
        let scale = alpha.iter().fold(0.0_f64, |most, a| most.max(a.abs()));
        if length <= 1e-12 * scale {
            break;
        }
        beta.push(length);
        v.copy_from_slice(&w);
    }
    let m = alpha.len();
    let tridiagonal = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
        0 => alpha[i],
        1 => beta[i.min(j)],
        _ => 0.0,
    });
    (m > 0).then(|| SymmetricEigen::new(tridiagonal).eigenvalues.max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_a_known_spectrum_is_found() {
        // A rotated diagonal: a reflection on both sides of 1, 2, ..., 60.
        let n = 60;
        let mut random = Stream::new(5);
        let mut u: Vec<f64> = (0..n).map(|_| random.standard_normal()).collect();
        let length = norm(&u);
        u.iter_mut().for_each(|x| *x /= length);
        let reflect = |x: &[f64]| {
            let along = 2.0 * dot(&u, x);
            x.iter().zip(&u).map(|(x, u)| x - along * u).collect::<Vec<f64>>()
        };
        let mut product = |x: &[f64], y: &mut [f64]| {
            let mut turned = reflect(x);
            turned.iter_mut().enumerate().for_each(|(i, x)| *x *= (i + 1) as f64);
            y.copy_from_slice(&reflect(&turned));
            true
        };
        let found = largest_eigenvalue(n, 20, &mut random, &mut product).unwrap();
        assert!((found - 60.0).abs() < 0.1 && found < 60.0 + 1e-9, "{found}");
        let exact = largest_eigenvalue(n, 60, &mut random, &mut product).unwrap();
        assert!((exact - 60.0).abs() < 1e-9, "{exact}");
        assert_eq!(largest_eigenvalue(0, 5, &mut random, &mut |_, _| true), None);
    }
}
