//! Properties that hold for any expression, tried on random ones.
//!
//! 200 expressions by default; `GRADUS_CASES=10000 cargo test --test formulas properties` tries more. A
//! failure names the expression; the same number gives the same expressions in every run.
//!
//! To add a property, write a `#[test]` that calls [`every`]; to add a form of expression, add an
//! arm to [`Random::scalar`] or [`Random::column`].

use std::env;

use crate::support::close;
use crate::support::lab::Lab;
use crate::support::script::run;
use gradus::diff;
use gradus::expr::{ExprId, Op, SymbolId};
use gradus::ops;
use gradus::print;
use gradus::random::Stream;
use gradus::shape::{Shape, Tensor};
use gradus::simplify;

/// Values beyond this say little: they overflow soon.
const LARGEST: f64 = 1e6;

fn n_cases() -> u64 {
    let given = env::var("GRADUS_CASES").ok();
    given.map_or(200, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// Random expressions as text, over the names of [`lab`].
struct Random {
    stream: Stream,
    /// Names of the indices that are open.
    open: Vec<String>,
}

impl Random {
    fn new(case: u64, label: &str) -> Random {
        Random { stream: Stream::new(case).split(label), open: Vec::new() }
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.stream.below(from.len())]
    }

    fn scalar(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let d = depth - 1;
        match self.stream.below(16) {
            0 => format!("({} + {})", self.scalar(d), self.scalar(d)),
            1 => format!("({} - {})", self.scalar(d), self.scalar(d)),
            2 | 3 => format!("({}*{})", self.scalar(d), self.scalar(d)),
            4 => format!("({}/(1 + {}^2))", self.scalar(d), self.scalar(d)),
            5 => format!("({})^{}", self.scalar(d), self.pick(&["2", "3"])),
            6 => format!("(-{})", self.scalar(d)),
            7 => {
                let smooth = ["sin", "cos", "tanh", "atan", "sigmoid", "softplus", "erf"];
                format!("{}({})", self.pick(&smooth), self.scalar(d))
            }
            8 => format!("log(1 + {}^2)", self.scalar(d)),
            9 => format!("sqrt(1 + exp(-{}^2))", self.scalar(d)),
            10 => format!(
                "(if {} {} {} then {} else {})",
                self.scalar(d),
                self.pick(&["<", "<=", ">", ">="]),
                self.scalar(d),
                self.scalar(d),
                self.scalar(d)
            ),
            11 => format!("{}({}, {})", self.pick(&["max", "min"]), self.scalar(d), self.scalar(d)),
            12 => self.binder(d, &["sum", "mean", "prod", "logsumexp", "max"]),
            13 => {
                let of = ["sum", "mean", "sumsq", "logsumexp", "norm1", "max"];
                format!("{}({})", self.pick(&of), self.column(d))
            }
            14 => format!("dot({}, {})", self.column(d), self.column(d)),
            _ => format!("({}'*{})", self.column(0), self.column(0)),
        }
    }

    /// `sum(... for i in 1..3)`, perhaps with a condition.
    fn binder(&mut self, d: usize, of: &[&str]) -> String {
        let op = self.pick(of);
        let index = format!("i{}", self.open.len() + 1);
        self.open.push(index.clone());
        let body = self.scalar(d);
        self.open.pop();
        let condition = self.pick(&["", "", " if INDEX != 2", " if INDEX > 1"]);
        format!("{op}({body} for {index} in 1..3{})", condition.replace("INDEX", &index))
    }

    fn column(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["v", "c"]).to_string();
        }
        let d = depth - 1;
        match self.stream.below(8) {
            0 => format!("({} + {})", self.column(d), self.column(d)),
            1 => format!("({} - {})", self.column(d), self.column(d)),
            2 => format!("({}*{})", self.scalar(d), self.column(d)),
            3 => format!("({} .* {})", self.column(d), self.column(d)),
            4 => format!("{}({})", self.pick(&["sin", "tanh", "atan"]), self.column(d)),
            5 => format!("({}*{})", self.pick(&["M", "M'"]), self.column(d)),
            6 => format!("[{}, {}, {}]", self.scalar(d), self.scalar(d), self.scalar(d)),
            _ => {
                let index = format!("k{}", self.open.len() + 1);
                self.open.push(index.clone());
                let body = self.scalar(d);
                self.open.pop();
                format!("[{body} for {index} in 1..3]")
            }
        }
    }

    fn leaf(&mut self) -> String {
        match self.stream.below(9) {
            0 | 1 => "x".to_string(),
            2 | 3 => "y".to_string(),
            4 => "a".to_string(),
            5 => self.pick(&["2", "0.5", "1/3", "1.7", "3"]).to_string(),
            6 => format!("v[{}]", self.stream.below(3) + 1),
            _ => match self.open.last().cloned() {
                Some(index) => format!("{}[{index}]", self.pick(&["v", "c"])),
                None => "x".to_string(),
            },
        }
    }
}

