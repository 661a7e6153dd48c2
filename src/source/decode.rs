//! From bytes to text.
//!
//! In come the bytes of a script; out goes its text, or the place of the first byte that is not
//! UTF-8, as a line and a column that a person can look up. A byte order mark at the beginning is
//! taken away; the tab, line ends and everything else stay as they are, so that offsets are those of
//! the text that messages show.

use super::{LineCol, MAX_BYTES};
use std::fmt;

/// Why bytes are not a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A byte that does not belong to UTF-8.
    NotUtf8 {
        /// Its offset from the beginning of the bytes.
        offset: usize,
        /// Its line and column, the column in characters before it.
        place: LineCol,
        /// The byte.
        byte: u8,
    },
    /// More bytes than positions can count.
    TooLong {
        /// How many there are.
        bytes: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { place, byte, .. } => write!(
                f,
                "expected UTF-8 text, found the byte 0x{byte:02X} at line {}, column {}",
                place.line, place.column
            ),
            Self::TooLong { bytes } => {
                write!(f, "expected a text of less than 4 GB, found one of {bytes} bytes")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// The text of some bytes, without a byte order mark.
///
/// # Errors
///
/// Where the bytes are not UTF-8, the place of the first that is wrong; where there are more of them
/// than a [`Span`](super::Span) can address, their number.
pub fn decode(bytes: &[u8]) -> Result<String, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooLong { bytes: bytes.len() });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(not_utf8(bytes, error.valid_up_to())),
    }
}

fn not_utf8(bytes: &[u8], offset: usize) -> DecodeError {
    let good = String::from_utf8_lossy(&bytes[..offset]);
    let line = good.bytes().filter(|b| *b == b'\n').count() as u32 + 1;
    let column = good.rsplit('\n').next().map_or(0, |last| last.chars().count()) as u32 + 1;
    let byte = bytes.get(offset).copied().unwrap_or(0);
    DecodeError::NotUtf8 { offset, place: LineCol { line, column }, byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_byte_is_named_with_its_line_and_column() {
        let error = decode(b"let a = 1\nlet \xCE\xB8 = \xFF").unwrap_err();
        let place = LineCol { line: 2, column: 9 };
        assert_eq!(error, DecodeError::NotUtf8 { offset: 19, place, byte: 0xFF });
        assert_eq!(
            error.to_string(),
            "expected UTF-8 text, found the byte 0xFF at line 2, column 9"
        );
    }

    #[test]
    fn a_byte_order_mark_is_taken_away() {
        assert_eq!(decode(b"\xEF\xBB\xBFx"), Ok("x".to_owned()));
    }
}
