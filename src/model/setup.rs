//! What a solver starts from: the objective of the unknowns that move, their start and bounds entry by entry, and what is
//! found out about the objective beforehand.

use super::batches::modes;
use super::data_rows;
use super::engine::Engine;
use super::structure::{self, Squares};
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::model::Sense;
use crate::ops;
use crate::problem::Bounds;
use crate::shape::Tensor;

/// An optimization before a method is chosen.
pub(crate) struct Setup {
    /// What is minimized: unknowns that do not move are replaced by their values.
    pub f: ExprId,
    /// The start of all unknowns that move, n entries.
    pub x0: Vec<f64>,
    /// The box of these entries; `None` where all are free.
    pub bounds: Option<Bounds>,
    /// The objective as a sum of squares, where it is one.
    pub squares: Option<Squares>,
    /// Squares that are data at the start.
    pub n_data: Option<usize>,
    /// Whether every operator that meets an unknown is smooth.
    pub smooth: bool,
    /// Values of all unknowns at the start.
    pub values: Vec<(SymbolId, Tensor)>,
    /// Unknowns that do not move, and their values.
    pub fixed: Vec<(ExprId, ExprId)>,
    /// What is minimized as training sees it: dropout and running statistics stand in it.
    pub trained: ExprId,
    /// Unknowns that keep a statistic, with its value over all rows.
    pub kept: Vec<(SymbolId, ExprId)>,
}

/// What is to be optimized.
pub(crate) struct Goal<'a> {
    pub objective: ExprId,
    /// To maximize is to minimize the negative.
    pub sense: Sense,
    /// The unknowns that move.
    pub over: &'a [SymbolId],
}

impl Goal<'_> {
    /// The objective, or another form of it, with the sign with which it is minimized.
    pub fn minimized(&self, g: &mut Graph, objective: ExprId) -> ExprId {
        if self.sense == Sense::Maximize { g.neg(objective) } else { objective }
    }
}

impl Setup {
    /// From the values of all unknowns at the start, and the bounds of each.
    pub fn new(
        g: &mut Graph,
        engine: &Engine,
        goal: &Goal<'_>,
        values: Vec<(SymbolId, Tensor)>,
        bounds_of: &dyn Fn(SymbolId) -> Option<Bounds>,
    ) -> Setup {
        let over = goal.over;
        let mut fixed = Vec::new();
        for (unknown, value) in &values {
            if !over.contains(unknown) {
                let name = g.symbol(*unknown).name.clone();
                let symbol = g.declare(Symbol::known(&name, value.shape(), Some(value.clone())));
                fixed.push((g.leaf(*unknown), g.leaf(symbol)));
            }
        }
        let statistics = modes::statistics(g, goal.objective);
        let moving: Vec<(ExprId, ExprId)> = fixed
            .iter()
            .copied()
            .filter(|(leaf, _)| statistics.iter().all(|s| s.kept != *leaf))
            .collect();
        let trained = ops::substitute(g, goal.objective, &moving);
        let trained = goal.minimized(g, trained);
        let now: Vec<ExprId> = statistics.iter().map(|s| s.now).collect();
        let now = modes::with_statistics_now(g, &[&[goal.objective], &now[..]].concat());
        let written = ops::substitute(g, now[0], &fixed);
        let f = goal.minimized(g, written);
        let symbols = statistics.iter().map(|s| g.as_symbol(s.kept)).collect::<Vec<_>>();
        let mut kept = Vec::new();
        for (symbol, now) in symbols.into_iter().zip(&now[1..]) {
            let now = ops::substitute(g, *now, &fixed);
            kept.extend(symbol.map(|symbol| (symbol, now)));
        }
        let (mut x0, mut lower, mut upper) = (Vec::new(), Vec::new(), Vec::new());
        for &unknown in over {
            let value = values.iter().find(|(u, _)| *u == unknown).map(|(_, v)| v.clone());
            let value = value.unwrap_or_else(|| Tensor::filled(g.symbol(unknown).shape, 0.0));
            x0.extend_from_slice(value.data());
            let own = bounds_of(unknown).unwrap_or_else(|| Bounds::none(value.data().len()));
            lower.extend_from_slice(own.lower());
            upper.extend_from_slice(own.upper());
        }
        let bounds = Some(Bounds::new(lower, upper)).filter(|bounds| bounds.n_bounded() > 0);
        let squares = structure::squares(g, f);
        let smooth = structure::is_smooth(g, f);
        let n_data = squares.as_ref().map(|s| data_rows::n_data(g, engine, s, over, &x0));
        Setup { f, x0, bounds, squares, n_data, smooth, values, fixed: moving, trained, kept }
    }

    /// What was found about the objective, a line each, for `explain`.
    pub fn analysis(&self) -> Vec<String> {
        let n = self.x0.len();
        let squares = match self.n_data {
            Some(1) => "a square".to_string(),
            Some(m) if m < n => format!("a sum of {m} squares, fewer than unknowns"),
            Some(m) => format!("a sum of {m} squares"),
            None => "no sum of squares".to_string(),
        };
        let smoothness = match self.smooth {
            true => "smooth: every operator that meets an unknown is",
            false => "not smooth: it has kinks or branches that depend on an unknown",
        };
        let bounds = match &self.bounds {
            Some(bounds) => format!("bounds on {} of {n} entries", bounds.n_bounded()),
            None => "no bounds".to_string(),
        };
        vec![unknowns(n), squares, smoothness.to_string(), bounds]
    }
}

/// So many unknowns, in words.
pub(super) fn unknowns(n: usize) -> String {
    if n == 1 { "1 unknown".to_string() } else { format!("{n} unknowns") }
}
