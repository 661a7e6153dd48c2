//! Functions written by a few basic ones, for comparing.
//!
//! `tan` by sine and cosine, hyperbolic functions and the logistic family by
//! exponentials, roots as powers, logarithms of other bases by the natural
//! one. Each rule holds for all reals where its left side has a value. The
//! results are long and may overflow: they are compared, never shown and never
//! evaluated.

use super::rewrite;
use crate::expr::{ExprId, Graph, Num, Op};

/// The expression over few functions.
pub fn basic(g: &mut Graph, e: ExprId) -> ExprId {
    rewrite(g, &[e], rule)[0]
}

fn rule(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let u = *g.args(e).first()?;
    Some(match g.op(e) {
        Op::Sqrt => {
            let half = g.number(Num::frac(1, 2));
            g.apply(Op::Pow, &[u, half])
        }
        Op::Tan => quotient(g, Op::Sin, Op::Cos, u),
        Op::Sinh => exponentials(g, u, -1),
        Op::Cosh => exponentials(g, u, 1),
        Op::Tanh => {
            let (top, bottom) = (exponentials(g, u, -1), exponentials(g, u, 1));
            g.div(top, bottom)
        }
        Op::Sigmoid => {
            let denominator = one_plus_exp(g, u, -1);
            g.powi(denominator, -1)
        }
        Op::Softplus => {
            let inside = one_plus_exp(g, u, 1);
            g.apply(Op::Log, &[inside])
        }
        Op::LogCosh => {
            let inside = exponentials(g, u, 1);
            g.apply(Op::Log, &[inside])
        }
        Op::Log1p => {
            let one = g.int(1);
            let inside = g.add(&[one, u]);
            g.apply(Op::Log, &[inside])
        }
        Op::Expm1 => {
            let (power, minus) = (g.apply(Op::Exp, &[u]), g.int(-1));
            g.add(&[power, minus])
        }
        Op::Erfc => {
            let (erf, one) = (g.apply(Op::Erf, &[u]), g.int(1));
            g.sub(one, erf)
        }
        Op::Log2 => log_of_base(g, u, 2),
        Op::Log10 => log_of_base(g, u, 10),
        _ => return None,
    })
}

fn quotient(g: &mut Graph, top: Op, bottom: Op, u: ExprId) -> ExprId {
    let (top, bottom) = (g.apply(top, &[u]), g.apply(bottom, &[u]));
    g.div(top, bottom)
}

/// `(exp(u) ± exp(-u))/2`
fn exponentials(g: &mut Graph, u: ExprId, sign: i64) -> ExprId {
    let minus = g.neg(u);
    let (up, down) = (g.apply(Op::Exp, &[u]), g.apply(Op::Exp, &[minus]));
    let (half, other) = (g.number(Num::frac(1, 2)), g.number(Num::frac(sign, 2)));
    let (up, down) = (g.mul(&[half, up]), g.mul(&[other, down]));
    g.add(&[up, down])
}

fn one_plus_exp(g: &mut Graph, u: ExprId, sign: i64) -> ExprId {
    let (sign, one) = (g.int(sign), g.int(1));
    let exponent = g.mul(&[sign, u]);
    let power = g.apply(Op::Exp, &[exponent]);
    g.add(&[one, power])
}

fn log_of_base(g: &mut Graph, u: ExprId, base: i64) -> ExprId {
    let base = g.int(base);
    let (top, bottom) = (g.apply(Op::Log, &[u]), g.apply(Op::Log, &[base]));
    g.div(top, bottom)
}
