//! Factors of polynomials.
//!
//! Taken out, in this order: the numeric content; powers of single variables;
//! contents by each variable; repeated factors (Yun's square-free
//! decomposition; Geddes, Czapor & Labahn, sec. 8.2); rational roots of
//! polynomials in one variable; and quadratics in one variable, or in a power
//! of it, whose discriminant is a square. What is left may still be reducible
//! (a quartic in two irrational quadratics, say) and stays whole.

use super::gcd::split_content;
use super::{Poly, divide, gcd};

/// Roots `p/q` are looked for among divisors of numbers up to this.
const MAX_ROOT: i128 = 100_000;

/// A polynomial as a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    /// The numeric factor.
    pub content: i128,
    /// Primitive factors that are not numbers, with their multiplicities.
    pub powers: Vec<(Poly, u32)>,
}

/// The factors of a polynomial that is not zero. `None` where that takes too
/// long.
pub fn factors(p: &Poly) -> Option<Factors> {
    let mut found = Factors { content: p.content(), powers: Vec::new() };
    let mut rest = p.primitive();
    for var in rest.vars() {
        let lowest = rest.terms().map(|(m, _)| m[var]).min().unwrap_or(0);
        if lowest > 0 {
            rest = divide(&rest, &Poly::power_of(p.n_vars(), var, lowest))?;
            found.push(Poly::power_of(p.n_vars(), var, 1), lowest);
        }
    }
    found.open(rest, 1)?;
    // Signs of primitive factors are positive; theirs is the content's.
    Some(found)
}

impl Factors {
    fn push(&mut self, factor: Poly, power: u32) {
        match self.powers.iter_mut().find(|(f, _)| *f == factor) {
            Some((_, n)) => *n += power,
            None => self.powers.push((factor, power)),
        }
    }

    /// Splits `p^power` as far as the rules go.
    fn open(&mut self, p: Poly, power: u32) -> Option<()> {
        let mut pending = vec![(p, power)];
        while let Some((p, power)) = pending.pop() {
            if p.as_constant().is_some() {
                continue;
            }
            match split(&p)? {
                Some(parts) => pending.extend(parts.into_iter().map(|(q, n)| (q, n * power))),
                None => self.push(p, power),
            }
        }
        self.powers.sort_by_key(|(f, _)| f.n_terms());
        Some(())
    }

    /// Number of factors, each counted once.
    pub fn len(&self) -> usize {
        self.powers.len()
    }

    /// Whether there is no factor but the number.
    pub fn is_empty(&self) -> bool {
        self.powers.is_empty()
    }
}

type Parts = Vec<(Poly, u32)>;

/// Two or more factors of a primitive polynomial, where a rule finds some.
fn split(p: &Poly) -> Option<Option<Parts>> {
    for var in p.vars() {
        let (content, rest) = split_content(p, var)?;
        if content.as_constant().is_none() {
            return Some(Some(vec![(content.primitive(), 1), (rest.primitive(), 1)]));
        }
        if p.degree(var) > 1
            && let Some(parts) = repeated(p, var)?
        {
            return Some(Some(parts));
        }
    }
    if let [var] = p.vars()[..]
        && p.degree(var) > 1
        && let Some(root) = rational_root(p, var)
    {
        let rest = divide(p, &root)?;
        return Some(Some(vec![(root, 1), (rest.primitive(), 1)]));
    }
    for var in p.vars() {
        if let Some(parts) = quadratic(p, var) {
            return Some(Some(parts));
        }
    }
    Some(None)
}

/// `p = a * b^2 * ...`: the part of multiplicity above 1, and the rest.
fn repeated(p: &Poly, var: usize) -> Option<Option<Parts>> {
    let shared = gcd(p, &p.derivative(var)?)?.primitive();
    if shared.as_constant().is_some() {
        return Some(None);
    }
    // p/shared holds every factor once.
    let once = divide(p, &shared)?;
    let twice = gcd(&once, &shared)?.primitive();
    let single = divide(&once, &twice)?;
    let more = divide(&shared, &twice)?;
    Some(Some(vec![(single.primitive(), 1), (twice, 2), (more.primitive(), 1)]))
}

