//! Taylor coefficients by arithmetic on truncated power series.
//!
//! Every node gets the coefficients of its series in `t = x - a`; those of a
//! node follow from those of its arguments. Products are convolutions, powers
//! and exponentials have recurrences, and `y = phi(u)` follows from the series
//! of `phi'(u)` by `y' = phi'(u)*u'`, with the derivative of the operator's own
//! row. Cost: about `order^2` operations a node, where repeated differentiation
//! would grow exponentially.
//!
//! Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., section 13.2.

use rustc_hash::FxHashMap;

use super::linear::mentions;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::{self, Derivative, Range};

/// A denominator may vanish to this order and be divided out.
const MAX_ORDER_OF_ZERO: usize = 8;

/// Why there are no coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeries {
    /// The coefficient of this order is not finite.
    NotFinite(usize),
    /// Something in it has no rule for series.
    NoRule,
}

type Coefficients = Result<Vec<ExprId>, NoSeries>;

/// The coefficients of `1, t, ..., t^order` of the scalar `f` at `x = a + t`.
pub(super) fn coefficients(
    g: &mut Graph,
    f: ExprId,
    x: ExprId,
    a: ExprId,
    order: usize,
) -> Coefficients {
    Series { g, x, a, known: FxHashMap::default(), active: Vec::new() }.of(f, order)
}

struct Series<'g> {
    g: &'g mut Graph,
    x: ExprId,
    a: ExprId,
    /// Coefficients found so far.
    known: FxHashMap<ExprId, Vec<ExprId>>,
    /// Nodes being worked on, and to which order.
    active: Vec<(ExprId, usize)>,
}

