//! What is one thing while a model is trained and another when it is used: dropout and running statistics.
//!
//! The rows say what they are in use. Steps over batches put other expressions in their place before anything is differentiated
//! (`model/batches/modes`).

use super::elementwise::{Entry, PAIRS, binary};
use super::{Accuracy, Domain, Exact, Latex, Lowering, OpDef, Traits};
use crate::expr::{ExprId, Graph, Op};

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &binary(
        Entry {
            op: Op::Dropout,
            names: ("dropout", &[]),
            latex: Latex::of("\\operatorname{dropout}"),
            domain: Domain::Reals,
            traits: Traits::NONE,
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Call,
            samples: PAIRS,
            doc: (
                "entries left out at random while a model is trained",
                "dropout(x, p): in each step of training an entry is 0 with probability p, else x/(1 - p); otherwise x",
                ("dropout([1, 2], 0.5)", "[1, 2]"),
            ),
        },
        |x, _| x,
        |g, _, _, k| if k == 0 { g.int(1) } else { g.int(0) },
    ),
    &binary(
        Entry {
            op: Op::Running,
            names: ("running", &[]),
            latex: Latex::of("\\operatorname{running}"),
            domain: Domain::Reals,
            traits: Traits::NONE,
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Call,
            samples: PAIRS,
            doc: (
                "a statistic of the batch while a model is trained, its running mean otherwise",
                "running(now, kept): in training the value of now, and kept becomes 0.9*kept + 0.1*now after a step; \
                 otherwise kept, an unknown that nothing else moves",
                ("running(1, 2)", "2"),
            ),
        },
        |_, kept| kept,
        |g, _, _, k| if k == 1 { g.int(1) } else { g.int(0) },
    ),
];

/// The arguments of the calls of `op` below some expressions, each with its node.
pub fn calls(g: &Graph, roots: &[ExprId], op: Op) -> Vec<(ExprId, ExprId, ExprId)> {
    let found = g.reachable(roots).into_iter().filter(|&e| g.op(e) == op);
    found.map(|e| (e, g.args(e)[0], g.args(e)[1])).collect()
}
