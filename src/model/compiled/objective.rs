//! The objective of a problem as expressions: its value, its gradient, and changes along a direction.

use crate::diff::{self, Banded};
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::simplify;

/// What is minimized, over which unknowns. Derivatives are found when they are first asked for.
pub(super) struct Objective {
    /// The value, in stable form. With the gradient it may become one that shares ranges with it.
    pub f: ExprId,
    pub vars: Vec<SymbolId>,
    /// Entries of all unknowns.
    pub n: usize,
    gradient: Option<Vec<ExprId>>,
    /// Value and derivatives in pieces, where the objective allows it; found with the gradient.
    pub banded: Option<Banded>,
    /// Symbols for a direction, one an unknown.
    directions: Vec<SymbolId>,
}

impl Objective {
    /// The objective `f`, which is put in stable form.
    pub fn new(g: &mut Graph, f: ExprId, vars: &[SymbolId]) -> Objective {
        Objective {
            f: simplify::stable(g, &[f])[0],
            vars: vars.to_vec(),
            n: vars.iter().map(|&v| g.symbol(v).shape.len()).sum(),
            gradient: None,
            banded: None,
            directions: Vec::new(),
        }
    }

    /// Whether no unknown is an array.
    pub fn all_scalar(&self, g: &Graph) -> bool {
        self.vars.iter().all(|&v| g.symbol(v).shape.is_scalar())
    }

    pub fn gradient(&mut self, g: &mut Graph) -> Vec<ExprId> {
        if self.gradient.is_none() {
            self.banded = diff::banded(g, self.f, &self.vars);
            let raw = match &self.banded {
                Some(banded) => {
                    self.f = simplify::stable(g, &[banded.value])[0];
                    vec![banded.gradient]
                }
                None => diff::gradient(g, self.f, &self.vars),
            };
            self.gradient = Some(simplify::stable(g, &raw));
        }
        self.gradient.clone().unwrap_or_default()
    }

    /// The product of the Hessian with the direction.
    pub fn hessian_vector(&mut self, g: &mut Graph) -> Vec<ExprId> {
        let gradient = self.gradient(g);
        self.along(g, &gradient)
    }

    /// Symbols for a direction, one an unknown.
    pub fn directions(&mut self, g: &mut Graph) -> &[SymbolId] {
        if self.directions.is_empty() {
            for &v in &self.vars {
                let symbol = g.symbol(v);
                let direction = Symbol::unknown(&format!("d_{}", symbol.name), symbol.shape);
                self.directions.push(g.declare(direction));
            }
        }
        &self.directions
    }

    /// The change of expressions along the direction.
    pub fn along(&mut self, g: &mut Graph, exprs: &[ExprId]) -> Vec<ExprId> {
        self.directions(g);
        let moves = self.vars.iter().zip(&self.directions);
        let pairs: Vec<(SymbolId, ExprId)> = moves.map(|(&v, &d)| (v, g.leaf(d))).collect();
        let moved = diff::tangent(g, exprs, &pairs);
        simplify::stable(g, &moved)
    }
}
