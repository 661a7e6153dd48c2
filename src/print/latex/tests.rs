//! One golden line a notation.
