//! What the parser builds: an arena of expression nodes, and statements that refer to them.
//!
//! A node names its children by [`NodeId`], and children are always made before their parents: one
//! loop over `0..n` sees every child first, nothing needs recursion, and dropping a million nested
//! brackets is dropping one `Vec`. A sum of a million terms is a left-leaning chain a million deep, so
//! **nobody may recurse over it**.
//!
//! Parentheses leave no node; spans do. Names and number texts live in the [`Ast`] ([`Symbol`],
//! [`Text`]), so an AST outlives the source it came from. The tree is what was written: `2(x + 1)` is
//! a call of a number, and `check` judges that.

mod command;
mod stmt;

pub use command::*;
pub use stmt::*;

use crate::source::{FileId, Span};
use std::collections::HashMap;

/// An expression node of an [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A statement of an [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StmtId(pub u32);

/// An interned name; the same name has the same symbol throughout one [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

/// A stretch of the literal texts of an [`Ast`]; read it with [`Ast::text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    pub(super) start: u32,
    pub(super) len: u32,
}

/// A name where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name.
    pub name: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// A parsed text.
#[derive(Debug)]
pub struct Ast {
    /// The text it came from.
    pub file: FileId,
    /// The statements of the text in order, without those inside blocks and without bad ones.
    pub top: Vec<StmtId>,
    /// Names whose definitions failed to parse; later uses of them should stay silent.
    pub failed_names: Vec<String>,
    pub(super) nodes: Vec<Node>,
    pub(super) spans: Vec<Span>,
    pub(super) stmts: Vec<Stmt>,
    pub(super) names: Vec<Box<str>>,
    pub(super) name_ids: HashMap<Box<str>, Symbol>,
    pub(super) literals: String,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number, its text without `_`.
    Number(Text),
    /// A string, its text without quotes and escapes.
    Str(Text),
    /// A string with braces, in `print` and after `to`.
    Format(Vec<Piece>),
    /// A name.
    Name(Symbol),
    /// `(x = 0, w[1] = 3)`; never empty.
    Point(Vec<Binding>),
    /// `f(a, lr = 0.1)`; a generator or a command is an only argument.
    Call {
        /// What is called: mostly a [`Node::Name`], but `∇f(1, 2)` and `2(x)` parse, too.
        callee: NodeId,
        /// The arguments in order.
        args: Vec<Arg>,
    },
    /// `[1, 2, 3]`, a column; `[]` is one without entries.
    Array(Vec<NodeId>),
    /// `[1, 2; 3, 4]`, at least two rows, not checked to be of one length.
    Matrix(Vec<Vec<NodeId>>),
    /// `[BODY for i in 1..n]`.
    Comprehension(Generator),
    /// `BODY for i in 1..n if c`, the only argument of a call.
    Generator(Generator),
    /// `A[i, :]`.
    Index {
        /// What is indexed.
        base: NodeId,
        /// At least one entry.
        entries: Vec<IndexEntry>,
    },
    /// `r.name`.
    Field {
        /// What has the field.
        base: NodeId,
        /// The field; any word.
        field: Ident,
    },
    /// `A'`.
    Transpose(NodeId),
    /// `-a`.
    Neg(NodeId),
    /// `not a`.
    Not(NodeId),
    /// `∇f` (order 1) or `∇²f` (order 2).
    Nabla {
        /// 1 or 2.
        order: u8,
        /// One name or what stands in the parenthesis.
        of: NodeId,
    },
    /// `a + b`.
    Binary {
        /// Which operator.
        op: BinOp,
        /// The left operand.
        left: NodeId,
        /// The right operand.
        right: NodeId,
    },
    /// `0 <= x <= 1`: a first operand, then one or more further ones.
    Compare {
        /// The first operand.
        first: NodeId,
        /// Each comparison with the operand to its right.
        rest: Vec<(CmpOp, NodeId)>,
    },
    /// `a and b`.
    And(NodeId, NodeId),
    /// `a or b`.
    Or(NodeId, NodeId),
    /// `a..b`.
    Range {
        /// The first element.
        low: NodeId,
        /// The last element.
        high: NodeId,
    },
    /// `if c then a else b`.
    If {
        /// The condition.
        cond: NodeId,
        /// The value where it holds.
        then: NodeId,
        /// The value where it does not.
        other: NodeId,
    },
    /// `E at (x = 1)`, `E at fit`.
    At {
        /// What is evaluated.
        expr: NodeId,
        /// A [`Node::Point`], or an expression for a result.
        point: NodeId,
    },
    /// `E where p = E1, q = E2`.
    Where {
        /// The expression that uses the names.
        body: NodeId,
        /// The names and what they stand for.
        defs: Vec<Definition>,
    },
    /// `minimize f over x`, as a statement or as a value.
    Command(Box<Command>),
}

/// An operator with two operands that makes a value of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `.+`
    DotAdd,
    /// `.-`
    DotSub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `.*`
    DotMul,
    /// `./`
    DotDiv,
    /// `^`
    Pow,
    /// `.^`
    DotPow,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// `target = value` in a point or after `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// A [`Node::Name`], [`Node::Index`] or [`Node::Field`].
    pub target: NodeId,
    /// What it gets.
    pub value: NodeId,
}

/// `name = value` of `where`, `state` and `let` within an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub name: Ident,
    /// What it stands for.
    pub value: NodeId,
}

/// An argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// The name of `lr = 0.1`.
    pub name: Option<Ident>,
    /// The value.
    pub value: NodeId,
}

/// A body repeated over indices.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// What is repeated.
    pub body: NodeId,
    /// Its `for` and `if` parts in order; the first is a `for`.
    pub clauses: Vec<GenClause>,
}

/// One part of a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenClause {
    /// `for i in 1..n`
    For {
        /// The index.
        index: Ident,
        /// What it runs over.
        range: NodeId,
    },
    /// `if i != j`
    If(NodeId),
}

/// One entry between the brackets of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexEntry {
    /// `:`
    All(Span),
    /// A number, a [`Node::Range`], or the name of a column as a string.
    At(NodeId),
}

/// A piece of a string with braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Plain text; `{{` and `}}` are one brace here.
    Text(Text),
    /// `{EXPR:FORMAT}`
    Value {
        /// What is shown.
        value: NodeId,
        /// What stands after the colon, as written.
        format: Option<Text>,
        /// The braces and all between them.
        span: Span,
    },
}

impl Ast {
    pub(super) fn empty(file: FileId) -> Self {
        Self {
            file,
            top: vec![],
            failed_names: vec![],
            nodes: vec![],
            spans: vec![],
            stmts: vec![],
            names: vec![],
            name_ids: HashMap::new(),
            literals: String::new(),
        }
    }

    /// How many expression nodes there are.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Where a node stands, with parentheses only inside it.
    pub fn span(&self, id: NodeId) -> Span {
        self.spans[id.0 as usize]
    }

    /// A statement.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.0 as usize]
    }

    /// The text of a name.
    pub fn name(&self, symbol: Symbol) -> &str {
        &self.names[symbol.0 as usize]
    }

    /// The text of a name where it stands.
    pub fn ident(&self, ident: Ident) -> &str {
        self.name(ident.name)
    }

    /// The symbol of a name, if it occurs anywhere in the text.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.name_ids.get(name).copied()
    }

    /// The text of a number, a string or a line of documentation.
    pub fn text(&self, text: Text) -> &str {
        &self.literals[text.start as usize..(text.start + text.len) as usize]
    }
}
