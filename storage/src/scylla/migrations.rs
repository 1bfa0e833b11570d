//! The schema's versions. Called at every start and by `plenum migrate`.
//!
//! `schema_versions` has a row per version that is complete. Tables are created one by one with IF NOT EXISTS, so two nodes that start
//! together do no harm to each other; the first takes a claim (LWT) and does the work, the others wait for its row. Statements of a
//! version that has been published never change.

use std::time::Duration;

use scylla::{
    client::session::Session,
    errors::{DbError, ExecutionError, RequestAttemptError},
};
use uuid::Uuid;

use super::{OpenError, Options, client::applied, options::REPLICA_PATIENCE, server::Server};
use crate::StoreError;

/// The steps: the first makes version 1 out of an empty keyspace, and so on.
const STEPS: &[&str] = &[include_str!("schema.cql"), include_str!("invitations.cql")];

/// The version that this build writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// How long another node may take for its migration before its claim is taken over, in tries.
const TRIES_MAX: u32 = 240;
/// The pause between two looks at what another node does.
const PAUSE: Duration = Duration::from_millis(250);

const VERSIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS {keyspace}.schema_versions (part tinyint, version bigint, claimed_by uuid, \
                              complete boolean, PRIMARY KEY (part, version))";

fn failed(error: impl std::fmt::Display) -> OpenError {
    OpenError::Failed(error.to_string())
}

/// Brings the keyspace to [`VERSION`], or says why not.
pub(super) async fn migrate(session: &Session, server: Server, options: &Options) -> Result<(), OpenError> {
    let keyspace = &options.address.keyspace;
    if !has_keyspace(session, keyspace).await? {
        if !options.migrate {
            return Err(OpenError::NoKeyspace(keyspace.clone()));
        }
        create_keyspace(session, server, options).await?;
    }
    let found = version(session, keyspace).await?;
    if found > VERSION {
        let (keyspace, known) = (keyspace.clone(), VERSION);
        return Err(OpenError::NewerSchema { keyspace, found, known });
    }
    if found == VERSION {
        return Ok(());
    }
    if !options.migrate {
        let (keyspace, known) = (keyspace.clone(), VERSION);
        return Err(OpenError::OlderSchema { keyspace, found, known });
    }
    if found == 0 {
        begin(session, keyspace).await?;
    }
    for (at, step) in STEPS.iter().enumerate() {
        let version = at as i64 + 1;
        if version > found {
            take_step(session, server, keyspace, version, step).await?;
        }
    }
    Ok(())
}

async fn has_keyspace(session: &Session, keyspace: &str) -> Result<bool, OpenError> {
    let found = session
        .query_unpaged(
            "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?",
            (keyspace,),
        )
        .await
        .map_err(failed)?;
    Ok(found.into_rows_result().map_err(failed)?.rows_num() > 0)
}

async fn tables(session: &Session, keyspace: &str) -> Result<Vec<String>, OpenError> {
    let found = session
        .query_unpaged(
            "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
            (keyspace,),
        )
        .await
        .map_err(failed)?;
    let rows = found.into_rows_result().map_err(failed)?;
    let names = rows.rows::<(String,)>().map_err(failed)?;
    names.map(|name| name.map(|(name,)| name).map_err(failed)).collect()
}

async fn create_keyspace(session: &Session, server: Server, options: &Options) -> Result<(), OpenError> {
    let mut datacenters = options.replication.datacenters.clone();
    if datacenters.is_empty() {
        datacenters.push(own_datacenter(session).await?);
    }
    for datacenter in &datacenters {
        let servers = servers_in(session, datacenter).await?;
        if servers < usize::from(options.replication.factor) {
            let factor = options.replication.factor;
            let datacenter = datacenter.clone();
            return Err(OpenError::TooFewServers {
                datacenter,
                servers,
                factor,
            });
        }
    }
    let copies: Vec<(String, u8)> = datacenters
        .into_iter()
        .map(|datacenter| (datacenter, options.replication.factor))
        .collect();
    let text = server.create_keyspace(&options.address.keyspace, &copies);
    change(session, &text).await
}

async fn own_datacenter(session: &Session) -> Result<String, OpenError> {
    let found = session
        .query_unpaged("SELECT data_center FROM system.local", ())
        .await
        .map_err(failed)?;
    let rows = found.into_rows_result().map_err(failed)?;
    let (name,) = rows.first_row::<(String,)>().map_err(failed)?;
    Ok(name)
}

/// How many servers a data centre has, as the cluster tells it.
async fn servers_in(session: &Session, datacenter: &str) -> Result<usize, OpenError> {
    let mut servers = 0;
    for table in ["local", "peers"] {
        let text = format!("SELECT data_center FROM system.{table}");
        let found = session.query_unpaged(text, ()).await.map_err(failed)?;
        let rows = found.into_rows_result().map_err(failed)?;
        for row in rows.rows::<(Option<String>,)>().map_err(failed)? {
            let (name,) = row.map_err(failed)?;
            servers += usize::from(name.as_deref() == Some(datacenter));
        }
    }
    Ok(servers)
}

