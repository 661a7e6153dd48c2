//! Nothing that a script, its data, an argument or a file name holds moves the terminal.

use crate::cli_support::{Run, file, run, run_with};

/// A title, a cleared screen, a bell, a carriage return, C1 codes, text that runs backwards.
const EVIL: &str = "\x1b]0;title\x07\x1b[2J\x1b[31m\r\u{9b}2K\u{202e}\u{200b}\x7f\x08";

/// Whether a terminal would act on a text.
fn acts(text: &str) -> Option<char> {
    let is_unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t' || is_unseen(c))
}

fn is_still(what: &str, found: &Run) {
    for text in [&found.out, &found.err] {
        assert_eq!(acts(text), None, "{what}: {text:?}");
    }
}

#[test]
fn data_is_shown_escaped() {
    let csv = format!("a{EVIL}b,c,d\n1,2,x{EVIL}\n3,4,y\n");
    let folder = file("terminal-data", "data.csv", csv.as_bytes());
    let folder = folder.parent().expect("its folder");
    // Names of columns have escapes in them as they stand in the data, so the script reads them by place.
    let statements = [
        "columns(t)",
        "t",
        "print columns(t)",
        "levels(t.d)",
        "t.d",
        "print levels(t.d)",
        "print \"{t.c}\"",
        "t.nothing",
        "t[\"nothing\"]",
        "latex(sumsq(t.c))",
        "export t to \"copy.csv\"",
        "assert t.c[1] == 3",
        "onehot(t.d)",
    ];
    for statement in statements {
        let text = format!("let t = csv(\"data.csv\")\n{statement}\n");
        std::fs::write(folder.join("script.opt"), text).expect("a script");
        let script = folder.join("script.opt").display().to_string();
        is_still(statement, &run(&[&script]));
        let json = run(&["--json", &script]);
        is_still(statement, &json);
        for line in json.out.lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        }
    }
    // Bad data, quoted in messages.
    for (k, bad) in [format!("a,b\n1,{EVIL}\n"), format!("a\n1\n2,{EVIL}\n"), format!("{EVIL}\n")]
        .iter()
        .enumerate()
    {
        std::fs::write(folder.join("bad.csv"), bad).expect("data");
        std::fs::write(folder.join("bad.npy"), bad).expect("data");
        std::fs::write(folder.join("bad.opt"), bad).expect("a script");
        for read in ["csv(\"bad.csv\")", "npy(\"bad.npy\")", "use \"bad.opt\""] {
            std::fs::write(folder.join("script.opt"), read).expect("a script");
            let script = folder.join("script.opt").display().to_string();
            is_still(&format!("{k} {read}"), &run(&[&script]));
            is_still(&format!("{k} {read}"), &run(&["--json", &script]));
        }
    }
}

#[test]
fn strings_names_and_arguments_are_shown_escaped() {
    let texts = [
        format!("print \"{EVIL}\""),
        format!("\"{EVIL}\""),
        format!("let a = \"{EVIL}\"\na"),
        format!("csv(\"{EVIL}\")"),
        format!("1 + {EVIL}"),
        format!("let x{EVIL} = 1"),
        format!("# {EVIL}\nlamda"),
        format!("assert 1 == 2 # {EVIL}"),
        format!("## {EVIL}\nfn g(t) = t\nhelp g"),
        format!("var x\nminimize x^2 using {EVIL}"),
    ];
    for text in &texts {
        is_still(text, &run(&["-e", text]));
        is_still(text, &run(&["--json", "-e", text]));
        is_still(text, &run_with(&[], text.as_bytes()));
        is_still(text, &run(&["check", "--show", "ast", text]));
        is_still(text, &run_with(&["--show", "tokens", "-"], text.as_bytes()));
    }
    let arguments = [
        vec![EVIL],
        vec!["run", EVIL],
        vec!["help", EVIL],
        vec!["bench", EVIL, EVIL],
        vec!["--set", EVIL, "-e", "1"],
        vec!["--show", EVIL],
        vec!["--seed", EVIL],
        vec!["--allow-read", EVIL],
        vec![EVIL, EVIL, EVIL],
    ];
    for words in &arguments {
        is_still(&words.concat(), &run(words));
        is_still(&words.concat(), &run_with(&[], format!(":{}\n", words.join(" ")).as_bytes()));
    }
    let evil_name = format!("a{EVIL}.opt");
    let script = file("terminal-name", &evil_name, b"let a = b").display().to_string();
    is_still("file name", &run(&[&script]));
    is_still("file name", &run(&["--json", &script]));
    is_still("file name", &run_with(&[], format!(":load {script}\n").as_bytes()));
}
