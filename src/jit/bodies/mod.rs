//! The bodies of loops as straight lines of vector operations.
//!
//! `select` (with `functions`, `effects`, `scatter`) makes a `body` of a loop's operations; elementary functions become
//! arithmetic (`recorded`) where the target has them not.

pub mod body;
mod effects;
pub mod frame;
mod functions;
mod recorded;
pub mod scatter;
pub mod select;
