//! First-order methods of the library against PyTorch, optax and the packages of their authors: the unknowns after 1, 2, 10
//! and 100 steps, and the rates of schedules.
//!
//! To add a run, add it to `tests/data/trajectories.json`, a schedule to `tests/data/schedules.json`.

use std::fmt::Write;

use crate::support::script::run;
use serde_json::Value;

fn data(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the data")).expect("JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("a text")
}

#[test]
fn trajectories_are_those_of_other_programs() {
    let data = data("trajectories.json");
    let mut wrong = String::new();
    for row in data["runs"].as_array().expect("runs") {
        let script = text(&data["scripts"], text(row, "objective"));
        for (steps, theta) in row["theta"].as_object().expect("steps") {
            let using = text(row, "using").replace("STEPS", steps);
            let ran = run(&format!("{script}let fit = minimize f using {using}"));
            let fits = ran.fits();
            let Some(fit) = fits.first() else {
                let _ = writeln!(wrong, "{using}: no result");
                continue;
            };
            let expected: Vec<f64> =
                theta.as_array().expect("theta").iter().filter_map(Value::as_f64).collect();
            let far = |(a, b): (&f64, &f64)| (a - b).abs() / b.abs().max(1.0);
            let worst = fit.x.iter().zip(&expected).map(far).fold(0.0, f64::max);
            let allowed = (10.0 * row["sensitivity"].as_f64().unwrap_or(0.0)).max(1e-12);
            if fit.x.len() != expected.len() || worst.is_nan() || worst > allowed {
                let _ = writeln!(wrong, "{using} of {}: off by {worst:e}", text(row, "objective"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn schedules_have_the_rates_of_other_programs() {
    let data = data("schedules.json");
    let mut wrong = String::new();
    for row in data["rows"].as_array().expect("rows") {
        let schedule = text(row, "schedule");
        for (done, rate) in row["values"].as_object().expect("values") {
            let t = 1.0 + done.parse::<f64>().expect("steps done");
            let rate = rate.as_f64().expect("a rate");
            // A step of `sgd` where the gradient is 1 moves by the rate.
            let call =
                schedule.replacen("t,", &format!("{t},"), 1).replacen("t)", &format!("{t})"), 1);
            let script = format!(
                "var x\nlet f = -x\nlet fit = minimize f using sgd(lr = {call}, steps = 1)"
            );
            let ran = run(&script);
            let found = ran.fits().first().map_or(f64::NAN, |fit| fit.x[0]);
            if found.is_nan() || (found - rate).abs() > 1e-13 * rate.abs().max(0.1) {
                let _ =
                    writeln!(wrong, "{call}: {found:e}, expected {rate:e} ({})", text(row, "from"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Data and unknowns of the objectives below: seven rows, a table's worth of forms.
const ROWS: &str = "let X = [1, 2; 0.5, -1; 2, 0.3; -1, 1; 0.2, 0.7; 3, -2; 1.5, 1.1]
let Z = X'
let y = [1, 2, 0.5, -1, 3, 0.2, 1.7]
let s = [1, 2, 1, 3, 2, 3, 1]
let n = 7
var w: R[2] = [0.3, -0.4], b = 0.2, u: R[7] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], q: R[3] = [1, 2, 3]
";

/// Objectives that are sums over the rows, in every notation.
const SUMS: [&str; 19] = [
    "sum((y[i] - w[1]*X[i, 1] - w[2]*X[i, 2] - b)^2 for i in 1..n)",
    "1/n*sum((y[i] - X[i, :]*w)^2 for i in 1..n) + 0.1*sumsq(w)",
    "sumsq(y - X*w - b)",
    "mean((y - X*w - b).^2) + norm1(w)",
    "(X*w - y)'*(X*w - y)",
    "norm1(y - X*w) + b^2",
    "dot(y - X*w, y)",
    "sum(log1p(exp(-y .* (X*w + b))))",
    "mean(rowlogsumexp(2*X .+ w'))",
    "sum(y[i]*b for i in 1..n if y[i] > 0)",
    "sum(i*y[i]*b for i in 1..n)",
    "sum((y[i + 1] - b*y[i])^2 for i in 1..n-1)",
    "sum((y[i] - u[i]*b)^2 for i in 1..n) + sumsq(u)",
    "sumsq(y - u)",
    "sum((y[i] - q[s[i]])^2 for i in 1..n)",
    "sum(sum(w[k]*X[i, k] for k in 1..2)^2 for i in 1..n)",
    "sum(sum(w[k]*X[i, k] for i in 1..n)*k for k in 1..2)",
    "w'*Z*diag(y.^2)*X*w",
    "sum((Z'*w - y).^2) + sum(w[k]*sum(X[j, k] for j in 1..n) for k in 1..2)",
];

/// One epoch at a rate of 0: the mean over its rows is the objective, whatever the batches, the last of which may be short.
#[test]
fn batches_estimate_sums_without_bias() {
    let mut wrong = String::new();
    for objective in SUMS {
        for batch in 1..=7 {
            let rows = if objective.contains('y') { "y" } else { "X" };
            let script = format!(
                "{ROWS}let J = {objective}\nlet fit = minimize J using sgd(lr = 0, epochs = 1, batch = {batch}, rows = {rows})\n\
                 assert abs(fit.trace.value[1] - fit.value) < 1e-13*max(1, abs(fit.value))"
            );
            let ran = run(&script);
            if ran.fits().len() != 1 || !ran.findings().is_empty() {
                let _ = writeln!(wrong, "{objective} by {batch}: {:?}", ran.findings());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The objective is linear in w, so a step moves w by the gradient of its batch, whatever w is: over an epoch of equal batches by as
/// much as so many steps by all rows.
#[test]
fn gradients_of_batches_have_the_gradient_as_their_mean() {
    for (batch, steps) in [(1, 7.0), (7, 1.0)] {
        let script = format!(
            "{ROWS}let J = sum(y[i]*(X[i, 1]*w[1] + X[i, 2]*w[2]) for i in 1..n)\n\
             let fit = minimize J over w using sgd(lr = 0.01, epochs = 3, batch = {batch}, rows = y)\n\
             assert norm(fit.w - [0.3, -0.4] + 0.03*{steps}*X'*y) < 1e-13"
        );
        let ran = run(&script);
        assert!(ran.findings().is_empty() && ran.fits().len() == 1, "{:?}", ran.findings());
    }
}

/// Over many epochs every row is as often the first as any other, and orders do not repeat.
#[test]
fn orders_are_drawn_anew() {
    let script = "let x = [1, 2, 3, 4, 5]\nvar w\nlet J = sum((x[i] - w)^2 for i in 1..5)\n\
        let a = minimize J using sgd(lr = 0.03, batch = 1, epochs = 40)\n\
        seed 7\nlet b = minimize J using sgd(lr = 0.03, batch = 1, epochs = 40)\n\
        assert a.w != b.w";
    let ran = run(script);
    assert!(ran.findings().is_empty(), "{}", ran.findings());
    // At a rate of 1/10 (of 2*5 for a batch of one) a step lands on the row itself: w is the last row of the epoch.
    let mut last = [0; 5];
    for epochs in 1..=200 {
        let script = format!(
            "let x = [1, 2, 3, 4, 5]\nvar w\nlet J = sum((x[i] - w)^2 for i in 1..5)\n\
             let a = minimize J using sgd(lr = 0.1, batch = 1, epochs = {epochs})"
        );
        let w = run(&script).fits()[0].x[0];
        last[w.round() as usize - 1] += 1;
    }
    assert!(last.iter().all(|&count| (20..=62).contains(&count)), "{last:?}");
}
