//! Functions in LaTeX, as the `latex` column of their row says.
//!
//! The column holds either what stands before the brackets (`\exp`), or a
//! template in which `#1` and `#2` are the arguments (`\sqrt{#1}`). Where it
//! is empty, the name stands upright.

use super::{bracketed, is_tall, latex, names, operand, tight};
use crate::expr::Op;
use crate::ops::{self, Binding, Latex};
use crate::print::layout::{Layout, Level};

/// A call of an operator.
pub(super) fn call(op: Op, args: &[Layout]) -> String {
    let row = ops::def(op);
    if row.latex.text.contains('#') {
        return filled(row.latex, args);
    }
    match row.latex.text {
        "" => function(&format!("\\operatorname{{{}}}", row.name), args),
        notation => function(notation, args),
    }
}

/// `f(a, b)`
pub(super) fn function(notation: &str, args: &[Layout]) -> String {
    let args: Vec<String> = args.iter().map(latex).collect();
    format!("{notation}{}", bracketed(&args.join(", ")))
}

/// How tightly a call binds.
pub(super) fn level(op: Op) -> Level {
    level_of(ops::def(op).latex.level)
}

fn level_of(binding: Binding) -> Level {
    match binding {
        Binding::Any => Level::Where,
        Binding::Sum => Level::Sum,
        Binding::Product => Level::Product,
        Binding::Power => Level::Power,
        Binding::Postfix => Level::Postfix,
        Binding::Atom => Level::Atom,
    }
}

/// A template with its arguments; delimiters grow around what is high.
fn filled(notation: Latex, args: &[Layout]) -> String {
    let args: Vec<String> = args.iter().map(|a| operand(a, level_of(notation.arguments))).collect();
    let mut out = notation.text.to_string();
    if args.iter().any(|a| is_tall(a)) {
        for open in ["\\lvert", "\\lVert", "\\lfloor", "\\lceil", "\\langle"] {
            out = out.replace(open, &format!("\\left{open}"));
        }
        for close in ["\\rvert", "\\rVert", "\\rfloor", "\\rceil", "\\rangle"] {
            out = out.replace(close, &format!("\\right{close}"));
        }
    }
    // From the last to the first, since an argument may hold a `#` of its own.
    let mut pieces = Vec::new();
    for (k, arg) in args.iter().enumerate().rev() {
        if let Some((before, after)) = out.split_once(&format!("#{}", k + 1)) {
            pieces.push(format!("{arg}{after}"));
            out = before.to_string();
        }
    }
    pieces.push(out);
    pieces.reverse();
    pieces.concat()
}

/// What is no operator: constant arrays, and derivatives not yet taken.
pub(super) fn make(what: &str, args: &[Layout]) -> String {
    let size = || args.iter().map(tight).collect::<Vec<_>>().join(" \\times ");
    match (what, args) {
        ("ones", _) => format!("\\mathbf{{1}}_{{{}}}", size()),
        ("zeros", _) => format!("\\mathbf{{0}}_{{{}}}", size()),
        ("eye", _) => format!("I_{{{}}}", size()),
        ("diff" | "jac", [Layout::Name(of), by]) => {
            format!("\\frac{{\\partial {}}}{{\\partial {}}}", names::name(of), latex(by))
        }
        ("diff" | "jac", [of, by]) => {
            let of = operand(of, Level::Power);
            format!("\\frac{{\\partial}}{{\\partial {}}} {of}", latex(by))
        }
        _ => function(&format!("\\operatorname{{{what}}}"), args),
    }
}
