//! What compiled code needs from outside: the functions that it calls, and the
//! record through which they speak.
//!
//! Compiled code uses the C calling convention, the operator table holds Rust
//! functions. So every call goes through an `extern "C"` function here that
//! gets the Rust function as an argument. No panic may unwind through compiled
//! code: those that call what may panic catch it, and [`Kernel::call`]
//! continues it outside.
//!
//! [`Kernel::call`]: crate::jit::Kernel::call

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::frame::{Sum, sum_of};
use super::{building, dense};
use crate::jit::entries::translate::Dense;
use crate::jit::run::frame::Run;
use crate::patience;

/// Calls a function of one number.
///
/// # Safety
///
/// `f` is a `fn(f64) -> f64`.
pub unsafe extern "C" fn call_unary(f: *const (), x: f64) -> f64 {
    // SAFETY: compiled code passes the address of the value function of a row
    // with `Value::Unary`, a `fn(f64) -> f64`; function pointers and data
    // pointers have one size on all targets with a Cranelift back end.
    let f: fn(f64) -> f64 = unsafe { std::mem::transmute(f) };
    f(x)
}

/// Calls a function of two numbers.
///
/// # Safety
///
/// `f` is a `fn(f64, f64) -> f64`.
pub unsafe extern "C" fn call_binary(f: *const (), x: f64, y: f64) -> f64 {
    // SAFETY: as in `call_unary`, for a row with `Value::Binary`.
    let f: fn(f64, f64) -> f64 = unsafe { std::mem::transmute(f) };
    f(x, y)
}

/// Sets `len` numbers to zero.
///
/// # Safety
///
/// They lie in memory that the running kernel owns.
pub unsafe extern "C" fn set_zero(at: *mut f64, len: usize) {
    // SAFETY: compiled code passes the start and the length of a buffer, which
    // lies within the output or the scratch memory of this run and is not read
    // or written by anyone else meanwhile. A double of zero bytes is 0.
    unsafe { std::ptr::write_bytes(at, 0, len) }
}

/// Runs a dense building block. Returns 0, or 1 after a panic.
///
/// # Safety
///
/// `run` is the run that [`Kernel::call`](crate::jit::Kernel::call) gave to the
/// compiled code that calls this.
pub unsafe extern "C" fn run_dense(run: *mut Run, call: usize) -> i64 {
    // SAFETY: compiled code hands on the pointer that `Kernel::call` passed to
    // it, to a `Run` that lives for the whole call and to which no reference
    // exists meanwhile.
    let run = unsafe { &mut *run };
    let work = || {
        patience::look();
        run_call(run, call)
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => 0,
        Err(panic) => {
            run.panic = Some(panic);
            1
        }
    }
}

/// Runs some rows of a dense building block that is part of a pass. Returns 0, or 1 after a panic.
///
/// # Safety
///
/// As for [`run_dense`].
pub unsafe extern "C" fn run_rows(run: *mut Run, call: usize) -> i64 {
    // SAFETY: as in `run_dense`.
    let run = unsafe { &mut *run };
    let work = || {
        patience::look();
        run_call_rows(run, call)
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => 0,
        Err(panic) => {
            run.panic = Some(panic);
            1
        }
    }
}

fn run_call_rows(run: &mut Run, number: usize) {
    let (from, to) = (run.rows[0] as usize, run.rows[1] as usize);
    let mut sums = std::mem::take(&mut run.sums);
    // SAFETY: as in `run_call`.
    let tables = unsafe { &*run.tables };
    let call = &tables.calls[number];
    // Other parts of the pass may be writing to other rows.
    let rows = |arg: usize, width: usize| {
        run.slice(tables, call.args[arg].0, from * width, (to - from) * width)
    };
    match call.what {
        // z = X*w, by rows of X.
        Dense::Product { m, k, left_turned: false, .. } => {
            debug_assert!(to <= m);
            let (place, _) = tables.buffers[call.out.0 as usize];
            // SAFETY: as in `run_call`; nobody else uses these rows meanwhile.
            let z =
                unsafe { std::slice::from_raw_parts_mut(run.start(place).add(from), to - from) };
            dense::dots(rows(0, k), run.slice(tables, call.args[1].0, 0, k), z);
        }
        // g = X'*r, by rows of X.
        Dense::Product { m, .. } => {
            if let Sum::Column(g) = sum_of(&mut sums, number, || Sum::Column(vec![0.0; m])) {
                dense::add_turned(rows(0, m), rows(1, 1), g);
            }
        }
        Dense::Gram { n, .. } => {
            if let Sum::Gram(gram) = sum_of(&mut sums, number, || Sum::Gram(dense::Gram::new(n))) {
                gram.add(rows(0, n), (call.args.len() > 1).then(|| rows(1, 1)));
            }
        }
        Dense::Row { .. }
        | Dense::Scale { .. }
        | Dense::Others
        | Dense::Factor { .. }
        | Dense::FromFactors { .. } => unreachable!("no part of a pass"),
    }
    run.sums = sums;
}

fn run_call(run: &Run, number: usize) {
    // SAFETY: `tables` points into the kernel that runs, which the caller of
    // `Kernel::call` borrows.
    let tables = unsafe { &*run.tables };
    let call = &tables.calls[number];
    let args: Vec<&[f64]> =
        call.args.iter().map(|&(base, len)| run.slice(tables, base, 0, len)).collect();
    // SAFETY: buffers do not overlap one another, the input or known values,
    // and a building block never reads the buffer that it writes, so this is
    // the only reference to these numbers.
    let out = unsafe { &mut *run.output_of(tables, number) };
    building::run(call, run.threads, &args, out);
}
