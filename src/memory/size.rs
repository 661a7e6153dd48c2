//! Sizes of memory as people write and read them.

/// Units from the smallest; each is 1024 of the one before.
const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/// A size in the unit that people would choose: `512 bytes`, `16 GiB`, `1.5 MiB`.
pub fn text(bytes: usize) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match (unit, value) {
        (0, _) => format!("{bytes} {}", if bytes == 1 { "byte" } else { UNITS[0] }),
        (_, v) if v >= 1e6 => format!("{v:.2e} {}", UNITS[unit]),
        (_, v) if v >= 99.95 || (v * 10.0).round() % 10.0 == 0.0 => {
            format!("{v:.0} {}", UNITS[unit])
        }
        (_, v) => format!("{v:.1} {}", UNITS[unit]),
    }
}

/// The bytes of `2G`, `1.5GiB`, `300 MB`, `4096`; `None` where that is no size. `K`, `M`, `G` and `T`, with or without
/// `iB`, count in 1024; with `B` alone in 1000.
pub fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    let number: f64 =
        number.parse().ok().filter(|_| number.starts_with(|c: char| c.is_ascii_digit()))?;
    let unit = unit.to_ascii_lowercase();
    let (letter, rest) = unit.split_at(unit.chars().next().map_or(0, char::len_utf8));
    let power = match letter {
        "" | "b" if rest.is_empty() => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let base: f64 = match rest {
        "" | "i" | "ib" => 1024.0,
        "b" => 1000.0,
        _ => return None,
    };
    let bytes = (number * base.powi(power)).round();
    // Larger sizes are no limit at all.
    let most = isize::MAX as f64;
    (bytes >= 1.0).then_some(if bytes >= most { isize::MAX as usize } else { bytes as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_usual_way() {
        for (written, bytes) in [
            ("4096", 4096),
            ("1b", 1),
            ("2K", 2048),
            ("2kB", 2000),
            ("1.5M", 3 << 19),
            ("300 MB", 300_000_000),
            ("2G", 2 << 30),
            ("2gib", 2 << 30),
            ("1T", 1 << 40),
            ("99999999T", isize::MAX as usize),
        ] {
            assert_eq!(parse(written), Some(bytes), "{written}");
        }
        for written in
            ["", "G", "-1G", "2X", "2GG", "1e9", "nan", "inf", "0", "2 G B", ".5G", "1.2.3M", "é"]
        {
            assert_eq!(parse(written), None, "{written}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        for (bytes, shown) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (16 << 30, "16 GiB"),
            (80_000_000_000, "74.5 GiB"),
            ((1 << 30) - 1, "1 GiB"),
            (isize::MAX as usize, "8.39e6 TiB"),
        ] {
            assert_eq!(text(bytes), shown);
        }
    }
}
