//! Large products on several threads.
//!
//! What is large is cut into parts by its sizes alone, on one thread too, and what parts add up is added in
//! their order: entries do not depend on the number of threads. Nothing below about a millisecond is cut.

use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use super::{Factor, Gram, add_turned, dots, product};
use crate::jit::run::threads::{in_order, workers};
use crate::patience;

/// Products of matrices of at least this many multiplications, about a millisecond of them, are split.
pub const LARGE: usize = 1 << 25;
/// Rows of `C` that are one part of a product of matrices.
pub const PART: usize = 128;

/// Entries of a matrix that are read in about a millisecond.
pub const MILLISECOND: usize = 1 << 20;
/// Entries that are one part of what reads each of them once. Half as many again are left as they are.
const ENTRIES: usize = 1 << 19;

/// Larger matrices `X'*X` are cut by their own rows, for their parts take much memory.
const WIDE: usize = 512;
/// Rows of such a matrix that are one part, about.
const STRIPE: usize = 96;

/// `C = A*B` on so many threads.
pub fn product_on(threads: usize, sizes: [usize; 3], a: Factor, b: Factor, c: &mut [f64]) {
    let [m, k, n] = sizes;
    // A column has the same entries in memory either way.
    let (matrix, x) = if n == 1 { (a, b.0) } else { ((b.0, !b.1), a.0) };
    if m == 1 || n == 1 {
        return by_column(threads, matrix, x, c);
    }
    let work = m.saturating_mul(k).saturating_mul(n);
    if m < 2 * PART || work < LARGE || a.1 {
        return product(sizes, a, b, c);
    }
    by_chunks(workers(work, LARGE, threads), c, PART * n, |p, c| {
        let (first, count) = (p * PART, c.len() / n);
        product([count, k, n], (&a.0[first * k..(first + count) * k], false), b, c);
    });
}

/// `y = A*x`, or `A'*x` where it is so stored.
fn by_column(threads: usize, a: Factor, x: &[f64], y: &mut [f64]) {
    let work = x.len().saturating_mul(y.len());
    let n = if a.1 { y.len() } else { x.len() };
    let rows = rows_of_part(n);
    let whole = work < 3 * MILLISECOND / 2 || n == 0;
    let workers = workers(work, MILLISECOND, threads);
    match a.1 {
        false if whole => dots(a.0, x, y),
        false => by_chunks(workers, y, rows, |p, y| {
            let first = p * rows;
            dots(&a.0[first * n..(first + y.len()) * n], x, y);
        }),
        true => {
            y.fill(0.0);
            if whole {
                return add_turned(a.0, x, y);
            }
            let part = |p: usize| {
                let rows = p * rows..x.len().min((p + 1) * rows);
                let mut sums = vec![0.0; n];
                add_turned(&a.0[rows.start * n..rows.end * n], &x[rows], &mut sums);
                sums
            };
            in_order(workers, x.len().div_ceil(rows), part, |sums| {
                y.iter_mut().zip(&sums).for_each(|(y, s)| *y += s);
                ControlFlow::Continue(())
            });
        }
    }
}

/// Rows of `n` entries that are one part: whole groups of those that are taken together.
fn rows_of_part(n: usize) -> usize {
    (ENTRIES / n.max(1)).max(1).next_multiple_of(Gram::CHUNK)
}

/// `C = X'*diag(s)*X` on so many threads, `X: m x n`, `s: m`.
pub fn gram_on(threads: usize, n: usize, x: &[f64], s: Option<&[f64]>, c: &mut [f64]) {
    if n == 0 {
        return;
    }
    let m = x.len() / n;
    let work = x.len().saturating_mul(n);
    let rows = rows_of_gram(n);
    let parts: Vec<(Range<usize>, Range<usize>)> = if work < LARGE {
        vec![(0..m, 0..n)]
    } else if n > WIDE {
        stripes(n).map(|stripe| (0..m, stripe)).collect()
    } else {
        (0..m.div_ceil(rows)).map(|p| (p * rows..m.min((p + 1) * rows), 0..n)).collect()
    };
    // New memory for every part would cost some percent.
    let spare: Mutex<Vec<Gram>> = Mutex::default();
    let lock = || spare.lock().unwrap_or_else(PoisonError::into_inner);
    let part = |p: usize| {
        let (rows, stripe) = parts[p].clone();
        let known = lock().pop();
        let mut gram = known.unwrap_or_else(|| Gram::stripe(n, stripe));
        gram.clear();
        gram.add(&x[rows.start * n..rows.end * n], s.map(|s| &s[rows]));
        gram
    };
    let mut sum: Option<Gram> = None;
    in_order(workers(work, LARGE, threads), parts.len(), part, |gram| {
        match &mut sum {
            Some(sum) if n <= WIDE => {
                sum.add_sums(&gram);
                lock().push(gram);
            }
            _ if n <= WIDE => sum = Some(gram),
            _ => gram.finish(c),
        }
        go_on()
    });
    patience::look();
    if let Some(sum) = sum {
        sum.finish(c);
    }
}

