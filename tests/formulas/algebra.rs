//! The algebra commands keep values: every rule of `simplify`, and every form that `simplify`,
//! `expand`, `factor` and `taylor` give, is compared with what it came from at random points.

use crate::support::close;
use crate::support::script::{Seen, run_in};
use gradus::session::{Session, Settings};
use gradus::simplify;

/// The unknowns of all expressions here.
const UNKNOWNS: &str = "var x, y, z\nvar p >= 0\n";
/// Points: values of x, y, z, p.
const POINTS: [[f64; 4]; 4] =
    [[0.7, 1.3, -0.4, 2.1], [-1.2, 0.6, 2.2, 0.3], [2.5, -0.9, 0.8, 1.0], [-0.3, -1.7, 1.1, 4.5]];

/// Texts and values of the expression statements of a script.
#[track_caller]
fn values(script: &str) -> Vec<(String, Option<f64>)> {
    let mut session = Session::new(Settings { jit: false, ..Settings::default() });
    let ran = run_in(&mut session, "algebra", script).passed(script);
    ran.seen
        .into_iter()
        .filter_map(|seen| match seen {
            Seen::Value { text, value, .. } => {
                let number = match value {
                    gradus::report::JsonValue::Number(v) => Some(v),
                    _ => None,
                };
                Some((text, number))
            }
            _ => None,
        })
        .collect()
}

/// Both expressions have the same values, or `a` has none, at all points.
#[track_caller]
fn same_values(a: &str, b: &str) {
    let mut script = UNKNOWNS.to_string();
    for [x, y, z, p] in POINTS {
        for e in [a, b] {
            script += &format!("({e}) at (x = {x}, y = {y}, z = {z}, p = {p})\n");
        }
    }
    let found = values(&script);
    for pair in found.chunks(2) {
        let (Some(left), Some(right)) = (pair[0].1, pair[1].1) else {
            panic!("{a} and {b} have no numbers: {pair:?}")
        };
        assert!(left.is_nan() || close(left, right, 1e-9), "{a} is {left}, {b} is {right}");
    }
}

/// The text of one expression.
#[track_caller]
fn text(expression: &str) -> String {
    values(&format!("{UNKNOWNS}{expression}")).pop().map(|(text, _)| text).unwrap_or_default()
}

#[test]
fn every_rule_does_what_its_row_says_and_keeps_the_value() {
    for rule in simplify::rules() {
        let (before, after) = rule.example;
        assert_eq!(text(&format!("simplify({before})")), after, "{}", rule.name);
        same_values(before, after);
    }
}

#[test]
fn forms_keep_the_value() {
    const EXPRESSIONS: &[&str] = &[
        "(x + y)^3 - x^3 - y^3",
        "(x^2 - 1)/(x - 1) + x/(x + 1)",
        "x/(x^2 + 1) - x^3/(x^2 + 1)^2",
        "sin(x)^2*cos(y) + cos(x)^2*cos(y) - 1",
        "sin(x)*cos(y) + cos(x)*sin(y)",
        "cosh(x)^2 - sinh(x)^2 + x*tanh(x)*cosh(x)",
        "exp(x)*exp(2*y) - exp(x + y)^2 + exp(-x)",
        "exp(x)/(1 + exp(x))^2 + exp(-3*x)*(x - 1)",
        "sqrt(1 + x^2) + x^2/sqrt(1 + x^2)",
        "(1 + x/sqrt(1 + x^2))/(x + sqrt(1 + x^2))",
        "sqrt((1 + p)/(2 + p))^3 - (1 + p)/(2 + p)",
        "p^x*p^(y - 1) + (1 + p)^(3/2)",
        "abs(x*y) + sqrt(x^2) - sqrt(p^2)",
        "0.5*x^2 - 0.25*(x - y)*(x + y)",
        "x^4 - 5*x^2*y^2 + 4*y^4",
        "(x*y + x + y + 1)/(x*z + z)",
        "6*x^3 - 11*x^2 - 3*x + 2",
        "log(exp(x)*exp(y)) + log1p(x^2 - 1)",
        "sum((x - i*y)^2*(i + z) for i in 1..3)",
        "pi^2*x - 2*pi*x*sin(pi/2)",
        "(2*x + 3*y)^2/(4*x^2 - 9*y^2)",
        "if x > 0 then (x + 1)^2 - x^2 else tan(x)*cos(x)",
    ];
    for e in EXPRESSIONS {
        for form in ["simplify", "expand", "factor"] {
            same_values(e, &format!("{form}({e})"));
        }
    }
}

#[test]
fn a_term_of_an_inner_product_keeps_its_factor() {
    let script =
        |form: &str| format!("let b = [1, 2]\nvar x: R[2]\n{form} at (x = [5, 7])\n{form}\n");
    let found = values(&script("expand(x'*(2*b + x))"));
    assert_eq!(found[0].1, Some(112.0));
    assert_eq!(found[1].0, "2*x'*b + x'*x");
    let found = values(&script("expand((3*b + 2*x)'*(2*b - x))"));
    assert_eq!(found[0].1, values(&script("(3*b + 2*x)'*(2*b - x)"))[0].1);
}

