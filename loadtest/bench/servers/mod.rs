//! Servers that the bench starts, for the simulator or for a store: each listens where nothing else does and ends when it is dropped.

mod cql;
mod floor;
mod node;

pub(crate) use cql::Cql;
pub(crate) use floor::Floor;
pub(crate) use node::Node;

/// Somebody whom the simulator can be let loose on.
pub(crate) trait Server {
    /// Its address with the scheme.
    fn url(&self) -> &str;
    /// Its process.
    fn pid(&self) -> u32;
    /// What the simulator has to know beside that: options of its command line.
    fn options(&self) -> Vec<String>;
}
