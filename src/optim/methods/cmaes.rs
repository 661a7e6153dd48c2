//! Covariance matrix adaptation: draws from a normal distribution that learns where f is low.
//!
//! ```text
//! x_k = m + sigma y_k,  y_k ~ N(0, C),  k = 1..lambda;   m <- m + sigma sum_i w_i y_(i)   over the better half
//! p_s <- (1 - c_s) p_s + sqrt(c_s (2 - c_s) mu_eff) C^-1/2 <y>,    sigma by |p_s|
//! p_c <- (1 - c_c) p_c + h sqrt(c_c (2 - c_c) mu_eff) <y>
//! C <- (1 - c_1 - c_mu sum w) C + c_1 p_c p_c' + c_mu sum_i w_i y_(i) y_(i)'
//! ```
//!
//! Equation numbers and constants are those of N. Hansen: The CMA Evolution Strategy: A Tutorial
//! (arXiv:1604.00772), with the negative weights of its section 3.2. Only the order of values matters, so that
//! any increasing function of f is searched alike. Points outside the bounds are moved to them and pay for
//! the distance (its appendix B.5).

use super::finish::finish;
use super::{NO_GTOL, SPREAD_FTOL, SPREAD_XTOL};
use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{Iterate, Run};
use crate::optim::sampling::size_of_start;
use crate::optim::status::Stop;
use crate::optim::trust::eigen::symmetric_eigen;
use crate::optim::vector::norm_inf;
use nalgebra::{DMatrix, DVector};

/// The row of `cmaes`.
pub static METHOD: MethodDef = MethodDef {
    name: "cmaes",
    aliases: &["cma_es", "cma"],
    family: "no derivatives",
    summary: "covariance matrix adaptation (CMA-ES)",
    when_to_use: "For rugged, noisy or discontinuous functions of up to some 100 unknowns. Learns scales and \
                  valleys; takes some hundreds of evaluations for each unknown.",
    formula: "",
    needs: &[Need::Objective],
    accepts_bounds: true,
    own_options: &[
        NO_GTOL,
        SPREAD_FTOL,
        SPREAD_XTOL,
        OptionDef {
            name: "sigma",
            kind: OptionKind::Number { min: 1e-12, max: 1e12 },
            default: OptionDefault::Absent,
            doc: "the first deviation; 0.3 of the box or of |x| (of 1 at 0) if left out",
        },
        OptionDef {
            name: "population",
            kind: OptionKind::Whole { min: 4, max: 1_000_000 },
            default: OptionDefault::Absent,
            doc: "draws in an iteration; 4 + floor(3*log(n)) if left out",
        },
    ],
    max_iter: 50_000,
    reference: "Hansen (2016), arXiv:1604.00772, eqs. 5 to 58",
    entry: minimize,
};

/// The constants of table 1 of the tutorial.
struct Constants {
    lambda: usize,
    mu: usize,
    /// lambda weights, the first mu positive.
    weights: Vec<f64>,
    mu_eff: f64,
    c_sigma: f64,
    d_sigma: f64,
    c_c: f64,
    c_1: f64,
    c_mu: f64,
    /// The mean length of a standard normal vector.
    chi: f64,
}

