//! Kernels to Cranelift's intermediate form: blocks and branches.
//!
//! A fault jumps to one shared exit that records the value at fault and
//! returns the number of its site.

use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, Function, InstBuilder, MemFlagsData, SigRef, Signature, Value, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::Module;
use rustc_hash::FxHashMap;

use super::pass_code::Outlined;
use crate::jit::entries::vars::VarId;
use crate::jit::program::{GroupKind, InstrId, Item, Program};
use crate::jit::run::frame::Run;
use crate::jit::run::tables::Site;
use crate::jit::run::tables::Tables;
use crate::jit::wide::Wide;

/// Signatures of the functions outside.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    pub unary: SigRef,
    pub binary: SigRef,
    pub zero: SigRef,
    pub dense: SigRef,
    pub wide: SigRef,
    pub long: SigRef,
    pub pass: SigRef,
}

/// What is lowered.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub program: &'a Program,
    pub tables: &'a Tables,
    pub wide: &'a Wide,
    /// The address of the interrupt.
    pub interrupt: Option<usize>,
    pub config: TargetFrontendConfig,
    /// Where the functions of wide loops are that Cranelift has compiled.
    pub pairs: &'a FxHashMap<usize, usize>,
}

/// An operation's result: a number, a whole number or a truth value.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Empty,
    Value(Value),
    Truth(Value),
}

pub(super) struct Lowering<'a, 'f> {
    pub given: Given<'a>,
    pub program: &'a Program,
    pub tables: &'a Tables,
    pub wide: &'a Wide,
    pub b: FunctionBuilder<'f>,
    pub slots: Vec<Slot>,
    pub counters: FxHashMap<VarId, Value>,
    pub input: Value,
    pub output: Value,
    pub scratch: Value,
    pub run: Value,
    pub outside: Outside,
    pub fused: bool,
    fault: Block,
    pub sites: Vec<Site>,
    pub interrupt: Option<usize>,
    /// The parameters of the function.
    pub params: Vec<Value>,
    /// Whether this is the function of a pass.
    pub in_pass: bool,
    /// The functions of passes, in the order of their numbers.
    pub outlined: Vec<Outlined>,
}

/// The signature of a kernel's entry.
pub fn signature(s: &mut Signature, module: &impl Module) {
    *s = module.make_signature();
    s.params.extend([AbiParam::new(types::I64); 4]);
    s.returns.push(AbiParam::new(types::I64));
}

/// Fills `function` with the kernel. Returns the sites of its faults, and its passes.
pub fn lower(
    given: Given,
    function: &mut Function,
    context: &mut FunctionBuilderContext,
) -> (Vec<Site>, Vec<Outlined>) {
    let mut l = Lowering::new(given, function, context, Vec::new());
    l.block(0);
    let mut outlined = std::mem::take(&mut l.outlined);
    outlined.sort_by_key(|o| o.number);
    (l.finish(), outlined)
}

/// Whether a multiplication and an addition are one instruction; elsewhere
/// they would be a slow call.
fn has_fma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::special::vector::Simd::here() >= crate::special::vector::Simd::Pairs;
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

impl<'a, 'f> Lowering<'a, 'f> {
    /// The beginning of a function.
    pub fn new(
        given: Given<'a>,
        function: &'f mut Function,
        context: &'f mut FunctionBuilderContext,
        sites: Vec<Site>,
    ) -> Lowering<'a, 'f> {
        let convention = function.signature.call_conv;
        let mut b = FunctionBuilder::new(function, context);
        let mut import = |params: &[types::Type], result: Option<types::Type>| {
            let mut s = Signature::new(convention);
            s.params.extend(params.iter().map(|&t| AbiParam::new(t)));
            s.returns.extend(result.map(AbiParam::new));
            b.import_signature(s)
        };
        let (float, word) = (types::F64, types::I64);
        let outside = Outside {
            unary: import(&[word, float], Some(float)),
            binary: import(&[word, float, float], Some(float)),
            zero: import(&[word, word], None),
            dense: import(&[word, word], Some(word)),
            wide: import(&[word], Some(word)),
            long: import(&[word; 4], Some(word)),
            pass: import(&[word; 3], Some(word)),
        };
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let params = b.block_params(entry).to_vec();
        let fault = b.create_block();
        b.set_cold_block(fault);
        b.append_block_param(fault, types::I64);
        b.append_block_param(fault, types::I64);
        let Given { program, tables, wide, interrupt, .. } = given;
        Lowering {
            given,
            program,
            tables,
            wide,
            b,
            slots: vec![Slot::Empty; program.instrs.len()],
            counters: FxHashMap::default(),
            input: params[0],
            output: params[1],
            scratch: params[2],
            run: params[3],
            outside,
            fused: has_fma() && !program.compares(),
            fault,
            sites,
            interrupt,
            params,
            in_pass: false,
            outlined: Vec::new(),
        }
    }

    /// The end of a function. Returns the sites so far.
    pub fn finish(mut self) -> Vec<Site> {
        let ok = self.b.ins().iconst(types::I64, 0);
        self.b.ins().return_(&[ok]);
        self.b.switch_to_block(self.fault);
        let params = self.b.block_params(self.fault).to_vec();
        let at = std::mem::offset_of!(Run, fault) as i32;
        self.b.ins().store(MemFlagsData::trusted(), params[1], self.run, at);
        self.b.ins().return_(&[params[0]]);
        self.b.seal_all_blocks();
        self.b.finalize(self.given.config);
        self.sites
    }

    pub(super) fn block(&mut self, block: usize) {
        let program = self.program;
        for item in &program.blocks[block].items {
            match *item {
                Item::Instr(v) => self.instr(v),
                // Kernels may be nested deeper than our stack is long.
                Item::Group(k) => crate::memory::deep(|| self.group(k)),
            }
        }
    }

    fn group(&mut self, k: usize) {
        match self.program.groups[k].what {
            GroupKind::Loop { .. } => self.lower_loop(k),
            GroupKind::Branch { cond, then, other } => self.branch(k, cond, then, other),
        }
    }

    /// Ends the kernel unless `ok`; `value` is reported.
    pub fn check(&mut self, ok: Value, site: Site, value: Value) {
        self.sites.push(site);
        let number = self.b.ins().iconst(types::I64, self.sites.len() as i64);
        self.check_code(ok, number, value);
    }

    /// Ends the kernel unless `ok`, at the site of that number, counted from 1.
    pub fn check_code(&mut self, ok: Value, number: Value, value: Value) {
        let next = self.b.create_block();
        self.b.ins().brif(ok, next, &[], self.fault, &[number.into(), value.into()]);
        self.b.switch_to_block(next);
    }

    fn branch(&mut self, k: usize, cond: InstrId, then: usize, other: usize) {
        let members: Vec<InstrId> = self.program.groups[k]
            .members
            .iter()
            .copied()
            .filter(|&m| !self.program.instrs[m as usize].effect)
            .collect();
        let cond = self.truth(cond);
        let (first, second, after) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.ins().brif(cond, first, &[], second, &[]);
        for (start, block, slot) in [(first, then, 1), (second, other, 2)] {
            self.b.switch_to_block(start);
            self.block(block);
            let results: Vec<BlockArg> = members
                .iter()
                .map(|&m| self.number(self.program.instrs[m as usize].args[slot]).into())
                .collect();
            self.b.ins().jump(after, &results);
        }
        self.b.switch_to_block(after);
        for &m in &members {
            let v = self.b.append_block_param(after, types::F64);
            self.slots[m as usize] = Slot::Value(v);
        }
    }
}
