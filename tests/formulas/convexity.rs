//! Verdicts of `convex`, checked against textbooks and against numbers.
//!
//! The table holds functions of Boyd & Vandenberghe, Convex Optimization, ch. 3
//! (sections are named), and more. Whatever the verdict, numbers are asked: a
//! convex function must satisfy the inequality at random midpoints, and the
//! points that refute convexity must refute it when they are pasted back in.

use gradus::random::Stream;
use gradus::report::JsonValue;
use gradus::session::{Output, Session, Settings};

/// Unknowns and data of all functions in the table.
const NAMES: &str = "
var x, y
var p >= 0
var q >= 0
var r in [0, 1]
var s in [-1, 2]
var m <= 0
var v: R[3]
var w: R[3] >= 0
let A = [2, 1, 0; 1, 2, 0; 0, 0, 1]
let S = [1, 2, 0; 2, 1, 0; 0, 0, 1]
let B = [1, 2, 3; 4, 5, 6; 7, 8, 10; 1, 0, 1]
let b = [1, -2, 3, 4]
let label = [1, -1, 1, -1]
let c = [1, 0.5, 2, 0]
let d = 1.3
";

const TABLE: &[(&str, &str)] = &[
    // 3.1.5, functions of one number.
    ("exp(2*x)", "convex"),
    ("p^1.5", "convex"),
    ("p^0.3", "concave"),
    ("p^-0.7", "convex"),
    ("abs(x)^3", "convex"),
    ("log(x)", "concave"),
    ("-log(x)", "convex"),
    ("x*log(x)", "convex"),
    ("p*log(p)", "convex"),
    ("x^3", "neither"),
    ("p^3", "convex"),
    ("m^3", "concave"),
    ("1/x", "neither"),
    ("1/p", "convex"),
    ("(x - 3)^4", "convex"),
    ("x*x", "convex"),
    ("3*x - y + 2", "affine"),
    // 3.1.5, functions of several.
    ("norm(v)", "convex"),
    ("norm1(v)", "convex"),
    ("norminf(B*v - b)", "convex"),
    ("max(v)", "convex"),
    ("min(v)", "concave"),
    ("x^2/p", "convex"),
    ("log(exp(x) + exp(y))", "convex"),
    ("logsumexp(v)", "convex"),
    ("sqrt(p*q)", "concave"),
    ("prod(w)^(1/3)", "concave"),
    ("p^0.3*q^0.5", "concave"),
    ("logdet(diag(w) + eye(3))", "concave"),
    ("tr(inv(diag(w) + A))", "convex"),
    // 3.1.4, quadratics by their Hessian.
    ("x^2 + x*y + y^2", "convex"),
    ("x^2 + 3*x*y + y^2", "neither"),
    ("x*y", "neither"),
    ("v'*A*v", "convex"),
    ("-v'*A*v + sum(v)", "concave"),
    ("v'*S*v", "neither"),
    ("sum(v*v')", "convex"),
    ("v'*v - v[1]^2", "convex"),
    ("(x + 1)^2 - x^2", "affine"),
    // 3.2, operations that keep convexity.
    ("sumsq(B*v - b)", "convex"),
    ("norm(B*v - b)", "convex"),
    ("max(x, y)", "convex"),
    ("max(x^2, exp(y), 3*x)", "convex"),
    ("min(x, y)", "concave"),
    ("min(x^2, y)", "neither"),
    ("log(1 + exp(x))", "convex"),
    ("mean(log1p(exp(-label .* (B*v)))) + 0.1*sumsq(v)", "convex"),
    ("sum(c[i]*(B[i,:]*v - b[i])^2 for i in 1..4)", "convex"),
    ("sum(label[i]*(B[i,:]*v)^2 for i in 1..4)", "neither"),
    ("sum(v[i]^2 + v[i]*v[i+1] + v[i+1]^2 for i in 1..2)", "convex"),
    ("max(B[i,:]*v - b[i] for i in 1..4)", "convex"),
    ("logsumexp(B[i,:]*v for i in 1..4)", "convex"),
    ("sqrt(1 + x^2)", "convex"),
    ("exp(x)*exp(x)", "convex"),
    ("exp(x^2 + y^2)", "convex"),
    ("1/(p*q)", "convex"),
    ("x^2*y^2", "neither"),
    ("-sum(log(b[i] + 10 - B[i,:]*v) for i in 1..4)", "convex"),
    ("norm(v)^1.5", "convex"),
    ("(1 + sumsq(v))^0.7", "convex"),
    // 3.2.6, perspectives.
    ("p*log(p/q)", "convex"),
    ("p*(log(p) - log(q))", "convex"),
    // 3.5, log-concave and log-convex functions.
    ("log(sigmoid(x))", "concave"),
    ("log(erfc(x))", "concave"),
    ("log(sum(exp(B*v)))", "convex"),
    ("exp(-x^2)", "neither"),
    ("sigmoid(x)", "neither"),
    ("sigmoid(p)", "concave"),
    ("gamma(p)", "convex"),
    // Pieces.
    ("if abs(x) <= 1 then x^2/2 else abs(x) - 1/2", "convex"),
    ("if abs(x) <= d then x^2/2 else d*(abs(x) - d/2)", "convex"),
    ("if x < 0 then -x else x^2", "convex"),
    ("if x < 0 then x else 2*x", "convex"),
    ("if x < 0 then 2*x else x", "concave"),
    ("if x < 0 then 1 else x^2", "neither"),
    ("sum(if abs(v[i]) <= 1 then v[i]^2 else 2*abs(v[i]) - 1 for i in 1..3)", "convex"),
    // Second derivatives by intervals.
    ("x^4 - x^3 + x^2", "convex"),
    ("x^4 - x^2", "neither"),
    ("exp(x) + x^2 + x*y + y^2", "convex"),
    ("x^2 + y^4 - y^3 + y^2 + exp(y)", "convex"),
    ("r^2 + 0.2*sin(r)", "convex"),
    ("r^2 + s^2 + 0.3*r*s^2", "convex"),
    ("2*x^2 + sin(x)", "convex"),
    ("sin(x)", "neither"),
    ("100*(y - x^2)^2 + (1 - x)^2", "neither"),
    ("x*abs(x)", "neither"),
    ("log(x^2)", "neither"),
    ("sqrt(x^2 - 1)", "neither"),
    ("tanh(p)", "concave"),
    ("log(cosh(x))", "convex"),
];

