//! What one cell means: a number, a missing value, or text.

use std::borrow::Cow;

/// Words for a missing value, unless in quotes. `None` and `-` are not among them: they
/// are categories in real data.
const MISSING_WORDS: [&str; 9] = ["NA", "na", "N/A", "n/a", "#N/A", "NULL", "null", "?", "."];

/// A cell's meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    /// A finite number.
    Number(f64),
    /// Written as a number, but beyond the largest double.
    TooLarge(Cow<'a, str>),
    /// `nan` or `inf`, as written.
    NotFinite(Cow<'a, str>),
    /// Empty, or a word for a missing value.
    Missing(Cow<'a, str>),
    /// Anything else.
    Text(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// Reads a cell. In quotes, numbers are numbers but words are text.
    pub fn read(content: Cow<'a, str>, is_quoted: bool) -> Self {
        let text = content.trim();
        if let Ok(value) = text.parse::<f64>() {
            if value.is_finite() {
                return Cell::Number(value);
            }
            if text.bytes().any(|b| b.is_ascii_digit()) {
                return Cell::TooLarge(content);
            }
            if !is_quoted {
                return Cell::NotFinite(content);
            }
        }
        if text.is_empty() || (!is_quoted && MISSING_WORDS.contains(&text)) {
            Cell::Missing(content)
        } else {
            Cell::Text(content)
        }
    }

    /// Whether the value is not there, or not a finite number.
    pub fn is_missing(&self) -> bool {
        matches!(self, Cell::Missing(_) | Cell::NotFinite(_))
    }
}

/// Advice about a text that was probably meant as a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberHint {
    /// What to do.
    pub help: String,
    /// Whether a whole column of such texts is more likely a mistake than categories.
    pub is_certain: bool,
}

/// Whether `text` was probably meant as a number: `1,5`, `1_000`, `1 000`, `−3`, `5%`.
pub(super) fn number_hint(text: &str) -> Option<NumberHint> {
    let text = text.trim();
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let is_number = |s: &str| s.parse::<f64>().is_ok();
    let hint = |help: String, is_certain| Some(NumberHint { help, is_certain });
    let with_point = text.replacen(',', ".", 1);
    if with_point != text && is_number(&with_point) {
        return hint(
            format!("numbers are written with a decimal point: `{with_point}`, not `{text}`"),
            true,
        );
    }
    let is_grouping = |c: char| matches!(c, '_' | ',' | ' ' | '\'' | '\u{a0}' | '\u{202f}' | '’');
    let without_groups = text.replace(is_grouping, "");
    if without_groups != text && is_number(&without_groups) {
        return hint(
            format!(
                "numbers in data are written without separators of thousands: `{without_groups}`"
            ),
            true,
        );
    }
    let with_minus = text.replace('\u{2212}', "-");
    if with_minus != text && is_number(&with_minus) {
        return hint(format!("a minus is written `-`: `{with_minus}`"), true);
    }
    let bare = text.trim_matches(|c: char| "%$€£".contains(c) || c == ' ');
    if bare != text && is_number(bare) {
        return hint(format!("numbers are written without a unit: `{bare}`"), false);
    }
    let with_e = text.replace(['d', 'D'], "e");
    if with_e != text && is_number(&with_e) {
        return hint(format!("exponents are written with `e`: `{with_e}`"), false);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings() {
        let read = |s: &'static str| Cell::read(s.into(), false);
        for (text, value) in
            [("12", 12.0), ("-.5", -0.5), ("+1e3", 1e3), ("7.", 7.0), ("1e-400", 0.0)]
        {
            assert_eq!(read(text), Cell::Number(value), "{text}");
        }
        for text in ["", "NA", "n/a", "?"] {
            assert_eq!(read(text), Cell::Missing(text.into()));
        }
        for text in ["nan", "NaN", "inf", "-Inf", "+infinity"] {
            assert_eq!(read(text), Cell::NotFinite(text.into()));
        }
        for text in ["abc", "1_000", "1,5", "0x10", "-", "None", "2020-01-02"] {
            assert_eq!(read(text), Cell::Text(text.into()));
        }
        assert_eq!(read("-1e400"), Cell::TooLarge("-1e400".into()));
    }

    #[test]
    fn quotes_make_words_text_but_leave_numbers() {
        let read = |s: &'static str| Cell::read(s.into(), true);
        assert_eq!(read("12"), Cell::Number(12.0));
        assert_eq!(read("NA"), Cell::Text("NA".into()));
        assert_eq!(read("Nan"), Cell::Text("Nan".into()));
        assert_eq!(read(""), Cell::Missing("".into()));
    }

    #[test]
    fn hints() {
        let hint = |s: &str| number_hint(s).map(|h| (h.help, h.is_certain));
        assert!(hint("1,5").unwrap().0.contains("`1.5`"));
        assert!(hint("1_000").unwrap().0.contains("`1000`"));
        assert!(hint("1,000,000").unwrap().0.contains("`1000000`"));
        assert!(hint("\u{2212}3").unwrap().0.contains("`-3`"));
        assert!(!hint("50%").unwrap().1);
        assert!(hint("1.5D+3").unwrap().0.contains("`1.5e+3`"));
        for text in ["abc", "a1", "2020-01-02", "", "1,2,x"] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
