//! What is in scope while a script grows, and the choices that depend on it.

use gradus::random::Stream;
use gradus::shape::Shape;

use super::names::INDICES;

/// A name of the script.
#[derive(Clone, Debug)]
pub struct Known {
    pub name: String,
    pub shape: Shape,
    /// A `var`.
    pub unknown: bool,
    /// Holds an unknown.
    pub moves: bool,
}

/// An open index and the largest value that it can take; the least is 1.
pub struct Open {
    pub name: String,
    pub most: usize,
}

/// How often a body may be run, so that the plain evaluator ends soon.
const MOST_STEPS: usize = 3_000;

/// A script while it grows.
pub struct Grower {
    pub stream: Stream,
    pub lines: Vec<String>,
    pub names: Vec<Known>,
    pub open: Vec<Open>,
    /// Functions of one number.
    pub functions: Vec<String>,
    /// Columns of whole numbers from 1 up to the given one.
    pub places: Vec<(String, usize, usize)>,
    /// The two sizes of this script.
    pub sizes: [usize; 2],
    /// How often the text that grows now is run.
    pub steps: usize,
    /// Whether numbers that overflow are wanted.
    pub wild: bool,
}

impl Grower {
    pub fn new(mut stream: Stream) -> Grower {
        let sizes = [2 + stream.below(3), 2 + stream.below(3)];
        let wild = stream.below(6) == 0;
        Grower {
            stream,
            lines: Vec::new(),
            names: Vec::new(),
            open: Vec::new(),
            functions: Vec::new(),
            places: Vec::new(),
            sizes,
            steps: 1,
            wild,
        }
    }

    /// True once in `n` times.
    pub fn rarely(&mut self, n: usize) -> bool {
        self.stream.below(n) == 0
    }

    pub fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.stream.below(from.len())]
    }

    pub fn size(&mut self) -> usize {
        self.sizes[self.stream.below(2)]
    }

    /// Any shape of this script.
    pub fn shape(&mut self) -> Shape {
        let (m, n) = (self.size(), self.size());
        match self.stream.below(8) {
            0..=2 => Shape::Scalar,
            3 | 4 => Shape::Vector(n),
            5 => Shape::Matrix(1, n),
            _ => Shape::Matrix(m, n),
        }
    }

    /// A name of that shape that no open index hides.
    pub fn name_of(&mut self, shape: Shape) -> Option<String> {
        let hidden = |name: &str| self.open.iter().any(|o| o.name == name);
        let fits = |k: &&Known| k.shape == shape && !hidden(&k.name);
        let all: Vec<&Known> = self.names.iter().filter(fits).collect();
        if all.is_empty() {
            return None;
        }
        let moving: Vec<&Known> = all.iter().copied().filter(|k| k.moves).collect();
        let from = if moving.is_empty() || self.stream.below(3) == 0 { &all } else { &moving };
        Some(from[self.stream.below(from.len())].name.clone())
    }

    /// The unknowns.
    pub fn unknowns(&self) -> Vec<Known> {
        self.names.iter().filter(|k| k.unknown).cloned().collect()
    }

    /// Opens an index of a new name, grows a body under it, and closes it.
    pub fn under(
        &mut self,
        most: usize,
        grow: impl FnOnce(&mut Grower) -> String,
    ) -> (String, String) {
        let taken: Vec<String> = self.open.iter().map(|o| o.name.clone()).collect();
        let free: Vec<&str> =
            INDICES.iter().copied().filter(|i| !taken.iter().any(|t| t == i)).collect();
        let name = self.pick(&free).to_string();
        self.open.push(Open { name: name.clone(), most });
        let before = self.steps;
        self.steps = self.steps.saturating_mul(most.max(1));
        let body = grow(self);
        self.steps = before;
        self.open.pop();
        (name, body)
    }

    /// How long a range may be here.
    pub fn length(&mut self) -> usize {
        let size = self.size();
        let wanted = match self.stream.below(12) {
            0 => 1,
            1 => 17 + self.stream.below(60),
            2 => self.pick(&[&300usize, &1000, &2500]).to_owned(),
            _ => size,
        };
        if self.steps.saturating_mul(wanted) > MOST_STEPS { size.min(2) } else { wanted }
    }

    /// A whole number from 1 to `n`.
    pub fn index(&mut self, n: usize) -> String {
        let within: Vec<String> =
            self.open.iter().filter(|o| o.most <= n).map(|o| o.name.clone()).collect();
        let any: Vec<String> = self.open.iter().map(|o| o.name.clone()).collect();
        let hidden = |name: &str, any: &[String]| any.iter().any(|o| o == name);
        match self.stream.below(10) {
            0..=4 if !within.is_empty() => within[self.stream.below(within.len())].clone(),
            5 if !within.is_empty() => {
                format!("{} - {}", n + 1, within[self.stream.below(within.len())])
            }
            6 | 7 if !any.is_empty() => {
                format!("mod({}, {n}) + 1", any[self.stream.below(any.len())])
            }
            8 if !any.is_empty() => format!("min({}, {n})", any[self.stream.below(any.len())]),
            9 => {
                let fits: Vec<(String, usize)> = self
                    .places
                    .iter()
                    .filter(|(name, _, most)| *most <= n && !hidden(name, &any))
                    .map(|(name, length, _)| (name.clone(), *length))
                    .collect();
                match fits.first() {
                    Some((name, length)) => {
                        let inner = within.first().cloned();
                        let small = inner.filter(|_| n <= *length).unwrap_or("1".to_string());
                        format!("{name}[{small}]")
                    }
                    None => (1 + self.stream.below(n)).to_string(),
                }
            }
            _ => (1 + self.stream.below(n)).to_string(),
        }
    }
}
