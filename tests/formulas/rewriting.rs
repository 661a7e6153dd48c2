//! Rewriting keeps shapes and values: every rule that makes a form of an expression is tried on
//! random expressions of every shape, at ordinary points and at the edges of domains.
//!
//! 200 expressions by default; `GRADUS_CASES=100000 cargo test --test formulas rewriting` tries more. A
//! failure names the rule, the expression, its form and the point.
//!
//! To add a rule, add a row to [`RULES`]; to add a form of expression, an arm to [`Random`].

use std::env;
use std::panic::{self, AssertUnwindSafe};

use crate::support::lab::Lab;
use gradus::equality::{self, Domain, Verdict};
use gradus::eval;
use gradus::expr::{ExprId, Graph};
use gradus::print;
use gradus::random::Stream;
use gradus::shape::{Shape, Tensor};
use gradus::simplify;

fn n_cases() -> u64 {
    let given = env::var("GRADUS_CASES").ok();
    given.map_or(200, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// What a rule makes of an expression; itself where it does not apply.
type Form = fn(&mut Graph, ExprId) -> ExprId;

/// All rules that make forms of expressions, and whether they cancel what has no value everywhere,
/// as in `sqrt(y) - y^0.5`.
const RULES: &[(&str, bool, Form)] = &[
    ("expand", false, |g, e| simplify::expand(g, e).unwrap_or(e)),
    ("expand_all", false, |g, e| simplify::expand_all(g, e).unwrap_or(e)),
    ("factor", true, simplify::factor),
    ("simplify", true, simplify::simplify),
    ("shorten", true, simplify::shorten),
    ("stable", false, |g, e| simplify::stable(g, &[e])[0]),
    ("present", false, simplify::present),
    ("basic", false, simplify::basic),
    ("without_large_sums", false, |g, e| simplify::without_large_sums(g, &[e])[0]),
];

/// Random expressions as text, over the names of [`lab`].
struct Random {
    stream: Stream,
    /// Names of the indices that are open.
    open: Vec<String>,
}

impl Random {
    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.stream.below(from.len())]
    }

    fn scalar(&mut self, depth: usize) -> String {
        let Some(d) = depth.checked_sub(1) else { return self.leaf() };
        match self.stream.below(20) {
            0 | 1 => format!("({} {} {})", self.scalar(d), self.pick(&["+", "-"]), self.scalar(d)),
            2 | 3 => format!("({}*{})", self.scalar(d), self.scalar(d)),
            4 => format!("({}/{})", self.scalar(d), self.scalar(d)),
            5 => {
                format!(
                    "({})^{}",
                    self.scalar(d),
                    self.pick(&["2", "3", "-1", "-2", "0.5", "a", "0"])
                )
            }
            6 => format!("(-{})", self.scalar(d)),
            7 | 8 => {
                let function = self.pick(FUNCTIONS);
                format!("{function}({})", self.scalar(d))
            }
            9 => format!(
                "(if {} {} {} then {} else {})",
                self.scalar(d),
                self.pick(&["<", "<=", ">", ">=", "=="]),
                self.scalar(d),
                self.scalar(d),
                self.scalar(d)
            ),
            10 => format!("{}({}, {})", self.pick(&["max", "min"]), self.scalar(d), self.scalar(d)),
            11 | 12 => self.binder(d),
            13 => {
                let of = ["sum", "mean", "sumsq", "prod", "norm1", "max", "norm", "logsumexp"];
                format!("{}({})", self.pick(&of), self.any_array(d))
            }
            14 => format!("dot({}, {})", self.column(d), self.column(d)),
            15 | 16 => format!("({}*{})", self.row(d), self.column(d)),
            17 => format!("{}({})", self.pick(&["tr", "tr", "det", "sum"]), self.matrix(d)),
            18 => format!("({})[{}]", self.column(d), self.stream.below(3) + 1),
            _ => format!("({}*{}*{})", self.row(0), self.matrix(d), self.column(0)),
        }
    }

    /// `sum(... for i in 1..3)`, perhaps with a condition.
    fn binder(&mut self, d: usize) -> String {
        let op = self.pick(&["sum", "sum", "sum", "mean", "prod", "max", "logsumexp"]);
        let index = format!("i{}", self.open.len() + 1);
        self.open.push(index.clone());
        let body = self.scalar(d);
        self.open.pop();
        let condition = self.pick(&["", "", " if INDEX != 2", " if INDEX > 1", " if 2*INDEX <= n"]);
        format!("{op}({body} for {index} in 1..3{})", condition.replace("INDEX", &index))
    }

    fn any_array(&mut self, d: usize) -> String {
        match self.stream.below(3) {
            0 => self.matrix(d),
            1 => self.row(d),
            _ => self.column(d),
        }
    }

    fn row(&mut self, d: usize) -> String {
        format!("({})'", self.column(d))
    }

    fn column(&mut self, depth: usize) -> String {
        let Some(d) = depth.checked_sub(1) else { return self.pick(&["v", "w", "c"]).to_string() };
        match self.stream.below(14) {
            0 | 1 => format!("({} {} {})", self.column(d), self.pick(&["+", "-"]), self.column(d)),
            2 | 3 => format!("({}*{})", self.scalar(d), self.column(d)),
            4 => format!("({} {} {})", self.column(d), self.pick(&[".*", "./"]), self.column(d)),
            5 => format!("{}({})", self.pick(FUNCTIONS), self.column(d)),
            6 | 7 => format!("({}*{})", self.matrix(d), self.column(d)),
            8 => format!("[{}, {}, {}]", self.scalar(d), self.scalar(d), self.scalar(d)),
            9 => format!("({} + {})", self.column(d), self.scalar(d)),
            10 => format!("({}).^{}", self.column(d), self.pick(&["2", "3", "-1"])),
            11 => format!("diag({})", self.matrix(d)),
            12 => {
                self.pick(&["rowsum(W)", "colsum(W)'", "ones(3)", "zeros(3)", "cumsum(v)"]).into()
            }
            _ => {
                let index = format!("k{}", self.open.len() + 1);
                self.open.push(index.clone());
                let body = self.scalar(d);
                self.open.pop();
                format!("[{body} for {index} in 1..3]")
            }
        }
    }

    fn matrix(&mut self, depth: usize) -> String {
        let Some(d) = depth.checked_sub(1) else {
            return self.pick(&["W", "M", "eye(3)", "W'"]).to_string();
        };
        match self.stream.below(13) {
            0 | 1 => format!("({} {} {})", self.matrix(d), self.pick(&["+", "-"]), self.matrix(d)),
            2 => format!("({}*{})", self.scalar(d), self.matrix(d)),
            3 => format!("({} {} {})", self.matrix(d), self.pick(&[".*", "./"]), self.matrix(d)),
            4 | 5 => format!("({}*{})", self.matrix(d), self.matrix(d)),
            6 | 7 => format!("({}*{})", self.column(d), self.row(d)),
            8 => format!("({})'", self.matrix(d)),
            9 => format!("diag({})", self.column(d)),
            10 => format!("({} {} {})", self.matrix(d), self.pick(&[".*", ".+"]), self.row(d)),
            11 => format!("({})^2", self.matrix(d)),
            _ => format!("({} {} {})", self.matrix(d), self.pick(&[".*", ".+"]), self.column(d)),
        }
    }

    fn leaf(&mut self) -> String {
        match self.stream.below(10) {
            0 | 1 => "x".to_string(),
            2 | 3 => "y".to_string(),
            4 => self.pick(&["a", "n"]).to_string(),
            5 => self.pick(&["2", "0.5", "1/3", "1.7", "3", "0", "1", "-2"]).to_string(),
            6 => format!("v[{}]", self.stream.below(3) + 1),
            7 => format!("W[{}, {}]", self.stream.below(3) + 1, self.stream.below(3) + 1),
            _ => match self.open.last().cloned() {
                Some(index) => self.pick(&["v[I]", "c[I]", "I", "W[I, 2]"]).replace('I', &index),
                None => "x".to_string(),
            },
        }
    }
}

