//! The values of functions of numbers over intervals.
//!
//! In: an elementwise operator and an interval for each argument. Out: an
//! interval that holds every value of the operator at points of its domain;
//! points outside the domain are left out. A function that rises or falls on
//! the pieces of its row has its extremes at ends of pieces and of the
//! argument, where the row's own value function is evaluated.
//!
//! Rigorous up to one assumption: that a value function errs by no more than the
//! accuracy that its row states, [`ULPS`] units in the last place (the libraries
//! used state 1 to 4) or [`SLACK`]. Roots and whole powers round outwards
//! without any assumption.

use super::interval::Interval;
use crate::expr::Op;
use crate::ops::{self, Accuracy, Domain, Piece, Trend, Value};

/// Assumed largest error of a value function, in units in the last place.
const ULPS: usize = 8;
/// Assumed largest error of functions with series of their own, relative to
/// `1 + |value|`.
const SLACK: f64 = 1e-12;

/// The values of an elementwise operator; `None` for what is no such operator.
pub fn image(op: Op, args: &[Interval]) -> Option<Interval> {
    match (op, args) {
        (Op::Sqrt, [x]) => Some(x.sqrt()),
        (Op::Abs, [x]) => Some(x.abs()),
        (Op::Relu, [x]) => Some(Interval { lo: x.lo.max(0.0), hi: x.hi.max(0.0) }),
        (Op::Sin, [x]) => Some(wave(*x, f64::sin)),
        (Op::Cos, [x]) => Some(wave(*x, f64::cos)),
        (Op::Tan, [x]) => Some(wave(*x, f64::sin) / wave(*x, f64::cos)),
        (Op::Max2, [a, b]) => Some(Interval { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) }),
        (Op::Min2, [a, b]) => Some(Interval { lo: a.lo.min(b.lo), hi: a.hi.min(b.hi) }),
        (Op::Dropout, [x, _]) => Some(*x),
        (Op::Running, [_, kept]) => Some(*kept),
        (Op::Hypot, [a, b]) => Some((a.powi(2) + b.powi(2)).sqrt()),
        (Op::Pow, [a, b]) => Some(power(*a, *b)),
        (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne, [a, b]) => Some(compare(op, *a, *b)),
        (Op::And, [a, b]) => image(Op::Min2, &[truth(*a), truth(*b)]),
        (Op::Or, [a, b]) => image(Op::Max2, &[truth(*a), truth(*b)]),
        (Op::Not, [a]) => Some(Interval::ONE - truth(*a)),
        (Op::Mod | Op::Atan2 | Op::Polygamma, [_, _]) => Some(Interval::ALL),
        // The row says nothing about the stretches between poles.
        (_, [x]) if ops::def(op).domain == Domain::NotPole && x.lo < 0.0 => Some(Interval::ALL),
        (_, [x]) => match ops::def(op).value {
            Value::Unary(f) => {
                Some(by_pieces(f, ops::def(op).traits.pieces, *x, ops::def(op).accuracy))
            }
            _ => None,
        },
        _ => None,
    }
}

/// An interval around a computed value. An infinite value at a finite
/// argument may be an overflow, so it bounds one side only.
fn around(v: f64, accuracy: Accuracy) -> Interval {
    if v.is_nan() {
        return Interval::ALL;
    }
    if v.is_infinite() {
        let far = f64::MAX.copysign(v);
        return Interval { lo: far.min(v), hi: far.max(v) };
    }
    match accuracy {
        Accuracy::Exact => Interval::point(v),
        Accuracy::Ulps => Interval::point(v).widened(ULPS),
        Accuracy::Absolute => {
            let e = SLACK * (1.0 + v.abs());
            Interval { lo: v - e, hi: v + e }
        }
        Accuracy::OfParts => Interval::ALL,
    }
}

/// The values of a function that is monotone on each of its pieces.
fn by_pieces(f: fn(f64) -> f64, pieces: &[Piece], x: Interval, error: Accuracy) -> Interval {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Interval::ALL };
    let Some(x) = x.meet(Interval { lo: first.from, hi: last.to }) else { return Interval::ALL };
    if pieces.iter().any(|p| p.trend == Trend::Free) {
        return Interval::ALL;
    }
    let inner = pieces[1..].iter().map(|p| p.from).filter(|&b| x.lo < b && b < x.hi);
    let mut values = around(f(x.lo), error).hull(around(f(x.hi), error));
    for b in inner {
        values = values.hull(around(f(b), error));
    }
    values.meet(limits(f, pieces, error)).unwrap_or(Interval::ALL)
}

