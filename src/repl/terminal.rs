//! Lines from a person, through rustyline.
//!
//! Editing, history, colors and completion are rustyline's; what it needs to know of the language comes
//! from [`Assist`]. A pasted block arrives as one text and runs as one.

use super::assist::Assist;
use super::complete::Known;
use super::conversation::{Conversation, Next};
use super::history;
use crate::check::Item;
use crate::front::{Exit, interrupt, state};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};
use std::path::{Path, PathBuf};

const PROMPT: &str = ">> ";

/// Talks until the user leaves.
pub fn run(mut conversation: Conversation) -> Exit {
    interrupt::keep_terminal();
    let is_colored = conversation.paint().color;
    let mut editor = match editor(is_colored) {
        Ok(editor) => editor,
        Err(error) => {
            conversation.front.streams.err(&format!("gradus: cannot use this terminal: {error}\n"));
            return Exit::Failed;
        }
    };
    greet(&mut conversation);
    let mut history = History::open(&mut editor, &mut conversation);
    for count in 1.. {
        editor.set_helper(Some(Assist { known: known(&conversation), is_colored }));
        match editor.readline(PROMPT) {
            Ok(text) => {
                history.add(&mut editor, &text, &mut conversation);
                if conversation.input(&format!("input {count}"), &text) == Next::Quit {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => {
                conversation.front.note("to leave, type :quit or press Ctrl-D");
            }
            Err(ReadlineError::Signal(_)) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => {
                conversation.front.streams.err(&format!("gradus: cannot read: {error}\n"));
                return Exit::Failed;
            }
        }
    }
    Exit::Done
}

fn editor(is_colored: bool) -> rustyline::Result<Editor<Assist, DefaultHistory>> {
    let colors = if is_colored { ColorMode::Enabled } else { ColorMode::Disabled };
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .color_mode(colors)
        .history_ignore_space(true)
        .bracketed_paste(true)
        .build();
    Editor::with_config(config)
}

fn greet(conversation: &mut Conversation) {
    if conversation.front.look().quiet {
        return;
    }
    let paint = conversation.paint();
    let version = paint.bold(&format!("Gradus {}", env!("CARGO_PKG_VERSION")));
    let hint = paint.dim("  :help for help, :quit to leave");
    conversation.say(&format!("{version}{hint}"));
}

/// The names of the session with their fields, for completion.
fn known(conversation: &Conversation) -> Vec<Known> {
    let fields = |item: &Item| match item {
        Item::Record(record) => record.fields.iter().map(|(name, _)| name.clone()).collect(),
        Item::Table(table) => table.table.column_names().map(str::to_string).collect(),
        _ => Vec::new(),
    };
    conversation
        .session
        .names()
        .map(|(name, entry)| Known {
            name: name.to_string(),
            is_function: matches!(entry.item, Item::Function(_)),
            fields: fields(&entry.item),
        })
        .collect()
}

/// The history on disk; where that fails it is kept in memory, with one quiet note.
struct History {
    file: Option<PathBuf>,
}

impl History {
    fn open(
        editor: &mut Editor<Assist, DefaultHistory>,
        conversation: &mut Conversation,
    ) -> History {
        // A sandbox takes nothing from the environment, and leaves nothing there.
        let is_kept = !conversation.front.look().sandbox;
        let file = state::file("history").filter(|_| is_kept);
        let Some(file) = file else { return History { file: None } };
        // What cannot be cleaned is not recalled.
        if history::clean(&file).is_err() {
            return History { file: None };
        }
        // There is none yet, or it cannot be read: it starts empty.
        let _ = editor.load_history(&file);
        let made = history::make_folder(&file).map_err(|error| error.to_string());
        let mut history = History { file: Some(file) };
        history.check(made, conversation);
        history
    }

    fn add(
        &mut self,
        editor: &mut Editor<Assist, DefaultHistory>,
        text: &str,
        conversation: &mut Conversation,
    ) {
        let is_new = editor.add_history_entry(text.trim_end()).unwrap_or(false);
        if let (true, Some(file)) = (is_new, &self.file) {
            let written = append(editor, file);
            self.check(written, conversation);
        }
    }

    fn check(&mut self, outcome: Result<(), String>, conversation: &mut Conversation) {
        if let Err(error) = outcome {
            self.file = None;
            conversation.front.note(&format!("the history of lines is not kept: {error}"));
        }
    }
}

fn append(editor: &mut Editor<Assist, DefaultHistory>, file: &Path) -> Result<(), String> {
    editor.append_history(file).map_err(|error| error.to_string())
}
