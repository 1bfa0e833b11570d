//! The command line.
//!
//! Every command is a file. Answers go to standard output, errors and the log to standard error; exit codes: 0 done, 1 failed, 2
//! wrong usage or configuration, 143 stopped at once.
#![allow(clippy::print_stdout, reason = "commands answer on standard output")]

mod backup;
mod beside;
mod check_config;
mod check_data;
mod config_doc;
mod export;
mod import;
mod migrate;
mod progress;
mod reindex;
mod restore;
mod serve;
mod sources;
mod token;
mod totals;
mod user_add;
mod welcome;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::sources::Sources;
use crate::config::ConfigError;

/// Realtime engine for very large chats and event audiences.
#[derive(Debug, Parser)]
#[command(name = "plenum", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one node.
    Serve(serve::Serve),
    /// Check the configuration and show it without its secrets.
    CheckConfig(Sources),
    /// Print the manual page of the settings.
    ConfigDoc,
    /// Manage users.
    User(user_add::UserCommands),
    /// Print an access token for a user.
    Token(token::Token),
    /// Bring the store to this program's schema.
    Migrate(Sources),
    /// Build the search index anew, beside a running node or without one; interrupted, it goes on where it stopped.
    Reindex(reindex::Reindex),
    /// Write a copy of the store into a new file.
    Backup(backup::Backup),
    /// Put a copy back in the place of the store.
    Restore(restore::Restore),
    /// Write everything of the store into a folder, from which any kind of store can be made.
    Export(export::Export),
    /// Make a new store from a folder that was exported.
    Import(import::Import),
    /// Check that everything derived from the logs agrees with them.
    CheckData(Sources),
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }

    /// The words of an error that clients are shown too, without its code.
    fn words(error: protocol::Error) -> Self {
        Self::Other(error.message().to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) => ExitCode::from(2),
            Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::CheckConfig(sources) => check_config::run(&sources),
        Command::ConfigDoc => config_doc::run(),
        Command::User(user) => user.run().map(|()| ExitCode::SUCCESS),
        Command::Token(token) => token.run().map(|()| ExitCode::SUCCESS),
        Command::Reindex(reindex) => reindex.run().map(|()| ExitCode::SUCCESS),
        Command::Backup(backup) => backup.run().map(|()| ExitCode::SUCCESS),
        Command::Restore(restore) => restore.run().map(|()| ExitCode::SUCCESS),
        Command::Export(export) => export.run().map(|()| ExitCode::SUCCESS),
        Command::Import(import) => import.run().map(|()| ExitCode::SUCCESS),
        Command::CheckData(sources) => check_data::run(&sources),
        Command::Migrate(sources) => migrate::run(&sources).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("plenum: {failure}");
        failure.exit_code()
    })
}