/// The names that random expressions are made of.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.unknown("x", Tensor::scalar(0.7));
    lab.unknown("y", Tensor::scalar(-0.4));
    lab.unknown("v", Tensor::vector(vec![0.3, -0.8, 1.1]));
    lab.known("a", Tensor::scalar(1.3));
    lab.known("c", Tensor::vector(vec![0.9, 0.2, -0.6]));
    let entries = vec![1.0, 0.2, -0.3, 0.4, 0.8, 0.1, -0.5, 0.6, 1.2];
    lab.known("M", Tensor::new(Shape::Matrix(3, 3), entries));
    lab
}

/// Tries a property on random expressions with a moderate value. Every failure is reported.
fn every(label: &str, property: impl Fn(&mut Lab, ExprId, &mut Random) -> Result<(), String>) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in 0..n_cases() {
        let mut random = Random::new(case, label);
        let depth = 2 + (case % 3) as usize;
        let text = random.scalar(depth);
        let mut lab = lab();
        let e = match lab.parse(&text) {
            Ok(e) => e,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        let value = lab.value(e).data()[0];
        if !value.is_finite() || value.abs() > LARGEST {
            continue;
        }
        tried += 1;
        if let Err(why) = property(&mut lab, e, &mut random) {
            wrong.push(format!("{text}\n    {why}"));
        }
    }
    assert!(tried > n_cases() / 2, "only {tried} expressions have a moderate value");
    assert!(wrong.is_empty(), "{} of {tried} fail\n{}", wrong.len(), wrong.join("\n"));
}

fn agree(what: &str, a: &Tensor, b: &Tensor, tolerance: f64) -> Result<(), String> {
    let close = |(a, b): (&f64, &f64)| close(*a, *b, tolerance);
    if a.shape() == b.shape() && a.data().iter().zip(b.data()).all(close) {
        return Ok(());
    }
    Err(format!("{what}: {:?} and {:?}", a.data(), b.data()))
}

#[test]
fn printed_text_parses_back_to_the_same_node() {
    every("round trip", |lab, e, _| {
        let text = print::text(&lab.g, e);
        let back = lab.parse(&text)?;
        if back == e {
            Ok(())
        } else {
            Err(format!("prints {text}, then {}", print::text(&lab.g, back)))
        }
    });
}

#[test]
fn shown_derivatives_parse_back_to_the_same_value() {
    every("shown", |lab, e, _| {
        let symbols = lab.unknowns();
        for d in diff::gradient(&mut lab.g, e, &symbols[..2]) {
            let text = simplify::shown(&mut lab.g, d);
            let back = lab.parse(&text)?;
            agree(&text, &lab.value(d), &lab.value(back), 1e-9)?;
        }
        Ok(())
    });
}

#[test]
fn stable_forms_keep_the_value() {
    every("stable", |lab, e, _| {
        let stable = simplify::stable(&mut lab.g, &[e])[0];
        agree("stable form", &lab.value(e), &lab.value(stable), 1e-9)
    });
}

