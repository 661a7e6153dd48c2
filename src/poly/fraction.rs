//! Quotients of polynomials in lowest terms.

use super::{Poly, divide, gcd};

/// `num / den` without common factor, the leading coefficient of `den`
/// positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// The numerator.
    pub num: Poly,
    /// The denominator, not zero.
    pub den: Poly,
}

impl Fraction {
    /// A polynomial over 1.
    pub fn whole(num: Poly) -> Fraction {
        let den = Poly::constant(num.n_vars(), 1);
        Fraction { num, den }
    }

    /// `num / den`, reduced. `None` where the denominator is zero.
    pub fn new(num: Poly, den: Poly) -> Option<Fraction> {
        if den.is_zero() {
            return None;
        }
        let shared = gcd(&num, &den)?;
        let (mut num, mut den) = (divide(&num, &shared)?, divide(&den, &shared)?);
        if den.leading() < 0 {
            (num, den) = (num.neg(), den.neg());
        }
        Some(Fraction { num, den })
    }

    /// Sum.
    pub fn add(&self, other: &Fraction) -> Option<Fraction> {
        if self.den == other.den {
            let num = self.num.add(&other.num)?;
            return if self.den.is_one() {
                Some(Fraction { num, den: self.den.clone() })
            } else {
                Fraction::new(num, self.den.clone())
            };
        }
        let num = self.num.mul(&other.den)?.add(&other.num.mul(&self.den)?)?;
        Fraction::new(num, self.den.mul(&other.den)?)
    }

    /// Product.
    pub fn mul(&self, other: &Fraction) -> Option<Fraction> {
        let (num, den) = (self.num.mul(&other.num)?, self.den.mul(&other.den)?);
        if den.is_one() { Some(Fraction { num, den }) } else { Fraction::new(num, den) }
    }

    /// Whole power; of zero only a positive one.
    pub fn pow(&self, n: i64) -> Option<Fraction> {
        let size = u32::try_from(n.unsigned_abs()).ok()?;
        let (num, den) = (self.num.pow(size)?, self.den.pow(size)?);
        if n >= 0 { Some(Fraction { num, den }) } else { Fraction::new(den, num) }
    }
}
