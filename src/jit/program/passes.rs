//! One pass over the rows of a matrix.
//!
//! `z = X*w`, a loop that turns `z` into `r` row by row, and `g = X'*r` read the whole of `X` twice; so do
//! the products of normal equations and Hessians. [`join`] makes one loop over blocks of rows of them: a
//! block of `X` is read once and stays in cache for all that it is needed for. The loop's sums become sums
//! of sums over blocks; the blocks are the same on every machine.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::jit::entries::dag::{Base, BufId, FoldKind, Kind};
use crate::jit::entries::translate::Dense;
use crate::jit::entries::vars::VarId;
use crate::jit::program::{self, Block, Group, GroupKind, Instr, InstrId, Item, Program};
use crate::jit::run::dense::{self, Gram};

/// Matrices of fewer entries stay in cache anyway.
const SMALL: usize = 1 << 17;
/// Entries of a block of rows: 32 KiB, which the first level of the cache holds.
const BLOCK: usize = 4096;
/// The fewest rows that are worth a block.
const FEWEST: usize = 32;
/// The most entries of a block of so few rows: 256 KiB.
const LARGEST: usize = 1 << 15;

/// Joins what can be joined into passes.
pub fn join(program: &mut Program) {
    let mut tried = FxHashSet::default();
    loop {
        let start = program.blocks[0].items.iter().position(|item| match item {
            Item::Instr(v) => !tried.contains(v) && is_start(program, *v),
            Item::Group(_) => false,
        });
        let Some(start) = start else { return };
        if let Item::Instr(v) = program.blocks[0].items[start] {
            tried.insert(v);
        }
        if let Some(pass) = Pass::find(program, start) {
            pass.rewrite(program);
        }
    }
}

/// Whether an operation is `X*w` with a large `X`.
fn is_start(program: &Program, v: InstrId) -> bool {
    match what(program, v) {
        Some(Dense::Product { m, k, n: 1, left_turned: false, .. }) => {
            m.saturating_mul(*k) >= SMALL && LARGEST / k >= FEWEST && *m > 1
        }
        _ => false,
    }
}

fn what(program: &Program, v: InstrId) -> Option<&Dense> {
    match program.instrs[v as usize].kind {
        Kind::Call { call } => Some(&program.calls[call as usize].what),
        _ => None,
    }
}

/// What becomes one loop, by positions among the items of the outermost block.
struct Pass {
    start: usize,
    /// Loops over the rows, and definitions, in order.
    middle: Vec<usize>,
    /// Products with `X'`.
    ends: Vec<usize>,
    rows: usize,
    block: usize,
    /// Rows that are one part, and the work of all in entries that are read.
    part: usize,
    work: usize,
}