#[test]
fn presented_forms_keep_the_value() {
    every("present", |lab, e, _| {
        let symbols = lab.unknowns();
        for d in diff::gradient(&mut lab.g, e, &symbols) {
            let presented = simplify::present(&mut lab.g, d);
            agree("presented form", &lab.value(d), &lab.value(presented), 1e-9)?;
        }
        Ok(())
    });
}

#[test]
fn gradients_agree_with_differences() {
    every("differences", |lab, e, _| {
        let symbols = lab.unknowns();
        let gradient = diff::gradient(&mut lab.g, e, &symbols);
        for (&unknown, d) in symbols.iter().zip(gradient) {
            let symbolic = lab.value(d);
            for (k, &s) in symbolic.data().iter().enumerate() {
                verify_difference(lab, e, (unknown, k), s)?;
            }
        }
        Ok(())
    });
}

/// A branch may change within the longer steps; one step length must agree.
fn verify_difference(
    lab: &mut Lab,
    e: ExprId,
    at: (SymbolId, usize),
    s: f64,
) -> Result<(), String> {
    let numeric = [1e-3, 1e-4, 1e-5, 1e-6].map(|step| lab.differences(e, at.0, at.1, step)[0]);
    if numeric.iter().any(|n| close(s, *n, 1e-5)) {
        return Ok(());
    }
    let name = &lab.g.symbol(at.0).name;
    Err(format!("by {name}, entry {}: {s}, by differences {numeric:?}", at.1 + 1))
}

#[test]
fn the_gradient_of_a_sum_is_the_sum_of_gradients() {
    every("linear", |lab, e, random| {
        let text = random.scalar(3);
        let other = lab.parse(&text)?;
        let total = lab.g.add(&[e, other]);
        for unknown in lab.unknowns() {
            let [a, b, both] = [e, other, total].map(|f| {
                let d = diff::gradient(&mut lab.g, f, &[unknown])[0];
                lab.value(d)
            });
            agree(&text, &a.zip(&b, |a, b| a + b), &both, 1e-9)?;
        }
        Ok(())
    });
}

#[test]
fn forward_equals_reverse() {
    every("forward", |lab, e, _| {
        for unknown in lab.unknowns() {
            let shape = lab.at(unknown).shape();
            let direction = Tensor::new(shape, vec![0.6; shape.len()]);
            let d = lab.known("direction", direction);
            let forward = diff::tangent(&mut lab.g, &[e], &[(unknown, d)])[0];
            let gradient = diff::gradient(&mut lab.g, e, &[unknown])[0];
            let total: f64 = lab.value(gradient).data().iter().map(|g| 0.6 * g).sum();
            agree("tangent and gradient", &lab.value(forward), &Tensor::scalar(total), 1e-9)?;
        }
        Ok(())
    });
}

#[test]
fn substitution_is_evaluation_elsewhere() {
    every("substitute", |lab, e, random| {
        // What is put in holds the same index names, bound, and the other unknowns.
        let text = format!("({} + sum(v[i1]*c[i1] for i1 in 1..3))", random.scalar(1));
        let to = lab.parse(&text)?;
        let unknown = lab.unknowns()[0];
        let x = lab.g.leaf(unknown);
        let replaced = ops::substitute(&mut lab.g, e, &[(x, to)]);
        let found = lab.value(replaced);
        let at = lab.value(to);
        lab.set(unknown, at);
        agree(&format!("x replaced by {text}"), &found, &lab.value(e), 1e-9)
    });
}

#[test]
fn native_code_agrees_with_the_evaluator() {
    every("native", |lab, e, _| {
        let symbols = lab.unknowns();
        let gradient = diff::gradient(&mut lab.g, e, &symbols);
        for f in [&[e], &gradient[..]].concat() {
            let stable = simplify::stable(&mut lab.g, &[f])[0];
            let Some(native) = lab.native(stable) else { continue };
            let plain = lab.value(stable);
            let native = Tensor::new(plain.shape(), native);
            agree(&print::text(&lab.g, f), &plain, &native, 1e-9)?;
        }
        Ok(())
    });
}

