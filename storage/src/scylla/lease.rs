//! Who owns the installation: one node at a time, under a lease with a term.
//!
//! The lease is one row. Its owner renews it by a conditional statement; whoever wants it watches the row, and takes it when it has not
//! moved for longer than the lease holds, by their own clock. A lease counts from before its renewal was sent, on a clock that goes on
//! while the machine sleeps. A node that comes back after a crash recognises its own lease by a mark in its folder, which it alone holds
//! open, and need not wait.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use super::{
    client::Client,
    failure::{Fault, Result},
    options::{LEASE_MARGIN, LEASE_RENEWAL, LEASE_TIME},
};

/// The lease on everything: the only one so far.
const NAME: &str = "installation";

/// A lease's row.
type Row = (Uuid, Uuid, i64, i64, bool);

/// Milliseconds since the machine was started, sleep included.
fn now_ms() -> i64 {
    // Linux alone has the clock that counts sleep.
    #[cfg(target_os = "linux")]
    let now = clock_gettime(ClockId::Boottime);
    #[cfg(not(target_os = "linux"))]
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A lease that this process has taken.
pub(super) struct Lease {
    owner: Uuid,
    pub(super) term: u32,
    beat: AtomicI64,
    /// Until when it holds, on the clock of [`now_ms`].
    until_ms: AtomicI64,
    is_lost: AtomicBool,
}

/// How a renewal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It holds for another while.
    Renewed,
    /// The servers did not say; it is tried again.
    Open,
    /// Somebody else has it.
    Lost,
}

impl Lease {
    fn new(owner: Uuid, term: i64, asked_ms: i64) -> Result<Self> {
        let term = u32::try_from(term).map_err(|_| Fault::Broken("the terms are used up".to_owned()))?;
        Ok(Self {
            owner,
            term,
            beat: AtomicI64::new(1),
            until_ms: AtomicI64::new(asked_ms + millis(LEASE_TIME)),
            is_lost: AtomicBool::new(false),
        })
    }

    /// Whether what ended now was done under the lease.
    pub(super) fn holds(&self) -> bool {
        !self.is_lost.load(Ordering::SeqCst) && now_ms() < self.until_ms.load(Ordering::SeqCst)
    }

    /// Renews it. Also after its time: as long as nobody has taken it, nothing has happened in between.
    pub(super) async fn renew(&self, client: &Client) -> Renewal {
        let asked_ms = now_ms();
        let beat = self.beat.load(Ordering::SeqCst);
        let values = (beat + 1, NAME, self.owner, i64::from(self.term), beat);
        let outcome = match client.condition(&client.statements.renew_lease, values).await {
            Ok(true) => Ok(Some(beat + 1)),
            Ok(false) | Err(Fault::Unknown(_)) => self.own_beat(client).await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(Some(now)) => {
                self.beat.store(now, Ordering::SeqCst);
                if now > beat {
                    self.until_ms.store(asked_ms + millis(LEASE_TIME), Ordering::SeqCst);
                }
                Renewal::Renewed
            }
            Ok(None) => {
                self.is_lost.store(true, Ordering::SeqCst);
                Renewal::Lost
            }
            Err(_) => Renewal::Open,
        }
    }

    /// The beat as stored; None: it is not ours any more.
    async fn own_beat(&self, client: &Client) -> Result<Option<i64>> {
        let found = client.row::<Row>(&client.statements.lease, (NAME,)).await?;
        let own = found.filter(|(owner, _, term, ..)| *owner == self.owner && *term == i64::from(self.term));
        Ok(own.map(|(.., beat, _)| beat))
    }

    /// Gives it back, so that the next owner need not wait.
    pub(super) async fn release(&self, client: &Client) {
        self.is_lost.store(true, Ordering::SeqCst);
        let values = (NAME, self.owner, i64::from(self.term));
        if let Err(fault) = client.condition(&client.statements.release_lease, values).await {
            let error = crate::StoreError::from(fault);
            tracing::info!(%error, "the lease was not given back; it ends by itself");
        }
    }
}

/// Who wants the lease.
pub(super) struct Claimant {
    pub(super) node: String,
    /// The mark in the node's folder.
    pub(super) place: Uuid,
}

/// Waits until the lease is free and takes it. `waiting` is told once that somebody else has it.
pub(super) async fn take(client: &Client, claimant: &Claimant, waiting: impl Fn()) -> Result<Lease> {
    let owner = Uuid::new_v4();
    let mut seen: Option<(Row, i64)> = None;
    loop {
        let asked_ms = now_ms();
        let found = client.row::<Row>(&client.statements.lease, (NAME,)).await?;
        let Some(row) = found else {
            let values = (NAME, owner, &claimant.node, claimant.place);
            match client.condition(&client.statements.first_lease, values).await {
                Ok(true) => return Lease::new(owner, 1, asked_ms),
                Ok(false) | Err(Fault::Unknown(_)) => continue,
                Err(fault) => return Err(fault),
            }
        };
        let (from_owner, place, from_term, from_beat, released) = row;
        if from_owner == owner {
            // An answer was lost: it was applied.
            return Lease::new(owner, from_term, asked_ms);
        }
        let since_ms = match seen {
            Some((before, since_ms)) if before == row => since_ms,
            _ => {
                if seen.is_none() && !released && place != claimant.place {
                    waiting();
                }
                seen = Some((row, asked_ms));
                asked_ms
            }
        };
        let is_over = asked_ms - since_ms >= millis(LEASE_TIME + LEASE_MARGIN);
        if released || is_over || place == claimant.place {
            let values = (
                owner,
                &claimant.node,
                claimant.place,
                from_term + 1,
                NAME,
                from_owner,
                from_term,
                from_beat,
            );
            match client.condition(&client.statements.claim_lease, values).await {
                Ok(true) => return Lease::new(owner, from_term + 1, asked_ms),
                Ok(false) | Err(Fault::Unknown(_)) => {}
                Err(fault) => return Err(fault),
            }
        } else {
            tokio::time::sleep(LEASE_RENEWAL / 4).await;
        }
    }
}
