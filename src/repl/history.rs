//! Where typed lines are kept: `$XDG_STATE_HOME/gradus/history`, else `~/.local/state/gradus/history`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file, whether it exists or not; none without a home.
pub fn file() -> Option<PathBuf> {
    place(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

/// Makes the folder of the file.
///
/// # Errors
///
/// Where it cannot be made.
pub fn make_folder(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), std::fs::create_dir_all)
}

fn place(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |folder: OsString| Some(PathBuf::from(folder)).filter(|path| path.is_absolute());
    let state = state.and_then(absolute);
    let folder = state.or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(folder.join("gradus").join("history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_folder_comes_before_the_home() {
        let shown = |state: Option<&str>, home: Option<&str>| {
            place(state.map(OsString::from), home.map(OsString::from))
        };
        assert_eq!(shown(Some("/s"), Some("/h")), Some(PathBuf::from("/s/gradus/history")));
        let home = Some(PathBuf::from("/h/.local/state/gradus/history"));
        assert_eq!(shown(None, Some("/h")), home);
        assert_eq!(shown(Some("relative"), Some("/h")), home);
        assert_eq!(shown(Some(""), None), None);
    }
}
