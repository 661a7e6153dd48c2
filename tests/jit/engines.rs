//! One meaning in every engine: objectives as scripts write them, of scalars, columns, rows and matrices, with value,
//! gradient and a product with the Hessian, by the plain evaluator, by the block engine and by every kind of
//! compiled code.
//!
//! 40 objectives by default; `GRADUS_CASES=20000 cargo test --test jit engines` tries more. A failure names the objective
//! and the way to evaluate it.

use std::env;

use crate::support::lab::Lab;
use gradus::diff;
use gradus::expr::{ExprId, Symbol, SymbolId};
use gradus::jit::{Choice, Options, Simd, compile};
use gradus::ops;
use gradus::random::Stream;
use gradus::shape::{Shape, Tensor};
use gradus::simplify;

fn cases() -> u64 {
    let given = env::var("GRADUS_CASES").ok();
    given.map_or(40, |n| n.parse().expect("GRADUS_CASES is a whole number"))
}

/// Random objectives as text, over the names of [`lab`]. A shape is a pair of rows and columns; 1 by 1 is a scalar,
/// m by 1 a column.
struct Random {
    stream: Stream,
    /// Open indices with the ends of their ranges.
    open: Vec<(String, usize)>,
    /// Indices opened so far.
    names: usize,
}

impl Random {
    fn new(case: u64, label: &str) -> Random {
        Random { stream: Stream::new(case).split(label), open: Vec::new(), names: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        self.stream.below(n)
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.stream.below(from.len())]
    }

    /// A whole number from 1 to `n`, by an open index where there is one.
    fn index(&mut self, n: usize) -> String {
        if self.open.is_empty() || self.below(4) == 0 {
            return (1 + self.below(n)).to_string();
        }
        let at = self.below(self.open.len());
        let (name, last) = self.open[at].clone();
        match self.below(3) {
            0 if last <= n => name,
            1 if last <= n => format!("{} - {name}", last + 1),
            _ => format!("mod({name}, {n}) + 1"),
        }
    }

    /// Opens an index over `1..last` for what `body` writes.
    fn over(&mut self, last: usize, body: impl FnOnce(&mut Self) -> String) -> (String, String) {
        self.names += 1;
        let name = format!("i{}", self.names);
        self.open.push((name.clone(), last));
        let text = body(self);
        self.open.pop();
        (name, text)
    }

    fn condition(&mut self, d: usize) -> String {
        let (left, right) = match self.open.last().cloned() {
            Some((name, _)) if self.below(2) == 0 => (name, "2".to_string()),
            _ => (self.scalar(d), "0.4".to_string()),
        };
        format!("{left} {} {right}", self.pick(&["<", "<=", ">", ">=", "!="]))
    }

    fn scalar(&mut self, depth: usize) -> String {
        let Some(d) = depth.checked_sub(1) else { return self.leaf() };
        match self.below(22) {
            0 => format!("({} + {})", self.scalar(d), self.scalar(d)),
            1 => format!("({} - {})", self.scalar(d), self.scalar(d)),
            2 => format!("({}*{})", self.scalar(d), self.scalar(d)),
            3 => format!("({}/(1 + {}^2))", self.scalar(d), self.scalar(d)),
            4 => format!("({})^{}", self.scalar(d), self.pick(&["2", "3", "2", "1"])),
            5 => {
                let smooth = ["sin", "cos", "tanh", "atan", "sigmoid", "softplus", "erf", "abs"];
                format!("{}({})", self.pick(&smooth), self.scalar(d))
            }
            6 => {
                let (c, a, b) = (self.condition(d.min(1)), self.scalar(d), self.scalar(d));
                format!("(if {c} then {a} else {b})")
            }
            7 => format!(
                "{}({}, {})",
                self.pick(&["max", "min", "hypot"]),
                self.scalar(d),
                self.scalar(d)
            ),
            8..=11 => self.binder(d),
            12..=15 => {
                let of = [
                    "sum",
                    "mean",
                    "sumsq",
                    "norm",
                    "norm1",
                    "norminf",
                    "max",
                    "min",
                    "logsumexp",
                    "prod",
                ];
                let (m, n) = self.shape();
                format!("{}({})", self.pick(&of), self.array(m, n, d))
            }
            16 => {
                let n = 3 + self.below(2);
                format!("({}*{})", self.array(1, n, d), self.array(n, 1, d))
            }
            17 => {
                let (m, n) = (3 + self.below(2), 3 + self.below(2));
                format!("({}*{}*{})", self.array(1, m, d), self.array(m, n, 0), self.array(n, 1, d))
            }
            18 => {
                let (m, n) = self.shape();
                format!("dot({}, {})", self.array(m, n, d), self.array(m, n, d))
            }
            19 => format!("tr({})", self.array(3, 3, d)),
            20 => {
                let n = 3 + self.below(2);
                format!("({})[{}]", self.array(n, 1, d), self.index(n))
            }
            _ => format!("({})[{}, {}]", self.array(4, 3, d), self.index(4), self.index(3)),
        }
    }

