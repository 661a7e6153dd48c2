//! The lines of `--json`, against the schema of the reference.

use crate::cli_support::{file, run};
use serde_json::{Value, json};

/// The lines of a run; every one must be an object.
fn lines(args: &[&str]) -> Vec<Value> {
    let found = run(&[&["--json"], args].concat());
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    found.out.lines().map(parse).collect()
}

fn keys(line: &Value) -> Vec<&str> {
    line.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[track_caller]
fn has_keys(line: &Value, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let mut found = keys(line);
    found.sort_unstable();
    assert_eq!(found, expected, "{line}");
}

const RESULT: [&str; 14] = [
    "kind",
    "name",
    "statement",
    "method",
    "status",
    "value",
    "grad_norm",
    "iterations",
    "evaluations",
    "time_s",
    "solution",
    "multipliers",
    "point",
    "message",
];

#[test]
fn an_optimization_is_a_result_with_every_field() {
    let script = "var x: R[2], y\nminimize sumsq(x - [1, 2]) + (y - 0.1)^4 + 1 using newton\nlet fit = maximize 2 - y^2 over y";
    let found = lines(&["-e", script]);
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    has_keys(first, &RESULT);
    assert_eq!(first["kind"], "result");
    assert_eq!(first["name"], Value::Null);
    assert_eq!((&first["statement"], &first["method"]), (&json!("minimize"), &json!("newton")));
    assert_eq!(first["solution"]["x"], json!([1, 2]));
    has_keys(&first["evaluations"], &["f", "grad", "hess"]);
    assert!(
        first["iterations"].is_u64() && first["time_s"].is_number() && first["value"].is_number()
    );
    assert_eq!(first["multipliers"], json!({}));
    assert_eq!((&second["name"], &second["statement"]), (&json!("fit"), &json!("maximize")));
    assert_eq!(second["value"], 2);
}

#[test]
fn a_fit_has_standard_errors() {
    let script = "var a, b\nlet y = [1, 3, 2, 5]\nlet fit = minimize sum((a + b*(i - 1) - y[i])^2 for i in 1..4)";
    let found = lines(&["-e", script]);
    let [fit] = found.as_slice() else { panic!("{found:?}") };
    has_keys(fit, &[RESULT.as_slice(), &["stderr"]].concat());
    // By hand: s^2 = 1.35, the variance of the slope is s^2/5.
    let slope = fit["stderr"]["b"].as_f64().expect("a number");
    assert!((slope - (1.35_f64 / 5.0).sqrt()).abs() < 1e-9, "{slope}");
}

#[test]
fn values_have_a_name_a_text_and_an_exact_value() {
    let value = |script: &str| {
        let found = lines(&["-e", script]);
        let last = found.into_iter().rfind(|line| line["kind"] == "value").expect("a value");
        has_keys(&last, &["kind", "name", "text", "value"]);
        last
    };
    let shown = |script: &str| value(script)["value"].clone();
    assert_eq!(
        value("sqrt(2)"),
        json!({"kind": "value", "name": "sqrt(2)", "text": "1.41421", "value": 2.0_f64.sqrt()})
    );
    assert_eq!(shown("[1, 2.5]"), json!([1, 2.5]));
    assert_eq!(shown("[1, 2; 3, 4]"), json!([[1, 2], [3, 4]]));
    assert_eq!(shown("1 < 2"), json!(true));
    assert_eq!(shown("-1/0"), json!("-inf"));
    assert_eq!(shown("[nan, 1]"), json!(["nan", 1]));
    assert_eq!(shown("\"a\\n\\\"b\\\"\""), json!("a\n\"b\""));
    assert_eq!(shown("var x\nx^2"), Value::Null);
    assert_eq!(shown("var x, y\ngrad(x^2 + y) at (x = 3)"), json!({"x": 6, "y": 1}));
    let gradient = value("var x, y\nlet f = x^2*y\ngrad(f)");
    assert_eq!(gradient["text"], "∂f/∂x = 2*x*y\n∂f/∂y = x^2");
    assert_eq!((&gradient["name"], &gradient["value"]), (&json!("grad(f)"), &Value::Null));
}

#[test]
fn findings_have_their_place() {
    let fields = ["kind", "code", "message", "file", "line", "column", "notes"];
    let script =
        file("findings", "a.opt", "let θ = 1\nlet a = θ + lamda\nlet lambda = 1\n".as_bytes());
    let path = script.to_str().expect("UTF-8");
    let found = lines(&[path]);
    let [error] = found.as_slice() else { panic!("{found:?}") };
    has_keys(error, &fields);
    assert_eq!((&error["kind"], &error["code"]), (&json!("error"), &json!("E0301")));
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&json!(path), &json!(2), &json!(13))
    );
    assert!(error["notes"].is_array());
    let found = lines(&["-e", "let a = 1/0"]);
    assert_eq!((&found[0]["kind"], &found[0]["code"]), (&json!("warning"), &json!("W0002")));
    has_keys(&found[0], &fields);
    let found = lines(&["run", "/no/such.opt"]);
    assert_eq!((&found[0]["code"], &found[0]["line"]), (&json!("E0701"), &Value::Null));
    let bad = file("findings", "bad.opt", b"1\n\xFF");
    let found = lines(&[bad.to_str().expect("UTF-8")]);
    assert_eq!(
        (&found[0]["code"], &found[0]["line"], &found[0]["column"]),
        (&json!("E0106"), &json!(2), &json!(1))
    );
}

