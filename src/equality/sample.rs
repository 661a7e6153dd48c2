//! Random points of the declared domain.
//!
//! The first points are small whole numbers, since a counterexample is read by
//! people; the others are drawn at several scales, so that functions with
//! small domains (`asin`, `log`) meet points they accept.

use crate::expr::SymbolId;
use crate::random::Stream;
use crate::shape::Tensor;

/// An unknown with its bounds.
#[derive(Clone, Debug)]
pub struct Domain {
    /// The unknown.
    pub unknown: SymbolId,
    /// Its start value, of its shape.
    pub start: Tensor,
    /// Smallest values, of its shape.
    pub lower: Option<Tensor>,
    /// Largest values.
    pub upper: Option<Tensor>,
}

/// A value for each unknown.
pub type Point = Vec<(SymbolId, Tensor)>;

/// Draws of small whole numbers before the others.
const WHOLE: usize = 8;

/// The `k`-th random point.
pub(super) fn draw(domains: &[Domain], k: usize, stream: &mut Stream) -> Point {
    domains.iter().map(|d| (d.unknown, within(d, |_| raw(k, stream)))).collect()
}

/// A point near another: every entry moved by about half its size.
pub(super) fn near(domains: &[Domain], point: &Point, stream: &mut Stream) -> Point {
    let mut around = |d: &Domain| {
        let centre = point.iter().find(|(u, _)| *u == d.unknown).map_or(&d.start, |(_, t)| t);
        within(d, |i| {
            let x = centre.data()[i];
            x + 0.5 * x.abs().max(1.0) * stream.standard_normal()
        })
    };
    domains.iter().map(|d| (d.unknown, around(d))).collect()
}

/// Entries from `entry`, moved between the bounds.
fn within(d: &Domain, mut entry: impl FnMut(usize) -> f64) -> Tensor {
    let bound = |t: &Option<Tensor>, i: usize, none: f64| t.as_ref().map_or(none, |t| t.data()[i]);
    let data: Vec<f64> = (0..d.start.data().len())
        .map(|i| {
            let lower = bound(&d.lower, i, f64::NEG_INFINITY);
            inside(entry(i), lower, bound(&d.upper, i, f64::INFINITY))
        })
        .collect();
    Tensor::new(d.start.shape(), data)
}

fn raw(k: usize, stream: &mut Stream) -> f64 {
    match k {
        0..3 => 1.0 + stream.below(4) as f64,
        _ if k < WHOLE => stream.below(7) as f64 - 3.0,
        _ => match k % 4 {
            0 => stream.standard_normal(),
            1 => stream.unit(),
            2 => 3.0 * stream.standard_normal(),
            _ => 0.5 + 2.5 * stream.unit(),
        },
    }
}

/// The number, or one made from it between the bounds.
fn inside(x: f64, lower: f64, upper: f64) -> f64 {
    if lower <= x && x <= upper {
        return x;
    }
    let beyond = x.abs();
    match (lower.is_finite(), upper.is_finite()) {
        (true, true) => lower + (upper - lower) * (beyond / (1.0 + beyond)),
        (true, false) => lower + beyond,
        (false, true) => upper - beyond,
        (false, false) => x,
    }
}
