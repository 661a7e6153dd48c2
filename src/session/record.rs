//! The result of an optimization as a value of the language: `fit.x`,
//! `fit.status`, `fit.stderr.b1`.

use std::sync::Arc;

use crate::check::{Item, NamedTable, Record};
use crate::data::{Column, Table};
use crate::expr::{ExprId, Graph, Num, Symbol, SymbolId};
use crate::model::Fit;
use crate::shape::{Shape, Tensor};

/// What a result is called in messages.
const WHAT: &str = "the result of an optimization";

/// The record of a result. Solutions are known values under the name
/// `fit.x`, so that they keep a name in printed expressions.
pub(super) fn record(g: &mut Graph, fit: &Fit, unknowns: &[SymbolId]) -> Record {
    let name = fit.name.clone().unwrap_or_else(|| "ans".to_string());
    let mut fields = numbers(g, &name, fit);
    fields.push(("status".to_string(), Item::Text(fit.status.name().to_string())));
    fields.push(("method".to_string(), Item::Text(fit.method.to_string())));
    fields.push(("message".to_string(), Item::Text(fit.message.clone())));
    fields.push(("point".to_string(), Item::Text(fit.point().unwrap_or_default())));
    fields.push(("evaluations".to_string(), Item::Record(Arc::new(evaluations(g, fit)))));
    if let Some(table) = trace(fit) {
        fields.push((
            "trace".to_string(),
            Item::Table(Arc::new(NamedTable { name: format!("{name}.trace"), table, rows: None })),
        ));
    }
    fields.push(("multipliers".to_string(), empty("multipliers")));
    statistics(g, &name, fit, &mut fields);
    let mut solution = Vec::new();
    for (&unknown, (field, value)) in unknowns.iter().zip(&fit.solution) {
        let leaf = known(g, &format!("{name}.{field}"), value.clone());
        solution.push((unknown, leaf));
        // A field of the result keeps its meaning where an unknown has its name.
        if !fields.iter().any(|(n, _)| n == field) {
            fields.push((field.clone(), Item::Expr(leaf)));
        }
    }
    Record { what: WHAT, fields, solution }
}

/// The record of an optimization that has not run yet: its fields have shapes
/// but no values.
pub(super) fn pending(
    g: &mut Graph,
    name: Option<&str>,
    unknowns: &[SymbolId],
    is_fit: bool,
) -> Record {
    let name = name.unwrap_or("ans").to_string();
    let mut fields = Vec::new();
    let of_fits: &[&str] =
        if is_fit { &["r_squared", "residual_standard_error", "aic", "bic"] } else { &[] };
    for field in ["value", "grad_norm", "iterations", "time"].iter().chain(of_fits) {
        let leaf = g.declare(Symbol::known(&format!("{name}.{field}"), Shape::Scalar, None));
        fields.push((field.to_string(), Item::Expr(g.leaf(leaf))));
    }
    for field in ["status", "method", "message", "point"] {
        fields.push((field.to_string(), Item::Text(String::new())));
    }
    let matrices: &[&str] = if is_fit { &["covariance", "correlation"] } else { &[] };
    for field in ["evaluations", "multipliers", "trace"].iter().chain(matrices) {
        fields.push((field.to_string(), Item::Failed));
    }
    let mut solution = Vec::new();
    let mut errors = Vec::new();
    for &unknown in unknowns {
        let (field, shape) = (g.symbol(unknown).name.clone(), g.symbol(unknown).shape);
        let symbol = g.declare(Symbol::known(&format!("{name}.{field}"), shape, None));
        let leaf = g.leaf(symbol);
        solution.push((unknown, leaf));
        errors.push((field.clone(), Item::Expr(leaf)));
        if !fields.iter().any(|(n, _)| *n == field) {
            fields.push((field, Item::Expr(leaf)));
        }
    }
    if is_fit {
        let stderr = Record { what: "the standard errors", fields: errors, solution: Vec::new() };
        fields.push(("stderr".to_string(), Item::Record(Arc::new(stderr))));
    }
    Record { what: WHAT, fields, solution }
}

fn known(g: &mut Graph, name: &str, value: Tensor) -> ExprId {
    let symbol = g.declare(Symbol::known(name, value.shape(), Some(value)));
    g.leaf(symbol)
}

fn numbers(g: &mut Graph, name: &str, fit: &Fit) -> Vec<(String, Item)> {
    let fields = [
        ("value", fit.value),
        ("grad_norm", fit.grad_norm),
        ("iterations", fit.iterations as f64),
        ("time", fit.time),
    ];
    let leaf = |(field, value): (&str, f64)| {
        let e = known(g, &format!("{name}.{field}"), Tensor::scalar(value));
        (field.to_string(), Item::Expr(e))
    };
    fields.into_iter().map(leaf).collect()
}

fn evaluations(g: &mut Graph, fit: &Fit) -> Record {
    let counts = fit.evaluations;
    let mut fields = Vec::new();
    for (field, n) in
        [("f", counts.f), ("grad", counts.grad), ("hess", counts.hess), ("hv", counts.hv)]
    {
        let e = g.number(Num::int(n as i64));
        fields.push((field.to_string(), Item::Expr(e)));
    }
    Record { what: "the evaluations", fields, solution: Vec::new() }
}

fn empty(what: &'static str) -> Item {
    Item::Record(Arc::new(Record { what, fields: Vec::new(), solution: Vec::new() }))
}

/// A row an iteration.
fn trace(fit: &Fit) -> Option<Table> {
    let columns =
        fit.trace.columns().into_iter().map(|(n, v)| (n.to_string(), Column::Numbers(v))).collect();
    Table::new("trace", columns).ok()
}

fn statistics(g: &mut Graph, name: &str, fit: &Fit, fields: &mut Vec<(String, Item)>) {
    let (Some(statistics), Some(errors)) = (&fit.statistics, fit.standard_errors()) else { return };
    let mut parts = Vec::new();
    for (field, value) in errors {
        let e = known(g, &format!("{name}.stderr.{field}"), value);
        parts.push((field, Item::Expr(e)));
    }
    let stderr = Record { what: "the standard errors", fields: parts, solution: Vec::new() };
    fields.push(("stderr".to_string(), Item::Record(Arc::new(stderr))));
    let n = statistics.covariance.nrows();
    let correlation = statistics.correlation();
    for (field, matrix) in [("covariance", &statistics.covariance), ("correlation", &correlation)] {
        // Both are symmetric: by columns is by rows.
        let value = Tensor::new(Shape::Matrix(n, n), matrix.as_slice());
        let e = known(g, &format!("{name}.{field}"), value);
        fields.push((field.to_string(), Item::Expr(e)));
    }
    let scalars = [
        ("aic", statistics.aic.unwrap_or(f64::NEG_INFINITY)),
        ("bic", statistics.bic.unwrap_or(f64::NEG_INFINITY)),
        ("r_squared", statistics.r_squared.unwrap_or(f64::NAN)),
        ("residual_standard_error", statistics.residual_standard_error),
    ];
    for (field, value) in scalars {
        let e = known(g, &format!("{name}.{field}"), Tensor::scalar(value));
        fields.push((field.to_string(), Item::Expr(e)));
    }
}
