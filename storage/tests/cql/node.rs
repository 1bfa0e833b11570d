//! A node of a story: its keyspace, and the processes that it has one after the other.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use scylla::client::{session::Session, session_builder::SessionBuilder};
use storage::{Store, scylla::Address};

/// One node's place in the world: it dies and comes back with the mark in its folder, so nobody waits for its lease.
pub struct Node {
    /// Where its keyspace is.
    pub address: Address,
    copies: u8,
    folder: PathBuf,
    _folder: tempfile::TempDir,
}

impl Node {
    /// A node with a keyspace of its own.
    pub fn new() -> Self {
        Self::at(&super::hosts(), 1)
    }

    /// The same on other servers, with that many copies of everything.
    pub fn at(hosts: &str, copies: u8) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self {
            address: super::fresh_address_at(hosts),
            copies,
            folder: folder.path().to_owned(),
            _folder: folder,
        }
    }

    /// A process of this node, which finds the servers at `host`. One that has died still holds its own folder.
    pub async fn starts(&self, host: Option<&str>) -> Arc<dyn Store> {
        let folder = tempfile::tempdir_in(&self.folder).expect("a folder").keep();
        let mark = self.folder.join("node.id");
        if mark.exists() {
            std::fs::copy(&mark, folder.join("node.id")).expect("the mark goes along");
        }
        let mut address = self.address.clone();
        if let Some(host) = host {
            address.hosts = vec![host.to_owned()];
        }
        let store = opened(&address, &folder, self.copies).await;
        if !mark.exists() {
            std::fs::copy(folder.join("node.id"), &mark).expect("the mark stays");
        }
        store
    }

    /// Nobody needs its keyspace any more: servers of tests are small, and many tables are more than they hold.
    pub async fn is_over(&self) {
        let session = raw(&self.address).await;
        let text = format!("DROP KEYSPACE {}", self.address.keyspace);
        session.query_unpaged(text, ()).await.expect("the keyspace goes");
    }
}

async fn opened(address: &Address, folder: &Path, copies: u8) -> Arc<dyn Store> {
    let mut options = super::as_node(address, Some(folder));
    options.replication.factor = copies;
    let opened = tokio::task::spawn_blocking(move || super::open(&options));
    Arc::new(opened.await.expect("the store opens"))
}

/// Closes a store in order, once nobody else has it.
pub async fn close(store: Arc<dyn Store>) {
    tokio::task::spawn_blocking(move || drop(store))
        .await
        .expect("the store closes");
}

/// The servers, without a store in between.
pub async fn raw(address: &Address) -> Session {
    let session = SessionBuilder::new().known_nodes(&address.hosts).build().await;
    session.expect("the servers answer")
}
