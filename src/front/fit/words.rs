//! Counts, times and endings in words.

use crate::optim::status::Status;
use crate::report::number::human_digits;
use crate::session::Fit;

/// How the method ended, after its name: "converged in 3 iterations".
pub fn ending(fit: &Fit) -> String {
    let n = counted(fit.iterations, "iteration");
    match fit.status {
        Status::Converged if fit.iterations == 0 => "converged at the start".to_string(),
        Status::Converged => format!("converged in {n}"),
        Status::Stalled => format!("stalled after {n}"),
        Status::MaxIter => format!("reached its limit of {n}"),
        Status::MaxTime => format!("ran out of time after {n}"),
        Status::Diverged => format!("diverged after {n}"),
        Status::Unbounded => format!("found no bound of the objective in {n}"),
        Status::Infeasible => format!("found no feasible point in {n}"),
        Status::Interrupted => format!("was interrupted after {n}"),
        Status::InvalidStart => "could not start".to_string(),
    }
}

/// `1 iteration`, `2 iterations`.
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A time in a fitting unit, to three digits: `350 us`, `1.2 ms`, `2.41 s`.
pub fn duration(seconds: f64) -> String {
    let (scale, unit) = match seconds {
        s if s < 1e-6 => (1e9, "ns"),
        s if s < 1e-3 => (1e6, "us"),
        s if s < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    let scaled = seconds * scale;
    // Beyond three digits, whole numbers: `1.23e3 s` would be hard to read.
    if scaled >= 100.0 {
        format!("{scaled:.0} {unit}")
    } else {
        format!("{} {unit}", human_digits(scaled, 3))
    }
}

/// A few names, and how many more there are.
pub fn listed(names: &[&str]) -> String {
    const MOST: usize = 6;
    match names.len() {
        n if n > MOST => format!("{} and {} more", names[..MOST].join(", "), n - MOST),
        _ => names.join(", "),
    }
}
