//! Which nodes belong to the body of a binder or to a branch of an `if`.
//!
//! A reverse sweep runs scope by scope: the root, and the body of every binder
//! within it. A node of a body that does not depend on the index belongs to
//! the scope outside (it is *exported*), so that its adjoint is summed once
//! over the index and it is swept once.
//!
//! Within a scope, nodes that only one branch of an `if` needs form a
//! *context*. Their adjoints hold only where the branch is taken, and what
//! leaves the context is wrapped in the same `if`: a branch that is not taken
//! has no effect on derivatives, even where it is not finite.

use std::collections::BinaryHeap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Derivative, Range};

/// A branch of an `if` within a scope; 0 is the scope itself.
pub(super) type Context = usize;

/// The nodes of one scope that the derivative needs.
pub(super) struct Scope {
    /// Nodes swept here, users before what they use.
    pub order: Vec<ExprId>,
    /// Nodes of scopes outside that are used here, youngest first.
    pub exports: Vec<ExprId>,
    context: FxHashMap<ExprId, Context>,
    /// Parent, condition and branch (1 or 2) of each context; the first entry
    /// is the scope itself.
    parents: Vec<(Context, ExprId, usize)>,
}

/// Finds scopes, each once.
pub(super) struct Scopes<'g> {
    graph: &'g Graph,
    active: FxHashSet<ExprId>,
    bodies: FxHashMap<ExprId, Rc<Scope>>,
}

impl<'g> Scopes<'g> {
    /// Scopes of derivatives by `unknowns` of anything made from `roots`.
    pub fn new(graph: &'g Graph, roots: &[ExprId], unknowns: &[SymbolId]) -> Self {
        Scopes { graph, active: active_nodes(graph, roots, unknowns), bodies: FxHashMap::default() }
    }

    /// The scope of `root`, and those of all binders in it.
    pub fn find(
        mut self,
        root: ExprId,
    ) -> (Rc<Scope>, FxHashMap<ExprId, Rc<Scope>>, FxHashSet<ExprId>) {
        let scope = Rc::new(self.scope(&[root], None));
        (scope, self.bodies, self.active)
    }

    fn body(&mut self, binder: ExprId) -> Rc<Scope> {
        if let Some(found) = self.bodies.get(&binder) {
            return found.clone();
        }
        let range = Range::of(self.graph, binder);
        let body = self.graph.args(binder)[Op::BINDER_BODY];
        let scope = Rc::new(self.scope(&[body], range));
        self.bodies.insert(binder, scope.clone());
        scope
    }

    /// Visits nodes from the youngest to the oldest; a node's users are all
    /// younger, so its context is final when it is reached.
    fn scope(&mut self, roots: &[ExprId], range: Option<Range>) -> Scope {
        let mut scope = Scope {
            order: Vec::new(),
            exports: Vec::new(),
            context: FxHashMap::default(),
            parents: vec![(0, roots[0], 0)],
        };
        let mut heap = BinaryHeap::new();
        for &root in roots {
            if self.active.contains(&root) {
                scope.context.insert(root, 0);
                heap.push(root);
            }
        }
        let mut last = None;
        while let Some(e) = heap.pop() {
            if last.replace(e) == Some(e) {
                continue;
            }
            if self.leaves(&mut scope, e, range) {
                scope.exports.push(e);
                continue;
            }
            scope.order.push(e);
            for (user_context, arg) in self.uses(&mut scope, e) {
                match scope.context.get(&arg) {
                    None => {
                        scope.context.insert(arg, user_context);
                        heap.push(arg);
                    }
                    Some(&other) => {
                        let common = scope.common(other, user_context);
                        scope.context.insert(arg, common);
                    }
                }
            }
        }
        scope
    }

    /// Whether a node of a body belongs to the scope outside. Only unknowns
    /// may leave a branch or a filtered body: they are finite anyway.
    fn leaves(&self, scope: &mut Scope, e: ExprId, range: Option<Range>) -> bool {
        let leaf = self.graph.op(e) == Op::Symbol;
        if leaf {
            scope.context.insert(e, 0);
        }
        let Some(range) = range else { return false };
        let free = !self.graph.depends_on(e, range.index);
        free && (leaf || (scope.context[&e] == 0 && !range.is_filtered(self.graph)))
    }

    /// The active arguments of a node, with the context in which each is used.
    fn uses(&mut self, scope: &mut Scope, e: ExprId) -> Vec<(Context, ExprId)> {
        let context = scope.context[&e];
        let op = self.graph.op(e);
        let args = self.graph.args(e).to_vec();
        let active = |a: &ExprId| self.active.contains(a);
        if matches!(ops::def(op).derivative, Derivative::Zero) {
            return Vec::new();
        }
        if op.is_binder() {
            return self.body(e).exports.iter().map(|&x| (context, x)).collect();
        }
        if op == Op::If {
            return [1, 2]
                .into_iter()
                .filter(|&k| active(&args[k]))
                .map(|k| (scope.branch(context, args[0], k), args[k]))
                .collect();
        }
        args.into_iter().filter(active).map(|a| (context, a)).collect()
    }
}

impl Scope {
    /// The context of a node of this scope.
    pub fn context_of(&self, e: ExprId) -> Context {
        self.context[&e]
    }

    /// The conditions between two contexts, innermost first: each with the
    /// branch (1 where it holds, 2 where it does not).
    pub fn conditions(&self, mut from: Context, to: Context) -> Vec<(ExprId, usize)> {
        let mut found = Vec::new();
        while from != to {
            let (parent, cond, branch) = self.parents[from];
            found.push((cond, branch));
            from = parent;
        }
        found
    }

    /// The context of branch `k` of an `if` on `cond` within `parent`.
    pub fn branch_of(&self, parent: Context, cond: ExprId, k: usize) -> Option<Context> {
        self.parents.iter().skip(1).position(|p| *p == (parent, cond, k)).map(|at| at + 1)
    }

    fn branch(&mut self, parent: Context, cond: ExprId, k: usize) -> Context {
        self.branch_of(parent, cond, k).unwrap_or_else(|| {
            self.parents.push((parent, cond, k));
            self.parents.len() - 1
        })
    }

    /// The innermost context that holds both. Parents are older than children.
    fn common(&self, mut a: Context, mut b: Context) -> Context {
        while a != b {
            if a > b {
                a = self.parents[a].0;
            } else {
                b = self.parents[b].0;
            }
        }
        a
    }
}

/// Nodes below the roots that depend on one of the unknowns.
pub(super) fn active_nodes(
    g: &Graph,
    roots: &[ExprId],
    unknowns: &[SymbolId],
) -> FxHashSet<ExprId> {
    let mut active = FxHashSet::default();
    for e in g.reachable(roots) {
        let own = g.as_symbol(e).is_some_and(|s| unknowns.contains(&s));
        if own || g.args(e).iter().any(|a| active.contains(a)) {
            active.insert(e);
        }
    }
    active
}