const FUNCTIONS: &[&str] = &[
    "exp", "log", "sqrt", "abs", "sin", "cos", "tanh", "sigmoid", "log1p", "sign", "cosh", "tan",
    "relu", "atan", "softplus",
];

/// Values of the unknowns `x`, `y`, and of every entry of the arrays. The first are ordinary, the
/// others lie at edges of domains.
const POINTS: [[f64; 2]; 6] =
    [[0.7, 1.3], [2.6, -0.4], [-1.2, 0.8], [0.0, 1.0], [1.0, -1.0], [0.0, 0.0]];
/// So many points are ordinary.
const ORDINARY: usize = 3;

/// The names that random expressions are made of.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.unknown("x", Tensor::scalar(0.7));
    lab.unknown("y", Tensor::scalar(1.3));
    lab.unknown("v", Tensor::vector(vec![0.3, -0.8, 1.1]));
    lab.unknown("w", Tensor::vector(vec![-1.4, 0.6, 0.9]));
    let entries = vec![1.3, 0.2, -0.3, 0.4, 0.8, 0.1, -0.5, 0.6, 1.2];
    lab.unknown("W", Tensor::new(Shape::Matrix(3, 3), entries));
    lab.known("a", Tensor::scalar(1.3));
    lab.known("n", Tensor::scalar(3.0));
    lab.known("c", Tensor::vector(vec![0.9, 0.2, -0.6]));
    let entries = vec![1.0, 0.2, -0.3, 0.4, 0.8, 0.1, -0.5, 0.6, 1.2];
    lab.known("M", Tensor::new(Shape::Matrix(3, 3), entries));
    lab
}

