//! Functions of one affine part that are written with `if`, such as Huber's.
//!
//! The conditions cut the line at points where both sides of a comparison meet.
//! A function is convex where it is convex on every piece, continuous, and its
//! slope does not fall at a cut (Rockafellar, Convex Analysis, thm. 24.2).
//!
//! Rigorous but for the cuts: they are doubles, and that pieces meet in value,
//! or in slope, is checked up to [`ROUNDING`]. A jump smaller than that is not
//! seen.

use super::enclose::{Arr, enclose};
use super::hessian::{self, Outcome};
use super::interval::Interval;
use super::local::Scalarized;
use super::rules::derive;
use super::{Bounds, Claim};
use crate::diff;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops;

/// Relative error up to which two pieces count as meeting.
const ROUNDING: f64 = 1e-9;
/// Cuts at most.
const MAX_CUTS: usize = 16;

/// Proves a piecewise function of one variable convex or concave.
pub fn prove(g: &mut Graph, s: &Scalarized) -> Outcome {
    let &[t] = &s.variables[..] else { return Outcome::default() };
    pieces(g, s, t).unwrap_or_default()
}

fn pieces(g: &mut Graph, s: &Scalarized, t: SymbolId) -> Option<Outcome> {
    let on = s.bounds.hull(t);
    let mut cuts = cuts(g, s.value, t, &s.bounds)?;
    cuts.retain(|&c| on.lo < c && c < on.hi);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    if cuts.len() > MAX_CUTS {
        return None;
    }
    let mut ends = vec![on.lo];
    ends.extend(&cuts);
    ends.push(on.hi);
    let mut forms = Vec::new();
    let mut holds = [true, true];
    for pair in ends.windows(2) {
        let part = Interval { lo: pair[0], hi: pair[1] };
        let form = chosen(g, s.value, t, part, &s.bounds)?;
        let mut bounds = s.bounds.clone();
        bounds.set(t, vec![part]);
        let own = claims(g, form, t, &bounds);
        holds = [holds[0] && own[0], holds[1] && own[1]];
        forms.push(form);
    }
    for (k, &cut) in cuts.iter().enumerate() {
        let change = change(g, forms[k], forms[k + 1], t, cut, &s.bounds)?;
        holds = [holds[0] && change.hi >= -ROUNDING, holds[1] && change.lo <= ROUNDING];
    }
    let shown: Vec<String> = cuts.iter().map(|&c| crate::report::number::human(c)).collect();
    let name = g.symbol(t).name.clone();
    let text = |word: &str, slope: &str| {
        format!(
            "{} pieces in {name}, each {word}; they meet at {}, and the slope does not {slope} there",
            forms.len(),
            shown.join(", ")
        )
    };
    Some(Outcome {
        convex: holds[0].then(|| text("convex", "fall")),
        concave: holds[1].then(|| text("concave", "rise")),
    })
}

/// Where the sides of a comparison meet; `None` where that is not plain.
fn cuts(g: &mut Graph, e: ExprId, t: SymbolId, bounds: &Bounds) -> Option<Vec<f64>> {
    let mut found = Vec::new();
    for n in g.reachable(&[e]) {
        let compares = matches!(g.op(n), Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne);
        if compares && g.has_unknown(n) {
            let (a, b) = (g.args(n)[0], g.args(n)[1]);
            found.extend(meeting(g, a, b, t, bounds).or_else(|| meeting(g, b, a, t, bounds))?);
        }
    }
    Some(found)
}

/// Where `u(t) = level` for a known level and `u` affine, the absolute value or
/// the square of an affine function.
fn meeting(
    g: &mut Graph,
    u: ExprId,
    level: ExprId,
    t: SymbolId,
    bounds: &Bounds,
) -> Option<Vec<f64>> {
    if g.has_unknown(level) {
        let difference = g.sub(u, level);
        return root(g, difference, 0.0, t, bounds).map(|r| vec![r]);
    }
    let level = ops::known_value(g, level)?;
    let args = g.args(u).to_vec();
    let square = g.op(u) == Op::Pow && g.as_num(args[1]).and_then(|p| p.as_int()) == Some(2);
    let height = match g.op(u) {
        Op::Abs => level,
        Op::Pow if square => level.sqrt(),
        _ => return root(g, u, level, t, bounds).map(|r| vec![r]),
    };
    if height.is_nan() || height < 0.0 {
        return Some(Vec::new());
    }
    Some(vec![root(g, args[0], height, t, bounds)?, root(g, args[0], -height, t, bounds)?])
}

