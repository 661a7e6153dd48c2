//! Written shapes: `R`, `R[n]`, `R[m, n]`.

use super::{Checked, Checker, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::Dims;
use crate::shape::Shape;
use crate::syntax::ast::ShapeExpr;

impl Checker<'_> {
    /// A written shape, and the dimensions that it names.
    pub fn shape(&mut self, written: &ShapeExpr) -> Checked<(Shape, Dims)> {
        let mut sizes = Vec::new();
        let mut dims: Dims = [None; 2];
        for (axis, &dim) in written.dims.iter().enumerate() {
            let Some((n, e)) = self.whole(dim, "a size")? else { return Err(Reported) };
            sizes.push(n);
            if let Some(known) = dims.get_mut(axis) {
                *known = Some(self.g.new_dim(Some(e)));
            }
        }
        let shape = match sizes[..] {
            [] => Shape::Scalar,
            [n] => Shape::Vector(n),
            [m, n] => Shape::Matrix(m, n),
            _ => {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("expected one or two sizes, found {}", sizes.len()),
                );
                return self.report(
                    finding
                        .at(written.span, "here")
                        .help("write `R[n]` for a column, `R[m, n]` for a matrix"),
                );
            }
        };
        self.check_size(shape, Some(written.span))?;
        Ok((shape, dims))
    }
}
