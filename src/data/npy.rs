//! Reading NumPy's `.npy` files.
//!
//! In come the bytes of one file; out goes a column or matrix of doubles, row-major
//! whatever the order in the file. Little-endian `f8 f4 i8 i4`, `u1`, `i1` and `bool`
//! are understood, with one or two dimensions. Integers beyond 2^53, which a double
//! cannot hold exactly, are an error rather than a silent change.
//!
//! Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays"; versions
//! 1.0 to 3.0 of the format.

use super::{Array, DataError};
use crate::memory;
use crate::patience;
use std::io::Read;
use std::sync::Arc;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads an array; `display_name` is the file's name for messages.
///
/// NaN and infinities come through. Time is linear in the size of the file.
pub fn read(bytes: &[u8], display_name: &str) -> Result<Array, DataError> {
    let shared = read_from(&mut &bytes[..], bytes.len() as u64, display_name)?;
    Ok(Array { rows: shared.rows, cols: shared.cols, values: shared.values.to_vec() })
}

/// Entries that are decoded at a time.
const CHUNK: usize = 8192;

/// An array whose entries are shared, as [`read_from`] gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// Rows, or the length of a column.
    pub rows: usize,
    /// Columns of a matrix.
    pub cols: Option<usize>,
    /// Entries, row by row.
    pub values: Arc<[f64]>,
}

/// Reads an array of `len` bytes, header included, without holding more than its entries in memory. Where there
/// is not even so much memory, unwinds before the first entry is read.
///
/// As [`read`] otherwise.
pub fn read_from(file: &mut dyn Read, len: u64, display_name: &str) -> Result<Shared, DataError> {
    let fail = |message: String| DataError::whole_file(display_name, message);
    let broken = |error: std::io::Error| fail(format!("cannot be read: {error}"));
    let mut start = Vec::new();
    let named = || format!("`{display_name}`").into();
    file.take(START).read_to_end(&mut start).map_err(broken)?;
    let n_header = header_length(&start);
    memory::need_for(usize::try_from(n_header).unwrap_or(usize::MAX), &named);
    file.take(n_header.saturating_sub(start.len() as u64))
        .read_to_end(&mut start)
        .map_err(broken)?;
    let (_, rest) = split_header(&start).map_err(|message| fail(message.to_string()))?;
    let body = len.saturating_sub((start.len() - rest.len()) as u64);
    let header = checked_header(&start, usize::try_from(body).unwrap_or(usize::MAX), display_name)?;
    let n = header.rows * header.cols.unwrap_or(1);
    memory::need_for(n.saturating_mul(size_of::<f64>()), &named);
    // SAFETY: a double of zero bytes is 0. Memory that is zero from the start is not touched before it is read into.
    let mut values = unsafe { Arc::<[f64]>::new_zeroed_slice(n).assume_init() };
    let entries = Arc::get_mut(&mut values).expect("nobody else has it yet");
    let size = header.kind.size();
    let mut bytes = vec![0; CHUNK.min(n) * size];
    let mut pending = rest.to_vec();
    let mut done = 0;
    while done < n {
        patience::look();
        let count = CHUNK.min(n - done);
        let chunk = &mut bytes[..count * size];
        let from_start = pending.len().min(chunk.len());
        chunk[..from_start].copy_from_slice(&pending[..from_start]);
        pending.drain(..from_start);
        file.read_exact(&mut chunk[from_start..]).map_err(broken)?;
        let decoded = header.kind.decode(chunk).ok_or_else(|| not_exact(display_name))?;
        for (k, value) in (done..).zip(decoded) {
            entries[header.place(k)] = value;
        }
        done += count;
    }
    Ok(Shared { rows: header.rows, cols: header.cols, values })
}

/// Bytes that hold the length of the header in all versions of the format.
const START: u64 = 12;

/// How many bytes the header takes, as far as its first bytes say.
fn header_length(start: &[u8]) -> u64 {
    match *start {
        [_, _, _, _, _, _, 1, _, a, b, ..] => 10 + u64::from(u16::from_le_bytes([a, b])),
        [_, _, _, _, _, _, _, _, a, b, c, d] => 12 + u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => 0,
    }
}

fn not_exact(display_name: &str) -> DataError {
    let message = "an integer beyond 2^53, which a double does not hold exactly";
    DataError::whole_file(display_name, message.to_string())
        .with_help("save the array as \"<f8\" if rounding is fine")
}

