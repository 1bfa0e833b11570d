//! `plenum token`: an access token for a user, for scripts and tests. It is a login of its own that ends with the token.

use std::sync::Arc;

use clap::Args;
use engine::{Clock, Tokens as _};
use storage::{AuthSession, Store, User};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Failure, Sources, beside};
use crate::{config::Config, server::store, tokens::GatewayTokens};

/// What the login is called in the user's list of logins.
const AGENT: &str = "plenum token";

#[derive(Debug, Args)]
pub(super) struct Token {
    /// The login name.
    name: String,
    #[command(flatten)]
    sources: Sources,
}

impl Token {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        beside::run(&config, async |store| {
            let user = store.user_by_name(&self.name).await.map_err(Failure::other)?;
            let user = user.ok_or_else(|| Failure::other(format!("there is no user {}", self.name)))?;
            println!("{}", issue(&*store, &config, &user).await?);
            Ok(())
        })
    }
}

async fn issue(store: &dyn Store, config: &Config, user: &User) -> Result<String, Failure> {
    let clock = Clock::system();
    let key = store::signing_key(store).await.map_err(Failure::other)?;
    let (_config, in_force) = watch::channel(Arc::new(config.clone()));
    let tokens = GatewayTokens::new(&key, in_force, clock.clone());
    let (session, now_ms) = (Uuid::new_v4(), clock.now_ms());
    let (token, lives_s) = tokens.issue(user, session, now_ms);
    // Nobody knows a refresh token with this hash: the login can't be prolonged.
    let mut refresh_hash = [0; 32];
    getrandom::fill(&mut refresh_hash).map_err(Failure::other)?;
    let session = AuthSession {
        id: session,
        user: user.id.clone(),
        refresh_hash,
        created_ms: now_ms,
        refreshed_ms: now_ms,
        expires_ms: now_ms + lives_s * 1_000,
        agent: AGENT.to_owned(),
    };
    store.create_session(session).await.map_err(Failure::other)?;
    Ok(token)
}
