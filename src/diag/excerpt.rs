//! What is shown of a source: the lines with labels, fit to be printed.
//!
//! In come a file and the places of interest in it; out goes a text with the same line numbers, where
//! other lines are empty, long lines are cut to windows around the places, and characters that would
//! upset a terminal are written as escapes; and for each place, where it is now. The time goes with the
//! number of lines and the lengths of the windows, not with the length of a line.
//!
//! Invariant: the text holds no control characters but new lines.

use crate::source::{FileId, SourceMap, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines up to this many bytes are shown whole.
const SHORT_LINE: u32 = 240;
/// How many bytes of a longer line are shown on each side of an end of a label.
const WINDOW: u32 = 60;
/// How many bytes of data are shown at most, and how many of them before the place.
const DATA_WINDOW: u32 = 40;
const DATA_BEFORE: u32 = 16;

/// The shown text of a file, and what is needed to find places in it.
pub(super) struct Excerpt {
    pub text: String,
    lines: BTreeMap<u32, Line>,
}

struct Line {
    /// Where the line begins in the shown text, in characters.
    start: usize,
    /// The source offset of each kept character, with its place in the line as it is shown.
    kept: Vec<(u32, usize)>,
    /// The length as it is shown, in characters.
    len: usize,
}

impl Excerpt {
    /// The excerpt of a file that shows the given stretches of it.
    pub fn new(sources: &SourceMap, file: FileId, spans: &[Span]) -> Self {
        let mut by_line: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
        for span in spans.iter().filter(|span| span.file == file) {
            let line = sources.line_col(*span).line;
            by_line.entry(line).or_default().push(*span);
        }
        let mut excerpt = Self { text: String::new(), lines: BTreeMap::new() };
        let mut chars = 0;
        let mut at_line = 1;
        for (number, spans) in by_line {
            for _ in at_line..number {
                excerpt.text.push('\n');
                chars += 1;
            }
            at_line = number;
            let before = excerpt.text.len();
            let line =
                shown_line(sources, sources.line_span(file, number), &spans, &mut excerpt.text);
            excerpt.lines.insert(number, Line { start: chars, ..line });
            chars += excerpt.text[before..].chars().count();
        }
        excerpt.text.push('\n');
        excerpt
    }

    /// Where a stretch stands in the shown text, in characters; never empty. A stretch of several
    /// lines ends with its first.
    pub fn place(&self, sources: &SourceMap, span: Span) -> Range<usize> {
        let number = sources.line_col(span).line;
        let Some(line) = self.lines.get(&number) else {
            return 0..1;
        };
        let start = line.place(span.start);
        let end = line.place(span.end).max(start + 1);
        line.start + start..line.start + end
    }
}

impl Line {
    fn place(&self, offset: u32) -> usize {
        let at = self.kept.partition_point(|(kept, _)| *kept < offset);
        self.kept.get(at).map_or(self.len, |(_, place)| *place)
    }
}

/// Appends a line as it is shown, with a blank at its end to point at.
fn shown_line(sources: &SourceMap, whole: Span, spans: &[Span], out: &mut String) -> Line {
    let text = sources.text(whole.file);
    let mut line = Line { start: 0, kept: vec![], len: 0 };
    let mut shown_to = whole.start;
    let windows = match spans.first() {
        Some(span) if sources.is_data(whole.file) => vec![data_window(whole, *span)],
        _ => windows(whole, spans),
    };
    for (start, end) in windows {
        let start = text.ceil_char_boundary(start as usize);
        let end = text.floor_char_boundary(end as usize).max(start);
        if start as u32 > shown_to {
            out.push('…');
            line.len += 1;
        }
        for (at, c) in text[start..end].char_indices() {
            line.kept.push(((start + at) as u32, line.len));
            line.len += push_shown(c, out);
        }
        shown_to = end as u32;
    }
    // The end of what is shown is a place, too.
    line.kept.push((shown_to, line.len));
    out.push_str(if shown_to < whole.end { "…" } else { " " });
    line
}

/// What is shown of a line of data: a stretch around the place.
fn data_window(whole: Span, span: Span) -> (u32, u32) {
    let start = span.start.saturating_sub(DATA_BEFORE).clamp(whole.start, whole.end);
    (start, start.saturating_add(DATA_WINDOW).min(whole.end))
}

/// What is shown of a line, as stretches of bytes in order that do not touch.
fn windows(whole: Span, spans: &[Span]) -> Vec<(u32, u32)> {
    if whole.len() <= SHORT_LINE {
        return vec![(whole.start, whole.end)];
    }
    let around = |at: u32| {
        let low = at.saturating_sub(WINDOW).clamp(whole.start, whole.end);
        (low, at.saturating_add(WINDOW).clamp(whole.start, whole.end))
    };
    let mut windows: Vec<_> = spans
        .iter()
        .flat_map(|span| [around(span.start), around(span.end.min(whole.end))])
        .collect();
    windows.sort_unstable();
    let mut merged: Vec<(u32, u32)> = vec![];
    for (start, end) in windows {
        match merged.last_mut() {
            Some(last) if start <= last.1 + 1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// A text fit to be printed: control characters, and characters that change how others are shown, as
/// escapes; line ends kept.
pub fn shown_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            _ => {
                push_shown(c, &mut out);
            }
        }
    }
    out
}

/// Appends a character as it is shown, and says how many characters that are.
fn push_shown(c: char, out: &mut String) -> usize {
    let before = out.len();
    match c {
        '\t' => out.push_str("    "),
        c if c.is_control() || is_unseen(c) => out.extend(c.escape_unicode()),
        c => {
            out.push(c);
            return 1;
        }
    }
    // What was appended is ASCII.
    out.len() - before
}

/// Whether a character changes how others are shown, or ends a line for some programs.
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{E0000}'..='\u{E007F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}
