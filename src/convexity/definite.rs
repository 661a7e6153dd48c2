//! Proofs that a symmetric matrix of intervals is positive semidefinite.
//!
//! In: the entries of a symmetric matrix, each an interval, row by row. Out:
//! how it was proved that *every* symmetric matrix with entries in the
//! intervals is positive semidefinite, or nothing. Three tests, all rigorous:
//!
//! 1. Diagonal dominance (Gershgorin), which also proves singular matrices.
//! 2. Where all entries are exact: elimination in whole numbers (Bareiss 1968),
//!    with pivots from the diagonal. It decides, singular matrices included, as
//!    long as the numbers fit 128 bits.
//! 3. `L*D*L'` in interval arithmetic; all pivots must be above 0.
//!
//! A matrix that is singular only up to rounding passes none of them, and no
//! tolerance lets it pass: then there is no proof.
//!
//! Source: Golub & Van Loan, Matrix Computations, sec. 4.1-4.2; Rump,
//! Verification methods, Acta Numerica 2010, sec. 10.8.

use super::interval::Interval;

/// How a matrix was proved positive semidefinite.
#[derive(Clone, Debug, PartialEq)]
pub enum Definite {
    /// All entries are 0.
    Zero,
    /// The diagonal outweighs the rest of every row.
    Dominant,
    /// Exact elimination; the number of positive pivots.
    Exact(usize),
    /// A lower bound of the smallest pivot of `L*D*L'`.
    Pivots(f64),
}

impl Definite {
    /// The proof in words, for an `n` by `n` matrix.
    pub fn in_words(&self, n: usize) -> String {
        match self {
            Definite::Zero => "is zero".to_string(),
            Definite::Dominant if n == 1 => "is nonnegative".to_string(),
            Definite::Dominant => {
                "is positive semidefinite: no diagonal entry is less than the sum of \
                 magnitudes beside it"
                    .to_string()
            }
            Definite::Exact(rank) if *rank == n => {
                "is positive definite, by exact elimination".to_string()
            }
            Definite::Exact(rank) => {
                format!("is positive semidefinite of rank {rank}, by exact elimination")
            }
            Definite::Pivots(least) => format!(
                "is positive definite: all pivots of L*D*L' are at least {}",
                crate::report::number::human(*least)
            ),
        }
    }
}

/// Proves a matrix positive semidefinite. `h` holds `n*n` intervals.
pub fn prove(n: usize, h: &[Interval]) -> Option<Definite> {
    if h.iter().all(|&v| v == Interval::ZERO) {
        return Some(Definite::Zero);
    }
    let exact: Option<Vec<(i128, i128)>> =
        h.iter().map(|v| v.is_point().then(|| ratio_of(v.lo))?).collect();
    match exact.and_then(|e| exactly(n, &e)) {
        Some(Ok(rank)) => return Some(Definite::Exact(rank)),
        Some(Err(Indefinite)) => return None,
        None => {}
    }
    if is_dominant(n, h) {
        return Some(Definite::Dominant);
    }
    least_pivot(n, h).map(Definite::Pivots)
}

/// As [`prove`], for entries that are ratios of whole numbers.
pub fn prove_ratios(n: usize, h: &[(i64, i64)]) -> Option<Definite> {
    let wide: Vec<(i128, i128)> = h.iter().map(|&(a, b)| (a.into(), b.into())).collect();
    if wide.iter().all(|r| r.0 == 0) {
        return Some(Definite::Zero);
    }
    match exactly(n, &wide) {
        Some(found) => found.ok().map(Definite::Exact),
        None => prove(n, &h.iter().map(|&(a, b)| Interval::ratio(a, b)).collect::<Vec<_>>()),
    }
}

fn is_dominant(n: usize, h: &[Interval]) -> bool {
    (0..n).all(|i| {
        let beside = (0..n).filter(|&j| j != i).map(|j| h[i * n + j].abs());
        let sum = beside.fold(Interval::ZERO, |s, v| s + v);
        h[i * n + i].lo >= sum.hi
    })
}

