//! Functions of known arrays that are worked out at once and have no derivative: order statistics, and decompositions.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::shape::{Shape, Tensor};

/// Entries of a matrix may differ from those across its diagonal by this share of the largest.
const SYMMETRIC: f64 = 1e-12;

/// The function of that name of an array; `p` is the share of `quantile`. In words where it has no value.
pub fn function(name: &str, x: &Tensor, p: f64) -> Result<Tensor, String> {
    match name {
        "median" => quantile(x, 0.5),
        "quantile" => quantile(x, p),
        "sort" => Ok(Tensor::new(x.shape(), sorted(x))),
        "chol" => cholesky(x),
        "eigenvalues" => eigenvalues(x),
        _ => {
            let values = singular_values(x)?;
            let (least, most) = (values[values.len() - 1], values[0]);
            Ok(Tensor::scalar(match name {
                "cond" => most / least,
                "spectral_norm" => most,
                _ => values.iter().sum(),
            }))
        }
    }
}

fn sorted(x: &Tensor) -> Vec<f64> {
    let mut entries = x.data().to_vec();
    entries.sort_by(f64::total_cmp);
    entries
}

/// Linear between order statistics, as in R (type 7), NumPy and Julia.
fn quantile(x: &Tensor, p: f64) -> Result<Tensor, String> {
    if !(0.0..=1.0).contains(&p) {
        return Err(format!("a share lies from 0 to 1, found {p}"));
    }
    let entries = sorted(x);
    if entries.is_empty() {
        return Err("there is no quantile of nothing".to_string());
    }
    let at = p * (entries.len() - 1) as f64;
    let (below, rest) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(entries.len() - 1);
    Ok(Tensor::scalar(entries[below] + rest * (entries[above] - entries[below])))
}

fn matrix(x: &Tensor) -> DMatrix<f64> {
    DMatrix::from_row_slice(x.shape().rows(), x.shape().cols(), x.data())
}

fn symmetric(x: &Tensor) -> Result<DMatrix<f64>, String> {
    let a = matrix(x);
    let largest = a.amax();
    let close = |i: usize, j: usize| (a[(i, j)] - a[(j, i)]).abs() <= SYMMETRIC * largest;
    match (a.is_square(), (0..a.nrows()).all(|i| (0..i).all(|j| a.is_square() && close(i, j)))) {
        (true, true) => Ok(a),
        (true, false) => Err("the matrix is not symmetric".to_string()),
        _ => Err("expected a square matrix".to_string()),
    }
}

fn cholesky(x: &Tensor) -> Result<Tensor, String> {
    let a = symmetric(x)?;
    let shape = x.shape();
    let factor = a.cholesky().ok_or("the matrix is not positive definite")?.l();
    Ok(Tensor::new(shape, factor.transpose().as_slice()))
}

/// Rising.
fn eigenvalues(x: &Tensor) -> Result<Tensor, String> {
    let a = symmetric(x)?;
    let n = a.nrows();
    let mut values: Vec<f64> = SymmetricEigen::new(a).eigenvalues.iter().copied().collect();
    values.sort_by(f64::total_cmp);
    Ok(Tensor::new(Shape::Vector(n), values))
}

/// Falling.
fn singular_values(x: &Tensor) -> Result<Vec<f64>, String> {
    let a = matrix(x);
    if a.is_empty() || a.iter().any(|entry| !entry.is_finite()) {
        return Err("expected a matrix of finite numbers".to_string());
    }
    let mut values: Vec<f64> = a.singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, rows: usize, data: &[f64], p: f64) -> Vec<f64> {
        let columns = data.len() / rows;
        let shape = if columns == 1 { Shape::Vector(rows) } else { Shape::Matrix(rows, columns) };
        function(name, &Tensor::new(shape, data), p).expect(name).data().to_vec()
    }

    #[test]
    fn values_are_those_of_other_programs() {
        assert_eq!(of("median", 4, &[3.0, 1.0, 10.0, 2.0], 0.0), [2.5]);
        // R: quantile(c(1, 2, 4, 8), 0.3)
        assert!((of("quantile", 4, &[8.0, 1.0, 4.0, 2.0], 0.3)[0] - 1.9).abs() < 1e-15);
        assert_eq!(of("sort", 3, &[3.0, -1.0, 2.0], 0.0), [-1.0, 2.0, 3.0]);
        let l = of("chol", 2, &[4.0, 2.0, 2.0, 3.0], 0.0);
        assert!((l[0] - 2.0).abs() + l[1].abs() + (l[2] - 1.0).abs() < 1e-15);
        assert!((l[3] - 2.0_f64.sqrt()).abs() < 1e-15);
        let e = of("eigenvalues", 2, &[2.0, 1.0, 1.0, 2.0], 0.0);
        assert!((e[0] - 1.0).abs() + (e[1] - 3.0).abs() < 1e-14);
        assert!((of("cond", 2, &[2.0, 1.0, 1.0, 2.0], 0.0)[0] - 3.0).abs() < 1e-14);
        assert!((of("nuclear_norm", 2, &[3.0, 0.0, 0.0, -4.0], 0.0)[0] - 7.0).abs() < 1e-14);
        let bad = Tensor::new(Shape::Matrix(2, 2), vec![1.0, 2.0, 3.0, 4.0]);
        assert!(
            function("chol", &bad, 0.0).is_err() && function("eigenvalues", &bad, 0.0).is_err()
        );
    }
}
