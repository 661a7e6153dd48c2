//! The exponential and what is made of it.

use super::lanes::{Lanes, ROUNDING};

/// log2(e)
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The first 42 bits of log(2), so that their product with a whole number up to
/// 2^11 is exact, and the rest.
const LN2: (f64, f64) = (0.6931471805598903, 5.497923018708371e-14);

/// (e^r - 1 - r)/r^2 for |r| <= log(2)/2; error times r 1.8e-17.
const TAIL: [f64; 10] = [
    0.5000000000000006,
    0.16666666666666685,
    0.04166666666657355,
    0.008333333333314532,
    0.0013888888932405115,
    0.00019841269903150572,
    2.4801504411987702e-05,
    2.755722785251675e-06,
    2.762634076971832e-07,
    2.5114503801201587e-08,
];

/// e^x = (1 + r + r^2*tail) * 2^n with |r| <= log(2)/2.
struct Reduced<L> {
    r: L,
    tail: L,
    n: L,
}

/// The parts of e^x. Beyond where it is infinite or 0, those of a number there.
#[inline(always)]
fn reduced<L: Lanes>(x: L) -> Reduced<L> {
    // A NaN stays one: it is the second argument.
    let x = x.constant(-746.0).larger(x);
    let x = x.constant(710.0).smaller(x);
    // Rounded by what the addition loses.
    let n = x.mul_add(x.constant(LOG2_E), x.constant(ROUNDING)) - x.constant(ROUNDING);
    let r = n.neg_mul_add(n.constant(LN2.0), x);
    let r = n.neg_mul_add(n.constant(LN2.1), r);
    Reduced { r, tail: r.polynomial(&TAIL), n }
}

/// e^x within 1 ulp, subnormal results included; infinite above 709.78, 0 below
/// -745.2.
#[inline(always)]
pub fn exp<L: Lanes>(x: L) -> L {
    let Reduced { r, tail, n } = reduced(x);
    let one = r.constant(1.0);
    r.mul_add(r.mul_add(tail, one), one).scale(n)
}

/// e^x - 1 within 2 ulp.
#[inline(always)]
pub fn expm1<L: Lanes>(x: L) -> L {
    let Reduced { r, tail, n } = reduced(x);
    // Half of 2^n is finite wherever e^x is. The factor of r is that of `exp`.
    let half = n.constant(0.5);
    let t = half.scale(n);
    let y = (t * r).mul_add(r.mul_add(tail, r.constant(1.0)), t - half);
    y + y
}

/// e^x - 1 within 1.3 ulp, for one operation more.
#[inline(always)]
fn expm1_closely<L: Lanes>(x: L) -> L {
    let Reduced { r, tail, n } = reduced(x);
    let half = n.constant(0.5);
    let t = half.scale(n);
    let y = t.mul_add(r * r * tail, t.mul_add(r, t - half));
    y + y
}

/// 1/(1 + e^-x) within 2 ulp. The exponential is that of a number that is not
/// positive, so that nothing overflows and small values keep their digits.
#[inline(always)]
pub fn sigmoid<L: Lanes>(x: L) -> L {
    let one = x.constant(1.0);
    let e = exp(-x.magnitude());
    L::select(x.less(x.constant(0.0)), e, one) / (one + e)
}

/// Hyperbolic tangent within 2 ulp: e/(e + 2) with e = e^2|x| - 1.
#[inline(always)]
pub fn tanh<L: Lanes>(x: L) -> L {
    // Above 20 it is 1 to the last bit, and e would overflow later.
    let size = x.constant(20.0).smaller(x.magnitude());
    let e = expm1_closely(size + size);
    let (one, two) = (e.constant(1.0), e.constant(2.0));
    let below = e + two;
    let y = e / below;
    // What rounding took from the divisor, whose reciprocal is (1 - y)/2. Where
    // e > 2 it matters less.
    let lost = L::select(e.less(two), e - (below - two), e.constant(0.0));
    let y = (y * (one - y) * (lost * one.constant(-0.5))) + y;
    y.bit_or(x.sign_bit())
}
