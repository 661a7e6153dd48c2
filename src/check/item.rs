//! What an expression of the language can denote, and the names in scope.

use std::collections::HashMap;
use std::sync::Arc;

use super::optimizer::Optimizer;
use crate::data::{Categories, Table};
use crate::derivation::Derivation;
use crate::expr::{DimId, ExprId, SymbolId};
use crate::source::Span;
use crate::syntax::ast::{Ast, NodeId, ShapeExpr};

/// What a checked expression denotes.
#[derive(Clone, Debug)]
pub enum Item {
    /// A number or an array, known or symbolic.
    Expr(ExprId),
    /// A number that is true or false.
    Truth(ExprId),
    /// A text.
    Text(String),
    /// Several texts, such as the names of columns.
    Texts(Vec<String>),
    /// A data table.
    Table(Arc<NamedTable>),
    /// A column of texts.
    Categories(Arc<Categories>),
    /// A pair of tables, as `split` makes.
    Pair(Box<(Item, Item)>),
    /// A function of the user.
    Function(Arc<Function>),
    /// A first-order method of the user.
    Optimizer(Arc<Optimizer>),
    /// Derivatives by several unknowns, or a Hessian.
    Labelled(Arc<Labelled>),
    /// Derivations of one expression, one an unknown.
    Derivations(Arc<Vec<Derivation>>),
    /// Something with named parts, such as the result of an optimization.
    Record(Arc<Record>),
    /// A definition that failed: whatever uses it stays silent.
    Failed,
}

impl Item {
    /// What kind of thing this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Item::Expr(_) => "an expression",
            Item::Truth(_) => "a comparison",
            Item::Text(_) => "a text",
            Item::Texts(_) => "a list of texts",
            Item::Table(_) => "a table",
            Item::Categories(_) => "a column of texts",
            Item::Pair(_) => "a pair",
            Item::Function(_) => "a function",
            Item::Optimizer(_) => "an optimizer",
            Item::Labelled(_) => "a set of derivatives",
            Item::Derivations(_) => "a derivation",
            Item::Record(_) => "a result",
            Item::Failed => "a failed definition",
        }
    }
}

/// A table under the name by which the user calls it.
#[derive(Debug)]
pub struct NamedTable {
    /// The name of the `let`, or the call that made it.
    pub name: String,
    /// The data.
    pub table: Table,
    /// The dimension of its rows.
    pub rows: Option<DimId>,
}

/// A function defined by `fn`.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Names and shapes of its parameters.
    pub params: Vec<(String, Option<ShapeExpr>)>,
    /// Its body, in its own syntax tree.
    pub body: NodeId,
    /// The tree that holds the body.
    pub ast: Arc<Ast>,
    /// What the names in the body meant where it was defined.
    pub captured: HashMap<String, Entry>,
    /// The body over parameters as unknowns, where their shapes are known.
    pub generic: Option<(Vec<SymbolId>, ExprId)>,
    /// Its `##` lines.
    pub doc: Vec<String>,
}

/// Expressions by the names of unknowns.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// What was differentiated, as it appears in labels.
    pub of: String,
    /// How often: 1 for a gradient, 2 for a Hessian, 0 for a Hessian times a
    /// direction.
    pub order: usize,
    /// A single derivative that prints without a label, as of `diff`.
    pub bare: bool,
    /// Whether unknowns were given values: then values are shown, and
    /// otherwise the formula, even where every name in it is known.
    pub at_point: bool,
    /// The unknowns.
    pub unknowns: Vec<SymbolId>,
    /// One entry an unknown, or one a pair of unknowns, row by row.
    pub parts: Vec<ExprId>,
}

/// A thing with named parts.
#[derive(Debug)]
pub struct Record {
    /// What it is, for messages: "the result of an optimization".
    pub what: &'static str,
    /// Its parts in order.
    pub fields: Vec<(String, Item)>,
    /// The solution, for `E at fit` and `from fit`.
    pub solution: Vec<(SymbolId, ExprId)>,
}

impl Record {
    /// The part of that name.
    pub fn field(&self, name: &str) -> Option<&Item> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, item)| item)
    }
}

/// A name in scope.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it denotes.
    pub item: Item,
    /// Where it was defined; nothing for what is built in.
    pub span: Option<Span>,
}

/// The names of a session.
#[derive(Clone, Debug, Default)]
pub struct Names {
    entries: HashMap<String, Entry>,
    order: Vec<String>,
}

impl Names {
    /// What a name denotes.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Defines or redefines a name.
    pub fn define(&mut self, name: &str, item: Item, span: Option<Span>) {
        if self.entries.insert(name.to_string(), Entry { item, span }).is_none() {
            self.order.push(name.to_string());
        }
    }

    /// Forgets a name.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
        self.order.retain(|n| n != name);
    }

    /// Every entry made anew.
    pub fn renew(&mut self, mut new: impl FnMut(&Entry) -> Entry) {
        self.entries.values_mut().for_each(|entry| *entry = new(entry));
    }

    /// All names in the order of their first definition.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.order
            .iter()
            .filter_map(|n| self.entries.get_key_value(n))
            .map(|(n, e)| (n.as_str(), e))
    }
}
