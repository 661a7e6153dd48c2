//! From a kernel to a register program: loops and branches.
//!
//! A loop tests its end at the bottom. The totals of its members are registers; where a total is a single number it is
//! that of the member's result.

use super::code::{Given, Left, Loop, Op, Reg};
use super::plan::Plan;
use super::write::Writer;
use crate::jit::bodies::frame::{Param, Pointer, Total};
use crate::jit::bodies::select::WideLoop;
use crate::jit::entries::dag::{FoldKind, Kind};
use crate::jit::program::{GroupKind, InstrId, Item};
use crate::jit::run::tables::Site;

/// What is left to be written.
pub enum Task {
    /// The items of a block from one on.
    Items(usize, usize),
    /// What is taken where the condition of a loop's step holds.
    Taken(usize),
    /// The members' totals after a step, and where those go on that the condition leaves out.
    Advance(usize, Option<usize>),
    /// The end of a loop that was entered here, with its counter and the one of the same name around it.
    EndLoop { k: usize, enter: usize, counter: Reg, outer: Option<Reg> },
    /// The other branch, after that which is jumped to where the condition does not hold.
    Other { k: usize, unless: usize },
    /// The end of a branch.
    EndBranch { k: usize, jump: usize },
}

impl Writer<'_> {
    /// Writes one thing, and puts on the stack what comes after it.
    pub fn task(&mut self, task: Task, tasks: &mut Vec<Task>) {
        match task {
            Task::Items(block, from) => {
                let program = self.program;
                for (k, item) in program.blocks[block].items.iter().enumerate().skip(from) {
                    match *item {
                        Item::Instr(v) => self.instr(v),
                        Item::Group(group) => {
                            tasks.push(Task::Items(block, k + 1));
                            return self.group(group, tasks);
                        }
                    }
                }
            }
            Task::Taken(k) => {
                let GroupKind::Loop { filter: Some((cond, taken)), .. } =
                    self.program.groups[k].what
                else {
                    unreachable!("only loops with a condition take some steps")
                };
                let cond = self.reg(cond);
                tasks.push(Task::Advance(k, Some(self.code.ops.len())));
                tasks.push(Task::Items(taken, 0));
                self.push(Op::Unless { cond, to: 0 });
            }
            Task::Advance(k, unless) => {
                for m in self.numbers_of(k) {
                    self.advance(m, unless.is_some());
                }
                if let Some(at) = unless {
                    self.aim(at);
                }
            }
            Task::EndLoop { k, enter, counter, outer } => self.end_loop(k, enter, counter, outer),
            Task::Other { k, unless } => {
                self.branch_values(k, 1);
                tasks.push(Task::EndBranch { k, jump: self.code.ops.len() });
                self.push(Op::Jump { to: 0 });
                self.aim(unless);
                let GroupKind::Branch { other, .. } = self.program.groups[k].what else {
                    unreachable!("a branch has two sides")
                };
                tasks.push(Task::Items(other, 0));
            }
            Task::EndBranch { k, jump } => {
                self.branch_values(k, 2);
                self.aim(jump);
            }
        }
    }

    /// Lets a jump go to what is written next.
    fn aim(&mut self, at: usize) {
        let here = self.code.ops.len() as u32;
        match &mut self.code.ops[at] {
            Op::Jump { to } | Op::Unless { to, .. } | Op::Enter { past: to, .. } => *to = here,
            op => unreachable!("{op:?} goes nowhere"),
        }
    }

    /// The members of a group that are numbers.
    fn numbers_of(&self, k: usize) -> Vec<InstrId> {
        let members = self.program.groups[k].members.iter().copied();
        members.filter(|&m| !self.program.instrs[m as usize].effect).collect()
    }

    fn group(&mut self, k: usize, tasks: &mut Vec<Task>) {
        let chosen = self.chosen;
        if let Some(found) = chosen.loops.get(&k) {
            return self.by_blocks(k, found);
        }
        match self.program.groups[k].what {
            GroupKind::Branch { cond, then, .. } => {
                let cond = self.reg(cond);
                tasks.push(Task::Other { k, unless: self.code.ops.len() });
                tasks.push(Task::Items(then, 0));
                self.push(Op::Unless { cond, to: 0 });
            }
            GroupKind::Loop { var, lo, hi, body, filter } => {
                for m in self.numbers_of(k) {
                    self.start(m, filter.is_some());
                }
                let (lo, hi, counter) = (self.reg(lo), self.reg(hi), self.new_whole(0));
                let outer = self.counters.insert(var, counter);
                tasks.push(Task::EndLoop { k, enter: self.code.ops.len(), counter, outer });
                tasks.push(match filter {
                    Some(_) => Task::Taken(k),
                    None => Task::Advance(k, None),
                });
                tasks.push(Task::Items(body, 0));
                self.push(Op::Enter { counter, lo, hi, past: 0 });
            }
        }
    }

    fn branch_values(&mut self, k: usize, slot: usize) {
        for m in self.numbers_of(k) {
            let from = self.reg(self.program.instrs[m as usize].args[slot]);
            let to = self.result(m);
            self.push(Op::Copy { to, from });
        }
    }

    fn end_loop(&mut self, k: usize, enter: usize, counter: Reg, outer: Option<Reg>) {
        let GroupKind::Loop { var, lo, hi, filter, .. } = self.program.groups[k].what else {
            unreachable!("a loop ends")
        };
        let (lo, hi) = (self.reg(lo), self.reg(hi));
        self.push(Op::Next { counter, hi, body: enter as u32 + 1 });
        self.aim(enter);
        match outer {
            Some(r) => self.counters.insert(var, r),
            None => self.counters.remove(&var),
        };
        for m in self.numbers_of(k) {
            let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
                continue;
            };
            let to = self.result(m);
            let first = self.more.get(&m).copied().unwrap_or(to);
            match fold {
                FoldKind::LogSumExp => self.push(Op::LogEnd { to, largest: first, sum: first + 1 }),
                FoldKind::ArgMin | FoldKind::ArgMax => self.push(Op::Copy { to, from: first + 1 }),
                _ => {}
            }
            if let Some(node) = node {
                let site = self.site(Site::Empty(node));
                match filter {
                    None => self.push(Op::NotEmpty { lo, hi, site }),
                    Some(_) => self.push(Op::Taken { flag: self.flags[&m], site }),
                }
            }
        }
    }

    /// Sets a member's totals to what they are before the first step.
    fn start(&mut self, m: InstrId, filtered: bool) {
        let Kind::Fold { fold, node, .. } = self.program.instrs[m as usize].kind else {
            return;
        };
        let first = self.constant(nothing(fold));
        if fold == FoldKind::LogSumExp || fold.is_index() {
            let to = self.new_number(0.0);
            let second = self.new_number(0.0);
            self.more.insert(m, to);
            self.push(Op::Copy { to, from: first });
            // No sum, and no index yet.
            let from = self.constant(if fold.is_index() { f64::NAN } else { 0.0 });
            self.push(Op::Copy { to: second, from });
        } else {
            let to = self.result(m);
            self.push(Op::Copy { to, from: first });
        }
        if node.is_some() && filtered {
            let flag = self.new_whole(0);
            self.flags.insert(m, flag);
            self.push(Op::ISet { to: flag, value: 0 });
        }
    }

    /// The totals of a member with one more value of its body.
    fn advance(&mut self, m: InstrId, filtered: bool) {
        let program = self.program;
        let instr = &program.instrs[m as usize];
        let Kind::Fold { fold, var, node, .. } = instr.kind else {
            return;
        };
        let body = instr.args[2];
        let op = if fold == FoldKind::Sum
            && let Some((a, b)) = self.product(body)
        {
            let to = self.result(m);
            Op::MulAdd { to, a, b, c: to }
        } else {
            let (v, at) = (self.reg(body), self.counters[&var]);
            match (fold, self.more.get(&m)) {
                (FoldKind::LogSumExp, Some(&first)) => {
                    Op::LogAdd { largest: first, sum: first + 1, v }
                }
                (FoldKind::ArgMin, Some(&best)) => {
                    Op::FirstSmallest { best, place: best + 1, v, at }
                }
                (_, Some(&best)) => Op::FirstLargest { best, place: best + 1, v, at },
                (fold, None) => {
                    let to = self.result(m);
                    match fold {
                        FoldKind::Prod => Op::Mul { to, a: to, b: v },
                        FoldKind::Min => Op::Min { to, a: to, b: v },
                        FoldKind::Max => Op::Max { to, a: to, b: v },
                        _ => Op::Add { to, a: to, b: v },
                    }
                }
            }
        };
        self.push(op);
        if node.is_some() && filtered {
            self.push(Op::ISet { to: self.flags[&m], value: 1 });
        }
    }

    /// A loop that is run by blocks, and the values of its members.
    fn by_blocks(&mut self, k: usize, found: &WideLoop) {
        let GroupKind::Loop { lo, hi, .. } = self.program.groups[k].what else {
            unreachable!("branches are not run by blocks")
        };
        let (lo, hi) = (self.reg(lo), self.reg(hi));
        let places = found.pointers.iter().map(|p| self.place(p, 0)).collect();
        let given = |p: &Param| match *p {
            Param::Number(v) => Given::Number(self.reg(v)),
            Param::Negated(v) => Given::Negated(self.reg(v)),
            Param::Whole(v) => Given::Whole(self.reg(v)),
        };
        let params = found.params.iter().map(given).collect();
        let left = |t: &Total| match t {
            Total::Member(m) => {
                let Kind::Fold { fold, .. } = self.program.instrs[*m as usize].kind else {
                    unreachable!("a member with a total is a fold")
                };
                Left::Member(self.result(*m), nothing(fold))
            }
            Total::AddTo(p, offset) => Left::Entry(p.start, self.place(p, *offset), p.stride),
        };
        let totals = found.totals.iter().map(left).collect();
        let plan = Plan::of(found);
        self.push(Op::Blocks { which: self.code.loops.len() as u32 });
        self.code.loops.push(Loop { plan, lo, hi, places, params, totals });
        for m in self.numbers_of(k) {
            if let Kind::Fold { node: Some(node), .. } = self.program.instrs[m as usize].kind {
                let site = self.site(Site::Empty(node));
                self.push(Op::NotEmpty { lo, hi, site });
            }
        }
    }

    /// Where a pointer points to when the counter is 0, so many bytes on: registers, and entries.
    fn place(&mut self, p: &Pointer, bytes: i64) -> (Vec<Reg>, i64) {
        (p.terms.iter().map(|&t| self.reg(t)).collect(), (p.far + bytes) / 8)
    }
}

/// What a fold gives of no values.
fn nothing(fold: FoldKind) -> f64 {
    match fold {
        FoldKind::Sum => 0.0,
        FoldKind::Prod => 1.0,
        FoldKind::Min => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    }
}
