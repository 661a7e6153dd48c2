//! A sum costs the same for ten terms and for ten million: the nodes that differentiating makes,
//! the text that is printed, and the operations and loops of the compiled kernel are counted for
//! both, and are equal.

use std::path::Path;

use crate::support::script::{line_in, session};
use gradus::check::Item;
use gradus::diff;
use gradus::jit;
use gradus::simplify;

/// Objectives over `n` terms.
const OBJECTIVES: [&str; 7] = [
    "var w, b; let f = 1/n * sum((sin(i) - (w*i + b))^2 for i in 1..n)",
    "var a, c; let f = sum(log(1 + exp(-a*i)) for i in 1..n) + c^2",
    "var t; let f = logsumexp(t*i/n for i in 1..n)",
    "var t; let f = max(t*i/n for i in 1..n)",
    "var t; let f = sum(if i > 5 then t^i else t for i in 1..n)",
    "var x: R[n]; let f = sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..n-1)",
    "var x: R[n]; let f = sum((x[i] - x[j])^2 for i in 1..n for j in 1..3)",
];

#[derive(Debug, PartialEq)]
struct Counted {
    nodes: usize,
    printed: String,
    operations: usize,
    groups: usize,
}

fn count(objective: &str, n: usize) -> Counted {
    let mut session = session(Path::new("."), true);
    line_in(&mut session, &format!("let n = {n}\n{}", objective.replace("; ", "\n"))).passed("it");
    let f = session.names().find_map(|(name, entry)| match entry.item {
        Item::Expr(e) if name == "f" => Some(e),
        _ => None,
    });
    let g = session.graph_mut();
    let f = f.expect("the objective is an expression");
    let vars = g.unknowns(&[f]);
    let f = simplify::stable(g, &[f])[0];
    let gradient = diff::gradient(g, f, &vars);
    let gradient = simplify::stable(g, &gradient);
    let printed: Vec<String> = gradient.iter().map(|&e| simplify::shown(g, e)).collect();
    let mut outputs = vec![f];
    outputs.extend(&gradient);
    let kernel = jit::compile(g, &outputs, &vars, &jit::Options::default()).expect("it compiles");
    Counted {
        nodes: g.len(),
        printed: printed.join("\n"),
        operations: kernel.stats().operations,
        groups: kernel.stats().groups,
    }
}

#[test]
fn ten_terms_and_ten_million_take_the_same() {
    for objective in OBJECTIVES {
        assert_eq!(count(objective, 10), count(objective, 10_000_000), "{objective}");
    }
}
