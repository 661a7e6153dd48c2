//! The words of the command line.
//!
//! In come the arguments, out comes an [`Invocation`]: what to do and how, or a [`WrongUsage`] with a
//! hint. Flags may stand anywhere, before or after the command. Nothing is read or run here.
//!
//! `lexopt` splits the words; the tables of `usage` say what there is, and the usage
//! text and the near names of a misspelled flag come from them.

use super::usage::{COMMANDS, FLAGS};
use crate::diag::nearest;
use crate::front::{Look, Script};
use crate::memory;
use crate::model::Stage;
use crate::session::Settings;
use crate::syntax::{is_reserved_word, lex};
use lexopt::Arg;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// How to show what comes of it.
    pub look: Look,
    /// What the session is told.
    pub settings: Settings,
    /// How long the process may run.
    pub time: Option<Duration>,
    /// The most bytes that the process may use, where that was said.
    pub memory: Option<usize>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Read statements from the terminal or from a pipe.
    Repl,
    /// Run a script.
    Run(Script),
    /// Look at a script without running it.
    Check(Script),
    /// Time a definition of a script and its derivatives.
    Bench(Script, String),
    /// Show a page of help, or the overview.
    Help(Option<String>),
    /// Show the commands and flags.
    Usage,
    /// Show the version.
    Version,
    /// Something of the language's reference that this version does not have.
    Planned(&'static str),
}

/// Why the words make no sense, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongUsage {
    /// What was found.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// How long a script may run in a sandbox, and how much it may write, where nothing else is said.
const SANDBOX_TIME: Duration = Duration::from_secs(60);
const SANDBOX_OUTPUT: u64 = 10 << 20;
const SANDBOX_MEMORY: usize = 2 << 30;

/// Understands the arguments, without the name of the program.
///
/// # Errors
///
/// Says what is wrong with the first argument that makes no sense.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, WrongUsage> {
    let mut words = Words::default();
    let mut parser = lexopt::Parser::from_args(args);
    loop {
        let arg = match parser.next() {
            Ok(Some(arg)) => arg,
            Ok(None) => break,
            Err(error) => return Err(wrong(error.to_string(), SEE_HELP)),
        };
        match arg {
            Arg::Value(word) => words.plain.push(word),
            Arg::Short('h') | Arg::Long("help") => words.asked = Some(Command::Usage),
            Arg::Short('V') | Arg::Long("version") => words.asked = Some(Command::Version),
            Arg::Short(letter) if letter != 'e' => return Err(unknown_flag(&format!("-{letter}"))),
            Arg::Short(_) => {
                let code = value(&mut parser, "-e", "gradus -e 'minimize (x - 3)^2'")?;
                words.code.push(code);
            }
            Arg::Long(name) => {
                let name = name.to_owned();
                words.flag(&name, &mut parser)?;
            }
        }
    }
    words.finish()
}

/// What has been understood so far.
#[derive(Default)]
struct Words {
    plain: Vec<OsString>,
    code: Vec<String>,
    look: Look,
    settings: Settings,
    time: Option<Duration>,
    memory: Option<usize>,
    asked: Option<Command>,
    /// A flag that says how a script is run.
    about_running: Option<&'static str>,
}

impl Words {
    fn flag(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), WrongUsage> {
        let flag = FLAGS.iter().find(|f| f.name.strip_prefix("--") == Some(name));
        let Some(flag) = flag else { return Err(unknown_flag(&format!("--{name}"))) };
        self.about_running = Some(flag.name);
        match name {
            "json" => self.look.json = true,
            "quiet" => self.look.quiet = true,
            "strict" => self.look.strict = true,
            "no-jit" => self.settings.jit = false,
            "seed" => self.settings.seed = number(parser, flag.name, 0)?,
            "threads" => {
                let threads = number(parser, flag.name, 1)?;
                self.settings.threads = usize::try_from(threads).unwrap_or(usize::MAX);
            }
            "force" => self.settings.access.force = true,
            "sandbox" => self.sandbox(),
            "allow-read" => self.settings.access.read.push(folder(parser, flag.name)?),
            "allow-write" => self.settings.access.write.push(folder(parser, flag.name)?),
            "time" => self.time = Some(seconds(parser, flag.name)?),
            "output" => self.look.output = Some(size(parser, flag.name)? as u64),
            "memory" => self.memory = Some(size(parser, flag.name)?),
            "show" => self.settings.show = Some(stage(&value(parser, flag.name, "--show grad")?)?),
            _ => {
                let set = value(parser, flag.name, "--set n=100")?;
                self.settings.set.push(definition(&set)?);
            }
        }
        Ok(())
    }

