//! Exact numbers.
//!
//! Literals are rational as long as numerator and denominator fit 64 bits, so
//! `1/3 + 1/6` is `1/2`. What goes beyond is a double. A rational remembers
//! whether it was written as a decimal: `0.1` prints as `0.1`, `1/10` as `1/10`.

use std::cmp::Ordering;

/// A number in the expression graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Num(Repr);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Repr {
    /// Numerator and denominator without common factor, denominator positive.
    Ratio { num: i64, den: i64, decimal: bool },
    /// The bits of a double.
    Float(u64),
}

/// Largest magnitude that a numerator or denominator may have, so that its
/// conversion to a double is exact and one division rounds correctly.
const LIMIT: i128 = 1 << 53;

impl Num {
    /// 0
    pub const ZERO: Num = Num::int(0);
    /// 1
    pub const ONE: Num = Num::int(1);
    /// -1
    pub const MINUS_ONE: Num = Num::int(-1);

    /// A whole number of at most 53 bits.
    pub const fn int(n: i64) -> Num {
        Num(Repr::Ratio { num: n, den: 1, decimal: false })
    }

    /// `num / den`, or `None` where it is not a rational of 53 bits.
    fn ratio(num: i128, den: i128, decimal: bool) -> Option<Num> {
        if den == 0 || num == i128::MIN || den == i128::MIN {
            return None;
        }
        let g = gcd(num.unsigned_abs(), den.unsigned_abs()) as i128;
        let sign = if den < 0 { -1 } else { 1 };
        let (num, den) = (sign * num / g, sign * den / g);
        if num.abs() > LIMIT || den > LIMIT {
            return None;
        }
        let decimal = decimal && den != 1 && is_decimal(den);
        Some(Num(Repr::Ratio { num: num as i64, den: den as i64, decimal }))
    }

    /// The rational `num / den`, else the double nearest to it.
    pub fn frac(num: i64, den: i64) -> Num {
        Num::ratio(num as i128, den as i128, false)
            .unwrap_or_else(|| Num::float(num as f64 / den as f64))
    }

    /// A double; whole numbers of up to 53 bits become exact.
    pub fn float(value: f64) -> Num {
        if value.fract() == 0.0
            && value.abs() <= LIMIT as f64
            && !(value == 0.0 && value.is_sign_negative())
        {
            return Num::int(value as i64);
        }
        Num(Repr::Float(value.to_bits()))
    }

    /// Reads a literal such as `12`, `0.5`, `1e-3` or `1_000`.
    pub fn parse(text: &str) -> Option<Num> {
        let text: String = text.chars().filter(|c| *c != '_').collect();
        let value: f64 = text.parse().ok()?;
        Some(exact_decimal(&text).unwrap_or_else(|| Num::float(value)))
    }

    /// The nearest double.
    pub fn value(self) -> f64 {
        match self.0 {
            Repr::Ratio { num, den, .. } => num as f64 / den as f64,
            Repr::Float(bits) => f64::from_bits(bits),
        }
    }

    /// Numerator and denominator, where the number is rational.
    pub fn as_ratio(self) -> Option<(i64, i64)> {
        match self.0 {
            Repr::Ratio { num, den, .. } => Some((num, den)),
            Repr::Float(_) => None,
        }
    }

    /// The whole number, where it is one.
    pub fn as_int(self) -> Option<i64> {
        match self.0 {
            Repr::Ratio { num, den: 1, .. } => Some(num),
            _ => None,
        }
    }

    /// Whether it is written with a decimal point rather than as a fraction.
    pub fn is_decimal(self) -> bool {
        matches!(self.0, Repr::Float(_) | Repr::Ratio { decimal: true, .. })
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.value() < 0.0
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.value() == 0.0
    }

    /// Whether it is one.
    pub fn is_one(self) -> bool {
        self.as_ratio() == Some((1, 1))
    }

    /// Sum, exact where possible.
    #[allow(clippy::should_implement_trait)] // exactness is worth a plain name
    pub fn add(self, other: Num) -> Num {
        self.combine(other, |a, b, c, d| (a * d + b * c, c * d), |x, y| x + y)
    }

