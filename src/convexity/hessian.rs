//! Proofs by second derivatives.
//!
//! In: a scalar expression and the intervals of its unknowns. Out: why it is
//! convex, why it is concave, or neither. The Hessian is the symbolic one; its
//! entries are enclosed over the box and the matrix of intervals is proved
//! semidefinite ([`definite`]). A constant Hessian is decided that way. One that
//! varies is looked at over the whole box first; with one variable its sign is
//! proved by parts ([`sign`]), with two or three the box is halved.
//!
//! Rigorous, as far as the symbolic derivative is right (which the tests of
//! `diff` check) and the enclosures hold.

use super::Bounds;
use super::definite::{self, Definite};
use super::domain;
use super::enclose::{Arr, enclose};
use super::interval::Interval;
use super::rules::derive;
use super::sign;
use crate::diff;
use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// Entries of all unknowns together, at most.
const MAX_ENTRIES: usize = 80;
/// Boxes looked at before giving up.
const MAX_BOXES: usize = 1500;
/// Polynomials up to this degree are recognized.
const MAX_DEGREE: usize = 12;

/// What the Hessian proves.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Why the expression is convex.
    pub convex: Option<String>,
    /// Why it is concave.
    pub concave: Option<String>,
}

/// Proves a scalar expression convex or concave in `unknowns`; all others are
/// parameters that range over their bounds.
pub fn prove(g: &mut Graph, f: ExprId, unknowns: &[SymbolId], bounds: &Bounds) -> Outcome {
    let none = Outcome::default();
    let entries: usize = unknowns.iter().map(|u| g.symbol(*u).shape.len()).sum();
    if entries == 0 || entries > MAX_ENTRIES || !g.shape(f).is_scalar() {
        return none;
    }
    let (ranges, facts) = derive(g, f, bounds);
    if !domain::is_smooth_on_convex(g, f, &ranges, &facts) {
        return none;
    }
    let mut narrowed = bounds.clone();
    narrow(g, f, &facts, &mut narrowed);
    if unknowns.iter().all(|u| g.symbol(*u).shape.is_scalar()) {
        scalars(g, f, unknowns, &narrowed)
    } else {
        arrays(g, f, unknowns, &narrowed)
    }
}

/// Cuts the boxes of scalar unknowns down to where affine arguments stay in
/// their operator's domain.
fn narrow(
    g: &mut Graph,
    f: ExprId,
    facts: &rustc_hash::FxHashMap<ExprId, super::fact::Fact>,
    bounds: &mut Bounds,
) {
    for e in g.reachable(&[f]) {
        let op = g.op(e);
        let fractional =
            op == Op::Pow && g.as_num(g.args(e)[1]).is_some_and(|n| n.value().fract() != 0.0);
        let (lo, hi) = ops::def(op).domain.hull();
        let domain = if fractional { Interval::NONNEGATIVE } else { Interval { lo, hi } };
        let Some(&u) = g.args(e).first().filter(|_| domain != Interval::ALL) else { continue };
        let of = g.unknowns(&[u]);
        let &[x] = &of[..] else { continue };
        if !g.symbol(x).shape.is_scalar() || !facts.get(&u).is_some_and(|f| f.affine) {
            continue;
        }
        let one = g.int(1);
        let slope = diff::tangent(g, &[u], &[(x, one)])[0];
        let at_zero = |s: SymbolId| (s == x).then(|| Arr::scalar(Interval::ZERO));
        if let Some(v) = enclose(g, &[slope, u], &at_zero) {
            let own = domain::within(bounds.hull(x), v[0].hull(), v[1].hull(), domain);
            bounds.set(x, vec![own]);
        }
    }
}

