//! References for functions that the multiple-precision library lacks.

use std::sync::LazyLock;

use astro_float::{BigFloat, Consts};

use super::{BITS, ROUND, big};

/// Bits for sums that cancel.
const WIDE: usize = 2 * BITS;

fn add(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.add(b, WIDE, ROUND)
}

fn sub(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.sub(b, WIDE, ROUND)
}

fn mul(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.mul(b, WIDE, ROUND)
}

fn div(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.div(b, WIDE, ROUND)
}

/// 2/sqrt(pi) * e^-x^2 * (x + 2*x^3/3 + 4*x^5/15 + ...) (DLMF 7.6.2).
pub fn erf(x: f64, c: &mut Consts) -> BigFloat {
    let root = c.pi(WIDE, ROUND).sqrt(WIDE, ROUND);
    if x.abs() < 1e-60 {
        return div(&mul(&big(2.0), &big(x)), &root);
    }
    if x.abs() > 9.0 {
        return big(1f64.copysign(x));
    }
    let square = mul(&big(x), &big(x));
    let (mut term, mut total) = (big(x), big(x));
    let size = |a: &BigFloat| a.exponent().unwrap_or(0);
    for k in (1..).step_by(2) {
        term = div(&mul(&term, &mul(&big(2.0), &square)), &big(f64::from(k + 2)));
        total = add(&total, &term);
        if size(&term) < size(&total) - WIDE as i32 {
            break;
        }
    }
    let e = square.neg().exp(WIDE, ROUND, c);
    div(&mul(&mul(&big(2.0), &e), &total), &root)
}

/// 1 - erf(x); for large x by its continued fraction (DLMF 7.9.1).
pub fn erfc(x: f64, c: &mut Consts) -> BigFloat {
    if x < 8.0 {
        return sub(&big(1.0), &erf(x, c));
    }
    if x > 40.0 {
        return big(0.0);
    }
    let mut fraction = big(x);
    for k in (1..300).rev() {
        fraction = add(&big(x), &div(&big(0.5 * f64::from(k)), &fraction));
    }
    let e = mul(&big(x), &big(x)).neg().exp(WIDE, ROUND, c);
    div(&e, &mul(&fraction, &c.pi(WIDE, ROUND).sqrt(WIDE, ROUND)))
}

/// B_2, B_4, ..., B_50 by their recurrence (DLMF 24.5.3).
static BERNOULLI: LazyLock<Vec<BigFloat>> = LazyLock::new(|| {
    let mut all = vec![big(1.0)];
    for m in 1..=50u32 {
        let (mut sum, mut choose) = (big(0.0), big(1.0));
        for (k, b) in (0..).zip(&all) {
            sum = add(&sum, &mul(&choose, b));
            choose = div(&mul(&choose, &big(f64::from(m + 1 - k))), &big(f64::from(k + 1)));
        }
        all.push(div(&sum.neg(), &big(f64::from(m + 1))));
    }
    all.into_iter().skip(2).step_by(2).collect()
});

/// Steps up to where the asymptotic series below have all their bits.
fn steps(x: f64) -> i32 {
    (60.0 - x).ceil().max(0.0) as i32
}

/// Stirling's series (DLMF 5.11.1), after steps by the recurrence.
pub fn lgamma(x: f64, c: &mut Consts) -> BigFloat {
    if x == 1.0 || x == 2.0 {
        return big(0.0);
    }
    let mut product = big(1.0);
    for k in 0..steps(x) {
        product = mul(&product, &add(&big(x), &big(f64::from(k))));
    }
    let y = add(&big(x), &big(f64::from(steps(x))));
    let two_pi = mul(&big(2.0), &c.pi(WIDE, ROUND));
    let mut total = mul(&sub(&y, &big(0.5)), &y.ln(WIDE, ROUND, c));
    total = sub(&total, &y);
    total = add(&total, &mul(&big(0.5), &two_pi.ln(WIDE, ROUND, c)));
    let (square, mut power) = (mul(&y, &y), y);
    for (k, b) in (1..).zip(BERNOULLI.iter()) {
        let whole = f64::from(2 * k * (2 * k - 1));
        total = add(&total, &div(b, &mul(&big(whole), &power)));
        power = mul(&power, &square);
    }
    sub(&total, &product.ln(WIDE, ROUND, c))
}

/// The derivative of Stirling's series (DLMF 5.11.2) likewise.
pub fn digamma(x: f64, c: &mut Consts) -> BigFloat {
    let one = big(1.0);
    let mut sum = big(0.0);
    for k in 0..steps(x) {
        sum = add(&sum, &div(&one, &add(&big(x), &big(f64::from(k)))));
    }
    let y = add(&big(x), &big(f64::from(steps(x))));
    let mut total = sub(&y.ln(WIDE, ROUND, c), &div(&big(0.5), &y));
    let square = mul(&y, &y);
    let mut power = square.clone();
    for (k, b) in (1..).zip(BERNOULLI.iter()) {
        total = sub(&total, &div(b, &mul(&big(f64::from(2 * k)), &power)));
        power = mul(&power, &square);
    }
    sub(&total, &sum)
}
