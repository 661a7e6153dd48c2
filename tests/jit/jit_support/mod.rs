//! Kernels, as machine code and by blocks, against the plain evaluator.
#![allow(dead_code)] // every test file uses its own part

#[cfg(unix)]
pub mod fence;
pub mod garden;

use gradus::eval::evaluate;
use gradus::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use gradus::jit::{Choice, Kernel, Options, Simd, compile};
use gradus::shape::{Shape, Tensor};

/// A way to run kernels: which loops become wide, or that there is no machine code, and by which instructions.
pub type Way = (Choice, Simd);

/// All ways to run loops as vector code on this machine: for every level that has one an emitter, and blocks.
pub fn wide_ways() -> impl Iterator<Item = Way> + Clone {
    let levels = Simd::ALL.into_iter().filter(|&s| s <= Simd::here());
    let emitted = levels.clone().filter(|&s| s > Simd::Baseline && cfg!(feature = "jit"));
    let blocks = Choice::Blocks { always: true };
    emitted.map(|s| (Choice::Always, s)).chain(levels.map(move |s| (blocks, s)))
}

/// All ways to run kernels on this machine.
pub fn ways() -> impl Iterator<Item = Way> + Clone {
    let scalar = [Choice::Never, Choice::Blocks { always: false }];
    let scalar = scalar.into_iter().filter(|c| *c != Choice::Never || cfg!(feature = "jit"));
    scalar.map(|c| (c, Simd::here())).chain(wide_ways())
}

/// A graph with inputs and their values.
#[derive(Default)]
pub struct Case {
    pub g: Graph,
    pub inputs: Vec<SymbolId>,
    pub values: Vec<Tensor>,
    /// Where the numbers that kernels touch lie, if not anywhere.
    #[cfg(unix)]
    side: Option<fence::Side>,
}

impl Case {
    pub fn new() -> Case {
        Case::default()
    }

    /// Known values, arguments, results and scratch memory lie at pages that may
    /// not be touched.
    #[cfg(unix)]
    pub fn fenced(side: fence::Side) -> Case {
        Case { side: Some(side), ..Case::default() }
    }

    /// Allocates where this case wants its numbers.
    #[cfg(unix)]
    fn place<T>(&self, f: impl FnOnce() -> T) -> T {
        fence::fenced(self.side, f)
    }

    #[cfg(not(unix))]
    fn place<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    /// An unknown with a value.
    pub fn unknown(&mut self, name: &str, value: Tensor) -> ExprId {
        let s = self.g.declare(Symbol::unknown(name, value.shape()));
        self.inputs.push(s);
        self.values.push(value);
        self.g.leaf(s)
    }

    pub fn scalar(&mut self, name: &str, value: f64) -> ExprId {
        self.unknown(name, Tensor::scalar(value))
    }

    /// A known value.
    pub fn known(&mut self, name: &str, value: Tensor) -> ExprId {
        let value = self.place(|| Tensor::new(value.shape(), value.data().to_vec()));
        let s = self.g.declare(Symbol::known(name, value.shape(), Some(value)));
        self.g.leaf(s)
    }

    /// The leaf of an index.
    pub fn index(&mut self, name: &str) -> (SymbolId, ExprId) {
        let s = self.g.index_symbol(name, 0);
        (s, self.g.leaf(s))
    }

    /// `op(body for index in lo..hi if cond)`
    pub fn bind(
        &mut self,
        op: Op,
        index: SymbolId,
        lo: ExprId,
        hi: ExprId,
        cond: Option<ExprId>,
        body: ExprId,
    ) -> ExprId {
        let one = self.g.int(1);
        self.g.bind(op, index, lo, hi, cond.unwrap_or(one), body)
    }

    /// `sum(body for index in lo..hi)` between whole numbers.
    pub fn sum(&mut self, index: SymbolId, lo: i64, hi: i64, body: ExprId) -> ExprId {
        let (lo, hi) = (self.g.int(lo), self.g.int(hi));
        self.bind(Op::Sum, index, lo, hi, None, body)
    }

    pub fn at(&mut self, array: ExprId, index: ExprId) -> ExprId {
        self.g.apply(Op::Elem, &[array, index])
    }

    pub fn kernel(&self, outputs: &[ExprId]) -> Kernel {
        let usual =
            if cfg!(feature = "jit") { Choice::Auto } else { Choice::Blocks { always: false } };
        self.kernel_with(outputs, (usual, Simd::here()))
    }

    pub fn kernel_with(&self, outputs: &[ExprId], (wide, simd): Way) -> Kernel {
        let options = Options { wide, simd: Some(simd), ..Options::default() };
        compile(&self.g, outputs, &self.inputs, &options).expect("the expressions compile")
    }

    /// The values of all unknowns, one after the other.
    pub fn x(&self) -> Vec<f64> {
        self.values.iter().flat_map(|t| t.data().to_vec()).collect()
    }

    /// What the plain evaluator says.
    pub fn expected(&self, outputs: &[ExprId]) -> Vec<f64> {
        let of =
            |s: SymbolId| self.inputs.iter().position(|i| *i == s).map(|k| self.values[k].clone());
        let found = evaluate(&self.g, outputs, &of).expect("the expressions have values");
        found.iter().flat_map(|t| t.data().to_vec()).collect()
    }

    /// What compiled code says.
    pub fn compiled(&self, outputs: &[ExprId], way: Way) -> Vec<f64> {
        self.run(&self.kernel_with(outputs, way))
    }

    /// What a kernel says.
    pub fn run(&self, kernel: &Kernel) -> Vec<f64> {
        let once = || {
            let (x, mut out) = (self.x(), vec![f64::NAN; kernel.n_out()]);
            kernel.call(&x, &mut out).expect("no fault");
            out
        };
        let (out, again) = self.place(|| {
            kernel.renew_memory();
            // The second run finds what the first has left behind.
            (once(), once())
        });
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(out.iter().zip(&again).all(same), "two runs differ: {out:?} {again:?}");
        out
    }

    /// All agree: the plain evaluator, and code without and with wide loops.
    pub fn check(&self, what: &str, outputs: &[ExprId]) {
        let expected = self.expected(outputs);
        for way in ways() {
            let found = self.compiled(outputs, way);
            assert_close(&format!("{what}, {way:?}"), &found, &expected, 1e-12);
        }
    }
}

/// Equal to the tolerance times the larger of 1 and the magnitude.
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: number of entries");
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        let close =
            a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(close, "{what}: entry {k} is {a}, expected {b}");
    }
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 11) as usize % n
    }

    /// Between `lo` and `hi`.
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    pub fn tensor(&mut self, shape: Shape) -> Tensor {
        let entries: Vec<f64> = (0..shape.len()).map(|_| self.between(-1.5, 1.5)).collect();
        Tensor::new(shape, entries)
    }
}