/// A lower bound of the smallest pivot, where all are above 0.
fn least_pivot(n: usize, h: &[Interval]) -> Option<f64> {
    let mut a = h.to_vec();
    let mut least = f64::INFINITY;
    for k in 0..n {
        let pivot = a[k * n + k];
        if pivot.lo <= 0.0 {
            return None;
        }
        least = least.min(pivot.lo);
        for i in k + 1..n {
            let factor = a[i * n + k] / pivot;
            for j in i..n {
                // Above the diagonal column k holds what it held below it.
                let own = if i == j { a[i * n + k].powi(2) / pivot } else { factor * a[j * n + k] };
                a[i * n + j] = a[i * n + j] - own;
                a[j * n + i] = a[i * n + j];
            }
        }
    }
    Some(least)
}

/// A matrix that is not positive semidefinite.
struct Indefinite;

/// The rank of a positive semidefinite matrix of ratios; `None` where numbers
/// outgrow 128 bits.
fn exactly(n: usize, h: &[(i128, i128)]) -> Option<Result<usize, Indefinite>> {
    let mut common: i128 = 1;
    for &(_, den) in h {
        common = common.checked_mul(den / gcd(common, den))?;
    }
    let mut a = Vec::with_capacity(h.len());
    for &(num, den) in h {
        a.push(num.checked_mul(common / den)?);
    }
    let mut order: Vec<usize> = (0..n).collect();
    let mut before: i128 = 1;
    for k in 0..n {
        let diagonal = |i: usize| a[order[i] * n + order[i]];
        if (k..n).any(|i| diagonal(i) < 0) {
            return Some(Err(Indefinite));
        }
        let Some(best) = (k..n).find(|&i| diagonal(i) > 0) else {
            let rest = order[k..].iter().all(|&i| order[k..].iter().all(|&j| a[i * n + j] == 0));
            return Some(if rest { Ok(k) } else { Err(Indefinite) });
        };
        order.swap(k, best);
        let p = order[k];
        let pivot = a[p * n + p];
        for &i in &order[k + 1..] {
            for &j in &order[k + 1..] {
                let whole = pivot.checked_mul(a[i * n + j])?;
                let own = a[i * n + p].checked_mul(a[p * n + j])?;
                a[i * n + j] = whole.checked_sub(own)? / before;
            }
        }
        before = pivot;
    }
    Some(Ok(n))
}

/// A double as a ratio of whole numbers, where those are not too long.
fn ratio_of(v: f64) -> Option<(i128, i128)> {
    let (mut value, mut den) = (v, 1i128);
    while value.fract() != 0.0 {
        if den > 1 << 80 {
            return None;
        }
        value *= 2.0;
        den *= 2;
    }
    (value.abs() < 1e30).then_some((value as i128, den))
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1) as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Interval> {
        values.iter().map(|&v| Interval::point(v)).collect()
    }

    #[test]
    fn exact_matrices_are_decided() {
        assert_eq!(prove(2, &points(&[2.0, 1.0, 1.0, 2.0])), Some(Definite::Exact(2)));
        assert_eq!(prove(2, &points(&[1.0, 1.0, 1.0, 1.0])), Some(Definite::Exact(1)));
        assert_eq!(prove(2, &points(&[1.0, 2.0, 2.0, 1.0])), None);
        assert_eq!(prove(2, &points(&[0.0, 1.0, 1.0, 0.0])), None);
        assert_eq!(prove(3, &points(&[0.0; 9])), Some(Definite::Zero));
        let thirds = [(2, 3), (2, 3), (2, 3), (2, 3)];
        assert_eq!(prove_ratios(2, &thirds), Some(Definite::Exact(1)));
    }

    #[test]
    fn intervals_need_room() {
        let h = [(2.0, 3.0), (-1.0, 1.0), (-1.0, 1.0), (0.75, 4.0)];
        let h: Vec<Interval> = h.iter().map(|&(a, b)| Interval::new(a, b)).collect();
        assert!(matches!(prove(2, &h), Some(Definite::Pivots(p)) if p <= 0.25 && p > 0.2));
        let singular = [Interval::new(1.0, 1.0 + 1e-15), Interval::ONE, Interval::ONE];
        assert_eq!(
            prove(2, &[singular[0], singular[1], singular[2], singular[0]]),
            Some(Definite::Dominant)
        );
        assert_eq!(prove(1, &[Interval::new(-1e-300, 1.0)]), None);
    }
}
