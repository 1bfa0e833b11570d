//! Reads a channel's log by place, and empties it.

use std::collections::BTreeMap;

use protocol::{
    Error,
    client::{self, Publication, StreamPosition},
    payload::Payload,
};
use serde::{Deserialize, Serialize};

use super::{
    fields,
    methods::Method,
    reply::{Client, Nothing, as_documented},
};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct HistoryRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
    /// 0: only the place; below 0: as many as the server gives at once.
    #[serde(default, deserialize_with = "fields::nullable")]
    limit: i32,
    #[serde(default)]
    since: Option<Since>,
    #[serde(default, deserialize_with = "fields::nullable")]
    reverse: bool,
}

#[derive(Deserialize)]
struct Since {
    #[serde(default, deserialize_with = "fields::nullable")]
    offset: u64,
    #[serde(default, deserialize_with = "fields::nullable")]
    epoch: String,
}

#[derive(Serialize)]
pub(super) struct Page {
    publications: Vec<Published>,
    epoch: String,
    offset: u64,
}

#[derive(Serialize)]
struct Published {
    data: Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<Client>,
    offset: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

impl From<Publication> for Published {
    fn from(publication: Publication) -> Self {
        Self {
            data: publication.data,
            info: publication.info.map(Into::into),
            offset: publication.offset,
            tags: publication.tags,
        }
    }
}

impl Method for HistoryRequest {
    type Answer = Page;

    async fn call(self, gateway: &Gateway) -> Result<Page, Error> {
        let channel = fields::channel(&self.channel)?;
        let request = client::HistoryRequest {
            channel: self.channel,
            limit: self.limit,
            since: self.since.map(|since| StreamPosition {
                offset: since.offset,
                epoch: since.epoch,
            }),
            reverse: self.reverse,
        };
        let page = gateway
            .engine
            .history_of(&channel, &request)
            .await
            .map_err(as_documented)?;
        Ok(Page {
            publications: page.publications.into_iter().map(Into::into).collect(),
            epoch: page.epoch,
            offset: page.offset,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct HistoryRemoveRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    channel: String,
}

impl Method for HistoryRemoveRequest {
    type Answer = Nothing;

    async fn call(self, gateway: &Gateway) -> Result<Nothing, Error> {
        let channel = fields::channel(&self.channel)?;
        gateway.engine.remove_history(&channel).await.map_err(as_documented)?;
        Ok(Nothing {})
    }
}
