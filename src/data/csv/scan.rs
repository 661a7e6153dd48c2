//! Cutting text into records and cells, with quotes, comments and all kinds of line end.
//!
//! In comes text; out come byte ranges. What a cell means is not known here. Offsets are
//! into the whole text, so that any cell can be named by line and column later.

use std::borrow::Cow;

use super::cell::Cell;

/// A cell as a place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawCell {
    /// Where it starts: its first character after blanks, or its opening quote.
    pub offset: usize,
    start: usize,
    end: usize,
    is_quoted: bool,
    has_doubled_quote: bool,
}

impl RawCell {
    /// The cell's text: without blanks around it, or what stands between its quotes.
    pub fn content(self, text: &str) -> Cow<'_, str> {
        let content = text.get(self.start..self.end).unwrap_or_default();
        if self.has_doubled_quote {
            Cow::Owned(content.replace("\"\"", "\""))
        } else if self.is_quoted {
            Cow::Borrowed(content)
        } else {
            Cow::Borrowed(content.trim())
        }
    }

    /// What the cell means.
    pub fn read(self, text: &str) -> Cell<'_> {
        Cell::read(self.content(text), self.is_quoted)
    }
}

/// A place where the text is not a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanFault {
    /// A quote that never ends; the offset is its own.
    OpenQuote { offset: usize },
    /// Something between a closing quote and the next separator.
    AfterQuote { offset: usize },
}

impl ScanFault {
    pub fn offset(self) -> usize {
        match self {
            ScanFault::OpenQuote { offset } | ScanFault::AfterQuote { offset } => offset,
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            ScanFault::OpenQuote { .. } => "the quote that starts here has no end",
            ScanFault::AfterQuote { .. } => {
                "expected a separator or the end of the line after the closing quote"
            }
        }
    }

    pub fn help(self) -> &'static str {
        "a quote inside a quoted cell is written twice: \"\""
    }
}

/// A cursor over the records of a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    pos: usize,
    sep: u8,
    comment: Option<&'a str>,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start; `sep` is ASCII and neither a quote nor a line end. A blank stands for runs of blanks and
    /// tabs: those at the ends of a line separate nothing.
    pub fn new(text: &'a str, sep: u8, comment: Option<&'a str>) -> Self {
        Scanner { text, pos: 0, sep, comment: comment.map(str::trim_start) }
    }

    /// Puts the next record's cells into `cells`; false at the end of the text.
    ///
    /// Blank lines and comment lines between records are passed over.
    pub fn next_record(&mut self, cells: &mut Vec<RawCell>) -> Result<bool, ScanFault> {
        cells.clear();
        self.skip_lines_without_cells();
        if self.pos >= self.text.len() {
            return Ok(false);
        }
        loop {
            cells.push(self.cell()?);
            if self.by_blanks() {
                self.skip_blanks();
            }
            match self.peek() {
                Some(b) if b == self.sep => self.pos += 1,
                Some(b) if self.by_blanks() && b != b'\n' && b != b'\r' => {}
                _ => break,
            }
        }
        self.skip_line_end();
        Ok(true)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    /// Whether runs of blanks separate.
    fn by_blanks(&self) -> bool {
        self.sep == b' '
    }

    fn is_blank(&self, b: u8) -> bool {
        (b == b' ' || b == b'\t') && (b != self.sep || self.by_blanks())
    }

    fn ends_cell(&self, b: u8) -> bool {
        b == self.sep || b == b'\n' || b == b'\r' || (self.by_blanks() && b == b'\t')
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|b| self.is_blank(b)) {
            self.pos += 1;
        }
    }

    fn skip_lines_without_cells(&mut self) {
        loop {
            let line_start = self.pos;
            self.skip_blanks();
            match self.peek() {
                Some(b'\n' | b'\r') => self.skip_line_end(),
                Some(_) if self.is_at_comment() => self.skip_line(),
                Some(_) => {
                    self.pos = line_start;
                    return;
                }
                None => return,
            }
        }
    }

    fn is_at_comment(&self) -> bool {
        let rest = &self.text.as_bytes()[self.pos..];
        self.comment.is_some_and(|prefix| rest.starts_with(prefix.as_bytes()))
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
            self.pos += 1;
        }
        self.skip_line_end();
    }

    fn skip_line_end(&mut self) {
        if self.peek() == Some(b'\r') {
            self.pos += 1;
        }
        if self.peek() == Some(b'\n') {
            self.pos += 1;
        }
    }

    fn cell(&mut self) -> Result<RawCell, ScanFault> {
        self.skip_blanks();
        if self.peek() == Some(b'"') {
            return self.quoted_cell();
        }
        let start = self.pos;
        let rest = &self.text.as_bytes()[start..];
        let end = rest.iter().position(|&b| self.ends_cell(b));
        self.pos = start + end.unwrap_or(rest.len());
        Ok(RawCell {
            offset: start,
            start,
            end: self.pos,
            is_quoted: false,
            has_doubled_quote: false,
        })
    }

    fn quoted_cell(&mut self) -> Result<RawCell, ScanFault> {
        let offset = self.pos;
        let start = offset + 1;
        self.pos = start;
        let mut has_doubled_quote = false;
        loop {
            match self.peek() {
                None => return Err(ScanFault::OpenQuote { offset }),
                Some(b'"') if self.text.as_bytes().get(self.pos + 1) == Some(&b'"') => {
                    has_doubled_quote = true;
                    self.pos += 2;
                }
                Some(b'"') => break,
                Some(_) => self.pos += 1,
            }
        }
        let end = self.pos;
        self.pos += 1;
        if !self.by_blanks() {
            self.skip_blanks();
        }
        match self.peek() {
            Some(b) if !self.ends_cell(b) => Err(ScanFault::AfterQuote { offset: self.pos }),
            _ => Ok(RawCell { offset, start, end, is_quoted: true, has_doubled_quote }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, sep: u8, comment: Option<&str>) -> Result<Vec<Vec<String>>, ScanFault> {
        let mut scanner = Scanner::new(text, sep, comment);
        let (mut cells, mut all) = (Vec::new(), Vec::new());
        while scanner.next_record(&mut cells)? {
            all.push(cells.iter().map(|c| c.content(text).into_owned()).collect());
        }
        Ok(all)
    }

    #[test]
    fn cells_quotes_and_line_ends() {
        let found =
            records(" a , \"b\"\"c\" ,\r\n\n  \r# no\r\"x\n,y\",é", b',', Some("#")).unwrap();
        assert_eq!(found, [vec!["a", "b\"c", ""], vec!["x\n,y", "é"]]);
        assert_eq!(records("1\t\t2\n\t\t\n", b'\t', None).unwrap()[1], ["", "", ""]);
        assert_eq!(records("5\" pipe,2", b',', None).unwrap()[0], ["5\" pipe", "2"]);
    }

    #[test]
    fn runs_of_blanks_separate() {
        let found =
            records("  1.0 \t 2\t\n\n3 \"a b\"   \r\n # no\n4  5", b' ', Some("#")).unwrap();
        assert_eq!(found, [vec!["1.0", "2"], vec!["3", "a b"], vec!["4", "5"]]);
        assert_eq!(records("\"a\"b c", b' ', None), Err(ScanFault::AfterQuote { offset: 3 }));
    }

    #[test]
    fn bad_quotes_are_located() {
        assert_eq!(records("a\n1,\"b\nc", b',', None), Err(ScanFault::OpenQuote { offset: 4 }));
        assert_eq!(records("\"a\" b,c", b',', None), Err(ScanFault::AfterQuote { offset: 4 }));
    }
}