    /// Rights of a script for everybody, and limits.
    fn sandbox(&mut self) {
        self.look.sandbox = true;
        self.settings.access.sandbox = true;
    }

    fn finish(self) -> Result<Invocation, WrongUsage> {
        let Words { plain, code, mut look, settings, mut time, mut memory, asked, about_running } =
            self;
        if look.sandbox {
            look.output = look.output.or(Some(SANDBOX_OUTPUT));
            memory = memory.or(Some(SANDBOX_MEMORY));
            time = time.or(Some(SANDBOX_TIME));
        }
        let command = match asked {
            Some(command) => command,
            None => command(&plain, code)?,
        };
        if let (Command::Help(_), Some(flag)) = (&command, about_running) {
            return Err(wrong(
                format!("`gradus help` takes no `{flag}`"),
                "write `gradus help TOPIC`",
            ));
        }
        Ok(Invocation { command, look, settings, time, memory })
    }
}

/// The command that the plain words ask for.
fn command(words: &[OsString], code: Vec<String>) -> Result<Command, WrongUsage> {
    if !code.is_empty() {
        return match words.first() {
            None => Ok(Command::Run(Script::Code(code))),
            Some(word) => Err(wrong(
                format!("expected either -e or a script, found both: `{}`", word.display()),
                "put the whole text after -e, in quotes",
            )),
        };
    }
    let Some((first, rest)) = words.split_first() else { return Ok(Command::Repl) };
    match first.to_str() {
        Some("run") => Ok(Command::Run(script(rest, "run")?)),
        Some("check") => Ok(Command::Check(script(rest, "check")?)),
        Some("help") => {
            let topic: Vec<_> = rest.iter().map(|word| word.to_string_lossy()).collect();
            Ok(Command::Help((!topic.is_empty()).then(|| topic.join(" "))))
        }
        Some("fmt") => Ok(Command::Planned("gradus fmt")),
        Some("bench") => bench(rest),
        _ if first == "-" || is_script_name(first) => Ok(Command::Run(script(words, "run")?)),
        _ => Err(unknown_command(first)),
    }
}

fn is_script_name(word: &OsStr) -> bool {
    word.as_encoded_bytes().ends_with(b".opt")
}

/// The one script that a command takes.
fn script(words: &[OsString], command: &str) -> Result<Script, WrongUsage> {
    match words {
        [] => Err(wrong(
            format!("expected a script after `gradus {command}`, found nothing"),
            &format!(
                "write `gradus {command} FILE.opt`, or `gradus {command} -` for standard input"
            ),
        )),
        [one] if one == "-" => Ok(Script::Stdin),
        [one] => Ok(Script::File(PathBuf::from(one))),
        [_, second, ..] => Err(wrong(
            format!("expected one script, found another word: `{}`", second.display()),
            "run scripts one at a time; values for a script go by `--set NAME=VALUE`",
        )),
    }
}

