//! Intervals of real numbers with outward rounding.
//!
//! An [`Interval`] encloses every value that an expression of reals takes while
//! its arguments stay in theirs. Sums, products, quotients and roots round each
//! end to the nearest double on the safe side, found from the exact error of
//! the operation (Knuth's TwoSum; fused multiply-add for the others), so exact
//! results stay single points: `2*3` is the interval `[6, 6]`. That is what lets
//! [`super::definite`] work with exact numbers where the input is exact.
//!
//! An interval stands for a set of finite reals; infinite ends only say that
//! there is no bound. Hence `0*inf` is 0 at an end of a product.
//!
//! Sources: Moore, Kearfott & Cloud, Introduction to Interval Analysis, 2009;
//! Muller et al., Handbook of Floating-Point Arithmetic, sec. 4.3 and 4.7.

/// A closed interval; infinite ends mean no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lo: f64,
    /// The upper end, at least the lower.
    pub hi: f64,
}

/// Below this size the error of a product is not a double.
const TINY: f64 = 1e-250;

impl Interval {
    /// All reals.
    pub const ALL: Interval = Interval { lo: f64::NEG_INFINITY, hi: f64::INFINITY };
    /// The numbers that are not negative.
    pub const NONNEGATIVE: Interval = Interval { lo: 0.0, hi: f64::INFINITY };
    /// Zero.
    pub const ZERO: Interval = Interval { lo: 0.0, hi: 0.0 };
    /// One.
    pub const ONE: Interval = Interval { lo: 1.0, hi: 1.0 };

    /// From one end to the other; everything where an end is not a number or
    /// they are the wrong way round.
    pub fn new(lo: f64, hi: f64) -> Interval {
        if lo <= hi { Interval { lo, hi } } else { Interval::ALL }
    }

    /// A single double; everything where it is not finite.
    pub fn point(v: f64) -> Interval {
        if v.is_finite() { Interval { lo: v, hi: v } } else { Interval::ALL }
    }

    /// The ratio of two whole numbers.
    pub fn ratio(num: i64, den: i64) -> Interval {
        Interval::point(num as f64) / Interval::point(den as f64)
    }

    /// Whether it is a single number.
    pub fn is_point(self) -> bool {
        self.lo == self.hi
    }

    /// Whether every number in it is at least 0.
    pub fn is_nonnegative(self) -> bool {
        self.lo >= 0.0
    }

    /// Whether every number in it is at most 0.
    pub fn is_nonpositive(self) -> bool {
        self.hi <= 0.0
    }

    /// Whether a number lies in it.
    pub fn contains(self, v: f64) -> bool {
        self.lo <= v && v <= self.hi
    }

    /// The smallest interval that holds both.
    pub fn hull(self, other: Interval) -> Interval {
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// What both hold; `None` where that is nothing.
    pub fn meet(self, other: Interval) -> Option<Interval> {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        (lo <= hi).then_some(Interval { lo, hi })
    }

    /// Both ends moved outwards by `n` units in the last place.
    pub fn widened(self, n: usize) -> Interval {
        let mut wide = self;
        for _ in 0..n {
            wide = Interval { lo: wide.lo.next_down(), hi: wide.hi.next_up() };
        }
        wide
    }

    /// The largest magnitude in it.
    pub fn magnitude(self) -> f64 {
        self.lo.abs().max(self.hi.abs())
    }

    /// The smallest magnitude in it.
    pub fn mignitude(self) -> f64 {
        if self.contains(0.0) { 0.0 } else { self.lo.abs().min(self.hi.abs()) }
    }

    /// `1/x`; no bound on a side from which 0 is reached.
    pub fn recip(self) -> Interval {
        if self.lo < 0.0 && self.hi > 0.0 || self == Interval::ZERO {
            return Interval::ALL;
        }
        let end = |v: f64, at_zero: f64, round: fn(f64, f64) -> f64| {
            if v == 0.0 { at_zero } else { round(1.0, v) }
        };
        Interval {
            lo: end(self.hi, f64::NEG_INFINITY, div_down),
            hi: end(self.lo, f64::INFINITY, div_up),
        }
    }

    /// `x^n` for a whole `n`.
    pub fn powi(self, n: i64) -> Interval {
        if n < 0 {
            return match n.checked_neg() {
                Some(n) => self.powi(n).recip(),
                None => Interval::ALL,
            };
        }
        if n % 2 == 0 {
            let (a, b) = (self.mignitude(), self.magnitude());
            return Interval { lo: power(a, n, mul_down), hi: power(b, n, mul_up) };
        }
        let end = |v: f64, toward: fn(f64, f64) -> f64, away: fn(f64, f64) -> f64| {
            if v >= 0.0 { power(v, n, toward) } else { -power(-v, n, away) }
        };
        Interval { lo: end(self.lo, mul_down, mul_up), hi: end(self.hi, mul_up, mul_down) }
    }

    /// The root of the part that is not negative; everything where there is
    /// none.
    pub fn sqrt(self) -> Interval {
        if self.hi < 0.0 {
            return Interval::ALL;
        }
        Interval { lo: sqrt_down(self.lo.max(0.0)), hi: sqrt_up(self.hi) }
    }

    /// `|x|`
    pub fn abs(self) -> Interval {
        Interval { lo: self.mignitude(), hi: self.magnitude() }
    }
}

/// `v^n` of a nonnegative number, every step rounded by `mul`.
fn power(v: f64, n: i64, mul: fn(f64, f64) -> f64) -> f64 {
    let (mut result, mut base, mut n) = (1.0, v, n);
    while n > 0 {
        if n & 1 == 1 {
            result = mul(result, base);
        }
        n >>= 1;
        if n > 0 {
            base = mul(base, base);
        }
    }
    result
}

impl std::ops::Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        Interval { lo: add_down(self.lo, other.lo), hi: -add_down(-self.hi, -other.hi) }
    }
}

