//! What is shown, and how: the part of an invocation that whoever shows results goes by.

use std::path::PathBuf;

/// How results are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// One JSON object a line on stdout, everything for people on stderr.
    pub json: bool,
    /// Only what the script asks for: values and `print`.
    pub quiet: bool,
    /// An optimization that does not converge makes the exit status 3.
    pub strict: bool,
    /// The environment has no say in how things are shown.
    pub sandbox: bool,
    /// Bytes that may be written to stdout and stderr.
    pub output: Option<u64>,
}

/// Where the text of a script comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The arguments of `-e`, one after the other.
    Code(Vec<String>),
}