/// The script and the name of a definition in it.
fn bench(words: &[OsString]) -> Result<Command, WrongUsage> {
    let example = "for example `gradus bench examples/line.opt J`";
    match words {
        [file, name] => {
            let name = name.to_string_lossy();
            if !is_name(&name) {
                let message = format!("expected the name of a definition, found `{name}`");
                return Err(wrong(message, example));
            }
            Ok(Command::Bench(script(std::slice::from_ref(file), "bench")?, name.into_owned()))
        }
        [] => Err(wrong("expected a script after `gradus bench`, found nothing", example)),
        [_] => Err(wrong("expected a name after the script, found nothing", example)),
        [_, _, third, ..] => Err(wrong(
            format!("expected a script and one name, found another word: `{}`", third.display()),
            example,
        )),
    }
}

fn unknown_command(word: &OsStr) -> WrongUsage {
    let shown = word.to_string_lossy();
    let message = format!("unknown command `{shown}`");
    if std::path::Path::new(word).exists() {
        return wrong(message, &format!("to run this file, write `gradus run {shown}`"));
    }
    match nearest(&shown, COMMANDS.iter().map(|c| c.word).filter(|w| !w.is_empty())) {
        Some(near) => wrong(message, &format!("did you mean `gradus {near}`?")),
        None => wrong(message, SEE_HELP),
    }
}

fn unknown_flag(name: &str) -> WrongUsage {
    let message = format!("unknown flag `{name}`");
    match nearest(name, FLAGS.iter().map(|f| f.name)) {
        Some(near) => wrong(message, &format!("did you mean `{near}`?")),
        None => wrong(message, SEE_HELP),
    }
}

const SEE_HELP: &str = "`gradus --help` lists commands and flags";

fn wrong(message: impl Into<String>, hint: &str) -> WrongUsage {
    WrongUsage { message: message.into(), hint: hint.to_string() }
}

/// The text after a flag that takes one.
fn value(parser: &mut lexopt::Parser, flag: &str, example: &str) -> Result<String, WrongUsage> {
    let hint = format!("for example `{example}`");
    let missing = |_| wrong(format!("expected a value after `{flag}`, found nothing"), &hint);
    let value = parser.value().map_err(missing)?;
    value.into_string().map_err(|_| wrong(format!("expected UTF-8 text after `{flag}`"), &hint))
}

fn number(parser: &mut lexopt::Parser, flag: &str, least: u64) -> Result<u64, WrongUsage> {
    let text = value(parser, flag, &format!("{flag} 4"))?;
    match text.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(wrong(
            format!("expected a whole number from {least} after `{flag}`, found `{text}`"),
            &format!("for example `{flag} 4`"),
        )),
    }
}

/// An existing folder.
fn folder(parser: &mut lexopt::Parser, flag: &str) -> Result<PathBuf, WrongUsage> {
    let hint = format!("for example `{flag} data`; `{flag} /` for all folders");
    let word = parser
        .value()
        .map_err(|_| wrong(format!("expected a folder after `{flag}`, found nothing"), &hint))?;
    let folder = PathBuf::from(word);
    if folder.is_dir() {
        return Ok(folder);
    }
    let what = if folder.exists() { "a file" } else { "no such folder" };
    Err(wrong(
        format!("expected a folder after `{flag}`, found {what}: `{}`", folder.display()),
        &hint,
    ))
}

fn seconds(parser: &mut lexopt::Parser, flag: &str) -> Result<Duration, WrongUsage> {
    let text = value(parser, flag, &format!("{flag} 10"))?;
    let found = text.parse().ok().filter(|s| *s > 0.0 && f64::is_finite(*s));
    found.and_then(|s| Duration::try_from_secs_f64(s).ok()).ok_or_else(|| {
        wrong(
            format!("expected seconds after `{flag}`, found `{text}`"),
            &format!("for example `{flag} 10`, or `{flag} 0.5`"),
        )
    })
}

/// A number of bytes, as `2G`.
fn size(parser: &mut lexopt::Parser, flag: &str) -> Result<usize, WrongUsage> {
    let text = value(parser, flag, &format!("{flag} 10M"))?;
    memory::parse(&text).ok_or_else(|| {
        wrong(
            format!("expected a size after `{flag}`, found `{text}`"),
            &format!("for example `{flag} 500K`, `{flag} 10M` or `{flag} 2G`"),
        )
    })
}

