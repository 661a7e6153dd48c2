//! `latex(e)`: the source of what an expression denotes.

use super::{Checked, Checker, Item, Labelled};
use crate::expr::{Dims, ExprId};
use crate::syntax::ast::{Arg, NodeId};
use crate::{derivation, print, simplify};

impl Checker<'_> {
    /// `latex(e)`: the source as a text.
    pub(super) fn latex(&mut self, arg: &Arg) -> Checked<Item> {
        self.latex_of(arg.value).map(Item::Text)
    }

    /// The source of what an expression of the tree denotes.
    pub fn latex_of(&mut self, node: NodeId) -> Checked<String> {
        let span = self.ast.span(node);
        Ok(match self.item(node)? {
            Item::Derivations(found) => derivation::latex(self.g, &found),
            Item::Labelled(parts) if parts.order == 1 => self.gradient_latex(&parts),
            Item::Labelled(parts) => self.hessian_latex(&parts),
            item => {
                let e = self.as_expr(item, span)?;
                self.expression_latex(e, [None; 2])
            }
        })
    }

    fn expression_latex(&mut self, e: ExprId, axes: Dims) -> String {
        print::latex(&simplify::readable_layout(self.g, e, axes))
    }

    /// One derivative a line, aligned at the equals signs.
    fn gradient_latex(&mut self, parts: &Labelled) -> String {
        let of = print::latex_name(&parts.of);
        let mut lines = Vec::new();
        for (k, (&unknown, &part)) in parts.unknowns.iter().zip(&parts.parts).enumerate() {
            let axes = self.axes(parts, k);
            let by = print::latex_name(&self.g.symbol(unknown).name);
            let label = format!("\\frac{{\\partial {of}}}{{\\partial {by}}}");
            lines.push((label, self.expression_latex(part, axes)));
        }
        if let [(label, right)] = &lines[..] {
            return format!("{label} = {right}");
        }
        let lines: Vec<String> = lines.iter().map(|(l, r)| format!("  {l} &= {r}")).collect();
        format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}", lines.join(" \\\\\n"))
    }

    /// The matrix of second derivatives.
    fn hessian_latex(&mut self, parts: &Labelled) -> String {
        let n = parts.unknowns.len().max(1);
        let mut entries = Vec::new();
        for (k, &part) in parts.parts.iter().enumerate() {
            let axes = self.axes(parts, k);
            entries.push(self.expression_latex(part, axes));
        }
        let of = print::latex_name(&parts.of);
        if let [only] = &entries[..] {
            return format!("\\nabla^{{2}} {of} = {only}");
        }
        let rows: Vec<String> =
            entries.chunks(n).map(|row| format!("  {}", row.join(" & "))).collect();
        format!(
            "\\nabla^{{2}} {of} = \\begin{{pmatrix}}\n{}\n\\end{{pmatrix}}",
            rows.join(" \\\\\n")
        )
    }
}
