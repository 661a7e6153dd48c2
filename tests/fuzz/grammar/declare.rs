//! Declarations: unknowns and known values, under names that collide.

use std::path::Path;

use gradus::random::Stream;
use gradus::shape::Shape;

use super::names::NAMES;
use super::scope::{Grower, Known};

impl Grower {
    fn new_name(&mut self) -> String {
        loop {
            let name = self.pick(NAMES).to_string();
            if !self.names.iter().any(|k| k.name == name) && !self.functions.contains(&name) {
                return name;
            }
        }
    }

    /// A name of its own for a definition.
    pub fn define(&mut self, shape: Shape, unknown: bool, moves: bool) -> String {
        let name = self.new_name();
        self.names.push(Known { name: name.clone(), shape, unknown, moves });
        name
    }

    /// A decimal number that is no round one.
    pub fn decimal(&mut self) -> String {
        let sign = if self.rarely(3) { "-" } else { "" };
        format!("{sign}{:.3}", 0.05 + 1.9 * self.stream.unit())
    }

    fn value(&mut self) -> String {
        match self.stream.below(6) {
            0 => self.pick(&["0", "1", "2", "-1", "0.5", "3"]).to_string(),
            1 if self.wild => self.number(),
            _ => self.decimal(),
        }
    }

    fn values(&mut self, shape: Shape) -> String {
        match shape {
            Shape::Scalar => self.value(),
            Shape::Vector(n) => {
                format!("[{}]", (0..n).map(|_| self.value()).collect::<Vec<_>>().join(", "))
            }
            Shape::Matrix(m, n) => {
                let row = |g: &mut Grower| (0..n).map(|_| g.value()).collect::<Vec<_>>().join(", ");
                let rows: Vec<String> = (0..m).map(|_| row(self)).collect();
                if m == 1 { format!("[{}]'", rows[0]) } else { format!("[{}]", rows.join("; ")) }
            }
        }
    }

    fn size_text(&mut self, n: usize) -> String {
        // A known value that is this size, if the script has one.
        let line = format!("= {n}");
        let named = self.lines.iter().find(|l| l.starts_with("let ") && l.ends_with(&line));
        let name = named.and_then(|l| l.split(' ').nth(1)).map(str::to_string);
        name.filter(|_| self.rarely(2)).unwrap_or_else(|| n.to_string())
    }

    fn shape_text(&mut self, shape: Shape) -> String {
        match shape {
            Shape::Scalar => String::new(),
            Shape::Vector(n) => format!(": R[{}]", self.size_text(n)),
            Shape::Matrix(m, n) => format!(": R[{}, {}]", self.size_text(m), self.size_text(n)),
        }
    }
}

/// The declarations of a script.
pub fn declarations(g: &mut Grower) {
    for k in 0..2 {
        if g.rarely(2) {
            let name = g.define(Shape::Scalar, false, false);
            let size = g.sizes[k];
            g.lines.push(format!("let {name} = {size}"));
        }
    }
    let [m, n] = g.sizes;
    let mut unknowns = vec![Shape::Scalar, Shape::Vector(n)];
    for (shape, one_in) in [
        (Shape::Scalar, 2),
        (Shape::Vector(m), 2),
        (Shape::Matrix(m, n), 3),
        (Shape::Matrix(n, n), 4),
    ] {
        if g.rarely(one_in) {
            unknowns.push(shape);
        }
    }
    for shape in unknowns {
        unknown(g, shape);
    }
    let mut known = vec![Shape::Scalar, Shape::Vector(m)];
    for shape in [Shape::Scalar, Shape::Vector(n), Shape::Matrix(m, n), Shape::Matrix(n, m)] {
        if g.rarely(2) {
            known.push(shape);
        }
    }
    for shape in known {
        known_value(g, shape);
    }
    if g.rarely(4) {
        let name = g.new_name();
        let most = m.min(n);
        let entries: Vec<String> = (0..m).map(|_| (1 + g.stream.below(most)).to_string()).collect();
        g.lines.push(format!("let {name} = [{}]", entries.join(", ")));
        g.names.push(Known {
            name: name.clone(),
            shape: Shape::Vector(m),
            unknown: false,
            moves: false,
        });
        g.places.push((name, m, most));
    }
    if g.rarely(5) {
        let name = g.new_name();
        g.functions.push(name.clone());
        let argument = g.pick(&["t", "i", "x", "s"]).to_string();
        let body = g.pick(&[
            "ARG^2 + 1",
            "exp(-ARG^2)",
            "max(ARG, 0)",
            "sum(ARG^i0/i0 for i0 in 1..3)",
            "abs(ARG)",
        ]);
        g.lines.push(format!("fn {name}({argument}) = {}", body.replace("ARG", &argument)));
    }
}

fn unknown(g: &mut Grower, shape: Shape) {
    let start = g.values(shape);
    let shape_text = g.shape_text(shape);
    let name = g.define(shape, true, true);
    let bounds = match g.stream.below(10) {
        0 => " >= 0",
        1 => " in [-3, 3]",
        2 => " <= 2",
        _ => "",
    };
    let start = if g.rarely(6) { String::new() } else { format!(" = {start}") };
    g.lines.push(format!("var {name}{shape_text}{bounds}{start}"));
}

fn known_value(g: &mut Grower, shape: Shape) {
    let text = match (shape, g.stream.below(10)) {
        (Shape::Vector(n), 0) => format!("csv(\"t{n}.csv\").a"),
        (Shape::Matrix(m, n), 0) => format!("npy(\"a{m}{n}.npy\")"),
        (Shape::Scalar, 0) => "10.5".to_string(),
        _ => g.values(shape),
    };
    let name = g.define(shape, false, false);
    g.lines.push(format!("let {name} = {text}"));
}

/// The data files that scripts read.
pub fn data_files(folder: &Path) -> std::io::Result<()> {
    let mut stream = Stream::new(0).split("data");
    for n in 2..=4usize {
        let mut text = "a,b\n".to_string();
        for _ in 0..n {
            text += &format!("{:.4},{:.4}\n", stream.unit() * 2.0 - 1.0, stream.unit());
        }
        std::fs::write(folder.join(format!("t{n}.csv")), text)?;
        for m in 2..=4usize {
            let entries: Vec<f64> = (0..m * n).map(|_| stream.unit() * 2.0 - 1.0).collect();
            std::fs::write(folder.join(format!("a{m}{n}.npy")), npy(m, n, &entries))?;
        }
    }
    Ok(())
}

/// A NumPy file of doubles, version 1.0 of the format.
pub fn npy(m: usize, n: usize, entries: &[f64]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({m}, {n}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    entries.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
    bytes
}