struct Run {
    session: Session,
    random: Stream,
}

impl Run {
    fn new() -> Run {
        let mut run = Run { session: Session::new(Settings::default()), random: Stream::new(7) };
        run.last(NAMES);
        run
    }

    /// The last value that a text gives: for people, and for programs.
    fn last(&mut self, text: &str) -> Option<(String, JsonValue)> {
        let mut last = None;
        self.session.run_line("test", text, &mut |sources, output| match output {
            Output::Value { text, value, .. } => last = Some((text, value)),
            Output::Finding(d) if d.severity == gradus::diag::Severity::Error => {
                let style = gradus::diag::Style { color: false };
                panic!("{}", gradus::diag::render(sources, &d, style));
            }
            _ => {}
        });
        last
    }

    /// The text of the verdict, and its word.
    fn verdict(&mut self, f: &str) -> (String, String) {
        match self.last(&format!("convex ({f})")) {
            Some((text, JsonValue::Text(word))) => (text, word),
            other => panic!("no verdict on {f}: {other:?}"),
        }
    }

    /// Whether a text is one: the order of a function must be a whole number, for one.
    fn is_function(&mut self, f: &str) -> bool {
        !self
            .session
            .run_line("test", &format!("({f}) at ({})", written(&[0.5; 13])), &mut |_, _| {})
            .failed
    }

    fn value(&mut self, f: &str, point: &str) -> f64 {
        match self.last(&format!("({f}) at ({point})")) {
            Some((_, JsonValue::Number(v))) => v,
            other => panic!("no value of {f} at {point}: {other:?}"),
        }
    }

