//! JSON lines: one object a line for everything that programs want to know.
//!
//! In come outputs of the session, out go lines of the kinds `result`, `value`, `error` and `warning`
//! with the fields of the reference, always all of them and in the same order. What is meant for people
//! (`print`, notes, stages) has no line.
//!
//! Numbers read back exactly; NaN and the infinities are strings. `report::json` sees to both.

use crate::diag::{Diagnostic, Severity};
use crate::problem::Evaluations;
use crate::report::{JsonObject, JsonValue};
use crate::session::{Bench, Fit, Output, tensor_json};
use crate::shape::Tensor;
use crate::source::{LineCol, SourceMap};

/// The line of an output, with its line end; none for what is meant for people.
pub fn line(sources: &SourceMap, output: &Output) -> Option<String> {
    let object = match output {
        Output::Value { name, text, value } => JsonObject::new()
            .with("kind", "value")
            .with("name", name.as_str())
            .with("text", text.trim_end_matches('\n'))
            .with("value", value.clone()),
        Output::Fit { fit, .. } => result(fit),
        Output::Bench(bench) => times(bench),
        Output::Finding(finding) => finding_object(finding, &Place::of(sources, finding))?,
        _ => return None,
    };
    Some(object.to_line() + "\n")
}

/// The line of a finding that no text of the session holds: a script that cannot be read.
pub fn unreadable(finding: &Diagnostic, file: &str, at: Option<LineCol>) -> Option<String> {
    let place = Place { file: Some(file.to_string()), at };
    finding_object(finding, &place).map(|object| object.to_line() + "\n")
}

/// Where a finding stands, as far as that is known.
struct Place {
    file: Option<String>,
    at: Option<LineCol>,
}

impl Place {
    fn of(sources: &SourceMap, finding: &Diagnostic) -> Place {
        let span = finding.span();
        Place {
            file: span.map(|span| sources.name(span.file).to_string()),
            at: span.map(|span| sources.line_col(span)),
        }
    }
}

/// Notes of the session are for people; errors and warnings have the same fields.
fn finding_object(finding: &Diagnostic, place: &Place) -> Option<JsonObject> {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => return None,
    };
    let notes: Vec<String> = finding.help.iter().chain(&finding.notes).cloned().collect();
    let count = |number: u32| JsonValue::Count(u64::from(number));
    Some(
        JsonObject::new()
            .with("kind", kind)
            .with("code", finding.code.id())
            .with("message", finding.message.as_str())
            .with("file", place.file.clone())
            .with("line", place.at.map(|at| count(at.line)))
            .with("column", place.at.map(|at| count(at.column)))
            .with("notes", notes),
    )
}

fn result(fit: &Fit) -> JsonObject {
    let mut object = JsonObject::new()
        .with("kind", "result")
        .with("name", fit.name.clone())
        .with("statement", fit.sense.word())
        .with("method", fit.method.as_str())
        .with("status", fit.status.name())
        .with("value", fit.value)
        .with("grad_norm", fit.grad_norm)
        .with("iterations", fit.iterations)
        .with("evaluations", evaluations(&fit.evaluations))
        .with("time_s", fit.time)
        .with("solution", arrays(&fit.solution));
    if let Some(errors) = fit.standard_errors() {
        object = object.with("stderr", arrays(&errors));
    }
    object
        .with("multipliers", JsonObject::new())
        .with("point", fit.point())
        .with("message", fit.message.as_str())
}

fn times(bench: &Bench) -> JsonObject {
    JsonObject::new()
        .with("kind", "bench")
        .with("name", bench.name.as_str())
        .with("n", bench.n)
        .with("prepare_s", bench.prepare.total())
        .with("f_s", bench.f)
        .with("fgrad_s", bench.fgrad)
        .with("hess_s", bench.hess)
        .with("hess_nnz", bench.hess_nnz)
        .with("value", bench.value)
        .with("grad_norm", bench.grad_norm)
        .with("threads", bench.threads)
        .with("fgradhess_s", bench.fgradhess)
        .with("gauss_newton_s", bench.gauss_newton)
        .with("parse_s", bench.prepare.parse)
        .with("differentiate_s", bench.prepare.differentiate)
        .with("schedule_s", bench.prepare.schedule)
        .with("compile_s", bench.prepare.compile)
}

fn evaluations(counts: &Evaluations) -> JsonObject {
    let object =
        JsonObject::new().with("f", counts.f).with("grad", counts.grad).with("hess", counts.hess);
    if counts.hv > 0 { object.with("hv", counts.hv) } else { object }
}

fn arrays(named: &[(String, Tensor)]) -> JsonObject {
    let add = |object: JsonObject, (name, value): &(String, Tensor)| {
        object.with(name, tensor_json(value))
    };
    named.iter().fold(JsonObject::new(), add)
}
