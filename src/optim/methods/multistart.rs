//! Many local searches from starts that fill a box.
//!
//! The first start is the given one, the others are a Latin hypercube sample of the box of bounds (around the start,
//! where a side has none). Each is followed by a local method to its end; ends that agree to some
//! digits, in value and place, are the same minimum. The message says how many were seen, and how often.

use super::local::{self, Local};
use crate::optim::driver::Solution;
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::sampling::{latin_hypercube, search_box};
use crate::optim::status::{Status, Stop};
use crate::optim::vector::norm_inf;

/// The row of `multistart`.
pub static METHOD: MethodDef = MethodDef {
    name: "multistart",
    aliases: &[],
    family: "global",
    summary: "local searches from many starts in a box of bounds",
    when_to_use: "For smooth functions with several minima. Reports how many distinct minima were seen and how \
                  often; a minimum that was seen once hints at others that were not.",
    formula: "",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: true,
    own_options: &[
        OptionDef {
            name: "starts",
            kind: OptionKind::Whole { min: 1, max: 1_000_000 },
            default: OptionDefault::Number(50.0),
            doc: "the number of starts, the given one among them",
        },
        OptionDef {
            name: "method",
            kind: OptionKind::Word(&local::NAMES),
            default: OptionDefault::Absent,
            doc: "the local method; chosen by what the problem offers if left out",
        },
    ],
    max_iter: 2_000_000,
    reference: "Rinnooy Kan & Timmer (1987), Math. Program. 39, 27-56; McKay, Beckman & Conover (1979)",
    entry: minimize,
};

/// Ends are the same minimum if values and entries of x agree to these shares of `max(1, |.|)`.
const SAME_VALUE: f64 = 1e-6;
const SAME_PLACE: f64 = 1e-4;
/// Values that agree to this share are both the lowest.
const SAME_LOWEST: f64 = 1e-12;
/// Minima that the message lists.
const LISTED: usize = 5;

/// A minimum, and how many starts led to it.
struct Seen {
    end: Solution,
    times: usize,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let starts = run.options().whole("starts").unwrap_or(50);
    let (named, gtol) = (run.options().word("method"), run.options().gtol);
    let Ok(mut local) = Local::new(run, named, gtol) else {
        return Ok(run.stalled("the local method refuses the options"));
    };
    let x0 = run.x0().to_vec();
    let (low, high) = search_box(&x0, run.bounds());
    let mut points = vec![x0];
    points.extend(latin_hypercube(&mut run.random, starts - 1, &low, &high));
    let (mut seen, mut failed): (Vec<Seen>, usize) = (Vec::new(), 0);
    for point in points {
        let end = match local.follow(run, &point) {
            Ok(end) => end,
            Err(misfit) => return Err(Stop::new(Status::InvalidStart, misfit.to_string())),
        };
        // A start that ran away has found nothing.
        if end.value.is_finite() && end.status != Status::Diverged {
            run.record(&Iterate {
                x: &end.x,
                f: end.value,
                g: &end.gradient,
                step: f64::NAN,
                radius: f64::NAN,
                how: How::default(),
            })?;
        }
        match end.status {
            Status::Unbounded => return Err(Stop::new(end.status, end.message)),
            Status::Interrupted | Status::MaxTime => {
                return Err(Stop::new(end.status, end.message));
            }
            Status::Converged | Status::Stalled if end.value.is_finite() => note(&mut seen, end),
            _ => failed += 1,
        }
        run.eval.check()?;
    }
    in_order(&mut seen);
    let message = described(&seen, starts, failed, local.method.name);
    let Some(best) = seen.first() else {
        return Ok(run.stalled(&message));
    };
    let end = &best.end;
    let point = Iterate {
        x: &end.x,
        f: end.value,
        g: &end.gradient,
        step: f64::NAN,
        radius: f64::NAN,
        how: How::default(),
    };
    if end.status == Status::Converged {
        return Ok(run.converged(&point, message));
    }
    Ok(Stop::new(Status::Stalled, message))
}

/// Adds an end to the minima seen; of two that are the same the lower stays.
fn note(seen: &mut Vec<Seen>, end: Solution) {
    let same = |other: &Solution| {
        let near = (other.value - end.value).abs() <= SAME_VALUE * end.value.abs().max(1.0);
        let scale = norm_inf(&end.x).max(1.0);
        near && other.x.iter().zip(&end.x).all(|(a, b)| (a - b).abs() <= SAME_PLACE * scale)
    };
    match seen.iter_mut().find(|seen| same(&seen.end)) {
        Some(known) => {
            known.times += 1;
            if end.value < known.end.value {
                known.end = end;
            }
        }
        None => seen.push(Seen { end, times: 1 }),
    }
}

/// From the lowest value up; of minima whose lowest values differ by rounding alone, the one that was found first leads.
fn in_order(seen: &mut [Seen]) {
    let lowest = seen.iter().map(|s| s.end.value).fold(f64::INFINITY, f64::min);
    let tie = lowest + SAME_LOWEST * lowest.abs();
    let leads = seen.iter().position(|s| s.end.value <= tie);
    if let Some(first) = leads {
        seen[..=first].rotate_right(1);
        seen[1..].sort_by(|a, b| a.end.value.total_cmp(&b.end.value));
    }
}

fn described(seen: &[Seen], starts: usize, failed: usize, method: &str) -> String {
    let counted =
        |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let times = |n: usize| match n {
        1 => "once".to_string(),
        2 => "twice".to_string(),
        n => format!("{n} times"),
    };
    let mut listed: Vec<String> = seen
        .iter()
        .take(LISTED)
        .map(|seen| format!("{:.6e} {}", seen.end.value, times(seen.times)))
        .collect();
    if seen.len() > LISTED {
        listed.push("...".to_string());
    }
    let mut text = format!(
        "{} by {method} ended in {}: {}",
        counted(starts, "start", "starts"),
        counted(seen.len(), "minimum", "distinct minima"),
        listed.join(", ")
    );
    if failed > 0 {
        text += &format!("; {} ended elsewhere", counted(failed, "start", "starts"));
    }
    text
}
