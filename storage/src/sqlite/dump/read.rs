//! Reading the sections that are one table after the other, in the order of their keys.

use protocol::{RoomId, UserId};
use rusqlite::{Connection, Row, ToSql, params};
use uuid::Uuid;

use super::Picture;
use crate::{
    StoreError, UserEntry, UserLogHead,
    dump::{ChannelName, Cursor, DirectPair, DumpRecord, Filling, Login, OWN_META_PREFIX, Page, PageLimit, Section},
    sqlite::{accounts, failure::Fault, invitations, rows, sessions},
};

/// A cursor is none of this section.
pub(super) fn malformed() -> Fault {
    Fault::Refused(StoreError::Failed("not a cursor of this section".to_owned()))
}

/// A page of any section but the whole rooms.
pub(super) fn page(
    picture: &Picture,
    section: Section,
    after: Option<&Cursor>,
    limit: PageLimit,
) -> Result<Page, Fault> {
    let (connection, filling) = (&picture.connection, Filling::new(limit));
    match section {
        Section::Rooms | Section::RoomHeads => super::rooms::heads(picture, after, filling),
        Section::Meta => meta(connection, after, filling),
        Section::Users => users(connection, after, filling),
        Section::Logins => logins(connection, after, filling),
        Section::DirectPairs => direct_pairs(connection, after, filling),
        Section::Channels => channels(connection, after, filling),
        Section::Invitations => all_invitations(connection, after, filling),
        Section::UserLogs => user_logs(picture, after, filling),
    }
}

/// The text that a cursor is; before every other one where there is none.
fn text(after: Option<&Cursor>) -> Result<&str, Fault> {
    let Some(Cursor(bytes)) = after else { return Ok("") };
    std::str::from_utf8(bytes).map_err(|_| malformed())
}

/// Fills a page from a query; each row gives its record and the cursor behind it.
fn fill(
    connection: &Connection,
    query: &str,
    behind: &[&dyn ToSql],
    mut filling: Filling,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<(DumpRecord, Vec<u8>)>,
) -> Result<Page, Fault> {
    let mut statement = connection.prepare_cached(query)?;
    let mut found = statement.query(behind)?;
    while let Some(row) = found.next()? {
        let (record, place) = read(row)?;
        filling.push(record);
        if filling.is_full() {
            return Ok(filling.end(Some(place)));
        }
    }
    Ok(filling.end(None))
}

fn meta(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = "SELECT key, value FROM meta WHERE key > ?1 AND substr(key, 1, ?2) <> ?3 ORDER BY key";
    let own = OWN_META_PREFIX.len() as i64;
    fill(
        connection,
        query,
        params![text(after)?, own, OWN_META_PREFIX],
        filling,
        |row| {
            let key: String = row.get(0)?;
            let place = key.clone().into_bytes();
            Ok((DumpRecord::Meta(key, row.get(1)?), place))
        },
    )
}

fn users(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = format!(
        "SELECT {} FROM users u WHERE u.user > ?1 ORDER BY u.user",
        accounts::USER
    );
    fill(connection, &query, params![text(after)?], filling, |row| {
        let user = accounts::read_user(row)?;
        let place = user.id.as_str().as_bytes().to_vec();
        Ok((DumpRecord::User(user), place))
    })
}

fn logins(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = format!(
        "SELECT {} FROM auth_sessions WHERE session > ?1 ORDER BY session",
        sessions::SESSION
    );
    let behind = after.map_or(&[][..], |cursor| &cursor.0);
    fill(connection, &query, params![behind], filling, |row| {
        let session = sessions::session(row)?;
        let place = session.id.as_bytes().to_vec();
        let replaced = replaced(connection, session.id)?;
        Ok((DumpRecord::Login(Login { session, replaced }), place))
    })
}

fn replaced(connection: &Connection, session: Uuid) -> rusqlite::Result<Vec<([u8; 32], u64)>> {
    connection
        .prepare_cached(
            "SELECT refresh_hash, replaced FROM refresh_hashes WHERE session = ?1 AND replaced > 0 ORDER BY replaced",
        )?
        .query_map([session.as_bytes()], |row| {
            Ok((rows::hash(row, 0)?, rows::unsigned(row, 1)?))
        })?
        .collect()
}

