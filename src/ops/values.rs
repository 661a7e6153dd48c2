//! Values of operators on whole arrays, plainly: the oracle for compiled code.

use super::lu;
use crate::expr::{Data, Op};
use crate::patience;
use crate::shape::{Shape, Tensor};
use crate::special;

fn combine(args: &[Tensor], start: f64, f: fn(f64, f64) -> f64) -> Tensor {
    args.iter().fold(Tensor::scalar(start), |acc, t| acc.zip(t, f))
}

pub fn add(args: &[Tensor], _: Data) -> Tensor {
    combine(args, 0.0, |a, b| a + b)
}

pub fn mul(args: &[Tensor], _: Data) -> Tensor {
    combine(args, 1.0, |a, b| a * b)
}

pub fn had(args: &[Tensor], data: Data) -> Tensor {
    mul(args, data)
}

fn fold(args: &[Tensor], start: f64, f: impl Fn(f64, f64) -> f64) -> Tensor {
    Tensor::scalar(args[0].data().iter().fold(start, |a, &b| f(a, b)))
}

pub fn sum(args: &[Tensor], _: Data) -> Tensor {
    fold(args, 0.0, |a, b| a + b)
}

pub fn prod(args: &[Tensor], _: Data) -> Tensor {
    fold(args, 1.0, |a, b| a * b)
}

pub fn mean(args: &[Tensor], data: Data) -> Tensor {
    let n = args[0].data().len() as f64;
    sum(args, data).map(|s| s / n)
}

pub fn min(args: &[Tensor], _: Data) -> Tensor {
    fold(args, f64::INFINITY, special::min)
}

pub fn max(args: &[Tensor], _: Data) -> Tensor {
    fold(args, f64::NEG_INFINITY, special::max)
}

/// Scaled by the largest entry, so that squares do not overflow.
pub fn norm(args: &[Tensor], data: Data) -> Tensor {
    let largest = norminf(args, data).data()[0];
    if largest == 0.0 || !largest.is_finite() {
        return Tensor::scalar(largest);
    }
    let sum: f64 = args[0].data().iter().map(|&x| (x / largest) * (x / largest)).sum();
    Tensor::scalar(largest * sum.sqrt())
}

pub fn norm1(args: &[Tensor], _: Data) -> Tensor {
    fold(args, 0.0, |a, b| a + b.abs())
}

pub fn norminf(args: &[Tensor], _: Data) -> Tensor {
    fold(args, 0.0, |a, b| special::max(a, b.abs()))
}

pub fn sumsq(args: &[Tensor], _: Data) -> Tensor {
    fold(args, 0.0, |a, b| a + b * b)
}

pub fn dot(args: &[Tensor], _: Data) -> Tensor {
    Tensor::scalar(args[0].data().iter().zip(args[1].data()).map(|(a, b)| a * b).sum())
}

pub fn logsumexp(args: &[Tensor], _: Data) -> Tensor {
    Tensor::scalar(special::logsumexp(args[0].data()))
}

fn by_row(args: &[Tensor], f: fn(&[Tensor], Data) -> Tensor) -> Tensor {
    let cols = args[0].shape().cols();
    let rows = args[0].shape().rows();
    let row = |i: usize| Tensor::vector(&args[0].data()[i * cols..(i + 1) * cols]);
    Tensor::vector((0..rows).map(|i| f(&[row(i)], Data::None).data()[0]).collect::<Vec<_>>())
}

fn by_col(args: &[Tensor], f: fn(&[Tensor], Data) -> Tensor) -> Tensor {
    let cols = by_row(&[as_matrix(&args[0]).transposed()], f);
    Tensor::new(Shape::Matrix(1, cols.data().len()), cols.data())
}

/// One at the first largest entry, 0 elsewhere.
fn hard_line(entries: impl Iterator<Item = f64>) -> Option<usize> {
    let mut largest = special::Largest::default();
    entries.enumerate().for_each(|(k, v)| largest.take(v, k as f64));
    largest.place().map(|k| k as usize)
}

pub fn hardmax(args: &[Tensor], _: Data) -> Tensor {
    let mut out = vec![0.0; args[0].data().len()];
    if let Some(k) = hard_line(args[0].data().iter().copied()) {
        out[k] = 1.0;
    }
    Tensor::new(args[0].shape(), out)
}

