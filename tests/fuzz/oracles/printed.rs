//! Printed text, pasted back in the session that printed it, has the same shape and the same
//! values at random points.

use gradus::expr::ExprId;
use gradus::report::JsonValue;
use gradus::session::Session;

use super::numbers::{LARGEST, difference, entries, largest, nodes, sensitivity, values};
use super::{Examination, Failure};
use crate::support::point::Point;
use crate::support::script::{Ran, Seen};

const POINTS: usize = 6;
const TOLERANCE: f64 = 1e-9;
/// Values are shown with six digits.
const SHOWN: f64 = 2e-5;

/// Statements whose text is no expression.
const SENTENCES: &[&str] =
    &["derive ", "check ", "solve ", "convex ", "latex(", "explain ", "bench "];

pub fn check(e: &mut Examination, session: &mut Session, ran: &Ran) {
    for seen in &ran.seen {
        let Seen::Value { name, text, value } = seen else { continue };
        if SENTENCES.iter().any(|s| name.starts_with(s)) || is_text(value) {
            continue;
        }
        e.watch.begin(e.case, "printed", Some(session.interrupt_flag()));
        if let Err((what, detail)) = paste(e, session, name, text) {
            let detail = format!("`{name}` prints\n{text}\n{detail}");
            e.fail(Failure::new("printed", &what, detail));
        }
        e.watch.end();
    }
}

fn is_text(value: &JsonValue) -> bool {
    match value {
        JsonValue::Text(text) => !["nan", "inf", "-inf"].contains(&text.as_str()),
        JsonValue::Array(values) => values.iter().any(is_text),
        _ => false,
    }
}

/// The parts of a printed value, one a label.
fn labelled(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        match parts.last_mut() {
            Some(last) if !line.starts_with('∂') => *last += &format!("\n{line}"),
            _ => parts.push(line.to_string()),
        }
    }
    parts
}

fn paste(
    e: &mut Examination,
    session: &mut Session,
    name: &str,
    text: &str,
) -> Result<(), (String, String)> {
    let Ok(original) = nodes(session, name) else { return Ok(()) };
    let lines = labelled(text);
    if original.is_empty() || lines.len() != original.len() {
        return Ok(());
    }
    for (line, node) in lines.iter().zip(original) {
        let back = nodes(session, line).map_err(|why| {
            let message = why.lines().next().unwrap_or_default().to_string();
            (format!("does not parse back: {message}"), why)
        })?;
        let [back] = back[..] else {
            return Err(("is no expression".to_string(), line.clone()));
        };
        let g = session.graph();
        if g.shape(node) != g.shape(back) {
            return Err((
                "another shape".to_string(),
                format!("{line}: {:?} is {:?}", g.shape(node), g.shape(back)),
            ));
        }
        same(e, session, line, node, back)?;
    }
    Ok(())
}

fn same(
    e: &mut Examination,
    session: &Session,
    line: &str,
    node: ExprId,
    back: ExprId,
) -> Result<(), (String, String)> {
    let g = session.graph();
    let known = !g.has_unknown(node);
    let mut finite = false;
    for k in 0..if known { 1 } else { POINTS } {
        let point = Point::random(g, &[node, back], k);
        let Some(expected) = values(g, &[node], &point).map(|v| entries(&v)) else { continue };
        let Some(found) = values(g, &[back], &point).map(|v| entries(&v)) else {
            return Err((
                "no value where there is one".to_string(),
                format!("{line}\nat {}", point.text(g)),
            ));
        };
        finite |= expected.iter().all(|v| v.is_finite());
        let most = expected.iter().filter(|v| v.is_finite()).fold(1e-300f64, |a, b| a.max(b.abs()));
        if most > LARGEST {
            continue;
        }
        let scale = if known { SHOWN * most } else { TOLERANCE * most.max(1.0) };
        if difference(&found, &expected, false, |_| scale).is_none() {
            continue;
        }
        let parts = largest(g, &[node, back], &point);
        let moves = sensitivity(g, &[node], &point, &expected);
        let moved = sensitivity(g, &[back], &point, &found);
        let near = |k: usize| scale + 1e-12 * parts + 1e4 * moves[k].max(moved[k]);
        if let Some((k, what)) = difference(&found, &expected, false, near)
            && parts < LARGEST
        {
            let detail = format!(
                "{line}\nat {}: entry {} is {}, pasted back {}",
                point.text(g),
                k + 1,
                expected[k],
                found[k]
            );
            return Err((what.to_string(), detail));
        }
    }
    e.count(if finite { "printed" } else { "printed: nowhere finite" });
    Ok(())
}
