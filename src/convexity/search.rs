//! Counterexamples: two points and their midpoint.
//!
//! In: an expression and its box. Out: points that refute convexity, and points
//! that refute concavity, where they are found. First plain points (small whole
//! numbers, ends of bounds), then random ones; at each the second derivative
//! along a direction says where a violation is likely, and steps of several
//! lengths are tried there. Points are rounded to few digits as far as the
//! violation stays.
//!
//! A violation counts when interval arithmetic proves it at these very points;
//! where an operator has no interval form, when it exceeds 1e-6 of the values.
//! The search is the same on every run: its draws come from a fixed seed.

use super::Bounds;
use super::enclose::{Arr, enclose};
use super::interval::Interval;
use crate::diff;
use crate::eval;
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::patience;
use crate::random::Stream;
use crate::report::number::human;
use crate::shape::{Shape, Tensor};

/// Smallest violation beside the values that is shown.
const VISIBLE: f64 = 1e-9;
/// Smallest violation that counts without a proof by intervals.
const CLEAR: f64 = 1e-6;
/// Entries that second derivatives may compute in all: those of a long product take as many as the square of its length.
const MOST_CURVATURE: usize = 20_000_000;
/// Steps along a direction.
const STEPS: [f64; 8] = [1.0, 2.0, 0.5, 0.25, 4.0, 0.1, 0.03, 0.01];

/// Two points between which an inequality fails at the midpoint.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The unknowns, in the order of the points.
    pub unknowns: Vec<SymbolId>,
    /// The ends and the midpoint, entries of all unknowns one after another.
    pub points: [Vec<f64>; 3],
    /// The values there; no number where the formula has none.
    pub values: [f64; 3],
}

impl Counterexample {
    /// The violated inequality with its numbers.
    pub fn in_words(&self, g: &Graph, word: &str) -> String {
        let at = |k: usize| point_text(g, &self.unknowns, &self.points[k]);
        let [fa, fb, fm] = self.values;
        let ends = format!("f = {} at {} and f = {} at {}", human(fa), at(0), human(fb), at(1));
        if !fm.is_finite() {
            return format!("not {word}: {ends}, but f has no value at the midpoint {}", at(2));
        }
        let mean = fa / 2.0 + fb / 2.0;
        let sign = if fm > mean { ">" } else { "<" };
        format!(
            "not {word}: {ends}, but f = {} at the midpoint {}, {} {sign} {}",
            human(fm),
            at(2),
            human(fm),
            human(mean)
        )
    }
}

fn point_text(g: &Graph, unknowns: &[SymbolId], x: &[f64]) -> String {
    let mut at = 0;
    let mut parts = Vec::new();
    for &u in unknowns {
        let symbol = g.symbol(u);
        let n = symbol.shape.len();
        let entries = &x[at..at + n];
        parts.push(match symbol.shape {
            Shape::Scalar => format!("{} = {}", symbol.name, human(entries[0])),
            Shape::Vector(_) if n <= 8 => format!("{} = [{}]", symbol.name, listed(entries)),
            shape => mostly_zero(&symbol.name, shape, entries),
        });
        at += n;
    }
    if parts.len() == 1 { parts.swap_remove(0) } else { format!("({})", parts.join(", ")) }
}

fn listed(entries: &[f64]) -> String {
    entries.iter().map(|&v| human(v)).collect::<Vec<_>>().join(", ")
}

/// The entries of a large array that are not zero, as far as they are few.
fn mostly_zero(name: &str, shape: Shape, entries: &[f64]) -> String {
    const MOST: usize = 6;
    let place = |k: usize| match shape {
        Shape::Matrix(_, cols) => format!("{name}[{}, {}]", k / cols + 1, k % cols + 1),
        _ => format!("{name}[{}]", k + 1),
    };
    let others: Vec<String> = entries
        .iter()
        .enumerate()
        .filter(|(_, v)| **v != 0.0)
        .map(|(k, &v)| format!("{} = {}", place(k), human(v)))
        .collect();
    match others.len() {
        0 => format!("{name} = 0"),
        m if m <= MOST => format!("{name} = 0 but {}", others.join(", ")),
        _ => format!("{}, ...", others[..MOST].join(", ")),
    }
}

/// Points that refute convexity, and points that refute concavity.
pub fn search(g: &mut Graph, f: ExprId, bounds: &Bounds) -> [Option<Counterexample>; 2] {
    let mut search = Search::new(g, f, bounds);
    search.plain();
    search.guided();
    search.found
}

struct Search<'a> {
    g: &'a Graph,
    f: ExprId,
    /// `f` in the form that is safe to evaluate.
    stable: ExprId,
    /// The second derivative along a direction, and the direction's symbols.
    curvature: ExprId,
    directions: Vec<SymbolId>,
    unknowns: Vec<SymbolId>,
    box_: Vec<Interval>,
    calls: usize,
    /// Second derivatives that may still be asked for.
    curvatures: usize,
    random: Stream,
    found: [Option<Counterexample>; 2],
}

