//! The one room of the server: its log, its listeners, and its faults.

use protocol::{
    client::{
        HistoryRequest, HistoryResult, Publication, SubscribeRequest, SubscribeResult, Variant, encode_publication,
        frame,
    },
    payload::Payload,
};

use super::{people::People, server::Ear};

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Nothing.
    Correct,
    /// One phone does not get one entry.
    LosesOne,
    /// One phone does not get the last entries.
    LosesTheEnd,
    /// One phone gets one entry twice.
    DoublesOne,
    /// One phone gets two entries in the wrong order.
    SwapsTwo,
    /// One phone gets another text.
    AltersOne,
    /// An entry is acknowledged and not kept.
    ForgetsAcknowledged,
    /// An entry is kept twice.
    KeepsTwice,
    /// A message is kept before an earlier one.
    KeepsOutOfOrder,
    /// Whoever comes back is told to begin anew.
    RefusesRecovery,
    /// Whoever comes back gets less than was missed.
    RecoversPartly,
    /// Whoever comes back gets everything anew.
    RecoversTooMuch,
    /// Whoever comes back gets two entries in the wrong order.
    RecoversOutOfOrder,
    /// All connections break when the first one comes back, and nobody listens any more.
    DiesOfReturns,
    /// An entry comes before the answer to the subscription.
    PushesBeforeReply,
    /// The log has another identity for whoever comes later.
    ChangesEpoch,
    /// Messages are refused.
    RefusesMessages,
    /// Pages of history lack their oldest entry.
    ShortHistory,
    /// Pages of history have a hole.
    HistoryWithHole,
    /// The second page of history is the first one again.
    SamePageTwice,
    /// Pages of history are another room's.
    ForeignHistory,
    /// One phone's page of history is another room's.
    ForeignHistoryForOne,
    /// What reaches the store is nobody's business.
    SaysNoFigures,
    /// Connections are refused by their token.
    RefusesTokens,
    /// All connections break after the tenth message, and nobody listens any more.
    Dies,
}

/// The entry at which something goes wrong.
const AT: u64 = 10;

/// What the channels of chats begin with.
const CHAT: &str = "room:chat-";

/// See above.
pub struct Room {
    pub behaviour: Behaviour,
    /// Who has an account, and who is a member.
    pub people: People,
    /// Chats of two beside this room; they have none.
    pub chats: Vec<Self>,
    log: Vec<Payload>,
    listeners: Vec<Ear>,
    held: Option<Payload>,
    subscriptions: u64,
    /// Pages of history that were read.
    pub pages: u64,
}

