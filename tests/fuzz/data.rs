//! Changed bytes of data files: they are read or refused, whatever they hold.

use std::path::Path;

use gradus::data::csv::{self, CsvOptions};
use gradus::data::{idx, npy};
use gradus::diag::Sink;
use gradus::random::Stream;
use gradus::source::SourceMap;
use gradus::syntax;

use crate::grammar::mutate::change;

/// Bytes of a small CSV or NumPy file with changes.
pub fn bytes(stream: &mut Stream) -> (&'static str, Vec<u8>) {
    let changes = 1 + stream.below(6);
    if stream.below(2) == 0 {
        let texts = [
            "a,b\n1,2\n3,4\n",
            "a;b\n1,5;2\n\"3\";x\n",
            "# note\na\tb\n1\t2\n3\tnan\n",
            "\u{feff}x y\r\n1 2\r\n3 4\r\n",
            "name,\"max speed\"\nu,1\nv,2\n",
        ];
        let mut bytes = texts[stream.below(texts.len())].as_bytes().to_vec();
        change(stream, &mut bytes, changes);
        ("changed.csv", bytes)
    } else {
        let mut bytes = crate::grammar::npy(2, 3, &[1.0, -2.0, 0.5, f64::NAN, 4.0, 1e300]);
        if stream.below(2) == 0 {
            let huge =
                ["9223372036854775808", "18446744073709551615", "0", "4294967296", "-1", "1e3"];
            let text = String::from_utf8_lossy(&bytes[..128]).into_owned();
            let (m, n) = (huge[stream.below(huge.len())], huge[stream.below(huge.len())]);
            let new = text.replace("(2, 3), ", &format!("({m}, {n}), "));
            let header = new.trim_end().as_bytes()[text.find('{').unwrap_or(0)..].to_vec();
            bytes.truncate(8);
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header);
        } else {
            change(stream, &mut bytes, changes);
        }
        ("changed.npy", bytes)
    }
}

/// A script that reads the file of that name.
pub fn script(name: &str) -> String {
    let read = if name.ends_with("csv") { "csv" } else { "npy" };
    let look = match read {
        "csv" => {
            "columns(t)\nrows(t)\nlen(t.a)\nvar w\nminimize sumsq(t.a - w*t.b) using lm(max_iter = 3)"
        }
        _ => "rows(t)\nsum(t)\nt",
    };
    format!("let t = {read}(\"{name}\")\n{look}")
}

/// Writes the file and gives the script.
pub fn prepare(stream: &mut Stream, folder: &Path) -> String {
    let (name, bytes) = bytes(stream);
    let _ = std::fs::write(folder.join(name), bytes);
    script(name)
}

/// How many byte strings each reader gets in one case.
const READ: usize = 20;

/// The parser and the readers of data alone, on bytes: they return, whatever the bytes.
pub fn read(stream: &mut Stream, script: &str) {
    for _ in 0..READ {
        let (name, found) = bytes(stream);
        let _ = csv::read(&found, name, &CsvOptions::default());
        let _ = npy::read(&found, name);
        let _ = idx::read(&found, name);
        let mut text = script.as_bytes().to_vec();
        change(stream, &mut text, 3);
        let mut sources = SourceMap::new();
        let text = String::from_utf8_lossy(&text);
        let file = sources.add("bytes", text.as_ref());
        syntax::parse(file, &text, &mut Sink::new());
    }
}
