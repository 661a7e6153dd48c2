//! Random numbers' formulas and conditions.

use gradus::ops::Domain;
use gradus::shape::Shape;

use super::catalog::catalog;
use super::names::{EXPONENTS, EXTREMES, NUMBERS};
use super::scope::Grower;

impl Grower {
    /// An expression of that shape of at most so many levels.
    pub fn expr(&mut self, shape: Shape, depth: usize) -> String {
        match shape {
            Shape::Scalar => self.scalar(depth),
            Shape::Vector(n) => self.column(n, depth),
            Shape::Matrix(m, n) => self.matrix(m, n, depth),
        }
    }

    pub fn number(&mut self) -> String {
        if self.wild && self.rarely(4) {
            return self.pick(EXTREMES).to_string();
        }
        self.pick(NUMBERS).to_string()
    }

    /// A number as an operand.
    pub fn operand_number(&mut self) -> String {
        let number = self.number();
        if number.contains(['-', '/']) { format!("({number})") } else { number }
    }

    fn scalar_leaf(&mut self) -> String {
        match self.stream.below(8) {
            0 => self.operand_number(),
            1 if !self.open.is_empty() => {
                let k = self.stream.below(self.open.len());
                self.open[k].name.clone()
            }
            2..=4 => self.entry(),
            _ => self.name_of(Shape::Scalar).unwrap_or_else(|| self.operand_number()),
        }
    }

    /// An entry of a named array.
    fn entry(&mut self) -> String {
        let (m, n) = (self.size(), self.size());
        if self.rarely(2)
            && let Some(name) = self.name_of(Shape::Matrix(m, n))
        {
            return format!("{name}[{}, {}]", self.index(m), self.index(n));
        }
        match self.name_of(Shape::Vector(n)) {
            Some(name) => format!("{name}[{}]", self.index(n)),
            None => self.operand_number(),
        }
    }

