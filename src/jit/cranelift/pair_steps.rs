//! One step of a wide loop as Cranelift's instructions, for two steps at once or for a single one.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{
    BlockArg, ConstantData, InstBuilder, MemFlagsData, Type, Value, types,
};

use super::pairs::Pairs;
use crate::jit::bodies::body::{Binary, Compare, Id, Logic, Op, Outside, Unary};
use crate::jit::bodies::frame::Address;
use crate::jit::bodies::frame::Combine;
use crate::jit::run::host;

/// How many steps at once. A mask is as wide as its values in pairs, and a truth value of a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    Pair,
    One,
}

impl Width {
    fn float(self) -> Type {
        if self == Width::Pair { types::F64X2 } else { types::F64 }
    }

    fn word(self) -> Type {
        if self == Width::Pair { types::I64X2 } else { types::I64 }
    }
}

/// What one step leaves to the next.
#[derive(Clone)]
pub struct State {
    /// Steps that are left.
    pub left: Value,
    pub pointers: Vec<Value>,
    pub counter: Option<Value>,
    pub totals: Vec<Value>,
    /// For every scatter that carries lanes, in the order of the body, the values before, the latest first.
    pub carried: Vec<Vec<Value>>,
}

impl State {
    pub fn arguments(&self) -> Vec<BlockArg> {
        let mut found = Vec::new();
        self.map(|v| {
            found.push(v.into());
            v
        });
        found
    }

    /// The state with other values, which are asked for in a fixed order.
    pub fn map(&self, mut f: impl FnMut(Value) -> Value) -> State {
        State {
            left: f(self.left),
            pointers: self.pointers.iter().map(|&v| f(v)).collect(),
            counter: self.counter.map(&mut f),
            totals: self.totals.iter().map(|&v| f(v)).collect(),
            carried: self.carried.iter().map(|c| c.iter().map(|&v| f(v)).collect()).collect(),
        }
    }
}

/// Values of a step, by the numbers of their operations.
struct Values(Vec<Option<Value>>);

impl Values {
    fn of(&self, id: Id) -> Value {
        self.0[id as usize].expect("operands come first")
    }
}

impl Pairs<'_, '_> {
    pub fn constant_pair(&mut self, lanes: [f64; 2]) -> Value {
        let bytes: Vec<u8> = lanes.iter().flat_map(|x| x.to_le_bytes()).collect();
        let constant = self.b.func.dfg.constants.insert(ConstantData::from(bytes));
        self.b.ins().vconst(types::F64X2, constant)
    }

    fn constant(&mut self, w: Width, bits: u64) -> Value {
        let value = f64::from_bits(bits);
        match w {
            Width::Pair => self.constant_pair([value; 2]),
            Width::One => self.b.ins().f64const(value),
        }
    }

    /// What totals start from.
    pub fn neutral(&mut self, w: Width) -> Vec<Value> {
        let body = self.body;
        body.accumulators.iter().map(|how| self.constant(w, how.neutral().to_bits())).collect()
    }

    /// Combines totals with others.
    pub fn combine(&mut self, w: Width, totals: &mut [Value], others: &[Value]) {
        let body = self.body;
        for ((a, &b), how) in totals.iter_mut().zip(others).zip(&body.accumulators) {
            *a = match how {
                Combine::Sum => self.b.ins().fadd(*a, b),
                Combine::Product => self.b.ins().fmul(*a, b),
                Combine::Min | Combine::Max => {
                    // A NaN on either side wins.
                    let code =
                        if *how == Combine::Min { FloatCC::LessThan } else { FloatCC::GreaterThan };
                    let better = self.b.ins().fcmp(code, b, *a);
                    let found = self.select(w, better, b, *a);
                    let nan = self.b.ins().fcmp(FloatCC::NotEqual, b, b);
                    self.select(w, nan, b, found)
                }
            };
        }
    }

    fn select(&mut self, w: Width, mask: Value, a: Value, b: Value) -> Value {
        if w == Width::One {
            return self.b.ins().select(mask, a, b);
        }
        let mask = self.cast(types::F64X2, mask);
        self.b.ins().bitselect(mask, a, b)
    }

    fn cast(&mut self, t: Type, v: Value) -> Value {
        self.b.ins().bitcast(t, MemFlagsData::new(), v)
    }

