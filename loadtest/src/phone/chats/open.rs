//! What phones say about chats: they create them, follow them, and speak in them.

use std::task::Waker;

use protocol::{
    client::{Command, PublishRequest, Request, RpcRequest, SubscribeRequest},
    payload::Payload,
};
use serde_json::{Value, json};

use super::{Chats, Order};
use crate::{connection::Outbox, mark::Mark, phone::Desk, token::user_of};

/// Ids of commands about chats: what it is, which message, and the chat's slot. Those of the room are below.
pub(super) const CREATE: u32 = 1 << 28;
pub(super) const FOLLOW: u32 = 2 << 28;
pub(super) const SAY: u32 = 3 << 28;
/// The part of an id that says what it is.
pub(super) const WHAT: u32 = 15 << 28;
/// Bits of a slot.
const SLOT_BITS: u32 = 7;
/// The part of an id that is a slot.
pub(super) const SLOT: u32 = (1 << SLOT_BITS) - 1;

impl Chats {
    /// Tells a chat to come into being.
    pub fn order(&mut self, chat: u32) {
        self.all[chat as usize].ordered = true;
        let phone = self.all[chat as usize].phones[0];
        self.orders.give(phone, Order::Create(chat));
    }

    /// Something is to be said in a chat.
    pub fn say(&mut self, chat: u32, intended_us: u64) {
        if self.all[chat as usize].channel.is_none() {
            return; // it counts as one that is not there
        }
        self.all[chat as usize].due += 1;
        let phone = self.all[chat as usize].phones[0];
        self.orders.give(phone, Order::Say(chat, intended_us));
    }

    /// Gives the orders again that the server had no time for.
    pub fn retry(&mut self) {
        for (phone, order) in std::mem::take(&mut self.later) {
            self.orders.give(phone, order);
        }
    }

    /// The phone has no connection any more.
    pub(in crate::phone) fn leaves(&mut self, phone: usize) {
        for index in self.by_phone.get(phone).into_iter().flatten() {
            let chat = &mut self.all[*index as usize];
            chat.sides[chat.side_of(phone)].listening = false;
            if chat.phones[0] == phone {
                chat.unacknowledged += std::mem::take(&mut chat.in_flight);
            }
        }
        self.orders.drop_if(phone, |order| !matches!(order, Order::Say(..)));
        self.later.retain(|(of, _)| *of != phone);
    }

    /// The phone follows the room again: it goes on in its chats.
    pub(in crate::phone) fn returns(&mut self, phone: usize) {
        for index in self.by_phone.get(phone).into_iter().flatten() {
            let chat = &self.all[*index as usize];
            if chat.sides[chat.side_of(phone)].listening {
                continue; // it was the room's subscription alone that had ended
            }
            if chat.channel.is_some() {
                self.orders.give(phone, Order::Follow(*index));
            } else if chat.ordered && chat.phones[0] == phone {
                self.orders.give(phone, Order::Create(*index));
            }
        }
    }

    fn slot(&self, phone: usize, chat: u32) -> u32 {
        let slot = self.by_phone[phone].iter().position(|index| *index == chat);
        slot.expect("orders are about chats of the phone") as u32
    }
}

impl Desk {
    /// Whether a phone has something to do in chats; if not, it is woken when it has. Who does not follow the room has not.
    pub(in crate::phone) fn has_chat_orders(&mut self, phone: usize, waker: &Waker) -> bool {
        self.records[phone].listening && self.chats.orders.is_there(phone, waker)
    }

    /// Carries the orders of a phone out, if it follows the room; `first` is the number of the thread's first phone.
    pub(in crate::phone) fn carry_out_in_chats(&mut self, phone: usize, first: u64, outbox: &mut Outbox) {
        if !self.records[phone].listening {
            return;
        }
        while let Some(order) = self.chats.orders.take(phone) {
            let command = match order {
                Order::Create(chat) => self.chats.create(chat, first),
                Order::Follow(chat) => self.chats.follow(phone, chat),
                Order::Say(chat, intended_us) => self.chats.message(chat, intended_us),
            };
            outbox.command(&command);
        }
    }
}

impl Chats {
    fn create(&self, index: u32, first: u64) -> Command {
        let [creator, other] = self.all[index as usize].phones;
        let params: Value = json!({ "participants": [user_of(first + other as u64)] });
        let request = RpcRequest {
            method: "room.create".to_owned(),
            data: Some(Ok(Payload::from_value(&params).expect("JSON"))),
        };
        Command {
            id: CREATE | self.slot(creator, index),
            request: Request::Rpc(request),
        }
    }

    fn follow(&self, phone: usize, index: u32) -> Command {
        let chat = &self.all[index as usize];
        let side = &chat.sides[chat.side_of(phone)];
        let request = SubscribeRequest {
            channel: chat.channel.as_deref().unwrap_or_default().to_owned(),
            recover: side.joined,
            epoch: if side.joined { chat.epoch.clone() } else { String::new() },
            offset: if side.joined { side.place.last() } else { 0 },
            positioned: true,
            recoverable: true,
            ..SubscribeRequest::default()
        };
        Command {
            id: FOLLOW | self.slot(phone, index),
            request: Request::Subscribe(request),
        }
    }

    /// Messages of a chat are numbered from 1, and carry the chat's index beside their number.
    fn message(&mut self, index: u32, intended_us: u64) -> Command {
        let slot = self.slot(self.all[index as usize].phones[0], index);
        let chat = &mut self.all[index as usize];
        chat.in_flight += 1;
        let number = chat.acknowledged + chat.unacknowledged + chat.in_flight;
        let mark = Mark {
            number: number << 32 | u64::from(index),
            intended_us,
        };
        let request = PublishRequest {
            channel: chat.channel.as_deref().unwrap_or_default().to_owned(),
            data: Ok(self.marker.message(mark, self.message_bytes)),
            kind: 0,
        };
        Command {
            id: SAY | (number as u32) << SLOT_BITS & !WHAT | slot,
            request: Request::Publish(request),
        }
    }
}
