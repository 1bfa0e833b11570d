//! The store as a source and as a target of a dump.
//!
//! A dump is read on a connection of its own in one reading transaction: a picture of one moment, however long it takes. Appends
//! go on meanwhile; what they write stays in the write-ahead log until the dump is dropped, as with a backup. Loading
//! goes through the writer like every other write.

mod load;
mod read;
mod rooms;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{SqliteStore, epoch::Salt, failure, failure::Fault, job::Context, open};
use crate::{
    StoreError,
    dump::{
        Cursor, Dump, DumpRecord, DumpRepository, ImportBegun, ImportMark, OWN_META_PREFIX, Page, PageLimit, Section,
    },
};

#[async_trait]
impl DumpRepository for SqliteStore {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        let path = self.path().to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let connection = open::reader(&path).map_err(|error| StoreError::Failed(error.to_string()))?;
            Picture::take(connection, commands_since_ms).map_err(|error| failure::store_error(&error))
        });
        let picture = opened.await.map_err(ended)??;
        Ok(Box::new(SqliteDump(Arc::new(Mutex::new(picture)))))
    }

    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        let mark = mark.clone();
        self.write(move |context| begin(context.connection, &mark)).await
    }

    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        self.read(|context| mark(context.connection)).await
    }

    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        let mark = mark.cloned();
        self.write(move |context| Ok(set_mark(context.connection, mark.as_ref())?))
            .await
    }

    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError> {
        self.write(move |context: &Context<'_>| load::load(context, &records))
            .await
    }
}

/// What a dump reads from.
struct Picture {
    connection: Connection,
    salt: Salt,
    commands_since_ms: i64,
}

impl Picture {
    /// Begins the transaction; its first read decides what it shows.
    fn take(connection: Connection, commands_since_ms: i64) -> rusqlite::Result<Self> {
        connection.execute_batch("BEGIN DEFERRED")?;
        let salt = Salt::default();
        salt.set(Salt::read(&connection)?);
        Ok(Self {
            connection,
            salt,
            commands_since_ms,
        })
    }
}

struct SqliteDump(Arc<Mutex<Picture>>);

impl SqliteDump {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Picture) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let picture = Arc::clone(&self.0);
        let reading = tokio::task::spawn_blocking(move || {
            let picture = picture.lock().unwrap_or_else(PoisonError::into_inner);
            work(&picture).map_err(Fault::into_store_error)
        });
        reading.await.map_err(ended)?
    }
}

#[async_trait]
impl Dump for SqliteDump {
    async fn page(&self, section: Section, after: Option<&Cursor>, limit: PageLimit) -> Result<Page, StoreError> {
        let after = after.cloned();
        self.read(move |picture| match section {
            Section::Rooms => rooms::whole(picture, after.as_ref(), limit),
            _ => read::page(picture, section, after.as_ref(), limit),
        })
        .await
    }

    async fn entries_expected(&self) -> Result<u64, StoreError> {
        self.read(|picture| {
            let mut statement = picture.connection.prepare("SELECT coalesce(sum(seq), 0) FROM heads")?;
            Ok(statement.query_row([], |row| super::rows::unsigned(row, 0))?)
        })
        .await
    }
}

fn ended(error: tokio::task::JoinError) -> StoreError {
    StoreError::Failed(format!("the reading thread ended: {error}"))
}

fn mark(connection: &Connection) -> Result<Option<ImportMark>, Fault> {
    let stored: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([ImportMark::KEY], |row| row.get(0))
        .optional()?;
    let Some(value) = stored else { return Ok(None) };
    let mark = String::from_utf8_lossy(&value).parse();
    Ok(Some(mark.map_err(|error: crate::dump::MarkError| {
        StoreError::Failed(error.to_string())
    })?))
}

fn set_mark(connection: &Connection, mark: Option<&ImportMark>) -> rusqlite::Result<()> {
    match mark {
        Some(mark) => connection
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
            .execute(params![ImportMark::KEY, mark.to_string().into_bytes()])?,
        None => connection
            .prepare_cached("DELETE FROM meta WHERE key = ?1")?
            .execute([ImportMark::KEY])?,
    };
    Ok(())
}

fn begin(connection: &Connection, new: &ImportMark) -> Result<ImportBegun, Fault> {
    if let Some(mark) = mark(connection)? {
        return Ok(ImportBegun::Marked(mark));
    }
    if let Some(what) = content(connection)? {
        return Ok(ImportBegun::NotEmpty(what.to_owned()));
    }
    set_mark(connection, Some(new))?;
    Ok(ImportBegun::New)
}

/// What a store holds that an empty one does not, in words.
fn content(connection: &Connection) -> rusqlite::Result<Option<&'static str>> {
    for (table, what) in [
        ("users", "it has users"),
        ("rooms", "it has rooms"),
        ("auth_sessions", "it has logins"),
        ("user_logs", "it has users' logs"),
    ] {
        let query = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        if connection.query_row(&query, [], |row| row.get(0))? {
            return Ok(Some(what));
        }
    }
    let query = "SELECT EXISTS (SELECT 1 FROM meta WHERE substr(key, 1, ?1) <> ?2)";
    let prefix = params![OWN_META_PREFIX.len() as i64, OWN_META_PREFIX];
    let has_values = connection.query_row(query, prefix, |row| row.get(0))?;
    Ok(if has_values {
        Some("a node has been started on it")
    } else {
        None
    })
}
