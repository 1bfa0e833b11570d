//! SQLite passes the suite.

use std::sync::Arc;

use storage::{
    conformance::Fresh,
    sqlite::{Options, SqliteStore},
};

async fn fresh(_story: &'static str) -> Fresh {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let store = SqliteStore::open(&folder.path().join("plenum.db"), Options::default()).expect("a new store");
    Fresh {
        store: Arc::new(store),
        guard: Box::new(folder),
    }
}

storage::conformance_tests!(fresh);
