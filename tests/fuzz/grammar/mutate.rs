//! Wrong scripts: right ones with tokens or bytes changed.

use gradus::random::Stream;

/// Tokens that are put in. Ranges that a loop would run through for long are not among them.
const TOKENS: &[&str] = &[
    "x",
    "y",
    "w",
    "A",
    "f",
    "fit",
    "1",
    "2",
    "0.5",
    "1e-3",
    "3",
    "-1",
    "0",
    "+",
    "-",
    "*",
    "/",
    "^",
    ".*",
    "./",
    ".+",
    ".^",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "\n",
    ":",
    "=",
    "==",
    "<",
    "<=",
    ">=",
    "!=",
    "..",
    ".",
    "<-",
    "∇",
    "∇²",
    "∂",
    "\"text\"",
    "\"{x}\"",
    "\"",
    "let",
    "var",
    "fn",
    "if",
    "then",
    "else",
    "for",
    "in",
    "at",
    "and",
    "or",
    "not",
    "minimize",
    "maximize",
    "over",
    "from",
    "subject",
    "to",
    "using",
    "where",
    "wrt",
    "newton",
    "lm",
    "sum",
    "sin",
    "log",
    "sqrt",
    "grad",
    "diff",
    "hess",
    "jac",
    "derive",
    "taylor",
    "factor",
    "expand",
    "simplify",
    "solve",
    "convex",
    "check",
    "latex",
    "norm",
    "max",
    "inv",
    "zeros",
    "eye",
    "R",
    "pi",
    "inf",
    "nan",
    "true",
    "print",
    "assert",
    "seed",
    "i",
    "optimizer",
    "state",
    "tune",
    "compare",
    "plot",
    "export",
    "csv",
    "npy",
    "use",
    "#",
    "##",
    "\\",
    "é",
    "\u{202e}",
    "\0",
    "1e308",
    "9007199254740993",
    "2^31",
    "4294967296",
];

/// Splits a text into words, numbers, blanks and single other characters.
pub fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '.' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut parts = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let now = class(c);
        if last.is_some_and(|l| l != now || now == 2) {
            parts.push(&text[start..at]);
            start = at;
        }
        last = Some(now);
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// A script with one to four changes.
pub fn mutate(stream: &mut Stream, text: &str) -> String {
    let changes = 1 + stream.below(4);
    if stream.below(4) == 0 {
        return bytes(stream, text.as_bytes(), changes);
    }
    let mut parts: Vec<String> = tokens(text).into_iter().map(str::to_string).collect();
    for _ in 0..changes {
        if parts.is_empty() {
            break;
        }
        let (at, other) = (stream.below(parts.len()), stream.below(parts.len()));
        match stream.below(6) {
            0 => {
                parts.remove(at);
            }
            1 => parts.insert(at, format!(" {} ", TOKENS[stream.below(TOKENS.len())])),
            2 => parts[at] = parts[other].clone(),
            3 => parts.swap(at, other),
            4 => {
                let part = parts[at].clone();
                parts.insert(other, part);
            }
            _ => parts[at] = TOKENS[stream.below(TOKENS.len())].to_string(),
        }
    }
    sane(&parts.concat())
}

/// Changed bytes, read as text.
fn bytes(stream: &mut Stream, text: &[u8], changes: usize) -> String {
    let mut bytes = text.to_vec();
    change(stream, &mut bytes, changes);
    sane(&String::from_utf8_lossy(&bytes))
}

/// Changes, removes, inserts or copies bytes.
pub fn change(stream: &mut Stream, bytes: &mut Vec<u8>, changes: usize) {
    for _ in 0..changes {
        if bytes.is_empty() {
            return;
        }
        let at = stream.below(bytes.len());
        match stream.below(6) {
            0 => bytes[at] = stream.below(256) as u8,
            1 => bytes[at] ^= 1 << stream.below(8),
            2 => {
                bytes.remove(at);
            }
            3 => bytes.insert(at, stream.below(256) as u8),
            4 => {
                let to = (at + 1 + stream.below(12)).min(bytes.len());
                let part: Vec<u8> = bytes[at..to].to_vec();
                let place = stream.below(bytes.len());
                bytes.splice(place..place, part);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Long ranges would run for long and say nothing: numbers keep four digits before the point.
fn sane(text: &str) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for c in text.chars() {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits <= 4 || !c.is_ascii_digit() {
            out.push(c);
        }
    }
    out
}
