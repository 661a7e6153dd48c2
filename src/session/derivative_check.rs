//! The check of every gradient before its first use.
//!
//! The symbolic gradient along a direction is compared with central
//! differences of the objective at several step lengths, whose errors are
//! estimated from one another (Gill, Murray & Wright, Practical Optimization,
//! sec. 8.6). Only a mismatch at every step length, along a second direction
//! too, and far beyond the estimated errors is reported: it is a bug of ours.

use crate::problem::Problem;

/// Directions tried; both must disagree.
const DIRECTIONS: usize = 2;
/// Step lengths relative to the size of the point.
const STEPS: [f64; 3] = [1e-4, 1e-5, 1e-6];
/// Smallest relative disagreement worth a word.
const TOLERANCE: f64 = 1e-3;

/// The symbolic and the numeric derivative along a direction where they
/// disagree beyond their errors. Costs six values a direction, and the second
/// direction is only tried where the first disagrees.
pub(super) fn mismatch(problem: &mut dyn Problem, x: &[f64]) -> Option<(f64, f64)> {
    let mut gradient = vec![0.0; x.len()];
    let f = problem.value_gradient(x, &mut gradient);
    if !f.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
        return None;
    }
    let mut worst = None;
    for k in 0..DIRECTIONS {
        let direction = direction(x, k);
        let symbolic: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let size: f64 = gradient.iter().zip(&direction).map(|(g, d)| (g * d).abs()).sum();
        worst = Some((symbolic, disagreement(problem, x, &direction, f, symbolic, size)?));
    }
    worst
}

/// Signs by a fixed pattern, each entry as large as the point there.
fn direction(x: &[f64], k: usize) -> Vec<f64> {
    let entry = |(i, x): (usize, &f64)| {
        let bits =
            (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17 * k as u32 + 7);
        let weight = 0.5 + (bits >> 40) as f64 / (1u64 << 25) as f64;
        let scale = if *x == 0.0 { 1.0 } else { x.abs() };
        if bits & 1 == 0 { weight * scale } else { -weight * scale }
    };
    x.iter().enumerate().map(entry).collect()
}

/// The numeric derivative, where it disagrees at every step length.
fn disagreement(
    problem: &mut dyn Problem,
    x: &[f64],
    d: &[f64],
    f: f64,
    symbolic: f64,
    size: f64,
) -> Option<f64> {
    let mut at = |h: f64| {
        let moved: Vec<f64> = x.iter().zip(d).map(|(x, d)| x + h * d).collect();
        problem.value(&moved)
    };
    let mut found = Vec::with_capacity(STEPS.len());
    for h in STEPS {
        let slope = (at(h) - at(-h)) / (2.0 * h);
        let rounding = 16.0 * f64::EPSILON * f.abs() / h;
        let error = (slope - symbolic).abs();
        let agrees = error <= TOLERANCE * (size + slope.abs()) + 10.0 * rounding;
        if !slope.is_finite() || agrees {
            return None;
        }
        found.push(slope);
    }
    // Differences that do not settle say nothing about the gradient.
    let spread = (found[1] - found[2]).abs().max((found[0] - found[1]).abs());
    (spread < 0.1 * (found[2] - symbolic).abs()).then_some(found[2])
}
