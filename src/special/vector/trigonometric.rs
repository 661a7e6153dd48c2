//! Sine and cosine.

use super::lanes::{Lanes, ROUNDING};

/// 2/pi
const PER_QUARTER: f64 = std::f64::consts::FRAC_2_PI;
/// pi/2 in parts of 32 bits, whose products with whole numbers up to 2^20 are
/// exact, and the rest.
const QUARTER: [f64; 4] =
    [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
/// Beyond this the parts do not suffice.
const LARGEST: f64 = 1e6;

/// (sin(r) - r)/r^3 in r^2, for |r| <= pi/4; error times r^2 3.4e-18.
const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322403,
    -0.0001984126982979865,
    2.755731368857995e-06,
    -2.5050757570462653e-08,
    1.589676290157356e-10,
];
/// (cos(r) - 1 + r^2/2)/r^4 in r^2; error times r^4 4.7e-20.
const COS: [f64; 6] = [
    0.0416666666666666,
    -0.001388888888887411,
    2.480158728947261e-05,
    -2.7557314349435965e-07,
    2.087572286263858e-09,
    -1.1359625722112407e-11,
];

/// `x - n*pi/2` for the nearest whole `n`, relatively accurate also near multiples
/// of pi/2, and a number with `n` in its low bits.
#[inline(always)]
fn reduced<L: Lanes>(x: L) -> (L, L) {
    let counted = x.mul_add(x.constant(PER_QUARTER), x.constant(ROUNDING));
    let n = counted - x.constant(ROUNDING);
    let mut r = x;
    for part in QUARTER {
        r = n.neg_mul_add(n.constant(part), r);
    }
    (r, counted)
}

/// The sine of `r` where `quarter` is even, else its cosine, with the sign that
/// bit 1 of `quarter` says.
#[inline(always)]
fn of_quarter<L: Lanes>(r: L, quarter: L) -> L {
    let one = r.constant(1.0);
    let z = r * r;
    let sine = (r * z).mul_add(z.polynomial(&SIN), r);
    // 1 - z/2 and what it loses to rounding.
    let half = z * z.constant(0.5);
    let near = one - half;
    let lost = (one - near) - half;
    let cosine = near + (z * z).mul_add(z.polynomial(&COS), lost);
    // The low bit as the sign of a number that is not zero.
    let odd = quarter.bits_up(63).bit_or(one).less(one.constant(0.0));
    let sign = quarter.bits_down(1).bits_up(63);
    L::select(odd, cosine, sine).bit_xor(sign)
}

/// Sine within 2 ulp for |x| <= 1e6.
#[inline(always)]
pub fn sin<L: Lanes>(x: L) -> L {
    let (r, quarter) = reduced(x);
    of_quarter(r, quarter)
}

/// Cosine likewise: the sine, a quarter further.
#[inline(always)]
pub fn cos<L: Lanes>(x: L) -> L {
    let (r, quarter) = reduced(x);
    of_quarter(r, quarter.bit_add(quarter.constant_bits(1)))
}

/// Numbers beyond 1e6, and NaN.
#[inline(always)]
pub fn is_hard<L: Lanes>(x: L) -> L::Mask {
    !x.magnitude().less(x.constant(LARGEST))
}
