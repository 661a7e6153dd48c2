//! The order in which the factors of a matrix product are multiplied.

/// Longer products join their cheapest neighbours first, without looking ahead.
const MAX_PLANNED: usize = 64;

/// The positions at which neighbours are joined, one after the other, until two
/// factors are left: the order of least operations for factors of `sizes` (rows
/// and columns), by dynamic programming over where the last product falls
/// (Cormen et al., Introduction to Algorithms, 15.2). The cubic cost is small
/// beside that of the products.
pub(super) fn order(sizes: &[(usize, usize)]) -> Vec<usize> {
    let n = sizes.len();
    if n <= 2 {
        return Vec::new();
    }
    if n > MAX_PLANNED {
        return cheapest_first(sizes);
    }
    let size = |k: usize| if k == n { sizes[n - 1].1 as f64 } else { sizes[k].0 as f64 };
    // Least cost of factors i to j, and the factor after which it splits.
    let mut best = vec![vec![(0.0_f64, 0); n]; n];
    for length in 2..=n {
        for i in 0..=n - length {
            let j = i + length - 1;
            let costs = (i..j).map(|k| {
                let both = best[i][k].0 + best[k + 1][j].0;
                (both + size(i) * size(k + 1) * size(j + 1), k)
            });
            best[i][j] = costs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, i));
        }
    }
    // Products, those inside first, by their first and their last factor.
    let (mut pending, mut products) = (vec![(0, n - 1)], Vec::new());
    while let Some((i, j)) = pending.pop() {
        if i < j {
            let k = best[i][j].1;
            products.push((i, k + 1));
            pending.extend([(i, k), (k + 1, j)]);
        }
    }
    // The last product is the caller's.
    let inner = products[1..].iter().rev();
    let mut firsts: Vec<usize> = (0..n).collect();
    inner
        .map(|&(i, second)| {
            let at = firsts.iter().position(|&f| f == i).unwrap_or(0);
            firsts.retain(|&f| f != second);
            at
        })
        .collect()
}

fn cheapest_first(sizes: &[(usize, usize)]) -> Vec<usize> {
    let (mut sizes, mut found) = (sizes.to_vec(), Vec::new());
    while sizes.len() > 2 {
        let cost = |k: &usize| sizes[*k].0 as f64 * sizes[*k].1 as f64 * sizes[*k + 1].1 as f64;
        let at = (0..sizes.len() - 1).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(0);
        sizes[at].1 = sizes[at + 1].1;
        sizes.remove(at + 1);
        found.push(at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn an_outer_product_is_taken_last() {
        // a*b'*X*X with 3 entries: the row goes through both matrices first.
        assert_eq!(order(&[(3, 1), (1, 3), (3, 3), (3, 3)]), [1, 1]);
        // X*X*a*b': the column does.
        assert_eq!(order(&[(3, 3), (3, 3), (3, 1), (1, 3)]), [1, 0]);
        // X'*a*b'*X
        let mut both = order(&[(3, 3), (3, 1), (1, 3), (3, 3)]);
        both.sort_unstable();
        assert_eq!(both, [0, 1]);
    }

    #[test]
    fn the_textbook_chain() {
        // Cormen et al., figure 15.5: ((A1*(A2*A3))*((A4*A5)*A6)).
        let dims = [30, 35, 15, 5, 10, 20, 25];
        let sizes: Vec<(usize, usize)> = dims.windows(2).map(|d| (d[0], d[1])).collect();
        let mut left: Vec<String> = (1..=6).map(|k| format!("A{k}")).collect();
        for at in order(&sizes) {
            let second = left.remove(at + 1);
            left[at] = format!("({}*{second})", left[at]);
        }
        assert_eq!(left, ["(A1*(A2*A3))", "((A4*A5)*A6)"]);
    }
}
