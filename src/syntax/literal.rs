//! The text of string literals.
//!
//! In comes what stands between the quotes; out goes the text that is meant. Strings stay on one line
//! and know `\"`, `\\`, `\n` and `\t`.

use crate::diag::{Diagnostic, codes};
use crate::source::Span;

/// Appends the meaning of `raw` to `out`.
///
/// # Errors
///
/// The offset of the first backslash that begins no escape; the rest of `raw` is appended as it is.
pub(super) fn unescape(raw: &str, out: &mut String) -> Result<(), usize> {
    let mut wrong = None;
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => out.push('\n'),
            Some((_, 't')) => out.push('\t'),
            Some((_, kept @ ('"' | '\\'))) => out.push(kept),
            _ => {
                wrong.get_or_insert(at);
            }
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// The report of a backslash that begins no escape.
pub(super) fn unknown_escape(span: Span, found: &str) -> Diagnostic {
    let message = format!("expected `\\\"`, `\\\\`, `\\n` or `\\t`, found `{found}`");
    Diagnostic::error(codes::E0104, message)
        .at(span, "not an escape")
        .help("write `\\\\` for a backslash itself; paths work with `/` everywhere")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_unknown_ones_found() {
        let mut out = String::new();
        assert_eq!(unescape(r#"a\n\t\"\\θ"#, &mut out), Ok(()));
        assert_eq!(out, "a\n\t\"\\θ");
        assert_eq!(unescape(r"ab\q", &mut out), Err(2));
    }
}
