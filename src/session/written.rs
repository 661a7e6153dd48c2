//! Which files Gradus wrote, so that it replaces no others.
//!
//! A file counts as written by Gradus while its contents are what Gradus wrote there: who edits it makes
//! it their own. The record is a list of hashes, one for each path with its contents; it says nothing of
//! either to a reader. Without a place to keep it, it lasts as long as the session.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// So many files are remembered.
const MOST: usize = 10_000;

/// The record.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Where it is kept.
    file: Option<PathBuf>,
    known: Option<HashSet<u64>>,
}

impl Written {
    pub fn new(file: Option<PathBuf>) -> Written {
        Written { file, known: None }
    }

    /// Whether a file holds what Gradus wrote there.
    pub fn holds(&mut self, path: &Path) -> bool {
        let Ok(contents) = std::fs::read(path) else { return false };
        contents.is_empty() || self.known().contains(&hash(path, &contents))
    }

    /// Remembers a file. That the record cannot be kept is no reason to fail: the file will not be
    /// replaced without a word, that is all.
    pub fn add(&mut self, path: &Path, contents: &[u8]) {
        let new = hash(path, contents);
        if !self.known().insert(new) {
            return;
        }
        let Some(file) = &self.file else { return };
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let kept = lines[lines.len().saturating_sub(MOST - 1)..].join("\n");
        let gap = if kept.is_empty() { "" } else { "\n" };
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = std::fs::write(file, format!("{kept}{gap}{new:016x}\n"));
    }

    fn known(&mut self) -> &mut HashSet<u64> {
        let read = || {
            let text = self.file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
            let numbers = text.iter().flat_map(|text| text.lines());
            numbers.filter_map(|line| u64::from_str_radix(line, 16).ok()).collect()
        };
        if self.known.is_none() {
            self.known = Some(read());
        }
        self.known.get_or_insert_default()
    }
}

/// FNV-1a of a path and contents, 64 bits: the same in every version. (Fowler, Noll, Vo.)
fn hash(path: &Path, contents: &[u8]) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes().iter().chain(&[0]).chain(contents);
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_edited_is_not_ours_any_more() {
        let folder = std::env::temp_dir().join(format!("gradus-written-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (record, a) = (folder.join("state/written"), folder.join("a.csv"));
        std::fs::write(&a, "x\n1\n").expect("a file");
        let mut written = Written::new(Some(record.clone()));
        assert!(!written.holds(&a));
        written.add(&a, b"x\n1\n");
        assert!(written.holds(&a) && Written::new(Some(record.clone())).holds(&a));
        assert!(!Written::new(None).holds(&a));
        std::fs::write(&a, "x\n2\n").expect("a file");
        assert!(!Written::new(Some(record)).holds(&a));
        assert!(!written.holds(&folder.join("none.csv")));
        std::fs::remove_dir_all(folder).expect("its own folder");
    }
}
