//! Rounds of measurements, for what is a ratio rather than a time.

use std::time::Instant;

/// Whether the words after `cargo bench --` ask for this benchmark: all of them where there are none.
pub fn is_wanted(name: &str) -> bool {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}

/// Medians of nanoseconds for one of `units`, over rounds in which the works alternate, after a round
/// that does not count.
pub fn alternate<const N: usize>(
    rounds: usize,
    units: usize,
    mut works: [&mut dyn FnMut(); N],
) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (work, times) in works.iter_mut().zip(&mut times) {
            let start = Instant::now();
            work();
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e9 / units as f64);
            }
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}
