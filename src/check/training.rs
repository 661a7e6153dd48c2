//! Methods that are given as formulas: their options, how they train, and the rule for the unknowns that move.

use std::sync::Arc;

use super::lr_range::Momentum;
use super::optimizer::OTHERS;
use super::{Checked, Checker, ChosenMethod, Given, Item, Local, Objective, Optimizer, library};
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{DimId, ExprId, Symbol, SymbolId};
use crate::model::batches::axes::{Axes, Axis, Named, NoRows};
use crate::model::batches::estimate::{self, NoEstimate};
use crate::model::batches::{Regime, TRAINING, modes};
use crate::model::update::{Part, Plateau, Rule};
use crate::ops;
use crate::optim::methods::formula;
use crate::optim::options::{OptionError, Options};
use crate::shape::{Shape, in_words};
use crate::source::Span;
use crate::syntax::ast::{Arg, Node, NodeId};

/// A method that is given as a formula, before its rule is made.
pub(super) struct Formula {
    /// The name that was asked for.
    name: String,
    optimizer: Arc<Optimizer>,
    /// Its own options as they were given.
    own: Vec<(String, Given)>,
    /// How unknowns move that do not have the shape of its block.
    others: Option<Box<Formula>>,
    options: Options,
    pub(super) regime: Option<Regime>,
    step: SymbolId,
    pub(super) plateaus: Vec<Plateau>,
    span: Span,
}

impl Formula {
    /// Whether the method has an option of that name.
    pub(super) fn has_option(&self, name: &str) -> bool {
        self.optimizer.options.iter().any(|(n, _)| n == name)
    }

    /// Gives an option, in place of what it was given before.
    pub(super) fn set(&mut self, name: &str, value: Given) {
        self.own.retain(|(n, _)| n != name);
        self.own.push((name.to_string(), value));
    }
}

/// The parameters of `plateau` with what they are where they are left out: those of PyTorch's scheduler.
const PLATEAU: [(&str, Option<f64>); 3] =
    [("lr", None), ("factor", Some(0.1)), ("patience", Some(10.0))];

/// Whether an option says how a method trains.
fn is_of_training(option: &str) -> bool {
    TRAINING.iter().any(|(name, _)| *name == option)
}

