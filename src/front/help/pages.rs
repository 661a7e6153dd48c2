//! A page for a row of each table.
//!
//! All pages have one form: the name and what it is, a sentence, how it is written, facts, an example.

use super::text::{indented, paragraph};
use crate::check::Builtin;
use crate::diag::Code;
use crate::front::paint::Paint;
use crate::model::batches::TRAINING;
use crate::ops::OpDef;
use crate::optim::options::{BASE_OPTIONS, OptionDef, OptionDefault};
use crate::optim::registry::{METHODS, MethodDef};
use crate::report::number::human;
use crate::syntax::statements::Statement;

const NOT_BUILT: &str = "This version of Gradus does not have it yet.";

/// The page of a statement or a clause.
pub fn statement(row: &Statement, paint: Paint) -> String {
    let mut page = Page::new(row.name, row.kind.word(), paint);
    page.code("", row.usage);
    page.words(row.doc);
    if !row.built {
        page.words(NOT_BUILT);
    }
    page.code("Example", row.example);
    page.text
}

/// The page of an operator, under the name by which it was asked for.
pub fn operator(row: &OpDef, name: &str, paint: Paint) -> String {
    let mut page = Page::new(name, "function", paint);
    page.code("", &call(row, name));
    page.words(row.doc.title);
    if row.doc.formula != row.doc.title {
        page.fact("meaning", row.doc.formula);
    }
    page.fact("domain", row.domain.in_words());
    let others: Vec<&str> = std::iter::once(row.name)
        .chain(row.aliases.iter().copied())
        .filter(|n| *n != name)
        .collect();
    page.fact("also", &others.join(", "));
    page.fact("traits", &traits(row));
    let (example, result) = row.doc.example;
    page.code("Example", &format!("{example}\n# {}", result.replace('\n', "\n# ")));
    page.text
}

/// The page of a method of the library: what it is, and its formula as it is written.
pub fn library(name: &str, doc: &[&str], text: &str, paint: Paint) -> String {
    let mut page = Page::new(name, "method", paint);
    page.words(&doc.join(" "));
    page.code("Formula", text);
    page.fact("shared", "steps, clip, clip_value, gtol, max_time, trace");
    page.fact("training", &TRAINING.map(|(name, _)| name).join(", "));
    page.code("Example", &format!("var x = 1\nminimize x^2 using {name}(steps = 10)"));
    page.text
}

/// The page of a function of the library, where it has definitions.
pub fn schedule(name: &str, definitions: &[(String, String)], paint: Paint) -> Option<String> {
    (!definitions.is_empty()).then(|| {
        let mut page = Page::new(name, "function of the library", paint);
        for (doc, definition) in definitions {
            let (call, formula) = definition.split_once(") =").unwrap_or((definition, ""));
            page.code("", &format!("{})", call.trim_start_matches("fn ")));
            page.words(doc);
            let formula: Vec<&str> = formula.split_whitespace().collect();
            page.words(&format!("= {}", formula.join(" ")));
        }
        page.text
    })
}

/// The page of any other function.
pub fn builtin(row: &Builtin, paint: Paint) -> String {
    let mut page = Page::new(row.name, "function", paint);
    page.code("", row.usage);
    page.words(row.doc);
    page.fact("named", &row.named.join(", "));
    // Rows of functions that are only planned have no example.
    if row.example.is_empty() {
        page.words(NOT_BUILT);
    }
    page.code("Example", &row.example.replace("; ", "\n"));
    page.text
}

/// The page of a method.
pub fn method(row: &MethodDef, paint: Paint) -> String {
    let mut page = Page::new(row.name, &format!("method, {}", row.family), paint);
    page.words(row.summary);
    page.words(row.when_to_use);
    let needs: Vec<&str> = row.needs.iter().map(|need| need.name()).collect();
    page.fact("needs", &needs.join(", "));
    page.fact("bounds", if row.accepts_bounds { "kept" } else { "not taken" });
    page.fact("also", &row.aliases.join(", "));
    page.fact("source", row.reference);
    let options: String = row.options().iter().map(|option| described(option, paint)).collect();
    page.text += &format!("\n{}\n{options}", paint.dim("Options"));
    let objective = "100*(y - x^2)^2 + (1 - x)^2";
    page.code("Example", &format!("var x = -1.2, y = 1\nminimize {objective} using {}", row.name));
    page.text
}