impl Pass {
    /// The pass that starts with the product at `start`, if what depends on it allows one.
    fn find(program: &Program, start: usize) -> Option<Pass> {
        let Item::Instr(first) = program.blocks[0].items[start] else { return None };
        let Kind::Call { call } = program.instrs[first as usize].kind else { return None };
        let matrix = program.calls[call as usize].args[0].0;
        let &Dense::Product { m: rows, k, .. } = &program.calls[call as usize].what else {
            return None;
        };
        let items = &program.blocks[0].items;
        let links = Links::of(program);
        // All that needs the first product, and in it the last products with the same matrix.
        let mut after = vec![false; items.len()];
        after[start] = true;
        for at in start + 1..items.len() {
            after[at] = links.needs[at].iter().any(|&p| after[p]);
        }
        let is_end = |at: usize| is_turned_product(program, items[at], matrix, rows);
        let ends: Vec<usize> =
            (start + 1..items.len()).filter(|&at| after[at] && is_end(at)).collect();
        // What stands between: needed by an end and needing the start.
        let mut before = vec![false; items.len()];
        for &end in &ends {
            before[end] = true;
        }
        for at in (start..items.len()).rev() {
            if before[at] {
                links.needs[at].iter().for_each(|&p| before[p] = true);
            }
        }
        let mut inside = vec![false; items.len()];
        inside[start] = true;
        let mut middle = Vec::new();
        for at in start + 1..items.len() {
            let between = after[at] && before[at] && !ends.contains(&at);
            if between
                || (after[at]
                    && !ends.contains(&at)
                    && joins(program, at, rows, &links, &inside, start))
            {
                if !may_be_inside(program, at, rows) {
                    return None;
                }
                inside[at] = true;
                middle.push(at);
            }
        }
        for &end in &ends {
            inside[end] = true;
        }
        // An end must not wait for another, nor a member for an end or for a sum that is not complete.
        let sums: FxHashSet<InstrId> =
            middle.iter().flat_map(|&at| totals(program, items[at])).collect();
        for &at in middle.iter().chain(&ends) {
            let waits = links.needs[at].iter().any(|p| ends.contains(p));
            let incomplete = links.used[at].iter().any(|v| sums.contains(v));
            if waits || incomplete {
                return None;
            }
        }
        (!ends.is_empty()).then_some(())?;
        let by_gram = ends.iter().any(|&at| match items[at] {
            Item::Instr(v) => matches!(what(program, v), Some(Dense::Gram { .. })),
            Item::Group(_) => false,
        });
        // A Gram matrix takes as many rows in one go.
        let multiple = if by_gram { Gram::CHUNK } else { 8 };
        let block = (BLOCK / k).clamp(FEWEST, 512).next_multiple_of(multiple);
        let (part, work) = dense::part_of_pass(rows, k, by_gram);
        Some(Pass { start, middle, ends, rows, block, part, work })
    }

    fn rewrite(self, program: &mut Program) {
        let items = std::mem::take(&mut program.blocks[0].items);
        let links = Links::among(program, &items);
        let members: FxHashSet<usize> =
            [self.start].iter().chain(&self.middle).chain(&self.ends).copied().collect();
        let mut late = vec![false; items.len()];
        for at in 0..items.len() {
            late[at] = !members.contains(&at)
                && links.needs[at].iter().any(|p| members.contains(p) || late[*p]);
        }
        let first: Vec<Item> = (0..items.len())
            .filter(|at| !members.contains(at) && !late[*at])
            .map(|at| items[at])
            .collect();
        let last: Vec<Item> = (0..items.len()).filter(|at| late[*at]).map(|at| items[at]).collect();

        // The loop over blocks: `first_row = b*size`, `last_row = min(b*size + size - 1, rows - 1)`.
        let var = VarId(u32::MAX - program.groups.len() as u32);
        let blocks = self.rows.div_ceil(self.block);
        let mut outside = Vec::new();
        let mut constant = |program: &mut Program, n: usize| {
            let v = push(program, Kind::Int(n as i64), &[]);
            outside.push(Item::Instr(v));
            v
        };
        let (lo, hi) = (constant(program, 0), constant(program, blocks - 1));
        let size = constant(program, self.block);
        let (rest, end) = (constant(program, self.block - 1), constant(program, self.rows - 1));
        let counter = push(program, Kind::Counter(var), &[]);
        let from = push(program, Kind::IMul, &[counter, size]);
        let whole = push(program, Kind::IAdd, &[from, rest]);
        let to = push(program, Kind::IMin, &[whole, end]);
        let mut body: Vec<Item> = [counter, from, whole, to].map(Item::Instr).into();
        let mut totals_of = Vec::new();
        body.push(call_rows(program, items[self.start], from, to));
        for &at in &self.middle {
            if let Item::Group(k) = items[at] {
                if let GroupKind::Loop { lo, hi, .. } = &mut program.groups[k].what {
                    (*lo, *hi) = (from, to);
                }
                for m in program.groups[k].members.clone() {
                    let args = &mut program.instrs[m as usize].args;
                    (args[0], args[1]) = (from, to);
                }
                totals_of.extend(totals(program, items[at]));
            }
            body.push(items[at]);
        }
        for &at in &self.ends {
            body.push(call_rows(program, items[at], from, to));
        }
        let mut renamed = FxHashMap::default();
        let mut members = Vec::new();
        for v in totals_of {
            let Kind::Fold { fold, .. } = program.instrs[v as usize].kind else { continue };
            let kind = Kind::Fold { fold, var, filtered: false, node: None };
            let total = push(program, kind, &[lo, hi, v]);
            renamed.insert(v, total);
            members.push(total);
        }
        // What used a total of rows now uses the total of totals.
        rename(program, &renamed, &members);
        program.blocks.push(Block { items: body });
        let what = GroupKind::Loop { var, lo, hi, body: program.blocks.len() - 1, filter: None };
        program.groups.push(Group { what, members });
        let group = program.groups.len() - 1;
        let part = self.part.div_ceil(self.block);
        program.passes.push(program::Pass { group, blocks, part, work: self.work });
        let group = Item::Group(group);
        program.blocks[0].items = [first, outside, vec![group], last].concat();
    }
}