impl Series<'_> {
    fn of(&mut self, e: ExprId, order: usize) -> Coefficients {
        if let Some(known) = self.known.get(&e)
            && known.len() > order
        {
            return Ok(known[..=order].to_vec());
        }
        // A series that needs as many terms of itself has none: sqrt(x) at 0.
        if self.active.iter().any(|&(busy, least)| busy == e && order >= least) {
            return Err(NoSeries::NotFinite(0));
        }
        self.active.push((e, order));
        let found = crate::memory::deep(|| self.compute(e, order));
        self.active.pop();
        let found = found?;
        self.known.insert(e, found.clone());
        Ok(found)
    }

    fn compute(&mut self, e: ExprId, order: usize) -> Coefficients {
        let (zero, one) = (self.g.int(0), self.g.int(1));
        let mut constant = vec![zero; order + 1];
        if !mentions(self.g, e, self.x) {
            constant[0] = e;
            return Ok(constant);
        }
        if e == self.x {
            constant[0] = self.a;
            if order > 0 {
                constant[1] = one;
            }
            return Ok(constant);
        }
        if !self.g.shape(e).is_scalar() {
            return Err(NoSeries::NoRule);
        }
        let args = self.g.args(e).to_vec();
        let found = match self.g.op(e) {
            Op::Add => {
                let mut parts = Vec::new();
                for &a in &args {
                    parts.push(self.of(a, order)?);
                }
                (0..=order)
                    .map(|k| self.g.add(&parts.iter().map(|p| p[k]).collect::<Vec<_>>()))
                    .collect()
            }
            Op::Mul => self.product(&args, order)?,
            Op::Pow if !mentions(self.g, args[1], self.x) => self.power(args[0], args[1], order)?,
            Op::Exp => {
                let u = self.of(args[0], order)?;
                let start = self.g.apply(Op::Exp, &[u[0]]);
                self.integrate(order, start, |s, y, k| s.chain(y, &u, k))
            }
            Op::Sum => {
                let range = Range::of(self.g, e).ok_or(NoSeries::NoRule)?;
                if mentions(self.g, range.cond, self.x) {
                    return Err(NoSeries::NoRule);
                }
                let body = self.of(args[Op::BINDER_BODY], order)?;
                body.into_iter().map(|c| range.bind(self.g, Op::Sum, c)).collect()
            }
            Op::If if !mentions(self.g, args[0], self.x) => {
                let (a, b) = (self.of(args[1], order)?, self.of(args[2], order)?);
                a.iter().zip(&b).map(|(&a, &b)| self.g.apply(Op::If, &[args[0], a, b])).collect()
            }
            op => match ops::def(op).derivative {
                Derivative::Elementwise(partial) => self.function(e, &args, partial, order)?,
                _ => return Err(NoSeries::NoRule),
            },
        };
        self.finite(found)
    }

    fn finite(&self, found: Vec<ExprId>) -> Coefficients {
        let bad = |&c: &ExprId| ops::known_value(self.g, c).is_some_and(|v| !v.is_finite());
        match found.iter().position(bad) {
            Some(k) => Err(NoSeries::NotFinite(k)),
            None => Ok(found),
        }
    }

    /// `sum(j*u[j]*d[k-j] for j in 1..k)/k`: entry `k` of the integral of `d*u'`.
    fn chain(&mut self, d: &[ExprId], u: &[ExprId], k: usize) -> ExprId {
        let mut terms = Vec::new();
        for j in 1..=k {
            if !self.g.is_zero(u[j]) && !self.g.is_zero(d[k - j]) {
                let weight = self.g.number(Num::frac(j as i64, k as i64));
                terms.push(self.g.mul(&[weight, u[j], d[k - j]]));
            }
        }
        self.g.add(&terms)
    }

    /// Coefficients one after the other, each from those before it.
    fn integrate(
        &mut self,
        order: usize,
        start: ExprId,
        mut next: impl FnMut(&mut Self, &[ExprId], usize) -> ExprId,
    ) -> Vec<ExprId> {
        let mut y = vec![start];
        for k in 1..=order {
            let coefficient = next(self, &y, k);
            y.push(coefficient);
        }
        y
    }

    /// A function of one or two arguments, by its partial derivatives.
    fn function(
        &mut self,
        e: ExprId,
        args: &[ExprId],
        partial: fn(&mut Graph, &[ExprId], ExprId, usize) -> ExprId,
        order: usize,
    ) -> Coefficients {
        let mut at = Vec::new();
        let mut rates = Vec::new();
        for (k, &arg) in args.iter().enumerate() {
            let u = self.of(arg, order)?;
            at.push(u[0]);
            if order > 0 && mentions(self.g, arg, self.x) {
                let p = partial(self.g, args, e, k);
                let d = self.of(p, order - 1).map_err(|why| match why {
                    NoSeries::NotFinite(k) => NoSeries::NotFinite(k + 1),
                    other => other,
                })?;
                rates.push((d, u));
            }
        }
        let start = ops::rebuild(self.g, e, &at);
        Ok(self.integrate(order, start, |s, _, k| {
            let parts: Vec<ExprId> = rates.iter().map(|(d, u)| s.chain(d, u, k)).collect();
            s.g.add(&parts)
        }))
    }

    fn convolve(&mut self, a: &[ExprId], b: &[ExprId]) -> Vec<ExprId> {
        let mut product = Vec::with_capacity(a.len());
        for k in 0..a.len() {
            let mut terms = Vec::new();
            for j in 0..=k {
                if !self.g.is_zero(a[j]) && !self.g.is_zero(b[k - j]) {
                    terms.push(self.g.mul(&[a[j], b[k - j]]));
                }
            }
            product.push(self.g.add(&terms));
        }
        product
    }

    /// A product of factors, some of which are divided by.
    fn product(&mut self, args: &[ExprId], order: usize) -> Coefficients {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for &a in args {
            match negative_power(self.g, a) {
                Some((base, n)) if mentions(self.g, base, self.x) => {
                    below.push(self.g.powi(base, n));
                }
                _ => above.push(a),
            }
        }
        let below = self.g.mul(&below);
        self.quotient(&above, below, order)
    }

    fn quotient(&mut self, above: &[ExprId], below: ExprId, order: usize) -> Coefficients {
        // sin(x)/x: what both vanish to is divided out.
        let mut order_of_zero = 0;
        let start = self.of(below, 0)?;
        let vanishes = self.g.is_zero(start[0]);
        let infinite = |why| match why {
            NoSeries::NotFinite(_) if vanishes => NoSeries::NotFinite(0),
            other => other,
        };
        let mut v = self.of(below, order).map_err(infinite)?;
        while self.g.is_zero(v[order_of_zero]) {
            order_of_zero += 1;
            if order_of_zero > MAX_ORDER_OF_ZERO {
                return Err(NoSeries::NotFinite(0));
            }
            v = self.of(below, order + order_of_zero).map_err(infinite)?;
        }
        let one = self.g.int(1);
        let mut u = self.of(one, order + order_of_zero)?;
        for &a in above {
            let factor = self.of(a, order + order_of_zero)?;
            u = self.convolve(&u, &factor);
        }
        if u[..order_of_zero].iter().any(|&c| !self.g.is_zero(c)) {
            return Err(NoSeries::NotFinite(0));
        }
        let (u, v) = (&u[order_of_zero..], &v[order_of_zero..]);
        if self.g.is_one(v[0]) && v[1..].iter().all(|&c| self.g.is_zero(c)) {
            return Ok(u.to_vec());
        }
        let mut y: Vec<ExprId> = Vec::new();
        for k in 0..=order {
            let mut terms = vec![u[k]];
            for j in 1..=k {
                if !self.g.is_zero(v[j]) && !self.g.is_zero(y[k - j]) {
                    let minus = self.g.int(-1);
                    terms.push(self.g.mul(&[minus, v[j], y[k - j]]));
                }
            }
            let total = self.g.add(&terms);
            y.push(self.g.div(total, v[0]));
        }
        Ok(y)
    }

    /// `u^p` for a constant `p`: `k*u0*y[k] = sum((p*j - (k - j))*u[j]*y[k-j])`,
    /// or products where `u0` may be zero.
    fn power(&mut self, base: ExprId, exponent: ExprId, order: usize) -> Coefficients {
        if let Some(n) = self.g.as_num(exponent).and_then(Num::as_int) {
            let one = self.g.int(1);
            if n < 0 {
                let below = self.g.powi(base, -n);
                return self.quotient(&[one], below, order);
            }
            let u = self.of(base, order)?;
            let mut result = self.of(one, order)?;
            let (mut square, mut left) = (u, n);
            while left > 0 {
                if left % 2 == 1 {
                    result = self.convolve(&result, &square);
                }
                left /= 2;
                if left > 0 {
                    square = self.convolve(&square.clone(), &square);
                }
            }
            return Ok(result);
        }
        let u = self.of(base, order)?;
        let start = self.g.apply(Op::Pow, &[u[0], exponent]);
        if order > 0 && self.g.is_zero(u[0]) {
            return Err(NoSeries::NotFinite(1));
        }
        Ok(self.integrate(order, start, |s, y, k| {
            let mut terms = Vec::new();
            for j in 1..=k {
                if s.g.is_zero(u[j]) || s.g.is_zero(y[k - j]) {
                    continue;
                }
                let (j_num, rest) = (s.g.int(j as i64), s.g.int(j as i64 - k as i64));
                let times_j = s.g.mul(&[j_num, exponent]);
                let weight = s.g.add(&[times_j, rest]);
                terms.push(s.g.mul(&[y[k - j], weight, u[j]]));
            }
            let total = s.g.add(&terms);
            let k = s.g.int(k as i64);
            let below = s.g.mul(&[k, u[0]]);
            s.g.div(total, below)
        }))
    }
}

/// `(b, n)` of `b^(-n)` with a whole `n > 0`.
fn negative_power(g: &Graph, e: ExprId) -> Option<(ExprId, i64)> {
    let &[base, exponent] = g.args(e) else { return None };
    let n = g.as_num(exponent).and_then(Num::as_int)?;
    (g.op(e) == Op::Pow && n < 0).then_some((base, -n))
}
