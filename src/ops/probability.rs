//! The normal distribution and its relatives: rows and their partial derivatives.

use super::curvature as shape;
use super::elementwise::{Entry, REALS, binary, unary};
use super::partials::scaled_power;
use super::{Accuracy, Domain, Exact, Latex, Lowering, OpDef, Traits, times};
use crate::expr::{ExprId, Graph, Num, Op};
use crate::special;

const SMOOTH: Traits = Traits { smooth: true, ..Traits::NONE };
/// Points for functions of two positive numbers.
const POSITIVE_PAIRS: &[&[f64]] = &[&[0.7, 1.3], &[2.2, 0.6], &[1.4, 2.9], &[12.5, 30.0]];

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &unary(
        Entry {
            op: Op::NormPdf,
            names: ("normpdf", &[]),
            latex: Latex::of("\\varphi"),
            domain: Domain::Reals,
            traits: Traits { even: true, log_concave: true, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: REALS,
            doc: (
                "density of the standard normal distribution",
                "exp(-x^2/2)/sqrt(2*pi)",
                ("normpdf(0)", "0.398942"),
            ),
        },
        special::norm_pdf,
        |g, a, y, _| {
            let product = times(g, a[0], y);
            g.neg(product)
        },
    ),
    &unary(
        Entry {
            op: Op::NormCdf,
            names: ("normcdf", &[]),
            latex: Latex::of("\\Phi"),
            domain: Domain::Reals,
            traits: Traits {
                increasing: true,
                log_concave: true,
                pieces: shape::S_SHAPED,
                ..SMOOTH
            },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: REALS,
            doc: (
                "distribution function of the standard normal distribution",
                "the integral of normpdf up to x; erfc(-x/sqrt(2))/2",
                ("normcdf(0)", "0.5"),
            ),
        },
        special::norm_cdf,
        |g, a, _, _| g.apply(Op::NormPdf, a),
    ),
    &unary(
        Entry {
            op: Op::LogNormCdf,
            names: ("lognormcdf", &[]),
            latex: Latex::of("\\log\\Phi"),
            domain: Domain::Reals,
            traits: Traits { increasing: true, concave: true, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: &[&[-12.0], &[-1.7], &[-0.4], &[0.8], &[2.1]],
            doc: (
                "logarithm of the normal distribution function",
                "log(normcdf(x)), also where that underflows",
                ("lognormcdf(-40)", "-804.608"),
            ),
        },
        special::log_norm_cdf,
        // The density over the distribution function.
        |g, a, _, _| {
            let half = g.number(Num::frac(1, 2));
            let root = g.apply(Op::Sqrt, &[half]);
            let scaled = g.mul(&[root, a[0]]);
            let below = g.neg(scaled);
            let tail = g.apply(Op::Erfcx, &[below]);
            let two = g.int(2);
            let pi = g.pi();
            let ratio = g.div(two, pi);
            let top = g.apply(Op::Sqrt, &[ratio]);
            g.div(top, tail)
        },
    ),
    &unary(
        Entry {
            op: Op::Erfcx,
            names: ("erfcx", &[]),
            latex: Latex::of("\\operatorname{erfcx}"),
            domain: Domain::Reals,
            traits: Traits { convex: true, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: &[&[-1.2], &[-0.3], &[0.7], &[2.4], &[6.5]],
            doc: (
                "scaled complementary error function",
                "exp(x^2)*erfc(x), without overflow for large x",
                ("erfcx(10)", "0.056141"),
            ),
        },
        special::erfcx,
        |g, a, y, _| {
            let two = g.int(2);
            let pi = g.pi();
            let root = g.apply(Op::Sqrt, &[pi]);
            let constant = g.div(two, root);
            let slope = times(g, a[0], y);
            let first = g.mul(&[two, slope]);
            g.sub(first, constant)
        },
    ),
    &unary(
        Entry {
            op: Op::Log1mExp,
            names: ("log1mexp", &[]),
            latex: Latex::of("\\log(1 - e^{#1})"),
            domain: Domain::Reals,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: &[&[-5.2], &[-1.3], &[-0.4], &[-0.02]],
            doc: (
                "log(1 - exp(x)) for negative x",
                "without cancellation near 0",
                ("log1mexp(-1)", "-0.458675"),
            ),
        },
        special::log1m_exp,
        // -1/(exp(-x) - 1)
        |g, a, _, _| {
            let minus = g.neg(a[0]);
            let below = g.apply(Op::Expm1, &[minus]);
            let minus_one = g.int(-1);
            g.div(minus_one, below)
        },
    ),
    &binary(
        Entry {
            op: Op::XLogY,
            names: ("xlogy", &[]),
            latex: Latex::of("\\operatorname{xlogy}"),
            domain: Domain::Reals,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: POSITIVE_PAIRS,
            doc: ("x*log(y), 0 where x is 0", "", ("xlogy(0, 0)", "0")),
        },
        special::x_log_y,
        |g, a, _, k| match k {
            0 => g.apply(Op::Log, &[a[1]]),
            _ => g.div(a[0], a[1]),
        },
    ),
    &unary(
        Entry {
            op: Op::ErfInv,
            names: ("erfinv", &[]),
            latex: Latex::of("\\operatorname{erf}^{-1}"),
            domain: Domain::OpenUnit,
            traits: Traits { odd: true, zero_at_zero: true, increasing: true, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: &[&[-0.8], &[-0.3], &[0.2], &[0.9]],
            doc: (
                "inverse of the error function",
                "erf(erfinv(x)) = x; infinite at -1 and 1",
                ("erfinv(0.5)", "0.476936"),
            ),
        },
        special::erf_inv,
        |g, _, y, _| erf_inv_partial(g, y),
    ),
    &unary(
        Entry {
            op: Op::Sinc,
            names: ("sinc", &[]),
            latex: Latex::of("\\operatorname{sinc}"),
            domain: Domain::Reals,
            traits: Traits { even: true, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: REALS,
            doc: ("normalized cardinal sine", "sin(pi*x)/(pi*x), 1 at 0", ("sinc(0.5)", "0.63662")),
        },
        special::sinc,
        |g, a, _, _| {
            let one = g.int(1);
            g.apply(Op::SincDerivative, &[one, a[0]])
        },
    ),
    &binary(
        Entry {
            op: Op::SincDerivative,
            names: ("sincder", &[]),
            latex: Latex::of("\\operatorname{sinc}^{(#1)}(#2)"),
            domain: Domain::Reals,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: &[&[1.0, 0.7], &[2.0, -1.6], &[1.0, 0.05]],
            doc: (
                "derivatives of sinc",
                "sincder(n, x), n a whole number: the n-th derivative of sinc",
                ("sincder(1, 1)", "-1"),
            ),
        },
        special::sinc_derivative,
        |g, a, _, k| sinc_derivative_partial(g, a, k),
    ),
    &binary(
        Entry {
            op: Op::Beta,
            names: ("beta", &[]),
            latex: Latex::of("\\mathrm{B}"),
            domain: Domain::Positive,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: POSITIVE_PAIRS,
            doc: (
                "beta function of positive numbers",
                "gamma(a)*gamma(b)/gamma(a + b)",
                ("beta(2, 3)", "0.0833333"),
            ),
        },
        special::beta,
        |g, a, y, k| {
            let slope = lbeta_partial(g, a, k);
            times(g, y, slope)
        },
    ),
    &binary(
        Entry {
            op: Op::Lbeta,
            names: ("lbeta", &["betaln"]),
            latex: Latex::of("\\log\\mathrm{B}"),
            domain: Domain::Positive,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: POSITIVE_PAIRS,
            doc: (
                "logarithm of the beta function",
                "lgamma(a) + lgamma(b) - lgamma(a + b), without cancellation",
                ("lbeta(2, 3)", "-2.48491"),
            ),
        },
        special::lbeta,
        |g, a, _, k| lbeta_partial(g, a, k),
    ),
];

/// `sqrt(pi)/2*exp(y^2)`
fn erf_inv_partial(g: &mut Graph, y: ExprId) -> ExprId {
    let pi = g.pi();
    let root = g.apply(Op::Sqrt, &[pi]);
    let factor = scaled_power(g, (1, 2), root, 1);
    let square = g.powi(y, 2);
    let growth = g.apply(Op::Exp, &[square]);
    times(g, factor, growth)
}

fn sinc_derivative_partial(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    if k == 0 {
        return g.int(0);
    }
    let one = g.int(1);
    let next = g.add(&[args[0], one]);
    g.apply(Op::SincDerivative, &[next, args[1]])
}

/// `digamma(a) - digamma(a + b)`, by `a` or by `b`.
fn lbeta_partial(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    let sum = g.add(&[args[0], args[1]]);
    let (own, both) = (g.apply(Op::Digamma, &[args[k]]), g.apply(Op::Digamma, &[sum]));
    g.sub(own, both)
}
