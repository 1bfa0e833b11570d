//! Marks: how far people have read. They only move forward: each column is written with its own seq as timestamp, so whatever the order
//! in which writes arrive, the furthest stays.

use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};

use super::{
    ScyllaStore, Shared,
    cells::Cell,
    client::Values,
    failure::Result,
    options::{BATCH_ROWS_MAX, CALL_STATEMENTS_AT_ONCE},
    rows::{self, MarkRow, signed, unsigned},
    stamp::stamp,
    statements::{Statement, Statements},
};
use crate::{Mark, MarkRepository, StoreError, TopMarks};

#[async_trait]
impl MarkRepository for ScyllaStore {
    async fn advance_mark(&self, room: RoomId, user: &UserId, mark: Mark) -> Result<(Mark, Mark), StoreError> {
        let shared = self.shared();
        shared.check_lease()?;
        let cell = shared.cells.get(room);
        let before = stored(&shared, &cell, user).await?;
        let now = before.advanced(mark);
        if now != before {
            let moved = HashMap::from([(user.clone(), now)]);
            write_all(&shared, room, &moved).await?;
            raise(&cell, user, now).await;
        }
        Ok((before, now))
    }

    async fn mark(&self, room: RoomId, user: &UserId) -> Result<Mark, StoreError> {
        let shared = self.shared();
        let cell = shared.cells.get(room);
        Ok(stored(&shared, &cell, user).await?)
    }

    async fn top_marks(&self, room: RoomId) -> Result<TopMarks, StoreError> {
        let shared = self.shared();
        let cell = shared.cells.get(room);
        let mut top = cell.top_marks.lock().await;
        if top.is_none() {
            let loaded = load_top(&shared, &cell).await?;
            if shared.lease.is_none() {
                return Ok(loaded);
            }
            *top = Some(loaded);
        }
        Ok(top.clone().unwrap_or_default())
    }
}

/// One person's mark: as stored, and as moved by entries since.
pub(super) async fn stored(shared: &Shared, cell: &Cell, user: &UserId) -> Result<Mark> {
    let client = &shared.client;
    // Also what was behind before the row was read: it may be written, and not behind any more, while the row is on its way.
    let before = with_behind(cell, user, Mark::default());
    let values = (cell.room.key(), user.as_str());
    let found = client.row::<MarkRow>(&client.statements.mark, values).await?;
    let mark = found.map(|row| row.mark()).transpose()?.unwrap_or_default();
    Ok(with_behind(cell, user, mark.advanced(before)))
}

/// What of one person's marks is not written yet, by room.
pub(super) fn behind_of(shared: &Shared, user: &UserId) -> HashMap<RoomId, Mark> {
    let cells = shared.cells.behind();
    let moved = cells
        .iter()
        .filter_map(|cell| Some((cell.room, *cell.behind().marks.get(user)?)));
    moved.collect()
}

/// A mark with what entries have moved and is not written yet.
pub(super) fn with_behind(cell: &Cell, user: &UserId, mark: Mark) -> Mark {
    let moved = cell.behind().marks.get(user).copied();
    moved.map_or(mark, |moved| mark.advanced(moved))
}

/// Writes marks of one room, by user and by room in few mutations. The rows by room come last: they say whether a mark has to be written,
/// so one whose writing broke off is written again by whoever repeats it.
pub(super) async fn write_all(shared: &Shared, room: RoomId, moved: &HashMap<UserId, Mark>) -> Result<()> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    stream::iter(moved)
        .map(Ok)
        .try_for_each_concurrent(CALL_STATEMENTS_AT_ONCE, |(user, mark)| {
            write_by_user(shared, room, user, mark)
        })
        .await?;
    let by_room = moved
        .iter()
        .flat_map(|(user, mark)| writes_by_room(statements, room, user, mark));
    let mut by_room: Vec<_> = by_room.collect();
    while !by_room.is_empty() {
        let rest = by_room.split_off(by_room.len().min(BATCH_ROWS_MAX));
        client.batch(std::mem::replace(&mut by_room, rest)).await?;
    }
    Ok(())
}

/// What writes a mark among those of its room.
pub(super) fn writes_by_room<'a>(
    statements: &'a Statements,
    room: RoomId,
    user: &UserId,
    mark: &Mark,
) -> Vec<(&'a Statement, Values)> {
    let mut writes = Vec::with_capacity(2);
    if mark.read_seq > 0 {
        writes.push((&statements.mark_read, boxed_read(room, user, mark)));
    }
    if mark.received_seq > 0 {
        writes.push((&statements.mark_received, boxed_received(room, user, mark)));
    }
    writes
}

