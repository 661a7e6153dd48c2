//! Doubles as text: exactly for programs, briefly for people.
//!
//! Both forms are Gradus numbers: they are read back by the language as they stand. The
//! digits come from Rust's formatting, which is exact (shortest round trip, or correctly
//! rounded to the digits asked for) and the same on every platform.

/// Digits that people are shown.
pub const HUMAN_DIGITS: usize = 6;

/// The shortest text that reads back as the same double.
///
/// Plain for magnitudes from 1e-4 to 1e16, otherwise whichever of plain and exponent
/// form is shorter: `3`, `0.1`, `1000`, `1.25e-5`, `1e300`. NaN and the infinities are
/// `nan`, `inf`, `-inf`; negative zero is `-0`.
pub fn exact(x: f64) -> String {
    if let Some(word) = not_finite(x) {
        return word.to_string();
    }
    let is_ordinary = x == 0.0 || (1e-4..1e16).contains(&x.abs());
    let with_exponent = format!("{x:e}");
    // The plain form of 1e-300 has 302 characters; it is not worth making.
    if !is_ordinary && !(1e-20..1e20).contains(&x.abs()) {
        return with_exponent;
    }
    let plain = format!("{x}");
    if is_ordinary || plain.len() <= with_exponent.len() { plain } else { with_exponent }
}

/// The number for people: 6 significant digits, like C's `%.6g` with a short exponent.
///
/// `3.93241`, `50`, `0.0001`, `1e-9`, `1.23457e6`. Negative zero is `0`.
pub fn human(x: f64) -> String {
    human_digits(x, HUMAN_DIGITS)
}

/// The number with `digits` significant digits (from 1 to 17; others are moved there),
/// without trailing zeros, in exponent form below 1e-4 and from `10^digits` on.
pub fn human_digits(x: f64, digits: usize) -> String {
    if x == 0.0 {
        return "0".to_string();
    }
    let (mantissa, exponent) = match general(x, digits.clamp(1, 17)) {
        General::Word(word) => return word.to_string(),
        General::Plain(text) => return text,
        General::Exponent(mantissa, exponent) => (mantissa, exponent),
    };
    format!("{mantissa}e{exponent}")
}

/// A number in C's `%g` form, before its exponent is put into a style.
pub(super) enum General {
    Word(&'static str),
    Plain(String),
    Exponent(String, i32),
}

/// C's `%.{digits}g`: rounds to `digits` significant digits, then chooses the form by the
/// exponent of the *rounded* number (C17, 7.21.6.1), so 999999.5 is `1e6`.
pub(super) fn general(x: f64, digits: usize) -> General {
    if let Some(word) = not_finite(x) {
        return General::Word(word);
    }
    let digits = digits.max(1);
    let (mantissa, exponent) = scientific(x, digits - 1);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= limit {
        return General::Exponent(without_zeros(&mantissa).to_string(), exponent);
    }
    let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    let plain = format!("{x:.decimals$}");
    General::Plain(without_zeros(&plain).to_string())
}

/// The mantissa with `decimals` digits after the point, and the exponent.
pub(super) fn scientific(x: f64, decimals: usize) -> (String, i32) {
    let text = format!("{x:.decimals$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_string(), exponent.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

/// The word for a number that is not finite.
pub(super) fn not_finite(x: f64) -> Option<&'static str> {
    if x.is_finite() {
        None
    } else if x.is_nan() {
        Some("nan")
    } else if x > 0.0 {
        Some("inf")
    } else {
        Some("-inf")
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_is_short() {
        for (x, text) in [
            (3.0, "3"),
            (1000.0, "1000"),
            (-0.5, "-0.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.25e-5, "1.25e-5"),
            (1e-300, "1e-300"),
            (1e16, "1e16"),
            (123456789012345680.0, "123456789012345680"),
            (f64::MAX, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
            (0.0, "0"),
            (-0.0, "-0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(exact(x), text);
        }
    }

    #[test]
    fn exact_reads_back() {
        let mut bits = 1u64;
        for _ in 0..20_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let x = f64::from_bits(bits);
            if x.is_finite() {
                assert_eq!(exact(x).parse::<f64>().unwrap().to_bits(), x.to_bits());
            }
        }
    }

    #[test]
    fn human_is_like_percent_g() {
        for (x, text) in [
            (3.932408759124087, "3.93241"),
            (50.0, "50"),
            (1e-9, "1e-9"),
            (0.0001, "0.0001"),
            (0.00001234567, "1.23457e-5"),
            (999999.5, "1e6"),
            (999999.4, "999999"),
            (1234567.0, "1.23457e6"),
            (-0.125, "-0.125"),
            (-0.0, "0"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(human(x), text);
        }
        assert_eq!(human_digits(std::f64::consts::PI, 3), "3.14");
        assert_eq!(human_digits(1234.0, 0), "1e3");
        assert_eq!(human_digits(0.1, 99), "0.10000000000000001");
    }
}
