//! Algorithms over [`Lanes`] as operations of a body: what computes with these
//! values appends what it does.

use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::body::{Binary, Body, Compare, Id, Logic, Op, Target, Unary};
use crate::special::vector::Lanes;

/// A value of a body that is being written: an algorithm over [`Lanes`] that
/// computes with it appends its operations.
#[derive(Clone, Copy)]
pub struct Recorded<'b> {
    pub body: &'b RefCell<Body>,
    pub id: Id,
}

/// A mask likewise.
#[derive(Clone, Copy)]
pub struct RecordedMask<'b> {
    pub body: &'b RefCell<Body>,
    pub id: Id,
}

impl Recorded<'_> {
    fn push(self, op: Op) -> Self {
        let id = self.body.borrow_mut().push(op);
        Recorded { id, ..self }
    }

    fn binary(self, op: Binary, other: Self) -> Self {
        self.push(Op::Binary(op, self.id, other.id))
    }

    fn unary(self, op: Unary) -> Self {
        self.push(Op::Unary(op, self.id))
    }
}

impl RecordedMask<'_> {
    fn logic(self, op: Logic, other: Id) -> Self {
        let id = self.body.borrow_mut().push(Op::Logic(op, self.id, other));
        RecordedMask { id, ..self }
    }
}

impl Add for Recorded<'_> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.binary(Binary::Add, other)
    }
}

impl Sub for Recorded<'_> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.binary(Binary::Sub, other)
    }
}

impl Mul for Recorded<'_> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.binary(Binary::Mul, other)
    }
}

impl Div for Recorded<'_> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.binary(Binary::Div, other)
    }
}

impl Neg for Recorded<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        self.bit_xor(self.constant(-0.0))
    }
}

impl BitAnd for RecordedMask<'_> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.logic(Logic::And, other.id)
    }
}

impl BitOr for RecordedMask<'_> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.logic(Logic::Or, other.id)
    }
}

impl Not for RecordedMask<'_> {
    type Output = Self;
    fn not(self) -> Self {
        self.logic(Logic::Not, self.id)
    }
}

impl<'b> Lanes for Recorded<'b> {
    type Mask = RecordedMask<'b>;

    fn constant(self, value: f64) -> Self {
        self.push(Op::Const(value.to_bits()))
    }

    fn mul_add(self, b: Self, c: Self) -> Self {
        let (a, b, c) = (self.id, b.id, c.id);
        self.push(Op::MulAdd { minus_product: false, minus_addend: false, a, b, c })
    }

    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        let (a, b, c) = (self.id, b.id, c.id);
        self.push(Op::MulAdd { minus_product: true, minus_addend: false, a, b, c })
    }

    fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    fn nearest(self) -> Self {
        self.unary(Unary::Nearest)
    }

    fn less(self, other: Self) -> RecordedMask<'b> {
        let id = self.body.borrow_mut().push(Op::Compare(Compare::Less, self.id, other.id));
        RecordedMask { body: self.body, id }
    }

    fn select(mask: RecordedMask<'b>, a: Self, b: Self) -> Self {
        a.push(Op::Select(mask.id, a.id, b.id))
    }

    fn smaller(self, other: Self) -> Self {
        self.binary(Binary::Smaller, other)
    }

    fn larger(self, other: Self) -> Self {
        self.binary(Binary::Larger, other)
    }

    fn bit_and(self, other: Self) -> Self {
        self.binary(Binary::BitAnd, other)
    }

    fn bit_or(self, other: Self) -> Self {
        self.binary(Binary::BitOr, other)
    }

    fn bit_xor(self, other: Self) -> Self {
        self.binary(Binary::BitXor, other)
    }

    fn bit_add(self, other: Self) -> Self {
        self.binary(Binary::BitAdd, other)
    }

    fn bit_sub(self, other: Self) -> Self {
        self.binary(Binary::BitSub, other)
    }

    fn bits_up(self, by: u32) -> Self {
        self.unary(Unary::Up(by as u8))
    }

    fn bits_down(self, by: u32) -> Self {
        self.unary(Unary::Down(by as u8))
    }

    fn scale(self, n: Self) -> Self {
        if self.body.borrow().target == Target::Native {
            self.binary(Binary::Scale, n)
        } else {
            self.scale_by_bits(n)
        }
    }

    fn split(self) -> (Self, Self) {
        if self.body.borrow().target != Target::Native {
            return self.split_by_bits();
        }
        let (m, e) = (self.unary(Unary::Mantissa), self.unary(Unary::Exponent));
        // The exponent is that of a mantissa from 1 to 2.
        let one = m.constant(1.0);
        (m, Self::select(m.less(one), e + one, e))
    }
}
