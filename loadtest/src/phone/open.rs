//! Opening the room: connect, subscribe (with recovery after the first time), and the two newest pages of history if asked for.

use protocol::client::{
    Command, CommandResult, ConnectRequest, HistoryRequest, HistoryResult, Reply, Request, StreamPosition,
    SubscribeRequest, SubscribeResult,
};

use super::{Answer, Desk, Place, receive::Read};
use crate::connection::{Ended, Outbox};

const CONNECT: u32 = 1;
const SUBSCRIBE: u32 = 2;
const NEWEST: u32 = 3;
const OLDER: u32 = 4;

/// From here on clients subscribe again after the server ended a subscription; this one says that they were too far behind.
const SUBSCRIBE_AGAIN_FROM: u32 = 2_500;

/// The first command of every connection.
pub fn connect(token: String) -> Command {
    let request = ConnectRequest {
        token,
        name: "plenum-loadtest".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ConnectRequest::default()
    };
    Command {
        id: CONNECT,
        request: Request::Connect(request),
    }
}

impl Desk {
    pub(super) fn reply(&mut self, read: Read<'_>, reply: Reply, outbox: &mut Outbox) -> Result<(), Ended> {
        if let Some(taken) = self.chat_reply(read, &reply) {
            return taken;
        }
        match (reply.id, reply.result) {
            (CONNECT, Ok(CommandResult::Connect(result))) => {
                outbox.opened(result.session, result.node);
                if !self.doors.holds(read.phone) {
                    outbox.command(&self.subscribe(read.phone, read.channel));
                }
                Ok(())
            }
            (SUBSCRIBE, Ok(CommandResult::Subscribe(result))) => {
                self.subscribed(read, result);
                self.chats.returns(read.phone);
                if self.history_limit > 0 && self.records[read.phone].answer == Answer::None {
                    outbox.command(&self.ask_history(NEWEST, read.channel, None));
                }
                Ok(())
            }
            (NEWEST, Ok(CommandResult::History(page))) => {
                self.newest_page(read, &page, outbox);
                Ok(())
            }
            (OLDER, Ok(CommandResult::History(page))) => {
                self.older_page(read, &page);
                Ok(())
            }
            (CONNECT, Err(error)) => Err(Ended::refused("connect", error)),
            (SUBSCRIBE, Err(error)) => Err(Ended::refused("subscribe", error)),
            (NEWEST | OLDER, Err(error)) => Err(Ended::refused("history", error)),
            (id, _) => Err(Ended::Protocol(format!(
                "an answer to nothing that was asked, with the id {id}"
            ))),
        }
    }

    pub(super) fn subscribe(&self, phone: usize, channel: &str) -> Command {
        let record = &self.records[phone];
        let request = SubscribeRequest {
            channel: channel.to_owned(),
            recover: record.joined,
            epoch: if record.joined {
                self.epoch.clone()
            } else {
                String::new()
            },
            offset: if record.joined { record.place.last() } else { 0 },
            positioned: true,
            recoverable: true,
            ..SubscribeRequest::default()
        };
        Command {
            id: SUBSCRIBE,
            request: Request::Subscribe(request),
        }
    }

    fn subscribed(&mut self, read: Read<'_>, result: SubscribeResult) {
        let record = &mut self.records[read.phone];
        let returns = record.joined;
        if self.epoch.is_empty() {
            self.epoch.clone_from(&result.epoch);
        } else if result.epoch != self.epoch {
            self.tally.faults.another_epoch += 1;
        }
        (record.listening, record.joined, record.joined_us) = (true, true, read.now_us);
        if !returns {
            record.place = Place::at(result.offset);
            self.opening.record_us(read.now_us.saturating_sub(record.begin_us));
        } else if result.recovered {
            self.tally.resumed += 1;
        } else {
            self.not_recovered(read, &result);
        }
        for entry in &result.publications {
            self.publication(read, entry, None);
        }
    }

    /// The server gives a place instead of what was missed: right only when that was more than it promises.
    fn not_recovered(&mut self, read: Read<'_>, result: &SubscribeResult) {
        let place = &mut self.records[read.phone].place;
        if result.offset > place.last() + self.recovery_entries {
            self.tally.told_anew += 1;
            *place = Place::at(result.offset);
        } else {
            self.tally.faults.unrecovered += 1;
            place.skip_to(result.offset);
        }
    }

    /// A page that ends at the log's end, or before the entry at `before`.
    fn ask_history(&self, id: u32, channel: &str, before: Option<u64>) -> Command {
        let since = before.map(|offset| StreamPosition {
            offset,
            epoch: self.epoch.clone(),
        });
        let request = HistoryRequest {
            channel: channel.to_owned(),
            limit: i32::try_from(self.history_limit).unwrap_or(i32::MAX),
            since,
            reverse: true,
        };
        Command {
            id,
            request: Request::History(request),
        }
    }

    /// The newest entries. If there are older ones, the page before is asked for.
    fn newest_page(&mut self, read: Read<'_>, page: &HistoryResult, outbox: &mut Outbox) {
        let is_right = page.offset >= self.end && self.is_whole(page, page.offset);
        let first = page.offset.saturating_sub(u64::from(self.history_limit)) + 1;
        self.records[read.phone].older_before = first;
        if is_right && first > 1 {
            outbox.command(&self.ask_history(OLDER, read.channel, Some(first)));
        } else {
            self.has_history(read, is_right);
        }
    }

    fn older_page(&mut self, read: Read<'_>, page: &HistoryResult) {
        let before = self.records[read.phone].older_before;
        let is_right = page.offset >= self.end && self.is_whole(page, before.saturating_sub(1));
        self.has_history(read, is_right);
    }

    /// Whether the entries down from `last` are there without a hole, down to the first one if the log is shorter than the page, each with the
    /// contents that others have seen.
    fn is_whole(&mut self, page: &HistoryResult, last: u64) -> bool {
        let wanted = u64::from(self.history_limit).min(last);
        let offsets = page.publications.iter().map(|entry| entry.offset);
        let is_whole = offsets.eq((last - wanted + 1..=last).rev()) && page.epoch == self.epoch;
        for entry in &page.publications {
            self.altered_if_differs(entry);
        }
        is_whole
    }

    fn has_history(&mut self, read: Read<'_>, is_right: bool) {
        self.tally.faults.wrong_history += u64::from(!is_right);
        let record = &mut self.records[read.phone];
        record.answer = if is_right { Answer::Right } else { Answer::Wrong };
        self.history.record_us(read.now_us.saturating_sub(record.begin_us));
        self.last_history_us = read.now_us;
    }

    pub(super) fn unsubscribed(
        &mut self,
        read: Read<'_>,
        code: u32,
        reason: &str,
        outbox: &mut Outbox,
    ) -> Result<(), Ended> {
        self.records[read.phone].listening = false;
        self.ended_by_server(code, reason)?;
        outbox.command(&self.subscribe(read.phone, read.channel));
        Ok(())
    }

    /// Takes note of why the server ended a subscription.
    ///
    /// # Errors
    /// When clients do not subscribe again after it.
    pub(super) fn ended_by_server(&mut self, code: u32, reason: &str) -> Result<(), Ended> {
        self.reason(format!("unsubscribed: {code} {reason}"));
        self.tally.lagged += u64::from(code == SUBSCRIBE_AGAIN_FROM);
        if code >= SUBSCRIBE_AGAIN_FROM {
            return Ok(());
        }
        Err(Ended::Refused {
            command: "the subscription",
            code,
            message: reason.to_owned(),
            temporary: false,
        })
    }
}
