//! Files and random draws: the session's door to the outside.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::check::World;
use crate::random::Stream;
use crate::source::{FileId, SourceMap, Span};

/// Files below a folder, read once each, and the stream of random draws.
pub(super) struct Files {
    /// The folder that relative paths start from.
    pub base: PathBuf,
    /// All texts that findings may point at.
    pub sources: SourceMap,
    stream: Stream,
    /// What solvers draw from, and how many have drawn.
    solvers: (Stream, u64),
    interrupt: Arc<AtomicBool>,
    jit: bool,
    /// Bytes read so far, by the path found.
    read: HashMap<PathBuf, Arc<[u8]>>,
    /// Data files that a finding pointed at.
    shown: HashMap<String, FileId>,
}

impl Files {
    pub fn new(seed: u64, jit: bool, interrupt: Arc<AtomicBool>) -> Self {
        Files {
            base: PathBuf::from("."),
            sources: SourceMap::new(),
            stream: arrays(seed),
            solvers: (Stream::new(seed).split("solvers"), 0),
            interrupt,
            jit,
            read: HashMap::new(),
            shown: HashMap::new(),
        }
    }

    /// Starts the random draws again from a seed.
    pub fn seed(&mut self, seed: u64) {
        self.stream = arrays(seed);
        self.solvers = (Stream::new(seed).split("solvers"), 0);
    }

    /// The draws of the next optimization; others do not change them.
    pub fn solver_draws(&mut self) -> Stream {
        let (stream, n) = &mut self.solvers;
        *n += 1;
        stream.split_nth("optimization", *n)
    }

    /// The state of the random draws, for going back to it.
    pub fn random_state(&self) -> Stream {
        self.stream.clone()
    }

    /// Goes back to an earlier state of the random draws.
    pub fn restore_random(&mut self, stream: Stream) {
        self.stream = stream;
    }

    /// Forgets file contents, so that a changed file is read again.
    pub fn forget(&mut self) {
        self.read.clear();
    }
}

fn arrays(seed: u64) -> Stream {
    Stream::new(seed).split("arrays")
}

/// Why a file cannot be read, in words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        _ => error.to_string(),
    }
}

impl World for Files {
    fn read(&mut self, path: &str) -> Result<(String, Arc<[u8]>), String> {
        let found = self.base.join(Path::new(path));
        if let Some(bytes) = self.read.get(&found) {
            return Ok((path.to_string(), bytes.clone()));
        }
        let bytes: Arc<[u8]> = std::fs::read(&found).map_err(|e| reason(&e))?.into();
        self.read.insert(found, bytes.clone());
        Ok((path.to_string(), bytes))
    }

    fn open(&mut self, path: &str) -> Result<(Box<dyn Read>, u64), String> {
        let found = self.base.join(Path::new(path));
        let file = std::fs::File::open(found).map_err(|e| reason(&e))?;
        let about = file.metadata().map_err(|e| reason(&e))?;
        if about.is_dir() {
            return Err(reason(&std::io::ErrorKind::IsADirectory.into()));
        }
        Ok((Box::new(file), about.len()))
    }

    fn place(&mut self, file: &str, line: usize, column: usize) -> Option<Span> {
        let id = match self.shown.get(file) {
            Some(&id) => id,
            None => {
                let bytes = self.read.get(&self.base.join(file))?;
                let text = String::from_utf8_lossy(bytes).into_owned();
                let id = self.sources.add(file, text);
                self.shown.insert(file.to_string(), id);
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
