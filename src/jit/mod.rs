//! The compiler: expressions to machine code, or to what runs without.
//!
//! In: expressions of a [`Graph`], and the symbols whose values come at run
//! time. Out: a [`Kernel`], one function that computes all the expressions at
//! once and shares what they have in common. Plain data goes from room to room:
//!
//! 1. `entries`: expressions to the scalar graph, where arrays have become entries and loops.
//! 2. `program`: the scalar graph to a kernel: loops that go over the same range become one, what does not depend on
//!    a loop's counter leaves it, products with the rows of one matrix become one pass.
//! 3. `bodies`: loops to straight lines of vector operations. `wide` decides what runs them: vector code where the
//!    machine has AVX-512 or AVX2 (`x86`), else loops over pairs of doubles.
//! 4. `cranelift`: the rest of the kernel to Cranelift's form and to machine code; `native` runs it.
//! 5. `run`: what stands beside the code while it runs. Its `frame`, and that of `bodies`, is what the steps hand on.
//!
//! `blocks` takes the place of `wide` and `cranelift` where no code may be made, and for what does not pay for it: the
//! same bodies run by blocks of lanes, the rest of a kernel as a register program. The feature `jit` of the crate is
//! everything that names machine code; without it there are `blocks` alone.
//!
//! **A fault is a returned error, never a crash**: a position in memory is
//! proven to lie in its array when the kernel is compiled, else it is checked
//! when it runs. **Costs are linear**: compiling in the nodes, whatever the
//! ranges; running in the operations that the expressions name, and never in
//! the size of an array for every term that adds to one entry of it.
//!
//! Sums may be computed in another order than written and with fused
//! multiplication, always in the same way on the same machine.

mod blocks;
mod bodies;
#[cfg(feature = "jit")]
mod cranelift;
mod entries;
mod kernel;
#[cfg(feature = "jit")]
mod native;
mod program;
mod run;
#[cfg(feature = "jit")]
mod wide;
#[cfg(all(feature = "jit", target_arch = "x86_64", unix))]
mod x86;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rustc_hash::FxHashMap;

pub(crate) use kernel::Alone;
pub use kernel::{Fault, Kernel, Stats};

use crate::expr::{ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::memory;
use crate::ops::Composed;
use entries::dag::Kind;
use entries::translate::Translation;
use kernel::{Way, lay_out};
#[cfg(feature = "jit")]
use native::Native;
use program::{Program, count, passes, schedule};
use run::tables::Tables;

pub use crate::special::vector::Simd;

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Long loops look at this and end with [`Fault::Interrupted`] once it is
    /// set.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Which loops become vector code, where the machine has it, or run by blocks.
    pub wide: Choice,
    /// Threads that long loops and large products may use; none and one are the same. Values do not depend
    /// on it.
    pub threads: usize,
    /// Vector code of this level at most, else of [`Simd::here`].
    pub simd: Option<Simd>,
}

/// Which loops become vector code, or that there is no machine code at all. A build without the feature `jit` has the
/// block engine for all of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Vector code for loops that are long enough for it to pay.
    #[default]
    Auto,
    /// For all that can.
    Always,
    /// For none.
    Never,
    /// No machine code: the block engine. It runs loops by blocks where that pays, or all that can if `always`.
    Blocks {
        /// Whether short loops as well.
        always: bool,
    },
}

/// Why expressions cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// A symbol that is neither an input nor known, or an index that nothing
    /// binds.
    Unassigned {
        /// The symbol.
        symbol: SymbolId,
    },
    /// The arrays do not fit into memory.
    TooLarge,
    /// This machine, or this process, cannot run compiled code.
    Unsupported {
        /// What the back end says.
        reason: String,
    },
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Unassigned { .. } => write!(f, "a symbol has no value"),
            CompileError::TooLarge => write!(f, "an array does not fit into memory"),
            CompileError::Unsupported { reason } => write!(f, "cannot compile here: {reason}"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Entries of all buffers and outputs together may not pass this.
const MOST_ENTRIES: usize = 1 << 40;

/// Compiles `outputs` into one function of the entries of `inputs`.
///
/// The input vector holds the inputs one after the other, the output vector
/// the outputs; arrays lie row by row. Known values are those of the graph at
/// this moment.
///
/// ```
/// use gradus::expr::{Graph, Symbol};
/// use gradus::jit::{Options, compile};
/// use gradus::shape::Shape;
///
/// let mut g = Graph::new();
/// let symbol = g.declare(Symbol::unknown("x", Shape::Scalar));
/// let x = g.leaf(symbol);
/// let square = g.powi(x, 2);
/// let kernel = compile(&g, &[square, x], &[symbol], &Options::default())?;
/// let mut out = [0.0; 2];
/// assert_eq!(kernel.call(&[3.0], &mut out), Ok(()));
/// assert_eq!(out, [9.0, 3.0]);
/// # Ok::<(), gradus::jit::CompileError>(())
/// ```
pub fn compile(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
    options: &Options,
) -> Result<Kernel, CompileError> {
    build(g, outputs, inputs, options, None)
}

/// What [`show`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The kernel with its loops, loads, stores and operations.
    Kernel,
    /// The form that Cranelift gets.
    Clif,
    /// What Cranelift makes of it: the instructions of this machine.
    Assembly,
}

