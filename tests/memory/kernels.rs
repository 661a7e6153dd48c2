//! Kernels come and go without the process growing, and no page is ever writable and executable. Alone in its file: other
//! tests map memory of their own.
#![cfg(target_os = "linux")]

use crate::jit_support::{Case, Numbers, Way, ways};
use gradus::diff;
use gradus::expr::Op;
use gradus::jit::Kernel;
use gradus::shape::Shape;

/// Bytes of memory that may be executed.
fn executable() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells its maps");
    let bytes = |line: &str| -> Option<usize> {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some(if rest[..4].contains('x') { number(to)? - number(from)? } else { 0 })
    };
    maps.lines().filter_map(bytes).sum()
}

/// Mappings that may be both written and executed.
fn writable_and_executable() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells its maps");
    let access =
        |line: &&str| line.split(' ').nth(1).is_some_and(|a| a.contains('w') && a.contains('x'));
    maps.lines().filter(access).map(str::to_string).collect()
}

/// All mappings of the process.
fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").expect("Linux tells its maps").lines().count()
}

/// Bytes of memory that the process holds.
fn resident() -> usize {
    let numbers = std::fs::read_to_string("/proc/self/statm").expect("Linux tells its memory");
    let pages: usize = numbers.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    // SAFETY: asks for a number.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize
}

/// A chain with its gradient, which is a wide loop where the machine has them,
/// and a product of matrices.
fn make(way: Way) -> Kernel {
    let mut case = Case::new();
    let mut numbers = Numbers::new(1);
    let x = case.unknown("x", numbers.tensor(Shape::Vector(101)));
    let a = case.unknown("A", numbers.tensor(Shape::Matrix(8, 8)));
    let (i, at) = case.index("i");
    let one = case.g.int(1);
    let next = case.g.add(&[at, one]);
    let (u, v) = (case.at(x, at), case.at(x, next));
    let e = case.g.apply(Op::Exp, &[u]);
    let difference = case.g.sub(v, e);
    let square = case.g.powi(difference, 2);
    let f = case.sum(i, 1, 100, square);
    let product = case.g.matmul(a, a);
    let inputs = case.inputs.clone();
    let mut outputs = vec![f, product];
    outputs.extend(diff::gradient(&mut case.g, f, &inputs));
    let kernel = case.kernel_with(&outputs, way);
    case.run(&kernel);
    kernel
}

#[test]
fn memory_of_dropped_kernels_is_returned() {
    let _alone = crate::alone();
    const KERNELS: usize = 4000;
    let round = || {
        for way in ways().cycle().take(KERNELS / 2) {
            drop(make(way));
        }
        // Many at a time, too.
        let many: Vec<Kernel> = ways().cycle().take(50).map(make).collect();
        assert_eq!(writable_and_executable(), [""; 0], "with {} kernels alive", many.len());
        drop(many);
    };
    // What the first kernels leave behind is there once: tables, the allocator's
    // own memory.
    drop(ways().cycle().take(50).map(make).collect::<Vec<_>>());
    let before = (executable(), mappings(), resident());
    round();
    round();
    let after = (executable(), mappings(), resident());
    assert_eq!(after.0, before.0, "bytes of executable memory, after and before");
    assert!(after.1 <= before.1 + 8, "{} mappings became {}", before.1, after.1);
    assert!(after.2 <= before.2 + (4 << 20), "{} bytes became {}", before.2, after.2);
}
