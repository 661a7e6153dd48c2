//! Loops, with the totals of all that share them.
//!
//! A loop tests its end at the bottom. Its counter and the totals of its
//! members are block parameters, so they stay in registers.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Value, types};

use super::lower::{Lowering, Slot};
use crate::jit::entries::dag::{FoldKind, Kind};
use crate::jit::entries::vars::VarId;
use crate::jit::program::{GroupKind, InstrId};
use crate::jit::run::tables::Site;

/// Iterations of a plain loop between two looks at the interrupt.
const PATIENCE: i64 = 65_536;

impl Lowering<'_, '_> {
    /// A loop and the values of its members.
    pub(super) fn lower_loop(&mut self, k: usize) {
        let group = &self.program.groups[k];
        let GroupKind::Loop { var, lo, hi, body, filter } = group.what else {
            return;
        };
        if let Some(number) = self.pass_of(k) {
            return self.call_pass(k, number);
        }
        if let Some(f) = self.wide.functions.get(&k) {
            return self.call_wide(k, f);
        }
        let members: Vec<InstrId> = group
            .members
            .iter()
            .copied()
            .filter(|&m| !self.program.instrs[m as usize].effect)
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

    pub(super) fn param_like(&mut self, block: Block, v: Value) -> Value {
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
    pub(super) fn width(&self, m: InstrId) -> usize {
        match self.program.instrs[m as usize].kind {
            Kind::Fold { fold, node, .. } => {
                let pair = fold == FoldKind::LogSumExp || fold.is_index();
                1 + usize::from(pair) + usize::from(node.is_some())
            }
            _ => 1,
        }
    }

    /// A member's totals before the first step.
    pub(super) fn start(&mut self, m: InstrId) -> Vec<Value> {
        let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
            return Vec::new();
        };
        let first = match fold {
            FoldKind::Sum => 0.0,
            FoldKind::Prod => 1.0,
            FoldKind::Min => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        let mut totals = vec![self.b.ins().f64const(first)];
        if fold == FoldKind::LogSumExp {
            totals.push(self.b.ins().f64const(0.0));
        } else if fold.is_index() {
            // No index yet.
            totals.push(self.b.ins().f64const(f64::NAN));
        }
        if node.is_some() {
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
            let Kind::Fold { fold, var, node, .. } = self.program.instrs[m as usize].kind else {
                continue;
            };
            let combined = self.combined(fold, var, own, body);
            next.extend(combined);
            if node.is_some() {
                next.push(self.b.ins().iconst(types::I8, 1));
            }
        }
        next
    }

    /// The totals of a fold with one more value of its body.
    fn combined(&mut self, fold: FoldKind, var: VarId, own: &[Value], body: InstrId) -> Vec<Value> {
        if fold == FoldKind::Sum {
            return vec![self.sum(own[0], body)];
        }
        let v = self.number(body);
        match fold {
            FoldKind::LogSumExp => self.log_add(own, v).to_vec(),
            FoldKind::Prod => vec![self.b.ins().fmul(own[0], v)],
            FoldKind::ArgMin | FoldKind::ArgMax => {
                let v = if fold == FoldKind::ArgMin { self.b.ins().fneg(v) } else { v };
                let at = self.counters[&var];
                let at = self.b.ins().fcvt_from_sint(types::F64, at);
                self.first_largest(own, v, at).to_vec()
            }
            _ => vec![self.extreme(own[0], v, fold == FoldKind::Min)],
        }
    }

    /// A member's value after the last step.
    pub(super) fn result(&mut self, m: InstrId, totals: &[Value]) {
        let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
            return;
        };
        let mut value = totals[0];
        if fold == FoldKind::LogSumExp {
            let log = self.call_unary(f64::ln, totals[1]);
            value = self.b.ins().fadd(value, log);
        } else if fold.is_index() {
            value = totals[1];
        }
        if let Some(node) = node {
            let nothing = self.b.ins().iconst(types::I64, 0);
            self.check(totals[totals.len() - 1], Site::Empty(node), nothing);
        }
        self.slots[m as usize] = Slot::Value(value);
    }

    /// Leaves the kernel when asked to: looks at every step of a loop around
    /// loops, and now and then in a long plain one.
    fn look_for_interrupt(&mut self, k: usize, counter: Value) {
        let Some(flag) = self.interrupt else { return };
        let GroupKind::Loop { lo, hi, body, filter, .. } = self.program.groups[k].what else {
            return;
        };
        let plain = !self.program.has_group(body)
            && filter.is_none_or(|(_, taken)| !self.program.has_group(taken));
        let known = |v: InstrId| match self.program.instrs[v as usize].kind {
            Kind::Int(n) => Some(n),
            _ => None,
        };
        let steps = known(hi).zip(known(lo)).map(|(hi, lo)| hi.saturating_sub(lo));
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
        let asked = self.b.ins().atomic_load(types::I8, MemFlagsData::trusted(), flag);
        let go_on = self.b.ins().icmp_imm_u(IntCC::Equal, asked, 0);
        let nothing = self.b.ins().iconst(types::I64, 0);
        self.check(go_on, Site::Interrupted, nothing);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }
}