/// What `outputs` become, as text.
pub fn show(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
    stage: Stage,
) -> Result<String, CompileError> {
    if stage == Stage::Kernel {
        let (program, _) = plan(g, outputs, inputs)?;
        return Ok(program.to_string());
    }
    let mut text = String::new();
    build(g, outputs, inputs, &Options::default(), Some((stage, &mut text)))?;
    Ok(text)
}

/// The operations on numbers in one run of what `outputs` become, by the rules
/// of `count`: an elementary function is one, a product of matrices `m*n*(2*k - 1)`.
pub fn operations(g: &Graph, outputs: &[ExprId], inputs: &[SymbolId]) -> Result<f64, CompileError> {
    let (program, _) = scheduled(g, outputs, inputs)?;
    Ok(count::operations(&program))
}

fn build(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
    options: &Options,
    listing: Option<(Stage, &mut String)>,
) -> Result<Kernel, CompileError> {
    let start = Instant::now();
    let only_blocks = cfg!(not(feature = "jit")) && listing.is_none();
    let by_blocks = matches!(options.wide, Choice::Blocks { .. }) || only_blocks;
    let (mut program, n_in) = match by_blocks {
        // It has no passes: they save reading a matrix twice, which is not what takes its time.
        true => scheduled(g, outputs, inputs)?,
        false => plan(g, outputs, inputs)?,
    };
    let schedule_time = start.elapsed();
    let (tables, places) = lay_out(&mut program);
    let scratch = memory::numbers(places, &|| "the arrays of a kernel".into())
        .map_err(|_| CompileError::TooLarge)?;
    let way = if by_blocks {
        Way::Blocks(Box::new(blocks::Engine::new(&program, tables, scratch, options)))
    } else {
        native(&program, tables, scratch, options, listing)?
    };
    let n_out = outputs.iter().map(|&e| g.shape(e).len()).sum();
    let stats = Stats {
        operations: program.instrs.len(),
        groups: program.groups.len(),
        code_bytes: 0,
        wide_loops: 0,
        scratch: places,
        schedule_time,
        compile_time: start.elapsed() - schedule_time,
    };
    Ok(Kernel::new(way, (n_in, n_out), stats))
}

#[cfg(feature = "jit")]
fn native(
    program: &Program,
    tables: Tables,
    scratch: Vec<f64>,
    options: &Options,
    listing: Option<(Stage, &mut String)>,
) -> Result<Way, CompileError> {
    Ok(Way::Native(Box::new(Native::new(program, tables, scratch, options, listing)?)))
}

#[cfg(not(feature = "jit"))]
fn native(
    _: &Program,
    _: Tables,
    _: Vec<f64>,
    _: &Options,
    _: Option<(Stage, &mut String)>,
) -> Result<Way, CompileError> {
    Err(CompileError::Unsupported { reason: "this build makes no machine code".to_string() })
}

/// The kernel, and the length of the input vector.
fn plan(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
) -> Result<(Program, usize), CompileError> {
    let (mut program, n_in) = scheduled(g, outputs, inputs)?;
    passes::join(&mut program);
    Ok((program, n_in))
}

/// The kernel before passes over the rows of a matrix are joined.
fn scheduled(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &[SymbolId],
) -> Result<(Program, usize), CompileError> {
    let mut places = FxHashMap::default();
    let mut n_in = 0;
    for &s in inputs {
        places.insert(s, n_in);
        n_in += g.symbol(s).shape.len();
    }
    verify_symbols(g, outputs, &places)?;
    let program = match Composed::of(g, outputs) {
        None => translated(g, outputs, places),
        Some(made) => {
            let mut program = translated(&made.graph, &made.exprs, places);
            // Faults name nodes of the graph that was given.
            program.instrs.iter_mut().for_each(|instr| match &mut instr.kind {
                Kind::Whole(node)
                | Kind::Inside { node, .. }
                | Kind::Fold { node: Some(node), .. } => *node = made.origin(*node),
                _ => {}
            });
            program
        }
    };
    Ok((program, n_in))
}

fn translated(g: &Graph, outputs: &[ExprId], places: FxHashMap<SymbolId, usize>) -> Program {
    let mut t = Translation::new(g, outputs, places);
    let roots = t.outputs(outputs);
    let mut program = schedule::schedule(&t.dag, &roots);
    program.data = t.data;
    program.buffers = t.buffers;
    program.calls = t.calls;
    program
}

/// Every symbol has a value, no index is free, and all arrays can be held.
fn verify_symbols(
    g: &Graph,
    outputs: &[ExprId],
    inputs: &FxHashMap<SymbolId, usize>,
) -> Result<(), CompileError> {
    if let Some(&symbol) = outputs.iter().find_map(|&e| g.free_indices(e).first()) {
        return Err(CompileError::Unassigned { symbol });
    }
    let mut total = 0usize;
    for e in g.reachable(outputs) {
        if g.op(e) == Op::Diag {
            // A factor of a product is never formed.
            continue;
        }
        total = match g.shape(e).checked_len().and_then(|n| total.checked_add(n)) {
            Some(n) if n < MOST_ENTRIES => n,
            _ => return Err(CompileError::TooLarge),
        };
        let Some(symbol) = g.as_symbol(e) else {
            continue;
        };
        let known = g.symbol(symbol).value.is_some() || g.symbol(symbol).kind == SymbolKind::Index;
        if !known && !inputs.contains_key(&symbol) {
            return Err(CompileError::Unassigned { symbol });
        }
    }
    Ok(())
}
