//! The compiled gradient costs at most four times its objective (Baur & Strassen 1983), counted
//! in operations on numbers, for every objective with a vector or matrix unknown that a golden
//! script defines or differentiates. Nothing is timed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::script::{Seen, line_in, run_in, session};
use gradus::check::Item;
use gradus::diff;
use gradus::expr::{ExprId, SymbolId};
use gradus::jit;
use gradus::session::Session;
use gradus::simplify;

const MOST: f64 = 4.0;

/// Folders whose scripts are about other things than derivatives.
const WITHOUT: [&str; 6] = ["error", "wrong", "parse", "check", "optim", "run"];

fn scripts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir("tests/golden").expect("the goldens are there") {
        let folder = folder.expect("a folder of goldens").path();
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if WITHOUT.contains(&name.as_str()) || !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder).expect("a folder can be read") {
            let file = file.expect("an entry can be read").path();
            if file.extension().is_some_and(|e| e == "opt") {
                found.push(file);
            }
        }
    }
    found.sort();
    found
}

/// Scalar expressions that a script names or differentiates.
fn objectives(session: &mut Session, file: &Path) -> Vec<(String, ExprId)> {
    let text = fs::read_to_string(file).expect("a golden can be read");
    let script = text.split("#---\n").next().unwrap_or_default();
    let ran = run_in(session, &file.to_string_lossy(), script);
    let mut asked = Vec::new();
    for seen in &ran.seen {
        let Seen::Value { name, .. } = seen else { continue };
        for word in ["grad(", "hess("] {
            if let Some(of) = name.strip_prefix(word).and_then(|rest| rest.strip_suffix(')')) {
                asked.push(of.to_string());
            }
        }
    }
    let mut found: Vec<(String, ExprId)> = Vec::new();
    for of in asked {
        line_in(session, &of);
        let answer = session.names().find(|(n, _)| *n == "ans").map(|(_, entry)| &entry.item);
        if let Some(Item::Expr(e)) = answer {
            found.push((of, *e));
        }
    }
    for (name, entry) in session.names() {
        if let Item::Expr(e) = entry.item
            && name != "ans"
        {
            found.push((name.to_string(), e));
        }
    }
    found
}

/// The unknowns of a scalar expression, where one of them is an array.
fn unknowns(session: &mut Session, e: ExprId) -> Option<Vec<SymbolId>> {
    let g = session.graph_mut();
    if !g.shape(e).is_scalar() || !g.free_indices(e).is_empty() {
        return None;
    }
    let vars = g.unknowns(&[e]);
    vars.iter().any(|&v| !g.symbol(v).shape.is_scalar()).then_some(vars)
}

#[test]
fn a_gradient_costs_at_most_four_times_its_objective() {
    let (mut compared, mut wrong) = (0, Vec::new());
    let mut worst: (f64, String) = (0.0, String::new());
    for file in scripts() {
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut session = session(folder, true);
        for (name, e) in objectives(&mut session, &file) {
            let Some(vars) = unknowns(&mut session, e) else { continue };
            let g = session.graph_mut();
            // The forms that solvers compile.
            let f = simplify::stable(g, &[e])[0];
            let gradient = diff::gradient(g, f, &vars);
            let gradient = simplify::stable(g, &gradient);
            let cost = |g, of: &[ExprId]| jit::operations(g, of, &vars).ok();
            let (Some(value), Some(all)) = (cost(g, &[f]), cost(g, &gradient)) else { continue };
            compared += 1;
            let ratio = all / value.max(1.0);
            let case = format!("{}: `{name}` {value} operations, gradient {all}", file.display());
            if ratio > worst.0 {
                worst = (ratio, case.clone());
            }
            if ratio > MOST {
                wrong.push(case);
            }
        }
    }
    assert!(compared >= 150, "only {compared} objectives were found");
    println!("{compared} objectives; the worst: {:.2}, {}", worst.0, worst.1);
    assert!(wrong.is_empty(), "{} of {compared} cost more:\n{}", wrong.len(), wrong.join("\n"));
}
