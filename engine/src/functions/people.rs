//! People as functions name and show them.

use protocol::{Error, ErrorCode, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::{Role, User};

use crate::{Engine, limits::PEOPLE_PER_CALL_MAX, timestamp::Timestamp};

/// Unknown people that a refusal names at most.
const NAMED_MAX: usize = 10;

/// A public profile.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(super) struct UserObject<'a> {
    /// The user's id.
    #[schemars(with = "String")]
    user_id: &'a UserId,
    /// The user's name.
    username: &'a str,
    /// Free JSON object.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    info: &'a RawValue,
    /// The status line.
    status: &'a str,
    /// When the account was made.
    created: Timestamp,
}

impl<'a> UserObject<'a> {
    pub(super) fn new(user: &'a User) -> Self {
        let info = serde_json::from_slice(&user.info).or_else(|_| serde_json::from_str("{}"));
        Self {
            user_id: &user.id,
            username: &user.username,
            info: info.unwrap_or(RawValue::NULL),
            status: &user.status,
            created: Timestamp(user.created_ms),
        }
    }
}

/// A role, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Role")]
pub(super) enum RoleParam {
    /// Reads and writes.
    Member,
    /// Also deletes others' messages, adds and removes people.
    Moderator,
    /// Also renames and deletes the chat.
    Owner,
}

impl From<RoleParam> for Role {
    fn from(role: RoleParam) -> Self {
        match role {
            RoleParam::Member => Self::Member,
            RoleParam::Moderator => Self::Moderator,
            RoleParam::Owner => Self::Owner,
        }
    }
}

/// A person in a list: the user id alone, or an object with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Person")]
pub(super) enum PersonParam {
    /// The user id.
    Id(String),
    /// The user id and more.
    Object {
        /// The user id.
        #[serde(alias = "userId")]
        user_id: String,
        /// The role in the chat; by default `member`.
        #[serde(default)]
        role: Option<RoleParam>,
    },
}

impl PersonParam {
    /// The user id as given.
    pub(super) fn user_id(&self) -> &str {
        match self {
            Self::Id(user_id) | Self::Object { user_id, .. } => user_id,
        }
    }

    fn role(&self) -> Role {
        match self {
            Self::Object { role: Some(role), .. } => (*role).into(),
            _ => Role::Member,
        }
    }
}

impl Engine {
    /// The people that a call names, each once, in the order of the call; all of them have accounts, and are no guests.
    ///
    /// # Errors
    /// `Invalid`, naming those without an account, or when there are too many.
    pub(super) async fn named_people(&self, named: &[PersonParam]) -> Result<Vec<(UserId, Role)>, Error> {
        if named.len() > PEOPLE_PER_CALL_MAX {
            let words = format!("participants: at most {PEOPLE_PER_CALL_MAX} in one call");
            return Err(Error::new(ErrorCode::Invalid, words));
        }
        let mut people: Vec<(UserId, Role)> = Vec::with_capacity(named.len());
        let mut seen = std::collections::HashSet::with_capacity(named.len());
        let mut unknown = Vec::new();
        for person in named {
            if !seen.insert(person.user_id()) {
                continue;
            }
            match self.known(person.user_id()).await? {
                Some(user) => people.push((user, person.role())),
                None => unknown.push(person.user_id()),
            }
        }
        if unknown.is_empty() {
            return Ok(people);
        }
        unknown.truncate(NAMED_MAX);
        let words = format!("participants: unknown users: {}", unknown.join(", "));
        Err(Error::new(ErrorCode::Invalid, words))
    }

    async fn known(&self, user_id: &str) -> Result<Option<UserId>, Error> {
        let Ok(user) = user_id.parse() else {
            return Ok(None);
        };
        let person = self.person(&user).await?;
        // A guest is in one room and comes into no other.
        Ok(person.filter(|person| !person.is_guest()).map(|_| user))
    }

    /// A user's name; empty when the account is gone.
    pub(super) async fn username(&self, user: &UserId) -> Result<String, Error> {
        Ok(self
            .person(user)
            .await?
            .map(|person| person.username)
            .unwrap_or_default())
    }
}
