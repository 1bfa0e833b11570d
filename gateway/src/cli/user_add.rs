//! `plenum user add`: an account, made beside a running node or before there is one.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand, ValueEnum};
use engine::{
    Clock,
    accounts::{PasswordCost, Passwords, username},
};
use protocol::UserId;
use storage::{Origin, StoreError, User, UserRole};

use super::{Failure, Sources, beside};

#[derive(Debug, Args)]
pub(super) struct UserCommands {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user; the password is asked, or read as one line from standard input.
    Add(UserAdd),
}

#[derive(Debug, Args)]
struct UserAdd {
    /// The login name.
    name: String,
    /// What the user may do in the whole installation.
    #[arg(long, value_enum, default_value_t = RoleName::User)]
    role: RoleName,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    User,
    Support,
    Admin,
}

impl From<RoleName> for UserRole {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::User => Self::User,
            RoleName::Support => Self::Support,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl UserCommands {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let UserCommand::Add(add) = &self.command;
        username::check(&add.name).map_err(Failure::words)?;
        let config = add.sources.load(None)?;
        let password = ask_password()?;
        Passwords::check_length(&password).map_err(Failure::words)?;
        beside::run(&config, async |store| {
            let user = new_user(&add.name, password, add.role.into()).await?;
            let id = user.id.clone();
            match store.create_user(user).await {
                Ok(()) => {}
                Err(StoreError::Conflict) => return Err(Failure::other(format!("the name {} is taken", add.name))),
                Err(error) => return Err(Failure::other(error)),
            }
            println!("{id}");
            Ok(())
        })
    }
}

/// A new own account with this password.
pub(super) async fn new_user(name: &str, password: String, role: UserRole) -> Result<User, Failure> {
    let now_ms = Clock::system().now_ms();
    let passwords = Passwords::new(PasswordCost::default()).map_err(Failure::words)?;
    let hash = passwords.hash(password).await.map_err(Failure::words)?;
    Ok(User {
        id: UserId::generate(now_ms),
        username: name.to_owned(),
        password_hash: Some(hash),
        origin: Origin::Own,
        role,
        info: bytes::Bytes::from_static(b"{}"),
        status: String::new(),
        created_ms: now_ms,
    })
}

/// A person is asked twice and sees nothing of it; a program writes one line.
fn ask_password() -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(Failure::other)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ").map_err(Failure::other)?;
    if rpassword::prompt_password("Once more: ").map_err(Failure::other)? != password {
        return Err(Failure::other("the two differ"));
    }
    Ok(password)
}
