//! What `--show STAGE` prints about an expression.

use crate::diff;
use crate::expr::{Data, ExprId, Graph};
use crate::jit;
use crate::simplify;

/// The nodes below an expression, one a line, oldest first.
pub(super) fn graph(g: &Graph, e: ExprId) -> String {
    let mut lines = Vec::new();
    for n in g.reachable(&[e]) {
        let node = g.node(n);
        let args: Vec<String> = node.args.iter().map(|a| format!("%{}", a.index())).collect();
        let data = match node.data {
            Data::None => String::new(),
            Data::Num(n) => format!(" {}", n.value()),
            Data::Symbol(s) => format!(" {}", g.symbol(s).name),
            Data::Shape(s) => format!(" {s}"),
        };
        lines.push(format!(
            "%{} = {:?}{data}({}) : {}",
            n.index(),
            node.op,
            args.join(", "),
            node.shape
        ));
    }
    lines.join("\n")
}

/// Gradient or Hessian entries by all unknowns of a scalar.
pub(super) fn derivatives(g: &mut Graph, e: ExprId, second: bool) -> String {
    if !g.shape(e).is_scalar() {
        return "not a scalar".to_string();
    }
    let unknowns = g.unknowns(&[e]);
    let gradient = diff::gradient(g, e, &unknowns);
    let entries = if !second {
        gradient
    } else if unknowns.iter().all(|&u| g.symbol(u).shape.is_scalar()) {
        diff::hessian_of_scalars(g, &gradient, &unknowns).concat()
    } else {
        return "the Hessian by an unknown that is an array has no closed form yet".to_string();
    };
    entries.into_iter().map(|d| simplify::shown(g, d)).collect::<Vec<_>>().join("\n")
}

/// The loops or the machine code of an expression and its gradient.
pub(super) fn code(g: &mut Graph, e: ExprId, stage: &str) -> String {
    let unknowns = g.unknowns(&[e]);
    let mut outputs = vec![e];
    if g.shape(e).is_scalar() {
        outputs.extend(diff::gradient(g, e, &unknowns));
    }
    let outputs = simplify::stable(g, &outputs);
    let stage = match stage {
        "clif" => jit::Stage::Clif,
        "asm" => jit::Stage::Assembly,
        _ => jit::Stage::Kernel,
    };
    match jit::show(g, &outputs, &unknowns, stage) {
        Ok(text) => text,
        Err(error) => error.to_string(),
    }
}
