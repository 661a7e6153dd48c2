//! The command `check`: derivatives against numeric ones, and equality of two
//! expressions.
//!
//! A failed check is the value false and a text that says what is wrong, never
//! an error: a script may ask on.

use super::statement::{Runner, squeeze};
use super::{Output, Receiver};
use crate::check::{Checked, Equation, Item, Question, Reported, eval_error, value_text};
use crate::equality::derivatives::{self, Agreement, Report, Row};
use crate::equality::{self, Difference, Domain, Point, Side, Verdict};
use crate::eval::EvalError;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::report::table::{Align, TextTable};
use crate::report::{JsonValue, number};
use crate::shape::{Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::Command;

/// The outcome of a check.
struct Answer {
    holds: bool,
    text: String,
}

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
        let g = &mut self.session.state.graph;
        match derivatives::check(g, f, &domains, &point) {
            Ok(Some(report)) => {
                Ok(Answer { holds: report.is_right(), text: report_text(g, of, &point, &report) })
            }
            Ok(None) => Ok(Answer {
                holds: false,
                text: format!(
                    "undecided: {of} or its gradient has no finite value at {}",
                    point_text(&g, &point)
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

fn verdict_text(g: &mut Graph, verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::SameForm => Answer { holds: true, text: "equal: same normal form".to_string() },
        Verdict::AtPoints(1) => Answer { holds: true, text: "equal".to_string() },
        Verdict::AtPoints(n) => Answer { holds: true, text: format!("equal at {n} random points") },
        Verdict::Differs { point, values, what } => {
            let what = what.as_ref().map(|d| format!(": {}", difference_text(g, d)));
            let text =
                format!("not equal{}\n{}", what.unwrap_or_default(), sides(g, point, values));
            Answer { holds: false, text }
        }
        Verdict::Undefined { point, values } => {
            let finite = |t: &Tensor| t.data().iter().all(|v| v.is_finite());
            let side = if finite(&values.0) { "right" } else { "left" };
            let text = format!(
                "not equal: the {side} side is not defined everywhere the other is; where both are, they agree\n{}",
                sides(g, point, values)
            );
            Answer { holds: false, text }
        }
        Verdict::Nowhere => Answer {
            holds: false,
            text: "undecided: found no point where both sides have a value".to_string(),
        },
    }
}

/// "at x = 2: left 8, right -8"
fn sides(g: &Graph, point: &Point, (left, right): &(Tensor, Tensor)) -> String {
    let place =
        if point.is_empty() { String::new() } else { format!("at {}: ", point_text(g, point)) };
    if left.shape().is_scalar() {
        return format!("{place}left {}, right {}", value_text(left), value_text(right));
    }
    // Of arrays the entry that differs most.
    let gap = |k: usize| (left.data()[k] - right.data()[k]).abs();
    let worst = (0..left.data().len()).max_by(|&i, &j| gap(i).total_cmp(&gap(j))).unwrap_or(0);
    let (i, j) = (worst / left.shape().cols() + 1, worst % left.shape().cols() + 1);
    let entry = match left.shape() {
        crate::shape::Shape::Matrix(..) => format!("[{i}, {j}]"),
        _ => format!("[{i}]"),
    };
    format!(
        "{place}entry {entry} is {} on the left, {} on the right",
        number::human(left.data()[worst]),
        number::human(right.data()[worst])
    )
}

fn difference_text(g: &mut Graph, what: &Difference) -> String {
    let text = |g: &mut Graph, e: ExprId| crate::simplify::shown(g, e);
    match what {
        Difference::Sign => "the left side has the opposite sign".to_string(),
        Difference::Factor(c) => format!("the left is {} times the right", bracketed(g, *c)),
        Difference::InverseFactor(c) => {
            format!("the right is {} times the left", bracketed(g, *c))
        }
        Difference::Transpose => "the right side is the transpose of the left".to_string(),
        Difference::InnerTranspose { found, expected } => format!(
            "with {} in the place of {} on the right they are equal",
            text(g, *expected),
            text(g, *found)
        ),
        Difference::Missing(side, term) => {
            let side = if *side == Side::Left { "left" } else { "right" };
            format!("the {side} side misses the term {}", text(g, *term))
        }
        Difference::TermSign(term) => {
            format!("the term {} has the other sign on the right", text(g, *term))
        }
        Difference::Coefficient(left, right) => format!(
            "the term {} of the left side is {} on the right",
            text(g, *left),
            text(g, *right)
        ),
        Difference::Offset(c) => {
            let (size, word) = match g.as_num(*c) {
                Some(n) if n.is_negative() => (g.number(n.neg()), "minus"),
                _ => (*c, "plus"),
            };
            format!("the left is the right {word} {}", bracketed(g, size))
        }
    }
}

/// A factor in words: brackets around a sum.
fn bracketed(g: &mut Graph, e: ExprId) -> String {
    let text = crate::simplify::shown(g, e);
    if g.op(e) == crate::expr::Op::Add { format!("({text})") } else { text }
}

/// "x = 2, w = [1, -2]"; long arrays are left out.
fn point_text(g: &Graph, point: &Point) -> String {
    const LONGEST: usize = 8;
    let part = |(unknown, value): &(SymbolId, Tensor)| {
        let name = &g.symbol(*unknown).name;
        if value.data().len() <= LONGEST
            && !matches!(value.shape(), crate::shape::Shape::Matrix(..))
        {
            format!("{name} = {}", value_text(value))
        } else {
            format!("a random {name}")
        }
    };
    point.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn report_text(g: &Graph, of: &str, point: &Point, report: &Report) -> String {
    let mut table = TextTable::new([
        ("derivative", Align::Left),
        ("symbolic", Align::Decimal),
        ("numeric", Align::Decimal),
        ("agreement", Align::Left),
    ]);
    for row in &report.rows {
        table.push_row([
            label(of, row),
            number::human(row.symbolic),
            match row.agreement {
                Agreement::Unsettled => "-".to_string(),
                _ => number::human(row.numeric),
            },
            agreement_text(row.agreement),
        ]);
    }
    format!("at {}\n{}{}", point_text(g, point), table.render(), verdict_line(g, of, report))
}

fn label(of: &str, row: &Row) -> String {
    let along = if row.along { " * d" } else { "" };
    match &row.also_by {
        None => format!("∂{of}/∂{}", row.by),
        Some(other) if *other == row.by => format!("∂²{of}/∂{}²{along}", row.by),
        Some(other) => format!("∂²{of}/∂{}∂{other}{along}", row.by),
    }
}

fn agreement_text(agreement: Agreement) -> String {
    match agreement {
        Agreement::Digits(1) => "1 digit".to_string(),
        Agreement::Digits(n) => format!("{n} digits"),
        Agreement::Kink => "a kink".to_string(),
        Agreement::Unsettled => "numeric value unsure".to_string(),
        Agreement::No => "no".to_string(),
    }
}

fn verdict_line(g: &Graph, of: &str, report: &Report) -> String {
    if let Some(row) = report.rows.iter().find(|r| r.agreement == Agreement::No) {
        return format!(
            "{} does not agree: this is a bug in Gradus, please report it with the script",
            label(of, row)
        );
    }
    if let Some((point, row)) = &report.elsewhere {
        return format!(
            "{} does not agree at {}: {} symbolic, {} numeric; this is a bug in Gradus, please report it with the script",
            label(of, row),
            point_text(g, point),
            number::human(row.symbolic),
            number::human(row.numeric)
        );
    }
    let kinks = report.rows.iter().any(|r| r.agreement == Agreement::Kink);
    let unsure = report.rows.iter().any(|r| r.agreement == Agreement::Unsettled);
    let note = match (kinks, unsure) {
        (true, _) => "; at the kink the derivative is that of one side, or 0",
        (_, true) => "; where the numeric value is unsure it decides nothing",
        _ => "",
    };
    let around = match report.points {
        0 => String::new(),
        1 => " and at a random point near it".to_string(),
        n => format!(" and at {n} random points near it"),
    };
    let along = report.rows.iter().any(|r| r.along);
    let legend = if along { " (d is a random direction)" } else { "" };
    format!("right: first and second derivatives agree here{around}{note}{legend}")
}