/// The Hessian by scalar unknowns.
fn scalars(g: &mut Graph, f: ExprId, unknowns: &[SymbolId], bounds: &Bounds) -> Outcome {
    let gradient = diff::gradient(g, f, unknowns);
    let h: Vec<ExprId> = diff::hessian_of_scalars(g, &gradient, unknowns).concat();
    let n = unknowns.len();
    let ratios: Option<Vec<(i64, i64)>> = h.iter().map(|&e| g.as_num(e)?.as_ratio()).collect();
    let names: Vec<&str> = unknowns.iter().map(|u| g.symbol(*u).name.as_str()).collect();
    let names = names.join(", ");
    if let Some(ratios) = ratios {
        let negative: Vec<(i64, i64)> = ratios.iter().map(|r| (-r.0, r.1)).collect();
        let shown = shown_matrix(g, &h, n);
        let say = |d: Definite, sign: &str| constant(&shown, n, &d, sign);
        return Outcome {
            convex: definite::prove_ratios(n, &ratios).map(|d| say(d, "")),
            concave: definite::prove_ratios(n, &negative).map(|d| say(d, "-")),
        };
    }
    let whole = |s: SymbolId| bounds.array(g, s);
    if let Some(values) = enclose(g, &h, &whole) {
        let m: Vec<Interval> = values.iter().map(Arr::hull).collect();
        let found = both(n, &m, &format!("by {names}"), bounds.is_all(unknowns));
        if found.convex.is_some() || found.concave.is_some() {
            return found;
        }
    }
    match n {
        1 => univariate(g, h[0], unknowns[0], bounds),
        2 | 3 => by_boxes(g, &h, unknowns, bounds, &names),
        _ => Outcome::default(),
    }
}

fn shown_matrix(g: &Graph, h: &[ExprId], n: usize) -> String {
    let entry = |e: &ExprId| crate::print::text(g, *e);
    if n == 1 {
        return entry(&h[0]);
    }
    let rows: Vec<String> =
        h.chunks(n).map(|row| row.iter().map(entry).collect::<Vec<_>>().join(", ")).collect();
    format!("[{}]", rows.join("; "))
}

fn constant(shown: &str, n: usize, how: &Definite, sign: &str) -> String {
    match (n, how) {
        (_, Definite::Zero) => "its second derivative is zero".to_string(),
        (1, _) => format!(
            "its second derivative is {shown}, {}",
            if sign.is_empty() { "positive" } else { "negative" }
        ),
        _ => format!("its Hessian is constant; {sign}{shown} {}", how.in_words(n)),
    }
}

/// Both signs of a Hessian that is enclosed over the whole box.
fn both(n: usize, h: &[Interval], by: &str, everywhere: bool) -> Outcome {
    let on = if everywhere { "everywhere" } else { "within the bounds" };
    let what =
        if n == 1 { "its second derivative".to_string() } else { format!("its Hessian {by}") };
    let negative: Vec<Interval> = h.iter().map(|&v| -v).collect();
    let say = |sign: &str, d: Definite| {
        if n == 1 {
            return format!("{what} is {sign} {on}");
        }
        let minus = if sign == "nonpositive" { "the negative of " } else { "" };
        format!("{minus}{what} {} {on} (interval arithmetic)", d.in_words(n))
    };
    Outcome {
        convex: definite::prove(n, h).map(|d| say("nonnegative", d)),
        concave: definite::prove(n, &negative).map(|d| say("nonpositive", d)),
    }
}

/// The second derivative of a function of one variable, by its sign.
fn univariate(g: &mut Graph, h: ExprId, x: SymbolId, bounds: &Bounds) -> Outcome {
    let on = bounds.hull(x);
    let minus = g.neg(h);
    let shown = crate::simplify::shown(g, h);
    let shown = if shown.len() > 60 { String::new() } else { format!(" {shown}") };
    let mut found = [None, None];
    for (k, e) in [h, minus].into_iter().enumerate() {
        let proved = match coefficients(g, e, x, bounds) {
            Some(c) => sign::polynomial_is_nonnegative(&c, on),
            None => {
                let one = g.int(1);
                let slope = diff::tangent(g, &[e], &[(x, one)])[0];
                let mut at = |part: Interval| centered(g, e, slope, x, part, bounds);
                sign::is_nonnegative(&mut at, on)
            }
        };
        let word = if k == 0 { "nonnegative" } else { "nonpositive" };
        let place = if on == Interval::ALL { "everywhere" } else { "within its range" };
        found[k] =
            proved.then(|| format!("its second derivative{shown} is {word} {place} (by parts)"));
    }
    let [convex, concave] = found;
    Outcome { convex, concave }
}

