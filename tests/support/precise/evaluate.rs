//! Nodes evaluated in double-double arithmetic.

use std::collections::HashMap;

use gradus::expr::{Data, ExprId, Graph, Op, SymbolId, SymbolKind};
use gradus::ops::{self, Range, Value};
use gradus::shape::{Shape, Tensor};

use super::array::{Array, determinant_and_inverse};
use super::double::Dd;
use super::functions as f;

/// An evaluation at one point. Values are remembered as long as no index changes.
pub struct Evaluation<'a> {
    g: &'a Graph,
    unknown: &'a dyn Fn(SymbolId) -> Option<Array>,
    indices: HashMap<SymbolId, i64>,
    values: HashMap<ExprId, Array>,
}

/// The value of `e` at a point; an error where it has none, or uses what is not known here.
pub fn evaluate(
    g: &Graph,
    e: ExprId,
    unknown: &dyn Fn(SymbolId) -> Option<Array>,
) -> Result<Array, String> {
    let mut run = Evaluation { g, unknown, indices: HashMap::new(), values: HashMap::new() };
    run.value(e)
}

impl Evaluation<'_> {
    fn value(&mut self, e: ExprId) -> Result<Array, String> {
        if let Some(known) = self.values.get(&e) {
            return Ok(known.clone());
        }
        let value = stacker::maybe_grow(64 * 1024, 4 << 20, || self.compute(e))?;
        self.values.insert(e, value.clone());
        Ok(value)
    }

    fn compute(&mut self, e: ExprId) -> Result<Array, String> {
        let node = self.g.node(e);
        match (node.op, node.data) {
            (_, Data::Num(n)) => Ok(Array::scalar(match n.as_ratio() {
                Some((p, q)) => Dd::ratio(p, q),
                None => Dd::new(n.value()),
            })),
            (Op::Symbol, Data::Symbol(s)) => self.symbol(s),
            (Op::If, _) => {
                let holds = !self.value(node.args[0])?.number().is_zero();
                self.value(node.args[if holds { 1 } else { 2 }])
            }
            (Op::Elem, _) => self.entry(node.args),
            (op, _) if op.is_binder() => self.binder(e),
            (op, data) => {
                let args =
                    node.args.iter().map(|&a| self.value(a)).collect::<Result<Vec<_>, _>>()?;
                apply(op, data, node.shape, &args)
            }
        }
    }

    fn symbol(&self, s: SymbolId) -> Result<Array, String> {
        let symbol = self.g.symbol(s);
        let value = match symbol.kind {
            SymbolKind::Index => self.indices.get(&s).map(|&i| Array::scalar(Dd::new(i as f64))),
            SymbolKind::Known if symbol.name == "pi" => Some(Array::scalar(Dd::PI)),
            SymbolKind::Known => symbol.value.as_ref().map(Array::of),
            SymbolKind::Unknown => (self.unknown)(s),
        };
        value.ok_or_else(|| format!("`{}` has no value", symbol.name))
    }

    fn whole(&mut self, e: ExprId) -> Result<i64, String> {
        let v = self.value(e)?.number();
        v.as_whole().ok_or_else(|| format!("{} is not whole", v.value()))
    }

    fn entry(&mut self, args: &[ExprId]) -> Result<Array, String> {
        let array = self.value(args[0])?;
        let at = args[1..].iter().map(|&i| self.whole(i)).collect::<Result<Vec<_>, _>>()?;
        let (rows, cols) = (array.shape.rows() as i64, array.shape.cols() as i64);
        let (i, j) = match at[..] {
            [k] if rows == 1 => (1, k),
            [k] => (k, 1),
            _ => (at[0], at[1]),
        };
        if i < 1 || j < 1 || i > rows || j > cols {
            return Err(format!("there is no entry {at:?}"));
        }
        Ok(Array::scalar(array.data[((i - 1) * cols + j - 1) as usize]))
    }

    fn binder(&mut self, e: ExprId) -> Result<Array, String> {
        let node = self.g.node(e);
        let range = Range::of(self.g, e).ok_or("a binder without a range")?;
        let (lo, hi) = (self.whole(range.lo)?, self.whole(range.hi)?);
        let outer = self.indices.get(&range.index).copied();
        let (mut terms, mut places) = (Vec::new(), Vec::new());
        for i in lo..=hi {
            self.indices.insert(range.index, i);
            let g = self.g;
            self.values.retain(|&k, _| !g.depends_on(k, range.index));
            if !self.value(range.cond)?.number().is_zero() {
                terms.push(self.value(node.args[Op::BINDER_BODY])?);
                places.push(i);
            }
        }
        let g = self.g;
        self.values.retain(|&k, _| !g.depends_on(k, range.index));
        match outer {
            Some(i) => self.indices.insert(range.index, i),
            None => self.indices.remove(&range.index),
        };
        let start = |v: f64| Array::filled(node.shape, Dd::new(v));
        let fold = |start: Array, f: fn(Dd, Dd) -> Dd| terms.iter().fold(start, |a, t| a.zip(t, f));
        let numbers = || terms.iter().map(Array::number).collect::<Vec<_>>();
        Ok(match node.op {
            Op::Sum => fold(start(0.0), |a, b| a + b),
            Op::Prod => fold(start(1.0), |a, b| a * b),
            Op::Max => fold(start(f64::NEG_INFINITY), larger),
            Op::Min => fold(start(f64::INFINITY), smaller),
            Op::ArgMax | Op::ArgMin => {
                let sign = if node.op == Op::ArgMax { Dd::ONE } else { -Dd::ONE };
                let turned: Vec<Dd> = numbers().into_iter().map(|v| sign * v).collect();
                let at = first_greatest(&turned).ok_or("the index of the largest of nothing")?;
                Array::scalar(Dd::new(places[at] as f64))
            }
            Op::LogSumExp => Array::scalar(f::logsumexp(&numbers())),
            // A body that is a column gives a row of a matrix.
            _ => Array {
                shape: node.shape,
                data: terms.iter().flat_map(|t| t.data.clone()).collect(),
            },
        })
    }
}

