//! Trust regions: quadratic models, and steps that minimize them within a radius.
//!
//! The dense model decomposes (`trust_region`, with `eigen`), the sparse one factors (`sparse_region`, with
//! `sparse_factor`, which alone names `faer`). `region_loop` has the trials, the test that accepts one, and the radius, for
//! every method, `dogleg` a path in the place of the exact minimizer; `second_order` the tests of methods that have the exact Hessian.

pub mod dogleg;
pub mod eigen;
pub mod region_loop;
pub mod second_order;
pub mod sparse_factor;
pub mod sparse_region;
pub mod trust_region;
