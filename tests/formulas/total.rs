//! Whatever the objective, every question about it has an answer or says why not: no bug of ours is reported, nothing
//! hangs, and what programs read is JSON.
//!
//! Objectives are drawn over scalars, columns and matrices of unknowns, with every operator of the table, binders,
//! branches, slices and literals. `GRADUS_CASES=20000 cargo test --test formulas total` tries more than the default.
//!
//! To ask something else of every objective, add a line to [`questions`]; to draw another form, an arm to
//! [`Draw::expression`].

mod draw;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::support::lab::{Lab, some_array};
use crate::support::script::{Seen, line_in, session};
use draw::{Draw, KNOWN, UNKNOWNS, declarations};
use gradus::diff;
use gradus::expr::{Data, Op};
use gradus::optim::registry;
use gradus::report::JsonObject;
use gradus::shape::{Shape, Tensor};

/// Long enough for any question on a busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn n_cases() -> u64 {
    let given = std::env::var("GRADUS_CASES").ok();
    given.map_or(60, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// What is asked of the objective `f` and the column `r`.
fn questions(draw: &mut Draw) -> Vec<String> {
    let unknown = draw.pick(&["x", "u", "v", "W", "S"]);
    let mut asked: Vec<String> = [
        "f",
        "grad(f)",
        "hess(f)",
        "hess(f, UNKNOWN)",
        "jac(r)",
        "jac(r, UNKNOWN)",
        "diff(r, x)",
        "diff(f, UNKNOWN)",
        "derive f",
        "taylor(f, (x = 0.5, y = 1, u = [1, 2], v = [1, 2, 3], W = ones(3, 2), S = eye(3)), 2)",
        "taylor(f at (u = [1, 2], v = [1, 2, 3], W = ones(3, 2), S = eye(3)), (x = 0.5, y = 1), 2)",
        "convex f",
        "check f",
        "simplify(f)",
        "expand(f)",
        "factor(f)",
        "latex(f)",
        "latex(grad(f))",
        "sum(r)",
        "f at (x = 0.5)",
        "minimize f using newton(max_iter = 2) over UNKNOWN",
        "minimize f using METHOD(max_iter = 2)",
        "minimize f using METHOD(max_iter = 2)",
        "minimize sumsq(r) using LEAST(max_iter = 2)",
        "minimize sumsq(r)*2 + sumsq(f) using LEAST(max_iter = 2)",
        "minimize f",
    ]
    .map(|q| q.replace("UNKNOWN", unknown))
    .to_vec();
    let methods: Vec<&str> = registry::names().collect();
    for question in &mut asked {
        *question = question.replace("METHOD", draw.pick(&methods));
        *question = question.replace("LEAST", draw.pick(&["lm", "gauss_newton"]));
    }
    asked
}

/// What became of an objective.
struct Asked {
    /// Whether it could be defined.
    defined: bool,
    /// The script and its questions whose answer is a bug, or no JSON.
    wrong: Option<String>,
}

fn asked(case: u64) -> Asked {
    let mut draw = Draw::new(case);
    let mut text = declarations();
    let depth = 1 + (case % 3) as usize;
    text += &format!("let f = {}\n", draw.expression(Shape::Scalar, depth));
    let column = Shape::Vector(2 + (case % 2) as usize);
    text += &format!("let r = {}\n", draw.expression(column, depth));
    let mut session = session(env!("CARGO_MANIFEST_DIR").as_ref(), !case.is_multiple_of(4));
    let mut wrong = Vec::new();
    let defined = line_in(&mut session, &text);
    let failed = defined.outcome.failed;
    let mut look = |question: &str, ran: &crate::support::script::Ran| {
        for seen in &ran.seen {
            match seen {
                Seen::Finding { code: "E0900", text, .. } => {
                    wrong.push(format!("{question}\n    {text}"));
                }
                Seen::Value { value, .. } => {
                    let line = JsonObject::new().with("value", value.clone()).to_line();
                    if serde_json::from_str::<serde_json::Value>(&line).is_err() {
                        wrong.push(format!("{question}\n    is no JSON: {line}"));
                    }
                }
                _ => {}
            }
        }
    };
    look("", &defined);
    if failed {
        if std::env::var("GRADUS_REFUSED").is_ok() {
            eprintln!("{text}{}", defined.findings());
        }
        // A constant that is out of the range of an index, or the like.
        return Asked {
            defined: false,
            wrong: (!wrong.is_empty()).then(|| text + &wrong.join("\n")),
        };
    }
    for question in questions(&mut draw) {
        let ran = line_in(&mut session, &question);
        look(&question, &ran);
    }
    Asked { defined: true, wrong: (!wrong.is_empty()).then(|| text + &wrong.join("\n")) }
}

#[test]
fn every_question_has_an_answer() {
    silence();
    let (sender, receiver) = channel();
    let n = n_cases();
    let worker = thread::Builder::new().name("asking".to_string());
    let first: u64 = std::env::var("GRADUS_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let _running = worker.spawn(move || {
        for case in first..first + n {
            let found = std::panic::catch_unwind(|| asked(case));
            let found = found.unwrap_or_else(|_| Asked {
                defined: true,
                wrong: Some("a panic that is not caught".to_string()),
            });
            if sender.send((case, found)).is_err() {
                return;
            }
        }
    });
    let (mut wrong, mut n_defined) = (Vec::new(), 0);
    for case in first..first + n {
        match receiver.recv_timeout(PATIENCE) {
            Ok((_, Asked { defined, wrong: None })) => n_defined += u64::from(defined),
            Ok((case, Asked { wrong: Some(what), .. })) => {
                n_defined += 1;
                if n > 1000 {
                    eprintln!("case {case}:\n{what}");
                }
                wrong.push(format!("case {case}:\n{what}"));
            }
            Err(RecvTimeoutError::Timeout) => {
                wrong.push(format!("case {case} hangs"));
                break;
            }
            Err(RecvTimeoutError::Disconnected) => {
                wrong.push(format!("case {case} ends its thread"));
                break;
            }
        }
    }
    let shown: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {n}:\n{}", wrong.len(), shown.join("\n\n"));
    assert!(n_defined > n / 2, "only {n_defined} of {n} objectives could be defined");
}

