//! Mistakes in every place where an expression may stand: each gives an error with a code, none a panic or nothing.
//!
//! To add a mistake, add a line to `MISTAKES`; it is tried in every line of `PLACES`.

use crate::support::script::run;

/// Where `@` is the expression.
const PLACES: &[&str] = &[
    "@",
    "let q = @\nq",
    "minimize @",
    "maximize 1 - (@) using bfgs",
    "grad(@)",
    "print @",
    "check @",
    "derive @",
    "for r in 1..2 { @ }",
    "fn h(t) = t + @\nh(1)",
    "let p = [@; @]\np",
    "sum(@ for r in 1..3)",
];

/// Expressions that mean nothing, below some definitions.
const MISTAKES: &[&str] = &[
    "nobody",
    "u + v",
    "u*u",
    "W*v",
    "W[5, 1]",
    "u[0]",
    "u[1.5]",
    "u[-1]",
    "u[5]",
    "W[1, 2, 3]",
    "x[1]",
    "sin()",
    "sin(1, 2)",
    "foo(x)",
    "hess(u)",
    "inv(u)",
    "inv(W)",
    "det(W)",
    "tr(u)",
    "logdet([1, 2, 3])",
    "dot(u, v)",
    "u'*v",
    "outer(u)",
    "reshape(W, 5, 5)",
    "(x",
    "x +",
    "(* x)",
    "x ** ** 2",
    "[1, 2",
    "[1, 2; 3]",
    "[[1, 2], [3]]",
    "\"text\" + 1",
    "x = 3",
    "1..3 + x",
    "sum(x for i in 1..u)",
    "sum(v[i] for i in 0..2)",
    "sum(x for i in 1..2.5)",
    "max(x for i in 5..1)",
    "min(v[i] for i in 1..2 if i > 7)",
    "csv(\"nowhere.csv\")",
    "npy(\"nowhere.npy\")",
    "csv(3)",
    "diff(x)",
    "diff(x, 3)",
    "diff(x, nobody)",
    "x at (nobody = 1)",
    "u at (u = [1, 2])",
    "taylor(x)",
    "taylor(x, (x = 1), -2)",
    "normal(0, 1, -3)",
    "zeros(-2)",
    "eye(2.5)",
    "1e400e3",
    "x.y",
    "let",
    "if x then 1",
    "cumsum(W, 9, 9)",
    "x @ y",
    "x £ 2",
    "norm()",
];

#[test]
fn every_mistake_in_every_place_has_an_error() {
    let (mut wrong, mut n) = (Vec::new(), 0);
    for place in PLACES {
        for mistake in MISTAKES {
            let script = format!(
                "var x = 1\nvar u: R[3] = [1, 2, 3]\nlet v = [1, 2]\nlet W = [1, 2, 3; 4, 5, 6; 7, 8, 10; 1, 1, 1]\n{}\n",
                place.replace('@', mistake)
            );
            n += 1;
            let ran = run(&script);
            let codes = ran.codes();
            if codes.contains(&"E0900") || !codes.iter().any(|c| c.starts_with('E')) {
                wrong.push(format!("{}: {codes:?}", place.replace('@', mistake)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n} are no mistakes:\n{}", wrong.len(), wrong.join("\n"));
}
