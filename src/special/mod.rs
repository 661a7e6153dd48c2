//! The values of the language's functions that the standard library does not have.
//!
//! In come doubles, out come doubles: these are the definitions that both the evaluator
//! and compiled code call, so that both give the same bits. NaN comes through; arguments
//! outside a domain give NaN or an infinity, never a panic. Each function states its
//! accuracy, as measured against mpmath with 25 digits; an ulp is about 1.1e-16 to
//! 2.2e-16 of the value.
//!
//! This room knows no expressions, shapes or derivative rules. It depends on `libm` for
//! `erf`, `erfc`, `gamma` and `lgamma`.
//!
//! Example: `softplus(-800.0)` is 0, `softplus(800.0)` is 800, without overflow between.

mod elementary;
mod gamma;
mod normal;
mod polygamma;
mod student;
pub mod vector;

pub use elementary::{
    atanh, hypot, log_cosh, logsumexp, mod_floor, pow, relu, sigmoid, sign, softplus,
};
pub use gamma::{digamma, erf, erfc, gamma, lgamma, tetragamma, trigamma};
pub use normal::{
    beta, erf_inv, erfcx, lbeta, log_norm_cdf, log1m_exp, norm_cdf, norm_pdf, sinc,
    sinc_derivative, x_log_y,
};
pub use polygamma::polygamma;
pub use student::{t_cdf, t_quantile};

/// The smaller of two; NaN where one is NaN, and the first where they are equal.
pub fn min(a: f64, b: f64) -> f64 {
    if a <= b || a.is_nan() { a } else { b }
}

/// The larger of two; NaN where one is NaN, and the first where they are equal.
pub fn max(a: f64, b: f64) -> f64 {
    if a >= b || a.is_nan() { a } else { b }
}

/// Of two numbers that are closer than this, relatively, neither is called the larger one: they tie. Some thousand
/// units of the last place, so that sums that differ by rounding alone, in whatever order they are taken, do tie.
pub const TIE: f64 = 1.0 / (1u64 << 42) as f64;

/// Whether `v` is larger than `best` and does not tie with it.
pub fn exceeds(v: f64, best: f64) -> bool {
    v > best + TIE * best.abs().min(f64::MAX)
}

/// The first of the largest, as numbers come one after the other with where they stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Largest {
    best: Option<(f64, f64)>,
}

impl Largest {
    /// Looks at the next number.
    pub fn take(&mut self, v: f64, place: f64) {
        if self.best.is_none_or(|(best, _)| exceeds(v, best)) {
            self.best = Some((v, place));
        }
    }

    /// Where the first of the largest stands; `None` of nothing.
    pub fn place(self) -> Option<f64> {
        self.best.map(|(_, place)| place)
    }
}

/// log(1 + x), accurate for small x; -inf at -1, NaN below.
pub fn log1p(x: f64) -> f64 {
    x.ln_1p()
}

/// exp(x) - 1, accurate for small x.
pub fn expm1(x: f64) -> f64 {
    x.exp_m1()
}

#[cfg(test)]
mod reference;