pub fn rowhardmax(args: &[Tensor], _: Data) -> Tensor {
    let (x, cols) = (&args[0], args[0].shape().cols());
    let mut out = vec![0.0; x.data().len()];
    for i in 0..x.shape().rows() {
        if let Some(j) = hard_line((0..cols).map(|j| x.at(i, j))) {
            out[i * cols + j] = 1.0;
        }
    }
    Tensor::new(x.shape(), out)
}

pub fn colhardmax(args: &[Tensor], _: Data) -> Tensor {
    let (x, cols) = (&args[0], args[0].shape().cols());
    let mut out = vec![0.0; x.data().len()];
    for j in 0..cols {
        if let Some(i) = hard_line((0..x.shape().rows()).map(|i| x.at(i, j))) {
            out[i * cols + j] = 1.0;
        }
    }
    Tensor::new(x.shape(), out)
}

fn as_matrix(t: &Tensor) -> Tensor {
    Tensor::new(Shape::Matrix(t.shape().rows(), t.shape().cols()), t.data())
}

pub fn rowsum(args: &[Tensor], _: Data) -> Tensor {
    by_row(args, sum)
}

pub fn colsum(args: &[Tensor], _: Data) -> Tensor {
    by_col(args, sum)
}

pub fn rowmean(args: &[Tensor], _: Data) -> Tensor {
    by_row(args, mean)
}

pub fn colmean(args: &[Tensor], _: Data) -> Tensor {
    by_col(args, mean)
}

pub fn rowmax(args: &[Tensor], _: Data) -> Tensor {
    by_row(args, max)
}

pub fn colmax(args: &[Tensor], _: Data) -> Tensor {
    by_col(args, max)
}

pub fn rowlogsumexp(args: &[Tensor], _: Data) -> Tensor {
    by_row(args, logsumexp)
}

pub fn collogsumexp(args: &[Tensor], _: Data) -> Tensor {
    by_col(args, logsumexp)
}

/// A factor of a product, and what it is in the product of two of them: rows, columns, entries row by row.
/// Whether a factor is a scalar, a column or a matrix of one column does not matter before the last step.
struct Factor {
    rows: usize,
    cols: usize,
    entries: Vec<f64>,
}

impl Factor {
    fn of(t: &Tensor) -> Factor {
        Factor { rows: t.shape().rows(), cols: t.shape().cols(), entries: t.data().to_vec() }
    }

    fn times(&self, b: &Factor) -> Factor {
        let (m, inner, n) = (self.rows, self.cols, b.cols);
        let mut entries = vec![0.0; m * n];
        for i in 0..m {
            for k in 0..inner {
                patience::look();
                let factor = self.entries[i * inner + k];
                for j in 0..n {
                    entries[i * n + j] += factor * b.entries[k * n + j];
                }
            }
        }
        Factor { rows: m, cols: n, entries }
    }
}

/// The product of several factors. Each step takes the cheapest neighbours, so
/// that `X'*X*w` is two matrix-vector products. The shape is that of the product from left to right, in whatever
/// order it is taken.
pub fn matmul(args: &[Tensor], _: Data) -> Tensor {
    let mut factors: Vec<Factor> = args.iter().map(Factor::of).collect();
    while factors.len() > 1 {
        let cost = |k: &usize| {
            let (a, b) = (&factors[*k], &factors[*k + 1]);
            a.rows as f64 * a.cols as f64 * b.cols as f64
        };
        let best = (0..factors.len() - 1).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
        let product = factors[best].times(&factors[best + 1]);
        factors.splice(best..=best + 1, [product]);
    }
    let product = factors.swap_remove(0);
    let shapes = args.iter().map(Tensor::shape);
    let shape = shapes.reduce(|a, b| a.product(b).unwrap_or(Shape::Matrix(a.rows(), b.cols())));
    Tensor::new(shape.unwrap_or(Shape::Scalar), product.entries)
}

pub fn transpose(args: &[Tensor], _: Data) -> Tensor {
    args[0].transposed()
}

pub fn trace(args: &[Tensor], _: Data) -> Tensor {
    let n = args[0].shape().rows();
    Tensor::scalar((0..n).map(|i| args[0].at(i, i)).sum())
}

pub fn det(args: &[Tensor], _: Data) -> Tensor {
    by_elimination(Op::Det, &args[0])
}

/// Sum of the logarithms of the pivots; nan where the determinant is negative.
pub fn logdet(args: &[Tensor], _: Data) -> Tensor {
    by_elimination(Op::LogDet, &args[0])
}

pub fn inv(args: &[Tensor], _: Data) -> Tensor {
    by_elimination(Op::Inv, &args[0])
}

