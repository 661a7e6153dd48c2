//! From the expression graph to the scalar graph.
//!
//! In: expressions. Out: a [`Dag`] and its roots, with the tables of known
//! values, buffers and building blocks that its nodes name by number.
//!
//! A [`Key`] is a question about a node of the expression graph: one entry of
//! it, its definition as a buffer, or the effect of adding it to a buffer.
//! Each question is answered once. Questions that an answer needs are asked on
//! a stack of our own, so depth does not matter.

use rustc_hash::FxHashMap;

use super::dag::{Base, BufId, Dag, Kind, Val};
pub use super::envs::EnvId;
use super::envs::Envs;
use super::facts::{FactTable, Inputs, is_known_literal, is_line, known_scalar};
use super::vars::{Counts, VarId};
use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops::lu;
use crate::shape::{Shape, Tensor};

/// Which entry of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// The number itself, of a scalar.
    Scalar,
    /// By position in memory.
    Flat(Val),
    /// By row and column.
    Cell(Val, Val),
}

/// A question about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// One entry.
    Entry(ExprId, EnvId, At),
    /// The definition of its buffer.
    Define(ExprId, EnvId),
    /// The triangular factors of a square matrix.
    Factors(ExprId, EnvId),
    /// All products that leave one factor of a product over an index out.
    Others(ExprId, EnvId),
    /// The effect of storing it, times a factor, into a buffer, or of adding
    /// it to one.
    ///
    /// What is added for the `time`-th time, from 0: a term that stands in several sums is added for each.
    Into { e: ExprId, env: EnvId, buf: BufId, add: bool, factor: Option<Val>, time: u32 },
}

/// An array of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub len: usize,
    /// Where it lies in the output vector, if there.
    pub output: Option<usize>,
}

/// What a building block does.
#[derive(Clone, Debug)]
pub enum Dense {
    /// The row's function of whole arrays.
    Row { op: Op, data: Data, shapes: Vec<Shape> },
    /// Products of all numbers but one, for each of them.
    Others,
    /// The triangular factors of an `n x n` matrix.
    Factor { n: usize },
    /// A function of a matrix by its triangular factors.
    FromFactors { op: Op, n: usize },
    /// `A*B`, `m x k` by `k x n`, either one stored transposed.
    Product { m: usize, k: usize, n: usize, left_turned: bool, right_turned: bool },
    /// `X'*X`, or `X'*diag(s)*X` where there is a second argument; `X` is `m x n`.
    Gram { m: usize, n: usize },
    /// `diag(s)*B`, or `B*diag(s)` by columns; `B` is `m x n` and may be stored transposed.
    Scale { m: usize, n: usize, turned: bool, by_columns: bool },
}

/// A dense building block and the arrays that it reads and writes.
#[derive(Clone, Debug)]
pub struct DenseCall {
    pub what: Dense,
    pub args: Vec<(Base, usize)>,
    pub out: BufId,
}

/// Where entries go.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub buf: BufId,
    /// Added to what is there.
    pub add: bool,
    /// Times this.
    pub factor: Option<Val>,
    /// The question for what goes there.
    pub of: Key,
}

/// One translation.
pub struct Translation<'g> {
    pub g: &'g Graph,
    pub dag: Dag,
    pub facts: FactTable,
    pub inputs: Inputs,
    pub data: Vec<Tensor>,
    pub buffers: Vec<Buffer>,
    pub calls: Vec<DenseCall>,
    data_ids: FxHashMap<ExprId, u32>,
    buffer_ids: FxHashMap<(ExprId, EnvId), BufId>,
    factor_ids: FxHashMap<(ExprId, EnvId), BufId>,
    pub(super) other_ids: FxHashMap<(ExprId, EnvId), (BufId, BufId)>,
    memo: FxHashMap<Key, Val>,
    /// Which time it is that a term is added, by the term as added first, the sum that asks and the place in it.
    pub(super) times: FxHashMap<(Key, Key, usize), u32>,
    /// How often a term is added so far.
    pub(super) added: FxHashMap<Key, u32>,
    missing: Vec<Key>,
    pub envs: Envs,
}

