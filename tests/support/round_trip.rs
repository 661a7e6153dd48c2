//! An oracle for printed values: what a script printed is parsed back to the node that was
//! printed.

use gradus::check::Item;
use gradus::expr::ExprId;
use gradus::report::JsonValue;
use gradus::session::Session;
use gradus::shape::Shape;
use gradus::simplify;

use super::close;
use super::oracle::{Answer, answer};
use super::script::{Seen, line_in, numbers};
use super::statement::Asked;

/// Each line of a printed value, parsed back in the session, prints the same again and is the
/// node that was printed.
pub fn round_trip(
    session: &mut Session,
    name: &str,
    text: &str,
    value: &JsonValue,
) -> Result<(), String> {
    if !is_source(session, name, value) {
        return Ok(());
    }
    let derived = Asked::by(name).is_some();
    let mut printed = Vec::new();
    if derived {
        let answer = answer(session, name)?;
        // The direction of a product is another unknown once it is read back.
        match answer.is_directional() {
            true => declare_directions(session, &answer)?,
            false => printed = answer.nodes(),
        }
    }
    let mut left = &numbers(value)[..];
    for (k, line) in labelled(text).iter().enumerate() {
        let unlabelled = line.strip_prefix('∂').and_then(|l| l.split_once(" = "));
        let expected = unlabelled.map_or(line.as_str(), |(_, e)| e);
        let first = reread(session, line)?;
        // A derivative that holds no unknown is shown as a formula, but read back as a value.
        if derived && first.node.is_none() {
            let known = left.split_off(..first.numbers.len());
            let agrees =
                |known: &[f64]| known.iter().zip(&first.numbers).all(|(a, b)| close(*a, *b, 1e-12));
            if !known.is_none_or(agrees) {
                return Err(format!("`{expected}` reads back as {:?}", first.numbers));
            }
            continue;
        }
        if first.text != expected {
            let back = first.text;
            return Err(format!("`{name}` prints `{expected}`, which parses back as `{back}`"));
        }
        let again = match printed.get(k) {
            // The node as it is shown, in a copy of the graph: what was read is there already.
            Some(&node) => Some(simplify::readable(&mut session.graph().clone(), node)),
            None => reread(session, &first.text)?.node,
        };
        if first.node != again {
            return Err(format!("`{expected}` parses back to another node"));
        }
    }
    Ok(())
}

/// Unknowns with the names and shapes of the directions along which a Hessian is shown.
fn declare_directions(session: &mut Session, answer: &Answer) -> Result<(), String> {
    for symbol in answer.unknowns() {
        let symbol = session.graph().symbol(*symbol).clone();
        let shape = match symbol.shape {
            Shape::Scalar => String::new(),
            Shape::Vector(n) => format!(": R[{n}]"),
            Shape::Matrix(m, n) => format!(": R[{m}, {n}]"),
        };
        let ran = line_in(session, &format!("var d{}{shape}", symbol.name));
        if ran.outcome.failed {
            return Err(ran.findings());
        }
    }
    Ok(())
}

/// The parts of a printed value, one a label; a matrix takes several lines.
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

/// Whether what was printed is meant to be source: texts, tables and functions are not, nor are
/// derivatives of a function, whose arguments have no meaning outside.
fn is_source(session: &mut Session, name: &str, value: &JsonValue) -> bool {
    // A derivation states derivatives; reading it back takes them. A check gives sentences, a
    // solution lines that name its unknowns.
    if ["derive ", "check ", "solve "].iter().any(|word| name.starts_with(word)) {
        return false;
    }
    if Asked::by(name).is_some_and(|asked| is_function(session, asked.of())) {
        return false;
    }
    let entry = session.names().find(|(n, _)| *n == name).map(|(_, entry)| &entry.item);
    let is_other = entry
        .is_some_and(|item| !matches!(item, Item::Expr(_) | Item::Truth(_) | Item::Labelled(_)));
    let is_text = match value {
        JsonValue::Text(_) => true,
        JsonValue::Array(values) => values.iter().any(|v| matches!(v, JsonValue::Text(_))),
        _ => false,
    };
    !is_other && !is_text
}

fn is_function(session: &Session, name: &str) -> bool {
    session.names().any(|(n, entry)| n == name && matches!(entry.item, Item::Function(_)))
}

/// What a text gives.
struct Reread {
    text: String,
    /// The node, where an unknown is left: a known value is a new node every time.
    node: Option<ExprId>,
    numbers: Vec<f64>,
}

fn reread(session: &mut Session, text: &str) -> Result<Reread, String> {
    let ran = line_in(session, text);
    let [Seen::Value { text: printed, value, .. }] = &ran.seen[..] else {
        return Err(format!("`{text}` does not parse back:\n{}", ran.findings()));
    };
    let answer = session.names().find(|(n, _)| *n == "ans").map(|(_, entry)| &entry.item);
    let node = match answer {
        Some(Item::Expr(e) | Item::Truth(e)) if *value == JsonValue::Null => Some(*e),
        _ => None,
    };
    Ok(Reread { text: printed.clone(), node, numbers: numbers(value) })
}
