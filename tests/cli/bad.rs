//! What is wrong on the command line, in a script or in its data gives a word on what it is and an exit status that
//! says so: never a panic, never nothing.
//!
//! To add a case, add a line to a table.

use crate::cli_support::{Run, file, program, run, run_with};
use std::ffi::OsString;

/// An exit status that was asked for, something to read, and no bug of ours.
#[track_caller]
fn is_told(what: &str, found: &Run, statuses: &[i32]) {
    let shown = format!("{what}: {:?}\n{:.500}\n{:.500}", found.status, found.out, found.err);
    assert!(found.status.is_some_and(|status| statuses.contains(&status)), "{shown}");
    assert!(!found.err.contains("E0900") && !found.err.contains("panicked"), "{shown}");
    assert!(found.status == Some(0) || !found.err.trim().is_empty(), "silence: {shown}");
}

/// Wrong usage; `SCRIPT` is a file that is fine.
const WRONG_USAGE: &[&[&str]] = &[
    &["--threads"],
    &["--threads", "0", "-e", "1"],
    &["--threads", "-1", "-e", "1"],
    &["--threads", "x", "-e", "1"],
    &["--threads", "1.5", "-e", "1"],
    &["--threads", "", "-e", "1"],
    &["--threads", "99999999999999999999999", "-e", "1"],
    &["--seed"],
    &["--seed", "x", "-e", "1"],
    &["--seed", "-1", "-e", "1"],
    &["--seed", "1e3", "-e", "1"],
    &["--seed=", "-e", "1"],
    &["--set", "a", "-e", "1"],
    &["--set", "=", "-e", "1"],
    &["--set", "a=", "-e", "1"],
    &["--set", "=1", "-e", "1"],
    &["--set", "1=1", "-e", "1"],
    &["--set", "let=1", "-e", "1"],
    &["--set", "a b=1", "-e", "1"],
    &["--set"],
    &["--show", "-e", "1"],
    &["--show", "nothing", "-e", "1"],
    &["--show"],
    &["--json=1", "-e", "1"],
    &["--quiet=yes", "-e", "1"],
    &["--no-such-flag"],
    &["--"],
    &["-", "-"],
    &["-x"],
    &["-e"],
    &["-", "-e", "1"],
    &["run"],
    &["run", "SCRIPT", "SCRIPT"],
    &["run", "run", "SCRIPT"],
    &["check"],
    &["check", "SCRIPT", "SCRIPT"],
    &["bench"],
    &["bench", "SCRIPT"],
    &["bench", "SCRIPT", "f", "g"],
    &["bench", "SCRIPT", "let"],
    &["bench", "SCRIPT", ""],
    &["bench", "SCRIPT", "1"],
    &["runn", "SCRIPT"],
    &["no-such-script"],
    &[""],
    &["SCRIPT", "-e", "1"],
    &["help", "--json"],
    &["fmt", "SCRIPT"],
    &["lsp"],
];

#[test]
fn wrong_usage() {
    let script = file("bad", "fine.opt", b"var x\nlet f = (x - 1)^2\n");
    let script = script.to_str().expect("UTF-8");
    for words in WRONG_USAGE {
        // `--` alone ends the flags and asks for the REPL, which reads nothing here.
        let statuses: &[i32] = if *words == ["--"] { &[0, 2] } else { &[2] };
        let words: Vec<&str> =
            words.iter().map(|w| if *w == "SCRIPT" { script } else { *w }).collect();
        is_told(&format!("{words:?}"), &run(&words), statuses);
    }
}

/// Usage that is odd and means something.
const FINE_USAGE: &[&[&str]] = &[
    &["--seed", "1", "--seed", "2", "-e", "1"],
    &["--json", "--json", "-e", "1"],
    &["--threads", "1000000000", "-e", "sum(sin(i*1.0) for i in 1..3000000)"],
    &["--seed", "18446744073709551615", "-e", "normal(0, 1)"],
    &["--set", "a=1", "--set", "a=2", "-e", "let a = 0\na"],
    &["-e", ""],
    &["-e", " ", "-e", "\n"],
];

#[test]
fn odd_usage_works() {
    for words in FINE_USAGE {
        is_told(&format!("{words:?}"), &run(words), &[0]);
    }
}