    /// One step, at the pointers moved by `copy` pairs.
    pub fn step(&mut self, w: Width, state: &mut State, copy: i64) {
        let body = self.body;
        let mut values = Values(Vec::with_capacity(body.ops.len()));
        let mut carried = 0;
        for &op in &body.ops {
            let value = match op {
                Op::Running(a) => Some(state.totals[a as usize]),
                Op::Counter => state.counter,
                Op::Load(at) => Some(self.load(w, state, at, copy)),
                Op::AddTo { to, value, mask } => {
                    let old = state.totals[to as usize];
                    let new = self.b.ins().fadd(old, values.of(value));
                    self.set(w, &values, state, (to, new, mask));
                    None
                }
                Op::AddProductTo { to, minus, a, b, mask } => {
                    let a = values.of(a);
                    let a = if minus { self.b.ins().fneg(a) } else { a };
                    let new = self.b.ins().fma(a, values.of(b), state.totals[to as usize]);
                    self.set(w, &values, state, (to, new, mask));
                    None
                }
                Op::SetTo { to, value, mask } => {
                    self.set(w, &values, state, (to, values.of(value), mask));
                    None
                }
                Op::Store { at, add, value, mask } => {
                    let (value, mask) = (values.of(value), mask.map(|m| values.of(m)));
                    self.store(w, state, (at, copy), add, value, mask);
                    None
                }
                Op::Shifted { shift: 0, value, .. } => Some(values.of(value)),
                Op::Shifted { shift, value, .. } => {
                    let before = &mut state.carried[carried];
                    carried += 1;
                    Some(self.shifted(w, before, shift, values.of(value)))
                }
                Op::StoreRun { at, add, value, .. } => {
                    self.store(w, state, (at, copy), add, values.of(value), None);
                    None
                }
                op => Some(self.pure(w, &values, op)),
            };
            values.0.push(value);
        }
        if let (Width::Pair, Some(counter)) = (w, &mut state.counter) {
            let two = self.constant_pair([2.0; 2]);
            *counter = self.b.ins().fadd(*counter, two);
        }
    }

    /// Sets a total, where a mask holds if there is one.
    fn set(
        &mut self,
        w: Width,
        values: &Values,
        state: &mut State,
        (to, new, mask): (u32, Value, Option<Id>),
    ) {
        let total = &mut state.totals[to as usize];
        *total = match mask {
            Some(m) => self.select(w, values.of(m), new, *total),
            None => new,
        };
    }

    fn pure(&mut self, w: Width, values: &Values, op: Op) -> Value {
        match op {
            Op::Const(bits) => self.constant(w, bits),
            Op::Param(p) => {
                let value = self.params[p as usize];
                if w == Width::Pair { self.b.ins().splat(types::F64X2, value) } else { value }
            }
            Op::Unary(op, a) => self.unary(w, op, values.of(a)),
            Op::Binary(op, a, b) => self.binary(w, op, values.of(a), values.of(b)),
            Op::MulAdd { minus_product, minus_addend, a, b, c } => {
                let (mut a, b, mut c) = (values.of(a), values.of(b), values.of(c));
                if minus_product {
                    a = self.b.ins().fneg(a);
                }
                if minus_addend {
                    c = self.b.ins().fneg(c);
                }
                self.b.ins().fma(a, b, c)
            }
            Op::Compare(op, a, b) => {
                let (a, b) = (values.of(a), values.of(b));
                let code = match op {
                    Compare::Less => FloatCC::LessThan,
                    Compare::LessEqual => FloatCC::LessThanOrEqual,
                    Compare::Equal => FloatCC::Equal,
                    Compare::NotEqual => FloatCC::NotEqual,
                    // Vectors of some machines cannot be compared this way.
                    Compare::Unordered => {
                        let (p, q) = (FloatCC::NotEqual, FloatCC::NotEqual);
                        let (p, q) = (self.b.ins().fcmp(p, a, a), self.b.ins().fcmp(q, b, b));
                        return self.b.ins().bor(p, q);
                    }
                };
                self.b.ins().fcmp(code, a, b)
            }
            Op::Logic(Logic::Not, a, _) if w == Width::Pair => self.b.ins().bnot(values.of(a)),
            Op::Logic(Logic::Not, a, _) => self.b.ins().bxor_imm_u(values.of(a), 1),
            Op::Logic(Logic::And, a, b) => self.b.ins().band(values.of(a), values.of(b)),
            Op::Logic(Logic::Or, a, b) => self.b.ins().bor(values.of(a), values.of(b)),
            Op::Select(m, a, b) => self.select(w, values.of(m), values.of(a), values.of(b)),
            Op::Rescue { function, x, y, mask, value } => {
                let mask = mask.map(|m| values.of(m));
                let [x, y, value] = [x, y, value].map(|v| values.of(v));
                self.rescue(w, function, (x, y), mask, value)
            }
            op => unreachable!("{op:?} has an effect"),
        }
    }