    /// A random point in the bounds, as numbers.
    fn point(&mut self) -> Vec<f64> {
        let scale = [0.3, 1.0, 4.0][self.random.below(3)];
        let mut draw = || scale * self.random.standard_normal();
        let mut x = vec![draw(), draw(), draw().abs(), draw().abs(), 0.0, 0.0, -draw().abs()];
        x.extend((0..3).map(|_| draw()));
        x.extend((0..3).map(|_| draw().abs()));
        x[4] = self.random.unit();
        x[5] = 3.0 * self.random.unit() - 1.0;
        x
    }

    /// Convexity (sign 1) or concavity (sign -1) at random midpoints.
    fn check_inequality(&mut self, f: &str, sign: f64, pairs: usize) {
        for _ in 0..pairs {
            let (a, b) = (self.point(), self.point());
            let m: Vec<f64> = a.iter().zip(&b).map(|(p, q)| p / 2.0 + q / 2.0).collect();
            let [fa, fb, fm] = [&a, &b, &m].map(|x| self.value(f, &written(x)));
            if fa.is_finite() && fb.is_finite() {
                let slack = 1e-9 * (1.0 + fa.abs() + fb.abs());
                let excess = sign * (fm - (fa + fb) / 2.0);
                assert!(excess <= slack, "{f} is not as claimed: {fa}, {fb}, {fm} at {a:?}, {b:?}");
            }
        }
    }

    /// The points of a line "not convex: f = 1 at x = 0 and f = ..." pasted in.
    fn check_refutation(&mut self, f: &str, line: &str) {
        let sign = if line.trim().starts_with("not convex") { 1.0 } else { -1.0 };
        let rest = line.split_once(": f = ").map(|(_, r)| r).expect("a line with points");
        let (first, rest) = rest.split_once(" and f = ").expect("a second point");
        let (second, rest) = rest.split_once(", but f").expect("a midpoint");
        let place = |part: &str| {
            let (_, place) = part.split_once(" at ").expect("a place");
            place.trim_matches(['(', ')']).to_string()
        };
        let (fa, fb) = (self.value(f, &place(first)), self.value(f, &place(second)));
        let (_, middle) = rest.split_once("midpoint ").expect("a midpoint");
        let middle = middle
            .rsplit_once(", ")
            .filter(|(_, t)| t.contains(['<', '>']))
            .map_or(middle, |m| m.0);
        let fm = self.value(f, middle.trim_matches(['(', ')']));
        let gap = fm.is_nan() && fa.is_finite() && fb.is_finite();
        assert!(
            gap || sign * (fm - (fa + fb) / 2.0) > 0.0,
            "{f}: {line} does not hold: {fa} {fb} {fm}"
        );
    }
}

/// A point of all unknowns, as a script writes it.
fn written(x: &[f64]) -> String {
    let array =
        |v: &[f64]| format!("[{}]", v.iter().map(f64::to_string).collect::<Vec<_>>().join(", "));
    let scalars = ["x", "y", "p", "q", "r", "s", "m"];
    let mut parts: Vec<String> = scalars.iter().zip(x).map(|(n, v)| format!("{n} = {v}")).collect();
    parts.push(format!("v = {}", array(&x[7..10])));
    parts.push(format!("w = {}", array(&x[10..13])));
    parts.join(", ")
}