    /// Sums and their like over an index, perhaps with a condition.
    fn binder(&mut self, d: usize) -> String {
        let op = self.pick(&["sum", "sum", "mean", "prod", "max", "min", "logsumexp"]);
        let last = [3, 3, 4, 65][self.below(4)];
        let last = if op == "prod" { last.min(4) } else { last };
        let (name, body) = self.over(last, |r| {
            let body = r.scalar(d);
            // An end that moves with the index outside.
            match r.below(5) {
                0 => format!("{body} for NAME in 1..LAST if NAME != 2"),
                1 => format!("{body} for NAME in 1..LAST if NAME > 1"),
                _ => format!("{body} for NAME in 1..LAST"),
            }
        });
        let outer = self.open.last().cloned();
        let end = match outer {
            Some((outer, _)) if self.below(3) == 0 && !body.contains("if NAME") => {
                format!("min({outer}, {last})")
            }
            _ => last.to_string(),
        };
        format!("{op}({})", body.replace("NAME", &name).replace("LAST", &end))
    }

    fn shape(&mut self) -> (usize, usize) {
        [(3, 1), (4, 1), (1, 3), (3, 3), (4, 3), (3, 4)][self.below(6)]
    }

    fn leaf(&mut self) -> String {
        match self.below(10) {
            0 | 1 => "x".to_string(),
            2 => "y".to_string(),
            3 => self.pick(&["2", "0.5", "1.7"]).to_string(),
            4 => format!("u[{}]", self.index(3)),
            5 => format!("v[{}]", self.index(4)),
            6 => format!("W[{}, {}]", self.index(4), self.index(3)),
            7 => format!("p[{}]", self.index(3)),
            8 => match self.open.last().cloned() {
                Some((name, last)) => format!("({name}/{last})"),
                None => "x".to_string(),
            },
            _ => format!("B[{}, {}]", self.index(4), self.index(3)),
        }
    }

    /// A named array of a shape.
    fn named(&mut self, m: usize, n: usize) -> String {
        let name = match (m, n) {
            (3, 1) => self.pick(&["u", "p", "v[2..4]", "W[2, :]'", "B[1..3, 2]", "cumsum(u)"]),
            (4, 1) => self.pick(&["v", "q", "W[:, 3]", "cumsum(v)"]),
            (1, 3) => self.pick(&["u'", "p'", "W[2, :]"]),
            (1, 4) => self.pick(&["v'", "q'"]),
            (3, 3) => self.pick(&["S", "A", "W[1..3, :]", "diag(u)", "eye(3)"]),
            (4, 3) => self.pick(&["W", "B"]),
            (3, 4) => self.pick(&["W'", "B'"]),
            _ => "ones(4, 4)",
        };
        name.to_string()
    }