/// The header of a file that holds `body` bytes of data behind it.
fn checked_header(bytes: &[u8], body: usize, display_name: &str) -> Result<Header, DataError> {
    let fail = |message: String| DataError::whole_file(display_name, message);
    let (header, _) = split_header(bytes).map_err(|message| fail(message.to_string()))?;
    let header = Header::parse(header).map_err(|message| {
        fail(message)
            .with_help("save one or two dimensions, as in `np.save(\"x.npy\", x.astype(\"<f8\"))`")
    })?;
    if !header.is_countable() {
        let sizes = match header.cols {
            Some(cols) => format!("{} rows and {cols} columns", header.rows),
            None => format!("{} entries", header.rows),
        };
        return Err(fail(format!("an array of {sizes} is larger than any memory"))
            .with_help("the header of the file is damaged"));
    }
    let n_values = header.rows.checked_mul(header.cols.unwrap_or(1));
    let n_bytes = n_values.and_then(|n| n.checked_mul(header.kind.size()));
    if n_bytes != Some(body) {
        let expected = n_bytes.map_or("more".to_string(), |n| n.to_string());
        return Err(fail(format!("expected {expected} bytes of data, found {body}"))
            .with_help("the file is cut off or damaged"));
    }
    Ok(header)
}

/// The header's text and the data behind it.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    const CUT: &str = "the header of the NumPy file is cut off";
    let rest = bytes.strip_prefix(MAGIC).ok_or("expected a NumPy file (.npy)")?;
    let (&major, rest) = rest.split_first().ok_or(CUT)?;
    let (_minor, rest) = rest.split_first().ok_or(CUT)?;
    let (len, rest) = match major {
        1 => {
            let (len, rest) = rest.split_first_chunk::<2>().ok_or(CUT)?;
            (usize::from(u16::from_le_bytes(*len)), rest)
        }
        2 | 3 => {
            let (len, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
            (u32::from_le_bytes(*len) as usize, rest)
        }
        _ => return Err("a version of the NumPy format that is not known (1 to 3 are)"),
    };
    rest.split_at_checked(len).ok_or(CUT)
}

/// Type of an entry in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    F8,
    F4,
    I8,
    I4,
    U1,
    I1,
    Bool,
}

impl Kind {
    fn parse(descr: &str) -> Option<Self> {
        Some(match descr {
            "<f8" => Kind::F8,
            "<f4" => Kind::F4,
            "<i8" => Kind::I8,
            "<i4" => Kind::I4,
            "|u1" | "<u1" => Kind::U1,
            "|i1" | "<i1" => Kind::I1,
            "|b1" => Kind::Bool,
            _ => return None,
        })
    }

    fn size(self) -> usize {
        match self {
            Kind::F8 | Kind::I8 => 8,
            Kind::F4 | Kind::I4 => 4,
            Kind::U1 | Kind::I1 | Kind::Bool => 1,
        }
    }

    /// The entries in the order of the file; `None` where an integer does not fit.
    fn decode(self, body: &[u8]) -> Option<Vec<f64>> {
        const LARGEST_EXACT: u64 = 1 << 53;
        let eights = || body.as_chunks::<8>().0.iter();
        let fours = || body.as_chunks::<4>().0.iter();
        Some(match self {
            Kind::F8 => eights().map(|b| f64::from_le_bytes(*b)).collect(),
            Kind::F4 => fours().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
            Kind::I4 => fours().map(|b| f64::from(i32::from_le_bytes(*b))).collect(),
            Kind::U1 => body.iter().map(|&b| f64::from(b)).collect(),
            Kind::I1 => body.iter().map(|&b| f64::from(b.cast_signed())).collect(),
            Kind::Bool => body.iter().map(|&b| f64::from(b != 0)).collect(),
            Kind::I8 => eights()
                .map(|b| i64::from_le_bytes(*b))
                .map(|n| (n.unsigned_abs() <= LARGEST_EXACT).then_some(n as f64))
                .collect::<Option<_>>()?,
        })
    }
}

struct Header {
    kind: Kind,
    is_column_major: bool,
    rows: usize,
    cols: Option<usize>,
}

impl Header {
    /// Whether sizes can be computed with: also where there is no entry at all.
    fn is_countable(&self) -> bool {
        const MOST: usize = 1 << 32;
        let (m, n) = (self.rows.max(1), self.cols.unwrap_or(1).max(1));
        match self.rows == 0 || self.cols == Some(0) {
            true => m.max(n) <= MOST,
            false => m.checked_mul(n).is_some(),
        }
    }

