//! stub
pub fn run(_: crate::cli::Front, _: crate::session::Settings) -> crate::cli::Exit { crate::cli::Exit::Done }