#[test]
fn textbook_functions() {
    let mut run = Run::new();
    let mut wrong = Vec::new();
    for (f, expected) in TABLE {
        let (text, word) = run.verdict(f);
        let found = if text.starts_with("convex (affine") { "affine" } else { &word };
        if found != *expected {
            wrong.push(format!("{f}: expected {expected}, found\n{text}"));
        }
        match word.as_str() {
            "convex" => run.check_inequality(f, 1.0, 25),
            "concave" => run.check_inequality(f, -1.0, 25),
            "neither" => {
                assert_eq!(text.lines().count(), 3, "{f}: a line for each direction");
                text.lines().skip(1).for_each(|line| run.check_refutation(f, line));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A random expression of the scalar unknowns.
fn expression(random: &mut Stream, depth: usize) -> String {
    if depth == 0 {
        let leaves = ["x", "y", "p", "q", "r", "s", "m", "2", "0.5", "3"];
        return leaves[random.below(leaves.len())].to_string();
    }
    let one = expression(random, depth - 1);
    let kind = random.below(14);
    if kind < 6 {
        let names = [
            "exp", "log", "sqrt", "abs", "sin", "tanh", "log1p", "cosh", "softplus", "sigmoid",
            "relu", "atan",
        ];
        return format!("{}({one})", names[random.below(names.len())]);
    }
    let low = random.below(depth);
    let other = expression(random, low);
    match kind {
        6 => format!("({one})^2"),
        7 => format!("({one})^{}", ["3", "-1", "1.5", "0.5", "4", "-2"][random.below(6)]),
        8 => format!("max({one}, {other})"),
        9 | 10 => format!("({one})*({other})"),
        11 => format!("({one})/({other})"),
        12 => format!("({one}) - ({other})"),
        _ => format!("({one}) + ({other})"),
    }
}

#[test]
fn random_functions_are_never_convex_against_the_numbers() {
    let mut run = Run::new();
    let mut random = Stream::new(11);
    let mut decided = 0;
    for _ in 0..300 {
        let depth = 1 + random.below(4);
        let f = expression(&mut random, depth);
        let (text, word) = run.verdict(&f);
        match word.as_str() {
            "convex" => run.check_inequality(&f, 1.0, 8),
            "concave" => run.check_inequality(&f, -1.0, 8),
            "neither" => text.lines().skip(1).for_each(|line| run.check_refutation(&f, line)),
            _ => continue,
        }
        decided += 1;
    }
    assert!(decided > 150, "only {decided} of 300 were decided");
}

/// Arguments inside and outside of the domains of functions.
const ARGUMENTS: &[&str] = &[
    "x",
    "p",
    "m",
    "r",
    "s",
    "2*x - 1",
    "-p",
    "1 - r",
    "3*s + 0.5",
    "x + y",
    "x^2",
    "sqrt(p)",
    "exp(x)",
    "-abs(x)",
];

/// No verdict on an operator of the table, of one number or of two, is refuted by numbers.
#[test]
fn operators_are_never_convex_against_the_numbers() {
    let mut run = Run::new();
    let mut random = Stream::new(13);
    let mut decided = 0;
    let given = std::env::var("GRADUS_CASES").ok();
    let n_arguments: usize = given.map_or(4, |n| n.parse().expect("a whole number"));
    let by_entry = |row: &&&gradus::ops::OpDef| row.is_elementwise() && !row.name.is_empty();
    for row in gradus::ops::table().iter().filter(by_entry) {
        for _ in 0..n_arguments {
            let first = &ARGUMENTS[random.below(ARGUMENTS.len())];
            let f = if row.arity.0 == 1 {
                format!("{}({first})", row.name)
            } else {
                let second =
                    [ARGUMENTS[random.below(ARGUMENTS.len())], "2", "0.5"][random.below(3)];
                let (a, b) = if random.below(2) == 0 { (*first, second) } else { (second, *first) };
                format!("{}({a}, {b})", row.name)
            };
            if !run.is_function(&f) {
                continue;
            }
            match run.verdict(&f).1.as_str() {
                "convex" => run.check_inequality(&f, 1.0, 40),
                "concave" => run.check_inequality(&f, -1.0, 40),
                _ => continue,
            }
            decided += 1;
        }
    }
    assert!(decided > 40, "only {decided} were decided");
}

#[test]
fn the_verdict_is_a_value() {
    let mut run = Run::new();
    run.last("let verdict = convex (x^2)");
    assert_eq!(run.last("verdict").map(|v| v.1), Some(JsonValue::Text("convex".to_string())));
    run.last("fn g(t) = exp(t)");
    assert_eq!(run.verdict("g(x)").1, "convex");
    assert_eq!(run.last("convex g").map(|v| v.1), Some(JsonValue::Text("convex".to_string())));
}
