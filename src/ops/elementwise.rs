//! Functions of one or two numbers; each applies to arrays entry by entry.

use super::curvature as shape;
use super::partials::{
    affine_power, atan2_partial, compare, gamma_partial, gauss, log_partial, logistic_partial,
    max_partial, mod_partial, over_root, polygamma_partial, scaled_power, tan_partial,
};
use super::{
    Accuracy, Binding, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, Traits, Value,
    shapes, times,
};
use crate::expr::{ExprId, Graph, Num, Op};
use crate::special::{self, vector::Elementary};

type Partial = fn(&mut Graph, &[ExprId], ExprId, usize) -> ExprId;

const NONE: Traits = Traits::NONE;
const SMOOTH: Traits = Traits { smooth: true, ..NONE };
const ODD: Traits = Traits { odd: true, zero_at_zero: true, ..SMOOTH };
const ODD_UP: Traits = Traits { increasing: true, ..ODD };
const EVEN: Traits = Traits { even: true, ..SMOOTH };
const UP: Traits = Traits { increasing: true, ..SMOOTH };
const STEP: Traits = Traits { increasing: true, ..NONE };

/// Points for functions of all reals.
pub(super) const REALS: &[&[f64]] = &[&[-1.7], &[-0.4], &[0.3], &[1.2], &[2.6]];
/// Points for functions of positive numbers.
const POSITIVE: &[&[f64]] = &[&[0.1], &[0.7], &[1.6], &[4.2]];
/// Points inside the unit interval.
const UNIT: &[&[f64]] = &[&[-0.8], &[-0.3], &[0.2], &[0.9]];
/// Points for functions of pairs.
pub(super) const PAIRS: &[&[f64]] = &[&[0.7, -1.3], &[-2.2, 0.6], &[1.4, 2.9]];