#[test]
fn every_form_of_what_hardly_is_an_expression() {
    const THINGS: &[&str] = &[
        "3",
        "0",
        "-1/3",
        "x - x + 5",
        "x - x",
        "0*x",
        "x^0",
        "x/x",
        "inf",
        "nan",
        "true",
        "x > 0",
        "[1, 2]",
        "[x, x]",
        "zeros(2)",
        "[0*x, 1]",
        "eye(2)",
        "a",
        "a - a",
        "b",
        "b'",
        "b'*b",
        "sum(x for i in 1..0)",
        "sum(i for i in 1..3)",
        "prod(x for i in 1..0)",
        "2.5e300*x",
        "1e-300",
        "x - nan",
        "x*inf",
        "pi",
        "(x + 1)/(x + 1)",
        "sqrt(-1)",
        "1/0",
        "log(0)*x",
        "if true then x else 0",
        "W",
        "W - W",
        "W ./ W",
    ];
    for thing in THINGS {
        for form in ["factor", "expand", "simplify", "latex"] {
            let script =
                format!("var x, y\nvar W: R[2, 2]\nlet a = 3\nlet b = [1, 2]\n{form}({thing})\n");
            let mut session = Session::new(Settings::default());
            // An error may say that it makes no sense; nothing may be a bug.
            let ran = run_in(&mut session, "degenerate", &script);
            assert!(!ran.codes().contains(&"E0900"), "{form}({thing})");
        }
    }
    for statement in [
        "taylor(3, (x = 0), 2)",
        "taylor(x - x, (x = 0), 2)",
        "taylor(x, (x = inf), 2)",
        "taylor(x*nan, (x = 0), 2)",
        "taylor(a*x, (x = a), 0)",
        "solve x == x for x",
        "solve 0 == 1 for x",
        "solve 0*x == 0 for x",
        "solve x == nan for x",
        "solve x == inf for x",
        "solve 1/x == 0 for x",
        "check 3 == 3",
        "check nan == nan",
        "check x - x == 0",
        "check b == b",
        "check inf == inf",
        "convex 3",
        "convex x - x",
        "derive 3 wrt x",
        "derive x - x wrt x",
    ] {
        let script = format!("var x, y\nlet a = 3\nlet b = [1, 2]\n{statement}\n");
        let ran = run_in(&mut Session::new(Settings::default()), "degenerate", &script);
        assert!(!ran.codes().contains(&"E0900"), "{statement}");
    }
}

#[test]
fn a_simpler_form_is_never_longer() {
    let count = |e: &str| e.chars().filter(|c| "+-*/^(".contains(*c)).count();
    for e in ["x^2/(1 + x^2)^2 - 1/(1 + x^2)", "(x - y)^2 + 4*x*y", "x*exp(x) + exp(x) - x*exp(x)"]
    {
        let simple = text(&format!("simplify({e})"));
        assert!(count(&simple) <= count(e), "{e} became {simple}");
    }
}

#[test]
fn trials_do_not_change_how_sums_print() {
    let found = values("var x\ndiff(x/(1 + x^2), x)\nsimplify((x^2 - 1)/(x^2 + 1))\n1 - x^2");
    assert_eq!(found[2].0, "1 - x^2");
}

#[test]
fn taylor_polynomials_match_to_their_order() {
    const CASES: &[(&str, f64)] = &[
        ("exp(x)*sin(y + 1)", 3.0),
        ("log(2 + x + y^2)", 3.0),
        ("1/(1 - x*y + y)", 3.0),
        ("sqrt(4 + x) + x^5", 3.0),
    ];
    for (f, order) in CASES {
        // The error shrinks as the power of the distance above the order.
        let error = |h: f64| {
            let script = format!(
                "var x, y\n(({f}) - taylor({f}, (x = 0, y = 0), {order})) at (x = {h}, y = {})",
                -0.7 * h
            );
            values(&script)[0].1.unwrap_or(f64::NAN).abs()
        };
        let ratio = error(0.08) / error(0.04);
        assert!(ratio > 2f64.powf(order + 0.5), "{f}: the error falls by {ratio} only");
    }
}

#[test]
fn taylor_of_arrays_is_exact_for_quadratics() {
    let script = "let A = [2, 1; 0, 3]\nlet b = [1, -1]\nvar w: R[2]\n\
                  let f = sumsq(A*w - b) + w'*w\n\
                  (f - taylor(f, (w = [1, 2]), 2)) at (w = [0.3, -4])";
    let value = values(script).pop().and_then(|(_, v)| v).unwrap_or(f64::NAN);
    assert!(value.abs() < 1e-9, "{value}");
}

#[test]
fn solutions_satisfy_their_equations() {
    const CASES: &[&str] = &[
        "let s = solve 2*x + y == 3, x - z*y == 1 for x, y\n[2*x + y - 3, x - z*y - 1]",
        "let s = solve x + 2*y + 3*z == 1, 2*x - y == 4, p*z + x == 0 for x, y, z\n[x + 2*y + 3*z - 1, 2*x - y - 4, p*z + x]",
        "let s = solve 1/(x + 1) == 2*y for x\n[1/(x + 1) - 2*y]",
    ];
    for case in CASES {
        let (solve, residuals) = case.split_once('\n').unwrap_or_default();
        let point = "(x = 0.3, y = 1.7, z = -0.6, p = 2.5)";
        let script =
            format!("{UNKNOWNS}{solve}\nnorm({residuals}) at s\nnorm({residuals}) at s at {point}");
        let found = values(&script);
        let value = found.last().and_then(|(_, v)| *v).unwrap_or(f64::NAN);
        assert!(value.abs() < 1e-12, "{case}: {value}");
    }
}
