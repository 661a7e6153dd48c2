//! Words about results against evidence: no convergence without a small gradient, no minimum
//! beside a lower neighbour, nothing convex that a midpoint refutes.

use gradus::eval;
use gradus::expr::{ExprId, SymbolId};
use gradus::optim::status::Status;
use gradus::session::{Fit, Session};
use gradus::shape::Tensor;

use super::numbers::{entries, nodes, values};
use super::{Examination, Failure};
use crate::support::point::Point;
use crate::support::script::{Ran, Seen};

/// Lower by this much, relative to the largest part of the function, is lower.
const LOWER: f64 = 1e-11;

pub fn check(e: &mut Examination, session: &mut Session, ran: &Ran) {
    for fit in ran.fits() {
        e.count("statuses");
        let kind = fit.point().unwrap_or_default();
        let detail = format!(
            "{} {} by {}: {} at {:?}",
            fit.sense.word(),
            fit.objective,
            fit.method,
            fit.message,
            fit.x
        );
        if fit.status == Status::Converged {
            if !fit.value.is_finite() {
                e.fail(Failure::new(
                    "statuses",
                    "converged where the value is no number",
                    detail.clone(),
                ));
            }
            if fit.grad_norm.is_nan() && !fit.x.is_empty() {
                e.fail(Failure::new(
                    "statuses",
                    "converged where the gradient is no number",
                    detail.clone(),
                ));
            }
        }
        let wanted = if fit.sense == gradus::model::Sense::Maximize {
            "local maximum"
        } else {
            "local minimum"
        };
        if kind.ends_with(wanted) {
            e.watch.begin(e.case, "statuses", Some(session.interrupt_flag()));
            if let Some(lower) = lower_neighbour(session, fit) {
                let what = format!("{kind} beside a better point, {}", fit.status);
                e.fail(Failure::new("statuses", &what, format!("{detail}\n{lower}")));
            }
            e.watch.end();
        }
    }
}

/// A feasible point near a solution where the objective is better.
fn lower_neighbour(session: &mut Session, fit: &Fit) -> Option<String> {
    let node = *nodes(session, &fit.objective).ok()?.first()?;
    let g = session.graph();
    let symbols: Vec<SymbolId> = g.unknowns(&[node]);
    let solution: Vec<(SymbolId, Tensor)> = symbols
        .iter()
        .filter_map(|&s| {
            let name = &g.symbol(s).name;
            fit.solution.iter().find(|(n, _)| n == name).map(|(_, v)| (s, v.clone()))
        })
        .collect();
    if solution.len() != symbols.len() {
        return None;
    }
    let value = |point: &[(SymbolId, Tensor)]| -> f64 {
        let of = |s: SymbolId| point.iter().find(|(p, _)| *p == s).map(|(_, v)| v.clone());
        eval::evaluate(g, &[node], &of).map_or(f64::NAN, |v| v[0].data()[0])
    };
    let sign = if fit.sense == gradus::model::Sense::Maximize { -1.0 } else { 1.0 };
    let here = value(&solution);
    let parts = parts(session, node, &solution);
    for (j, (s, at)) in solution.iter().enumerate() {
        let (lo, hi) = g.symbol(*s).bounds;
        let name = &g.symbol(*s).name;
        for k in 0..at.data().len() {
            let moved = |e: &&String| **e == *name || e.starts_with(&format!("{name}["));
            if !fit.entries.iter().any(|e| moved(&e)) {
                continue;
            }
            for step in [1e-3, 1e-4, 1e-5, 1e-6, -1e-3, -1e-4, -1e-5, -1e-6] {
                let mut data = at.data().to_vec();
                data[k] += step * data[k].abs().max(1.0);
                if data[k] < lo || data[k] > hi {
                    continue;
                }
                let mut point = solution.clone();
                point[j].1 = Tensor::new(at.shape(), data.clone());
                let there = value(&point);
                if sign * (here - there) > LOWER * parts {
                    return Some(format!(
                        "{here} there, {there} with {name} entry {} at {}",
                        k + 1,
                        data[k]
                    ));
                }
            }
        }
    }
    None
}

fn parts(session: &Session, node: ExprId, at: &[(SymbolId, Tensor)]) -> f64 {
    let g = session.graph();
    let of = |s: SymbolId| at.iter().find(|(p, _)| *p == s).map(|(_, v)| v.clone());
    let mut most = 1.0f64;
    for e in g.reachable(&[node]).into_iter().filter(|&e| g.free_indices(e).is_empty()) {
        if let Ok(v) = eval::evaluate(g, &[e], &of) {
            most = v[0].data().iter().filter(|v| v.is_finite()).fold(most, |a, b| a.max(b.abs()));
        }
    }
    most
}

/// What the program itself finds wrong with its derivatives, where the functions have no jumps.
pub fn own_doubts(e: &mut Examination, ran: &Ran) {
    const KINKS: &[&str] =
        &["floor", "ceil", "round", "sign", "mod(", "==", "!=", "<", ">", "abs", "max", "min"];
    let kinked = |line: &str| KINKS.iter().any(|k| line.contains(k));
    if e.text.lines().filter(|l| !l.starts_with("var ")).any(kinked) {
        return;
    }
    e.count("own doubts");
    for seen in &ran.seen {
        let (what, text) = match seen {
            Seen::Finding { code: "W0006", text, .. } => ("W0006", text),
            Seen::Value { name, text, .. }
                if name.starts_with("check ") && text.contains("this is a bug in Gradus") =>
            {
                ("check finds a derivative wrong", text)
            }
            _ => continue,
        };
        e.fail(Failure::new("statuses", what, text.clone()));
    }
}

/// Midpoints against what `convex` says.
pub fn convexity(e: &mut Examination, session: &mut Session, ran: &Ran) {
    for seen in &ran.seen {
        let Seen::Value { name, text, .. } = seen else { continue };
        let Some(of) = name.strip_prefix("convex ") else { continue };
        let sign = match text.split([' ', ',', ':', '\n']).next() {
            Some("convex") => 1.0,
            Some("concave") => -1.0,
            _ => continue,
        };
        e.watch.begin(e.case, "convexity", Some(session.interrupt_flag()));
        let Ok(found) = nodes(session, of) else { continue };
        let Some(&node) = found.first() else { continue };
        let g = session.graph();
        e.count("convexity");
        for k in 0..24 {
            let (a, b) =
                (Point::random(g, &[node], k), Point::random(g, &[node], (k * 7 + 5) % 48));
            let value = |p: &Point| values(g, &[node], p).map_or(f64::NAN, |v| entries(&v)[0]);
            let middle = half(&a, &b, g.unknowns(&[node]));
            let (fa, fb, fm) = (value(&a), value(&b), value(&middle));
            let scale = fa.abs().max(fb.abs()).max(fm.abs()).max(1.0);
            if sign * (fm - (fa + fb) / 2.0) > 1e-9 * scale && scale < 1e12 {
                let detail = format!(
                    "{name}: {text}\n{fa} at {}, {fb} at {}, {fm} between",
                    a.text(g),
                    b.text(g)
                );
                e.fail(Failure::new("convexity", "refuted by a midpoint", detail));
                break;
            }
        }
        e.watch.end();
    }
}

fn half(a: &Point, b: &Point, symbols: Vec<SymbolId>) -> Point {
    let mut moves = Vec::new();
    for s in symbols {
        if let (Some(x), Some(y)) = (a.value(s), b.value(s)) {
            let of = |k: usize| y.data()[k] - x.data()[k];
            moves.extend((0..x.data().len()).map(|k| ((s, k), of(k))));
        }
    }
    a.moved(&moves, 0.5)
}
