//! The registry of codes: every number, its title, and a page about it.
//!
//! A row gives the number, a title, a short explanation, one wrong program and one right one; the
//! tables are in `codes/`, one file per stage. Numbers are explicit, grow, and are never reused:
//!
//! ```text
//! E01xx lexing    E03xx names     E05xx differentiation    E07xx run time    W0xxx warnings
//! E02xx grammar   E04xx shapes    E06xx problem statement  E09xx bugs of ours
//! ```
//!
//! To add a code, add a row to the file of its stage. From the row follow the constant
//! (`codes::E0301`), its entry in [`all`], `gradus help E0301` and its page under `docs/`.

mod meaning;
mod problem;
mod text;
mod warnings;

pub use meaning::*;
pub use problem::*;
pub use text::*;
pub use warnings::*;

use std::fmt;

/// The row of a code.
#[derive(Debug)]
pub struct CodeInfo {
    /// `E0301`
    pub id: &'static str,
    /// A few words, lower case.
    pub title: &'static str,
    /// A sentence or three for somebody who meets it for the first time.
    pub explanation: &'static str,
    /// A small program that draws it.
    pub wrong: &'static str,
    /// The same program, mended.
    pub right: &'static str,
}

/// A code: a row of the table.
#[derive(Clone, Copy)]
pub struct Code(&'static CodeInfo);

impl Code {
    /// `E0301`
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// Its row.
    pub fn info(self) -> &'static CodeInfo {
        self.0
    }

    /// The code of an id, in upper or lower case.
    pub fn find(id: &str) -> Option<Code> {
        all().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Every code, in the order of the tables.
pub fn all() -> impl Iterator<Item = Code> {
    [text::ROWS, meaning::ROWS, problem::ROWS, warnings::ROWS].into_iter().flatten().copied()
}

/// Makes a constant of each row, and the list `ROWS` of them all.
macro_rules! rows {
    ($($id:ident $title:literal $explanation:literal wrong $wrong:literal right $right:literal)*) => {
        $(
            #[doc = $title]
            pub const $id: super::Code = super::Code(&super::CodeInfo {
                id: stringify!($id),
                title: $title,
                explanation: $explanation,
                wrong: $wrong,
                right: $right,
            });
        )*
        /// Every row of this file.
        pub(super) const ROWS: &[super::Code] = &[$($id),*];
    };
}
use rows;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_no_number_is_used_twice() {
        let mut seen = std::collections::HashSet::new();
        for code in all() {
            let row = code.info();
            assert!(seen.insert(row.id), "{code} is used twice");
            assert!(row.id.len() == 5 && row.id.starts_with(['E', 'W']), "{code}");
            assert!(row.title.starts_with(|c: char| !c.is_uppercase()), "{code}: {}", row.title);
            assert!(!row.title.ends_with('.') && row.explanation.ends_with('.'), "{code}");
            assert!(!row.right.is_empty() && row.wrong != row.right, "{code}");
        }
        assert_eq!(Code::find("e0301"), Some(E0301));
    }
}
