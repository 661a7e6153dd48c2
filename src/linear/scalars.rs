//! Scalar unknowns, by exact elimination.
//!
//! The coefficients are polynomials in everything that is not an unknown: names,
//! sums over an index, functions. Rows are cleared of denominators and common
//! factors and eliminated without fractions (Bareiss, Mathematics of
//! Computation 22 (1968) 565-578); back substitution gives quotients in lowest
//! terms, which are Cramer's rule without its determinants.

use super::NoSolution;
use crate::diff;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::ops;
use crate::poly::{Fraction, Poly, Product, Ring, divide, factors, gcd};
use crate::simplify;

/// Values of scalar unknowns at which scalar residuals are zero.
pub(super) fn solve(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<Vec<ExprId>, NoSolution> {
    let n = unknowns.len();
    let entries = coefficients(g, residuals, unknowns)?;
    let (ring, entries) = Ring::read_all(g, &entries).ok_or(NoSolution::TooLarge)?;
    let mut rows: Vec<Vec<Poly>> = Vec::new();
    for row in entries.chunks(n + 1) {
        rows.push(whole_row(row).ok_or(NoSolution::TooLarge)?);
    }
    let pivots = eliminate(&mut rows, n).ok_or(NoSolution::TooLarge)?;
    if rows[pivots.len()..].iter().any(|row| !row[n].is_zero()) {
        return Err(NoSolution::Contradiction);
    }
    if let Some(free) = (0..n).find(|k| !pivots.contains(k)) {
        return Err(NoSolution::Undetermined { unknown: unknowns[free] });
    }
    let values = back_substitute(&rows, n).ok_or(NoSolution::TooLarge)?;
    values.iter().map(|v| written(g, &ring, v).ok_or(NoSolution::TooLarge)).collect()
}

/// For every residual the derivatives by the unknowns, and minus what is left
/// when all of them are 0.
fn coefficients(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<Vec<ExprId>, NoSolution> {
    let zero = g.int(0);
    let origin: Vec<(ExprId, ExprId)> = unknowns.iter().map(|&u| (g.leaf(u), zero)).collect();
    let mut entries = Vec::new();
    for &residual in residuals {
        let expanded = simplify::expand_all(g, residual).map_err(|_| NoSolution::TooLarge)?;
        for slope in diff::gradient(g, expanded, unknowns) {
            let slope = simplify::simplify(g, slope);
            entries.push(simplify::expand_all(g, slope).map_err(|_| NoSolution::TooLarge)?);
        }
        let rest = ops::substitute(g, expanded, &origin);
        let minus = g.neg(rest);
        entries.push(simplify::expand_all(g, minus).map_err(|_| NoSolution::TooLarge)?);
    }
    Ok(entries)
}

/// A row times its common denominator, divided by its common factor.
fn whole_row(row: &[Fraction]) -> Option<Vec<Poly>> {
    let mut scale = Poly::constant(row[0].num.n_vars(), 1);
    for entry in row {
        let missing = divide(&entry.den, &gcd(&scale, &entry.den)?)?;
        scale = scale.mul(&missing)?;
    }
    let whole: Option<Vec<Poly>> =
        row.iter().map(|e| e.num.mul(&divide(&scale, &e.den)?)).collect();
    reduced(whole?)
}

fn reduced(row: Vec<Poly>) -> Option<Vec<Poly>> {
    let mut shared = Poly::zero(row[0].n_vars());
    for entry in &row {
        shared = gcd(&shared, entry)?;
    }
    if shared.is_zero() || shared.is_one() {
        return Some(row);
    }
    row.iter().map(|entry| divide(entry, &shared)).collect()
}

/// Brings the rows to echelon form; gives the columns with a pivot.
fn eliminate(rows: &mut [Vec<Poly>], n: usize) -> Option<Vec<usize>> {
    let mut pivots = Vec::new();
    for column in 0..n {
        let top = pivots.len();
        // The pivot with the fewest terms keeps the others short.
        let best = (top..rows.len())
            .filter(|&r| !rows[r][column].is_zero())
            .min_by_key(|&r| rows[r][column].n_terms());
        let Some(best) = best else { continue };
        rows.swap(top, best);
        for r in top + 1..rows.len() {
            if rows[r][column].is_zero() {
                continue;
            }
            let (pivot, lead) = (rows[top][column].clone(), rows[r][column].clone());
            let pairs = rows[r].iter().zip(&rows[top]);
            let new: Option<Vec<Poly>> =
                pairs.map(|(own, above)| own.mul(&pivot)?.sub(&above.mul(&lead)?)).collect();
            rows[r] = reduced(new?)?;
        }
        pivots.push(column);
    }
    Some(pivots)
}

fn back_substitute(rows: &[Vec<Poly>], n: usize) -> Option<Vec<Fraction>> {
    let mut values: Vec<Fraction> = Vec::new();
    for k in (0..n).rev() {
        let mut right = Fraction::whole(rows[k][n].clone());
        for (j, value) in (k + 1..n).rev().zip(&values) {
            let term = Fraction::whole(rows[k][j].neg()).mul(value)?;
            right = right.add(&term)?;
        }
        let inverse = Fraction::whole(rows[k][k].clone()).pow(-1)?;
        values.push(right.mul(&inverse)?);
    }
    values.reverse();
    Some(values)
}

/// Numerator and denominator factored.
fn written(g: &mut Graph, ring: &Ring, f: &Fraction) -> Option<ExprId> {
    if f.num.is_zero() {
        return Some(g.int(0));
    }
    let mut product = Product::one(ring.n_vars());
    product.include(&factors(&f.num)?, 1)?;
    product.include(&factors(&f.den)?, -1)?;
    Some(ring.write_product(g, &product))
}
