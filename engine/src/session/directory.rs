//! The node's sessions: by user for those who decide about them, by secret for requests that carry a stream's commands.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix::Addr;
use protocol::UserId;
use uuid::Uuid;

use super::{Control, Session};

/// The node's connected sessions. Cloning shares them.
#[derive(Clone, Default)]
pub struct Sessions {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    by_user: HashMap<UserId, Vec<(Uuid, Addr<Session>)>>,
    /// Streams: their commands come in requests of their own.
    by_secret: HashMap<Uuid, Addr<Session>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every session of a user, or only one of its connections; how many there were.
    pub fn tell(&self, user: &UserId, client: Option<Uuid>, control: &Control) -> usize {
        let state = self.lock();
        let sessions = state.by_user.get(user).map_or(&[][..], Vec::as_slice);
        let chosen = sessions
            .iter()
            .filter(|(id, _)| client.is_none_or(|client| client == *id));
        chosen.map(|(_, session)| session.do_send(control.clone())).count()
    }

    /// The ids of a user's connections.
    pub fn clients(&self, user: &UserId) -> Vec<Uuid> {
        let state = self.lock();
        let sessions = state.by_user.get(user).map_or(&[][..], Vec::as_slice);
        sessions.iter().map(|(client, _)| *client).collect()
    }

    /// The stream that belongs to a secret.
    pub fn stream(&self, secret: Uuid) -> Option<Addr<Session>> {
        self.lock().by_secret.get(&secret).cloned()
    }

    /// How many different users are connected.
    pub fn users(&self) -> usize {
        self.lock().by_user.len()
    }

    pub(super) fn enter(&self, user: &UserId, client: Uuid, session: Addr<Session>) {
        // The anonymous user is nobody whom anything could be told.
        if user.is_anonymous() {
            return;
        }
        self.lock()
            .by_user
            .entry(user.clone())
            .or_insert_with(|| Vec::with_capacity(1))
            .push((client, session));
    }

    pub(super) fn enter_stream(&self, secret: Uuid, session: Addr<Session>) {
        self.lock().by_secret.insert(secret, session);
    }

    pub(super) fn leave(&self, user: &UserId, client: Uuid, secret: Option<Uuid>) {
        let mut state = self.lock();
        if let Some(sessions) = state.by_user.get_mut(user) {
            sessions.retain(|(id, _)| *id != client);
            if sessions.is_empty() {
                state.by_user.remove(user);
            }
        }
        if let Some(secret) = secret {
            state.by_secret.remove(&secret);
        }
        if state.by_user.len() * 4 < state.by_user.capacity() {
            state.by_user.shrink_to_fit();
        }
    }
}
