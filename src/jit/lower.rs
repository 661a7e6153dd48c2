//! Kernels to Cranelift's intermediate form: blocks, loops and branches.
//!
//! A loop tests its end at the bottom. Its counter and the totals of its
//! members are block parameters, so they stay in registers. A fault jumps to
//! one shared exit that records the value at fault and returns the number of
//! its site.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, Function, InstBuilder, MemFlagsData, SigRef, Signature, Value, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::Module;
use rustc_hash::FxHashMap;

use super::dag::{FoldKind, Kind};
use super::host::{Run, Tables};
use super::program::{GroupKind, InstrId, Item, Program};
use super::vars::VarId;
use crate::expr::ExprId;

/// Iterations of a plain loop between two looks at the interrupt.
const PATIENCE: i64 = 65_536;

/// A place in compiled code that may end the kernel.
#[derive(Clone, Copy, Debug)]
pub enum Site {
    /// A number that should be whole; the bits of it are reported.
    NotWhole(ExprId),
    /// An index and the size of the axis.
    Outside(ExprId, usize),
    /// Nothing where there must be something.
    Empty(ExprId),
    /// Someone asked to stop.
    Interrupted,
    /// A building block panicked.
    Panicked,
}

/// Signatures of the functions outside.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    pub unary: SigRef,
    pub binary: SigRef,
    pub zero: SigRef,
    pub dense: SigRef,
}

/// An operation's result: a number, a whole number or a truth value.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Empty,
    Value(Value),
    Truth(Value),
}

pub(super) struct Lowering<'a, 'f> {
    pub program: &'a Program,
    pub tables: &'a Tables,
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
    sites: Vec<Site>,
    interrupt: Option<usize>,
}

/// The signature of a kernel's entry.
pub fn signature(s: &mut Signature, module: &impl Module) {
    *s = module.make_signature();
    s.params.extend([AbiParam::new(types::I64); 4]);
    s.returns.push(AbiParam::new(types::I64));
}

/// Fills `function` with the kernel. Returns the sites of its faults.
pub fn lower(
    program: &Program,
    tables: &Tables,
    interrupt: Option<usize>,
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    config: TargetFrontendConfig,
) -> Vec<Site> {
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
    };
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry).to_vec();
    let fault = b.create_block();
    b.set_cold_block(fault);
    b.append_block_param(fault, types::I64);
    b.append_block_param(fault, types::I64);
    let mut l = Lowering {
        program,
        tables,
        b,
        slots: vec![Slot::Empty; program.instrs.len()],
        counters: FxHashMap::default(),
        input: params[0],
        output: params[1],
        scratch: params[2],
        run: params[3],
        outside,
        fused: has_fma(),
        fault,
        sites: Vec::new(),
        interrupt,
    };
    l.block(0);
    l.finish();
    l.b.seal_all_blocks();
    let sites = l.sites;
    l.b.finalize(config);
    sites
}

/// Whether a multiplication and an addition are one instruction; elsewhere
/// they would be a slow call.
fn has_fma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

impl Lowering<'_, '_> {
    fn finish(&mut self) {
        let ok = self.b.ins().iconst(types::I64, 0);
        self.b.ins().return_(&[ok]);
        self.b.switch_to_block(self.fault);
        let params = self.b.block_params(self.fault).to_vec();
        let at = std::mem::offset_of!(Run, fault) as i32;
        self.b
            .ins()
            .store(MemFlagsData::trusted(), params[1], self.run, at);
        self.b.ins().return_(&[params[0]]);
    }

