//! `latex(e)`, notation by notation.

use gradus::{Output, Session, Settings};

const NAMES: &str = "let m = 4
let n = 3
let speed = 2
let X = ones(m, n)
let A = ones(n, n)
let v = ones(n)
let max_speed = 3
var x, y, theta_1, α
var w: R[n], W1: R[n, 2], z: R[6]
";

/// Expressions with their LaTeX source.
const FORMS: &[(&str, &str)] = &[
    // Numbers, names, products.
    ("2*x", "2x"),
    ("2*x*y", "2x y"),
    ("x*3*4", "12x"),
    ("x*2^y", "x \\cdot 2^{y}"),
    ("3/2*x^2", "\\frac{3}{2}x^{2}"),
    ("speed*x", "\\mathrm{speed} \\, x"),
    ("x/max_speed", "\\frac{x}{\\mathrm{max}_{\\mathrm{speed}}}"),
    ("theta_1*α", "\\theta_{1} \\alpha"),
    ("1e-7*x", "10^{-7} x"),
    ("2.5e-7*x", "2.5 \\times 10^{-7} x"),
    ("0.5*x", "0.5x"),
    ("-x", "-x"),
    ("(x + 1)*(y - 2)", "(x + 1) (y - 2)"),
    ("x - (y - 1)", "x - (y - 1)"),
    // Fractions and powers.
    ("x/(2*y)", "\\frac{x}{2y}"),
    ("1/(1 + x^2)", "\\frac{1}{1 + x^{2}}"),
    ("(x/y)^2", "\\left(\\frac{x}{y}\\right)^{2}"),
    ("x^(1/2)", "x^{1/2}"),
    ("x^(y + 1)", "x^{y + 1}"),
    ("(x^2)^y", "(x^{2})^{y}"),
    // Functions.
    ("sin(x)^2", "\\sin^{2}(x)"),
    ("exp(-x^2/2)", "\\exp\\left(-\\frac{x^{2}}{2}\\right)"),
    ("sqrt(x + 1)", "\\sqrt{x + 1}"),
    ("abs(x - y)", "\\lvert x - y \\rvert"),
    ("abs(x/y)", "\\left\\lvert \\frac{x}{y} \\right\\rvert"),
    ("sigmoid(x)", "\\sigma(x)"),
    ("floor(x)", "\\lfloor x \\rfloor"),
    ("mod(x + 1, y)", "(x + 1) \\bmod y"),
    ("max(x, y)", "\\max(x, y)"),
    ("hypot(x, y + 1)", "\\sqrt{x^{2} + (y + 1)^{2}}"),
    ("log10(x)", "\\log_{10}(x)"),
    ("log1p(x)", "\\log\\left(1 + x\\right)"),
    ("lgamma(x)", "\\log\\Gamma(x)"),
    // Sums and other binders.
    ("sum(i*x for i in 1..n)", "x \\sum_{i=1}^{n} i"),
    ("sum(x^i + i for i in 1..n)", "\\sum_{i=1}^{n} (x^{i} + i)"),
    ("1/n * sum((v[i] - x)^2 for i in 1..n)", "\\frac{1}{n} \\sum_{i=1}^{n} (v_{i} - x)^{2}"),
    (
        "sum(A[i,j]*w[i]*w[j] for i in 1..n for j in 1..n if i != j)",
        "\\sum_{i=1}^{n} \\sum_{\\substack{j=1 \\\\ i \\ne j}}^{n} A_{ij} w_{i} w_{j}",
    ),
    ("prod(w[i] for i in 1..n)", "\\prod_{i=1}^{n} w_{i}"),
    ("max(w[i]^2 for i in 1..n)", "\\max_{1 \\le i \\le n} w_{i}^{2}"),
    ("sum((z[i+1] - z[i])^2 for i in 1..5)", "\\sum_{i=1}^{5} (z_{i+1} - z_{i})^{2}"),
    ("[w[i]^2 for i in 1..n]", "(w_{i}^{2})_{i=1}^{n}"),
    // Linear algebra.
    ("X*w", "X w"),
    ("X'*(X*w)", "X^{\\top} X w"),
    ("w'*A*w", "w^{\\top} A w"),
    ("A*A*w", "A^{2} w"),
    ("v .* w", "v \\odot w"),
    ("w .^ 2", "w^{\\circ 2}"),
    ("v ./ w", "v \\oslash w"),
    ("sumsq(X*w)", "\\lVert X w \\rVert^{2}"),
    ("norm(w)/2", "\\frac{1}{2} \\lVert w \\rVert"),
    ("norm1(w)", "\\lVert w \\rVert_{1}"),
    ("dot(v, w)", "\\langle v, w \\rangle"),
    ("inv(A*x)*w", "(x A)^{-1} w"),
    ("W1[2, 1]", "(W_{1})_{21}"),
    ("W1[:, 1]", "(W_{1})_{:,1}"),
    ("z[2..4]", "z_{2:4}"),
    ("[x, y; 1, 2]", "\\begin{pmatrix} x & y \\\\ 1 & 2 \\end{pmatrix}"),
    ("[x, y]", "\\begin{pmatrix} x \\\\ y \\end{pmatrix}"),
    ("w + ones(n)*x", "w + x \\mathbf{1}_{n}"),
    ("eye(n)*x", "x I_{n}"),
    // Conditions.
    (
        "if x > 0 then x else if x < -1 then 2 else y",
        "\\begin{cases} x & \\text{if } x > 0 \\\\ 2 & \\text{if } x < -1 \\\\ y & \
         \\text{otherwise} \\end{cases}",
    ),
    ("x >= 0 and not y == 1", "x \\ge 0 \\wedge \\neg y = 1"),
    // Derivatives.
    ("grad(x^2)", "\\frac{\\partial f}{\\partial x} = 2x"),
];

