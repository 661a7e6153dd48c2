//! The command `check`: derivatives against numeric ones, and equality of two
//! expressions.
//!
//! A failed check is the value false and a text that says what is wrong, never
//! an error: a script may ask on.

use super::check_text::{Answer, point_text, report_text, verdict_text};
use super::statement::{Runner, squeeze};
use super::{Output, Receiver};
use crate::check::{Checked, Equation, Item, Question, Reported, eval_error, value_text};
use crate::equality::{self, Domain, Point, Verdict, derivatives};
use crate::eval::EvalError;
use crate::expr::{ExprId, SymbolId};
use crate::model::compiled_check;
use crate::report::JsonValue;
use crate::shape::{Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::Command;

impl Runner<'_> {
    /// `check` as a statement: gives its text and whether it holds.
    pub(super) fn check(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let Some(answer) = self.answer(command)? else { return Ok(()) };
        let last = command.clauses.last().map(|c| c.span);
        let subject = command.subjects.last().map(|&n| self.ast.span(n));
        let span = last.or(subject).map_or(command.word, |end| command.word.to(end));
        let name = squeeze(self.session.files.sources.slice(span));
        let value = JsonValue::Bool(answer.holds);
        out(&self.session.files.sources, Output::Value { name, text: answer.text, value });
        Ok(())
    }

    /// `check` as a value: true or false.
    pub(super) fn check_item(&mut self, command: &Command) -> Checked<Item> {
        let holds = self.answer(command)?.is_none_or(|a| a.holds);
        let truth = self.session.state.graph.int(i64::from(holds));
        Ok(Item::Truth(truth))
    }

    /// Runs a check; nothing in a dry run.
    fn answer(&mut self, command: &Command) -> Checked<Option<Answer>> {
        let question = self.checker(|c| c.question(command))?;
        if self.is_dry() {
            return Ok(None);
        }
        match question {
            Question::Derivatives { f, unknowns, of, start } => {
                self.derivative_answer(f, &unknowns, &of, &start, command.word)
            }
            Question::Equality(equations) => self.equality_answer(&equations),
        }
        .map(Some)
    }

    /// Start and bounds of unknowns.
    fn domains(&mut self, unknowns: &[SymbolId]) -> Vec<Domain> {
        let state = &self.session.state;
        let domain = |&unknown: &SymbolId| match state.unknowns.get(&unknown) {
            Some(u) => Domain {
                unknown,
                start: u.start.clone(),
                lower: u.lower.clone(),
                upper: u.upper.clone(),
            },
            None => {
                let start = Tensor::filled(state.graph.symbol(unknown).shape, 0.0);
                Domain { unknown, start, lower: None, upper: None }
            }
        };
        unknowns.iter().map(domain).collect()
    }

    fn derivative_answer(
        &mut self,
        f: ExprId,
        unknowns: &[SymbolId],
        of: &str,
        start: &[(ExprId, ExprId)],
        word: Span,
    ) -> Checked<Answer> {
        let domains = self.domains(unknowns);
        let mut point = Point::new();
        for domain in &domains {
            let leaf = self.session.state.graph.leaf(domain.unknown);
            let given = start.iter().find(|(from, _)| *from == leaf).map(|(_, to)| *to);
            let value = match given {
                Some(e) => self.checker(|c| c.value_of(e, word))?.ok_or(Reported)?,
                None => domain.start.clone(),
            };
            point.push((domain.unknown, value));
        }
        let engine = self.session.engine();
        let g = &mut self.session.state.graph;
        match derivatives::check(g, f, &domains, &point) {
            Ok(Some(report)) => {
                let text = report_text(g, of, &point, &report);
                let second = report.second;
                let differs = compiled_check::difference(g, &engine, f, &domains, &point, second);
                let holds = report.is_right() && differs.is_none();
                let text = differs.map_or(text.clone(), |d| format!("{text}\n{d}"));
                Ok(Answer { holds, text })
            }
            Ok(None) => Ok(Answer {
                holds: false,
                text: format!(
                    "undecided: {of} or its gradient has no finite value at {}",
                    point_text(g, &point)
                ),
            }),
            Err(error) => self.no_value(&error, word),
        }
    }

    fn equality_answer(&mut self, equations: &[Equation]) -> Checked<Answer> {
        let mut lines = Vec::new();
        let mut holds = true;
        for equation in equations {
            let answer = self.equation_answer(equation)?;
            holds &= answer.holds;
            lines.push(match &equation.label {
                Some(label) => format!("{label}: {}", answer.text.replace('\n', "\n  ")),
                None => answer.text,
            });
        }
        Ok(Answer { holds, text: lines.join("\n") })
    }

    fn equation_answer(&mut self, equation: &Equation) -> Checked<Answer> {
        let g = &mut self.session.state.graph;
        let (left, right) = (equation.left, equation.right);
        let (a, b) = (g.shape(left), g.shape(right));
        // A number stands for an array of it only where it is zero: `grad(f) == 0`.
        let right = if b.is_scalar() && g.is_zero(right) { g.fill(a, right) } else { right };
        if a != g.shape(right) {
            let hint = if a.transposed() == b { "; transpose one of them with `'`" } else { "" };
            let text = format!(
                "not equal: the left side is {}, the right side {}{hint}",
                in_words(a),
                in_words(b)
            );
            return Ok(Answer { holds: false, text });
        }
        let unknowns = g.unknowns(&[left, right]);
        let domains = self.domains(&unknowns);
        let mut g = self.session.state.graph.clone();
        match equality::compare(&mut g, left, right, &domains) {
            Ok(Verdict::AtPoints(1) | Verdict::SameForm) if unknowns.is_empty() => {
                let value = self.checker(|c| c.value_of(left, equation.span))?;
                let scalar = value.filter(|v| v.shape().is_scalar());
                let both = scalar.map(|v| format!(": both are {}", value_text(&v)));
                Ok(Answer { holds: true, text: format!("equal{}", both.unwrap_or_default()) })
            }
            Ok(verdict) => Ok(verdict_text(&mut g, &verdict)),
            Err(error) => self.no_value(&error, equation.span),
        }
    }

    /// A value that cannot be computed is a mistake of the script.
    fn no_value(&mut self, error: &EvalError, span: Span) -> Checked<Answer> {
        let spans = &self.session.state.spans;
        let finding =
            eval_error(&self.session.state.graph, error, &|n| spans.get(&n).copied(), span);
        self.report(finding)
    }
}