    fn block(&mut self, block: usize) {
        let program = self.program;
        for item in &program.blocks[block].items {
            match *item {
                Item::Instr(v) => self.instr(v),
                // Kernels may be nested deeper than our stack is long.
                Item::Group(k) => stacker::maybe_grow(64 * 1024, 4 << 20, || self.group(k)),
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
        let next = self.b.create_block();
        self.b
            .ins()
            .brif(ok, next, &[], self.fault, &[number.into(), value.into()]);
        self.b.switch_to_block(next);
    }

    fn branch(&mut self, k: usize, cond: InstrId, then: usize, other: usize) {
        let members: Vec<InstrId> = self.program.groups[k]
            .members
            .iter()
            .copied()
            .filter(|&m| !self.is_effect(m))
            .collect();
        let cond = self.truth(cond);
        let (first, second, after) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        self.b.ins().brif(cond, first, &[], second, &[]);
        for (start, block, slot) in [(first, then, 1), (second, other, 2)] {
            self.b.switch_to_block(start);
            self.block(block);
            let results: Vec<BlockArg> = members
                .iter()
                .map(|&m| {
                    self.number(self.program.instrs[m as usize].args[slot])
                        .into()
                })
                .collect();
            self.b.ins().jump(after, &results);
        }
        self.b.switch_to_block(after);
        for &m in &members {
            let v = self.b.append_block_param(after, types::F64);
            self.slots[m as usize] = Slot::Value(v);
        }
    }

    /// Whether an operation has no result; a branch has none where what it
    /// decides has none.
    fn is_effect(&self, v: InstrId) -> bool {
        let mut v = v as usize;
        while self.program.instrs[v].kind == Kind::If {
            v = self.program.instrs[v].args[1] as usize;
        }
        self.program.instrs[v].kind.is_effect()
    }

    fn lower_loop(&mut self, k: usize) {
        let group = &self.program.groups[k];
        let GroupKind::Loop {
            var,
            lo,
            hi,
            body,
            filter,
        } = group.what
        else {
            return;
        };
        let members: Vec<InstrId> = group
            .members
            .iter()
            .copied()
            .filter(|&m| !self.program.instrs[m as usize].kind.is_effect())
            .collect();
        let (lo, hi) = (self.value(lo), self.value(hi));
        let start: Vec<Value> = members.iter().flat_map(|&m| self.start(m)).collect();
        let (head, after) = (self.b.create_block(), self.b.create_block());
        let counter = self.b.append_block_param(head, types::I64);
        let some = self.b.ins().icmp(IntCC::SignedLessThanOrEqual, lo, hi);
        let mut first: Vec<BlockArg> = vec![lo.into()];
        first.extend(start.iter().map(|&v| BlockArg::from(v)));
        let unchanged: Vec<BlockArg> = start.iter().map(|&v| v.into()).collect();
        self.b.ins().brif(some, head, &first, after, &unchanged);
        let totals: Vec<Value> = start.iter().map(|&v| self.param_like(head, v)).collect();
        let finals: Vec<Value> = start.iter().map(|&v| self.param_like(after, v)).collect();

        self.b.switch_to_block(head);
        let outer = self.counters.insert(var, counter);
        self.look_for_interrupt(k, counter);
        self.block(body);
        let next = match filter {
            None => self.advance(&members, &totals),
            Some((cond, taken)) => self.filtered(cond, taken, &members, &totals),
        };
        let more = self.b.ins().icmp(IntCC::SignedLessThan, counter, hi);
        let one = self.b.ins().iconst(types::I64, 1);
        let counter = self.b.ins().iadd(counter, one);
        let done: Vec<BlockArg> = next.iter().map(|&v| v.into()).collect();
        let mut again: Vec<BlockArg> = vec![counter.into()];
        again.extend(&done);
        self.b.ins().brif(more, head, &again, after, &done);
        match outer {
            Some(v) => self.counters.insert(var, v),
            None => self.counters.remove(&var),
        };
        self.b.switch_to_block(after);
        let mut finals = &finals[..];
        for &m in &members {
            let (own, rest) = finals.split_at(self.width(m));
            finals = rest;
            self.result(m, own);
        }
    }

    fn param_like(&mut self, block: Block, v: Value) -> Value {
        let t = self.b.func.dfg.value_type(v);
        self.b.append_block_param(block, t)
    }

    /// The members' totals after a step that is taken only under a condition.
    fn filtered(
        &mut self,
        cond: InstrId,
        taken: usize,
        members: &[InstrId],
        totals: &[Value],
    ) -> Vec<Value> {
        let cond = self.truth(cond);
        let (inside, join) = (self.b.create_block(), self.b.create_block());
        let kept: Vec<BlockArg> = totals.iter().map(|&v| v.into()).collect();
        self.b.ins().brif(cond, inside, &[], join, &kept);
        self.b.switch_to_block(inside);
        self.block(taken);
        let next = self.advance(members, totals);
        let args: Vec<BlockArg> = next.iter().map(|&v| v.into()).collect();
        self.b.ins().jump(join, &args);
        let joined = totals.iter().map(|&v| self.param_like(join, v)).collect();
        self.b.switch_to_block(join);
        joined
    }

    /// How many totals a member keeps.
    fn width(&self, m: InstrId) -> usize {
        match self.program.instrs[m as usize].kind {
            Kind::Fold {
                fold: FoldKind::LogSumExp,
                ..
            }
            | Kind::Fold { node: Some(_), .. } => 2,
            _ => 1,
        }
    }

    /// A member's totals before the first step.
    fn start(&mut self, m: InstrId) -> Vec<Value> {
        let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
            return Vec::new();
        };
        let first = match fold {
            FoldKind::Sum => 0.0,
            FoldKind::Prod => 1.0,
            FoldKind::Min => f64::INFINITY,
            FoldKind::Max | FoldKind::LogSumExp => f64::NEG_INFINITY,
        };
        let mut totals = vec![self.b.ins().f64const(first)];
        if fold == FoldKind::LogSumExp {
            totals.push(self.b.ins().f64const(0.0));
        } else if node.is_some() {
            totals.push(self.b.ins().iconst(types::I8, 0));
        }
        totals
    }

    fn advance(&mut self, members: &[InstrId], totals: &[Value]) -> Vec<Value> {
        let mut next = Vec::with_capacity(totals.len());
        let mut left = totals;
        for &m in members {
            let (own, rest) = left.split_at(self.width(m));
            left = rest;
            let body = self.program.instrs[m as usize].args[2];
            let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
                continue;
            };
            if fold == FoldKind::LogSumExp {
                let v = self.number(body);
                next.extend(self.log_add(own, v));
                continue;
            }
            next.push(match fold {
                FoldKind::Sum => self.sum(own[0], body),
                FoldKind::Prod => {
                    let v = self.number(body);
                    self.b.ins().fmul(own[0], v)
                }
                _ => {
                    let v = self.number(body);
                    self.extreme(own[0], v, fold == FoldKind::Min)
                }
            });
            if node.is_some() {
                next.push(self.b.ins().iconst(types::I8, 1));
            }
        }
        next
    }

