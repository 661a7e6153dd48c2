//! What `gradus --help` shows, from the tables of commands and flags.

use super::args::{COMMANDS, FLAGS};

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
        out += &format!("  {:<24}{}\n", usage.trim_end(), row.doc);
    }
    out += "\nExit status: 0 done, 1 an error in the script or its data, 2 wrong usage,\n\
            3 not converged (--strict), 130 interrupted.\n";
    out
}
