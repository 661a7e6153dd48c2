//! Powers, from a logarithm and an exponential of two parts.
//!
//! A power is e^(y*log(x)), where an error of the exponent, up to 745, becomes
//! one of the result. So the logarithm is the sum of two doubles, of about 65
//! bits, and so is the exponent.

use super::lanes::{Lanes, ROUNDING};

/// log2(e)
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The first 42 bits of log(2), and the rest.
const LN2: (f64, f64) = (0.6931471805598903, 5.497923018708371e-14);
/// 2/3 and 2/5 in two parts.
const THIRD: (f64, f64) = (0.6666666666666666, 3.700743415417188e-17);
const FIFTH: (f64, f64) = (0.4, -2.2204460492503132e-17);

/// (log((1 + s)/(1 - s))/s - 2 - 2/3*z - 2/5*z^2)/z^3 with z = s^2 <= 0.0401;
/// error times z^3 1.4e-21.
const LOG_TAIL: [f64; 8] = [
    0.2857142857142857,
    0.22222222222228893,
    0.1818181817834098,
    0.15384616074458815,
    0.1333326622254035,
    0.11768241493884764,
    0.1042371644717611,
    0.11051622413568618,
];

/// (e^r - 1 - r)/r^2 for |r| <= log(2)/2; error times r^2 3.1e-19.
const EXP_TAIL: [f64; 11] = [
    0.5,
    0.1666666666666667,
    0.041666666666666685,
    0.00833333333332614,
    0.0013888888888874409,
    0.00019841269874804437,
    2.4801587347312796e-05,
    2.7557255421276363e-06,
    2.755725293824305e-07,
    2.510520806207147e-08,
    2.0921580655562987e-09,
];

/// log(x) of a positive finite number as a sum of two, the second below 2^-33;
/// relative error 2^-64.
///
/// With x = m*2^e, f = m - 1 and s = f/(2 + f), log(x) = e*log(2) + 2*s + s*c,
/// where c = z*(2/3 + z*(2/5 + z*tail)) and z = s^2. What rounding takes from
/// each step down to 2/5 is kept.
#[inline(always)]
pub fn log_in_two<L: Lanes>(x: L) -> (L, L) {
    let (m, e) = x.split();
    let (one, two) = (x.constant(1.0), x.constant(2.0));
    let f = m - one;
    let below = f + two;
    let below_low = f - (below - two);
    let inverse = one / below;
    let s = f * inverse;
    let rest = s.neg_mul_add(below_low, s.neg_mul_add(below, f));
    let s_low = rest * inverse;

    let twice = s + s;
    let z = s * s;
    let z_low = twice.mul_add(s_low, s.mul_add(s, -z));
    let tail = z.polynomial(&LOG_TAIL);
    let (fifth, third) = (x.constant(FIFTH.0), x.constant(THIRD.0));
    let a = z.mul_add(tail, fifth);
    let a_low = z.mul_add(tail, fifth - a) + x.constant(FIFTH.1);
    let b = z.mul_add(a, third);
    let b_low = z.mul_add(a_low, z_low.mul_add(a, x.constant(THIRD.1)));
    let b_low = z.mul_add(a, third - b) + b_low;
    let c = z * b;
    let c_low = z.mul_add(b, -c) + z.mul_add(b_low, z_low * b);
    let p = s * c;
    let p_low = s.mul_add(c, -p) + s.mul_add(c_low, s_low * c);

    // The first product is exact, and larger than 2*s or zero.
    let large = e.mul_add(x.constant(LN2.0), twice);
    let large_low = e.mul_add(x.constant(LN2.0), -large) + twice;
    let sum = large + p;
    let sum_low = (large - sum) + p;
    let small = e.mul_add(x.constant(LN2.1), s_low + s_low);
    (sum, sum_low + (large_low + (p_low + small)))
}

/// e^(x + low) within 0.6 ulp for |low| up to 2^-30, subnormal results included;
/// infinite above 709.78, 0 below -745.2.
///
/// The result is 1 + r rounded, and a sum of what is left; so a power that is a
/// double is found exactly.
#[inline(always)]
pub fn exp_of_two<L: Lanes>(x: L, low: L) -> L {
    // Beyond this, where `low` may be anything, it does not matter.
    let inside = x.magnitude().less(x.constant(800.0));
    let low = L::select(inside, low, x.constant(0.0));
    // A NaN stays one: it is the second argument.
    let x = x.constant(-746.0).larger(x);
    let x = x.constant(710.0).smaller(x);
    let n = x.mul_add(x.constant(LOG2_E), x.constant(ROUNDING)) - x.constant(ROUNDING);
    let t = n.neg_mul_add(n.constant(LN2.0), x);
    let low = n.neg_mul_add(n.constant(LN2.1), low);
    let r = t + low;
    let low = (t - r) + low;
    let one = r.constant(1.0);
    let sum = one + r;
    let lost = (one - sum) + r;
    (sum + (r * r).mul_add(r.polynomial(&EXP_TAIL), lost + low)).scale(n)
}

/// x^y within 1 ulp for positive finite x and finite y.
#[inline(always)]
pub fn pow<L: Lanes>(x: L, y: L) -> L {
    let (log, log_low) = log_in_two(x);
    let exponent = y * log;
    exp_of_two(exponent, y.mul_add(log_low, y.mul_add(log, -exponent)))
}

/// All but positive finite bases and finite exponents.
#[inline(always)]
pub fn pow_is_hard<L: Lanes>(x: L, y: L) -> L::Mask {
    let infinity = x.constant(f64::INFINITY);
    !(x.constant(0.0).less(x) & x.less(infinity) & y.magnitude().less(infinity))
}
