//! The result of an optimization, for people.
//!
//! In comes a [`Fit`], out goes text: [`brief`] is the one line under a `let`, [`report`] what stands
//! below a `minimize` of its own. Numbers have six digits, long arrays are elided; whoever wants all of
//! it asks for `fit.x`. Plain functions of plain data.
//!
//! ```text
//! fit: lm converged in 3 iterations, value 227.07, w = 3.93241, b = -17.5791
//! ```

mod statistics;
mod words;

use super::paint::Paint;
use crate::optim::judge::verdict::{PointKind, Verdict};
use crate::report::{array, number::human};
use crate::session::Fit;
use crate::shape::{Shape, Tensor};
pub use words::{counted, duration};
use words::{ending, listed};

/// Lines of reports are at most this long where that is possible.
const WIDTH: usize = 100;
/// Columns up to this length are shown in a line of several values.
const SHORT_COLUMN: usize = 4;
/// Unknowns that a report shows.
const MOST_UNKNOWNS: usize = 20;
/// Matrices with more entries are shown by their size alone.
const MOST_ENTRIES: usize = 100;
/// From here on a condition number is worth a word.
const ILL_CONDITIONED: f64 = 1e8;

/// One line: how it ended, the value, and as much of the solution as fits.
pub fn brief(fit: &Fit, paint: Paint) -> String {
    let name = fit.name.as_deref().unwrap_or(fit.sense.word());
    let mut line = format!("{name}: {} {}", fit.method, ending(fit));
    let mut length = line.chars().count();
    line = format!("{}: {} {}", paint.bold(name), fit.method, colored_ending(fit, paint));
    let parts = std::iter::once(format!("value {}", human(fit.value)))
        .chain(fit.solution.iter().map(|(name, value)| short(name, value)));
    for part in parts {
        length += 2 + part.chars().count();
        if length > WIDTH {
            line += ", ...";
            break;
        }
        line += ", ";
        line += &part;
    }
    line + "\n"
}

/// The whole report, several lines.
pub fn report(fit: &Fit, paint: Paint) -> String {
    let mut rows = Rows { text: format!("{}\n", paint.bold(&title(fit))), paint };
    let why = if fit.why.is_empty() { String::new() } else { format!(": {}", fit.why) };
    rows.add("method", &format!("{}{why}", fit.method));
    rows.add("status", &colored_ending(fit, paint));
    if !fit.message.is_empty() {
        rows.add("", &fit.message);
    }
    rows.add("value", &human(fit.value));
    if !fit.grad_norm.is_nan() {
        rows.add("gradient", &format!("{} in its largest entry", human(fit.grad_norm)));
    }
    rows.add("work", &work(fit));
    if let Some(point) = point(fit) {
        rows.add("point", &point);
    }
    match statistics::table(fit) {
        Some(table) => rows.text += &format!("\n{table}"),
        None => solution(fit, &mut rows),
    }
    rows.text
}

/// Lines with a heading on the left.
struct Rows {
    text: String,
    paint: Paint,
}

impl Rows {
    fn add(&mut self, heading: &str, content: &str) {
        for (k, line) in content.lines().enumerate() {
            let heading = if k == 0 { heading } else { "" };
            let padded = format!("{heading:<10}");
            self.text += &format!("  {} {line}\n", self.paint.dim(&padded));
        }
    }
}

fn title(fit: &Fit) -> String {
    let whole = format!("{} {}", fit.sense.word(), fit.objective);
    match whole.char_indices().nth(WIDTH - 4) {
        Some((end, _)) => format!("{} ...", &whole[..end]),
        None => whole,
    }
}

fn colored_ending(fit: &Fit, paint: Paint) -> String {
    let words = ending(fit);
    if fit.status.is_success() { paint.good(&words) } else { paint.doubtful(&words) }
}

fn work(fit: &Fit) -> String {
    let counts = [
        (fit.evaluations.f, "f"),
        (fit.evaluations.grad, "gradient"),
        (fit.evaluations.hess, "Hessian"),
        (fit.evaluations.hv, "Hessian-vector product"),
    ];
    let done: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let done = if done.is_empty() { "none".to_string() } else { done.join(", ") };
    let iterations = counted(fit.iterations, "iteration");
    format!("{iterations} in {}; evaluations: {done}", duration(fit.time))
}

fn solution(fit: &Fit, rows: &mut Rows) {
    for (k, (name, value)) in fit.solution.iter().take(MOST_UNKNOWNS).enumerate() {
        rows.add(if k == 0 { "solution" } else { "" }, &whole(name, value));
    }
    let left = fit.solution.len().saturating_sub(MOST_UNKNOWNS);
    if left > 0 {
        rows.add("", &format!("... and {left} more"));
    }
}

/// A value on one line, short.
fn short(name: &str, value: &Tensor) -> String {
    let data = value.data();
    match (value.shape(), data) {
        (Shape::Scalar, [x, ..]) => format!("{name} = {}", human(*x)),
        (Shape::Vector(n), _) if n <= SHORT_COLUMN => {
            format!("{name} = {}", array::column_line(data, human))
        }
        (Shape::Vector(_), [first, second, .., last]) => {
            format!("{name} = [{}, {}, ..., {}]", human(*first), human(*second), human(*last))
        }
        (shape, _) => format!("{name}: {shape}"),
    }
}

/// A value, over several lines if need be.
fn whole(name: &str, value: &Tensor) -> String {
    let room = WIDTH - 14 - name.chars().count().min(WIDTH / 2);
    let text = match value.shape() {
        Shape::Scalar => return short(name, value),
        Shape::Vector(_) => array::column(value.data(), room),
        Shape::Matrix(m, n) if value.data().len() <= MOST_ENTRIES => {
            array::matrix(value.data(), m, n, room)
        }
        shape => {
            let (low, high) = range(value.data());
            return format!("{name}: {shape}, entries from {} to {}", human(low), human(high));
        }
    };
    let indent = " ".repeat(name.chars().count() + 3);
    format!("{name} = {}", text.replace('\n', &format!("\n{indent}")))
}

fn range(data: &[f64]) -> (f64, f64) {
    let least = data.iter().copied().fold(f64::INFINITY, f64::min);
    (least, data.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// The kind of point, with the unknowns that a flat direction or a bound is about.
fn point(fit: &Fit) -> Option<String> {
    let kind = fit.point()?;
    let verdict = fit.verdict.as_ref()?;
    let named = |indices: &[usize]| {
        let names: Vec<&str> =
            indices.iter().filter_map(|&i| fit.entries.get(i).map(String::as_str)).collect();
        listed(&names)
    };
    let about = match verdict {
        Verdict { kind: PointKind::FlatDirection, direction, .. } if !direction.is_empty() => {
            format!(" along {}", named(direction))
        }
        Verdict { kind: PointKind::SaddlePoint, direction, .. } if !direction.is_empty() => {
            format!(", lower along {}", named(direction))
        }
        Verdict {
            kind: PointKind::Unattained | PointKind::Falling | PointKind::EdgeOfDomain,
            direction,
            ..
        } if !direction.is_empty() => format!(" along {}", named(direction)),
        Verdict { kind: PointKind::AtBound, at_bounds, .. } if !at_bounds.is_empty() => {
            format!(" of {}", named(at_bounds))
        }
        Verdict { condition, .. } if condition.is_finite() && *condition > ILL_CONDITIONED => {
            format!(", badly scaled (condition {})", human(*condition))
        }
        _ => String::new(),
    };
    Some(kind + &about)
}

#[cfg(test)]
mod tests;
