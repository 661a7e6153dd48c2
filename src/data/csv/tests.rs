//! The rules of reading, one test a topic; `error` gives `line:column message | help`.

use super::*;
use crate::data::Column;

fn table(text: &str) -> Table {
    read(text.as_bytes(), "t.csv", &CsvOptions::default())
        .unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

fn with_missing(text: &str, missing: Missing) -> Result<Table, DataError> {
    let options = CsvOptions { missing, ..CsvOptions::default() };
    read(text.as_bytes(), "t.csv", &options)
}

fn describe(e: DataError) -> String {
    let place = match (e.line, e.column) {
        (Some(line), Some(column)) => format!("{line}:{column} "),
        _ => String::new(),
    };
    let help = e.help.map(|h| format!(" | {h}")).unwrap_or_default();
    format!("{place}{}{help}", e.message)
}

#[track_caller]
fn error(text: impl AsRef<[u8]>, expected_start: &str, expected_help: &str) {
    let e = read(text.as_ref(), "t.csv", &CsvOptions::default()).unwrap_err();
    assert_eq!(e.file, "t.csv");
    let found = describe(e);
    assert!(
        found.starts_with(expected_start) && found.contains(expected_help),
        "expected {expected_start} ... {expected_help}\n   found {found}"
    );
}

fn names(t: &Table) -> Vec<&str> {
    t.column_names().collect()
}

#[test]
fn plain_files_in_many_dresses() {
    for text in [
        "speed,dist\n4,2\n7,4\n",
        "\u{feff}speed;dist\r\n4;2\r\n7;4",
        "\"speed\"\t\"dist\"\r4\t\"2\"\r 7 \t4\r\r",
        "\n speed , dist \n\n4 ,2\n  \n7, 4\n\n",
    ] {
        let t = table(text);
        assert_eq!(names(&t), ["speed", "dist"], "{text:?}");
        assert_eq!(t.numbers("speed").unwrap(), [4.0, 7.0], "{text:?}");
        assert_eq!(t.numbers("dist").unwrap(), [2.0, 4.0], "{text:?}");
    }
}

#[test]
fn headers() {
    assert_eq!(names(&table("1,2\n3,4\n")), ["c1", "c2"]);
    assert_eq!(names(&table("year,2019\n1,2\n")), ["year", "2019"]);
    assert_eq!(names(&table("\"\",a b\n1,2\n")), ["c1", "a b"]);
    let read_as = |header, text: &str| {
        let options = CsvOptions { header, ..CsvOptions::default() };
        read(text.as_bytes(), "t.csv", &options).unwrap()
    };
    assert_eq!(names(&read_as(Header::Yes, "1,2\n3,4\n")), ["1", "2"]);
    let t = read_as(Header::No, "a,b\nc,d\n");
    assert_eq!((names(&t), t.n_rows()), (vec!["c1", "c2"], 2));
    error("a,b,a\n1,2,3\n", "1:5 the column name `a` is repeated", "own name");
    error("a,b\n", "the file has a header but no rows", "header = false");
}

#[test]
fn text_columns_are_categories() {
    let t = table("kind,x\nb,1\na,2\n\"b\",3\n\"NA\",4\n");
    let kind = t.categories("kind").unwrap();
    assert_eq!(kind.levels(), ["NA", "a", "b"]);
    assert_eq!(kind.codes(), [2, 1, 2, 0]);
    let t = table("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n");
    assert_eq!(t.categories("a").unwrap().levels(), ["x, y"]);
    assert_eq!(t.categories("b").unwrap().levels(), ["say \"hi\""]);
}

#[test]
fn options_sep_and_comment() {
    let options =
        CsvOptions { sep: Some('|'), comment: Some("//".to_string()), ..CsvOptions::default() };
    let t = read(b"// first\na|b\n 1 | 2 \n // x\n3|4\n", "t.csv", &options).unwrap();
    assert_eq!(t.numbers("b").unwrap(), [2.0, 4.0]);
    let bad = CsvOptions { sep: Some('"'), ..CsvOptions::default() };
    assert!(read(b"a\n1\n", "t.csv", &bad).unwrap_err().message.contains("`sep`"));
    let blank = CsvOptions { comment: Some(String::new()), ..CsvOptions::default() };
    assert!(read(b"a\n1\n", "t.csv", &blank).unwrap_err().message.contains("`comment`"));
}

#[test]
fn cells_that_do_not_fit() {
    error("a,é\n1,2\nß3,x\n", "3:1 expected a number in column `a`, found `ß3`", "NA");
    error(
        "a,b\n1,2\n3, x\n",
        "3:4 expected a number in column `b`, found `x`",
        "none of its cells",
    );
    error("a\nx\ny\n3\n", "2:1 expected a number in column `a`, found `x`", "line 4 has a number");
    error("a;b\n1;1,5\n", "2:3 expected a number", "`1.5`");
    error("a;b\n1,5;1\n2,5;1\n", "2:1 expected a number in column `a`", "`1.5`");
    error("a,b\n1,1_000\n", "2:3 expected a number", "`1000`");
    error("1_000,2\n3,4\n", "1:1 expected a number in column `c1`", "`1000`");
    error("a,b\n1,1e400\n", "2:3 the number `1e400`", "1.8e308");
}

#[test]
fn ragged_rows() {
    error("a,b\n1,2\n3\n", "3:1 expected 2 cells in this row, found 1", "NA");
    error("a,b\n1,2,3\n", "2:5 expected 2 cells in this row, found 3", "double quotes");
    error("x\n1,5\n", "2:3 expected 1 cell in this row, found 2", "decimal point");
}

#[test]
fn files_that_are_not_tables() {
    error("", "the file is empty", "");
    error("\u{feff} \n\n", "the file is empty", "");
    error(b"a\n\xff1\n", "2:1 a byte that is not UTF-8", "Latin-1");
    error("a,b\n1,\0\n", "2:3 a NUL byte", "damaged");
    error(b"\xff\xfea\0", "expected text, found UTF-16", "UTF-8");
    error(b"PK\x03\x04xx", "expected text, found a zip", "export");
    error("a,b\n1,\"2\n3,4\n", "2:3 the quote that starts here has no end", "");
    error("a,b\n1,\"2\"x\n", "2:6 expected a separator", "twice");
    let options = CsvOptions { comment: Some("#".to_string()), ..CsvOptions::default() };
    let e = read(b"# only\n", "t.csv", &options).unwrap_err();
    assert_eq!(e.message, "the file holds no data");
}

#[test]
fn missing_values_are_errors_unless_allowed() {
    error("a,b\n1,\n", "2:3 a missing value in column `b`", "\"drop\"");
    error("a,b\n1,NA\n", "2:3 a missing value in column `b`", "\"mean\"");
    error("a,b\n1,-inf\n", "2:3 expected a finite number in column `b`", "");
    error("a,b\nnan,2\n", "2:1 expected a finite number in column `a`", "");
}

#[test]
fn missing_values_dropped_or_filled() {
    let text = "a,b,k\nNA,1,x\n2,,y\n4,5,x\n inf,9,z\n";
    let t = with_missing(text, Missing::Drop).unwrap();
    assert_eq!(t.numbers("a").unwrap(), [4.0]);
    assert_eq!(t.categories("k").unwrap().levels(), ["x"]);
    let t = with_missing(text, Missing::Mean).unwrap();
    assert_eq!(t.numbers("a").unwrap(), [3.0, 2.0, 4.0, 3.0]);
    assert_eq!(t.numbers("b").unwrap(), [1.0, 5.0, 5.0, 9.0]);
    let e = with_missing("a,b\nNA,1\nnan,2\n", Missing::Drop).unwrap_err();
    assert!(describe(e).starts_with("no rows are left"));
    let e = with_missing("a,b\nNA,1\nnan,2\n", Missing::Mean).unwrap_err();
    assert!(describe(e).starts_with("2:1 every value of column `a` is missing"));
    let e = with_missing("a,b\nx,1\n,2\n", Missing::Mean).unwrap_err();
    assert!(describe(e).starts_with("3:1 a missing value in column `a`, which is text"));
    let t = with_missing("a\n1e308\n1.7e308\nNA\n", Missing::Mean).unwrap();
    assert_eq!(t.numbers("a").unwrap()[2], 1.35e308);
}

#[test]
fn what_is_written_reads_back() {
    let text = "x,\"a, b\",k\n1.25,-3,\"p\"\"q\"\n1e300,0.1,\"NA\"\n";
    let t = table(text);
    assert_eq!(write(&t), text);
    assert_eq!(table(&write(&t)), t);
    let empty = Table::new("t", vec![("x".into(), Column::Numbers(vec![f64::NAN]))]).unwrap();
    assert_eq!(write(&empty), "x\nnan\n");
}

/// Run with `cargo test --release -- --ignored --nocapture` to see the speed.
#[test]
#[ignore = "a measurement"]
fn speed_of_a_million_rows() {
    let mut text = String::from("a,b,c\n");
    for i in 0..1_000_000 {
        let x = f64::from(i) * 0.123_456_789 + 1e-3;
        text.push_str(&format!("{x},{},{}\n", x.sin(), i));
    }
    let start = std::time::Instant::now();
    let t = table(&text);
    eprintln!("{} rows, {} bytes: {:?}", t.n_rows(), text.len(), start.elapsed());
}
