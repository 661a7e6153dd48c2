//! Derivations as text.
//!
//! Every line is a statement by itself, under the label that `grad` prints,
//! with its rules in a comment: pasted back in, the block means what it meant.
//! Where a rule changed a small part of a long line, a comment below it marks
//! the part.

use super::{Derivation, Line};
use crate::expr::Graph;
use crate::print;

/// Comments stand in one column, as far as lines end before this one.
const WIDEST: usize = 84;

/// The lines, with their rules as comments.
pub fn text(g: &Graph, derivation: &Derivation) -> String {
    let label = format!("∂{}/∂{} = ", derivation.of, derivation.by);
    let sizes = g.dim_sizes(derivation.axes);
    let right = |l: &Line| print::render(&print::layout_of(g, l.expr, sizes));
    let rights: Vec<String> = derivation.lines.iter().map(right).collect();
    let width = |right: &str| label.chars().count() + right.chars().count();
    let column = rights.iter().map(|r| width(r)).filter(|&w| w <= WIDEST).max().unwrap_or(0);
    let mut out: Vec<String> = Vec::new();
    for (k, (line, right)) in derivation.lines.iter().zip(&rights).enumerate() {
        if line.rule.is_empty() {
            out.push(format!("{label}{right}"));
            continue;
        }
        let gap = column.saturating_sub(width(right)) + 3;
        out.push(format!("{label}{right}{:gap$}# {}", "", line.rule));
        let before = k.checked_sub(1).map_or("", |j| rights[j].as_str());
        if let Some((start, length)) = changed(before, right) {
            let indent = label.chars().count() + start - 1;
            out.push(format!("#{:indent$}{}", "", "^".repeat(length)));
        }
    }
    out.join("\n")
}

/// Where `after` differs from `before`, in characters: start and length.
/// `None` where more than half of the line does, or no whole part.
fn changed(before: &str, after: &str) -> Option<(usize, usize)> {
    let (old, new) = (words(before), words(after));
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let chars = |part: &[&str]| part.iter().map(|w| w.chars().count()).sum::<usize>();
    let (skipped, length) = (chars(&new[..start]), chars(&new[start..new.len() - end]));
    let whole = after.chars().count();
    let fits = length > 0 && 2 * length <= whole && is_balanced(&new[start..new.len() - end]);
    fits.then_some((skipped, length))
}

/// Whether every bracket is closed: a part that cuts through an expression is
/// no help to mark.
fn is_balanced(part: &[&str]) -> bool {
    let mut depth = 0i32;
    part.iter().all(|word| {
        depth += i32::from(matches!(*word, "(" | "[")) - i32::from(matches!(*word, ")" | "]"));
        depth >= 0
    }) && depth == 0
}

/// Names and numbers whole, everything else character by character.
fn words(text: &str) -> Vec<&str> {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if joins(first) {
            rest.find(|c| !joins(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}
