//! Flags and commands as tables, and what `gradus --help` shows of them.
//!
//! The parser of arguments reads the tables too: what is not in them is wrong usage.

/// The usage text.
pub fn text() -> String {
    let mut out = String::from("Gradus, a small language for optimization\n\n");
    for row in COMMANDS {
        let usage = format!("gradus {}", row.usage);
        out += &format!("  {:<24}{}\n", usage.trim_end(), row.doc);
    }
    out += "\nFlags, before or after the command:\n\n";
    for row in FLAGS {
        let usage = format!("{} {}", row.name, row.value);
        let doc = row.doc.replace('\n', &format!("\n{:26}", ""));
        out += &format!("  {:<24}{doc}\n", usage.trim_end());
    }
    out += "\nExit status: 0 done, 1 an error in the script or its data, 2 wrong usage,\n\
            3 not converged (--strict), 130 interrupted.\n";
    out
}

/// A row of the table of flags.
pub struct Flag {
    /// The flag with its dashes.
    pub name: &'static str,
    /// The name of its value; empty where it takes none.
    pub value: &'static str,
    /// One line for the usage text.
    pub doc: &'static str,
}

/// All flags, in the order of the usage text.
pub const FLAGS: &[Flag] = &[
    Flag { name: "-e", value: "CODE", doc: "run this text; may be given several times" },
    Flag { name: "--json", value: "", doc: "one JSON object a line on stdout, the rest on stderr" },
    Flag {
        name: "--quiet",
        value: "",
        doc: "only values, `print` and errors: no reports, no warnings",
    },
    Flag { name: "--seed", value: "N", doc: "the seed of random draws where the script sets none" },
    Flag { name: "--threads", value: "N", doc: "threads for large loops (1)" },
    Flag {
        name: "--memory",
        value: "2G",
        doc: "the most memory to use (what the machine has free)",
    },
    Flag { name: "--no-jit", value: "", doc: "the block engine instead of native code" },
    Flag {
        name: "--show",
        value: "STAGE",
        doc: "show a stage: tokens, ast, graph, simplified, grad, hess, kernel, clif, asm",
    },
    Flag {
        name: "--strict",
        value: "",
        doc: "exit status 3 where an optimization does not converge",
    },
    Flag {
        name: "--set",
        value: "n=100",
        doc: "another value for a `let`; may be given several times",
    },
    Flag {
        name: "--allow-read",
        value: "DIR",
        doc: "let scripts read files below this folder, too; may be given several times",
    },
    Flag {
        name: "--allow-write",
        value: "DIR",
        doc: "let scripts write files below this folder, too; may be given several times",
    },
    Flag { name: "--force", value: "", doc: "replace files that Gradus did not write" },
    Flag { name: "--time", value: "SECONDS", doc: "end the run after so many seconds" },
    Flag { name: "--output", value: "SIZE", doc: "end the run after so much output: 500K, 10M" },
    Flag {
        name: "--sandbox",
        value: "",
        doc: "for scripts of strangers: -e and the prompt may do no more than a script, nothing comes from the\n\
              environment, and --time 60 and --output 10M where these are not given",
    },
    Flag { name: "--version", value: "", doc: "show the version" },
    Flag { name: "--help", value: "", doc: "show this text" },
];

/// A row of the table of commands.
pub struct CommandRow {
    /// Its word; empty for the REPL.
    pub word: &'static str,
    /// How it is written after `gradus`.
    pub usage: &'static str,
    /// One line for the usage text.
    pub doc: &'static str,
}

/// All commands, in the order of the usage text.
pub const COMMANDS: &[CommandRow] = &[
    CommandRow {
        word: "",
        usage: "",
        doc: "talk to Gradus line by line; statements also come from a pipe",
    },
    CommandRow {
        word: "run",
        usage: "run FILE",
        doc: "run a script, or just `gradus FILE.opt`; `-` is standard input",
    },
    CommandRow {
        word: "check",
        usage: "check FILE",
        doc: "names, shapes and syntax, without running",
    },
    CommandRow {
        word: "help",
        usage: "help [TOPIC]",
        doc: "a function, method, statement or error code, with an example",
    },
    CommandRow { word: "fmt", usage: "fmt FILE", doc: "format a script (not built yet)" },
    CommandRow {
        word: "bench",
        usage: "bench FILE NAME",
        doc: "time a definition and its derivatives at its start values",
    },
];
