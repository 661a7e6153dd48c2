//! Linear least squares: orthogonal factors (`qr`), triangular factors of `J'J` (`normal_equations`), and steps of a
//! length that a damping parameter sets (`damped_step`).

pub mod damped_step;
pub mod normal_equations;
pub mod qr;