fn latex(expression: &str) -> String {
    let script = format!("{NAMES}latex({expression})");
    let mut found = String::new();
    let outcome =
        Session::new(Settings::default()).run("latex", &script, &mut |_, output| match output {
            Output::Value { text, .. } => found = text,
            Output::Finding(finding) => found += &finding.message,
            _ => {}
        });
    assert!(!outcome.failed, "{expression}: {found}");
    found
}

#[test]
fn every_notation() {
    let mut wrong = Vec::new();
    for (expression, expected) in FORMS {
        let found = latex(expression);
        if found != *expected {
            wrong.push(format!("{expression}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What LaTeX refuses: braces that do not match, a delimiter without its other
/// half, two superscripts or subscripts on one symbol.
#[test]
fn the_source_is_well_formed() {
    let derivations = ["derive sumsq(X*w - ones(m))/m wrt w", "derive x/(1 + exp(x^2)) wrt x"];
    for expression in FORMS.iter().map(|(e, _)| *e).chain(derivations) {
        let text = latex(expression);
        let count = |part: &str| text.matches(part).count();
        assert_eq!(count("{"), count("}"), "{text}");
        assert_eq!(count("\\left"), count("\\right"), "{text}");
        assert_eq!(count("\\begin"), count("\\end"), "{text}");
        let mut groups: Vec<Vec<char>> = vec![Vec::new()];
        let mut previous = String::new();
        for c in text.chars() {
            match c {
                '{' => groups.push(Vec::new()),
                '}' => {
                    groups.pop();
                }
                '^' | '_' => {
                    let group = groups.last_mut().expect("a group");
                    assert!(!group.contains(&c), "double {c} in {text}");
                    group.push(c);
                }
                _ if previous == "}" || !"^_{".contains(&previous) => {
                    if let Some(group) = groups.last_mut() {
                        group.clear();
                    }
                }
                _ => {}
            }
            previous = c.to_string();
        }
    }
}
