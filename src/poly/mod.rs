//! Polynomials in several variables with whole coefficients, and their
//! quotients.
//!
//! In: expressions, through [`Ring::read`], which takes every part that is no
//! sum, product or numeric power as a variable. Out: greatest common divisors,
//! factors, quotients in lowest terms, and expressions again through
//! [`Ring::write`]. `factor`, `simplify`, `solve` and `check` stand on this.
//!
//! Arithmetic is exact: coefficients are whole numbers of 127 bits, and what
//! does not fit, or would take long ([`work`]), is `None`. Callers then keep the form
//! they have. **No result is ever approximate.**
//!
//! Monomials are ordered lexicographically by their exponents, so the leading
//! term is that of the highest power of the first variable.

mod factor;
mod fraction;
mod gcd;
mod image;
mod relation;
mod ring;
mod write;

use std::collections::BTreeMap;

use crate::work;

pub use factor::{Factors, factors};
pub use fraction::Fraction;
pub use gcd::{divide, gcd};
pub use relation::Relation;
pub use ring::Ring;
pub use write::Product;

/// Polynomials of more terms are not worked on.
const MAX_TERMS: usize = 600;
/// Nor are those of a higher degree in one variable.
const MAX_DEGREE: u32 = 60;

/// Exponents of the variables, in their order.
pub type Monomial = Vec<u32>;

/// A polynomial in a fixed number of variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poly {
    n_vars: usize,
    /// Coefficients that are not zero.
    terms: BTreeMap<Monomial, i128>,
}

impl Poly {
    /// Zero.
    pub fn zero(n_vars: usize) -> Poly {
        Poly { n_vars, terms: BTreeMap::new() }
    }

    /// A number.
    pub fn constant(n_vars: usize, c: i128) -> Poly {
        Poly::zero(n_vars).with(vec![0; n_vars], c)
    }

    /// `x_var ^ exponent`
    pub fn power_of(n_vars: usize, var: usize, exponent: u32) -> Poly {
        let mut monomial = vec![0; n_vars];
        monomial[var] = exponent;
        Poly::zero(n_vars).with(monomial, 1)
    }

    /// One term alone.
    fn with(mut self, monomial: Monomial, c: i128) -> Poly {
        if c != 0 {
            self.terms.insert(monomial, c);
        }
        self
    }

    /// The terms, that of the lowest monomial first.
    pub fn terms(&self) -> impl DoubleEndedIterator<Item = (&Monomial, i128)> {
        self.terms.iter().map(|(m, c)| (m, *c))
    }

    /// Number of terms.
    pub fn n_terms(&self) -> usize {
        self.terms.len()
    }

