//! Central differences, for problems that explicitly ask for a numeric gradient.

/// The gradient of `f` at `x` by central differences, into `g`.
///
/// ```text
/// g_i = (f(x + h_i e_i) - f(x - h_i e_i)) / (2 h_i),    h_i = eps^(1/3) * max(1, |x_i|)
/// ```
///
/// `x: n, g: n`; costs 2n values. The error is about `eps^(2/3)` of the scale of f, so that gradients are good
/// to some ten digits at most (Nocedal & Wright 2006, eq. 8.7 and the remark after it).
pub fn central_difference_gradient(f: &mut dyn FnMut(&[f64]) -> f64, x: &[f64], g: &mut [f64]) {
    let mut point = x.to_vec();
    for (i, gi) in g.iter_mut().enumerate() {
        let h = f64::EPSILON.cbrt() * x[i].abs().max(1.0);
        point[i] = x[i] + h;
        let above = f(&point);
        let upper = point[i];
        point[i] = x[i] - h;
        let below = f(&point);
        // The distance as it was rounded, not 2h: otherwise large x_i spoil the quotient.
        *gi = (above - below) / (upper - point[i]);
        point[i] = x[i];
    }
}