#[test]
fn print_goes_to_stderr_and_other_statements_write_no_line() {
    let found = run(&["--json", "-e", "var x\nlet a = 3\nfn g(t) = t\nseed 1\nprint \"so\", a"]);
    assert_eq!((found.out.as_str(), found.err.as_str()), ("", "so 3\n"));
}

const BENCH: [&str; 17] = [
    "kind",
    "name",
    "n",
    "prepare_s",
    "f_s",
    "fgrad_s",
    "hess_s",
    "hess_nnz",
    "value",
    "grad_norm",
    "threads",
    "fgradhess_s",
    "gauss_newton_s",
    "parse_s",
    "differentiate_s",
    "schedule_s",
    "compile_s",
];

/// The one line of `gradus bench`.
fn bench(test: &str, script: &str, flags: &[&str]) -> Value {
    let path = file(test, "f.opt", script.as_bytes());
    let found = lines(&[&["bench", path.to_str().expect("UTF-8"), "f"], flags].concat());
    let [line] = found.as_slice() else { panic!("{found:?}") };
    has_keys(line, &BENCH);
    line.clone()
}

#[test]
fn a_bench_line_has_every_field() {
    let rosenbrock = "var x = -1.2, y = 1\nlet f = 100*(y - x^2)^2 + (1 - x)^2\nminimize f\nf\n";
    for flags in [&["--threads", "1"][..], &["--no-jit"]] {
        let found = bench("bench-rosenbrock", rosenbrock, flags);
        assert_eq!((&found["kind"], &found["name"]), (&json!("bench"), &json!("f")));
        assert_eq!((&found["n"], &found["hess_nnz"]), (&json!(2), &json!(4)));
        assert_eq!(found["threads"], 1);
        let close = |key: &str, expected: f64| {
            let value = found[key].as_f64().expect(key);
            assert!((value - expected).abs() < 1e-12 * expected, "{key}: {value}");
        };
        close("value", 24.2);
        close("grad_norm", 215.6);
        for key in BENCH.iter().filter(|key| key.ends_with("_s")) {
            let seconds = found[*key].as_f64().unwrap_or_else(|| panic!("{key}: {found}"));
            assert!((0.0..60.0).contains(&seconds), "{key}: {seconds}");
        }
        let parts = ["parse_s", "differentiate_s", "schedule_s", "compile_s"];
        let sum: f64 = parts.iter().filter_map(|key| found[*key].as_f64()).sum();
        close("prepare_s", sum);
    }
}

#[test]
fn bench_takes_settings_and_leaves_out_what_is_too_large() {
    let script = "let n = 3\nvar x: R[n] = ones(n)\nlet f = exp(dot(x, x)/n) + sum(x)\n";
    let found = bench("bench-set", script, &["--set", "n=20000"]);
    assert_eq!((&found["n"], &found["hess_s"]), (&json!(20000), &Value::Null));
    assert_eq!(found["fgradhess_s"], Value::Null);
    assert!(bench("bench-unset", script, &[])["hess_s"].is_number());
    let drawn = "let a = normal(0, 1)\nvar x = 1\nlet f = a*x\n";
    let value = |seed: &str| bench("bench-seed", drawn, &["--seed", seed])["value"].clone();
    assert_eq!(value("5"), value("5"));
    assert_ne!(value("5"), value("6"));
}
