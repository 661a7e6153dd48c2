//! What a step does to a block of lanes, in loops that the Rust compiler makes
//! vector code of. A mask is a number whose bits are all ones or all zeros.
//!
//! Everything is inlined into the functions of `run`, which are compiled for a
//! level of vector instructions each.

use super::plan::Signs;
use crate::jit::bodies::body::{Binary, Compare, Logic, Unary};
use crate::jit::bodies::frame::Combine;
use crate::special::vector::Lanes;

/// An operand of a step.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    Lanes(&'a [f64]),
    /// The same number in all lanes.
    Same(f64),
}

use Input::{Lanes as Many, Same};

/// A mask as a number.
#[inline(always)]
fn mask(holds: bool) -> f64 {
    f64::from_bits(if holds { u64::MAX } else { 0 })
}

/// Whether a mask holds.
#[inline(always)]
pub fn holds(mask: f64) -> bool {
    mask.to_bits() != 0
}

/// `a` where the mask holds, else `b`.
#[inline(always)]
pub fn chosen(mask: f64, a: f64, b: f64) -> f64 {
    let m = mask.to_bits();
    f64::from_bits((a.to_bits() & m) | (b.to_bits() & !m))
}

/// Lanes of the longest piece that loops do at once, as the Rust compiler makes them.
const PIECE: usize = 32;

/// Lanes from one to another, twice, without a rest that would be done one by one: the last lanes are done again with
/// those before them, from the same operands.
#[inline(always)]
fn pieces(count: usize) -> [(usize, usize); 2] {
    match count % PIECE {
        rest if rest > 0 && count > PIECE => [(0, count - rest), (count - PIECE, count)],
        _ => [(0, count), (0, 0)],
    }
}

#[inline(always)]
fn each(out: &mut [f64], a: &[f64], f: impl Fn(f64) -> f64) {
    for (from, to) in pieces(out.len()) {
        out[from..to].iter_mut().zip(&a[from..to]).for_each(|(o, a)| *o = f(*a));
    }
}

#[inline(always)]
fn each_two(out: &mut [f64], a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) {
    for (from, to) in pieces(out.len()) {
        let of = a[from..to].iter().zip(&b[from..to]);
        out[from..to].iter_mut().zip(of).for_each(|(o, (a, b))| *o = f(*a, *b));
    }
}

#[inline(always)]
fn each_three(
    out: &mut [f64],
    (a, b, c): (&[f64], &[f64], &[f64]),
    f: impl Fn(f64, f64, f64) -> f64,
) {
    for (from, to) in pieces(out.len()) {
        let of = a[from..to].iter().zip(&b[from..to]).zip(&c[from..to]);
        out[from..to].iter_mut().zip(of).for_each(|(o, ((a, b), c))| *o = f(*a, *b, *c));
    }
}

#[inline(always)]
pub fn one(out: &mut [f64], a: Input, f: impl Fn(f64) -> f64) {
    match a {
        Many(a) => each(out, a, f),
        Same(a) => out.fill(f(a)),
    }
}

#[inline(always)]
pub fn two(out: &mut [f64], a: Input, b: Input, f: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Many(a), Many(b)) => each_two(out, a, b, f),
        (Many(a), Same(b)) => each(out, a, |a| f(a, b)),
        (Same(a), Many(b)) => each(out, b, |b| f(a, b)),
        (Same(a), Same(b)) => out.fill(f(a, b)),
    }
}

#[inline(always)]
pub fn three(out: &mut [f64], [a, b, c]: [Input; 3], f: impl Fn(f64, f64, f64) -> f64) {
    match a {
        Same(a) => two(out, b, c, |b, c| f(a, b, c)),
        Many(a) => match (b, c) {
            (Many(b), Many(c)) => each_three(out, (a, b, c), f),
            (Many(b), Same(c)) => each_two(out, a, b, |a, b| f(a, b, c)),
            (Same(b), Many(c)) => each_two(out, a, c, |a, c| f(a, b, c)),
            (Same(b), Same(c)) => each(out, a, |a| f(a, b, c)),
        },
    }
}

#[inline(always)]
pub fn unary(op: Unary, out: &mut [f64], a: Input) {
    match op {
        Unary::Sqrt => one(out, a, f64::sqrt),
        Unary::Nearest => one(out, a, f64::round_ties_even),
        Unary::Floor => one(out, a, f64::floor),
        Unary::Ceil => one(out, a, f64::ceil),
        // The exponent of a mantissa from 1 to 2.
        Unary::Exponent => one(out, a, |a| {
            let (m, e) = a.split();
            if m < 1.0 { e - 1.0 } else { e }
        }),
        Unary::Mantissa => one(out, a, |a| a.split().0),
        Unary::Up(by) => one(out, a, |a| a.bits_up(u32::from(by))),
        Unary::Down(by) => one(out, a, |a| a.bits_down(u32::from(by))),
    }
}

