//! The shape of functions of one number: where they bend up or down, where
//! they rise or fall.
//!
//! A row of the operator table cuts the domain into [`Piece`]s. On each piece a
//! function keeps its curvature and its direction, so the pieces say at once
//! what convexity analysis asks (is `tanh` concave on x >= 0?) and what interval
//! arithmetic asks (where does the largest value over an interval lie?). Powers
//! have pieces by exponent ([`power_pieces`]).
//!
//! Sources: Boyd & Vandenberghe, Convex Optimization, sec. 3.1.5; Grant, Boyd &
//! Ye, Disciplined Convex Programming, 2006, sec. 4 (atoms).

/// How a function bends on a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// Its second derivative is nowhere negative.
    Convex,
    /// Its second derivative is nowhere positive.
    Concave,
    /// A straight line.
    Straight,
    /// Nothing is known.
    Free,
}

/// Whether a function rises or falls on a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Nondecreasing.
    Up,
    /// Nonincreasing.
    Down,
    /// Nothing is known.
    Free,
}

/// A closed stretch of the real line on which a function keeps its shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Its lower end; the function may be infinite there.
    pub from: f64,
    /// Its upper end.
    pub to: f64,
    /// How the function bends.
    pub bend: Bend,
    /// Where it goes.
    pub trend: Trend,
}

const INF: f64 = f64::INFINITY;

const fn piece(from: f64, to: f64, bend: Bend, trend: Trend) -> Piece {
    Piece { from, to, bend, trend }
}

use Bend::{Concave, Convex, Straight};
use Trend::{Down, Up};

/// Convex and rising everywhere: `exp`.
pub const CONVEX_UP: &[Piece] = &[piece(-INF, INF, Convex, Up)];
/// Concave and rising on the positive numbers: `log`, `sqrt`.
pub const LOG_LIKE: &[Piece] = &[piece(0.0, INF, Concave, Up)];
/// `log1p`
pub const LOG1P: &[Piece] = &[piece(-1.0, INF, Concave, Up)];
/// `acosh`
pub const ACOSH: &[Piece] = &[piece(1.0, INF, Concave, Up)];
/// Convex, falling to the least value at 0: `cosh`.
pub const BOWL: &[Piece] = &[piece(-INF, 0.0, Convex, Down), piece(0.0, INF, Convex, Up)];
/// `abs`
pub const ABS: &[Piece] = &[piece(-INF, 0.0, Straight, Down), piece(0.0, INF, Straight, Up)];
/// `relu`
pub const RELU: &[Piece] = &[piece(-INF, 0.0, Straight, Up), piece(0.0, INF, Straight, Up)];
/// Rising, convex below 0 and concave above: `tanh`, `sigmoid`, `cbrt`.
pub const S_SHAPED: &[Piece] = &[piece(-INF, 0.0, Convex, Up), piece(0.0, INF, Concave, Up)];
/// Rising, concave below 0 and convex above: `sinh`.
pub const CUBE_LIKE: &[Piece] = &[piece(-INF, 0.0, Concave, Up), piece(0.0, INF, Convex, Up)];
/// `asin`, `atanh`
pub const ASIN: &[Piece] = &[piece(-1.0, 0.0, Concave, Up), piece(0.0, 1.0, Convex, Up)];
/// `acos`
pub const ACOS: &[Piece] = &[piece(-1.0, 0.0, Convex, Down), piece(0.0, 1.0, Concave, Down)];
/// `erfc`
pub const ERFC: &[Piece] = &[piece(-INF, 0.0, Concave, Down), piece(0.0, INF, Convex, Down)];
/// Rising in steps: `floor`, `sign`.
pub const STEPS: &[Piece] = &[piece(-INF, INF, Bend::Free, Up)];
/// `gamma` and `lgamma` of positive numbers.
pub const GAMMA: &[Piece] = &[piece(0.0, INF, Convex, Trend::Free)];
/// `digamma` of positive numbers.
pub const DIGAMMA: &[Piece] = &[piece(0.0, INF, Concave, Up)];
/// `trigamma` of positive numbers, and `1/x`.
pub const FALLING: &[Piece] = &[piece(0.0, INF, Convex, Down)];

/// The pieces of `x^p`.
pub fn power_pieces(p: f64) -> &'static [Piece] {
    const ODD_RECIPROCAL: &[Piece] =
        &[piece(-INF, 0.0, Concave, Down), piece(0.0, INF, Convex, Down)];
    const EVEN_RECIPROCAL: &[Piece] =
        &[piece(-INF, 0.0, Convex, Up), piece(0.0, INF, Convex, Down)];
    const RISING: &[Piece] = &[piece(0.0, INF, Convex, Up)];
    const LINE: &[Piece] = &[piece(-INF, INF, Straight, Up)];
    let whole = p.fract() == 0.0;
    // Exponents beyond 2^53 are even, as doubles go.
    let odd = whole && p.abs() < 9e15 && (p as i64) % 2 != 0;
    match (whole, odd) {
        (true, true) if p == 1.0 => LINE,
        (true, true) if p > 0.0 => CUBE_LIKE,
        (true, true) => ODD_RECIPROCAL,
        (true, false) if p > 0.0 => BOWL,
        (true, false) if p < 0.0 => EVEN_RECIPROCAL,
        (false, _) if p > 1.0 => RISING,
        (false, _) if p > 0.0 => LOG_LIKE,
        (false, _) if p < 0.0 => FALLING,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Domain, OpDef, Value, table};

    fn points(p: &Piece) -> Vec<f64> {
        let (a, b) = (p.from.max(-20.0), p.to.min(20.0));
        (1..40).map(|k| a + (b - a) * f64::from(k) / 40.0).collect()
    }

    fn check(name: &str, f: &dyn Fn(f64) -> f64, p: &Piece) {
        let xs = points(p);
        for w in xs.windows(3) {
            let (a, m, b) = (f(w[0]), f(w[1]), f(w[2]));
            let slack = 1e-9 * (1.0 + a.abs() + b.abs());
            match p.trend {
                Up => assert!(b >= a - slack, "{name} rises at {}", w[0]),
                Down => assert!(b <= a + slack, "{name} falls at {}", w[0]),
                Trend::Free => {}
            }
            let gap = (a + b) / 2.0 - m;
            match p.bend {
                Convex => assert!(gap >= -slack, "{name} is convex at {}", w[1]),
                Concave => assert!(gap <= slack, "{name} is concave at {}", w[1]),
                Straight => assert!(gap.abs() <= slack, "{name} is straight at {}", w[1]),
                Bend::Free => {}
            }
        }
    }

    #[test]
    fn rows_have_the_shape_they_claim() {
        let unary = table().iter().filter_map(|row: &&'static OpDef| match row.value {
            Value::Unary(f) if !row.traits.pieces.is_empty() => Some((row, f)),
            _ => None,
        });
        for (row, f) in unary {
            for p in row.traits.pieces {
                check(row.name, &f, p);
            }
            let whole = |w: &[Piece]| w[0].to == w[1].from;
            assert!(row.traits.pieces.windows(2).all(whole), "{} has gaps", row.name);
            if row.domain != Domain::NotPole {
                let ends = (row.traits.pieces[0].from, row.traits.pieces.last().map(|p| p.to));
                assert_eq!(Some(row.domain.hull()), ends.1.map(|to| (ends.0, to)), "{}", row.name);
            }
        }
    }

    #[test]
    fn powers_have_the_shape_they_claim() {
        for p in [-4.0, -3.0, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0] {
            for piece in power_pieces(p) {
                check(&format!("x^{p}"), &|x| crate::special::pow(x, p), piece);
            }
        }
    }
}
