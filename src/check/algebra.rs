//! Forms of expressions as the language asks for them: `simplify`, `expand`,
//! `factor`, `taylor`.

use std::sync::Arc;

use super::{Checked, Checker, Item, Labelled};
use crate::diag::{Diagnostic, codes};
use crate::diff;
use crate::expr::{ExprId, SymbolId};
use crate::simplify;
use crate::source::Span;
use crate::syntax::ast::{Arg, Node};

impl Checker<'_> {
    /// `simplify(e)`; of several derivatives each.
    pub(super) fn simplified(&mut self, arg: &Arg, span: Span) -> Checked<Item> {
        self.reshaped(arg, span, |c, e, _| Ok(simplify::simplify(c.g, e)))
    }

    /// `factor(e)`.
    pub(super) fn factored(&mut self, arg: &Arg, span: Span) -> Checked<Item> {
        self.reshaped(arg, span, |c, e, _| Ok(c.g.scratch(|g| vec![simplify::factor(g, e)])[0]))
    }

    /// `expand(e)`.
    pub(super) fn expanded(&mut self, arg: &Arg, span: Span) -> Checked<Item> {
        self.reshaped(arg, span, |c, e, span| {
            let mut failed = None;
            let found = c.g.scratch(|g| match simplify::expand(g, e) {
                Ok(expanded) => vec![expanded],
                Err(too_large) => {
                    failed = Some(too_large);
                    vec![e]
                }
            });
            if let Some(too_large) = failed {
                let finding = Diagnostic::error(
                    codes::E0503,
                    format!("multiplied out this has more than {} terms", too_large.limit),
                );
                return c.report(
                    finding.at(span, "too large").help("expand a part of it, or leave it factored"),
                );
            }
            Ok(found[0])
        })
    }

    /// An expression, or each of several derivatives, in another form.
    fn reshaped(
        &mut self,
        arg: &Arg,
        span: Span,
        form: fn(&mut Self, ExprId, Span) -> Checked<ExprId>,
    ) -> Checked<Item> {
        let at = self.ast.span(arg.value);
        match self.item(arg.value)? {
            Item::Labelled(parts) if parts.parts.len() > 1 => {
                let new: Checked<Vec<ExprId>> =
                    parts.parts.iter().map(|&p| form(self, p, at)).collect();
                Ok(Item::Labelled(Arc::new(Labelled { parts: new?, ..(*parts).clone() })))
            }
            Item::Truth(e) => Ok(Item::Truth(e)),
            item => {
                let e = self.as_expr(item, at)?;
                let new = form(self, e, at)?;
                Ok(Item::Expr(self.place(new, span)))
            }
        }
    }

    /// `taylor(f, (x = 0), 2)`.
    pub(super) fn taylor(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let (f, unknowns, _) = self.objective(args[0].value)?;
        let Node::Point(bindings) = ast.node(args[1].value) else {
            let finding = Diagnostic::error(codes::E0404, "expected a point");
            return self.report(
                finding
                    .at(ast.span(args[1].value), "not a point")
                    .help("write the point in brackets: `taylor(f, (x = 0), 2)`"),
            );
        };
        let order = self.order(&args[2])?;
        let mut at: Vec<(SymbolId, ExprId)> = Vec::new();
        for given in self.assignments(bindings, &unknowns)? {
            if given.entry.is_some() || self.g.has_unknown(given.value) {
                let finding =
                    Diagnostic::error(codes::E0704, "expected a known value for a whole unknown");
                return self.report(finding.at(given.span, "not a value to expand about"));
            }
            let (_, value) = self.replacement(given.unknown, given.value, given.span)?;
            at.push((given.unknown, value));
        }
        let mut outcome = Ok(());
        let found = self.g.scratch(|g| match diff::taylor(g, f, &at, order) {
            Ok(polynomial) => vec![polynomial],
            Err(reason) => {
                outcome = Err(reason);
                vec![f]
            }
        });
        match outcome {
            Ok(()) => Ok(Item::Expr(self.place(found[0], span))),
            Err(diff::NoTaylor::NotFinite { order }) => {
                let which = match order {
                    0 => "the function has no finite value".to_string(),
                    n => format!("a derivative of order {n} is not finite"),
                };
                let finding = Diagnostic::error(codes::E0501, format!("{which} at this point"));
                self.report(
                    finding
                        .at(ast.span(args[1].value), "no Taylor polynomial here")
                        .help("choose another point, or a lower order"),
                )
            }
            Err(diff::NoTaylor::TooLarge { limit }) => {
                let finding = Diagnostic::error(
                    codes::E0503,
                    format!("the polynomial has more than {limit} terms"),
                );
                self.report(finding.at(span, "too large").help("choose a lower order"))
            }
        }
    }

    /// The order of a Taylor polynomial.
    fn order(&mut self, arg: &Arg) -> Checked<usize> {
        const HIGHEST: f64 = 40.0;
        match self.known_scalar(arg.value, "the order")? {
            Some(v) if v.fract() == 0.0 && (0.0..=HIGHEST).contains(&v) => Ok(v as usize),
            Some(v) => {
                let finding = Diagnostic::error(
                    codes::E0403,
                    format!("an order is a whole number from 0 to {HIGHEST}, found {v}"),
                );
                self.report(finding.at(self.ast.span(arg.value), "here"))
            }
            None => Ok(1),
        }
    }
}
