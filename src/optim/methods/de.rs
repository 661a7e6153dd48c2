//! Differential evolution: a population that moves by differences of its own members.
//!
//! ```text
//! v = x_best + F (x_a - x_b)  or  x_c + F (x_a - x_b),   crossed with x_i entry by entry;   kept if not higher
//! ```
//!
//! Half of the trials follow the best member, half a random one: the first converges, the second keeps looking
//! around. F is drawn anew for each generation ("dither"). The first population fills the box by Latin
//! hypercube sampling; where a side has no bounds, it is a range around the start.

use super::finish::finish;
use super::{NO_GTOL, SPREAD_FTOL, SPREAD_XTOL};
use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{Iterate, Run};
use crate::optim::sampling::{latin_hypercube, search_box};
use crate::optim::status::Stop;

/// The row of `de`.
pub static METHOD: MethodDef = MethodDef {
    name: "de",
    aliases: &["differential_evolution"],
    family: "no derivatives",
    summary: "differential evolution in a box",
    when_to_use: "For functions of up to some twenty unknowns with many minima, in a box of bounds. Takes many \
                  evaluations; multistart is faster where there are gradients.",
    formula: "",
    needs: &[Need::Objective],
    accepts_bounds: true,
    own_options: &[
        NO_GTOL,
        SPREAD_FTOL,
        SPREAD_XTOL,
        OptionDef {
            name: "population",
            kind: OptionKind::Whole { min: 5, max: 1_000_000 },
            default: OptionDefault::Absent,
            doc: "the number of members; max(20, 10 n) if left out",
        },
        OptionDef {
            name: "crossover",
            kind: OptionKind::Number { min: 0.0, max: 1.0 },
            default: OptionDefault::Number(0.9),
            doc: "how likely an entry is taken from the mutant",
        },
    ],
    max_iter: 5_000,
    reference: "Storn & Price (1997), J. Global Optim. 11, 341-359; Price, Storn & Lampinen (2005), ch. 2",
    entry: minimize,
};

/// The range of F.
const DITHER: (f64, f64) = (0.5, 1.0);

struct Member {
    x: Vec<f64>,
    f: f64,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f) = run.first_value()?;
    let n = x.len();
    let size = run.options().whole("population").unwrap_or((10 * n).max(20));
    let crossover = run.options().number("crossover").unwrap_or(0.9);
    let (low, high) = search_box(&x, run.bounds());
    memory::need_numbers(size.saturating_mul(2 * n), "the population of `de`");
    let mut members = vec![Member { x, f }];
    for x in latin_hypercube(&mut run.random, size - 1, &low, &high) {
        let f = run.value_or_infinity(&x)?;
        members.push(Member { x, f });
    }
    loop {
        let best = lowest(&members);
        let (spread, width) = spread(&members, best);
        let point = Iterate::without_gradient(&members[best].x, members[best].f, width);
        let options = run.options();
        let narrow = is_narrow(run, &members, best, options.xtol);
        // Where all values are equal to the last digits, selection is blind.
        let equal = spread <= options.ftol * point.f.abs().max(run.unit_of_values(point.f));
        if equal && (narrow || spread <= 4.0 * f64::EPSILON * point.f.abs()) {
            let message = format!(
                "the values of all {size} members differ by {spread:.2e}, and they lie within {width:.2e}"
            );
            return finish(run, &point, message);
        }
        run.accept_value(&point)?;
        let factor = DITHER.0 + (DITHER.1 - DITHER.0) * run.random.unit();
        for i in 0..size {
            let trial = trial(run, &members, (i, lowest(&members)), factor, crossover);
            let f = run.value_or_infinity(&trial)?;
            if f <= members[i].f {
                members[i] = Member { x: trial, f };
            }
        }
    }
}

fn lowest(members: &[Member]) -> usize {
    (1..members.len()).fold(0, |best, i| if members[i].f < members[best].f { i } else { best })
}

/// The range of the values, and the largest distance of an entry from the best member's.
fn spread(members: &[Member], best: usize) -> (f64, f64) {
    let highest = members.iter().map(|m| m.f).fold(f64::NEG_INFINITY, f64::max);
    let center = &members[best].x;
    let distance =
        |m: &Member| m.x.iter().zip(center).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    (highest - members[best].f, members.iter().map(distance).fold(0.0, f64::max))
}

/// Whether every member is within `share` of the size of each unknown of the best one.
fn is_narrow(run: &Run<'_>, members: &[Member], best: usize, share: f64) -> bool {
    let center = &members[best].x;
    let near = |x: &[f64]| {
        (0..x.len()).all(|j| (x[j] - center[j]).abs() <= share * run.unit_of_unknown(j))
    };
    members.iter().all(|member| near(&member.x))
}

/// The trial for member i: a mutant, crossed with the member.
fn trial(
    run: &mut Run<'_>,
    members: &[Member],
    (i, best): (usize, usize),
    factor: f64,
    crossover: f64,
) -> Vec<f64> {
    let n = members[i].x.len();
    let random = &mut run.random;
    let mut others = [i; 3];
    for k in 0..3 {
        loop {
            others[k] = random.below(members.len());
            if others[k] != i && !others[..k].contains(&others[k]) {
                break;
            }
        }
    }
    let [a, b, c] = others;
    let base = if random.unit() < 0.5 { best } else { c };
    let forced = random.below(n.max(1));
    let from = &members[i].x;
    let mut trial = from.clone();
    for (j, entry) in trial.iter_mut().enumerate() {
        if j == forced || random.unit() < crossover {
            *entry = members[base].x[j] + factor * (members[a].x[j] - members[b].x[j]);
        }
    }
    if let Some(bounds) = run.bounds() {
        let (lower, upper) = (bounds.lower(), bounds.upper());
        for (j, entry) in trial.iter_mut().enumerate() {
            // Halfway from the member to the bound: the bound itself would become crowded.
            if *entry < lower[j] {
                *entry = 0.5 * (from[j] + lower[j]);
            } else if *entry > upper[j] {
                *entry = 0.5 * (from[j] + upper[j]);
            }
        }
    }
    trial
}