    /// Product, exact where possible.
    #[allow(clippy::should_implement_trait)] // exactness is worth a plain name
    pub fn mul(self, other: Num) -> Num {
        self.combine(other, |a, b, c, d| (a * b, c * d), |x, y| x * y)
    }

    /// Negative.
    #[allow(clippy::should_implement_trait)] // exactness is worth a plain name
    pub fn neg(self) -> Num {
        self.mul(Num::MINUS_ONE)
    }

    /// One over it; infinite for zero.
    pub fn recip(self) -> Num {
        match self.0 {
            Repr::Ratio { num, den, decimal } if num != 0 => {
                Num::ratio(den as i128, num as i128, decimal)
                    .unwrap_or(Num::float(den as f64 / num as f64))
            }
            _ => Num::float(1.0 / self.value()),
        }
    }

    /// Whole power, where the result is exact.
    pub fn powi(self, exponent: i64) -> Option<Num> {
        let (num, den) = self.as_ratio()?;
        let e = u32::try_from(exponent.unsigned_abs()).ok()?;
        let (p, q) = ((num as i128).checked_pow(e)?, (den as i128).checked_pow(e)?);
        if exponent >= 0 {
            Num::ratio(p, q, self.is_decimal())
        } else {
            Num::ratio(q, p, self.is_decimal())
        }
    }

    /// Order by value; not-a-number is equal to everything.
    pub fn compare(self, other: Num) -> Ordering {
        self.value().partial_cmp(&other.value()).unwrap_or(Ordering::Equal)
    }

    fn combine(
        self,
        other: Num,
        exact: fn(i128, i128, i128, i128) -> (i128, i128),
        float: fn(f64, f64) -> f64,
    ) -> Num {
        if let (Repr::Ratio { num: a, den: c, .. }, Repr::Ratio { num: b, den: d, .. }) =
            (self.0, other.0)
        {
            let (num, den) = exact(a as i128, b as i128, c as i128, d as i128);
            let decimal = self.is_decimal() || other.is_decimal();
            if let Some(result) = Num::ratio(num, den, decimal) {
                return result;
            }
        }
        Num::float(float(self.value(), other.value()))
    }
}

/// The literal as a rational, where it has at most 15 digits and its power of
/// ten is small.
fn exact_decimal(text: &str) -> Option<Num> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let power = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    if digits.len() > 15 || power.abs() > 15 {
        return None;
    }
    let n: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let scale = 10i128.pow(power.unsigned_abs());
    if power >= 0 { Num::ratio(n * scale, 1, true) } else { Num::ratio(n, scale, true) }
}

fn is_decimal(mut den: i128) -> bool {
    for p in [2, 5] {
        while den % p == 0 {
            den /= p;
        }
    }
    den == 1
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_exact_and_remember_how_they_were_written() {
        assert_eq!(Num::parse("0.1").unwrap().as_ratio(), Some((1, 10)));
        assert!(Num::parse("0.1").unwrap().is_decimal());
        assert_eq!(Num::parse("1_000").unwrap().as_int(), Some(1000));
        assert_eq!(Num::parse("1e-3").unwrap().value(), 1e-3);
        assert_eq!(Num::parse("1e-300").unwrap().value(), 1e-300);
        assert_eq!(Num::parse("123456789012345678901").unwrap().value(), 123456789012345678901.0);
    }

    #[test]
    fn arithmetic_stays_rational_until_it_overflows() {
        let third = Num::frac(1, 3);
        assert_eq!(third.add(Num::frac(1, 6)).as_ratio(), Some((1, 2)));
        assert_eq!(third.recip().as_int(), Some(3));
        assert_eq!(Num::frac(2, 3).powi(-2).unwrap().as_ratio(), Some((9, 4)));
        let big = Num::int(1 << 52);
        assert_eq!(big.mul(big).value(), (2f64).powi(104));
        assert_eq!(Num::ZERO.recip().value(), f64::INFINITY);
    }
}
