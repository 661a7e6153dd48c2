//! The kernels in C, from a shared library that is built and loaded here.

use std::ffi::{CString, c_void};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::problems::Problem;

/// A kernel of the peer with its data, and the field of `gradus bench` that measures the same.
pub struct Limit<'p> {
    pub field: &'static str,
    /// The objective at the start, where the kernel gives it.
    pub value: Option<f64>,
    run: Box<dyn FnMut(usize) + 'p>,
    calls: usize,
}

impl Limit<'_> {
    /// Seconds a call: the median of seven batches.
    pub fn seconds(&mut self) -> f64 {
        let mut batch = |calls: usize| {
            let started = Instant::now();
            (self.run)(calls);
            started.elapsed().as_secs_f64()
        };
        let mut elapsed = batch(self.calls);
        while elapsed < 0.01 {
            self.calls *= 2;
            elapsed = batch(self.calls);
        }
        let mut times: Vec<f64> = (0..7).map(|_| batch(self.calls) / self.calls as f64).collect();
        times.sort_by(f64::total_cmp);
        times[3]
    }
}

/// The loaded library.
pub struct Peer(*mut c_void);

type Small = unsafe extern "C" fn(*const f64, *mut f64);
type Chain = unsafe extern "C" fn(*const f64, *mut f64, i64) -> f64;
type ChainHessian = unsafe extern "C" fn(*const f64, *mut f64, *mut f64, i64);
type Logistic =
    unsafe extern "C" fn(*const f64, *const f64, *const f64, f64, *mut f64, i64, i64) -> f64;
type LogisticHessian =
    unsafe extern "C" fn(*const f64, *const f64, *const f64, f64, *mut f64, i64, i64);
type Rise = unsafe extern "C" fn(*const f64, *const f64, f64, f64, i64) -> f64;
type RiseGradient = unsafe extern "C" fn(*const f64, *const f64, f64, f64, *mut f64, i64) -> f64;
type RiseMatrix =
    unsafe extern "C" fn(*const f64, *const f64, f64, f64, *mut f64, *mut f64, i64) -> f64;
type Network = unsafe extern "C" fn(*const f64, *const i32, *const f64, *mut f64, i32) -> f64;

impl Peer {
    /// Compiles `DIR/c/limits.c` and loads it.
    pub fn build(dir: &Path) -> Peer {
        let out = std::env::temp_dir().join(format!("gradus-limits-{}.so", std::process::id()));
        let flags = "-O3 -march=native -mprefer-vector-width=512 -fPIC -shared -ffast-math";
        let status = Command::new("gcc")
            .args(flags.split(' '))
            .arg(dir.join("c/limits.c"))
            .arg("-o")
            .arg(&out)
            .args(["-lmvec", "-lm"])
            .status();
        assert!(status.is_ok_and(|s| s.success()), "gcc compiles c/limits.c of {}", dir.display());
        let path = CString::new(out.to_string_lossy().into_owned()).expect("a path");
        // SAFETY: a path that ends with 0; the library has no initializers.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{} loads", out.display());
        let _ = std::fs::remove_file(out);
        Peer(handle)
    }

    /// The function `name`.
    ///
    /// # Safety
    ///
    /// `F` is the type of a pointer to it.
    unsafe fn function<F: Copy>(&self, name: &str) -> F {
        let symbol = CString::new(name).expect("a name");
        // SAFETY: a loaded library and a name that ends with 0.
        let address = unsafe { libc::dlsym(self.0, symbol.as_ptr()) };
        assert!(!address.is_null(), "c/limits.c has `{name}`");
        // SAFETY: pointers to functions and to data have one size here; the caller vouches for `F`.
        unsafe { std::mem::transmute_copy(&address) }
    }

