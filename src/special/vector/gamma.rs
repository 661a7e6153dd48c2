//! Logarithm of the gamma function, and its derivative.
//!
//! From 2.5 on Stirling's formula with a minimax polynomial instead of the
//! asymptotic series. Below, a polynomial that is multiplied by the zeros, after
//! a step up by the recurrence where the argument is less than 0.7.
//!
//! Source: NIST Digital Library of Mathematical Functions, dlmf.nist.gov: 5.5.1,
//! 5.5.2 (recurrences), 5.11.1, 5.11.2 (Stirling's formula).

use super::lanes::Lanes;
use super::power::log_in_two;

/// The polynomials below are in (y - C)/(y + C), for y from 0.7 to 2.5.
const C: f64 = 1.3125;
/// Where the recurrence takes a step.
const STEP: f64 = 0.7;
/// Where Stirling's formula begins.
const LARGE: f64 = 2.5;
/// Beyond this products with the logarithm might overflow.
const LARGEST: f64 = 1e300;

/// log(2*pi)/2 - 1/2
const STIRLING: f64 = 0.4189385332046727;

/// lgamma(y)/((y - 1)*(y - 2)); relative error 1.3e-16, mostly that of rounded
/// coefficients.
const NEAR: [f64; 20] = [
    0.5129377501958122,
    -0.4550793788424045,
    0.12928851691051133,
    -0.15649822725332058,
    0.08611070793494502,
    -0.09597843949927205,
    0.06426394854695955,
    -0.06930456379580507,
    0.051182058100629355,
    -0.05424735916308482,
    0.04250721061788664,
    -0.044569390418731716,
    0.03631502738712414,
    -0.037814306960478564,
    0.03208263959749197,
    -0.0330480391866283,
    0.025116217519680115,
    -0.02682848561017068,
    0.039371010069998595,
    -0.03826747753856852,
];

/// (lgamma(x) - (x - 1/2)*(log(x) - 1) - STIRLING)*x in 1/x^2 <= 0.16; error
/// 1.8e-17.
const FAR: [f64; 13] = [
    0.08333333333333333,
    -0.002777777777751673,
    0.000793650783731374,
    -0.0005952366037404783,
    0.000841632781119272,
    -0.0019118436099576869,
    0.006228397546651096,
    -0.025421270354651217,
    0.10895104141827712,
    -0.41065538212777897,
    1.1663496889071057,
    -2.1143083667418217,
    1.7930735847556545,
];

/// The positive zero of the digamma function in two parts, and the first less 1.
const ZERO: (f64, f64) = (1.4616321449683622, 9.549995429965697e-17);
const ZERO_BEFORE: f64 = ZERO.0 - 1.0;

/// digamma(y)/(y - ZERO); relative error 1.8e-16, mostly that of rounded
/// coefficients.
const DIGAMMA_NEAR: [f64; 21] = [
    1.0400546189605522,
    -1.3976456169551232,
    1.0075380919217307,
    -1.0774496115779906,
    1.0243079198933036,
    -1.0551012555987724,
    1.0336064862217658,
    -1.049258805925644,
    1.0373080196253817,
    -1.0467274752044191,
    1.0391103630339371,
    -1.0454684659707811,
    1.0400972551349157,
    -1.0431588532459577,
    1.0406465334135027,
    -1.0637767690192714,
    1.0479664123940378,
    -0.8841811082169814,
    0.9485776952000019,
    -1.7358147222638738,
    1.5864074153971757,
];

/// (log(x) - 1/(2*x) - digamma(x))*x^2 in 1/x^2 <= 0.16; error 2.1e-16.
const DIGAMMA_FAR: [f64; 13] = [
    0.08333333333333313,
    -0.008333333332865123,
    0.003968253789467671,
    -0.004166639636549172,
    0.007573603858911327,
    -0.02098823727344771,
    0.07994852586709265,
    -0.3650938120058632,
    1.6808839884524005,
    -6.6128983797180405,
    19.272682269504116,
    -35.50797002500182,
    30.43936859192539,
];

