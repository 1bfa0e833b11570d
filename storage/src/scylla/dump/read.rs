//! Reading the sections that are walks through one table.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;

use super::{Result, Source, scan::Scan};
use crate::{
    AuthSession, Invitation, UserEntry, UserLogHead,
    dump::{ChannelName, Cursor, DirectPair, DumpRecord, Filling, Login, OWN_META_PREFIX, Page, PageLimit, Section},
    scylla::{
        accounts::UserRow,
        client::Client,
        options::CALL_STATEMENTS_AT_ONCE,
        rows::{self, unsigned, wrong},
        sessions::SessionRow,
        user_logs,
    },
};

/// Entries of a user's log that are read at a time.
const USER_ENTRIES_AT_ONCE: usize = 512;
/// Users whose logs are read at the same time.
const USER_LOGS_AT_ONCE: usize = 16;

/// A page of a section whose rows are a record each.
pub(super) async fn page(source: &Source, section: Section, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
    let (mut scan, mut filling) = (Scan::from(after)?, Filling::new(limit));
    loop {
        for record in records(source, section, &mut scan).await? {
            scan.took();
            if let Some(record) = record {
                filling.push(record);
            }
            if filling.is_full() {
                return Ok(filling.end(Some(scan.cursor())));
            }
        }
        if !scan.go_on() {
            return Ok(filling.end(None));
        }
    }
}

/// A record, or nothing, for each row of the page at hand.
async fn records(source: &Source, section: Section, scan: &mut Scan) -> Result<Vec<Option<DumpRecord>>> {
    let (client, statements) = (&source.shared.client, &source.shared.client.statements);
    match section {
        Section::Meta => {
            let rows = scan.rows(client, &statements.scan_meta).await?;
            Ok(rows.into_iter().map(meta).collect())
        }
        Section::Users => {
            let rows = scan.rows::<UserRow>(client, &statements.scan_users).await?;
            let users = rows.into_iter().map(|row| Ok(Some(DumpRecord::User(row.user()?))));
            users.collect()
        }
        Section::Logins => {
            let rows = scan.rows::<SessionRow>(client, &statements.scan_auth_sessions).await?;
            stream::iter(rows)
                .map(|row| async move { Ok(Some(DumpRecord::Login(login(client, row.login()?).await?))) })
                .buffered(CALL_STATEMENTS_AT_ONCE)
                .try_collect()
                .await
        }
        Section::DirectPairs => {
            let rows = scan.rows(client, &statements.scan_direct_rooms).await?;
            rows.into_iter().map(|row| direct_pair(source, row)).collect()
        }
        Section::Channels => {
            let rows = scan.rows(client, &statements.scan_channels).await?;
            Ok(rows.into_iter().map(|row| channel(source, row)).collect())
        }
        Section::Invitations => {
            let rows = scan.rows(client, &statements.scan_invitations).await?;
            Ok(rows.into_iter().map(|row| invitation(source, row)).collect())
        }
        Section::Rooms | Section::RoomHeads | Section::UserLogs => Ok(Vec::new()),
    }
}

fn meta((key, value): (String, Option<Vec<u8>>)) -> Option<DumpRecord> {
    let is_own = key.starts_with(OWN_META_PREFIX);
    (!is_own).then(|| DumpRecord::Meta(key, value.unwrap_or_default()))
}

/// A claim whose room did not come into being, or only after the dump was opened, is none of it.
fn direct_pair(source: &Source, (low, high, room): (String, String, i64)) -> Result<Option<DumpRecord>> {
    let pair = DirectPair {
        low: rows::user(&low)?,
        high: rows::user(&high)?,
        room: RoomId::from_key(room),
    };
    Ok(source.has_room(pair.room).then_some(DumpRecord::DirectPair(pair)))
}

fn channel(source: &Source, (name, room): (String, i64)) -> Option<DumpRecord> {
    let room = RoomId::from_key(room);
    source
        .has_room(room)
        .then(|| DumpRecord::Channel(ChannelName { name, room }))
}