fn by_elimination(op: Op, a: &Tensor) -> Tensor {
    let n = a.shape().rows();
    let shape = if op == Op::Inv { a.shape() } else { Shape::Scalar };
    let mut factors = vec![0.0; lu::factors_len(n)];
    lu::factor(n, a.data(), &mut factors);
    let mut out = vec![0.0; shape.len()];
    lu::from_factors(op, n, &factors, &mut out);
    Tensor::new(shape, out)
}

pub fn diag(args: &[Tensor], _: Data) -> Tensor {
    let n = args[0].shape().rows();
    if matches!(args[0].shape(), Shape::Matrix(..)) {
        return Tensor::vector((0..n).map(|i| args[0].at(i, i)).collect::<Vec<_>>());
    }
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        out[i * n + i] = args[0].data()[i];
    }
    Tensor::new(Shape::Matrix(n, n), out)
}

pub fn cumsum(args: &[Tensor], _: Data) -> Tensor {
    let mut total = 0.0;
    args[0].map_in_order(|v| {
        total += v;
        total
    })
}

fn target(data: Data) -> Shape {
    match data {
        Data::Shape(shape) => shape,
        _ => Shape::Scalar,
    }
}

pub fn stack(args: &[Tensor], data: Data) -> Tensor {
    Tensor::new(target(data), args.iter().map(|t| t.data()[0]).collect::<Vec<_>>())
}

pub fn fill(args: &[Tensor], data: Data) -> Tensor {
    Tensor::filled(target(data), args[0].data()[0])
}

pub fn eye(_: &[Tensor], data: Data) -> Tensor {
    let shape = target(data);
    let n = shape.cols();
    Tensor::new(
        shape,
        (0..shape.len()).map(|k| f64::from(u8::from(k / n == k % n))).collect::<Vec<_>>(),
    )
}

pub fn bcast(args: &[Tensor], data: Data) -> Tensor {
    let (from, to) = (args[0].shape(), target(data));
    let pick = |size: usize, i: usize| if size == 1 { 0 } else { i };
    let entry =
        |k: usize| args[0].at(pick(from.rows(), k / to.cols()), pick(from.cols(), k % to.cols()));
    Tensor::new(to, (0..to.len()).map(entry).collect::<Vec<_>>())
}

/// The 0-based position that a 1-based index names; past every array where it
/// is not a whole number from 1.
pub fn position(index: f64) -> usize {
    if index >= 1.0 && index.fract() == 0.0 { index as usize - 1 } else { usize::MAX }
}

/// The 0-based first row and column of a block or entry.
fn corner(indices: &[Tensor]) -> (usize, usize) {
    let at = |k: usize| indices.get(k).map_or(0, |t| position(t.data()[0]));
    (at(0), at(1))
}

pub fn block(args: &[Tensor], data: Data) -> Tensor {
    let (whole, part) = (args[0].shape(), target(data));
    let (r, c) = corner(&args[1..]);
    let inside = r.checked_add(part.rows()).is_some_and(|e| e <= whole.rows())
        && c.checked_add(part.cols()).is_some_and(|e| e <= whole.cols());
    if !inside {
        return Tensor::filled(part, f64::NAN);
    }
    let entry = |k: usize| args[0].at(r + k / part.cols(), c + k % part.cols());
    Tensor::new(part, (0..part.len()).map(entry).collect::<Vec<_>>())
}

pub fn place(args: &[Tensor], data: Data) -> Tensor {
    let whole = target(data);
    let flat_row = args.len() == 2 && whole.rows() == 1;
    let (r, c) = corner(&args[1..]);
    let (r, c) = if flat_row { (0, r) } else { (r, c) };
    let mut out = vec![0.0; whole.len()];
    if r < whole.rows() && c < whole.cols() {
        out[r * whole.cols() + c] = args[0].data()[0];
    }
    Tensor::new(whole, out)
}

pub fn place_block(args: &[Tensor], data: Data) -> Tensor {
    let (whole, part) = (target(data), args[0].shape());
    let (r, c) = corner(&args[1..]);
    let mut out = vec![0.0; whole.len()];
    for k in 0..part.len() {
        let (i, j) = (r.saturating_add(k / part.cols()), c.saturating_add(k % part.cols()));
        if i < whole.rows() && j < whole.cols() {
            out[i * whole.cols() + j] = args[0].data()[k];
        }
    }
    Tensor::new(whole, out)
}

pub fn reshape(args: &[Tensor], data: Data) -> Tensor {
    Tensor::new(target(data), args[0].data())
}
