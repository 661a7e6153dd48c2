//! The residuals of a sum of squares as expressions, their Jacobian, and the Gauss-Newton matrix.

use super::objective::Objective;
use crate::diff;
use crate::expr::{ExprId, Graph};
use crate::model::blocks::Layout;
use crate::model::gauss_newton;
use crate::model::structure::Squares;
use crate::problem::MAX_DENSE_HESSIAN;
use crate::simplify;

/// An objective's residuals. What is derived from them is found when it is first asked for.
pub(super) struct Residuals {
    /// In stable form.
    pub squares: Squares,
    /// Whether their Jacobian is the same everywhere; false until it has been looked for.
    pub affine: bool,
    /// The Gauss-Newton matrix, once it has been looked for.
    products: Option<Option<(Layout, Vec<ExprId>)>>,
}

impl Residuals {
    /// Residuals, which are put in stable form.
    pub fn new(g: &mut Graph, squares: Squares) -> Residuals {
        let blocks = simplify::stable(g, &squares.blocks);
        Residuals { squares: Squares { blocks, ..squares }, affine: false, products: None }
    }

    pub fn exprs(&self) -> Vec<ExprId> {
        self.squares.blocks.clone()
    }

    /// Columns of the Jacobian by scalar unknowns, block by block.
    pub fn jacobian(&self, g: &mut Graph, of: &Objective) -> Vec<ExprId> {
        let one = g.int(1);
        let column = |v| diff::tangent(g, &self.squares.blocks, &[(v, one)]);
        let columns: Vec<ExprId> = of.vars.iter().copied().flat_map(column).collect();
        simplify::stable(g, &columns)
    }

    /// Looks whether residuals are affine in the unknowns: their change along a direction does not depend on the
    /// point.
    pub fn find_affine(&mut self, g: &mut Graph, of: &mut Objective) {
        let changes = match of.all_scalar(g) {
            true => self.jacobian(g, of),
            false => of.along(g, &self.squares.blocks),
        };
        let unknowns = g.unknowns(&changes);
        self.affine = !of.vars.iter().any(|v| unknowns.contains(v));
    }

    /// The Gauss-Newton matrix, where residuals have one in closed form; `plain` where the plain evaluator runs it.
    pub fn products(
        &mut self,
        g: &mut Graph,
        of: &Objective,
        plain: bool,
    ) -> Option<&(Layout, Vec<ExprId>)> {
        let squares = &self.squares;
        let found = self.products.get_or_insert_with(|| match of.n <= MAX_DENSE_HESSIAN {
            true => gauss_newton::gauss_newton(g, squares, &of.vars, plain),
            false => None,
        });
        found.as_ref()
    }

    /// Where the numbers of the Gauss-Newton matrix go, if it has been found.
    pub fn products_layout(&self) -> Option<&Layout> {
        self.products.as_ref()?.as_ref().map(|(layout, _)| layout)
    }
}
