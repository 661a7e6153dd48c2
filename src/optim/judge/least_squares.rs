//! Statistics of a least-squares fit, from the residuals and the Jacobian at the solution.
//!
//! ```text
//! s^2 = |r|^2 / (m - rank),    covariance C = s^2 (J'J)^-1,    stderr_j = sqrt(C_jj)
//! interval_j = x_j -+ t stderr_j,   t the quantile of Student's distribution with m - rank degrees of freedom
//! R^2 = 1 - |r|^2 / sum w_i (y_i - mean y)^2,  the mean and the residuals r_i with the same weights w_i
//! AIC = m (log(2 pi |r|^2/m) + 1) - sum log w_i + 2 k,   BIC with k log m,   k = rank + 1 (s is estimated, too)
//! ```
//!
//! (Bates & Watts 1988, sec. 2.2 to 2.3.) In come plain numbers, and out they go; this room knows no problem
//! and prints nothing. `(J'J)^-1` comes from the QR factorization of J with its columns scaled to length one,
//! never from an inverse of `J'J`. Where residuals are many their [short form](crate::optim::squares::normal_equations) serves, if it is
//! accurate.

use super::student_t::two_sided_quantile;
use crate::optim::squares::normal_equations::Short;
use crate::optim::squares::qr::PivotedQr;
use crate::optim::vector::{dot, norm};
use nalgebra::DMatrix;

/// What a fit says about its estimates.
#[derive(Clone, Debug, PartialEq)]
pub struct FitStatistics {
    /// m: residuals that are data.
    pub n_residuals: usize,
    /// `m - rank`; 0 where there are no more data than parameters.
    pub degrees_of_freedom: usize,
    /// The numerical rank of the Jacobian.
    pub rank: usize,
    /// `|r|^2`.
    pub residual_sum_of_squares: f64,
    /// s; NaN without degrees of freedom.
    pub residual_standard_error: f64,
    /// C, n x n; NaN in rows and columns of parameters that the data do not determine.
    pub covariance: DMatrix<f64>,
    /// n entries; infinite for a parameter that the data do not determine.
    pub standard_errors: Vec<f64>,
    /// 95 % intervals, n entries `(low, high)`.
    pub confidence_intervals: Vec<(f64, f64)>,
    /// `None` where no response was given or it does not vary.
    pub r_squared: Option<f64>,
    /// Akaike's criterion for normal errors; `None` where the residuals vanish, so that it would be -infinity.
    pub aic: Option<f64>,
    /// The Bayesian criterion of Schwarz; `None` likewise.
    pub bic: Option<f64>,
    /// Parameters that take part in a dependence of the Jacobian's columns, from 0.
    pub undetermined: Vec<usize>,
}

impl FitStatistics {
    /// Adds what depends on the fitted data `y: m` with weights (1 where there are none): R squared, and the
    /// weights' part of AIC and BIC.
    pub fn explain(&mut self, y: &[f64], weights: Option<&[f64]>) {
        let total = if y.len() < 2 { 0.0 } else { total_sum_of_squares(y, weights) };
        let logs: f64 = weights.unwrap_or(&[]).iter().filter(|w| **w > 0.0).map(|w| w.ln()).sum();
        self.explain_total(total, logs);
    }

    /// The same from `sum w_i (y_i - mean y)^2` and `sum log w_i`.
    pub fn explain_total(&mut self, total: f64, log_weights: f64) {
        let rest = self.residual_sum_of_squares / total;
        self.r_squared = (total > 0.0).then_some(1.0 - rest);
        self.aic = self.aic.map(|aic| aic - log_weights);
        self.bic = self.bic.map(|bic| bic - log_weights);
    }

    /// The correlations of the estimates, n x n; NaN for parameters that the data do not determine.
    pub fn correlation(&self) -> DMatrix<f64> {
        let c = &self.covariance;
        DMatrix::from_fn(c.nrows(), c.ncols(), |i, j| match i == j {
            true if c[(i, i)].is_nan() => f64::NAN,
            true => 1.0,
            false => c[(i, j)] / (c[(i, i)] * c[(j, j)]).sqrt(),
        })
    }
}

/// The level of the confidence intervals.
const LEVEL: f64 = 0.95;
/// Diagonal entries of R below this share of the first count as zero, for columns scaled to length one.
const RANK_TOLERANCE: f64 = 1e-13;

/// The statistics of the estimates `x: n` with residuals `r: m` and Jacobian `jac: m x n` of the residuals.
///
/// `response: m` holds the fitted y, where there is one, for R squared. `O(m n^2)`.
pub fn fit_statistics(
    x: &[f64],
    r: &[f64],
    jac: &DMatrix<f64>,
    response: Option<&[f64]>,
) -> FitStatistics {
    statistics_of(x, jac.nrows(), r, jac, response)
}

