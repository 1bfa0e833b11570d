//! Whom a token admits: signature, login and account, with as few reads as a wave of reconnects needs.

use protocol::{Error, ErrorCode, UserId};
use storage::{AuthSession, Origin, StoreError, User, UserRole};
use uuid::Uuid;

use super::cache::Recent;
use crate::{Caller, ConnectionClaims, Engine, TokenError, accounts::username, failure, limits, metrics::LookedUp};

/// What is remembered of an account for a moment.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The login name; it never changes.
    pub(crate) username: String,
    role: UserRole,
    origin: Origin,
}

impl Person {
    /// Whether an invitation let them in.
    pub(crate) fn is_guest(&self) -> bool {
        self.role == UserRole::Guest
    }
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            role: user.role,
            origin: user.origin,
        }
    }
}

/// What has been read of accounts and logins within the last seconds.
pub(crate) struct Admissions {
    people: Recent<UserId, Person>,
    alive: Recent<Uuid, UserId>,
    /// Logins that ended on this node: stronger than `alive`, which a read under way may fill after the end.
    ended: Recent<Uuid, ()>,
}

impl Admissions {
    /// Nothing remembered.
    pub(crate) fn new() -> Self {
        Self {
            people: Recent::new(limits::PEOPLE_CACHED_MAX, limits::PEOPLE_BELIEVED_MS),
            alive: Recent::new(limits::PEOPLE_CACHED_MAX, limits::PEOPLE_BELIEVED_MS),
            ended: Recent::new(limits::PEOPLE_CACHED_MAX, 10 * limits::PEOPLE_BELIEVED_MS),
        }
    }

    /// A login has ended: its tokens admit nobody from now on.
    pub(crate) fn session_ended(&self, session: Uuid, now_ms: i64) {
        self.ended.put(session, (), now_ms);
        self.alive.remove(&session);
    }

    /// Whether a login is known to have ended on this node a short while ago.
    pub(crate) fn has_ended(&self, session: Uuid, now_ms: i64) -> bool {
        self.ended.get(&session, now_ms).is_some()
    }

    fn keep_session(&self, session: &AuthSession, now_ms: i64) {
        self.alive.put(session.id, session.user.clone(), now_ms);
    }
}

impl Engine {
    /// The one that a connection token admits, with what the token says. The user of an outside provider is created at first use.
    ///
    /// # Errors
    /// `TokenExpired`; `Unauthorized` when the token is not valid, its login has ended or its user is not there; `Unavailable`.
    pub async fn caller(&self, token: &str) -> Result<(Caller, ConnectionClaims), Error> {
        let claims = self.claims(token).await?;
        Ok((self.admit(&claims).await?, claims))
    }

    /// What a connection token says. Whether it admits anybody is for [`Self::admit`] to say.
    pub(crate) async fn claims(&self, token: &str) -> Result<ConnectionClaims, Error> {
        self.tokens.connection(token).await.map_err(of_token)
    }

    /// The one whom a connection token speaks of, if their account is there and their login has not ended.
    pub(crate) async fn admit(&self, claims: &ConnectionClaims) -> Result<Caller, Error> {
        let role = if claims.is_outside {
            self.admit_outside(claims).await?
        } else {
            self.admit_own(claims).await?
        };
        Ok(Caller::person(claims.user.clone(), role, claims.auth_session))
    }

    /// Whether a login has ended on this node, so that sockets that live on it should be closed.
    pub fn has_session_ended(&self, session: Uuid) -> bool {
        self.admissions.has_ended(session, self.clock.now_ms())
    }

    /// An account's name and role, as read within the last seconds.
    pub(crate) async fn person(&self, user: &UserId) -> Result<Option<Person>, Error> {
        let now_ms = self.clock.now_ms();
        if let Some(person) = self.admissions.people.get(user, now_ms) {
            self.metrics.looked_up(LookedUp::Memory);
            return Ok(Some(person));
        }
        self.metrics.looked_up(LookedUp::Store);
        let found = self.store.user(user).await.map_err(failure::of_store)?;
        Ok(found.map(|found| self.remember(&found)))
    }

    fn remember(&self, user: &User) -> Person {
        let person = Person::from(user);
        let now_ms = self.clock.now_ms();
        self.admissions.people.put(user.id.clone(), person.clone(), now_ms);
        person
    }

    async fn admit_own(&self, claims: &ConnectionClaims) -> Result<UserRole, Error> {
        let (alive, person) = futures_util::future::join(self.check_login(claims), self.person(&claims.user)).await;
        alive?;
        let person = person?.filter(|person| person.origin == Origin::Own);
        Ok(person.ok_or(ErrorCode::Unauthorized)?.role)
    }

    /// A token without a login (made by an operator) lives until it expires.
    async fn check_login(&self, claims: &ConnectionClaims) -> Result<(), Error> {
        let Some(session) = claims.auth_session else {
            return Ok(());
        };
        let now_ms = self.clock.now_ms();
        if let Some(user) = self.admissions.alive.get(&session, now_ms) {
            self.metrics.looked_up(LookedUp::Memory);
            return is_theirs(&user, claims);
        }
        self.metrics.looked_up(LookedUp::Store);
        let found = self.store.session(session).await.map_err(failure::of_store)?;
        let found = found.ok_or(ErrorCode::Unauthorized)?;
        if self.admissions.has_ended(session, now_ms) || found.expires_ms <= now_ms {
            return Err(ErrorCode::Unauthorized.into());
        }
        self.admissions.keep_session(&found, now_ms);
        // The login may have ended while it was read.
        if self.admissions.has_ended(session, now_ms) {
            self.admissions.alive.remove(&session);
            return Err(ErrorCode::Unauthorized.into());
        }
        is_theirs(&found.user, claims)
    }

    async fn admit_outside(&self, claims: &ConnectionClaims) -> Result<UserRole, Error> {
        let person = match self.person(&claims.user).await? {
            Some(person) => person,
            None => self.create_outside(claims).await?,
        };
        if person.origin != Origin::Outside {
            // An outside provider can't speak for an own account.
            return Err(ErrorCode::Unauthorized.into());
        }
        Ok(person.role)
    }

    async fn create_outside(&self, claims: &ConnectionClaims) -> Result<Person, Error> {
        let wanted = claims.name.as_deref().unwrap_or(claims.user.as_str());
        for attempt in 0..limits::USERNAME_ATTEMPTS {
            let user = User {
                id: claims.user.clone(),
                username: username::for_outside(wanted, attempt > 0),
                password_hash: None,
                origin: Origin::Outside,
                role: UserRole::User,
                info: bytes::Bytes::from_static(b"{}"),
                status: String::new(),
                created_ms: self.clock.now_ms(),
            };
            match self.store.create_user(user.clone()).await {
                Ok(()) => return Ok(self.remember(&user)),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(failure::of_store(error)),
            }
            // Another connection of the same user may have been faster; otherwise the name is taken.
            if let Some(person) = self.person(&claims.user).await? {
                return Ok(person);
            }
        }
        Err(ErrorCode::Unavailable.into())
    }
}

fn is_theirs(user: &UserId, claims: &ConnectionClaims) -> Result<(), Error> {
    if *user == claims.user {
        Ok(())
    } else {
        Err(ErrorCode::Unauthorized.into())
    }
}

fn of_token(error: TokenError) -> Error {
    match error {
        TokenError::Invalid => ErrorCode::Unauthorized.into(),
        TokenError::Expired => ErrorCode::TokenExpired.into(),
        TokenError::Unavailable => ErrorCode::Unavailable.into(),
    }
}