#[inline(always)]
pub fn binary(op: Binary, out: &mut [f64], a: Input, b: Input) {
    match op {
        Binary::Add => two(out, a, b, |a, b| a + b),
        Binary::Sub => two(out, a, b, |a, b| a - b),
        Binary::Mul => match squared(a, b) {
            Some(a) => each(out, a, |a| a * a),
            None => two(out, a, b, |a, b| a * b),
        },
        Binary::Div => two(out, a, b, |a, b| a / b),
        Binary::Smaller => two(out, a, b, |a, b| if a < b { a } else { b }),
        Binary::Larger => two(out, a, b, |a, b| if a > b { a } else { b }),
        Binary::BitAnd => two(out, a, b, Lanes::bit_and),
        Binary::BitOr => two(out, a, b, Lanes::bit_or),
        Binary::BitXor => two(out, a, b, Lanes::bit_xor),
        Binary::BitAdd => two(out, a, b, Lanes::bit_add),
        Binary::BitSub => two(out, a, b, Lanes::bit_sub),
        Binary::Scale => two(out, a, b, Lanes::scale),
    }
}

/// `a*b + c`; rounded once where the processor does that.
#[inline(always)]
fn fma<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The factor of a square, which is read once.
#[inline(always)]
fn squared<'a>(a: Input<'a>, b: Input<'a>) -> Option<&'a [f64]> {
    match (a, b) {
        (Many(a), Many(b)) if std::ptr::eq(a, b) => Some(a),
        _ => None,
    }
}

/// `±a*b ± c`.
#[inline(always)]
pub fn mul_add<const FUSED: bool>(out: &mut [f64], of: [Input; 3], signs: Signs) {
    let fma = fma::<FUSED>;
    if let Some(a) = squared(of[0], of[1]) {
        let (a, c) = (Many(a), of[2]);
        return match (signs.minus_product, signs.minus_addend) {
            (false, false) => two(out, a, c, |a, c| fma(a, a, c)),
            (false, true) => two(out, a, c, |a, c| fma(a, a, -c)),
            (true, false) => two(out, a, c, |a, c| fma(-a, a, c)),
            (true, true) => two(out, a, c, |a, c| fma(-a, a, -c)),
        };
    }
    match (signs.minus_product, signs.minus_addend) {
        (false, false) => three(out, of, fma),
        (false, true) => three(out, of, |a, b, c| fma(a, b, -c)),
        (true, false) => three(out, of, |a, b, c| fma(-a, b, c)),
        (true, true) => three(out, of, |a, b, c| fma(-a, b, -c)),
    }
}

#[inline(always)]
pub fn compare(op: Compare, out: &mut [f64], a: Input, b: Input) {
    match op {
        Compare::Less => two(out, a, b, |a, b| mask(a < b)),
        Compare::LessEqual => two(out, a, b, |a, b| mask(a <= b)),
        Compare::Equal => two(out, a, b, |a, b| mask(a == b)),
        Compare::NotEqual => two(out, a, b, |a, b| mask(a != b)),
        Compare::Unordered => two(out, a, b, |a, b| mask(a.is_nan() || b.is_nan())),
    }
}

#[inline(always)]
pub fn logic(op: Logic, out: &mut [f64], a: Input, b: Input) {
    match op {
        Logic::And => two(out, a, b, Lanes::bit_and),
        Logic::Or => two(out, a, b, Lanes::bit_or),
        Logic::Not => one(out, a, |a| f64::from_bits(!a.to_bits())),
    }
}

/// Adds values to the lanes of a total where the mask holds.
#[inline(always)]
pub fn add(total: &mut [f64], value: &[f64], mask: Option<&[f64]>) {
    match mask {
        None => total.iter_mut().zip(value).for_each(|(t, v)| *t += *v),
        Some(m) => {
            let given = value.iter().zip(m);
            total.iter_mut().zip(given).for_each(|(t, (v, m))| *t += chosen(*m, *v, 0.0));
        }
    }
}

/// Adds the squares of differences.
#[inline(always)]
pub fn add_square_of_sub<const FUSED: bool>(total: &mut [f64], a: Input, b: Input) {
    let squared = |t: &mut f64, v: f64| *t = fma::<FUSED>(v, v, *t);
    match (a, b) {
        (Many(a), Many(b)) => {
            total.iter_mut().zip(a).zip(b).for_each(|((t, a), b)| squared(t, *a - *b));
        }
        (Many(a), Same(b)) => total.iter_mut().zip(a).for_each(|(t, a)| squared(t, *a - b)),
        (Same(a), Many(b)) => total.iter_mut().zip(b).for_each(|(t, b)| squared(t, a - *b)),
        (Same(a), Same(b)) => total.iter_mut().for_each(|t| squared(t, a - b)),
    }
}

