//! Sine, cosine, tangent, and the inverse tangent.

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

/// Tangent within 2 ulp for |x| <= 1e6: sine by cosine, or cosine by minus sine,
/// of `r`, with what rounding took from it.
#[inline(always)]
pub fn tan<L: Lanes>(x: L) -> L {
    let counted = x.mul_add(x.constant(PER_QUARTER), x.constant(ROUNDING));
    let n = counted - x.constant(ROUNDING);
    let part = |k: usize| n.constant(QUARTER[k]);
    let before = n.neg_mul_add(part(0), x);
    let near = n.neg_mul_add(part(1), before);
    let lost = n.neg_mul_add(part(1), before - near);
    let rest = n.neg_mul_add(part(2), lost);
    let r = near + rest;
    let low = n.neg_mul_add(part(3), (near - r) + rest);

    let one = r.constant(1.0);
    let z = r * r;
    let sine = (r * z).mul_add(z.polynomial(&SIN), low) + r;
    let half = z * z.constant(0.5);
    let near = one - half;
    let lost = r.neg_mul_add(low, (one - near) - half);
    let cosine = near + (z * z).mul_add(z.polynomial(&COS), lost);
    let odd = counted.bits_up(63);
    let turned = odd.bit_or(one).less(one.constant(0.0));
    let above = L::select(turned, cosine, sine);
    let below = L::select(turned, sine, cosine);
    // Tiny arguments are their own tangents, the sign of zero included.
    let tiny = x.magnitude().less(x.constant(1e-200));
    L::select(tiny, x, (above / below).bit_xor(odd))
}

/// (atan(t) - t)/t^3 in t^2 for |t| <= tan(pi/8); error times t^2 2.4e-18.
const ATAN: [f64; 11] = [
    -0.333333333333332,
    0.1999999999995408,
    -0.1428571428024842,
    0.11111110786136676,
    -0.09090897836511265,
    0.07692061639780859,
    -0.06663120429338693,
    0.0584800933716419,
    -0.05039847728770956,
    0.038078383488041295,
    -0.017922352691823133,
];
/// tan(pi/8) and tan(3*pi/8), between which atan(x) is near pi/4.
const SEAMS: (f64, f64) = (0.41421356237309503, 2.414213562373095);
/// pi/4 in two parts.
const EIGHTH: (f64, f64) = (std::f64::consts::FRAC_PI_4, 3.061616997868383e-17);

/// Inverse tangent within 2 ulp: of |x|, (|x| - 1)/(|x| + 1) or -1/|x|, from 0,
/// pi/4 or pi/2.
///
/// Source: S. L. Moshier, "Methods and Programs for Mathematical Functions",
/// 1989 (reduction).
#[inline(always)]
pub fn atan<L: Lanes>(x: L) -> L {
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    // A NaN stays one: it is the second argument.
    let y = x.constant(1e300).smaller(x.magnitude());
    let near = x.constant(SEAMS.0).less(y);
    let far = x.constant(SEAMS.1).less(y);
    let (less, more) = (y - one, y + one);
    let above = L::select(far, -one, L::select(near, less, y));
    let below = L::select(far, y, L::select(near, more, one));
    // What rounding took from the two, and from the quotient.
    let less_low = (-one - less) + y;
    let more_low = (one - more) + y;
    let inverse = one / below;
    let t = above * inverse;
    let left = t.neg_mul_add(below, above);
    let between = left + t.neg_mul_add(more_low, less_low);
    let left = L::select(far, left, L::select(near, between, left));
    let turns = L::select(far, x.constant(2.0), L::select(near, one, zero));
    let low = turns.mul_add(x.constant(EIGHTH.1), left * inverse);
    let z = t * t;
    let rest = (t * z).mul_add(z.polynomial(&ATAN), low);
    turns.mul_add(x.constant(EIGHTH.0), t + rest).bit_or(x.sign_bit())
}

/// Numbers beyond 1e6, and NaN.
#[inline(always)]
pub fn is_hard<L: Lanes>(x: L) -> L::Mask {
    !x.magnitude().less(x.constant(LARGEST))
}