    /// Number of variables of the ring.
    pub fn n_vars(&self) -> usize {
        self.n_vars
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it is 1.
    pub fn is_one(&self) -> bool {
        self.as_constant() == Some(1)
    }

    /// The number, where it is one.
    pub fn as_constant(&self) -> Option<i128> {
        match self.terms.len() {
            0 => Some(0),
            1 => {
                let (m, c) = self.terms.first_key_value()?;
                m.iter().all(|&e| e == 0).then_some(*c)
            }
            _ => None,
        }
    }

    /// The coefficient of the highest monomial.
    pub fn leading(&self) -> i128 {
        self.terms.last_key_value().map_or(0, |(_, c)| *c)
    }

    /// The highest power of a variable.
    pub fn degree(&self, var: usize) -> u32 {
        self.terms.keys().map(|m| m[var]).max().unwrap_or(0)
    }

    /// The variables that occur.
    pub fn vars(&self) -> Vec<usize> {
        (0..self.n_vars).filter(|&v| self.degree(v) > 0).collect()
    }

    /// Sum.
    pub fn add(&self, other: &Poly) -> Option<Poly> {
        self.may_work(self.n_terms() + other.n_terms())?;
        let mut sum = self.clone();
        for (m, c) in &other.terms {
            sum.add_term(m.clone(), *c)?;
        }
        Some(sum)
    }

    /// Adds `c` times a monomial.
    pub fn add_term(&mut self, monomial: Monomial, c: i128) -> Option<()> {
        let total = self.terms.get(&monomial).copied().unwrap_or(0).checked_add(c)?;
        let total = has_negative(total)?;
        if total == 0 {
            self.terms.remove(&monomial);
        } else {
            self.terms.insert(monomial, total);
        }
        (self.terms.len() <= MAX_TERMS).then_some(())
    }

    /// Negative.
    pub fn neg(&self) -> Poly {
        Poly {
            n_vars: self.n_vars,
            terms: self.terms.iter().map(|(m, c)| (m.clone(), -c)).collect(),
        }
    }

    /// Difference.
    pub fn sub(&self, other: &Poly) -> Option<Poly> {
        self.add(&other.neg())
    }

    /// Product with a number.
    pub fn scale(&self, k: i128) -> Option<Poly> {
        if k == 0 {
            return Some(Poly::zero(self.n_vars));
        }
        let terms: Option<_> = self
            .terms
            .iter()
            .map(|(m, c)| Some((m.clone(), has_negative(c.checked_mul(k)?)?)))
            .collect();
        Some(Poly { n_vars: self.n_vars, terms: terms? })
    }

    /// Quotient by a number that divides every coefficient.
    fn unscale(&self, k: i128) -> Poly {
        Poly {
            n_vars: self.n_vars,
            terms: self.terms.iter().map(|(m, c)| (m.clone(), c / k)).collect(),
        }
    }

    /// Counts work on so many terms; `None` where the budget is used up.
    fn may_work(&self, n_terms: usize) -> Option<()> {
        work::spend(n_terms * (5 + self.n_vars));
        work::is_left().then_some(())
    }

    /// Product.
    pub fn mul(&self, other: &Poly) -> Option<Poly> {
        self.may_work(self.n_terms() * other.n_terms())?;
        let mut product = Poly::zero(self.n_vars);
        for (a, ca) in &self.terms {
            for (b, cb) in &other.terms {
                product.add_term(times(a, b)?, ca.checked_mul(*cb)?)?;
            }
        }
        Some(product)
    }

    /// Whole power.
    pub fn pow(&self, n: u32) -> Option<Poly> {
        if n > MAX_DEGREE {
            return None;
        }
        let mut power = Poly::constant(self.n_vars, 1);
        for _ in 0..n {
            power = power.mul(self)?;
        }
        Some(power)
    }

    /// The coefficients of the powers of a variable, from the 0th on.
    pub fn by_powers(&self, var: usize) -> Vec<Poly> {
        let mut parts = vec![Poly::zero(self.n_vars); self.degree(var) as usize + 1];
        for (m, c) in &self.terms {
            let power = m[var] as usize;
            let mut rest = m.clone();
            rest[var] = 0;
            parts[power].terms.insert(rest, *c);
        }
        parts
    }

    /// The derivative by a variable.
    fn derivative(&self, var: usize) -> Option<Poly> {
        let mut result = Poly::zero(self.n_vars);
        for (m, c) in &self.terms {
            if m[var] > 0 {
                let mut lower = m.clone();
                lower[var] -= 1;
                result.add_term(lower, c.checked_mul(i128::from(m[var]))?)?;
            }
        }
        Some(result)
    }

    /// The greatest common divisor of the coefficients, with the sign of the
    /// leading one.
    pub fn content(&self) -> i128 {
        let size = self.terms.values().fold(0, |g, c| gcd_int(g, *c));
        if self.leading() < 0 { -size } else { size }
    }

    /// Divided by its content: coefficients without common divisor, the
    /// leading one positive.
    pub fn primitive(&self) -> Poly {
        if self.is_zero() { self.clone() } else { self.unscale(self.content()) }
    }
}

/// The number, where its negative is a number, too.
fn has_negative(c: i128) -> Option<i128> {
    (c > i128::MIN).then_some(c)
}

/// The product of monomials.
fn times(a: &[u32], b: &[u32]) -> Option<Monomial> {
    a.iter().zip(b).map(|(x, y)| Some(x + y).filter(|&e| e <= MAX_DEGREE)).collect()
}

/// The greatest common divisor of whole numbers; 0 of none.
pub fn gcd_int(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1)
}
