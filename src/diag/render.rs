//! Findings as text for people; the only file that names `ariadne`.
//!
//! In come a [`Diagnostic`] and the sources; out goes a text, with or without color. Whatever the source
//! holds (lines of a megabyte, control characters, spans that are empty, at the end of the text, or in
//! other files) the text is short and safe to print: [`Excerpt`] sees to that, and ariadne never
//! meets the source itself.

use super::excerpt::{Excerpt, shown_text};
use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap, Span};
use ariadne::{Cache, Color, Config, Fmt, IndexType, Report, ReportKind, Source};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// How to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether to use the colors of a terminal.
    pub color: bool,
}

/// Stands around the true place of a header. No shown text holds it, being a control character.
const MARK: char = '\u{1}';

/// One finding as text, with a line end.
pub fn render(sources: &SourceMap, finding: &Diagnostic, style: Style) -> String {
    let labels: Vec<&Label> = finding.primary.iter().chain(&finding.labels).collect();
    let Some(first) = labels.first() else {
        return without_source(finding, style);
    };
    let spans: Vec<Span> = labels.iter().map(|label| label.span).collect();
    let mut shown = Shown::new(sources, &spans);
    let place = |shown: &Shown, span: Span| -> (FileId, Range<usize>) {
        (span.file, shown.files.get(&span.file).map_or(0..1, |f| f.excerpt.place(sources, span)))
    };
    let config = Config::default().with_color(style.color).with_index_type(IndexType::Char);
    let color = color(finding.severity);
    // Ariadne's own first line is dropped below: it has color also where none is wanted.
    let mut report =
        Report::build(ReportKind::Error, place(&shown, first.span)).with_config(config);
    for (index, label) in labels.iter().enumerate() {
        let is_primary = index == 0 && finding.primary.is_some();
        let drawn = ariadne::Label::new(place(&shown, label.span))
            .with_color(if is_primary { color } else { Color::Cyan })
            .with_order(order(first.span.file, &spans, index))
            .with_priority(i32::from(is_primary));
        // Ariadne underlines nothing without words.
        let words = if label.text.is_empty() { "here" } else { &label.text };
        report.add_label(drawn.with_message(shown_text(words)));
    }
    if let Some(help) = &finding.help {
        report.set_help(shown_text(help));
    }
    report.with_notes(finding.notes.iter().map(|note| shown_text(note)));
    let mut out = vec![];
    match report.finish().write(&mut shown, &mut out) {
        Ok(()) => header(finding, style) + &body(&String::from_utf8_lossy(&out)),
        Err(_) => without_source(finding, style),
    }
}

/// All findings as text, a blank line between two.
pub fn render_all<'a>(
    sources: &SourceMap,
    findings: impl IntoIterator<Item = &'a Diagnostic>,
    style: Style,
) -> String {
    let texts: Vec<_> = findings.into_iter().map(|f| render(sources, f, style)).collect();
    texts.join("\n")
}

/// `[E0301] error: unknown name`, with a line end.
fn header(finding: &Diagnostic, style: Style) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let head = format!("[{}] {word}:", finding.code);
    let color = color(finding.severity);
    let head = if style.color { head.fg(color).to_string() } else { head };
    format!("{head} {}\n", shown_text(&finding.message))
}

fn color(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Note => Color::Blue,
    }
}

/// The rank of a label: those of the first file come first, and in each file they go downwards, so
/// that each file is one group.
fn order(first: FileId, spans: &[Span], index: usize) -> i32 {
    let rank = |i: usize| (spans[i].file != first, spans[i].file, spans[i].start, i);
    let before = (0..spans.len()).filter(|i| rank(*i) < rank(index));
    before.count() as i32
}

fn without_source(finding: &Diagnostic, style: Style) -> String {
    let mut out = header(finding, style);
    if let Some(help) = &finding.help {
        out += &format!("  Help: {}\n", shown_text(help));
    }
    for note in &finding.notes {
        out += &format!("  Note: {}\n", shown_text(note));
    }
    out
}