impl Constants {
    fn new(n: usize, lambda: usize) -> Self {
        let (d, l) = (n as f64, lambda as f64);
        let mu = lambda / 2;
        let raw: Vec<f64> =
            (1..=lambda).map(|i| ((l + 1.0) / 2.0).ln() - (i as f64).ln()).collect();
        let sums = |w: &[f64]| (w.iter().sum::<f64>(), w.iter().map(|w| w * w).sum::<f64>());
        let (positive, squares) = sums(&raw[..mu]);
        let (negative, negative_squares) = sums(&raw[mu..]);
        let mu_eff = positive * positive / squares;
        let mu_eff_negative = negative * negative / negative_squares;
        let c_sigma = (mu_eff + 2.0) / (d + mu_eff + 5.0);
        let d_sigma = 1.0 + 2.0 * (((mu_eff - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma;
        let c_c = (4.0 + mu_eff / d) / (d + 4.0 + 2.0 * mu_eff / d);
        let c_1 = 2.0 / ((d + 1.3).powi(2) + mu_eff);
        let growth = 0.25 + mu_eff + 1.0 / mu_eff - 2.0;
        let c_mu = (1.0 - c_1).min(2.0 * growth / ((d + 2.0).powi(2) + mu_eff));
        // Eqs. 50 to 53: how much negative weight leaves C positive definite.
        let alpha = (1.0 + c_1 / c_mu)
            .min(1.0 + 2.0 * mu_eff_negative / (mu_eff + 2.0))
            .min((1.0 - c_1 - c_mu) / (d * c_mu));
        let weights = raw
            .iter()
            .map(|w| if *w >= 0.0 { w / positive } else { alpha * w / negative.abs() })
            .collect();
        let chi = d.sqrt() * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d));
        Constants { lambda, mu, weights, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi }
    }
}

/// The distribution and its paths. Everything is in units of the coordinates' first deviations.
struct State {
    mean: DVector<f64>,
    sigma: f64,
    c: DMatrix<f64>,
    p_sigma: DVector<f64>,
    p_c: DVector<f64>,
    /// C = B D^2 B'.
    b: DMatrix<f64>,
    d: DVector<f64>,
    generation: usize,
}

/// A draw: the step y, the point evaluated, its value, and the value by which it is ranked.
struct Draw {
    y: DVector<f64>,
    x: Vec<f64>,
    f: f64,
    rank: f64,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f) = run.first_value()?;
    let n = x.len();
    if n == 0 {
        return Ok(run.converged(&Iterate::without_gradient(&x, f, 0.0), "nothing moves".into()));
    }
    memory::need_square(n, 5, "the covariance of `cmaes`, its vectors and values");
    let natural = 4 + (3.0 * (n as f64).ln()).floor() as usize;
    let constants = Constants::new(n, run.options().whole("population").unwrap_or(natural));
    let units = units(run, &x);
    let mut best = (x.clone(), f);
    let mut state = State {
        mean: DVector::from_iterator(n, x.iter().zip(&units).map(|(x, u)| x / u)),
        sigma: 1.0,
        c: DMatrix::identity(n, n),
        p_sigma: DVector::zeros(n),
        p_c: DVector::zeros(n),
        b: DMatrix::identity(n, n),
        d: DVector::repeat(n, 1.0),
        generation: 0,
    };
    loop {
        let mut draws = sample(run, &state, &constants, &units)?;
        draws.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        if let Some(lowest) = draws.iter().min_by(|a, b| a.f.total_cmp(&b.f))
            && lowest.f < best.1
        {
            best = (lowest.x.clone(), lowest.f);
        }
        update(&mut state, &constants, &draws);
        let spread = draws[draws.len() - 1].f - draws[0].f;
        let width =
            state.sigma * (0..n).map(|j| units[j] * state.c[(j, j)].sqrt()).fold(0.0, f64::max);
        let point = Iterate::without_gradient(&best.0, best.1, width);
        let options = run.options();
        let deviation = |j: usize| state.sigma * units[j] * state.c[(j, j)].sqrt();
        let narrow = (0..n).all(|j| deviation(j) <= options.xtol * run.unit_of_unknown(j));
        let equal = spread.abs() <= options.ftol * best.1.abs().max(run.unit_of_values(best.1));
        let rounding = width <= 1e-16 * norm_inf(&best.0);
        if (narrow && equal) || rounding {
            let message = format!(
                "the distribution is {width:.2e} wide, and its values differ by {spread:.2e}"
            );
            return finish(run, &point, message);
        }
        let stretched = state.d.max() / state.d.min();
        if !state.sigma.is_finite() || stretched.is_nan() || stretched >= 1e10 {
            return Ok(run.stalled("the distribution has become flat to rounding"));
        }
        run.accept_value(&point)?;
    }
}

/// The first deviation of each coordinate.
fn units(run: &Run<'_>, x: &[f64]) -> Vec<f64> {
    let given = run.options().number("sigma");
    let bounds = run.bounds();
    (0..x.len())
        .map(|j| {
            let width = bounds.map_or(f64::INFINITY, |b| b.upper()[j] - b.lower()[j]);
            match given {
                Some(sigma) => sigma,
                None if width.is_finite() && width > 0.0 => 0.3 * width,
                None => 0.3 * size_of_start(x[j]),
            }
        })
        .collect()
}

