//! Random expressions of a given shape, as text.

use gradus::expr::{Data, ExprId, Graph, Symbol};
use gradus::ops;
use gradus::random::Stream;
use gradus::shape::Shape;

/// The unknowns of every objective.
pub const UNKNOWNS: &[(&str, Shape)] = &[
    ("x", Shape::Scalar),
    ("y", Shape::Scalar),
    ("u", Shape::Vector(2)),
    ("v", Shape::Vector(3)),
    ("W", Shape::Matrix(3, 2)),
    ("S", Shape::Matrix(3, 3)),
    ("T", Shape::Matrix(1, 3)),
    ("z", Shape::Vector(1)),
    ("Q", Shape::Matrix(1, 1)),
];

/// The known values.
pub const KNOWN: &[(&str, Shape)] = &[
    ("a", Shape::Scalar),
    ("b", Shape::Vector(3)),
    ("c", Shape::Vector(2)),
    ("A", Shape::Matrix(3, 3)),
    ("B", Shape::Matrix(2, 3)),
];

/// The statements that declare all of them.
pub fn declarations() -> String {
    "var x = 0.7, y = -0.4, u: R[2] = [0.3, 1.2], v: R[3] = [0.5, -0.8, 1.1]
var W: R[3, 2] = [1, 0.2; 0.3, 0.7; 0.9, 1.4], S: R[3, 3] = [2, 0.3, 0; 0.1, 3, 0.4; 0.2, 0, 2.5]
var T: R[1, 3] = [1, 2, 0.5]', z: R[1] = [0.6], Q: R[1, 1] = ones(1, 1)
let a = 1.3
let b = [0.9, 0.2, 0.6]
let c = [2, 0.5]
let A = [1, 0.2, 0.3; 0.4, 0.8, 0.1; 0.5, 0.6, 1.2]
let B = [1, 0, 2; 0.5, 1, 1]
"
    .to_string()
}

/// Shapes that arguments have.
const SHAPES: [Shape; 11] = [
    Shape::Scalar,
    Shape::Vector(2),
    Shape::Vector(3),
    Shape::Matrix(3, 2),
    Shape::Matrix(2, 3),
    Shape::Matrix(3, 3),
    Shape::Matrix(2, 2),
    Shape::Matrix(1, 3),
    Shape::Matrix(1, 2),
    Shape::Vector(1),
    Shape::Matrix(1, 1),
];

/// A call of an operator of the table on arguments of these shapes.
pub struct Call {
    pub name: &'static str,
    args: Vec<Shape>,
    result: Shape,
}

/// All calls of operators with one or two arguments, of shapes that fit.
pub fn calls() -> Vec<Call> {
    let mut g = Graph::new();
    let leaves: Vec<(Shape, ExprId)> = SHAPES
        .iter()
        .map(|&shape| {
            let symbol = g.declare(Symbol::unknown("a", shape));
            (shape, g.leaf(symbol))
        })
        .collect();
    let mut calls = Vec::new();
    let named = |row: &&ops::OpDef| !row.name.is_empty() && !row.op.is_binder();
    for row in ops::table().iter().copied().filter(named) {
        let mut add = |args: &[(Shape, ExprId)]| {
            let exprs: Vec<ExprId> = args.iter().map(|a| a.1).collect();
            if let Ok(result) = (row.shape)(&g, Data::None, &exprs) {
                let args = args.iter().map(|a| a.0).collect();
                calls.push(Call { name: row.name, args, result });
            }
        };
        for &first in &leaves {
            if row.arity.0 <= 1 && 1 <= row.arity.1 {
                add(&[first]);
            }
            if row.arity.0 <= 2 && 2 <= row.arity.1 {
                leaves.iter().for_each(|&second| add(&[first, second]));
            }
            if row.arity.0 == 3 {
                leaves.iter().for_each(|&second| add(&[first, second, leaves[0]]));
            }
        }
    }
    calls
}

/// Draws expressions.
pub struct Draw {
    stream: Stream,
    /// Indices that are open, each from 1 to its end.
    open: Vec<(String, usize)>,
    names: usize,
    calls: Vec<Call>,
}

impl Draw {
    pub fn new(case: u64) -> Draw {
        let stream = Stream::new(case).split("objectives");
        Draw { stream, open: Vec::new(), names: 0, calls: calls() }
    }

