//! Random formulas of columns and matrices.

use gradus::shape::Shape;

use super::names::EXPONENTS;
use super::scope::Grower;

impl Grower {
    fn array_leaf(&mut self, shape: Shape) -> String {
        if let Some(name) = self.name_of(shape)
            && !self.rarely(6)
        {
            return name;
        }
        match shape {
            Shape::Matrix(1, n) => format!("({}')", self.column(n, 0)),
            Shape::Matrix(m, n) if self.rarely(2) => match self.name_of(Shape::Matrix(n, m)) {
                Some(name) => format!("{name}'"),
                None => self.literal(shape, 0),
            },
            _ => self.literal(shape, 0),
        }
    }

    /// Entries written out.
    pub fn literal(&mut self, shape: Shape, d: usize) -> String {
        let (m, n) = match shape {
            Shape::Scalar => return self.scalar(d),
            Shape::Vector(n) => (1, n),
            Shape::Matrix(m, n) => (m, n),
        };
        let rows: Vec<String> = (0..m)
            .map(|_| {
                let entries: Vec<String> = (0..n).map(|_| self.scalar(d)).collect();
                entries.join(", ")
            })
            .collect();
        match shape {
            Shape::Matrix(1, _) => format!("[{}]'", rows[0]),
            _ => format!("[{}]", rows.join("; ")),
        }
    }

    /// What arrays of every shape share.
    fn array(&mut self, shape: Shape, d: usize) -> String {
        match self.stream.below(14) {
            0 => format!("({} + {})", self.expr(shape, d), self.expr(shape, d)),
            1 => format!("({} - {})", self.expr(shape, d), self.expr(shape, d)),
            2 | 3 => format!("{}*{}", self.factor(Shape::Scalar, d), self.factor(shape, d)),
            4 => format!("{}/{}", self.factor(shape, d), self.factor(Shape::Scalar, d)),
            5 => format!("({} .* {})", self.factor(shape, d), self.factor(shape, d)),
            6 => format!("({} ./ {})", self.factor(shape, d), self.factor(shape, d)),
            7 => format!("{}.^({})", self.factor(shape, d), self.pick(EXPONENTS)),
            8 | 9 => self.elementwise(shape, d),
            10 => {
                let relation = self.pick(&["<", "<=", ">", ">="]);
                format!("({} {relation} {})", self.expr(shape, d), self.expr(shape, 0))
            }
            11 => format!(
                "(if {} then {} else {})",
                self.condition(0),
                self.expr(shape, d),
                self.expr(shape, d)
            ),
            12 => format!("({} + {})", self.expr(shape, d), self.scalar(d)),
            _ => self.call(shape, d).unwrap_or_else(|| self.array_leaf(shape)),
        }
    }

    pub fn column(&mut self, n: usize, depth: usize) -> String {
        let shape = Shape::Vector(n);
        if depth == 0 {
            return self.array_leaf(shape);
        }
        let d = depth - 1;
        let m = self.size();
        match self.stream.below(12) {
            0 => self.literal(shape, d),
            1 | 2 => {
                let (index, body) = self.under(n, |inside| inside.scalar(d));
                format!("[{body} for {index} in 1..{n}]")
            }
            3 => format!(
                "{}*{}",
                self.factor(Shape::Matrix(n, m), d),
                self.factor(Shape::Vector(m), d)
            ),
            4 => format!(
                "{}'*{}",
                self.factor(Shape::Matrix(m, n), d),
                self.factor(Shape::Vector(m), d)
            ),
            5 => format!("{}[:, {}]", self.factor(Shape::Matrix(n, m), d.min(1)), self.index(m)),
            6 if n < 4 => {
                let longer = self.sizes.iter().copied().find(|&s| s > n);
                match longer {
                    Some(longer) => {
                        let from = 1 + self.stream.below(longer - n + 1);
                        let of = self.factor(Shape::Vector(longer), d.min(1));
                        format!("{of}[{from}..{}]", from + n - 1)
                    }
                    None => self.array(shape, d),
                }
            }
            7 => format!("{}'", self.factor(Shape::Matrix(1, n), d)),
            8 => self.call(shape, d).unwrap_or_else(|| self.array_leaf(shape)),
            _ => self.array(shape, d),
        }
    }

    pub fn matrix(&mut self, m: usize, n: usize, depth: usize) -> String {
        let shape = Shape::Matrix(m, n);
        if depth == 0 {
            return self.array_leaf(shape);
        }
        let d = depth - 1;
        let k = self.size();
        match self.stream.below(12) {
            0 if m > 1 => format!(
                "{}*{}'",
                self.factor(Shape::Vector(m), d),
                self.factor(Shape::Vector(n), d)
            ),
            1 if m > 1 => {
                format!(
                    "{}*{}",
                    self.factor(Shape::Matrix(m, k), d),
                    self.factor(Shape::Matrix(k, n), d)
                )
            }
            2 if m > 1 => format!("{}'", self.factor(Shape::Matrix(n, m), d)),
            2 => format!("{}'", self.factor(Shape::Vector(n), d)),
            3 => {
                let operator = self.pick(&[".+", ".-", ".*", "./"]);
                format!(
                    "({} {operator} {})",
                    self.factor(shape, d),
                    self.factor(Shape::Vector(m), d)
                )
            }
            4 if m > 1 => {
                let operator = self.pick(&[".+", ".-", ".*", "./"]);
                format!(
                    "({} {operator} {})",
                    self.factor(shape, d),
                    self.factor(Shape::Matrix(1, n), d)
                )
            }
            5 if m == 1 => {
                format!("{}[{}, :]", self.factor(Shape::Matrix(k, n), d.min(1)), self.index(k))
            }
            5 => {
                let operator = self.pick(&[".*", "*", "+"]);
                let other = if operator == "*" { Shape::Matrix(n, n) } else { shape };
                format!("({} {operator} {})", self.factor(shape, d), self.factor(other, d))
            }
            6 if m == n => format!("{}^2", self.factor(shape, d)),
            7 => self.literal(shape, d.min(1)),
            8 => self.call(shape, d).unwrap_or_else(|| self.array_leaf(shape)),
            _ => self.array(shape, d),
        }
    }
}
