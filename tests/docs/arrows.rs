//! The order of rooms: a room uses those above it in `src/lib.rs`, never those below, and the two wings, text and
//! mathematics, do not know each other.
//!
//! The order is that of the modules in `src/lib.rs`. To add a room, put its `pub mod` line below all that it uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Language, text and spans without mathematics.
const TEXT: [&str; 3] = ["source", "diag", "syntax"];
/// The first room of the mathematics, and the last: those between them belong to it.
const MATHEMATICS: (&str, &str) = ("report", "model");

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rooms from the ground up.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(src().join("lib.rs")).expect("src/lib.rs");
    let room = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_string());
    text.lines().filter_map(room).collect()
}

/// The files of a room.
fn files(room: &str) -> Vec<PathBuf> {
    let (file, folder) = (src().join(format!("{room}.rs")), src().join(room));
    let mut found: Vec<PathBuf> = file.exists().then_some(file).into_iter().collect();
    let mut left = vec![folder];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The code of a file as far as it runs: tests may look anywhere, and comments and links name what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let whole = path.file_name().is_some_and(|name| name == "tests.rs");
    let text = if whole { "" } else { text.split("#[cfg(test)]\nmod ").next().unwrap_or_default() };
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default().to_string() + "\n")
        .collect()
}

/// The rooms that a text names after `crate::`, alone or in braces.
fn named(text: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut found = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            None => {
                found.insert(word(part));
            }
            Some(list) => {
                let (mut depth, mut at_start) = (0, true);
                for (k, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => at_start = true,
                        c if at_start && !c.is_whitespace() => {
                            found.insert(word(&list[k..]));
                            at_start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

/// What is wrong with the arrows of a file in a room.
fn wrong(rooms: &[String], room: &str, used: &BTreeSet<String>) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|r| r == name);
    let wing = |name: &str| {
        let (first, last) = (place(MATHEMATICS.0), place(MATHEMATICS.1));
        let inside = place(name) >= first && place(name) <= last;
        if TEXT.contains(&name) { 1 } else { 2 * usize::from(inside) }
    };
    let mut found = Vec::new();
    for name in used.iter().filter(|name| *name != room && place(name).is_some()) {
        if place(name) > place(room) {
            found.push(format!("`{room}` uses `{name}`, which stands below it"));
        } else if wing(name) + wing(room) == 3 {
            found.push(format!("`{room}` uses `{name}` of the other wing"));
        }
    }
    found
}

#[test]
fn rooms_use_those_above_them() {
    let rooms = rooms();
    let folders = fs::read_dir(src()).expect("src").flatten();
    for entry in folders {
        let name = entry.path().file_stem().unwrap_or_default().to_string_lossy().to_string();
        assert!(
            rooms.contains(&name) || ["lib", "main"].contains(&&*name),
            "`{name}` has no line in src/lib.rs"
        );
    }
    let mut all = Vec::new();
    for room in &rooms {
        let files = files(room);
        assert!(!files.is_empty(), "`{room}` has no file");
        for file in files {
            let found = wrong(&rooms, room, &named(&code(&file)));
            all.extend(found.into_iter().map(|what| format!("{}: {what}", file.display())));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_wrong_arrow_is_found() {
    let rooms = rooms();
    let found = |room: &str, text: &str| wrong(&rooms, room, &named(text));
    assert_eq!(found("expr", "use crate::session::{Session, Settings};").len(), 1);
    assert_eq!(found("expr", "use crate::{memory, session::Session, cli};").len(), 2);
    assert_eq!(found("jit", "fn f(g: &crate::syntax::Ast) {}").len(), 1);
    assert_eq!(found("syntax", "use crate::{expr};").len(), 1);
    assert_eq!(found("repl", "use crate::{cli::{a, b}, front::Exit};").len(), 1);
    assert!(found("session", "use crate::{ops::{self, Range}, expr::Graph};").is_empty());
}