fn boxed_read(room: RoomId, user: &UserId, mark: &Mark) -> Values {
    let user = user.as_str().to_owned();
    Box::new((
        stamp(mark.read_seq),
        signed(mark.read_seq),
        signed(mark.read_number),
        room.key(),
        user,
    ))
}

fn boxed_received(room: RoomId, user: &UserId, mark: &Mark) -> Values {
    let user = user.as_str().to_owned();
    Box::new((stamp(mark.received_seq), signed(mark.received_seq), room.key(), user))
}

async fn write_by_user(shared: &Shared, room: RoomId, user: &UserId, mark: &Mark) -> Result<()> {
    let client = &shared.client;
    client.batch(writes_by_user(&client.statements, room, user, mark)).await
}

/// What writes a mark among those of its user.
pub(super) fn writes_by_user<'a>(
    statements: &'a Statements,
    room: RoomId,
    user: &UserId,
    mark: &Mark,
) -> Vec<(&'a Statement, Values)> {
    let name = user.as_str().to_owned();
    let received = (
        stamp(mark.received_seq),
        signed(mark.received_seq),
        name.clone(),
        room.key(),
    );
    let mut writes: Vec<(_, Values)> = vec![(&statements.mark_received_by_user, Box::new(received))];
    if mark.read_seq > 0 {
        let read = (
            stamp(mark.read_seq),
            signed(mark.read_seq),
            signed(mark.read_number),
            name,
            room.key(),
        );
        writes.push((&statements.mark_read_by_user, Box::new(read)));
    }
    writes
}

/// Marks that moved with entries: seen at once, written behind.
pub(super) fn moved_with(cell: &Cell, moved: &[(UserId, Mark)]) {
    if moved.is_empty() {
        return;
    }
    {
        let mut behind = cell.behind();
        for (user, mark) in moved {
            let entry = behind.marks.entry(user.clone()).or_default();
            *entry = entry.advanced(*mark);
        }
    }
    // Whoever is reading all marks looks at what is behind after that.
    if let Ok(mut top) = cell.top_marks.try_lock()
        && let Some(top) = top.as_mut()
    {
        moved.iter().for_each(|(user, mark)| raise_one(top, user, *mark));
    }
}

/// Somebody has left: their marks go.
pub(super) async fn forget(cell: &Cell, user: &UserId) {
    cell.behind().marks.remove(user);
    *cell.top_marks.lock().await = None;
}

async fn raise(cell: &Cell, user: &UserId, mark: Mark) {
    if let Some(top) = cell.top_marks.lock().await.as_mut() {
        raise_one(top, user, mark);
    }
}

fn raise_one(top: &mut TopMarks, user: &UserId, mark: Mark) {
    raise_in(&mut top.read, user, mark.read_seq);
    raise_in(&mut top.received, user, mark.received_seq);
}

/// Keeps the two furthest of different people.
fn raise_in(top: &mut Vec<(UserId, u64)>, user: &UserId, seq: u64) {
    if seq == 0 {
        return;
    }
    match top.iter_mut().find(|(known, _)| known == user) {
        Some((_, furthest)) => *furthest = seq.max(*furthest),
        None => top.push((user.clone(), seq)),
    }
    top.sort_by_key(|(_, seq)| std::cmp::Reverse(*seq));
    top.truncate(2);
}

async fn load_top(shared: &Shared, cell: &Cell) -> Result<TopMarks> {
    let client = &shared.client;
    let values = (cell.room.key(),);
    let before = cell.behind().marks.clone();
    let all = client
        .rows::<(String, Option<i64>, Option<i64>)>(&client.statements.marks_of_room, values)
        .await?;
    let mut top = TopMarks::default();
    for (user, read_seq, received_seq) in all {
        let mark = Mark {
            read_seq: unsigned(read_seq.unwrap_or_default())?,
            read_number: 0,
            received_seq: unsigned(received_seq.unwrap_or_default())?,
        };
        raise_one(&mut top, &rows::user(&user)?, mark);
    }
    for (user, mark) in before.iter().chain(&cell.behind().marks) {
        raise_one(&mut top, user, *mark);
    }
    Ok(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_furthest_are_kept_and_are_different_people() {
        let mut top = Vec::new();
        let user = |name: &str| -> UserId { name.parse().expect("an id") };
        for (name, seq) in [
            ("alice", 3),
            ("bob", 5),
            ("carol", 4),
            ("bob", 9),
            ("alice", 0),
            ("carol", 2),
        ] {
            raise_in(&mut top, &user(name), seq);
        }
        assert_eq!(top, [(user("bob"), 9), (user("carol"), 4)]);
    }
}