impl<'g> Translation<'g> {
    /// A translation of expressions below `outputs`. Every symbol in them is a
    /// key of `inputs` (its place in the input vector), an index, or known.
    pub fn new(g: &'g Graph, outputs: &[ExprId], inputs: Inputs) -> Self {
        Translation {
            g,
            dag: Dag::default(),
            facts: FactTable::new(g, outputs, &inputs),
            inputs,
            data: Vec::new(),
            buffers: Vec::new(),
            calls: Vec::new(),
            data_ids: FxHashMap::default(),
            buffer_ids: FxHashMap::default(),
            factor_ids: FxHashMap::default(),
            other_ids: FxHashMap::default(),
            memo: FxHashMap::default(),
            times: FxHashMap::default(),
            added: FxHashMap::default(),
            missing: Vec::new(),
            envs: Envs::default(),
        }
    }

    /// The effects that write the outputs one after the other.
    pub fn outputs(&mut self, outputs: &[ExprId]) -> Vec<Val> {
        let mut offset = 0;
        let mut roots = Vec::with_capacity(outputs.len());
        for &e in outputs {
            let len = self.g.shape(e).len();
            let free = !self.buffer_ids.contains_key(&(e, EnvId::EMPTY));
            let key = if self.facts.of(e).stored && free {
                let buf = self.buffer_of(e, EnvId::EMPTY);
                self.buffers[buf.0 as usize].output = Some(offset);
                Key::Define(e, EnvId::EMPTY)
            } else {
                let buf = self.new_buffer(len);
                self.buffers[buf.0 as usize].output = Some(offset);
                Key::Into { e, env: EnvId::EMPTY, buf, add: false, factor: None, time: 0 }
            };
            roots.push(self.answer(key));
            offset += len;
        }
        roots
    }

    fn answer(&mut self, question: Key) -> Val {
        let mut stack = vec![question];
        while let Some(&key) = stack.last() {
            if self.memo.contains_key(&key) {
                stack.pop();
                continue;
            }
            match self.build(key) {
                Some(v) => {
                    self.memo.insert(key, v);
                    self.missing.clear();
                    stack.pop();
                }
                None => {
                    assert!(
                        !self.missing.is_empty(),
                        "an expression node has no translation: {key:?}"
                    );
                    stack.append(&mut self.missing);
                }
            }
        }
        self.memo[&question]
    }

    /// `None` where answers are missing; the questions are then in `missing`.
    fn build(&mut self, key: Key) -> Option<Val> {
        match key {
            Key::Entry(e, env, at) => self.build_entry(e, env, at),
            Key::Define(e, env) => self.build_definition(e, env),
            Key::Factors(e, env) => self.build_factors(e, env),
            Key::Others(e, env) => self.build_others(e, env),
            Key::Into { e, env, buf, add, factor, .. } => {
                self.build_into(e, env, Target { buf, add, factor, of: key })
            }
        }
    }