impl Checker<'_> {
    /// `gd` as a formula, where it is asked to train or its rate depends on the step.
    pub(super) fn trained(&mut self, name: &str, args: &[Arg]) -> Option<Arc<Optimizer>> {
        let ast = Arc::clone(&self.ast);
        let named = |a: &Arg| a.name.map(|n| ast.ident(n).to_string());
        let asks = |a: &Arg| match named(a)?.as_str() {
            "clip" | "clip_value" => Some(()),
            option if is_of_training(option) => Some(()),
            "lr" => (!matches!(ast.node(a.value), Node::Number(_) | Node::Name(_))
                && self.depends_on_step(a.value))
            .then_some(()),
            _ => None,
        };
        let searches = args.iter().any(|a| named(a).as_deref() == Some("line_search"));
        if name != "gd" || searches || !args.iter().any(|a| asks(a).is_some()) {
            return None;
        }
        library::optimizer(self.world, "sgd")
    }

    /// Whether an option is written with the step `t`, or with a schedule.
    fn depends_on_step(&self, node: NodeId) -> bool {
        let ast = Arc::clone(&self.ast);
        let span = ast.span(node);
        (0..=node.0).map(NodeId).any(|n| match ast.node(n) {
            Node::Name(name) => {
                let inside = ast.span(n).start >= span.start && ast.span(n).end <= span.end;
                let name = ast.name(*name);
                inside && (name == "t" || name == "plateau") && self.names.get(name).is_none()
            }
            _ => false,
        })
    }

    /// A method of the library without options.
    pub(super) fn formula_of(
        &mut self,
        name: &str,
        span: Span,
        unknowns: &[SymbolId],
    ) -> Checked<Formula> {
        match library::optimizer(self.world, name) {
            Some(optimizer) => self.formula_method(name, &optimizer, &[], span, unknowns),
            None => Err(super::Reported),
        }
    }

    /// What is known of the momentum of a method: of the library's own, without decay.
    pub(super) fn momentum_of(&mut self, formula: &Formula) -> Option<Momentum> {
        let is_own = self.names.get(&formula.optimizer.name).is_none();
        let plain = formula.own.iter().all(|(name, _)| name == "lr" || name == "alpha");
        if !is_own || !plain {
            return None;
        }
        let given = formula.own.iter().find(|(name, _)| name == "alpha");
        let alpha = match given {
            Some((_, Given::All(Item::Expr(e)))) => ops::known_value(self.g, *e)?,
            Some(_) => return None,
            None => 0.9,
        };
        match formula.optimizer.name.as_str() {
            "sgd" => Some(Momentum::Plain),
            "momentum" => Some(Momentum::Heavy(alpha)),
            "nesterov" => Some(Momentum::Nesterov(alpha)),
            _ => None,
        }
    }

    /// A method that is given as a formula, with its options.
    pub(super) fn formula_method(
        &mut self,
        name: &str,
        optimizer: &Arc<Optimizer>,
        args: &[Arg],
        span: Span,
        unknowns: &[SymbolId],
    ) -> Checked<Formula> {
        let ast = Arc::clone(&self.ast);
        let def = &formula::METHOD;
        let step = self.g.declare(Symbol::unknown("t", Shape::Scalar));
        let mut formula = Formula {
            name: name.to_string(),
            optimizer: Arc::clone(optimizer),
            own: Vec::new(),
            others: None,
            options: def.default_options(),
            regime: None,
            step,
            plateaus: Vec::new(),
            span,
        };
        let mut shared = Vec::new();
        for arg in args {
            let Some(option) = arg.name else {
                let finding = Diagnostic::error(codes::E0602, "options of a method are named")
                    .at(ast.span(arg.value), "no name");
                return self.report(finding.help(format!("write `{name}(lr = 0.1)`")));
            };
            let option_name = ast.ident(option);
            let is_given_twice = formula.own.iter().any(|(n, _)| n == option_name);
            if is_given_twice {
                let finding =
                    Diagnostic::error(codes::E0605, format!("option {option_name} is given twice"));
                return self.report(finding.at(option.span, "again"));
            }
            if option_name == OTHERS && optimizer.sizes.is_some() {
                let others = self.others(arg.value, unknowns)?;
                formula.others = Some(Box::new(others));
            } else if optimizer.options.iter().any(|(n, _)| n == option_name) {
                let given = self.formula_option(arg.value, &mut formula, unknowns)?;
                formula.own.push((option_name.to_string(), given));
            } else if is_of_training(option_name) {
                let mut regime = formula.regime.take().unwrap_or_default();
                self.training_option(option_name, arg.value, &mut regime, unknowns)?;
                formula.regime = Some(regime);
            } else if let Some(value) = self.option_value(arg.value)? {
                let option_name = if option_name == "steps" { "max_iter" } else { option_name };
                shared.push((option_name.to_string(), value));
            }
        }
        let limits_steps = shared.iter().any(|(name, _)| name == "max_iter");
        formula.options = match def.check_options(&shared) {
            Ok(options) => options,
            Err(OptionError::Unknown { name, known, .. }) => {
                return self.unknown_option(optimizer, &name, &known, args, span);
            }
            Err(error) => return self.option_error(def, &error, args, span),
        };
        if let Some(regime) = formula.regime.as_mut().filter(|_| limits_steps) {
            regime.steps = Some(formula.options.max_iter);
        }
        Ok(formula)
    }

    /// The method for unknowns of another shape: a name or a call.
    fn others(&mut self, node: NodeId, unknowns: &[SymbolId]) -> Checked<Formula> {
        let ast = Arc::clone(&self.ast);
        let span = ast.span(node);
        let (name, args): (Option<&str>, &[Arg]) = match ast.node(node) {
            Node::Name(name) => (Some(ast.name(*name)), &[]),
            Node::Call { callee, args } => match ast.node(*callee) {
                Node::Name(name) => (Some(ast.name(*name)), args),
                _ => (None, &[]),
            },
            _ => (None, &[]),
        };
        let found = name.and_then(|name| Some((name, self.optimizer_named(name)?)));
        match found.filter(|(_, optimizer)| optimizer.sizes.is_none()) {
            Some((name, optimizer)) => self.formula_method(name, &optimizer, args, span, unknowns),
            None => {
                let message = "expected a first-order method for unknowns of another shape";
                let finding = Diagnostic::error(codes::E0601, message).at(span, "here");
                self.report(finding.help("write `others = adamw`"))
            }
        }
    }

    fn unknown_option<T>(
        &mut self,
        optimizer: &Optimizer,
        name: &str,
        known: &[&'static str],
        args: &[Arg],
        span: Span,
    ) -> Checked<T> {
        let ast = Arc::clone(&self.ast);
        let own = optimizer.options.iter().map(|(n, _)| n.as_str());
        let all: Vec<&str> = own
            .chain(known.iter().copied())
            .chain(["steps"])
            .chain(TRAINING.map(|row| row.0))
            .collect();
        let help = match nearest(name, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the options of `{}` are {}", optimizer.name, all.join(", ")),
        };
        let at = args.iter().filter_map(|a| a.name).find(|n| ast.ident(*n) == name);
        let message = format!("method {} has no option `{name}`", optimizer.name);
        let finding = Diagnostic::error(codes::E0602, message);
        self.report(finding.at(at.map_or(span, |n| n.span), "here").help(help))
    }

    /// The value of an option of an optimizer: a number, a flag, a formula of the step `t`, or a point with a value for each
    /// unknown that it names.
    fn formula_option(
        &mut self,
        node: NodeId,
        formula: &mut Formula,
        unknowns: &[SymbolId],
    ) -> Checked<Given> {
        let ast = Arc::clone(&self.ast);
        let Node::Point(bindings) = ast.node(node) else {
            return self.option_of_step(node, formula).map(Given::All);
        };
        let mut values = Vec::new();
        for assignment in self.assignments(bindings, unknowns)? {
            if assignment.entry.is_some() || !self.g.shape(assignment.value).is_scalar() {
                let message = "an option holds for a whole unknown, and is a number";
                let finding = Diagnostic::error(codes::E0603, message).at(assignment.span, "here");
                return self.report(finding.help("write `decay = (W = 0.01)`"));
            }
            values.push((assignment.unknown, assignment.value));
        }
        Ok(Given::ByUnknown(values))
    }

    fn option_of_step(&mut self, node: NodeId, formula: &mut Formula) -> Checked<Item> {
        let span = self.ast.span(node);
        let leaf = self.g.leaf(formula.step);
        self.locals.push(Local {
            name: "t".to_string(),
            item: Item::Expr(leaf),
            span,
            index: None,
        });
        let item = match self.plateau(node, formula) {
            Some(item) => item,
            None => self.item(node),
        };
        self.locals.pop();
        let item = item?;
        let truth = matches!(item, Item::Truth(_));
        let e = self.as_expr(item, span)?;
        let shape = self.g.shape(e);
        if !shape.is_scalar() {
            let message =
                format!("expected a number or a formula of `t`, found {}", in_words(shape));
            return self.report(Diagnostic::error(codes::E0603, message).at(span, "here"));
        }
        let given =
            |u: &SymbolId| *u == formula.step || formula.plateaus.iter().any(|p| p.symbol == *u);
        if let Some(&other) = self.g.unknowns(&[e]).iter().find(|u| !given(u)) {
            let message = format!(
                "an option may depend on `t` alone, not on `{}`",
                self.g.symbol(other).name
            );
            return self.report(Diagnostic::error(codes::E0603, message).at(span, "here"));
        }
        Ok(if truth { Item::Truth(e) } else { Item::Expr(e) })
    }

    /// `plateau(lr, factor, patience)`: the rate, and a factor that the driver lowers; none where this is no such call.
    fn plateau(&mut self, node: NodeId, formula: &mut Formula) -> Option<Checked<Item>> {
        let ast = Arc::clone(&self.ast);
        let Node::Call { callee, args } = ast.node(node) else { return None };
        let Node::Name(name) = ast.node(*callee) else { return None };
        if ast.name(*name) != "plateau" || self.names.get("plateau").is_some() {
            return None;
        }
        Some(self.plateau_call(args, ast.span(node), formula))
    }

    fn plateau_call(&mut self, args: &[Arg], span: Span, formula: &mut Formula) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let mut given: [Option<NodeId>; 3] = [None; 3];
        for (k, arg) in args.iter().enumerate() {
            let place = match arg.name {
                Some(name) => PLATEAU.iter().position(|(n, _)| *n == ast.ident(name)),
                None => Some(k).filter(|k| *k < 3),
            };
            match place {
                Some(k) if given[k].is_none() => given[k] = Some(arg.value),
                _ => {
                    let finding = Diagnostic::error(
                        codes::E0602,
                        "`plateau` takes a rate, a factor and a patience",
                    );
                    let at = arg.name.map_or(ast.span(arg.value), |n| n.span);
                    return self.report(
                        finding
                            .at(at, "here")
                            .help("write `plateau(0.1, factor = 0.5, patience = 10)`"),
                    );
                }
            }
        }
        let Some(rate) = given[0] else {
            let finding = Diagnostic::error(codes::E0602, "`plateau` needs a rate to lower");
            return self.report(finding.at(span, "here").help("write `plateau(0.1)`"));
        };
        let rate = self.scalar(rate, "the rate")?;
        let mut numbers = [0.0; 2];
        for (k, number) in numbers.iter_mut().enumerate() {
            *number = match given[k + 1] {
                Some(node) => self.known_scalar(node, PLATEAU[k + 1].0)?.unwrap_or(0.5),
                None => PLATEAU[k + 1].1.unwrap_or(1.0),
            };
        }
        let [factor, patience] = numbers;
        if !(0.0..1.0).contains(&factor) || factor == 0.0 || patience < 0.0 {
            let message = "the factor lies between 0 and 1, and the patience is a whole number";
            let finding = Diagnostic::error(codes::E0603, message).at(span, "here");
            return self.report(finding.help("write `plateau(0.1, factor = 0.5, patience = 10)`"));
        }
        let symbol = self.g.declare(Symbol::unknown("plateau", Shape::Scalar));
        formula.plateaus.push(Plateau { symbol, factor, patience: patience as usize });
        formula.regime.get_or_insert_default();
        let leaf = self.g.leaf(symbol);
        Ok(Item::Expr(self.g.mul(&[rate, leaf])))
    }

    fn training_option(
        &mut self,
        name: &str,
        node: NodeId,
        regime: &mut Regime,
        unknowns: &[SymbolId],
    ) -> Checked<()> {
        let span = self.ast.span(node);
        match name {
            "epochs" => regime.epochs = Some(self.count_of(name, node)?),
            "batch" => regime.batch = Some(self.count_of(name, node)?),
            "patience" => regime.patience = Some(self.count_of(name, node)?),
            "rows" => regime.rows = Some(self.rows_named(node)?),
            "watch" => {
                let e = self.scalar(node, "what is watched")?;
                let within = |u: &SymbolId| unknowns.contains(u);
                if let Some(&other) = self.g.unknowns(&[e]).iter().find(|u| !within(u)) {
                    let message = format!(
                        "what is watched holds `{}`, which is no unknown of the objective",
                        self.g.symbol(other).name
                    );
                    return self.report(Diagnostic::error(codes::E0607, message).at(span, "here"));
                }
                regime.watch = Some(e);
            }
            _ => {
                let item = self.item(node)?;
                let truth = matches!(item, Item::Truth(_));
                let e = self.as_expr(item, span)?;
                let value = self.value_of(e, span)?.and_then(|t| t.as_scalar());
                match value {
                    Some(0.0) if truth => regime.average = None,
                    Some(1.0) | None => regime.average = Some(1.0),
                    Some(share) if share > 0.0 && share < 1.0 => regime.average = Some(share),
                    Some(found) => {
                        let message = format!(
                            "option average: expected true, or the share of the last steps, found {found}"
                        );
                        let finding = Diagnostic::error(codes::E0603, message).at(span, "here");
                        return self
                            .report(finding.help("write `average = 0.25` for the last quarter"));
                    }
                }
            }
        }
        Ok(())
    }

    fn count_of(&mut self, name: &str, node: NodeId) -> Checked<usize> {
        let value = self.known_scalar(node, name)?.unwrap_or(1.0);
        if value >= 1.0 && value.fract() == 0.0 && value < 9e15 {
            return Ok(value as usize);
        }
        let message = format!("option {name}: expected a whole number from 1 up, found {value}");
        let span = self.ast.span(node);
        self.report(Diagnostic::error(codes::E0603, message).at(span, "here"))
    }

    /// The table or array whose rows are drawn.
    fn rows_named(&mut self, node: NodeId) -> Checked<Named> {
        let span = self.ast.span(node);
        let named = match self.item(node)? {
            Item::Table(table) => {
                Some(Named { text: table.name.clone(), leaf: None, dim: table.rows })
            }
            Item::Expr(e) if !self.g.shape(e).is_scalar() && !self.g.has_unknown(e) => {
                let text = crate::print::text(self.g, e);
                Some(Named { text, leaf: Some(e), dim: self.g.dim(e, 0) })
            }
            Item::Failed => return Err(super::Reported),
            _ => None,
        };
        match named {
            Some(named) => Ok(named),
            None => {
                let message = "expected the table or the array whose rows are drawn";
                let finding = Diagnostic::error(codes::E0603, message).at(span, "here");
                self.report(finding.help("write `rows = x`, where `x` is data of the objective"))
            }
        }
    }

    /// The rule of a formula for the unknowns that move, and whether batches can be drawn.
    pub(super) fn rule_method(
        &mut self,
        mut formula: Formula,
        objective: &Objective,
    ) -> Checked<ChosenMethod> {
        let (parts, plateaus) = self.rule_parts(&formula, &objective.over)?;
        let rule = Rule { parts, step: formula.step, plateaus };
        if modes::differs(self.g, objective.value) && formula.regime.is_none() {
            // What is another thing in training is trained.
            let steps = Some(formula.options.max_iter);
            formula.regime = Some(Regime { steps, ..Regime::default() });
        }
        if let Err(part) = modes::with_masks(self.g, &[objective.value]) {
            let at = self.spans.get(&part).copied().unwrap_or(objective.span);
            let message = "`dropout` takes a whole array and a probability from 0 to below 1";
            return self.report(Diagnostic::error(codes::E0603, message).at(at, "here"));
        }
        if let Some(regime) = &formula.regime {
            self.verify_batches(regime, objective, formula.span)?;
        }
        Ok(ChosenMethod {
            rule: Some((formula.name, Arc::new(rule))),
            regime: formula.regime,
            def: &formula::METHOD,
            options: formula.options,
            span: formula.span,
        })
    }

    fn rule_parts(
        &mut self,
        formula: &Formula,
        over: &[SymbolId],
    ) -> Checked<(Vec<Part>, Vec<Plateau>)> {
        let Formula { optimizer, own, step, .. } = formula;
        if optimizer.sizes.is_none() {
            let update = self.update(optimizer, own, *step, None)?;
            let parts = vec![Part { update, unknowns: over.to_vec() }];
            return Ok((parts, formula.plateaus.clone()));
        }
        let mut parts: Vec<(Shape, Part)> = Vec::new();
        let mut rest = Vec::new();
        for &unknown in over {
            let shape = self.g.symbol(unknown).shape;
            if !matches!(shape, Shape::Matrix(..)) {
                rest.push(unknown);
            } else if let Some((_, part)) = parts.iter_mut().find(|(s, _)| *s == shape) {
                part.unknowns.push(unknown);
            } else {
                let update = self.update(optimizer, own, *step, Some(shape))?;
                parts.push((shape, Part { update, unknowns: vec![unknown] }));
            }
        }
        let mut parts: Vec<Part> = parts.into_iter().map(|(_, part)| part).collect();
        let mut plateaus = formula.plateaus.clone();
        if !rest.is_empty() {
            let default = match &formula.others {
                Some(_) => None,
                None => Some(self.default_others(formula, over)?),
            };
            let Some(others) = formula.others.as_deref().or(default.as_ref()) else {
                return Err(super::Reported);
            };
            let (own_parts, own_plateaus) = self.rule_parts(others, &rest)?;
            // One step counts for all.
            let (from, to) = (self.g.leaf(others.step), self.g.leaf(*step));
            for mut part in own_parts {
                let mut swap = |e: &mut ExprId| *e = ops::substitute(self.g, *e, &[(from, to)]);
                part.update.each_formula(&mut swap);
                parts.push(part);
            }
            plateaus.extend(own_plateaus);
        }
        Ok((parts, plateaus))
    }

    /// What the definition says of unknowns of another shape.
    fn default_others(&mut self, formula: &Formula, over: &[SymbolId]) -> Checked<Formula> {
        let Formula { optimizer, own, span, .. } = formula;
        let default = optimizer.options.iter().find(|(name, _)| name == OTHERS);
        let Some(node) = default.and_then(|(_, node)| *node) else {
            let message = format!("`{}` moves matrices only", optimizer.name);
            let finding = Diagnostic::error(codes::E0602, message).at(*span, "here");
            return self.report(
                finding
                    .help("give it an option for the others in its definition: `others = adamw`"),
            );
        };
        let outer = std::mem::replace(&mut self.ast, Arc::clone(&optimizer.ast));
        let locals = self.locals.len();
        // What stands there may hold the other options.
        let mut found = Ok(());
        for (name, default) in optimizer.options.iter().filter(|(name, _)| name != OTHERS) {
            let item = match (own.iter().find(|(n, _)| n == name), default) {
                (Some((_, Given::All(item))), _) => Ok(item.clone()),
                (_, Some(default)) => self.item(*default),
                _ => continue,
            };
            match item {
                Ok(item) => {
                    self.locals.push(Local { name: name.clone(), item, span: *span, index: None })
                }
                Err(reported) => found = Err(reported),
            }
        }
        let others = found.and_then(|()| self.others(node, over));
        self.locals.truncate(locals);
        self.ast = outer;
        others
    }

    /// Mistakes in what a regime asks for, found before anything runs.
    fn verify_batches(
        &mut self,
        regime: &Regime,
        objective: &Objective,
        span: Span,
    ) -> Checked<()> {
        let Some(batch) = regime.batch else { return Ok(()) };
        let axes = Axes::of(self.g, objective.value);
        let class = self.rows_of(&axes, objective.value, regime.rows.as_ref(), span)?;
        let n = ops::axis_length(self.g.shape(class.0), class.1);
        if batch > n {
            let message =
                format!("a batch of {batch} is larger than the data, which have {n} rows");
            let finding = Diagnostic::error(codes::E0603, message).at(span, "here");
            return self.report(finding.help(format!("write `batch = {n}` or less")));
        }
        match estimate::estimate(self.g, &axes, class, objective.value, batch) {
            Ok(found) => {
                if let Some(part) = found.biased.filter(|_| batch < n) {
                    let at = self.spans.get(&part).copied().unwrap_or(objective.span);
                    let message = "batches estimate this objective with bias";
                    let finding = Diagnostic::warning(codes::W0010, message)
                        .at(at, "not a sum over the rows")
                        .note("the mean over all batches is not the objective of all rows");
                    self.sink.push(
                        finding.help("write the objective as a sum or a mean of one term a row"),
                    );
                }
                Ok(())
            }
            Err(why) => {
                let (message, at) = match why {
                    NoEstimate::NoSum => {
                        ("the objective has no sum over the rows".to_string(), objective.span)
                    }
                    NoEstimate::Part(part) => (
                        "rows cannot be drawn in this part of the objective".to_string(),
                        self.spans.get(&part).copied().unwrap_or(objective.span),
                    ),
                };
                let finding = Diagnostic::error(codes::E0610, message).at(at, "here");
                self.report(finding.help("leave `batch` out: every step then takes all rows"))
            }
        }
    }

    /// The rows to draw from, or a finding that says why there are none.
    fn rows_of(
        &mut self,
        axes: &Axes,
        f: ExprId,
        named: Option<&Named>,
        span: Span,
    ) -> Checked<Axis> {
        let tables = self.table_rows();
        let why = match axes.rows(self.g, f, named, &tables) {
            Ok(class) => return Ok(class),
            Err(why) => why,
        };
        let (message, help) = match why {
            NoRows::Several(names) => (
                format!("the objective reads data with rows of their own: {}", names.join(", ")),
                format!("name the rows to draw: `rows = {}`", names[0]),
            ),
            NoRows::NoData => (
                "the objective reads no data whose rows could be drawn".to_string(),
                "leave `batch` out".to_string(),
            ),
            NoRows::NotRead => (
                format!("the objective does not read `{}`", named.map_or("", |n| &n.text)),
                "name a table or an array that it reads".to_string(),
            ),
        };
        self.report(Diagnostic::error(codes::E0610, message).at(span, "here").help(help))
    }

    /// The dimensions of the rows of all tables in scope.
    pub fn table_rows(&self) -> Vec<DimId> {
        let dims = self.names.iter().filter_map(|(_, entry)| match &entry.item {
            Item::Table(table) => table.rows,
            _ => None,
        });
        dims.collect()
    }
}
