//! The normal distribution, the inverse of the error function, `sin(pi*x)/(pi*x)` with its derivatives, and the beta
//! function.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use super::gamma::{erf, erfc, gamma, lgamma};

/// `1/sqrt(2*pi)`
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;
/// `log(2*pi)/2`
const HALF_LOG_2PI: f64 = 0.918_938_533_204_672_8;

/// The density of the standard normal distribution, `exp(-x^2/2)/sqrt(2*pi)`. Relative accuracy `1e-16*(1 + x^2)`.
pub fn norm_pdf(x: f64) -> f64 {
    DENSITY_AT_0 * (-0.5 * x * x).exp()
}

/// The distribution function of the standard normal distribution, without cancellation in its lower tail. Relative
/// accuracy `1e-16*(2 + x^2)`.
pub fn norm_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// `exp(x^2)*erfc(x)`, without overflow for positive x: by Laplace's continued fraction from 4 on (Abramowitz & Stegun 7.1.14).
/// Relative accuracy `1e-16*(4 + x^2)` below 4, 4 ulp above.
pub fn erfcx(x: f64) -> f64 {
    if x < 4.0 {
        return (x * x).exp() * erfc(x);
    }
    if x > 1e8 {
        return 0.5 * FRAC_2_SQRT_PI / x;
    }
    const TERMS: usize = 60;
    let fraction = (1..=TERMS).rev().fold(x, |rest, k| x + 0.5 * k as f64 / rest);
    0.5 * FRAC_2_SQRT_PI / fraction
}

/// The logarithm of [`norm_cdf`], also where that underflows. Relative accuracy 1e-15 below -1; above it, of 1e-15 absolutely
/// where the value is near 0.
pub fn log_norm_cdf(x: f64) -> f64 {
    if x > -1.0 {
        return (-0.5 * erfc(x * FRAC_1_SQRT_2)).ln_1p();
    }
    (0.5 * erfcx(-x * FRAC_1_SQRT_2)).ln() - 0.5 * x * x
}

/// `log(1 - exp(x))` for x < 0, without cancellation (Maechler 2012). 2 ulp.
pub fn log1m_exp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// `x*log(y)`, 0 where x is 0.
pub fn x_log_y(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

/// The inverse of `erf` on [-1, 1]: infinite at the ends, NaN outside. A rational start (Winitzki 2008) and three steps of
/// Halley's method, in the tails on `erfc`, so that no digits cancel; 4 ulp.
pub fn erf_inv(y: f64) -> f64 {
    let size = y.abs();
    if y == 0.0 || size.is_nan() {
        return y;
    }
    if size >= 1.0 {
        return if size == 1.0 { f64::INFINITY.copysign(y) } else { f64::NAN };
    }
    const A: f64 = 0.147;
    // 1 - |y| is exact from 1/2 on.
    let rest = 1.0 - size;
    // log(1 - y^2), which must not be positive.
    let log = if size < 0.5 { (-size * size).ln_1p() } else { rest.ln() + size.ln_1p() };
    let half = 2.0 / (PI * A) + 0.5 * log;
    let mut x = ((half * half - log / A).sqrt() - half).sqrt();
    for _ in 0..3 {
        let error = if size < 0.5 { erf(x) - size } else { rest - erfc(x) };
        let newton = error / (2.0 / PI.sqrt() * (-x * x).exp());
        x -= newton / (1.0 + x * newton);
    }
    x.copysign(y)
}

/// `sin(pi*x)/(pi*x)`, 1 at 0; 0 at the other whole numbers. 4 ulp of 1.
pub fn sinc(x: f64) -> f64 {
    sinc_derivative(0.0, x)
}

/// The `n`-th derivative of [`sinc`] at `x`; NaN where `n` is not a whole number from 0 to 30. Near 0 by its power series,
/// elsewhere by `z*s_n + n*s_(n-1) = sin(z + n*pi/2)` with `z = pi*x`. Accurate to `1e-15*pi^n` for `n` up to 4.
pub fn sinc_derivative(n: f64, x: f64) -> f64 {
    if n.fract() != 0.0 || !(0.0..=30.0).contains(&n) || x.is_nan() {
        return f64::NAN;
    }
    let scale = PI.powi(n as i32);
    if x.is_infinite() {
        return 0.0;
    }
    let z = PI * x;
    if z.abs() < 1.0 + n {
        return scale * sinc_series(n as u32, z);
    }
    // The sine and cosine of pi*x by the rest of x, which is exact.
    let turn = x - 2.0 * (0.5 * x).round();
    let (sin, cos) = (PI * turn).sin_cos();
    let sin = if x.fract() == 0.0 { 0.0 } else { sin };
    let mut value = sin / z;
    for k in 1..=n as u32 {
        let wave = [sin, cos, -sin, -cos][k as usize % 4];
        value = (wave - f64::from(k) * value) / z;
    }
    scale * value
}

/// `sum((-1)^k*z^(2k - n)/((2k + 1)*(2k - n)!) for 2k >= n)`, the `n`-th derivative of `sin(z)/z`.
fn sinc_series(n: u32, z: f64) -> f64 {
    let mut k = n.div_ceil(2);
    // z^p/p! with p = 2k - n, which begins at 0 or 1.
    let mut power = if n.is_multiple_of(2) { 1.0 } else { z };
    let mut p = f64::from(2 * k - n);
    let mut sum = 0.0;
    loop {
        let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let term = sign * power / f64::from(2 * k + 1);
        sum += term;
        if power == 0.0 || (term.abs() <= 1e-18 * f64::abs(sum) && p > z.abs()) {
            return sum;
        }
        power *= z * z / ((p + 1.0) * (p + 2.0));
        p += 2.0;
        k += 1;
    }
}

/// `lgamma(t) - ((t - 1/2)*log(t) - t + log(2*pi)/2)` for `t >= 10` (Abramowitz & Stegun 6.1.42).
fn stirling_rest(t: f64) -> f64 {
    let s = 1.0 / (t * t);
    (1.0 / 12.0
        - s * (1.0 / 360.0
            - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s * (1.0 / 1188.0 - s * 691.0 / 360_360.0)))))
        / t
}

