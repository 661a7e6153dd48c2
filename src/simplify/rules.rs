//! The named rules that `simplify` applies node by node, and their table.
//!
//! Each rule rewrites one node into something shorter, in one direction only,
//! and holds for all reals within the declared bounds of the unknowns; a rule
//! that needs a sign asks `sign`. The rows carry an example, which the tests
//! run at random points.

use super::{exponential, hinge, parity, root, sign, trigonometric};
use crate::expr::{ExprId, Graph};

/// A named rule.
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it does, with `u` for any expression.
    pub formula: &'static str,
    /// An expression in `x` (any real) and `p` (at least 0), and what the rule
    /// makes of it.
    pub example: (&'static str, &'static str),
    pub(super) apply: fn(&mut Graph, ExprId) -> Option<ExprId>,
}

/// All rules, in the order in which they are tried.
pub fn rules() -> &'static [Rule] {
    ROWS
}

#[rustfmt::skip]
const ROWS: &[Rule] = &[
    Rule { name: "log of exp", formula: "log(exp(u)) = u", example: ("log(exp(3*x))", "3*x"), apply: exponential::log_of_exp },
    Rule { name: "exp of log", formula: "exp(c*log(u)) = u^c for u >= 0", example: ("exp(2*log(1 + p))", "(1 + p)^2"), apply: exponential::exp_of_log },
    Rule { name: "logistic", formula: "exp(u)/(1 + exp(u))^2 = sigmoid(u)*sigmoid(-u)", example: ("exp(-x)/(1 + exp(-x))^2", "sigmoid(-x)*sigmoid(x)"), apply: exponential::logistic },
    Rule { name: "hyperbolic", formula: "exp(u) + exp(-u) = 2*cosh(u), exp(u) - exp(-u) = 2*sinh(u)", example: ("exp(3*x) - exp(-3*x)", "2*sinh(3*x)"), apply: exponential::hyperbolic },
    Rule { name: "log of one plus", formula: "log(1 + u) = log1p(u) is undone for sums: log1p(u - 1) = log(u)", example: ("log1p(x^2 - 1)", "log(x^2)"), apply: exponential::log1p_of_difference },
    Rule { name: "root of a square", formula: "sqrt(u^2) = abs(u)", example: ("sqrt(x^2)", "abs(x)"), apply: root::of_even_power },
    Rule { name: "absolute value known", formula: "abs(u) = u for u >= 0", example: ("abs(x^2 + 1)", "x^2 + 1"), apply: root::absolute_of_nonnegative },
    Rule { name: "even power of an absolute value", formula: "abs(u)^2 = u^2", example: ("abs(x)^4", "x^4"), apply: root::power_of_absolute },
    Rule { name: "sign times itself", formula: "u^n*sign(u) = u^(n-1)*abs(u), abs(u)^n*sign(u) = u*abs(u)^(n-1)", example: ("x^2*sign(x)", "x*abs(x)"), apply: root::sign_product },
    Rule { name: "hinge", formula: "max(0, u)*(u > 0) = max(0, u), relu(u)*(u > 0) = relu(u)", example: ("max(0, x)*(0 < x)", "max(0, x)"), apply: hinge::with_its_indicator },
    Rule { name: "sign of a difference", formula: "(0 < a - b) = (b < a), and the other comparisons", example: ("x^2*(0 < 1 - x)", "x^2*(x < 1)"), apply: hinge::sign_of_difference },
    Rule { name: "power of a root", formula: "sqrt(u)^n = u^(n/2) for odd n", example: ("sqrt(p)^3", "p^(3/2)"), apply: root::power_of_root },
    Rule { name: "product of roots", formula: "sqrt(u)*sqrt(v) = sqrt(u*v) for u, v >= 0", example: ("sqrt(p)*sqrt(2)", "sqrt(2*p)"), apply: root::product_of_roots },
    Rule { name: "minus out of a sum", formula: "a*(-u - v) = -a*(u + v)", example: ("x*(-x - 2)", "-x*(x + 2)"), apply: sign::minus_of_sum },
    Rule { name: "Pythagoras", formula: "a - a*sin(u)^2 = a*cos(u)^2, a + a*sinh(u)^2 = a*cosh(u)^2", example: ("x - x*sin(p)^2", "x*cos(p)^2"), apply: trigonometric::pythagoras },
    Rule { name: "odd function", formula: "f(-u) = -f(u) for sin, tan, sinh, atan, erf, ...", example: ("x + sin(-2*x)", "x - sin(2*x)"), apply: parity::odd },
    Rule { name: "even function", formula: "f(-u) = f(u) for cos, cosh, abs, ...", example: ("cos(-3*x)", "cos(3*x)"), apply: parity::even },
    Rule { name: "tangent", formula: "sin(u)/cos(u) = tan(u), sinh(u)/cosh(u) = tanh(u)", example: ("sin(x)/cos(x)", "tan(x)"), apply: trigonometric::tangent },
    Rule { name: "tangent undone", formula: "tan(u)*cos(u) = sin(u), tanh(u)*cosh(u) = sinh(u)", example: ("tan(x)*cos(x)", "sin(x)"), apply: trigonometric::sine_of_tangent },
    Rule { name: "secant", formula: "c*(1 - tanh(u)^2) = c/cosh(u)^2, c*(1 + tan(u)^2) = c/cos(u)^2", example: ("x*(1 - tanh(x)^2)", "x/cosh(x)^2"), apply: trigonometric::secant },
    Rule { name: "quarter turns", formula: "sin(n*pi/2), cos(n*pi/2) are 0, 1 or -1", example: ("x*cos(pi)", "-x"), apply: trigonometric::quarter_turns },
    Rule { name: "double angle", formula: "2*sin(u)*cos(u) = sin(2*u), also of equal powers, and of sinh and cosh", example: ("6*sin(x)*cos(x)", "3*sin(2*x)"), apply: trigonometric::double_angle },
];