/// The same where `m` of the residuals are data; the others are 0 whatever the parameters are.
pub fn statistics_of_data(x: &[f64], m: usize, r: &[f64], jac: &DMatrix<f64>) -> FitStatistics {
    statistics_of(x, m, r, jac, None)
}

/// The same of `m` data, from what stands in for them ([`Short`](crate::optim::squares::normal_equations::Short)).
pub fn statistics_of_short(x: &[f64], m: usize, short: &Short) -> FitStatistics {
    statistics_of(x, m, &short.r, &short.jac, None)
}

fn statistics_of(
    x: &[f64],
    m: usize,
    r: &[f64],
    jac: &DMatrix<f64>,
    response: Option<&[f64]>,
) -> FitStatistics {
    let n = jac.ncols();
    let lengths: Vec<f64> = jac
        .column_iter()
        .map(|column| norm(column.as_slice()))
        .map(|length| if length > 0.0 { length } else { 1.0 })
        .collect();
    let mut scaled = jac.clone();
    for (mut column, length) in scaled.column_iter_mut().zip(&lengths) {
        column /= *length;
    }
    let qr = PivotedQr::new(scaled);
    let rank = qr.rank(RANK_TOLERANCE);
    let undetermined = dependent_columns(&qr, rank);

    let degrees_of_freedom = m.saturating_sub(rank);
    let residual_sum_of_squares = dot(r, r);
    let variance = if degrees_of_freedom > 0 {
        residual_sum_of_squares / degrees_of_freedom as f64
    } else {
        f64::NAN
    };
    let mut covariance = inverse_gram(&qr, rank, n);
    for i in 0..n {
        for j in 0..n {
            covariance[(i, j)] *= variance / (lengths[i] * lengths[j]);
        }
    }
    for &j in &undetermined {
        covariance.row_mut(j).fill(f64::NAN);
        covariance.column_mut(j).fill(f64::NAN);
    }
    let standard_errors: Vec<f64> = (0..n)
        .map(|j| if undetermined.contains(&j) { f64::INFINITY } else { covariance[(j, j)].sqrt() })
        .collect();
    let t = two_sided_quantile(LEVEL, degrees_of_freedom as f64);
    let confidence_intervals =
        x.iter().zip(&standard_errors).map(|(x, s)| (x - t * s, x + t * s)).collect();
    let (aic, bic) = information(m, rank + 1, residual_sum_of_squares);
    let mut statistics = FitStatistics {
        n_residuals: m,
        degrees_of_freedom,
        rank,
        residual_sum_of_squares,
        residual_standard_error: variance.sqrt(),
        covariance,
        standard_errors,
        confidence_intervals,
        r_squared: None,
        aic,
        bic,
        undetermined,
    };
    if let Some(y) = response {
        statistics.explain(y, None);
    }
    statistics
}

/// AIC and BIC of `k` estimated numbers; `None` for residuals that vanish.
fn information(m: usize, k: usize, sum: f64) -> (Option<f64>, Option<f64>) {
    if sum <= 0.0 || m == 0 {
        return (None, None);
    }
    let (m, k) = (m as f64, k as f64);
    let twice = m * ((std::f64::consts::TAU * sum / m).ln() + 1.0);
    (Some(twice + 2.0 * k), Some(twice + k * m.ln()))
}

/// `P (R'R)^-1 P'` for the leading `rank` columns, 0 elsewhere: `R^-1` by back substitution, times its
/// transpose.
fn inverse_gram(qr: &PivotedQr, rank: usize, n: usize) -> DMatrix<f64> {
    let mut inverse = DMatrix::<f64>::zeros(rank, rank);
    for k in 0..rank {
        inverse[(k, k)] = 1.0 / qr.r(k, k);
        for i in (0..k).rev() {
            let sum: f64 = (i + 1..=k).map(|l| qr.r(i, l) * inverse[(l, k)]).sum();
            inverse[(i, k)] = -sum / qr.r(i, i);
        }
    }
    let product = &inverse * inverse.transpose();
    let mut gram = DMatrix::zeros(n, n);
    for i in 0..rank {
        for j in 0..rank {
            gram[(qr.order()[i], qr.order()[j])] = product[(i, j)];
        }
    }
    gram
}

/// The columns beyond the rank, and those that they are combinations of.
fn dependent_columns(qr: &PivotedQr, rank: usize) -> Vec<usize> {
    let n = qr.order().len();
    let mut dependent = vec![false; n];
    for j in rank..n {
        dependent[qr.order()[j]] = true;
        // R_11 c = R_12 e_j gives the combination.
        let mut c: Vec<f64> = (0..rank).map(|i| qr.r(i, j)).collect();
        for k in (0..rank).rev() {
            c[k] /= qr.r(k, k);
            for i in 0..k {
                c[i] -= qr.r(i, k) * c[k];
            }
            dependent[qr.order()[k]] |= c[k].abs() > 1e-8;
        }
    }
    (0..n).filter(|&j| dependent[j]).collect()
}

