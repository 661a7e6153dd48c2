//! The file where typed lines are kept.

use crate::diag::is_unseen;
use std::path::Path;

/// Makes the folder of the file.
///
/// # Errors
///
/// Where it cannot be made.
pub fn make_folder(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), std::fs::create_dir_all)
}

/// Takes lines out of the file that would move the terminal when they are recalled, such as pasted escape
/// sequences.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn clean(file: &Path) -> std::io::Result<()> {
    let Ok(bytes) = std::fs::read(file) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let is_plain = |line: &&str| !line.chars().any(|c| c.is_control() && c != '\t' || is_unseen(c));
    let kept: Vec<&str> = text.lines().filter(is_plain).collect();
    if kept.len() == text.lines().count() {
        return Ok(());
    }
    // The file keeps its mode.
    std::fs::write(file, kept.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_move_a_terminal_are_taken_out() {
        let file = std::env::temp_dir().join(format!("gradus-history-{}", std::process::id()));
        std::fs::write(&file, "#V2\nlet a = 3\nprint \"\x1b[2J\"\nθ\n").expect("a file");
        clean(&file).expect("a clean file");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "#V2\nlet a = 3\nθ\n");
    }
}
