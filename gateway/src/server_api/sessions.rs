//! Which connections a request is about, and telling them.

use engine::session::Control;
use protocol::{Error, UserId};
use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::fields;
use crate::server::Gateway;

/// The connections of one user, or one of them.
#[derive(Deserialize)]
pub(super) struct Whom {
    #[serde(default, deserialize_with = "fields::nullable")]
    user: String,
    #[serde(default, deserialize_with = "fields::nullable")]
    client: String,
    #[serde(default, deserialize_with = "fields::nullable")]
    session: String,
    #[serde(default)]
    label_filter: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "fields::nullable")]
    all_users: bool,
}

impl Whom {
    /// The user, and the connection where one is named.
    ///
    /// # Errors
    /// `BadRequest` for ids that nobody can have, `NotAvailable` for other ways to choose.
    pub(super) fn chosen(&self) -> Result<(UserId, Option<Uuid>), Error> {
        fields::refuse("session", !self.session.is_empty())?;
        fields::refuse("label_filter", self.label_filter.is_some())?;
        fields::refuse("all_users", self.all_users)?;
        Ok((fields::user(&self.user)?, fields::client(&self.client)?))
    }

    /// Tells every chosen connection. That there is none is no error.
    ///
    /// # Errors
    /// As [`Whom::chosen`].
    pub(super) fn tell(&self, gateway: &Gateway, control: &Control) -> Result<(), Error> {
        let (user, client) = self.chosen()?;
        gateway.engine.sessions.tell(&user, client, control);
        Ok(())
    }
}