    /// A member's value after the last step.
    fn result(&mut self, m: InstrId, totals: &[Value]) {
        let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
            return;
        };
        let mut value = totals[0];
        if fold == FoldKind::LogSumExp {
            let log = self.call_unary(f64::ln, totals[1]);
            value = self.b.ins().fadd(value, log);
        } else if let Some(node) = node {
            let nothing = self.b.ins().iconst(types::I64, 0);
            self.check(totals[1], Site::Empty(node), nothing);
        }
        self.slots[m as usize] = Slot::Value(value);
    }

    /// Leaves the kernel when asked to: looks at every step of a loop around
    /// loops, and now and then in a long plain one.
    fn look_for_interrupt(&mut self, k: usize, counter: Value) {
        let Some(flag) = self.interrupt else { return };
        let GroupKind::Loop {
            lo,
            hi,
            body,
            filter,
            ..
        } = self.program.groups[k].what
        else {
            return;
        };
        let plain = !self.program.has_group(body)
            && filter.is_none_or(|(_, taken)| !self.program.has_group(taken));
        let known = |v: InstrId| match self.program.instrs[v as usize].kind {
            Kind::Int(n) => Some(n),
            _ => None,
        };
        let steps = known(hi)
            .zip(known(lo))
            .map(|(hi, lo)| hi.saturating_sub(lo));
        if plain && steps.is_some_and(|n| n < PATIENCE) {
            return;
        }
        let next = self.b.create_block();
        if plain {
            let look = self.b.create_block();
            let mask = self.b.ins().iconst(types::I64, PATIENCE - 1);
            let rest = self.b.ins().band(counter, mask);
            self.b.ins().brif(rest, next, &[], look, &[]);
            self.b.switch_to_block(look);
        }
        let flag = self.b.ins().iconst(types::I64, flag as i64);
        let asked = self
            .b
            .ins()
            .atomic_load(types::I8, MemFlagsData::trusted(), flag);
        let go_on = self.b.ins().icmp_imm_u(IntCC::Equal, asked, 0);
        let nothing = self.b.ins().iconst(types::I64, 0);
        self.check(go_on, Site::Interrupted, nothing);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }
}