    pub fn scalar(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.scalar_leaf();
        }
        let d = depth - 1;
        match self.stream.below(26) {
            0 | 1 => format!("({} + {})", self.scalar(d), self.scalar(d)),
            2 | 3 => format!("({} - {})", self.scalar(d), self.scalar(d)),
            4..=6 => format!("{}*{}", self.scalar_factor(d), self.scalar_factor(d)),
            7 => format!("{}/{}", self.scalar_factor(d), self.scalar_factor(d)),
            8 => format!("{}/(1 + {}^2)", self.scalar_factor(d), self.scalar_factor(d)),
            9 => format!("(-{})", self.scalar_factor(d)),
            10 | 11 => format!("{}^{}", self.scalar_factor(d), self.exponent()),
            12 | 13 => self.elementwise(Shape::Scalar, d),
            14..=16 => self.call(Shape::Scalar, d).unwrap_or_else(|| self.scalar(d)),
            17 => format!(
                "(if {} then {} else {})",
                self.condition(d.min(1)),
                self.scalar(d),
                self.scalar(d)
            ),
            18..=20 => self.binder(d),
            21 => {
                let n = self.size();
                format!(
                    "{}'*{}",
                    self.factor(Shape::Vector(n), d),
                    self.factor(Shape::Vector(n), d)
                )
            }
            22 => {
                let (m, n) = (self.size(), self.size());
                let (u, a, v) = (Shape::Vector(m), Shape::Matrix(m, n), Shape::Vector(n));
                format!("{}'*{}*{}", self.factor(u, 0), self.factor(a, d), self.factor(v, d))
            }
            23 => {
                let n = self.size();
                format!("{}[{}]", self.factor(Shape::Vector(n), d), self.index(n))
            }
            24 => match self.functions.first().cloned() {
                Some(name) => format!("{name}({})", self.scalar(d)),
                None => self.scalar(d),
            },
            _ => format!("(q1*{} where q1 = {})", self.scalar_factor(d), self.scalar(d)),
        }
    }

    fn scalar_factor(&mut self, depth: usize) -> String {
        self.factor(Shape::Scalar, depth)
    }

    /// An operand that binds as tightly as a product needs.
    pub fn factor(&mut self, shape: Shape, depth: usize) -> String {
        let text = self.expr(shape, depth);
        let simple = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if text.chars().all(simple) { text } else { format!("({text})") }
    }

    /// An exponent: a number, a name, or something to be computed.
    pub fn exponent(&mut self) -> String {
        let exponent = match self.stream.below(8) {
            0 => self.name_of(Shape::Scalar).unwrap_or("2".to_string()),
            1 if !self.open.is_empty() => {
                let k = self.stream.below(self.open.len());
                if self.open[k].most < 8 { self.open[k].name.clone() } else { "2".to_string() }
            }
            _ => self.pick(EXPONENTS).to_string(),
        };
        format!("({exponent})")
    }

    /// A function of numbers, entry by entry, mostly of arguments where it has a value.
    pub fn elementwise(&mut self, shape: Shape, d: usize) -> String {
        let all = &catalog().elementwise;
        let row = &all[self.stream.below(all.len())];
        let arguments: Vec<String> =
            (0..row.arity).map(|_| self.within(row.domain, shape, d)).collect();
        format!("{}({})", row.name, arguments.join(", "))
    }

    /// A call from the catalog that has this shape.
    pub fn call(&mut self, shape: Shape, d: usize) -> Option<String> {
        let calls = catalog().calls.get(&shape)?;
        let sizes = self.sizes;
        let ours = |s: &Shape| match *s {
            Shape::Scalar => true,
            Shape::Vector(n) | Shape::Matrix(1, n) => sizes.contains(&n),
            Shape::Matrix(m, n) => sizes.contains(&m) && sizes.contains(&n),
        };
        let fit: Vec<_> = calls.iter().filter(|c| c.arguments.iter().all(ours)).collect();
        if fit.is_empty() {
            return None;
        }
        // A name, then one of its shapes: names with many shapes are no more likely.
        let mut names: Vec<&str> = fit.iter().map(|c| c.name).collect();
        names.dedup();
        let name = self.pick(&names).to_string();
        let fit: Vec<_> = fit.into_iter().filter(|c| c.name == name).collect();
        let call = fit[self.stream.below(fit.len())];
        let arguments: Vec<String> =
            call.arguments.iter().map(|&s| self.within(call.domain, s, d)).collect();
        Some(format!("{name}({})", arguments.join(", ")))
    }

    /// An expression that mostly lies in a domain.
    fn within(&mut self, domain: Domain, shape: Shape, d: usize) -> String {
        let inner = self.expr(shape, d);
        if self.rarely(4) {
            return inner;
        }
        match domain {
            Domain::Reals => inner,
            Domain::Positive | Domain::NonNegative | Domain::NotPole | Domain::FromOne => {
                match self.stream.below(3) {
                    0 => format!("1 + abs({inner})"),
                    1 => format!("1.5 + tanh({inner})"),
                    _ => format!("1 + ({inner}).^2"),
                }
            }
            Domain::AboveMinusOne => format!("abs({inner})"),
            Domain::Unit | Domain::OpenUnit => format!("0.9*sin({inner})"),
        }
    }

    pub fn condition(&mut self, d: usize) -> String {
        if !self.open.is_empty() && self.rarely(2) {
            let k = self.stream.below(self.open.len());
            let (name, most) = (self.open[k].name.clone(), self.open[k].most);
            let n = 1 + self.stream.below(most.min(5));
            let other = self.open[self.stream.below(self.open.len())].name.clone();
            return match self.stream.below(6) {
                0 => format!("{name} != {n}"),
                1 => format!("{name} > {n}"),
                2 => format!("{name} <= {n}"),
                3 => format!("mod({name}, 2) == 0"),
                4 => format!("{name} < {other}"),
                _ => format!("{name} > {}", self.scalar(d)),
            };
        }
        match self.stream.below(8) {
            0 => format!("0 <= {} <= 1", self.scalar(d)),
            1 => format!("{} == {}", self.scalar(0), self.scalar(0)),
            2 => format!("({} < {} and {} > 0)", self.scalar(0), self.scalar(0), self.scalar(0)),
            3 => format!("(not {} < {})", self.scalar(d), self.scalar(0)),
            _ => {
                let relation = self.pick(&["<", "<=", ">", ">="]);
                format!("{} {relation} {}", self.scalar(d), self.scalar(d))
            }
        }
    }

    /// `a..b`, and the largest value in it.
    pub fn range(&mut self) -> (String, usize) {
        let inner: Vec<(String, usize)> =
            self.open.iter().filter(|o| o.most <= 100).map(|o| (o.name.clone(), o.most)).collect();
        if !inner.is_empty() && self.rarely(3) {
            let (outer, most) = inner[self.stream.below(inner.len())].clone();
            return match self.stream.below(5) {
                0 => (format!("1..{outer}"), most),
                1 => (format!("{outer}..{most}"), most),
                2 => (format!("1..min({outer}, 3)"), most.min(3)),
                3 => (format!("max(1, {outer} - 1)..{most}"), most),
                _ => (format!("1..floor(({outer} + 1)/2)"), most),
            };
        }
        let n = self.length();
        match self.stream.below(8) {
            0 => (format!("2..{n}"), n),
            1 if self.rarely(6) => ("3..2".to_string(), 3),
            _ => (format!("1..{n}"), n),
        }
    }

    fn binder(&mut self, d: usize) -> String {
        let name = self.pick(&catalog().binders).to_string();
        let (range, most) = self.range();
        let twice = self.rarely(4);
        let mut clauses = String::new();
        let (index, body) = self.under(most, |inside| {
            if !twice {
                let condition = inside.perhaps_condition();
                clauses = condition;
                return inside.scalar(d);
            }
            let (range, most) = inside.range();
            let mut condition = String::new();
            let (second, body) = inside.under(most, |within| {
                condition = within.perhaps_condition();
                within.scalar(d)
            });
            clauses = format!(" for {second} in {range}{condition}");
            body
        });
        format!("{name}({body} for {index} in {range}{clauses})")
    }

    fn perhaps_condition(&mut self) -> String {
        if self.rarely(4) { format!(" if {}", self.condition(0)) } else { String::new() }
    }
}