fn stage(name: &str) -> Result<Stage, WrongUsage> {
    let names = || Stage::ALL.iter().map(|(name, _)| *name);
    Stage::find(name).ok_or_else(|| {
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean `--show {near}`?"),
            None => format!("the stages are {}", names().collect::<Vec<_>>().join(", ")),
        };
        wrong(format!("unknown stage `{name}`"), &hint)
    })
}

fn is_name(word: &str) -> bool {
    let tokens = lex(word);
    tokens.len() == 1 && tokens[0].token == crate::syntax::Token::Name && !is_reserved_word(word)
}

/// `n=100` as a name and a text.
fn definition(text: &str) -> Result<(String, String), WrongUsage> {
    match text.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
        Some((name, value)) if is_name(name) && !value.is_empty() => {
            Ok((name.to_string(), value.to_string()))
        }
        _ => Err(wrong(
            format!("expected a name, `=` and a value after `--set`, found `{text}`"),
            "for example `--set n=100`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, WrongUsage> {
        parse(line.split('|').filter(|word| !word.is_empty()).map(OsString::from))
    }

    fn command_of(line: &str) -> Command {
        parsed(line).unwrap_or_else(|wrong| panic!("{line}: {wrong:?}")).command
    }

    fn file(name: &str) -> Script {
        Script::File(PathBuf::from(name))
    }

    #[test]
    fn commands() {
        assert_eq!(command_of(""), Command::Repl);
        assert_eq!(command_of("a.opt"), Command::Run(file("a.opt")));
        assert_eq!(command_of("run|odd name"), Command::Run(file("odd name")));
        assert_eq!(command_of("-"), Command::Run(Script::Stdin));
        assert_eq!(command_of("run|--|-x.opt"), Command::Run(file("-x.opt")));
        assert_eq!(command_of("check|a.opt"), Command::Check(file("a.opt")));
        assert_eq!(command_of("help|subject|to"), Command::Help(Some("subject to".into())));
        let code = vec!["-1".to_string(), "2".to_string()];
        assert_eq!(command_of("-e|-1|-e|2"), Command::Run(Script::Code(code)));
        assert_eq!(command_of("run|--help"), Command::Usage);
    }

    #[test]
    fn flags_stand_anywhere() {
        for line in
            ["--json|--seed|7|run|a.opt", "run|--seed=7|a.opt|--json", "a.opt|--json|--seed|7"]
        {
            let found = parsed(line).expect(line);
            assert_eq!((found.look.json, found.settings.seed), (true, 7), "{line}");
        }
        let set = parsed("--set|n=100|-e|n|--set|a = -b == 2").expect("two settings").settings.set;
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(set, [pair("n", "100"), pair("a", "-b == 2")]);
    }

    #[test]
    fn memory_is_a_size() {
        let bytes = |line: &str| parsed(line).expect(line).memory;
        assert_eq!(bytes("a.opt"), None);
        assert_eq!(bytes("a.opt|--memory|2G"), Some(2 << 30));
        assert_eq!(bytes("--memory=300MiB|a.opt"), Some(300 << 20));
    }

    #[test]
    fn wrong_usage_says_what_to_write() {
        let hint = |line: &str| parsed(line).expect_err(line).hint;
        assert_eq!(hint("--jsn"), "did you mean `--json`?");
        assert_eq!(hint("chek|a.opt"), "did you mean `gradus check`?");
        assert_eq!(
            hint("--show|gradient"),
            "the stages are tokens, ast, graph, simplified, grad, hess, kernel, clif, asm"
        );
        assert_eq!(hint("--set|let=1|-e|1"), "for example `--set n=100`");
        for line in [
            "run",
            "run|a|b",
            "a.opt|-e|1",
            "--seed|-1",
            "--threads|0",
            "-e",
            "-x",
            "--json=1",
            "--memory|2X",
        ] {
            assert!(!hint(line).is_empty(), "{line}");
        }
    }
}
