//! Small values of the installation.

use async_trait::async_trait;

use super::{
    ScyllaStore,
    epoch::Salt,
    failure::{Fault, Result},
};
use crate::{MetaRepository, StoreError};

#[async_trait]
impl MetaRepository for ScyllaStore {
    async fn meta_or_insert(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let (shared, key) = (self.shared(), key.to_owned());
        self.spawn(async move {
            let (client, statements) = (&shared.client, &shared.client.statements);
            let _turn = shared.turn(&key).await;
            let stored = || client.row::<(Option<Vec<u8>>,)>(&statements.meta, (&key,));
            if let Some((value,)) = stored().await? {
                return Ok(value.unwrap_or_default());
            }
            match client.condition(&statements.insert_meta, (&key, &value)).await {
                Ok(true) => return Ok(value),
                Ok(false) | Err(Fault::Unknown(_)) => {}
                Err(fault) => return Err(fault),
            }
            let found = stored().await?;
            let found = found.ok_or_else(|| Fault::Unavailable("a value could not be stored yet".to_owned()))?;
            Ok(found.0.unwrap_or_default())
        })
        .await
    }

    async fn renew_epochs(&self) -> Result<(), StoreError> {
        let shared = self.shared();
        self.spawn(async move {
            let salt = Salt::renew(&shared.client).await?;
            let change = salt ^ shared.salt.stored(protocol::Epoch::from_key(0));
            shared.salt.set(salt);
            shared.cells.change_epochs(change);
            Ok(())
        })
        .await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let shared = self.shared();
        // The lease is renewed by a real write every few seconds: while it holds, writes work.
        shared.check_lease()?;
        let client = &shared.client;
        client
            .row::<(Option<Vec<u8>>,)>(&client.statements.meta, ("storage/check",))
            .await?;
        Ok(())
    }
}
