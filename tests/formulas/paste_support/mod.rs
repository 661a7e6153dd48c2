//! Scripts whose names are chosen to collide, and expressions over them.
//!
//! A [`World`] has unknowns and known values under one-letter names, which are also the letters
//! that people take for indices, and sizes equal to the numbers around them. Expressions are drawn
//! by shape, from all operators.

pub mod forms;

use gradus::random::Stream;

/// Names that everything has, in an order of its own in each world.
const POOL: [&str; 24] = [
    "i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u", "v", "w", "a", "b", "x1", "x", "y",
    "d", "p1", "h", "c", "g",
];

/// Names of unknowns and known values.
pub struct World {
    rng: Stream,
    /// Unknown scalars.
    scalars: [String; 2],
    /// An unknown column of 3 and one of 4.
    columns: [String; 2],
    /// An unknown 3 by 3 and an unknown 4 by 3 matrix.
    matrices: [String; 2],
    /// A real number, the numbers 3 and 4.
    known: [String; 3],
    /// Known columns of 3 and 4, known 3 by 3 and 4 by 3 matrices.
    data: [String; 4],
    /// Names that nothing has.
    free: Vec<String>,
    /// Indices that are open: their name and their last value.
    open: Vec<(String, usize)>,
    script: String,
}

const NUMBERS: [&str; 8] = ["0.5", "1.7", "-0.3", "2.2", "-1.1", "0.9", "1.3", "-0.6"];

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> World {
        let mut rng = Stream::new(seed);
        let mut names: Vec<String> = POOL.iter().map(ToString::to_string).collect();
        for k in (1..names.len()).rev() {
            let other = rng.below(k + 1);
            names.swap(k, other);
        }
        let mut next = || names.pop().unwrap_or_default();
        let scalars = [next(), next()];
        let columns = [next(), next()];
        let matrices = [next(), next()];
        let known = [next(), next(), next()];
        let data = [next(), next(), next(), next()];
        let mut world = World {
            rng,
            scalars,
            columns,
            matrices,
            known,
            data,
            free: names,
            open: Vec::new(),
            script: String::new(),
        };
        world.script = world.declarations();
        world
    }

    /// The statements that declare the names.
    pub fn script(&self) -> &str {
        &self.script
    }

    fn declarations(&mut self) -> String {
        let real = self.number();
        let whole = self.rng.below(2) == 0;
        let real = if whole { ["0", "2", "3", "-1"][self.rng.below(4)].to_string() } else { real };
        let mut lines = vec![
            format!("let {} = {real}", self.known[0]),
            format!("let {} = 3", self.known[1]),
            format!("let {} = 4", self.known[2]),
        ];
        let data = self.data.clone();
        for (name, (m, n)) in data.iter().zip([(3, 1), (4, 1), (3, 3), (4, 3)]) {
            lines.push(format!("let {name} = {}", self.array(m, n)));
        }
        let (three, four) = (self.size(3), self.size(4));
        lines.push(format!("var {}, {}", self.scalars[0], self.scalars[1]));
        lines.push(format!("var {}: R[{three}], {}: R[{four}]", self.columns[0], self.columns[1]));
        let (a, b, c) = (self.size(3), self.size(3), self.size(4));
        lines.push(format!("var {}: R[{a}, {a}]", self.matrices[0]));
        lines.push(format!("var {}: R[{c}, {b}]", self.matrices[1]));
        lines.join("\n")
    }

    /// A size by its number or by a name of that value.
    fn size(&mut self, n: usize) -> String {
        match self.rng.below(2) {
            0 => n.to_string(),
            _ => self.known[n - 2].clone(),
        }
    }

    fn number(&mut self) -> String {
        NUMBERS[self.rng.below(NUMBERS.len())].to_string()
    }

    fn array(&mut self, m: usize, n: usize) -> String {
        let mut rows = Vec::new();
        for i in 0..m {
            let row: Vec<String> = (0..n)
                .map(|j| {
                    let shift = if i == j && n > 1 { 2.0 } else { 0.1 };
                    let v = self.rng.unit() * 2.0 - 0.8 + shift;
                    format!("{v:.3}")
                })
                .collect();
            rows.push(row.join(", "));
        }
        if n == 1 { format!("[{}]", rows.join(", ")) } else { format!("[{}]", rows.join("; ")) }
    }

    /// A point: a value for every unknown.
    pub fn point(&mut self) -> String {
        let mut parts = Vec::new();
        for name in self.scalars.clone() {
            parts.push(format!("{name} = {:.3}", self.rng.unit() * 2.0 - 0.4));
        }
        let arrays = [
            (self.columns[0].clone(), 3, 1),
            (self.columns[1].clone(), 4, 1),
            (self.matrices[0].clone(), 3, 3),
            (self.matrices[1].clone(), 4, 3),
        ];
        for (name, m, n) in arrays {
            parts.push(format!("{name} = {}", self.array(m, n)));
        }
        format!("({})", parts.join(", "))
    }

    /// A form with names for its roles. An index may have a name of the session that the form does
    /// not use.
    pub fn named(&mut self, forms: [&str; 2]) -> [String; 2] {
        let roles = [
            ("s", &self.scalars[0]),
            ("z", &self.scalars[1]),
            ("u", &self.columns[0]),
            ("v", &self.columns[1]),
            ("S", &self.matrices[0]),
            ("W", &self.matrices[1]),
            ("k", &self.known[0]),
            ("n", &self.known[1]),
            ("m", &self.known[2]),
            ("p", &self.data[0]),
            ("q", &self.data[1]),
            ("A", &self.data[2]),
            ("B", &self.data[3]),
        ];
        let mut named = forms.map(String::from);
        let mut unused: Vec<String> = self.free.clone();
        for (role, name) in roles {
            let role = format!("{{{role}}}");
            if !forms[0].contains(&role) && !forms[1].contains(&role) {
                unused.push(name.clone());
            }
            named.iter_mut().for_each(|text| *text = text.replace(&role, name));
        }
        for role in ["{i}", "{j}"] {
            let index = unused.swap_remove(self.rng.below(unused.len()));
            named.iter_mut().for_each(|text| *text = text.replace(role, &index));
        }
        named
    }

    /// A random number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.rng.below(n)
    }

    /// The name of a random unknown.
    pub fn unknown(&mut self) -> String {
        let at = self.rng.below(6);
        match at {
            0 | 1 => self.scalars[at].clone(),
            2 | 3 => self.columns[at - 2].clone(),
            _ => self.matrices[at - 4].clone(),
        }
    }

    /// One of the choices, by weight of repetition.
    pub fn choose<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.rng.below(choices.len())]
    }

    /// A scalar expression.
    pub fn scalar(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.scalar_leaf();
        }
        let d = depth - 1;
        match self.rng.below(26) {
            0 => format!("({} + {})", self.scalar(d), self.scalar(d)),
            1 => format!("({} - {})", self.scalar(d), self.scalar(d)),
            2 => format!("{}*{}", self.operand(d), self.operand(d)),
            3 => format!("{}/{}", self.operand(d), self.operand(d)),
            4 => format!("{}^{}", self.operand(d), self.exponent()),
            5 => {
                let f = self.choose(&[
                    "exp", "sin", "cos", "tanh", "sigmoid", "log1p", "sqrt", "abs", "relu", "log",
                    "softplus", "atan",
                ]);
                format!("{f}({})", self.scalar(d))
            }
            6 => {
                let f = self.choose(&["min", "max", "hypot", "atan2"]);
                format!("{f}({}, {})", self.scalar(d), self.scalar(d))
            }
            7 => format!(
                "(if {} then {} else {})",
                self.condition(d),
                self.scalar(d),
                self.scalar(d)
            ),
            8..=10 => {
                let f = self.choose(&[
                    "sum",
                    "prod",
                    "mean",
                    "norm",
                    "sumsq",
                    "logsumexp",
                    "max",
                    "min",
                ]);
                let n = 3 + self.rng.below(2);
                format!("{f}({})", self.column(n, d))
            }
            11..=13 => {
                let f = self.choose(&[
                    "sum",
                    "prod",
                    "mean",
                    "norm",
                    "sumsq",
                    "logsumexp",
                    "max",
                    "min",
                ]);
                let m = 3 + self.rng.below(2);
                format!("{f}({})", self.matrix(m, d))
            }
            14 => {
                let n = 3 + self.rng.below(2);
                format!("({})'*({})", self.column(n, d), self.column(n, d))
            }
            15 => format!("{}({})", self.choose(&["tr", "det"]), self.matrix(3, d)),
            16 => {
                let n = 3 + self.rng.below(2);
                format!("dot({}, {})", self.column(n, d), self.column(n, d))
            }
            _ => self.binder(d),
        }
    }

    /// A scalar that may stand before or after any operator.
    fn operand(&mut self, depth: usize) -> String {
        format!("({})", self.scalar(depth))
    }

    fn scalar_leaf(&mut self) -> String {
        let index = |w: &mut World, n: usize| w.index(n);
        match self.rng.below(12) {
            0 => self.number_operand(),
            1 => self.known[0].clone(),
            2 => self.known[1 + self.rng.below(2)].clone(),
            3 | 4 => {
                let i = index(self, 3);
                format!("{}[{i}]", self.columns[0])
            }
            5 => {
                let i = index(self, 4);
                format!("{}[{i}]", self.columns[1])
            }
            6 => {
                let (i, j) = (index(self, 3), index(self, 3));
                format!("{}[{i}, {j}]", self.matrices[0])
            }
            7 | 8 => {
                let (i, j) = (index(self, 4), index(self, 3));
                format!("{}[{i}, {j}]", self.matrices[1])
            }
            9 => match self.open.len() {
                0 => {
                    let i = index(self, 3);
                    format!("{}[{i}]", self.data[0])
                }
                n => self.open[self.rng.below(n)].0.clone(),
            },
            _ => self.scalars[self.rng.below(2)].clone(),
        }
    }

    fn number_operand(&mut self) -> String {
        format!("({})", self.number())
    }

    fn exponent(&mut self) -> String {
        match self.rng.below(6) {
            0 => self.known[0].clone(),
            1 => self.known[1].clone(),
            2 => "3".to_string(),
            3 => "(-1)".to_string(),
            4 => "0.5".to_string(),
            _ => "2".to_string(),
        }
    }

    /// An index of an array of `n`: a number, a size, or an index that is open.
    fn index(&mut self, n: usize) -> String {
        let fits: Vec<String> =
            self.open.iter().filter(|(_, last)| *last <= n).map(|(name, _)| name.clone()).collect();
        if !fits.is_empty() && self.rng.below(5) > 0 {
            return fits[self.rng.below(fits.len())].clone();
        }
        match self.rng.below(4) {
            0 => self.known[1].clone(),
            _ => (1 + self.rng.below(3)).to_string(),
        }
    }

    /// A name for an index: one that nothing has, or one that the body does not use.
    fn open_index(&mut self, last: usize) -> String {
        let name = loop {
            let name = self.free[self.rng.below(self.free.len())].clone();
            if self.open.iter().all(|(n, _)| *n != name) {
                break name;
            }
        };
        self.open.push((name.clone(), last));
        name
    }

    fn condition(&mut self, depth: usize) -> String {
        let op = self.choose(&["<", "<=", ">", ">=", "==", "!="]);
        match self.open.len() {
            0 => format!("{} {op} {}", self.scalar(depth), self.scalar_leaf()),
            n => {
                let i = self.open[self.rng.below(n)].0.clone();
                let other = match self.rng.below(4) {
                    0 => self.scalar_leaf(),
                    1 => self.known[0].clone(),
                    2 => self.open[self.rng.below(n)].0.clone(),
                    _ => self.index(3),
                };
                let first = format!("{i} {op} {other}");
                match self.rng.below(4) {
                    0 => format!("{first} and {} > 0", self.scalar_leaf()),
                    1 => format!("not {first} or {} > 0", self.scalar_leaf()),
                    _ => first,
                }
            }
        }
    }

    fn binder(&mut self, depth: usize) -> String {
        let f =
            self.choose(&["sum", "sum", "sum", "sum", "prod", "mean", "max", "min", "logsumexp"]);
        let before = self.open.len();
        let mut clauses = String::new();
        let count = 1 + self.rng.below(2);
        for _ in 0..count {
            let (last, text) = match self.rng.below(6) {
                0 => (3, format!("1..{}", self.known[1])),
                1 => (4, format!("1..{}", self.known[2])),
                2 if self.open.len() > before => {
                    (self.open[before].1, format!("1..{}", self.open[before].0))
                }
                3 => (3, "2..3".to_string()),
                4 => (4, "1..4".to_string()),
                _ => (3, "1..3".to_string()),
            };
            let i = self.open_index(last);
            clauses += &format!(" for {i} in {text}");
        }
        if f == "sum" && self.rng.below(3) == 0 {
            clauses += &format!(" if {}", self.condition(0));
        }
        let body = if self.rng.below(3) == 0 && f == "sum" {
            self.shifted_body()
        } else {
            self.scalar(depth)
        };
        self.open.truncate(before);
        format!("{f}({body}{clauses})")
    }

    /// Entries that lie at a distance, under a condition that keeps them inside.
    fn shifted_body(&mut self) -> String {
        let (i, _) = self.open[self.open.len() - 1].clone();
        let u = self.columns[0].clone();
        let v = self.data[1].clone();
        let end = self.size(3);
        match self.rng.below(4) {
            0 => format!("(if {i} > 1 and {i} <= {end} then {u}[{i} - 1]^2 else 0)"),
            1 => format!("(if {i} < {end} then ({u}[{i} + 1] - {v}[{i}])^2 else 0)"),
            2 => format!("(if {i} > 1 then if {v}[{i} - 1] > 0 then {u}[{i} - 1]^2 else 0 else 0)"),
            _ => format!("(if {i} == 2 then {u}[{i}]*{v}[{i}] else {u}[1]^2)"),
        }
    }

    /// A column of `n`, 3 or 4.
    pub fn column(&mut self, n: usize, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        if depth == 0 {
            return match self.rng.below(4) {
                0 => self.data[n - 3].clone(),
                _ => self.columns[n - 3].clone(),
            };
        }
        match self.rng.below(18) {
            0 => format!("({} + {})", self.column(n, d), self.column(n, d)),
            1 => format!("({} - {})", self.column(n, d), self.column(n, d)),
            2 => format!("({} .* {})", self.column(n, d), self.column(n, d)),
            3 => format!("({} ./ {})", self.column(n, d), self.column(n, d)),
            4 => format!("({}).^{}", self.column(n, d), self.exponent()),
            5 => format!("{}*({})", self.operand(d), self.column(n, d)),
            6 => {
                let f = self.choose(&["exp", "sin", "tanh", "sigmoid", "abs", "relu", "cumsum"]);
                format!("{f}({})", self.column(n, d))
            }
            7 => format!("({})*({})", self.matrix(n, d), self.column(3, d)),
            8 => {
                let f = self.choose(&["rowsum", "rowmean", "rowmax", "rowlogsumexp"]);
                format!("{f}({})", self.matrix(n, d))
            }
            9 => {
                let j = self.index(3);
                format!("({})[:, {j}]", self.matrix_leaf(n))
            }
            10 if n == 3 => format!("({})[2..4]", self.column(4, 0)),
            10 => format!("[{}, {}, 1, {}]", self.scalar(d), self.scalar(d), self.scalar(0)),
            11 if n == 3 => format!("({})[{}, :]'", self.matrix_leaf(4), 1 + self.rng.below(4)),
            12 if n == 3 => format!("diag({})", self.matrix(3, d)),
            13 => format!(
                "({} .* (({}) > {}))",
                self.column(n, d),
                self.column(n, 0),
                self.number_operand()
            ),
            14 => {
                let c = self.condition(0);
                format!("(if {c} then {} else {})", self.column(n, d), self.column(n, d))
            }
            15 => format!("max({}, {})", self.column(n, d), self.column(n, 0)),
            _ => {
                let end = self.size(n);
                let i = self.open_index(n);
                let body = self.scalar(d.min(1));
                self.open.pop();
                format!("[{body} for {i} in 1..{end}]")
            }
        }
    }

    fn matrix_leaf(&mut self, m: usize) -> String {
        match self.rng.below(4) {
            0 => self.data[m - 1].clone(),
            _ => self.matrices[m - 3].clone(),
        }
    }

    /// A matrix of `m` by 3.
    pub fn matrix(&mut self, m: usize, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        if depth == 0 {
            return self.matrix_leaf(m);
        }
        match self.rng.below(18) {
            0 => format!("({} + {})", self.matrix(m, d), self.matrix(m, d)),
            1 => format!("({} .* {})", self.matrix(m, d), self.matrix(m, d)),
            2 => format!("({} .+ {})", self.matrix(m, d), self.column(m, d)),
            3 => format!("({} .* ({})')", self.matrix(m, d), self.column(3, d)),
            4 => format!("({} .- colmean({}))", self.matrix(m, 0), self.matrix(m, 0)),
            5 => format!("{}*({})", self.operand(d), self.matrix(m, d)),
            6 => {
                let f = self.choose(&["exp", "tanh", "sigmoid", "abs", "relu"]);
                format!("{f}({})", self.matrix(m, d))
            }
            7 => format!("({})*({})", self.matrix(m, d), self.matrix(3, d)),
            8 => format!("({})*({})'", self.column(m, d), self.column(3, d)),
            9 if m == 3 => format!("({})'", self.matrix(3, d)),
            10 if m == 3 => format!("diag({})", self.column(3, d)),
            11 if m == 3 => {
                let size = self.size(3);
                format!("({} + {}*eye({size}))", self.matrix(3, d), self.scalar_leaf())
            }
            12 => {
                let (m, n) = (self.size(m), self.size(3));
                let kind = self.choose(&["ones", "zeros"]);
                format!("({}*{kind}({m}, {n}))", self.scalar_leaf())
            }
            13 => format!("({}).^{}", self.matrix(m, d), self.exponent()),
            14 => format!("({} ./ rowsum({}))", self.matrix(m, d), self.matrix(m, 0)),
            15 if m == 3 => format!("outer({}, {})", self.column(3, d), self.column(3, 0)),
            _ => {
                let (e, f) = (self.size(m), self.size(3));
                let before = self.open.len();
                let (i, j) = (self.open_index(m), self.open_index(3));
                let body = self.scalar(d.min(1));
                self.open.truncate(before);
                format!("[{body} for {i} in 1..{e} for {j} in 1..{f}]")
            }
        }
    }
}
