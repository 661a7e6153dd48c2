//! What a loop leaves behind: totals, and entries of arrays.

use super::body::{Binary, Op};
use super::frame::Meeting;
use super::frame::Total;
use super::frame::{Address, Combine};
use super::scatter::{self, Scatter};
use super::select::Selector;
use crate::jit::entries::dag::{BufId, FoldKind, Kind};
use crate::jit::program::InstrId;

/// What is known of a loop's stores.
pub struct Placed {
    /// Buffers that the loop overwrites, with the entries, first and last, that it sets.
    pub overwritten: Vec<(BufId, usize, usize)>,
    /// Where chunks of the loop meet, if these can run in any order but for that.
    pub meetings: Option<Vec<Meeting>>,
}

impl Selector<'_> {
    /// What a member of the loop does with its body's value.
    pub fn member(&mut self, m: InstrId, filtered: bool) -> Option<()> {
        let instr = &self.program.instrs[m as usize];
        let Kind::Fold { fold, node, .. } = instr.kind else {
            return Some(());
        };
        if filtered && node.is_some() {
            return None;
        }
        let combine = match fold {
            FoldKind::Sum => Combine::Sum,
            FoldKind::Prod => Combine::Product,
            FoldKind::Min => Combine::Min,
            FoldKind::Max => Combine::Max,
            FoldKind::LogSumExp | FoldKind::ArgMin | FoldKind::ArgMax => return None,
        };
        let (to, mask, v) = (self.total(combine, Total::Member(m)), self.mask, instr.args[2]);
        if combine == Combine::Sum {
            if let Some((a, b)) = self.own_product(v) {
                self.push(Op::AddProductTo { to, minus: false, a, b, mask });
                return Some(());
            }
            let value = self.number(v)?;
            self.push(Op::AddTo { to, value, mask });
            return Some(());
        }
        let (value, running) = (self.number(v)?, self.push(Op::Running(to)));
        let value = match combine {
            Combine::Product => self.push(Op::Binary(Binary::Mul, running, value)),
            _ => self.extreme(running, value, combine == Combine::Min),
        };
        self.push(Op::SetTo { to, value, mask });
        Some(())
    }

    fn total(&mut self, combine: Combine, total: Total) -> u32 {
        self.totals.push(total);
        let accumulators = &mut self.body.get_mut().accumulators;
        accumulators.push(combine);
        accumulators.len() as u32 - 1
    }

    /// Writes the stores.
    pub fn place_stores(&mut self, k: usize, ends: Option<(i64, i64)>) -> Option<Placed> {
        let stores = std::mem::take(&mut self.stores);
        let alone = |buf: BufId| stores.iter().filter(|s| s.buf == buf).count() == 1;
        for s in &stores {
            let unordered = !s.add && (!alone(s.buf) || s.pointer.stride == 0);
            if unordered || self.read.contains(&s.buf) {
                return None;
            }
        }
        let (mut overwritten, mut meetings) = (Vec::new(), Vec::new());
        let runs = scatter::runs(stores);
        let splits = scatter::apart(&runs, ends);
        for run in runs {
            let first = &run[0];
            if first.pointer.stride == 0 {
                for s in run {
                    let to = self.total(Combine::Sum, Total::AddTo(s.pointer, s.offset));
                    self.push(Op::AddTo { to, value: s.value, mask: s.mask });
                }
                continue;
            }
            let set = self.stored.overwritten(self.tables, k, ends, &run);
            overwritten.extend(set);
            let (offset, entries) = (first.offset, scatter::reach(&run));
            let pointer = self.store_run(run, set.is_some()) as usize;
            if entries > 0 {
                meetings.push(Meeting { pointer, offset, entries, set: set.is_some() });
            }
        }
        Some(Placed { overwritten, meetings: splits.then_some(meetings) })
    }

    /// Writes a run of stores. Returns its pointer.
    fn store_run(&mut self, run: Vec<Scatter>, fresh: bool) -> u32 {
        let first = &run[0];
        let stride = first.pointer.stride;
        let pointer = self.pointer(first.pointer.clone());
        let at = Address { pointer, offset: first.offset as i32, stride };
        if let [s] = &run[..] {
            let (add, value, mask) = (s.add && !fresh, s.value, s.mask);
            self.push(Op::Store { at, add, value, mask });
            return pointer;
        }
        let mut total = None;
        for s in &run {
            let shift = ((s.offset - first.offset) / 8) as u8;
            let mut value = s.value;
            if let Some(mask) = s.mask {
                let zero = self.push(Op::Const(0f64.to_bits()));
                value = self.push(Op::Select(mask, value, zero));
            }
            let body = self.body.get_mut();
            let carry = body.carries;
            body.carries += u32::from(shift > 0);
            value = self.push(Op::Shifted { carry, shift, value });
            total = Some(match total {
                None => value,
                Some(t) => self.push(Op::Binary(Binary::Add, t, value)),
            });
        }
        let reach = scatter::reach(&run) as u8;
        if let Some(value) = total {
            self.push(Op::StoreRun { at, add: !fresh, value, reach });
        }
        pointer
    }
}