    fn unary(&mut self, w: Width, op: Unary, a: Value) -> Value {
        match op {
            Unary::Sqrt => self.b.ins().sqrt(a),
            Unary::Nearest => self.b.ins().nearest(a),
            Unary::Floor => self.b.ins().floor(a),
            Unary::Ceil => self.b.ins().ceil(a),
            Unary::Up(n) | Unary::Down(n) => {
                let bits = self.cast(w.word(), a);
                let bits = if matches!(op, Unary::Up(_)) {
                    self.b.ins().ishl_imm_u(bits, i64::from(n))
                } else {
                    self.b.ins().ushr_imm_u(bits, i64::from(n))
                };
                self.cast(w.float(), bits)
            }
            Unary::Exponent | Unary::Mantissa => unreachable!("the body does without {op:?}"),
        }
    }

    fn binary(&mut self, w: Width, op: Binary, a: Value, b: Value) -> Value {
        match op {
            Binary::Add => self.b.ins().fadd(a, b),
            Binary::Sub => self.b.ins().fsub(a, b),
            Binary::Mul => self.b.ins().fmul(a, b),
            Binary::Div => self.b.ins().fdiv(a, b),
            Binary::Smaller | Binary::Larger => {
                let less = op == Binary::Smaller;
                let code = if less { FloatCC::LessThan } else { FloatCC::GreaterThan };
                let mask = self.b.ins().fcmp(code, a, b);
                self.select(w, mask, a, b)
            }
            Binary::BitAnd | Binary::BitOr | Binary::BitXor | Binary::BitAdd | Binary::BitSub => {
                let (a, b) = (self.cast(w.word(), a), self.cast(w.word(), b));
                let bits = match op {
                    Binary::BitAnd => self.b.ins().band(a, b),
                    Binary::BitOr => self.b.ins().bor(a, b),
                    Binary::BitXor => self.b.ins().bxor(a, b),
                    Binary::BitAdd => self.b.ins().iadd(a, b),
                    _ => self.b.ins().isub(a, b),
                };
                self.cast(w.float(), bits)
            }
            Binary::Scale => unreachable!("the body does without {op:?}"),
        }
    }

    /// The place of the first lane, and bytes from it to the second.
    fn place(&self, state: &State, at: Address, copy: i64) -> (Value, i32, i32) {
        let offset = i64::from(at.offset) + 16 * copy * at.stride;
        (state.pointers[at.pointer as usize], offset as i32, (8 * at.stride) as i32)
    }

    fn load(&mut self, w: Width, state: &State, at: Address, copy: i64) -> Value {
        // In pairs a load may be of half the vector's alignment.
        let flags = MemFlagsData::trusted().with_notrap();
        let unaligned = MemFlagsData::new().with_notrap();
        let (p, offset, step) = self.place(state, at, copy);
        match (w, at.stride) {
            (Width::One, _) => self.b.ins().load(types::F64, flags, p, offset),
            (_, 1) => self.b.ins().load(types::F64X2, unaligned, p, offset),
            (_, 0) => {
                let x = self.b.ins().load(types::F64, flags, p, offset);
                self.b.ins().splat(types::F64X2, x)
            }
            _ => {
                let x = self.b.ins().load(types::F64, flags, p, offset);
                let y = self.b.ins().load(types::F64, flags, p, offset + step);
                let x = self.b.ins().splat(types::F64X2, x);
                self.b.ins().insertlane(x, y, 1)
            }
        }
    }

    /// Stores to, or adds to, entries; those for which the mask does not hold keep what they have.
    fn store(
        &mut self,
        w: Width,
        state: &State,
        (at, copy): (Address, i64),
        add: bool,
        value: Value,
        mask: Option<Value>,
    ) {
        let old = (add || mask.is_some()).then(|| self.load(w, state, at, copy));
        let mut value = value;
        if let Some(old) = old {
            if add {
                value = self.b.ins().fadd(old, value);
            }
            if let Some(m) = mask {
                value = self.select(w, m, value, old);
            }
        }
        let (p, offset, step) = self.place(state, at, copy);
        let unaligned = MemFlagsData::new().with_notrap();
        if w == Width::One || at.stride == 1 {
            self.b.ins().store(unaligned, value, p, offset);
            return;
        }
        for lane in 0..2u8 {
            let x = self.b.ins().extractlane(value, lane);
            self.b.ins().store(unaligned, x, p, offset + i32::from(lane) * step);
        }
    }

