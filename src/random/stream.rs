//! A seeded stream of random numbers that can be split by label.
//!
//! The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom
//! number generators", ACM TOMS 47, 2021) from the crate `rand_xoshiro`. It is not for
//! secrets.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A source of random numbers.
///
/// The draws depend on the seed and on the labels of the splits that led here. Cloning
/// copies the position: both copies draw the same numbers from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Names this stream; unlike the generator it never changes, so that `split` does
    /// not depend on how much has been drawn.
    key: u64,
    generator: Xoshiro256PlusPlus,
    /// The second normal number of a pair, as bits.
    spare_normal: Option<u64>,
}

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Stream::from_key(mix(seed))
    }

    fn from_key(key: u64) -> Self {
        Stream { key, generator: Xoshiro256PlusPlus::seed_from_u64(key), spare_normal: None }
    }

    /// The independent stream under `label`; the same label gives the same stream, however
    /// much has been drawn from this one.
    #[must_use]
    pub fn split(&self, label: &str) -> Self {
        Stream::from_key(mix(mix(self.key) ^ fnv1a(label.as_bytes())))
    }

    /// The `n`-th of a family of independent streams, say one for each epoch or restart.
    #[must_use]
    pub fn split_nth(&self, label: &str, n: u64) -> Self {
        let family = self.split(label);
        Stream::from_key(mix(mix(family.key) ^ fnv1a(&n.to_le_bytes())))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A multiple of 2^-53 in [0, 1), uniform.
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.bits() >> 11) as f64 * SCALE
    }

    /// A number from 0 to `n - 1`, exactly uniform; 0 for `n` = 0.
    ///
    /// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29,
    /// 2019, algorithm 5.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        let n = n as u64;
        let rejected_below = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= rejected_below {
                return (product >> 64) as usize;
            }
        }
    }

    /// A standard normal number, by Marsaglia's polar method: it needs only a logarithm
    /// and a square root, which are the same everywhere.
    ///
    /// Source: Knuth, The Art of Computer Programming 2, section 3.4.1, algorithm P.
    pub fn standard_normal(&mut self) -> f64 {
        if let Some(bits) = self.spare_normal.take() {
            return f64::from_bits(bits);
        }
        loop {
            let u = 2.0 * self.unit() - 1.0;
            let v = 2.0 * self.unit() - 1.0;
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let factor = (-2.0 * libm::log(s) / s).sqrt();
                self.spare_normal = Some((v * factor).to_bits());
                return u * factor;
            }
        }
    }
}

/// The finalizer of SplitMix64: a bijection of 64 bits that changes half of them for
/// each bit of input.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014, with Stafford's variant 13.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The FNV-1a hash (Fowler, Noll, Vo) of 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_known() {
        let mut s = Stream::new(42);
        let bits: Vec<u64> = (0..3).map(|_| s.bits()).collect();
        assert_eq!(bits, KNOWN_BITS);
        let mut s = Stream::new(42).split("arrays");
        let normals: Vec<u64> = (0..3).map(|_| s.standard_normal().to_bits()).collect();
        assert_eq!(normals, KNOWN_NORMALS);
    }

    #[test]
    fn splits_do_not_disturb_one_another() {
        let mut s = Stream::new(7);
        let before = s.split("a");
        s.bits();
        s.standard_normal();
        assert_eq!(s.split("a"), before);
        let mut firsts = vec![s.bits()];
        for mut other in [
            s.split("a"),
            s.split("b"),
            s.split(""),
            s.split("a").split("a"),
            s.split_nth("a", 0),
            s.split_nth("a", 1),
            Stream::new(8),
        ] {
            firsts.push(other.bits());
        }
        let n = firsts.len();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), n);
    }

    #[test]
    fn normal_moments() {
        let mut s = Stream::new(1);
        let n = 100_000;
        let x: Vec<f64> = (0..n).map(|_| s.standard_normal()).collect();
        let moment = |p: i32| x.iter().map(|v| v.powi(p)).sum::<f64>() / f64::from(n);
        // Each bound is more than four standard errors.
        assert!(moment(1).abs() < 0.014);
        assert!((moment(2) - 1.0).abs() < 0.02);
        assert!(moment(3).abs() < 0.06);
        assert!((moment(4) - 3.0).abs() < 0.15);
    }

    #[test]
    fn units_and_whole_numbers_are_uniform() {
        let mut s = Stream::new(2);
        let mut counts = [0; 7];
        for _ in 0..70_000 {
            let u = s.unit();
            assert!((0.0..1.0).contains(&u));
            counts[s.below(7)] += 1;
        }
        assert!(counts.iter().all(|&c: &i32| (c - 10_000).abs() < 500));
        assert_eq!((s.below(0), s.below(1)), (0, 0));
    }

    /// From an implementation of the same definitions in Python.
    const KNOWN_BITS: [u64; 3] =
        [12_343_323_003_495_711_280, 1_641_377_365_623_878_930, 16_068_605_123_119_461_831];
    /// The bits of the doubles.
    const KNOWN_NORMALS: [u64; 3] =
        [13_821_383_633_103_013_063, 13_827_241_991_502_964_730, 13_833_167_121_511_998_072];
}
