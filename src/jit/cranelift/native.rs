//! Machine code: the target, the module, and the memory that holds the code.

use std::sync::OnceLock;

use cranelift_codegen::Context;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, default_libcall_names};

use super::lower::{self, Given};
use super::pairs;
use crate::jit::Stage;
use crate::jit::program::{self, Program};
use crate::jit::run::frame::Entry;
use crate::jit::run::frame::PassEntry;
use crate::jit::run::frame::Plan;
use crate::jit::run::tables::Site;
use crate::jit::run::tables::Tables;
use crate::jit::wide::{self, Wide};
use crate::special::vector::Simd;

/// Above this many operations registers are assigned in one pass: the default
/// allocator takes more than linear time.
const LARGE: usize = 5000;

/// Compiled code.
pub struct Code {
    module: Option<JITModule>,
    pub entry: Entry,
    /// Bytes of code and constants.
    pub size: usize,
}

// SAFETY: a `Code` owns its module. After `compile` nothing in it changes until
// it is dropped: its memory is only executed and read, by any number of threads.
unsafe impl Send for Code {}
// SAFETY: as above; no method changes anything through a shared reference.
unsafe impl Sync for Code {}

impl Drop for Code {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: `entry` and those of passes, in the kernel's tables, are
            // the only pointers into this memory. They are private to the
            // kernel that owns this `Code`, which calls them only under a
            // borrow of itself; so no call is running now and none follows.
            unsafe { module.free_memory() }
        }
    }
}

/// What goes wrong only where the machine or the process does not let us
/// compile: no back end for this machine, no executable memory.
pub type NativeError = String;

/// Machine code for a kernel, the sites of its faults, and how to run its passes.
pub fn compile(
    program: &Program,
    tables: &Tables,
    wide: &Wide,
    interrupt: Option<usize>,
    mut listing: Option<(Stage, &mut String)>,
) -> Result<(Code, Vec<Site>, Vec<Plan>), NativeError> {
    let large = program.instrs.len() > LARGE;
    let isa = target(large)?;
    let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
    let mut context = Context::new();
    let mut builder_context = FunctionBuilderContext::new();
    let config = module.target_config();
    let mut size = 0;
    let mut define = |module: &mut JITModule, context: &mut Context| {
        if let Some((Stage::Clif, text)) = &mut listing {
            text.push_str(&context.func.display().to_string());
        }
        context.set_disasm(matches!(listing, Some((Stage::Assembly, _))));
        let id = module
            .declare_anonymous_function(&context.func.signature)
            .map_err(|e| e.to_string())?;
        module.define_function(id, context).map_err(|e| format!("{e:?}"))?;
        if let Some(code) = context.compiled_code() {
            size += code.buffer.total_size() as usize;
            if let Some((Stage::Assembly, text)) = &mut listing {
                text.push_str(code.vcode.as_deref().unwrap_or_default());
            }
        }
        Ok::<FuncId, NativeError>(id)
    };
    // Loops first: the others hold their addresses.
    let mut pairs: Vec<(usize, FuncId)> = Vec::new();
    let mut loops: Vec<usize> = wide.functions.keys().copied().collect();
    loops.sort_unstable();
    for k in loops {
        let f = &wide.functions[&k];
        let wide::Code::Pairs(body) = &f.code else { continue };
        let strides = f.pointers.iter().map(|p| p.stride).collect();
        let given = pairs::Loop { body, strides, params: f.params.len(), interrupt };
        let convention = module.isa().default_call_conv();
        context.func = pairs::function(&given, convention, config, &mut builder_context);
        pairs.push((k, define(&mut module, &mut context)?));
        context.clear();
    }
    module.finalize_definitions().map_err(|e| e.to_string())?;
    let address = |&(k, id): &(usize, FuncId)| (k, module.get_finalized_function(id) as usize);
    let pairs = pairs.iter().map(address).collect();

    lower::signature(&mut context.func.signature, &module);
    let given = Given { program, tables, wide, interrupt, config, pairs: &pairs };
    let (sites, outlined) = lower::lower(given, &mut context.func, &mut builder_context);
    let main = define(&mut module, &mut context)?;
    let mut passes = Vec::with_capacity(outlined.len());
    for o in outlined {
        context.clear();
        context.func = o.function;
        passes.push((
            define(&mut module, &mut context)?,
            program.passes[o.number],
            o.inputs,
            o.totals,
        ));
    }
    module.finalize_definitions().map_err(|e| e.to_string())?;
    let address = module.get_finalized_function(main);
    // SAFETY: the function was declared with the signature of `Entry` and the
    // C calling convention of this machine, and is defined and finalized.
    let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
    let plans = passes.into_iter().map(|(id, pass, inputs, totals)| {
        let address = module.get_finalized_function(id);
        // SAFETY: as above, with the signature of `PassEntry`.
        let entry = unsafe { std::mem::transmute::<*const u8, PassEntry>(address) };
        let program::Pass { blocks, part, work, .. } = pass;
        Plan { entry, blocks, part, work, inputs, totals }
    });
    let plans = plans.collect();
    Ok((Code { module: Some(module), entry, size }, sites, plans))
}

/// The machine we run on; worked out once.
fn target(large: bool) -> Result<OwnedTargetIsa, NativeError> {
    static TARGETS: [OnceLock<Result<OwnedTargetIsa, NativeError>>; 2] =
        [OnceLock::new(), OnceLock::new()];
    TARGETS[usize::from(large)].get_or_init(|| make_target(large)).clone()
}

fn make_target(large: bool) -> Result<OwnedTargetIsa, NativeError> {
    let mut flags = settings::builder();
    let mut set = |name: &str, value: &str| flags.set(name, value).map_err(|e| e.to_string());
    set("opt_level", "speed")?;
    set("is_pic", "false")?;
    set("use_colocated_libcalls", "false")?;
    set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" })?;
    set("regalloc_algorithm", if large { "single_pass" } else { "backtracking" })?;
    // The baseline is what every machine of its kind has; else all that this one has.
    let all = cfg!(not(target_arch = "x86_64")) || Simd::here() > Simd::Baseline;
    let builder = cranelift_native::builder_with_options(all).map_err(|e| e.to_string())?;
    builder.finish(settings::Flags::new(flags)).map_err(|e| e.to_string())
}
