//! What leaves the process: nothing that moves a terminal, and no more than is allowed.
//!
//! In come texts that are ready to be shown, out come the same texts with every character escaped that a
//! terminal acts on, wherever it came from: data, strings of a script, file names, arguments, the
//! history. Line ends, tabs and our own colors pass. In JSON, where such characters stand in strings only,
//! the escapes are JSON's.
//!
//! This is the last door; rooms that quote text escape it earlier, so that widths are right.

use crate::diag::is_unseen;
use std::borrow::Cow;
use std::fmt::Write;

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text for people, with our colors or without.
    Text {
        /// Whether colors pass.
        color: bool,
    },
    /// JSON lines.
    Json,
}

/// The text as it may go out.
pub fn safe(text: &str, form: Form) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let passes = match form {
            Form::Text { color: true } => color_code(rest),
            _ => 0,
        };
        if passes > 0 {
            out.push_str(&rest[..passes]);
            rest = &rest[passes..];
            continue;
        }
        match form {
            _ if !acts(c) => out.push(c),
            Form::Text { .. } => out.extend(c.escape_unicode()),
            Form::Json => push_json(c, &mut out),
        }
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(out)
}

/// Whether a terminal acts on a character, or shows others differently for it.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t' || is_unseen(c)
}

/// The length of the code of a color at the start of a text; 0 where there is none. Codes that hide text,
/// let it blink or invert it are not ours.
fn color_code(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\x1b[") else { return 0 };
    let Some(end) = rest.find(|c: char| !c.is_ascii_digit() && c != ';') else { return 0 };
    let codes = &rest[..end];
    let palette = codes.strip_prefix("38;5;").or_else(|| codes.strip_prefix("48;5;"));
    let is_ours = match palette {
        Some(color) => color.parse::<u8>().is_ok(),
        None => codes.split(';').all(|number| {
            matches!(number.parse().unwrap_or(u32::MAX), 0..=4 | 22..=24 | 30..=49 | 90..=107)
        }),
    };
    if is_ours && rest[end..].starts_with('m') { "\x1b[".len() + end + 1 } else { 0 }
}

fn push_json(c: char, out: &mut String) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        // Writing to a string does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// How much may still go out.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    left: u64,
}

impl Allowance {
    /// So many bytes; without a number as many as there are.
    pub fn new(bytes: Option<u64>) -> Allowance {
        Allowance { left: bytes.unwrap_or(u64::MAX) }
    }

    /// Takes the bytes of a text; false where it is too long for what is left.
    pub fn take(&mut self, text: &str) -> bool {
        match self.left.checked_sub(text.len() as u64) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\x1b]0;title\x07\x1b[2J\u{9b}31m\r\u{202e}b\u{e0041}\n\tc\x7f";

    #[test]
    fn nothing_that_a_terminal_acts_on_goes_out() {
        for form in [Form::Text { color: false }, Form::Text { color: true }, Form::Json] {
            let shown = safe(EVIL, form);
            assert!(!shown.chars().any(acts), "{shown:?}");
            assert!(shown.contains("\n\tc"));
        }
        assert_eq!(safe("a\x07", Form::Text { color: false }), "a\\u{7}");
        assert_eq!(safe("\u{9b}\u{e0041}", Form::Json), "\\u009b\\udb40\\udc41");
        assert!(matches!(safe("θ = 1\n", Form::Json), Cow::Borrowed(_)));
    }

    #[test]
    fn colors_pass_where_there_are_colors() {
        let painted = "\x1b[1mfit\x1b[0m \x1b[38;5;246mline\x1b[0m";
        assert_eq!(safe(painted, Form::Text { color: true }), painted);
        assert!(!safe(painted, Form::Text { color: false }).contains('\x1b'));
        for code in ["\x1b[8mhidden", "\x1b[5m", "\x1b[2K", "\x1b[", "\x1b[1"] {
            assert!(!safe(code, Form::Text { color: true }).contains('\x1b'), "{code:?}");
        }
    }

    #[test]
    fn an_allowance_is_used_up() {
        let mut allowance = Allowance::new(Some(5));
        assert!(allowance.take("abc") && !allowance.take("def") && allowance.take("de"));
        assert!(!allowance.take("f") && Allowance::new(None).take("f"));
    }
}