impl<'a> Search<'a> {
    fn new(g: &'a mut Graph, f: ExprId, bounds: &Bounds) -> Search<'a> {
        let unknowns = g.unknowns(&[f]);
        let mut directions = Vec::new();
        let mut moves = Vec::new();
        for &u in &unknowns {
            let d = g.declare(Symbol::unknown("d", g.symbol(u).shape));
            directions.push(d);
            moves.push((u, g.leaf(d)));
        }
        let slope = diff::tangent(g, &[f], &moves);
        let curvature = diff::tangent(g, &slope, &moves);
        let safe = crate::simplify::stable(g, &[f, curvature[0]]);
        let box_ = unknowns
            .iter()
            .flat_map(|&u| bounds.array(g, u).map(|a| a.data.to_vec()).unwrap_or_default());
        Search {
            box_: box_.collect(),
            calls: (3_000_000 / eval::work(g, &safe[..1]).max(1)).clamp(60, 6000),
            curvatures: MOST_CURVATURE / eval::work(g, &safe[1..]).max(1),
            g,
            f,
            stable: safe[0],
            curvature: safe[1],
            directions,
            unknowns,
            random: Stream::new(0).split("convexity"),
            found: [None, None],
        }
    }

    fn is_done(&self) -> bool {
        self.calls == 0 || self.found.iter().all(Option::is_some)
    }

    fn tensor(&self, s: SymbolId, x: &[f64], symbols: &[SymbolId]) -> Option<Tensor> {
        let mut at = 0;
        for (k, &u) in self.unknowns.iter().enumerate() {
            let shape = self.g.symbol(u).shape;
            if symbols[k] == s {
                return Some(Tensor::new(shape, &x[at..at + shape.len()]));
            }
            at += shape.len();
        }
        None
    }

    /// The value at a point; not a number where there is none.
    fn value(&mut self, x: &[f64]) -> f64 {
        self.calls = self.calls.saturating_sub(1);
        let at = |s: SymbolId| self.tensor(s, x, &self.unknowns);
        let value = crate::eval::evaluate(self.g, &[self.stable], &at);
        value.ok().and_then(|v| v[0].as_scalar()).filter(|v| v.is_finite()).unwrap_or(f64::NAN)
    }

    fn curvature(&mut self, x: &[f64], d: &[f64]) -> f64 {
        self.calls = self.calls.saturating_sub(1);
        self.curvatures = self.curvatures.saturating_sub(1);
        let at = |s: SymbolId| {
            self.tensor(s, x, &self.unknowns).or_else(|| self.tensor(s, d, &self.directions))
        };
        let value = crate::eval::evaluate(self.g, &[self.curvature], &at);
        value.ok().and_then(|v| v[0].as_scalar()).unwrap_or(f64::NAN)
    }

    /// Plain points first: they make the best examples.
    fn plain(&mut self) {
        let n = self.box_.len();
        if n <= 2 {
            let points = grid(&self.box_);
            let mut pairs: Vec<(usize, usize)> =
                (0..points.len()).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
            // The grid is in order of plainness.
            pairs.sort_by_key(|&(i, j)| i + j);
            for (i, j) in pairs.into_iter().take(600) {
                self.check(&points[i], &points[j]);
                if self.is_done() {
                    return;
                }
            }
            return;
        }
        let values: Vec<Vec<f64>> = self.box_.iter().map(|&b| plain_values(b, 5)).collect();
        let (full, base) = (self.calls, values.iter().map(|v| v[0]).collect::<Vec<f64>>());
        while self.calls > full / 2 && !self.is_done() {
            // At first only one or two entries differ from the plainest point.
            let few = self.calls > full * 3 / 4;
            let mut draw = |v: &Vec<f64>| v[self.random.below(v.len())];
            let mut a = if few { base.clone() } else { values.iter().map(&mut draw).collect() };
            let mut b = a.clone();
            let first = self.random.below(n);
            // Neighbours are often what a formula couples.
            let apart = if self.random.unit() < 0.5 { 1 } else { self.random.below(n) };
            for k in [first, (first + apart) % n] {
                a[k] = values[k][self.random.below(values[k].len())];
                b[k] = values[k][self.random.below(values[k].len())];
            }
            self.check(&a, &b);
        }
    }

    /// Random points and directions, where the second derivative has the sign
    /// that refutes.
    fn guided(&mut self) {
        let n = self.box_.len();
        let mut turn = 0;
        while !self.is_done() && self.curvatures > 0 {
            patience::look();
            turn += 1;
            let scale = [1.0, 3.0, 0.3, 10.0, 100.0][turn % 5];
            let mut x: Vec<f64> = (0..n).map(|k| self.draw(k, scale)).collect();
            let mut d = self.direction(turn);
            let mut c = self.curvature(&x, &d);
            for (k, sign) in [(0, 1.0), (1, -1.0)] {
                // A few random steps towards more of the curvature that is
                // wanted, relative to the direction.
                for _ in 0..6 {
                    if self.found[k].is_some()
                        || c * sign < 0.0
                        || c.is_nan()
                        || self.curvatures == 0
                    {
                        break;
                    }
                    let near: Vec<f64> = (0..n).map(|j| self.near(x[j], j, scale)).collect();
                    let other = self.direction(turn + 1);
                    let next = self.curvature(&near, &other);
                    if next * sign < c * sign {
                        (x, d, c) = (near, other, next);
                    }
                }
                if self.found[k].is_none() && c * sign < 0.0 {
                    self.along(&x, &d);
                }
            }
        }
    }

    fn draw(&mut self, k: usize, scale: f64) -> f64 {
        let b = self.box_[k];
        if b.lo.is_finite() && b.hi.is_finite() {
            return b.lo + (b.hi - b.lo) * self.random.unit();
        }
        let v = scale * self.random.standard_normal();
        if b.lo.is_finite() {
            b.lo + v.abs()
        } else if b.hi.is_finite() {
            b.hi - v.abs()
        } else {
            v
        }
    }

    fn near(&mut self, v: f64, k: usize, scale: f64) -> f64 {
        let b = self.box_[k];
        (v + 0.3 * scale * self.random.standard_normal()).max(b.lo).min(b.hi)
    }

    /// A coordinate, a pair of coordinates, or any direction.
    fn direction(&mut self, turn: usize) -> Vec<f64> {
        let n = self.box_.len();
        let mut d = vec![0.0; n];
        match turn % 3 {
            0 => d[self.random.below(n)] = 1.0,
            1 => {
                d[self.random.below(n)] = 1.0;
                d[self.random.below(n)] = if self.random.unit() < 0.5 { 1.0 } else { -1.0 };
            }
            _ => d.iter_mut().for_each(|v| *v = self.random.standard_normal()),
        }
        d
    }

    fn along(&mut self, x: &[f64], d: &[f64]) {
        for step in STEPS {
            let moved = |h: f64| -> Vec<f64> {
                let entry = |k: usize| (x[k] + h * d[k]).max(self.box_[k].lo).min(self.box_[k].hi);
                (0..x.len()).map(entry).collect()
            };
            let (a, b) = (moved(-step), moved(step));
            if self.check(&a, &b) || self.is_done() {
                return;
            }
        }
    }

    /// Looks at a pair of points; true where a new violation was found, which
    /// is kept with as few digits as it needs.
    fn check(&mut self, a: &[f64], b: &[f64]) -> bool {
        let mut any = false;
        for k in 0..2 {
            if self.found[k].is_some() || !self.violates(a, b, k) {
                continue;
            }
            // What makes an example plainer is not taken from the search.
            let calls = self.calls;
            let (mut a, mut b) = self.sparse(a.to_vec(), b.to_vec(), k);
            for digits in 0..4 {
                let round = |(j, v): (usize, &f64)| {
                    rounded(*v, digits).max(self.box_[j].lo).min(self.box_[j].hi)
                };
                let p: Vec<f64> = a.iter().enumerate().map(round).collect();
                let q: Vec<f64> = b.iter().enumerate().map(round).collect();
                if p != q && self.violates(&p, &q, k) {
                    (a, b) = (p, q);
                    break;
                }
            }
            self.keep(a, b, k);
            self.calls = calls;
            any = true;
        }
        any
    }

    /// The points with as many entries as may be at 0, or at the nearest bound:
    /// tried for ever smaller stretches of entries.
    fn sparse(&mut self, mut a: Vec<f64>, mut b: Vec<f64>, k: usize) -> (Vec<f64>, Vec<f64>) {
        let n = a.len();
        if n <= 2 {
            return (a, b);
        }
        let mut size = n.div_ceil(2);
        let mut tries = 150;
        while size > 0 && tries > 0 {
            for from in (0..n).step_by(size).take(tries) {
                tries -= 1;
                let (mut p, mut q) = (a.clone(), b.clone());
                for j in from..(from + size).min(n) {
                    let zero = 0f64.max(self.box_[j].lo).min(self.box_[j].hi);
                    (p[j], q[j]) = (zero, zero);
                }
                if (p != a || q != b) && self.violates(&p, &q, k) {
                    (a, b) = (p, q);
                }
            }
            size /= 2;
        }
        (a, b)
    }

    fn keep(&mut self, a: Vec<f64>, b: Vec<f64>, k: usize) {
        let m = middle(&a, &b);
        let values = [self.value(&a), self.value(&b), self.value(&m)];
        let unknowns = self.unknowns.clone();
        self.found[k] = Some(Counterexample { unknowns, points: [a, b, m], values });
    }

    /// Whether the midpoint refutes convexity (`k` 0) or concavity (1).
    fn violates(&mut self, a: &[f64], b: &[f64], k: usize) -> bool {
        let (fa, fb) = (self.value(a), self.value(b));
        if fa.is_nan() || fb.is_nan() || a == b {
            return false;
        }
        let m = middle(a, b);
        let fm = self.value(&m);
        if fm.is_nan() {
            return self.is_gap(a, b);
        }
        let sign = if k == 0 { 1.0 } else { -1.0 };
        let excess = sign * (fm - (fa / 2.0 + fb / 2.0));
        let size = fa.abs() + fb.abs() + fm.abs();
        if excess.is_nan() || excess <= VISIBLE * size || size > 1e100 {
            return false;
        }
        self.proves(a, b, sign).unwrap_or(excess > CLEAR * size)
    }

    /// Whether there is no value all around the midpoint: a single point
    /// without one may be a hole that means nothing.
    fn is_gap(&mut self, a: &[f64], b: &[f64]) -> bool {
        [0.45, 0.49, 0.51, 0.55].into_iter().all(|t| {
            let near: Vec<f64> = a.iter().zip(b).map(|(p, q)| p + t * (q - p)).collect();
            self.value(&near).is_nan()
        })
    }

    /// The violation by intervals; `None` where they do not say.
    fn proves(&self, a: &[f64], b: &[f64], sign: f64) -> Option<bool> {
        let half = Interval::point(0.5);
        let at = |x: Vec<Interval>| -> Option<Interval> {
            let ranges = |s: SymbolId| {
                let mut at = 0;
                for &u in &self.unknowns {
                    let shape = self.g.symbol(u).shape;
                    if u == s {
                        return Some(Arr::new(shape, x[at..at + shape.len()].to_vec()));
                    }
                    at += shape.len();
                }
                None
            };
            let v = enclose(self.g, &[self.f], &ranges)?[0].hull();
            (v.lo.is_finite() && v.hi.is_finite()).then_some(v)
        };
        let points = |x: &[f64]| x.iter().map(|&v| Interval::point(v)).collect::<Vec<_>>();
        let exact =
            a.iter().zip(b).map(|(&p, &q)| (Interval::point(p) + Interval::point(q)) * half);
        let (fa, fb, fm) = (at(points(a))?, at(points(b))?, at(exact.collect())?);
        let excess = (fm - (fa + fb) * half) * Interval::point(sign);
        Some(excess.lo > 0.0)
    }
}

fn middle(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(p, q)| p / 2.0 + q / 2.0).collect()
}

