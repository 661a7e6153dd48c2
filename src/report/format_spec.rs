//! Format specifications as in `"loss {fit.value:.3e}"`: the common part of Python's.
//!
//! ```text
//! [[fill]align][sign][0][width][.precision][type]
//! align < > ^      sign + - blank      type e E f F g G d % for numbers, s for text
//! ```
//!
//! Without a type, a number has 6 significant digits, or as many as the precision says.
//! With `e`, `f`, `g`, `%` the text is Python's and C's to the letter, exponents of at
//! least two digits included.
//!
//! Source: "Format Specification Mini-Language", Python 3 library reference. Left out:
//! `#`, `=`, `z`, grouping by `,` and `_`, and the types `b c n o x`.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::number::{General, HUMAN_DIGITS, general, human_digits, not_finite, scientific};

/// Widths and precisions above these are mistakes, and would fill the memory.
const MAX_WIDTH: usize = 10_000;
const MAX_PRECISION: usize = 1_000;

/// A format specification that has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormatSpec {
    fill: Option<char>,
    align: Option<Alignment>,
    sign: Option<char>,
    has_zero: bool,
    width: usize,
    precision: Option<usize>,
    kind: Option<char>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alignment {
    Left,
    Right,
    Center,
}

impl FormatSpec {
    /// Reads what stands after the colon; the empty text is the default form.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let chars: Vec<char> = text.chars().collect();
        let mut spec = FormatSpec::default();
        let mut at = 0;
        if let Some(align) = chars.get(1).copied().and_then(alignment) {
            spec.fill = Some(chars[0]);
            spec.align = Some(align);
            at = 2;
        } else if let Some(align) = chars.first().copied().and_then(alignment) {
            spec.align = Some(align);
            at = 1;
        }
        if let Some(&sign) = chars.get(at).filter(|c| "+- ".contains(**c)) {
            spec.sign = Some(sign);
            at += 1;
        }
        if chars.get(at) == Some(&'0') {
            spec.has_zero = true;
            at += 1;
        }
        spec.width = digits(&chars, &mut at, MAX_WIDTH, text)?.unwrap_or(0);
        if chars.get(at) == Some(&'.') {
            at += 1;
            let precision = digits(&chars, &mut at, MAX_PRECISION, text)?;
            spec.precision = Some(precision.ok_or_else(|| unknown(text, at))?);
        }
        if let Some(&kind) = chars.get(at).filter(|c| "eEfFgGd%s".contains(**c)) {
            spec.kind = Some(kind);
            at += 1;
        }
        if at < chars.len() {
            return Err(unknown(text, at));
        }
        Ok(spec)
    }

    /// A number in this form. Numbers stand on the right unless the specification says so.
    pub fn number(&self, x: f64) -> Result<String, SpecError> {
        let magnitude = x.abs();
        let body = match not_finite(magnitude) {
            Some(word) => word.to_string(),
            None => self.digits_of(magnitude, x)?,
        };
        let is_negative = x.is_sign_negative() && !x.is_nan() && !(self.kind.is_none() && x == 0.0);
        let sign = match (is_negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        };
        if self.has_zero && self.align.is_none() && x.is_finite() {
            let zeros = self.width.saturating_sub(sign.len() + body.len());
            return Ok(format!("{sign}{}{body}", "0".repeat(zeros)));
        }
        Ok(self.pad(&format!("{sign}{body}"), Alignment::Right))
    }

    /// A text in this form; a precision cuts it to that many characters.
    pub fn text(&self, text: &str) -> Result<String, SpecError> {
        match self.kind {
            None | Some('s') if self.sign.is_none() => {}
            _ => return Err(SpecError::NumberFormatForText),
        }
        let cut: String = match self.precision {
            Some(limit) => text.chars().take(limit).collect(),
            None => text.to_string(),
        };
        Ok(self.pad(&cut, Alignment::Left))
    }

    /// The digits of a finite number that is not negative; `x` has its sign, for messages.
    fn digits_of(&self, magnitude: f64, x: f64) -> Result<String, SpecError> {
        let precision = self.precision.unwrap_or(HUMAN_DIGITS);
        Ok(match self.kind {
            None => human_digits(magnitude, precision),
            Some('f' | 'F') => format!("{magnitude:.precision$}"),
            Some('%') => format!("{:.precision$}%", magnitude * 100.0),
            Some(kind @ ('e' | 'E')) => {
                let (mantissa, exponent) = scientific(magnitude, precision);
                with_exponent(&mantissa, kind, exponent)
            }
            Some(kind @ ('g' | 'G')) => match general(magnitude, precision) {
                General::Word(word) => word.to_string(),
                General::Plain(text) => text,
                General::Exponent(mantissa, exponent) => {
                    let kind = if kind == 'g' { 'e' } else { 'E' };
                    with_exponent(&mantissa, kind, exponent)
                }
            },
            Some('d') if self.precision.is_some() => return Err(SpecError::PrecisionOfWhole),
            Some('d') if magnitude.fract() == 0.0 => format!("{magnitude:.0}"),
            Some('d') => return Err(SpecError::NotWhole { value: x }),
            Some(_) => return Err(SpecError::TextFormatForNumber),
        })
    }

    fn pad(&self, text: &str, default: Alignment) -> String {
        let missing = self.width.saturating_sub(text.width());
        let left = match self.align.unwrap_or(default) {
            Alignment::Left => 0,
            Alignment::Right => missing,
            Alignment::Center => missing / 2,
        };
        let fill = self.fill.unwrap_or(' ').to_string();
        format!("{}{text}{}", fill.repeat(left), fill.repeat(missing - left))
    }
}

