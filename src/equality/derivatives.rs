//! Symbolic derivatives against numeric ones.
//!
//! First derivatives are compared with extrapolated differences of the
//! function, entry by entry; second derivatives, along one direction an
//! unknown, with differences of the gradient that has just been compared. At
//! the point asked for, and at a few random points around it.

use super::ridders::{self, Estimate};
use super::sample::{Domain, Point, near};
use crate::diff;
use crate::eval::{self, EvalError};
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::random::Stream;
use crate::shape::{Shape, Tensor};
use crate::simplify;

/// Random points around the first.
const AROUND: usize = 3;
/// Entries of one unknown that are looked at.
const MAX_ENTRIES: usize = 20;
/// With more unknowns, mixed second derivatives are left out.
const MAX_MIXED: usize = 5;
/// Agreement beyond this is chance, and differs between machines.
const MOST_DIGITS: f64 = 12.0;
/// Entries that second derivatives at one point may compute; more would take seconds.
const MOST_WORK: usize = 3_000_000;
/// Relative agreement that is good enough where differences allow no better.
const TOLERANCE: f64 = 1e-6;
/// Shares of the first steps with which a disagreement is looked at once more.
const CLOSER: [f64; 3] = [1e-2, 1e-4, 1e-6];

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Agreement {
    /// They agree to so many digits.
    Digits(u32),
    /// Slopes on the two sides differ: a kink, where differences say nothing.
    Kink,
    /// Differences do not settle, so they say nothing.
    Unsettled,
    /// They do not agree.
    No,
}

/// One derivative; of an array the entry that agrees worst.
#[derive(Clone, Debug)]
pub struct Row {
    /// The entry it is taken by: `x`, `w[3]`.
    pub by: String,
    /// The second unknown, for a second derivative.
    pub also_by: Option<String>,
    /// Whether it is the change of a gradient along a direction rather than
    /// one second derivative.
    pub along: bool,
    /// Its symbolic value.
    pub symbolic: f64,
    /// Its numeric value.
    pub numeric: f64,
    /// How they compare.
    pub agreement: Agreement,
}

/// The outcome of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// The derivatives at the point asked for.
    pub rows: Vec<Row>,
    /// Random points at which all derivatives agree.
    pub points: usize,
    /// A random point at which one does not.
    pub elsewhere: Option<(Point, Row)>,
    /// Whether second derivatives were compared; not where their values take too long.
    pub second: bool,
}

impl Report {
    /// Whether nothing disagrees.
    pub fn is_right(&self) -> bool {
        self.elsewhere.is_none() && self.rows.iter().all(|r| r.agreement != Agreement::No)
    }
}

/// Compares the derivatives of `f` by the unknowns of `domains` at a point and
/// around it. `None` where `f` or its gradient has no finite value there.
pub fn check(
    g: &mut Graph,
    f: ExprId,
    domains: &[Domain],
    point: &Point,
) -> Result<Option<Report>, EvalError> {
    let trial = Trial::new(g, f, domains);
    let Some(rows) = trial.rows(g, point)? else { return Ok(None) };
    let second = !trial.second.is_empty();
    let mut report = Report { rows, points: 0, elsewhere: None, second };
    for moved in around(domains, point) {
        let Ok(Some(rows)) = trial.rows(g, &moved) else { continue };
        match rows.into_iter().find(|r| r.agreement == Agreement::No) {
            Some(row) => {
                report.elsewhere.get_or_insert((moved, row));
            }
            None => report.points += 1,
        }
    }
    Ok(Some(report))
}

/// The random points around a point.
pub fn around(domains: &[Domain], point: &Point) -> Vec<Point> {
    let mut stream = Stream::new(0).split("check");
    (0..AROUND).map(|_| near(domains, point, &mut stream)).collect()
}

/// A function with its derivatives, ready to be evaluated.
struct Trial {
    f: ExprId,
    unknowns: Vec<(SymbolId, Shape, String)>,
    gradient: Vec<ExprId>,
    /// For each unknown the direction it moves along, and the change of the
    /// whole gradient; none where it takes too long.
    second: Vec<(Tensor, Vec<ExprId>)>,
}

