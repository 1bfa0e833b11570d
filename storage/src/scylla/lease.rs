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
    connect::Pauses,
    failure::{Fault, Result},
    options::{LEASE_MARGIN, LEASE_RENEWAL, LEASE_TIME, RETRY_PAUSE},
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
    /// When the first renewal was sent of which it is not known whether it moved the beat; 0: none.
    open_since_ms: AtomicI64,
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
            open_since_ms: AtomicI64::new(0),
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
        // A beat that moved without saying so may have moved with the first renewal that was not answered: whoever watches it has
        // counted from there.
        let open_since_ms = match self.open_since_ms.load(Ordering::SeqCst) {
            0 => asked_ms,
            earlier_ms => earlier_ms,
        };
        self.open_since_ms.store(open_since_ms, Ordering::SeqCst);
        let outcome = match client.condition(&client.statements.renew_lease, values).await {
            Ok(true) => Ok(Some((beat + 1, asked_ms))),
            Ok(false) | Err(Fault::Unknown(_)) => self.own_beat(client).await.map(|now| Some((now?, open_since_ms))),
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(Some((now, from_ms))) => {
                self.beat.store(now, Ordering::SeqCst);
                if now > beat {
                    self.until_ms.store(from_ms + millis(LEASE_TIME), Ordering::SeqCst);
                    self.open_since_ms.store(0, Ordering::SeqCst);
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

/// Waits until the lease is free and takes it. `waiting` is told once that somebody else has it. Servers that are busy are asked again.
pub(super) async fn take(client: &Client, claimant: &Claimant, waiting: impl Fn()) -> Result<Lease> {
    let mut claim = Claim {
        client,
        claimant,
        owner: Uuid::new_v4(),
        seen: None,
        claimed_ms: None,
    };
    let mut pauses = Pauses::new(RETRY_PAUSE, LEASE_RENEWAL);
    loop {
        match claim.attempt(&waiting).await {
            Ok(Attempt::Taken(lease)) => return Ok(lease),
            Ok(Attempt::Again) => {}
            Ok(Attempt::Later) => tokio::time::sleep(LEASE_RENEWAL / 4).await,
            Err(Fault::Unavailable(reason)) => {
                tracing::warn!(%reason, "the lease on the installation could not be asked for; it is tried again");
                tokio::time::sleep(pauses.next()).await;
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// How one look at the lease ended.
enum Attempt {
    Taken(Lease),
    /// Something moved: it is looked at again at once.
    Again,
    /// Somebody has it.
    Later,
}

/// Somebody on their way to the lease.
struct Claim<'a> {
    client: &'a Client,
    claimant: &'a Claimant,
    owner: Uuid,
    /// The lease as it was seen, and since when it has not moved.
    seen: Option<(Row, i64)>,
    /// When the first claim was sent whose answer got lost: the lease counts from there.
    claimed_ms: Option<i64>,
}

impl Claim<'_> {
    async fn attempt(&mut self, waiting: &impl Fn()) -> Result<Attempt> {
        let asked_ms = now_ms();
        let statements = &self.client.statements;
        let Some(row) = self.client.row::<Row>(&statements.lease, (NAME,)).await? else {
            let values = (NAME, self.owner, &self.claimant.node, self.claimant.place);
            return self.took(
                self.client.condition(&statements.first_lease, values).await,
                1,
                asked_ms,
            );
        };
        let (from_owner, place, from_term, from_beat, released) = row;
        if from_owner == self.owner {
            // An answer was lost: it was applied.
            let claimed_ms = self.claimed_ms.unwrap_or(asked_ms);
            return Ok(Attempt::Taken(Lease::new(self.owner, from_term, claimed_ms)?));
        }
        let is_own = place == self.claimant.place;
        let since_ms = self.seen_since(row, asked_ms, || {
            if !released && !is_own {
                waiting();
            }
        });
        let is_over = asked_ms - since_ms >= millis(LEASE_TIME + LEASE_MARGIN);
        if !released && !is_over && !is_own {
            return Ok(Attempt::Later);
        }
        let (node, place, term) = (&self.claimant.node, self.claimant.place, from_term + 1);
        let values = (self.owner, node, place, term, NAME, from_owner, from_term, from_beat);
        self.took(
            self.client.condition(&statements.claim_lease, values).await,
            term,
            asked_ms,
        )
    }

    /// What a conditional statement says; where it does not say, the row does.
    fn took(&mut self, was_applied: Result<bool>, term: i64, asked_ms: i64) -> Result<Attempt> {
        match was_applied {
            Ok(true) => Ok(Attempt::Taken(Lease::new(self.owner, term, asked_ms)?)),
            Ok(false) => Ok(Attempt::Again),
            Err(Fault::Unknown(_)) => {
                self.claimed_ms.get_or_insert(asked_ms);
                Ok(Attempt::Again)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Since when the lease is as it is now; `first` is called when it is seen for the first time.
    fn seen_since(&mut self, row: Row, asked_ms: i64, first: impl Fn()) -> i64 {
        match self.seen {
            Some((before, since_ms)) if before == row => since_ms,
            before => {
                if before.is_none() {
                    first();
                }
                self.seen = Some((row, asked_ms));
                asked_ms
            }
        }
    }
}
