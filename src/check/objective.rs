//! `minimize` and `maximize`: objective, unknowns, start, method.

use std::sync::Arc;

use super::training::Formula;
use super::{Checked, Checker, Item, Optimizer, Record, library};
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{ExprId, SymbolId, SymbolKind};
use crate::model::Sense;
use crate::model::batches::{Regime, modes};
use crate::model::update::Rule;
use crate::optim::options::{OptionError, OptionValue, Options};
use crate::optim::registry::{self, MethodDef};
use crate::shape::in_words;
use crate::source::Span;
use crate::syntax::ast::{Arg, ClauseKind, Command, CommandKind, Node, NodeId, OverItem};

/// Methods of the language that are not there yet, by the name under which
/// scripts ask for them.
const PLANNED: &[&str] = &["interior_point", "auglag", "sqp", "lp", "qp"];

/// A value for an unknown at the start: its leaf and what stands for it.
pub type Start = (ExprId, ExprId);

/// A method with its options.
#[derive(Clone, Debug)]
pub struct ChosenMethod {
    /// The name and the rule of a method that is given as a formula.
    pub rule: Option<(String, Arc<Rule>)>,
    /// How it trains, where options for that are given.
    pub regime: Option<Regime>,
    /// The row of the method.
    pub def: &'static MethodDef,
    /// Its options, checked against the row.
    pub options: Options,
    /// Where it was named.
    pub span: Span,
}

/// A checked `minimize` or `maximize`.
#[derive(Clone, Debug)]
pub struct Objective {
    /// Which of the two.
    pub sense: Sense,
    /// The expression as written.
    pub value: ExprId,
    /// Its name, or its text where it has none.
    pub name: String,
    /// The unknowns that move.
    pub over: Vec<SymbolId>,
    /// All unknowns of the expression.
    pub unknowns: Vec<SymbolId>,
    /// Start values that the command gives.
    pub start: Vec<Start>,
    /// The result that `from` names.
    pub goes_on: Option<Arc<Record>>,
    /// The method, where one is named.
    pub method: Option<ChosenMethod>,
    /// Where the expression stands.
    pub span: Span,
}

/// What `using` names.
pub(super) enum Chosen {
    Method(ChosenMethod),
    /// A formula, of which a rule is made once the unknowns that move are known.
    Formula(Formula),
}

