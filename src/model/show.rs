//! What `--show STAGE` prints about an expression.

use crate::diff;
use crate::expr::{Data, ExprId, Graph, SymbolId};
use crate::jit;
use crate::simplify;

/// A stage of the work that `--show` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The tokens of a text.
    Tokens,
    /// Its syntax tree.
    Ast,
    /// The nodes of an expression.
    Graph,
    /// Its stable form, as it is evaluated.
    Simplified,
    /// Its gradient.
    Gradient,
    /// Its Hessian.
    Hessian,
    /// A stage of the compilation of value and derivatives.
    Code(jit::Stage),
}

impl Stage {
    /// All of them, with the names that users write.
    pub const ALL: [(&'static str, Stage); 9] = [
        ("tokens", Stage::Tokens),
        ("ast", Stage::Ast),
        ("graph", Stage::Graph),
        ("simplified", Stage::Simplified),
        ("grad", Stage::Gradient),
        ("hess", Stage::Hessian),
        ("kernel", Stage::Code(jit::Stage::Kernel)),
        ("clif", Stage::Code(jit::Stage::Clif)),
        ("asm", Stage::Code(jit::Stage::Assembly)),
    ];

    /// The stage of that name.
    pub fn find(name: &str) -> Option<Stage> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, stage)| *stage)
    }

    /// The name that users write.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, stage)| *stage == self).map_or("", |(name, _)| name)
    }

    /// Whether this build has it: without a code generator there is neither its form nor its code.
    pub fn is_there(self) -> bool {
        cfg!(feature = "jit") || matches!(self.of_compilation(), None | Some(jit::Stage::Kernel))
    }

    /// The stage of the compilation that it is, if it is one.
    pub(crate) fn of_compilation(self) -> Option<jit::Stage> {
        match self {
            Stage::Code(stage) => Some(stage),
            _ => None,
        }
    }
}

/// An expression at a stage after the syntax tree; none for those before.
pub(crate) fn expression(g: &mut Graph, e: ExprId, stage: Stage) -> Option<String> {
    match stage {
        Stage::Tokens | Stage::Ast => None,
        Stage::Graph => Some(graph(g, e)),
        Stage::Simplified => {
            let stable = simplify::stable(g, &[e])[0];
            Some(simplify::shown(g, stable))
        }
        Stage::Gradient => Some(derivatives(g, e, false)),
        Stage::Hessian => Some(derivatives(g, e, true)),
        Stage::Code(stage) => Some(code(g, e, stage)),
    }
}

/// The nodes below an expression, one a line, oldest first.
fn graph(g: &Graph, e: ExprId) -> String {
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
fn derivatives(g: &mut Graph, e: ExprId, second: bool) -> String {
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
fn code(g: &mut Graph, e: ExprId, stage: jit::Stage) -> String {
    let unknowns = g.unknowns(&[e]);
    let mut outputs = vec![e];
    if g.shape(e).is_scalar() {
        outputs.extend(diff::gradient(g, e, &unknowns));
    }
    let outputs = simplify::stable(g, &outputs);
    listing(g, &outputs, &unknowns, stage)
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
