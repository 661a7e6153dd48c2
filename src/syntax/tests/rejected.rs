//! Mistakes, and what is said of them: `rejected.txt` holds a mistake a line, and below each, indented,
//! what it draws (`¶` stands for a new line). `BLESS=1` writes what is drawn now.

use super::parsed;
use std::fmt::Write;

#[test]
fn mistakes_draw_what_the_file_says() {
    let before = include_str!("rejected.txt");
    let mut now = String::new();
    for mistake in before.lines().filter(|line| !line.starts_with("    ")) {
        let _ = writeln!(now, "{mistake}");
        let (_, said) = parsed(&mistake.replace('¶', "\n"));
        assert!(!said.is_empty(), "nothing is said of {mistake}");
        for d in said {
            let _ = writeln!(now, "    {} {}", d.code, d.message);
            if let Some(help) = d.help {
                let _ = writeln!(now, "    help: {help}");
            }
        }
    }
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/syntax/tests/rejected.txt");
        std::fs::write(path, now).expect("the file can be written");
    } else {
        assert!(before == now, "now:\n{now}\nrun with BLESS=1 to keep it");
    }
}

#[test]
fn wrong_programs_of_the_registry_draw_their_codes_and_right_ones_none() {
    use crate::diag::codes;
    for code in codes::all() {
        let row = code.info();
        let (_, said) = parsed(row.right);
        assert_eq!(said, [], "the right program of {code}");
        // The other codes are drawn by other rooms, and E0106 by bytes that are no text.
        if code.id().starts_with("E01") && code != codes::E0106 || code.id().starts_with("E02") {
            let (_, said) = parsed(row.wrong);
            assert_eq!(said.first().map(|d| d.code), Some(code), "{said:#?}");
        }
    }
}
