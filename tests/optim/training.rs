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
