//! Arithmetic of the scalar graph: sums, products, powers, and whole numbers
//! for counting and addressing.

use super::dag::{Fun, Kind, Val};
use super::translate::Translation;
use crate::expr::{ExprId, Op};

/// Whole powers up to this are multiplications.
const MULTIPLIED: u64 = 16;

/// Indices nested deeper than this are converted and checked instead.
const DEPTH: usize = 8;

impl Translation<'_> {
    /// A sum; terms with a factor -1 are subtracted.
    pub(super) fn add(&mut self, terms: &[Val]) -> Val {
        let negated =
            |t: &Self, v: Val| (t.dag.kind(v) == Kind::Fun(Fun::Neg)).then(|| t.dag.args(v)[0]);
        // Starting from a term that is not negated saves an operation.
        let start = terms.iter().position(|&v| negated(self, v).is_none()).unwrap_or(0);
        let Some(&first) = terms.get(start) else {
            return self.dag.num(0.0);
        };
        let mut total = first;
        for (_, &term) in terms.iter().enumerate().filter(|(k, _)| *k != start) {
            total = match negated(self, term) {
                Some(v) => self.dag.fun(Fun::Sub, &[total, v]),
                None => self.dag.fun(Fun::Add, &[total, term]),
            };
        }
        total
    }

    /// A product; reciprocals are divided by, a factor -1 is a negation.
    pub(super) fn product(&mut self, factors: &[Val]) -> Val {
        let (mut total, mut below, mut negative) = (None, None, false);
        let times = |t: &mut Self, a: Option<Val>, b: Val| {
            Some(a.map_or(b, |a| t.dag.fun(Fun::Mul, &[a, b])))
        };
        for &factor in factors {
            match self.reciprocal_of(factor) {
                _ if self.dag.as_num(factor) == Some(-1.0) => negative = !negative,
                Some(divisor) => below = times(self, below, divisor),
                None => total = times(self, total, factor),
            }
        }
        let value = match (total, below) {
            (Some(a), Some(b)) => self.dag.fun(Fun::Div, &[a, b]),
            (Some(a), None) => a,
            (None, below) => {
                let one = self.dag.num(1.0);
                below.map_or(one, |b| self.dag.fun(Fun::Div, &[one, b]))
            }
        };
        if negative { self.dag.fun(Fun::Neg, &[value]) } else { value }
    }

    /// `b` of `1/b`.
    fn reciprocal_of(&self, v: Val) -> Option<Val> {
        let &[one, b] = self.dag.args(v) else {
            return None;
        };
        (self.dag.kind(v) == Kind::Fun(Fun::Div) && self.dag.as_num(one) == Some(1.0)).then_some(b)
    }

    /// A power. Small whole exponents are multiplications.
    pub(super) fn power(&mut self, base: Val, exponent: Val) -> Val {
        let Some(n) = self.dag.as_num(exponent) else {
            return self.dag.fun(Fun::Row(Op::Pow), &[base, exponent]);
        };
        let size = n.abs() as u64;
        if n.fract() != 0.0 || n.abs() > MULTIPLIED as f64 {
            return match n {
                0.5 => self.dag.fun(Fun::Sqrt, &[base]),
                _ => self.dag.fun(Fun::Row(Op::Pow), &[base, exponent]),
            };
        }
        let one = self.dag.num(1.0);
        let (mut power, mut square, mut left) = (None, base, size);
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or(square, |p| self.dag.fun(Fun::Mul, &[p, square])));
            }
            left /= 2;
            if left > 0 {
                square = self.dag.fun(Fun::Mul, &[square, square]);
            }
        }
        let power = power.unwrap_or(one);
        if n < 0.0 { self.dag.fun(Fun::Div, &[one, power]) } else { power }
    }

    /// A whole number as a number.
    pub(super) fn real(&mut self, i: Val) -> Val {
        match self.dag.as_int(i) {
            Some(n) => self.dag.num(n as f64),
            None => self.dag.node(Kind::Real, &[i]),
        }
    }

    /// Sum of whole numbers; the constant part stays on the right, where an
    /// address takes it for nothing.
    pub(super) fn iadd(&mut self, a: Val, b: Val) -> Val {
        let (x, c) = self.split(a);
        let (y, d) = self.split(b);
        let rest = match (x, y) {
            (None, None) => return self.dag.int(c + d),
            (Some(x), None) | (None, Some(x)) => x,
            (Some(x), Some(y)) => self.dag.node(Kind::IAdd, &[x, y]),
        };
        if c + d == 0 {
            return rest;
        }
        let constant = self.dag.int(c + d);
        self.dag.node(Kind::IAdd, &[rest, constant])
    }

    /// A whole number as something plus a constant.
    fn split(&self, v: Val) -> (Option<Val>, i64) {
        match (self.dag.kind(v), self.dag.args(v)) {
            (Kind::Int(n), _) => (None, n),
            (Kind::IAdd, &[x, c]) => match self.dag.as_int(c) {
                Some(n) => (Some(x), n),
                None => (Some(v), 0),
            },
            _ => (Some(v), 0),
        }
    }

    /// Product of whole numbers.
    pub(super) fn imul(&mut self, a: Val, b: Val) -> Val {
        match (self.dag.as_int(a), self.dag.as_int(b)) {
            (Some(x), Some(y)) => self.dag.int(x * y),
            (Some(0), _) | (_, Some(0)) => self.dag.int(0),
            (Some(1), _) => b,
            (_, Some(1)) => a,
            _ => self.dag.node(Kind::IMul, &[a, b]),
        }
    }

    /// An index from 1 as a position from 0, checked unless that is proven.
    pub(super) fn position(&mut self, index: Val, node: ExprId, size: usize) -> Val {
        let i = self.whole(index, node);
        match self.dag.interval(i) {
            Some((lo, hi)) if lo >= 1.0 && hi <= size as f64 => {
                let minus = self.dag.int(-1);
                self.iadd(i, minus)
            }
            _ => self.dag.node(Kind::Inside { node, size }, &[i]),
        }
    }

    /// Whether a number is made of counters and whole numbers, so that it is
    /// whole itself.
    pub(super) fn counts(&mut self, v: Val) -> bool {
        self.as_whole(v, DEPTH).is_some()
    }

    /// A number as a whole number: by whole-number operations where it is made
    /// of counters, else converted and checked.
    pub(super) fn whole(&mut self, v: Val, node: ExprId) -> Val {
        self.as_whole(v, DEPTH).unwrap_or_else(|| self.dag.node(Kind::Whole(node), &[v]))
    }

    fn as_whole(&mut self, v: Val, depth: usize) -> Option<Val> {
        let args = self.dag.args(v).to_vec();
        // What is not bounded might leave the whole numbers that doubles hold.
        self.dag.interval(v).filter(|_| depth > 0)?;
        match self.dag.kind(v) {
            Kind::Num(bits) => {
                let x = f64::from_bits(bits);
                (x.fract() == 0.0).then(|| self.dag.int(x as i64))
            }
            Kind::Real => Some(args[0]),
            Kind::Fun(Fun::Floor | Fun::Ceil) => self.as_whole(args[0], depth - 1),
            Kind::Fun(f @ (Fun::Add | Fun::Sub | Fun::Mul)) => {
                let a = self.as_whole(args[0], depth - 1)?;
                let b = self.as_whole(args[1], depth - 1)?;
                Some(match f {
                    Fun::Add => self.iadd(a, b),
                    Fun::Mul => self.imul(a, b),
                    _ => {
                        let minus = self.dag.int(-1);
                        let b = self.imul(b, minus);
                        self.iadd(a, b)
                    }
                })
            }
            Kind::Fun(Fun::Neg) => {
                let a = self.as_whole(args[0], depth - 1)?;
                let minus = self.dag.int(-1);
                Some(self.imul(a, minus))
            }
            _ => None,
        }
    }
}