/// Rows that are one part of a Gram matrix of order `n`: so many that adding the parts is little work.
fn rows_of_gram(n: usize) -> usize {
    rows_of_part(n).max((8 * n).next_multiple_of(Gram::CHUNK))
}

/// Of a pass over the rows of `X: m x n`, with a Gram matrix or without: the rows that are one part, and the
/// work in entries that are read.
pub fn part_of_pass(m: usize, n: usize, gram: bool) -> (usize, usize) {
    // Sixteen multiplications take as long as an entry.
    let work = m.saturating_mul(n).saturating_mul(1 + if gram { n / 16 } else { 0 });
    let part = if gram { rows_of_gram(n) } else { rows_of_part(n) };
    (if work < 3 * MILLISECOND / 2 { m } else { part }, work)
}

/// The rows of a triangle, cut so that parts have about as many entries.
fn stripes(n: usize) -> impl Iterator<Item = Range<usize>> {
    let count = n.div_ceil(STRIPE);
    let end = move |p: usize| {
        let end = n as f64 * (p as f64 / count as f64).sqrt();
        if p == count { n } else { Gram::whole_tiles(end as usize) }
    };
    (0..count).map(move |p| end(p)..end(p + 1)).filter(|r| !r.is_empty())
}

/// Calls `part` with every chunk of `c`, and its number.
fn by_chunks(workers: usize, c: &mut [f64], size: usize, part: impl Fn(usize, &mut [f64]) + Sync) {
    let chunks: Vec<Mutex<&mut [f64]>> = c.chunks_mut(size).map(Mutex::new).collect();
    let work = |p: usize| part(p, &mut chunks[p].lock().unwrap_or_else(PoisonError::into_inner));
    in_order(workers, chunks.len(), work, |()| go_on());
    patience::look();
}

/// Begins no further part once the work should end; the thread that it was called on ends it then.
fn go_on() -> ControlFlow<()> {
    if patience::is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(len: usize, step: f64) -> Vec<f64> {
        (0..len).map(|x| (x as f64 * step).sin()).collect()
    }

    /// The same bits on any number of threads, close to what is expected.
    fn check(what: &str, expected: &[f64], by: impl Fn(usize, &mut [f64])) {
        let on = |threads| {
            let mut c = vec![f64::NAN; expected.len()];
            by(threads, &mut c);
            c
        };
        let one = on(1);
        let close = |(x, y): (&f64, &f64)| (x - y).abs() < 1e-9;
        assert!(one.iter().zip(expected).all(close), "{what}");
        for threads in [0, 2, 3, 8] {
            let other = on(threads);
            let same = one.iter().zip(&other).all(|(x, y)| x.to_bits() == y.to_bits());
            assert!(same, "{what} on {threads}");
        }
    }

    #[test]
    fn large_products_are_the_same_on_any_number_of_threads() {
        let sizes @ [m, k, n] = [2 * PART + 45, 400, 300];
        assert!(m * k * n >= LARGE, "the product is split");
        let (a, b) = (waves(m * k, 0.7), waves(k * n, 1.3));
        let mut whole = vec![f64::NAN; m * n];
        product(sizes, (&a, false), (&b, false), &mut whole);
        check("a product", &whole, |threads, c| {
            product_on(threads, sizes, (&a, false), (&b, false), c);
        });
    }

    #[test]
    fn products_with_columns_are_the_same_on_any_number_of_threads() {
        for (m, n) in [(20_011, 130), (1500, 1401)] {
            assert!(m * n > 3 * ENTRIES, "the product is split");
            let (a, x, r) = (waves(m * n, 0.7), waves(n, 1.3), waves(m, 0.3));
            let mut whole = vec![f64::NAN; m];
            dots(&a, &x, &mut whole);
            check("A*x", &whole, |threads, y| {
                product_on(threads, [m, n, 1], (&a, false), (&x, false), y);
            });
            check("x'*A'", &whole, |threads, y| {
                product_on(threads, [1, n, m], (&x, false), (&a, true), y);
            });
            let mut whole = vec![0.0; n];
            add_turned(&a, &r, &mut whole);
            check("A'*r", &whole, |threads, y| {
                product_on(threads, [n, m, 1], (&a, true), (&r, false), y);
            });
        }
    }

    #[test]
    fn gram_matrices_are_the_same_on_any_number_of_threads() {
        for (m, n) in [(30_000, 50), (WIDE + 3, 700)] {
            assert!(m * n * n >= LARGE, "the matrix is split");
            let (x, s) = (waves(m * n, 0.7), waves(m, 0.3));
            for s in [None, Some(&s[..])] {
                let mut whole = vec![f64::NAN; n * n];
                let mut gram = Gram::new(n);
                gram.add(&x, s);
                gram.finish(&mut whole);
                check("X'*X", &whole, |threads, c| gram_on(threads, n, &x, s, c));
            }
        }
    }

    #[test]
    fn stripes_cover_all_rows_once() {
        for n in [WIDE + 1, 600, 1000, 5000] {
            let rows: Vec<usize> = stripes(n).flatten().collect();
            assert!(rows.into_iter().eq(0..n), "{n}");
        }
    }
}
