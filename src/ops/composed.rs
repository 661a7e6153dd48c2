//! Operators that are run as what they are made of: a formula over others, which every engine has.

use rustc_hash::FxHashMap;

use super::{Lowering, def, rebuild};
use crate::expr::{Data, ExprId, Graph};

/// Builds what an operator over these arguments is made of. The formula has the operator's value to the accuracy that
/// its row states, wherever that has one, and is not a number where it has none. It names no operator that is made of
/// this one.
pub type Formula = fn(&mut Graph, Data, &[ExprId]) -> ExprId;

/// Expressions in which nothing is made of other operators.
pub struct Composed {
    /// A graph of their own: that of the originals, and more.
    pub graph: Graph,
    /// The expressions in it.
    pub exprs: Vec<ExprId>,
    /// Nodes of the graph that there were before, ...
    old: usize,
    /// ... and for each one that is new the old one that it stands for, or is a part of.
    origins: Vec<ExprId>,
}

impl Composed {
    /// `exprs` with formulas in place of the operators that have one ([`Lowering::Composed`]); none where no operator
    /// does. Cost: linear in the graph below `exprs`, and a copy of the graph.
    pub fn of(g: &Graph, exprs: &[ExprId]) -> Option<Composed> {
        let nodes = g.reachable(exprs);
        let has_formula = |&e: &ExprId| formula(g, e).is_some();
        if !nodes.iter().any(has_formula) {
            return None;
        }
        let mut c = Composed { graph: g.clone(), exprs: Vec::new(), old: g.len(), origins: vec![] };
        let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
        for e in nodes {
            let args: Vec<ExprId> = g.args(e).iter().map(|a| map[a]).collect();
            let new = c.replaced(e, &args);
            map.insert(e, new);
            c.origins.resize(c.graph.len() - c.old, e);
        }
        c.exprs = exprs.iter().map(|e| map[e]).collect();
        Some(c)
    }

    /// A node over new arguments without a formula of its own. Formulas may name operators that have one, too.
    fn replaced(&mut self, e: ExprId, args: &[ExprId]) -> ExprId {
        let g = &mut self.graph;
        let Some(of) = formula(g, e) else { return rebuild(g, e, args) };
        let data = g.node(e).data;
        let mut made = of(g, data, args);
        let inner = |g: &Graph, made| {
            let nodes = g.reachable(&[made]);
            nodes.into_iter().find(|&n| formula(g, n).is_some())
        };
        while let Some(n) = inner(g, made) {
            let of = formula(g, n).expect("it was found by its formula");
            let (data, args) = (g.node(n).data, g.args(n).to_vec());
            let with = of(g, data, &args);
            made = super::substitute(g, made, &[(n, with)]);
        }
        made
    }

    /// The node of the graph that there was before for which a node stands, or of which it is a part.
    pub fn origin(&self, e: ExprId) -> ExprId {
        match e.index().checked_sub(self.old) {
            Some(k) => self.origins[k],
            None => e,
        }
    }
}

fn formula(g: &Graph, e: ExprId) -> Option<Formula> {
    match def(g.op(e)).lowering {
        Lowering::Composed(formula) => Some(formula),
        _ => None,
    }
}
