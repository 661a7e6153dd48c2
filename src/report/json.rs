//! JSON on one line: values, and objects that keep the order of their keys.
//!
//! In comes plain data, out goes one line without a line end inside. Numbers read back
//! exactly; NaN and the infinities, which JSON does not have, are the strings `"nan"`,
//! `"inf"`, `"-inf"`. Characters that break lines somewhere (controls, U+2028, U+2029)
//! are escaped.
//!
//! Source: RFC 8259. Example: `JsonObject::new().with("kind", "value").to_line()` is
//! `{"kind":"value"}`.

use super::number::{exact, not_finite};
use crate::memory;
use crate::patience;

/// Bytes that a number and what surrounds it take at most.
const LONGEST_NUMBER: usize = 32;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A double.
    Number(f64),
    /// A count, which may be beyond what a double holds.
    Count(u64),
    /// A string.
    Text(String),
    /// A column of numbers.
    Column(Vec<f64>),
    /// A matrix as an array of rows; `values` is row-major and as long as `rows * cols`.
    Matrix {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        cols: usize,
        /// Entries, row by row.
        values: Vec<f64>,
    },
    /// An array of anything.
    Array(Vec<JsonValue>),
    /// An object.
    Object(JsonObject),
}

impl JsonValue {
    fn write(&self, out: &mut String) {
        match self {
            JsonValue::Null => out.push_str("null"),
            JsonValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            JsonValue::Number(value) => write_number(out, *value),
            JsonValue::Count(value) => out.push_str(&value.to_string()),
            JsonValue::Text(text) => write_string(out, text),
            JsonValue::Column(values) => write_numbers(out, values),
            JsonValue::Matrix { rows, cols, values } => write_list(out, 0..*rows, |out, i| {
                write_numbers(out, values.get(i * cols..(i + 1) * cols).unwrap_or_default());
            }),
            JsonValue::Array(values) => write_list(out, values, |out, value| value.write(out)),
            JsonValue::Object(object) => object.write(out),
        }
    }
}

impl From<bool> for JsonValue {
    fn from(value: bool) -> Self {
        JsonValue::Bool(value)
    }
}

impl From<f64> for JsonValue {
    fn from(value: f64) -> Self {
        JsonValue::Number(value)
    }
}

impl From<usize> for JsonValue {
    fn from(value: usize) -> Self {
        JsonValue::Count(value as u64)
    }
}

impl From<&str> for JsonValue {
    fn from(text: &str) -> Self {
        JsonValue::Text(text.to_string())
    }
}

impl From<String> for JsonValue {
    fn from(text: String) -> Self {
        JsonValue::Text(text)
    }
}

impl From<Vec<f64>> for JsonValue {
    fn from(values: Vec<f64>) -> Self {
        JsonValue::Column(values)
    }
}

impl From<Vec<String>> for JsonValue {
    fn from(texts: Vec<String>) -> Self {
        JsonValue::Array(texts.into_iter().map(JsonValue::Text).collect())
    }
}

impl From<JsonObject> for JsonValue {
    fn from(object: JsonObject) -> Self {
        JsonValue::Object(object)
    }
}

impl<T: Into<JsonValue>> From<Option<T>> for JsonValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(JsonValue::Null, Into::into)
    }
}

/// An object under construction; keys keep their order and are not checked for repeats.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JsonObject {
    fields: Vec<(String, JsonValue)>,
}

impl JsonObject {
    /// An object without fields.
    pub fn new() -> Self {
        JsonObject::default()
    }

    /// The same object with one more field.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<JsonValue>) -> Self {
        self.push(key, value);
        self
    }

    /// Adds a field at the end.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<JsonValue>) {
        self.fields.push((key.into(), value.into()));
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The object as text, without a line end.
    pub fn to_line(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (k, (key, value)) in self.fields.iter().enumerate() {
            if k > 0 {
                out.push(',');
            }
            write_string(out, key);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }
}

fn write_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push('[');
    for (k, item) in items.into_iter().enumerate() {
        patience::look();
        if k > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn write_numbers(out: &mut String, values: &[f64]) {
    write_list(out, values, |out, &x| {
        memory::grow_text(out, LONGEST_NUMBER, "the JSON of an array");
        write_number(out, x);
    });
}

fn write_number(out: &mut String, x: f64) {
    match not_finite(x) {
        Some(word) => write_string(out, word),
        None => out.push_str(&exact(x)),
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // All controls, DEL and U+0080 to U+009F included, are below U+FFFF.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: impl Into<JsonValue>) -> String {
        JsonObject::new().with("v", value).to_line()
    }

    #[test]
    fn values() {
        assert_eq!(line(1.25e-3), r#"{"v":0.00125}"#);
        assert_eq!(line(3.0), r#"{"v":3}"#);
        assert_eq!(line(f64::NAN), r#"{"v":"nan"}"#);
        assert_eq!(line(f64::NEG_INFINITY), r#"{"v":"-inf"}"#);
        assert_eq!(line(JsonValue::Count(u64::MAX)), r#"{"v":18446744073709551615}"#);
        assert_eq!(line(true), r#"{"v":true}"#);
        assert_eq!(line(None::<f64>), r#"{"v":null}"#);
        assert_eq!(line(vec![1.0, f64::INFINITY]), r#"{"v":[1,"inf"]}"#);
        let matrix = |rows, cols, values| line(JsonValue::Matrix { rows, cols, values });
        assert_eq!(matrix(2, 2, vec![1., 2., 3., 4.]), r#"{"v":[[1,2],[3,4]]}"#);
        assert_eq!(matrix(2, 0, vec![]), r#"{"v":[[],[]]}"#);
        let list = JsonValue::Array(vec![1usize.into(), "a".into()]);
        assert_eq!(line(list), r#"{"v":[1,"a"]}"#);
        assert_eq!(line(vec!["a".to_string()]), r#"{"v":["a"]}"#);
    }

    #[test]
    fn keys_keep_their_order() {
        let inner = JsonObject::new().with("z", 1.0).with("a", 2.0);
        let object = JsonObject::new().with("kind", "result").with("solution", inner);
        assert_eq!(object.to_line(), r#"{"kind":"result","solution":{"z":1,"a":2}}"#);
        assert_eq!(JsonObject::new().to_line(), "{}");
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(
            line("a\"\\\n\t\r\u{1}\u{7f}\u{2028}θ😀"),
            "{\"v\":\"a\\\"\\\\\\n\\t\\r\\u0001\\u007f\\u2028θ😀\"}"
        );
    }
}
