//! Random expressions of all kinds: numbers, columns and matrices, with
//! conditions, binders and indices.

use gradus::expr::{Data, ExprId, Num, Op, SymbolId};
use gradus::ops;
use gradus::shape::{Shape, Tensor};

use super::{Case, Numbers};

/// Grows expressions whose values stay near 1, so that rounding stays small.
pub struct Garden {
    pub case: Case,
    pub random: Numbers,
    /// Entries of its vectors, and rows of its square matrices.
    pub n: usize,
    scalars: Vec<ExprId>,
    vectors: Vec<ExprId>,
    matrices: Vec<ExprId>,
    open: Vec<SymbolId>,
}

impl Garden {
    pub fn new(seed: u64) -> Garden {
        let mut random = Numbers::new(seed);
        // The transpose of a 1 by 1 matrix has another shape.
        let n = 2 + if random.below(8) == 0 { random.below(18) } else { random.below(3) };
        let mut case = Case::new();
        let s = case.scalar("s", random.between(-1.0, 1.0));
        let t = case.scalar("t", random.between(-1.0, 1.0));
        let v = case.unknown("v", random.tensor(Shape::Vector(n)));
        let a = case.unknown("A", random.tensor(Shape::Matrix(n, n)));
        let u = case.known("u", random.tensor(Shape::Vector(n)));
        let b = case.known("B", random.tensor(Shape::Matrix(n, n)));
        let places: Vec<f64> = (0..n).map(|_| 1.0 + random.below(n) as f64).collect();
        let k = case.known("k", Tensor::vector(places));
        Garden {
            case,
            random,
            n,
            scalars: vec![s, t],
            vectors: vec![v, u, k],
            matrices: vec![a, b],
            open: Vec::new(),
        }
    }

    fn pick(&mut self, from: &[ExprId]) -> ExprId {
        from[self.random.below(from.len())]
    }

    /// Keeps a value between -1 and 1.
    fn tame(&mut self, e: ExprId) -> ExprId {
        let op = [Op::Sin, Op::Tanh, Op::Cos, Op::Atan][self.random.below(4)];
        self.case.g.apply(op, &[e])
    }

    fn index(&mut self) -> ExprId {
        let n = self.n as i64;
        if self.open.is_empty() || self.random.below(4) == 0 {
            let k = 1 + self.random.below(self.n) as i64;
            return self.case.g.int(k);
        }
        let i = self.open[self.random.below(self.open.len())];
        let leaf = self.case.g.leaf(i);
        match self.random.below(4) {
            // Turned round, and by data.
            0 => {
                let end = self.case.g.int(n + 1);
                self.case.g.sub(end, leaf)
            }
            1 => {
                let places = self.vectors[2];
                self.case.at(places, leaf)
            }
            _ => leaf,
        }
    }

    fn condition(&mut self, depth: usize) -> ExprId {
        let (a, b) = (self.scalar(depth), self.case.g.number(Num::frac(1, 7)));
        let op = [Op::Lt, Op::Gt, Op::Ne][self.random.below(3)];
        self.case.g.apply(op, &[a, b])
    }

    /// An expression of at most that many levels.
    pub fn scalar(&mut self, depth: usize) -> ExprId {
        if depth == 0 {
            return match self.random.below(4) {
                0 if !self.open.is_empty() => {
                    let i = self.case.g.leaf(self.open[0]);
                    self.tame(i)
                }
                0 => self.case.g.number(Num::frac(3, 8)),
                _ => self.pick(&self.scalars.clone()),
            };
        }
        let d = depth - 1;
        match self.random.below(13) {
            0 => {
                let (a, b, c) = (self.scalar(d), self.scalar(d), self.scalar(d));
                let difference = self.case.g.sub(a, b);
                self.case.g.add(&[difference, c])
            }
            1 => {
                let (a, b) = (self.scalar(d), self.scalar(d));
                self.case.g.mul(&[a, b])
            }
            2 => {
                let a = self.scalar(d);
                self.tame(a)
            }
            3 => {
                let a = self.scalar(d);
                let n = self.random.below(4) as i64;
                self.case.g.powi(a, n)
            }
            4 => {
                let (c, a, b) = (self.condition(d), self.scalar(d), self.scalar(d));
                self.case.g.apply(Op::If, &[c, a, b])
            }
            5 => {
                let (v, i) = (self.vector(d), self.index());
                self.case.at(v, i)
            }
            6 => {
                let (m, i, j) = (self.matrix(d), self.index(), self.index());
                self.case.g.apply(Op::Elem, &[m, i, j])
            }
            7 | 8 => self.binder(d),
            9 => {
                let v = self.vector(d);
                let ops =
                    [Op::SumAll, Op::MeanAll, Op::SumSq, Op::LogSumExpAll, Op::MaxAll, Op::Norm];
                let e = self.case.g.apply(ops[self.random.below(ops.len())], &[v]);
                self.tame(e)
            }
            10 => {
                let m = self.matrix(d);
                let e =
                    self.case.g.apply([Op::SumAll, Op::Tr, Op::SumSq][self.random.below(3)], &[m]);
                self.tame(e)
            }
            11 => {
                let (a, b) = (self.vector(d), self.vector(d));
                let e = self.case.g.apply(Op::Dot, &[a, b]);
                self.tame(e)
            }
            _ => {
                let (a, b) = (self.scalar(d), self.scalar(d));
                let op = [Op::Min2, Op::Max2, Op::Hypot, Op::Atan2][self.random.below(4)];
                self.case.g.apply(op, &[a, b])
            }
        }
    }

