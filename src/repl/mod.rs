//! The REPL: Gradus line by line.
//!
//! In come lines, from a terminal or from a pipe; each statement runs as soon as it is whole. Errors end
//! a statement, never the session.
//!
//! ```text
//! conversation  what is kept between lines; statements, continuations, commands
//! commands      :help :vars :load :reset :time :quit
//! piped         lines from a pipe: no prompt, no greeting
//! terminal      lines from a person, through rustyline
//! assist        what rustyline asks: is it whole, which colors, which hint
//! complete      what the Tab key offers
//! history       where typed lines are kept
//! ```
//!
//! Results look as they do in scripts: `front::render` shows both.

mod assist;
mod commands;
mod complete;
mod conversation;
mod history;
mod piped;
mod terminal;

use crate::front::interrupt::Unanswered;
use crate::front::{Exit, Front};
use crate::session::Settings;
use conversation::Conversation;
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Talks until there is nothing more to read. Lines are the user's own words, or those of a program that
/// talks for the user; files that `:load` runs are scripts. A pipe is given `time`.
pub fn run(front: Front, settings: Settings, time: Option<Duration>) -> Exit {
    // Under --json stdout belongs to programs, which need no prompt.
    let is_typed = io::stdin().is_terminal() && io::stdout().is_terminal() && !front.look().json;
    if is_typed {
        terminal::run(Conversation::new(front, settings, Unanswered::Wait))
    } else {
        piped::run(Conversation::new(front, settings, Unanswered::End), time)
    }
}
