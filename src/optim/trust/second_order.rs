//! The tests of a method that has the exact Hessian: the gradient's, its rounding floor, and the curvature.

use super::trust_region::Model;
use crate::optim::run::{Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::status::Stop;

/// Whether the gradient passes its test, or is at its rounding floor, and if so, whether the curvature
/// agrees.
///
/// The floor of entry j is `4 eps sum_k |H_jk| |x_k|`: so much the gradient changes when every x_k moves by
/// two units in its last place.
pub fn test_second_order(
    run: &mut Run<'_>,
    point: &Iterate<'_>,
    model: &mut impl Model,
) -> Option<(Stop, bool)> {
    let stop = run.test_gradient(point, &mut |attempt| outlook(model, attempt)).or_else(|| {
        let mut floor = model.change(point.x);
        floor.iter_mut().for_each(|change| *change *= 4.0 * f64::EPSILON);
        run.test_floor(point, &floor, &mut |attempt| outlook(model, attempt))
    })?;
    Some((stop, model.is_semidefinite()))
}

/// The Newton step where H is positive definite; at a second attempt, or where it is not, a regularized one.
fn outlook(model: &mut impl Model, attempt: usize) -> Outlook {
    let newton = if attempt == 0 { model.newton() } else { None };
    match newton.or_else(|| model.regularized()) {
        Some(p) => Outlook::Exact(p),
        None => Outlook::Unknown,
    }
}
