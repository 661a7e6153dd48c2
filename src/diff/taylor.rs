//! Taylor polynomials.
//!
//! Of one scalar unknown: by arithmetic on truncated series (`series`).
//! Of several scalar unknowns: the sum over multi-indices `k` of
//! `D^k f(a)/k! * (x - a)^k`, every partial derivative from one of lower order.
//! Of array unknowns: with `d = x - a`, the sum of the derivatives of
//! `f(a + t*d)` by `t` at 0, so that second-order terms keep their matrix form.

use rustc_hash::FxHashMap;

use super::gradient;
use super::series::{self, NoSeries};
use crate::expr::{ExprId, Graph, Num, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;
use crate::simplify;

/// Polynomials of more terms are not written down.
const MAX_TERMS: usize = 500;

/// Why there is no polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTaylor {
    /// A derivative of this order is not finite at the point.
    NotFinite {
        /// Its order.
        order: usize,
    },
    /// It would have more terms than this.
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// The Taylor polynomial of a scalar about a point, up to an order. Unknowns
/// that the point does not name stay as they are.
pub fn taylor(
    g: &mut Graph,
    f: ExprId,
    at: &[(SymbolId, ExprId)],
    order: usize,
) -> Result<ExprId, NoTaylor> {
    if let &[(unknown, a)] = at
        && g.symbol(unknown).shape.is_scalar()
    {
        match in_one_unknown(g, f, unknown, a, order) {
            Err(NoSeries::NotFinite(order)) => return Err(NoTaylor::NotFinite { order }),
            Err(NoSeries::NoRule) => {}
            Ok(polynomial) => return Ok(polynomial),
        }
    }
    if at.iter().all(|(u, _)| g.symbol(*u).shape.is_scalar()) {
        by_partial_derivatives(g, f, at, order)
    } else {
        along_a_line(g, f, at, order)
    }
}

fn in_one_unknown(
    g: &mut Graph,
    f: ExprId,
    unknown: SymbolId,
    a: ExprId,
    order: usize,
) -> Result<ExprId, NoSeries> {
    let x = g.leaf(unknown);
    let coefficients = series::coefficients(g, f, x, a, order)?;
    let step = g.sub(x, a);
    let mut terms = Vec::new();
    for (k, c) in coefficients.into_iter().enumerate() {
        let c = simplify::simplify(g, c);
        let power = g.powi(step, k as i64);
        terms.push(g.mul(&[c, power]));
    }
    Ok(g.add(&terms))
}

fn by_partial_derivatives(
    g: &mut Graph,
    f: ExprId,
    at: &[(SymbolId, ExprId)],
    order: usize,
) -> Result<ExprId, NoTaylor> {
    let place: Vec<(ExprId, ExprId)> = at.iter().map(|&(u, a)| (g.leaf(u), a)).collect();
    let steps: Vec<ExprId> = place.iter().map(|&(x, a)| g.sub(x, a)).collect();
    let mut level: Vec<(Vec<usize>, ExprId)> = vec![(vec![0; at.len()], f)];
    let mut terms = Vec::new();
    for degree in 0..=order {
        for (index, derivative) in &level {
            let value =
                value_at(g, *derivative, &place).ok_or(NoTaylor::NotFinite { order: degree })?;
            let mut factors = vec![inverse_factorials(g, index), value];
            for (&step, &n) in steps.iter().zip(index) {
                factors.push(g.powi(step, n as i64));
            }
            terms.push(g.mul(&factors));
        }
        if degree < order {
            level = next_level(g, &level, at);
        }
        if terms.len() + level.len() > MAX_TERMS {
            return Err(NoTaylor::TooLarge { limit: MAX_TERMS });
        }
    }
    Ok(g.add(&terms))
}

/// The partial derivatives of the next order, each once.
fn next_level(
    g: &mut Graph,
    level: &[(Vec<usize>, ExprId)],
    at: &[(SymbolId, ExprId)],
) -> Vec<(Vec<usize>, ExprId)> {
    let mut next: Vec<(Vec<usize>, ExprId)> = Vec::new();
    let mut seen: FxHashMap<Vec<usize>, ()> = FxHashMap::default();
    for (index, derivative) in level {
        for (k, (unknown, _)) in at.iter().enumerate() {
            let mut higher = index.clone();
            higher[k] += 1;
            if seen.insert(higher.clone(), ()).is_none() {
                let d = gradient(g, *derivative, &[*unknown])[0];
                // Shorter derivatives have shorter derivatives.
                next.push((higher, simplify::simplify(g, d)));
            }
        }
    }
    next
}

/// `1/(k1! * k2! * ...)`
fn inverse_factorials(g: &mut Graph, index: &[usize]) -> ExprId {
    let mut c = Num::ONE;
    for &n in index {
        for k in 2..=n {
            c = c.mul(Num::frac(1, k as i64));
        }
    }
    g.number(c)
}

/// The expression at the point; `None` where it holds what is not finite.
fn value_at(g: &mut Graph, e: ExprId, place: &[(ExprId, ExprId)]) -> Option<ExprId> {
    let value = ops::substitute(g, e, place);
    let value = simplify::simplify(g, value);
    let finite = |n: Option<Num>| n.is_none_or(|n| n.value().is_finite());
    if g.reachable(&[value]).into_iter().any(|n| !finite(g.as_num(n))) {
        return None;
    }
    let known = ops::known_value(g, value);
    known.is_none_or(f64::is_finite).then_some(value)
}

fn along_a_line(
    g: &mut Graph,
    f: ExprId,
    at: &[(SymbolId, ExprId)],
    order: usize,
) -> Result<ExprId, NoTaylor> {
    let t = g.declare(Symbol::unknown("t", Shape::Scalar));
    let time = g.leaf(t);
    let (mut line, mut back) = (Vec::new(), Vec::new());
    for &(unknown, a) in at {
        let (name, shape) = (g.symbol(unknown).name.clone(), g.symbol(unknown).shape);
        let direction = g.declare(Symbol::known(&name, shape, None));
        let d = g.leaf(direction);
        let x = g.leaf(unknown);
        let step = g.mul(&[time, d]);
        let moved = g.add(&[a, step]);
        line.push((x, moved));
        let difference = g.sub(x, a);
        back.push((d, difference));
    }
    let mut derivative = ops::substitute(g, f, &line);
    let zero = g.int(0);
    let mut terms = Vec::new();
    for degree in 0..=order {
        if degree > 0 {
            derivative = gradient(g, derivative, &[t])[0];
        }
        let value = value_at(g, derivative, &[(time, zero)])
            .ok_or(NoTaylor::NotFinite { order: degree })?;
        let value = matrix_products(g, value);
        let value = ops::substitute(g, value, &back);
        let c = inverse_factorials(g, &[degree]);
        terms.push(g.mul(&[c, value]));
    }
    Ok(g.add(&terms))
}

/// `dot(u, v)` of columns as `u'*v`, so that `dot(2*A'*r, d)` becomes `2*r'*A*d`.
fn matrix_products(g: &mut Graph, e: ExprId) -> ExprId {
    let mut pairs = Vec::new();
    for node in g.reachable(&[e]) {
        let &[u, v] = g.args(node) else { continue };
        let columns = [u, v].iter().all(|&a| matches!(g.shape(a), Shape::Vector(_)));
        if g.op(node) == Op::Dot && columns {
            let row = g.transpose(u);
            pairs.push((node, g.apply(Op::MatMul, &[row, v])));
        }
    }
    ops::substitute(g, e, &pairs)
}
