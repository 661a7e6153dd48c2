//! How much of a derivation makes a line.
//!
//! A line applies one kind of rule, wherever it can be applied; what is linear
//! in the unknown goes along with it. So a derivation has about as many lines
//! as the expression is deep, like one in a textbook.

use rustc_hash::FxHashMap;

use super::Line;
use super::affine::depends;
use super::pending::{Site, replaced, resolved, sites, unresolved, value_of};
use super::rules::{Applied, Kind, apply};
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::{print, simplify};

/// After so many lines the rest is taken in one.
const MOST_LINES: usize = 24;
/// Expressions of more nodes are differentiated in one line: no one would read
/// the others.
const MOST_NODES: usize = 2000;
/// So many different rules that end a derivation get a line each.
const MOST_ENDS: usize = 3;

/// The derivation of the derivative of `f` by `x`, where one of the two is a
/// scalar. The last line is what `grad` prints.
pub fn derive(g: &mut Graph, f: ExprId, x: SymbolId) -> Vec<Line> {
    let start = unresolved(g, f, x);
    let result = value_of(g, Site { node: start, of: f, weights: None }, x);
    let mut lines = Lines { lines: Vec::new(), rules: Vec::new(), shown: String::new() };
    lines.push(g, start, "");
    if !depends(g, f, x) {
        lines.push(g, result, "constant");
        return lines.lines;
    }
    let mut current = start;
    if g.reachable(&[f]).len() > MOST_NODES {
        current = result;
        lines.rules.push("all rules at once".to_string());
    }
    loop {
        let open = sites(g, current);
        if open.is_empty() {
            break;
        }
        if lines.lines.len() >= MOST_LINES {
            current = resolved(g, current, x);
            lines.push(g, current, "the same rules for the rest");
            break;
        }
        let (next, rule) = step(g, current, &open, x);
        current = next;
        lines.push(g, current, &rule);
    }
    lines.finish(g, result);
    lines.lines
}

/// The next line, and the rules it uses.
fn step(g: &mut Graph, current: ExprId, open: &[Site], x: SymbolId) -> (ExprId, String) {
    let applied: Vec<(Site, Applied)> = open.iter().map(|&s| (s, apply(g, s, x))).collect();
    let telling = |a: &&(Site, Applied)| a.1.kind != Kind::Linear;
    let kind = applied.iter().find(telling).map_or(Kind::Linear, |a| a.1.kind);
    let ends = applied.iter().all(|a| a.1.kind.ends()) && {
        let mut names: Vec<&str> = applied.iter().map(|a| a.1.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.len() > MOST_ENDS
    };
    let mut map = FxHashMap::default();
    let mut names: Vec<&str> = Vec::new();
    for (site, a) in &applied {
        let told = a.kind == kind || ends;
        if told || a.kind == Kind::Linear {
            map.insert(site.node, a.result);
        }
        if told && !names.contains(&a.name.as_str()) {
            names.push(&a.name);
        }
    }
    if kind == Kind::Chain {
        names.push("chain rule");
    }
    (replaced(g, current, &map), names.join(", "))
}

/// Lines so far, and the rules since the last of them.
struct Lines {
    lines: Vec<Line>,
    rules: Vec<String>,
    /// The text of the last line.
    shown: String,
}

impl Lines {
    /// Adds a line, where it says something new and can be written down. (The
    /// derivative of an entry has a notation only once its sum is resolved.)
    fn push(&mut self, g: &mut Graph, e: ExprId, rule: &str) {
        let e = simplify::present(g, e);
        if !rule.is_empty() && !self.rules.iter().any(|r| r == rule) {
            self.rules.push(rule.to_string());
        }
        if has_scatter(g, e) {
            return;
        }
        let text = print::text(g, e);
        if text != self.shown {
            self.shown = text;
            self.lines.push(Line { expr: e, rule: std::mem::take(&mut self.rules).join(", ") });
        }
    }

    /// The last line is the result as `grad` shows it.
    fn finish(&mut self, g: &mut Graph, result: ExprId) {
        let result = simplify::present(g, result);
        let text = print::text(g, result);
        if text != self.shown {
            if self.rules.is_empty() {
                self.rules.push("rearranged".to_string());
            }
            self.lines.push(Line { expr: result, rule: self.rules.join(", ") });
        }
    }
}

fn has_scatter(g: &Graph, e: ExprId) -> bool {
    g.reachable(&[e]).into_iter().any(|n| matches!(g.op(n), Op::Place | Op::PlaceBlock))
}
