//! Cutting the wire at one statement of a story, and noting which there were.

use std::sync::{Arc, Mutex, PoisonError};

use super::wire::{Fate, Wire};

/// Where the wire is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Never,
    Before(usize),
    Behind(usize),
}

/// The statements since the wire is watched, in their order.
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// Those that have come since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts the statements from now on, and cuts the wire at one of them. Leases are the clock's business, not the story's.
pub fn cut_at(wire: &Wire, cut: Cut) -> Statements {
    let statements = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&statements);
    wire.rule(move |text| {
        if text.contains(" leases") {
            return Fate::Pass;
        }
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(text.to_owned());
        match cut {
            Cut::Before(nth) if nth == seen.len() => Fate::Cut,
            Cut::Behind(nth) if nth == seen.len() => Fate::CutBehind,
            _ => Fate::Pass,
        }
    });
    Statements(statements)
}