impl Room {
    pub const fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            people: People::new(),
            chats: Vec::new(),
            log: Vec::new(),
            listeners: Vec::new(),
            held: None,
            subscriptions: 0,
            pages: 0,
        }
    }

    /// The chat of a channel, or this room.
    pub fn at(&mut self, channel: &str) -> &mut Self {
        let chat = channel
            .strip_prefix(CHAT)
            .and_then(|number| number.parse::<usize>().ok());
        match chat {
            Some(number) if number < self.chats.len() => &mut self.chats[number],
            _ => self,
        }
    }

    /// Messages so far.
    pub const fn end(&self) -> u64 {
        self.log.len() as u64
    }

    /// Keeps a message and sends it to all who listen.
    pub fn publish(&mut self, channel: &str, data: Payload) {
        let at = self.end() + 1 == AT;
        match self.behaviour {
            Behaviour::ForgetsAcknowledged if at && self.held.is_none() => self.held = Some(data),
            Behaviour::KeepsTwice if at => {
                self.append(channel, data.clone());
                self.append(channel, data);
            }
            Behaviour::KeepsOutOfOrder if at && self.held.is_none() => self.held = Some(data),
            Behaviour::KeepsOutOfOrder if at => {
                self.append(channel, data);
                let held = self.held.clone().expect("held back before");
                self.append(channel, held);
            }
            _ => self.append(channel, data),
        }
    }

    fn append(&mut self, channel: &str, data: Payload) {
        self.log.push(data);
        let offset = self.end();
        for (index, listener) in self.listeners.iter().enumerate() {
            let frames = if index == 0 {
                self.for_the_first(channel, offset, listener.variant)
            } else {
                vec![self.push(channel, offset, listener.variant)]
            };
            for frame in frames {
                let _ = listener.sender.try_send(frame); // whoever has left gets nothing
            }
        }
    }

    /// What the first listener gets.
    fn for_the_first(&self, channel: &str, offset: u64, variant: Variant) -> Vec<Vec<u8>> {
        let push = |offset| self.push(channel, offset, variant);
        match self.behaviour {
            Behaviour::LosesOne if offset == AT => vec![],
            Behaviour::LosesTheEnd if offset >= AT => vec![],
            Behaviour::DoublesOne if offset == AT => vec![push(AT), push(AT)],
            Behaviour::SwapsTwo if offset == AT => vec![],
            Behaviour::SwapsTwo if offset == AT + 1 => vec![push(AT + 1), push(AT)],
            Behaviour::AltersOne if offset == AT => {
                let text = Payload::from_value("another text").expect("JSON");
                vec![framed(channel, &Publication::new(offset, text), variant)]
            }
            _ => vec![push(offset)],
        }
    }

    fn push(&self, channel: &str, offset: u64, variant: Variant) -> Vec<u8> {
        framed(channel, &self.publication(offset), variant)
    }

    fn publication(&self, offset: u64) -> Publication {
        Publication::new(offset, self.log[offset as usize - 1].clone())
    }

    fn epoch(&self) -> String {
        let is_late = self.behaviour == Behaviour::ChangesEpoch && self.subscriptions > 5;
        if is_late { "another" } else { "the-first" }.to_owned()
    }

    /// Gives frames that come before the answer, and the answer.
    pub fn subscribe(&mut self, request: &SubscribeRequest, listener: Ear) -> (Vec<Vec<u8>>, SubscribeResult) {
        self.subscriptions += 1;
        let variant = listener.variant;
        self.listeners.push(listener);
        let mut result = SubscribeResult {
            recoverable: true,
            positioned: true,
            epoch: self.epoch(),
            offset: self.end(),
            ..SubscribeResult::default()
        };
        let mut before = Vec::new();
        if request.recover {
            let first = match self.behaviour {
                Behaviour::RecoversPartly => request.offset + 2,
                Behaviour::RecoversTooMuch => 1,
                _ => request.offset + 1,
            };
            result.was_recovering = true;
            result.recovered = self.behaviour != Behaviour::RefusesRecovery && request.epoch == self.epoch();
            if result.recovered {
                result.publications = (first..=self.end()).map(|offset| self.publication(offset)).collect();
                if self.behaviour == Behaviour::RecoversOutOfOrder && result.publications.len() > 5 {
                    result.publications.swap(3, 4);
                }
            }
            if self.behaviour == Behaviour::PushesBeforeReply && self.end() > request.offset {
                before.push(self.push(&request.channel, request.offset + 1, variant));
            }
        }
        (before, result)
    }

    /// A page of history.
    pub fn history(&mut self, request: &HistoryRequest) -> HistoryResult {
        self.pages += 1;
        let since = request
            .since
            .as_ref()
            .filter(|_| self.behaviour != Behaviour::SamePageTwice);
        let end = since.map_or(self.end(), |since| since.offset - 1);
        let first = (end + 1).saturating_sub(request.limit.max(0) as u64).max(1);
        let mut offsets: Vec<u64> = (first..=end).rev().collect();
        match self.behaviour {
            Behaviour::ShortHistory => _ = offsets.pop(),
            Behaviour::HistoryWithHole if offsets.len() > 3 => _ = offsets.remove(2),
            _ => {}
        }
        let is_foreign = match self.behaviour {
            Behaviour::ForeignHistory => true,
            Behaviour::ForeignHistoryForOne => self.pages == 6,
            _ => false,
        };
        let shown = |offset| match is_foreign {
            true => Publication::new(offset, Payload::from_value("of another room").expect("JSON")),
            false => self.publication(offset),
        };
        let publications = offsets.into_iter().map(shown).collect();
        HistoryResult {
            publications,
            epoch: self.epoch(),
            offset: self.end(),
        }
    }
}

fn framed(channel: &str, publication: &Publication, variant: Variant) -> Vec<u8> {
    let mut message = Vec::new();
    encode_publication(variant.encoding(), channel, publication, &mut message);
    let mut out = Vec::new();
    frame(variant, &message, &mut out);
    out
}
