//! Makes a failing script small: lines go, expressions become parts of themselves or numbers, as
//! long as the same failure is there.

use gradus::diag::Sink;
use gradus::source::SourceMap;
use gradus::syntax;
use gradus::syntax::ast::NodeId;

use crate::grammar::mutate::tokens;

/// Shrinks `text` while `fails` holds, until `late`.
pub fn shrink(text: &str, late: &dyn Fn() -> bool, mut fails: impl FnMut(&str) -> bool) -> String {
    let mut text = text.to_string();
    loop {
        let before = text.clone();
        text = without_parts(&text, "\n", late, &mut fails);
        text = smaller_nodes(&text, late, &mut fails);
        text = without_tokens(&text, late, &mut fails);
        if text == before || late() {
            return text;
        }
    }
}

/// Leaves out lines: half of them, a quarter, ... then one by one.
fn without_parts(
    text: &str,
    by: &str,
    late: &dyn Fn() -> bool,
    fails: &mut dyn FnMut(&str) -> bool,
) -> String {
    let mut parts: Vec<String> = text.split(by).map(str::to_string).collect();
    let mut size = parts.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < parts.len() && !late() {
            let rest: Vec<String> = [&parts[..at], &parts[(at + size).min(parts.len())..]].concat();
            if rest.len() < parts.len() && fails(&rest.join(by)) {
                parts = rest;
            } else {
                at += size;
            }
        }
        if size == 1 {
            return parts.join(by);
        }
        size = size.div_ceil(2);
    }
}

/// Where an expression begins and ends.
type Place = (usize, usize);

/// The places of expressions, the longest first, each with those of its parts.
fn places(text: &str) -> Vec<(Place, Vec<Place>)> {
    let mut sources = SourceMap::new();
    let file = sources.add("shrink", text);
    let ast = syntax::parse(file, text, &mut Sink::new());
    let span = |k: usize| {
        let span = ast.span(NodeId(k as u32));
        (span.start as usize, span.end as usize)
    };
    let mut spans: Vec<(usize, usize)> = (0..ast.n_nodes()).map(span).collect();
    spans.sort_by_key(|(start, end)| (std::cmp::Reverse(end - start), *start));
    spans.dedup();
    let inside = |a: (usize, usize), b: (usize, usize)| a != b && b.0 <= a.0 && a.1 <= b.1;
    spans
        .iter()
        .map(|&outer| {
            (outer, spans.iter().copied().filter(|&s| inside(s, outer)).take(6).collect())
        })
        .collect()
}

fn smaller_nodes(
    text: &str,
    late: &dyn Fn() -> bool,
    fails: &mut dyn FnMut(&str) -> bool,
) -> String {
    let mut text = text.to_string();
    let mut from = 0;
    while !late() {
        let all = places(&text);
        let Some((k, next)) = all
            .iter()
            .enumerate()
            .skip(from)
            .find_map(|(k, place)| smaller(&text, place, late, fails).map(|t| (k, t)))
        else {
            return text;
        };
        text = next;
        from = k.saturating_sub(1);
    }
    text
}

fn smaller(
    text: &str,
    ((start, end), parts): &(Place, Vec<Place>),
    late: &dyn Fn() -> bool,
    fails: &mut dyn FnMut(&str) -> bool,
) -> Option<String> {
    let own = text.get(*start..*end)?;
    let is_simple = |t: &str| t.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let mut tries: Vec<String> = Vec::new();
    if !is_simple(own) || own.len() > 2 {
        tries.extend(["1", "0", "2"].map(str::to_string));
    }
    for (a, b) in parts {
        let part = &text[*a..*b];
        if is_simple(part) {
            tries.push(part.to_string());
        } else {
            tries.push(format!("({part})"));
        }
    }
    let shorter = tries.into_iter().filter(|t| t.len() < own.len());
    for part in shorter {
        if late() {
            return None;
        }
        let next = format!("{}{part}{}", &text[..*start], &text[*end..]);
        if fails(&next) {
            return Some(next);
        }
    }
    None
}

/// Leaves out tokens, and pairs of brackets.
fn without_tokens(
    text: &str,
    late: &dyn Fn() -> bool,
    fails: &mut dyn FnMut(&str) -> bool,
) -> String {
    let mut parts: Vec<String> = tokens(text).into_iter().map(str::to_string).collect();
    let mut at = 0;
    while at < parts.len() && !late() {
        let mut rest = parts.clone();
        let gone = rest.remove(at);
        let closing = match gone.as_str() {
            "(" => Some(")"),
            "[" => Some("]"),
            _ => None,
        };
        if let Some(closing) = closing {
            let mut depth = 1;
            let end = rest[at..].iter().position(|t| {
                depth += i32::from(*t == gone) - i32::from(t == closing);
                depth == 0
            });
            if let Some(end) = end {
                rest.remove(at + end);
            }
        }
        if gone != " " && fails(&rest.concat()) {
            parts = rest;
        } else {
            at += 1;
        }
    }
    parts.concat()
}
