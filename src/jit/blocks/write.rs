//! From a kernel to a register program: operations. `loops` does the same for loops and branches.

use rustc_hash::{FxHashMap, FxHashSet};

use super::choose::Chosen;
use super::code::{Code, Op, Reg};
use super::loops::Task;
use crate::jit::bodies::frame::Start;
use crate::jit::entries::dag::{Base, BufId, FoldKind, Fun, Kind};
use crate::jit::entries::vars::VarId;
use crate::jit::program::{GroupKind, InstrId, Item, Program};
use crate::jit::run::tables::{Place, Site, Tables};
use crate::ops::{self, Value};

/// No register yet.
const NONE: Reg = Reg::MAX;

/// A register program that is being written.
pub struct Writer<'p> {
    pub program: &'p Program,
    tables: &'p Tables,
    pub chosen: &'p Chosen,
    pub code: Code,
    /// The register of every operation.
    regs: Vec<Reg>,
    /// Operations that their users do as well: products that are added, and sums that are positions.
    folded: Vec<bool>,
    constants: FxHashMap<u64, Reg>,
    whole_constants: FxHashMap<i64, Reg>,
    pub counters: FxHashMap<VarId, Reg>,
    /// Of members of loops with two totals, the register of the first; the second comes next.
    pub more: FxHashMap<InstrId, Reg>,
    /// Whole numbers that say whether a member of a loop with a condition has taken anything.
    pub flags: FxHashMap<InstrId, Reg>,
    fused: bool,
}

/// The register program of a kernel, with products added in one rounding if `fused`. Cost: linear in its operations.
pub fn write(program: &Program, tables: &Tables, chosen: &Chosen, fused: bool) -> Code {
    let mut w = Writer {
        program,
        tables,
        chosen,
        code: Code::default(),
        regs: vec![NONE; program.instrs.len()],
        folded: vec![false; program.instrs.len()],
        constants: FxHashMap::default(),
        whole_constants: FxHashMap::default(),
        counters: FxHashMap::default(),
        more: FxHashMap::default(),
        flags: FxHashMap::default(),
        fused,
    };
    w.fold();
    // A stack of our own: nesting may be deeper than that of the machine is long.
    let mut tasks = vec![Task::Items(0, 0)];
    while let Some(task) = tasks.pop() {
        w.task(task, &mut tasks);
    }
    w.code.ops.push(Op::End);
    w.code
}

