//! Gradus: a small language for optimization.
//!
//! People write an objective as on paper; Gradus differentiates it
//! symbolically, compiles it, and minimizes it. **What is shown is what runs**:
//! one expression graph is printed, compiled and optimized.
//!
//! [`Session`] runs source text and gives structured results:
//!
//! ```
//! use gradus::{Output, Session, Settings};
//!
//! let mut session = Session::new(Settings::default());
//! let script = "var x, y\nlet f = (x - 1)^2 + (y - 2*x)^2\ngrad(f)\nminimize f";
//! session.run("example", script, &mut |_, output| match output {
//!     Output::Value { text, .. } => println!("{text}"),
//!     Output::Fit { fit, .. } => assert_eq!(fit.status.name(), "converged"),
//!     _ => {}
//! });
//! ```
//!
//! The solvers alone minimize plain closures: see [`problem::ClosureProblem`]
//! and [`optim::driver::minimize`].
//!
//! Two wings that do not know each other meet in [`check`]. A module uses those
//! above it, never those below; `tests/docs/arrows.rs` holds that.
//!
//! - For all: [`memory`], where large arrays lie; [`patience`], when work ends
//!   early; [`work`], how long a search for a nice form may go on.
//! - Language, text and spans without mathematics: [`source`], [`diag`],
//!   [`syntax`].
//! - Mathematics, without spans or terminal: [`report`], [`special`], [`random`],
//!   [`shape`], [`data`], [`expr`], [`ops`], [`print`], [`poly`], [`simplify`],
//!   [`diff`], [`derivation`], [`eval`], [`equality`], [`convexity`],
//!   [`linear`], [`jit`], [`problem`], [`optim`], [`model`].
//! - Where they meet: [`check`], [`session`], and the ways to show it: [`front`], [`repl`], [`cli`].

pub mod memory;

pub mod patience;

pub mod work;

pub mod source;

pub mod diag;

pub mod syntax;

pub mod report;

pub mod special;

pub mod random;

pub mod shape;

pub mod data;

pub mod expr;

pub mod ops;

pub mod print;

pub mod poly;

pub mod simplify;

pub mod diff;

pub mod derivation;

pub mod eval;

pub mod equality;

pub mod convexity;

pub mod linear;

pub mod jit;

pub mod problem;

pub mod optim;

pub mod model;

pub mod check;

pub mod session;

pub mod front;

pub mod repl;

pub mod cli;

pub use session::{Outcome, Output, Session, Settings};
