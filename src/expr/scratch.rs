//! Nodes made on trial.
//!
//! A sum prints in the order in which it was first written, so a node that was
//! only tried must leave no trace: [`Graph::scratch`] forgets all that work
//! made but the nodes of its results.

use super::{Data, Dims, ExprId, Graph, Op};
use crate::patience::{self, Stopped};
use crate::shape::Shape;

/// A node in full, for making it again.
type Whole = (ExprId, Op, Data, Vec<ExprId>, Shape);

impl Graph {
    /// Runs `work`, and keeps of the nodes it made only those that its results
    /// consist of. Other ids that `work` saw are void afterwards.
    pub fn scratch(&mut self, work: impl FnOnce(&mut Graph) -> Vec<ExprId>) -> Vec<ExprId> {
        let mark = self.nodes.len();
        let results = patience::attempt(|| work(self)).unwrap_or_else(|Stopped| {
            self.forget_from(mark);
            patience::stop()
        });
        let kept: Vec<Whole> = self
            .reachable(&results)
            .into_iter()
            .filter(|e| e.index() >= mark)
            .map(|e| {
                let node = self.node(e);
                (e, node.op, node.data, node.args.to_vec(), node.shape)
            })
            .collect();
        let dims: Vec<(ExprId, Dims)> =
            kept.iter().filter_map(|k| Some((k.0, self.noted_dims(k.0)?))).collect();
        self.forget_from(mark);
        let mut new: rustc_hash::FxHashMap<ExprId, ExprId> = rustc_hash::FxHashMap::default();
        for (old, op, data, args, shape) in kept {
            let args: Vec<ExprId> =
                args.iter().map(|a| new.get(a).copied().unwrap_or(*a)).collect();
            let again = self.intern(op, data, &args, shape);
            new.insert(old, again);
        }
        for (old, dims) in dims {
            self.note_dims(new[&old], dims);
        }
        results.into_iter().map(|e| new.get(&e).copied().unwrap_or(e)).collect()
    }

    /// Removes the nodes from a position on.
    fn forget_from(&mut self, mark: usize) {
        let Some(first) = self.nodes.get(mark) else { return };
        let args_before = first.start as usize;
        for k in (mark..self.nodes.len()).rev() {
            let stored = self.nodes[k];
            let mut args = self.args(ExprId(k as u32)).to_vec();
            if stored.op.commutes() {
                args.sort_unstable();
            }
            self.ids.remove(&(stored.op, stored.data, args.into_boxed_slice()));
        }
        self.made_dims.split_off(&ExprId(mark as u32));
        self.nodes.truncate(mark);
        self.args.truncate(args_before);
    }
}
