//! A line on stderr that tells how far a training has come, while it goes on, where stderr is a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::Look;
use crate::optim::update::{OnProgress, Progress};
use crate::report::number::human;
use crate::session::Session;

/// Lets a session show how far its trainings have come, where someone looks.
pub fn show(session: &mut Session, look: Look) {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if !look.quiet && !is_dumb && io::stderr().is_terminal() {
        session.on_progress(on_terminal());
    }
}

fn on_terminal() -> OnProgress {
    Arc::new(|progress| {
        // Back to the beginning of the line, and nothing after the text; an end leaves the line empty.
        let text = progress.map(line).unwrap_or_default();
        let mut err = io::stderr().lock();
        // Who cannot be told is not told.
        let _ = write!(err, "\r{text}\x1b[K").and_then(|()| err.flush());
    })
}

/// `epoch 12 of 60, loss 0.0123, watch 0.234, rate 0.001, 15300 steps/s`
fn line(progress: &Progress) -> String {
    let mut line = format!("epoch {}", progress.epoch);
    if let Some(epochs) = progress.epochs {
        line += &format!(" of {epochs}");
    }
    line += &format!(", loss {}", human(progress.loss));
    for (name, value) in [("watch", progress.watch), ("rate", progress.rate)] {
        if let Some(value) = value {
            line += &format!(", {name} {}", human(value));
        }
    }
    line + &format!(", {:.0} steps/s", progress.steps_a_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_is_known() {
        let all = Progress {
            epoch: 12,
            epochs: Some(60),
            loss: 0.0123,
            watch: Some(0.25),
            rate: Some(1e-3),
            steps_a_second: 15_300.4,
        };
        assert_eq!(
            line(&all),
            "epoch 12 of 60, loss 0.0123, watch 0.25, rate 0.001, 15300 steps/s"
        );
        let few = Progress { epochs: None, watch: None, rate: None, ..all };
        assert_eq!(line(&few), "epoch 12, loss 0.0123, 15300 steps/s");
    }
}
