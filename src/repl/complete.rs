//! What the Tab key offers.
//!
//! In come a line, the cursor and the names of the session; out go the place where the word begins and
//! what it could become. Names of functions, methods, options, words and commands come from their tables.
//!
//! ```text
//! :he|              commands            csv("da|          files
//! :help new|        topics              fit.va|           fields of a result, columns of a table
//! .. using new|     methods             .. using lbfgs(me|  options of the method
//! ```

use super::commands::COMMANDS;
use crate::diag::shown_text;
use crate::front::help;
use crate::optim::registry;
use crate::syntax::statements;
use rustyline::completion::Pair;
use std::path::Path;

/// A name of the session.
#[derive(Clone, Debug)]
pub struct Known {
    /// The name.
    pub name: String,
    /// Whether it is called with parentheses.
    pub is_function: bool,
    /// What may follow a point after it.
    pub fields: Vec<String>,
}

/// Words before which a string names a file.
const FILE_WORDS: &[&str] = &["csv(", "npy(", "idx(", "use", "to"];

/// The place where the word at the cursor begins, and what it could become, in alphabetical order.
pub fn complete(line: &str, pos: usize, known: &[Known]) -> (usize, Vec<Pair>) {
    let Some(line) = line.get(..pos) else { return (pos, Vec::new()) };
    if let Some(command) = line.trim_start().strip_prefix(':') {
        return after_colon(line, command);
    }
    if let Some(start) = open_string(line) {
        let before = line[..start - 1].trim_end();
        let names_file = FILE_WORDS.iter().any(|word| before.ends_with(word));
        return if names_file { files(&line[start..], start) } else { (pos, Vec::new()) };
    }
    let word = last_word(line);
    let start = line.len() - word.len();
    (start, sorted(candidates(&line[..start], known), word))
}

/// The identifier at the end of a text, perhaps empty.
pub fn last_word(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let start = text.char_indices().rev().take_while(|(_, c)| is_part(*c)).last();
    start.map_or("", |(at, _)| &text[at..])
}

fn after_colon(line: &str, command: &str) -> (usize, Vec<Pair>) {
    let start = |word: &str| line.len() - word.len();
    match command.split_once(' ') {
        None => {
            let names = COMMANDS.iter().map(|row| plain(row.names[0]));
            (start(command), sorted(names, command))
        }
        Some(("help" | "h", topic)) => {
            let topic = topic.trim_start();
            (start(topic), sorted(help::topics().map(plain), topic))
        }
        Some(("load", file)) => {
            let file = file.trim_start();
            files(file, start(file))
        }
        Some(("time", state)) => {
            (start(state), sorted(["on", "off"].map(plain).into_iter(), state))
        }
        Some(_) => (line.len(), Vec::new()),
    }
}

/// What may stand after a text that ends where a word begins.
fn candidates(before: &str, known: &[Known]) -> impl Iterator<Item = Pair> {
    let mut found = Vec::new();
    if let Some(owner) = before.strip_suffix('.') {
        let owner = known.iter().find(|k| k.name == last_word(owner));
        found.extend(
            owner.into_iter().flat_map(|owner| owner.fields.iter().map(|field| plain(field))),
        );
    } else if let Some(method) = open_method(before) {
        let options = registry::find(method).map(|method| method.options()).unwrap_or_default();
        found.extend(options.iter().map(|option| pair(option.name, format!("{} = ", option.name))));
    } else if stands_for_method(before) {
        found.extend(registry::names().map(plain));
    } else {
        found.extend(
            known.iter().map(|k| if k.is_function { call(&k.name) } else { plain(&k.name) }),
        );
        found.extend(help::functions().map(call));
        found.extend(statements::words().map(|(word, _)| plain(word)));
    }
    found.into_iter()
}

