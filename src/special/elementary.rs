//! Stable forms of compositions of exponentials and logarithms, and small helpers.

use std::f64::consts::LN_2;

/// The logistic function 1/(1 + exp(-x)), for all x; accurate to 2 ulp.
///
/// Each branch takes the exponential of a number that is not positive, so that nothing
/// overflows and small values keep their digits.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), for all x; accurate to 2 ulp.
///
/// Source: Mächler, "Accurately computing log(1 - exp(-|a|))", vignette of the R package
/// Rmpfr, 2012, in a form without cases.
pub fn softplus(x: f64) -> f64 {
    // `max` would drop a NaN, but the second term brings it back.
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The inverse hyperbolic tangent, odd to the last bit; accurate to 2 ulp. NaN where |x| > 1.
///
/// sign(x) * log1p(2|x|/(1 - |x|)) / 2. The quotient of x itself comes close to -1 near -1, where the logarithm
/// magnifies what was rounded.
pub fn atanh(x: f64) -> f64 {
    let size = x.abs();
    (0.5 * (2.0 * size / (1.0 - size)).ln_1p()).copysign(x)
}

/// log(cosh(x)), for all x; accurate to 4 ulp, relative to the result also near 0.
///
/// |x| + log1p(exp(-2|x|)) - log(2) does not overflow but cancels near 0, where
/// log(cosh(x)) = log1p(sinh(x)^2)/2 does not.
pub fn log_cosh(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 { 0.5 * x.sinh().powi(2).ln_1p() } else { x + ((-2.0 * x).exp().ln_1p() - LN_2) }
}

/// log(sum(exp(x_i))), shifted by the maximum m: m + log1p(sum over the others of
/// exp(x_i - m)).
///
/// Accurate to a few ulp of max(|m|, result), also where one entry outweighs the others.
/// -inf for no entries and for entries that are all -inf; inf where one is inf; NaN where
/// one is NaN. Two passes over the entries.
///
/// Source: Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and softmax
/// functions", IMA J. Numer. Anal. 41, 2021.
pub fn logsumexp(x: &[f64]) -> f64 {
    let mut largest = 0;
    for (i, &value) in x.iter().enumerate() {
        if value.is_nan() {
            return f64::NAN;
        }
        if value > x[largest] {
            largest = i;
        }
    }
    match x.get(largest) {
        None => f64::NEG_INFINITY,
        // Shifting by an infinity would give NaN.
        Some(&m) if m.is_infinite() => m,
        Some(&m) => {
            let exps = |part: &[f64]| part.iter().map(|&value| (value - m).exp()).sum::<f64>();
            let others = exps(&x[..largest]) + exps(&x[largest + 1..]);
            m + others.ln_1p()
        }
    }
}

/// a - b*floor(a/b), which has the sign of b; NaN for b = 0 and for infinite arguments.
///
/// Exact where the quotient and the product are, as for whole numbers below 2^53.
pub fn mod_floor(a: f64, b: f64) -> f64 {
    a - b * (a / b).floor()
}

/// x^y. `pow(x, 0)` is 1 for every x, NaN included; a whole exponent takes any base; a
/// negative base with another exponent is NaN. Accurate to 1 ulp.
///
/// The exponents 1, 2 and -1 are computed as the products and quotients they are, so that
/// `x^2` and `x*x` agree.
pub fn pow(x: f64, y: f64) -> f64 {
    if y == 2.0 {
        x * x
    } else if y == 1.0 {
        x
    } else if y == -1.0 {
        1.0 / x
    } else {
        x.powf(y)
    }
}

/// sqrt(a^2 + b^2) without overflow or underflow between; accurate to 1 ulp.
pub fn hypot(a: f64, b: f64) -> f64 {
    a.hypot(b)
}

/// max(x, 0), with NaN for NaN.
pub fn relu(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

/// -1, 0 or 1, with 0 for both zeros and NaN for NaN.
pub fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x.abs() } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, close};
    use super::*;

    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn values() {
        for &(x, expected) in reference::SIGMOID {
            close("sigmoid", x, sigmoid(x), expected, 5e-16);
        }
        for &(x, expected) in reference::SOFTPLUS {
            close("softplus", x, softplus(x), expected, 5e-16);
        }
        for &(x, expected) in reference::LOG_COSH {
            close("log_cosh", x, log_cosh(x), expected, 1e-15);
        }
    }

    #[test]
    fn atanh_keeps_its_digits_near_both_ends() {
        let values = [
            (0.998, 3.4533773893242765),
            (1.0 - 2f64.powi(-30), 10.743781298446322),
            (1.0 - 2f64.powi(-53), 18.714973875118524),
            (0.3, 0.30951960420311176),
            (1e-9, 1e-9),
        ];
        for (x, expected) in values {
            close("atanh", x, atanh(x), expected, 4e-16);
            assert_eq!(atanh(-x), -atanh(x));
        }
        assert_eq!((atanh(1.0), atanh(-1.0)), (INF, -INF));
        assert!(atanh(1.5).is_nan() && atanh(-1.5).is_nan());
    }

    #[test]
    fn infinities_and_nan() {
        assert_eq!((sigmoid(INF), sigmoid(-INF)), (1.0, 0.0));
        assert_eq!((softplus(INF), softplus(-INF)), (INF, 0.0));
        assert_eq!((log_cosh(INF), log_cosh(-INF)), (INF, INF));
        for f in [sigmoid, softplus, log_cosh, relu, sign] {
            assert!(f(NAN).is_nan());
        }
        assert_eq!((relu(-3.0), relu(INF), relu(-0.0)), (0.0, INF, 0.0));
        assert_eq!((sign(-INF), sign(0.0), sign(2.0)), (-1.0, 0.0, 1.0));
        assert!(sign(-0.0).is_sign_positive());
    }

    #[test]
    fn logsumexp_is_shifted() {
        close("logsumexp", 0.0, logsumexp(&[1000.0, 1000.0]), 1000.0 + LN_2, 1e-15);
        close("logsumexp", 0.0, logsumexp(&[-1000.0, -1000.0]), LN_2 - 1000.0, 1e-15);
        // log(1 + exp(-40)), which a sum before the logarithm would round to 0.
        close("logsumexp", 0.0, logsumexp(&[-40.0, 0.0]), 4.248354255291589e-18, 1e-15);
        assert_eq!(logsumexp(&[]), -INF);
        assert_eq!(logsumexp(&[3.5]), 3.5);
        assert_eq!(logsumexp(&[-INF, -INF]), -INF);
        assert_eq!(logsumexp(&[-INF, 2.0]), 2.0);
        assert_eq!(logsumexp(&[INF, -INF, 1.0]), INF);
        assert!(logsumexp(&[INF, NAN]).is_nan() && logsumexp(&[NAN, INF]).is_nan());
    }

    #[test]
    fn mod_has_the_sign_of_its_divisor() {
        assert_eq!((mod_floor(7.0, 3.0), mod_floor(-7.0, 3.0)), (1.0, 2.0));
        assert_eq!((mod_floor(7.0, -3.0), mod_floor(-7.0, -3.0)), (-2.0, -1.0));
        assert_eq!(mod_floor(5.5, 2.0), 1.5);
        assert!(mod_floor(1.0, 0.0).is_nan() && mod_floor(INF, 2.0).is_nan());
    }

    #[test]
    fn powers() {
        assert_eq!((pow(0.0, 0.0), pow(NAN, 0.0), pow(INF, 0.0)), (1.0, 1.0, 1.0));
        assert_eq!((pow(-2.0, 3.0), pow(-2.0, -2.0)), (-8.0, 0.25));
        assert!(pow(-2.0, 0.5).is_nan() && pow(NAN, 2.0).is_nan());
        assert_eq!((pow(0.1, 2.0), pow(3.0, -1.0)), (0.1 * 0.1, 1.0 / 3.0));
        assert_eq!((pow(0.0, -2.0), pow(4.0, 0.5)), (INF, 2.0));
        close("hypot", 3e200, hypot(3e200, 4e200), 5e200, 3e-16);
    }
}
