//! Help: an overview, and a page for every topic.
//!
//! In comes the name of a function, a method, an option, a statement, a clause or an error code; out
//! goes its page, or near names. Everything on a page comes from the row of its table: `ops` for
//! operators, `check::builtins` for other functions, `optim::registry` for methods, `diag::codes` for
//! findings, `syntax::statements` for statements. A new row has its page without a line of this room.

mod overview;
mod pages;
mod text;

pub use overview::overview;

use super::paint::Paint;
use crate::check::{builtins, library};
use crate::diag::{Code, codes, nearest};
use crate::model::batches::TRAINING;
use crate::ops::{self, OpDef};
use crate::optim::options::BASE_OPTIONS;
use crate::optim::registry;
use crate::syntax::statements::{self, STATEMENTS};

/// The page of a topic; a name with several meanings has them all.
///
/// # Errors
///
/// Where there is no such topic, a sentence with the nearest one.
pub fn page(topic: &str, paint: Paint) -> Result<String, String> {
    let topic = topic.trim();
    let topic = if topic == "subject" { "subject to" } else { topic };
    let mut found = Vec::new();
    found.extend(statements::find(topic).map(|row| pages::statement(row, paint)));
    found.extend(named_operators(topic).map(|row| pages::operator(row, topic, paint)));
    found.extend(builtins().iter().filter(|b| b.name == topic).map(|b| pages::builtin(b, paint)));
    found.extend(registry::find(topic).map(|method| pages::method(method, paint)));
    found.extend(
        library::source(topic).map(|(doc, text)| pages::library(topic, &doc, &text, paint)),
    );
    found.extend(pages::schedule(topic, &library::function_sources(topic), paint));
    found.extend(pages::option(topic, paint));
    found.extend(Code::find(topic).map(|code| pages::code(code, paint)));
    if found.is_empty() {
        return Err(unknown(topic));
    }
    Ok(found.join("\n"))
}

/// Every topic, for completion and near names; some twice.
pub fn topics() -> impl Iterator<Item = &'static str> {
    let statements = STATEMENTS.iter().map(|row| row.name);
    let methods = registry::names();
    let options = BASE_OPTIONS.iter().chain(own_options()).map(|row| row.name);
    let codes = codes::all().map(Code::id);
    let training = TRAINING.iter().map(|(name, _)| *name);
    statements
        .chain(functions())
        .chain(methods)
        .chain(library::optimizers())
        .chain(options)
        .chain(training)
        .chain(codes)
}

/// The names of all functions; some twice.
pub fn functions() -> impl Iterator<Item = &'static str> {
    ops::names().chain(builtins().iter().map(|b| b.name)).chain(library::functions())
}

/// How a function is called: `clamp(x, lo, hi)`.
pub fn signature(name: &str) -> Option<String> {
    let builtin = builtins().iter().find(|b| b.name == name).map(|b| b.usage.to_string());
    builtin.or_else(|| {
        let calls: Vec<String> = named_operators(name).map(|row| pages::call(row, name)).collect();
        (!calls.is_empty()).then(|| calls.join(", "))
    })
}

fn named_operators(name: &str) -> impl Iterator<Item = &'static OpDef> {
    ops::table().iter().copied().filter(move |row| row.is_called(name))
}

fn own_options() -> impl Iterator<Item = &'static crate::optim::options::OptionDef> {
    registry::METHODS.iter().flat_map(|method| method.own_options)
}

fn unknown(topic: &str) -> String {
    match nearest(topic, topics()) {
        Some(near) => format!("there is no help on `{topic}`; did you mean `{near}`?"),
        None => format!("there is no help on `{topic}`; `help` alone lists the topics"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(topic: &str) -> String {
        page(topic, Paint::default()).unwrap_or_else(|why| panic!("{why}"))
    }

    #[test]
    fn every_topic_has_a_page_with_an_example() {
        for topic in topics() {
            let page = shown(topic);
            assert!(page.contains(topic), "{topic}: {page}");
            let longest = page.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(100), "{topic}: {page}");
        }
    }

    #[test]
    fn a_name_with_several_meanings_has_them_all() {
        let max = shown("max");
        assert!(max.contains("max(BODY for i in 1..n)") && max.contains("max(a, b)"), "{max}");
    }

    #[test]
    fn unknown_topics_have_near_names() {
        let why = |topic| page(topic, Paint::default()).unwrap_err();
        assert_eq!(why("minimse"), "there is no help on `minimse`; did you mean `minimize`?");
        assert_eq!(why("xyzzy"), "there is no help on `xyzzy`; `help` alone lists the topics");
    }
}
