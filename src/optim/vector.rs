//! The few operations on slices that every method needs.

/// `a'b`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The Euclidean norm, scaled where the plain sum of squares would overflow or underflow.
pub fn norm(a: &[f64]) -> f64 {
    let squares = dot(a, a);
    if squares.is_finite() && squares > 1e-280 {
        return squares.sqrt();
    }
    let largest = norm_inf(a);
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * a.iter().map(|ai| (ai / largest).powi(2)).sum::<f64>().sqrt()
}

/// `|a - b|`.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// The largest absolute entry; 0 for an empty slice.
pub fn norm_inf(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |largest, ai| ai.abs().max(largest))
}

/// `y <- y + alpha x`.
pub fn axpy(alpha: f64, x: &[f64], y: &mut [f64]) {
    for (yi, xi) in y.iter_mut().zip(x) {
        *yi += alpha * xi;
    }
}

/// `out <- x + alpha p`.
pub fn step_to(x: &[f64], alpha: f64, p: &[f64], out: &mut [f64]) {
    for ((out, xi), pi) in out.iter_mut().zip(x).zip(p) {
        *out = xi + alpha * pi;
    }
}
