//! Dense building blocks.

use super::dense;
use crate::jit::entries::translate::{Dense, DenseCall};
use crate::ops::{self, Value, lu};
use crate::shape::Tensor;

/// Fills `out` from the arrays that the building block reads, on so many threads at most.
pub fn run(call: &DenseCall, threads: usize, args: &[&[f64]], out: &mut [f64]) {
    match &call.what {
        Dense::Product { m, k, n, left_turned, right_turned } => {
            let (left, right) = ((args[0], *left_turned), (args[1], *right_turned));
            dense::product_on(threads, [*m, *k, *n], left, right, out);
        }
        Dense::Others => ops::products_of_others(args[0], out),
        Dense::Factor { n } => lu::factor(*n, args[0], out),
        Dense::FromFactors { op, n } => lu::from_factors(*op, *n, args[0], out),
        Dense::Gram { n, .. } => {
            dense::gram_on(threads, *n, args[0], args.get(1).copied(), out);
        }
        Dense::Scale { m, n, turned, by_columns } => {
            dense::scale([*m, *n], (args[0], *turned), args[1], *by_columns, out);
        }
        Dense::Row { op, data, shapes } => {
            let Value::Tensor(f) = ops::def(*op).value else {
                unreachable!("{op:?} has no function of arrays")
            };
            let args: Vec<Tensor> =
                args.iter().zip(shapes).map(|(a, &s)| Tensor::new(s, *a)).collect();
            out.copy_from_slice(f(&args, *data).data());
        }
    }
}
