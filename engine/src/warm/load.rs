//! Reading a roster for everybody who waits: a few people by name, or all of the room when the questions do not end.

use std::{collections::HashMap, sync::Arc};

use protocol::{RoomId, UserId};
use storage::{MEMBERS_OF_MAX, RoomState, StoreError};

use super::{
    roster::{Loaded, Question, Roster, Standing},
    rosters::Rosters,
};
use crate::limits::{CROWD_PEOPLE, QUESTIONS_PAUSE, ROSTER_MEMBERS_MAX, ROSTER_PAGE_MEMBERS};

/// What is read next, and for whom.
struct Reading {
    questions: Vec<Question>,
    generation: u64,
    /// The room, if it is known.
    state: Option<RoomState>,
    /// Names have been asked for once already, and more people have come: from now on everybody.
    is_everybody_wanted: bool,
    /// When somebody asked last, Unix milliseconds.
    asked_ms: i64,
}

/// Takes care that a reading that breaks off leaves nobody waiting.
struct Loading<'a> {
    rosters: &'a Rosters,
    room: RoomId,
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        if let Some(roster) = self.rosters.lock().rosters.get_mut(&self.room) {
            roster.is_loading = false;
            roster.waiting.clear();
        }
    }
}

impl Rosters {
    /// Reads until nobody waits any more.
    pub(super) async fn load(self: &Arc<Self>, room: RoomId) {
        let _loading = Loading { rosters: self, room };
        while let Some(reading) = self.begin(room) {
            let is_crowd = reading.questions.len() >= CROWD_PEOPLE;
            let names: Vec<UserId> = distinct(&reading.questions);
            let loaded = self.read(room, &reading, &names).await;
            let is_whole = matches!(&loaded, Ok(Some(loaded)) if loaded.is_whole);
            self.end(room, reading, loaded);
            if is_crowd && !is_whole {
                // Those who come meanwhile are asked for together.
                tokio::time::sleep(QUESTIONS_PAUSE).await;
            }
        }
    }

    fn begin(&self, room: RoomId) -> Option<Reading> {
        let mut inner = self.lock();
        let roster = inner.rosters.get_mut(&room)?;
        if roster.waiting.is_empty() {
            roster.is_loading = false;
            return None;
        }
        roster.begin();
        let count = roster.waiting.len().min(MEMBERS_OF_MAX);
        let questions = roster.waiting.drain(..count).collect();
        let asked_ms = roster.asked_ms;
        let known = roster.believed(asked_ms);
        Some(Reading {
            questions,
            generation: roster.generation,
            state: known.map(|known| known.state.clone()),
            is_everybody_wanted: roster.readings > 0 && known.is_none_or(|known| !known.is_whole),
            asked_ms,
        })
    }

    async fn read(&self, room: RoomId, reading: &Reading, names: &[UserId]) -> Result<Option<Loaded>, StoreError> {
        let state = match &reading.state {
            Some(state) => Some(state.clone()),
            None => self.store.room(room).await?,
        };
        let Some(state) = state else { return Ok(None) };
        let members = state.room.members_count;
        let is_whole =
            members <= MEMBERS_OF_MAX as u64 || (reading.is_everybody_wanted && members <= ROSTER_MEMBERS_MAX);
        let people = if is_whole {
            self.everybody(room).await?
        } else {
            self.by_name(room, names).await?
        };
        Ok(Some(Loaded {
            state,
            people,
            is_whole,
        }))
    }

    async fn everybody(&self, room: RoomId) -> Result<HashMap<UserId, Standing>, StoreError> {
        let mut people = HashMap::new();
        let mut after: Option<UserId> = None;
        loop {
            let page = self.store.members(room, after.as_ref(), ROSTER_PAGE_MEMBERS).await?;
            let is_last = page.len() < ROSTER_PAGE_MEMBERS;
            after = page.last().map(|member| member.user.clone());
            people.extend(
                page.into_iter()
                    .map(|member| (member.user.clone(), Standing::Member(member))),
            );
            // People may have come since the room was read; a room that outgrows all bounds is not remembered.
            if is_last || people.len() as u64 > 2 * ROSTER_MEMBERS_MAX {
                return Ok(people);
            }
        }
    }

    async fn by_name(&self, room: RoomId, names: &[UserId]) -> Result<HashMap<UserId, Standing>, StoreError> {
        let mut people: HashMap<UserId, Standing> =
            names.iter().map(|name| (name.clone(), Standing::Stranger)).collect();
        for member in self.store.members_of(room, names).await? {
            people.insert(member.user.clone(), Standing::Member(member));
        }
        Ok(people)
    }

    /// Answers those who waited when the reading began, and all others whom it can answer.
    fn end(&self, room: RoomId, reading: Reading, loaded: Result<Option<Loaded>, StoreError>) {
        for question in reading.questions {
            let answer = match &loaded {
                Ok(Some(loaded)) => Ok(Some((loaded.state.clone(), member_in(&loaded.people, &question.user)))),
                Ok(None) => Ok(None),
                Err(error) => Err(error.clone()),
            };
            // Whoever gave up waiting needs no answer.
            let _ = question.reply.send(answer);
        }
        let Ok(Some(loaded)) = loaded else { return };
        let mut inner = self.lock();
        let Some(roster) = inner.rosters.get_mut(&room) else {
            return;
        };
        roster.keep(loaded, reading.generation, reading.asked_ms);
        answer_waiting(roster, reading.asked_ms);
        let kept = inner.bound(room, reading.asked_ms);
        self.metrics.memberships.set(kept as i64);
    }
}

fn distinct(questions: &[Question]) -> Vec<UserId> {
    let mut names: Vec<UserId> = questions.iter().map(|question| question.user.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn member_in(people: &HashMap<UserId, Standing>, user: &UserId) -> Option<storage::Member> {
    match people.get(user) {
        Some(Standing::Member(member)) => Some(member.clone()),
        _ => None,
    }
}

fn answer_waiting(roster: &mut Roster, now_ms: i64) {
    for question in std::mem::take(&mut roster.waiting) {
        let answer = match roster.standing(&question.user, now_ms) {
            Some((state, Standing::Member(member))) => (state, Some(member)),
            Some((state, Standing::Stranger)) => (state, None),
            Some((_, Standing::Unsettled)) | None => {
                roster.waiting.push(question);
                continue;
            }
        };
        let _ = question.reply.send(Ok(Some(answer)));
    }
}
