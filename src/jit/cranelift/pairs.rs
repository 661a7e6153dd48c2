//! Wide loops for machines without an emitter of their own: vectors of two doubles, which Cranelift has on
//! every machine.
//!
//! In: a loop's body, a straight line of vector operations. Out: a function of the same frame that an emitter
//! would make: number of steps, the counter's first value, pointers, parameters, room for totals. The main
//! loop runs several pairs a turn, then one pair a turn, then an odd step is one of single doubles. Returns
//! 0, or 1 where it was interrupted.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, Function, InstBuilder, MemFlagsData, SigRef, Signature, Type,
    UserFuncName, Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::pair_steps::{State, Width};
use crate::jit::bodies::body::{Body, Op};
use crate::jit::bodies::frame::HEAD;

/// Pairs between two looks at the interrupt; a power of two.
const PATIENCE: i64 = 1 << 14;

/// A loop as Cranelift gets it.
pub struct Loop<'a> {
    pub body: &'a Body,
    /// Entries between the steps of each pointer.
    pub strides: Vec<i64>,
    pub params: usize,
    pub interrupt: Option<usize>,
}

/// What is being written.
pub struct Pairs<'a, 'f> {
    pub body: &'a Body,
    pub b: FunctionBuilder<'f>,
    pub unary: SigRef,
    pub binary: SigRef,
    /// Parameters, as they are in the frame.
    pub params: Vec<Value>,
    strides: &'a [i64],
}

/// The function of a loop.
pub fn function(
    given: &Loop,
    convention: CallConv,
    config: TargetFrontendConfig,
    context: &mut FunctionBuilderContext,
) -> Function {
    let (word, float) = (types::I64, types::F64);
    let signature = |params: &[Type], result: Type| {
        let mut s = Signature::new(convention);
        s.params.extend(params.iter().map(|&t| AbiParam::new(t)));
        s.returns.push(AbiParam::new(result));
        s
    };
    let own = signature(&[word], word);
    let mut function = Function::with_name_signature(UserFuncName::default(), own);
    let mut b = FunctionBuilder::new(&mut function, context);
    let unary = b.import_signature(signature(&[word, float], float));
    let binary = b.import_signature(signature(&[word, float, float], float));
    let params = Vec::new();
    let p = Pairs { body: given.body, b, unary, binary, params, strides: &given.strides };
    p.write(given, config);
    function
}

/// Pairs of a turn: more, the shorter the body, so that additions to a total do not wait for one another.
fn copies(body: &Body) -> usize {
    let outside =
        |op: &&Op| matches!(op, Op::Const(_) | Op::Param(_) | Op::Counter | Op::Running(_));
    let work = body.ops.len() - body.ops.iter().filter(outside).count();
    let totals = body.accumulators.len();
    match work {
        0..=8 if totals <= 2 => 4,
        0..=32 if totals <= 4 => 2,
        _ => 1,
    }
}

impl Pairs<'_, '_> {
    fn write(mut self, given: &Loop, config: TargetFrontendConfig) {
        let flags = MemFlagsData::trusted();
        let entry = self.b.create_block();
        self.b.append_block_params_for_function_params(entry);
        self.b.switch_to_block(entry);
        let frame = self.b.block_params(entry)[0];
        let from =
            |p: &mut Self, t: Type, word: usize| p.b.ins().load(t, flags, frame, 8 * word as i32);
        let steps = from(&mut self, types::I64, 0);
        let first = from(&mut self, types::F64, 1);
        let pointers: Vec<Value> =
            (0..self.strides.len()).map(|k| from(&mut self, types::I64, HEAD + k)).collect();
        let after = HEAD + pointers.len();
        self.params = (0..given.params).map(|k| from(&mut self, types::F64, after + k)).collect();
        let totals = after + given.params;

        // Some pairs a turn, each with totals of its own.
        let copies = copies(self.body);
        let stopped = self.b.create_block();
        let mut state = self.state(steps, first, pointers);
        state.totals = (0..copies).flat_map(|_| self.neutral(Width::Pair)).collect();
        if copies > 1 {
            state = self.turns(state, copies, given.interrupt, stopped);
            let count = self.body.accumulators.len();
            let all = std::mem::take(&mut state.totals);
            let mut all = all.chunks(count.max(1));
            state.totals = all.next().map_or(Vec::new(), <[Value]>::to_vec);
            for part in all {
                self.combine(Width::Pair, &mut state.totals, part);
            }
        }
        state = self.turns(state, 1, given.interrupt, stopped);
        state = self.single(&state);
        state = self.odd_step(state);
        self.flush(&state);
        for (k, total) in state.totals.iter().enumerate() {
            self.b.ins().store(flags, *total, frame, 8 * (totals + k) as i32);
        }
        let done = self.b.ins().iconst(types::I64, 0);
        self.b.ins().return_(&[done]);
        self.b.switch_to_block(stopped);
        self.b.set_cold_block(stopped);
        let code = self.b.ins().iconst(types::I64, 1);
        self.b.ins().return_(&[code]);
        self.b.seal_all_blocks();
        self.b.finalize(config);
    }

