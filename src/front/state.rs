//! Where things are kept from one run to the next: `$XDG_STATE_HOME/gradus`, else `~/.local/state/gradus`.

use std::ffi::OsString;
use std::path::PathBuf;

/// The file of that name, whether it exists or not; none without a home.
pub fn file(name: &str) -> Option<PathBuf> {
    let folder = place(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))?;
    Some(folder.join(name))
}

fn place(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |folder: OsString| Some(PathBuf::from(folder)).filter(|path| path.is_absolute());
    let state = state.and_then(absolute);
    let folder = state.or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(folder.join("gradus"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_folder_comes_before_the_home() {
        let shown = |state: Option<&str>, home: Option<&str>| {
            place(state.map(OsString::from), home.map(OsString::from))
        };
        assert_eq!(shown(Some("/s"), Some("/h")), Some(PathBuf::from("/s/gradus")));
        let home = Some(PathBuf::from("/h/.local/state/gradus"));
        assert_eq!(shown(None, Some("/h")), home);
        assert_eq!(shown(Some("relative"), Some("/h")), home);
        assert_eq!(shown(Some(""), None), None);
    }
}
