//! `explain fit` and `explain fit step 3`: why a method was chosen, and a step with its numbers put in.

use std::sync::Arc;

use super::statement::{Runner, squeeze};
use super::{Output, Receiver};
use crate::check::{Checked, Item, Reported};
use crate::diag::{Diagnostic, codes};
use crate::model::Fit;
use crate::model::Sense;
use crate::optim::registry::{self, MethodDef};
use crate::optim::trace::TraceStep;
use crate::report::array::column_line;
use crate::report::number::human;
use crate::syntax::ast::{ClauseKind, Command};

impl Runner<'_> {
    /// As a statement: several lines of text.
    pub(super) fn explain(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let Some(&subject) = command.subjects.first() else { return Err(Reported) };
        let span = self.ast.span(subject);
        let step = command.clauses.iter().find_map(|c| match c.kind {
            ClauseKind::Step(node) => Some(node),
            _ => None,
        });
        let step = match step {
            Some(node) => match self.checker(|c| c.known_scalar(node, "the step"))? {
                Some(k) if k >= 1.0 && k.fract() == 0.0 => Some((k as usize, node)),
                None => None,
                Some(k) => {
                    let message =
                        format!("steps are counted from 1, in whole numbers; found {}", human(k));
                    let finding = Diagnostic::error(codes::E0404, message);
                    return self.report(finding.at(self.ast.span(node), "this step"));
                }
            },
            None => None,
        };
        let item = self.checker(|c| c.item(subject))?;
        let Item::Record(record) = &item else {
            let finding =
                Diagnostic::error(codes::E0404, "`explain` takes the result of an optimization");
            return self.report(
                finding
                    .at(span, "this is none")
                    .help("write `let fit = minimize f`, then `explain fit`"),
            );
        };
        if self.is_dry() {
            return Ok(());
        }
        let fits = &self.session.state.fits;
        let Some(fit) =
            fits.iter().find(|(r, _)| Arc::ptr_eq(r, record)).map(|(_, f)| Arc::clone(f))
        else {
            let finding =
                Diagnostic::error(codes::E0404, "`explain` takes the result of an optimization");
            return self.report(finding.at(span, "this is a part of one, or something else"));
        };
        let text = match step {
            None => whole(&fit),
            Some((k, node)) => match one_step(&fit, k) {
                Ok(text) => text,
                Err(why) => {
                    let finding = Diagnostic::error(codes::E0404, why);
                    return self.report(finding.at(self.ast.span(node), "this step"));
                }
            },
        };
        // For people: under `--json` a statement that is no expression writes no line.
        out(&self.session.files.sources, Output::Print(text));
        Ok(())
    }
}

/// What was found, which method was taken, and why.
fn whole(fit: &Fit) -> String {
    let mut lines = vec![format!("{} {}", fit.sense.word(), fit.objective)];
    lines.extend(fit.analysis.iter().map(|line| format!("  found     {line}")));
    if let Some(def) = registry::find(&fit.method) {
        let why = match fit.why.as_str() {
            "" => "named by `using`".to_string(),
            why => format!("chosen for {why}"),
        };
        lines.push(format!("  method    {}: {}", fit.method, def.summary));
        lines.push(format!("  why       {why}"));
        if !def.formula.is_empty() {
            lines.push(format!("  step      {}", def.formula));
        }
        lines.push(format!("  source    {}", squeeze(def.reference)));
    }
    lines.push(format!("  ended     {}: {}", fit.status, fit.message));
    lines.join("\n")
}

/// The update of step k, from 1, with its numbers; or why it cannot be shown.
fn one_step(fit: &Fit, k: usize) -> Result<String, String> {
    let def = registry::find(&fit.method).filter(|def| !def.formula.is_empty());
    let def = def.ok_or_else(|| format!("a step of `{}` is not a formula", fit.method))?;
    if k > fit.iterations {
        return Err(format!("the run took {} steps", fit.iterations));
    }
    let steps = &fit.trace.steps;
    let (Some(before), Some(after)) = (steps.get(k - 1), steps.get(k)) else {
        return Err("the points of a run are kept for few unknowns, and not with `trace = false`"
            .to_string());
    };
    let (f_before, f_after) = (fit.trace.value[k - 1], fit.trace.value[k]);
    Ok(update(fit, def, before, after, (f_before, f_after), fit.trace.radius[k - 1]))
}

fn update(
    fit: &Fit,
    def: &MethodDef,
    before: &TraceStep,
    after: &TraceStep,
    (f_before, f_after): (f64, f64),
    radius: f64,
) -> String {
    let point = |x: &[f64]| match x {
        [x] => human(*x),
        x => column_line(x, human),
    };
    let mut lines = vec![format!("  formula   {}", def.formula)];
    lines.push(format!("  names     x = {}", names(&fit.entries)));
    lines.push(format!("  here      x = {},  f = {}", point(&before.x), human(f_before)));
    if !before.g.is_empty() {
        let of = if fit.sense == Sense::Maximize { "  (of -f, which is minimized)" } else { "" };
        lines.push(format!("  gradient  g = {}{of}", point(&before.g)));
    }
    let mut numbers = Vec::new();
    if after.alpha.is_finite() {
        numbers.push(format!("alpha = {}", human(after.alpha)));
    }
    if after.lambda.is_finite() {
        numbers.push(format!("lambda = {}", human(after.lambda)));
    }
    if radius.is_finite() {
        numbers.push(format!("delta = {}", human(radius)));
    }
    if !numbers.is_empty() {
        lines.push(format!("  numbers   {}", numbers.join(", ")));
    }
    let alpha = if after.alpha.is_finite() { after.alpha } else { 1.0 };
    let direction: Vec<f64> = after.x.iter().zip(&before.x).map(|(a, b)| (a - b) / alpha).collect();
    let minus = def.formula.starts_with("x_new = x - ");
    let (sign, vector) = match minus {
        true => ("-", before.g.clone()),
        false => ("+", direction),
    };
    let factor = if after.alpha.is_finite() { format!("{}*", human(alpha)) } else { String::new() };
    lines.push(format!(
        "  x_new     {} {sign} {factor}{} = {}",
        point(&before.x),
        point(&vector),
        point(&after.x)
    ));
    let word = if f_after <= f_before { "falls" } else { "rises" };
    lines.push(format!("  value     f {word} from {} to {}", human(f_before), human(f_after)));
    lines.join("\n")
}

fn names(entries: &[String]) -> String {
    match entries {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