/// The values on a part: directly, and by the mean value theorem around its
/// middle.
fn centered(
    g: &Graph,
    e: ExprId,
    slope: ExprId,
    x: SymbolId,
    part: Interval,
    bounds: &Bounds,
) -> Option<Interval> {
    let at = |v: Interval| {
        move |s: SymbolId| if s == x { Some(Arr::scalar(v)) } else { bounds.array(g, s) }
    };
    let direct = enclose(g, &[e, slope], &at(part))?;
    let (value, slope) = (direct[0].hull(), direct[1].hull());
    let middle = part.lo / 2.0 + part.hi / 2.0;
    if !middle.is_finite() || part.is_point() {
        return Some(value);
    }
    let center = enclose(g, &[e], &at(Interval::point(middle)))?[0].hull();
    let by_slope = center + slope * (part - Interval::point(middle));
    value.meet(by_slope).or(Some(value))
}

/// The coefficients of a polynomial in `x`: its derivatives at 0 over factorials.
fn coefficients(g: &mut Graph, e: ExprId, x: SymbolId, bounds: &Bounds) -> Option<Vec<Interval>> {
    let smooth = |op: Op| matches!(op, Op::Add | Op::Mul | Op::Pow | Op::Num | Op::Symbol);
    let powers = |n: &ExprId| {
        let whole = |p: ExprId| g.as_num(p).and_then(|p| p.as_int()).is_some_and(|p| p >= 0);
        !g.has_unknown(*n) || smooth(g.op(*n)) && (g.op(*n) != Op::Pow || whole(g.args(*n)[1]))
    };
    g.reachable(&[e]).iter().all(powers).then_some(())?;
    let (mut c, mut d, mut factorial) = (Vec::new(), e, Interval::ONE);
    let one = g.int(1);
    while !g.is_zero(d) {
        if c.len() > MAX_DEGREE {
            return None;
        }
        let at = |s: SymbolId| {
            if s == x { Some(Arr::scalar(Interval::ZERO)) } else { bounds.array(g, s) }
        };
        c.push(enclose(g, &[d], &at)?[0].hull() / factorial);
        factorial = factorial * Interval::point(c.len() as f64);
        d = diff::tangent(g, &[d], &[(x, one)])[0];
    }
    (!c.is_empty()).then_some(c)
}

/// Halves the box along its widest side until the Hessian is semidefinite on
/// every part; bounded boxes only.
fn by_boxes(
    g: &Graph,
    h: &[ExprId],
    unknowns: &[SymbolId],
    bounds: &Bounds,
    names: &str,
) -> Outcome {
    let whole: Vec<Interval> = unknowns.iter().map(|u| bounds.hull(*u)).collect();
    if whole.iter().any(|i| !i.lo.is_finite() || !i.hi.is_finite()) {
        return Outcome::default();
    }
    let on = |part: &[Interval], sign: f64| -> Option<Vec<Interval>> {
        let at = |s: SymbolId| match unknowns.iter().position(|u| *u == s) {
            Some(k) => Some(Arr::scalar(part[k])),
            None => bounds.array(g, s),
        };
        let m = enclose(g, h, &at)?;
        Some(m.iter().map(|a| a.hull() * Interval::point(sign)).collect())
    };
    let prove = |sign: f64, word: &str| {
        semidefinite_by_parts(unknowns.len(), whole.clone(), &|part| on(part, sign)).map(|looked| {
            format!(
                "its Hessian by {names} is {word} semidefinite within the bounds (interval \
                 arithmetic over {looked} boxes)"
            )
        })
    };
    Outcome { convex: prove(1.0, "positive"), concave: prove(-1.0, "negative") }
}

