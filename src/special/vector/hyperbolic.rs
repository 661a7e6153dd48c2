//! Hyperbolic sine and cosine.

use super::exponential::exp;
use super::lanes::Lanes;

/// (sinh(x) - x)/x^3 in x^2 <= 1; error times x^2 3.5e-19.
const SINH: [f64; 7] = [
    0.16666666666666666,
    0.008333333333333299,
    0.0001984126984132424,
    2.7557319191363643e-06,
    2.505211769941287e-08,
    1.6057679312223042e-10,
    7.746188979486805e-13,
];

/// Beyond this the exponential is infinite a little before half of it is.
const LARGEST: f64 = 709.0;

/// e^|x|/2 and e^-|x|/2.
#[inline(always)]
fn halves<L: Lanes>(x: L) -> (L, L) {
    let half = exp(x.magnitude()) * x.constant(0.5);
    (half, x.constant(0.25) / half)
}

/// Hyperbolic sine within 2 ulp for |x| < 709.
#[inline(always)]
pub fn sinh<L: Lanes>(x: L) -> L {
    let (up, down) = halves(x);
    let large = (up - down).bit_or(x.sign_bit());
    let square = x * x;
    let small = (x * square).mul_add(square.polynomial(&SINH), x);
    L::select(x.magnitude().less(x.constant(1.0)), small, large)
}

/// Hyperbolic cosine within 2 ulp for |x| < 709.
#[inline(always)]
pub fn cosh<L: Lanes>(x: L) -> L {
    let (up, down) = halves(x);
    up + down
}

/// Numbers from 709 on, and NaN.
#[inline(always)]
pub fn is_hard<L: Lanes>(x: L) -> L::Mask {
    !x.magnitude().less(x.constant(LARGEST))
}
