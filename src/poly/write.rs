//! Polynomials as expressions.

use super::ring::{Base, Ring};
use super::{Factors, Poly};
use crate::expr::{ExprId, Graph, Num, Op};

/// A product of a number, powers of variables and powers of polynomials; the
/// exponents may be negative.
#[derive(Clone, Debug)]
pub struct Product {
    /// The number, above and below.
    pub number: (i128, i128),
    /// The exponent of every variable.
    pub exponents: Vec<i64>,
    /// Polynomials with their exponents.
    pub powers: Vec<(Poly, i64)>,
}

impl Product {
    /// The number 1.
    pub fn one(n_vars: usize) -> Product {
        Product { number: (1, 1), exponents: vec![0; n_vars], powers: Vec::new() }
    }

    /// Multiplies by a polynomial in factors, to the power 1 or -1.
    pub fn include(&mut self, factors: &Factors, sign: i64) -> Option<()> {
        self.include_number(factors.content, sign)?;
        for (p, n) in &factors.powers {
            self.include_power(p, sign * i64::from(*n));
        }
        Some(())
    }

    fn include_number(&mut self, c: i128, sign: i64) -> Option<()> {
        let side = if sign > 0 { &mut self.number.0 } else { &mut self.number.1 };
        *side = side.checked_mul(c)?;
        Some(())
    }

    fn include_power(&mut self, p: &Poly, n: i64) {
        match single_variable(p) {
            Some(var) => self.exponents[var] += n,
            None => self.powers.push((p.clone(), n)),
        }
    }

    /// Multiplies by a polynomial as it is; its content and the powers of
    /// variables that divide it are taken out where `apart` says so.
    pub fn include_whole(&mut self, p: &Poly, sign: i64, apart: bool) -> Option<()> {
        if let Some(c) = p.as_constant() {
            return self.include_number(c, sign);
        }
        if !apart && p.n_terms() > 1 {
            self.powers.push((p.clone(), sign));
            return Some(());
        }
        let lowest: Vec<u32> =
            (0..p.n_vars()).map(|v| p.terms().map(|(m, _)| m[v]).min().unwrap_or(0)).collect();
        let content = p.content();
        self.include_number(content, sign)?;
        for (total, e) in self.exponents.iter_mut().zip(&lowest) {
            *total += sign * i64::from(*e);
        }
        let mut rest = Poly::zero(p.n_vars());
        for (m, c) in p.terms() {
            let lower = m.iter().zip(&lowest).map(|(a, b)| a - b).collect();
            rest.add_term(lower, c / content)?;
        }
        if !rest.is_one() {
            self.powers.push((rest, sign));
        }
        Some(())
    }
}

/// The variable, where the polynomial is one.
fn single_variable(p: &Poly) -> Option<usize> {
    let (m, c) = p.terms().next()?;
    let mut vars = (0..p.n_vars()).filter(|&v| m[v] > 0);
    let var = vars.next()?;
    (p.n_terms() == 1 && c == 1 && m[var] == 1 && vars.next().is_none()).then_some(var)
}

impl Ring {
    /// The expression of a polynomial, highest terms first.
    pub fn write(&self, g: &mut Graph, p: &Poly) -> ExprId {
        let mut terms = Vec::with_capacity(p.n_terms());
        for (m, c) in p.terms().rev() {
            let exponents: Vec<i64> = m.iter().map(|&e| i64::from(e)).collect();
            let mut factors = vec![self.number(g, c, 1)];
            factors.extend(self.monomial(g, &exponents));
            terms.push(g.mul(&factors));
        }
        // A positive term first: `y - x^2`, not `-x^2 + y`.
        let positive = |e: &ExprId| !crate::ops::coefficient(g, *e).0.is_negative();
        if let Some(first) = terms.clone().iter().position(positive) {
            terms[..=first].rotate_right(1);
        }
        g.add(&terms)
    }

    /// The expression of a product.
    pub fn write_product(&self, g: &mut Graph, product: &Product) -> ExprId {
        let (mut top, bottom) = product.number;
        // `2 - x` rather than `-(x - 2)`.
        let turns = |(p, n): &(Poly, i64)| n % 2 != 0 && p.terms().any(|(_, c)| c < 0);
        let flipped = product.powers.iter().position(turns).filter(|_| (top < 0) != (bottom < 0));
        if flipped.is_some() {
            top = -top;
        }
        let mut factors = vec![self.number(g, top, bottom)];
        factors.extend(self.monomial(g, &product.exponents));
        for (k, (p, n)) in product.powers.iter().enumerate() {
            let base = if flipped == Some(k) { self.write(g, &p.neg()) } else { self.write(g, p) };
            factors.push(g.powi(base, *n));
        }
        g.mul(&factors)
    }

    fn number(&self, g: &mut Graph, num: i128, den: i128) -> ExprId {
        let (Ok(p), Ok(q)) = (i64::try_from(num), i64::try_from(den)) else {
            return g.number(Num::float(num as f64 / den as f64));
        };
        let n = Num::frac(p, q);
        if !self.decimal || n.as_int().is_some() {
            return g.number(n);
        }
        // Half of twice the number is the number, in decimals where it has them.
        let half = Num::parse("0.5").unwrap_or(n);
        g.number(n.mul(Num::int(2)).mul(half))
    }

    /// Powers of variables; exponentials and powers of one base join.
    fn monomial(&self, g: &mut Graph, exponents: &[i64]) -> Vec<ExprId> {
        let mut plain: Vec<(ExprId, Num)> = Vec::new();
        let mut symbolic: Vec<(ExprId, Vec<ExprId>)> = Vec::new();
        let mut exponential: Vec<ExprId> = Vec::new();
        for (var, &e) in self.vars.iter().zip(exponents) {
            if e == 0 {
                continue;
            }
            let n = Num::frac(e, var.root);
            let c = g.number(n);
            match var.base {
                Base::Node(u) => plain.push((u, n)),
                Base::Exp(u) => exponential.push(g.mul(&[c, u])),
                Base::Power(u, v) => {
                    let term = g.mul(&[c, v]);
                    match symbolic.iter_mut().find(|(base, _)| *base == u) {
                        Some((_, terms)) => terms.push(term),
                        None => symbolic.push((u, vec![term])),
                    }
                }
            }
        }
        let mut factors = Vec::new();
        for (u, mut terms) in symbolic {
            if let Some(at) = plain.iter().position(|(base, _)| *base == u) {
                terms.push(g.number(plain.remove(at).1));
            }
            let exponent = g.add(&terms);
            factors.push(g.apply(Op::Pow, &[u, exponent]));
        }
        for (u, n) in plain {
            factors.push(numeric_power(g, u, n));
        }
        if !exponential.is_empty() {
            let exponent = g.add(&exponential);
            factors.push(g.apply(Op::Exp, &[exponent]));
        }
        factors
    }
}

/// `u^n`, with a square root for an exponent of one half.
fn numeric_power(g: &mut Graph, u: ExprId, n: Num) -> ExprId {
    match n.as_ratio() {
        Some((p @ (1 | -1), 2)) => {
            let root = g.apply(Op::Sqrt, &[u]);
            g.powi(root, p)
        }
        _ => {
            let n = g.number(n);
            g.apply(Op::Pow, &[u, n])
        }
    }
}
