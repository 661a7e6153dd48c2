//! Files and random draws: the session's door to the outside.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::access::{Access, Deed, Denied, Origin};
use super::regular::{self, reason};
use super::written::Written;
use crate::check::{Unreadable, World};
use crate::diag::codes;
use crate::random::Stream;
use crate::source::{FileId, SourceMap, Span};

/// Of data files that are larger no line is shown: it would take a copy of the whole.
const MOST_SHOWN: usize = 1 << 28;

/// Files, each read once, and the stream of random draws.
pub(super) struct Files {
    /// What texts may read and write.
    pub access: Access,
    written: Written,
    /// Where the next text comes from.
    pub origin: Origin,
    /// The file that the session's text comes from, as it was named.
    pub script: Option<PathBuf>,
    /// Where each text came from.
    origins: HashMap<FileId, Origin>,
    /// All texts that findings may point at.
    pub sources: SourceMap,
    stream: Stream,
    /// What solvers draw from, and how many have drawn.
    solvers: (Stream, u64),
    interrupt: Arc<AtomicBool>,
    jit: bool,
    /// Bytes read so far, by the path found.
    read: HashMap<PathBuf, Arc<[u8]>>,
    /// The path that was last found under a name.
    found: HashMap<String, PathBuf>,
    /// Data files that a finding pointed at.
    shown: HashMap<PathBuf, FileId>,
}

impl Files {
    pub fn new(access: Access, seed: u64, jit: bool, interrupt: Arc<AtomicBool>) -> Self {
        Files {
            written: Written::new(access.record.clone()),
            access,
            origin: Origin::own_words(Path::new(".")),
            script: None,
            origins: HashMap::new(),
            sources: SourceMap::new(),
            stream: arrays(seed),
            solvers: (Stream::new(seed).split("solvers"), 0),
            interrupt,
            jit,
            read: HashMap::new(),
            found: HashMap::new(),
            shown: HashMap::new(),
        }
    }

    /// Takes in a text that comes from where texts now come from.
    pub fn add(&mut self, name: &str, text: &str) -> FileId {
        self.add_from(self.origin.clone(), name, text, true)
    }

    /// Takes in a text that comes from somewhere. What may be no script is quoted as data is.
    pub fn add_from(&mut self, origin: Origin, name: &str, text: &str, is_script: bool) -> FileId {
        let id = match is_script {
            true => self.sources.add(name, text),
            false => self.sources.add_data(name, text),
        };
        self.origins.insert(id, origin);
        id
    }

    /// Where a text came from.
    pub fn origin_of(&self, text: FileId) -> &Origin {
        self.origins.get(&text).unwrap_or(&self.origin)
    }

    /// The true place of a path that stands in a text, if that text may read it.
    pub fn place_of(&self, path: &str, from: FileId) -> Result<PathBuf, Unreadable> {
        self.place_in(self.origin_of(from), path)
    }

    /// The true place of a path of a text from somewhere, if it may read it.
    pub fn place_in(&self, origin: &Origin, path: &str) -> Result<PathBuf, Unreadable> {
        self.access.place(origin, path, Deed::Read).map_err(refused)
    }

    /// Starts the random draws again from a seed.
    pub fn seed(&mut self, seed: u64) {
        self.stream = arrays(seed);
        self.solvers = (Stream::new(seed).split("solvers"), 0);
    }

    /// Writes a file that is named in a text, whole or not at all; `only_look` looks whether it may.
    pub fn write(
        &mut self,
        path: &str,
        from: FileId,
        contents: &[u8],
        only_look: bool,
    ) -> Result<(), Unreadable> {
        let origin = self.origin_of(from);
        let found = self.access.place(origin, path, Deed::Write).map_err(refused)?;
        let help = "name a file in a folder that exists".to_string();
        let failed = |e: &std::io::Error| Unreadable {
            code: codes::E0705,
            reason: match e.kind() {
                std::io::ErrorKind::NotFound => "its folder does not exist".to_string(),
                _ => reason(e),
            },
            help: help.clone(),
        };
        match found.symlink_metadata() {
            Ok(about) if !about.is_file() => {
                let reason = "something else than a file is there".to_string();
                return Err(Unreadable { code: codes::E0705, reason, help });
            }
            Ok(_) if !self.access.force && !self.written.holds(&found) => {
                return Err(Unreadable {
                    code: codes::E0705,
                    reason: "it is there already, and Gradus did not write what it holds"
                        .to_string(),
                    help: "choose another name, or replace it with `--force`".to_string(),
                });
            }
            _ => {}
        }
        if only_look {
            return Ok(());
        }
        replace(&found, contents).map_err(|e| failed(&e))?;
        self.written.add(&found, contents);
        Ok(())
    }