/// Scripts by their bytes, with the status of running and of checking them.
const SCRIPTS: &[(&str, &[u8], i32)] = &[
    ("empty", b"", 0),
    ("blank", b" \n\t\r\n", 0),
    ("mark only", b"\xEF\xBB\xBF", 0),
    ("mark", b"\xEF\xBB\xBF1 + 1", 0),
    ("two marks", b"\xEF\xBB\xBF\xEF\xBB\xBF1 + 1", 0),
    ("carriage returns", b"let a = 1\r\na\r\n", 0),
    ("old line ends", b"let a = 1\ra\r", 1),
    ("NUL", b"let a = \x00", 1),
    ("NUL in text", b"print \"a\x00b\" + 1", 1),
    ("not UTF-8", b"let a = \xFF\xFE", 1),
    ("UTF-16", b"\xFF\xFE1\x00+\x001\x00", 1),
    ("Latin-1", b"let \xE9 = 1", 1),
    ("cut character", b"let a = 1 # \xC3", 1),
    ("ELF", b"\x7FELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00>\x00", 1),
    ("zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00", 1),
    ("unclosed string", b"print \"abc", 1),
    ("unclosed brace in a string", b"print \"{1 + \"", 1),
    ("unclosed bracket", b"let a = (1 + [2", 1),
    ("unclosed block", b"for i in 1..3 { print i", 1),
    ("closed too often", b"let a = 1)", 1),
    ("only closing", b"}}}}", 1),
    ("half a statement", b"let", 1),
    ("half an expression", b"1 +", 1),
    ("control characters", b"\x1b]0;title\x07\x1b[2J", 1),
    ("a huge exponent", b"1e99999999999999999999", 0),
    ("a file of itself", b"use \"nothing here\"", 1),
    ("a folder as data", b"let t = csv(\"/\")", 1),
    ("no data", b"let t = csv(\"\")", 1),
    ("NUL in a path", b"let t = csv(\"a\\0b\")", 1),
    ("a very long path", b"LONG", 1),
];

#[test]
fn scripts_of_any_bytes() {
    for (what, bytes, status) in SCRIPTS {
        let bytes = match *bytes {
            b"LONG" => format!("let t = csv(\"{}\")", "x/".repeat(5_000)).into_bytes(),
            bytes => bytes.to_vec(),
        };
        let path = file("bad", "any.opt", &bytes);
        let path = path.to_str().expect("UTF-8");
        is_told(what, &run(&["run", path]), &[*status]);
        is_told(what, &run_with(&["run", "-"], &bytes), &[*status]);
        is_told(what, &run_with(&[], &bytes), &[*status]);
        is_told(what, &run(&["--json", path]), &[*status]);
        let checked = run(&["check", path]);
        is_told(what, &checked, &[*status]);
    }
}

/// Data by their bytes; none of them is a table of numbers with a column `a`.
const DATA: &[(&str, &[u8])] = &[
    ("empty", b""),
    ("blank", b"\n\n  \n"),
    ("a header only", b"a,b\n"),
    ("NUL", b"a\n1\n\x00\n"),
    ("not UTF-8", b"a\n\xFF\n"),
    ("UTF-16", b"\xFF\xFEa\x00"),
    ("gzip", b"\x1F\x8B\x08\x00"),
    ("ragged", b"a,b\n1,2\n3\n"),
    ("an open quote", b"a\n\"1\n2\n"),
    ("after a quote", b"a\n\"1\"2\n"),
    ("twice the name", b"a,a\n1,2\n"),
    ("a word among numbers", b"a\n1\nx\n"),
    ("missing", b"a\n1\nNA\n"),
    ("not a number", b"a\n1\nnan\n"),
    ("another column", b"b\n1\n"),
];

#[test]
fn data_of_any_bytes() {
    let script = file("bad", "reads.opt", b"let t = csv(\"any.csv\")\nsum(t.a)\n");
    let array = file("bad", "array.opt", b"let t = npy(\"any.csv\")\nsum(t)\n");
    for (what, bytes) in DATA {
        file("bad", "any.csv", bytes);
        is_told(what, &run(&[script.to_str().expect("UTF-8")]), &[1]);
        is_told(what, &run(&[array.to_str().expect("UTF-8")]), &[1]);
    }
}

#[test]
fn a_line_of_megabytes() {
    let long = "x".repeat(3_000_000);
    for (what, text) in [
        ("a name", long.clone()),
        ("a string", format!("print \"{long}")),
        ("a comment", format!("#{long}\nmissing")),
        ("a number", format!("{}x", "1".repeat(3_000_000))),
        ("operators", "+".repeat(1_000_000)),
    ] {
        let path = file("bad", "long.opt", text.as_bytes());
        let found = run(&[path.to_str().expect("UTF-8")]);
        is_told(what, &found, &[1]);
        assert!(found.err.len() < 100_000, "{what}: {} bytes of errors", found.err.len());
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(b"no\xFFtext.opt".to_vec());
    let all: [Vec<OsString>; 6] = [
        vec![odd()],
        vec!["run".into(), odd()],
        vec!["-e".into(), odd()],
        vec!["--set".into(), odd(), "-e".into(), "1".into()],
        vec!["bench".into(), odd(), odd()],
        vec!["help".into(), odd()],
    ];
    for words in all {
        let output = program().args(&words).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        is_told(&format!("{words:?}"), &Run { status: output.status.code(), out, err }, &[1, 2]);
    }
}

#[cfg(unix)]
#[test]
fn files_that_are_no_scripts() {
    let folder = file("bad", "placeholder", b"").with_file_name("folder.opt");
    std::fs::create_dir_all(&folder).expect("a folder");
    for words in [&["run"][..], &["check"], &[]] {
        let path = folder.to_str().expect("UTF-8");
        is_told("a folder", &run(&[words, &[path]].concat()), &[1]);
        is_told("nothing", &run(&[words, &["/no/such/place/a.opt"]].concat()), &[1]);
    }
    is_told("a device", &run(&["run", "/dev/null"]), &[0]);
}