fn larger(a: Dd, b: Dd) -> Dd {
    if b > a { b } else { a }
}

fn smaller(a: Dd, b: Dd) -> Dd {
    if b < a { b } else { a }
}

fn truth(b: bool) -> Dd {
    if b { Dd::ONE } else { Dd::ZERO }
}

fn total(terms: &[Dd]) -> Dd {
    terms.iter().fold(Dd::ZERO, |a, &b| a + b)
}

fn mean(terms: &[Dd]) -> Dd {
    total(terms) / Dd::new(terms.len() as f64)
}

fn greatest(terms: &[Dd]) -> Dd {
    terms.iter().copied().fold(Dd::new(f64::NEG_INFINITY), larger)
}

/// Where the first of the largest stands.
fn first_greatest(terms: &[Dd]) -> Option<usize> {
    let largest = greatest(terms);
    terms.iter().position(|t| *t == largest)
}

/// One at the first of the largest, zero elsewhere.
fn hard(terms: &[Dd]) -> Vec<Dd> {
    let first = first_greatest(terms);
    (0..terms.len()).map(|k| truth(Some(k) == first)).collect()
}

fn sum_of_squares(terms: &[Dd]) -> Dd {
    terms.iter().fold(Dd::ZERO, |a, &b| a + b * b)
}

/// One value for each row or column.
fn each(shape: Shape, lists: Vec<Vec<Dd>>, f: fn(&[Dd]) -> Dd) -> Array {
    Array { shape, data: lists.iter().map(|list| f(list)).collect() }
}

