//! Programs that nobody writes by hand: deep, long, or far larger as a tree than as a graph. Each
//! of them ends, with a value or with an error that says what is too much; none is a bug of ours.
//!
//! Nothing is timed: a form that is shown has a budget that is counted, and what is not linear in
//! the size of a program never ends here. `GRADUS_CASES=300 cargo test --test cli limits` tries more
//! random formulas, and more of what doubles.

use std::env;
use std::path::Path;

use crate::support::script::{Ran, run, run_in, session};
use gradus::random::Stream;
use gradus::work;

/// How deep and how long.
const MANY: usize = 10_000;
/// What doubles so many times has a tree of 10^18 nodes.
const DOUBLINGS: usize = 60;

/// How many of what takes long.
fn n_cases() -> usize {
    env::var("GRADUS_CASES").map_or(1, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// Runs a program; what it says must not be a bug.
#[track_caller]
fn ends(what: &str, script: &str) -> Ran {
    let ran = run(script);
    assert!(!ran.codes().contains(&"E0900"), "{what}: {}", ran.findings());
    ran
}

/// `open` and `close` around something, many times.
fn nested(open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(MANY), close.repeat(MANY))
}

#[test]
fn what_is_nested_deeply_ends() {
    let unknown = |text: String| format!("var x = 0.5\n{text}");
    for (what, script) in [
        ("braces", nested("{", "", "}")),
        ("open braces", "{".repeat(MANY)),
        ("parentheses", nested("(", "1", ")")),
        ("arrays", nested("[", "1", "]")),
        ("branches", nested("if true then ", "1", " else 0")),
        ("not", nested("not ", "true", "")),
        ("minus", unknown(nested("-", "x", ""))),
        ("powers", unknown(nested("x^", "x", ""))),
        ("transposes", format!("let A = [1, 2; 3, 4]\n{}", nested("", "A", "'"))),
        ("where", unknown(nested("(", "x", " where p = x)"))),
        ("calls", unknown(nested("sin(", "x", ")"))),
        ("calls of a function", format!("fn f(t) = t + 1\n{}", nested("f(", "1", ")"))),
        ("indices", format!("var x: R[3]\n{}", nested("x[", "1", "]"))),
        ("points", unknown(nested("(", "x", " at (x = x))"))),
        ("derivatives", unknown(nested("diff(", "x", ", x)"))),
        ("forms", unknown(nested("simplify(", "x", ")"))),
        ("commands", unknown(nested("(minimize ", "x^2", ")"))),
        ("braces in a text", format!("print \"{}\"", "{(".repeat(MANY))),
    ] {
        ends(what, &script);
    }
    let open: String = (0..2_000).map(|i| format!("for i{i} in 1..1 {{\n")).collect();
    ends("blocks", &(open + &"}\n".repeat(2_000)));
    let sums: String = (0..2_000).map(|i| format!(" for i{i} in 1..1)")).collect();
    ends("sums", &format!("var x\n{}x{sums}", "sum(".repeat(2_000)));
}

#[test]
fn functions_that_call_one_another_to_a_limit() {
    let chain: String = (1..600).map(|k| format!("fn f{k}(t) = f{}(t) + 1\n", k - 1)).collect();
    let ran = ends("calls", &format!("fn f0(t) = t\n{chain}f599(1)\n"));
    assert!(ran.codes().contains(&"E0711"), "{}", ran.findings());
}

#[test]
fn long_products_and_their_gradients_are_linear() {
    let factors: Vec<String> = (1..=MANY).map(|k| format!("(x + {k}/{MANY})")).collect();
    let product = factors.join("*");
    let script =
        format!("var x = 0.1\nlet f = {product}\nlet d = grad(f) at (x = 0.1)\nd\ngrad(f)");
    let ran = ends("a long product", &script).passed("a long product");
    // d log(f) is the sum of 1/(x + k/n), which is n times the integral of 1/(x + t) over [0, 1].
    assert_eq!(ran.texts().len(), 2);
    let short: Vec<String> = (1..=200).map(|k| format!("(x + {k}/100)")).collect();
    let product = short.join("*");
    let script = format!(
        "var x = 0.1\nlet f = {product}\n((diff(f, x) at (x = 0.1))/(f at (x = 0.1)) - sum(1/(0.1 + k/100) for k in 1..200))"
    );
    let ran = run(&script).passed("the gradient of 200 factors");
    let gap: f64 = ran.texts()[0].parse().expect("a number");
    assert!(gap.abs() < 1e-9, "{gap}");
}

#[test]
fn second_derivatives_of_a_long_product_read_products_of_others() {
    // Factors read by an index that is no counter, under conditions on both indices that are left out: computed anew for
    // every pair of them this would be 10^10 multiplications.
    let script = "var x: R[4] = [0.9, 0.6, 1.4, 0.7]\nlet f = prod(x[min(k, 4)]^(1/1000) for k in 1..1000)\nhess(f) at (x = [0.9, 0.6, 1.4, 0.7])\nlet v = ones(4)\nsum(prod(v[mod(j, 4) + 1] for j in 1..2000 if j != l and j != k) for l in 1..2000 if min(l, 4) == 4 for k in 1..2000 if k != l) - 3992003";
    let ran = ends("products of others", script).passed("products of others");
    assert_eq!(ran.texts()[1], "0");
}

#[test]
fn what_doubles_at_every_step_ends() {
    let commands = [
        "F",
        "F at (x = 0.3, y = 0.2)",
        "diff(F, x)",
        "grad(F) at (x = 0.3, y = 0.2)",
        "hess(F)",
        "latex(F)",
        "simplify(F)",
        "expand(F)",
        "factor(F)",
        "check F == F + 1",
        "convex F",
        "print \"{F}\"",
    ];
    let steps = ["P*P + y", "sin(P) + P", "P/(1 + P)", "P + P", "P*P", "max(P, P + 1)"];
    for step in steps.into_iter().take(n_cases()) {
        let steps: String = (1..=DOUBLINGS)
            .map(|k| format!("let a{k} = {}\n", step.replace('P', &format!("a{}", k - 1))))
            .collect();
        for command in commands {
            let command = command.replace('F', &format!("a{DOUBLINGS}"));
            let script = format!("var x = 0.3, y = 0.2\nlet a0 = x + y\n{steps}{command}");
            let ran = ends(&format!("{step}: {command}"), &script);
            let length: usize = ran.texts().iter().map(|t| t.len()).sum();
            assert!(length < 2_000_000, "{step}: {command} has {length} characters");
        }
    }
}

#[test]
fn squares_of_squares_have_a_value() {
    let squares: String = (1..=60).map(|k| format!("let a{k} = a{}*a{}\n", k - 1, k - 1)).collect();
    let script = format!(
        "var x = 1, y = 0\nlet a0 = x + y\n{squares}a60 at (x = 1, y = 0)\ngrad(a60).x at (x = 1, y = 0)"
    );
    let ran = run(&script).passed("squares");
    assert_eq!(ran.texts(), ["1", "1.15292e18"]);
}

#[test]
fn what_depends_on_an_index_is_cut_where_it_is_too_long() {
    let steps: String = (1..=DOUBLINGS)
        .map(|k| format!("fn g{k}(t) = sin(g{}(t)) + g{}(t)\n", k - 1, k - 1))
        .collect();
    let script = format!("var x: R[3]\nfn g0(t) = t\n{steps}sum(g{DOUBLINGS}(x[i]) for i in 1..3)");
    let ran = ends("a sum", &script).passed("a sum");
    assert!(ran.texts()[0].contains("too long to write"), "{}", ran.texts()[0]);
}

#[test]
#[ignore = "cut after half a minute in a debug build, not seen to end there"]
fn algebra_of_large_things_ends() {
    let names = |n: usize| -> Vec<String> { (0..n).map(|k| format!("(a{k} + b{k})")).collect() };
    let declared = |n: usize| -> String { (0..n).map(|k| format!("var a{k}, b{k}\n")).collect() };
    for form in ["expand", "simplify", "factor"] {
        ends(form, &format!("{}{form}({})", declared(40), names(40).join("*")));
        ends(form, &format!("var a, b\n{form}((a + b)^1000 - (a - b)^1000)"));
        ends(form, &format!("var x\n{form}(x^1000 - 1)"));
    }
    ends("taylor", "var x\ntaylor(exp(x), (x = 0), 1000)");
    ends("taylor", "var x, y\ntaylor(exp(x*y)/(1 + y^2), (x = 0, y = 0), 5)");
    let n = 12;
    let unknowns: Vec<String> = (0..n).map(|k| format!("x{k}")).collect();
    let unknowns = unknowns.join(", ");
    let row = |i: usize| -> String {
        let terms: Vec<String> =
            (0..n).map(|j| format!("(p + {})*x{j}", (7 * i + 3 * j) % 11 + 1)).collect();
        format!("{} == {i}", terms.join(" + "))
    };
    let equations: Vec<String> = (0..n).map(row).collect();
    ends("solve", &format!("var p, {unknowns}\nsolve {} for {unknowns}", equations.join(", ")));
}

/// A random formula of `x`, `y`, `z`, `w` with quotients, powers and functions in one another.
fn formula(stream: &mut Stream, depth: usize) -> String {
    let Some(d) = depth.checked_sub(1) else {
        return ["x", "y", "z", "w", "2", "0.5"][stream.below(6)].to_string();
    };
    let smaller = stream.below(depth);
    let (deep, other) = (formula(stream, d), formula(stream, smaller));
    match stream.below(8) {
        0 => format!("({deep} + {other})"),
        1 => format!("({deep}*{other})"),
        2 => format!("({other}/(1 + {deep}^2))"),
        3 => format!("({deep}/({other} + 3))"),
        4 => format!("({deep})^{}", 2 + stream.below(2)),
        5 => {
            let function = ["sin", "exp", "tanh", "sqrt", "log", "sigmoid"][stream.below(6)];
            format!("{function}({deep})")
        }
        6 => format!("({other}/(2 + {deep})^2)"),
        _ => format!("({deep}*{other} + {other})"),
    }
}

#[test]
fn showing_a_hessian_takes_no_more_work_than_its_budget() {
    for case in 0..n_cases() {
        let mut stream = Stream::new(case as u64).split("hessians");
        let f = formula(&mut stream, 4 + case % 3);
        let before = work::spent();
        let script = format!("var x, y, z, w\nhess({f} + x*y*z*w)");
        run_in(&mut session(Path::new("."), true), "hessian", &script).passed(&f);
        let spent = work::spent() - before;
        // Nodes are made before and after the search, too.
        assert!(spent < 2 * work::STATEMENT, "{f} takes {spent}");
    }
}
