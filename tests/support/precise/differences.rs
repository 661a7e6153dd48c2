//! First and second derivatives by central differences of double-double values.
//!
//! With steps of 2^-20 the formulas of Abramowitz & Stegun (25.3.6, 25.3.24) leave about
//! `1e-25` times the fifth or sixth derivative, and rounding `1e-23` and `1e-17` of the value:
//! far below what is asked of a symbolic derivative.

use super::double::Dd;

/// Absolute, so that points and steps are exact.
const STEP: f64 = 1.0 / 1_048_576.0;

/// The derivatives of the numbers of `f` along a direction: `f(t)` is their value at the step `t`.
pub fn first<E>(mut f: impl FnMut(f64) -> Result<Vec<Dd>, E>) -> Result<Vec<Dd>, E> {
    let weights = [(-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)];
    weighted(&mut f, &weights, 1.0 / (12.0 * STEP))
}

/// The second derivatives along a direction.
pub fn second<E>(mut f: impl FnMut(f64) -> Result<Vec<Dd>, E>) -> Result<Vec<Dd>, E> {
    let weights = [(-2.0, -1.0), (-1.0, 16.0), (0.0, -30.0), (1.0, 16.0), (2.0, -1.0)];
    weighted(&mut f, &weights, 1.0 / (12.0 * STEP * STEP))
}

fn weighted<E>(
    f: &mut impl FnMut(f64) -> Result<Vec<Dd>, E>,
    weights: &[(f64, f64)],
    scale: f64,
) -> Result<Vec<Dd>, E> {
    let mut sums: Vec<Dd> = Vec::new();
    for &(at, weight) in weights {
        let values = f(at * STEP)?;
        sums.resize(values.len(), Dd::ZERO);
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = *sum + Dd::new(weight) * value;
        }
    }
    Ok(sums.into_iter().map(|sum| sum * Dd::new(scale)).collect())
}
