//! Which files a text may read and write.
//!
//! Scripts are handed around, by teachers, graders and strangers, so a script is trusted with its own
//! folder and the working folder, and with nothing else. What the user typed, at the prompt or after
//! `-e`, may read what the user may, unless the session is a sandbox. Rights belong to the text in
//! which a path stands, not to the statement that runs: a function from a stranger's file reads no more
//! when the user calls it.
//!
//! Paths are judged after links are resolved, and what is opened is the resolved path, its last part
//! not followed again. So neither `..` nor a link leads out. A path outside is refused whether or not
//! something is there, so that refusals tell nothing. Hard links cannot be told from files.

use std::path::{Component, Path, PathBuf};

/// What all texts of a session may read and write besides their own and the working folder.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Folders below which files may be read.
    pub read: Vec<PathBuf>,
    /// Folders below which files may be written.
    pub write: Vec<PathBuf>,
    /// Whether files that Gradus did not write may be replaced.
    pub force: bool,
    /// Whether the user's own words have the rights of a script only, and nothing comes from the environment.
    pub sandbox: bool,
    /// Where it is kept which files Gradus wrote; without it that is known for the session only.
    pub record: Option<PathBuf>,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The folders that the text is trusted with; `None` for the user's own words, which may read
    /// everything that the user may.
    pub trusted: Option<Vec<PathBuf>>,
}

impl Origin {
    /// The user's own words, with paths that start from a folder.
    pub fn own_words(folder: &Path) -> Origin {
        Origin { folder: folder.to_path_buf(), trusted: None }
    }

    /// A script in a folder.
    pub fn script(folder: &Path) -> Origin {
        Origin { folder: folder.to_path_buf(), trusted: Some(vec![folder.to_path_buf()]) }
    }

    /// A file in a folder that this text uses: it has the rights of this text and its own folder, and is
    /// never the user's own words.
    pub fn used(&self, folder: &Path) -> Origin {
        let mut trusted = self.trusted.clone().unwrap_or_default();
        trusted.push(folder.to_path_buf());
        Origin { folder: folder.to_path_buf(), trusted: Some(trusted) }
    }
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Read,
    Write,
}

/// A path leads to where the text may not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub deed: Deed,
    /// The folder to allow, for help.
    pub folder: PathBuf,
}

impl Denied {
    /// What went wrong, after the path.
    pub fn reason(&self) -> String {
        let verb = if self.deed == Deed::Read { "read" } else { "write" };
        format!("it is outside of the folders that this script may {verb}")
    }

    /// What to do instead.
    pub fn help(&self) -> String {
        let (does, flag) = match self.deed {
            Deed::Read => ("reads", "--allow-read"),
            Deed::Write => ("writes", "--allow-write"),
        };
        format!(
            "a script {does} files below its own folder and the working folder; if you trust it with more, run it \
             with `{flag} {}`",
            self.folder.display()
        )
    }
}

impl Access {
    /// The true place of a path of a text, links resolved.
    pub(super) fn place(&self, origin: &Origin, path: &str, deed: Deed) -> Result<PathBuf, Denied> {
        let found = resolved(&origin.folder.join(path));
        let own_words = origin.trusted.is_none() && !self.sandbox;
        if own_words || self.is_allowed(origin, &found, deed) {
            return Ok(found);
        }
        let folder = found.parent().unwrap_or(&found).to_path_buf();
        Err(Denied { deed, folder })
    }

    fn is_allowed(&self, origin: &Origin, found: &Path, deed: Deed) -> bool {
        let named = if deed == Deed::Read { &self.read } else { &self.write };
        if named.iter().any(|folder| found.starts_with(resolved(folder))) {
            return true;
        }
        // What the system shows of itself is below the working folder where that is `/`.
        let is_of_system =
            ["/proc", "/sys", "/dev", "/run"].iter().any(|folder| found.starts_with(folder));
        let own = origin.trusted.iter().flatten();
        let working = PathBuf::from(".");
        !is_of_system && own.chain([&working]).any(|folder| found.starts_with(resolved(folder)))
    }
}