/// Adds the squares of `±a*b ± c`. Signs are factors, which round nothing.
#[inline(always)]
pub fn add_square_of_mul_add<const FUSED: bool>(total: &mut [f64], of: [Input; 3], signs: Signs) {
    let sign = |minus: bool| if minus { -1.0 } else { 1.0 };
    let (product, addend) = (sign(signs.minus_product), sign(signs.minus_addend));
    let add = |t: &mut f64, a: f64, b: f64, c: f64| {
        let v = fma::<FUSED>(product * a, b, addend * c);
        *t = fma::<FUSED>(v, v, *t);
    };
    if let (Some(a), Many(c)) = (squared(of[0], of[1]), of[2]) {
        total.iter_mut().zip(a.iter().zip(c)).for_each(|(t, (a, c))| add(t, *a, *a, *c));
        return;
    }
    let [a, b, c] = of;
    match (a, b) {
        (Many(a), Many(b)) => match c {
            Many(c) => {
                let of = a.iter().zip(b).zip(c);
                total.iter_mut().zip(of).for_each(|(t, ((a, b), c))| add(t, *a, *b, *c));
            }
            Same(c) => {
                let of = a.iter().zip(b);
                total.iter_mut().zip(of).for_each(|(t, (a, b))| add(t, *a, *b, c));
            }
        },
        (Many(many), Same(one)) | (Same(one), Many(many)) => match c {
            Many(c) => {
                let of = many.iter().zip(c);
                total.iter_mut().zip(of).for_each(|(t, (a, c))| add(t, *a, one, *c));
            }
            Same(c) => total.iter_mut().zip(many).for_each(|(t, a)| add(t, *a, one, c)),
        },
        (Same(a), Same(b)) => match c {
            Many(c) => total.iter_mut().zip(c).for_each(|(t, c)| add(t, a, b, *c)),
            Same(c) => total.iter_mut().for_each(|t| add(t, a, b, c)),
        },
    }
}

/// Adds `±a*b` likewise.
#[inline(always)]
pub fn add_product<const FUSED: bool>(
    total: &mut [f64],
    minus: bool,
    (a, b): (&[f64], &[f64]),
    mask: Option<&[f64]>,
) {
    let fma = |t: f64, a: f64, b: f64| if FUSED { a.mul_add(b, t) } else { a * b + t };
    if mask.is_none() && std::ptr::eq(a, b) {
        let sign = if minus { -1.0 } else { 1.0 };
        total.iter_mut().zip(a).for_each(|(t, a)| *t = fma(*t, sign * *a, *a));
        return;
    }
    let factors = a.iter().zip(b);
    match (mask, minus) {
        (None, false) => total.iter_mut().zip(factors).for_each(|(t, (a, b))| *t = fma(*t, *a, *b)),
        (None, true) => total.iter_mut().zip(factors).for_each(|(t, (a, b))| *t = fma(*t, -*a, *b)),
        (Some(m), _) => {
            let sign = if minus { -1.0 } else { 1.0 };
            total.iter_mut().zip(factors.zip(m)).for_each(|(t, ((a, b), m))| {
                *t = chosen(*m, fma(*t, sign * *a, *b), *t);
            });
        }
    }
}

/// The total of an accumulator's lanes, which it changes: halves are combined until one lane is left.
#[inline(always)]
pub fn combined(how: Combine, lanes: &mut [f64]) -> f64 {
    let mut left = lanes.len();
    while left > 1 {
        let half = left.div_ceil(2);
        let (low, high) = lanes[..left].split_at_mut(half);
        let pairs = low.iter_mut().zip(high);
        match how {
            Combine::Sum => pairs.for_each(|(a, b)| *a += *b),
            Combine::Product => pairs.for_each(|(a, b)| *a *= *b),
            _ => pairs.for_each(|(a, b)| *a = how.combined(*a, *b)),
        }
        left = half;
    }
    lanes[0]
}

/// Sets lanes where the mask holds.
#[inline(always)]
pub fn set(to: &mut [f64], value: &[f64], mask: Option<&[f64]>) {
    match mask {
        None => to.copy_from_slice(value),
        Some(m) => {
            to.iter_mut().zip(value).zip(m).for_each(|((t, v), m)| *t = chosen(*m, *v, *t));
        }
    }
}
