//! What an algorithm may do with its numbers.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// 1.5 * 2^52: what is added to it loses its fraction, and keeps its whole part
/// in the low bits.
pub(super) const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// 2^52: its low bits count in ones.
const COUNTING: u64 = 0x4330_0000_0000_0000;
/// The bits of 3/4.
const THREE_QUARTERS: u64 = 0x3fe8_0000_0000_0000;
/// Bits of the fraction.
const FRACTION: u32 = 52;

/// One or several doubles, on all of which the same is done.
///
/// Comparisons with NaN do not hold. Where an operation on bits is meant, the
/// name says so.
pub trait Lanes:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// What a comparison says.
    type Mask: Copy
        + BitAnd<Output = Self::Mask>
        + BitOr<Output = Self::Mask>
        + Not<Output = Self::Mask>;

    /// The same number in all lanes; `self` only says in how many.
    fn constant(self, value: f64) -> Self;
    /// `self*b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The nearest whole number, of two the even one.
    fn nearest(self) -> Self;
    /// `self < other`
    fn less(self, other: Self) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    /// Of both bits.
    fn bit_and(self, other: Self) -> Self;
    /// Of either bit.
    fn bit_or(self, other: Self) -> Self;
    /// Of the bits in which they differ.
    fn bit_xor(self, other: Self) -> Self;
    /// The bits as whole numbers, added.
    fn bit_add(self, other: Self) -> Self;
    /// The bits as whole numbers, subtracted.
    fn bit_sub(self, other: Self) -> Self;
    /// The bits, moved up.
    fn bits_up(self, by: u32) -> Self;
    /// The bits, moved down; zeros come in.
    fn bits_down(self, by: u32) -> Self;

    /// `self < other ? self : other`: the second where one is NaN.
    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        Self::select(self.less(other), self, other)
    }

    /// `self > other ? self : other`: the second where one is NaN.
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        Self::select(other.less(self), self, other)
    }

    /// `c - self*b`, rounded once.
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        (-self).mul_add(b, c)
    }

    /// A constant by its bits.
    #[inline(always)]
    fn constant_bits(self, bits: u64) -> Self {
        self.constant(f64::from_bits(bits))
    }

    /// Magnitude.
    #[inline(always)]
    fn magnitude(self) -> Self {
        self.bit_and(self.constant_bits(!(1 << 63)))
    }

    /// The sign bit alone.
    #[inline(always)]
    fn sign_bit(self) -> Self {
        self.bit_and(self.constant_bits(1 << 63))
    }

    /// `2^n` for a whole `n` from -1022 to 1023.
    #[inline(always)]
    fn power_of_two(self) -> Self {
        (self + self.constant(ROUNDING + 1023.0)).bits_up(FRACTION)
    }

    /// `self * 2^n` for a whole `n` between -2000 and 2000, rounded once if
    /// `self` is between 1/4 and 4.
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        self.scale_by_bits(n)
    }

    /// `(m, e)` with `self = m * 2^e`, `e` whole and `m` from 3/4 to 3/2, for
    /// positive finite numbers.
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        self.split_by_bits()
    }

    /// [`Lanes::scale`] where no instruction does it.
    #[inline(always)]
    fn scale_by_bits(self, n: Self) -> Self {
        let half = (n * n.constant(0.5)).nearest();
        let rest = n - half;
        self * half.power_of_two() * rest.power_of_two()
    }

    /// [`Lanes::split`] where no instruction does it.
    #[inline(always)]
    fn split_by_bits(self) -> (Self, Self) {
        let tiny = self.less(self.constant(f64::MIN_POSITIVE));
        let x = Self::select(tiny, self * self.constant(18_014_398_509_481_984.0), self);
        // With 1024 added to the exponent nothing is negative.
        let lifted = x.bit_sub(x.constant_bits(THREE_QUARTERS.wrapping_sub(1024 << FRACTION)));
        let count = lifted.bits_down(FRACTION);
        let m = x.bit_sub(count.bit_sub(x.constant_bits(1024)).bits_up(FRACTION));
        let e = count.bit_or(x.constant_bits(COUNTING));
        let shift = Self::select(
            tiny,
            x.constant(4_503_599_627_370_496.0 + 1024.0 + 54.0),
            x.constant(4_503_599_627_370_496.0 + 1024.0),
        );
        (m, e - shift)
    }

    /// `c[0] + c[1]*x + c[2]*x^2 + ...` by Horner's scheme; a long one in two
    /// halves, of even and of odd powers, which do not wait for one another.
    #[inline(always)]
    fn polynomial(self, c: &[f64]) -> Self {
        if c.len() < 8 {
            return horner(self, self, c, 1);
        }
        let square = self * self;
        let (even, odd) = (horner(self, square, c, 2), horner(self, square, &c[1..], 2));
        odd.mul_add(self, even)
    }
}

/// `c[0] + c[step]*x + c[2*step]*x^2 + ...`
#[inline(always)]
fn horner<L: Lanes>(at: L, x: L, c: &[f64], step: usize) -> L {
    let mut k = (c.len() - 1) / step * step;
    let mut total = at.constant(c[k]);
    while k > 0 {
        k -= step;
        total = total.mul_add(x, at.constant(c[k]));
    }
    total
}

impl Lanes for f64 {
    type Mask = bool;

    #[inline(always)]
    fn constant(self, value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn mul_add(self, b: f64, c: f64) -> f64 {
        f64::mul_add(self, b, c)
    }

    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    #[inline(always)]
    fn nearest(self) -> f64 {
        self.round_ties_even()
    }

    #[inline(always)]
    fn less(self, other: f64) -> bool {
        self < other
    }

    #[inline(always)]
    fn select(mask: bool, a: f64, b: f64) -> f64 {
        if mask { a } else { b }
    }

    #[inline(always)]
    fn bit_and(self, other: f64) -> f64 {
        f64::from_bits(self.to_bits() & other.to_bits())
    }

    #[inline(always)]
    fn bit_or(self, other: f64) -> f64 {
        f64::from_bits(self.to_bits() | other.to_bits())
    }

    #[inline(always)]
    fn bit_xor(self, other: f64) -> f64 {
        f64::from_bits(self.to_bits() ^ other.to_bits())
    }

    #[inline(always)]
    fn bit_add(self, other: f64) -> f64 {
        f64::from_bits(self.to_bits().wrapping_add(other.to_bits()))
    }

    #[inline(always)]
    fn bit_sub(self, other: f64) -> f64 {
        f64::from_bits(self.to_bits().wrapping_sub(other.to_bits()))
    }

    #[inline(always)]
    fn bits_up(self, by: u32) -> f64 {
        f64::from_bits(self.to_bits() << by)
    }

    #[inline(always)]
    fn bits_down(self, by: u32) -> f64 {
        f64::from_bits(self.to_bits() >> by)
    }
}
