//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// The figures that Plenum has to reach, each beside its floor in the same run.
#[derive(Debug, Parser)]
#[command(name = "plenum-bench", version, about)]
pub(crate) struct Arguments {
    /// The rows to measure; all of them if none is named.
    #[arg(value_name = "ROW")]
    pub(crate) rows: Vec<String>,
    /// Puts the result between the marks of this document, or into a new file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Names the rows, with the seconds that each is expected to take.
    #[arg(long)]
    pub(crate) list: bool,
    /// Shorter and smaller, for trying things: the figures say less.
    #[arg(long)]
    pub(crate) short: bool,
}
