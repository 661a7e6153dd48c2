//! From text to tree.
//!
//! In comes a text; out go tokens ([`lex`]), a tree ([`parse()`]), and for the REPL answers about text
//! that is being typed. The stages, each in its own file:
//!
//! ```text
//! token    text to tokens; never fails, faulty text has tokens of its own
//! layout   tokens to statements: the rule of new lines, contextual words, brackets
//! grammar  (../../grammar/gradus.lalrpop) one statement to nodes, through `builder`
//! hints    what is said where the grammar gave up
//! ```
//!
//! The room knows `source` and `diag`, and no function, method or option by name: `foo(1)` is a call of
//! `foo`, whatever that is. It never panics and never recurses, whatever the text holds; a million
//! nested brackets are a matter of memory. `check` gives the tree its meaning.

pub mod ast;
mod builder;
mod clauses;
mod dump;
mod format;
mod generated;
mod highlight;
mod hints;
mod layout;
mod lexical;
mod literal;
mod parse;
mod place;
pub mod statements;
mod token;

#[cfg(test)]
mod tests;

pub use ast::Ast;
pub use dump::dump_tokens;
pub use highlight::{Class, highlight};
pub use parse::{Completeness, completeness, parse};
pub use statements::is_reserved_word;
pub use token::{Lexeme, Token, lex, starts_with_clause_word};
