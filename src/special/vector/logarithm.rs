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
