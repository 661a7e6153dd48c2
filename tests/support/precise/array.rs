//! Arrays of double-doubles, row by row, and linear algebra on them.

use gradus::shape::{Shape, Tensor};

use super::double::Dd;

/// A number or an array.
#[derive(Clone, Debug)]
pub struct Array {
    pub shape: Shape,
    pub data: Vec<Dd>,
}

impl Array {
    pub fn scalar(value: Dd) -> Array {
        Array { shape: Shape::Scalar, data: vec![value] }
    }

    pub fn of(tensor: &Tensor) -> Array {
        Array { shape: tensor.shape(), data: tensor.data().iter().map(|&v| Dd::new(v)).collect() }
    }

    pub fn filled(shape: Shape, value: Dd) -> Array {
        Array { shape, data: vec![value; shape.len()] }
    }

    pub fn number(&self) -> Dd {
        self.data[0]
    }

    pub fn map(&self, f: impl Fn(Dd) -> Dd) -> Array {
        Array { shape: self.shape, data: self.data.iter().map(|&v| f(v)).collect() }
    }

    /// Entry by entry; a scalar goes with anything.
    pub fn zip(&self, other: &Array, f: impl Fn(Dd, Dd) -> Dd) -> Array {
        match (self.shape.is_scalar(), other.shape.is_scalar()) {
            (true, false) => other.map(|b| f(self.number(), b)),
            (_, true) => self.map(|a| f(a, other.number())),
            _ => {
                let pairs = self.data.iter().zip(&other.data);
                Array { shape: self.shape, data: pairs.map(|(&a, &b)| f(a, b)).collect() }
            }
        }
    }

    /// The entries row by row, as lists.
    pub fn rows(&self) -> Vec<Vec<Dd>> {
        self.data.chunks(self.shape.cols().max(1)).map(<[Dd]>::to_vec).collect()
    }

    /// The same column by column.
    pub fn columns(&self) -> Vec<Vec<Dd>> {
        let column = |j| self.rows().iter().map(|row| row[j]).collect();
        (0..self.shape.cols()).map(column).collect()
    }

    /// The product of matrices; a column is a matrix of one column.
    pub fn product(&self, other: &Array) -> Array {
        let columns = other.columns();
        let inner = |row: &Vec<Dd>, column: &Vec<Dd>| {
            row.iter().zip(column).fold(Dd::ZERO, |sum, (&a, &b)| sum + a * b)
        };
        let rows = self.rows();
        let data = rows.iter().flat_map(|row| columns.iter().map(move |c| inner(row, c))).collect();
        Array { shape: Shape::Matrix(rows.len(), columns.len()), data }
    }
}

/// Determinant and inverse of a square matrix by Gauss-Jordan elimination with pivots.
pub fn determinant_and_inverse(a: &Array) -> (Dd, Array) {
    let n = a.shape.rows();
    let unit = |i: usize| (0..n).map(move |j| if i == j { Dd::ONE } else { Dd::ZERO });
    let mut rows: Vec<Vec<Dd>> = a
        .rows()
        .into_iter()
        .enumerate()
        .map(|(i, row)| [row, unit(i).collect()].concat())
        .collect();
    let mut det = Dd::ONE;
    for k in 0..n {
        let size = |i: &usize| rows[*i][k].abs().value();
        let Some(pivot) = (k..n).max_by(|i, j| size(i).total_cmp(&size(j))) else { break };
        if rows[pivot][k].is_zero() {
            return (Dd::ZERO, Array::filled(a.shape, Dd::NAN));
        }
        if pivot != k {
            rows.swap(pivot, k);
            det = -det;
        }
        let top = rows[k][k];
        det = det * top;
        rows[k].iter_mut().for_each(|v| *v = *v / top);
        let chosen = rows[k].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
            let factor = row[k];
            row.iter_mut().zip(&chosen).for_each(|(v, &c)| *v = *v - factor * c);
        }
    }
    let data = rows.into_iter().flat_map(|row| row[n..].to_vec()).collect();
    (det, Array { shape: a.shape, data })
}
