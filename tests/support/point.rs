//! Points at which expressions of a session are evaluated: a value for every unknown.

use gradus::random::Stream;
use gradus::session::Session;
use gradus::shape::Shape;

/// Where the entries of a point are drawn from, one interval after the other: functions such as
/// `log`, `acosh` and `asin` each have a value in one of them.
const INTERVALS: [(f64, f64); 4] = [(0.2, 0.9), (1.1, 2.5), (-0.9, 0.9), (-3.0, 3.0)];

/// A value for every unknown, by name.
#[derive(Clone, Debug)]
pub struct Point {
    values: Vec<(String, Shape, Vec<f64>)>,
}

impl Point {
    /// The `k`-th random point for the unknowns of a session; the same in every run.
    pub fn random(session: &mut Session, k: usize) -> Point {
        let (low, high) = INTERVALS[k % INTERVALS.len()];
        let mut stream = Stream::new(k as u64).split("point");
        let mut draw = || low + (high - low) * stream.unit();
        let unknowns = unknowns(session);
        let value = |(name, shape): (String, Shape)| {
            let data = (0..shape.len()).map(|_| draw()).collect();
            (name, shape, data)
        };
        Point { values: unknowns.into_iter().map(value).collect() }
    }

    /// The point as Gradus writes it.
    pub fn text(&self) -> String {
        let one = |(name, shape, data): &(String, Shape, Vec<f64>)| {
            format!("{name} = {}", array(*shape, data))
        };
        format!("({})", self.values.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    /// The shape of an unknown.
    pub fn shape(&self, name: &str) -> Option<Shape> {
        self.values.iter().find(|v| v.0 == name).map(|v| v.1)
    }

    /// An entry of an unknown, which must be there.
    pub fn entry(&self, name: &str, k: usize) -> f64 {
        self.values.iter().find(|v| v.0 == name).map_or(f64::NAN, |v| v.2[k])
    }

    /// The point with one entry replaced.
    pub fn with(&self, name: &str, k: usize, value: f64) -> Point {
        let mut moved = self.clone();
        if let Some(found) = moved.values.iter_mut().find(|v| v.0 == name) {
            found.2[k] = value;
        }
        moved
    }
}

/// An array literal.
fn array(shape: Shape, data: &[f64]) -> String {
    let list = |row: &[f64]| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match shape {
        Shape::Scalar => list(data),
        Shape::Vector(_) => format!("[{}]", list(data)),
        Shape::Matrix(1, _) => format!("[{}]'", list(data)),
        Shape::Matrix(_, n) => {
            format!("[{}]", data.chunks(n).map(list).collect::<Vec<_>>().join("; "))
        }
    }
}

/// The unknowns of a session with their shapes, by name.
fn unknowns(session: &mut Session) -> Vec<(String, Shape)> {
    let mut names: Vec<String> = session.names().map(|(name, _)| name.to_string()).collect();
    names.retain(|name| name != "ans");
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let described = session.describe(&name).unwrap_or_default();
        if let Some(shape) = described.strip_prefix("unknown R") {
            found.push((name, parse_shape(shape)));
        }
    }
    found
}

/// The shape written `` , `[3]` or `[2, 3]`.
fn parse_shape(text: &str) -> Shape {
    let sizes: Vec<usize> = text
        .trim_matches(['[', ']'])
        .split(',')
        .filter_map(|size| size.trim().parse().ok())
        .collect();
    match sizes[..] {
        [n] => Shape::Vector(n),
        [m, n] => Shape::Matrix(m, n),
        _ => Shape::Scalar,
    }
}
