//! From scripts to texts.
//!
//! In comes the name of a script, out come texts under the names that messages show, or the reason why
//! there is none: no such file, a folder, bytes that are no text.

use super::look::Script;
use super::streams::is_about_waiting;
use crate::diag::{Diagnostic, codes};
use crate::memory;
use crate::session::io_reason;
use crate::source::{DecodeError, LineCol, decode};
use std::io::{self, Read};
use std::path::Path;

/// Why a script cannot be read, and where in it.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The report.
    pub finding: Box<Diagnostic>,
    /// The name of the script.
    pub file: String,
    /// The place of the first byte that is no text.
    pub at: Option<LineCol>,
}

/// The name of standard input in messages.
pub const STDIN: &str = "<stdin>";

/// The texts of a script with their names: one, or one for each `-e`.
///
/// # Errors
///
/// Where a file or standard input cannot be read or is not UTF-8.
pub fn texts(script: &Script) -> Result<Vec<(String, String)>, Unreadable> {
    match script {
        Script::File(path) => Ok(vec![file(path)?]),
        Script::Stdin => Ok(vec![(STDIN.to_string(), text(STDIN, standard_input())?)]),
        Script::Code(codes) => {
            let name = |k: usize| {
                if codes.len() == 1 { "-e".to_string() } else { format!("-e {}", k + 1) }
            };
            Ok(codes.iter().enumerate().map(|(k, code)| (name(k), code.clone())).collect())
        }
    }
}

/// The text of a file under its name. It may be a pipe, as in `gradus run <(...)`.
///
/// # Errors
///
/// Where it cannot be read or is not UTF-8.
pub fn file(path: &Path) -> Result<(String, String), Unreadable> {
    let name = path.to_string_lossy().into_owned();
    if let Ok(about) = std::fs::metadata(path) {
        // Bytes, text, and a tree that is larger than either.
        let bytes = usize::try_from(about.len()).unwrap_or(usize::MAX).saturating_mul(4);
        memory::need_for(bytes, &|| format!("the script `{name}`").into());
    }
    let text = text(&name, std::fs::read(path))?;
    Ok((name, text))
}

/// The text of a file that is named within a conversation, which a pipe could keep waiting.
///
/// # Errors
///
/// As those of [`file`], and where it is a pipe or a device.
pub fn regular_file(path: &Path) -> Result<(String, String), Unreadable> {
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() && !about.is_dir() => {
            let name = path.to_string_lossy().into_owned();
            let error = io::Error::other("it is no regular file");
            Err(Unreadable { finding: Box::new(cannot_read(&name, &error)), file: name, at: None })
        }
        _ => file(path),
    }
}

/// All of standard input, also where it says that it is not ready yet.
fn standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => return Ok(bytes),
            Err(error) if is_about_waiting(&error) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
}

fn text(name: &str, read: io::Result<Vec<u8>>) -> Result<String, Unreadable> {
    let report =
        |finding, at| Unreadable { finding: Box::new(finding), file: name.to_string(), at };
    let bytes = read.map_err(|error| report(cannot_read(name, &error), None))?;
    decode(&bytes).map_err(|error| {
        let at = match error {
            DecodeError::NotUtf8 { place, .. } => Some(place),
            DecodeError::TooLong { .. } => None,
        };
        report(Diagnostic::not_text(name, &error), at)
    })
}

fn cannot_read(name: &str, error: &io::Error) -> Diagnostic {
    let finding =
        Diagnostic::error(codes::E0701, format!("cannot read `{name}`: {}", io_reason(error)));
    match error.kind() {
        io::ErrorKind::IsADirectory => finding.help("name a script in it"),
        _ => finding,
    }
}
