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
    let mut map = FxHashMap::default();
    let mut names: Vec<&str> = Vec::new();
    for (site, a) in applied.iter().filter(|(_, a)| a.kind == kind || a.kind == Kind::Linear) {
        map.insert(site.node, a.result);
        for name in &a.names {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let mut rule = listed(&names);
    if kind == Kind::Chain {
        rule.push_str(", chain rule");
    }
    (replaced(g, current, &map), rule)
}

/// Rules in words: `power rule, derivatives of sin and cos`.
fn listed(names: &[&str]) -> String {
    const OF: &str = "derivative of ";
    let (functions, mut rules): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|n| n.starts_with(OF));
    let functions: Vec<&str> = functions.iter().filter_map(|n| n.strip_prefix(OF)).collect();
    let joined = match &functions[..] {
        [] => return rules.join(", "),
        [only] => format!("{OF}{only}"),
        [first @ .., last] => format!("derivatives of {} and {last}", first.join(", ")),
    };
    // In the order of the expression, as far as one list allows.
    let at = names.iter().position(|n| n.starts_with(OF)).unwrap_or(0);
    rules.insert(at.min(rules.len()), &joined);
    rules.join(", ")
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
        self.add_rule(rule);
        // A sum of such derivatives, read entry by entry.
        if has_scatter(g, e) {
            self.add_rule("index shift");
        }
        let Some(e) = simplify::resolved(g, e) else { return };
        let text = print::text(g, e);
        if text != self.shown {
            self.shown = text;
            self.lines.push(Line { expr: e, rule: std::mem::take(&mut self.rules).join(", ") });
        }
    }

    fn add_rule(&mut self, rule: &str) {
        if !rule.is_empty() && !self.rules.iter().any(|r| r == rule) {
            self.rules.push(rule.to_string());
        }
    }

    /// The last line is the result as `grad` shows it.
    fn finish(&mut self, g: &mut Graph, result: ExprId) {
        let result = simplify::shorten(g, result);
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