/// What ariadne wrote, without its first line and without blanks at the ends of lines.
fn body(written: &str) -> String {
    let (_, body) = written.split_once('\n').unwrap_or_default();
    true_places(body).lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Puts the true places into the headers: ariadne counts columns in what is shown, which is not the
/// source where a line was cut or a character escaped.
fn true_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(MARK);
    out.push_str(parts.next().unwrap_or(""));
    while let (Some(name), Some(rest)) = (parts.next(), parts.next()) {
        out.push_str(name);
        out.push_str(rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
    out
}

/// The files that a finding shows, as ariadne asks for them.
struct Shown {
    files: HashMap<FileId, ShownFile>,
    empty: Source<String>,
}

struct ShownFile {
    header: String,
    excerpt: Excerpt,
    source: Source<String>,
}

impl Shown {
    fn new(sources: &SourceMap, spans: &[Span]) -> Self {
        let mut files = HashMap::new();
        for span in spans {
            files.entry(span.file).or_insert_with(|| {
                let excerpt = Excerpt::new(sources, span.file, spans);
                let source = Source::from(excerpt.text.clone());
                let name = shown_text(sources.name(span.file)).replace('\n', " ");
                let place = sources.line_col(*span);
                let header = format!("{MARK}{name}:{}:{}{MARK}", place.line, place.column);
                ShownFile { header, excerpt, source }
            });
        }
        Self { files, empty: Source::from(String::new()) }
    }
}

impl Cache<FileId> for &mut Shown {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl fmt::Debug> {
        Ok::<_, fmt::Error>(self.files.get(id).map_or(&self.empty, |file| &file.source))
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl fmt::Display + 'a> {
        Some(self.files.get(id).map_or(String::new(), |file| file.header.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::codes;

    fn error(span: Span) -> Diagnostic {
        Diagnostic::error(codes::E0301, "unknown name `b`").at(span, "not defined")
    }

    #[test]
    fn a_finding_shows_its_lines_in_all_files() {
        let mut sources = SourceMap::new();
        let a = sources.add("a.opt", "let θ = 1\n\nlet c = b + θ\n");
        let b = sources.add("b.opt", "let d = 2");
        let finding = error(Span::new(a, 20, 21))
            .label(Span::new(b, 4, 5), "near this")
            .label(Span::new(a, 4, 6), "θ is here")
            .help("did you mean `d`?")
            .note("names are defined above their use");
        let text = render(&sources, &finding, Style::default());
        let expected = "\
[E0301] error: unknown name `b`
   ╭─[ a.opt:3:9 ]
   │
 1 │ let θ = 1
   │     ┬
   │     ╰── θ is here
   │
 3 │ let c = b + θ
   │         ┬
   │         ╰── not defined
   │
   ├─[ b.opt:1:5 ]
   │
 1 │ let d = 2
   │     ┬
   │     ╰── near this
   │
   │ Help: did you mean `d`?
   │
   │ Note: names are defined above their use
───╯
";
        assert_eq!(text, expected, "{text}");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_to_a_window_and_its_column_is_true() {
        let mut sources = SourceMap::new();
        let long = "1 + ".repeat(250_000) + "b" + &" + 1".repeat(250_000);
        let file = sources.add("long.opt", long);
        let text =
            render(&sources, &error(Span::new(file, 1_000_000, 1_000_001)), Style::default());
        assert!(text.contains("long.opt:1:1000001 ]") && text.len() < 1500, "{text}");
        let whole = error(Span::new(file, 0, 2_000_001));
        assert!(render(&sources, &whole, Style::default()).len() < 2500);
    }

    #[test]
    fn control_characters_are_escaped_everywhere() {
        let mut sources = SourceMap::new();
        let file = sources.add("a\u{7}.opt", "a\0\u{1b}[31m \u{202e}b\tc");
        let finding = error(Span::new(file, 1, 2)).help("write \u{1b}");
        let text = render(&sources, &finding, Style::default());
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'),
            "{text:?}"
        );
        assert!(text.contains("\\u{0}") && text.contains(":1:2 ]"), "{text}");
    }

    #[test]
    fn odd_spans_do_no_harm() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.opt", "let a = θ\r\nb\n");
        let empty = sources.add("empty.opt", "");
        for start in 0..20 {
            for end in 0..20 {
                for file in [file, empty, FileId(7)] {
                    let text = render(
                        &sources,
                        &error(Span::new(file, start, end)),
                        Style { color: true },
                    );
                    assert!(text.contains("not defined"), "{start}..{end}: {text}");
                }
            }
        }
        let nowhere = Diagnostic::error(codes::E0701, "cannot read `x`").help("look").note("so");
        assert_eq!(
            render(&sources, &nowhere, Style::default()),
            "[E0701] error: cannot read `x`\n  Help: look\n  Note: so\n"
        );
    }
}