/// The page of an option: once for all methods, or once for each that has its own.
pub fn option(name: &str, paint: Paint) -> Option<String> {
    let mut text = String::new();
    if let Some(shared) = BASE_OPTIONS.iter().find(|option| option.name == name) {
        text += &Page::new(name, "option of every method", paint).text;
        text += &format!("\n{}", described(shared, paint));
    }
    let is_named = |option: &&OptionDef| option.name == name;
    for method in METHODS {
        if let Some(own) = method.own_options.iter().find(is_named) {
            text += &Page::new(name, &format!("option of {}", method.name), paint).text;
            text += &format!("\n{}", described(own, paint));
        }
    }
    if let Some((_, doc)) = TRAINING.iter().find(|(option, _)| *option == name) {
        let mut page = Page::new(name, "option of training by first-order methods", paint);
        page.words(doc);
        page.code("Example", TRAINED);
        text += &page.text;
    }
    (!text.is_empty()).then_some(text)
}

/// A training with many of its options.
const TRAINED: &str = "let x = [1, 2, 3, 4]\nlet y = [1, 3, 5, 7]\nvar w, b\nlet J = mean((w*x + b - y).^2)\n\
    minimize J using adam(lr = 0.1, batch = 2, rows = x, epochs = 20,\n    \
    watch = abs(w - 2), patience = 5)";

/// The page of a code of findings.
pub fn code(code: Code, paint: Paint) -> String {
    let row = code.info();
    let mut page = Page::new(row.id, row.title, paint);
    page.words(row.explanation);
    page.code("Instead of", row.wrong);
    page.code("write", row.right);
    page.text
}

/// How an operator is called.
pub fn call(row: &OpDef, name: &str) -> String {
    if row.op.is_binder() {
        return format!("{name}(BODY for i in 1..n)");
    }
    match row.arity {
        (1, 1) => format!("{name}(x)"),
        (2, 2) => format!("{name}(a, b)"),
        (least, _) => format!("{name}({})", ["a", "b", "c", "d"][..least.min(4)].join(", ")),
    }
}

fn traits(row: &OpDef) -> String {
    let traits = row.traits;
    let words = [
        (traits.odd, "odd"),
        (traits.even, "even"),
        (traits.increasing, "increasing"),
        (traits.convex && traits.concave, "linear"),
        (traits.convex && !traits.concave, "convex"),
        (traits.concave && !traits.convex, "concave"),
    ];
    let held: Vec<&str> = words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    held.join(", ")
}

fn described(option: &OptionDef, paint: Paint) -> String {
    let default = match option.default {
        OptionDefault::Absent => option.name.to_string(),
        OptionDefault::Number(number) => format!("{} = {}", option.name, human(number)),
        OptionDefault::Word(word) => format!("{} = \"{word}\"", option.name),
        OptionDefault::Flag(flag) => format!("{} = {flag}", option.name),
    };
    let allowed = paint.dim(&option.kind.to_string());
    format!("  {default:<24}{allowed}\n{}", paragraph(option.doc, "      "))
}

/// A page under construction.
struct Page {
    text: String,
    paint: Paint,
    /// Whether facts were added last: they stand together, apart from what comes before.
    in_facts: bool,
}

impl Page {
    fn new(name: &str, what: &str, paint: Paint) -> Page {
        Page { text: format!("{}: {what}\n", paint.bold(name)), paint, in_facts: false }
    }

    fn words(&mut self, words: &str) {
        self.text += &format!("\n{}", paragraph(words, "  "));
    }

    fn fact(&mut self, heading: &str, words: &str) {
        if words.is_empty() {
            return;
        }
        if !self.in_facts {
            self.text.push('\n');
        }
        self.in_facts = true;
        let block = paragraph(words, "          ");
        let padded = format!("{heading:<8}");
        self.text += &format!("  {}{}", self.paint.dim(&padded), block.trim_start());
    }

    fn code(&mut self, heading: &str, code: &str) {
        if code.is_empty() {
            return;
        }
        self.text.push('\n');
        if !heading.is_empty() {
            self.text += &format!("{}\n", self.paint.dim(heading));
        }
        self.text += &indented(code, "  ");
    }
}
