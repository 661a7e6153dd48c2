//! What the integration tests share: running scripts through the library, points to evaluate
//! at, and comparisons of numbers.
//!
//! A test file takes this in by `mod support;`. Nothing here knows what is tested.

// Every test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod lab;
pub mod oracle;
pub mod point;
pub mod precise;
pub mod round_trip;
pub mod script;
pub mod statement;

/// Whether two numbers agree to `tolerance`, absolute below 1 and relative above. Not a number
/// agrees with itself, and so does an infinity.
pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || a == b
        || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// The derivatives of the numbers that `f` gives, at `x`, by central differences with five
/// points, whose error is of order `h^4` (Abramowitz & Stegun 25.3.6). `step` is relative to `x`.
pub fn central_differences<E>(
    x: f64,
    step: f64,
    mut f: impl FnMut(f64) -> Result<Vec<f64>, E>,
) -> Result<Vec<f64>, E> {
    let h = step * x.abs().max(1.0);
    let mut total: Vec<f64> = Vec::new();
    for (offset, weight) in [(-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)] {
        let values = f(x + offset * h)?;
        total.resize(values.len(), 0.0);
        for (sum, value) in total.iter_mut().zip(values) {
            *sum += weight * value / (12.0 * h);
        }
    }
    Ok(total)
}

/// The derivative of `f` at `x` by the same formula.
pub fn central_difference(x: f64, step: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let one = |x| Ok::<_, std::convert::Infallible>(vec![f(x)]);
    central_differences(x, step, one).map_or(f64::NAN, |d| d[0])
}