fn apply(op: Op, data: Data, shape: Shape, args: &[Array]) -> Result<Array, String> {
    // A unit matrix is all in its shape.
    let Some(a) = args.first() else { return Ok(moved(op, data, args)) };
    if let Some(unary) = unary(op) {
        return Ok(a.map(unary));
    }
    if let (Some(binary), [a, b]) = (binary(op), args) {
        return Ok(a.zip(b, binary));
    }
    let number = |v: Dd| Ok(Array::scalar(v));
    let fold = |f: fn(Dd, Dd) -> Dd| args[1..].iter().fold(a.clone(), |x, y| x.zip(y, f));
    match op {
        Op::Add => Ok(fold(|x, y| x + y)),
        Op::Mul | Op::Had => Ok(fold(|x, y| x * y)),
        Op::MatMul => {
            let product = args[1..].iter().fold(a.clone(), |x, y| x.product(y));
            Ok(Array { shape, data: product.data })
        }
        Op::SumAll => number(total(&a.data)),
        Op::ProdAll => number(a.data.iter().fold(Dd::ONE, |x, &y| x * y)),
        Op::MeanAll => number(mean(&a.data)),
        Op::MinAll => number(a.data.iter().copied().fold(Dd::new(f64::INFINITY), smaller)),
        Op::MaxAll => number(greatest(&a.data)),
        Op::Norm => number(sum_of_squares(&a.data).sqrt()),
        Op::Norm1 => number(a.data.iter().fold(Dd::ZERO, |x, y| x + y.abs())),
        Op::NormInf => number(a.data.iter().fold(Dd::ZERO, |x, y| larger(x, y.abs()))),
        Op::SumSq => number(sum_of_squares(&a.data)),
        Op::Dot => number(total(&a.zip(&args[1], |x, y| x * y).data)),
        Op::LogSumExpAll => number(f::logsumexp(&a.data)),
        Op::RowSum => Ok(each(shape, a.rows(), total)),
        Op::ColSum => Ok(each(shape, a.columns(), total)),
        Op::RowMean => Ok(each(shape, a.rows(), mean)),
        Op::ColMean => Ok(each(shape, a.columns(), mean)),
        Op::RowMax => Ok(each(shape, a.rows(), greatest)),
        Op::ColMax => Ok(each(shape, a.columns(), greatest)),
        Op::HardMax => Ok(Array { shape, data: hard(&a.data) }),
        Op::RowHardMax => {
            let rows = a.rows().into_iter().flat_map(|row| hard(&row));
            Ok(Array { shape, data: rows.collect() })
        }
        Op::ColHardMax => {
            let columns: Vec<Vec<Dd>> = a.columns().iter().map(|column| hard(column)).collect();
            let rows = 0..shape.rows();
            Ok(Array {
                shape,
                data: rows.flat_map(|i| columns.iter().map(move |c| c[i])).collect(),
            })
        }
        Op::RowLogSumExp => Ok(each(shape, a.rows(), f::logsumexp)),
        Op::ColLogSumExp => Ok(each(shape, a.columns(), f::logsumexp)),
        Op::Tr => number((0..a.shape.rows()).fold(Dd::ZERO, |s, i| s + a.rows()[i][i])),
        Op::Det => number(determinant_and_inverse(a).0),
        Op::LogDet => number(f::log(determinant_and_inverse(a).0)),
        Op::Inv => Ok(determinant_and_inverse(a).1),
        Op::CumSum => {
            let mut sum = Dd::ZERO;
            let mut next = |v: Dd| {
                sum = sum + v;
                sum
            };
            Ok(Array { shape, data: a.data.iter().map(|&v| next(v)).collect() })
        }
        Op::Transpose
        | Op::Diag
        | Op::Stack
        | Op::Fill
        | Op::Eye
        | Op::Bcast
        | Op::Block
        | Op::Place
        | Op::PlaceBlock
        | Op::Reshape => Ok(moved(op, data, args)),
        _ => Err(format!("{op:?} is not known to the double-double evaluator")),
    }
}

/// Operators that only move entries: the crate's functions, on both halves of the numbers.
fn moved(op: Op, data: Data, args: &[Array]) -> Array {
    let Value::Tensor(f) = ops::def(op).value else { panic!("{op:?} moves no entries") };
    let half = |k: usize, a: &Array, low: bool| {
        // Only the first argument holds entries, the others positions; a stack holds entries only.
        let take =
            |v: &Dd| if low && (k == 0 || op == Op::Stack) { v.parts().1 } else { v.value() };
        Tensor::new(a.shape, a.data.iter().map(take).collect::<Vec<_>>())
    };
    let halves = |low: bool| {
        let args: Vec<Tensor> = args.iter().enumerate().map(|(k, a)| half(k, a, low)).collect();
        f(&args, data)
    };
    let (high, low) = (halves(false), halves(true));
    // A unit matrix has no lower half.
    let lower = |v: f64| if op == Op::Eye { 0.0 } else { v };
    let pairs = high.data().iter().zip(low.data());
    let data = pairs.map(|(&h, &l)| Dd::from_parts(h, lower(l))).collect();
    Array { shape: high.shape(), data }
}