    fn array(&mut self, m: usize, n: usize, depth: usize) -> String {
        if (m, n) == (1, 1) {
            return self.scalar(depth);
        }
        let Some(d) = depth.checked_sub(1) else { return self.named(m, n) };
        match self.below(16) {
            0 => format!("({} + {})", self.array(m, n, d), self.array(m, n, d)),
            1 => format!("({} - {})", self.array(m, n, d), self.array(m, n, d)),
            2 => format!("({} + {})", self.array(m, n, d), self.scalar(d)),
            3 => format!("({}*{})", self.scalar(d), self.array(m, n, d)),
            4 => format!("({} .* {})", self.array(m, n, d), self.array(m, n, d)),
            5 => format!("({} ./ (1 + {}.^2))", self.array(m, n, d), self.array(m, n, d)),
            6 => format!(
                "{}({})",
                self.pick(&["sin", "tanh", "atan", "abs", "relu"]),
                self.array(m, n, d)
            ),
            7 if m > 1 && n > 1 => format!("({} .+ {})", self.array(m, n, d), self.array(1, n, d)),
            8 if m > 1 && n > 1 => format!("({} .* {})", self.array(m, n, d), self.array(m, 1, d)),
            7 | 9 => {
                let k = 3 + self.below(2);
                format!("({}*{})", self.array(m, k, d), self.array(k, n, d))
            }
            8 | 10 if m > 1 && n > 1 => {
                format!("({}*{})", self.array(m, 1, d), self.array(1, n, d))
            }
            11 if (n, m) != (4, 4) => format!("({})'", self.array(n, m, d)),
            12 if n == 1 => {
                let (name, body) = self.over(m, |r| r.scalar(d));
                format!("[{body} for {name} in 1..{m}]")
            }
            12 if m > 1 => {
                let (row, (column, body)) = {
                    let mut inner = (String::new(), String::new());
                    let (row, _) = self.over(m, |r| {
                        inner = r.over(n, |r| r.scalar(d));
                        String::new()
                    });
                    (row, inner)
                };
                format!("[{body} for {row} in 1..{m} for {column} in 1..{n}]")
            }
            13 if n == 1 => {
                let by = self.pick(&["rowsum", "rowmean", "rowmax", "rowlogsumexp"]);
                format!("{by}({})", self.array(m, 3, d))
            }
            13 if m == 1 => {
                let by = self.pick(&["colsum", "colmean", "colmax", "collogsumexp"]);
                format!("{by}({})", self.array(4, n, d))
            }
            14 => {
                let (c, a, b) =
                    (self.condition(d.min(1)), self.array(m, n, d), self.array(m, n, d));
                format!("(if {c} then {a} else {b})")
            }
            15 if n == 1 => format!("cumsum({})", self.array(m, 1, d)),
            _ => self.named(m, n),
        }
    }
}

/// The names that objectives are made of. Entries of `tied` repeat, so that maxima tie.
fn lab(tied: bool) -> Lab {
    let entry = |k: usize| {
        let k = if tied { k % 3 } else { k };
        0.9 * (1.3 * k as f64 + 0.4).sin() + 0.1
    };
    let array = |shape: Shape, from: usize| {
        Tensor::new(shape, (from..from + shape.len()).map(entry).collect::<Vec<_>>())
    };
    let mut lab = Lab::new();
    lab.unknown("x", Tensor::scalar(entry(0)));
    lab.unknown("y", Tensor::scalar(if tied { entry(0) } else { -0.4 }));
    lab.unknown("u", array(Shape::Vector(3), 1));
    lab.unknown("v", array(Shape::Vector(4), 4));
    lab.unknown("S", array(Shape::Matrix(3, 3), 8));
    lab.unknown("W", array(Shape::Matrix(4, 3), 17));
    lab.known("p", array(Shape::Vector(3), 29));
    lab.known("q", array(Shape::Vector(4), 32));
    lab.known("A", array(Shape::Matrix(3, 3), 36));
    lab.known("B", array(Shape::Matrix(4, 3), 45));
    lab
}

/// The ways to run kernels on this machine.
fn ways() -> Vec<(String, Options)> {
    let blocks = [false, true].map(|always| Choice::Blocks { always });
    let mut ways = Vec::new();
    for simd in Simd::ALL.into_iter().filter(|&s| s <= Simd::here()) {
        let compiled = [Choice::Auto, Choice::Always];
        for wide in compiled.into_iter().filter(|_| cfg!(feature = "jit")).chain(blocks) {
            ways.push((
                format!("{simd:?}, {wide:?}"),
                Options { wide, simd: Some(simd), ..Options::default() },
            ));
        }
    }
    if cfg!(feature = "jit") {
        let scalar = Options { wide: Choice::Never, ..Options::default() };
        ways.push(("scalar loops".to_string(), scalar));
        ways.push(("two threads".to_string(), Options { threads: 2, ..Options::default() }));
    }
    ways
}

/// The entries of expressions one after the other, by the evaluator.
fn plain(lab: &Lab, outputs: &[ExprId]) -> Result<Vec<f64>, String> {
    let lookup = |s: SymbolId| lab.unknowns().contains(&s).then(|| lab.at(s).clone());
    let found = gradus::eval::evaluate(&lab.g, outputs, &lookup).map_err(|e| format!("{e:?}"))?;
    Ok(found.iter().flat_map(|t| t.data().to_vec()).collect())
}

