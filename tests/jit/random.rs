//! Compiled code against the evaluator: single operations to units of the last
//! place, sums to their terms, random expressions to what they compute with.
//! `GRADUS_CASES=10000 cargo test --test jit random` tries more.

use crate::jit_support::garden::Garden;
use crate::jit_support::{Case, Numbers, ways};
use gradus::diff;
use gradus::eval::Evaluation;
use gradus::expr::{ExprId, Op, SymbolId};
use gradus::jit::{Stage, show};
use gradus::ops;
use gradus::shape::Tensor;

fn cases() -> u64 {
    std::env::var("GRADUS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

/// The first entry that differs by more than its tolerance.
fn difference(found: &[f64], expected: &[f64], most: impl Fn(usize) -> f64) -> Option<String> {
    assert_eq!(found.len(), expected.len());
    let mut pairs = found.iter().zip(expected).enumerate();
    pairs.find_map(|(k, (&a, &b))| {
        let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= most(k);
        (!same).then(|| format!("entry {k} is {a:e}, expected {b:e}, to {:e}", most(k)))
    })
}

/// The distance to the next double away from zero.
fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if x.is_finite() { f64::from_bits(x.to_bits() + 1) - x } else { 0.0 }
}

/// Numbers between and around those of a sample, of all sizes where there is no
/// end to them.
fn arguments(random: &mut Numbers, samples: &[&[f64]], column: usize, count: usize) -> Vec<f64> {
    let of = |k: usize| samples[k % samples.len()][column];
    let (lo, hi) = (0..samples.len())
        .map(of)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    (0..count)
        .map(|k| match random.below(4) {
            0 => of(k) * (1.0 + random.between(-1e-3, 1e-3)),
            1 => of(k) * 10f64.powf(random.between(-12.0, 0.0)),
            2 => of(k) * 10f64.powf(random.between(0.0, 2.0)),
            _ => random.between(lo, hi),
        })
        .collect()
}

/// Every operation on numbers, alone in a loop and in straight code.
#[test]
fn operations_agree_to_4_ulp() {
    let mut random = Numbers::new(1);
    let count = cases().max(1000) as usize;
    for row in ops::table().iter().filter(|row| !row.samples.is_empty()) {
        let columns: Vec<Vec<f64>> = (0..row.samples[0].len())
            .map(|k| arguments(&mut random, row.samples, k, count))
            .collect();
        let mut case = Case::new();
        let args: Vec<ExprId> =
            columns.iter().map(|c| case.unknown("x", Tensor::vector(c.clone()))).collect();
        let op = if row.op == Op::Mul { Op::Had } else { row.op };
        let mut outputs = vec![case.g.apply(op, &args)];
        for k in 0..50 {
            let args: Vec<ExprId> =
                columns.iter().map(|c| case.scalar(&format!("s{k}"), c[k])).collect();
            outputs.push(case.g.apply(row.op, &args));
        }
        let expected = case.expected(&outputs);
        for way in ways() {
            let found = case.compiled(&outputs, way);
            if let Some(what) = difference(&found, &expected, |k| 4.0 * ulp(expected[k])) {
                let k = found.iter().zip(&expected).position(|(a, b)| {
                    !(a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 4.0 * ulp(*b))
                });
                let at: Vec<f64> = columns.iter().map(|c| c[k.unwrap_or(0) % count]).collect();
                panic!("{:?} of {at:?}, {way:?}: {what}", row.op);
            }
        }
    }
}

/// A term, and what its rounding is measured by: the same with all signs
/// positive, where a function counts with its argument.
#[derive(Clone, Copy)]
struct Term {
    value: ExprId,
    size: ExprId,
}

impl Term {
    fn leaf(case: &mut Case, value: ExprId) -> Term {
        Term { value, size: case.g.apply(Op::Abs, &[value]) }
    }

    /// A random term of some leaves; functions are of the last ones alone, so that
    /// their arguments are no larger than rounding allows.
    fn random(case: &mut Case, random: &mut Numbers, leaves: &[Term], depth: usize) -> Term {
        let count = leaves.len();
        if depth == 0 {
            return leaves[random.below(count)];
        }
        match random.below(5) {
            0 => {
                let a = Term::random(case, random, &leaves[count - 3..], depth - 1);
                let ops = [Op::Sin, Op::Cos, Op::Tanh, Op::Atan, Op::Sigmoid];
                let op = ops[random.below(ops.len())];
                let one = case.g.int(1);
                let size = case.g.add(&[one, a.size]);
                Term { value: case.g.apply(op, &[a.value]), size: case.g.powi(size, 2) }
            }
            1 => {
                let a = Term::random(case, random, leaves, depth - 1);
                Term { value: case.g.powi(a.value, 2), size: case.g.powi(a.size, 2) }
            }
            kind => {
                let a = Term::random(case, random, leaves, depth - 1);
                let b = Term::random(case, random, leaves, depth - 1);
                match kind {
                    2 => Term {
                        value: case.g.mul(&[a.value, b.value]),
                        size: case.g.mul(&[a.size, b.size]),
                    },
                    3 => Term {
                        value: case.g.add(&[a.value, b.value]),
                        size: case.g.add(&[a.size, b.size]),
                    },
                    _ => Term {
                        value: case.g.sub(a.value, b.value),
                        size: case.g.add(&[a.size, b.size]),
                    },
                }
            }
        }
    }
}

/// Sums of terms of all sizes and signs, and their derivatives, which are sums
/// and entries.
#[test]
fn sums_agree_to_their_terms() {
    for seed in 1..=cases() {
        let mut random = Numbers::new(seed + 77);
        let most = if random.below(8) == 0 { 3000 } else { 70 };
        let n = 1 + random.below(most);
        let mut case = Case::new();
        let mut column = |spread: f64| {
            let entries: Vec<f64> = (0..n)
                .map(|_| {
                    let size = 10f64.powf(random.between(-spread, spread));
                    size * random.between(-1.0, 1.0)
                })
                .collect();
            Tensor::vector(entries)
        };
        let (x, y) = (case.known("x", column(6.0)), case.unknown("y", column(4.0)));
        let (z, u) = (case.known("z", column(0.0)), case.scalar("u", 0.7));
        let w = case.unknown("w", column(0.0));
        let (i, at) = case.index("i");
        let leaves = [case.at(x, at), case.at(y, at), case.at(z, at), case.at(w, at), u]
            .map(|e| Term::leaf(&mut case, e));
        let depth = 1 + random.below(4);
        let term = Term::random(&mut case, &mut random, &leaves, depth);
        let inputs = case.inputs.clone();
        let [sums, sizes] = [term.value, term.size].map(|body| {
            let sum = case.sum(i, 1, n as i64, body);
            let mut outputs = vec![sum];
            outputs.extend(diff::gradient(&mut case.g, sum, &inputs));
            outputs
        });
        let (expected, sizes) = (case.expected(&sums), case.expected(&sizes));
        for way in ways() {
            let found = case.compiled(&sums, way);
            if let Some(what) = difference(&found, &expected, |k| 1e-12 * sizes[k].abs()) {
                let listing = show(&case.g, &sums, &case.inputs, Stage::Kernel).unwrap();
                panic!("seed {seed}, {n} terms, {way:?}: {what}\n{listing}");
            }
        }
    }
}

/// The largest finite number among the values of all parts, those inside of
/// binders for values of their indices.
fn largest(garden: &mut Garden, outputs: &[ExprId]) -> f64 {
    let case = &garden.case;
    let of = |s: SymbolId| case.inputs.iter().position(|i| *i == s).map(|k| case.values[k].clone());
    let mut run = Evaluation::new(&case.g, &of);
    let mut most = 1.0f64;
    for e in case.g.reachable(outputs) {
        let free = case.g.free_indices(e).to_vec();
        let all = garden.n.pow(free.len() as u32);
        for k in 0..all.min(100) {
            // All of them if they are few, else some.
            let mut rest = if all > 100 { garden.random.below(all) } else { k };
            for &i in &free {
                run.set_index(i, (1 + rest % garden.n) as f64);
                rest /= garden.n;
            }
            // What no index reaches may lie outside of an array.
            if let Ok(value) = run.tensor(e) {
                let finite = value.data().iter().filter(|v| v.is_finite());
                most = finite.fold(most, |a, b| a.max(b.abs()));
            }
        }
    }
    most
}

/// How far the evaluator's values move when the inputs move by some units of their last place. A sine of a large
/// number moves by as many units of that number, however it is computed.
fn sensitivity(case: &mut Case, outputs: &[ExprId], expected: &[f64]) -> Vec<f64> {
    let kept = case.values.clone();
    let mut most = vec![0.0f64; expected.len()];
    let mut random = Numbers::new(1);
    for _ in 0..8 {
        for value in &mut case.values {
            let moved = |x: &f64| {
                let up = random.below(2) == 0;
                x + if up { 2.0 * ulp(*x) } else { -2.0 * ulp(*x) }
            };
            let entries: Vec<f64> = value.data().iter().map(moved).collect();
            *value = Tensor::new(value.shape(), entries);
        }
        for (most, (a, b)) in most.iter_mut().zip(case.expected(outputs).iter().zip(expected)) {
            *most = most.max(if (a - b).is_finite() { (a - b).abs() } else { 0.0 });
        }
        case.values.clone_from(&kept);
    }
    most
}

fn check(seed: u64) {
    let mut garden = Garden::new(seed);
    let depth = 2 + garden.random.below(if garden.n > 4 { 2 } else { 4 });
    let f = garden.scalar(depth);
    let v = garden.vector(depth - 1);
    let m = garden.matrix(depth - 1);
    let inputs = garden.case.inputs.clone();
    let mut outputs = vec![f, v, m];
    outputs.extend(diff::gradient(&mut garden.case.g, f, &inputs));
    let expected = garden.case.expected(&outputs);
    let scale = largest(&mut garden, &outputs);
    let mut moves = None;
    for way in ways() {
        let found = garden.case.compiled(&outputs, way);
        if difference(&found, &expected, |_| 1e-12 * scale).is_none() {
            continue;
        }
        let moves = moves.get_or_insert_with(|| sensitivity(&mut garden.case, &outputs, &expected));
        let case = &garden.case;
        if let Some(what) = difference(&found, &expected, |k| 1e-12 * scale + 4.0 * moves[k]) {
            let listing = show(&case.g, &outputs, &case.inputs, Stage::Kernel).unwrap();
            panic!("seed {seed}, {way:?}: {what}\n{listing}");
        }
    }
}

#[test]
fn random_expressions_agree_with_the_evaluator() {
    // All that differ are named, not the first one alone.
    let failed = |&seed: &u64| std::panic::catch_unwind(|| check(seed)).is_err();
    let differ: Vec<u64> = (1..=cases()).filter(failed).collect();
    assert!(differ.is_empty(), "seeds {differ:?} differ");
}
