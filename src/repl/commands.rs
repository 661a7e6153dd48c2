//! Commands: lines that start with a colon.
//!
//! Each is a row; help and completion read the rows.

use super::conversation::{Conversation, Next};
use crate::check::Item;
use crate::diag::nearest;
use crate::front::{help, load};
use crate::report::{Align, TextTable};
use std::path::Path;

/// The row of a command.
pub struct Command {
    /// Its words, without the colon; the first is the one that help shows.
    pub names: &'static [&'static str],
    /// What follows the word.
    pub argument: &'static str,
    /// One line on what it does.
    pub doc: &'static str,
    run: fn(&mut Conversation, &str) -> Next,
}

/// All commands.
pub const COMMANDS: &[Command] = &[
    Command {
        names: &["help", "h", "?"],
        argument: "[TOPIC]",
        doc: "all topics, or a page on one",
        run: show_help,
    },
    Command { names: &["vars"], argument: "", doc: "the names defined so far", run: vars },
    Command {
        names: &["load"],
        argument: "FILE",
        doc: "run a script here, keeping its names",
        run: load_script,
    },
    Command { names: &["reset"], argument: "", doc: "forget all names", run: reset },
    Command {
        names: &["time"],
        argument: "[on|off]",
        doc: "show how long each statement takes",
        run: time,
    },
    Command {
        names: &["quit", "q", "exit"],
        argument: "",
        doc: "leave (also Ctrl-D)",
        run: |_, _| Next::Quit,
    },
];

/// Descriptions of names are cut here.
const MOST_CHARACTERS: usize = 70;

/// Runs a command, given without its colon.
pub fn run(conversation: &mut Conversation, text: &str) -> Next {
    let (word, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match COMMANDS.iter().find(|command| command.names.contains(&word)) {
        Some(command) => (command.run)(conversation, argument.trim()),
        None => {
            let names = COMMANDS.iter().flat_map(|command| command.names.iter().copied());
            let hint = match nearest(word, names) {
                Some(near) => format!("did you mean `:{near}`?"),
                None => "`:help` lists the commands".to_string(),
            };
            complain(conversation, &format!("unknown command `:{word}`; {hint}"));
            Next::GoOn
        }
    }
}

fn complain(conversation: &mut Conversation, text: &str) {
    conversation.front.streams.err(&format!("{text}\n"));
}

fn show_help(conversation: &mut Conversation, topic: &str) -> Next {
    let paint = conversation.paint();
    if topic.is_empty() {
        let mut text = help::overview(paint).replacen("`help ", "`:help ", 4).replacen(
            "after `help`",
            "after `:help`",
            1,
        );
        text += &format!("\n{}\n", paint.bold("Commands"));
        for command in COMMANDS {
            let usage = format!(":{} {}", command.names[0], command.argument);
            text += &format!("  {usage:<18}{}\n", command.doc);
        }
        conversation.say(&text);
        return Next::GoOn;
    }
    if let Some(own) = own_page(conversation, topic) {
        conversation.say(&own);
        return Next::GoOn;
    }
    match help::page(topic, paint) {
        Ok(page) => conversation.say(&page),
        Err(unknown) => complain(conversation, &unknown),
    }
    Next::GoOn
}

/// What the user said of a name of their own.
fn own_page(conversation: &mut Conversation, name: &str) -> Option<String> {
    let entry =
        conversation.session.names().find(|(known, _)| *known == name).map(|(_, entry)| entry);
    let (kind, doc) = match &entry?.item {
        Item::Function(function) => ("a function of yours", function.doc.clone()),
        Item::Failed => ("its definition failed", Vec::new()),
        _ => ("a name of yours", Vec::new()),
    };
    let what = conversation.session.describe(name).unwrap_or_default();
    let mut page = format!("{}: {kind}\n", conversation.paint().bold(name));
    for line in doc.iter().chain([&what]).filter(|line| !line.is_empty()) {
        page += &format!("  {line}\n");
    }
    Some(page)
}

fn vars(conversation: &mut Conversation, _: &str) -> Next {
    let names: Vec<String> = conversation
        .session
        .names()
        .filter(|(_, entry)| !matches!(entry.item, Item::Failed))
        .map(|(name, _)| name.to_string())
        .collect();
    if names.is_empty() {
        conversation.say("no names yet: `let a = 3` defines a value, `var x` an unknown");
        return Next::GoOn;
    }
    let mut table = TextTable::new([("name", Align::Left), ("what it is", Align::Left)]);
    for name in names {
        let what = conversation.session.describe(&name).unwrap_or_default();
        table.push_row([name, cut(&what)]);
    }
    conversation.say(&table.render());
    Next::GoOn
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} ...", text[..end].trim_end()),
        None => text.to_string(),
    }
}

/// Runs a script; its data files are relative to its folder.
fn load_script(conversation: &mut Conversation, file: &str) -> Next {
    let file = file.trim_matches('"');
    if file.is_empty() {
        complain(conversation, "expected a file, as in `:load examples/line.opt`");
        return Next::GoOn;
    }
    let path = Path::new(file);
    if let Some(refusal) = conversation.session.refusal(path) {
        // In a sandbox the prompt has the rights of a script.
        conversation.outcome.failed = true;
        let file = file.to_string();
        let why = load::Unreadable { finding: Box::new(refusal), file, at: None };
        conversation.front.show_unreadable(&why);
        return Next::GoOn;
    }
    match load::regular_file(path) {
        Ok((_, text)) => conversation.script(path, &text),
        Err(unreadable) => {
            conversation.outcome.failed = true;
            conversation.front.show_unreadable(&unreadable);
        }
    }
    Next::GoOn
}

fn reset(conversation: &mut Conversation, _: &str) -> Next {
    conversation.reset();
    conversation.front.note("all names are forgotten");
    Next::GoOn
}

fn time(conversation: &mut Conversation, how: &str) -> Next {
    match how {
        "on" => conversation.timing = true,
        "off" => conversation.timing = false,
        "" => conversation.timing = !conversation.timing,
        _ => {
            complain(conversation, "expected `:time on` or `:time off`");
            return Next::GoOn;
        }
    }
    let state = if conversation.timing { "on" } else { "off" };
    conversation.front.note(&format!("times are {state}"));
    Next::GoOn
}
