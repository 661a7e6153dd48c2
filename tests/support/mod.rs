//! What the integration tests share: running scripts through the library, points to evaluate
//! at, and comparisons of numbers.
//!
//! A test file takes this in by `mod support;`. Nothing here knows what is tested.

// Every test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod oracle;
pub mod point;
pub mod script;

/// Whether two numbers agree to `tolerance`, absolute below 1 and relative above. Not a number
/// agrees with itself, and so does an infinity.
pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || a == b
        || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// The derivative of `f` at `x` by central differences with five points, whose error is of
/// order `h^4` (Abramowitz & Stegun 25.3.6).
pub fn central_difference(x: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let h = 1e-3 * x.abs().max(1.0);
    (f(x - 2.0 * h) - 8.0 * f(x - h) + 8.0 * f(x + h) - f(x + 2.0 * h)) / (12.0 * h)
}
