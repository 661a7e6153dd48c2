//! Texts, and places in them.
//!
//! In comes the text of a file, of a REPL line or of an `-e` argument, as bytes or as a string, under
//! the name that messages show for it. Out go a [`FileId`] for it, and answers to "which line is that".
//!
//! The room knows nothing of tokens, of diagnostics or of the file system: somebody else reads the
//! bytes. Positions are byte offsets throughout; lines and columns, which count from 1 and columns in
//! characters, are worked out only when a person is going to read them.
//!
//! Invariant: a file that was added is never changed, so a [`Span`] stays good as long as its [`SourceMap`] does. The
//! REPL adds one file for each line; those that no span lies in any more may be forgotten.

mod decode;

pub use decode::{DecodeError, decode};

/// The number of a text within its [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of one text, in bytes; `end` is one past the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text it lies in.
    pub file: FileId,
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The stretch from `start` up to `end`, without `end`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest stretch that holds both; `self` where the two lie in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span::new(self.file, self.start.min(other.start), self.end.max(other.end))
    }

    /// How many bytes it covers.
    pub fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it is a place between two bytes.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A line and a column as people count them: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineCol {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// All texts of a session.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

#[derive(Debug, Default)]
struct SourceFile {
    name: String,
    text: String,
    /// Where each line begins; the first entry is always 0.
    line_starts: Vec<u32>,
    /// Whether it is data, of which messages quote little.
    is_data: bool,
}

/// The longest text that [`Span`] can address; [`decode()`] refuses more.
pub const MAX_BYTES: usize = u32::MAX as usize - 1;

impl SourceMap {
    /// A map without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that messages show. A text beyond [`MAX_BYTES`] is cut there.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let line_starts = std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect();
        self.files.push(SourceFile { name: name.into(), text, line_starts, is_data: false });
        FileId(self.files.len() as u32 - 1)
    }

    /// Adds a text that is data, or may be anything: messages quote a few characters of it only, since
    /// what was read by mistake, or on a stranger's word, is not to be shown around.
    pub fn add_data(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = self.add(name, text);
        if let Some(file) = self.files.last_mut() {
            file.is_data = true;
        }
        id
    }

    /// Whether a text is data, of which messages quote little.
    pub fn is_data(&self, file: FileId) -> bool {
        self.file(file).is_some_and(|f| f.is_data)
    }

    /// Forgets the texts of files that no span lies in any more. Their numbers are not given out again.
    pub fn forget(&mut self, is_unneeded: impl Fn(FileId) -> bool) {
        for (k, file) in self.files.iter_mut().enumerate() {
            if is_unneeded(FileId(k as u32)) {
                *file = SourceFile { line_starts: vec![0], ..SourceFile::default() };
            }
        }
    }

    /// The display name of a file; empty for a number that this map never gave out.
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |f| &f.name)
    }

    /// The text of a file; empty for a number that this map never gave out.
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |f| &f.text)
    }

    /// The text that a span covers; empty where the span does not lie on characters of its file.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The line and column where a span begins.
    pub fn line_col(&self, span: Span) -> LineCol {
        self.line_col_at(span.file, span.start)
    }

    /// The line and column of a byte offset. An offset past the end counts as the end.
    pub fn line_col_at(&self, file: FileId, offset: u32) -> LineCol {
        let Some(f) = self.file(file) else {
            return LineCol { line: 1, column: 1 };
        };
        let offset = f.text.floor_char_boundary(offset as usize);
        let line = f.line_index(offset as u32);
        let before = &f.text[f.line_starts[line] as usize..offset];
        LineCol { line: line as u32 + 1, column: before.chars().count() as u32 + 1 }
    }

    /// How many lines a file has; a text that ends with a new line has an empty last one.
    pub fn line_count(&self, file: FileId) -> u32 {
        self.file(file).map_or(0, |f| f.line_starts.len() as u32)
    }

    /// The bytes of a line (from 1), without the new line that ends it.
    pub fn line_span(&self, file: FileId, line: u32) -> Span {
        let Some(f) = self.file(file) else {
            return Span::new(file, 0, 0);
        };
        let at = (line.max(1) as usize - 1).min(f.line_starts.len() - 1);
        let start = f.line_starts[at];
        let end = f.line_starts.get(at + 1).map_or(f.text.len(), |next| *next as usize - 1);
        let text = &f.text[start as usize..end];
        let end = start as usize + text.strip_suffix('\r').unwrap_or(text).len();
        Span::new(file, start, end as u32)
    }

    fn file(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }
}

impl SourceFile {
    /// The index, from 0, of the line that holds a byte offset.
    fn line_index(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|start| *start <= offset) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_columns_in_characters() {
        let mut map = SourceMap::new();
        let file = map.add("a.opt", "θ = 1\r\nxy\n");
        let at = |offset| {
            let place = map.line_col_at(file, offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(1), (1, 1), "inside a character counts as its beginning");
        assert_eq!(at(2), (1, 2));
        assert_eq!(at(8), (2, 1));
        assert_eq!(at(11), (3, 1));
        assert_eq!(at(999), (3, 1));
        assert_eq!(map.slice(map.line_span(file, 1)), "θ = 1");
        assert_eq!(map.slice(map.line_span(file, 2)), "xy");
        assert_eq!(map.line_count(file), 3);
    }
}
