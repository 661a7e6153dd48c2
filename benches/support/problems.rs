//! The data of the benchmark problems, drawn anew and written as NumPy files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A script with the arrays that it reads.
pub struct Problem {
    /// `p1`, `p2_1e3`, ...
    pub name: &'static str,
    /// The script's file.
    pub script: &'static str,
    /// What `--set` gets.
    pub set: Option<String>,
    /// Names, sizes (rows first) and entries, row by row.
    pub arrays: Vec<(&'static str, Vec<usize>, Vec<f64>)>,
    folder: PathBuf,
}

impl Problem {
    /// The entries of an array.
    pub fn array(&self, name: &str) -> &[f64] {
        let found = self.arrays.iter().find(|(n, ..)| *n == name);
        found.map_or(&[], |(.., data)| data)
    }

    /// Writes the arrays where the script reads them.
    pub fn write(&self) {
        fs::create_dir_all(&self.folder).expect("a folder for data");
        for (name, sizes, data) in self.arrays.iter().filter(|(n, ..)| n.starts_with('p')) {
            let path = self.folder.join(format!("{name}.npy"));
            let list: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let comma = if sizes.len() == 1 { "," } else { "" };
            let mut header = format!(
                "{{'descr': '<f8', 'fortran_order': False, 'shape': ({}{comma}), }}",
                list.join(", ")
            );
            while (10 + header.len() + 1) % 64 != 0 {
                header.push(' ');
            }
            header.push('\n');
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            bytes.extend(data.iter().flat_map(|v| v.to_le_bytes()));
            fs::File::create(path).and_then(|mut f| f.write_all(&bytes)).expect("data written");
        }
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014), with normal draws by Box and Muller.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    fn normals(&mut self, n: usize, scale: f64) -> Vec<f64> {
        (0..n).map(|_| scale * self.normal()).collect()
    }
}

/// All problems; their arrays are small enough to be held at once.
pub fn problems(folder: &Path) -> Vec<Problem> {
    let problem = |name, script, set: Option<&str>, arrays| Problem {
        name,
        script,
        set: set.map(str::to_string),
        arrays,
        folder: folder.to_path_buf(),
    };
    let rosenbrock = vec![("x", vec![2], vec![-1.2, 1.0])];
    vec![
        problem("p1", "p1.opt", None, rosenbrock),
        problem("p2_1e3", "p2.opt", None, vec![chain(1000)]),
        problem("p2_1e6", "p2.opt", Some("n=1000000"), vec![chain(1_000_000)]),
        problem("p3", "p3.opt", None, logistic(100_000, 100)),
        problem("p4", "p4.opt", None, rise(1_000_000)),
        problem("p5", "p5.opt", None, network()),
    ]
}

type Array = (&'static str, Vec<usize>, Vec<f64>);

fn chain(n: usize) -> Array {
    let entry = |i: usize| {
        let i = i as f64;
        -1.2 + 2.5 * i / (n - 1) as f64 + 0.05 * i.cos()
    };
    ("x", vec![n], (0..n).map(entry).collect())
}

fn logistic(m: usize, n: usize) -> Vec<Array> {
    let mut draws = Draws(3);
    let x = draws.normals(m * n, 1.0);
    let w = draws.normals(n, 0.1);
    let label = |row: &[f64]| {
        let z: f64 = row.iter().zip(&w).map(|(a, b)| 3.0 * a * b).sum();
        if draws.uniform() < 1.0 / (1.0 + (-z).exp()) { 1.0 } else { -1.0 }
    };
    let y = x.chunks_exact(n).map(label).collect();
    vec![("p3_x", vec![m, n], x), ("p3_y", vec![m], y), ("p3_w", vec![n], w)]
}

fn rise(n: usize) -> Vec<Array> {
    let mut draws = Draws(4);
    let x: Vec<f64> = (0..n).map(|_| 10.0 * draws.uniform()).collect();
    let y = x.iter().map(|x| 2.3 * (1.0 - (-0.7 * x).exp()) + 0.05 * draws.normal()).collect();
    vec![("p4_x", vec![n], x), ("p4_y", vec![n], y)]
}

fn network() -> Vec<Array> {
    let mut draws = Draws(5);
    let x = (0..64 * 784).map(|_| draws.uniform()).collect();
    let labels: Vec<f64> = (0..64).map(|_| (10.0 * draws.uniform()).floor()).collect();
    let mut y = vec![0.0; 640];
    for (i, &label) in labels.iter().enumerate() {
        y[i * 10 + label as usize] = 1.0;
    }
    let w1 = draws.normals(784 * 128, 784f64.powf(-0.5));
    let b1 = draws.normals(128, 0.1);
    let w2 = draws.normals(1280, 128f64.powf(-0.5));
    let b2 = draws.normals(10, 0.1);
    vec![
        ("p5_x", vec![64, 784], x),
        ("p5_y", vec![64, 10], y),
        ("p5_w1", vec![784, 128], w1),
        ("p5_b1", vec![128], b1),
        ("p5_w2", vec![128, 10], w2),
        ("p5_b2", vec![10], b2),
        ("labels", vec![64], labels),
    ]
}
