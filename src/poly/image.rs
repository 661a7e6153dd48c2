//! Polynomials at a point, modulo a prime.
//!
//! Every variable but one is put at a number. Where the leading coefficients
//! do not vanish there, a common divisor of two polynomials has an image of
//! the same degree that divides both images (Geddes, Czapor & Labahn, sec.
//! 7.4). So images without a common divisor prove that there is none; the
//! other way round they prove nothing.

use super::Poly;

/// The modulus, a Mersenne prime.
const PRIME: u64 = (1 << 31) - 1;

/// Whether polynomials certainly have no common divisor that holds `var`.
pub(super) fn are_coprime(a: &Poly, b: &Poly, var: usize) -> bool {
    let (a, b) = (image(a, var), image(b, var));
    let lead = |p: &[u64]| p.last().copied().unwrap_or(0);
    lead(&a) != 0 && lead(&b) != 0 && degree_of_gcd(a, b) == 0
}

/// Coefficients of the powers of `var`, the other variables at numbers.
fn image(p: &Poly, var: usize) -> Vec<u64> {
    crate::work::spend(p.n_terms() * (2 + p.n_vars()));
    let mut coefficients = vec![0; p.degree(var) as usize + 1];
    for (m, c) in p.terms() {
        let mut value = c.rem_euclid(i128::from(PRIME)) as u64;
        for (k, &e) in m.iter().enumerate().filter(|(k, e)| *k != var && **e > 0) {
            // Any fixed numbers do; these have no pattern that formulas have.
            value = value * power(734_287 + 1_618_033 * k as u64, e) % PRIME;
        }
        let place = &mut coefficients[m[var] as usize];
        *place = (*place + value) % PRIME;
    }
    coefficients
}

fn power(base: u64, exponent: u32) -> u64 {
    (0..exponent).fold(1, |p, _| p * base % PRIME)
}

/// The degree of the greatest common divisor, by Euclid's algorithm.
fn degree_of_gcd(mut a: Vec<u64>, mut b: Vec<u64>) -> usize {
    if a.len() < b.len() {
        std::mem::swap(&mut a, &mut b);
    }
    while !b.is_empty() {
        let inverse = inverse(b[b.len() - 1]);
        while a.len() >= b.len() {
            let factor = a[a.len() - 1] * inverse % PRIME;
            let shift = a.len() - b.len();
            for (x, y) in a[shift..].iter_mut().zip(&b) {
                *x = (*x + (PRIME - factor) * y) % PRIME;
            }
            while a.last() == Some(&0) {
                a.pop();
            }
        }
        std::mem::swap(&mut a, &mut b);
    }
    a.len() - 1
}

/// The inverse modulo the prime, by Fermat's little theorem.
fn inverse(x: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, x, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x*y + c`
    fn plus(c: i128) -> Poly {
        let product = Poly::power_of(2, 0, 1).mul(&Poly::power_of(2, 1, 1)).unwrap();
        product.add(&Poly::constant(2, c)).unwrap()
    }

    #[test]
    fn common_divisors_are_seen_and_their_absence_too() {
        let (p, q, r) = (plus(1), plus(2), plus(3));
        let (pq, pr) = (p.mul(&q).unwrap(), p.mul(&r).unwrap());
        assert!(!are_coprime(&pq, &pr, 0));
        assert!(are_coprime(&q, &pr, 0));
        assert!(are_coprime(&q, &r, 1));
    }
}
