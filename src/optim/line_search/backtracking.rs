//! Armijo backtracking: values only.

use super::{Found, Ray, Trial};
use crate::optim::status::Stop;

/// Shorter steps than `2^-60` of the first are below rounding.
const MAX_TRIALS: usize = 60;

/// Shrinks from `first` until `phi(alpha) <= reference + c1 alpha phi'(0)`.
///
/// `reference` is `phi(0)`, or the largest of the last few values for the nonmonotone rule of Grippo,
/// Lampariello & Lucidi (1986). The next trial is the minimizer of the parabola through `phi(0)`,
/// `phi'(0)` and the trial, kept within [0.1, 0.5] of it (Nocedal & Wright 2006, eq. 3.57 and p. 58). The
/// gradient at the step found is then evaluated; where it is not finite the shrinking goes on.
pub fn backtrack(ray: &mut Ray<'_, '_>, first: f64, reference: f64) -> Result<Found, Stop> {
    let origin = ray.origin;
    let mut alpha = first;
    for _ in 0..MAX_TRIALS {
        let value = ray.value(alpha)?;
        let mut factor = 0.1;
        if let Some(f) = value {
            if f <= reference + ray.wolfe.c1 * alpha * origin.slope || ray.is_unbounded(f) {
                if f >= origin.f && reference <= origin.f {
                    // Equal values at equal rounding are no descent.
                    return Ok(Found::Nothing);
                }
                let buffers = &mut *ray.buffers;
                if ray.run.eval.gradient(&buffers.x_new, &mut buffers.g_new)? {
                    let slope = super::dot(&buffers.g_new, ray.p);
                    return Ok(Found::Accepted(Trial { alpha, f, slope }));
                }
            } else {
                let curvature = 2.0 * (f - origin.f - alpha * origin.slope) / alpha;
                factor = (-origin.slope / curvature).clamp(0.1, 0.5);
            }
        }
        alpha *= factor;
    }
    Ok(Found::Nothing)
}