/// A chain of operations on one unknown.
fn chain(lab: &mut Lab, length: usize) -> ExprId {
    let x = lab.unknown("x", Tensor::scalar(0.3));
    let mut e = x;
    for k in 0..length / 2 {
        e = lab.g.apply(if k % 2 == 0 { Op::Sin } else { Op::Atan }, &[e]);
        e = lab.g.add(&[e, x]);
    }
    e
}

#[test]
fn a_chain_of_operations() {
    deep_chain(400);
}

#[test]
#[ignore = "a debug build needs more stack for it than a test thread has"]
fn a_chain_of_100_000_operations() {
    deep_chain(100_000);
}

fn deep_chain(length: usize) {
    let mut lab = Lab::new();
    let e = chain(&mut lab, length);
    let symbols = lab.unknowns();
    let before = lab.g.len();
    let d = diff::gradient(&mut lab.g, e, &symbols)[0];
    assert!(lab.g.len() < 6 * before, "{} nodes become {}", before, lab.g.len());
    assert!(lab.value(d).data()[0].is_finite());
    let stable = simplify::stable(&mut lab.g, &[d])[0];
    assert!(close(lab.value(stable).data()[0], lab.value(d).data()[0], 1e-9));
    assert!(!print::text(&lab.g, e).is_empty());
}

#[test]
fn a_chain_of_shared_squares_prints_with_names_for_its_parts() {
    let mut lab = Lab::new();
    let mut e = lab.unknown("x", Tensor::scalar(0.3));
    let c = lab.known("c", Tensor::scalar(-0.5));
    for _ in 0..60 {
        let square = lab.g.mul(&[e, e]);
        e = lab.g.add(&[square, c]);
    }
    let symbols = lab.unknowns();
    let d = diff::gradient(&mut lab.g, e, &symbols)[0];
    for f in [e, d] {
        let text = simplify::shown(&mut lab.g, f);
        assert!(text.len() < 60 * 100, "the text has {} characters", text.len());
        let back = lab.parse(&text).expect("printed text parses");
        assert!(close(lab.value(f).data()[0], lab.value(back).data()[0], 1e-9));
    }
}

#[test]
fn pure_squares_fold() {
    let squares: String = (1..=60).map(|k| format!("let x{k} = x{}*x{}\n", k - 1, k - 1)).collect();
    let ran = run(&format!("var x0\n{squares}diff(x60, x0) at (x0 = 1)")).passed("squares");
    assert_eq!(ran.texts(), ["1.15292e18"], "2^60");
}

#[test]
fn deep_nesting_is_printed() {
    let depth = 10_000;
    let text = format!("{}x{}", "sin(".repeat(depth), ")".repeat(depth));
    let ran = run(&format!("var x\n{text}")).passed("10,000 nested calls");
    assert!(ran.texts() == [text], "the text comes back changed");
}

#[test]
fn nesting_is_differentiated() {
    nested_derivative(400);
}

#[test]
#[ignore = "takes a quarter of a minute in a debug build"]
fn deep_nesting_is_differentiated() {
    nested_derivative(10_000);
}

fn nested_derivative(depth: usize) {
    let text = format!("{}x{}", "sin(".repeat(depth), ")".repeat(depth));
    let ran = run(&format!("var x\ndiff({text}, x) at (x = 0)")).passed("nested calls");
    assert_eq!(ran.texts(), ["1"]);
}

#[test]
fn a_sum_of_many_terms_is_differentiated() {
    let terms: Vec<String> = (1..=5_000).map(|k| format!("{k}*x^2")).collect();
    let ran = run(&format!("var x\ndiff({}, x)", terms.join(" + "))).passed("5,000 terms");
    assert_eq!(ran.texts(), [format!("{}*x", 5_000 * 5_001)]);
}