/// The newest complete version; 0: none.
async fn version(session: &Session, keyspace: &str) -> Result<i64, OpenError> {
    let present = tables(session, keyspace).await?;
    if !present.iter().any(|table| table == "schema_versions") {
        if present.is_empty() {
            return Ok(0);
        }
        return Err(OpenError::Foreign(keyspace.to_owned()));
    }
    let text = format!("SELECT version, complete FROM {keyspace}.schema_versions WHERE part = 0");
    let found = session.query_unpaged(text, ()).await.map_err(failed)?;
    let rows = found.into_rows_result().map_err(failed)?;
    let mut newest = 0;
    for row in rows.rows::<(i64, Option<bool>)>().map_err(failed)? {
        let (version, complete) = row.map_err(failed)?;
        if complete == Some(true) {
            newest = newest.max(version);
        }
    }
    Ok(newest)
}

async fn begin(session: &Session, keyspace: &str) -> Result<(), OpenError> {
    change(session, &VERSIONS_TABLE.replace("{keyspace}", keyspace)).await
}

async fn take_step(
    session: &Session,
    server: Server,
    keyspace: &str,
    version: i64,
    step: &str,
) -> Result<(), OpenError> {
    let me = Uuid::new_v4();
    let claim = format!(
        "INSERT INTO {keyspace}.schema_versions (part, version, claimed_by, complete) VALUES (0, ?, ?, false) IF NOT EXISTS"
    );
    let is_mine = match session.query_unpaged(claim, (version, me)).await {
        Ok(answer) => applied(answer).map_err(|fault| failed(StoreError::from(fault)))?,
        // Whether the claim is there is not known; whoever has it, the statements do no harm twice.
        Err(_) => false,
    };
    if !is_mine && wait_for(session, keyspace, version).await? {
        return Ok(());
    }
    for statement in statements(step) {
        create(session, server, keyspace, &statement).await?;
    }
    let complete =
        format!("UPDATE {keyspace}.schema_versions SET complete = true WHERE part = 0 AND version = ? IF EXISTS");
    session.query_unpaged(complete, (version,)).await.map_err(failed)?;
    tracing::info!(version, keyspace, "the keyspace has a new schema");
    Ok(())
}

/// Whether somebody else completes a version; false: they have not for a long time, and their claim is free.
async fn wait_for(session: &Session, keyspace: &str, wanted: i64) -> Result<bool, OpenError> {
    for _ in 0..TRIES_MAX {
        if version(session, keyspace).await? >= wanted {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(
        keyspace,
        "a migration that another node began has not ended; it is done again"
    );
    Ok(false)
}

/// The statements of a step, without comments.
fn statements(step: &str) -> Vec<String> {
    let lines = step.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text: Vec<&str> = lines.collect();
    text.join("\n")
        .split(';')
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

async fn create(session: &Session, server: Server, keyspace: &str, statement: &str) -> Result<(), OpenError> {
    let mut text =
        server
            .fill(statement)
            .replacen("CREATE TABLE ", &format!("CREATE TABLE IF NOT EXISTS {keyspace}."), 1);
    let patience_ms = REPLICA_PATIENCE.as_millis();
    text.push_str(&format!(" AND speculative_retry = '{patience_ms}ms'"));
    match change(session, &text).await {
        // Older versions of ScyllaDB without the enterprise features do not have it.
        Err(_) if text.contains("IncrementalCompactionStrategy") => {
            change(
                session,
                &text.replace("IncrementalCompactionStrategy", "SizeTieredCompactionStrategy"),
            )
            .await
        }
        ended => ended,
    }
}

/// Changes the schema; that it has been changed already is fine.
async fn change(session: &Session, text: &str) -> Result<(), OpenError> {
    match session.query_unpaged(text, ()).await {
        Ok(_) => Ok(()),
        Err(ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::AlreadyExists { .. }, _))) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_says_whom_it_serves_and_why_it_is_compacted_as_it_is() {
        let schema = &STEPS.concat();
        let tables: Vec<String> = statements(schema);
        assert!(tables.len() > 20);
        for table in &tables {
            assert!(table.starts_with("CREATE TABLE "), "{table}");
            assert!(table.contains("compaction = {"), "{table}");
            let name = table.split_whitespace().nth(2).unwrap_or_default();
            let at = schema
                .find(&format!("CREATE TABLE {name} "))
                .expect("the table is in the file");
            let comment: Vec<&str> = schema[..at]
                .lines()
                .rev()
                .take_while(|line| line.starts_with("--"))
                .collect();
            let says_why = comment
                .iter()
                .any(|line| line.starts_with("-- Leveled:") || line.starts_with("-- Size-tiered:"));
            assert!(comment.len() >= 2 && says_why, "{name} has no reason beside it");
        }
    }

    #[test]
    fn both_backends_have_the_same_names_for_what_both_have() {
        let ours = STEPS.concat();
        for table in [
            "meta",
            "rooms",
            "heads",
            "log_entries",
            "buckets_by_seq",
            "buckets_by_time",
            "purges",
            "members",
            "marks",
            "direct_rooms",
            "channels",
            "users",
            "users_by_name",
            "auth_sessions",
            "refresh_hashes",
            "invitations",
            "user_logs",
        ] {
            assert!(ours.contains(&format!("CREATE TABLE {table} (")), "{table}");
        }
    }
}
