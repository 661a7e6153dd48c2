//! The overview of all topics, grouped by kind.

use super::text::paragraph;
use crate::check::builtins;
use crate::front::paint::Paint;
use crate::ops::{self, OpDef};
use crate::optim::registry::METHODS;
use crate::syntax::statements::{Kind, STATEMENTS};

/// All topics, a paragraph a kind.
pub fn overview(paint: Paint) -> String {
    let mut out = String::from(
        "Write a topic after `help`, such as `help minimize`, `help lm` or `help E0301`.\n",
    );
    for kind in Kind::ALL {
        let names = STATEMENTS.iter().filter(|row| row.kind == kind).map(|row| row.name);
        group(&mut out, kind.heading(), names, paint);
    }
    group(&mut out, "Functions, entry by entry", operators(OpDef::is_elementwise), paint);
    group(&mut out, "Functions of arrays", operators(|row| !row.is_elementwise()), paint);
    let others = builtins().iter().map(|b| b.name);
    group(&mut out, "Derivatives, data, arrays", others, paint);
    for family in families() {
        let names = METHODS.iter().filter(|m| m.family == family).map(|m| m.name);
        group(&mut out, &format!("Methods: {family}"), names, paint);
    }
    out
}

fn group(out: &mut String, heading: &str, names: impl Iterator<Item = &'static str>, paint: Paint) {
    let mut distinct: Vec<&str> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    let words: Vec<String> = distinct.iter().map(|name| name.replace(' ', "\u{a0}")).collect();
    let block = paragraph(&words.join(" "), "  ").replace('\u{a0}', " ");
    *out += &format!("\n{}\n{block}", paint.bold(heading));
}

fn operators(is_one: fn(&OpDef) -> bool) -> impl Iterator<Item = &'static str> {
    ops::table().iter().filter(move |row| !row.name.is_empty() && is_one(row)).map(|row| row.name)
}

fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = METHODS.iter().map(|m| m.family).collect();
    families.dedup();
    families
}
