//! Arrays of random numbers, row-major.
//!
//! The weight initializations take the shape m x n of a weight matrix `W` that is used as
//! `X*W`: m inputs, n outputs.

use super::{RandomError, Stream};
use crate::patience;

/// `count` normal numbers with mean `mu` and standard deviation `sigma` >= 0.
pub fn normal(s: &mut Stream, mu: f64, sigma: f64, count: usize) -> Result<Vec<f64>, RandomError> {
    if !mu.is_finite() {
        return Err(RandomError::Mean { mu });
    }
    if !(sigma >= 0.0 && sigma.is_finite()) {
        return Err(RandomError::Sigma { sigma });
    }
    fill(count, 1, || mu + sigma * s.standard_normal())
}

/// `count` numbers uniform between `a` and `b`; rounding may give `b` itself.
pub fn uniform(s: &mut Stream, a: f64, b: f64, count: usize) -> Result<Vec<f64>, RandomError> {
    if !(a.is_finite() && b.is_finite() && a <= b) {
        return Err(RandomError::Interval { a, b });
    }
    let width = b - a;
    fill(count, 1, || {
        let u = s.unit();
        // The width of [-1e308, 1e308] overflows; each product does not.
        let x = if width.is_finite() { a + width * u } else { a * (1.0 - u) + b * u };
        x.min(b)
    })
}

/// m x n numbers uniform in [-r, r] with r = sqrt(6/(m + n)), so that their variance is
/// 2/(m + n).
///
/// Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward
/// neural networks", AISTATS 2010, equation 16.
pub fn glorot(s: &mut Stream, m: usize, n: usize) -> Result<Vec<f64>, RandomError> {
    let r = (6.0 / fans(m, n)).sqrt();
    fill(m, n, || r * (2.0 * s.unit() - 1.0))
}

/// m x n normal numbers with variance 2/(m + n): Glorot's variance, not truncated.
pub fn glorot_normal(s: &mut Stream, m: usize, n: usize) -> Result<Vec<f64>, RandomError> {
    let sigma = (2.0 / fans(m, n)).sqrt();
    fill(m, n, || sigma * s.standard_normal())
}

/// m x n numbers uniform in [-r, r] with r = sqrt(6/m), so that their variance is 2/m, for layers with `relu`.
///
/// Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.
pub fn he(s: &mut Stream, m: usize, n: usize) -> Result<Vec<f64>, RandomError> {
    let r = (6.0 / m.max(1) as f64).sqrt();
    fill(m, n, || r * (2.0 * s.unit() - 1.0))
}

/// m x n normal numbers with variance 2/m.
pub fn he_normal(s: &mut Stream, m: usize, n: usize) -> Result<Vec<f64>, RandomError> {
    let sigma = (2.0 / m.max(1) as f64).sqrt();
    fill(m, n, || sigma * s.standard_normal())
}

fn fans(m: usize, n: usize) -> f64 {
    (m as f64 + n as f64).max(1.0)
}

/// `rows * cols` draws, in order; an error where memory does not suffice.
pub(super) fn fill(
    rows: usize,
    cols: usize,
    mut draw: impl FnMut() -> f64,
) -> Result<Vec<f64>, RandomError> {
    let too_large = RandomError::TooLarge { rows, cols };
    let Some(count) = rows.checked_mul(cols) else {
        return Err(too_large);
    };
    let mut values = Vec::new();
    if values.try_reserve_exact(count).is_err() {
        return Err(too_large);
    }
    values.extend((0..count).map(|_| {
        patience::look();
        draw()
    }));
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_variance(x: &[f64]) -> (f64, f64) {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn variances_are_those_of_the_formulas() {
        let s = Stream::new(3);
        let (m, n) = (200, 100);
        for (name, x, variance) in [
            ("glorot", glorot(&mut s.split("a"), m, n), 2.0 / 300.0),
            ("glorot_normal", glorot_normal(&mut s.split("b"), m, n), 2.0 / 300.0),
            ("he", he(&mut s.split("c"), m, n), 0.01),
            ("normal", normal(&mut s.split("d"), 0.0, 3.0, m * n), 9.0),
            ("uniform", uniform(&mut s.split("e"), -1.0, 1.0, m * n), 1.0 / 3.0),
        ] {
            let (mean, found) = mean_and_variance(&x.unwrap());
            assert!((found / variance - 1.0).abs() < 0.05, "{name}: {found}");
            assert!(mean.abs() < 0.03 * variance.sqrt(), "{name}: {mean}");
        }
    }

    #[test]
    fn ranges_hold() {
        let mut s = Stream::new(4);
        let x = uniform(&mut s, 2.0, 3.0, 1000).unwrap();
        assert!(x.iter().all(|v| (2.0..=3.0).contains(v)));
        let x = uniform(&mut s, -f64::MAX, f64::MAX, 1000).unwrap();
        assert!(x.iter().all(|v| v.is_finite()));
        assert_eq!(uniform(&mut s, 5.0, 5.0, 2).unwrap(), [5.0, 5.0]);
        assert_eq!(normal(&mut s, 1.5, 0.0, 2).unwrap(), [1.5, 1.5]);
        assert_eq!(glorot(&mut s, 0, 0).unwrap(), []);
    }

    #[test]
    fn mistakes_are_errors() {
        let mut s = Stream::new(5);
        assert!(matches!(normal(&mut s, 0.0, -1.0, 1), Err(RandomError::Sigma { .. })));
        assert!(matches!(normal(&mut s, f64::NAN, 1.0, 1), Err(RandomError::Mean { .. })));
        assert!(matches!(uniform(&mut s, 1.0, 0.0, 1), Err(RandomError::Interval { .. })));
        assert!(matches!(he(&mut s, usize::MAX, 2), Err(RandomError::TooLarge { .. })));
        assert!(matches!(
            uniform(&mut s, 0.0, 1.0, usize::MAX / 2),
            Err(RandomError::TooLarge { .. })
        ));
    }
}
