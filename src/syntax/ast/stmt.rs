//! Statements.

use super::{CmpOp, Definition, Ident, NodeId, StmtId, Text};
use crate::source::Span;

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// All of it.
    pub span: Span,
    /// The `##` lines directly above, without `##` and the blank after it.
    pub doc: Vec<Text>,
    /// What it is.
    pub kind: StmtKind,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `var x, y: R[3] >= 0 = 1`
    Var(Vec<VarItem>),
    /// `let a = E`
    Let {
        /// The name.
        name: Ident,
        /// What it stands for, perhaps a `Node::Command` or `Node::Where`.
        value: NodeId,
    },
    /// `let (a, b) = E`
    LetPair {
        /// The two names.
        names: [Ident; 2],
        /// What they stand for.
        value: NodeId,
    },
    /// `fn f(x, w: R[d]) = E`
    Fn {
        /// The name.
        name: Ident,
        /// The parameters in order.
        params: Vec<Param>,
        /// What it computes.
        body: NodeId,
    },
    /// `use nn`
    UseName(Ident),
    /// `use "mine.opt"`
    UseFile(Text, Span),
    /// `seed 42`
    Seed(NodeId),
    /// `for i in E { ... }`
    For {
        /// The name that takes each value.
        index: Ident,
        /// What it runs over.
        range: NodeId,
        /// The statements of the block.
        body: Vec<StmtId>,
    },
    /// `optimizer f(lr = 0.1) { ... }`
    Optimizer {
        /// The name.
        name: Ident,
        /// Its options.
        options: Vec<OptionItem>,
        /// The lines of its block.
        body: Vec<OptimizerLine>,
    },
    /// A command that stands by itself; the node is a `Node::Command`.
    Command(NodeId),
    /// An expression whose value is shown.
    Expr(NodeId),
}

/// One unknown of `var`.
#[derive(Clone, Debug, PartialEq)]
pub struct VarItem {
    /// The name.
    pub name: Ident,
    /// `: R[3]`
    pub shape: Option<ShapeExpr>,
    /// `in [0, 1]` or `>= 0`
    pub bound: Option<Bound>,
    /// `= 1`
    pub start: Option<NodeId>,
    /// All of it.
    pub span: Span,
}

/// A written shape; no sizes is `R`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeExpr {
    /// From `R` to the bracket.
    pub span: Span,
    /// The sizes.
    pub dims: Vec<NodeId>,
}

/// A bound of `var`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `in [lo, hi]`
    In(NodeId),
    /// `>= 0`; `<` and `>` stand here as written, and mean `<=` and `>=`
    Side(CmpOp, NodeId),
}

/// A parameter of `fn`.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name.
    pub name: Ident,
    /// `: R[n, d]`
    pub shape: Option<ShapeExpr>,
}

/// An option of `optimizer`.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionItem {
    /// The name.
    pub name: Ident,
    /// The shape, of `theta` alone: `theta: R[p, q]`.
    pub shape: Option<ShapeExpr>,
    /// Its value where none is given.
    pub default: Option<NodeId>,
}

/// A line of an `optimizer` block.
#[derive(Clone, Debug, PartialEq)]
pub enum OptimizerLine {
    /// `state m = 0, s = 0`
    State(Vec<Definition>),
    /// `let d = m/s`
    Let(Definition),
    /// `theta <- theta + v`
    Update(Definition),
}