impl std::ops::Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval { lo: -self.hi, hi: -self.lo }
    }
}

impl std::ops::Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        self + -other
    }
}

impl std::ops::Mul for Interval {
    type Output = Interval;
    fn mul(self, other: Interval) -> Interval {
        let ends = [(self.lo, other.lo), (self.lo, other.hi), (self.hi, other.lo)];
        let last = (self.hi, other.hi);
        let lo = ends.iter().fold(mul_down(last.0, last.1), |m, &(a, b)| m.min(mul_down(a, b)));
        let hi = ends.iter().fold(mul_up(last.0, last.1), |m, &(a, b)| m.max(mul_up(a, b)));
        Interval { lo, hi }
    }
}

impl std::ops::Div for Interval {
    type Output = Interval;
    fn div(self, other: Interval) -> Interval {
        if other.is_point() && other.lo != 0.0 {
            let (a, b) = if other.lo > 0.0 { (self.lo, self.hi) } else { (self.hi, self.lo) };
            return Interval { lo: div_down(a, other.lo), hi: div_up(b, other.lo) };
        }
        self * other.recip()
    }
}

/// The largest double that is not above `a + b`.
fn add_down(a: f64, b: f64) -> f64 {
    let s = a + b;
    if s.is_nan() {
        return f64::NEG_INFINITY;
    }
    if s.is_infinite() {
        // A sum that overflows is finite among the reals.
        let overflow = a.is_finite() && b.is_finite() && s > 0.0;
        return if overflow { f64::MAX } else { s };
    }
    let bb = s - a;
    let error = (a - (s - bb)) + (b - bb);
    if error < 0.0 { s.next_down() } else { s }
}

/// A double not above `a*b`, the largest one but near underflow.
fn mul_down(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        return 0.0;
    }
    let p = a * b;
    if p.is_infinite() {
        let overflow = a.is_finite() && b.is_finite() && p > 0.0;
        return if overflow { f64::MAX } else { p };
    }
    if p.abs() < TINY {
        return if p > 0.0 { p.next_down().max(0.0) } else { p.next_down() };
    }
    if a.mul_add(b, -p) < 0.0 { p.next_down() } else { p }
}

fn mul_up(a: f64, b: f64) -> f64 {
    -mul_down(-a, b)
}

/// A double not above `a/b`, for `b` not 0.
fn div_down(a: f64, b: f64) -> f64 {
    if a == 0.0 || b.is_infinite() && a.is_finite() {
        // The limit 0 is approached from the side of the sign.
        return if a * b.signum() < 0.0 { -f64::MIN_POSITIVE } else { 0.0 };
    }
    let q = a / b;
    if q.is_nan() {
        return f64::NEG_INFINITY;
    }
    if q.is_infinite() {
        let overflow = a.is_finite() && q > 0.0;
        return if overflow { f64::MAX } else { q };
    }
    if q.abs() < TINY || a.abs() < TINY {
        return if q > 0.0 { q.next_down().max(0.0) } else { q.next_down() };
    }
    let remainder = (-q).mul_add(b, a);
    if remainder * b.signum() < 0.0 { q.next_down() } else { q }
}

fn div_up(a: f64, b: f64) -> f64 {
    -div_down(-a, b)
}

fn sqrt_down(v: f64) -> f64 {
    let s = v.sqrt();
    if v == 0.0 || !s.is_finite() {
        return s;
    }
    if v < TINY {
        return s.next_down();
    }
    if (-s).mul_add(s, v) < 0.0 { s.next_down() } else { s }
}

fn sqrt_up(v: f64) -> f64 {
    let s = v.sqrt();
    if v == 0.0 || !s.is_finite() {
        return s;
    }
    if v < TINY || (-s).mul_add(s, v) > 0.0 { s.next_up() } else { s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_results_stay_points() {
        let (a, b) = (Interval::point(6.0), Interval::point(3.0));
        for (found, expected) in [(a + b, 9.0), (a - b, 3.0), (a * b, 18.0), (a / b, 2.0)] {
            assert_eq!(found, Interval::point(expected));
        }
        assert_eq!(Interval::point(9.0).sqrt(), b);
        assert_eq!(Interval::point(-2.0).powi(3), Interval::point(-8.0));
    }

    #[test]
    fn inexact_results_are_enclosed_tightly() {
        let third = Interval::ratio(1, 3);
        assert!(third.lo < third.hi && third.lo.next_up() == third.hi);
        assert!((third + third + third).contains(1.0));
        let tenth = Interval::ratio(1, 10);
        assert!(tenth.lo < tenth.hi && tenth.contains(0.1));
    }

    #[test]
    fn ends_without_bound() {
        let positive = Interval::NONNEGATIVE;
        assert_eq!(positive.recip(), positive);
        assert_eq!(positive * Interval::ZERO, Interval::ZERO);
        assert_eq!(Interval::ALL.powi(2), positive);
        assert_eq!(Interval::new(-1.0, 1.0).recip(), Interval::ALL);
        assert_eq!(Interval::new(-3.0, 2.0).powi(2), Interval::new(0.0, 9.0));
        assert_eq!(Interval::new(f64::MAX, f64::MAX) * Interval::point(2.0), {
            Interval { lo: f64::MAX, hi: f64::INFINITY }
        });
    }
}
