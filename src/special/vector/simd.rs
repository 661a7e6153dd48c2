//! Which vector instructions are used.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A level of vector instructions. The first two are those of any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// What every machine of its kind has; loops are not vector code.
    Baseline,
    /// Two doubles and fused multiplication, by Cranelift: NEON on AArch64,
    /// x86-64 with FMA.
    Pairs,
    /// Four doubles and fused multiplication: AVX2 and FMA.
    Avx2,
    /// Eight doubles, masks and scaling by powers of two: AVX-512 F, DQ, BW and
    /// VL, and BMI2.
    Avx512,
}

/// The variable of the environment that names the highest level to use.
pub const VARIABLE: &str = "GRADUS_SIMD";

/// Whether the environment has no say.
static IS_DEAF: AtomicBool = AtomicBool::new(false);

impl Simd {
    /// All levels, the lowest first.
    pub const ALL: [Simd; 4] = [Simd::Baseline, Simd::Pairs, Simd::Avx2, Simd::Avx512];

    /// The level in use: that of the machine, or what `GRADUS_SIMD` names if that
    /// is less. Found once; names that are no level change nothing.
    #[inline]
    pub fn here() -> Simd {
        static HERE: OnceLock<Simd> = OnceLock::new();
        *HERE.get_or_init(|| {
            let said = (!IS_DEAF.load(Ordering::Relaxed)).then(|| std::env::var(VARIABLE).ok());
            let wanted = said.flatten().and_then(|name| Simd::named(&name));
            wanted.map_or(Simd::machine(), |w| w.min(Simd::machine()))
        })
    }

    /// From now on the environment has no say; called before anything is compiled.
    pub fn ignore_environment() {
        IS_DEAF.store(true, Ordering::Relaxed);
    }

    /// The level of that name.
    pub fn named(name: &str) -> Option<Simd> {
        Simd::ALL.into_iter().find(|s| s.to_string() == name)
    }

    #[cfg(target_arch = "x86_64")]
    fn machine() -> Simd {
        let avx2 = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        let avx512 = std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("bmi2");
        match (avx2, avx512) {
            (true, true) => Simd::Avx512,
            (true, false) => Simd::Avx2,
            _ => Simd::Baseline,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn machine() -> Simd {
        if cfg!(target_arch = "aarch64") { Simd::Pairs } else { Simd::Baseline }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Simd::Baseline => "baseline",
            Simd::Pairs => "pairs",
            Simd::Avx2 => "avx2",
            Simd::Avx512 => "avx512",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for s in Simd::ALL {
            assert_eq!(Simd::named(&s.to_string()), Some(s));
        }
        assert_eq!(Simd::named("mmx"), None);
        assert!(Simd::here() <= Simd::machine());
    }
}
