//! The kernel: loops, branches and operations in the order in which they run.
//!
//! Plain data between scheduling and machine code; `--show kernel` prints it.
//! A [`Block`] is a list of items, each an operation or a [`Group`]: one loop
//! with all the sums, stores and other members that share it, or one branch
//! with all that is decided by it. An operation's arguments are operations of
//! the same block or of blocks around it, and come before it.

pub mod count;
pub mod passes;
mod regions;
pub mod schedule;

use std::fmt::{self, Write};

use super::entries::dag::{Base, FoldKind, Fun, Kind};
use super::entries::translate::{Buffer, Dense, DenseCall};
use super::entries::vars::VarId;
use crate::shape::Tensor;

/// An operation of a kernel.
pub type InstrId = u32;

/// An operation with its arguments.
#[derive(Clone, Debug)]
pub struct Instr {
    pub kind: Kind,
    pub args: Vec<InstrId>,
    /// How many operations use it.
    pub uses: u32,
    /// Whether it has no result.
    pub effect: bool,
}

/// What a block does next.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// One operation.
    Instr(InstrId),
    /// A loop or a branch, by number.
    Group(usize),
}

/// Items in order.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub items: Vec<Item>,
}

/// A loop or a branch with its members: operations that share it.
#[derive(Clone, Debug)]
pub struct Group {
    pub what: GroupKind,
    pub members: Vec<InstrId>,
}

/// What a group is.
#[derive(Clone, Copy, Debug)]
pub enum GroupKind {
    /// The counter runs from `lo` to `hi`. Where there is a condition, `body`
    /// computes it and `taken` runs where it holds.
    Loop { var: VarId, lo: InstrId, hi: InstrId, body: usize, filter: Option<(InstrId, usize)> },
    /// One of two blocks.
    Branch { cond: InstrId, then: usize, other: usize },
}

/// A kernel before it is machine code.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub instrs: Vec<Instr>,
    pub blocks: Vec<Block>,
    pub groups: Vec<Group>,
    pub data: Vec<Tensor>,
    pub buffers: Vec<Buffer>,
    pub calls: Vec<DenseCall>,
    pub passes: Vec<Pass>,
}

/// A loop over blocks of rows of a matrix; its parts run in any order.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "jit"), allow(dead_code))] // passes are shown, and run as machine code only
pub struct Pass {
    pub group: usize,
    /// Turns of the loop, and those that are one part.
    pub blocks: usize,
    pub part: usize,
    /// In entries of a matrix that are read.
    pub work: usize,
}

impl Program {
    /// Whether the kernel asks if two computed values are equal. The derivative of a maximum over an index
    /// does: it looks for the value again among those that it was chosen from, so both must be rounded
    /// alike, wherever they are computed. Whole numbers are exact.
    pub fn compares(&self) -> bool {
        let exact = |v: &InstrId| {
            matches!(self.instrs[*v as usize].kind, Kind::Real | Kind::Int(_) | Kind::Num(_))
        };
        let compares = |i: &Instr| matches!(i.kind, Kind::Fun(Fun::Eq | Fun::Ne));
        self.instrs.iter().any(|i| compares(i) && !i.args.iter().all(exact))
    }

