//! Which character separates the cells.

use super::scan::Scanner;
use crate::data::DataError;

/// In order of preference where several fit: text may hold commas, and numbers a decimal
/// comma, but hardly ever a tab or a semicolon in every row.
const CANDIDATES: [u8; 3] = [b'\t', b';', b','];

/// How many records are looked at.
const SAMPLE: usize = 20;

/// The separator that the user gave, as a byte.
pub(super) fn verify(sep: char, file: &str) -> Result<u8, DataError> {
    let is_usable = sep.is_ascii() && !sep.is_ascii_alphanumeric() && !"\"\r\n\0.+-".contains(sep);
    match u8::try_from(sep) {
        Ok(byte) if is_usable => Ok(byte),
        _ => Err(DataError::whole_file(
            file,
            format!(
                "expected one ASCII character such as \",\" for the option `sep`, found {sep:?}"
            ),
        )),
    }
}

/// The separator of a text: the preferred one that cuts the first records into equally
/// many cells, else the one that cuts the first record into most. Where none cuts it, a blank,
/// which stands for runs of blanks, if those cut the first records into equally many; else a comma.
pub(super) fn find(text: &str, comment: Option<&str>) -> u8 {
    let mut best = (b',', 1);
    for sep in CANDIDATES {
        let (width, is_even) = sample(text, sep, comment);
        if width > 1 && is_even {
            return sep;
        }
        if width > best.1 {
            best = (sep, width);
        }
    }
    if best.1 == 1 && matches!(sample(text, b' ', comment), (2.., true)) {
        return b' ';
    }
    best.0
}

/// Number of cells of the first record, and whether the next ones have as many.
fn sample(text: &str, sep: u8, comment: Option<&str>) -> (usize, bool) {
    let mut scanner = Scanner::new(text, sep, comment);
    let mut cells = Vec::new();
    let mut width = 0;
    for k in 0..SAMPLE {
        match scanner.next_record(&mut cells) {
            Ok(true) if k == 0 => width = cells.len(),
            Ok(true) if cells.len() != width => return (width, false),
            Ok(true) => {}
            Ok(false) => break,
            // A mistake in quoting may be one only for this separator.
            Err(_) => return (width, false),
        }
    }
    (width, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found() {
        assert_eq!(find("a,b\n1,2\n", None), b',');
        assert_eq!(find("a;b\n1,5;2,5\n", None), b';');
        assert_eq!(find("1,5;2,5\n1,2;3,4", None), b';');
        assert_eq!(find("a\tb, c\n1\t2", None), b'\t');
        assert_eq!(find("\"a;b\",c\n\"d\",e", None), b',');
        assert_eq!(find("a,b\nx;y,z\n", None), b',');
        assert_eq!(find("# a;b\na,b\n1,2\n", Some("#")), b',');
        assert_eq!(find("x\n1\n2\n", None), b',');
        assert_eq!(find("a,b,c\n1,2\n", None), b',');
        assert_eq!(find("  1.0   2.0e+00\n  2.0   4.0e+00\n", None), b' ');
        assert_eq!(find("speed dist\n4 \t2\n", None), b' ');
        assert_eq!(find("max speed\n4\n", None), b',');
    }

    #[test]
    fn unusable_separators_are_refused() {
        assert_eq!(verify('|', "f"), Ok(b'|'));
        for sep in ['"', '\n', '§', '1', '.'] {
            assert!(verify(sep, "f").is_err(), "{sep:?}");
        }
    }
}