fn push(program: &mut Program, kind: Kind, args: &[InstrId]) -> InstrId {
    let instr = Instr { kind, args: args.to_vec(), uses: 2, effect: kind.is_effect() };
    program.instrs.push(instr);
    program.instrs.len() as InstrId - 1
}

/// The rows of a building block, in place of all of it.
fn call_rows(program: &mut Program, item: Item, from: InstrId, to: InstrId) -> Item {
    if let Item::Instr(v) = item
        && let Kind::Call { call } = program.instrs[v as usize].kind
    {
        let instr = &mut program.instrs[v as usize];
        instr.kind = Kind::CallRows { call };
        instr.args.splice(0..0, [from, to]);
    }
    item
}

/// The members of a loop that are numbers.
fn totals(program: &Program, item: Item) -> Vec<InstrId> {
    let Item::Group(k) = item else { return Vec::new() };
    let is_total = |m: &InstrId| !program.instrs[*m as usize].effect;
    program.groups[k].members.iter().copied().filter(is_total).collect()
}

/// Whether an item is a plain loop over all rows, or a definition.
fn may_be_inside(program: &Program, at: usize, rows: usize) -> bool {
    match program.blocks[0].items[at] {
        Item::Instr(v) => {
            matches!(program.instrs[v as usize].kind, Kind::Define(_) | Kind::Both)
        }
        Item::Group(k) => match program.groups[k].what {
            GroupKind::Loop { lo, hi, filter: None, .. } => {
                let int = |v: InstrId| match program.instrs[v as usize].kind {
                    Kind::Int(n) => Some(n),
                    _ => None,
                };
                let whole = int(lo) == Some(0) && int(hi) == Some(rows as i64 - 1);
                let plain = program.groups[k].members.iter().all(|&m| {
                    !matches!(
                        program.instrs[m as usize].kind,
                        Kind::Fold {
                            fold: FoldKind::LogSumExp | FoldKind::ArgMin | FoldKind::ArgMax,
                            ..
                        } | Kind::Fold { node: Some(_), .. }
                    )
                });
                whole && plain && reads_own_row(program, k)
            }
            _ => false,
        },
    }
}

/// Whether a loop over rows stores to and loads from buffers at its own row only: an entry of another row
/// may not be there yet, or no longer be needed.
fn reads_own_row(program: &Program, k: usize) -> bool {
    let GroupKind::Loop { var, body, .. } = program.groups[k].what else { return false };
    program.blocks[body].items.iter().all(|item| match *item {
        Item::Group(_) => false,
        Item::Instr(v) => {
            let instr = &program.instrs[v as usize];
            let own = |at: InstrId| program.instrs[at as usize].kind == Kind::Counter(var);
            match instr.kind {
                Kind::Load(Base::Buffer(buf)) => {
                    own(instr.args[0]) || !written_by_rows(program, buf)
                }
                Kind::Store { add, .. } => own(instr.args[0]) && !add,
                _ => true,
            }
        }
    })
}