    /// Whether a block contains a loop.
    pub fn has_group(&self, block: usize) -> bool {
        self.blocks[block].items.iter().any(|i| matches!(i, Item::Group(_)))
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, b) in self.buffers.iter().enumerate() {
            match b.output {
                Some(at) => writeln!(f, "buffer b{k}: {} at output {at}", b.len)?,
                None => writeln!(f, "buffer b{k}: {}", b.len)?,
            }
        }
        // An explicit stack: nesting may be deeper than ours.
        let mut work = vec![Line::Block(0, 0)];
        while let Some(line) = work.pop() {
            match line {
                Line::Text(depth, text) => writeln!(f, "{:width$}{text}", "", width = 2 * depth)?,
                Line::Block(depth, block) => {
                    for item in self.blocks[block].items.iter().rev() {
                        match *item {
                            // They only say what comes before what.
                            Item::Instr(v) if self.is_silent(v) => {}
                            Item::Instr(v) => work.push(Line::Text(depth, self.describe(v))),
                            Item::Group(k) => self.push_group(&mut work, depth, k),
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

enum Line {
    Text(usize, String),
    Block(usize, usize),
}

impl Program {
    /// Pushes the lines of a group, last first.
    fn push_group(&self, work: &mut Vec<Line>, depth: usize, k: usize) {
        let group = &self.groups[k];
        let folds = |block: usize, slot: usize| {
            let of = move |&m: &InstrId| (m, self.instrs[m as usize].args.get(slot).copied());
            let members = group
                .members
                .iter()
                .map(of)
                .filter(move |(m, _)| block == 0 || !self.instrs[*m as usize].effect);
            members.filter_map(|(m, v)| v.map(|v| (m, v)))
        };
        match group.what {
            GroupKind::Loop { var, lo, hi, body, filter } => {
                let inner = if filter.is_some() { depth + 2 } else { depth + 1 };
                for (m, v) in folds(1, 2) {
                    work.push(Line::Text(
                        inner,
                        format!("v{m} {} v{v}", fold_sign(self.instrs[m as usize].kind)),
                    ));
                }
                if let Some((cond, taken)) = filter {
                    work.push(Line::Block(depth + 2, taken));
                    work.push(Line::Text(depth + 1, format!("if v{cond}")));
                }
                work.push(Line::Block(depth + 1, body));
                work.push(Line::Text(depth, format!("for i{} in v{lo}..v{hi}", var.0)));
            }
            GroupKind::Branch { cond, then, other } => {
                for (block, slot, word) in [(other, 2, "else"), (then, 1, "if")] {
                    for (m, v) in folds(1, slot) {
                        work.push(Line::Text(depth + 1, format!("v{m} = v{v}")));
                    }
                    work.push(Line::Block(depth + 1, block));
                    let head = if word == "if" { format!("if v{cond}") } else { word.to_string() };
                    work.push(Line::Text(depth, head));
                }
            }
        }
    }

    fn is_silent(&self, v: InstrId) -> bool {
        matches!(self.instrs[v as usize].kind, Kind::Both | Kind::Define(_))
    }

    /// One operation as text.
    fn describe(&self, v: InstrId) -> String {
        let instr = &self.instrs[v as usize];
        let mut args = String::new();
        for (k, a) in instr.args.iter().enumerate() {
            let _ = write!(args, "{}v{a}", if k == 0 { "" } else { ", " });
        }
        let at = || instr.args.first().map_or(String::new(), |a| format!("v{a}"));
        match instr.kind {
            Kind::Int(n) => format!("v{v} = {n}"),
            Kind::Num(bits) => format!("v{v} = {:?}", f64::from_bits(bits)),
            Kind::Counter(var) => format!("v{v} = i{}", var.0),
            Kind::Load(base) => format!("v{v} = {}[{}]", base_name(base), at()),
            Kind::IAdd => format!("v{v} = v{} + v{}", instr.args[0], instr.args[1]),
            Kind::IMul => format!("v{v} = v{} * v{}", instr.args[0], instr.args[1]),
            Kind::Fun(fun @ (Fun::Add | Fun::Sub | Fun::Mul | Fun::Div)) => {
                let sign = match fun {
                    Fun::Add => '+',
                    Fun::Sub => '-',
                    Fun::Mul => '*',
                    _ => '/',
                };
                format!("v{v} = v{} {sign} v{}", instr.args[0], instr.args[1])
            }
            Kind::Fun(Fun::Row(op)) => format!("v{v} = call {op:?}({args})"),
            Kind::Fun(fun) => format!("v{v} = {fun:?}({args})"),
            Kind::Store { buf, add, .. } => {
                format!("b{}[{}] {} v{}", buf.0, at(), if add { "+=" } else { "=" }, instr.args[1])
            }
            Kind::Zero(buf) => format!("b{} = 0", buf.0),
            Kind::Call { call } => format!("v{v} = {}", self.describe_call(call)),
            Kind::CallRows { call } => {
                let (from, to) = (instr.args[0], instr.args[1]);
                format!("v{v} = rows v{from}..v{to} of {}", self.describe_call(call))
            }
            Kind::IMin => format!("v{v} = min(v{}, v{})", instr.args[0], instr.args[1]),
            kind => format!("v{v} = {kind:?}({args})"),
        }
    }

    fn describe_call(&self, call: u32) -> String {
        let call = &self.calls[call as usize];
        let args: Vec<String> = call.args.iter().map(|(base, _)| base_name(*base)).collect();
        match &call.what {
            Dense::Row { op, .. } => format!("b{} = {op:?}({})", call.out.0, args.join(", ")),
            Dense::Others => format!("b{} = products of others of {}", call.out.0, args[0]),
            Dense::Factor { n } => {
                format!("b{} = factors of {}, {n} x {n}", call.out.0, args[0])
            }
            Dense::FromFactors { op, .. } => {
                format!("b{} = {op:?} by factors {}", call.out.0, args[0])
            }
            Dense::Product { m, k, n, left_turned, right_turned } => {
                let turned = |t: &bool| if *t { "'" } else { "" };
                let (a, b) = (turned(left_turned), turned(right_turned));
                format!("b{} = {}{a} * {}{b}, {m} x {k} x {n}", call.out.0, args[0], args[1])
            }
            Dense::Gram { m, n } => {
                let x = &args[0];
                let weights = args.get(1).map_or(String::new(), |s| format!("diag({s}) * "));
                format!("b{} = {x}' * {weights}{x}, {n} x {m} x {n}", call.out.0)
            }
            Dense::Scale { turned, by_columns, .. } => {
                let turned = if *turned { "'" } else { "" };
                let (b, s) = (format!("{}{turned}", args[0]), format!("diag({})", args[1]));
                let (left, right) = if *by_columns { (b, s) } else { (s, b) };
                format!("b{} = {left} * {right}", call.out.0)
            }
        }
    }
}

fn base_name(base: Base) -> String {
    match base {
        Base::Input(at) => format!("x{at}"),
        Base::Data(k) => format!("data{k}"),
        Base::Buffer(buf) => format!("b{}", buf.0),
    }
}

fn fold_sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Fold { fold: FoldKind::Prod, .. } => "*=",
        Kind::Fold { fold: FoldKind::Min, .. } => "min=",
        Kind::Fold { fold: FoldKind::Max, .. } => "max=",
        Kind::Fold { fold: FoldKind::LogSumExp, .. } => "logaddexp=",
        Kind::Fold { fold: FoldKind::ArgMin, .. } => "argmin=",
        Kind::Fold { fold: FoldKind::ArgMax, .. } => "argmax=",
        _ => "+=",
    }
}