    /// The values of `shift` steps before, where `before` has those before this step, the latest first.
    fn shifted(&mut self, w: Width, before: &mut Vec<Value>, shift: u8, value: Value) -> Value {
        let shift = usize::from(shift);
        before.insert(0, value);
        let found = match w {
            Width::One => before[shift],
            Width::Pair if shift.is_multiple_of(2) => before[shift / 2],
            Width::Pair => {
                let (older, newer) = (before[shift / 2 + 1], before[shift / 2]);
                let middle: Vec<u8> = (8..24).collect();
                let middle = self.b.func.dfg.immediates.push(ConstantData::from(middle));
                let bytes = |p: &mut Self, v| {
                    let flags = MemFlagsData::new()
                        .with_endianness(cranelift_codegen::ir::Endianness::Little);
                    p.b.ins().bitcast(types::I8X16, flags, v)
                };
                let (older, newer) = (bytes(self, older), bytes(self, newer));
                let both = self.b.ins().shuffle(older, newer, middle);
                let flags =
                    MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little);
                self.b.ins().bitcast(types::F64X2, flags, both)
            }
        };
        before.pop();
        found
    }

    /// What runs of scatters still have to add after the last step.
    pub fn flush(&mut self, state: &State) {
        let body = self.body;
        let (mut carried, mut run) = (0, Vec::new());
        for &op in &body.ops {
            match op {
                Op::Shifted { shift, .. } if shift > 0 => {
                    run.push((usize::from(shift), carried));
                    carried += 1;
                }
                Op::StoreRun { at, add, reach, .. } => {
                    for entry in 0..usize::from(reach) {
                        let mut sum = self.b.ins().f64const(0.0);
                        for &(shift, k) in run.iter().filter(|(shift, _)| *shift > entry) {
                            sum = self.b.ins().fadd(sum, state.carried[k][shift - entry - 1]);
                        }
                        let at = Address { offset: at.offset + 8 * entry as i32, ..at };
                        self.store(Width::One, state, (at, 0), add, sum, None);
                    }
                    run.clear();
                }
                _ => {}
            }
        }
    }

    /// `value`, but a function of `x` and `y` where the mask holds, or everywhere without one.
    fn rescue(
        &mut self,
        w: Width,
        function: u32,
        (x, y): (Value, Value),
        mask: Option<Value>,
        value: Value,
    ) -> Value {
        let Some(mask) = mask else {
            return match w {
                Width::One => self.call(function, x, y),
                Width::Pair => (0..2u8).fold(value, |value, k| {
                    let (x, y) = (self.lane(x, k), self.lane(y, k));
                    let found = self.call(function, x, y);
                    self.b.ins().insertlane(value, found, k)
                }),
            };
        };
        let (rare, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(rare);
        let any = if w == Width::Pair { self.b.ins().vany_true(mask) } else { mask };
        self.b.ins().brif(any, rare, &[], after, &[value.into()]);
        self.b.switch_to_block(rare);
        let found = match w {
            Width::One => self.call(function, x, y),
            Width::Pair => {
                let all = self.rescue(w, function, (x, y), None, value);
                self.select(w, mask, all, value)
            }
        };
        self.b.ins().jump(after, &[found.into()]);
        let found = self.b.append_block_param(after, w.float());
        self.b.switch_to_block(after);
        found
    }

    fn lane(&mut self, v: Value, k: u8) -> Value {
        self.b.ins().extractlane(v, k)
    }

    fn call(&mut self, function: u32, x: Value, y: Value) -> Value {
        let (address, f, signature, given) = match self.body.functions[function as usize] {
            Outside::One(f) => (f as usize, host::call_unary as *const (), self.unary, &[x][..]),
            Outside::Two(f) => {
                (f as usize, host::call_binary as *const (), self.binary, &[x, y][..])
            }
        };
        let address = self.b.ins().iconst(types::I64, address as i64);
        let f = self.b.ins().iconst(types::I64, f as i64);
        let args = [&[address], given].concat();
        let call = self.b.ins().call_indirect(signature, f, &args);
        self.b.inst_results(call)[0]
    }
}
