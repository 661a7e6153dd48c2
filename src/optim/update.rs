//! What a first-order method does with a gradient, given from outside: the update of an `optimizer`.

/// Why an update has no new point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Someone asked to stop.
    Interrupted,
    /// One of its formulas has no value there.
    NoValue,
}

/// An update with its states.
pub trait Step {
    /// Moves `x: n` by the gradient `g: n` and the value `f` at `x`, in step `t` from 1.
    ///
    /// # Errors
    ///
    /// Where there is no new point; `x` and the states are then as before.
    fn step(&mut self, x: &mut [f64], g: &[f64], f: f64, t: usize) -> Result<(), Failed>;

    /// The point that is reported, where it is not `x`; after a step.
    fn answer(&self) -> Option<&[f64]>;
}