/// A polynomial whose first coefficient is the largest term, and what rounding
/// takes from the last sum.
#[inline(always)]
fn precise<L: Lanes>(t: L, c: &[f64]) -> (L, L) {
    let (first, rest) = (t.constant(c[0]), t * t.polynomial(&c[1..]));
    let sum = first + rest;
    (sum, (first - sum) + rest)
}

/// log(gamma(x)) within 2 ulp for x > 0.
#[inline(always)]
pub fn lgamma<L: Lanes>(x: L) -> L {
    let (log, log_low) = log_in_two(x);
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    let steps = x.less(x.constant(STEP));
    let is_near = x.less(x.constant(LARGE));

    let inverse = one / x;
    let y = L::select(steps, x + one, x);
    let t = (y - x.constant(C)) / (y + x.constant(C));
    // y - 1 and y - 2.
    let first = L::select(steps, x, x - one);
    let second = first - one;
    let up = L::select(steps, log + log_low, zero);
    let second_low = (-one - second) + first;
    let (slope, slope_low) = precise(t, &NEAR);
    // What is left of the product of the last two.
    let factor = second * slope;
    let factor_low = second.mul_add(slope_low, second.mul_add(slope, -factor));
    let factor_low = second_low.mul_add(slope, factor_low);
    let near = first.mul_add(factor, first.mul_add(factor_low, -up));

    let (less, above) = (x - x.constant(0.5), log - one);
    let above_low = ((log - above) - one) + log_low;
    let product = less * above;
    let lost = less.mul_add(above, -product);
    let series = inverse * (inverse * inverse).polynomial(&FAR);
    let rest = less.mul_add(above_low, series + lost);
    let far = product + (rest + x.constant(STIRLING));
    L::select(is_near, near, far)
}

/// The digamma function within 2 ulp for x > 0, also near its zero.
#[inline(always)]
pub fn digamma<L: Lanes>(x: L) -> L {
    let (log, log_low) = log_in_two(x);
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    let steps = x.less(x.constant(STEP));
    let is_near = x.less(x.constant(LARGE));

    let inverse = one / x;
    let y = L::select(steps, x + one, x);
    let t = (y - x.constant(C)) / (y + x.constant(C));
    let root = L::select(steps, x.constant(ZERO_BEFORE), x.constant(ZERO.0));
    let up = L::select(steps, inverse, zero);
    let (slope, slope_low) = precise(t, &DIGAMMA_NEAR);
    let low = slope.neg_mul_add(x.constant(ZERO.1), -up);
    let near = (x - root).mul_add(slope, (x - root).mul_add(slope_low, low));

    let square = inverse * inverse;
    let half = inverse * x.constant(0.5);
    let series = square.mul_add(square.polynomial(&DIGAMMA_FAR), half);
    let far = log - (series - log_low);
    L::select(is_near, near, far)
}

/// The digamma function of a positive number by the same polynomials, without
/// fused multiplication.
pub fn digamma_of_number(x: f64) -> f64 {
    let polynomial = |t: f64, c: &[f64]| c.iter().rev().fold(0.0, |sum, c| sum * t + c);
    if x < STEP {
        return digamma_of_number(x + 1.0) - 1.0 / x;
    }
    if x >= LARGE {
        let square = 1.0 / (x * x);
        return x.ln() - (0.5 / x + square * polynomial(square, &DIGAMMA_FAR));
    }
    let t = (x - C) / (x + C);
    let rest = t * polynomial(t, &DIGAMMA_NEAR[1..]);
    let slope = DIGAMMA_NEAR[0] + rest;
    let slope_low = (DIGAMMA_NEAR[0] - slope) + rest;
    let from_root = x - ZERO.0;
    from_root * slope + (from_root * slope_low - ZERO.1 * slope)
}

/// All but positive numbers that are not huge.
#[inline(always)]
pub fn is_hard<L: Lanes>(x: L) -> L::Mask {
    !(x.constant(0.0).less(x) & x.less(x.constant(LARGEST)))
}
