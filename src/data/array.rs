//! A block of numbers as it leaves this room: a column or a matrix, row-major.

/// Numbers in row-major order with their shape.
///
/// `values.len()` is `rows` for a column and `rows * cols` for a matrix; entry (i, j),
/// both from 0, stands at `i * cols + j`.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Number of rows, or entries of a column.
    pub rows: usize,
    /// Number of columns of a matrix; `None` for a column vector.
    pub cols: Option<usize>,
    /// The entries, row by row.
    pub values: Vec<f64>,
}

impl Array {
    /// A column vector.
    pub fn column(values: Vec<f64>) -> Self {
        Array { rows: values.len(), cols: None, values }
    }

    /// A matrix of `rows` by `cols` from its entries row by row.
    ///
    /// `None` when the number of entries does not fit.
    pub fn matrix(rows: usize, cols: usize, values: Vec<f64>) -> Option<Self> {
        (rows.checked_mul(cols) == Some(values.len())).then_some(Array {
            rows,
            cols: Some(cols),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_checks_its_size() {
        assert!(Array::matrix(2, 3, vec![0.0; 6]).is_some());
        assert_eq!(Array::matrix(2, 3, vec![0.0; 5]), None);
        assert_eq!(Array::matrix(usize::MAX, 2, vec![]), None);
        assert_eq!(Array::column(vec![1.0, 2.0]).rows, 2);
    }
}
