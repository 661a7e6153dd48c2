//! The gamma function and its relatives, and the error function.
//!
//! `gamma`, `lgamma`, `erf`, `erfc` are those of the crate `libm` (FreeBSD's msun and
//! musl). `digamma` of x > 0 is by polynomials that `vector` has. The polygamma functions
//! use, for x > 0, the recurrence up to x >= 12 and there the asymptotic series. For x < 0
//! all use the reflection formula.
//!
//! Source: NIST Digital Library of Mathematical Functions, dlmf.nist.gov: 5.5.2 and 5.15.5
//! (recurrence), 5.5.4 and 5.15.6 (reflection), 5.11.2 and 5.15.8 (asymptotic series).

use std::f64::consts::PI;

use super::vector;

/// The error function 2/sqrt(pi) * integral of exp(-t^2) from 0 to x; 1 ulp.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 - erf(x), without cancellation for large x; accurate to 2 ulp where it is normal.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The gamma function. inf at 0 and -inf at -0; NaN at negative whole numbers and -inf;
/// inf above 171.62. Relative accuracy 1e-15.
pub fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// log(|gamma(x)|). inf at 0, at negative whole numbers and at both infinities. Relative
/// accuracy 1e-15 for x > 0, and for x < 0 away from zeros.
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The digamma function, the derivative of `lgamma`. NaN at negative whole numbers and
/// -inf, -inf at 0 and inf at -0. For x > 0 accurate to 1e-15, also near the zero at
/// 1.4616; for x < 0 relative to the result where it is above 1, absolutely near the zeros.
pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        let r = from_nearest_whole(x);
        if r == 0.0 {
            return f64::NAN;
        }
        return digamma(1.0 - x) - PI / (PI * r).tan();
    }
    vector::digamma_of_number(x)
}

/// The trigamma function, the derivative of `digamma`. inf at 0 and negative whole
/// numbers, NaN at -inf. Relative accuracy 6e-16.
pub fn trigamma(x: f64) -> f64 {
    if x < 0.0 {
        let s = (PI * from_nearest_whole(x)).sin() / PI;
        return 1.0 / (s * s) - trigamma(1.0 - x);
    }
    let (x, lower) = shifted(x, |x| 1.0 / (x * x));
    let z = 1.0 / (x * x);
    let series = z / x * horner(z, |k| BERNOULLI[k]);
    lower + (1.0 / x + 0.5 * z + series)
}

/// The second derivative of `digamma`. -inf at 0, inf at -0, NaN at negative whole
/// numbers and -inf. Relative accuracy 5e-16 for x > 0; for x < 0 relative to the larger
/// term of the reflection formula, near poles 1e-14.
pub fn tetragamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        let r = from_nearest_whole(x);
        if r == 0.0 {
            return f64::NAN;
        }
        let (sin, cos) = (PI * r).sin_cos();
        return tetragamma(1.0 - x) - 2.0 * cos * (PI / sin).powi(3);
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let (x, lower) = shifted(x, |x| -2.0 / (x * x * x));
    let z = 1.0 / (x * x);
    let series = z * z * horner(z, |k| BERNOULLI[k] * (even(k) + 1.0));
    lower - (z + z / x + series)
}

/// B_2, B_4, ..., B_18.
const BERNOULLI: [f64; 9] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
];

/// The first argument at which the series above, cut after B_18, is exact to rounding.
const ASYMPTOTIC_FROM: f64 = 12.0;

/// The subscript of `BERNOULLI[k]`: 2, 4, ...
fn even(k: usize) -> f64 {
    2.0 * (k as f64 + 1.0)
}

/// Sum of coefficient(k) z^k over the Bernoulli numbers.
fn horner(z: f64, coefficient: impl Fn(usize) -> f64) -> f64 {
    (0..BERNOULLI.len()).rev().fold(0.0, |sum, k| sum * z + coefficient(k))
}

/// x moved up by whole steps to where the series holds, and the sum of `term` on the way,
/// the smallest terms first.
fn shifted(x: f64, term: impl Fn(f64) -> f64) -> (f64, f64) {
    let steps = (ASYMPTOTIC_FROM - x).ceil().max(0.0) as u32;
    let sum = (0..steps).rev().map(|k| term(x + f64::from(k))).sum();
    (x + f64::from(steps), sum)
}

/// x - round(x), exactly: functions of pi*x of period 1 need no more of x.
fn from_nearest_whole(x: f64) -> f64 {
    x - x.round()
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, close};
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn values() {
        type Row = (&'static str, fn(f64) -> f64, &'static [(f64, f64)], f64);
        let tables: [Row; 7] = [
            ("erf", erf, reference::ERF, 3e-16),
            ("erfc", erfc, reference::ERFC, 5e-16),
            ("gamma", gamma, reference::GAMMA, 1e-15),
            ("lgamma", lgamma, reference::LGAMMA, 1e-15),
            ("digamma", digamma, reference::DIGAMMA, 2e-15),
            ("trigamma", trigamma, reference::TRIGAMMA, 2e-15),
            ("tetragamma", tetragamma, reference::TETRAGAMMA, 3e-15),
        ];
        for (name, f, table, tolerance) in tables {
            for &(x, expected) in table {
                close(name, x, f(x), expected, tolerance);
            }
        }
    }

    #[test]
    fn poles_infinities_and_nan() {
        for f in [erf, erfc, gamma, lgamma, digamma, trigamma, tetragamma] {
            assert!(f(f64::NAN).is_nan());
        }
        assert_eq!((erf(INF), erf(-INF), erfc(INF), erfc(-INF)), (1.0, -1.0, 0.0, 2.0));
        assert_eq!((gamma(0.0), gamma(-0.0), gamma(INF), gamma(172.0)), (INF, -INF, INF, INF));
        assert!(gamma(-3.0).is_nan() && gamma(-INF).is_nan());
        assert_eq!((lgamma(0.0), lgamma(-3.0), lgamma(INF), lgamma(1e308)), (INF, INF, INF, INF));
        assert_eq!((digamma(0.0), digamma(-0.0), digamma(INF)), (-INF, INF, INF));
        assert!(digamma(-3.0).is_nan() && digamma(-INF).is_nan());
        assert_eq!((trigamma(0.0), trigamma(-3.0), trigamma(INF)), (INF, INF, 0.0));
        assert!(trigamma(-INF).is_nan());
        assert_eq!((tetragamma(0.0), tetragamma(-0.0), tetragamma(INF)), (-INF, INF, 0.0));
        assert!(tetragamma(-3.0).is_nan() && tetragamma(-INF).is_nan());
    }
}
