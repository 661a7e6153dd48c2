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
        // Only what the denominators share can cancel (Knuth, sec. 4.5.1).
        let shared = gcd(&self.den, &other.den)?;
        let (rest, other_rest) = (divide(&self.den, &shared)?, divide(&other.den, &shared)?);
        let num = self.num.mul(&other_rest)?.add(&other.num.mul(&rest)?)?;
        let cancels = gcd(&num, &shared)?;
        let den = divide(&self.den, &cancels)?.mul(&other_rest)?;
        Some(Fraction { num: divide(&num, &cancels)?, den })
    }

    /// Product.
    pub fn mul(&self, other: &Fraction) -> Option<Fraction> {
        if self.den.is_one() && other.den.is_one() {
            return Some(Fraction::whole(self.num.mul(&other.num)?));
        }
        // Only numerators with denominators across can cancel.
        let (a, b) = (gcd(&self.num, &other.den)?, gcd(&other.num, &self.den)?);
        let num = divide(&self.num, &a)?.mul(&divide(&other.num, &b)?)?;
        let den = divide(&self.den, &b)?.mul(&divide(&other.den, &a)?)?;
        Some(Fraction { num, den })
    }

    /// Whole power; of zero only a positive one.
    pub fn pow(&self, n: i64) -> Option<Fraction> {
        let size = u32::try_from(n.unsigned_abs()).ok()?;
        let (num, den) = (self.num.pow(size)?, self.den.pow(size)?);
        // Powers of what has no common factor have none.
        match (n >= 0, num.leading()) {
            (true, _) => Some(Fraction { num, den }),
            (false, 0) => None,
            (false, 1..) => Some(Fraction { num: den, den: num }),
            (false, _) => Some(Fraction { num: den.neg(), den: num.neg() }),
        }
    }
}
