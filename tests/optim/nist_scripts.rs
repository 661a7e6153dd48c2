//! The nonlinear regression sets of NIST (`data/nist/`) as Gradus scripts: formula, data and start
//! of each set are written as a user would write them, without `using`, and what comes out is
//! compared with the certified digits.
//!
//! To add a set, put its `.json` and `.csv` into `data/nist/`.
//!
//! Source: National Institute of Standards and Technology, Statistical Reference Datasets.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::script::{run_in, session};

/// Digits that every parameter and every standard error must have.
const PARAMETER_DIGITS: f64 = 8.0;
const ERROR_DIGITS: f64 = 6.0;

/// A set as its file describes it.
struct Set {
    name: String,
    formula: String,
    response: String,
    predictors: Vec<String>,
    starts: [Vec<String>; 2],
    parameters: Vec<f64>,
    deviations: Vec<f64>,
}

/// The text between the first `open` after `"key":` and the next `close`.
fn field<'t>(json: &'t str, key: &str, open: char, close: char) -> &'t str {
    let found = json.split_once(&format!("\"{key}\":")).and_then(|(_, rest)| rest.split_once(open));
    found.and_then(|(_, rest)| rest.split_once(close)).map_or("", |(text, _)| text)
}

fn text(json: &str, key: &str) -> String {
    field(json, key, '"', '"').to_string()
}

/// The entries of a list, without quotes.
fn list(json: &str, key: &str) -> Vec<String> {
    let entries = field(json, key, '[', ']').split(',');
    entries.map(|e| e.trim().trim_matches('"').to_string()).collect()
}

fn numbers(json: &str, key: &str) -> Vec<f64> {
    let number = |e: String| e.parse().unwrap_or_else(|_| panic!("{key} holds `{e}`"));
    list(json, key).into_iter().map(number).collect()
}

fn read(file: &Path) -> Set {
    let json = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let set = Set {
        name: text(&json, "name"),
        formula: text(&json, "formula").replace("**", "^"),
        response: text(&json, "response"),
        predictors: list(&json, "predictors"),
        starts: [list(&json, "start1"), list(&json, "start2")],
        parameters: numbers(&json, "certified_parameters_text"),
        deviations: numbers(&json, "certified_standard_deviations"),
    };
    assert!(!set.formula.is_empty(), "{} has no formula", file.display());
    set
}

fn sets() -> Vec<Set> {
    let entries = fs::read_dir("tests/data/nist").expect("the data sets are in the repository");
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(files.len() >= 9, "only {} sets", files.len());
    files.iter().map(|f| read(f)).collect()
}

impl Set {
    /// The script that fits the set from one of its starts.
    fn script(&self, start: &[String]) -> String {
        let mut lines = vec![format!("let t = csv(\"{}.csv\")", self.name)];
        for column in self.predictors.iter().map(String::as_str).chain(["y"]) {
            lines.push(format!("let {column} = t.{column}"));
        }
        let unknowns: Vec<String> =
            start.iter().enumerate().map(|(k, b)| format!("b{} = {b}", k + 1)).collect();
        lines.push(format!("var {}", unknowns.join(", ")));
        let (mut model, mut response) = (self.formula.clone(), self.response.clone());
        for column in self.predictors.iter().map(String::as_str).chain(["y"]) {
            model = indexed(&model, column);
            response = indexed(&response, column);
        }
        let term = format!("({response} - ({model}))^2");
        lines.push(format!("minimize sum({term} for i in 1..rows(t))"));
        lines.join("\n")
    }

    /// What is wrong with the fit from this start.
    fn verify(&self, which: usize) -> Option<String> {
        let script = self.script(&self.starts[which]);
        let run = run_in(&mut session(Path::new("tests/data/nist"), true), &self.name, &script);
        let label = format!("{} from start {}", self.name, which + 1);
        let ran = run.passed(&label);
        let fits = ran.fits();
        let errors = fits[0].statistics.as_ref().map(|s| s.standard_errors.clone());
        let (parameters, deviations) = (
            digits(&fits[0].x, &self.parameters),
            digits(&errors.unwrap_or_default(), &self.deviations),
        );
        if parameters >= PARAMETER_DIGITS && deviations >= ERROR_DIGITS {
            return None;
        }
        let end = format!("{}, {}", fits[0].status.name(), fits[0].message);
        Some(format!("{label}: {parameters:.1} digits, standard errors {deviations:.1} ({end})"))
    }
}

/// `x` as a word becomes `x[i]`.
fn indexed(formula: &str, name: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in formula.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out += &word;
        if word == name {
            out += "[i]";
        }
        word.clear();
        out.push(c);
    }
    out.trim_end().to_string()
}

/// Correct digits in the worst entry, none where an entry is missing.
fn digits(found: &[f64], certified: &[f64]) -> f64 {
    if found.len() != certified.len() {
        return 0.0;
    }
    let digits = |(a, b): (&f64, &f64)| {
        let error = ((a - b) / b).abs();
        if error.is_finite() { -error.log10() } else { 0.0 }
    };
    found.iter().zip(certified).map(digits).fold(11.0, f64::min)
}

#[test]
fn certified_values_are_found_from_the_far_start() {
    let wrong: Vec<String> = sets().iter().filter_map(|set| set.verify(0)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn certified_values_are_found_from_the_near_start() {
    let wrong: Vec<String> = sets().iter().filter_map(|set| set.verify(1)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
