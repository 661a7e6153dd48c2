//! The parser that `build.rs` makes from `grammar/gradus.lalrpop`, in a module of its own, because
//! generated code does not keep the lints of the house.

lalrpop_util::lalrpop_mod!(
    #[allow(clippy::all, clippy::pedantic, missing_docs, unused, rustdoc::all)]
    gradus
);

pub(super) use self::gradus::StatementParser;