    fn binder(&mut self, d: usize) -> ExprId {
        let name = ["i", "j", "k"][self.open.len() % 3];
        let i = self.case.g.index_symbol(name, self.open.len() as u32 / 3);
        let lo = if self.random.below(3) == 0 && !self.open.is_empty() {
            self.case.g.leaf(self.open[0])
        } else {
            self.case.g.int(1)
        };
        let hi = self.case.g.int(self.n as i64);
        self.open.push(i);
        let body = self.scalar(d);
        let cond = (self.random.below(3) == 0).then(|| self.condition(d.min(1)));
        self.open.pop();
        let op = [Op::Sum, Op::Sum, Op::LogSumExp, Op::Prod, Op::Max][self.random.below(5)];
        let cond = if matches!(op, Op::Max | Op::LogSumExp) { None } else { cond };
        let e = self.case.bind(op, i, lo, hi, cond, body);
        self.tame(e)
    }

    /// An expression of at most that many levels.
    pub fn vector(&mut self, depth: usize) -> ExprId {
        if depth == 0 {
            return self.pick(&self.vectors.clone());
        }
        let d = depth - 1;
        let shape = Data::Shape(Shape::Vector(self.n));
        match self.random.below(8) {
            0 => {
                let (a, b) = (self.vector(d), self.vector(d));
                self.case.g.sub(a, b)
            }
            1 => {
                let (a, b) = (self.vector(d), self.vector(d));
                ops::times(&mut self.case.g, a, b)
            }
            2 => {
                let (s, v) = (self.scalar(d), self.vector(d));
                self.case.g.mul(&[s, v])
            }
            3 => {
                let v = self.vector(d);
                self.tame(v)
            }
            4 => {
                let (m, v) = (self.matrix(d), self.vector(d));
                let e = self.case.g.matmul(m, v);
                self.tame(e)
            }
            5 => {
                let m = self.matrix(d);
                let op =
                    [Op::RowSum, Op::RowMean, Op::RowLogSumExp, Op::RowMax][self.random.below(4)];
                let e = self.case.g.apply(op, &[m]);
                self.tame(e)
            }
            6 => {
                let (one, n) = (self.case.g.int(1), self.case.g.int(self.n as i64));
                let i = self.case.g.index_symbol("c", self.open.len() as u32);
                self.open.push(i);
                let body = self.scalar(d);
                self.open.pop();
                self.case.bind(Op::Comp, i, one, n, None, body)
            }
            _ => {
                let s = self.scalar(d);
                self.case.g.apply_data(Op::Fill, shape, &[s])
            }
        }
    }

    /// An expression of at most that many levels.
    pub fn matrix(&mut self, depth: usize) -> ExprId {
        if depth == 0 {
            return self.pick(&self.matrices.clone());
        }
        let d = depth - 1;
        let shape = Data::Shape(Shape::Matrix(self.n, self.n));
        match self.random.below(7) {
            0 => {
                let (a, b) = (self.matrix(d), self.matrix(d));
                self.case.g.add(&[a, b])
            }
            1 => {
                let (a, b) = (self.matrix(d), self.matrix(d));
                let e = self.case.g.matmul(a, b);
                self.tame(e)
            }
            2 => {
                let a = self.matrix(d);
                self.case.g.transpose(a)
            }
            3 => {
                let a = self.matrix(d);
                self.tame(a)
            }
            4 => {
                let v = self.vector(d);
                self.case.g.apply_data(Op::Bcast, shape, &[v])
            }
            5 => {
                let v = self.vector(d);
                self.case.g.apply(Op::Diag, &[v])
            }
            _ => {
                let (a, b) = (self.matrix(d), self.matrix(d));
                ops::times(&mut self.case.g, a, b)
            }
        }
    }
}
