//! The end of a search without derivatives: a local method goes on from the best point.
//!
//! That a population has collapsed says where it looked, not that the point is a minimizer. Where f is smooth and has a
//! gradient, a local method takes the search to its end, cheaply, and what it found is reported in its own words.

use super::local::Local;
use crate::optim::run::{Iterate, Run};
use crate::optim::status::{Status, Stop};

/// The gradient test of the local method: the search itself has none.
const GTOL: f64 = 1e-8;

/// Ends a search at `point`, where it has collapsed as `message` says.
pub(super) fn finish(
    run: &mut Run<'_>,
    point: &Iterate<'_>,
    message: String,
) -> Result<Stop, Stop> {
    let problem = run.eval.structure();
    if !problem.has_gradient() || !problem.is_smooth() || point.x.is_empty() {
        return Ok(run.converged(point, message));
    }
    let Ok(mut local) = Local::new(run, None, GTOL) else {
        return Ok(run.stalled("the local method refuses the options"));
    };
    match local.follow(run, point.x) {
        Ok(end) if end.value <= point.f && end.gradient.len() == point.x.len() => {
            let reached = Iterate { x: &end.x, f: end.value, g: &end.gradient, ..*point };
            run.converged(&reached, String::new());
            Ok(Stop::new(
                end.status,
                format!("{message}; from there {}: {}", local.method.name, end.message),
            ))
        }
        // The point is no start for a local method, say at the edge of the domain.
        Ok(end) if end.status == Status::InvalidStart => Ok(run.stalled(&message)),
        Ok(end) if matches!(end.status, Status::Interrupted | Status::MaxTime) => {
            Err(Stop::new(end.status, end.message))
        }
        _ => Ok(run.converged(point, message)),
    }
}