fn invitation(source: &Source, (room, code, created_ms): (i64, String, i64)) -> Option<DumpRecord> {
    let room = RoomId::from_key(room);
    let invitation = Invitation { room, code, created_ms };
    source.has_room(room).then_some(DumpRecord::Invitation(invitation))
}

/// A login with the tokens that it replaced, in the order of their numbers.
async fn login(client: &Client, session: AuthSession) -> Result<Login> {
    let tokens = client
        .rows::<(i64, Vec<u8>)>(&client.statements.refresh_hashes_of, (session.id,))
        .await?;
    let mut replaced = Vec::new();
    for (number, hash) in tokens {
        if number > 0 {
            let hash = hash.try_into().map_err(|_| wrong("a SHA-256"))?;
            replaced.push((hash, unsigned(number)?));
        }
    }
    replaced.sort_unstable_by_key(|(_, number)| *number);
    Ok(Login { session, replaced })
}

/// A user's log: whose, its stored epoch, its end.
type UserLogRow = (String, Option<i64>, Option<i64>);

/// A user's log from a place on.
struct UserLog {
    record: DumpRecord,
    user: protocol::UserId,
    end: u64,
    /// The seq behind the last entry that is here or was given before.
    next: u64,
    entries: Vec<UserEntry>,
}

/// A page of users' logs. `inside` of a cursor is the next seq of a log whose end has been given.
pub(super) async fn user_logs(source: &Source, after: Option<&Cursor>, limit: PageLimit) -> Result<Page> {
    let (mut scan, mut filling) = (Scan::from(after)?, Filling::new(limit));
    loop {
        let statement = &source.shared.client.statements.scan_user_logs;
        let rows = scan.rows::<UserLogRow>(&source.shared.client, statement).await?;
        let inside = scan.inside;
        let mut logs = stream::iter(rows.into_iter().enumerate())
            .map(|(at, row)| begin(source, row, if at == 0 { inside } else { 0 }))
            .buffered(USER_LOGS_AT_ONCE);
        while let Some(log) = logs.next().await {
            let is_whole = match log? {
                Some(log) => take(source, log, &mut scan, &mut filling).await?,
                None => true,
            };
            if is_whole {
                scan.took();
            }
            if filling.is_full() {
                return Ok(filling.end(Some(scan.cursor())));
            }
        }
        drop(logs);
        if !scan.go_on() {
            return Ok(filling.end(None));
        }
    }
}

/// Reads a log's end and its first entries from `inside` on; None: it was never begun.
async fn begin(source: &Source, row: UserLogRow, inside: u64) -> Result<Option<UserLog>> {
    let (name, Some(epoch), head) = row else {
        return Ok(None);
    };
    let (user, end) = (rows::user(&name)?, unsigned(head.unwrap_or_default())?);
    let epoch = source.shared.salt.out(epoch);
    let mut log = UserLog {
        record: DumpRecord::UserLog(user.clone(), UserLogHead { epoch, seq: end }),
        user,
        end,
        next: inside.max(1),
        entries: Vec::new(),
    };
    read_more(source, &mut log).await?;
    Ok(Some(log))
}

async fn read_more(source: &Source, log: &mut UserLog) -> Result<()> {
    if log.next <= log.end {
        let range = (log.next, log.end);
        log.entries = user_logs::entries(&source.shared, &log.user, range, USER_ENTRIES_AT_ONCE).await?;
    }
    Ok(())
}

/// Takes a log into the page; whether that was all of it.
async fn take(source: &Source, mut log: UserLog, scan: &mut Scan, filling: &mut Filling) -> Result<bool> {
    if scan.inside == 0 {
        filling.push(log.record.clone());
        scan.inside = 1;
    }
    loop {
        for entry in std::mem::take(&mut log.entries) {
            if filling.is_full() {
                return Ok(false);
            }
            log.next = entry.seq + 1;
            scan.inside = log.next;
            filling.push(DumpRecord::UserEntry(log.user.clone(), entry));
        }
        if filling.is_full() {
            return Ok(false);
        }
        read_more(source, &mut log).await?;
        if log.entries.is_empty() {
            return Ok(true);
        }
    }
}