impl Writer<'_> {
    pub fn push(&mut self, op: Op) {
        self.code.ops.push(op);
    }

    /// A new register of numbers.
    pub fn new_number(&mut self, value: f64) -> Reg {
        self.code.numbers.push(value);
        self.code.numbers.len() as Reg - 1
    }

    /// A new register of whole numbers.
    pub fn new_whole(&mut self, value: i64) -> Reg {
        self.code.wholes.push(value);
        self.code.wholes.len() as Reg - 1
    }

    /// The register of a constant.
    pub fn constant(&mut self, value: f64) -> Reg {
        if let Some(&r) = self.constants.get(&value.to_bits()) {
            return r;
        }
        let r = self.new_number(value);
        self.constants.insert(value.to_bits(), r);
        r
    }

    pub fn whole_constant(&mut self, value: i64) -> Reg {
        if let Some(&r) = self.whole_constants.get(&value) {
            return r;
        }
        let r = self.new_whole(value);
        self.whole_constants.insert(value, r);
        r
    }

    pub fn site(&mut self, site: Site) -> u32 {
        self.code.sites.push(site);
        self.code.sites.len() as u32 - 1
    }

    /// The register of an operation's result, of which file its kind says.
    pub fn reg(&mut self, v: InstrId) -> Reg {
        match self.program.instrs[v as usize].kind {
            Kind::Int(n) => self.whole_constant(n),
            Kind::Num(bits) => self.constant(f64::from_bits(bits)),
            _ => {
                let r = self.regs[v as usize];
                assert!(r != NONE, "operation v{v} is used before it is computed");
                r
            }
        }
    }

    /// The register to which an operation writes its number.
    pub fn result(&mut self, v: InstrId) -> Reg {
        if self.regs[v as usize] == NONE {
            self.regs[v as usize] = self.new_number(0.0);
        }
        self.regs[v as usize]
    }

    fn whole_result(&mut self, v: InstrId) -> Reg {
        if self.regs[v as usize] == NONE {
            self.regs[v as usize] = self.new_whole(0);
        }
        self.regs[v as usize]
    }

    /// Finds what users do as well: a product that one addition alone uses, and a sum with a constant that is nothing
    /// but a position.
    fn fold(&mut self) {
        let inside = self.inside_blocks();
        let mut stays = vec![false; self.program.instrs.len()];
        for (v, instr) in self.program.instrs.iter().enumerate() {
            let outside = !inside.contains(&(v as InstrId));
            let position = outside && matches!(instr.kind, Kind::Load(_) | Kind::Store { .. });
            for &a in &instr.args[usize::from(position)..] {
                stays[a as usize] = true;
            }
            let added = match (instr.kind, &instr.args[..]) {
                (Kind::Fun(Fun::Add | Fun::Sub), &[a, b]) => {
                    [b, a].into_iter().find(|&v| self.is_own_product(v))
                }
                (Kind::Fold { fold: FoldKind::Sum, .. }, args) => Some(args[2]),
                (Kind::Store { add: true, .. }, args) => Some(args[1]),
                _ => None,
            };
            if let Some(a) = added.filter(|&a| outside && self.is_own_product(a)) {
                self.folded[a as usize] = true;
            }
        }
        for (v, stays) in stays.iter().enumerate() {
            self.folded[v] |= !stays && self.far_position(v as InstrId).is_some();
        }
    }

    /// Operations of loops that are run by blocks.
    fn inside_blocks(&self) -> FxHashSet<InstrId> {
        let program = self.program;
        let mut inside = FxHashSet::default();
        let mut groups: Vec<usize> = self.chosen.loops.keys().copied().collect();
        while let Some(k) = groups.pop() {
            inside.extend(&program.groups[k].members);
            let blocks = match program.groups[k].what {
                GroupKind::Loop { body, filter, .. } => [Some(body), filter.map(|f| f.1)],
                GroupKind::Branch { then, other, .. } => [Some(then), Some(other)],
            };
            for item in blocks.into_iter().flatten().flat_map(|b| &program.blocks[b].items) {
                match *item {
                    Item::Instr(v) => {
                        inside.insert(v);
                    }
                    Item::Group(k) => groups.push(k),
                }
            }
        }
        inside
    }

    fn is_own_product(&self, v: InstrId) -> bool {
        let instr = &self.program.instrs[v as usize];
        self.fused && instr.uses == 1 && instr.kind == Kind::Fun(Fun::Mul)
    }

    /// The factors of a product that is not computed by itself.
    pub fn product(&mut self, v: InstrId) -> Option<(Reg, Reg)> {
        if !self.folded[v as usize] || !self.is_own_product(v) {
            return None;
        }
        let program = self.program;
        let args = &program.instrs[v as usize].args;
        Some((self.reg(args[0]), self.reg(args[1])))
    }

    /// The operation and the constant of which a whole number is the sum.
    fn far_position(&self, v: InstrId) -> Option<(InstrId, i64)> {
        let instr = &self.program.instrs[v as usize];
        match (instr.kind, &instr.args[..]) {
            (Kind::IAdd, &[x, c]) => match self.program.instrs[c as usize].kind {
                Kind::Int(n) if i32::try_from(n).is_ok() => Some((x, n)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A register and entries to add to it, for a position in an array that begins so many entries into its memory.
    fn position(&mut self, at: InstrId, start: usize) -> (Reg, i32) {
        let (at, plus) = self.far_position(at).unwrap_or((at, 0));
        let (at, plus) = match self.program.instrs[at as usize].kind {
            Kind::Int(n) => (self.whole_constant(0), n + plus),
            _ => (self.reg(at), plus),
        };
        let plus = plus + start as i64;
        match i32::try_from(plus) {
            Ok(plus) => (at, plus),
            Err(_) => {
                let (b, to) = (self.whole_constant(plus), self.new_whole(0));
                self.push(Op::IAdd { to, a: at, b });
                (to, 0)
            }
        }
    }

    pub fn instr(&mut self, v: InstrId) {
        if self.folded[v as usize] {
            return;
        }
        let program = self.program;
        let instr = &program.instrs[v as usize];
        let args = &instr.args[..];
        match instr.kind {
            // Constants have their registers, and some operations only say what comes before what.
            Kind::Int(_) | Kind::Num(_) | Kind::Both | Kind::Define(_) => {}
            Kind::Counter(var) => self.regs[v as usize] = self.counters[&var],
            Kind::IAdd | Kind::IMul | Kind::IMin => {
                let (a, b) = (self.reg(args[0]), self.reg(args[1]));
                let to = self.whole_result(v);
                self.push(match instr.kind {
                    Kind::IAdd => Op::IAdd { to, a, b },
                    Kind::IMul => Op::IMul { to, a, b },
                    _ => Op::IMin { to, a, b },
                });
            }
            Kind::IDiv(n) | Kind::IRem(n) => {
                let (a, by) = (self.reg(args[0]), self.whole_constant(n));
                let to = self.whole_result(v);
                let is_quotient = matches!(instr.kind, Kind::IDiv(_));
                self.push(if is_quotient {
                    Op::IDiv { to, a, by }
                } else {
                    Op::IRem { to, a, by }
                });
            }
            Kind::Whole(node) => {
                let (x, site) = (self.reg(args[0]), self.site(Site::NotWhole(node)));
                let to = self.whole_result(v);
                self.push(Op::Whole { to, x, site });
            }
            Kind::Inside { node, size } => {
                let (index, limit) = (self.reg(args[0]), self.whole_constant(size as i64));
                let (site, to) = (self.site(Site::Outside(node, size)), self.whole_result(v));
                self.push(Op::Inside { to, index, size: limit, site });
            }
            Kind::Real => {
                let (from, to) = (self.reg(args[0]), self.result(v));
                self.push(Op::Real { to, from });
            }
            Kind::Load(base) => self.load(v, base, args[0]),
            Kind::Fun(fun) => self.function(v, fun, args),
            Kind::Select => {
                let [cond, a, b] = [args[0], args[1], args[2]].map(|a| self.reg(a));
                let to = self.result(v);
                self.push(Op::Select { to, cond, a, b });
            }
            Kind::Store { buf, add, .. } => self.store(buf, add, args),
            Kind::Zero(buf) => self.zero(buf),
            Kind::Call { call } => self.push(Op::Dense { call }),
            Kind::CallRows { .. } => unreachable!("passes are not joined for this engine"),
            Kind::If | Kind::Fold { .. } | Kind::For { .. } => {
                unreachable!("loops and branches are groups")
            }
        }
    }

    fn load(&mut self, v: InstrId, base: Base, at: InstrId) {
        let place = |w: &Self, buf: BufId| w.tables.buffers[buf.0 as usize].0;
        let start = match base {
            Base::Input(start) => start as usize,
            Base::Data(_) => 0,
            Base::Buffer(buf) => match place(self, buf) {
                Place::Output(start) | Place::Scratch(start) => start,
            },
        };
        let (at, plus) = self.position(at, start);
        let to = self.result(v);
        self.push(match base {
            Base::Input(_) => Op::LoadInput { to, at, plus },
            Base::Data(data) => Op::LoadData { to, data, at, plus },
            Base::Buffer(buf) => match place(self, buf) {
                Place::Output(_) => Op::LoadOutput { to, at, plus },
                Place::Scratch(_) => Op::LoadScratch { to, at, plus },
            },
        });
    }

    fn store(&mut self, buf: BufId, add: bool, args: &[InstrId]) {
        let place = self.tables.buffers[buf.0 as usize].0;
        let (Place::Output(start) | Place::Scratch(start)) = place;
        let (at, plus) = self.position(args[0], start);
        let product = if add { self.product(args[1]) } else { None };
        let op = match (product, place) {
            (Some((a, b)), Place::Output(_)) => Op::AddProductOutput { at, plus, a, b },
            (Some((a, b)), Place::Scratch(_)) => Op::AddProductScratch { at, plus, a, b },
            (None, place) => {
                let value = self.reg(args[1]);
                match (add, place) {
                    (true, Place::Output(_)) => Op::AddOutput { at, plus, value },
                    (true, Place::Scratch(_)) => Op::AddScratch { at, plus, value },
                    (false, Place::Output(_)) => Op::StoreOutput { at, plus, value },
                    (false, Place::Scratch(_)) => Op::StoreScratch { at, plus, value },
                }
            }
        };
        self.push(op);
    }

    /// Sets to zero what loops by blocks do not overwrite.
    fn zero(&mut self, buf: BufId) {
        let (place, len) = self.tables.buffers[buf.0 as usize];
        let (memory, start) = match place {
            Place::Output(start) => (Start::Output, start),
            Place::Scratch(start) => (Start::Scratch, start),
        };
        let ranges = match self.chosen.overwritten.get(&buf) {
            Some(&(first, last)) => [0..first, last + 1..len],
            None => [0..len, len..len],
        };
        for range in ranges.into_iter().filter(|r| !r.is_empty()) {
            self.code.ranges.push((memory, start + range.start..start + range.end));
            self.push(Op::Clear { range: self.code.ranges.len() as u32 - 1 });
        }
    }

    fn function(&mut self, v: InstrId, fun: Fun, args: &[InstrId]) {
        if matches!(fun, Fun::Add | Fun::Sub) {
            return self.add_or_subtract(v, fun == Fun::Sub, args[0], args[1]);
        }
        let a = self.reg(args[0]);
        let b = args.get(1).map_or(a, |&b| self.reg(b));
        let to = self.result(v);
        let op = match fun {
            Fun::Neg => Op::Neg { to, a },
            Fun::Abs => Op::Abs { to, a },
            Fun::Sqrt => Op::Sqrt { to, a },
            Fun::Floor => Op::Floor { to, a },
            Fun::Ceil => Op::Ceil { to, a },
            Fun::Sign => Op::Sign { to, a },
            Fun::Relu => Op::Relu { to, a },
            Fun::Not => Op::Not { to, a },
            Fun::Add => Op::Add { to, a, b },
            Fun::Sub => Op::Sub { to, a, b },
            Fun::Mul => Op::Mul { to, a, b },
            Fun::Div => Op::Div { to, a, b },
            Fun::Min => Op::Min { to, a, b },
            Fun::Max => Op::Max { to, a, b },
            Fun::Lt => Op::Less { to, a, b },
            Fun::Le => Op::LessEqual { to, a, b },
            Fun::Gt => Op::Less { to, a: b, b: a },
            Fun::Ge => Op::LessEqual { to, a: b, b: a },
            Fun::Eq => Op::Equal { to, a, b },
            Fun::Ne => Op::NotEqual { to, a, b },
            Fun::And => Op::And { to, a, b },
            Fun::Or => Op::Or { to, a, b },
            Fun::Row(op) => match ops::def(op).value {
                Value::Unary(f) => {
                    self.code.one.push(f);
                    Op::One { to, f: self.code.one.len() as u32 - 1, x: a }
                }
                Value::Binary(f) => {
                    self.code.two.push(f);
                    Op::Two { to, f: self.code.two.len() as u32 - 1, x: a, y: b }
                }
                _ => unreachable!("{op:?} is no function of numbers"),
            },
        };
        self.push(op);
    }

    fn add_or_subtract(&mut self, v: InstrId, subtract: bool, left: InstrId, right: InstrId) {
        let op = if let Some((a, b)) = self.product(right) {
            let (c, to) = (self.reg(left), self.result(v));
            if subtract { Op::NegMulAdd { to, a, b, c } } else { Op::MulAdd { to, a, b, c } }
        } else if let Some((a, b)) = self.product(left) {
            let (c, to) = (self.reg(right), self.result(v));
            if subtract { Op::MulSub { to, a, b, c } } else { Op::MulAdd { to, a, b, c } }
        } else {
            let (a, b, to) = (self.reg(left), self.reg(right), self.result(v));
            if subtract { Op::Sub { to, a, b } } else { Op::Add { to, a, b } }
        };
        self.push(op);
    }
}
