//! Which axes of the arrays in an objective run over the same rows.
//!
//! Entry i of a residual belongs to row i of the data: an operator that works entry by entry, a product, an index that two
//! arrays are read at tie axes together. The classes of tied axes are found by union and find over pairs of a node and an axis.

use rustc_hash::FxHashMap;

use crate::expr::{Data, DimId, ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::ops;

/// An axis of a node: 0 for rows, 1 for columns.
pub type Axis = (ExprId, usize);

/// The classes of axes of an expression that are tied together.
#[derive(Default)]
pub struct Axes {
    parent: FxHashMap<Axis, Axis>,
}

/// What names the rows to draw from.
#[derive(Clone, Debug)]
pub struct Named {
    /// How the user wrote it.
    pub text: String,
    /// The array, where it is one.
    pub leaf: Option<ExprId>,
    /// The dimension of its rows, where it has one.
    pub dim: Option<DimId>,
}

/// Why there are no rows to draw from.
#[derive(Clone, Debug, PartialEq)]
pub enum NoRows {
    /// Several arrays or tables have rows of their own: one name of each.
    Several(Vec<String>),
    /// No known array of the objective has rows.
    NoData,
    /// The objective reads nothing with the rows that were named.
    NotRead,
}

impl Axes {
    /// The classes of all axes longer than 1 below `root`.
    pub fn of(g: &Graph, root: ExprId) -> Axes {
        let mut axes = Axes::default();
        for e in g.reachable(&[root]) {
            for axis in 0..2 {
                let n = ops::axis_length(g.shape(e), axis);
                if n > 1 {
                    for inner in ops::inner_axes(g, e, axis) {
                        axes.tie(g, (e, axis), inner);
                    }
                }
            }
            axes.tie_contractions(g, e);
            if let Some(index) = g.bound_index(e) {
                axes.tie_reads(g, e, index);
            }
        }
        axes
    }

    fn tie_contractions(&mut self, g: &Graph, e: ExprId) {
        let args = g.args(e);
        match g.op(e) {
            Op::MatMul => {
                for pair in args.windows(2) {
                    self.tie(g, (pair[0], 1), (pair[1], 0));
                }
            }
            Op::Dot => (0..2).for_each(|axis| self.tie(g, (args[0], axis), (args[1], axis))),
            Op::Tr | Op::Det | Op::LogDet | Op::Inv => self.tie(g, (args[0], 0), (args[0], 1)),
            _ => {}
        }
    }

    /// Axes read at one index belong together, and so does the axis that a comprehension over all of them makes.
    fn tie_reads(&mut self, g: &Graph, binder: ExprId, index: SymbolId) {
        let found = reads(g, binder, index);
        for pair in found.windows(2) {
            self.tie(g, pair[0], pair[1]);
        }
        if let (Op::Comp, Some(&first)) = (g.op(binder), found.first()) {
            self.tie(g, (binder, 0), first);
        }
    }

    fn tie(&mut self, g: &Graph, a: Axis, b: Axis) {
        let length = |(e, axis): Axis| ops::axis_length(g.shape(e), axis);
        if length(a) == length(b) && length(a) > 1 {
            let (a, b) = (self.class(a), self.class(b));
            if a != b {
                self.parent.insert(a, b);
            }
        }
    }

    /// What stands for the class of an axis.
    pub fn class(&self, mut axis: Axis) -> Axis {
        while let Some(&parent) = self.parent.get(&axis) {
            axis = parent;
        }
        axis
    }

    /// The class of the rows to draw from: of those that are named, or else of the one table, or else of the only known array
    /// with rows. `tables` are the dimensions of the rows of tables.
    ///
    /// # Errors
    ///
    /// Where that is not one class.
    pub fn rows(
        &self,
        g: &Graph,
        root: ExprId,
        named: Option<&Named>,
        tables: &[DimId],
    ) -> Result<Axis, NoRows> {
        let leaves: Vec<(Axis, SymbolId)> = g
            .reachable(&[root])
            .into_iter()
            .filter_map(|e| Some((e, g.as_symbol(e)?)))
            .filter(|(_, s)| g.symbol(*s).kind == SymbolKind::Known)
            .flat_map(|(e, s)| [((e, 0), s), ((e, 1), s)])
            .filter(|((e, axis), _)| ops::axis_length(g.shape(*e), *axis) > 1)
            .collect();
        let dim = |(axis, s): &(Axis, SymbolId)| g.symbol(*s).dims[axis.1];
        if let Some(named) = named {
            let is_it = |leaf: &&(Axis, SymbolId)| {
                (leaf.0.1 == 0 && named.leaf == Some(leaf.0.0))
                    || (named.dim.is_some() && dim(leaf) == named.dim)
            };
            return leaves.iter().find(is_it).map(|l| self.class(l.0)).ok_or(NoRows::NotRead);
        }
        let of_tables = leaves.iter().filter(|l| dim(l).is_some_and(|d| tables.contains(&d)));
        let found = self.one_of_each(g, of_tables);
        let found = match found.is_empty() {
            true => self.one_of_each(g, leaves.iter().filter(|l| l.0.1 == 0)),
            false => found,
        };
        match &found[..] {
            [] => Err(NoRows::NoData),
            [(class, _)] => Ok(*class),
            _ => Err(NoRows::Several(found.into_iter().map(|(_, name)| name).collect())),
        }
    }

    /// The classes among some axes, each with the name of its first array.
    fn one_of_each<'a>(
        &self,
        g: &Graph,
        leaves: impl Iterator<Item = &'a (Axis, SymbolId)>,
    ) -> Vec<(Axis, String)> {
        let mut found: Vec<(Axis, String)> = Vec::new();
        for (axis, symbol) in leaves {
            let class = self.class(*axis);
            if found.iter().all(|(c, _)| *c != class) {
                found.push((class, g.symbol(*symbol).name.clone()));
            }
        }
        found
    }
}

/// The axes of arrays that are read at exactly `index` below its binder, where the arrays do not depend on an index.
pub fn reads(g: &Graph, binder: ExprId, index: SymbolId) -> Vec<Axis> {
    let mut found = Vec::new();
    let mut stack = g.args(binder)[Op::BINDER_COND..].to_vec();
    let mut seen = rustc_hash::FxHashSet::default();
    while let Some(e) = stack.pop() {
        if !g.depends_on(e, index) || !seen.insert(e) {
            continue;
        }
        found.extend(read_at(g, e, index).filter(|(array, _)| g.free_indices(*array).is_empty()));
        stack.extend_from_slice(g.args(e));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The axis at which a read takes exactly entry, row or column `index` of its array.
pub fn read_at(g: &Graph, e: ExprId, index: SymbolId) -> Option<Axis> {
    let (op, args) = (g.op(e), g.args(e));
    let is_index = |a: ExprId| g.as_symbol(a) == Some(index);
    match (op, g.node(e).data) {
        (Op::Elem, _) => {
            let at = args[1..].iter().position(|&a| is_index(a))?;
            let is_row = g.shape(args[0]).rows() == 1 && args.len() == 2;
            Some((args[0], if is_row { 1 } else { at }))
        }
        (Op::Block, Data::Shape(part)) => {
            let at = args[1..].iter().position(|&a| is_index(a))?;
            (ops::axis_length(part, at) == 1).then_some((args[0], at))
        }
        _ => None,
    }
}
