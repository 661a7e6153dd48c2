//! Calls: functions of the user, operators by name, built-ins.

use std::sync::Arc;

use super::{Checked, Checker, Function, Item, Local, Reported, builtin, builtins};
use crate::check::library;
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{ExprId, Op};
use crate::ops;
use crate::shape::Shape;
use crate::source::Span;
use crate::syntax::ast::{Arg, Node, NodeId};

/// Calls of functions nest no deeper.
const MAX_OPEN_CALLS: usize = 500;

impl Checker<'_> {
    /// `f(a, b)`.
    pub(super) fn call(&mut self, node: NodeId, callee: NodeId, args: &[Arg]) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let (span, at) = (ast.span(node), ast.span(callee));
        let name = match ast.node(callee) {
            Node::Name(name) => ast.name(*name),
            Node::Nabla { order, of } => return self.nabla_call(*order, *of, args, span),
            Node::Number(_) => {
                let finding =
                    Diagnostic::error(codes::E0304, "a number cannot be called").at(at, "a number");
                return self.report(finding.help("write `*` between the factors: `2*(x + 1)`"));
            }
            _ => {
                return self.report(
                    Diagnostic::error(codes::E0304, "expected a function")
                        .at(at, "this cannot be called"),
                );
            }
        };
        let local =
            self.locals[self.frame..].iter().rev().find(|l| l.name == name).map(|l| l.item.clone());
        let known = local.or_else(|| match &self.inside {
            Some(f) => {
                f.captured.get(name).or_else(|| self.names.get(name)).map(|e| e.item.clone())
            }
            None => self.names.get(name).map(|e| e.item.clone()),
        });
        if let Some(Item::Function(function)) = &known {
            return self.call_function(function, args, span);
        }
        if known.is_none()
            && let Some(reduced) = self.reduction(name, args, span)
        {
            return reduced;
        }
        if let Some(row) = builtin(name) {
            return self.call_builtin(row, args, span);
        }
        if let [Arg { name: None, value }] = args
            && let Node::Generator(generator) = ast.node(*value)
        {
            if name == "mean" {
                return self.mean_generator(generator, span).map(Item::Expr);
            }
            if let Some(op) = ops::binder_by_name(name) {
                return self.generator(op, generator, span).map(Item::Expr);
            }
        }
        if ops::names().any(|n| n == name) {
            // Of the library, where no operator of that name takes so many.
            if ops::by_name(name, args.len()).is_none()
                && let Some(function) = library::function(self.world, name, args.len())
                && function.params.len() == args.len()
            {
                return self.call_function(&function, args, span);
            }
            return self.call_operator(name, args, span);
        }
        match known {
            Some(Item::Failed) => Err(Reported),
            Some(_) => {
                let finding =
                    Diagnostic::error(codes::E0304, format!("`{name}` is not a function"));
                self.report(finding.at(at, "called here").help(format!(
                    "for a product write `{name}*(...)`, for an entry `{name}[...]`"
                )))
            }
            None => match library::function(self.world, name, args.len()) {
                Some(function) => self.call_function(&function, args, span),
                None => self.unknown_function(name, at),
            },
        }
    }

    fn unknown_function<T>(&mut self, name: &str, at: Span) -> Checked<T> {
        if self.ast.failed_names.iter().any(|n| n == name) {
            return Err(Reported);
        }
        let functions = self
            .names
            .iter()
            .filter(|(_, e)| matches!(e.item, Item::Function(_)))
            .map(|(n, _)| n.to_string());
        let candidates: Vec<String> = functions
            .chain(ops::names().map(str::to_string))
            .chain(builtins().iter().map(|b| b.name.to_string()))
            .chain(library::functions().map(str::to_string))
            .collect();
        let near = nearest(name, candidates.iter().map(String::as_str))
            .map(|n| format!("did you mean `{n}`?"));
        let finding = Diagnostic::error(codes::E0301, format!("unknown function `{name}`"));
        let help = near.unwrap_or_else(|| format!("define it first: `fn {name}(x) = ...`"));
        self.report(finding.at(at, "not defined").help(help))
    }

    /// An operator of the table, called by name.
    fn call_operator(&mut self, name: &str, args: &[Arg], span: Span) -> Checked<Item> {
        let mut values = Vec::new();
        let mut failed = None;
        for arg in args {
            if let Some(named) = arg.name {
                let text = self.ast.ident(named).to_string();
                let finding = Diagnostic::error(
                    codes::E0306,
                    format!("`{name}` takes no argument named `{text}`"),
                );
                return self.report(finding.at(named.span, "unknown"));
            }
            match self.expression(arg.value) {
                Ok(e) => values.push(e),
                Err(reported) => failed = Some(reported),
            }
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        let places: Vec<Span> = args.iter().map(|a| self.ast.span(a.value)).collect();
        let pairwise = matches!(name, "min" | "max");
        let row = match ops::by_name(name, values.len()) {
            Some(row) => row,
            None if pairwise && values.len() > 2 => {
                return self.fold_pairs(name, &values, span, &places);
            }
            None => return self.wrong_count(name, values.len(), span),
        };
        self.node(row.op, &values, span, &places).map(Item::Expr)
    }

    /// `max(a, b, c)` is `max(max(a, b), c)`.
    fn fold_pairs(
        &mut self,
        name: &str,
        values: &[ExprId],
        span: Span,
        places: &[Span],
    ) -> Checked<Item> {
        let op = if name == "min" { Op::Min2 } else { Op::Max2 };
        let mut result = values[0];
        for (k, &value) in values.iter().enumerate().skip(1) {
            result = self.node(op, &[result, value], span, &[places[0], places[k]])?;
        }
        Ok(Item::Expr(result))
    }

    fn wrong_count<T>(&mut self, name: &str, found: usize, span: Span) -> Checked<T> {
        let mut counts: Vec<usize> = (1..=3).filter(|&n| ops::by_name(name, n).is_some()).collect();
        counts.dedup();
        let expected = counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let noun = if counts == [1] { "argument" } else { "arguments" };
        let finding = Diagnostic::error(
            codes::E0305,
            format!("`{name}` takes {expected} {noun}, found {found}"),
        );
        let help = ops::binder_by_name(name)
            .map(|_| format!("over an index write `{name}(... for i in 1..n)`"));
        self.report(finding.at(span, "here").help_opt(help))
    }

    /// A function of the user: its body with the arguments in place of the
    /// parameters.
    fn call_function(
        &mut self,
        function: &Arc<Function>,
        args: &[Arg],
        span: Span,
    ) -> Checked<Item> {
        let items = self.arguments(function, args, span)?;
        let ids: Option<Vec<ExprId>> = items
            .iter()
            .map(|(i, _)| if let Item::Expr(e) = i { Some(*e) } else { None })
            .collect();
        let key = ids.map(|ids| (Arc::as_ptr(function) as usize, ids));
        if let Some(found) = key.as_ref().and_then(|k| self.calls.get(k)) {
            return Ok(found.1.clone());
        }
        if self.open_calls >= MAX_OPEN_CALLS {
            let message = format!("calls of functions nest more than {MAX_OPEN_CALLS} deep");
            let finding = Diagnostic::error(codes::E0711, message)
                .at(span, "the innermost call")
                .help("write the result of some of the calls as a `let`");
            return self.report(finding);
        }
        let outer = std::mem::take(self.sink);
        self.open_calls += 1;
        let result = self.body(function, items);
        self.open_calls -= 1;
        let findings = std::mem::replace(self.sink, outer).take();
        for finding in findings {
            self.sink.push(finding.label(span, format!("in this call of `{}`", function.name)));
        }
        let result = result?;
        if let Some(key) = key {
            self.calls.insert(key, (Arc::clone(function), result.clone()));
        }
        Ok(result)
    }

    /// The arguments in the order of the parameters.
    fn arguments(
        &mut self,
        function: &Function,
        args: &[Arg],
        span: Span,
    ) -> Checked<Vec<(Item, Span)>> {
        let n = function.params.len();
        let signature = || {
            format!(
                "{}({})",
                function.name,
                function.params.iter().map(|(p, _)| p.as_str()).collect::<Vec<_>>().join(", ")
            )
        };
        if args.len() != n {
            let noun = if n == 1 { "argument" } else { "arguments" };
            let finding = Diagnostic::error(
                codes::E0305,
                format!("`{}` takes {n} {noun}, found {}", function.name, args.len()),
            );
            return self.report(
                finding.at(span, "here").help(format!("it is defined as `{}`", signature())),
            );
        }
        let mut found: Vec<Option<(Item, Span)>> = vec![None; n];
        let ast = Arc::clone(&self.ast);
        for (k, arg) in args.iter().enumerate() {
            let place = match arg.name {
                None => k,
                Some(name) => {
                    match function.params.iter().position(|(p, _)| p == ast.ident(name)) {
                        Some(place) => place,
                        None => {
                            let finding = Diagnostic::error(
                                codes::E0306,
                                format!(
                                    "`{}` has no argument `{}`",
                                    function.name,
                                    ast.ident(name)
                                ),
                            );
                            return self.report(
                                finding
                                    .at(name.span, "unknown")
                                    .help(format!("it is defined as `{}`", signature())),
                            );
                        }
                    }
                }
            };
            found[place] = Some((self.item(arg.value)?, ast.span(arg.value)));
        }
        match found.into_iter().collect::<Option<Vec<_>>>() {
            Some(items) => Ok(items),
            None => self.report(
                Diagnostic::error(
                    codes::E0305,
                    format!("an argument of `{}` is given twice", function.name),
                )
                .at(span, "here"),
            ),
        }
    }

    /// The body of a function over arguments of the session's own.
    pub fn function_body(
        &mut self,
        function: &Arc<Function>,
        items: Vec<(Item, Span)>,
    ) -> Checked<Item> {
        self.body(function, items)
    }

    /// The body of a function over the given arguments. Sizes named in the
    /// shapes of parameters get their values from the arguments.
    fn body(&mut self, function: &Arc<Function>, items: Vec<(Item, Span)>) -> Checked<Item> {
        let outer_ast = std::mem::replace(&mut self.ast, Arc::clone(&function.ast));
        let outer_frame = std::mem::replace(&mut self.frame, self.locals.len());
        let outer_function = self.inside.replace(Arc::clone(function));
        let result = self.bind_arguments(function, items).and_then(|()| self.item(function.body));
        self.locals.truncate(self.frame);
        self.ast = outer_ast;
        self.frame = outer_frame;
        self.inside = outer_function;
        result
    }

    fn bind_arguments(&mut self, function: &Function, items: Vec<(Item, Span)>) -> Checked<()> {
        for ((name, written), (item, span)) in function.params.iter().zip(items) {
            if let (Some(written), Item::Expr(e)) = (written, &item) {
                self.bind_sizes(&written.dims, self.g.shape(*e), name, span)?;
            }
            self.locals.push(Local { name: name.clone(), item, span, index: None });
        }
        Ok(())
    }

    /// Matches a declared shape with that of an argument.
    fn bind_sizes(
        &mut self,
        dims: &[NodeId],
        shape: Shape,
        param: &str,
        span: Span,
    ) -> Checked<()> {
        let found: Vec<usize> = match shape {
            Shape::Scalar => vec![],
            Shape::Vector(n) => vec![n],
            Shape::Matrix(m, n) => vec![m, n],
        };
        let mut fits = dims.len() == found.len();
        for (&dim, &n) in dims.iter().zip(&found) {
            let name = match self.ast.node(dim) {
                Node::Name(name) => Some(self.ast.name(*name).to_string()),
                _ => None,
            };
            let bound = |l: &Local| Some(&l.name) == name.as_ref();
            match name.as_ref().filter(|_| !self.locals[self.frame..].iter().any(bound)) {
                Some(name) if self.is_free_size(name) => {
                    let item = Item::Expr(self.g.int(n as i64));
                    self.locals.push(Local { name: name.clone(), item, span, index: None });
                }
                _ => fits &= self.whole(dim, "a size")?.is_none_or(|(m, _)| m == n),
            }
        }
        if fits {
            return Ok(());
        }
        let finding = Diagnostic::error(
            codes::E0401,
            format!("the argument `{param}` does not have the declared shape"),
        );
        self.report(finding.at(span, super::describe(shape)))
    }

    /// Whether a size name of a parameter is not a known value of the session,
    /// so that the call gives it.
    fn is_free_size(&self, name: &str) -> bool {
        let entry = self
            .inside
            .as_ref()
            .and_then(|f| f.captured.get(name))
            .or_else(|| self.names.get(name));
        !entry.is_some_and(|e| matches!(e.item, Item::Expr(x) if !self.g.has_unknown(x)))
    }
}