    /// What C has for a problem. Arguments are those that `limits.c` declares.
    pub fn kernels<'p>(&self, problem: &'p Problem) -> Vec<Limit<'p>> {
        match problem.script {
            "p1.opt" => [("f_s", "p1_f"), ("fgrad_s", "p1_fg"), ("fgradhess_s", "p1_fgh")]
                .map(|(field, name)| self.small(problem, field, name))
                .into(),
            "p2.opt" => self.chain(problem),
            "p3.opt" => self.logistic(problem),
            "p4.opt" => self.rise(problem),
            _ => self.network(problem),
        }
    }

    fn small<'p>(&self, problem: &'p Problem, field: &'static str, name: &str) -> Limit<'p> {
        // SAFETY: `void name(const double *x, double *o)`.
        let f = unsafe { self.function::<Small>(name) };
        let (start, mut out, mut k) = (problem.array("x").to_vec(), [0.0; 6], 0u32);
        let mut x = start.clone();
        let mut call = move || {
            x[0] = start[0] + 1e-9 * f64::from(k & 7);
            k += 1;
            // SAFETY: x has two entries, out has room for six.
            unsafe { f(black_box(x.as_ptr()), out.as_mut_ptr()) };
            out[0]
        };
        let value = call();
        limit(field, Some(value), move || {
            black_box(call());
        })
    }

    fn chain<'p>(&self, problem: &'p Problem) -> Vec<Limit<'p>> {
        let x = problem.array("x");
        let n = x.len();
        // SAFETY: `double p2_fg(x, g, n)` and `void p2_hess(x, d, e, n)`.
        let (both, hessian) =
            unsafe { (self.function::<Chain>("p2_fg"), self.function::<ChainHessian>("p2_hess")) };
        let (mut g, mut d, mut e) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        // SAFETY: all arrays have n entries.
        let mut both = move || unsafe { both(black_box(x.as_ptr()), g.as_mut_ptr(), n as i64) };
        let value = both();
        vec![
            limit("fgrad_s", Some(value), move || {
                black_box(both());
            }),
            limit("hess_s", None, move || {
                // SAFETY: all arrays have n entries.
                unsafe {
                    hessian(black_box(x.as_ptr()), d.as_mut_ptr(), e.as_mut_ptr(), n as i64);
                }
            }),
        ]
    }

    fn logistic<'p>(&self, problem: &'p Problem) -> Vec<Limit<'p>> {
        let [x, y, w] = ["p3_x", "p3_y", "p3_w"].map(|name| problem.array(name));
        let (m, n) = (y.len(), w.len());
        // SAFETY: `p3_fg(X, y, w, lam, g, m, n)`, and `p3_hess` with H in place of g.
        let (both, hessian) = unsafe {
            (self.function::<Logistic>("p3_fg"), self.function::<LogisticHessian>("p3_hess"))
        };
        let (mut g, mut h) = (vec![0.0; n], vec![0.0; n * n]);
        // SAFETY: X is m x n, y has m entries, w and g have n.
        let mut both = move || unsafe {
            let w = black_box(w.as_ptr());
            both(x.as_ptr(), y.as_ptr(), w, 1e-3, g.as_mut_ptr(), m as i64, n as i64)
        };
        let value = both();
        vec![
            limit("fgrad_s", Some(value), move || {
                black_box(both());
            }),
            limit("hess_s", None, move || {
                let w = black_box(w.as_ptr());
                // SAFETY: as above, and H is n x n.
                unsafe {
                    hessian(x.as_ptr(), y.as_ptr(), w, 1e-3, h.as_mut_ptr(), m as i64, n as i64);
                }
            }),
        ]
    }

    fn rise<'p>(&self, problem: &'p Problem) -> Vec<Limit<'p>> {
        let [x, y] = ["p4_x", "p4_y"].map(|name| problem.array(name));
        let n = x.len() as i64;
        // SAFETY: `p4_f(x, y, b1, b2, n)`, `p4_fg(.., g, n)` and `p4_fgn(.., g, h, n)`.
        let (f, both, matrix) = unsafe {
            (
                self.function::<Rise>("p4_f"),
                self.function::<RiseGradient>("p4_fg"),
                self.function::<RiseMatrix>("p4_fgn"),
            )
        };
        let (mut g, mut h) = ([0.0; 2], [0.0; 4]);
        let (px, py) = (x.as_ptr(), y.as_ptr());
        // SAFETY: x and y have n entries.
        let f = move || unsafe { f(px, py, black_box(2.0), 0.5, n) };
        let value = f();
        vec![
            limit("f_s", Some(value), move || {
                black_box(f());
            }),
            limit("fgrad_s", Some(value), move || {
                // SAFETY: as above, g has 2 entries.
                black_box(unsafe { both(px, py, black_box(2.0), 0.5, g.as_mut_ptr(), n) });
            }),
            limit("gauss_newton_s", Some(value), move || {
                let b1 = black_box(2.0);
                // SAFETY: as above, h has 4 entries.
                black_box(unsafe { matrix(px, py, b1, 0.5, g.as_mut_ptr(), h.as_mut_ptr(), n) });
            }),
        ]
    }

    fn network<'p>(&self, problem: &'p Problem) -> Vec<Limit<'p>> {
        let x = problem.array("p5_x");
        let labels: Vec<i32> = problem.array("labels").iter().map(|&v| v as i32).collect();
        let weights = ["p5_w1", "p5_b1", "p5_w2", "p5_b2"].map(|name| problem.array(name));
        let weights = weights.concat();
        // SAFETY: `p5_fg64(X, labels, theta, g, B)`.
        let f = unsafe { self.function::<Network>("p5_fg64") };
        let mut g = vec![0.0; weights.len()];
        // SAFETY: X is 64 x 784, there are 64 labels, and theta and g hold all weights.
        let mut call = move || unsafe {
            let weights = black_box(weights.as_ptr());
            f(x.as_ptr(), labels.as_ptr(), weights, g.as_mut_ptr(), 64)
        };
        let value = call();
        vec![limit("fgrad_s", Some(value), move || {
            black_box(call());
        })]
    }
}

fn limit<'p>(field: &'static str, value: Option<f64>, mut run: impl FnMut() + 'p) -> Limit<'p> {
    let run = move |calls: usize| (0..calls).for_each(|_| run());
    Limit { field, value, run: Box::new(run), calls: 1 }
}