/// A number with so many digits after the first.
fn rounded(v: f64, digits: i32) -> f64 {
    if v == 0.0 || !v.is_finite() {
        return v;
    }
    let unit = 10f64.powi(digits - v.abs().log10().floor() as i32);
    let r = (v * unit).round() / unit;
    if r.is_finite() { r } else { v }
}

/// The `most` plainest numbers of an interval, the plainest first.
fn plain_values(b: Interval, most: usize) -> Vec<f64> {
    const STEPS: [f64; 9] = [0.0, 1.0, 2.0, 0.5, 3.0, 5.0, 10.0, 0.1, 100.0];
    let mut values: Vec<f64> = match (b.lo.is_finite(), b.hi.is_finite()) {
        (true, true) => [0.0, 1.0, 0.5, 0.25, 0.75, 0.125, 0.875]
            .iter()
            .map(|t| b.lo + (b.hi - b.lo) * t)
            .collect(),
        (true, false) => STEPS.iter().map(|v| b.lo + v).collect(),
        (false, true) => STEPS.iter().map(|v| b.hi - v).collect(),
        _ => vec![0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, -4.0, 10.0, -10.0],
    };
    values.truncate(most);
    values.dedup();
    values
}

/// Points of one or two plain coordinates, the plainest first.
fn grid(bounds: &[Interval]) -> Vec<Vec<f64>> {
    let most = if bounds.len() == 1 { 13 } else { 5 };
    let values: Vec<Vec<f64>> = bounds.iter().map(|&b| plain_values(b, most)).collect();
    let [first, second] = &values[..] else {
        return values.concat().into_iter().map(|v| vec![v]).collect();
    };
    let mut places: Vec<(usize, usize)> =
        (0..first.len()).flat_map(|i| (0..second.len()).map(move |j| (i, j))).collect();
    places.sort_by_key(|&(i, j)| i + j);
    places.into_iter().map(|(i, j)| vec![first[i], second[j]]).collect()
}
