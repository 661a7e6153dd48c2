//! Derivations as LaTeX: an `align*` with the rules beside the lines.

use super::Derivation;
use crate::expr::Graph;
use crate::print;

/// The lines of several derivations in one environment.
pub fn latex(g: &Graph, derivations: &[Derivation]) -> String {
    let mut rows = Vec::new();
    for derivation in derivations {
        let sizes = g.dim_sizes(derivation.axes);
        for (k, line) in derivation.lines.iter().enumerate() {
            let left = match k {
                0 => label(&derivation.of, &derivation.by),
                _ => String::new(),
            };
            let right = print::latex(&print::layout_of(g, line.expr, sizes));
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
    let (of, by) = (print::latex_name(of), print::latex_name(by));
    format!("\\frac{{\\partial {of}}}{{\\partial {by}}} ")
}

/// A rule in text mode.
fn words(rule: &str) -> String {
    rule.replace('_', "\\_").replace('^', "\\textasciicircum ")
}
