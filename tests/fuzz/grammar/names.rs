//! Names that collide: with indices that the program itself makes, with names of functions, with one another.

/// Names of what is declared.
pub const NAMES: &[&str] = &[
    "i", "j", "k", "l", "n", "m", "p", "s", "t", "w", "e", "x", "y", "z", "u", "v", "x1", "i1",
    "d", "c", "q", "h", "r", "a", "b", "degree", "sigma", "lambda", "theta", "gamma", "beta", "W",
    "A", "X", "M", "dx", "du", "f1", "step", "state", "at1", "w_1", "sum1", "θ", "x₁",
];

/// Names of indices.
pub const INDICES: &[&str] =
    &["i", "j", "k", "l", "n", "m", "h", "r", "p", "s", "t", "x1", "degree", "e", "i1", "q"];

/// Numbers: usual ones, ties, edges of domains, huge and tiny ones.
pub const NUMBERS: &[&str] = &[
    "0", "1", "2", "3", "4", "0.5", "1/3", "1.7", "0.25", "-1", "-0.3", "-2", "10", "1e-3", "1e3",
    "7/2", "pi",
];

/// Numbers that overflow soon or vanish.
pub const EXTREMES: &[&str] =
    &["1e-300", "1e200", "1e-12", "1e12", "1e-8", "1e8", "-1e8", "inf", "nan", "1e308"];

/// Exponents.
pub const EXPONENTS: &[&str] =
    &["2", "2", "3", "0.5", "-1", "0", "1", "-2", "4", "1.5", "1/3", "-0.5"];
