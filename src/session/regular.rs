//! Regular files: the only ones that are read as data.
//!
//! A pipe, a device or a socket may never end, or never begin: opening a FIFO waits for a writer. They are
//! refused with a word on what they are. Scripts that the command line names are read elsewhere, and may be
//! anything.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::memory;
use crate::patience;

/// Bytes between two looks at the interrupt.
const CHUNK: usize = 1 << 20;

/// A regular file and its length in bytes, or why there is none. Links in the path were resolved: one that
/// stands there now is not followed.
pub(super) fn open(path: &Path) -> Result<(File, u64), String> {
    let mut how = OpenOptions::new();
    how.read(true);
    do_not_wait(&mut how);
    let opened = how.open(path);
    // A socket cannot be opened at all; what it is says more than the error.
    let about = match &opened {
        Ok(file) => file.metadata(),
        Err(_) => std::fs::symlink_metadata(path),
    };
    if let Some(kind) = about.as_ref().ok().map(Metadata::file_type).and_then(irregular) {
        return Err(kind);
    }
    let file = opened.map_err(|error| reason(&error))?;
    let about = about.map_err(|error| reason(&error))?;
    Ok((file, about.len()))
}

/// The bytes of a regular file, which is called `name` where memory does not suffice for them.
pub(super) fn read(path: &Path, name: &str) -> Result<Arc<[u8]>, String> {
    let (mut file, len) = open(path)?;
    let failed = |error: std::io::Error| reason(&error);
    let len = usize::try_from(len).map_err(|_| "it is larger than memory".to_string())?;
    memory::need_for(len, &|| format!("`{name}`").into());
    // Read where they stay, since copies of large files take long.
    // SAFETY: zeros are bytes.
    let mut bytes = unsafe { Arc::<[u8]>::new_zeroed_slice(len).assume_init() };
    let mut found = 0;
    let room = Arc::get_mut(&mut bytes).ok_or_else(|| "it is in use".to_string())?;
    while found < len {
        patience::look();
        match file.read(&mut room[found..len.min(found + CHUNK)]) {
            Ok(0) => break,
            Ok(n) => found += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    // Some files of the system say 0 and hold something, others shrink meanwhile.
    let mut rest = Vec::new();
    loop {
        patience::look();
        let before = rest.len();
        if found == len {
            (&mut file).take(CHUNK as u64).read_to_end(&mut rest).map_err(failed)?;
        }
        if rest.len() == before {
            break;
        }
    }
    Ok(match (found == len, rest.is_empty()) {
        (true, true) => bytes,
        (true, false) => [&bytes, &rest[..]].concat().into(),
        (false, _) => bytes[..found].into(),
    })
}

/// What a file is that is not regular, in words.
fn irregular(kind: FileType) -> Option<String> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(reason(&std::io::ErrorKind::IsADirectory.into()));
    }
    let what = special(kind).unwrap_or("no file");
    Some(format!("it is {what}, and data are read from regular files only"))
}

#[cfg(unix)]
fn special(kind: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else {
        None
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> Option<&'static str> {
    None
}

/// Opening does not wait for another process, and makes no terminal the one of this process.
#[cfg(unix)]
fn do_not_wait(how: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    how.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW);
}

#[cfg(not(unix))]
fn do_not_wait(_: &mut OpenOptions) {}

/// Why a file cannot be read, in words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        _ => error.to_string(),
    }
}