impl Trial {
    fn new(g: &mut Graph, f: ExprId, domains: &[Domain]) -> Trial {
        let symbols: Vec<SymbolId> = domains.iter().map(|d| d.unknown).collect();
        let plain = diff::gradient(g, f, &symbols);
        let mut stream = Stream::new(0).split("directions");
        let mut second = Vec::new();
        for &unknown in &symbols {
            let shape = g.symbol(unknown).shape;
            let direction = Tensor::filled(shape, 1.0);
            let direction = if shape.is_scalar() {
                direction
            } else {
                direction.map_in_order(|_| if stream.unit() < 0.5 { -1.0 } else { 1.0 })
            };
            let leaf = g.declare(Symbol::known("direction", shape, Some(direction.clone())));
            let leaf = g.leaf(leaf);
            let change = diff::tangent(g, &plain, &[(unknown, leaf)]);
            second.push((direction, simplify::stable(g, &change)));
        }
        let f = simplify::stable(g, &[f])[0];
        let gradient = simplify::stable(g, &plain);
        let changes: Vec<ExprId> = second.iter().flat_map(|(_, c)| c.iter().copied()).collect();
        if eval::work(g, &changes) > MOST_WORK {
            second.clear();
        }
        let unknowns =
            symbols.iter().map(|&s| (s, g.symbol(s).shape, g.symbol(s).name.clone())).collect();
        Trial { f, unknowns, gradient, second }
    }

    /// The derivatives at a point.
    fn rows(&self, g: &Graph, point: &Point) -> Result<Option<Vec<Row>>, EvalError> {
        let start = values(g, &[self.f], point, None)?;
        let gradient = values(g, &self.gradient, point, None)?;
        let finite = |v: &[Tensor]| v.iter().all(|t| t.data().iter().all(|x| x.is_finite()));
        if !finite(&start) || !finite(&gradient) {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for (u, derivative) in gradient.iter().enumerate() {
            rows.extend(self.first_row(g, point, u, derivative));
        }
        for u in 0..self.second.len() {
            rows.extend(self.second_rows(g, point, u)?);
        }
        Ok(Some(rows))
    }

    /// The derivative by an unknown: the entry that agrees worst.
    fn first_row(&self, g: &Graph, point: &Point, u: usize, symbolic: &Tensor) -> Option<Row> {
        let (unknown, shape, name) = &self.unknowns[u];
        let mut worst: Option<Row> = None;
        for i in spread(shape.len()) {
            let mut unit = vec![0.0; shape.len()];
            unit[i] = 1.0;
            let move_by = |t: f64| Move { unknown: *unknown, direction: &unit, t };
            let at = |t: f64| scalar(g, self.f, point, &move_by(t));
            let size = step(point, *unknown, i);
            let estimate =
                ridders::derivative(|t| at(t).map(|v| vec![v]), size).map_or(NO_ESTIMATE, |v| v[0]);
            let mut row = row(symbolic.data()[i], estimate, entry(name, *shape, i), None);
            row.look_closer(0, size, |t| at(t).map(|v| vec![v]));
            if row.agreement == Agreement::No && has_kink(&at, size) {
                row.agreement = Agreement::Kink;
            }
            if worst.as_ref().is_none_or(|w| is_worse(&row, w)) {
                worst = Some(row);
            }
        }
        worst
    }

    /// Second derivatives by an unknown and those from it on.
    fn second_rows(&self, g: &Graph, point: &Point, u: usize) -> Result<Vec<Row>, EvalError> {
        let (unknown, shape, name) = &self.unknowns[u];
        let (direction, change) = &self.second[u];
        let last = if self.unknowns.len() > MAX_MIXED { u + 1 } else { self.unknowns.len() };
        let symbolic = values(g, &change[u..last], point, None)?;
        let at = |t: f64| {
            let by = Move { unknown: *unknown, direction: direction.data(), t };
            let found = values(g, &self.gradient[u..last], point, Some(&by)).ok()?;
            let flat: Vec<f64> = found.iter().flat_map(|t| t.data().to_vec()).collect();
            flat.iter().all(|x| x.is_finite()).then_some(flat)
        };
        let size = step(point, *unknown, 0);
        let numeric = ridders::derivative(at, size);
        let mut rows = Vec::new();
        let mut place = 0;
        for (v, exact) in (u..last).zip(&symbolic) {
            let (_, other_shape, other) = &self.unknowns[v];
            let mut worst: Option<Row> = None;
            for i in spread(exact.data().len()) {
                let estimate = numeric.as_ref().map_or(NO_ESTIMATE, |n| n[place + i]);
                let along = !shape.is_scalar() || !other_shape.is_scalar();
                let plain = row(exact.data()[i], estimate, name.clone(), Some(other.clone()));
                let mut row = Row { along, ..plain };
                row.look_closer(place + i, size, at);
                if worst.as_ref().is_none_or(|w| is_worse(&row, w)) {
                    worst = Some(row);
                }
            }
            place += exact.data().len();
            rows.extend(worst);
        }
        Ok(rows)
    }
}

impl Row {
    /// Where derivatives disagree, or differences do not settle: whether it is so with shorter steps, too. Steps across a
    /// pole, or longer than the function's own scale, can seem to settle on what is no derivative. The differences are
    /// those of entry `i` of `f`, with first steps of [`CLOSER`] times `size`.
    fn look_closer(&mut self, i: usize, size: f64, f: impl Fn(f64) -> Option<Vec<f64>>) {
        if !matches!(self.agreement, Agreement::No | Agreement::Unsettled) {
            return;
        }
        let wide = self.numeric;
        for scale in CLOSER {
            let found = ridders::derivative(&f, scale * size);
            let Some(estimate) = found.and_then(|all| all.get(i).copied()) else { continue };
            match agreement(self.symbolic, estimate) {
                agrees @ Agreement::Digits(_) => {
                    (self.numeric, self.agreement) = (estimate.value, agrees);
                    return;
                }
                Agreement::No
                    if self.agreement == Agreement::No
                        && agreement(wide, estimate) == Agreement::No =>
                {
                    self.agreement = Agreement::Unsettled;
                }
                _ => {}
            }
        }
    }
}

const NO_ESTIMATE: Estimate = Estimate { value: f64::NAN, error: f64::INFINITY };

/// A step from a point.
struct Move<'a> {
    unknown: SymbolId,
    direction: &'a [f64],
    t: f64,
}

