//! What `simplify`, `expand` and `factor` give has the values of what they were given, and
//! `check` never calls equal what differs.

use gradus::expr::ExprId;
use gradus::session::Session;

use super::numbers::{LARGEST, difference, entries, largest, nodes, sensitivity, values};
use super::{Examination, Failure};
use crate::support::point::Point;
use crate::support::script::{Ran, Seen};
use crate::support::statement::top_level;

const POINTS: usize = 8;
const TOLERANCE: f64 = 1e-9;

pub fn check(e: &mut Examination, session: &mut Session, ran: &Ran) {
    for seen in &ran.seen {
        let Seen::Value { name, text, .. } = seen else { continue };
        e.watch.begin(e.case, "rewriting", Some(session.interrupt_flag()));
        for word in ["simplify", "expand", "factor"] {
            let inner =
                name.strip_prefix(word).and_then(|r| r.strip_prefix('(')?.strip_suffix(')'));
            let Some(inner) = inner.filter(|i| top_level(i).len() == 1) else { continue };
            let (Ok(before), Ok(after)) = (nodes(session, inner), nodes(session, name)) else {
                continue;
            };
            if let ([before], [after]) = (&before[..], &after[..]) {
                e.count("rewriting");
                if let Some((what, detail)) = differ(session, *before, *after) {
                    e.fail(Failure::new(
                        "rewriting",
                        &format!("{word}: {what}"),
                        format!("`{name}` gives\n{text}\n{detail}"),
                    ));
                }
            }
        }
        equal(e, session, name, text);
        e.watch.end();
    }
}

fn equal(e: &mut Examination, session: &mut Session, name: &str, text: &str) {
    let sides = name.strip_prefix("check ").and_then(|r| r.split_once(" == "));
    let Some((left, right)) = sides else { return };
    let (Ok(a), Ok(b)) = (nodes(session, left), nodes(session, right)) else { return };
    let ([a], [b]) = (&a[..], &b[..]) else { return };
    e.count("rewriting: check");
    if text.starts_with("equal")
        && let Some((what, detail)) = differ(session, *a, *b)
    {
        e.fail(Failure::new(
            "rewriting",
            &format!("called equal: {what}"),
            format!("`{name}`: {text}\n{detail}"),
        ));
    }
}

/// Where two expressions differ.
fn differ(session: &Session, a: ExprId, b: ExprId) -> Option<(String, String)> {
    let g = session.graph();
    if g.shape(a) != g.shape(b) {
        return Some((
            "another shape".to_string(),
            format!("{:?} and {:?}", g.shape(a), g.shape(b)),
        ));
    }
    for k in 0..POINTS {
        let point = Point::random(g, &[a, b], k);
        let Some(before) = values(g, &[a], &point).map(|v| entries(&v)) else { continue };
        let Some(after) = values(g, &[b], &point).map(|v| entries(&v)) else {
            return Some(("no value where there is one".to_string(), point.text(g)));
        };
        let most = before.iter().filter(|v| v.is_finite()).fold(1.0f64, |a, b| a.max(b.abs()));
        if most > LARGEST || difference(&after, &before, false, |_| TOLERANCE * most).is_none() {
            continue;
        }
        let parts = largest(g, &[a, b], &point);
        let moves = sensitivity(g, &[a], &point, &before);
        let moved = sensitivity(g, &[b], &point, &after);
        let near = |k: usize| TOLERANCE * most + 1e-12 * parts + 1e4 * moves[k].max(moved[k]);
        if let Some((k, what)) = difference(&after, &before, false, near)
            && parts < LARGEST
        {
            let detail = format!(
                "at {}: entry {} is {}, then {}",
                point.text(g),
                k + 1,
                before[k],
                after[k]
            );
            return Some((what.to_string(), detail));
        }
    }
    None
}
