//! Reaching the servers: connect, find out what they are, have the keyspace and its tables there, prepare every statement.

use std::time::Duration;

use scylla::{
    client::{session::Session, session_builder::SessionBuilder},
    errors::NewSessionError,
};

use super::{
    Options,
    client::Client,
    migrations,
    options::{CONNECT_PAUSE_MAX, CONNECT_TIMEOUT, KEEPALIVE, RETRY_PAUSE},
    profiles::Profiles,
    server::Server,
    statements::Statements,
};

/// Why the store can't be opened, in words for whoever runs the node.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// No contact point answers.
    #[error("none of the CQL servers {hosts} can be reached: {reason}")]
    Unreachable {
        /// The contact points.
        hosts: String,
        /// What the driver says.
        reason: String,
    },
    /// User name or password are wrong, or missing.
    #[error("the CQL servers refuse the login: {0}; storage.username and storage.password say who logs in")]
    Credentials(String),
    /// There is no such keyspace, and it is not to be created.
    #[error("there is no keyspace {0}: `plenum migrate` creates it")]
    NoKeyspace(String),
    /// The keyspace is to have more copies than there are servers: nothing could be written.
    #[error(
        "data centre {datacenter} has {servers} CQL server(s), and the keyspace is to be created with {factor} copies: \
         set storage.replication_factor to what there is"
    )]
    TooFewServers {
        /// The data centre.
        datacenter: String,
        /// Its servers.
        servers: usize,
        /// The copies that are wanted.
        factor: u8,
    },
    /// The keyspace holds tables that Plenum did not make.
    #[error("keyspace {0} holds tables, but none of Plenum's: choose another one in storage.url")]
    Foreign(String),
    /// A newer Plenum has upgraded the tables.
    #[error("keyspace {keyspace} has schema version {found}, this program knows up to {known}: use a newer Plenum")]
    NewerSchema {
        /// The keyspace.
        keyspace: String,
        /// Its version.
        found: i64,
        /// This build's version.
        known: i64,
    },
    /// The tables are older than this build, and are not to be upgraded.
    #[error("keyspace {keyspace} has schema version {found}, this program needs {known}: run `plenum migrate`")]
    OlderSchema {
        /// The keyspace.
        keyspace: String,
        /// Its version.
        found: i64,
        /// This build's version.
        known: i64,
    },
    /// Another node migrates and does not come to an end.
    #[error(
        "another node has been creating the tables of keyspace {0} for too long; if none is, run `plenum migrate` again"
    )]
    Migrating(String),
    /// Another store of this process or another one holds the node's folder.
    #[error("{0}")]
    Folder(String),
    /// Anything else.
    #[error("the store can't be opened: {0}")]
    Failed(String),
}

impl OpenError {
    /// Whether waiting may help: the servers are away or busy.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Migrating(_))
    }
}

/// Pauses between tries, each twice as long as the one before.
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.longest);
        now
    }
}

/// Connects again and again while the servers are away; each failure is told by `waiting`, with the pause that follows. A failure that
/// waiting does not mend ends it.
pub(super) async fn connect_patiently(
    options: &Options,
    waiting: impl Fn(&OpenError, Duration),
) -> Result<Client, OpenError> {
    let mut pauses = Pauses::new(RETRY_PAUSE * 25, CONNECT_PAUSE_MAX);
    loop {
        match connect(options).await {
            Err(error) if error.is_passing() => {
                let pause = pauses.next();
                waiting(&error, pause);
                tokio::time::sleep(pause).await;
            }
            ended => return ended,
        }
    }
}

/// Connects once.
pub(super) async fn connect(options: &Options) -> Result<Client, OpenError> {
    let profiles = Profiles::new();
    let session = session(options, &profiles).await?;
    let server = detect(&session);
    migrations::migrate(&session, server, options).await?;
    let keyspace = &options.address.keyspace;
    session
        .use_keyspace(keyspace, false)
        .await
        .map_err(|error| OpenError::Failed(error.to_string()))?;
    let statements = Statements::prepare(&session, &profiles, server)
        .await
        .map_err(|error| {
            OpenError::Failed(format!(
                "the tables of keyspace {keyspace} are not as they should be: {error}"
            ))
        })?;
    tracing::info!(?server, keyspace, "the store is connected");
    Ok(Client::new(
        session,
        server,
        statements,
        profiles,
        options.metrics.clone(),
    ))
}

async fn session(options: &Options, profiles: &Profiles) -> Result<Session, OpenError> {
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.address.hosts)
        .connection_timeout(CONNECT_TIMEOUT)
        .keepalive_interval(KEEPALIVE)
        .keepalive_timeout(KEEPALIVE)
        .default_execution_profile_handle(profiles.write.clone());
    if let Some((username, password)) = &options.credentials {
        builder = builder.user(username, password);
    }
    builder.build().await.map_err(|error| refused(options, &error))
}

fn refused(options: &Options, error: &NewSessionError) -> OpenError {
    let reason = error.to_string();
    if is_login(error) {
        return OpenError::Credentials(reason);
    }
    OpenError::Unreachable {
        hosts: options.address.hosts.join(", "),
        reason,
    }
}

/// Whether the servers were there and did not let us in. The driver wraps the answer several times over; its words are the same.
fn is_login(error: &NewSessionError) -> bool {
    let text = format!("{error:?}");
    [
        "AuthenticationError",
        "MissingAuthentication",
        "StartAuthentication",
        "AuthResponse",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// ScyllaDB tells how it is sharded; no other server does.
fn detect(session: &Session) -> Server {
    let state = session.get_cluster_state();
    let is_sharded = state.get_nodes_info().iter().any(|node| node.sharder().is_some());
    if is_sharded {
        Server::ScyllaDb
    } else {
        Server::Cassandra
    }
}
