//! Elementary functions for many numbers at once, as straight lines of arithmetic.
//!
//! An algorithm here is written once, over [`Lanes`]: a value that may be one
//! double, a machine register of them, or an operation that compiled code is
//! about to contain. It has no branches and no tables, only additions, fused
//! multiplications, comparisons, choices and operations on bits. So the same
//! formula becomes a loop that the Rust compiler vectorizes ([`slices`]) and part
//! of a loop that the just-in-time compiler emits, with the same bits.
//!
//! An algorithm may be wrong for arguments that it calls *hard* (those outside
//! of a domain, sines of huge numbers): for them the caller takes the function
//! of one number, [`Elementary::scalar`]. Everything else is accurate to
//! 2 ulp, `exp`, logarithms and powers to 1 ulp, subnormal numbers, infinities
//! and NaN included.
//!
//! Sources: W. J. Cody, W. Waite, "Software Manual for the Elementary Functions",
//! 1980 (reduction of arguments by constants in several parts); J.-M. Muller,
//! "Elementary Functions", 3rd edition, 2016 (minimax polynomials, error
//! analysis); the arrangement of the logarithm follows that of P. T. P. Tang and
//! of fdlibm (Sun Microsystems, 1993); arithmetic on sums of two doubles as in
//! T. J. Dekker, "A floating-point technique for extending the available
//! precision", 1971, with fused multiplication. Coefficients are from Remez'
//! algorithm, run with 200 bits.

mod error_function;
mod exponential;
mod gamma;
mod hyperbolic;
mod lanes;
mod logarithm;
mod power;
mod simd;
pub mod slices;
mod trigonometric;

pub(super) use gamma::digamma_of_number;
pub use lanes::Lanes;
pub use simd::Simd;

/// A function that has an algorithm over [`Lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elementary {
    /// e^x
    Exp,
    /// e^x - 1
    Expm1,
    /// Natural logarithm.
    Log,
    /// log(1 + x)
    Log1p,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Hyperbolic tangent.
    Tanh,
    /// 1/(1 + e^-x)
    Sigmoid,
    /// log(1 + e^x)
    Softplus,
    /// Logarithm to base 2.
    Log2,
    /// Logarithm to base 10.
    Log10,
    /// Tangent.
    Tan,
    /// Inverse tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// The error function.
    Erf,
    /// 1 - erf(x)
    Erfc,
    /// log(|gamma(x)|)
    Lgamma,
    /// The derivative of `Lgamma`.
    Digamma,
}

impl Elementary {
    /// All of them.
    pub const ALL: &[Elementary] = &[
        Elementary::Exp,
        Elementary::Expm1,
        Elementary::Log,
        Elementary::Log1p,
        Elementary::Sin,
        Elementary::Cos,
        Elementary::Tanh,
        Elementary::Sigmoid,
        Elementary::Softplus,
        Elementary::Log2,
        Elementary::Log10,
        Elementary::Tan,
        Elementary::Atan,
        Elementary::Sinh,
        Elementary::Cosh,
        Elementary::Erf,
        Elementary::Erfc,
        Elementary::Lgamma,
        Elementary::Digamma,
    ];

    /// The function of one number that is right for every argument.
    pub fn scalar(self) -> fn(f64) -> f64 {
        match self {
            Elementary::Exp => f64::exp,
            Elementary::Expm1 => f64::exp_m1,
            Elementary::Log => f64::ln,
            Elementary::Log1p => f64::ln_1p,
            Elementary::Sin => f64::sin,
            Elementary::Cos => f64::cos,
            Elementary::Tanh => f64::tanh,
            Elementary::Sigmoid => super::sigmoid,
            Elementary::Softplus => super::softplus,
            Elementary::Log2 => f64::log2,
            Elementary::Log10 => f64::log10,
            Elementary::Tan => f64::tan,
            Elementary::Atan => f64::atan,
            Elementary::Sinh => f64::sinh,
            Elementary::Cosh => f64::cosh,
            Elementary::Erf => super::erf,
            Elementary::Erfc => super::erfc,
            Elementary::Lgamma => super::lgamma,
            Elementary::Digamma => super::digamma,
        }
    }

    /// The value where `x` is not hard.
    #[inline(always)]
    pub fn value<L: Lanes>(self, x: L) -> L {
        match self {
            Elementary::Exp => exponential::exp(x),
            Elementary::Expm1 => exponential::expm1(x),
            Elementary::Log => logarithm::log(x),
            Elementary::Log1p => logarithm::log1p(x),
            Elementary::Sin => trigonometric::sin(x),
            Elementary::Cos => trigonometric::cos(x),
            Elementary::Tanh => exponential::tanh(x),
            Elementary::Sigmoid => exponential::sigmoid(x),
            Elementary::Softplus => logarithm::softplus(x),
            Elementary::Log2 => logarithm::log2(x),
            Elementary::Log10 => logarithm::log10(x),
            Elementary::Tan => trigonometric::tan(x),
            Elementary::Atan => trigonometric::atan(x),
            Elementary::Sinh => hyperbolic::sinh(x),
            Elementary::Cosh => hyperbolic::cosh(x),
            Elementary::Erf => error_function::erf(x),
            Elementary::Erfc => error_function::erfc(x),
            Elementary::Lgamma => gamma::lgamma(x),
            Elementary::Digamma => gamma::digamma(x),
        }
    }

    /// Where `x` is hard; `None` where it never is.
    #[inline(always)]
    pub fn hard<L: Lanes>(self, x: L) -> Option<L::Mask> {
        match self {
            Elementary::Log | Elementary::Log2 | Elementary::Log10 => {
                Some(logarithm::log_is_hard(x))
            }
            Elementary::Log1p => Some(logarithm::log1p_is_hard(x)),
            Elementary::Sin | Elementary::Cos | Elementary::Tan => Some(trigonometric::is_hard(x)),
            Elementary::Sinh | Elementary::Cosh => Some(hyperbolic::is_hard(x)),
            Elementary::Lgamma | Elementary::Digamma => Some(gamma::is_hard(x)),
            _ => None,
        }
    }
}

/// A function of two numbers that has an algorithm over [`Lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elementary2 {
    /// x^y
    Pow,
}

impl Elementary2 {
    /// All of them.
    pub const ALL: &[Elementary2] = &[Elementary2::Pow];

    /// The function of two numbers that is right for all arguments.
    pub fn scalar(self) -> fn(f64, f64) -> f64 {
        match self {
            Elementary2::Pow => super::pow,
        }
    }

    /// The value where the arguments are not hard.
    #[inline(always)]
    pub fn value<L: Lanes>(self, x: L, y: L) -> L {
        match self {
            Elementary2::Pow => power::pow(x, y),
        }
    }

    /// Where the arguments are hard.
    #[inline(always)]
    pub fn hard<L: Lanes>(self, x: L, y: L) -> L::Mask {
        match self {
            Elementary2::Pow => power::pow_is_hard(x, y),
        }
    }
}

#[cfg(test)]
mod tests;