fn sample(
    run: &mut Run<'_>,
    state: &State,
    constants: &Constants,
    units: &[f64],
) -> Result<Vec<Draw>, Stop> {
    let n = units.len();
    let mut draws = Vec::with_capacity(constants.lambda);
    let mut distances = Vec::with_capacity(constants.lambda);
    for _ in 0..constants.lambda {
        let z = DVector::from_fn(n, |_, _| run.random.standard_normal());
        let y = &state.b * state.d.component_mul(&z);
        let wished: Vec<f64> =
            (0..n).map(|j| units[j] * (state.mean[j] + state.sigma * y[j])).collect();
        let mut x = wished.clone();
        run.clip(&mut x);
        let outside = |j: usize| ((wished[j] - x[j]) / units[j]).powi(2) / state.c[(j, j)];
        distances.push((0..n).map(outside).sum::<f64>() / (state.sigma * state.sigma));
        let f = run.value_or_infinity(&x)?;
        draws.push(Draw { y, x, f, rank: f });
    }
    // A point as far outside as the distribution is wide pays the range of the values.
    let finite = || draws.iter().map(|d| d.f).filter(|f| f.is_finite());
    let range = finite().fold(f64::NEG_INFINITY, f64::max) - finite().fold(f64::INFINITY, f64::min);
    let price = if range.is_finite() { range.max(f64::MIN_POSITIVE) / n as f64 } else { 0.0 };
    for (draw, distance) in draws.iter_mut().zip(distances) {
        draw.rank += price * distance;
    }
    Ok(draws)
}

/// Mean, paths, step size and covariance (eqs. 38 to 47).
fn update(state: &mut State, k: &Constants, draws: &[Draw]) {
    let n = state.mean.len();
    state.generation += 1;
    let mut y_mean = DVector::zeros(n);
    for (draw, w) in draws.iter().zip(&k.weights).take(k.mu) {
        y_mean.axpy(*w, &draw.y, 1.0);
    }
    state.mean.axpy(state.sigma, &y_mean, 1.0);
    let whitened = |y: &DVector<f64>| state.b.tr_mul(y).component_div(&state.d);
    let z_mean = &state.b * whitened(&y_mean);
    let lengths: Vec<f64> = draws.iter().map(|draw| whitened(&draw.y).norm_squared()).collect();
    state.p_sigma *= 1.0 - k.c_sigma;
    state.p_sigma.axpy((k.c_sigma * (2.0 - k.c_sigma) * k.mu_eff).sqrt(), &z_mean, 1.0);
    let length = state.p_sigma.norm();
    state.sigma *= ((k.c_sigma / k.d_sigma) * (length / k.chi - 1.0)).min(1.0).exp();
    let settled = 1.0 - (1.0 - k.c_sigma).powi(2 * (state.generation as i32).min(1 << 20));
    let moving = length / settled.sqrt() < (1.4 + 2.0 / (n as f64 + 1.0)) * k.chi;
    state.p_c *= 1.0 - k.c_c;
    if moving {
        state.p_c.axpy((k.c_c * (2.0 - k.c_c) * k.mu_eff).sqrt(), &y_mean, 1.0);
    }
    let lost = if moving { 0.0 } else { k.c_1 * k.c_c * (2.0 - k.c_c) };
    let total: f64 = k.weights.iter().sum();
    state.c *= 1.0 + lost - k.c_1 - k.c_mu * total;
    state.c.ger(k.c_1, &state.p_c, &state.p_c, 1.0);
    for ((draw, w), length) in draws.iter().zip(&k.weights).zip(lengths) {
        let w = if *w >= 0.0 { *w } else { w * n as f64 / length.max(f64::MIN_POSITIVE) };
        state.c.ger(k.c_mu * w, &draw.y, &draw.y, 1.0);
    }
    let upper = state.c.upper_triangle();
    state.c = &upper + upper.transpose() - DMatrix::from_diagonal(&state.c.diagonal());
    let eigen = symmetric_eigen(state.c.clone());
    state.d = eigen.values.map(|v| v.max(f64::MIN_POSITIVE).sqrt());
    state.b = eigen.vectors;
}
