//! What a kernel has beside what runs it: places, known values, building blocks, and where it may end.

#[cfg(feature = "jit")]
use super::frame::Plan;
use crate::expr::ExprId;
use crate::jit::entries::translate::DenseCall;
use crate::shape::Tensor;

/// Where a buffer lies while a kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the output vector, from this entry on.
    Output(usize),
    /// In the scratch memory, from this entry on.
    Scratch(usize),
}

/// The tables behind the numbers in a kernel.
#[derive(Debug, Default)]
pub struct Tables {
    /// Known values; compiled code holds their addresses.
    pub data: Vec<Tensor>,
    /// Place and length of every buffer.
    pub buffers: Vec<(Place, usize)>,
    pub calls: Vec<DenseCall>,
    /// Passes over the rows of a matrix, of compiled code.
    #[cfg(feature = "jit")]
    pub passes: Vec<Plan>,
}

/// A place in a kernel that may end it.
#[derive(Clone, Copy, Debug)]
pub enum Site {
    /// A number that should be whole; the bits of it are reported.
    NotWhole(ExprId),
    /// An index and the size of the axis.
    Outside(ExprId, usize),
    /// Nothing where there must be something.
    Empty(ExprId),
    /// Someone asked to stop.
    #[cfg(feature = "jit")]
    Interrupted,
    /// A building block panicked.
    #[cfg(feature = "jit")]
    Panicked,
}
