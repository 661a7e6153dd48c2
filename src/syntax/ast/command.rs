//! Commands and their clauses, as they were written.
//!
//! Any command may hold any clause here; those that the language does not allow are reported when the
//! command is parsed, and such a statement does not come into the tree.

use super::{Binding, GenClause, Ident, NodeId};
use crate::source::Span;

/// Which command a [`Command`] is. The first nine may stand as values, the others only as statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the word it is called by")]
pub enum CommandKind {
    Minimize,
    Maximize,
    Compare,
    Tune,
    LrRange,
    Derive,
    Solve,
    Check,
    Convex,
    Explain,
    Plot,
    Print,
    Assert,
    Export,
}

impl CommandKind {
    /// All of them.
    pub const ALL: [CommandKind; 14] = [
        Self::Minimize,
        Self::Maximize,
        Self::Compare,
        Self::Tune,
        Self::LrRange,
        Self::Derive,
        Self::Solve,
        Self::Check,
        Self::Convex,
        Self::Explain,
        Self::Plot,
        Self::Print,
        Self::Assert,
        Self::Export,
    ];
}

/// A command: a word, what it is about, and clauses in the order in which they were written.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Which one.
    pub kind: CommandKind,
    /// Its word.
    pub word: Span,
    /// What it is about: the objective; what is plotted, printed or exported; the equations of
    /// `solve`. Empty for `tune`.
    pub subjects: Vec<NodeId>,
    /// The parameters of `tune`; empty for every other command.
    pub parameters: Vec<TuneItem>,
    /// Its clauses.
    pub clauses: Vec<Clause>,
}

/// A clause of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// From its word to its end.
    pub span: Span,
    /// What it says.
    pub kind: ClauseKind,
}

/// What a clause says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClauseKind {
    /// `over x, w[1]`, `over x in -2..2`
    Over(Vec<OverItem>),
    /// `from x = 1, w[2] = 3`, also `from (x = 1)`
    FromPoint(Vec<Binding>),
    /// `from fit`, `from 1e-6`
    FromValue(NodeId),
    /// `subject to { ... }`
    SubjectTo(Vec<Constraint>),
    /// `using newton(gtol = 1e-10)`; each a name or a call
    Using(Vec<NodeId>),
    /// `with fit`
    With(Vec<NodeId>),
    /// `to "loss.svg"`, `to 1`
    To(NodeId),
    /// `minimizing E`
    Minimizing(NodeId),
    /// `maximizing E`
    Maximizing(NodeId),
    /// `wrt x, y`
    Wrt(Vec<NodeId>),
    /// `for w, b`, of `solve`
    For(Vec<NodeId>),
    /// `at (x = 1)`, of `check`: the outermost `at` of its expression
    At(NodeId),
    /// `step 3`, of `explain`
    Step(NodeId),
}

/// One unknown after `over`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverItem {
    /// A `Node::Name`, `Node::Index` or `Node::Field`.
    pub target: NodeId,
    /// What stands after `in`.
    pub range: Option<NodeId>,
}

/// One constraint of `subject to`.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// The name before the colon.
    pub label: Option<Ident>,
    /// Mostly a `Node::Compare`.
    pub body: NodeId,
    /// `for` and `if` parts; empty where it stands alone.
    pub clauses: Vec<GenClause>,
    /// All of it.
    pub span: Span,
}

/// One parameter of `tune`.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneItem {
    /// The parameter.
    pub name: Ident,
    /// What it is drawn from.
    pub domain: Domain,
}

/// What a parameter of `tune` is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// `{8, 16, 32}`
    Choices(Vec<NodeId>),
    /// `[a, b]`, `a..b`, `log(a, b)`
    Interval(NodeId),
}