/// The factor `q*x - p` of a root `p/q`.
fn rational_root(p: &Poly, var: usize) -> Option<Poly> {
    let coefficients: Vec<i128> =
        p.by_powers(var).iter().map(|c| c.as_constant().unwrap_or(0)).collect();
    let (&first, &last) = (coefficients.first()?, coefficients.last()?);
    if first.abs() > MAX_ROOT || last.abs() > MAX_ROOT {
        return None;
    }
    let sizes = divisors(first);
    for q in divisors(last) {
        for &size in &sizes {
            crate::work::spend(coefficients.len());
            if !crate::work::is_left() {
                return None;
            }
            for root in [size, -size] {
                if super::gcd_int(root, q) == 1 && vanishes(&coefficients, root, q) == Some(true) {
                    let n = p.n_vars();
                    let x = Poly::power_of(n, var, 1).scale(q)?;
                    return x.sub(&Poly::constant(n, root));
                }
            }
        }
    }
    None
}

/// The divisors of a whole number, the smallest first.
fn divisors(n: i128) -> Vec<i128> {
    let n = n.abs();
    let small: Vec<i128> = (1..).take_while(|d| d * d <= n).filter(|d| n % d == 0).collect();
    let large = small.iter().rev().map(|d| n / d).filter(|l| l * l > n);
    small.iter().copied().chain(large).collect()
}

/// Whether the polynomial is zero at `p/q`, by Horner's rule times `q^n`.
fn vanishes(coefficients: &[i128], p: i128, q: i128) -> Option<bool> {
    let (mut total, mut scale) = (0i128, 1i128);
    for c in coefficients.iter().rev() {
        total = total.checked_mul(p)?.checked_add(c.checked_mul(scale)?)?;
        scale = scale.checked_mul(q)?;
    }
    Some(total == 0)
}

/// `a*z^2 + b*z + c` with `z = x^k`, where `b^2 - 4*a*c` is a square.
fn quadratic(p: &Poly, var: usize) -> Option<Parts> {
    let parts = p.by_powers(var);
    let top = parts.len() - 1;
    if !top.is_multiple_of(2) {
        return None;
    }
    let k = top / 2;
    let others_vanish = parts.iter().enumerate().all(|(e, c)| e % k == 0 || c.is_zero());
    if !others_vanish {
        return None;
    }
    let (a, b, c) = (&parts[2 * k], &parts[k], &parts[0]);
    let discriminant = b.mul(b)?.sub(&a.mul(c)?.scale(4)?)?;
    let root = square_root(&discriminant)?;
    let n = p.n_vars();
    let z = Poly::power_of(n, var, k as u32);
    let twice = a.scale(2)?.mul(&z)?.add(b)?;
    // 4*a*p = (2*a*z + b - root) * (2*a*z + b + root)
    let one = split_content(&twice.sub(&root)?.primitive(), var)?.1.primitive();
    let other = divide(p, &one)?;
    (other.as_constant().is_none()).then(|| vec![(one, 1), (other.primitive(), 1)])
}

/// The polynomial whose square it is, by the schoolbook method: the leading
/// term first, each further term from the leading term of what is left.
pub(super) fn square_root(p: &Poly) -> Option<Poly> {
    let n = p.n_vars();
    let Some((top, &c)) = p.terms.last_key_value() else { return Some(Poly::zero(n)) };
    let half: Option<Vec<u32>> = top.iter().map(|e| e.is_multiple_of(2).then_some(e / 2)).collect();
    let side = integer_root(c)?;
    let mut root = Poly::zero(n).with(half.clone()?, side);
    let (half, lead) = (half?, side.checked_mul(2)?);
    for _ in 0..p.n_terms() {
        let rest = p.sub(&root.mul(&root)?)?;
        let Some((m, &c)) = rest.terms.last_key_value() else { return Some(root) };
        let step: Option<Vec<u32>> = m.iter().zip(&half).map(|(x, y)| x.checked_sub(*y)).collect();
        if c % lead != 0 {
            return None;
        }
        root = root.add(&Poly::zero(n).with(step?, c / lead))?;
    }
    (p.sub(&root.mul(&root)?)?).is_zero().then_some(root)
}

fn integer_root(c: i128) -> Option<i128> {
    if c < 0 {
        return None;
    }
    let guess = (c as f64).sqrt() as i128;
    (guess - 1..=guess + 1).find(|r| r.checked_mul(*r) == Some(c))
}
