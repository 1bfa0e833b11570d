//! Which server answers, and the few places where ScyllaDB and Apache Cassandra are spoken to differently.
//!
//! The statements of this backend are written in what both understand. In braces stand the parts that depend on the server; here
//! they are filled in.

use super::options::{SCAN_SERVER_TIMEOUT, SERVER_TIMEOUT};

/// The kind of server that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// ScyllaDB: told how long an answer is waited for, with its own compaction.
    ScyllaDb,
    /// Apache Cassandra.
    Cassandra,
}

impl Server {
    /// Fills in a statement's parts in braces:
    /// `{timeout}` at the end of a read, `{scan_timeout}` at the end of a walk through a table, `{using}` where a write has no other attribute, `{and_timeout}` behind others;
    /// `{leveled}` and `{size_tiered}` in the schema.
    pub fn fill(self, text: &str) -> String {
        let timeout = format!("TIMEOUT {}ms", SERVER_TIMEOUT.as_millis());
        let scan_timeout = format!(" USING TIMEOUT {}ms", SCAN_SERVER_TIMEOUT.as_millis());
        let (using, and_timeout, scan_timeout) = match self {
            Self::ScyllaDb => (format!(" USING {timeout}"), format!(" AND {timeout}"), scan_timeout),
            Self::Cassandra => Default::default(),
        };
        // Incremental compaction needs no second copy of the largest table while it works (ScyllaDB's manual, "Choose a Compaction
        // Strategy"); Cassandra does not know it.
        let size_tiered = match self {
            Self::ScyllaDb => "{'class': 'IncrementalCompactionStrategy'}",
            Self::Cassandra => "{'class': 'SizeTieredCompactionStrategy'}",
        };
        text.replace("{timeout}", &using)
            .replace("{scan_timeout}", &scan_timeout)
            .replace("{using}", &using)
            .replace("{and_timeout}", &and_timeout)
            .replace("{leveled}", "{'class': 'LeveledCompactionStrategy'}")
            .replace("{size_tiered}", size_tiered)
    }

    /// How a keyspace is created. With tablets ScyllaDB up to 2025.3 knows no conditional statements, which this backend needs.
    pub fn create_keyspace(self, keyspace: &str, replication: &[(String, u8)]) -> String {
        let copies: Vec<String> = replication
            .iter()
            .map(|(datacenter, factor)| format!("'{}': {factor}", datacenter.replace('\'', "''")))
            .collect();
        let tablets = match self {
            Self::ScyllaDb => " AND tablets = {'enabled': false}",
            Self::Cassandra => "",
        };
        format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', {}}} \
             AND durable_writes = true{tablets}",
            copies.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scylladb_is_told_how_long_we_wait_and_cassandra_never_sees_it() {
        let text = "SELECT a FROM t WHERE b = ?{timeout}";
        assert_eq!(
            Server::ScyllaDb.fill(text),
            "SELECT a FROM t WHERE b = ? USING TIMEOUT 2500ms"
        );
        assert_eq!(Server::Cassandra.fill(text), "SELECT a FROM t WHERE b = ?");
        let text = "DELETE FROM t USING TIMESTAMP :stamp{and_timeout} WHERE b = ?";
        assert_eq!(
            Server::ScyllaDb.fill(text),
            "DELETE FROM t USING TIMESTAMP :stamp AND TIMEOUT 2500ms WHERE b = ?"
        );
        assert_eq!(
            Server::Cassandra.fill(text),
            "DELETE FROM t USING TIMESTAMP :stamp WHERE b = ?"
        );
    }

    #[test]
    fn a_keyspace_has_its_copies_by_data_centre_and_no_tablets() {
        let replication = [("one".to_owned(), 3), ("o'two".to_owned(), 2)];
        let text = Server::ScyllaDb.create_keyspace("plenum", &replication);
        assert!(text.contains("'one': 3, 'o''two': 2"), "{text}");
        assert!(text.contains("tablets = {'enabled': false}"), "{text}");
        let text = Server::Cassandra.create_keyspace("plenum", &replication);
        assert!(!text.contains("tablets"), "{text}");
    }
}
