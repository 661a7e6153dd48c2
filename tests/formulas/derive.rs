//! Derivations: every line parses as Gradus and is equal to the derivative.
//!
//! The lines are read as text, as a user would paste them: what stands behind
//! the label is evaluated, with its `diff` and `jac` taken by the engine, at a
//! point away from kinks, and compared with the last line.

use gradus::{Output, Session, Settings};

/// What all subjects may use.
const NAMES: &str = "let m = 4
let n = 3
let X = [0.2, -0.4, 1.1; 0.9, 0.3, -0.7; -1.2, 0.8, 0.5; 0.6, -0.1, 0.4]
let y = [0.5, -1.2, 0.7, 2.1]
let A = [2, 0.3, -0.5; 1.1, 1.7, 0.2; 0.4, -0.6, 2.4]
let c = 0.8
var x, t, w: R[n], z: R[6], W: R[n, 2], S: R[n, n]
fn g(u, v) = exp(u*v)/v
";
/// The same point for every subject.
const POINT: &str = "(x = 0.7, t = 1.3, w = [0.4, -0.9, 1.6], z = [0.3, -0.7, 1.2, 0.5, -0.2, 0.9], \
    W = [0.5, -0.3; 0.2, 0.8; -0.6, 0.1], S = [2.1, 0.2, 0.1; -0.3, 1.9, 0.4; 0.2, 0.1, 2.3])";

/// Subjects and what they are derived by.
const SUBJECTS: &[(&str, &str)] = &[
    ("(x^2 + 1)*sin(x)", "x"),
    ("100*(t - x^2)^2 + (1 - x)^2", "x"),
    ("x/(x^2 + t)", "x"),
    ("sin(x)*cos(t*x)*exp(-x)", "x"),
    ("log(1 + exp(-3*x))", "x"),
    ("x^x + t^x + x^t", "x"),
    ("1/(c*x*sin(x))", "x"),
    ("(x + x^2)^3/(1 + x)", "x"),
    ("if x > 0 then x^2 else x*sin(x)", "x"),
    ("atan2(t, x^2) + hypot(x, t*x) + max(x, t)*x", "x"),
    ("erf(x) + lgamma(1 + x^2) + sqrt(1 + x^2)", "x"),
    ("c*(x - t)*x", "t"),
    ("1/m * sum((y[i] - (x*X[i,1] + t))^2 for i in 1..m)", "x"),
    ("sum(X[i,1]*exp(x*X[i,2]) for i in 1..m if y[i] > 0)", "x"),
    ("prod(X[i,1]*x + 1 for i in 1..m)", "x"),
    ("logsumexp(X[i,1]*x^2 for i in 1..m)", "x"),
    ("max((x - y[i])^2 for i in 1..m)", "x"),
    ("sum(sum(X[i,j]*x^j for j in 1..n)^2 for i in 1..m)", "x"),
    ("mean(log1p(exp(-y .* (X*w + t))))", "t"),
    ("[exp(w[i]*x) for i in 1..n]", "x"),
    ("X*w*x^2", "x"),
    ("norm(x*y - X*w)", "x"),
    ("1/m * sumsq(X*w - y)", "w"),
    ("mean(log1p(exp(-y .* (X*w + t)))) + c/2 * sumsq(w)", "w"),
    ("w'*A*w/sumsq(w)", "w"),
    ("sin(w'*A*w)*exp(-norm(w))", "w"),
    ("logsumexp(X*w) - dot(tanh(X*w), y)", "w"),
    ("dot(exp(w), w .* w)", "w"),
    ("sum(w[i]^2 for i in 1..n)", "w"),
    ("sum((y[i] - sum(X[i,j]*w[j] for j in 1..n))^2 for i in 1..m)", "w"),
    ("max((w[i] - 1)^2 for i in 1..n)", "w"),
    ("norm1(X*w) + norminf(w)", "w"),
    ("sum((z[i+1] - z[i]^2)^2 for i in 1..5)", "z"),
    ("sum((1 - z[2*i-1])^2 for i in 1..3)", "z"),
    ("z[2]^2*z[3]", "z[2]"),
    ("sum(z[i]^3 for i in 1..6)", "z[4]"),
    ("sumsq(X*W)", "W"),
    ("sumsq(sigmoid(X*W) - X*W)", "W"),
    ("sum((W*w[1..2])[i]^2 for i in 1..n)", "W"),
    ("logdet(S) + w'*inv(S)*w", "S"),
    ("tr(S'*A*S)", "S"),
    ("if w[1] > 0 then sumsq(w) else 0", "w"),
    ("x*t", "w"),
    ("x", "x"),
    ("sumsq(x*w)", "w"),
];

fn texts(script: &str) -> Vec<String> {
    let mut session = Session::new(Settings::default());
    let mut texts = Vec::new();
    let outcome = session.run("derive", script, &mut |_, output| match output {
        Output::Value { text, .. } => texts.push(text),
        Output::Finding(finding) if finding.severity == gradus::diag::Severity::Error => {
            panic!("{}: {}", script.lines().last().unwrap_or_default(), finding.message)
        }
        _ => {}
    });
    assert!(!outcome.failed);
    texts
}

/// The right-hand sides of a derivation, and the rules.
fn lines(subject: &str, by: &str) -> Vec<(String, String)> {
    let text = texts(&format!("{NAMES}derive {subject} wrt {by}")).remove(0);
    let statements = text.lines().filter(|l| !l.starts_with('#'));
    statements
        .map(|line| {
            let (statement, rule) = line.split_once(" # ").unwrap_or((line, ""));
            let right = statement.split_once(" = ").map(|(_, right)| right.trim());
            (right.expect("a label").to_string(), rule.to_string())
        })
        .collect()
}

#[test]
fn every_line_is_equal_to_the_derivative() {
    let mut wrong = Vec::new();
    for (subject, by) in SUBJECTS {
        let lines = lines(subject, by);
        let (last, _) = lines.last().expect("a line");
        let mut script = NAMES.to_string();
        for (line, _) in &lines {
            let distance = format!("norm(({line}) - ({last})) <= 1e-9*(1 + norm({last}))\n");
            script += &format!("({}) at {POINT}\n", distance.trim_end());
        }
        let truths = texts(&script);
        assert_eq!(truths.len(), lines.len(), "{subject}");
        for ((line, _), truth) in lines.iter().zip(truths) {
            if truth != "true" {
                wrong.push(format!("{subject} by {by}: {line} is not {last}: {truth}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_line_but_the_first_names_a_rule_and_the_last_is_the_gradient() {
    for (subject, by) in SUBJECTS {
        let lines = lines(subject, by);
        assert!(lines.len() <= 12, "{subject}: {} lines", lines.len());
        assert!(lines[0].1.is_empty(), "{subject}");
        for (line, rule) in &lines[1..] {
            assert!(!rule.is_empty(), "{subject}: {line}");
        }
        let derivative = texts(&format!("{NAMES}diff({subject}, {by})")).remove(0);
        let (last, _) = lines.last().expect("a line");
        assert!(last == &derivative, "{subject} by {by}: {last} is not {derivative}");
    }
}