/// Moves the unknowns to a point.
fn move_to(lab: &mut Lab, [x, y]: [f64; 2]) {
    for (k, symbol) in lab.unknowns().into_iter().enumerate() {
        let shape = lab.at(symbol).shape();
        let entry = |j: usize| x + (y - x) * ((k + 3 * j) % 4) as f64 / 1.5;
        let data = match k {
            0 => vec![x],
            1 => vec![y],
            _ => (0..shape.len()).map(entry).collect(),
        };
        lab.set(symbol, Tensor::new(shape, data));
    }
}

/// The largest of the values that an expression is made of, which says how much of its own value
/// is rounding.
fn magnitude(lab: &Lab, e: ExprId) -> f64 {
    let closed: Vec<ExprId> =
        lab.g.reachable(&[e]).into_iter().filter(|&n| lab.g.free_indices(n).is_empty()).collect();
    let lookup = |s| Some(lab.at(s).clone());
    let values = eval::evaluate(&lab.g, &closed, &lookup).unwrap_or_default();
    let all = values.iter().flat_map(|t| t.data().iter().copied());
    all.fold(1.0, |most: f64, v| if v.is_nan() { most } else { most.max(v.abs()) })
}

/// Compares a form with what it came from at the point where the lab stands. Where `strict`, a
/// form may not have a value that there was none of.
fn same_value(lab: &Lab, e: ExprId, form: ExprId, strict: bool) -> Result<(), String> {
    let (shape, new) = (lab.g.shape(e), lab.g.shape(form));
    if shape != new {
        return Err(format!("{shape:?} became {new:?}"));
    }
    let (before, after) = (lab.value(e), lab.value(form));
    let scale = magnitude(lab, e).max(magnitude(lab, form));
    // What is larger loses all digits where it cancels.
    if scale > 1e7 {
        return Ok(());
    }
    let same = |a: f64, b: f64| match (a.is_finite(), b.is_finite()) {
        (true, true) => (a - b).abs() <= 1e-7 * scale,
        (false, false) => true,
        // At an edge a common factor may have left a quotient of zeros. Zero times what has no value is zero by its form.
        (false, true) => !strict || b == 0.0,
        (true, false) => false,
    };
    if before.data().iter().zip(after.data()).all(|(a, b)| same(*a, *b)) {
        return Ok(());
    }
    Err(format!("{:?} became {:?}", before.data(), after.data()))
}

/// A random expression of a random shape.
fn expression(case: u64) -> String {
    let mut random = Random { stream: Stream::new(case).split("rewriting"), open: Vec::new() };
    let depth = 2 + (case % 3) as usize;
    match case % 4 {
        0 | 1 => random.scalar(depth),
        2 => random.column(depth),
        _ => random.matrix(depth),
    }
}

/// Tries a property on random expressions; all failures are reported.
fn every(property: impl Fn(&mut Lab, ExprId) -> Result<(), String>) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in 0..n_cases() {
        let text = expression(case);
        let mut lab = lab();
        // A shape that is a row where a column is asked for, or a constant that is not a number.
        let Ok(e) = lab.parse(&text) else { continue };
        tried += 1;
        let kept = panic::catch_unwind(AssertUnwindSafe(|| property(&mut lab, e)));
        if let Err(why) = kept.unwrap_or_else(|_| Err("panics, as said above".to_string())) {
            wrong.push(format!("{text}\n    {why}"));
        }
    }
    assert!(tried > n_cases() / 2, "only {tried} expressions could be read");
    assert!(wrong.is_empty(), "{} of {tried} fail\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_keeps_shape_and_value() {
    every(|lab, e| {
        let mut wrong = Vec::new();
        for &(rule, cancels, form) in RULES {
            let made = form(&mut lab.g, e);
            for (k, point) in POINTS.into_iter().enumerate() {
                move_to(lab, point);
                if let Err(why) = same_value(lab, e, made, k < ORDINARY && !cancels) {
                    let text = print::text(&lab.g, made);
                    wrong.push(format!("{rule} gives {text} at {point:?}: {why}"));
                    break;
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n    ")) }
    });
}

#[test]
fn what_is_called_equal_has_equal_values() {
    every(|lab, e| {
        let domains: Vec<Domain> = lab
            .unknowns()
            .into_iter()
            .map(|unknown| Domain {
                unknown,
                start: lab.at(unknown).clone(),
                lower: None,
                upper: None,
            })
            .collect();
        // A number more is a difference that no rule may lose.
        let (third, shape) = (lab.g.number(gradus::expr::Num::frac(1, 3)), lab.g.shape(e));
        let third = lab.g.fill(shape, third);
        let other = lab.g.add(&[e, third]);
        let found = equality::compare(&mut lab.g, e, other, &domains);
        match found {
            Ok(Verdict::SameForm | Verdict::AtPoints(_)) => {
                move_to(lab, POINTS[0]);
                if magnitude(lab, e) < 1e7 && lab.value(e).data().iter().all(|v| v.is_finite()) {
                    return Err("equals itself and a third".to_string());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    });
}
