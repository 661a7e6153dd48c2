//! The command line: the words after `gradus`, and what they ask for.
//!
//! In come the words, out goes an [`Exit`]. [`args`] makes an invocation of them, or says what is wrong with them; the
//! work itself is done by a [`Session`], and `front` shows what it gives back. Starting costs microseconds: nothing is
//! read, built or allocated that the command does not need.

pub mod args;
mod usage;

use crate::diag::codes;
use crate::front::interrupt::{self, Unanswered};
use crate::front::{Exit, Front, Look, Script, deadline, help, load, progress, state};
use crate::memory::{self, OutOfMemory};
use crate::repl;
use crate::session::{Origin, Outcome, Output, Session, Settings, out_of_memory};
use crate::source::SourceMap;
use crate::special::vector::Simd;
use args::{Command, Invocation};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Does what the arguments (without the program's name) ask for, and says how it ended.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    quiet_panics();
    let Invocation { command, look, mut settings, time, memory } = match args::parse(args) {
        Ok(invocation) => invocation,
        Err(wrong) => {
            let mut front = Front::new(Look::default());
            front.streams.err(&format!("gradus: {}\n  hint: {}\n", wrong.message, wrong.hint));
            return Exit::WrongUsage;
        }
    };
    interrupt::install();
    if look.sandbox {
        Simd::ignore_environment();
    } else {
        settings.access.record = state::file("written");
    }
    if let (Some(time), Command::Run(_) | Command::Check(_) | Command::Bench(..)) = (time, &command)
    {
        deadline::start(time);
    }
    if let Some(bytes) = memory {
        memory::limit_to(bytes);
    }
    if look.json {
        memory::report_as_json();
    }
    let is_small = matches!(command, Command::Usage | Command::Version | Command::Planned(_));
    let work = || perform(command, Front::new(look), settings, time);
    if is_small { work() } else { memory::on_own_stack(work) }
}

/// Does what was asked for. Where there is not enough memory even outside of a session, says so.
fn perform(command: Command, front: Front, settings: Settings, time: Option<Duration>) -> Exit {
    let look = front.look();
    let work = std::panic::AssertUnwindSafe(|| command_of(command, front, settings, time));
    std::panic::catch_unwind(work).unwrap_or_else(|payload| {
        let Some(error) = OutOfMemory::caught(payload.as_ref()) else {
            std::panic::resume_unwind(payload)
        };
        memory::recover();
        Front::new(look).show(&SourceMap::new(), &Output::Finding(out_of_memory(error)));
        Exit::Failed
    })
}

fn command_of(
    command: Command,
    mut front: Front,
    settings: Settings,
    time: Option<Duration>,
) -> Exit {
    match command {
        Command::Repl => repl::run(front, settings, time),
        Command::Run(script) => run(&mut front, &script, settings),
        Command::Check(script) => check(&mut front, &script, settings),
        Command::Bench(script, name) => bench(&mut front, &script, &name, settings),
        Command::Help(topic) => show_help(&mut front, topic.as_deref()),
        Command::Usage => show(&mut front, &usage::text()),
        Command::Version => show(&mut front, &format!("gradus {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Planned(what) => {
            front.streams.err(&format!(
                "gradus: `{what}` is not built yet\n  hint: `gradus --help` lists what is\n"
            ));
            Exit::WrongUsage
        }
    }
}

/// A panic is a bug of ours. The session catches it and reports it as one; the trace that Rust prints
/// helps nobody but us, who ask for it.
fn quiet_panics() {
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
}

fn show(front: &mut Front, text: &str) -> Exit {
    front.streams.out(text);
    Exit::Done
}

fn show_help(front: &mut Front, topic: Option<&str>) -> Exit {
    let paint = front.paint();
    let Some(topic) = topic else { return show(front, &help::overview(paint)) };
    match help::page(topic, paint) {
        Ok(page) => show(front, &page),
        Err(unknown) => {
            front.streams.err(&format!("gradus: {unknown}\n"));
            Exit::Failed
        }
    }
}

/// Runs a script, or the texts of `-e` one after the other until one fails.
fn run(front: &mut Front, script: &Script, settings: Settings) -> Exit {
    let Some(texts) = loaded(front, script) else { return Exit::Failed };
    let mut session = session(script, settings);
    progress::show(&mut session, front.look());
    let mut whole = Outcome::default();
    let n = texts.len();
    for (k, (name, text)) in texts.iter().enumerate() {
        let is_last = k + 1 == n;
        let outcome = session.run(name, text, &mut |sources, output| {
            // Whether a `--set` is of use is known when the last text has run.
            if is_last || !is_about_unused_setting(&output) {
                front.show(sources, &output);
            }
        });
        whole.failed |= outcome.failed;
        whole.interrupted |= outcome.interrupted;
        whole.unconverged |= outcome.unconverged;
        front.count_errors();
        if whole.failed || whole.interrupted {
            break;
        }
    }
    deadline::in_time(front, Exit::of(whole, front.look().strict))
}

fn check(front: &mut Front, script: &Script, settings: Settings) -> Exit {
    let Some(texts) = loaded(front, script) else { return Exit::Failed };
    let mut session = session(script, settings);
    let mut exit = Exit::Done;
    for (name, text) in &texts {
        let outcome =
            session.check(name, text, &mut |sources, output| front.show(sources, &output));
        front.count_errors();
        if outcome.interrupted {
            return Exit::Interrupted;
        }
        if outcome.failed {
            exit = Exit::Failed;
        } else if !front.look().json && !front.look().quiet {
            front.streams.out(&format!("{name}: no mistakes found\n"));
        }
    }
    deadline::in_time(front, exit)
}

/// Times a definition of a script.
fn bench(front: &mut Front, script: &Script, name: &str, settings: Settings) -> Exit {
    let Some(texts) = loaded(front, script) else { return Exit::Failed };
    let mut session = session(script, settings);
    let mut whole = Outcome::default();
    for (file, text) in &texts {
        whole =
            session.bench(file, text, name, &mut |sources, output| front.show(sources, &output));
        front.count_errors();
        if whole.failed || whole.interrupted {
            break;
        }
    }
    deadline::in_time(front, Exit::of(whole, front.look().strict))
}

/// The texts of a script under their names; none where it could not be read, which is then reported.
fn loaded(front: &mut Front, script: &Script) -> Option<Vec<(String, String)>> {
    match load::texts(script) {
        Ok(texts) => Some(texts),
        Err(unreadable) => {
            front.show_unreadable(&unreadable);
            None
        }
    }
}

/// A session for a script: data files are relative to its folder, Ctrl-C stops it. A script, also one
/// that comes through a pipe, may be a stranger's; what stands after `-e` is the user's own.
fn session(script: &Script, settings: Settings) -> Session {
    let mut session = Session::new(settings);
    interrupt::watch(&session, Unanswered::End);
    session.set_origin(match script {
        Script::File(path) => Origin::script(path.parent().unwrap_or(Path::new(""))),
        Script::Stdin => Origin::script(Path::new("")),
        Script::Code(_) => Origin::own_words(Path::new("")),
    });
    if let Script::File(path) = script {
        session.is_reading(path);
    }
    session
}

fn is_about_unused_setting(output: &Output) -> bool {
    matches!(output, Output::Finding(finding) if finding.code == codes::W0007)
}