/// The logarithm of the beta function of positive numbers; NaN for others. For large arguments the parts of
/// `lgamma` that cancel are taken out first (Didonato & Morris 1992, ACM TOMS 708). Relative accuracy 1e-14, but near its zeros.
pub fn lbeta(a: f64, b: f64) -> f64 {
    let (x, y) = if a <= b { (a, b) } else { (b, a) };
    if x.is_nan() || y.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::INFINITY;
    }
    if y.is_infinite() {
        return f64::NEG_INFINITY;
    }
    if y < 10.0 {
        return lgamma(x) + (lgamma(y) - lgamma(x + y));
    }
    let rest = stirling_rest(y) - stirling_rest(x + y);
    // y/(x + y) is 1 - x/(x + y).
    let share = x / (x + y);
    let fall = (-share).ln_1p();
    if x < 10.0 {
        return lgamma(x) + rest + x - x * (x + y).ln() + (y - 0.5) * fall;
    }
    HALF_LOG_2PI - 0.5 * y.ln() + (stirling_rest(x) + rest) + (x - 0.5) * share.ln() + y * fall
}

/// The beta function `gamma(a)*gamma(b)/gamma(a + b)` of positive numbers; NaN for others. Relative accuracy 1e-14 times
/// `1 + |lbeta(a, b)|`.
pub fn beta(a: f64, b: f64) -> f64 {
    // Where no gamma overflows or underflows, and none is rounded much.
    if a > 0.0 && b > 0.0 && a + b < 20.0 {
        return gamma(a) / gamma(a + b) * gamma(b);
    }
    lbeta(a, b).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn values_of_tables() {
        // Abramowitz & Stegun, tables 26.1 and 7.1; lbeta of whole numbers by their factorials.
        close(norm_cdf(1.96), 0.975_002_104_851_779_5, 1e-15);
        close(norm_cdf(-10.0), 7.619_853_024_160_527e-24, 1e-13);
        close(norm_pdf(0.0), 0.398_942_280_401_432_7, 1e-16);
        close(erf_inv(0.5), 0.476_936_276_204_469_9, 1e-15);
        close(erf_inv(1.0 - 1e-10), 4.572_824_958_544_925, 1e-9);
        close(beta(2.5, 1.5), PI / 16.0, 1e-14);
        close(lbeta(1e10, 1.0), -(1e10f64.ln()), 1e-14);
        close(lbeta(1e8, 2.0), -(1e8f64.ln() + (1e8f64 + 1.0).ln()), 1e-14);
        close(lbeta(20.0, 30.0), -33.968_820_791_977_385, 1e-14);
        close(norm_cdf(-std::f64::consts::SQRT_2 * 0.7), 0.5 * erfc(0.7), 1e-15);
    }

    #[test]
    fn the_inverse_inverts() {
        for k in 1..2000 {
            let x = 0.0025 * f64::from(k);
            close(erf_inv(erf(x)), x, 1e-15 + f64::EPSILON * (1.0 + (x * x).exp() / x));
        }
        assert!(erf_inv(1.0).is_infinite() && erf_inv(1.5).is_nan());
    }

    #[test]
    fn series_and_recurrence_meet() {
        assert_eq!((sinc(0.0), sinc(3.0), sinc_derivative(1.0, 0.0)), (1.0, 0.0, 0.0));
        close(sinc_derivative(2.0, 0.0), -PI * PI / 3.0, 1e-15);
        for n in 0..5u32 {
            let x = (1.0 + f64::from(n)) / PI;
            let (near, far) = (x * (1.0 - 1e-12), x * (1.0 + 1e-12));
            let (a, b) = (sinc_derivative(n.into(), near), sinc_derivative(n.into(), far));
            assert!((a - b).abs() < 1e-11 * PI.powi(n as i32 + 1), "{n}: {a} and {b}");
        }
    }
}