fn alignment(c: char) -> Option<Alignment> {
    match c {
        '<' => Some(Alignment::Left),
        '>' => Some(Alignment::Right),
        '^' => Some(Alignment::Center),
        _ => None,
    }
}

/// A whole number at `at`, if there is one.
fn digits(
    chars: &[char],
    at: &mut usize,
    limit: usize,
    spec: &str,
) -> Result<Option<usize>, SpecError> {
    let mut value = None;
    while let Some(digit) = chars.get(*at).and_then(|c| c.to_digit(10)) {
        let next = value.unwrap_or(0) * 10 + digit as usize;
        if next > limit {
            return Err(SpecError::TooLong { spec: spec.to_string(), limit });
        }
        value = Some(next);
        *at += 1;
    }
    Ok(value)
}

/// An exponent with its sign and at least two digits, as C and Python write it.
fn with_exponent(mantissa: &str, letter: char, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{letter}{sign}{:02}", exponent.unsigned_abs())
}

fn unknown(spec: &str, at: usize) -> SpecError {
    SpecError::Unknown { spec: spec.to_string(), at }
}

/// Why a format specification cannot be used.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // the fields are named after what they hold
pub enum SpecError {
    /// Not understood from the character `at` (from 0) on.
    Unknown { spec: String, at: usize },
    /// A width or precision above `limit`.
    TooLong { spec: String, limit: usize },
    /// `d` with a precision.
    PrecisionOfWhole,
    /// `d` for a number with a fraction.
    NotWhole { value: f64 },
    /// A sign or a type of numbers for a text.
    NumberFormatForText,
    /// `s` for a number.
    TextFormatForNumber,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecError::Unknown { spec, at } => {
                let rest: String = spec.chars().skip(*at).collect();
                if rest.is_empty() {
                    write!(f, "the format `{spec}` is not complete")
                } else {
                    write!(f, "the format `{spec}` is not understood from `{rest}` on")
                }
            }
            SpecError::TooLong { spec, limit } => {
                write!(f, "expected at most {limit} characters or digits in the format `{spec}`")
            }
            SpecError::PrecisionOfWhole => {
                write!(f, "the format `d` of whole numbers takes no precision")
            }
            SpecError::NotWhole { value } => {
                write!(
                    f,
                    "expected a whole number for the format `d`, found {}",
                    human_digits(*value, 17)
                )
            }
            SpecError::NumberFormatForText => {
                write!(f, "expected a number for this format, found a text")
            }
            SpecError::TextFormatForNumber => {
                write!(f, "expected a text for the format `s`, found a number")
            }
        }
    }
}

impl std::error::Error for SpecError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_python_writes_them() {
        // As Python 3.11 prints them.
        for (spec, x, text) in [
            (".3e", 0.00123456, "1.235e-03"),
            (".3e", 217.0, "2.170e+02"),
            (".0e", 1e-300, "1e-300"),
            (".4f", 2.345678, "2.3457"),
            ("f", -2.0, "-2.000000"),
            (".2f", -0.001, "-0.00"),
            ("10.3g", 1234.5, "  1.23e+03"),
            ("g", 1e-9, "1e-09"),
            ("G", 1e20, "1E+20"),
            (".10g", 0.1, "0.1"),
            ("+.1f", 2.25, "+2.2"),
            (" .1f", 2.0, " 2.0"),
            ("08.3f", -3.15159, "-003.152"),
            ("*^9.1f", 2.0, "***2.0***"),
            ("<6.1f", 2.0, "2.0   "),
            ("6d", 42.0, "    42"),
            (".1%", 0.1234, "12.3%"),
            (".1e", f64::NEG_INFINITY, "-inf"),
            ("6.1f", f64::NAN, "   nan"),
        ] {
            assert_eq!(FormatSpec::parse(spec).unwrap().number(x).unwrap(), text, "{spec}");
        }
    }

    #[test]
    fn without_a_type_numbers_are_for_people() {
        let number = |spec: &str, x| FormatSpec::parse(spec).unwrap().number(x).unwrap();
        assert_eq!(number("", 3.932408759), "3.93241");
        assert_eq!(number(">8", 1e-9), "    1e-9");
        assert_eq!(number(".3", 3.932408759), "3.93");
        assert_eq!(number("", -0.0), "0");
    }

    #[test]
    fn texts() {
        let text = |spec: &str, s| FormatSpec::parse(spec).unwrap().text(s);
        assert_eq!(text(">8", "abc").unwrap(), "     abc");
        assert_eq!(text("6s", "θ₁").unwrap(), "θ₁    ");
        assert_eq!(text("^6", "日本").unwrap(), " 日本 ");
        assert_eq!(text(".2", "abc").unwrap(), "ab");
        assert_eq!(text(".2f", "abc"), Err(SpecError::NumberFormatForText));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |spec| FormatSpec::parse(spec).unwrap_err().to_string();
        assert_eq!(message(".3q"), "the format `.3q` is not understood from `q` on");
        assert_eq!(message("8."), "the format `8.` is not complete");
        assert_eq!(message("x"), "the format `x` is not understood from `x` on");
        assert!(message("99999999999999999999").contains("at most 10000"));
        assert!(message(".5000f").contains("at most 1000"));
        let number = |spec, x| FormatSpec::parse(spec).unwrap().number(x);
        assert_eq!(number("d", 1.5), Err(SpecError::NotWhole { value: 1.5 }));
        assert_eq!(number(".2d", 1.0), Err(SpecError::PrecisionOfWhole));
        assert_eq!(number("s", 1.0), Err(SpecError::TextFormatForNumber));
    }
}
