//! The generated pages: operators and functions, methods, error codes.

use gradus::check::{Builtin, builtins};
use gradus::diag::Severity;
use gradus::diag::codes::{self, Code};
use gradus::ops::{self, OpDef};
use gradus::optim::options::{BASE_OPTIONS, OptionDef, OptionDefault};
use gradus::optim::registry::{METHODS, MethodDef};
use gradus::{Output, Session, Settings};
use std::fmt::Write;

/// A page and what makes it.
pub type Page = (&'static str, fn() -> String);

/// Every generated page.
pub const GENERATED: &[Page] =
    &[("docs/operators.md", operators), ("docs/methods.md", methods), ("docs/errors.md", errors)];

/// What stands above every generated page.
fn head(title: &str, source: &str) -> String {
    format!(
        "# {title}\n\nThis page is made from {source} by `BLESS=1 cargo test --test docs`. Edit the \
         table, not the page.\n"
    )
}

/// A heading, a remark below it, and which rows it holds.
type Group = (&'static str, &'static str, fn(&OpDef) -> bool);

fn operators() -> String {
    let mut out =
        head("Operators and functions", "the tables in `src/ops/` and `src/check/builtins.rs`");
    out += "\n`gradus help NAME` shows a row in the terminal. Where a domain is given, the value outside \
            of it is `nan` or infinite.\n";
    let rows = ops::table();
    let groups: [Group; 4] = [
        ("Entry by entry", "These take numbers, and apply to each entry of an array.", |row| {
            !row.name.is_empty() && row.is_elementwise() && !row.op.is_binder()
        }),
        ("Of whole arrays", "", |row| {
            !row.name.is_empty() && !row.is_elementwise() && !row.op.is_binder()
        }),
        (
            "Over an index",
            "`sum(BODY for i in 1..n)`; several `for` and an `if` are allowed.",
            |row| row.op.is_binder(),
        ),
        ("Written without a name", "", |row| row.name.is_empty() && !row.op.is_binder()),
    ];
    for (title, remark, belongs) in groups {
        let _ = write!(out, "\n## {title}\n");
        if !remark.is_empty() {
            let _ = write!(out, "\n{remark}\n");
        }
        out += "\n| | meaning | formula | where | example |\n|---|---|---|---|---|\n";
        for row in rows.iter().filter(|row| belongs(row) && is_for_users(row)) {
            out += &operator(row);
        }
    }
    out += "\n## Derivatives, sizes, data and random draws\n\n";
    out += "| | meaning | example |\n|---|---|---|\n";
    let (built, planned): (Vec<&Builtin>, Vec<&Builtin>) =
        builtins().iter().partition(|row| is_built(row));
    for row in built {
        let named = match row.named {
            [] => String::new(),
            named => format!("; by name: {}", named.join(", ")),
        };
        let _ =
            writeln!(out, "| {} | {}{named} | {} |", code(row.usage), cell(row.doc), example(row));
    }
    out += "\n## Planned\n\nThese are part of the language and are not built yet (E0609).\n\n| | meaning |\n|---|---|\n";
    for row in planned {
        let _ = writeln!(out, "| {} | {} |", code(row.usage), cell(row.doc));
    }
    out
}

/// A row is built unless it has no example, or its example is answered with E0609.
fn is_built(row: &Builtin) -> bool {
    !row.example.is_empty() && !shown(row.example).is_err_and(|code| code == codes::E0609)
}

/// The example of a row, with what it prints where that is short.
fn example(row: &Builtin) -> String {
    let short = |text: &String| !text.is_empty() && !text.contains('\n') && text.len() < 60;
    match shown(row.example).ok().filter(short) {
        Some(result) => format!("{} gives {}", code(row.example), code(&result)),
        None => code(row.example),
    }
}

/// What a script prints, its values joined; or the code of its first error.
fn shown(script: &str) -> Result<String, Code> {
    let mut session = Session::new(Settings::default());
    session.set_base(&super::root().join("examples"));
    let (mut texts, mut error) = (Vec::new(), None);
    session.run("example", script, &mut |_, output| match output {
        Output::Value { text, .. } => texts.push(text),
        Output::Finding(finding) if finding.severity == Severity::Error => {
            error = error.or(Some(finding.code));
        }
        _ => {}
    });
    error.map_or(Ok(texts.join("; ")), Err)
}

/// Operators that only derivatives make have no example.
fn is_for_users(row: &OpDef) -> bool {
    !row.doc.example.1.is_empty()
}

fn operator(row: &OpDef) -> String {
    let names: Vec<String> = std::iter::once(row.name)
        .chain(row.aliases.iter().copied())
        .filter(|n| !n.is_empty())
        .map(code)
        .collect();
    let (text, result) = row.doc.example;
    format!(
        "| {} | {} | {} | {} | {} gives {} |\n",
        names.join(", "),
        cell(row.doc.title),
        cell(row.doc.formula),
        row.domain.in_words(),
        code(text),
        code(result),
    )
}

fn methods() -> String {
    let mut out = head("Methods", "the registry in `src/optim/registry.rs`");
    out += "\n`minimize f using NAME(option = value)` names one. Left out, it is chosen from the structure of \
            the objective, and the report says why.\n\n## Options of every method\n\n";
    out += OPTION_HEAD;
    for row in BASE_OPTIONS {
        out += &option(row);
    }
    out += "\n`max_iter`, the largest number of iterations, has a default for each method.\n";
    for method in METHODS {
        out += &page(method);
    }
    out
}

const OPTION_HEAD: &str = "| option | default | values | |\n|---|---|---|---|\n";

fn page(method: &MethodDef) -> String {
    let mut out = format!(
        "\n## `{}`\n\n{}. {}\n\n",
        method.name,
        capital(method.summary),
        method.when_to_use
    );
    let needs: Vec<&str> = method.needs.iter().map(|need| need.name()).collect();
    let bounds = if method.accepts_bounds { "kept" } else { "not kept" };
    let _ = writeln!(
        out,
        "- Family: {}\n- Needs: {}\n- Bounds: {bounds}",
        method.family,
        needs.join(", ")
    );
    if !method.aliases.is_empty() {
        let _ = writeln!(out, "- Also called: {}", method.aliases.join(", "));
    }
    let _ = write!(out, "- Reference: {}\n\n{OPTION_HEAD}", method.reference);
    // A shared option that the method describes anew is one of its own.
    let shared = |row: &OptionDef| BASE_OPTIONS.contains(row);
    for row in method.options().iter().filter(|row| !shared(row)) {
        out += &option(row);
    }
    out
}

fn option(row: &OptionDef) -> String {
    let default = match row.default {
        OptionDefault::Absent => String::new(),
        OptionDefault::Number(x) => code(&gradus::report::number::human(x)),
        OptionDefault::Word(word) => code(&format!("\"{word}\"")),
        OptionDefault::Flag(flag) => code(&flag.to_string()),
    };
    format!(
        "| `{}` | {default} | {} | {} |\n",
        row.name,
        cell(&row.kind.to_string()),
        cell(row.doc)
    )
}

fn errors() -> String {
    let mut out = head("Errors and warnings", "the tables in `src/diag/codes/`");
    out += "\n`gradus help CODE` shows a page in the terminal. An error stops the script, a warning (`W`) does \
            not. Numbers are never reused.\n\n";
    out += "| | |\n|---|---|\n";
    for code in codes::all() {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} |",
            code.id(),
            code.id().to_lowercase(),
            cell(code.info().title)
        );
    }
    for code in codes::all() {
        let row = code.info();
        let _ = write!(out, "\n## {}\n\n{}. {}\n\n", row.id, capital(row.title), row.explanation);
        let _ = write!(
            out,
            "Draws it:\n\n```\n{}\n```\n\nMended:\n\n```\n{}\n```\n",
            row.wrong, row.right
        );
    }
    out
}

/// Text as a code span in a table.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) }
}

/// Text in a table: one line, bars escaped.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.is_lowercase() && !text.starts_with('`') => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_string(),
    }
}