    /// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
    ///
    /// The header is a Python literal; NumPy always writes these three keys in this
    /// plain form, so each is looked up by name.
    fn parse(header: &[u8]) -> Result<Self, String> {
        const BAD: &str = "the header of the NumPy file cannot be read";
        let text = std::str::from_utf8(header).map_err(|_| BAD.to_string())?;
        let after = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            let rest = quoted.iter().find_map(|q| text.split_once(q.as_str()))?.1;
            rest.trim_start().strip_prefix(':').map(str::trim_start)
        };
        let descr = after("descr").ok_or(BAD)?;
        let descr = match descr.strip_prefix(['\'', '"']) {
            Some(rest) => rest.split(['\'', '"']).next().unwrap_or_default(),
            None => return Err("expected an array of plain numbers, found records".to_string()),
        };
        let kind = Kind::parse(descr).ok_or_else(|| {
            format!("expected entries of type f8, f4, i8, i4, i1, u1 or bool, little-endian, found `{descr}`")
        })?;
        let order = after("fortran_order").ok_or(BAD)?;
        let is_column_major = match (order.starts_with("True"), order.starts_with("False")) {
            (true, _) => true,
            (_, true) => false,
            _ => return Err(BAD.to_string()),
        };
        let shape = after("shape").and_then(|rest| rest.strip_prefix('(')).ok_or(BAD)?;
        let (shape, _) = shape.split_once(')').ok_or(BAD)?;
        let dims = shape
            .split(',')
            .map(str::trim)
            .filter(|dim| !dim.is_empty())
            .map(|dim| dim.parse::<usize>().map_err(|_| BAD.to_string()))
            .collect::<Result<Vec<_>, _>>()?;
        let (rows, cols) = match dims[..] {
            [rows] => (rows, None),
            [rows, cols] => (rows, Some(cols)),
            _ => return Err(format!("expected 1 or 2 dimensions, found {}", dims.len())),
        };
        Ok(Header { kind, is_column_major, rows, cols })
    }

    /// Where entry `k` of the file stands, row by row.
    fn place(&self, k: usize) -> usize {
        match self.cols {
            Some(cols) if self.is_column_major => k % self.rows * cols + k / self.rows,
            _ => k,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    fn array(descr: &str, fortran: &str, shape: &str, body: &[u8]) -> Result<Array, DataError> {
        let header = format!(
            "{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}      \n"
        );
        read(&file(&header, body), "x.npy")
    }

    fn f8(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn types() {
        let i8s: Vec<u8> = [3i64, -4].iter().flat_map(|x| x.to_le_bytes()).collect();
        let i4s: Vec<u8> = [3i32, -4].iter().flat_map(|x| x.to_le_bytes()).collect();
        let f4s: Vec<u8> = [3f32, -4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        for (descr, body, expected) in [
            ("<f8", f8(&[3.0, -4.0]), [3.0, -4.0]),
            ("<f4", f4s, [3.0, -4.0]),
            ("<i8", i8s, [3.0, -4.0]),
            ("<i4", i4s, [3.0, -4.0]),
            ("|u1", vec![3, 252], [3.0, 252.0]),
            ("|i1", vec![3, 252], [3.0, -4.0]),
            ("|b1", vec![0, 1], [0.0, 1.0]),
        ] {
            let a = array(descr, "False", "(2,)", &body).unwrap();
            assert_eq!((a.rows, a.cols), (2, None), "{descr}");
            assert_eq!(a.values, expected, "{descr}");
        }
    }

    #[test]
    fn both_orders_come_out_row_major() {
        let c = array("<f8", "False", "(2, 3)", &f8(&[1., 2., 3., 4., 5., 6.])).unwrap();
        let f = array("<f8", "True", "(2, 3)", &f8(&[1., 4., 2., 5., 3., 6.])).unwrap();
        assert_eq!((c.rows, c.cols), (2, Some(3)));
        assert_eq!(c, f);
        let empty = array("<f8", "True", "(0, 3)", &[]).unwrap();
        assert!(empty.values.is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        let message = |r: Result<Array, DataError>| r.unwrap_err().message;
        assert!(message(array(">f8", "False", "(1,)", &[0; 8])).contains("found `>f8`"));
        assert!(message(array("<c16", "False", "(1,)", &[0; 16])).contains("found `<c16`"));
        assert!(message(array("<f8", "False", "(1, 1, 1)", &[0; 8])).contains("found 3"));
        assert!(message(array("<f8", "False", "()", &[0; 8])).contains("found 0"));
        assert!(message(array("<f8", "False", "(2,)", &[0; 15])).contains("expected 16 bytes"));
        let huge = format!("({}, 2)", usize::MAX);
        assert!(message(array("<f8", "False", &huge, &[])).contains("larger than any memory"));
        assert!(message(array("<i8", "False", "(1,)", &i64::MAX.to_le_bytes())).contains("2^53"));
        assert!(message(read(b"hello", "x.npy")).contains("expected a NumPy file"));
        assert!(message(read(b"\x93NUMPY\x01\x00\xff\xff{}", "x.npy")).contains("cut off"));
        assert!(message(read(&file("{}", &[]), "x.npy")).contains("cannot be read"));
    }
}
