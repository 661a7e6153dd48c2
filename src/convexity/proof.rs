//! A proof in words: the rules used, arguments before what uses them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fact::{Claim, Fact};
use crate::expr::{ExprId, Graph};

/// Longest text of an expression in a proof.
const MAX_TEXT: usize = 60;
/// Most lines shown; the last ones say most.
const MAX_LINES: usize = 16;

/// The steps that prove a claim, one a line, the claim itself last.
pub fn lines(
    g: &mut Graph,
    f: ExprId,
    claim: Claim,
    facts: &FxHashMap<ExprId, Fact>,
) -> Vec<String> {
    let own = facts.get(&f);
    if own.is_some_and(|o| o.affine) {
        return vec![format!("{} is affine", short(g, f))];
    }
    let mut steps: FxHashSet<(ExprId, u8)> = FxHashSet::default();
    let mut found = Vec::new();
    let mut pending = vec![(f, claim)];
    while let Some((e, claim)) = pending.pop() {
        if !steps.insert((e, claim as u8)) {
            continue;
        }
        if let Some(reason) = facts.get(&e).and_then(|o| o.reason(claim)) {
            pending.extend(&reason.uses);
            found.push((e, claim, reason));
        }
    }
    // A log-convexity and the convexity that follows from it are one node.
    found.sort_by_key(|(e, claim, _)| (*e, matches!(claim, Claim::Convex | Claim::Concave)));
    let mut out: Vec<String> = Vec::new();
    for (e, claim, reason) in found {
        let line = format!("{} is {}: {}", short(g, e), claim.word(), reason.text);
        if !out.contains(&line) {
            out.push(line);
        }
    }
    if out.len() > MAX_LINES {
        let hidden = out.len() - MAX_LINES;
        out.drain(..hidden);
        out.insert(0, format!("({hidden} more steps)"));
    }
    out
}

/// The text of an expression, cut where it is long.
pub fn short(g: &mut Graph, e: ExprId) -> String {
    let text = crate::simplify::shown(g, e);
    if text.chars().count() <= MAX_TEXT {
        return text;
    }
    let head: String = text.chars().take(MAX_TEXT - 4).collect();
    format!("{head} ...")
}
