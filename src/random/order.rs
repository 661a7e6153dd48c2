//! Orders of rows: permutations, and samples without replacement.

use std::collections::HashMap;

use super::{RandomError, Stream};

/// The numbers 0 to n - 1 in random order, every order equally likely.
///
/// Source: Durstenfeld, algorithm 235, CACM 7, 1964 (Knuth's algorithm P, section 3.4.2).
pub fn permutation(s: &mut Stream, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, s.below(i + 1));
    }
    order
}

/// `k` different numbers below `n`, in random order.
///
/// The first k steps of a shuffle; only the elements that moved are stored, so that time
/// and memory are proportional to k, not n.
pub fn sample(s: &mut Stream, n: usize, k: usize) -> Result<Vec<usize>, RandomError> {
    if k > n {
        return Err(RandomError::Sample { n, k });
    }
    let mut moved: HashMap<usize, usize> = HashMap::with_capacity(k);
    let mut drawn = Vec::with_capacity(k);
    for i in 0..k {
        let j = i + s.below(n - i);
        drawn.push(moved.get(&j).copied().unwrap_or(j));
        let at_i = moved.get(&i).copied().unwrap_or(i);
        moved.insert(j, at_i);
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_are_uniform() {
        let s = Stream::new(11);
        let mut counts: HashMap<Vec<usize>, i32> = HashMap::new();
        for k in 0..6000 {
            let order = permutation(&mut s.split_nth("p", k), 3);
            *counts.entry(order).or_default() += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|c| (c - 1000).abs() < 150), "{counts:?}");
        assert_eq!(permutation(&mut s.split("none"), 0), []);
    }

    #[test]
    fn samples_are_different_elements_and_uniform() {
        let s = Stream::new(12);
        let mut counts = [0; 10];
        for k in 0..5000 {
            let mut drawn = sample(&mut s.split_nth("s", k), 10, 4).unwrap();
            drawn.iter().for_each(|&i| counts[i] += 1);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), 4);
        }
        assert!(counts.iter().all(|&c: &i32| (c - 2000).abs() < 200), "{counts:?}");
        let mut all = sample(&mut s.split("all"), 5, 5).unwrap();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
        assert_eq!(sample(&mut s.split("huge"), usize::MAX, 3).unwrap().len(), 3);
        assert!(sample(&mut s.split("too many"), 2, 3).is_err());
    }
}
