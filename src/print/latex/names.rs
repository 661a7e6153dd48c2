//! Names and numbers in LaTeX: Greek letters, subscripts, upright words.

use crate::expr::Num;
use crate::print::layout::Level;

/// Names that stand for a Greek letter, with the letter itself.
const GREEK: &[(&str, char)] = &[
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("iota", 'ι'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("nu", 'ν'),
    ("xi", 'ξ'),
    ("pi", 'π'),
    ("rho", 'ρ'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("upsilon", 'υ'),
    ("phi", 'φ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
    ("Gamma", 'Γ'),
    ("Delta", 'Δ'),
    ("Theta", 'Θ'),
    ("Lambda", 'Λ'),
    ("Xi", 'Ξ'),
    ("Pi", 'Π'),
    ("Sigma", 'Σ'),
    ("Upsilon", 'Υ'),
    ("Phi", 'Φ'),
    ("Psi", 'Ψ'),
    ("Omega", 'Ω'),
];

/// A name of the language: `x_max` is `x_{\mathrm{max}}`, `theta1` is
/// `\theta_{1}`, `speed` is `\mathrm{speed}`; an entry `x[3]` is `x_{3}`.
pub fn name(text: &str) -> String {
    if let Some((array, entry)) = text.strip_suffix(']').and_then(|t| t.split_once('[')) {
        return format!("{}_{{{entry}}}", name(array));
    }
    let text: String = text.chars().map(plain_digit).collect();
    let (head, below) = match text.split_once('_') {
        Some((head, below)) if !head.is_empty() && !below.is_empty() => (head, below),
        _ => split_digits(&text),
    };
    if below.is_empty() {
        return word(head);
    }
    let (head, digits) = split_digits(head);
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!digits.is_empty()).then(|| digits.to_string()));
    parts.extend(below.split('_').filter(|p| !p.is_empty()).map(word));
    format!("{}_{{{}}}", word(head), parts.join(","))
}

/// `₁` as `1`.
fn plain_digit(c: char) -> char {
    match c {
        '₀'..='₉' => char::from_digit(c as u32 - '₀' as u32, 10).unwrap_or(c),
        _ => c,
    }
}

/// The digits at the end of a name. A word such as `log10` keeps them.
fn split_digits(text: &str) -> (&str, &str) {
    let head = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if head.is_empty() { (text, "") } else { text.split_at(head.len()) }
}

/// A part of a name: a letter, a Greek letter, a number or an upright word.
fn word(text: &str) -> String {
    let mut letters = text.chars();
    if let (Some(c), None) = (letters.next(), letters.next()) {
        return match GREEK.iter().find(|(_, letter)| *letter == c) {
            Some((name, _)) => format!("\\{name}"),
            None => escaped(text),
        };
    }
    if GREEK.iter().any(|(name, _)| *name == text) {
        return format!("\\{text}");
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return text.to_string();
    }
    format!("\\mathrm{{{}}}", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '_' | '%' | '#' | '&' | '$' | '{' | '}' => out.extend(['\\', c]),
            ' ' => out.push_str("\\ "),
            '\\' => out.push_str("\\backslash "),
            '^' => out.push_str("\\hat{}"),
            '~' => out.push_str("\\tilde{}"),
            _ => out.push(c),
        }
    }
    out
}

/// A number that is not negative; a ratio as a fraction.
pub(super) fn number(n: Num) -> String {
    match n.as_ratio() {
        Some((num, den)) if den != 1 && !n.is_decimal() => format!("\\frac{{{num}}}{{{den}}}"),
        _ => decimal(n),
    }
}

/// As [`number`], with ratios on the line: for exponents.
pub(super) fn inline_number(n: Num) -> String {
    match n.as_ratio() {
        Some((num, den)) if den != 1 && !n.is_decimal() => format!("{num}/{den}"),
        _ => decimal(n),
    }
}

/// How tightly a number that is not whole binds.
pub(super) fn number_level(n: Num) -> Level {
    let text = number(n);
    if text.starts_with("\\frac") {
        Level::Power
    } else if text.contains("\\times") {
        Level::Product
    } else {
        Level::Atom
    }
}

/// Whether the number is written with a power of ten.
pub(super) fn has_power_of_ten(n: Num) -> bool {
    number(n).contains("10^")
}

/// Whole numbers and decimals; a power of ten where the text says so.
fn decimal(n: Num) -> String {
    let text = crate::print::text::number_text(n);
    match (text.as_str(), text.split_once('e')) {
        ("inf", _) => "\\infty".to_string(),
        ("nan", _) => "\\mathrm{NaN}".to_string(),
        (_, Some(("1", exponent))) => format!("10^{{{exponent}}}"),
        (_, Some((digits, exponent))) => format!("{digits} \\times 10^{{{exponent}}}"),
        _ => text,
    }
}
