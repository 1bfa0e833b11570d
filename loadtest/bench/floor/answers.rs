//! What the floor says to commands.

use protocol::{
    ErrorCode,
    client::{CommandResult, ConnectResult, Encoding, HistoryResult, Reply, Request, SubscribeResult, encode_reply},
};

use crate::hub::Room;

/// The kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Connect,
    Subscribe,
    Publish,
    /// The place only: nothing of the past is kept.
    History,
    NotThere,
}

impl Answer {
    /// The answer to a request.
    pub(crate) const fn to(request: &Request) -> Self {
        match request {
            Request::Connect(_) => Self::Connect,
            Request::Subscribe(_) => Self::Subscribe,
            Request::Publish(_) => Self::Publish,
            Request::History(_) => Self::History,
            _ => Self::NotThere,
        }
    }
}

/// The reply's text.
pub(crate) fn encode(id: u32, answer: Answer, room: &Room) -> Vec<u8> {
    let reply = match answer {
        Answer::Connect => Reply::success(id, CommandResult::Connect(connected())),
        Answer::Subscribe => Reply::success(id, CommandResult::Subscribe(subscribed(room))),
        Answer::Publish => Reply::success(id, CommandResult::Publish),
        Answer::History => Reply::success(id, CommandResult::History(page(room))),
        Answer::NotThere => Reply::failure(id, ErrorCode::NotAvailable),
    };
    let mut text = Vec::new();
    encode_reply(Encoding::Json, &reply, &mut text);
    text
}

fn connected() -> ConnectResult {
    ConnectResult {
        client: "floor".to_owned(),
        version: concat!("plenum-floor ", env!("CARGO_PKG_VERSION")).to_owned(),
        ..ConnectResult::default()
    }
}

fn subscribed(room: &Room) -> SubscribeResult {
    SubscribeResult {
        recoverable: true,
        positioned: true,
        epoch: room.epoch.to_string(),
        offset: room.end,
        ..SubscribeResult::default()
    }
}

fn page(room: &Room) -> HistoryResult {
    HistoryResult {
        publications: Vec::new(),
        epoch: room.epoch.to_string(),
        offset: room.end,
    }
}