    pub fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.stream.below(from.len())]
    }

    /// An expression of this shape.
    pub fn expression(&mut self, shape: Shape, depth: usize) -> String {
        if depth == 0 {
            return self.leaf(shape);
        }
        let d = depth - 1;
        match self.stream.below(22) {
            0 | 1 => {
                let op = self.pick(&["+", "-", ".+", ".-"]);
                format!("({} {op} {})", self.expression(shape, d), self.expression(shape, d))
            }
            2 => format!("({}*{})", self.expression(Shape::Scalar, d), self.expression(shape, d)),
            3 => {
                let divisor = self.expression(Shape::Scalar, d);
                format!("({}/(1 + {divisor}^2))", self.expression(shape, d))
            }
            4 => format!("({} .* {})", self.expression(shape, d), self.expression(shape, d)),
            5 => {
                let base = self.expression(shape, d);
                format!("({base}).^{}", self.pick(&["2", "3", "0.5", "-1", "a", "x", "0"]))
            }
            6 => format!("(-{})", self.expression(shape, d)),
            7 => self.branch(shape, d),
            8 => self.sum(shape, d),
            9 => self.slice(shape, d),
            10 => self.literal(shape, d),
            11 => self.product(shape, d),
            12 => self.broadcast(shape, d),
            13 => {
                let shared = self.expression(Shape::Scalar, d);
                self.names += 1;
                let name = format!("p{}", self.names);
                format!("({name}*{} where {name} = {shared})", self.expression(shape, d))
            }
            14 if shape.is_scalar() => self.reduction(d),
            15 if !shape.is_scalar() => match shape {
                Shape::Matrix(m, n) if m > 1 && n > 1 => {
                    format!("({})'", self.expression(Shape::Matrix(n, m), d))
                }
                Shape::Matrix(1, n) if n > 1 => {
                    format!("({})'", self.expression(Shape::Vector(n), d))
                }
                _ => self.leaf(shape),
            },
            _ => self.call(shape, d),
        }
    }

    fn leaf(&mut self, shape: Shape) -> String {
        let named: Vec<&str> = UNKNOWNS
            .iter()
            .chain(UNKNOWNS)
            .chain(KNOWN)
            .filter(|(_, s)| *s == shape)
            .map(|(name, _)| *name)
            .collect();
        match shape {
            Shape::Scalar => match self.stream.below(9) {
                0..=3 => self.pick(&named).to_string(),
                4 => self.pick(&["2", "0.5", "1/3", "3", "1", "0", "-1"]).to_string(),
                5 => self.entry("v", 3),
                6 => self.entry("b", 3),
                7 => {
                    let (i, j) = (self.index(3), self.index(2));
                    format!("W[{i}, {j}]")
                }
                _ => match self.open.last() {
                    Some((name, _)) => name.clone(),
                    None => self.entry("u", 2),
                },
            },
            _ if !named.is_empty() => self.pick(&named).to_string(),
            Shape::Vector(n) => format!("ones({n})"),
            Shape::Matrix(2, 3) => "W'".to_string(),
            Shape::Matrix(m, n) => format!("ones({m}, {n})"),
        }
    }

    fn entry(&mut self, of: &str, n: usize) -> String {
        format!("{of}[{}]", self.index(n))
    }

    /// A number or an open index, from 1 to `n`.
    fn index(&mut self, n: usize) -> String {
        let fitting: Vec<String> =
            self.open.iter().filter(|(_, end)| *end <= n).map(|(name, _)| name.clone()).collect();
        if fitting.is_empty() || self.stream.below(3) == 0 {
            return (1 + self.stream.below(n)).to_string();
        }
        fitting[self.stream.below(fitting.len())].clone()
    }

    fn condition(&mut self, d: usize) -> String {
        let op = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
        format!("{} {op} {}", self.expression(Shape::Scalar, d), self.expression(Shape::Scalar, d))
    }

    fn branch(&mut self, shape: Shape, d: usize) -> String {
        let condition = self.condition(d.min(1));
        let (then, other) = (self.expression(shape, d), self.expression(shape, d));
        format!("(if {condition} then {then} else {other})")
    }

    /// What is under a new index.
    fn under(&mut self, shape: Shape, d: usize, n: usize) -> (String, String) {
        self.names += 1;
        let name = format!("i{}", self.names);
        self.open.push((name.clone(), n));
        let body = self.expression(shape, d);
        self.open.pop();
        (body, name)
    }

    fn range(&mut self, name: &str, n: usize) -> String {
        let lo = self.pick(&["1", "1", "1", "2"]);
        let filter = match self.stream.below(6) {
            0 => format!(" if {name} != 2"),
            1 => format!(" if v[{name}] > 0").replace('v', if n == 2 { "u" } else { "b" }),
            2 => format!(" if {name} > 1"),
            _ => String::new(),
        };
        format!("for {name} in {lo}..{n}{filter}")
    }

    fn sum(&mut self, shape: Shape, d: usize) -> String {
        let n = 2 + self.stream.below(2);
        let (body, name) = self.under(shape, d, n);
        let range = self.range(&name, n);
        format!("sum({body} {range})")
    }

    fn reduction(&mut self, d: usize) -> String {
        let op = self.pick(&["sum", "prod", "max", "min", "mean", "logsumexp"]);
        let n = 2 + self.stream.below(2);
        let (body, name) = self.under(Shape::Scalar, d, n);
        let range = self.range(&name, n);
        format!("{op}({body} {range})")
    }

    fn slice(&mut self, shape: Shape, d: usize) -> String {
        match shape {
            Shape::Scalar => {
                let n = 2 + self.stream.below(2);
                let column = self.expression(Shape::Vector(n), d);
                format!("({column})[{}]", self.index(n))
            }
            Shape::Vector(2) => match self.stream.below(3) {
                0 => format!("({})[2..3]", self.expression(Shape::Vector(3), d)),
                1 => format!("({})[:, {}]", self.expression(Shape::Matrix(2, 3), d), self.index(3)),
                _ => format!(
                    "({})[2..3, {}]",
                    self.expression(Shape::Matrix(3, 2), d),
                    self.index(2)
                ),
            },
            Shape::Vector(3) => {
                format!("({})[:, {}]", self.expression(Shape::Matrix(3, 2), d), self.index(2))
            }
            Shape::Matrix(1, 3) => {
                format!("({})[{}, :]", self.expression(Shape::Matrix(3, 3), d), self.index(3))
            }
            Shape::Matrix(2, 2) => {
                format!("({})[1..2, 2..3]", self.expression(Shape::Matrix(3, 3), d))
            }
            Shape::Matrix(2, 3) => {
                format!("({})[2..3, :]", self.expression(Shape::Matrix(3, 3), d))
            }
            _ => self.leaf(shape),
        }
    }

    /// An array written out or built by index.
    fn literal(&mut self, shape: Shape, d: usize) -> String {
        match shape {
            Shape::Scalar => self.leaf(shape),
            Shape::Vector(n) if self.stream.below(2) == 0 => {
                let (body, name) = self.under(Shape::Scalar, d, n);
                format!("[{body} for {name} in 1..{n}]")
            }
            Shape::Vector(n) => {
                let cells: Vec<String> =
                    (0..n).map(|_| self.expression(Shape::Scalar, d)).collect();
                format!("[{}]", cells.join(", "))
            }
            Shape::Matrix(m, n) if n > 1 && self.stream.below(2) == 0 => {
                let (body, name) = self.under(Shape::Vector(n), d, m);
                format!("[{body} for {name} in 1..{m}]")
            }
            Shape::Matrix(m, n) if m > 1 => {
                let mut row = || {
                    let cells: Vec<String> =
                        (0..n).map(|_| self.expression(Shape::Scalar, d.min(1))).collect();
                    cells.join(", ")
                };
                let rows: Vec<String> = (0..m).map(|_| row()).collect();
                format!("[{}]", rows.join("; "))
            }
            Shape::Matrix(..) => self.leaf(shape),
        }
    }

    /// A product of linear algebra.
    fn product(&mut self, shape: Shape, d: usize) -> String {
        let k = 2 + self.stream.below(2);
        match shape {
            Shape::Scalar => format!(
                "({})'*({})",
                self.expression(Shape::Vector(k), d),
                self.expression(Shape::Vector(k), d)
            ),
            Shape::Vector(m) => format!(
                "({}*{})",
                self.expression(Shape::Matrix(m, k), d),
                self.expression(Shape::Vector(k), d)
            ),
            Shape::Matrix(m, n) if self.stream.below(2) == 0 && m > 1 && n > 1 => format!(
                "({}*({})')",
                self.expression(Shape::Vector(m), d),
                self.expression(Shape::Vector(n), d)
            ),
            Shape::Matrix(m, n) if n > 1 => format!(
                "({}*{})",
                self.expression(Shape::Matrix(m, k), d),
                self.expression(Shape::Matrix(k, n), d)
            ),
            _ => self.leaf(shape),
        }
    }

    /// A row or a column that is repeated.
    fn broadcast(&mut self, shape: Shape, d: usize) -> String {
        let Shape::Matrix(m, n) = shape else { return self.call(shape, d) };
        let op = self.pick(&[".+", ".-", ".*"]);
        let one = match self.stream.below(2) {
            0 if n > 1 => format!("({})'", self.expression(Shape::Vector(n), d)),
            _ => self.expression(Shape::Vector(m), d),
        };
        format!("({} {op} {one})", self.expression(shape, d))
    }

    /// A call of an operator of the table.
    fn call(&mut self, shape: Shape, d: usize) -> String {
        let fitting: Vec<usize> =
            (0..self.calls.len()).filter(|&k| self.calls[k].result == shape).collect();
        if fitting.is_empty() {
            return self.leaf(shape);
        }
        // Each name as often as another, however many shapes it takes.
        let mut names: Vec<&'static str> = fitting.iter().map(|&k| self.calls[k].name).collect();
        names.dedup();
        let name = self.pick(&names);
        let own: Vec<usize> = fitting.into_iter().filter(|&k| self.calls[k].name == name).collect();
        let call = own[self.stream.below(own.len())];
        let shapes = self.calls[call].args.clone();
        let args: Vec<String> = shapes.into_iter().map(|s| self.expression(s, d)).collect();
        format!("{name}({})", args.join(", "))
    }
}
