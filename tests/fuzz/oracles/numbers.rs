//! Values of expressions at random points, and how far they may be apart.

use gradus::check::Item;
use gradus::eval;
use gradus::expr::{ExprId, Graph, Op};
use gradus::session::Session;
use gradus::shape::Tensor;

use crate::support::point::Point;
use crate::support::script::line_in;

/// Values beyond this may overflow in one order of computing and not in another.
pub const LARGEST: f64 = 1e100;

/// The values at a point; none where the expressions have none.
pub fn values(g: &Graph, nodes: &[ExprId], point: &Point) -> Option<Vec<Tensor>> {
    eval::evaluate(g, nodes, &|s| point.value(s).cloned()).ok()
}

/// All entries of some arrays.
pub fn entries(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(|t| t.data().to_vec()).collect()
}

/// Whether an infinite or undefined number is written in the expressions or among their data:
/// zero times it depends on the order of factors, which no engine promises.
pub fn holds_infinities(g: &Graph, nodes: &[ExprId]) -> bool {
    g.reachable(nodes).into_iter().any(|e| {
        let known = g.as_symbol(e).and_then(|s| g.symbol(s).value.as_ref());
        known.is_some_and(|v| v.data().iter().any(|x| !x.is_finite()))
            || g.as_num(e).is_some_and(|n| !n.value().is_finite())
    })
}

/// The largest finite number among the values of all parts without free indices.
pub fn largest(g: &Graph, nodes: &[ExprId], point: &Point) -> f64 {
    let closed: Vec<ExprId> =
        g.reachable(nodes).into_iter().filter(|&e| g.free_indices(e).is_empty()).collect();
    let mut most = 1.0f64;
    for e in closed {
        for v in values(g, &[e], point).iter().flatten() {
            let finite = v.data().iter().filter(|v| v.is_finite());
            most = finite.fold(most, |a, b| a.max(b.abs()));
        }
    }
    most
}

/// Whether a matrix that is inverted, or whose determinant is taken, has full rank only by rounding at the point.
pub fn has_singular_matrix(g: &Graph, nodes: &[ExprId], point: &Point) -> bool {
    g.reachable(nodes).into_iter().any(|e| {
        let inverts = matches!(g.op(e), Op::Det | Op::LogDet | Op::Inv);
        if !inverts || !g.free_indices(e).is_empty() {
            return false;
        }
        let Some(found) = values(g, &[g.args(e)[0]], point) else { return false };
        let (m, n) = (found[0].shape().rows(), found[0].shape().cols());
        let matrix = nalgebra::DMatrix::from_row_slice(m, n, found[0].data());
        if matrix.iter().any(|v| !v.is_finite()) {
            return true;
        }
        let parts = matrix.singular_values();
        parts.min() <= 1e-12 * parts.max()
    })
}

/// How far the values move when the entries of the point move by some units of the last place.
pub fn sensitivity(g: &Graph, nodes: &[ExprId], point: &Point, at: &[f64]) -> Vec<f64> {
    let symbols = g.unknowns(nodes);
    let mut most = vec![0.0f64; at.len()];
    for round in 0..6u32 {
        let mut moves = Vec::new();
        for (j, &s) in symbols.iter().enumerate() {
            let Some(value) = point.value(s) else { continue };
            for (k, &x) in value.data().iter().enumerate() {
                let up = (round + j as u32 * 3 + k as u32 * 7).count_ones().is_multiple_of(2);
                let unit = 4.0 * f64::EPSILON * x.abs().max(1e-300);
                moves.push(((s, k), if up { unit } else { -unit }));
            }
        }
        let Some(moved) = values(g, nodes, &point.moved(&moves, 1.0)) else { continue };
        for (most, (a, b)) in most.iter_mut().zip(entries(&moved).iter().zip(at)) {
            let by = (a - b).abs();
            *most = if by.is_finite() { most.max(by) } else { f64::INFINITY };
        }
    }
    most
}

/// The first number of `found` that is not that of `expected`, with words that say what is wrong.
/// Numbers that are not finite among the expected ones say nothing unless `strict`.
pub fn difference(
    found: &[f64],
    expected: &[f64],
    strict: bool,
    tolerance: impl Fn(usize) -> f64,
) -> Option<(usize, &'static str)> {
    if found.len() != expected.len() {
        return Some((0, "another number of entries"));
    }
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        if a == b || (a.is_nan() && b.is_nan()) {
            continue;
        }
        let what = match (a.is_finite(), b.is_finite()) {
            (true, true) if (a - b).abs() <= tolerance(k) => continue,
            (true, true) => "another number",
            (false, true) => "no number where there is one",
            (true, false) if strict => "a number where there is none",
            (false, false) if strict => "another infinity",
            _ => continue,
        };
        return Some((k, what));
    }
    None
}

/// The nodes that a line of text stands for.
pub fn nodes(session: &mut Session, line: &str) -> Result<Vec<ExprId>, String> {
    let ran = line_in(session, line);
    if ran.outcome.failed {
        return Err(ran.findings());
    }
    let answer = session.names().find(|(n, _)| *n == "ans").map(|(_, entry)| entry.item.clone());
    match answer {
        Some(Item::Expr(e) | Item::Truth(e)) => Ok(vec![e]),
        Some(Item::Labelled(l)) if l.order > 0 => Ok(l.parts.clone()),
        _ => Ok(Vec::new()),
    }
}