/// The columns of a function of one or two numbers.
pub(super) struct Entry {
    pub op: Op,
    pub names: (&'static str, &'static [&'static str]),
    pub latex: Latex,
    pub domain: Domain,
    pub traits: Traits,
    pub exact: Exact,
    pub accuracy: Accuracy,
    pub lowering: Lowering,
    pub samples: &'static [&'static [f64]],
    pub doc: (&'static str, &'static str, (&'static str, &'static str)),
}

const fn finish(e: Entry, arity: usize, value: Value, derivative: Derivative) -> OpDef {
    OpDef {
        op: e.op,
        name: e.names.0,
        aliases: e.names.1,
        arity: (arity, arity),
        latex: e.latex,
        shape: shapes::elementwise,
        domain: e.domain,
        traits: e.traits,
        value,
        derivative,
        exact: e.exact,
        accuracy: e.accuracy,
        lowering: e.lowering,
        samples: e.samples,
        doc: Doc { title: e.doc.0, formula: e.doc.1, example: e.doc.2 },
    }
}

pub(super) const fn unary(e: Entry, value: fn(f64) -> f64, partial: Partial) -> OpDef {
    finish(e, 1, Value::Unary(value), Derivative::Elementwise(partial))
}

const fn step(e: Entry, value: fn(f64) -> f64) -> OpDef {
    finish(e, 1, Value::Unary(value), Derivative::Zero)
}

pub(super) const fn binary(e: Entry, value: fn(f64, f64) -> f64, partial: Partial) -> OpDef {
    finish(e, 2, Value::Binary(value), Derivative::Elementwise(partial))
}

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &unary(
        Entry {
            op: Op::Exp,
            names: ("exp", &[]),
            latex: Latex::of("\\exp"),
            domain: Domain::Reals,
            traits: Traits {
                convex: true,
                log_convex: true,
                log_concave: true,
                pieces: shape::CONVEX_UP,
                ..UP
            },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Exp),
            samples: REALS,
            doc: ("exponential function", "e to the x", ("exp(0)", "1")),
        },
        f64::exp,
        |_, _, y, _| y,
    ),
    &unary(
        Entry {
            op: Op::Log,
            names: ("log", &["ln"]),
            latex: Latex::of("\\log").with_powers(),
            domain: Domain::Positive,
            traits: Traits { concave: true, pieces: shape::LOG_LIKE, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Log),
            samples: POSITIVE,
            doc: ("natural logarithm", "the inverse of exp", ("log(1)", "0")),
        },
        f64::ln,
        |g, a, _, _| g.powi(a[0], -1),
    ),
    &unary(
        Entry {
            op: Op::Log2,
            names: ("log2", &[]),
            latex: Latex::of("\\log_{2}"),
            domain: Domain::Positive,
            traits: Traits { concave: true, pieces: shape::LOG_LIKE, ..UP },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Log2),
            samples: POSITIVE,
            doc: ("logarithm to base 2", "log(x)/log(2)", ("log2(8)", "3")),
        },
        f64::log2,
        |g, a, _, _| log_partial(g, a[0], 2),
    ),
    &unary(
        Entry {
            op: Op::Log10,
            names: ("log10", &[]),
            latex: Latex::of("\\log_{10}"),
            domain: Domain::Positive,
            traits: Traits { concave: true, pieces: shape::LOG_LIKE, ..UP },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Log10),
            samples: POSITIVE,
            doc: ("logarithm to base 10", "log(x)/log(10)", ("log10(1000)", "3")),
        },
        f64::log10,
        |g, a, _, _| log_partial(g, a[0], 10),
    ),
    &unary(
        Entry {
            op: Op::Log1p,
            names: ("log1p", &[]),
            latex: Latex::of("\\log\\left(1 + #1\\right)").binding(Binding::Atom, Binding::Product),
            domain: Domain::AboveMinusOne,
            traits: Traits { concave: true, zero_at_zero: true, pieces: shape::LOG1P, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Log1p),
            samples: POSITIVE,
            doc: ("log(1 + x), exact near 0", "log(1 + x)", ("log1p(0)", "0")),
        },
        f64::ln_1p,
        |g, a, _, _| {
            let s = affine_power(g, 1, 1, a[0], 1);
            g.powi(s, -1)
        },
    ),
    &unary(
        Entry {
            op: Op::Expm1,
            names: ("expm1", &[]),
            latex: Latex::of("\\exp\\left(#1\\right) - 1").binding(Binding::Sum, Binding::Any),
            domain: Domain::Reals,
            traits: Traits { convex: true, zero_at_zero: true, pieces: shape::CONVEX_UP, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Expm1),
            samples: REALS,
            doc: ("exp(x) - 1, exact near 0", "exp(x) - 1", ("expm1(0)", "0")),
        },
        f64::exp_m1,
        |g, a, _, _| g.apply(Op::Exp, a),
    ),
    &unary(
        Entry {
            op: Op::Sqrt,
            names: ("sqrt", &[]),
            latex: Latex::of("\\sqrt{#1}"),
            domain: Domain::NonNegative,
            traits: Traits { concave: true, zero_at_zero: true, pieces: shape::LOG_LIKE, ..UP },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Instructions,
            samples: POSITIVE,
            doc: ("square root", "the nonnegative root", ("sqrt(16)", "4")),
        },
        f64::sqrt,
        |g, _, y, _| scaled_power(g, (1, 2), y, -1),
    ),
    &unary(
        Entry {
            op: Op::Cbrt,
            names: ("cbrt", &[]),
            latex: Latex::of("\\sqrt[3]{#1}"),
            domain: Domain::Reals,
            traits: Traits { smooth: false, pieces: shape::S_SHAPED, ..ODD_UP },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: REALS,
            doc: ("cube root", "the real root", ("cbrt(-27)", "-3")),
        },
        f64::cbrt,
        |g, _, y, _| scaled_power(g, (1, 3), y, -2),
    ),
    &unary(
        Entry {
            op: Op::Abs,
            names: ("abs", &[]),
            latex: Latex::of("\\lvert #1 \\rvert"),
            domain: Domain::Reals,
            traits: Traits {
                even: true,
                convex: true,
                zero_at_zero: true,
                away_from_zero: true,
                pieces: shape::ABS,
                ..NONE
            },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Instructions,
            samples: REALS,
            doc: ("absolute value", "derivative sign(x), 0 at 0", ("abs(-3)", "3")),
        },
        f64::abs,
        |g, a, _, _| g.apply(Op::Sign, a),
    ),
    &step(
        Entry {
            op: Op::Sign,
            names: ("sign", &["sgn"]),
            latex: Latex::of("\\operatorname{sign}"),
            domain: Domain::Reals,
            traits: Traits { odd: true, zero_at_zero: true, pieces: shape::STEPS, ..STEP },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Instructions,
            samples: REALS,
            doc: ("sign", "-1, 0 or 1", ("sign(-3)", "-1")),
        },
        special::sign,
    ),
    &step(
        Entry {
            op: Op::Floor,
            names: ("floor", &[]),
            latex: Latex::of("\\lfloor #1 \\rfloor"),
            domain: Domain::Reals,
            traits: Traits { zero_at_zero: true, pieces: shape::STEPS, ..STEP },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Instructions,
            samples: REALS,
            doc: ("largest whole number not above", "rounds down", ("floor(-1.5)", "-2")),
        },
        f64::floor,
    ),
    &step(
        Entry {
            op: Op::Ceil,
            names: ("ceil", &[]),
            latex: Latex::of("\\lceil #1 \\rceil"),
            domain: Domain::Reals,
            traits: Traits { zero_at_zero: true, pieces: shape::STEPS, ..STEP },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Instructions,
            samples: REALS,
            doc: ("smallest whole number not below", "rounds up", ("ceil(-1.5)", "-1")),
        },
        f64::ceil,
    ),
    &step(
        Entry {
            op: Op::Round,
            names: ("round", &[]),
            latex: Latex::of("\\operatorname{round}"),
            domain: Domain::Reals,
            traits: Traits { odd: true, zero_at_zero: true, pieces: shape::STEPS, ..STEP },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Exact,
            lowering: Lowering::Call,
            samples: REALS,
            doc: ("nearest whole number", "halves go away from zero", ("round(2.5)", "3")),
        },
        f64::round,
    ),
    &unary(
        Entry {
            op: Op::Sin,
            names: ("sin", &[]),
            latex: Latex::of("\\sin").with_powers(),
            domain: Domain::Reals,
            traits: ODD,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Sin),
            samples: REALS,
            doc: ("sine", "of an angle in radians", ("sin(0)", "0")),
        },
        f64::sin,
        |g, a, _, _| g.apply(Op::Cos, a),
    ),
    &unary(
        Entry {
            op: Op::Cos,
            names: ("cos", &[]),
            latex: Latex::of("\\cos").with_powers(),
            domain: Domain::Reals,
            traits: EVEN,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Cos),
            samples: REALS,
            doc: ("cosine", "of an angle in radians", ("cos(0)", "1")),
        },
        f64::cos,
        |g, a, _, _| {
            let s = g.apply(Op::Sin, a);
            g.neg(s)
        },
    ),
    &unary(
        Entry {
            op: Op::Tan,
            names: ("tan", &[]),
            latex: Latex::of("\\tan").with_powers(),
            domain: Domain::Reals,
            traits: ODD,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Tan),
            samples: UNIT,
            doc: ("tangent", "sin(x)/cos(x)", ("tan(0)", "0")),
        },
        f64::tan,
        |g, a, _, _| tan_partial(g, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Asin,
            names: ("asin", &["arcsin"]),
            latex: Latex::of("\\arcsin"),
            domain: Domain::Unit,
            traits: Traits { pieces: shape::ASIN, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: UNIT,
            doc: ("inverse sine", "between -pi/2 and pi/2", ("asin(0)", "0")),
        },
        f64::asin,
        |g, a, _, _| over_root(g, 1, 1, -1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Acos,
            names: ("acos", &["arccos"]),
            latex: Latex::of("\\arccos"),
            domain: Domain::Unit,
            traits: Traits { pieces: shape::ACOS, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: UNIT,
            doc: ("inverse cosine", "between 0 and pi", ("acos(1)", "0")),
        },
        f64::acos,
        |g, a, _, _| over_root(g, -1, 1, -1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Atan,
            names: ("atan", &["arctan"]),
            latex: Latex::of("\\arctan"),
            domain: Domain::Reals,
            traits: Traits { pieces: shape::S_SHAPED, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Atan),
            samples: REALS,
            doc: ("inverse tangent", "between -pi/2 and pi/2", ("atan(0)", "0")),
        },
        f64::atan,
        |g, a, _, _| {
            let s = affine_power(g, 1, 1, a[0], 2);
            g.powi(s, -1)
        },
    ),
    &unary(
        Entry {
            op: Op::Sinh,
            names: ("sinh", &[]),
            latex: Latex::of("\\sinh").with_powers(),
            domain: Domain::Reals,
            traits: Traits { pieces: shape::CUBE_LIKE, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Sinh),
            samples: REALS,
            doc: ("hyperbolic sine", "(exp(x) - exp(-x))/2", ("sinh(0)", "0")),
        },
        f64::sinh,
        |g, a, _, _| g.apply(Op::Cosh, a),
    ),
    &unary(
        Entry {
            op: Op::Cosh,
            names: ("cosh", &[]),
            latex: Latex::of("\\cosh").with_powers(),
            domain: Domain::Reals,
            traits: Traits {
                convex: true,
                away_from_zero: true,
                log_convex: true,
                pieces: shape::BOWL,
                ..EVEN
            },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Cosh),
            samples: REALS,
            doc: ("hyperbolic cosine", "(exp(x) + exp(-x))/2", ("cosh(0)", "1")),
        },
        f64::cosh,
        |g, a, _, _| g.apply(Op::Sinh, a),
    ),
    &unary(
        Entry {
            op: Op::Tanh,
            names: ("tanh", &[]),
            latex: Latex::of("\\tanh").with_powers(),
            domain: Domain::Reals,
            traits: Traits { pieces: shape::S_SHAPED, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Tanh),
            samples: REALS,
            doc: ("hyperbolic tangent", "sinh(x)/cosh(x)", ("tanh(0)", "0")),
        },
        f64::tanh,
        |g, _, y, _| affine_power(g, 1, -1, y, 2),
    ),
    &unary(
        Entry {
            op: Op::Asinh,
            names: ("asinh", &["arcsinh"]),
            latex: Latex::of("\\operatorname{arsinh}"),
            domain: Domain::Reals,
            traits: Traits { pieces: shape::S_SHAPED, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: REALS,
            doc: ("inverse hyperbolic sine", "log(x + sqrt(1 + x^2))", ("asinh(0)", "0")),
        },
        f64::asinh,
        |g, a, _, _| over_root(g, 1, 1, 1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Acosh,
            names: ("acosh", &["arccosh"]),
            latex: Latex::of("\\operatorname{arcosh}"),
            domain: Domain::FromOne,
            traits: Traits { concave: true, pieces: shape::ACOSH, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: &[&[1.1], &[1.9], &[4.2]],
            doc: ("inverse hyperbolic cosine", "log(x + sqrt(x^2 - 1))", ("acosh(1)", "0")),
        },
        f64::acosh,
        |g, a, _, _| over_root(g, 1, -1, 1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Atanh,
            names: ("atanh", &["arctanh"]),
            latex: Latex::of("\\operatorname{artanh}"),
            domain: Domain::OpenUnit,
            traits: Traits { pieces: shape::ASIN, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Composed(|g, _, a| atanh(g, a[0])),
            samples: UNIT,
            doc: ("inverse hyperbolic tangent", "log((1 + x)/(1 - x))/2", ("atanh(0)", "0")),
        },
        special::atanh,
        |g, a, _, _| {
            let s = affine_power(g, 1, -1, a[0], 2);
            g.powi(s, -1)
        },
    ),
    &binary(
        Entry {
            op: Op::Atan2,
            names: ("atan2", &[]),
            latex: Latex::of("\\operatorname{atan2}"),
            domain: Domain::Reals,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: PAIRS,
            doc: (
                "angle of the point (x, y)",
                "atan2(y, x), between -pi and pi",
                ("atan2(0, 1)", "0"),
            ),
        },
        f64::atan2,
        |g, a, _, k| atan2_partial(g, a, k),
    ),
    &unary(
        Entry {
            op: Op::Erf,
            names: ("erf", &[]),
            latex: Latex::of("\\operatorname{erf}"),
            domain: Domain::Reals,
            traits: Traits { pieces: shape::S_SHAPED, ..ODD_UP },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Vector(Elementary::Erf),
            samples: REALS,
            doc: (
                "error function",
                "2/sqrt(pi) times the integral of exp(-t^2) from 0 to x",
                ("erf(0)", "0"),
            ),
        },
        special::erf,
        |g, a, _, _| gauss(g, 1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Erfc,
            names: ("erfc", &[]),
            latex: Latex::of("\\operatorname{erfc}"),
            domain: Domain::Reals,
            traits: Traits { log_concave: true, pieces: shape::ERFC, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Vector(Elementary::Erfc),
            samples: REALS,
            doc: (
                "complementary error function",
                "1 - erf(x), exact for large x",
                ("erfc(0)", "1"),
            ),
        },
        special::erfc,
        |g, a, _, _| gauss(g, -1, a[0]),
    ),
    &unary(
        Entry {
            op: Op::Gamma,
            names: ("gamma", &[]),
            latex: Latex::of("\\Gamma"),
            domain: Domain::NotPole,
            traits: Traits { pieces: shape::GAMMA, ..SMOOTH },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: POSITIVE,
            doc: ("gamma function", "(x - 1)! for whole x", ("gamma(5)", "24")),
        },
        special::gamma,
        |g, a, y, _| gamma_partial(g, a[0], y),
    ),
    &unary(
        Entry {
            op: Op::Lgamma,
            names: ("lgamma", &["loggamma", "gammaln"]),
            latex: Latex::of("\\log\\Gamma"),
            domain: Domain::NotPole,
            traits: Traits { pieces: shape::GAMMA, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Lgamma),
            samples: POSITIVE,
            doc: (
                "logarithm of the absolute value of gamma",
                "log(abs(gamma(x)))",
                ("lgamma(1)", "0"),
            ),
        },
        special::lgamma,
        |g, a, _, _| g.apply(Op::Digamma, a),
    ),
    &unary(
        Entry {
            op: Op::Digamma,
            names: ("digamma", &["psi"]),
            latex: Latex::of("\\psi"),
            domain: Domain::NotPole,
            traits: Traits { pieces: shape::DIGAMMA, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Vector(Elementary::Digamma),
            samples: POSITIVE,
            doc: ("derivative of lgamma", "gamma'(x)/gamma(x)", ("digamma(1)", "-0.577216")),
        },
        special::digamma,
        |g, a, _, _| g.apply(Op::Trigamma, a),
    ),
    &unary(
        Entry {
            op: Op::Trigamma,
            names: ("trigamma", &[]),
            latex: Latex::of("\\psi_{1}"),
            domain: Domain::NotPole,
            traits: Traits { pieces: shape::FALLING, ..SMOOTH },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: POSITIVE,
            doc: (
                "derivative of digamma",
                "the second derivative of lgamma",
                ("trigamma(1)", "1.64493"),
            ),
        },
        special::trigamma,
        |g, a, _, _| {
            let two = g.int(2);
            g.apply(Op::Polygamma, &[two, a[0]])
        },
    ),
    &binary(
        Entry {
            op: Op::Polygamma,
            names: ("polygamma", &[]),
            latex: Latex::of("\\psi^{(#1)}(#2)"),
            domain: Domain::NotPole,
            traits: SMOOTH,
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: &[&[2.0, 0.7], &[3.0, 1.6]],
            doc: (
                "higher derivatives of digamma",
                "polygamma(n, x), n a whole number: the n-th derivative of digamma",
                ("polygamma(1, 1)", "1.64493"),
            ),
        },
        special::polygamma,
        |g, a, _, k| polygamma_partial(g, a, k),
    ),
    &unary(
        Entry {
            op: Op::Sigmoid,
            names: ("sigmoid", &["logistic"]),
            latex: Latex::of("\\sigma"),
            domain: Domain::Reals,
            traits: Traits { log_concave: true, pieces: shape::S_SHAPED, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Sigmoid),
            samples: REALS,
            doc: ("logistic function", "1/(1 + exp(-x))", ("sigmoid(0)", "0.5")),
        },
        special::sigmoid,
        |g, _, y, _| logistic_partial(g, y),
    ),
    &unary(
        Entry {
            op: Op::Softplus,
            names: ("softplus", &[]),
            latex: Latex::of("\\operatorname{softplus}"),
            domain: Domain::Reals,
            traits: Traits { convex: true, log_concave: true, pieces: shape::CONVEX_UP, ..UP },
            exact: Exact::Small,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Vector(Elementary::Softplus),
            samples: REALS,
            doc: (
                "log(1 + exp(x)), without overflow",
                "log(1 + exp(x))",
                ("softplus(0)", "0.693147"),
            ),
        },
        special::softplus,
        |g, a, _, _| g.apply(Op::Sigmoid, a),
    ),
    &unary(
        Entry {
            op: Op::LogCosh,
            names: ("logcosh", &[]),
            latex: Latex::of("\\log\\cosh"),
            domain: Domain::Reals,
            traits: Traits {
                convex: true,
                zero_at_zero: true,
                away_from_zero: true,
                pieces: shape::BOWL,
                ..EVEN
            },
            exact: Exact::Small,
            accuracy: Accuracy::Absolute,
            lowering: Lowering::Call,
            samples: REALS,
            doc: ("log(cosh(x)), without overflow", "a smooth absolute value", ("logcosh(0)", "0")),
        },
        special::log_cosh,
        |g, a, _, _| g.apply(Op::Tanh, a),
    ),
    &unary(
        Entry {
            op: Op::Relu,
            names: ("relu", &[]),
            latex: Latex::of("\\operatorname{relu}"),
            domain: Domain::Reals,
            traits: Traits { convex: true, zero_at_zero: true, pieces: shape::RELU, ..STEP },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Instructions,
            samples: REALS,
            doc: ("positive part", "max(x, 0); derivative 0 at 0", ("relu(-2)", "0")),
        },
        special::relu,
        |g, a, _, _| {
            let zero = g.int(0);
            compare(g, Op::Gt, a[0], zero)
        },
    ),
    &binary(
        Entry {
            op: Op::Min2,
            names: ("min", &[]),
            latex: Latex::of("\\min"),
            domain: Domain::Reals,
            traits: Traits { increasing: true, concave: true, ..NONE },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Instructions,
            samples: PAIRS,
            doc: (
                "smaller of two",
                "entry by entry on arrays; min of one array is its smallest entry",
                ("min(2, 3)", "2"),
            ),
        },
        special::min,
        |g, a, _, k| max_partial(g, a, Op::Le, k),
    ),
    &binary(
        Entry {
            op: Op::Max2,
            names: ("max", &[]),
            latex: Latex::of("\\max"),
            domain: Domain::Reals,
            traits: Traits { increasing: true, convex: true, ..NONE },
            exact: Exact::Everywhere,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Instructions,
            samples: PAIRS,
            doc: (
                "larger of two",
                "entry by entry on arrays; max of one array is its largest entry",
                ("max(2, 3)", "3"),
            ),
        },
        special::max,
        |g, a, _, k| max_partial(g, a, Op::Ge, k),
    ),
    &binary(
        Entry {
            op: Op::Hypot,
            names: ("hypot", &[]),
            latex: Latex::of("\\sqrt{#1^{2} + #2^{2}}").binding(Binding::Atom, Binding::Postfix),
            domain: Domain::Reals,
            traits: Traits { convex: true, away_from_zero: true, ..SMOOTH },
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: PAIRS,
            doc: (
                "length of a vector of two",
                "sqrt(a^2 + b^2) without overflow",
                ("hypot(3, 4)", "5"),
            ),
        },
        f64::hypot,
        |g, a, y, k| g.div(a[k], y),
    ),
    &binary(
        Entry {
            op: Op::Mod,
            names: ("mod", &[]),
            latex: Latex::of("#1 \\bmod #2").binding(Binding::Product, Binding::Power),
            domain: Domain::Reals,
            traits: NONE,
            exact: Exact::Whole,
            accuracy: Accuracy::Ulps,
            lowering: Lowering::Call,
            samples: &[&[0.7, 1.3], &[-2.2, 0.6], &[7.4, 2.9]],
            doc: ("remainder", "a - b*floor(a/b), with the sign of b", ("mod(-1, 3)", "2")),
        },
        special::mod_floor,
        |g, a, _, k| mod_partial(g, a, k),
    ),
];

/// The formula of [`special::atanh`].
fn atanh(g: &mut Graph, x: ExprId) -> ExprId {
    let (sign, size) = (g.apply(Op::Sign, &[x]), g.apply(Op::Abs, &[x]));
    let rest = affine_power(g, 1, -1, size, 1);
    let (two, ratio) = (g.int(2), g.div(size, rest));
    let ratio = g.mul(&[two, ratio]);
    let log = g.apply(Op::Log1p, &[ratio]);
    let (half, signed) = (g.number(Num::frac(1, 2)), times(g, sign, log));
    g.mul(&[half, signed])
}
