//! The documentation is what the program is.
//!
//! Pages that follow from tables are compared with what the tables say now, every session shown in a
//! page is run and compared with what the page shows, and so are the Rust programs of the README. `BLESS=1 cargo test --test docs` writes both
//! anew; reading the difference is part of blessing.

mod arrows;
mod codes;
mod embedding;
mod pages;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

/// Pages written by hand. The generated ones are listed in [`pages::GENERATED`].
const WRITTEN: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/DECISIONS.md",
    "docs/language.md",
    "examples/README.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_default();
    text.replace("\r\n", "\n")
}

/// Compares a page with what it should be, or writes it.
fn settle(page: &str, found: &str, expected: &str, complaints: &mut Vec<String>) {
    if found == expected {
        return;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join(page), expected).expect("pages can be written");
        return;
    }
    complaints.push(format!("{page} is stale:\n{}", first_difference(found, expected)));
}

/// The page with its blocks of Rust as `embedding` runs them.
fn with_rust(page: &str) -> String {
    let snippets = embedding::snippets();
    let mut parts = page.split("```rust\n");
    let mut out = parts.next().unwrap_or_default().to_string();
    let blocks: Vec<&str> = parts.collect();
    assert_eq!(
        blocks.len(),
        snippets.len(),
        "every Rust program of the README stands in tests/docs/embedding.rs"
    );
    for (block, snippet) in blocks.iter().zip(snippets) {
        let rest = block.find("\n```").map_or("", |end| &block[end..]);
        out += &format!("```rust\n{snippet}{rest}");
    }
    out
}

fn first_difference(found: &str, expected: &str) -> String {
    let (mut a, mut b) = (found.lines(), expected.lines());
    let mut line = 0;
    loop {
        line += 1;
        match (a.next(), b.next()) {
            (None, None) => return "  only the ends of lines differ".to_string(),
            (x, y) if x == y => {}
            (x, y) => {
                let show = |l: Option<&str>| l.unwrap_or("(the page ends)").to_string();
                return format!("  line {line}\n  page: {}\n  now:  {}", show(x), show(y));
            }
        }
    }
}

fn verdict(complaints: &[String]) {
    let advice = "BLESS=1 cargo test --test docs writes the pages anew";
    assert!(complaints.is_empty(), "{}\n\n{advice}", complaints.join("\n\n"));
}

#[test]
fn generated_pages_are_fresh() {
    let mut complaints = Vec::new();
    for (page, make) in pages::GENERATED {
        settle(page, &read(page), &make(), &mut complaints);
    }
    verdict(&complaints);
}

#[test]
#[cfg(unix)]
fn shown_sessions_are_real() {
    let mut complaints = Vec::new();
    for page in WRITTEN {
        let found = read(page);
        assert!(!found.is_empty(), "{page} is missing or empty");
        let now = sessions::rerun(page, &found, &mut complaints);
        let now = if *page == "README.md" { with_rust(&now) } else { now };
        settle(page, &found, &now, &mut complaints);
    }
    verdict(&complaints);
}

#[test]
fn the_first_script_of_the_readme_is_the_example() {
    let script = read("examples/line.opt");
    assert!(
        read("README.md").contains(&script),
        "README.md shows another script than examples/line.opt"
    );
}

#[test]
fn links_lead_somewhere() {
    let generated = pages::GENERATED.iter().map(|(page, _)| *page);
    let mut dead = Vec::new();
    for page in WRITTEN.iter().copied().chain(generated) {
        let folder = root().join(page).parent().map(Path::to_path_buf).unwrap_or_default();
        for target in links(&read(page)) {
            let file = target.split('#').next().unwrap_or_default();
            let is_elsewhere = file.is_empty() || file.contains("://");
            if !is_elsewhere && !folder.join(file).exists() {
                dead.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

/// The targets of `[text](target)` outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece between back quotes is code.
        let prose: Vec<&str> = line.split('`').step_by(2).collect();
        for piece in prose.join("_").split("](").skip(1) {
            found.extend(piece.split(')').next().map(str::to_string));
        }
    }
    found
}