/// The number of parts on which a matrix was proved positive semidefinite.
fn semidefinite_by_parts(
    n: usize,
    whole: Vec<Interval>,
    matrix: &dyn Fn(&[Interval]) -> Option<Vec<Interval>>,
) -> Option<usize> {
    let mut pending = vec![whole];
    let mut looked = 0;
    while let Some(part) = pending.pop() {
        looked += 1;
        if !crate::work::is_left() {
            return None;
        }
        if matrix(&part).is_some_and(|m| definite::prove(n, &m).is_some()) {
            continue;
        }
        let middle: Vec<f64> = part.iter().map(|i| i.lo / 2.0 + i.hi / 2.0).collect();
        let points: Vec<Interval> = middle.iter().map(|&v| Interval::point(v)).collect();
        // A negative diagonal entry at a point refutes at once.
        let open = matrix(&points).is_some_and(|m| (0..n).all(|i| m[i * n + i].hi >= 0.0));
        let width = |k: usize| part[k].hi - part[k].lo;
        let widest = (0..n).max_by(|&a, &b| width(a).total_cmp(&width(b)))?;
        if looked > MAX_BOXES || !open || width(widest) < 1e-6 {
            return None;
        }
        for (lo, hi) in [(part[widest].lo, middle[widest]), (middle[widest], part[widest].hi)] {
            let mut next = part.clone();
            next[widest] = Interval { lo, hi };
            pending.push(next);
        }
    }
    Some(looked)
}

/// The Hessian by arrays: its products with unit directions, entry by entry.
fn arrays(g: &mut Graph, f: ExprId, unknowns: &[SymbolId], bounds: &Bounds) -> Outcome {
    let gradient = diff::gradient(g, f, unknowns);
    let mut directions = Vec::new();
    for &u in unknowns {
        let shape = g.symbol(u).shape;
        let d = g.declare(Symbol::unknown("d", shape));
        directions.push((u, d, g.leaf(d)));
    }
    let moves: Vec<(SymbolId, ExprId)> = directions.iter().map(|&(u, _, leaf)| (u, leaf)).collect();
    let products = diff::hessian_times(g, &gradient, &moves);
    let sizes: Vec<usize> = unknowns.iter().map(|u| g.symbol(*u).shape.len()).collect();
    let n: usize = sizes.iter().sum();
    let mut h = vec![Interval::ZERO; n * n];
    let mut column = 0;
    for (k, &size) in sizes.iter().enumerate() {
        for entry in 0..size {
            let at = |s: SymbolId| match directions.iter().position(|d| d.1 == s) {
                Some(j) => Some(unit(g.symbol(s).shape, (j == k).then_some(entry))),
                None => bounds.array(g, s),
            };
            let Some(values) = enclose(g, &products, &at) else { return Outcome::default() };
            let flat = values.iter().flat_map(|a| a.data.iter().copied());
            for (row, v) in flat.enumerate().take(n) {
                h[row * n + column] = v;
            }
            column += 1;
        }
    }
    symmetrize(n, &mut h);
    let names: Vec<&str> = unknowns.iter().map(|u| g.symbol(*u).name.as_str()).collect();
    let by = format!("by {}", names.join(", "));
    let varies = products.iter().any(|&p| g.unknowns(&[p]).iter().any(|s| unknowns.contains(s)));
    if varies {
        return both(n, &h, &by, bounds.is_all(unknowns));
    }
    let negative: Vec<Interval> = h.iter().map(|&v| -v).collect();
    let say = |sign: &str, d: Definite| {
        format!("{sign}its Hessian {by} is constant and {}", d.in_words(n))
    };
    Outcome {
        convex: definite::prove(n, &h).map(|d| say("", d)),
        concave: definite::prove(n, &negative).map(|d| say("the negative of ", d)),
    }
}

/// The Hessian is symmetric, so an entry lies in both enclosures of it.
fn symmetrize(n: usize, h: &mut [Interval]) {
    for i in 0..n {
        for j in 0..i {
            let (a, b) = (h[i * n + j], h[j * n + i]);
            let own = a.meet(b).unwrap_or(a.hull(b));
            h[i * n + j] = own;
            h[j * n + i] = own;
        }
    }
}

fn unit(shape: Shape, at: Option<usize>) -> Arr {
    let mut data = vec![Interval::ZERO; shape.len()];
    if let Some(k) = at {
        data[k] = Interval::ONE;
    }
    Arr::new(shape, data)
}
