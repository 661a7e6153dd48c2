//! Double-double numbers: an unevaluated sum of two doubles, about 31 decimal digits.
//!
//! Dekker (1971), Knuth (TAOCP 2, 4.2.2), Hida, Li & Bailey (2001). Relative error of each
//! operation about 1e-31; no care is taken of overflow inside.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `hi + lo`, where `lo` is at most half a unit in the last place of `hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dd {
    hi: f64,
    lo: f64,
}

/// `a + b` and its rounding error.
fn two_sum(a: f64, b: f64) -> Dd {
    let s = a + b;
    let t = s - a;
    Dd { hi: s, lo: (a - (s - t)) + (b - t) }
}

/// The same where `a` is at least as large as `b`.
fn quick_two_sum(a: f64, b: f64) -> Dd {
    let s = a + b;
    Dd { hi: s, lo: if s.is_finite() { b - (s - a) } else { 0.0 } }
}

impl Dd {
    pub const ZERO: Dd = Dd { hi: 0.0, lo: 0.0 };
    pub const ONE: Dd = Dd { hi: 1.0, lo: 0.0 };
    pub const NAN: Dd = Dd { hi: f64::NAN, lo: 0.0 };
    pub const PI: Dd = Dd { hi: std::f64::consts::PI, lo: 1.224_646_799_147_353_2e-16 };
    pub const LN_2: Dd = Dd { hi: std::f64::consts::LN_2, lo: 2.319_046_813_846_299_6e-17 };

    pub const fn new(value: f64) -> Dd {
        Dd { hi: value, lo: 0.0 }
    }

    /// The two doubles, larger first.
    pub fn parts(self) -> (f64, f64) {
        (self.hi, self.lo)
    }

    /// The number whose parts these are.
    pub fn from_parts(hi: f64, lo: f64) -> Dd {
        quick_two_sum(hi, lo)
    }

    /// The nearest double.
    pub fn value(self) -> f64 {
        self.hi
    }

    pub fn ratio(p: i64, q: i64) -> Dd {
        Dd::new(p as f64) / Dd::new(q as f64)
    }

    pub fn is_negative(self) -> bool {
        self.hi < 0.0
    }

    pub fn is_zero(self) -> bool {
        self.hi == 0.0
    }

    pub fn is_finite(self) -> bool {
        self.hi.is_finite()
    }

    pub fn abs(self) -> Dd {
        if self.is_negative() { -self } else { self }
    }

    /// The whole number, where it is one.
    pub fn as_whole(self) -> Option<i64> {
        (self.lo == 0.0 && self.hi.fract() == 0.0 && self.hi.abs() < 1e15).then_some(self.hi as i64)
    }

    /// Multiplies by a power of two, exactly.
    pub fn scale(self, factor: f64) -> Dd {
        Dd { hi: self.hi * factor, lo: self.lo * factor }
    }

    pub fn floor(self) -> Dd {
        let hi = self.hi.floor();
        if hi == self.hi { quick_two_sum(hi, self.lo.floor()) } else { Dd::new(hi) }
    }

    /// One Newton step from the square root of the double.
    pub fn sqrt(self) -> Dd {
        if self.hi <= 0.0 || !self.hi.is_finite() {
            return Dd::new(self.hi.sqrt());
        }
        let x = Dd::new(self.hi.sqrt());
        x + (self - x * x) / x.scale(2.0)
    }

    pub fn powi(self, n: i64) -> Dd {
        let (mut base, mut left, mut result) = (self, n.unsigned_abs(), Dd::ONE);
        while left > 0 {
            if left & 1 == 1 {
                result = result * base;
            }
            base = base * base;
            left >>= 1;
        }
        if n < 0 { Dd::ONE / result } else { result }
    }
}

impl Add for Dd {
    type Output = Dd;
    fn add(self, b: Dd) -> Dd {
        let (s, t) = (two_sum(self.hi, b.hi), two_sum(self.lo, b.lo));
        if !s.hi.is_finite() {
            return Dd::new(s.hi);
        }
        let u = quick_two_sum(s.hi, s.lo + t.hi);
        quick_two_sum(u.hi, u.lo + t.lo)
    }
}

impl Neg for Dd {
    type Output = Dd;
    fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Dd {
    type Output = Dd;
    fn sub(self, b: Dd) -> Dd {
        self + -b
    }
}

impl Mul for Dd {
    type Output = Dd;
    fn mul(self, b: Dd) -> Dd {
        let p = self.hi * b.hi;
        if !p.is_finite() {
            return Dd::new(p);
        }
        let error = self.hi.mul_add(b.hi, -p);
        quick_two_sum(p, error + (self.hi * b.lo + self.lo * b.hi))
    }
}

impl Div for Dd {
    type Output = Dd;
    fn div(self, b: Dd) -> Dd {
        let first = self.hi / b.hi;
        if !first.is_finite() || b.hi.is_infinite() {
            return Dd::new(first);
        }
        let rest = self - b * Dd::new(first);
        let second = rest.hi / b.hi;
        let third = (rest - b * Dd::new(second)).hi / b.hi;
        quick_two_sum(first, second) + Dd::new(third)
    }
}

impl PartialOrd for Dd {
    fn partial_cmp(&self, b: &Dd) -> Option<Ordering> {
        match self.hi.partial_cmp(&b.hi) {
            Some(Ordering::Equal) => self.lo.partial_cmp(&b.lo),
            other => other,
        }
    }
}

impl From<f64> for Dd {
    fn from(value: f64) -> Dd {
        Dd::new(value)
    }
}
