//! From bytes to text: what is not UTF-8 text is named for what it probably is.

use crate::data::{DataError, Position};
use crate::patience;

/// The file as text, without a byte order mark.
///
/// Positions in the result count from the first character after the mark, as an editor
/// shows them.
pub(super) fn decode<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, DataError> {
    if let Some((what, help)) = foreign_format(bytes) {
        return Err(
            DataError::whole_file(file, format!("expected text, found {what}")).with_help(help)
        );
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let valid = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let before = std::str::from_utf8(valid).unwrap_or_default();
        DataError::whole_file(file, "a byte that is not UTF-8 text")
            .at(Position::of(before, before.len()))
            .with_help("save the file as UTF-8; it may be Latin-1 or Windows-1252")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(offset) = nul(text.as_bytes()) {
        return Err(DataError::whole_file(file, "a NUL byte, which text does not hold")
            .at(Position::of(text, offset))
            .with_help("the file is damaged or not a text file"));
    }
    if text.trim().is_empty() {
        return Err(DataError::whole_file(file, "the file is empty"));
    }
    Ok(text)
}

/// The place of the first byte that is 0.
fn nul(bytes: &[u8]) -> Option<usize> {
    const PIECE: usize = 1 << 20;
    bytes.chunks(PIECE).enumerate().find_map(|(k, piece)| {
        patience::look();
        piece.iter().position(|&b| b == 0).map(|at| k * PIECE + at)
    })
}

/// Recognizes common files that are not UTF-8 text: what it is, and what to do.
fn foreign_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const FORMATS: [(&[u8], &str, &str); 5] = [
        (b"\xff\xfe", "UTF-16", "save the file as UTF-8"),
        (b"\xfe\xff", "UTF-16", "save the file as UTF-8"),
        (b"\x1f\x8b", "a gzip file", "unpack it first"),
        (b"PK\x03\x04", "a zip or spreadsheet file", "export it as CSV"),
        (b"\x93NUMPY", "a NumPy file", "read it with `npy`"),
    ];
    FORMATS.iter().find(|(magic, ..)| bytes.starts_with(magic)).map(|&(_, what, help)| (what, help))
}
