//! Items after a collection of the graph: what they hold, and the same with new ids.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Entry, Function, Item, Labelled, Record};
use crate::check::Optimizer;
use crate::derivation::{Derivation, Line};
use crate::expr::{ExprId, Moved, SymbolId};
use crate::memory;
use crate::source::FileId;

/// What items hold.
#[derive(Default)]
pub struct Held {
    /// Nodes of the graph.
    pub nodes: Vec<ExprId>,
    /// Symbols of the graph.
    pub symbols: Vec<SymbolId>,
    /// Texts that their trees and spans lie in.
    pub files: HashSet<FileId>,
    /// Functions and records that have been looked at: they are shared.
    seen: HashSet<usize>,
}

impl Held {
    /// Adds what an entry holds.
    pub fn entry(&mut self, entry: &Entry) {
        self.files.extend(entry.span.map(|span| span.file));
        self.item(&entry.item);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Expr(e) | Item::Truth(e) => self.nodes.push(*e),
            Item::Pair(pair) => {
                self.item(&pair.0);
                self.item(&pair.1);
            }
            Item::Function(f) => {
                if self.seen.insert(Arc::as_ptr(f) as usize) {
                    memory::deep(|| self.function(f));
                }
            }
            Item::Optimizer(o) => {
                self.files.insert(o.ast.file);
                o.captured.values().for_each(|entry| self.entry(entry));
            }
            Item::Labelled(l) => {
                self.symbols.extend_from_slice(&l.unknowns);
                self.nodes.extend_from_slice(&l.parts);
            }
            Item::Derivations(all) => {
                self.nodes.extend(all.iter().flat_map(|d| &d.lines).map(|line| line.expr));
            }
            Item::Record(r) => {
                if self.seen.insert(Arc::as_ptr(r) as usize) {
                    r.fields.iter().for_each(|(_, item)| self.item(item));
                    self.symbols.extend(r.solution.iter().map(|(s, _)| *s));
                    self.nodes.extend(r.solution.iter().map(|(_, e)| *e));
                }
            }
            Item::Text(_)
            | Item::Texts(_)
            | Item::Table(_)
            | Item::Categories(_)
            | Item::Failed => {}
        }
    }

    fn function(&mut self, f: &Function) {
        self.files.insert(f.ast.file);
        f.captured.values().for_each(|entry| self.entry(entry));
        if let Some((symbols, body)) = &f.generic {
            self.symbols.extend_from_slice(symbols);
            self.nodes.push(*body);
        }
    }
}

/// Makes items anew; what was shared stays shared.
pub struct Renewal<'m> {
    moved: &'m Moved,
    functions: HashMap<usize, Arc<Function>>,
    records: HashMap<usize, Arc<Record>>,
}

impl<'m> Renewal<'m> {
    /// Nothing has been made yet. All that is asked for later must have been kept.
    pub fn new(moved: &'m Moved) -> Renewal<'m> {
        Renewal { moved, functions: HashMap::new(), records: HashMap::new() }
    }

    fn node(&self, e: ExprId) -> ExprId {
        self.moved.node(e).unwrap_or(e)
    }

    fn symbol(&self, s: SymbolId) -> SymbolId {
        self.moved.symbol(s).unwrap_or(s)
    }

    /// The entry with new ids.
    pub fn entry(&mut self, entry: &Entry) -> Entry {
        Entry { item: self.item(&entry.item), span: entry.span }
    }

    /// The item with new ids.
    fn item(&mut self, item: &Item) -> Item {
        match item {
            Item::Expr(e) => Item::Expr(self.node(*e)),
            Item::Truth(e) => Item::Truth(self.node(*e)),
            Item::Pair(pair) => Item::Pair(Box::new((self.item(&pair.0), self.item(&pair.1)))),
            Item::Function(f) => {
                let key = Arc::as_ptr(f) as usize;
                if let Some(known) = self.functions.get(&key) {
                    return Item::Function(Arc::clone(known));
                }
                let new = Arc::new(memory::deep(|| self.function(f)));
                self.functions.insert(key, Arc::clone(&new));
                Item::Function(new)
            }
            Item::Optimizer(o) => Item::Optimizer(Arc::new(Optimizer {
                sizes: o.sizes.clone(),
                name: o.name.clone(),
                span: o.span,
                options: o.options.clone(),
                body: o.body.clone(),
                ast: Arc::clone(&o.ast),
                captured: o.captured.iter().map(|(n, e)| (n.clone(), self.entry(e))).collect(),
                doc: o.doc.clone(),
            })),
            Item::Labelled(l) => Item::Labelled(Arc::new(Labelled {
                unknowns: l.unknowns.iter().map(|&s| self.symbol(s)).collect(),
                parts: l.parts.iter().map(|&e| self.node(e)).collect(),
                ..Labelled::clone(l)
            })),
            Item::Derivations(all) => {
                Item::Derivations(Arc::new(all.iter().map(|d| self.derivation(d)).collect()))
            }
            Item::Record(r) => Item::Record(self.record(r)),
            Item::Text(_)
            | Item::Texts(_)
            | Item::Table(_)
            | Item::Categories(_)
            | Item::Failed => item.clone(),
        }
    }

    /// The record with new ids.
    pub fn record(&mut self, r: &Arc<Record>) -> Arc<Record> {
        let key = Arc::as_ptr(r) as usize;
        if let Some(known) = self.records.get(&key) {
            return Arc::clone(known);
        }
        let fields = r.fields.iter().map(|(name, item)| (name.clone(), self.item(item))).collect();
        let solution = r.solution.iter().map(|&(s, e)| (self.symbol(s), self.node(e))).collect();
        let new = Arc::new(Record { what: r.what, fields, solution });
        self.records.insert(key, Arc::clone(&new));
        new
    }

    fn function(&mut self, f: &Function) -> Function {
        Function {
            name: f.name.clone(),
            params: f.params.clone(),
            body: f.body,
            ast: Arc::clone(&f.ast),
            captured: f.captured.iter().map(|(n, e)| (n.clone(), self.entry(e))).collect(),
            generic: f.generic.as_ref().map(|(symbols, body)| {
                (symbols.iter().map(|&s| self.symbol(s)).collect(), self.node(*body))
            }),
            doc: f.doc.clone(),
        }
    }

    fn derivation(&self, d: &Derivation) -> Derivation {
        let line = |l: &Line| Line { expr: self.node(l.expr), rule: l.rule.clone() };
        Derivation { lines: d.lines.iter().map(line).collect(), ..d.clone() }
    }
}