/// Whether an item is a product with the transpose of the matrix, by a column or by the matrix itself.
fn is_turned_product(program: &Program, item: Item, matrix: Base, rows: usize) -> bool {
    let Item::Instr(v) = item else { return false };
    let Kind::Call { call } = program.instrs[v as usize].kind else { return false };
    let call = &program.calls[call as usize];
    let turned = match call.what {
        Dense::Product { k, n: 1, left_turned: true, .. } => k == rows,
        Dense::Gram { m, .. } => m == rows,
        _ => false,
    };
    turned && call.args[0].0 == matrix
}

/// Everything but `except` uses the new operations in place of the old.
fn rename(program: &mut Program, renamed: &FxHashMap<InstrId, InstrId>, except: &[InstrId]) {
    let swap = |v: &mut InstrId| *v = renamed.get(v).copied().unwrap_or(*v);
    let except: FxHashSet<InstrId> = except.iter().copied().collect();
    for (k, instr) in program.instrs.iter_mut().enumerate() {
        if !except.contains(&(k as InstrId)) {
            instr.args.iter_mut().for_each(swap);
        }
    }
    for group in &mut program.groups {
        match &mut group.what {
            GroupKind::Loop { lo, hi, filter, .. } => {
                swap(lo);
                swap(hi);
                if let Some((cond, _)) = filter {
                    swap(cond);
                }
            }
            GroupKind::Branch { cond, .. } => swap(cond),
        }
    }
}

/// Whether a buffer may be filled inside a pass. Buffers of single numbers are not.
fn written_by_rows(program: &Program, buf: BufId) -> bool {
    program.buffers[buf.0 as usize].len > 1
}

/// Whether a loop that no end needs can be taken along: all it needs is there by then.
fn joins(
    program: &Program,
    at: usize,
    rows: usize,
    links: &Links,
    inside: &[bool],
    start: usize,
) -> bool {
    let is_loop = matches!(program.blocks[0].items[at], Item::Group(_));
    is_loop
        && may_be_inside(program, at, rows)
        && links.needs[at].iter().all(|&p| inside[p] || p < start)
}

/// What the items of the outermost block need of one another.
struct Links {
    /// The positions of items that an item needs.
    needs: Vec<Vec<usize>>,
    /// The operations of other items that an item uses.
    used: Vec<Vec<InstrId>>,
}

impl Links {
    fn of(program: &Program) -> Links {
        Links::among(program, &program.blocks[0].items)
    }

    fn among(program: &Program, items: &[Item]) -> Links {
        let mut owner: FxHashMap<InstrId, usize> = FxHashMap::default();
        let mut used = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            match *item {
                Item::Instr(v) => {
                    owner.insert(v, at);
                }
                Item::Group(k) => {
                    program.groups[k].members.iter().for_each(|&m| {
                        owner.insert(m, at);
                    });
                }
            }
        }
        for item in items {
            used.push(uses_of(program, *item));
        }
        let needs = used.iter().enumerate().map(|(at, used)| {
            let mut needs: Vec<usize> =
                used.iter().filter_map(|v| owner.get(v).copied()).filter(|&p| p != at).collect();
            needs.sort_unstable();
            needs.dedup();
            needs
        });
        Links { needs: needs.collect(), used }
    }
}

/// All operations that an item and what is inside of it use.
pub fn uses_of(program: &Program, item: Item) -> Vec<InstrId> {
    let mut found = Vec::new();
    let mut work = vec![item];
    while let Some(item) = work.pop() {
        match item {
            Item::Instr(v) => found.extend_from_slice(&program.instrs[v as usize].args),
            Item::Group(k) => {
                let group = &program.groups[k];
                for &m in &group.members {
                    found.extend_from_slice(&program.instrs[m as usize].args);
                }
                let blocks = match group.what {
                    GroupKind::Loop { lo, hi, body, filter, .. } => {
                        found.extend([lo, hi]);
                        found.extend(filter.map(|(cond, _)| cond));
                        [Some(body), filter.map(|(_, taken)| taken)]
                    }
                    GroupKind::Branch { cond, then, other } => {
                        found.push(cond);
                        [Some(then), Some(other)]
                    }
                };
                for block in blocks.into_iter().flatten() {
                    work.extend(program.blocks[block].items.iter().copied());
                }
            }
        }
    }
    found
}