impl Checker<'_> {
    /// Checks `minimize EXPR` or `maximize EXPR` with its clauses.
    pub fn optimization(&mut self, command: &Command) -> Checked<Objective> {
        let ast = Arc::clone(&self.ast);
        let Some(&subject) = command.subjects.first() else { return Err(super::Reported) };
        let span = ast.span(subject);
        let (value, unknowns) = self.optimized(subject)?;
        let sense =
            if command.kind == CommandKind::Maximize { Sense::Maximize } else { Sense::Minimize };
        let mut objective = Objective {
            sense,
            value,
            name: match ast.node(subject) {
                Node::Name(name) => ast.name(*name).to_string(),
                _ => crate::print::text(self.g, value),
            },
            over: unknowns.clone(),
            unknowns,
            start: Vec::new(),
            goes_on: None,
            method: None,
            span,
        };
        let kept = self.kept_statistics(value, span)?;
        objective.over.retain(|unknown| !kept.contains(unknown));
        let mut failed = None;
        let mut formula = None;
        for clause in &command.clauses {
            let outcome = match &clause.kind {
                ClauseKind::Over(items) => {
                    let moving: Vec<SymbolId> =
                        objective.unknowns.iter().copied().filter(|u| !kept.contains(u)).collect();
                    self.over(items, &moving).map(|over| objective.over = over)
                }
                ClauseKind::FromPoint(bindings) => self
                    .assignments(bindings, &objective.unknowns)
                    .and_then(|a| self.pairs(a))
                    .map(|s| objective.start = s),
                ClauseKind::FromValue(node) => self.solution(*node).map(|s| {
                    objective.start = s;
                    objective.goes_on = self.result_of(*node);
                }),
                ClauseKind::Using(methods) => {
                    self.method(methods, clause.span, &objective.unknowns).map(|m| match m {
                        Chosen::Method(m) => objective.method = Some(m),
                        Chosen::Formula(f) => formula = Some(f),
                    })
                }
                ClauseKind::SubjectTo(_) => self.not_built("`subject to`", clause.span),
                // The parser has reported clauses that do not belong here.
                _ => Ok(()),
            };
            failed = outcome.err().or(failed);
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        if let Some(formula) = formula {
            objective.method = Some(self.rule_method(formula, &objective)?);
        }
        Ok(objective)
    }

    /// The unknowns that keep running statistics.
    pub(super) fn kept_statistics(&mut self, value: ExprId, span: Span) -> Checked<Vec<SymbolId>> {
        let mut kept = Vec::new();
        for statistic in modes::statistics(self.g, value) {
            let symbol = self.g.as_symbol(statistic.kept);
            let is_unknown = |s: &SymbolId| self.g.symbol(*s).kind == SymbolKind::Unknown;
            let fits = self.g.shape(statistic.kept) == self.g.shape(statistic.now);
            match symbol.filter(|s| is_unknown(s) && fits) {
                Some(symbol) => kept.push(symbol),
                None => {
                    let message = "a running statistic is kept in an unknown of its shape";
                    let at = self.spans.get(&statistic.kept).copied().unwrap_or(span);
                    let finding = Diagnostic::error(codes::E0404, message).at(at, "here");
                    return self.report(
                        finding.help("declare `var mu: R[h]` for it: `running(colmean(Z)', mu)`"),
                    );
                }
            }
        }
        Ok(kept)
    }

    /// The result that a clause names, for going on where it ended.
    fn result_of(&mut self, node: NodeId) -> Option<Arc<Record>> {
        let Node::Name(name) = self.ast.node(node) else { return None };
        match self.names.get(self.ast.name(*name)).map(|entry| &entry.item) {
            Some(Item::Record(record)) => Some(Arc::clone(record)),
            _ => None,
        }
    }

    /// The expression to optimize, a scalar, and its unknowns.
    pub(super) fn optimized(&mut self, subject: NodeId) -> Checked<(ExprId, Vec<SymbolId>)> {
        let span = self.ast.span(subject);
        let item = self.item(subject)?;
        let params = match &item {
            Item::Function(f) => f.generic.as_ref().map(|(p, _)| p.clone()),
            _ => None,
        };
        let value = self.as_expr(item, span)?;
        let shape = self.g.shape(value);
        if !shape.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0606,
                format!("expected a scalar to optimize, found {}", in_words(shape)),
            );
            return self.report(
                finding
                    .at(span, super::describe(shape))
                    .help("for least squares write `sumsq(...)`"),
            );
        }
        let unknowns = params.unwrap_or_else(|| self.g.unknowns(&[value]));
        if unknowns.is_empty() {
            let finding = Diagnostic::error(codes::E0607, "there is no unknown to optimize");
            return self.report(
                finding
                    .at(span, "holds no unknown")
                    .help("declare what may vary with `var x`, before the definitions that use it"),
            );
        }
        Ok((value, unknowns))
    }

    pub(super) fn over(
        &mut self,
        items: &[OverItem],
        within: &[SymbolId],
    ) -> Checked<Vec<SymbolId>> {
        let ast = Arc::clone(&self.ast);
        let mut over = Vec::new();
        for item in items {
            let span = ast.span(item.target);
            if let Some(range) = item.range {
                let finding = Diagnostic::error(codes::E0604, "`over x in ...` belongs to `plot`");
                return self.report(
                    finding
                        .at(ast.span(range), "not here")
                        .help("bounds stand where the unknown is declared: `var x in [0, 1]`"),
                );
            }
            let Node::Name(name) = ast.node(item.target) else {
                return self.not_built("`over` a part of an unknown", span);
            };
            let name = ast.name(*name);
            match within.iter().find(|s| self.g.symbol(**s).name == name) {
                Some(&symbol) if !over.contains(&symbol) => over.push(symbol),
                Some(_) => {
                    return self.report(
                        Diagnostic::error(codes::E0605, format!("`{name}` is named twice"))
                            .at(span, "again"),
                    );
                }
                None => {
                    let names: Vec<String> =
                        within.iter().map(|s| self.g.symbol(*s).name.clone()).collect();
                    let finding = Diagnostic::error(
                        codes::E0607,
                        format!("`{name}` is no unknown of the objective"),
                    );
                    return self.report(
                        finding
                            .at(span, "here")
                            .help(format!("its unknowns are {}", names.join(", "))),
                    );
                }
            }
        }
        Ok(over)
    }

    /// The method of `using`.
    pub(super) fn method(
        &mut self,
        methods: &[NodeId],
        clause: Span,
        unknowns: &[SymbolId],
    ) -> Checked<Chosen> {
        let ast = Arc::clone(&self.ast);
        let &[node] = methods else {
            let finding = Diagnostic::error(codes::E0604, "expected one method")
                .at(clause, "several methods");
            return self.report(finding.help("to run several, write `compare f using gd, newton`"));
        };
        let span = ast.span(node);
        let (name, args): (&str, &[Arg]) = match ast.node(node) {
            Node::Name(name) => (ast.name(*name), &[]),
            Node::Call { callee, args } => match ast.node(*callee) {
                Node::Name(name) => (ast.name(*name), args),
                _ => {
                    return self.report(
                        Diagnostic::error(codes::E0601, "expected the name of a method")
                            .at(span, "here"),
                    );
                }
            },
            _ => {
                return self.report(
                    Diagnostic::error(codes::E0601, "expected the name of a method")
                        .at(span, "here"),
                );
            }
        };
        if let Some(optimizer) = self.optimizer_named(name).or_else(|| self.trained(name, args)) {
            let formula = self.formula_method(name, &optimizer, args, span, unknowns)?;
            return Ok(Chosen::Formula(formula));
        }
        let Some(def) = registry::find(name) else {
            if PLANNED.contains(&name) {
                return self.not_built(&format!("the method `{name}`"), span);
            }
            let known = || registry::names().chain(library::optimizers());
            let near = nearest(name, known()).map(|n| format!("did you mean `{n}`?"));
            let all = format!("the methods are {}", known().collect::<Vec<_>>().join(", "));
            let finding = Diagnostic::error(codes::E0601, format!("unknown method `{name}`"));
            return self.report(finding.at(span, "unknown").help(near.unwrap_or(all)));
        };
        let mut given = Vec::new();
        for arg in args {
            let Some(option) = arg.name else {
                let finding = Diagnostic::error(codes::E0602, "options of a method are named")
                    .at(ast.span(arg.value), "no name");
                return self.report(finding.help(format!("write `{name}(max_iter = 100)`")));
            };
            if let Some(value) = self.option_value(arg.value)? {
                let is_steps = ast.ident(option) == "steps" && def.family == "first order";
                let option = if is_steps { "max_iter" } else { ast.ident(option) };
                given.push((option.to_string(), value));
            }
        }
        match def.check_options(&given) {
            Ok(options) => {
                Ok(Chosen::Method(ChosenMethod { rule: None, regime: None, def, options, span }))
            }
            Err(error) => self.option_error(def, &error, args, span),
        }
    }

    /// The optimizer of that name: of the script, or of the library where no method of another kind has the name.
    pub(super) fn optimizer_named(&mut self, name: &str) -> Option<Arc<Optimizer>> {
        match self.names.get(name).map(|entry| &entry.item) {
            Some(Item::Optimizer(optimizer)) => Some(Arc::clone(optimizer)),
            _ if registry::find(name).is_some() => None,
            _ => library::optimizer(self.world, name),
        }
    }

    /// A number, a word or a flag; a word may stand without quotes.
    pub(super) fn option_value(&mut self, node: NodeId) -> Checked<Option<OptionValue>> {
        let ast = Arc::clone(&self.ast);
        if let Node::Name(name) = ast.node(node) {
            let name = ast.name(*name);
            match name {
                "true" | "false" => return Ok(Some(OptionValue::Flag(name == "true"))),
                "inf" | "nan" | "pi" => {}
                _ if self.names.get(name).is_none() => {
                    return Ok(Some(OptionValue::Word(name.to_string())));
                }
                _ => {}
            }
        }
        match self.item(node)? {
            Item::Text(text) => Ok(Some(OptionValue::Word(text))),
            item => {
                let span = ast.span(node);
                let truth = matches!(item, Item::Truth(_));
                let e = self.as_expr(item, span)?;
                let value = self.value_of(e, span)?.and_then(|t| t.as_scalar());
                Ok(value.map(|v| {
                    if truth { OptionValue::Flag(v != 0.0) } else { OptionValue::Number(v) }
                }))
            }
        }
    }

    pub(super) fn option_error<T>(
        &mut self,
        def: &MethodDef,
        error: &OptionError,
        args: &[Arg],
        span: Span,
    ) -> Checked<T> {
        let ast = Arc::clone(&self.ast);
        let wrong: &str = match error {
            OptionError::Unknown { name, .. } => name,
            OptionError::WrongKind { name, .. }
            | OptionError::OutOfRange { name, .. }
            | OptionError::Repeated { name } => name,
        };
        let arg = args.iter().rev().find(|a| a.name.is_some_and(|n| ast.ident(n) == wrong));
        let (code, at, help) = match error {
            OptionError::Unknown { name, known, .. } => {
                let near =
                    nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
                let all = format!("the options of `{}` are {}", def.name, known.join(", "));
                (codes::E0602, arg.and_then(|a| a.name).map(|n| n.span), Some(near.unwrap_or(all)))
            }
            OptionError::Repeated { .. } => {
                (codes::E0605, arg.and_then(|a| a.name).map(|n| n.span), None)
            }
            _ => (codes::E0603, arg.map(|a| ast.span(a.value)), None),
        };
        let finding = Diagnostic::error(code, error.to_string()).at(at.unwrap_or(span), "here");
        self.report(finding.help_opt(help))
    }
}
