//! Braces in the strings of `print` and after `to`.
//!
//! In comes a string node; out goes the same node where it has no braces, else a [`Node::Format`] of
//! plain pieces and expressions. `{EXPR:FORMAT}` is cut at its last colon outside brackets; `{{` and
//! `}}` are one brace. The expression is parsed from the source itself, so its spans are right, by the
//! one parser there is: as a statement, which must turn out to be an expression.

use super::ast::{Node, NodeId, Piece, StmtKind, Text};
use super::builder::Builder;
use super::literal::unescape;
use super::parse::parse_fragment;
use crate::diag::{Diagnostic, Severity, codes};
use crate::source::Span;

const HELP: &str = "write `{x}` or `{x:.3f}`; `{{` is a brace itself";

/// What stands between two braces, as offsets in the source.
struct Slot {
    expr: (u32, u32),
    format: Option<(u32, u32)>,
    whole: (u32, u32),
}

/// The node for a string whose braces count.
pub(super) fn expand(b: &mut Builder<'_>, string: NodeId) -> NodeId {
    let span = b.ast.span(string);
    let (start, end) = (span.start + 1, span.end - 1);
    let raw = b.source(start, end);
    if !raw.contains(['{', '}']) {
        return string;
    }
    let mut pieces = vec![];
    let mut at = 0;
    while at < raw.len() {
        let plain = plain_length(&raw[at..]);
        if plain > 0 {
            pieces.push(Piece::Text(plain_text(b, &raw[at..at + plain])));
            at += plain;
            continue;
        }
        let Some(slot) = slot(&raw[at..], start + at as u32) else {
            let place = start + at as u32;
            b.report(lone_brace(b.span(place, place + 1)));
            return string;
        };
        at = (slot.whole.1 - start) as usize;
        match value(b, &slot) {
            Some(piece) => pieces.push(piece),
            None => return string,
        }
    }
    b.node_at(span, Node::Format(pieces))
}

/// How much of a raw string comes before the next brace that is not doubled.
fn plain_length(raw: &str) -> usize {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            brace @ (b'{' | b'}') if bytes.get(at + 1) == Some(&brace) => at += 2,
            b'{' | b'}' => break,
            _ => at += 1,
        }
    }
    at
}

fn plain_text(b: &mut Builder<'_>, raw: &str) -> Text {
    let from = b.ast.literals.len();
    let single = raw.replace("{{", "{").replace("}}", "}");
    // A wrong escape was reported when the string was read.
    let _ = unescape(&single, &mut b.ast.literals);
    b.text_since(from)
}

/// The slot that begins at the first byte of `raw`, which lies at `offset`; none for `}` and where no
/// brace closes it.
fn slot(raw: &str, offset: u32) -> Option<Slot> {
    let mut depth = 0u32;
    let mut colon = None;
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b'}' if depth == 1 => {
                let place = |at: usize| offset + at as u32;
                let expr = (place(1), place(colon.unwrap_or(at)));
                let format = colon.map(|colon: usize| (place(colon + 1), place(at)));
                return Some(Slot { expr, format, whole: (offset, place(at + 1)) });
            }
            b')' | b']' | b'}' => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
            b':' if depth == 1 => colon = Some(at),
            _ => {}
        }
    }
    None
}

fn value(b: &mut Builder<'_>, slot: &Slot) -> Option<Piece> {
    let span = b.span(slot.whole.0, slot.whole.1);
    let stmt = parse_fragment(b, slot.expr.0, slot.expr.1).and_then(|id| {
        (id.0 as usize + 1 == b.ast.stmts.len()).then(|| b.ast.stmts.pop()).flatten()
    });
    let value = match stmt.map(|stmt| stmt.kind) {
        Some(StmtKind::Expr(value)) => value,
        _ => {
            explain_failure(b, span);
            return None;
        }
    };
    let format = slot.format.map(|(start, end)| b.add_text(b.source(start, end)));
    Some(Piece::Value { value, format, span })
}

/// Makes sure that there is a report, and that it speaks of the braces.
fn explain_failure(b: &mut Builder<'_>, span: Span) {
    let report = b.findings.iter_mut().find(|finding| finding.severity == Severity::Error);
    match report {
        None => b.report(no_expression(span)),
        Some(report) if report.code == codes::E0201 => {
            report.code = codes::E0214;
            report.help.get_or_insert_with(|| HELP.to_owned());
        }
        Some(_) => {}
    }
}

fn lone_brace(span: Span) -> Diagnostic {
    Diagnostic::error(codes::E0214, "expected the other brace of a pair, found one alone")
        .at(span, "this brace has no partner")
        .help("write `{{` or `}}` for a brace itself")
}

fn no_expression(span: Span) -> Diagnostic {
    Diagnostic::error(codes::E0214, "expected one expression between the braces")
        .at(span, "not an expression")
        .help(HELP)
}
