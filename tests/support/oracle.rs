//! Oracles for the goldens: what a script printed is parsed back, and derivatives are compared
//! with central differences at random points.
//!
//! Both work through the session in which the script ran, with the texts that a user would
//! type. A derivative is checked where the statement is `grad(E)`, `grad(E).x`, `∇E`,
//! `hess(E)`, `hess(E, x)`, `∇²E`, or `diff(E, x)` with one or two unknowns or entries of them.

use gradus::check::Item;
use gradus::report::JsonValue;
use gradus::session::Session;

use super::point::Point;
use super::script::{Seen, line_in, numbers};
use super::{central_differences, close};

/// How many finite random points are wanted, and how many are tried.
const POINTS: usize = 3;
const TRIES: usize = 24;
/// Points where the function is larger than this are passed over: differences say little there.
const LARGEST: f64 = 1e6;
/// Largest relative disagreement with central differences.
const TOLERANCE: f64 = 1e-6;
/// Step lengths of differences; each number must agree at one of them. No single one suits both
/// a function that varies over thousandths and one that loses digits there.
const STEPS: [f64; 3] = [1e-2, 1e-3, 1e-5];

/// Each line of a printed value, parsed back in the session, prints the same again and is the
/// same node.
pub fn round_trip(
    session: &mut Session,
    name: &str,
    text: &str,
    value: &JsonValue,
) -> Result<(), String> {
    if !is_source(session, name, value) {
        return Ok(());
    }
    let mut left = &numbers(value)[..];
    for line in labelled(text) {
        let line = line.as_str();
        let unlabelled = line.strip_prefix('∂').and_then(|l| l.split_once(" = "));
        let expected = unlabelled.map_or(line, |(_, e)| e);
        let first = reread(session, line)?;
        // A derivative that holds no unknown is shown as a formula, but read back as a value.
        if asked(name).is_some() && first.node.is_none() {
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
        if first.node != reread(session, &first.text)?.node {
            return Err(format!("`{expected}` parses back to another node"));
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
fn is_source(session: &Session, name: &str, value: &JsonValue) -> bool {
    // A derivation states derivatives; reading it back takes them.
    if name.starts_with("derive ") {
        return false;
    }
    if asked(name).is_some_and(|asked| is_function(session, asked.of())) {
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
    // A check gives sentences, a solution lines that name its unknowns.
    let is_report = ["check ", "solve "].iter().any(|word| name.starts_with(word));
    !is_other && !is_text && !is_report
}

/// What a text gives.
struct Reread {
    text: String,
    /// The node, where an unknown is left: a known value is a new node every time.
    node: Option<String>,
    numbers: Vec<f64>,
}

fn reread(session: &mut Session, text: &str) -> Result<Reread, String> {
    let ran = line_in(session, text);
    let [Seen::Value { text: printed, value, .. }] = &ran.seen[..] else {
        return Err(format!("`{text}` does not parse back:\n{}", ran.findings()));
    };
    let answer = session.names().find(|(n, _)| *n == "ans").map(|(_, entry)| &entry.item);
    let node = match answer {
        Some(Item::Expr(e) | Item::Truth(e)) if *value == JsonValue::Null => Some(format!("{e:?}")),
        _ => None,
    };
    Ok(Reread { text: printed.clone(), node, numbers: numbers(value) })
}

/// A derivative that a statement asks for.
enum Asked<'t> {
    /// All partial derivatives, or that by one unknown.
    Gradient(&'t str, Option<&'t str>),
    /// The Hessian, by all unknowns or by one.
    Hessian(&'t str, Option<&'t str>),
    /// `diff`, by one or two unknowns.
    Diff(&'t str, Vec<&'t str>),
}

impl<'t> Asked<'t> {
    /// What is differentiated.
    fn of(&self) -> &'t str {
        match self {
            Asked::Gradient(of, _) | Asked::Hessian(of, _) | Asked::Diff(of, _) => of,
        }
    }
}

fn is_function(session: &Session, name: &str) -> bool {
    session.names().any(|(n, entry)| n == name && matches!(entry.item, Item::Function(_)))
}

/// Compares the derivative that the statement `name` asks for with differences; true where it
/// asks for one.
pub fn derivative(session: &mut Session, name: &str) -> Result<bool, String> {
    let Some(asked) = asked(name) else { return Ok(false) };
    let of = asked.of();
    if is_function(session, of) {
        return Ok(false);
    }
    let mut found = 0;
    for k in 0..TRIES {
        let point = Point::random(session, k);
        let base = values(session, of, &point)?;
        if base.iter().any(|v| !v.is_finite() || v.abs() > LARGEST) {
            continue;
        }
        at_point(session, name, &asked, &point)?;
        found += 1;
        if found == POINTS {
            return Ok(true);
        }
    }
    if found == 0 {
        Err(format!("`{of}` is finite and moderate at none of {TRIES} random points"))
    } else {
        Ok(true)
    }
}

fn at_point(session: &mut Session, name: &str, asked: &Asked, point: &Point) -> Result<(), String> {
    let (base, unknowns) = match asked {
        Asked::Gradient(of, Some(by)) => (of.to_string(), vec![(*by).to_string()]),
        Asked::Gradient(of, None) => (of.to_string(), gradient_names(session, of)?),
        Asked::Hessian(of, Some(by)) => (format!("diff({of}, {by})"), vec![(*by).to_string()]),
        Asked::Hessian(of, None) => (format!("grad({of})"), gradient_names(session, of)?),
        Asked::Diff(of, by) => match by[..] {
            [first, second] => (format!("diff({of}, {first})"), vec![second.to_string()]),
            _ => (of.to_string(), vec![by[0].to_string()]),
        },
    };
    let symbolic = match asked {
        Asked::Hessian(of, None) => hessian(session, of, &unknowns, point)?,
        _ => values(session, name, point)?,
    };
    let mut numeric = Vec::new();
    for step in STEPS {
        numeric.push(differences(session, &base, &unknowns, point, step)?);
    }
    let agrees = |k: usize| numeric.iter().any(|n| close(symbolic[k], n[k], TOLERANCE));
    if symbolic.len() == numeric[0].len() && (0..symbolic.len()).all(agrees) {
        return Ok(());
    }
    Err(format!("`{name}` at {} is {symbolic:?}, by differences {numeric:?}", point.text()))
}

/// The Jacobian of the numbers of `of` by all entries of `unknowns`, row by row.
fn differences(
    session: &mut Session,
    of: &str,
    unknowns: &[String],
    point: &Point,
    step: f64,
) -> Result<Vec<f64>, String> {
    let mut columns = Vec::new();
    for unknown in unknowns {
        for (name, k) in entries(session, unknown, point)? {
            let x = point.entry(&name, k);
            let at = |x: f64| values(session, of, &point.with(&name, k, x));
            columns.push(central_differences(x, step, at)?);
        }
    }
    let rows = columns.first().map_or(0, Vec::len);
    Ok((0..rows).flat_map(|i| columns.iter().map(move |c| c[i])).collect())
}

/// The entries that `x`, `x[2]` or `W[1, k]` stand for, as positions in the unknown.
fn entries(
    session: &mut Session,
    text: &str,
    point: &Point,
) -> Result<Vec<(String, usize)>, String> {
    let (name, indices) = match text.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').split(',').collect()),
        None => (text, Vec::new()),
    };
    let shape = point.shape(name).ok_or_else(|| format!("`{name}` is no unknown"))?;
    if indices.is_empty() {
        return Ok((0..shape.len()).map(|k| (name.to_string(), k)).collect());
    }
    let mut at = 0;
    for index in indices {
        let value = values(session, index, point)?;
        at = at * shape.cols() + value[0] as usize - 1;
    }
    Ok(vec![(name.to_string(), at)])
}

/// The numbers of an expression at a point.
fn values(session: &mut Session, of: &str, point: &Point) -> Result<Vec<f64>, String> {
    let ran = line_in(session, &format!("({of}) at {}", point.text()));
    let mut found = Vec::new();
    for seen in &ran.seen {
        if let Seen::Value { value, .. } = seen {
            found = numbers(value);
        }
    }
    if ran.outcome.failed {
        return Err(format!("`{of}` has no value at {}:\n{}", point.text(), ran.findings()));
    }
    Ok(found)
}

/// The unknowns by which `grad(of)` differentiates, in order.
fn gradient_names(session: &mut Session, of: &str) -> Result<Vec<String>, String> {
    let ran = line_in(session, &format!("grad({of})"));
    let lines: Vec<&str> = ran.texts().into_iter().flat_map(str::lines).collect();
    let name = |line: &&str| Some(line.split_once("/∂")?.1.split_once(" = ")?.0.to_string());
    let names: Vec<String> = lines.iter().filter_map(name).collect();
    if names.is_empty() {
        Err(format!("grad({of}) names no unknown:\n{}", ran.findings()))
    } else {
        Ok(names)
    }
}

/// The whole Hessian, row by row, from its blocks.
fn hessian(
    session: &mut Session,
    of: &str,
    unknowns: &[String],
    point: &Point,
) -> Result<Vec<f64>, String> {
    let ran = line_in(session, &format!("hess({of}) at {}", point.text()));
    let value = ran
        .seen
        .iter()
        .find_map(|s| if let Seen::Value { value, .. } = s { Some(value) } else { None });
    let Some(JsonValue::Object(rows)) = value else {
        return value.map(numbers).ok_or_else(|| ran.findings());
    };
    let size = |name: &String| point.shape(name).map_or(0, |s| s.len());
    let mut whole = Vec::new();
    for (row, (_, blocks)) in unknowns.iter().zip(rows.fields()) {
        let JsonValue::Object(blocks) = blocks else {
            return Err("a row of blocks is missing".to_string());
        };
        let blocks: Vec<Vec<f64>> = blocks.fields().map(|(_, block)| numbers(block)).collect();
        for i in 0..size(row) {
            for (block, column) in blocks.iter().zip(unknowns) {
                let n = size(column);
                whole.extend_from_slice(&block[i * n..(i + 1) * n]);
            }
        }
    }
    Ok(whole)
}

/// What a statement asks for.
fn asked(name: &str) -> Option<Asked<'_>> {
    if let Some(of) = name.strip_prefix("∇²") {
        return operand(of).map(|of| Asked::Hessian(of, None));
    }
    if let Some(of) = name.strip_prefix('∇') {
        return operand(of).map(|of| Asked::Gradient(of, None));
    }
    let (args, rest) = call(name)?;
    let args = top_level(args);
    match (name.split_once('(')?.0, &args[..], rest) {
        ("grad", [of], "") => Some(Asked::Gradient(of, None)),
        ("grad", [of], field) if is_name(field.strip_prefix('.')?) => {
            Some(Asked::Gradient(of, Some(&field[1..])))
        }
        ("hess", [of], "") => Some(Asked::Hessian(of, None)),
        ("hess", [of, by], "") => Some(Asked::Hessian(of, Some(by))),
        ("diff", [of, by @ ..], "") => Some(Asked::Diff(of, by.to_vec())),
        _ => None,
    }
}

/// A name or a parenthesis that is all there is.
fn operand(text: &str) -> Option<&str> {
    let is_whole = is_name(text)
        || call(text).is_some_and(|(_, rest)| text.starts_with('(') && rest.is_empty());
    is_whole.then_some(text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// What stands in the first parenthesis, and what follows it.
fn call(text: &str) -> Option<(&str, &str)> {
    let open = text.find('(')?;
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return Some((&text[open + 1..open + at], &text[open + at + 1..]));
        }
    }
    None
}

/// The parts between commas that stand in no bracket.
fn top_level(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}