/// Value, gradient and a product with the Hessian.
fn parts(lab: &mut Lab, f: ExprId) -> Vec<ExprId> {
    let symbols = lab.unknowns();
    let g = &mut lab.g;
    let gradient = diff::gradient(g, f, &symbols);
    let mut moves = Vec::new();
    for &s in &symbols {
        let shape = g.symbol(s).shape;
        let entries: Vec<f64> = (0..shape.len()).map(|k| 0.3 + (2.1 * k as f64).cos()).collect();
        let d = g.declare(Symbol::known("d", shape, Some(Tensor::new(shape, entries))));
        moves.push((s, g.leaf(d)));
    }
    let change = diff::tangent(g, &gradient, &moves);
    simplify::stable(g, &[vec![f], gradient, change].concat())
}

/// The largest change of each number when the inputs move by some units of their last place: what two ways to round
/// may differ by. Infinite where it jumps.
fn sensitivity(lab: &mut Lab, outputs: &[ExprId], expected: &[f64]) -> Vec<f64> {
    let mut most = vec![0.0f64; expected.len()];
    let mut stream = Stream::new(3).split("moves");
    for _ in 0..8 {
        let mut before = Vec::new();
        for s in lab.unknowns() {
            let value = lab.at(s).clone();
            let moved = value.map_in_order(|x| x * (1.0 + 1e-15 * (2.0 * stream.unit() - 1.0)));
            before.push((s, lab.set(s, moved)));
        }
        let found = plain(lab, outputs).unwrap_or_else(|_| vec![f64::NAN; expected.len()]);
        for (most, (a, b)) in most.iter_mut().zip(found.iter().zip(expected)) {
            let same = a == b || (a.is_nan() && b.is_nan());
            let gap = if (a - b).is_finite() { (a - b).abs() } else { f64::INFINITY };
            *most = most.max(if same { 0.0 } else { gap });
        }
        for (s, value) in before {
            lab.set(s, value);
        }
    }
    most
}

/// Whether all engines give the same for the parts of an objective.
fn agreement(text: &str, tied: bool) -> Result<bool, String> {
    let mut lab = lab(tied);
    let Ok(f) = lab.parse(text) else { return Ok(false) };
    let outputs = parts(&mut lab, f);
    let Ok(expected) = plain(&lab, &outputs) else { return Ok(false) };
    let x: Vec<f64> = lab.unknowns().iter().flat_map(|&s| lab.at(s).data().to_vec()).collect();
    let finite = expected.iter().filter(|v| v.is_finite());
    let size = finite.fold(1.0f64, |a, v| a.max(v.abs()));
    let mut moves: Option<Vec<f64>> = None;
    for (way, options) in ways() {
        let kernel =
            compile(&lab.g, &outputs, &lab.unknowns(), &options).map_err(|e| e.to_string())?;
        let mut found = vec![0.0; kernel.n_out()];
        kernel.call(&x, &mut found).map_err(|e| format!("{text}\n    {way}: {e:?}"))?;
        for (k, (&a, &b)) in found.iter().zip(&expected).enumerate() {
            if a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-11 * size {
                continue;
            }
            let moves = moves.get_or_insert_with(|| sensitivity(&mut lab, &outputs, &expected));
            if (a - b).abs() <= 1e3 * moves[k] || moves[k] == f64::INFINITY {
                continue;
            }
            return Err(format!("{text}\n    {way}: number {k} is {a}, the evaluator's {b}"));
        }
    }
    Ok(true)
}

fn every(label: &str, tied: bool) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in 0..cases() {
        let mut random = Random::new(case, label);
        let text = random.scalar(2 + (case % 3) as usize);
        let outcome = std::panic::catch_unwind(|| agreement(&text, tied));
        match outcome {
            Ok(Ok(done)) => tried += u64::from(done),
            Ok(Err(why)) => wrong.push(why),
            Err(_) => wrong.push(format!("{text}\n    panics")),
        }
    }
    println!("{label}: {tried} of {} compared", cases());
    assert!(wrong.is_empty(), "{} of {} fail\n{}", wrong.len(), cases(), wrong.join("\n"));
    assert!(tried > cases() / 2, "only {tried} of {} have a value", cases());
}