/// Where an affine function of `t` takes a value.
fn root(g: &mut Graph, u: ExprId, level: f64, t: SymbolId, bounds: &Bounds) -> Option<f64> {
    let one = g.int(1);
    let slope = diff::tangent(g, &[u], &[(t, one)])[0];
    if g.unknowns(&[slope]).contains(&t) {
        return None;
    }
    let at_zero =
        |s: SymbolId| if s == t { Some(Arr::scalar(Interval::ZERO)) } else { bounds.array(g, s) };
    let v = enclose(g, &[slope, u], &at_zero)?;
    let (slope, shift) = (v[0].hull(), v[1].hull());
    let root = (Interval::point(level) - shift) / slope;
    // A parameter that varies gives no single cut.
    let narrow = root.hi - root.lo <= ROUNDING * (1.0 + root.lo.abs());
    narrow.then_some(if root.contains(root.lo.round()) { root.lo.round() } else { root.lo })
}

/// The expression on one piece, every branch taken.
fn chosen(
    g: &mut Graph,
    e: ExprId,
    t: SymbolId,
    part: Interval,
    bounds: &Bounds,
) -> Option<ExprId> {
    // The comparisons may hold or fail at the ends themselves.
    let inside = Interval::new(part.lo.next_up(), part.hi.next_down());
    let conditions: Vec<ExprId> = g
        .reachable(&[e])
        .into_iter()
        .filter(|&n| g.op(n) == Op::If && g.has_unknown(g.args(n)[0]))
        .map(|n| g.args(n)[0])
        .collect();
    let at = |s: SymbolId| if s == t { Some(Arr::scalar(inside)) } else { bounds.array(g, s) };
    let values = enclose(g, &conditions, &at)?;
    let mut pairs = Vec::new();
    for (&c, v) in conditions.iter().zip(&values) {
        let truth = v.hull();
        truth.is_point().then_some(())?;
        pairs.push((c, g.int(i64::from(truth.lo != 0.0))));
    }
    Some(ops::substitute(g, e, &pairs))
}

/// Whether a form is convex and whether it is concave, by rules or by its
/// second derivative.
fn claims(g: &mut Graph, form: ExprId, t: SymbolId, bounds: &Bounds) -> [bool; 2] {
    if !g.has_unknown(form) {
        return [true, true];
    }
    let (_, facts) = derive(g, form, bounds);
    let own = &facts[&form];
    let mut holds = [own.has(Claim::Convex), own.has(Claim::Concave)];
    if !(holds[0] && holds[1]) {
        let more = hessian::prove(g, form, &[t], bounds);
        holds = [holds[0] || more.convex.is_some(), holds[1] || more.concave.is_some()];
    }
    holds
}

/// The change of slope at a cut, relative to the slopes; `None` where the
/// pieces do not meet.
fn change(
    g: &mut Graph,
    left: ExprId,
    right: ExprId,
    t: SymbolId,
    cut: f64,
    bounds: &Bounds,
) -> Option<Interval> {
    let one = g.int(1);
    let slopes = diff::tangent(g, &[left, right], &[(t, one)]);
    let at = |s: SymbolId| {
        if s == t { Some(Arr::scalar(Interval::point(cut))) } else { bounds.array(g, s) }
    };
    let v = enclose(g, &[left, right, slopes[0], slopes[1]], &at)?;
    let [a, b, p, q] = [v[0].hull(), v[1].hull(), v[2].hull(), v[3].hull()];
    let jump = (b - a).magnitude();
    (jump <= ROUNDING * (1.0 + a.magnitude().min(b.magnitude()))).then_some(())?;
    let scale = 1.0 + p.magnitude().max(q.magnitude());
    let change = (q - p) / Interval::point(scale);
    (change.hi - change.lo <= ROUNDING).then_some(change)
}