    /// Before the first step.
    fn state(&mut self, left: Value, first: Value, pointers: Vec<Value>) -> State {
        let counter = self.body.ops.contains(&Op::Counter).then(|| {
            let lanes = self.constant_pair([0.0, 1.0]);
            let first = self.b.ins().splat(types::F64X2, first);
            self.b.ins().fadd(first, lanes)
        });
        let mut carried = Vec::new();
        for op in &self.body.ops {
            if let Op::Shifted { shift, .. } = *op
                && shift > 0
            {
                let before = usize::from(shift).div_ceil(2);
                carried.push((0..before).map(|_| self.constant_pair([0.0; 2])).collect());
            }
        }
        State { left, pointers, counter, totals: Vec::new(), carried }
    }

    /// Runs turns of so many pairs while there are steps for one.
    fn turns(
        &mut self,
        state: State,
        copies: usize,
        interrupt: Option<usize>,
        stopped: Block,
    ) -> State {
        let steps = 2 * copies as i64;
        let (head, body, after) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let enough = |p: &mut Self, left: Value| {
            let steps = p.b.ins().iconst(types::I64, steps);
            p.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, left, steps)
        };
        let some = enough(self, state.left);
        let given = state.arguments();
        self.b.ins().brif(some, head, &given, after, &given);
        let mut state = self.parameters(head, &state);
        self.b.switch_to_block(head);
        if let Some(flag) = interrupt {
            let look = self.b.create_block();
            self.b.set_cold_block(look);
            let mask = self.b.ins().iconst(types::I64, (PATIENCE - 1) & -steps);
            let rest = self.b.ins().band(state.left, mask);
            self.b.ins().brif(rest, body, &[], look, &[]);
            self.b.switch_to_block(look);
            let flag = self.b.ins().iconst(types::I64, flag as i64);
            let asked = self.b.ins().atomic_load(types::I8, MemFlagsData::trusted(), flag);
            self.b.ins().brif(asked, stopped, &[], body, &[]);
        } else {
            self.b.ins().jump(body, &[]);
        }
        self.b.switch_to_block(body);
        let count = self.body.accumulators.len();
        for copy in 0..copies {
            let mut one = state.clone();
            one.totals = state.totals[copy * count..(copy + 1) * count].to_vec();
            self.step(Width::Pair, &mut one, copy as i64);
            state.totals[copy * count..(copy + 1) * count].copy_from_slice(&one.totals);
            (state.carried, state.counter) = (one.carried, one.counter);
        }
        self.advance(&mut state, steps);
        let again = enough(self, state.left);
        let given = state.arguments();
        self.b.ins().brif(again, head, &given, after, &given);
        let state = self.parameters(after, &state);
        self.b.switch_to_block(after);
        state
    }

    /// Moves on by so many steps; the counter has moved by itself.
    fn advance(&mut self, state: &mut State, steps: i64) {
        let by = self.b.ins().iconst(types::I64, steps);
        state.left = self.b.ins().isub(state.left, by);
        for (p, &stride) in state.pointers.iter_mut().zip(self.strides) {
            if stride != 0 {
                let by = self.b.ins().iconst(types::I64, 8 * steps * stride);
                *p = self.b.ins().iadd(*p, by);
            }
        }
    }

    /// A state like this one, of parameters of a block.
    fn parameters(&mut self, block: Block, like: &State) -> State {
        like.map(|v| {
            let t = self.b.func.dfg.value_type(v);
            self.b.append_block_param(block, t)
        })
    }

    /// What single steps go on from: of totals the combined lanes, of what scatters carry the last values,
    /// the latest first.
    fn single(&mut self, state: &State) -> State {
        let lane = |p: &mut Self, v: Value, k: u8| p.b.ins().extractlane(v, k);
        let mut totals: Vec<Value> = state.totals.iter().map(|&v| lane(self, v, 0)).collect();
        let others: Vec<Value> = state.totals.iter().map(|&v| lane(self, v, 1)).collect();
        self.combine(Width::One, &mut totals, &others);
        let carried = state.carried.iter().map(|pairs| {
            pairs.iter().flat_map(|&v| [lane(self, v, 1), lane(self, v, 0)]).collect()
        });
        let carried = carried.collect();
        let counter = state.counter.map(|v| lane(self, v, 0));
        State { left: state.left, pointers: state.pointers.clone(), counter, totals, carried }
    }

    /// A last step if one is left.
    fn odd_step(&mut self, state: State) -> State {
        let (step, after) = (self.b.create_block(), self.b.create_block());
        let unchanged = state.arguments();
        self.b.ins().brif(state.left, step, &[], after, &unchanged);
        self.b.switch_to_block(step);
        let mut last = state;
        self.step(Width::One, &mut last, 0);
        self.advance(&mut last, 1);
        let done: Vec<BlockArg> = last.arguments();
        self.b.ins().jump(after, &done);
        let state = self.parameters(after, &last);
        self.b.switch_to_block(after);
        state
    }
}
