//! Freeing what statements no longer need: nodes, symbols, places, results and texts.
//!
//! A statement that has ended leaves behind derivatives, stable forms and the like, which nothing refers to. Once they
//! may be half of the graph, it is built anew from what names still hold, so that a loop, or a REPL that runs
//! for a day, takes as much memory as its names need and no more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::statement::Runner;
use super::{Mode, State};
use crate::check::{Held, Renewal};
use crate::source::FileId;

/// Graphs of fewer nodes and symbols are left as they are.
const SMALL: usize = 30_000;

impl Runner<'_> {
    /// Frees what the statements so far have left behind, where there may be much of it. Nothing but the state may
    /// hold a node now.
    pub(super) fn collect(&mut self) {
        let state = &mut self.session.state;
        state.forget_results();
        if state.graph.weight() <= state.collect_at.max(SMALL) {
            return;
        }
        let mut files = state.collect();
        if self.mode == Mode::Line {
            files.insert(self.ast.file);
            files.extend(&self.outer_files);
            self.session.files.forget_texts(&|file| files.contains(&file));
        }
    }
}

impl State {
    /// Results that no name refers to cannot be explained any more.
    fn forget_results(&mut self) {
        self.fits.retain(|(record, _)| Arc::strong_count(record) > 1);
    }

    /// Builds the graph anew from what names hold, and returns the texts that are still pointed at. Nothing has changed
    /// where this unwinds for want of memory.
    pub(super) fn collect(&mut self) -> HashSet<FileId> {
        self.forget_results();
        let mut held = Held::default();
        let entries = self.names.iter().map(|(_, entry)| entry);
        entries.chain(self.shadowed.iter().flatten()).for_each(|entry| held.entry(entry));
        let (graph, moved) = self.graph.kept(&held.nodes, &held.symbols);
        let mut renewal = Renewal::new(&moved);
        let mut names = self.names.clone();
        names.renew(|entry| renewal.entry(entry));
        let shadowed = self.shadowed.iter().map(|e| e.as_ref().map(|e| renewal.entry(e))).collect();
        let fits = self.fits.iter();
        let fits = fits.map(|(record, fit)| (renewal.record(record), Arc::clone(fit))).collect();
        let unknowns = self.unknowns.iter();
        let unknowns = unknowns.filter_map(|(&s, u)| Some((moved.symbol(s)?, u.clone()))).collect();
        let spans = self.spans.iter();
        let spans: HashMap<_, _> =
            spans.filter_map(|(&e, &span)| Some((moved.node(e)?, span))).collect();
        let mut files = held.files;
        files.extend(spans.values().map(|span| span.file));
        let collect_at = 2 * graph.weight();
        let (used, taken) = (self.used.clone(), self.taken.clone());
        *self = State { graph, names, unknowns, spans, used, fits, taken, shadowed, collect_at };
        files
    }
}