fn unary(op: Op) -> Option<fn(Dd) -> Dd> {
    Some(match op {
        Op::Not => |x| truth(x.is_zero()),
        Op::Exp => f::exp,
        Op::Log => f::log,
        Op::Log2 => |x| f::log(x) / Dd::LN_2,
        Op::Log10 => |x| f::log(x) / f::log(Dd::new(10.0)),
        Op::Log1p => |x| f::log(Dd::ONE + x),
        Op::Expm1 => |x| f::exp(x) - Dd::ONE,
        Op::Sqrt => Dd::sqrt,
        Op::Cbrt => f::cbrt,
        Op::Abs => Dd::abs,
        Op::Sign => |x| truth(x > Dd::ZERO) - truth(x < Dd::ZERO),
        Op::Floor => Dd::floor,
        Op::Ceil => |x| -(-x).floor(),
        Op::Round => |x| Dd::new(x.value().round()),
        Op::Sin => |x| f::sin_cos(x).0,
        Op::Cos => |x| f::sin_cos(x).1,
        Op::Tan => |x| f::sin_cos(x).0 / f::sin_cos(x).1,
        Op::Asin => f::asin,
        Op::Acos => |x| Dd::PI.scale(0.5) - f::asin(x),
        Op::Atan => f::atan,
        Op::Sinh => |x| f::hyperbolic(x).0,
        Op::Cosh => |x| f::hyperbolic(x).1,
        Op::Tanh => |x| f::hyperbolic(x).0 / f::hyperbolic(x).1,
        Op::Asinh => f::asinh,
        Op::Acosh => f::acosh,
        Op::Atanh => f::atanh,
        Op::Erf => f::erf,
        Op::Erfc => |x| Dd::ONE - f::erf(x),
        Op::ErfInv => f::erf_inv,
        Op::NormPdf => |x| f::exp(-(x * x).scale(0.5)) / Dd::PI.scale(2.0).sqrt(),
        Op::LogNormCdf => |x| {
            let tail = f::erfcx(-x / Dd::new(2.0).sqrt());
            f::log(tail.scale(0.5)) - (x * x).scale(0.5)
        },
        Op::Erfcx => f::erfcx,
        Op::Log1mExp => |x| f::log(Dd::ONE - f::exp(x)),
        Op::NormCdf => |x| (Dd::ONE + f::erf(x / Dd::new(2.0).sqrt())).scale(0.5),
        Op::Sinc => |x| f::sinc_derivative(0, x),
        Op::Gamma => f::gamma,
        Op::Lgamma => f::lgamma,
        Op::Digamma => |x| f::polygamma(0, x),
        Op::Trigamma => |x| f::polygamma(1, x),
        Op::Sigmoid => |x| Dd::ONE / (Dd::ONE + f::exp(-x)),
        Op::Softplus => |x| f::logsumexp(&[Dd::ZERO, x]),
        Op::LogCosh => |x| f::log(f::hyperbolic(x).1),
        Op::Relu => |x| larger(x, Dd::ZERO),
        _ => return None,
    })
}

fn binary(op: Op) -> Option<fn(Dd, Dd) -> Dd> {
    Some(match op {
        Op::Pow => f::pow,
        Op::Lt => |a, b| truth(a < b),
        Op::Le => |a, b| truth(a <= b),
        Op::Gt => |a, b| truth(a > b),
        Op::Ge => |a, b| truth(a >= b),
        Op::Eq => |a, b| truth(a == b),
        Op::Ne => |a, b| truth(a != b),
        Op::And => |a, b| truth(!a.is_zero() && !b.is_zero()),
        Op::Or => |a, b| truth(!a.is_zero() || !b.is_zero()),
        Op::Atan2 => f::atan2,
        Op::Min2 => smaller,
        Op::Max2 => larger,
        Op::XLogY => |x, y| if x.is_zero() { Dd::ZERO } else { x * f::log(y) },
        Op::Dropout => |x, _| x,
        Op::Running => |_, kept| kept,
        Op::Hypot => |a, b| (a * a + b * b).sqrt(),
        Op::Mod => |a, b| a - b * (a / b).floor(),
        Op::Beta => |a, b| f::exp(f::lgamma(a) + f::lgamma(b) - f::lgamma(a + b)),
        Op::Lbeta => |a, b| f::lgamma(a) + f::lgamma(b) - f::lgamma(a + b),
        Op::SincDerivative => |n, x| n.as_whole().map_or(Dd::NAN, |n| f::sinc_derivative(n, x)),
        Op::Polygamma => |m, x| m.as_whole().map_or(Dd::NAN, |m| f::polygamma(m, x)),
        _ => return None,
    })
}