/// `sum w_i (y_i - mean y)^2`, the mean with the same weights.
fn total_sum_of_squares(y: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        Some(w) => {
            let mean = dot(w, y) / w.iter().sum::<f64>();
            y.iter().zip(w).map(|(y, w)| w * (y - mean).powi(2)).sum()
        }
        None => {
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            y.iter().map(|y| (y - mean).powi(2)).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_the_textbook_statistics() {
        // y = 1, 3, 2, 5 over x = 0, 1, 2, 3; by hand: slope 1.1, intercept 1.1, |r|^2 = 2.7,
        // s^2 = 1.35, var(slope) = s^2 / 5, var(intercept) = s^2 (1/4 + 2.25 / 5).
        let y = [1.0, 3.0, 2.0, 5.0];
        let x = [1.1, 1.1];
        let jac = DMatrix::from_fn(4, 2, |i, j| if j == 0 { -1.0 } else { -(i as f64) });
        let r: Vec<f64> = (0..4).map(|i| y[i] - (x[0] + x[1] * i as f64)).collect();
        let fit = fit_statistics(&x, &r, &jac, Some(&y));
        assert_eq!((fit.degrees_of_freedom, fit.rank), (2, 2));
        assert!((fit.residual_sum_of_squares - 2.7).abs() < 1e-12);
        assert!((fit.standard_errors[0] - (1.35 * 0.7_f64).sqrt()).abs() < 1e-12);
        assert!((fit.standard_errors[1] - (1.35 / 5.0_f64).sqrt()).abs() < 1e-12);
        assert!((fit.covariance[(0, 1)] + 1.35 * 1.5 / 5.0).abs() < 1e-12);
        assert!(fit.r_squared.is_some_and(|r2| (r2 - (1.0 - 2.7 / 8.75)).abs() < 1e-12));
        // AIC as R gives it for lm(y ~ x): n log(RSS/n) + n + n log(2 pi) + 2*3.
        let aic = 4.0 * (2.7_f64 / 4.0).ln() + 4.0 + 4.0 * std::f64::consts::TAU.ln() + 6.0;
        assert!(fit.aic.is_some_and(|found| (found - aic).abs() < 1e-12));
        assert!((fit.correlation()[(0, 1)] + 0.3 / 0.14_f64.sqrt()).abs() < 1e-12);
        let half_width = fit.confidence_intervals[1].1 - 1.1;
        assert!((half_width - 4.302_652_729_749_5 * fit.standard_errors[1]).abs() < 1e-9);
    }

    #[test]
    fn weights_count_as_repeated_data_in_r_squared() {
        // y = 1 twice and 4 once, fitted by their mean 2: the weighted form of the same data.
        let jac = DMatrix::from_element(3, 1, -1.0);
        let mut fit = fit_statistics(&[2.0], &[-1.0, -1.0, 2.0], &jac, None);
        fit.explain(&[1.0, 1.0, 4.0], None);
        let jac = DMatrix::from_column_slice(2, 1, &[-2f64.sqrt(), -1.0]);
        let mut weighted = fit_statistics(&[2.0], &[-2f64.sqrt(), 2.0], &jac, None);
        weighted.explain(&[1.0, 4.0], Some(&[2.0, 1.0]));
        assert_eq!(fit.r_squared, Some(0.0));
        assert!(weighted.r_squared.is_some_and(|r2| r2.abs() < 1e-12));
    }

    #[test]
    fn data_on_the_curve_are_no_failure() {
        let jac = DMatrix::from_fn(4, 2, |i, j| if j == 0 { -1.0 } else { -(i as f64) });
        let fit = fit_statistics(&[1.0, 2.0], &[0.0; 4], &jac, Some(&[1.0, 3.0, 5.0, 7.0]));
        assert_eq!((fit.r_squared, fit.aic, fit.bic), (Some(1.0), None, None));
        assert_eq!(fit.standard_errors, [0.0, 0.0]);
    }

    #[test]
    fn dependent_parameters_are_named() {
        // The second and third column are the same parameter twice.
        let jac = DMatrix::from_fn(5, 3, |i, j| if j == 0 { 1.0 } else { (i * i) as f64 });
        let fit = fit_statistics(&[0.0; 3], &[0.1, -0.1, 0.2, -0.2, 0.0], &jac, None);
        assert_eq!((fit.rank, fit.undetermined.as_slice()), (2, [1, 2].as_slice()));
        assert!(fit.standard_errors[0].is_finite() && fit.standard_errors[1].is_infinite());
        assert_eq!(fit.r_squared, None);
    }
}
