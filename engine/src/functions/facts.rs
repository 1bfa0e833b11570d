//! Facts on users' own channels: stored in their light logs, then shown to their devices.

use protocol::{Error, UserId, payload::Payload};
use storage::{UserEntry, UserFact};

use crate::{Channel, Engine};

impl Engine {
    /// Stores facts and shows them. What they tell has happened and has been stored already, so a failure here is logged and
    /// does not fail the call: lists show the same when they are read.
    pub(super) async fn tell(&self, facts: impl IntoIterator<Item = (UserId, Payload)>) {
        let facts: Vec<UserFact> = facts
            .into_iter()
            .map(|(user, body)| UserFact {
                user,
                body: body.bytes(),
            })
            .collect();
        if facts.is_empty() {
            return;
        }
        let now_ms = self.clock.now_ms();
        match self.store.append_facts(facts.clone(), now_ms).await {
            Ok(seqs) => {
                for (fact, seq) in facts.into_iter().zip(seqs) {
                    self.show(fact, seq, now_ms).await;
                }
            }
            Err(error) => tracing::error!(%error, "facts could not be stored"),
        }
    }

    async fn show(&self, fact: UserFact, seq: u64, time_ms: i64) {
        if !self.relays.has_listeners(&Channel::of_user(&fact.user)) {
            return;
        }
        match self.store.user_log_head(&fact.user).await {
            Ok(head) => {
                let entry = UserEntry {
                    seq,
                    time_ms,
                    body: fact.body,
                };
                self.relays.publish_user(&fact.user, head.epoch, entry);
            }
            Err(error) => tracing::warn!(%error, "a fact could not be shown"),
        }
    }

    /// Stores and shows facts whose gathering may have failed.
    pub(super) async fn tell_gathered(&self, facts: Result<impl IntoIterator<Item = (UserId, Payload)>, Error>) {
        match facts {
            Ok(facts) => self.tell(facts).await,
            Err(error) => tracing::error!(%error, "facts could not be gathered"),
        }
    }
}
