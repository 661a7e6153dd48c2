//! `solve` of random linear systems in which scalars and columns are unknown together: where it gives values, they
//! solve the equations, and a system that determines its unknowns is solved.
//!
//! `GRADUS_CASES=1000 cargo test --test formulas equations` tries more.

use std::path::Path;

use crate::support::script::{Seen, line_in, numbers, session};
use gradus::random::Stream;

/// The shapes in which three equations for `w: R[2]` and `b`, or five for `w: R[2]`, `v: R[2]` and `b`, are written:
/// the numbers of equations that stand in one array, 0 for a scalar equation.
const THREE: &[&[usize]] = &[&[2, 0], &[0, 2], &[0, 0, 0], &[3]];
const FIVE: &[&[usize]] = &[&[2, 2, 0], &[0, 2, 2], &[3, 2], &[2, 0, 0, 0]];

struct System {
    /// A row an equation: coefficients of the entries of all unknowns, and the right side.
    rows: Vec<Vec<f64>>,
    names: Vec<&'static str>,
}

impl System {
    fn draw(random: &mut Stream, names: &[&'static str]) -> System {
        let n = names.len();
        let mut rows: Vec<Vec<f64>> =
            (0..n).map(|_| (0..=n).map(|_| random.below(7) as f64 - 3.0).collect()).collect();
        // Large on the diagonal, so that the unknowns are determined.
        (0..n).for_each(|i| rows[i][i] = if rows[i][i] < 0.0 { -25.0 } else { 25.0 });
        System { rows, names: names.to_vec() }
    }

    fn left(&self, row: usize) -> String {
        let terms = self.names.iter().zip(&self.rows[row]);
        terms.map(|(name, c)| format!("({c})*{name}")).collect::<Vec<_>>().join(" + ")
    }

    /// The equations, in arrays of these lengths.
    fn equations(&self, shapes: &[usize]) -> String {
        let mut next = 0;
        let mut written = Vec::new();
        for &len in shapes {
            let rows = next..next + len.max(1);
            next = rows.end;
            let (left, right): (Vec<String>, Vec<String>) = rows
                .map(|r| (self.left(r), self.rows[r].last().map_or(0.0, |v| *v).to_string()))
                .unzip();
            written.push(match len {
                0 => format!("{} == {}", left[0], right[0]),
                _ => format!("[{}] == [{}]", left.join(", "), right.join(", ")),
            });
        }
        written.join(", ")
    }
}

#[test]
fn scalars_and_columns_are_solved_together() {
    let given = std::env::var("GRADUS_CASES").ok();
    let n: u64 = given.map_or(12, |n| n.parse().expect("GRADUS_CASES is a whole number"));
    let mut wrong = Vec::new();
    for case in 0..n {
        let mut random = Stream::new(case).split("equations");
        let (names, shapes, unknowns): (&[&str], &[&[usize]], &str) = match case % 2 {
            0 => (&["w[1]", "w[2]", "b"], THREE, "w, b"),
            _ => (&["w[1]", "w[2]", "v[1]", "v[2]", "b"], FIVE, "b, w, v"),
        };
        let system = System::draw(&mut random, names);
        let equations = system.equations(shapes[random.below(shapes.len())]);
        let mut session = session(Path::new("."), true);
        line_in(&mut session, "var w: R[2], v: R[2], b");
        let ran = line_in(&mut session, &format!("let s = solve {equations} for {unknowns}"));
        if ran.outcome.failed {
            wrong.push(format!("{equations}\n{}", ran.findings()));
            continue;
        }
        for row in 0..system.rows.len() {
            let ran = line_in(&mut session, &format!("({}) at s", system.left(row)));
            let value = ran.seen.iter().find_map(|seen| match seen {
                Seen::Value { value, .. } => numbers(value).first().copied(),
                _ => None,
            });
            let right = system.rows[row].last().map_or(0.0, |v| *v);
            if value.is_none_or(|v| (v - right).abs() > 1e-9 * (1.0 + right.abs())) {
                wrong.push(format!("{equations}\n    equation {row} is {value:?}, not {right}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_determined_is_not_solved() {
    for equations in [
        "w + b*[1, 2] == [3, 4]",
        "w + b*[1, 2] == [3, 4], w[1] + b == 3",
        "[w[1] + w[2], 2*w[1] + 2*w[2], b] == [1, 2, 3]",
        "[w[1] + w[2], 2*w[1] + 2*w[2], b] == [1, 3, 3]",
    ] {
        let mut session = session(Path::new("."), true);
        line_in(&mut session, "var w: R[2], b");
        let ran = line_in(&mut session, &format!("solve {equations} for w, b"));
        assert_eq!(ran.codes(), ["E0504"], "{equations}");
    }
}
