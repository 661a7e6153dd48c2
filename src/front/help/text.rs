//! Paragraphs and indented blocks.

/// Lines of pages are at most this long where words allow.
pub const WIDTH: usize = 88;

/// Words in lines that begin with `indent` and are at most [`WIDTH`] long; ends with a line end.
pub fn paragraph(words: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length <= WIDTH {
            out.push(' ');
            used += 1 + length;
        } else {
            if used > 0 {
                out.push('\n');
            }
            out += indent;
            used = indent.len() + length;
        }
        out += word;
    }
    out.push('\n');
    out
}

/// Every line of a text behind `indent`.
pub fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}