/// The range over the whole domain, so that rounding does not make `exp`
/// negative. Values at ends of pieces are exact where they are whole numbers.
fn limits(f: fn(f64) -> f64, pieces: &[Piece], error: Accuracy) -> Interval {
    let at = |b: f64| {
        let v = f(b);
        if v.fract() == 0.0 || v.is_infinite() {
            Interval { lo: v, hi: v }
        } else {
            around(v, error)
        }
    };
    pieces.iter().fold(at(pieces[0].from), |range, p| range.hull(at(p.to)))
}

/// `x^p`, over the nonnegative numbers where the exponent is not whole.
fn power(x: Interval, p: Interval) -> Interval {
    if p.is_point() && p.lo.fract() == 0.0 && p.lo.abs() < 9e15 {
        return x.powi(p.lo as i64);
    }
    if !holds_whole(p) {
        // Between the powers at both ends, whatever the base.
        return fractional_power(x, p.lo).hull(fractional_power(x, p.hi));
    }
    // Over whole exponents a negative base is possible, too.
    if x.lo < 0.0 {
        return Interval::ALL;
    }
    let apply = |op: Op, a: Interval| image(op, &[a]).unwrap_or(Interval::ALL);
    apply(Op::Exp, p * apply(Op::Log, x))
}

/// Whether an interval may hold a whole number.
pub fn holds_whole(p: Interval) -> bool {
    p.lo.floor() != p.hi.floor() || p.lo.fract() == 0.0
}

fn fractional_power(x: Interval, p: f64) -> Interval {
    let Some(x) = x.meet(Interval::NONNEGATIVE) else { return Interval::ALL };
    let at = |v: f64| around(v.powf(p), Accuracy::Ulps);
    at(x.lo).hull(at(x.hi)).meet(Interval::NONNEGATIVE).unwrap_or(Interval::ALL)
}

/// `sin` or `cos`, whose slope is at most 1.
fn wave(x: Interval, f: fn(f64) -> f64) -> Interval {
    let unit = Interval { lo: -1.0, hi: 1.0 };
    let middle = x.lo / 2.0 + x.hi / 2.0;
    if x.hi - x.lo >= 4.0 || !middle.is_finite() {
        return unit;
    }
    let radius = (x - Interval::point(middle)).magnitude();
    let near = around(f(middle), Accuracy::Ulps) + Interval { lo: -radius, hi: radius };
    near.meet(unit).unwrap_or(unit)
}

/// Whether a number counts as true: 1, 0 or both.
fn truth(a: Interval) -> Interval {
    match (a.contains(0.0), a.is_point()) {
        (false, _) => Interval::ONE,
        (true, true) => Interval::ZERO,
        (true, false) => Interval { lo: 0.0, hi: 1.0 },
    }
}

/// Whether a comparison holds: 1, 0 or both.
fn compare(op: Op, a: Interval, b: Interval) -> Interval {
    let (always, never) = match op {
        Op::Lt => (a.hi < b.lo, a.lo >= b.hi),
        Op::Le => (a.hi <= b.lo, a.lo > b.hi),
        Op::Gt => (a.lo > b.hi, a.hi <= b.lo),
        Op::Ge => (a.lo >= b.hi, a.hi < b.lo),
        Op::Eq => (a.is_point() && a == b, a.meet(b).is_none()),
        _ => (a.meet(b).is_none(), a.is_point() && a == b),
    };
    match (always, never) {
        (true, _) => Interval::ONE,
        (_, true) => Interval::ZERO,
        _ => Interval { lo: 0.0, hi: 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_hold_the_values_at_points_inside() {
        let intervals = [(-3.0, 2.0), (0.0, 1.0), (0.25, 0.5), (-0.75, -0.25), (1.5, 40.0)];
        for row in ops::table() {
            let Value::Unary(f) = row.value else { continue };
            for (lo, hi) in intervals {
                let Some(range) = image(row.op, &[Interval::new(lo, hi)]) else { continue };
                for k in 0..=50 {
                    let x = lo + (hi - lo) * f64::from(k) / 50.0;
                    let v = f(x);
                    if row.domain.contains(x) && v.is_finite() {
                        assert!(range.contains(v), "{} at {x}: {v} not in {range:?}", row.name);
                    }
                }
            }
        }
    }

    #[test]
    fn limits_are_kept() {
        let far = Interval::new(-1e4, 1e4);
        assert_eq!(image(Op::Exp, &[far]), Some(Interval { lo: 0.0, hi: f64::INFINITY }));
        assert_eq!(image(Op::Tanh, &[far]), Some(Interval::new(-1.0, 1.0)));
        assert_eq!(image(Op::Log, &[Interval::NONNEGATIVE]), Some(Interval::ALL));
        let root = Interval::point(0.5);
        assert_eq!(image(Op::Pow, &[Interval::ALL, root]), Some(Interval::NONNEGATIVE));
    }
}