#[test]
fn engines_agree() {
    every("objectives", false);
}

#[test]
fn engines_agree_at_ties() {
    every("ties", true);
}

/// A factor of a chain of products: a leaf, its shape, and whether it is an unknown.
fn factor(lab: &mut Lab, shape: Shape, number: usize, stream: &mut Stream) -> ExprId {
    let entries: Vec<f64> = (0..shape.len()).map(|_| 2.0 * stream.unit() - 0.7).collect();
    let (name, value) = (format!("f{number}"), Tensor::new(shape, entries));
    if stream.below(2) == 0 { lab.unknown(&name, value) } else { lab.known(&name, value) }
}

/// A product of two tensors as the language defines it.
fn times(a: &Tensor, b: &Tensor) -> Option<Tensor> {
    if a.shape().is_scalar() || b.shape().is_scalar() {
        return Some(a.zip(b, |x, y| x * y));
    }
    let shape = a.shape().product(b.shape())?;
    let (m, inner, n) = (a.shape().rows(), a.shape().cols(), b.shape().cols());
    let entry = |k: usize| (0..inner).map(|l| a.at(k / n, l) * b.at(l, k % n)).sum::<f64>();
    Some(Tensor::new(shape, (0..m * n).map(entry).collect::<Vec<_>>()))
}

/// Chains of scalars, rows, columns and matrices, of sizes from 1, have the shape and the value of the product from
/// left to right, and so have their derivatives, in every engine.
#[test]
fn chains_of_products_are_those_from_left_to_right() {
    for case in 0..5 * cases() {
        let mut stream = Stream::new(case).split("chains");
        let mut lab = Lab::new();
        let (mut e, mut value, mut text) = (None::<ExprId>, None::<Tensor>, String::new());
        for number in 0..2 + stream.below(5) {
            let sizes = [1, 2, 3];
            let rows = value.as_ref().map_or(sizes[stream.below(3)], |v| v.shape().cols());
            let cols = sizes[stream.below(3)];
            let shape = match stream.below(5) {
                0 => Shape::Scalar,
                1 | 2 if value.is_none() || rows > 0 => Shape::Vector(rows),
                3 => Shape::Matrix(1, cols),
                _ => Shape::Matrix(rows, cols),
            };
            let own = factor(&mut lab, shape, number, &mut stream);
            let tensor = lab.value(own);
            let next = match &value {
                None => Some(tensor),
                Some(v) => times(v, &tensor),
            };
            let Some(next) = next else { continue };
            text = format!("{text} {shape}");
            e = Some(match e {
                None => own,
                Some(before) => lab.g.matmul(before, own),
            });
            value = Some(next);
        }
        let (Some(e), Some(value)) = (e, value) else { continue };
        let found = lab.value(e);
        assert_eq!(lab.g.shape(e), value.shape(), "{case}:{text}");
        assert_eq!(found.shape(), value.shape(), "{case}:{text}");
        let close = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).all(|(a, b)| crate::support::close(*a, *b, 1e-10))
        };
        assert!(close(found.data(), value.data()), "{case}:{text}: {found:?} {value:?}");
        if lab.unknowns().is_empty() {
            continue;
        }
        let f = lab.scalar_of(e);
        let f = ops::times(&mut lab.g, f, f);
        let outputs = parts(&mut lab, f);
        for (&unknown, &d) in lab.unknowns().iter().zip(&outputs[1..]) {
            let symbolic = lab.value(d);
            assert_eq!(symbolic.shape(), lab.at(unknown).shape(), "{case}:{text}");
            for (k, s) in symbolic.data().to_vec().into_iter().enumerate() {
                let numeric = lab.differences(f, unknown, k, 1e-5)[0];
                assert!(crate::support::close(s, numeric, 1e-5), "{case}:{text}: {s} {numeric}");
            }
        }
        let expected = plain(&lab, &outputs).expect("a value");
        let x: Vec<f64> = lab.unknowns().iter().flat_map(|&s| lab.at(s).data().to_vec()).collect();
        for (way, options) in ways() {
            let kernel = compile(&lab.g, &outputs, &lab.unknowns(), &options).expect("compiles");
            let mut found = vec![0.0; kernel.n_out()];
            kernel.call(&x, &mut found).expect("no fault");
            assert!(close(&found, &expected), "{case}:{text}, {way}: {found:?} {expected:?}");
        }
    }
}