    /// The answer to a question, where it is there.
    pub fn want(&mut self, key: Key) -> Option<Val> {
        let found = self.memo.get(&key).copied();
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// One entry of a node. The place does not matter for a scalar.
    pub fn entry(&mut self, e: ExprId, env: EnvId, at: At) -> Option<Val> {
        let at = if self.g.shape(e).is_scalar() { At::Scalar } else { at };
        let env = self.envs.restrict(env, self.g.free_indices(e));
        self.want(Key::Entry(e, env, at))
    }

    /// The number of a scalar node.
    pub fn scalar(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        self.entry(e, env, At::Scalar)
    }

    /// All answers, or `None` after asking for all that are missing.
    pub fn entries(&mut self, nodes: &[ExprId], env: EnvId, at: At) -> Option<Vec<Val>> {
        let found: Vec<Option<Val>> = nodes.iter().map(|&e| self.entry(e, env, at)).collect();
        found.into_iter().collect()
    }

    /// Where a node lies in memory, with the definition to wait for.
    pub fn place_of(&mut self, e: ExprId, env: EnvId) -> Option<(Base, Option<Val>)> {
        if let Some(base) = self.leaf_base(e) {
            return Some((base, None));
        }
        let env = self.envs.restrict(env, self.g.free_indices(e));
        let buf = self.buffer_of(e, env);
        let definition = self.want(Key::Define(e, env))?;
        Some((Base::Buffer(buf), Some(definition)))
    }

    /// Where a leaf lies.
    pub fn leaf_base(&mut self, e: ExprId) -> Option<Base> {
        if let Some(&k) = self.data_ids.get(&e) {
            return Some(Base::Data(k));
        }
        let tensor = match self.g.as_symbol(e) {
            Some(s) => match self.inputs.get(&s) {
                Some(&at) => return Some(Base::Input(at as u32)),
                None => self.g.symbol(s).value.clone()?,
            },
            None if is_known_literal(self.g, e, &self.inputs) => {
                let entries = self
                    .g
                    .args(e)
                    .iter()
                    .map(|&a| known_scalar(self.g, a, &self.inputs).unwrap_or(f64::NAN));
                Tensor::new(self.g.shape(e), entries.collect::<Vec<f64>>())
            }
            None => return None,
        };
        let k = self.data.len() as u32;
        self.data.push(tensor);
        self.data_ids.insert(e, k);
        Some(Base::Data(k))
    }

    /// The buffer of a stored node.
    pub fn buffer_of(&mut self, e: ExprId, env: EnvId) -> BufId {
        if let Some(&buf) = self.buffer_ids.get(&(e, env)) {
            return buf;
        }
        let buf = self.new_buffer(self.g.shape(e).len());
        self.buffer_ids.insert((e, env), buf);
        buf
    }

    /// The buffer for the triangular factors of a square matrix.
    pub fn factors_of(&mut self, e: ExprId, env: EnvId) -> BufId {
        if let Some(&buf) = self.factor_ids.get(&(e, env)) {
            return buf;
        }
        let buf = self.new_buffer(lu::factors_len(self.g.shape(e).rows()));
        self.factor_ids.insert((e, env), buf);
        buf
    }

    /// Whether the buffer is the node's own.
    pub fn buffer_is_of(&self, e: ExprId, env: EnvId, buf: BufId) -> bool {
        self.buffer_ids.get(&(e, env)) == Some(&buf)
    }

    pub fn new_buffer(&mut self, len: usize) -> BufId {
        self.buffers.push(Buffer { len, output: None });
        BufId(self.buffers.len() as u32 - 1)
    }

    /// An entry of an array in memory.
    pub fn load(&mut self, place: (Base, Option<Val>), at: Val) -> Val {
        match place.1 {
            Some(definition) => self.dag.node(Kind::Load(place.0), &[at, definition]),
            None => self.dag.node(Kind::Load(place.0), &[at]),
        }
    }

    /// The loops over all entries of `e`, outermost first, and the entry that
    /// they have reached.
    pub fn sweep(&mut self, e: ExprId) -> (Vec<VarId>, At) {
        let shape = self.g.shape(e);
        if self.facts.of(e).flat || is_line(shape) {
            let (var, k) = self.counter(Counts::Entries(shape.len()), shape.len());
            return (vec![var], At::Flat(k));
        }
        let (row, i) = self.counter(Counts::Rows(shape.rows()), shape.rows());
        let (col, j) = self.counter(Counts::Cols(shape.cols()), shape.cols());
        (vec![row, col], At::Cell(i, j))
    }

    /// A counter from 0 to `n - 1`.
    pub fn counter(&mut self, counts: Counts, n: usize) -> (VarId, Val) {
        let var = self.dag.vars.var(counts, Some((0.0, n as f64 - 1.0)));
        (var, self.dag.node(Kind::Counter(var), &[]))
    }

    /// The ends of a counter that starts from 0.
    pub fn ends_of(&mut self, var: VarId) -> (Val, Val) {
        let last = self.dag.vars.interval(var).map_or(-1, |i| i.1 as i64);
        (self.dag.int(0), self.dag.int(last))
    }
}