/// A path with all links of its existing part resolved, and `.` and `..` taken away from the rest.
fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let parts: Vec<Component> = absolute.components().collect();
    for n in (1..=parts.len()).rev() {
        let existing: PathBuf = parts[..n].iter().collect();
        let Ok(mut whole) = existing.canonicalize() else { continue };
        for part in &parts[n..] {
            match part {
                Component::ParentDir => {
                    whole.pop();
                }
                Component::Normal(name) => whole.push(name),
                _ => {}
            }
        }
        return whole;
    }
    absolute
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with `in/data.csv`, `out/secret.csv`, and links between the two.
    fn folder(name: &str) -> PathBuf {
        let top = std::env::temp_dir().join(format!("gradus-access-{}-{name}", std::process::id()));
        for part in ["in/deep", "out"] {
            std::fs::create_dir_all(top.join(part)).expect("a folder");
        }
        std::fs::write(top.join("in/data.csv"), "a\n1\n").expect("a file");
        std::fs::write(top.join("out/secret.csv"), "a\n1\n").expect("a file");
        top.canonicalize().expect("a folder")
    }

    fn reads(access: &Access, origin: &Origin, path: &str) -> bool {
        access.place(origin, path, Deed::Read).is_ok()
    }

    #[test]
    fn a_script_reads_below_its_folder() {
        let top = folder("below");
        let script = Origin::script(&top.join("in"));
        let access = Access::default();
        for path in ["data.csv", "./deep/../data.csv", "deep/none.csv"] {
            assert!(reads(&access, &script, path), "{path}");
        }
        let whole = |path: &str| top.join(path).display().to_string();
        assert!(reads(&access, &script, &whole("in/data.csv")));
        let outside = [
            "../out/secret.csv".to_string(),
            "../out/none.csv".to_string(),
            "none/../../out/secret.csv".to_string(),
            whole("out/secret.csv"),
            "/proc/self/environ".to_string(),
            "/etc/passwd".to_string(),
            "..".to_string(),
            // A neighbour whose name begins with the folder's.
            whole("inside.csv"),
        ];
        for path in outside {
            assert!(!reads(&access, &script, &path), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_before_they_are_judged() {
        let top = folder("links");
        let link = |to: &str, from: &str| {
            let from = top.join(from);
            let _ = std::fs::remove_file(&from);
            std::os::unix::fs::symlink(to, from).expect("a link");
        };
        link("../out", "in/way");
        link("../out/secret.csv", "in/file.csv");
        link("../out/new.csv", "in/dangling.csv");
        link("deep", "in/fine");
        let script = Origin::script(&top.join("in"));
        let access = Access::default();
        for path in ["way/secret.csv", "way/none.csv", "file.csv"] {
            assert!(!reads(&access, &script, path), "{path}");
            assert!(access.place(&script, path, Deed::Write).is_err(), "{path}");
        }
        assert!(reads(&access, &script, "fine/none.csv"));
        // A link to nothing stays a path of its own, which is opened without following it.
        let place = access.place(&script, "dangling.csv", Deed::Write);
        assert_eq!(place, Ok(top.join("in/dangling.csv")));
    }

    #[test]
    fn rights_are_added_by_folders_and_kept_from_used_files() {
        let top = folder("rights");
        let script = Origin::script(&top.join("in"));
        let access = Access { read: vec![top.join("out")], ..Access::default() };
        assert!(reads(&access, &script, "../out/secret.csv"));
        assert!(access.place(&script, "../out/new.csv", Deed::Write).is_err());
        let own = Origin::own_words(&top.join("in"));
        assert!(reads(&Access::default(), &own, "/etc/passwd"));
        let used = own.used(&top.join("in"));
        assert!(!reads(&Access::default(), &used, "/etc/passwd"));
        assert!(reads(&Access::default(), &used, "data.csv"));
        let sandbox = Access { sandbox: true, ..Access::default() };
        assert!(!reads(&sandbox, &own, "/etc/passwd"));
        assert!(reads(&Access { read: vec!["/".into()], ..sandbox }, &own, "/proc/self/environ"));
    }
}
