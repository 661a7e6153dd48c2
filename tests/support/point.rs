//! Points at which expressions are evaluated: a value for every unknown.

use gradus::expr::{ExprId, Graph, SymbolId, SymbolKind};
use gradus::random::Stream;
use gradus::shape::{Shape, Tensor};

/// Where the entries of a point are drawn from, one interval after the other: functions such as
/// `log`, `acosh` and `asin` each have a value in one of them.
const INTERVALS: [(f64, f64); 4] = [(0.2, 0.9), (1.1, 2.5), (-0.9, 0.9), (-3.0, 3.0)];

/// A value for every unknown, and for known names that have none.
#[derive(Clone, Debug)]
pub struct Point {
    values: Vec<(SymbolId, Tensor)>,
}

impl Point {
    /// The `k`-th random point for what the expressions hold; the same in every run. It lies
    /// within the bounds of the unknowns; every other square matrix has a large diagonal, and
    /// so a positive determinant.
    pub fn random(g: &Graph, of: &[ExprId], k: usize) -> Point {
        let mut stream = Stream::new(k as u64).split("point");
        let large_diagonal = (k / INTERVALS.len()) % 2 == 1;
        let mut values: Vec<(SymbolId, Tensor)> = Vec::new();
        for e in g.reachable(of) {
            let Some(s) = g.as_symbol(e) else { continue };
            let symbol = g.symbol(s);
            let has_value = match symbol.kind {
                SymbolKind::Unknown => false,
                SymbolKind::Known => symbol.value.is_some(),
                SymbolKind::Index => true,
            };
            if has_value || values.iter().any(|(known, _)| *known == s) {
                continue;
            }
            let (low, high) = within(INTERVALS[k % INTERVALS.len()], symbol.bounds);
            let shape = symbol.shape;
            let mut data: Vec<f64> =
                (0..shape.len()).map(|_| low + (high - low) * stream.unit()).collect();
            if let (Shape::Matrix(m, n), true) = (shape, large_diagonal)
                && m == n
            {
                (0..m).for_each(|i| data[i * n + i] += 3.0 * n as f64);
            }
            values.push((s, Tensor::new(shape, data)));
        }
        Point { values }
    }

    /// The point as Gradus writes it.
    pub fn text(&self, g: &Graph) -> String {
        let one = |(s, v): &(SymbolId, Tensor)| format!("{} = {}", g.symbol(*s).name, array(v));
        format!("({})", self.values.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    pub fn value(&self, symbol: SymbolId) -> Option<&Tensor> {
        self.values.iter().find(|(s, _)| *s == symbol).map(|(_, v)| v)
    }

    /// The point with entries moved by `t` times their weight.
    pub fn moved(&self, moves: &[((SymbolId, usize), f64)], t: f64) -> Point {
        let mut moved = self.clone();
        for &((symbol, k), weight) in moves {
            if let Some((_, value)) = moved.values.iter_mut().find(|(s, _)| *s == symbol) {
                let mut data = value.data().to_vec();
                data[k] += t * weight;
                *value = Tensor::new(value.shape(), data);
            }
        }
        moved
    }

    /// The direction named `d` or `d_x` in products of a Hessian: by what every entry moves.
    pub fn direction(&self, g: &Graph) -> Vec<((SymbolId, usize), f64)> {
        let mut moves = Vec::new();
        for (s, value) in self.values.iter().filter(|(s, _)| is_unknown(g, *s)) {
            let name = &g.symbol(*s).name;
            let is_own = |d: &str| d == "d" || d == format!("d_{name}") || d == format!("d{name}");
            let own = |(d, v): &&(SymbolId, Tensor)| {
                d != s && v.shape() == value.shape() && is_own(&g.symbol(*d).name)
            };
            if let Some((_, d)) = self.values.iter().find(own) {
                moves.extend(d.data().iter().enumerate().map(|(k, &v)| ((*s, k), v)));
            }
        }
        moves
    }
}

fn is_unknown(g: &Graph, s: SymbolId) -> bool {
    g.symbol(s).kind == SymbolKind::Unknown
}

/// The interval as far as the bounds go; beside them where it lies outside.
fn within((low, high): (f64, f64), bounds: (f64, f64)) -> (f64, f64) {
    let inner = (low.max(bounds.0), high.min(bounds.1));
    if inner.0 < inner.1 {
        return inner;
    }
    match bounds {
        (lower, upper) if lower.is_finite() => (lower, upper.min(lower + 1.0)),
        (_, upper) => (upper - 1.0, upper),
    }
}

/// An array literal.
fn array(value: &Tensor) -> String {
    let list = |row: &[f64]| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match value.shape() {
        Shape::Scalar => list(value.data()),
        Shape::Vector(_) => format!("[{}]", list(value.data())),
        Shape::Matrix(1, _) => format!("[{}]'", list(value.data())),
        Shape::Matrix(_, n) => {
            format!("[{}]", value.data().chunks(n).map(list).collect::<Vec<_>>().join("; "))
        }
    }
}
