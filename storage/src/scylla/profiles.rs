//! How each kind of statement is sent: consistency, patience, repetitions.
//!
//! - A **read** sees what was acknowledged (LOCAL_QUORUM) and is repeated elsewhere when a replica is slow or gone.
//! - A **write** is acknowledged by a majority (LOCAL_QUORUM). All are idempotent, so they are repeated too.
//! - A **scan** reads like a read, patiently: it walks through a whole table, beside everything else.
//! - A **conditional** statement is never repeated by the driver: whoever sent it reads what came of it.

use std::sync::Arc;

use scylla::{
    client::execution_profile::{ExecutionProfile, ExecutionProfileHandle},
    policies::{
        retry::{DefaultRetryPolicy, FallthroughRetryPolicy},
        speculative_execution::SimpleSpeculativeExecutionPolicy,
    },
    statement::{Consistency, SerialConsistency},
};

use super::options::{CONDITIONAL_TIMEOUT, READ_TIMEOUT, SCAN_TIMEOUT, SPECULATION_DELAY, WRITE_TIMEOUT};

/// One profile for each kind.
#[derive(Clone)]
pub(super) struct Profiles {
    pub(super) read: ExecutionProfileHandle,
    /// Reads of rows that conditional statements wrote, when it matters what came of them.
    pub(super) serial: ExecutionProfileHandle,
    pub(super) write: ExecutionProfileHandle,
    pub(super) conditional: ExecutionProfileHandle,
    pub(super) scan: ExecutionProfileHandle,
}

impl Profiles {
    pub(super) fn new() -> Self {
        let repeated = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(SerialConsistency::LocalSerial))
            .retry_policy(Arc::new(DefaultRetryPolicy::new()))
            .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
                max_retry_count: 1,
                retry_interval: SPECULATION_DELAY,
            })));
        let once = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(SerialConsistency::LocalSerial))
            .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
            .request_timeout(Some(CONDITIONAL_TIMEOUT));
        let scan = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .retry_policy(Arc::new(DefaultRetryPolicy::new()))
            .request_timeout(Some(SCAN_TIMEOUT));
        let read = repeated.clone().request_timeout(Some(READ_TIMEOUT));
        Self {
            serial: read.clone().consistency(Consistency::LocalSerial).build().into_handle(),
            read: read.build().into_handle(),
            write: repeated.request_timeout(Some(WRITE_TIMEOUT)).build().into_handle(),
            conditional: once.build().into_handle(),
            scan: scan.build().into_handle(),
        }
    }
}
