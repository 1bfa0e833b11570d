//! Keyspaces of stories, on the server that `SCYLLA_URI` names: each has a name that nobody else has. The stories
//! of the gateway use this file too (`gateway/tests/cluster_kit`).

/// The contact points, `host:port,host:port`.
pub fn hosts() -> String {
    let uri = std::env::var("SCYLLA_URI").unwrap_or_else(|_| {
        panic!(
            "SCYLLA_URI is not set: these tests need a real CQL server. `make cql` starts one and says what to export"
        )
    });
    let rest = uri.strip_prefix("scylla://").unwrap_or(&uri);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// Where a store finds a keyspace that nobody else uses, on servers `host:port,host:port`.
pub fn fresh_at(hosts: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let keyspace = format!("t_{}", &random[..16]);
    format!("scylla://{hosts}/{keyspace}")
}
