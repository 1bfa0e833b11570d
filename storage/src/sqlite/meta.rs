//! Small values of the installation.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::{
    Shared, SqliteStore,
    epoch::Salt,
    failure::Fault,
    job::{Context, End, Job, Ran, Write},
};
use crate::{MetaRepository, StoreError};

#[async_trait]
impl MetaRepository for SqliteStore {
    async fn meta_or_insert(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let key = key.to_owned();
        self.write(move |context| {
            context
                .connection
                .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING")?
                .execute(params![key, value])?;
            let mut statement = context
                .connection
                .prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(statement.query_row([&key], |row| row.get(0))?)
        })
        .await
    }

    async fn renew_epochs(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let work: RenewWork = |context| Ok(Salt::renew(context.connection)?);
        let (told, salt) = oneshot::channel();
        let renewal = Renewal {
            shared: Arc::clone(&self.shared),
            write: Box::new(Write::new(work, told)),
            salt,
            reply,
        };
        self.push(Box::new(renewal))?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Failed("the writer ended; outcome unknown".to_owned())))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(|context| {
            let mut statement = context.connection.prepare_cached("SELECT 1 FROM meta LIMIT 1")?;
            statement.query_row([], |_| Ok(())).optional()?;
            Ok(())
        })
        .await?;
        // A real write: a full or broken disk is not seen by a read.
        self.write(|context| {
            context
                .connection
                .prepare_cached(
                    "INSERT INTO meta (key, value) VALUES ('storage/check', x'00') \
                     ON CONFLICT (key) DO UPDATE SET value = value",
                )?
                .execute([])?;
            Ok(())
        })
        .await
    }
}

type RenewWork = fn(&Context<'_>) -> Result<i64, Fault>;

/// Renewing all epochs. The new salt is in force on the writer's thread, before the next job runs and whether or not
/// the
/// caller still waits.
struct Renewal {
    shared: Arc<Shared>,
    write: Box<Write<i64, RenewWork>>,
    salt: oneshot::Receiver<Result<i64, StoreError>>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Job for Renewal {
    fn run(&mut self, context: &Context<'_>) -> Ran {
        self.write.run(context)
    }

    fn finish(mut self: Box<Self>, end: End) {
        self.write.finish(end);
        let result = self
            .salt
            .try_recv()
            .unwrap_or_else(|_| Err(StoreError::Failed("no answer".to_owned())));
        let _ = self.reply.send(result.map(|salt| self.shared.salt.set(salt)));
    }
}