/// What follows the last `using` of a statement.
fn after_using(before: &str) -> Option<&str> {
    let statement = before.rsplit([';', '\n']).next().unwrap_or(before);
    let (ahead, rest) = statement.rsplit_once("using ")?;
    (!ahead.ends_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(rest)
}

/// Whether a method comes next: after `using`, or after a comma behind it.
fn stands_for_method(before: &str) -> bool {
    after_using(before).is_some_and(|rest| rest.trim().is_empty() || rest.trim_end().ends_with(','))
}

/// The method whose options are being typed: `using lbfgs(`, `using lbfgs(memory = 3, `.
fn open_method(before: &str) -> Option<&str> {
    let rest = after_using(before)?;
    let open = rest.rfind('(').filter(|open| !rest[*open..].contains(')'))?;
    let is_at_name = rest[open + 1..].trim().is_empty() || rest.trim_end().ends_with(',');
    is_at_name.then(|| last_word(&rest[..open]))
}

/// Where the text of a string begins that is still open.
fn open_string(line: &str) -> Option<usize> {
    let mut start = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' if !is_escaped => start = if start.is_some() { None } else { Some(at + 1) },
            '#' | '\n' if start.is_none() => return None,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    start
}

/// Files and folders that a path could mean.
fn files(typed: &str, start: usize) -> (usize, Vec<Pair>) {
    let (folder, name) =
        typed.rsplit_once('/').map_or(("", typed), |(folder, name)| (folder, name));
    let place = match (folder, typed.starts_with('/')) {
        ("", true) => Path::new("/"),
        ("", false) => Path::new("."),
        _ => Path::new(folder),
    };
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let mut name = entry.file_name().into_string().ok()?;
        if entry.path().is_dir() {
            name.push('/');
        }
        Some(plain(&name))
    });
    // Hidden files are offered to those who ask for them.
    let shown = names.filter(|pair| !pair.display.starts_with('.') || name.starts_with('.'));
    (start + typed.len() - name.len(), sorted(shown, name))
}

fn sorted(pairs: impl Iterator<Item = Pair>, word: &str) -> Vec<Pair> {
    // Columns and files may have names that would move the terminal; they are not offered.
    let is_plain = |pair: &Pair| shown_text(&pair.display) == pair.display;
    let mut found: Vec<Pair> =
        pairs.filter(|pair| pair.display.starts_with(word) && is_plain(pair)).collect();
    found.sort_by(|a, b| a.display.cmp(&b.display));
    found.dedup_by(|a, b| a.display == b.display);
    found
}

fn plain(name: &str) -> Pair {
    pair(name, name.to_string())
}

fn call(name: &str) -> Pair {
    pair(name, format!("{name}("))
}

fn pair(display: &str, replacement: String) -> Pair {
    Pair { display: display.to_string(), replacement }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Tab offers at the end of a line.
    fn offered(line: &str) -> String {
        let fields = vec!["value".to_string(), "status".to_string()];
        let known = [
            Known { name: "fit".to_string(), is_function: false, fields },
            Known { name: "logit".to_string(), is_function: true, fields: vec![] },
        ];
        let (start, pairs) = complete(line, line.len(), &known);
        let all: Vec<String> = pairs.into_iter().map(|p| p.replacement).collect();
        format!("{}|{}", &line[start..], all.join(" "))
    }

    #[test]
    fn the_place_decides_what_is_offered() {
        assert_eq!(offered(":ti"), "ti|time");
        assert_eq!(offered(":help lbfgs"), "lbfgs|lbfgs lbfgsb");
        assert_eq!(offered(":time o"), "o|off on");
        assert_eq!(offered("fit.v"), "v|value");
        assert_eq!(offered("fit."), "|status value");
        assert_eq!(offered("logit"), "logit|logit(");
        assert_eq!(offered("minimize f using newt"), "newt|newton newton_cg");
        assert_eq!(offered("compare f using lm, newt"), "newt|newton newton_cg");
        assert_eq!(offered("minimize f using lbfgs(mem"), "mem|memory = ");
        assert_eq!(offered("minimize f using lbfgs(memory = 3, gt"), "gt|gtol = ");
        assert_eq!(offered("minim"), "minim|minimize minimizing");
        assert_eq!(offered("print \"minim"), "|");
    }

    #[test]
    fn files_are_offered_inside_the_strings_of_files() {
        assert_eq!(offered("let t = csv(\"Cargo.to"), "Cargo.to|Cargo.toml");
        assert_eq!(offered(":load src/cl"), "cl|cli/");
    }
}