    /// The draws of batches: they depend on the seed alone, so that methods see the same batches, and a run in two parts those of
    /// the whole.
    pub fn batch_draws(&self) -> Stream {
        self.solvers.0.split("batches")
    }

    /// The draws of the next optimization; others do not change them.
    pub fn solver_draws(&mut self) -> Stream {
        let (stream, n) = &mut self.solvers;
        *n += 1;
        stream.split_nth("optimization", *n)
    }

    /// The state of all random draws, of arrays and of solvers, for going back to it.
    pub fn random_state(&self) -> (Stream, (Stream, u64)) {
        (self.stream.clone(), self.solvers.clone())
    }

    /// Goes back to an earlier state of the random draws.
    pub fn restore_random(&mut self, (stream, solvers): (Stream, (Stream, u64))) {
        (self.stream, self.solvers) = (stream, solvers);
    }

    /// Forgets the texts that nothing points at any more.
    pub fn forget_texts(&mut self, is_needed: &dyn Fn(FileId) -> bool) {
        let shown: Vec<FileId> = self.shown.values().copied().collect();
        self.sources.forget(|file| !is_needed(file) && !shown.contains(&file));
    }

    /// Forgets file contents, so that a changed file is read again.
    pub fn forget(&mut self) {
        self.read.clear();
    }
}

fn arrays(seed: u64) -> Stream {
    Stream::new(seed).split("arrays")
}

/// Puts contents where a file is or will be, by way of a file beside it: who reads meanwhile finds the old
/// contents or the new.
fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_os_string();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = File::options()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(contents))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // It is ours, whether or not it was made.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn refused(denied: Denied) -> Unreadable {
    Unreadable { code: codes::E0709, reason: denied.reason(), help: denied.help() }
}

fn unreadable(reason: String) -> Unreadable {
    Unreadable {
        code: codes::E0701,
        reason,
        help: "paths are relative to the script's folder".to_string(),
    }
}

impl World for Files {
    fn read(&mut self, path: &str, from: FileId) -> Result<(String, Arc<[u8]>), Unreadable> {
        let found = self.place_of(path, from)?;
        self.found.insert(path.to_string(), found.clone());
        if let Some(bytes) = self.read.get(&found) {
            return Ok((path.to_string(), bytes.clone()));
        }
        let bytes = regular::read(&found, path).map_err(unreadable)?;
        self.read.insert(found, bytes.clone());
        Ok((path.to_string(), bytes))
    }

    fn open(&mut self, path: &str, from: FileId) -> Result<(Box<dyn Read>, u64), Unreadable> {
        let found = self.place_of(path, from)?;
        let (file, len) = regular::open(&found).map_err(unreadable)?;
        Ok((Box::new(file), len))
    }

    fn library(&mut self, name: &'static str, text: &'static str) -> FileId {
        let path = PathBuf::from(name);
        *self.shown.entry(path).or_insert_with(|| self.sources.add(name, text))
    }

    fn place(&mut self, file: &str, line: usize, column: usize) -> Option<Span> {
        let found = self.found.get(file)?;
        let id = match self.shown.get(found) {
            Some(&id) => id,
            None => {
                let bytes = self.read.get(found)?;
                if bytes.len() > MOST_SHOWN {
                    return None;
                }
                let text = String::from_utf8_lossy(bytes).into_owned();
                let id = self.sources.add_data(file, text);
                self.shown.insert(found.clone(), id);
                id
            }
        };
        let whole = self.sources.line_span(id, u32::try_from(line).ok()?);
        let text = self.sources.slice(whole);
        let start =
            text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
        let end =
            text[start..].find([',', ';', '\t', '\n', '\r']).map_or(text.len(), |n| start + n);
        Some(Span::new(id, whole.start + start as u32, whole.start + end.max(start) as u32))
    }

    fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    fn compiles(&self) -> bool {
        self.jit
    }

    fn random(&mut self) -> &mut Stream {
        &mut self.stream
    }
}
