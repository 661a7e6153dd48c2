//! Reading IDX files, the format of the MNIST family.
//!
//! In come the bytes of one file, already unpacked if it was a `.gz`; out goes a column for
//! one dimension, else a matrix with a row for each entry of the first dimension (an
//! image a row, its pixels row by row).
//!
//! Source: "The IDX file format", on the page of the MNIST database (LeCun, Cortes, Burges).
//! All numbers are big-endian: two zero bytes, a type, the number of dimensions, the
//! dimensions as u32, the entries.

use std::io::Read;

use super::{Array, DataError};

/// The largest file that is unpacked: more is no data of this family.
const MAX_UNPACKED: u64 = 4 << 30;

/// [`read`] of a file that may be packed by gzip.
pub fn read_packed(bytes: &[u8], display_name: &str) -> Result<Array, DataError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return read(bytes, display_name);
    }
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(MAX_UNPACKED);
    match reader.read_to_end(&mut unpacked) {
        Ok(_) => read(&unpacked, display_name),
        Err(error) => {
            Err(DataError::whole_file(display_name, format!("cannot be unpacked: {error}")))
        }
    }
}

/// Reads an array; `display_name` is the file's name for messages.
///
/// All six types of the format are understood. Time is linear in the size of the file.
pub fn read(bytes: &[u8], display_name: &str) -> Result<Array, DataError> {
    let fail = |message: String| DataError::whole_file(display_name, message);
    let Some(([0, 0, kind, n_dims], mut rest)) = bytes.split_first_chunk::<4>() else {
        return Err(fail("expected an IDX file, found something else".to_string())
            .with_help("the files of the MNIST family begin with two zero bytes"));
    };
    let mut dims = Vec::new();
    for _ in 0..*n_dims {
        let Some((dim, after)) = rest.split_first_chunk::<4>() else {
            return Err(fail("the header of the IDX file is cut off".to_string()));
        };
        dims.push(u32::from_be_bytes(*dim) as usize);
        rest = after;
    }
    let Some((&rows, others)) = dims.split_first() else {
        return Err(fail("expected at least 1 dimension, found 0".to_string()));
    };
    let cols = others.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let n_values = cols.and_then(|cols| cols.checked_mul(rows));
    let Some(size) = entry_size(*kind) else {
        return Err(fail(format!("the entry type 0x{kind:02x} is not one of the IDX format")));
    };
    let n_bytes = n_values.and_then(|n| n.checked_mul(size));
    if n_bytes != Some(rest.len()) {
        let expected = n_bytes.map_or("more".to_string(), |n| n.to_string());
        let message = format!("expected {expected} bytes of data, found {}", rest.len());
        return Err(fail(message).with_help("the file is cut off or damaged"));
    }
    Ok(Array {
        rows,
        cols: if others.is_empty() { None } else { cols },
        values: decode(*kind, rest),
    })
}

/// Bytes of an entry; `None` for an unknown type.
fn entry_size(kind: u8) -> Option<usize> {
    match kind {
        0x08 | 0x09 => Some(1),
        0x0b => Some(2),
        0x0c | 0x0d => Some(4),
        0x0e => Some(8),
        _ => None,
    }
}

fn decode(kind: u8, body: &[u8]) -> Vec<f64> {
    let fours = || body.as_chunks::<4>().0.iter();
    match kind {
        0x08 => body.iter().map(|&b| f64::from(b)).collect(),
        0x09 => body.iter().map(|&b| f64::from(b.cast_signed())).collect(),
        0x0b => {
            let twos = body.as_chunks::<2>().0.iter();
            twos.map(|b| f64::from(i16::from_be_bytes(*b))).collect()
        }
        0x0c => fours().map(|b| f64::from(i32::from_be_bytes(*b))).collect(),
        0x0d => fours().map(|b| f64::from(f32::from_be_bytes(*b))).collect(),
        // `entry_size` lets only 0x0e come here.
        _ => body.as_chunks::<8>().0.iter().map(|b| f64::from_be_bytes(*b)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: u8, dims: &[u32], body: &[u8]) -> Result<Array, DataError> {
        let mut bytes = vec![0, 0, kind, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|d| d.to_be_bytes()));
        bytes.extend(body);
        read(&bytes, "x.idx")
    }

    #[test]
    fn labels_and_images() {
        let labels = file(0x08, &[3], &[7, 0, 255]).unwrap();
        assert_eq!((labels.cols, labels.values), (None, vec![7.0, 0.0, 255.0]));
        let images = file(0x08, &[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        assert_eq!((images.rows, images.cols), (2, Some(4)));
        assert_eq!(images.values[4..], [5.0, 6.0, 7.0, 8.0]);
        let one = |kind, body: &[u8]| file(kind, &[1], body).unwrap().values[0];
        assert_eq!(one(0x09, &[255]), -1.0);
        assert_eq!(one(0x0b, &(-300i16).to_be_bytes()), -300.0);
        assert_eq!(one(0x0c, &70_000i32.to_be_bytes()), 70_000.0);
        assert_eq!(one(0x0d, &0.5f32.to_be_bytes()), 0.5);
        assert_eq!(one(0x0e, &0.1f64.to_be_bytes()), 0.1);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |r: Result<Array, DataError>| r.unwrap_err().message;
        assert!(message(read(b"\x1f\x8b\x08\0", "x")).contains("expected an IDX file"));
        assert!(message(file(0x08, &[], &[])).contains("found 0"));
        assert!(message(file(0x07, &[1], &[0])).contains("0x07"));
        assert!(message(file(0x08, &[3], &[0])).contains("expected 3 bytes of data, found 1"));
        assert!(message(file(0x0e, &[u32::MAX; 9], &[])).contains("bytes of data"));
        assert!(message(read(&[0, 0, 8, 2, 0, 0], "x")).contains("cut off"));
    }
}
