//! Derivatives of the digamma function of any order.

use super::{digamma, tetragamma, trigamma};

/// Even Bernoulli numbers B2, B4, ..., B20.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
];

/// The `n`-th derivative of digamma at `x`; NaN unless `n` is a whole number
/// from 0 to 100, and at the poles `x = 0, -1, -2, ...`.
///
/// Upward recurrence to `x >= n + 20`, then the asymptotic series (Abramowitz
/// & Stegun 6.4.6 and 6.4.11). Relative accuracy about 1e-14 for `x > 0`.
pub fn polygamma(n: f64, x: f64) -> f64 {
    if n.fract() != 0.0
        || !(0.0..=100.0).contains(&n)
        || x.is_nan()
        || (x <= 0.0 && x.fract() == 0.0)
    {
        return f64::NAN;
    }
    match n as u32 {
        0 => return digamma(x),
        1 => return trigamma(x),
        2 => return tetragamma(x),
        _ if x < -1e6 => return f64::NAN,
        _ => {}
    }
    // psi_n(x) = (-1)^(n+1) n! sum_k 1/(x+k)^(n+1)
    let factorial = libm::tgamma(n + 1.0);
    let (mut x, mut sum) = (x, 0.0);
    while x < n + 20.0 {
        sum += x.powf(-n - 1.0);
        x += 1.0;
    }
    let mut tail = x.powf(-n) / n + 0.5 * x.powf(-n - 1.0);
    // (2k+n-1)!/((2k)! n!) x^-(2k+n), updated from term to term.
    let mut weight = (n + 1.0) / 2.0 * x.powf(-n - 2.0);
    for (k, b) in BERNOULLI.iter().enumerate() {
        let k = k as f64 + 1.0;
        tail += b * weight;
        weight *=
            (2.0 * k + n) * (2.0 * k + n + 1.0) / ((2.0 * k + 1.0) * (2.0 * k + 2.0)) / (x * x);
    }
    let sign = if n as u32 % 2 == 1 { 1.0 } else { -1.0 };
    sign * factorial * (sum + tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values by mpmath's `polygamma`.
    #[test]
    fn agrees_with_reference_values() {
        let cases = [
            (3.0, 1.0, 6.493939402266829),
            (3.0, 0.25, 1538.7821440091884),
            (4.0, 2.5, -0.313_755_999_506_731_4),
            (5.0, 10.0, 0.000_305_945_162_117_268_2),
        ];
        for (n, x, want) in cases {
            let got: f64 = polygamma(n, x);
            assert!(
                (got - want).abs() <= 1e-9 * want.abs(),
                "polygamma({n}, {x}) = {got}, not {want}"
            );
        }
        assert!(polygamma(3.0, -2.0).is_nan());
    }
}
