//! Options of methods: their rows, the values a user gave, and the check of the one against the other.
//!
//! In come rows ([`OptionDef`]) and (name, value) pairs; out come [`Options`] in which every option has a
//! value of the right kind and range, or an [`OptionError`] with all that a good message needs. Ranges and
//! defaults are data. This file knows no method.

use std::fmt;

/// What values an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionKind {
    /// A number within `min..=max`.
    Number {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// A whole number within `min..=max`.
    Whole {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
}

impl fmt::Display for OptionKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionKind::Number { min, max } => write!(out, "a number from {min} to {max}"),
            OptionKind::Whole { min, max: u64::MAX } => {
                write!(out, "a whole number from {min} up")
            }
            OptionKind::Whole { min, max } => write!(out, "a whole number from {min} to {max}"),
            OptionKind::Word(words) => write!(out, "one of {}", words.join(", ")),
            OptionKind::Flag => write!(out, "true or false"),
        }
    }
}

/// The default in a row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionDefault {
    /// The option is absent unless given.
    Absent,
    /// A number, whole or not.
    Number(f64),
    /// A word.
    Word(&'static str),
    /// A flag.
    Flag(bool),
}

/// The row of one option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionDef {
    /// By which it is given.
    pub name: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// What holds where none is given.
    pub default: OptionDefault,
    /// One line for help pages.
    pub doc: &'static str,
}

/// A value as the user gave it.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
    /// True or false.
    Flag(bool),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Number(number) => write!(out, "{number}"),
            OptionValue::Word(word) => write!(out, "\"{word}\""),
            OptionValue::Flag(flag) => write!(out, "{flag}"),
        }
    }
}

/// What is wrong with a given option.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionError {
    /// The method has no such option; `known` lists those it has, for near names.
    Unknown {
        /// The method.
        method: &'static str,
        /// The option.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// The value is of another kind.
    WrongKind {
        /// The option.
        name: &'static str,
        /// What is wanted.
        expected: OptionKind,
        /// What was given.
        found: OptionValue,
    },
    /// The value is of the right kind, but not among those allowed.
    OutOfRange {
        /// The option.
        name: &'static str,
        /// What is allowed.
        allowed: OptionKind,
        /// What was given.
        found: OptionValue,
    },
    /// The option was given twice.
    Repeated {
        /// The option.
        name: &'static str,
    },
}

impl fmt::Display for OptionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionError::Unknown { method, name, .. } => {
                write!(out, "method {method} has no option `{name}`")
            }
            OptionError::WrongKind { name, expected, found }
            | OptionError::OutOfRange { name, allowed: expected, found } => {
                write!(out, "option {name}: expected {expected}, found {found}")
            }
            OptionError::Repeated { name } => write!(out, "option {name} is given twice"),
        }
    }
}

impl std::error::Error for OptionError {}

/// The options that every method takes. `max_iter` differs by method and is appended by the registry.
pub const BASE_OPTIONS: &[OptionDef] = &[
    OptionDef {
        name: "gtol",
        kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
        default: OptionDefault::Number(1e-8),
        doc: "converged when the largest gradient entry is at most gtol * max(1, |f|)",
    },
    OptionDef {
        name: "ftol",
        kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
        default: OptionDefault::Number(0.0),
        doc: "converged when a step lowers f by at most ftol * max(1, |f|); 0 switches this off",
    },
    OptionDef {
        name: "xtol",
        kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
        default: OptionDefault::Number(0.0),
        doc: "converged when a step is at most xtol * max(1, |x|) long; 0 switches this off",
    },
    OptionDef {
        name: "max_time",
        kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
        default: OptionDefault::Number(f64::INFINITY),
        doc: "the time limit in seconds",
    },
    OptionDef {
        name: "trace",
        kind: OptionKind::Flag,
        default: OptionDefault::Flag(true),
        doc: "whether to keep a row for each iteration",
    },
];

