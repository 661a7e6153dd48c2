//! What stands beside the code of a kernel while it runs: the record through which they speak, dense building blocks,
//! long loops in chunks, passes in parts, threads.

pub mod building;
pub mod dense;
pub mod frame;
pub mod host;
pub mod long;
pub mod pass_runs;
pub mod threads;
