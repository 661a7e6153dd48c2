//! From outputs to text: what goes to stdout and what to stderr.
//!
//! ```text
//!              without --json            with --json                 --quiet leaves
//! values       stdout                    a line on stdout            all
//! print        stdout                    stderr                      all
//! results      stdout                    a line on stdout            the lines of --json
//! times        stdout                    a line on stdout            all
//! errors       stderr                    a line, and for people      all
//! warnings     stderr                    a line, and for people      the lines of --json
//! notes        stderr                    stderr                      none
//! stages       stdout                    stderr                      all
//! ```
//!
//! Pure functions: in come outputs, out go texts; the streams are somebody else's.

use super::look::Look;
use super::outward::{Form, safe};
use super::paint::Paint;
use super::{fit, json_lines};
use crate::diag::{Diagnostic, Severity, Style, render as diagnostic};
use crate::session::Output;
use crate::source::{LineCol, SourceMap};
use std::borrow::Cow;

/// How to render.
#[derive(Clone, Copy, Debug, Default)]
pub struct Format {
    /// What the user asked for.
    pub look: Look,
    /// Whether stdout takes colors.
    pub color_out: bool,
    /// Whether stderr takes colors.
    pub color_err: bool,
}

/// What goes where; whole lines, perhaps none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// For stdout.
    pub out: String,
    /// For stderr.
    pub err: String,
}

/// Renders one output.
pub fn output(sources: &SourceMap, output: &Output, format: Format) -> Rendered {
    let people = for_people(sources, output, format);
    if !format.look.json {
        return people;
    }
    let out = json_lines::line(sources, output).unwrap_or_default();
    let is_in_line = matches!(output, Output::Value { .. } | Output::Fit { .. } | Output::Bench(_));
    let err = if is_in_line { String::new() } else { people.out + &people.err };
    Rendered { out, err }
}

/// Renders the report of a script that cannot be read.
pub fn unreadable(
    finding: &Diagnostic,
    file: &str,
    at: Option<LineCol>,
    format: Format,
) -> Rendered {
    let style = Style { color: format.color_err };
    let err = diagnostic(&SourceMap::new(), finding, style);
    let line = format.look.json.then(|| json_lines::unreadable(finding, file, at)).flatten();
    Rendered { out: line.unwrap_or_default(), err }
}

fn for_people(sources: &SourceMap, output: &Output, format: Format) -> Rendered {
    let paint = Paint { color: format.color_out && !format.look.json };
    let quiet = format.look.quiet;
    let out = |out: String| Rendered { out, err: String::new() };
    let err = |err: String| Rendered { out: String::new(), err };
    match output {
        // Texts hold what data and strings hold; colors come in here and not from there.
        Output::Value { name, text, .. } => out(value(&quoted(name), &quoted(text), paint)),
        Output::Print(text) | Output::Stage(text) => out(lines(&quoted(text))),
        Output::Fit { .. } | Output::Note(_) if quiet => Rendered::default(),
        Output::Bench(bench) => out(super::bench::table(bench, paint)),
        Output::Fit { fit, brief: true } => out(fit::brief(fit, paint)),
        Output::Fit { fit, brief: false } => out(fit::report(fit, paint)),
        Output::Note(text) => err(lines(&quoted(&format!("note: {text}")))),
        Output::Finding(finding) if quiet && finding.severity != Severity::Error => {
            Rendered::default()
        }
        Output::Finding(finding) => {
            err(diagnostic(sources, finding, Style { color: format.color_err }))
        }
    }
}

/// A text without anything that a terminal acts on.
fn quoted(text: &str) -> Cow<'_, str> {
    safe(text, Form::Text { color: false })
}

