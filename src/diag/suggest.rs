//! "Did you mean": the nearest of the names that would have been right.
//!
//! In come a name that is wrong and candidates; out goes the one within a few typing mistakes of it, if
//! there is one. A mistake is a character too many, too few or wrong, or two neighbours swapped (the
//! distance of Damerau and Levenshtein, without overlaps).

/// The candidate nearest to `name`, or none where all are too far to be a likely mistake.
///
/// Names that differ only by case count as nearly the same. Otherwise up to a third of the characters
/// may be wrong, at most three; a name of one or two characters suggests only itself in another case.
/// The first of equally near candidates is taken.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().take(MAX_LENGTH + 1).collect();
    if wanted.len() > MAX_LENGTH {
        return None;
    }
    let lower = lowercase(&wanted);
    // Twice the number of mistakes, so that a difference of case alone can count as one half.
    let limit = 2 * (wanted.len() / 3).min(3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other: Vec<char> = candidate.chars().collect();
        if candidate == name || other.len().abs_diff(wanted.len()) > 3 {
            continue;
        }
        let other_lower = lowercase(&other);
        let cost = match distance(&lower, &other_lower) {
            0 => 1,
            mistakes => 2 * mistakes + usize::from(distance(&wanted, &other) > mistakes),
        };
        let near_enough = cost == 1 || cost <= limit;
        if near_enough && best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer names are never compared.
const MAX_LENGTH: usize = 64;

fn lowercase(chars: &[char]) -> Vec<char> {
    chars.iter().flat_map(|c| c.to_lowercase()).collect()
}

/// How many mistakes lead from one text to the other. Time and room: the product of the lengths and
/// three times the shorter one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["lambda", "using", "over", "theta", "X", "newton"];
        let check = |name, expected| assert_eq!(nearest(name, names), expected, "for {name}");
        check("lamda", Some("lambda"));
        check("lmabda", Some("lambda"));
        check("usng", Some("using"));
        check("OVER", Some("over"));
        check("x", Some("X"));
        check("newtn", Some("newton"));
        check("y", None);
        check("alpha", None);
        check(&"n".repeat(1_000_000), None);
    }

    #[test]
    fn the_same_case_is_preferred() {
        assert_eq!(nearest("Beta_1", ["beta_2", "Beta_2"]), Some("Beta_2"));
    }
}
