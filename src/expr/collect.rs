//! Forgetting nodes that nothing refers to any more.
//!
//! Statements make nodes for derivatives, stable forms and trials, which are of no use once the statement has ended.
//! [`Graph::kept`] builds the graph anew from what its owner still holds. **Order stays**: an older node has the
//! smaller id before and after, so sums and products print as before, and so do unknowns in the order of their
//! declaration.

use super::{Data, ExprId, Graph, SymbolId};

/// Where nodes and symbols have gone.
pub struct Moved {
    nodes: Vec<u32>,
    symbols: Vec<u32>,
}

/// The place of what has been forgotten.
const GONE: u32 = u32::MAX;

impl Moved {
    /// The node's new id; none where it was forgotten.
    pub fn node(&self, e: ExprId) -> Option<ExprId> {
        self.nodes.get(e.index()).filter(|&&n| n != GONE).map(|&n| ExprId(n))
    }

    /// The symbol's new id likewise.
    pub fn symbol(&self, s: SymbolId) -> Option<SymbolId> {
        self.symbols.get(s.index()).filter(|&&n| n != GONE).map(|&n| SymbolId::new(n as usize))
    }
}

/// Numbers for what is alive, in order.
fn numbered(alive: &[bool]) -> Vec<u32> {
    let mut next = 0;
    let number = |&alive: &bool| {
        let own = if alive { next } else { GONE };
        next += u32::from(alive);
        own
    };
    alive.iter().map(number).collect()
}

impl Graph {
    /// Nodes and symbols together: what a collection might free.
    pub fn weight(&self) -> usize {
        self.nodes.len() + self.symbols.len()
    }

    /// A graph of these nodes and symbols and what they are made of, and where they have gone. Time is linear in the
    /// size of the graph.
    pub fn kept(&self, nodes: &[ExprId], symbols: &[SymbolId]) -> (Graph, Moved) {
        let (live_nodes, live_symbols) = self.alive(nodes, symbols);
        let moved = Moved { nodes: numbered(&live_nodes), symbols: numbered(&live_symbols) };
        let symbol = |s: SymbolId| moved.symbol(s).unwrap_or(s);
        let node = |e: ExprId| moved.node(e).unwrap_or(e);
        let mut new = Graph { deriving: self.deriving, ..Graph::default() };
        for (kept, _) in self.symbols.iter().zip(&live_symbols).filter(|(_, alive)| **alive) {
            new.symbols.push(kept.clone());
        }
        let still = |s: &SymbolId| moved.symbol(*s);
        let indices = self.indices.iter();
        new.indices = indices.filter_map(|(k, s)| Some((k.clone(), still(s)?))).collect();
        new.written = self.written.iter().filter_map(still).collect();
        new.reserved.clone_from(&self.reserved);
        // Tables know dimensions by their number, so each keeps it.
        new.dims = self.dims.iter().map(|size| moved.node((*size)?)).collect();
        let made = self.made_dims.iter();
        new.made_dims = made.filter_map(|(e, dims)| Some((moved.node(*e)?, *dims))).collect();
        for (k, _) in live_nodes.iter().enumerate().filter(|(_, alive)| **alive) {
            let stored = self.nodes[k];
            let args: Vec<ExprId> = self.args(ExprId(k as u32)).iter().map(|&a| node(a)).collect();
            let data = match stored.data {
                Data::Symbol(s) => Data::Symbol(symbol(s)),
                data => data,
            };
            new.intern(stored.op, data, &args, stored.shape);
        }
        (new, moved)
    }

    /// What can be reached from these, as marks on all nodes and all symbols.
    fn alive(&self, nodes: &[ExprId], symbols: &[SymbolId]) -> (Vec<bool>, Vec<bool>) {
        let mut live_nodes = vec![false; self.nodes.len()];
        let mut live_symbols = vec![false; self.symbols.len()];
        let (mut nodes, mut symbols) = (nodes.to_vec(), symbols.to_vec());
        loop {
            if let Some(e) = nodes.pop() {
                if !std::mem::replace(&mut live_nodes[e.index()], true) {
                    nodes.extend_from_slice(self.args(e));
                    let dims = self.noted_dims(e).unwrap_or_default();
                    nodes.extend(self.dim_sizes(dims).into_iter().flatten());
                    if let Data::Symbol(s) = self.nodes[e.index()].data {
                        symbols.push(s);
                    }
                }
            } else if let Some(s) = symbols.pop() {
                if !std::mem::replace(&mut live_symbols[s.index()], true) {
                    let dims = self.symbols[s.index()].dims;
                    nodes.extend(self.dim_sizes(dims).into_iter().flatten());
                }
            } else {
                return (live_nodes, live_symbols);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Symbol;
    use crate::print;
    use crate::shape::Shape;

    #[test]
    fn what_is_kept_prints_as_before_and_the_rest_is_gone() {
        let mut g = Graph::new();
        let leaf = |g: &mut Graph, name: &str| {
            let symbol = g.declare(Symbol::unknown(name, Shape::Scalar));
            g.leaf(symbol)
        };
        let gone = leaf(&mut g, "gone");
        let (x, y) = (leaf(&mut g, "x"), leaf(&mut g, "y"));
        let lost = g.add(&[gone, x]);
        let sum = g.add(&[y, x]);
        let square = g.powi(sum, 2);
        let before = print::text(&g, square);
        let all = g.weight();
        let (mut g, moved) = g.kept(&[square], &[]);
        let kept = moved.node(square).unwrap();
        assert_eq!(print::text(&g, kept), before);
        assert_eq!((moved.node(lost), moved.node(gone)), (None, None));
        assert!(g.weight() < all);
        // The same sum is the same node still, whatever the order of its terms.
        let (x, y) = (moved.node(x).unwrap(), moved.node(y).unwrap());
        assert_eq!(g.add(&[x, y]), moved.node(sum).unwrap());
    }
}
