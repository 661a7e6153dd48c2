//! Written shapes: `R`, `R[n]`, `R[m, n]`.

use super::{Checked, Checker, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::ExprId;
use crate::shape::Shape;
use crate::syntax::ast::ShapeExpr;

impl Checker<'_> {
    /// A written shape, and how its sizes were written.
    pub fn shape(&mut self, written: &ShapeExpr) -> Checked<(Shape, Vec<Option<ExprId>>)> {
        let mut sizes = Vec::new();
        let mut exprs = Vec::new();
        for &dim in &written.dims {
            let Some((n, e)) = self.whole(dim, "a size")? else { return Err(Reported) };
            self.remember_size(n, e);
            sizes.push(n);
            exprs.push(Some(e));
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
        Ok((shape, exprs))
    }
}