/// A value, under its name where the expression has one: `fit.w = 3.93241`. What is computed on the
/// spot has none, and derivatives bring their labels along.
fn value(name: &str, text: &str, paint: Paint) -> String {
    let text = text.trim_end_matches('\n');
    if !is_path(name) || text.starts_with('∂') || text == name {
        return lines(text);
    }
    if !text.contains('\n') {
        return format!("{} = {text}\n", paint.bold(name));
    }
    let indent = " ".repeat(name.chars().count() + 3);
    format!("{} = {}\n", paint.bold(name), text.replace('\n', &format!("\n{indent}")))
}

/// Whether an expression is a name, or a field of one.
fn is_path(name: &str) -> bool {
    let is_word = |word: &str| {
        word.chars().all(|c| c.is_alphanumeric() || c == '_')
            && word.starts_with(|c: char| !c.is_ascii_digit())
    };
    name.split('.').all(is_word)
}

fn lines(text: &str) -> String {
    if text.ends_with('\n') { text.to_string() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::codes;
    use crate::report::JsonValue;
    use crate::source::Span;

    fn rendered(output_: Output, look: Look) -> Rendered {
        output(&SourceMap::new(), &output_, Format { look, ..Format::default() })
    }

    fn shown(name: &str, text: &str) -> String {
        let value = JsonValue::Null;
        let output = Output::Value { name: name.into(), text: text.into(), value };
        rendered(output, Look::default()).out
    }

    #[test]
    fn values_stand_under_their_names() {
        assert_eq!(shown("fit.w", "3.93241"), "fit.w = 3.93241\n");
        assert_eq!(shown("1 + 1", "2"), "2\n");
        assert_eq!(shown("x", "x"), "x\n");
        assert_eq!(shown("g", "∂f/∂x = 2*x\n∂f/∂y = 1"), "∂f/∂x = 2*x\n∂f/∂y = 1\n");
        assert_eq!(shown("A", "[1, 2;\n 3, 4]"), "A = [1, 2;\n     3, 4]\n");
    }

    #[test]
    fn json_keeps_stdout_to_itself() {
        let json = Look { json: true, ..Look::default() };
        let print = rendered(Output::Print("so".into()), json);
        assert_eq!((print.out.as_str(), print.err.as_str()), ("", "so\n"));
        let value = JsonValue::Number(f64::NAN);
        let value = Output::Value { name: "a".into(), text: "nan".into(), value };
        let expected = "{\"kind\":\"value\",\"name\":\"a\",\"text\":\"nan\",\"value\":\"nan\"}\n";
        assert_eq!(rendered(value, json), Rendered { out: expected.into(), err: String::new() });
    }

    #[test]
    fn findings_have_a_line_with_their_place() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.opt", "θ = 1\nb");
        let finding = Diagnostic::error(codes::E0301, "unknown name `b`")
            .at(Span::new(file, 7, 8), "not defined")
            .help("did you mean `c`?");
        let format = Format { look: Look { json: true, ..Look::default() }, ..Format::default() };
        let found = output(&sources, &Output::Finding(finding), format);
        assert_eq!(
            found.out,
            "{\"kind\":\"error\",\"code\":\"E0301\",\"message\":\"unknown name `b`\",\"file\":\"a.opt\",\
             \"line\":2,\"column\":1,\"notes\":[\"did you mean `c`?\"]}\n"
        );
        assert!(found.err.starts_with("[E0301] error: unknown name `b`"), "{}", found.err);
    }

    #[test]
    fn quiet_leaves_values_prints_and_errors() {
        let quiet = Look { quiet: true, ..Look::default() };
        assert_eq!(rendered(Output::Note("so".into()), quiet), Rendered::default());
        let finding = |severity| Diagnostic { severity, ..Diagnostic::error(codes::E0301, "so") };
        let warning = Output::Finding(finding(Severity::Warning));
        assert_eq!(rendered(warning, quiet), Rendered::default());
        assert!(!rendered(Output::Finding(finding(Severity::Error)), quiet).err.is_empty());
        assert_eq!(rendered(Output::Print("so".into()), quiet).out, "so\n");
    }
}