/// The checked options of one run: the shared ones as fields, a method's own by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The test of the gradient.
    pub gtol: f64,
    /// The test of the decrease of f; 0 for none.
    pub ftol: f64,
    /// The test of the step; 0 for none.
    pub xtol: f64,
    /// The most iterations.
    pub max_iter: usize,
    /// The most seconds.
    pub max_time: f64,
    /// Whether rows of the trace are kept.
    pub trace: bool,
    values: Vec<(&'static str, OptionValue)>,
}

impl Options {
    /// Checks `given` against `rows`; what is not given takes its default.
    ///
    /// Returns an [`OptionError`] for the first unknown, repeated, ill-typed or out-of-range option.
    pub fn check(
        method: &'static str,
        rows: &[OptionDef],
        given: &[(String, OptionValue)],
    ) -> Result<Options, OptionError> {
        let mut values: Vec<(&'static str, OptionValue)> = Vec::with_capacity(rows.len());
        for (name, value) in given {
            let Some(row) = rows.iter().find(|row| row.name == name) else {
                let known = rows.iter().map(|row| row.name).collect();
                return Err(OptionError::Unknown { method, name: name.clone(), known });
            };
            if values.iter().any(|(known, _)| *known == row.name) {
                return Err(OptionError::Repeated { name: row.name });
            }
            values.push((row.name, check_value(row, value)?));
        }
        for row in rows {
            if values.iter().all(|(known, _)| *known != row.name) {
                let value = match row.default {
                    OptionDefault::Absent => continue,
                    OptionDefault::Number(number) => OptionValue::Number(number),
                    OptionDefault::Word(word) => OptionValue::Word(word.to_string()),
                    OptionDefault::Flag(flag) => OptionValue::Flag(flag),
                };
                values.push((row.name, value));
            }
        }
        Ok(Options::from_values(values))
    }

    fn from_values(values: Vec<(&'static str, OptionValue)>) -> Options {
        let mut options = Options {
            gtol: 0.0,
            ftol: 0.0,
            xtol: 0.0,
            max_iter: usize::MAX,
            max_time: f64::INFINITY,
            trace: true,
            values,
        };
        options.gtol = options.number("gtol").unwrap_or(1e-8);
        options.ftol = options.number("ftol").unwrap_or(0.0);
        options.xtol = options.number("xtol").unwrap_or(0.0);
        options.max_iter = options.whole("max_iter").unwrap_or(usize::MAX);
        options.max_time = options.number("max_time").unwrap_or(f64::INFINITY);
        options.trace = options.flag("trace").unwrap_or(true);
        options
    }

    /// The number given or set by default for `name`.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.value(name) {
            Some(OptionValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The whole number given or set by default for `name`.
    pub fn whole(&self, name: &str) -> Option<usize> {
        // Checked to be whole and not negative; `as` saturates.
        self.number(name).map(|number| number as usize)
    }

    /// The word given or set by default for `name`.
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(OptionValue::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The flag given or set by default for `name`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(OptionValue::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn value(&self, name: &str) -> Option<&OptionValue> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

fn check_value(row: &OptionDef, value: &OptionValue) -> Result<OptionValue, OptionError> {
    let allowed = match (row.kind, value) {
        (OptionKind::Number { min, max }, OptionValue::Number(x)) => (min..=max).contains(x),
        (OptionKind::Whole { min, max }, OptionValue::Number(x)) => {
            x.fract() == 0.0 && *x >= min as f64 && *x <= max as f64
        }
        (OptionKind::Word(words), OptionValue::Word(word)) => words.contains(&word.as_str()),
        (OptionKind::Flag, OptionValue::Flag(_)) => true,
        (expected, found) => {
            return Err(OptionError::WrongKind { name: row.name, expected, found: found.clone() });
        }
    };
    if allowed {
        Ok(value.clone())
    } else {
        Err(OptionError::OutOfRange { name: row.name, allowed: row.kind, found: value.clone() })
    }
}
