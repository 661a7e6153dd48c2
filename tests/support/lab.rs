//! Expressions over a graph of their own: written as text or built by hand, evaluated plainly or
//! as native code.

use std::collections::HashMap;
use std::sync::Arc;

use gradus::check::{Checker, Item, Names, Unreadable, World};
use gradus::diag::{Sink, Style, codes, render_all};
use gradus::eval;
use gradus::expr::{ExprId, Graph, Symbol, SymbolId};
use gradus::jit;
use gradus::random::Stream;
use gradus::shape::{Shape, Tensor};
use gradus::source::{FileId, SourceMap, Span};
use gradus::syntax;
use gradus::syntax::ast::StmtKind;

/// A graph with names.
pub struct Lab {
    pub g: Graph,
    names: Names,
    world: NoFiles,
    /// Values of unknowns.
    values: HashMap<SymbolId, Tensor>,
    unknowns: Vec<SymbolId>,
}

/// A world without files.
struct NoFiles(Stream);

impl World for NoFiles {
    fn read(&mut self, path: &str, _: FileId) -> Result<(String, Arc<[u8]>), Unreadable> {
        let reason = format!("there is no {path}");
        Err(Unreadable { code: codes::E0701, reason, help: String::new() })
    }

    fn place(&mut self, _: &str, _: usize, _: usize) -> Option<Span> {
        None
    }

    fn random(&mut self) -> &mut Stream {
        &mut self.0
    }
}

impl Lab {
    /// A graph without names.
    pub fn new() -> Lab {
        Lab {
            g: Graph::new(),
            names: Names::default(),
            world: NoFiles(Stream::new(0)),
            values: HashMap::new(),
            unknowns: Vec::new(),
        }
    }

    /// Declares an unknown with a value.
    pub fn unknown(&mut self, name: &str, value: Tensor) -> ExprId {
        let symbol = self.g.declare(Symbol::unknown(name, value.shape()));
        let leaf = self.g.leaf(symbol);
        self.names.define(name, Item::Expr(leaf), None);
        self.values.insert(symbol, value);
        self.unknowns.push(symbol);
        leaf
    }

    /// Declares a known value.
    pub fn known(&mut self, name: &str, value: Tensor) -> ExprId {
        let symbol = self.g.declare(Symbol::known(name, value.shape(), Some(value)));
        let leaf = self.g.leaf(symbol);
        self.names.define(name, Item::Expr(leaf), None);
        leaf
    }

    /// The unknowns in the order of declaration.
    pub fn unknowns(&self) -> Vec<SymbolId> {
        self.unknowns.clone()
    }

    /// The value of an unknown.
    pub fn at(&self, unknown: SymbolId) -> &Tensor {
        &self.values[&unknown]
    }

    /// Gives an unknown another value, and returns the old one.
    pub fn set(&mut self, unknown: SymbolId, value: Tensor) -> Tensor {
        self.values.insert(unknown, value).expect("the unknown has a value")
    }

    /// The node of a text.
    pub fn parse(&mut self, text: &str) -> Result<ExprId, String> {
        let mut sources = SourceMap::new();
        let file = sources.add("text", text);
        let mut sink = Sink::new();
        let ast = Arc::new(syntax::parse(file, text, &mut sink));
        let node = match ast.top[..] {
            [only] => match ast.stmt(only).kind {
                StmtKind::Expr(node) => Some(node),
                _ => None,
            },
            _ => None,
        };
        let mut spans = HashMap::new();
        let found = node.and_then(|node| {
            let (names, world) = (&self.names, &mut self.world);
            let tree = Arc::clone(&ast);
            let mut checker =
                Checker::new(&mut self.g, names, &mut sink, world, &mut spans, tree, false);
            checker.expression(node).ok()
        });
        let findings: Vec<_> = sink.iter().cloned().collect();
        let style = Style { color: false };
        found.filter(|_| !sink.has_errors()).ok_or_else(|| {
            format!("`{text}` is not an expression:\n{}", render_all(&sources, &findings, style))
        })
    }

    /// The value by the plain evaluator; NaN everywhere where there is none.
    pub fn value(&self, e: ExprId) -> Tensor {
        let nan = || Tensor::filled(self.g.shape(e), f64::NAN);
        let lookup = |s: SymbolId| self.values.get(&s).cloned();
        eval::evaluate(&self.g, &[e], &lookup).map_or_else(|_| nan(), |mut v| v.swap_remove(0))
    }

    /// The value by native code; none where that is not compiled.
    pub fn native(&self, e: ExprId) -> Option<Vec<f64>> {
        let inputs = self.unknowns();
        let options = jit::Options::default();
        let kernel = jit::compile(&self.g, &[e], &inputs, &options).ok()?;
        let x: Vec<f64> = inputs.iter().flat_map(|s| self.values[s].data().to_vec()).collect();
        let mut out = vec![0.0; kernel.n_out()];
        kernel.call(&x, &mut out).ok().map(|()| out)
    }

    /// The derivatives of all numbers of `e` by entry `k` of an unknown, by differences.
    pub fn differences(&mut self, e: ExprId, unknown: SymbolId, k: usize, step: f64) -> Vec<f64> {
        let before = self.at(unknown).clone();
        let found = super::central_differences(before.data()[k], step, |x| {
            let mut data = before.data().to_vec();
            data[k] = x;
            self.set(unknown, Tensor::new(before.shape(), data));
            Ok::<_, std::convert::Infallible>(self.value(e).data().to_vec())
        });
        self.set(unknown, before);
        found.unwrap_or_default()
    }

    /// A scalar that depends on every entry of `e`: `e` itself, or its inner product with fixed
    /// weights.
    pub fn scalar_of(&mut self, e: ExprId) -> ExprId {
        let shape = self.g.shape(e);
        if shape.is_scalar() {
            return e;
        }
        let weights: Vec<f64> = (0..shape.len()).map(|k| 1.0 + 0.37 * k as f64).collect();
        let weights = self.known("weights", Tensor::new(shape, weights));
        self.g.apply(gradus::expr::Op::Dot, &[weights, e])
    }
}

/// Entries that differ, with a large diagonal in a square matrix, so that it has an inverse.
pub fn some_array(shape: Shape, seed: usize) -> Tensor {
    let entry = |k: usize| 0.4 + 0.31 * ((k * 7 + seed * 3) % 5) as f64 + 0.013 * k as f64;
    let mut data: Vec<f64> = (0..shape.len()).map(entry).collect();
    if let Shape::Matrix(m, n) = shape
        && m == n
    {
        (0..m).for_each(|i| data[i * n + i] += 3.0);
    }
    Tensor::new(shape, data)
}
