//! Powers of variables that are made of other variables: `sin(u)^2` is
//! `1 - cos(u)^2`, and the square of `sqrt(u)` is `u`.
//!
//! A relation is applied where that is asked for, in one direction; which
//! direction gives the shorter form only trying can tell.

use super::ring::Base;
use super::{Fraction, Poly, Ring};
use crate::expr::{Graph, Op};

/// A power of a variable that is a quotient of others: `sin(u)^2` is
/// `1 - cos(u)^2`, the square of `sqrt(u)` is `u`.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The variable.
    pub var: usize,
    /// Its power.
    pub power: u32,
    /// What the power is.
    pub is: Fraction,
}

impl Ring {
    /// Powers of variables that are quotients of others. Roots first; then
    /// of each pair the way that leaves the second.
    pub fn relations(&self, g: &Graph) -> Vec<Relation> {
        let n = self.vars.len();
        let mut found = Vec::new();
        for (var, inside) in &self.radicands {
            let power = self.vars[*var].root as u32;
            found.push(Relation { var: *var, power, is: inside.clone() });
        }
        for (a, b, sign) in self.pairs(g) {
            // a^2 = sign*(1 - b^2) for sine and cosine, cosh^2 = 1 + sinh^2.
            let square = |v: usize| Poly::power_of(n, v, 2);
            let one = Poly::constant(n, 1);
            let (of_a, of_b) = if sign < 0 {
                (one.sub(&square(b)), one.sub(&square(a)))
            } else {
                (one.add(&square(b)), square(a).sub(&one))
            };
            let square = |var, is| Relation { var, power: 2, is: Fraction::whole(is) };
            found.extend(of_a.map(|is| square(a, is)));
            found.extend(of_b.map(|is| square(b, is)));
        }
        found
    }

    /// `(cos, sin, -1)` and `(cosh, sinh, 1)` of one argument.
    fn pairs(&self, g: &Graph) -> Vec<(usize, usize, i32)> {
        let mut found = Vec::new();
        for (k, first) in self.vars.iter().enumerate() {
            let Base::Node(e) = first.base else { continue };
            let (partner, sign) = match g.op(e) {
                Op::Cos => (Op::Sin, -1),
                Op::Cosh => (Op::Sinh, 1),
                _ => continue,
            };
            let other = self.vars.iter().position(|v| match v.base {
                Base::Node(o) => g.op(o) == partner && g.args(o) == g.args(e),
                _ => false,
            });
            if let Some(j) = other.filter(|&j| first.root == 1 && self.vars[j].root == 1) {
                found.push((k, j, sign));
            }
        }
        found
    }
}

impl Relation {
    /// The polynomial with the power replaced wherever it occurs.
    pub fn apply(&self, p: &Poly) -> Option<Fraction> {
        let n = p.n_vars();
        let mut total = Fraction::whole(Poly::zero(n));
        for (power, part) in p.by_powers(self.var).iter().enumerate() {
            let (times, left) = (power as u32 / self.power, power as u32 % self.power);
            let rest = part.mul(&Poly::power_of(n, self.var, left))?;
            let replaced = self.is.pow(i64::from(times))?;
            total = total.add(&Fraction::whole(rest).mul(&replaced)?)?;
        }
        Some(total)
    }

    /// The quotient with the power replaced above and below. A denominator
    /// `p + q*r` with a square root `r` is cleared of it where
    /// `p^2 - q^2*r^2` is a number, so that nothing becomes undefined.
    pub fn reduce(&self, f: &Fraction) -> Option<Fraction> {
        let (num, den) = (self.apply(&f.num)?, self.apply(&f.den)?);
        let reduced = num.mul(&den.pow(-1)?)?;
        Some(self.rationalized(&reduced).unwrap_or(reduced))
    }

    fn rationalized(&self, f: &Fraction) -> Option<Fraction> {
        let parts = f.den.by_powers(self.var);
        let [p, q] = &parts[..] else { return None };
        if self.power != 2 || p.is_zero() {
            return None;
        }
        let root = Poly::power_of(p.n_vars(), self.var, 1);
        let conjugate = p.sub(&q.mul(&root)?)?;
        let norm = self.apply(&f.den.mul(&conjugate)?)?;
        norm.den.is_one().then_some(())?;
        norm.num.as_constant().filter(|c| *c != 0)?;
        self.apply(&f.num.mul(&conjugate)?)?.mul(&norm.pow(-1)?)
    }
}