/// Panics that the session reports need no report of their own.
fn silence() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some("asking") {
            before(info);
        }
    }));
}

/// A Jacobian in closed form has its shape, and its columns are the changes along unit directions.
#[test]
fn closed_forms_are_derivatives() {
    let mut wrong = Vec::new();
    let mut found = 0;
    for case in 0..2 * n_cases() {
        let mut draw = Draw::new(case + 1_000_000);
        let depth = 1 + (case % 3) as usize;
        let shape = [Shape::Scalar, Shape::Vector(2), Shape::Vector(3)][(case / 3 % 3) as usize];
        let text = draw.expression(shape, depth);
        let mut lab = lab();
        let Ok(e) = lab.parse(&text) else { continue };
        if std::env::var("GRADUS_CASES").is_ok() {
            eprintln!("{text}");
        }
        let unknowns = lab.unknowns();
        let exprs = match shape {
            Shape::Scalar => [vec![e], diff::gradient(&mut lab.g, e, &unknowns)].concat(),
            _ => vec![e],
        };
        for e in exprs {
            for &unknown in &unknowns {
                let Some(matrix) = diff::jacobian(&mut lab.g, e, unknown) else { continue };
                found += 1;
                if let Err(why) = is_jacobian(&mut lab, e, unknown, matrix) {
                    let name = lab.g.symbol(unknown).name.clone();
                    wrong.push(format!("case {case}, by {name}: {text}\n    {why}"));
                }
            }
        }
    }
    assert!(found > n_cases(), "{found} closed forms");
    assert!(wrong.is_empty(), "{} of {found}\n{}", wrong.len(), wrong.join("\n"));
}

fn lab() -> Lab {
    let mut lab = Lab::new();
    for (k, (name, shape)) in UNKNOWNS.iter().enumerate() {
        lab.unknown(name, some_array(*shape, k));
    }
    for (k, (name, shape)) in KNOWN.iter().enumerate() {
        lab.known(name, some_array(*shape, k + 9));
    }
    lab
}

fn is_jacobian(
    lab: &mut Lab,
    e: gradus::expr::ExprId,
    unknown: gradus::expr::SymbolId,
    matrix: gradus::expr::ExprId,
) -> Result<(), String> {
    let (of, by) = (lab.g.shape(e), lab.g.symbol(unknown).shape);
    let whole = if by.is_scalar() { of } else { Shape::Matrix(of.rows(), by.rows()) };
    if lab.g.shape(matrix) != whole {
        return Err(format!("has shape {}, not {whole}", lab.g.shape(matrix)));
    }
    let value = lab.value(matrix);
    for j in 0..by.len() {
        let mut unit = vec![0.0; by.len()];
        unit[j] = 1.0;
        let symbol = gradus::expr::Symbol::known("unit", by, Some(Tensor::new(by, unit)));
        let direction = lab.g.declare(symbol);
        let direction = lab.g.leaf(direction);
        let moved = diff::tangent(&mut lab.g, &[e], &[(unknown, direction)])[0];
        let column = lab.value(moved);
        for (i, &expected) in column.data().iter().enumerate() {
            let entry = value.data()[if by.is_scalar() { i } else { i * by.len() + j }];
            let size =
                column.data().iter().chain(value.data()).fold(1.0, |m: f64, v| m.max(v.abs()));
            let same = (entry.is_nan() || expected.is_nan()) || entry == expected;
            if !same && (entry - expected).abs() > 1e-7 * size {
                return Err(format!("entry ({i}, {j}) is {entry}, not {expected}"));
            }
        }
    }
    Ok(())
}

/// Every operator that is called by a name can be drawn.
#[test]
fn all_named_operators_are_drawn() {
    let calls = draw::calls();
    for row in gradus::ops::table() {
        let written = row.name.is_empty() || row.op.is_binder() || row.op == Op::Diff;
        let drawn = calls.iter().any(|c| c.name == row.name);
        assert!(written || drawn, "{}", row.name);
    }
    let _ = Data::None;
}
