//! Takes apart what a phone receives.
//!
//! Bytes that equal the next entry's frame, as another phone of the thread received and the decoder took it, are taken at
//! once; everything else goes through the transport's decoder and the protocol's decoder.

use std::hash::{DefaultHasher, Hasher};

use protocol::client::{Encoding, Event as PushEvent, Outgoing, Publication, decode_replies};

use super::{Desk, Seen};
use crate::{
    connection::{Ended, Incoming, Outbox, Received},
    ledger::Entered,
};

/// One read of one phone.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// The phone's place among its thread's.
    pub phone: usize,
    /// When the bytes were there, in microseconds since the run's origin.
    pub now_us: u64,
    /// How messages are written.
    pub encoding: Encoding,
    /// The room.
    pub channel: &'a str,
}

impl Desk {
    /// Takes in `input`; what has to be answered is put into `outbox`.
    ///
    /// # Errors
    /// When the connection is over.
    pub fn take(
        &mut self,
        read: Read<'_>,
        incoming: &mut Incoming,
        mut input: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), Ended> {
        self.tally.bytes += input.len() as u64;
        while let Some(piece) = incoming.body(&mut input)? {
            self.take_piece(read, incoming, piece, outbox)?;
        }
        Ok(())
    }

    fn take_piece(
        &mut self,
        read: Read<'_>,
        incoming: &mut Incoming,
        mut piece: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), Ended> {
        while !piece.is_empty() {
            let whole = incoming.is_idle();
            if whole {
                self.take_known(read, &mut piece);
            }
            let before = piece;
            let received = incoming.decode(&mut piece)?;
            let wire = whole.then(|| &before[..before.len() - piece.len()]);
            match received {
                None => break,
                Some(Received::Message(bytes)) => self.message(read, &bytes, wire, outbox)?,
                Some(Received::Ping(payload)) => outbox.websocket_pong(&payload),
                Some(Received::Nothing) => {}
                Some(Received::Close(frame)) => return Err(Ended::closed(frame)),
            }
        }
        Ok(())
    }

    /// Takes frames from the front that are the next entries, byte by byte.
    fn take_known(&mut self, read: Read<'_>, input: &mut &[u8]) {
        if !self.records[read.phone].listening {
            return;
        }
        loop {
            let next = self.records[read.phone].place.last() + 1;
            let known = self.ledger.frame(next).filter(|frame| input.starts_with(frame));
            let Some(length) = known.map(<[u8]>::len) else { return };
            *input = &input[length..];
            self.records[read.phone].place.advance();
            self.count(read, next);
        }
    }

    fn message(&mut self, read: Read<'_>, bytes: &[u8], wire: Option<&[u8]>, outbox: &mut Outbox) -> Result<(), Ended> {
        let mut messages = decode_replies(read.encoding, bytes).peekable();
        let mut wire = wire;
        while let Some(message) = messages.next() {
            if messages.peek().is_some() {
                wire = None; // the frame is more than one message
            }
            match message.map_err(|error| Ended::Protocol(error.to_string()))? {
                Outgoing::Ping => outbox.pong(),
                Outgoing::Reply(reply) => self.reply(read, reply, outbox)?,
                Outgoing::Push(push) => match push.event {
                    PushEvent::Publication(entry) if *push.channel == *read.channel => {
                        self.publication(read, &entry, wire);
                    }
                    PushEvent::Unsubscribe(why) if *push.channel == *read.channel => {
                        self.unsubscribed(read, why.code, &why.reason, outbox)?;
                    }
                    PushEvent::Publication(entry) => {
                        if let Some(chat) = self.chats.of_channel(&push.channel) {
                            self.chat_publication(read, chat, &entry);
                        }
                    }
                    PushEvent::Unsubscribe(why) => {
                        if let Some(chat) = self.chats.of_channel(&push.channel) {
                            self.chat_unsubscribed(read, chat, why.code, &why.reason)?;
                        }
                    }
                    PushEvent::Disconnect(why) => {
                        let code = u16::try_from(why.code).unwrap_or(u16::MAX);
                        return Err(Ended::Closed {
                            code,
                            reason: why.reason.into_owned(),
                        });
                    }
                    _ => {}
                },
            }
            wire = None;
        }
        Ok(())
    }

    /// Takes in an entry that was decoded in full.
    pub(super) fn publication(&mut self, read: Read<'_>, entry: &Publication, wire: Option<&[u8]>) {
        let record = &mut self.records[read.phone];
        if !record.listening {
            self.tally.faults.early += 1;
        }
        let mark = self.marker.find(entry.data.as_bytes());
        let entered = self
            .ledger
            .enter(entry.offset, mark, digest(entry.data.as_bytes()), wire);
        if entered != Entered::Agrees {
            if mark.is_none() && entry.offset <= record.place.last() {
                // It carries the place of the last entry before it, and is none itself.
                self.tally.beside += 1;
                return;
            }
            self.tally.faults.altered += 1;
        }
        if entered == Entered::OutOfRange {
            return;
        }
        match record.place.see(entry.offset) {
            Seen::New => {}
            Seen::Late => self.tally.faults.out_of_order += 1,
            Seen::Again => {
                self.tally.faults.doubled += 1;
                return;
            }
        }
        self.count(read, entry.offset);
    }

    /// Compares an entry that was only looked at with what others had under its offset.
    pub(super) fn altered_if_differs(&mut self, entry: &Publication) {
        let data = entry.data.as_bytes();
        let entered = self
            .ledger
            .enter(entry.offset, self.marker.find(data), digest(data), None);
        self.tally.faults.altered += u64::from(entered != Entered::Agrees);
    }

    /// Counts a delivery and how long it took.
    fn count(&mut self, read: Read<'_>, offset: u64) {
        self.tally.deliveries += 1;
        self.last_entry_us = read.now_us;
        let Some(entry) = self.ledger.delivered(offset) else {
            return;
        };
        let Some(mark) = entry.mark else { return };
        let took_us = read.now_us.saturating_sub(mark.intended_us);
        if mark.intended_us < self.records[read.phone].joined_us {
            self.tally.recovered += 1;
            self.recovery.record_us(took_us);
            return;
        }
        if self.records[read.phone].slow {
            self.slow_latency.record_us(took_us);
            return;
        }
        entry.last_us = read.now_us;
        entry.deliveries += 1;
        self.latency.record_us(took_us);
    }
}

/// Stands for a content; the same in every thread of one process.
fn digest(data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(data);
    hasher.finish()
}

#[cfg(test)]
mod tests;
