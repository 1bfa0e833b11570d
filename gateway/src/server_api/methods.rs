//! The table of methods, and how each is called by name or inside a batch.

use protocol::Error;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    broadcast::BroadcastRequest,
    channels::ChannelsRequest,
    disconnect::DisconnectRequest,
    history::{HistoryRemoveRequest, HistoryRequest},
    info::InfoRequest,
    presence::{PresenceRequest, PresenceStatsRequest},
    publish::PublishRequest,
    refresh::RefreshRequest,
    reply::{Outcome, raw},
    subscribe::{SubscribeRequest, UnsubscribeRequest},
};
use crate::server::Gateway;

/// One method: its parameters, which know how to be carried out.
pub(super) trait Method: DeserializeOwned {
    /// The result.
    type Answer: Serialize;

    /// Carries it out.
    async fn call(self, gateway: &Gateway) -> Result<Self::Answer, Error>;
}

/// What came of a call by name.
pub(super) enum Called {
    /// It was carried out, or refused.
    Done(Outcome),
    /// The parameters can't be read.
    Malformed,
    /// There is no such method.
    Unknown,
}

async fn outcome<M: Method>(request: M, gateway: &Gateway) -> Outcome {
    request.call(gateway).await.map(|answer| raw(&answer))
}

macro_rules! methods {
    ($($name:ident: $request:ty),* $(,)?) => {
        /// Calls a method by name.
        pub(super) async fn call(gateway: &Gateway, name: &str, params: &[u8]) -> Called {
            $(if name == stringify!($name) {
                return match serde_json::from_slice::<$request>(params) {
                    Ok(request) => Called::Done(outcome(request, gateway).await),
                    Err(_) => Called::Malformed,
                };
            })*
            Called::Unknown
        }

        /// One command of a batch: the first method that is given.
        #[derive(Deserialize)]
        pub(super) struct BatchCommand { $(#[serde(default)] $name: Option<$request>),* }

        impl BatchCommand {
            /// Carries it out; gives the method's name too. None: no method is given.
            pub(super) async fn run(self, gateway: &Gateway) -> Option<(&'static str, Outcome)> {
                $(if let Some(request) = self.$name {
                    return Some((stringify!($name), outcome(request, gateway).await));
                })*
                None
            }
        }
    };
}

methods! {
    publish: PublishRequest,
    broadcast: BroadcastRequest,
    subscribe: SubscribeRequest,
    unsubscribe: UnsubscribeRequest,
    disconnect: DisconnectRequest,
    refresh: RefreshRequest,
    presence: PresenceRequest,
    presence_stats: PresenceStatsRequest,
    history: HistoryRequest,
    history_remove: HistoryRemoveRequest,
    channels: ChannelsRequest,
    info: InfoRequest,
}
