//! Trust regions: quadratic models, and steps that minimize them within a radius.
//!
//! The dense model decomposes (`trust_region`, with `eigen`), the sparse one factors (`sparse_region`, with
//! `sparse_factor`, which alone names `faer`).

pub mod eigen;
pub mod sparse_factor;
pub mod sparse_region;
pub mod trust_region;
