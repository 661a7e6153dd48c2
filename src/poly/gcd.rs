//! Exact division and greatest common divisors.
//!
//! The Euclidean algorithm on primitive polynomials, one variable after the
//! other (Knuth, The Art of Computer Programming 2, sec. 4.6.1, algorithm E
//! with primitive remainders; Geddes, Czapor & Labahn, Algorithms for Computer
//! Algebra, sec. 7.2). Most pairs have no common divisor; their images at a
//! point tell ([`image`]).

use super::{Poly, image};
use crate::patience;

/// The quotient where `b` divides `a`.
pub fn divide(a: &Poly, b: &Poly) -> Option<Poly> {
    let (lead, &lead_c) = b.terms.last_key_value()?;
    let mut rest = a.clone();
    let mut quotient = Poly::zero(a.n_vars);
    while let Some((top, &c)) = rest.terms.last_key_value() {
        patience::look();
        if c % lead_c != 0 {
            return None;
        }
        let step: Option<Vec<u32>> = top.iter().zip(lead).map(|(x, y)| x.checked_sub(*y)).collect();
        let term = Poly::zero(a.n_vars).with(step?, c / lead_c);
        rest = rest.sub(&b.mul(&term)?)?;
        quotient = quotient.add(&term)?;
    }
    Some(quotient)
}

/// The greatest common divisor, its leading coefficient positive.
pub fn gcd(a: &Poly, b: &Poly) -> Option<Poly> {
    if a.is_zero() {
        return positive(b);
    }
    if b.is_zero() {
        return positive(a);
    }
    if a == b {
        return positive(a);
    }
    let number = super::gcd_int(a.content(), b.content());
    let (a, b) = (a.primitive(), b.primitive());
    let var = (0..a.n_vars).find(|&v| a.degree(v) > 0 || b.degree(v) > 0);
    let shared = match var {
        None => Poly::constant(a.n_vars, 1),
        Some(var) => gcd_by(&a, &b, var)?,
    };
    shared.scale(number)
}

fn positive(p: &Poly) -> Option<Poly> {
    if p.leading() < 0 { Some(p.neg()) } else { Some(p.clone()) }
}

/// The greatest common divisor of primitive polynomials, as polynomials in
/// `var` whose coefficients hold only later variables.
fn gcd_by(a: &Poly, b: &Poly, var: usize) -> Option<Poly> {
    let (content_a, mut a) = split_content(a, var)?;
    let (content_b, mut b) = split_content(b, var)?;
    let content = gcd(&content_a, &content_b)?;
    if a.degree(var) < b.degree(var) {
        std::mem::swap(&mut a, &mut b);
    }
    if image::are_coprime(&a, &b, var) {
        return Some(content.primitive());
    }
    while !b.is_zero() {
        let rest = pseudo_remainder(&a, &b, var)?;
        a = b;
        b = if rest.is_zero() { rest } else { split_content(&rest, var)?.1 };
    }
    if a.degree(var) == 0 {
        return Some(content.primitive());
    }
    Some(a.mul(&content)?.primitive())
}

/// The greatest common divisor of the coefficients of the powers of `var`, and
/// what is left.
pub(super) fn split_content(p: &Poly, var: usize) -> Option<(Poly, Poly)> {
    let mut content = Poly::zero(p.n_vars);
    for part in p.by_powers(var) {
        content = gcd(&content, &part)?;
        if content.is_one() {
            return Some((content, p.clone()));
        }
    }
    let rest = divide(p, &content)?;
    Some((content, rest))
}

/// The remainder of `lc(b)^k * a` by `b`, as polynomials in `var`.
fn pseudo_remainder(a: &Poly, b: &Poly, var: usize) -> Option<Poly> {
    let degree = b.degree(var);
    let lead = b.by_powers(var).pop()?;
    let mut rest = a.clone();
    while !rest.is_zero() && rest.degree(var) >= degree {
        patience::look();
        let top = rest.by_powers(var).pop()?;
        let shift = Poly::power_of(a.n_vars, var, rest.degree(var) - degree);
        rest = rest.mul(&lead)?.sub(&b.mul(&top)?.mul(&shift)?)?;
    }
    Some(rest)
}
