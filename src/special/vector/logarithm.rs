//! The logarithm and what is made of it.

use super::exponential::exp;
use super::lanes::Lanes;

/// As for the exponential: 42 bits and the rest.
const LN2: (f64, f64) = (0.6931471805598903, 5.497923018708371e-14);

/// ((log((1 + s)/(1 - s)) - 2*s)/s)/z with z = s^2 <= 0.04; error times z 3.1e-17.
const TAIL: [f64; 7] = [
    0.6666666666667282,
    0.3999999999610236,
    0.2857142940593615,
    0.22222137631821515,
    0.18186391696775248,
    0.15249475619628328,
    0.15373736803326876,
];

/// log(1 + f) + c + e*log(2) for f from -1/4 to 1/2 and a small correction c.
///
/// With s = f/(2 + f), log(1 + f) = 2*s + s*R = f - (f^2/2 - s*(f^2/2 + R)): the
/// first term is exact.
#[inline(always)]
fn assembled<L: Lanes>(f: L, c: L, e: L) -> L {
    let s = f / (f + f.constant(2.0));
    let z = s * s;
    let r = z * z.polynomial(&TAIL);
    let half = f * f * f.constant(0.5);
    let low = e.mul_add(e.constant(LN2.1), c);
    let inner = s.mul_add(half + r, low);
    e.mul_add(e.constant(LN2.0), f - (half - inner))
}

/// log(x) within 1 ulp for positive finite numbers.
#[inline(always)]
pub fn log<L: Lanes>(x: L) -> L {
    let (m, e) = x.split();
    assembled(m - m.constant(1.0), m.constant(0.0), e)
}

/// 1/log(2), and 1/log(10), in two parts.
const PER_LN2: (f64, f64) = (std::f64::consts::LOG2_E, 2.0355273740931033e-17);
const PER_LN10: (f64, f64) = (std::f64::consts::LOG10_E, 1.098319650216765e-17);
/// The first 42 bits of log10(2), and the rest.
const LOG10_2: (f64, f64) = (0.30102999566383914, 1.42050232272661e-13);

/// log(x) in another base: `per` is that of e, `two` that of 2, with the part of
/// it whose products with whole numbers are exact first.
#[inline(always)]
fn in_base<L: Lanes>(x: L, per: (f64, f64), two: (f64, f64)) -> L {
    let (m, e) = x.split();
    let f = m - m.constant(1.0);
    let s = f / (f + f.constant(2.0));
    let z = s * s;
    let r = z * z.polynomial(&TAIL);
    let half = f * f * f.constant(0.5);
    let less = half - s * (half + r);
    // What is kept of f*per.0 is exact.
    let product = f * f.constant(per.0);
    let low = f.mul_add(f.constant(per.0), -product);
    let low = e.mul_add(e.constant(two.1), f.mul_add(f.constant(per.1), low));
    let low = less.neg_mul_add(less.constant(per.0), low);
    let whole = e * e.constant(two.0);
    // Whole numbers are larger than the product, or zero.
    let sum = whole + product;
    sum + (((whole - sum) + product) + low)
}

/// Logarithm to base 2 within 1 ulp for positive finite numbers.
#[inline(always)]
pub fn log2<L: Lanes>(x: L) -> L {
    in_base(x, PER_LN2, (1.0, 0.0))
}

/// Logarithm to base 10 within 1 ulp for positive finite numbers.
#[inline(always)]
pub fn log10<L: Lanes>(x: L) -> L {
    in_base(x, PER_LN10, LOG10_2)
}

/// All but positive finite numbers.
#[inline(always)]
pub fn log_is_hard<L: Lanes>(x: L) -> L::Mask {
    !(x.constant(0.0).less(x) & x.less(x.constant(f64::INFINITY)))
}

/// log(1 + x) within 2 ulp for finite x above -1.
///
/// 1 + x = u + d with the rounding error d of u. Where u is not scaled, x itself
/// is f; elsewhere d/u, to first order, makes up for what rounding lost.
#[inline(always)]
pub fn log1p<L: Lanes>(x: L) -> L {
    let one = x.constant(1.0);
    let u = x + one;
    // Exact, whichever of the two is larger (Knuth).
    let back = u - one;
    let d = (x - back) + (one - (u - back));
    let (m, e) = u.split();
    let near = e.magnitude().less(x.constant(0.5));
    let f = L::select(near, x, m - one);
    // 1/m to 2%, enough for a correction of half an ulp.
    let inverse = m.mul_add(m.mul_add(m.constant(0.8003), m.constant(-2.657)), m.constant(2.8634));
    let c = L::select(near, x.constant(0.0), d.scale(-e) * inverse);
    assembled(f, c, e)
}

/// All but finite numbers above -1.
#[inline(always)]
pub fn log1p_is_hard<L: Lanes>(x: L) -> L::Mask {
    !(x.constant(-1.0).less(x) & x.less(x.constant(f64::INFINITY)))
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|) within 2 ulp.
///
/// Source: Mächler, "Accurately computing log(1 - exp(-|a|))", 2012, in a form
/// without cases.
#[inline(always)]
pub fn softplus<L: Lanes>(x: L) -> L {
    let positive = x.constant(0.0).larger(x);
    positive + log1p(exp(-x.magnitude()))
}
