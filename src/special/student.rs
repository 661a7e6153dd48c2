//! Student's t distribution, for confidence intervals and p-values.
//!
//! With r = t/sqrt(nu), the tail is half an incomplete beta function,
//!
//! ```text
//! P(T > t) = I_x(nu/2, 1/2)/2,   x = 1/(1 + r^2)   (t >= 0)
//! ```
//!
//! which is computed by its continued fraction; beyond 1e8 degrees of freedom by the
//! expansion around the normal distribution. The quantile is Newton's method on the
//! logarithm of the tail, kept in a bracket.
//!
//! Source: Abramowitz and Stegun 26.7.1 (the tail), DLMF 8.17.4 (symmetry); the fraction is
//! that of DiDonato and Morris, "Algorithm 708: significant digit computation of the
//! incomplete beta function ratios", ACM TOMS 18, 1992, evaluated by Lentz's method
//! (Thompson and Barnett, J. Comput. Phys. 64, 1986).

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::gamma::{erfc, gamma};

/// Above this many degrees of freedom, two terms of the normal expansion are enough: the
/// relative error of the tail is about t^8/(32 dof^2), 5e-11 at t = 8.
const NEARLY_NORMAL: f64 = 1e8;

/// P(T <= t) for `dof` > 0 degrees of freedom, not necessarily whole; `dof` = inf is the
/// normal distribution.
///
/// Relative accuracy 1e-12, also in the lower tail (1e-10 there above 1e8 degrees of
/// freedom). NaN for a NaN or `dof` <= 0.
pub fn t_cdf(t: f64, dof: f64) -> f64 {
    if t.is_nan() || !is_valid(dof) {
        return f64::NAN;
    }
    let tail = upper_tail(t.abs(), dof);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The t with P(T <= t) = p, the inverse of [`t_cdf`].
///
/// `t_quantile(0.975, dof)` is the factor of a 95 % confidence interval. Relative accuracy
/// 1e-11 for p up to 0.49 and from 0.51; absolute 1e-15 between. -inf and inf for p = 0
/// and 1; NaN for p outside [0, 1] or `dof` <= 0. Below p = 1/2, small p lose nothing;
/// near 1 the distance of p to 1 is what a double holds of it.
pub fn t_quantile(p: f64, dof: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !is_valid(dof) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    if p < 0.5 { -upper_quantile(p, dof) } else { upper_quantile(1.0 - p, dof) }
}

fn is_valid(dof: f64) -> bool {
    dof > 0.0
}

/// The t > 0 with P(T > t) = q, for q < 1/2.
fn upper_quantile(q: f64, dof: f64) -> f64 {
    const MAX_ITERATIONS: usize = 100;
    if q == 0.0 {
        return f64::INFINITY;
    }
    // A bracket lo < t < hi = 2 lo. Heavy tails may leave the range of doubles.
    let mut hi = 1.0;
    while upper_tail(hi, dof) > q {
        hi *= 2.0;
        if hi == f64::INFINITY {
            return hi;
        }
    }
    while hi > f64::MIN_POSITIVE && upper_tail(0.5 * hi, dof) < q {
        hi *= 0.5;
    }
    let mut lo = 0.5 * hi;
    let mut t = 0.75 * hi;
    for _ in 0..MAX_ITERATIONS {
        let tail = upper_tail(t, dof);
        let excess = (tail / q).ln();
        if excess > 0.0 {
            lo = t;
        } else {
            hi = t;
        }
        let mut next = t + excess * tail / density(t, dof);
        if !(lo..=hi).contains(&next) {
            next = lo + 0.5 * (hi - lo);
        }
        let is_final = (next - t).abs() <= f64::EPSILON * t;
        t = next;
        if is_final {
            break;
        }
    }
    t
}

/// P(T > t) for t >= 0.
fn upper_tail(t: f64, dof: f64) -> f64 {
    if dof > NEARLY_NORMAL {
        let normal = 0.5 * erfc(t * FRAC_1_SQRT_2);
        let correction = normal_density(t) * t * (t * t + 1.0) / (4.0 * dof);
        return if correction.is_finite() { normal + correction } else { normal };
    }
    let (a, b) = (0.5 * dof, 0.5);
    let scaled = scaled(t, dof);
    // x = 1/(1 + r^2) and its complement, neither by subtraction.
    let x = scaled.inverse_root * scaled.inverse_root;
    let y = scaled.ratio * scaled.ratio;
    // x^a y^b / B(a, b), a factor of both parts.
    let front = (-a * scaled.log).exp() * scaled.ratio * gamma_ratio(a) / PI.sqrt();
    let lambda = a * y - b * x;
    if lambda >= 0.0 {
        0.5 * front / beta_fraction(a, b, x, lambda)
    } else {
        0.5 - 0.5 * front / beta_fraction(b, a, y, -lambda)
    }
}

/// The density of T at t >= 0.
fn density(t: f64, dof: f64) -> f64 {
    if dof > NEARLY_NORMAL {
        return normal_density(t);
    }
    let a = 0.5 * dof;
    let scaled = scaled(t, dof);
    gamma_ratio(a) / (PI * dof).sqrt() * (-a * scaled.log).exp() * scaled.inverse_root
}

fn normal_density(t: f64) -> f64 {
    (-0.5 * t * t).exp() / (2.0 * PI).sqrt()
}

/// Functions of r = t/sqrt(nu) that do not overflow with r^2.
struct Scaled {
    /// log(1 + r^2)
    log: f64,
    /// 1/sqrt(1 + r^2)
    inverse_root: f64,
    /// r/sqrt(1 + r^2)
    ratio: f64,
}

fn scaled(t: f64, dof: f64) -> Scaled {
    let r = t / dof.sqrt();
    if r > 1e100 {
        return Scaled {
            // r itself may have overflowed.
            log: 2.0 * t.ln() - dof.ln(),
            inverse_root: 1.0 / r,
            ratio: 1.0,
        };
    }
    let inverse_root = 1.0 / r.hypot(1.0);
    Scaled { log: (r * r).ln_1p(), inverse_root, ratio: r * inverse_root }
}

/// gamma(a + 1/2)/gamma(a) for a > 0, to 1e-15.
///
/// Above 100 by the series of DLMF 5.11.13: the difference of two `lgamma` of order 1e9
/// would lose 9 digits.
fn gamma_ratio(a: f64) -> f64 {
    if a < 100.0 {
        return gamma(a + 0.5) / gamma(a);
    }
    const COEFFICIENTS: [f64; 7] = [
        1.0,
        -1.0 / 8.0,
        1.0 / 128.0,
        5.0 / 1024.0,
        -21.0 / 32768.0,
        -399.0 / 262_144.0,
        869.0 / 4_194_304.0,
    ];
    let z = 1.0 / a;
    a.sqrt() * COEFFICIENTS.iter().rev().fold(0.0, |sum, c| sum * z + c)
}

/// The continued fraction F with I_x(a, b) = x^a y^b / (B(a, b) F), where y = 1 - x.
///
/// Needs `lambda` = a*y - b*x >= 0. All partial denominators are then positive, and as x and
/// y both come in, nothing cancels for x near 1, which large `a` brings. About
/// sqrt(max(a, b)) steps at worst.
fn beta_fraction(a: f64, b: f64, x: f64, lambda: f64) -> f64 {
    const MAX_STEPS: u32 = 100_000;
    let denominator = |n: f64| {
        let last = (a + n) / (a + 2.0 * n + 1.0) * (lambda + 1.0 + n * (2.0 - x));
        n + n * (b - n) * x / (a + 2.0 * n - 1.0) + last
    };
    let mut f = a / (a + 1.0) * (lambda + 1.0);
    let mut c = f;
    let mut d = 0.0;
    for step in 1..MAX_STEPS {
        let n = f64::from(step);
        let scale = x / (a + 2.0 * n - 1.0);
        let alpha = (a + n - 1.0) * scale * (a + b + n - 1.0) * scale * n * (b - n);
        let beta = denominator(n);
        d = 1.0 / (beta + alpha * d);
        c = beta + alpha / c;
        f *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    f
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, close};
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn values() {
        for &(t, dof, expected) in reference::T_CDF {
            close(&format!("t_cdf, dof {dof}"), t, t_cdf(t, dof), expected, 1e-12);
        }
        for &(p, dof, expected) in reference::T_QUANTILE {
            close(&format!("t_quantile, dof {dof}"), p, t_quantile(p, dof), expected, 1e-11);
        }
    }

    #[test]
    fn quantile_inverts_cdf() {
        for dof in [0.3, 1.0, 2.5, 10.0, 1e3, 1e7, 1e12, INF] {
            for p in [1e-12, 0.01, 0.3, 0.499, 0.7, 0.975] {
                let back = t_cdf(t_quantile(p, dof), dof);
                close(&format!("round trip, dof {dof}"), p, back, p, 1e-12);
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!((t_cdf(0.0, 5.0), t_cdf(INF, 5.0), t_cdf(-INF, 5.0)), (0.5, 1.0, 0.0));
        assert_eq!((t_cdf(INF, INF), t_cdf(-INF, INF)), (1.0, 0.0));
        assert_eq!(t_quantile(0.5, 3.0), 0.0);
        assert_eq!((t_quantile(0.0, 3.0), t_quantile(1.0, 3.0)), (-INF, INF));
        assert_eq!(t_quantile(1e-300, 0.01), -INF);
        assert!(t_quantile(1.1, 3.0).is_nan() && t_quantile(0.3, 0.0).is_nan());
        assert!(t_cdf(f64::NAN, 3.0).is_nan() && t_cdf(1.0, -1.0).is_nan());
    }
}
