//! What stands beside the code of a kernel while it runs: the record through which they speak, dense building blocks,
//! long loops in chunks, passes in parts, threads.

pub mod building;
pub mod dense;
#[cfg(feature = "jit")]
pub mod frame;
#[cfg(feature = "jit")]
pub mod host;
#[cfg(feature = "jit")]
pub mod long;
#[cfg(feature = "jit")]
pub mod pass_runs;
pub mod tables;
pub mod threads;
