//! Whoever waits for an export or an import is told how far it is.

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The store is read and files are written; counted in records.
    Exporting,
    /// Files are compared with their hashes; counted in bytes.
    CheckingFiles,
    /// Files are loaded into the store; counted in records.
    Loading,
    /// The store is read back; counted in records.
    ReadingBack,
}

/// Is told how far it is. Called from any thread, some hundred times a second at most.
pub trait Watch: Send + Sync {
    /// A stage begins, of about so many steps.
    fn begins(&self, stage: Stage, expected: u64);
    /// So many more steps are done.
    fn advances(&self, steps: u64);
    /// Something worth a line.
    fn says(&self, words: &str);
}

/// Nobody waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begins(&self, _: Stage, _: u64) {}
    fn advances(&self, _: u64) {}
    fn says(&self, _: &str) {}
}
