//! The sign of a function of one real number on an interval, proved.
//!
//! [`is_nonnegative`] halves the interval until every part has a nonnegative
//! enclosure; tails without end are cut at growing points. Polynomials go to
//! [`polynomial_is_nonnegative`], which looks at coefficients: around the end of
//! a tail (Taylor shift: all nonnegative proves it) and in Bernstein's basis on a
//! bounded part (their convex hull holds the polynomial). Both are rigorous;
//! neither proves a function that touches 0 inside a part.
//!
//! Source: Moore, Kearfott & Cloud, Introduction to Interval Analysis, ch. 6;
//! Garloff, Convergent bounds for the range of multivariate polynomials, 1986.

use super::interval::Interval;

/// Parts looked at before giving up.
const MAX_PARTS: usize = 3000;
/// The farthest cut of a tail.
const FARTHEST: f64 = 1e9;

/// Whether a function is nonnegative on an interval, by enclosures over parts
/// of it. Stops early where it is negative at the middle of a part.
pub fn is_nonnegative(
    enclosure: &mut dyn FnMut(Interval) -> Option<Interval>,
    on: Interval,
) -> bool {
    let mut pending = vec![on];
    for _ in 0..MAX_PARTS {
        let Some(part) = pending.pop() else { return true };
        if !crate::work::is_left() {
            return false;
        }
        if enclosure(part).is_some_and(|v| v.lo >= 0.0) {
            continue;
        }
        let middle = cut(part);
        if !(part.lo < middle && middle < part.hi) || middle.abs() > FARTHEST {
            return false;
        }
        if part.hi - part.lo < 1e-9 * (1.0 + middle.abs()) {
            return false;
        }
        if enclosure(Interval::point(middle)).is_none_or(|v| v.hi < 0.0) {
            return false;
        }
        pending.push(Interval { lo: middle, hi: part.hi });
        pending.push(Interval { lo: part.lo, hi: middle });
    }
    false
}

/// Where a part is cut: in the middle, and a tail farther out each time.
fn cut(part: Interval) -> f64 {
    match (part.lo.is_finite(), part.hi.is_finite()) {
        (true, true) => part.lo / 2.0 + part.hi / 2.0,
        (false, false) => 0.0,
        (true, false) => part.lo.abs() * 4.0 + 1.0 + part.lo,
        (false, true) => part.hi - part.hi.abs() * 4.0 - 1.0,
    }
}

/// Whether `c[0] + c[1]*x + ...` is nonnegative on an interval.
pub fn polynomial_is_nonnegative(c: &[Interval], on: Interval) -> bool {
    if on.lo < 0.0 && on.hi > 0.0 {
        let mirrored: Vec<Interval> =
            c.iter().enumerate().map(|(k, &v)| if k % 2 == 1 { -v } else { v }).collect();
        let (left, right) = (Interval { lo: 0.0, hi: -on.lo }, Interval { lo: 0.0, hi: on.hi });
        return from_zero(&mirrored, left) && from_zero(c, right);
    }
    if on.hi <= 0.0 {
        let mirrored: Vec<Interval> =
            c.iter().enumerate().map(|(k, &v)| if k % 2 == 1 { -v } else { v }).collect();
        return from_zero(&mirrored, Interval { lo: -on.hi, hi: -on.lo });
    }
    from_zero(c, on)
}

/// As above, on an interval of nonnegative numbers.
fn from_zero(c: &[Interval], on: Interval) -> bool {
    let mut pending = vec![on];
    for _ in 0..MAX_PARTS {
        let Some(part) = pending.pop() else { return true };
        let near = shifted(c, part.lo);
        let holds = if part.hi.is_finite() {
            bernstein(&near, part).iter().all(|b| b.lo >= 0.0)
        } else {
            near.iter().all(|v| v.lo >= 0.0)
        };
        if holds {
            continue;
        }
        let middle = cut(part);
        if near[0].hi < 0.0 || middle > FARTHEST || part.hi - part.lo < 1e-9 * (1.0 + middle) {
            return false;
        }
        pending.push(Interval { lo: middle, hi: part.hi });
        pending.push(Interval { lo: part.lo, hi: middle });
    }
    false
}

/// The coefficients around another point, by repeated Horner steps.
fn shifted(c: &[Interval], by: f64) -> Vec<Interval> {
    let mut out = c.to_vec();
    let by = Interval::point(by);
    for k in 0..out.len() {
        for j in (k..out.len() - 1).rev() {
            out[j] = out[j] + by * out[j + 1];
        }
    }
    out
}

/// Bernstein coefficients on a part, from coefficients around its lower end.
fn bernstein(near: &[Interval], part: Interval) -> Vec<Interval> {
    let n = near.len() - 1;
    let width = Interval::point(part.hi) - Interval::point(part.lo);
    let scaled: Vec<Interval> =
        near.iter().enumerate().map(|(k, &v)| v * width.powi(k as i64)).collect();
    let binomial =
        |n: usize, k: usize| (0..k).fold(1.0, |b, j| b * (n - j) as f64 / (j + 1) as f64).round();
    (0..=n)
        .map(|j| {
            (0..=j).fold(Interval::ZERO, |s, k| {
                let weight = Interval::point(binomial(j, k)) / Interval::point(binomial(n, k));
                s + scaled[k] * weight
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials() {
        let c = |v: &[f64]| -> Vec<Interval> { v.iter().map(|&v| Interval::point(v)).collect() };
        assert!(polynomial_is_nonnegative(&c(&[2.0, -6.0, 12.0]), Interval::ALL));
        assert!(!polynomial_is_nonnegative(&c(&[-2.0, 0.0, 12.0]), Interval::ALL));
        assert!(polynomial_is_nonnegative(
            &c(&[-2.0, 0.0, 12.0]),
            Interval::new(1.0, f64::INFINITY)
        ));
        assert!(polynomial_is_nonnegative(&c(&[0.0, -1.0]), Interval::new(-5.0, 0.0)));
        assert!(!polynomial_is_nonnegative(&c(&[1.0, -1.0]), Interval::NONNEGATIVE));
    }

    #[test]
    fn functions_by_parts() {
        let mut f = |x: Interval| {
            Some(
                Interval::point(2.0) + super::super::elementary::image(crate::expr::Op::Sin, &[x])?,
            )
        };
        assert!(is_nonnegative(&mut f, Interval::ALL));
        let mut g = |x: Interval| Some(x.powi(2) - x + Interval::ONE);
        assert!(is_nonnegative(&mut g, Interval::new(-3.0, 3.0)));
        let mut h = |x: Interval| Some(x.powi(3));
        assert!(!is_nonnegative(&mut h, Interval::new(-1.0, 1.0)));
    }
}
