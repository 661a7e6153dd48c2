//! The operators, by name only. What each means is its row in `ops`.

/// An operator. The row in `ops::table` says everything about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[rustfmt::skip]
pub enum Op {
    // Leaves.
    Num, Symbol,
    // Arithmetic; Had is the elementwise product of arrays, Mul has at most
    // one array among its factors.
    Add, Mul, Had, Pow, MatMul, Transpose,
    // Logic.
    Lt, Le, Gt, Ge, Eq, Ne, And, Or, Not, If,
    // Elementwise functions.
    Exp, Log, Log2, Log10, Log1p, Expm1, Sqrt, Cbrt, Abs, Sign, Floor, Ceil, Round,
    Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh, Atan2,
    Erf, Erfc, Erfcx, ErfInv, NormCdf, NormPdf, LogNormCdf, Log1mExp, XLogY, Sinc, SincDerivative, Gamma, Lgamma, Digamma, Trigamma,
    Polygamma, Beta, Lbeta, Sigmoid, Softplus, LogCosh, Relu,
    Min2, Max2, Hypot, Mod, Dropout, Running,
    // Reductions of arrays.
    SumAll, ProdAll, MeanAll, MinAll, MaxAll, Norm, Norm1, NormInf, SumSq, Dot, LogSumExpAll,
    RowSum, ColSum, RowMean, ColMean, RowMax, ColMax, RowLogSumExp, ColLogSumExp,
    // One at the first largest entry: of all, of every row, of every column.
    HardMax, RowHardMax, ColHardMax,
    // Matrix functions.
    Tr, Det, LogDet, Inv, Diag, CumSum,
    // Arrays: literals, constant arrays, broadcasts, entries and blocks, and
    // the adjoints of reading an entry or a block.
    Stack, Fill, Eye, Bcast, Elem, Block, Place, PlaceBlock, Reshape,
    // A derivative not yet taken, in the lines of a derivation only.
    Diff,
    // Binders: arguments are lower end, upper end, condition, body.
    Sum, Prod, Min, Max, LogSumExp, ArgMin, ArgMax, Comp,
}

impl Op {
    /// Number of operators.
    pub const COUNT: usize = Op::Comp as usize + 1;
    /// Position of the lower end among a binder's arguments.
    pub const BINDER_LO: usize = 0;
    /// Position of the upper end.
    pub const BINDER_HI: usize = 1;
    /// Position of the condition (the number 1 where there is none).
    pub const BINDER_COND: usize = 2;
    /// Position of the body.
    pub const BINDER_BODY: usize = 3;

    /// Whether this binds an index: [`Data`](super::Data) is the index, the
    /// arguments are `[lower end, upper end, condition, body]`.
    pub fn is_binder(self) -> bool {
        matches!(
            self,
            Op::Sum
                | Op::Prod
                | Op::Min
                | Op::Max
                | Op::LogSumExp
                | Op::ArgMin
                | Op::ArgMax
                | Op::Comp
        )
    }

    /// Whether the order of the arguments does not matter.
    pub fn commutes(self) -> bool {
        matches!(self, Op::Add | Op::Mul | Op::Had | Op::Dot)
    }
}