fn direct_pairs(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = "SELECT low, high, room FROM direct_rooms WHERE (low, high) > (?1, ?2) ORDER BY low, high";
    // No user id holds a control character.
    let (low, high) = match after {
        None => ("", ""),
        Some(_) => text(after)?.split_once('\0').ok_or_else(malformed)?,
    };
    fill(connection, query, params![low, high], filling, |row| {
        let pair = DirectPair {
            low: rows::user(row, 0)?,
            high: rows::user(row, 1)?,
            room: RoomId::from_key(row.get(2)?),
        };
        let place = format!("{}\0{}", pair.low, pair.high).into_bytes();
        Ok((DumpRecord::DirectPair(pair), place))
    })
}

fn channels(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = "SELECT name, room FROM channels WHERE name > ?1 ORDER BY name";
    fill(connection, query, params![text(after)?], filling, |row| {
        let channel = ChannelName {
            name: row.get(0)?,
            room: RoomId::from_key(row.get(1)?),
        };
        let place = channel.name.clone().into_bytes();
        Ok((DumpRecord::Channel(channel), place))
    })
}

fn all_invitations(connection: &Connection, after: Option<&Cursor>, filling: Filling) -> Result<Page, Fault> {
    let query = format!(
        "SELECT {} FROM invitations WHERE room > ?1 ORDER BY room",
        invitations::INVITATION
    );
    let behind = match after {
        None => i64::MIN,
        Some(Cursor(bytes)) => i64::from_be_bytes(bytes[..].try_into().map_err(|_| malformed())?),
    };
    fill(connection, &query, params![behind], filling, |row| {
        let invitation = invitations::invitation(row)?;
        let place = invitation.room.key().to_be_bytes().to_vec();
        Ok((DumpRecord::Invitation(invitation), place))
    })
}

/// A cursor is a user whose end has been given, and the last seq of theirs.
fn user_logs(picture: &Picture, after: Option<&Cursor>, mut filling: Filling) -> Result<Page, Fault> {
    let mut least = String::new();
    if let Some(Cursor(bytes)) = after {
        let (seq, name) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
        let name = std::str::from_utf8(name).map_err(|_| malformed())?;
        let mut seq = u64::from_be_bytes(*seq);
        if !user_entries(&picture.connection, name, &mut seq, &mut filling)? {
            return Ok(filling.end(Some(user_place(seq, name))));
        }
        least = format!("{name}\0");
    }
    while let Some((next, head)) = next_user_log(picture, &least)? {
        filling.push(DumpRecord::UserLog(next.clone(), head));
        let mut seq = 0;
        if filling.is_full() || !user_entries(&picture.connection, next.as_str(), &mut seq, &mut filling)? {
            return Ok(filling.end(Some(user_place(seq, next.as_str()))));
        }
        // No user id holds a control character.
        least = format!("{next}\0");
    }
    Ok(filling.end(None))
}

fn user_place(seq: u64, user: &str) -> Vec<u8> {
    [&seq.to_be_bytes()[..], user.as_bytes()].concat()
}

/// The first user with a light log whose id is not less than this text.
fn next_user_log(picture: &Picture, least: &str) -> Result<Option<(UserId, UserLogHead)>, Fault> {
    let mut statement = picture
        .connection
        .prepare_cached("SELECT user, epoch, seq FROM user_logs WHERE user >= ?1 ORDER BY user LIMIT 1")?;
    let mut found = statement.query([least])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let head = UserLogHead {
        epoch: picture.salt.out(row.get(1)?),
        seq: rows::unsigned(row, 2)?,
    };
    Ok(Some((rows::user(row, 0)?, head)))
}

/// Takes a user's entries from behind a seq, which goes along; whether that was all.
fn user_entries(connection: &Connection, name: &str, seq: &mut u64, filling: &mut Filling) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT user, seq, time_ms, body FROM user_entries WHERE user = ?1 AND seq > ?2 ORDER BY seq",
    )?;
    let mut found = statement.query(params![name, rows::signed(*seq)])?;
    while let Some(row) = found.next()? {
        let entry = UserEntry {
            seq: rows::unsigned(row, 1)?,
            time_ms: row.get(2)?,
            body: rows::bytes(row, 3)?,
        };
        *seq = entry.seq;
        filling.push(DumpRecord::UserEntry(rows::user(row, 0)?, entry));
        if filling.is_full() {
            return Ok(false);
        }
    }
    Ok(true)
}