fn values(
    g: &Graph,
    exprs: &[ExprId],
    point: &Point,
    by: Option<&Move>,
) -> Result<Vec<Tensor>, EvalError> {
    let unknown = |s: SymbolId| {
        let own = point.iter().find(|(u, _)| *u == s).map(|(_, t)| t.clone())?;
        match by.filter(|m| m.unknown == s) {
            Some(m) => {
                let moved: Vec<f64> =
                    own.data().iter().zip(m.direction).map(|(x, d)| x + m.t * d).collect();
                Some(Tensor::new(own.shape(), moved))
            }
            None => Some(own),
        }
    };
    eval::evaluate(g, exprs, &unknown)
}

fn scalar(g: &Graph, f: ExprId, point: &Point, by: &Move) -> Option<f64> {
    let value = values(g, &[f], point, Some(by)).ok()?[0].as_scalar()?;
    value.is_finite().then_some(value)
}

/// The first step of differences in one entry.
fn step(point: &Point, unknown: SymbolId, i: usize) -> f64 {
    let x = point.iter().find(|(u, _)| *u == unknown).map_or(0.0, |(_, t)| t.data()[i]);
    0.05 * x.abs().max(1.0)
}

/// Entries to look at: all of a small array, some of a large one.
fn spread(n: usize) -> impl Iterator<Item = usize> {
    let count = n.min(MAX_ENTRIES);
    (0..count).map(move |k| k * n / count)
}

fn entry(name: &str, shape: Shape, i: usize) -> String {
    match shape {
        Shape::Scalar => name.to_string(),
        Shape::Vector(_) => format!("{name}[{}]", i + 1),
        Shape::Matrix(_, n) => format!("{name}[{}, {}]", i / n + 1, i % n + 1),
    }
}

fn row(symbolic: f64, numeric: Estimate, by: String, also_by: Option<String>) -> Row {
    let agreement = agreement(symbolic, numeric);
    Row { by, also_by, along: false, symbolic, numeric: numeric.value, agreement }
}

fn agreement(symbolic: f64, numeric: Estimate) -> Agreement {
    // Differences do not see what is infinite.
    if !numeric.value.is_finite() || symbolic.is_infinite() {
        return Agreement::Unsettled;
    }
    let size = symbolic.abs().max(numeric.value.abs());
    let gap = (symbolic - numeric.value).abs();
    if gap <= TOLERANCE * size || gap <= 1e-10 {
        let digits = if gap == 0.0 { MOST_DIGITS } else { (size.max(1e-3) / gap).log10() };
        return Agreement::Digits(digits.clamp(0.0, MOST_DIGITS) as u32);
    }
    if numeric.error.is_nan() || numeric.error > 1e-3 * size || gap <= 30.0 * numeric.error {
        return Agreement::Unsettled;
    }
    Agreement::No
}

fn is_worse(a: &Row, b: &Row) -> bool {
    let rank = |r: &Row| match r.agreement {
        Agreement::No => 0,
        Agreement::Kink => 1,
        Agreement::Unsettled => 2,
        Agreement::Digits(n) => 3 + n,
    };
    rank(a) < rank(b)
}

/// Whether slopes from the left and from the right differ at the point.
fn has_kink(f: &dyn Fn(f64) -> Option<f64>, size: f64) -> bool {
    let h = 1e-5 * size;
    let (Some(left), Some(middle), Some(right)) = (f(-h), f(0.0), f(h)) else { return true };
    let (before, after) = ((middle - left) / h, (right - middle) / h);
    let rounding = 8.0 * f64::EPSILON * middle.abs().max(left.abs()) / h;
    (after - before).abs() > 1e-2 * before.abs().max(after.abs()) + rounding
}
