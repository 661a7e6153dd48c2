//! What `--show STAGE` prints about an expression.

use crate::diff;
use crate::expr::{Data, ExprId, Graph, SymbolId};
use crate::jit;
use crate::simplify;

/// The nodes below an expression, one a line, oldest first.
pub(crate) fn graph(g: &Graph, e: ExprId) -> String {
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
pub(crate) fn derivatives(g: &mut Graph, e: ExprId, second: bool) -> String {
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
pub(crate) fn code(g: &mut Graph, e: ExprId, stage: jit::Stage) -> String {
    let unknowns = g.unknowns(&[e]);
    let mut outputs = vec![e];
    if g.shape(e).is_scalar() {
        outputs.extend(diff::gradient(g, e, &unknowns));
    }
    let outputs = simplify::stable(g, &outputs);
    listing(g, &outputs, &unknowns, stage)
}

/// The stage of compilation that `--show` names, if it names one.
pub(crate) fn of_compilation(stage: &str) -> Option<jit::Stage> {
    match stage {
        "kernel" => Some(jit::Stage::Kernel),
        "clif" => Some(jit::Stage::Clif),
        "asm" => Some(jit::Stage::Assembly),
        _ => None,
    }
}

/// Whether this build has the stage of that name: without a code generator there is neither its form nor its code.
pub(crate) fn is_shown(stage: &str) -> bool {
    cfg!(feature = "jit") || matches!(of_compilation(stage), None | Some(jit::Stage::Kernel))
}

/// The loops or the machine code of expressions in stable form.
pub(crate) fn listing(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
    stage: jit::Stage,
) -> String {
    jit::show(g, outputs, inputs, stage).unwrap_or_else(|error| error.to_string())
}
