//! The error of everything that reads a data file.
//!
//! The readers know only byte offsets; a line and a column are worked out when an error
//! is made, by one pass over the text, so that reading good files costs nothing for it.

use std::fmt;

/// What is wrong with a data file, and where.
///
/// `line` and `column` count from 1, columns in characters; both are `None` where the
/// mistake is not at one place (an empty file, a binary file). The message is lower
/// case without a full stop; `help` says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The file's name as the user wrote it.
    pub file: String,
    /// Line of the data, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// What was expected and what was found.
    pub message: String,
    /// What the user can do about it.
    pub help: Option<String>,
}

impl DataError {
    /// An error about the file as a whole.
    pub fn whole_file(file: &str, message: impl Into<String>) -> Self {
        DataError {
            file: file.to_string(),
            line: None,
            column: None,
            message: message.into(),
            help: None,
        }
    }

    /// The same error with a line and column.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.line = Some(position.line);
        self.column = Some(position.column);
        self
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for DataError {}

/// A place in a text: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; a line ends at LF, CRLF or a lone CR.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` in `text`; an offset past the end is the end.
    ///
    /// One pass over the text before `offset`. A byte order mark is not counted.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let bytes = before.as_bytes();
        let mut line = 1;
        let mut line_start = 0;
        for (i, &b) in bytes.iter().enumerate() {
            let ends_line =
                b == b'\n' || (b == b'\r' && text.as_bytes().get(i + 1) != Some(&b'\n'));
            if ends_line {
                line += 1;
                line_start = i + 1;
            }
        }
        let in_line = before[line_start..].trim_start_matches('\u{feff}');
        Position { line, column: in_line.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_every_kind_of_line_end() {
        let text = "\u{feff}aé,b\r\nc\rd\nxy";
        let at = |needle: &str| {
            let p = Position::of(text, text.find(needle).unwrap());
            (p.line, p.column)
        };
        assert_eq!(at("a"), (1, 1));
        assert_eq!(at("b"), (1, 4));
        assert_eq!(at("c"), (2, 1));
        assert_eq!(at("d"), (3, 1));
        assert_eq!(at("y"), (4, 2));
        assert_eq!(Position::of(text, 999).line, 4);
    }

    #[test]
    fn display_names_the_place() {
        let e = DataError::whole_file("a.csv", "the file is empty");
        assert_eq!(e.to_string(), "a.csv: the file is empty");
        let e = e.at(Position { line: 3, column: 7 });
        assert_eq!(e.to_string(), "a.csv:3:7: the file is empty");
    }
}
