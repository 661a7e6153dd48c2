//! Derivations as LaTeX: an `align*` with the rules beside the lines.

use super::Derivation;
use crate::expr::Graph;
use crate::print;

/// The lines of several derivations in one environment.
pub fn latex(g: &Graph, derivations: &[Derivation]) -> String {
    let mut rows = Vec::new();
    for derivation in derivations {
        for (k, line) in derivation.lines.iter().enumerate() {
            let left = match k {
                0 => label(&derivation.of, &derivation.by),
                _ => String::new(),
            };
            let right = print::latex(&print::layout(g, line.expr));
            let rule = match line.rule.as_str() {
                "" => String::new(),
                rule => format!(" && \\text{{{}}}", words(rule)),
            };
            rows.push(format!("  {left}&= {right}{rule}"));
        }
    }
    format!("\\begin{{align*}}\n{}\n\\end{{align*}}", rows.join(" \\\\\n"))
}

fn label(of: &str, by: &str) -> String {
    format!("\\frac{{\\partial {}}}{{\\partial {}}} ", print::latex_name(of), entry(by))
}

/// The unknown of a label, which may be an entry such as `x[3]`.
fn entry(by: &str) -> String {
    match by.split_once('[') {
        Some((name, index)) => {
            format!("{}_{{{}}}", print::latex_name(name), index.trim_end_matches(']'))
        }
        None => print::latex_name(by),
    }
}

/// A rule in text mode.
fn words(rule: &str) -> String {
    rule.replace('_', "\\_").replace('^', "\\textasciicircum ")
}
