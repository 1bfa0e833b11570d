//! What phones hear about chats.

use protocol::client::{CommandResult, Publication, Reply, ReplyError, SubscribeResult};
use serde::Deserialize;

use super::{
    Chats, Order,
    open::{CREATE, FOLLOW, SAY, SLOT, WHAT},
};
use crate::{
    connection::Ended,
    phone::{Desk, Place, Seen, receive::Read},
};

/// Of the answer to `room.create`.
#[derive(Deserialize)]
struct Created {
    chat_id: String,
}

impl Chats {
    /// The chat of a channel.
    pub(in crate::phone) fn of_channel(&self, channel: &str) -> Option<u32> {
        self.by_channel.get(channel).copied()
    }

    fn created(&mut self, index: u32, created: &Created) {
        let channel: Box<str> = format!("room:{}", created.chat_id).into();
        let chat = &mut self.all[index as usize];
        if chat.channel.is_some() {
            return; // asked for again, because the first answer did not come
        }
        let phones = chat.phones;
        chat.channel = Some(channel.clone());
        self.by_channel.insert(channel, index);
        for phone in phones {
            self.orders.give(phone, Order::Follow(index));
        }
    }

    fn answered(&mut self, index: u32, is_acknowledged: bool) {
        let chat = &mut self.all[index as usize];
        chat.in_flight = chat.in_flight.saturating_sub(1);
        if is_acknowledged {
            chat.acknowledged += 1;
        } else {
            chat.unacknowledged += 1;
        }
    }
}

impl Desk {
    /// Takes an answer about a chat; `None` when it is about none.
    pub(in crate::phone) fn chat_reply(&mut self, read: Read<'_>, reply: &Reply) -> Option<Result<(), Ended>> {
        let chats = self.chats.by_phone.get(read.phone)?;
        let index = *chats.get((reply.id & SLOT) as usize)?;
        let what = reply.id & WHAT;
        match (what, &reply.result) {
            (CREATE, Ok(CommandResult::Rpc(Some(answer)))) => match answer.to_value::<Created>() {
                Ok(created) => self.chats.created(index, &created),
                Err(error) => return Some(Err(Ended::Protocol(format!("room.create: {error}")))),
            },
            (FOLLOW, Ok(CommandResult::Subscribe(result))) => self.chat_followed(read, index, result),
            (SAY, Ok(_)) => self.chats.answered(index, true),
            (SAY, Err(error)) => {
                self.chats.answered(index, false);
                self.chats.refused += 1;
                self.refused_in_chat("a message", error);
            }
            // "Not now" is asked again.
            (CREATE, Err(error)) => self.again(read, Order::Create(index), "creation", error),
            (FOLLOW, Err(error)) => self.again(read, Order::Follow(index), "subscription", error),
            (CREATE | FOLLOW, Ok(_)) => {
                return Some(Err(Ended::Protocol("another answer than was asked for".to_owned())));
            }
            _ => return None,
        }
        Some(Ok(()))
    }

    fn again(&mut self, read: Read<'_>, order: Order, what: &str, error: &ReplyError) {
        self.refused_in_chat(what, error);
        if error.temporary {
            self.chats.later.push((read.phone, order));
        }
    }

    fn refused_in_chat(&mut self, what: &str, error: &ReplyError) {
        self.reason(format!(
            "in a chat, {what} was refused: {} {}",
            error.code, error.message
        ));
    }

    fn chat_followed(&mut self, read: Read<'_>, index: u32, result: &SubscribeResult) {
        let chat = &mut self.chats.all[index as usize];
        if chat.epoch.is_empty() {
            chat.epoch.clone_from(&result.epoch);
        } else if chat.epoch != result.epoch {
            self.tally.faults.another_epoch += 1;
        }
        let side_of = chat.side_of(read.phone);
        let side = &mut chat.sides[side_of];
        let returns = std::mem::replace(&mut side.joined, true);
        (side.listening, side.joined_us) = (true, read.now_us);
        if !returns {
            side.place = Place::at(result.offset);
        } else if !result.recovered && result.offset > side.place.last() + self.recovery_entries {
            side.told_anew = true;
            side.place = Place::at(result.offset);
        } else if !result.recovered {
            self.tally.faults.unrecovered += 1;
            side.place.skip_to(result.offset);
        }
        for entry in &result.publications {
            self.chat_publication(read, index, entry);
        }
    }

    /// Takes in an entry of a chat.
    pub(in crate::phone) fn chat_publication(&mut self, read: Read<'_>, index: u32, entry: &Publication) {
        let Chats {
            all,
            marker,
            deliveries,
            latency,
            ..
        } = &mut self.chats;
        let faults = &mut self.tally.faults;
        let chat = &mut all[index as usize];
        let side_of = chat.side_of(read.phone);
        let side = &mut chat.sides[side_of];
        faults.early += u64::from(!side.listening);
        let mark = marker.find(entry.data.as_bytes());
        if mark.is_none() && entry.offset <= side.place.last() {
            self.tally.beside += 1; // it carries the place of the last entry before it, and is none itself
            return;
        }
        let seen = side.place.see(entry.offset);
        match seen {
            Seen::New => {}
            Seen::Late => faults.out_of_order += 1,
            Seen::Again => {
                faults.doubled += 1;
                return;
            }
        }
        *deliveries += 1;
        let Some(mark) = mark else { return };
        let (number, of) = (mark.number >> 32, mark.number as u32);
        faults.altered += u64::from(of != index);
        if seen == Seen::New {
            // The log itself may hold a message twice, or before an earlier one.
            faults.doubled += u64::from(number == side.newest);
            faults.out_of_order += u64::from(number < side.newest);
        }
        side.newest = side.newest.max(number);
        side.seen += 1;
        if side_of == 1 && mark.intended_us >= side.joined_us {
            latency.record_us(read.now_us.saturating_sub(mark.intended_us));
        }
    }

    /// The server ended the subscription to a chat.
    ///
    /// # Errors
    /// When it is not to be followed again.
    pub(in crate::phone) fn chat_unsubscribed(
        &mut self,
        read: Read<'_>,
        index: u32,
        code: u32,
        reason: &str,
    ) -> Result<(), Ended> {
        let chat = &mut self.chats.all[index as usize];
        let side_of = chat.side_of(read.phone);
        chat.sides[side_of].listening = false;
        self.ended_by_server(code, reason)?;
        self.chats.orders.give(read.phone, Order::Follow(index));
        Ok(())
    }
}
