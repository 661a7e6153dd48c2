//! Judges of a solution: what kind of point it is (`verdict`, `sparse_verdict`, `beyond`), whether nothing is left to
//! be gained (`review`), and the statistics of a fit (`least_squares`, with `student_t`).

pub mod beyond;
pub mod least_squares;
pub mod review;
pub mod sparse_verdict;
pub mod student_t;
pub mod verdict;
