//! Sends on schedule.

use std::{
    io,
    ops::Range,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use protocol::client::{Command, PublishRequest, Reply, Request};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{Answers, Conversation, Published};
use crate::{
    connection::Ended,
    limits::{ANSWER_TIMEOUT, UNSENT_BYTES_MAX},
    mark::Mark,
    measure::Times,
    pacing::Pacer,
    settings::{Live, Settings, Stage},
};

struct Sender {
    settings: Arc<Settings>,
    conversation: Conversation,
    answers: Answers,
    shown: Arc<Live>,
}

/// The whole life of the publisher.
pub(super) async fn publish(
    settings: Arc<Settings>,
    stage: watch::Receiver<Stage>,
    stop: watch::Receiver<bool>,
    shown: Arc<Live>,
) -> io::Result<Published> {
    let mut published = Published {
        answers: Answers::default(),
        end: None,
        lag: Times::default(),
        ended: None,
    };
    let conversation = match Conversation::begin(&settings).await {
        Ok(conversation) => conversation,
        Err(error) => {
            published.ended = Some(format!("the publisher: {error}"));
            return Ok(published);
        }
    };
    let mut sender = Sender {
        settings,
        conversation,
        answers: Answers::default(),
        shown,
    };
    if let Err(ended) = sender.run(stage, stop).await {
        published.ended = Some(format!("the publisher: {ended}"));
    } else {
        published.end = sender.end(&mut published.ended).await;
        sender.conversation.leave().await;
    }
    published.answers = sender.answers;
    Ok(published)
}

impl Sender {
    async fn run(&mut self, mut stage: watch::Receiver<Stage>, mut stop: watch::Receiver<bool>) -> Result<(), Ended> {
        let Some(begin) = self.wait_for_begin(&mut stage, &mut stop).await? else {
            return Ok(());
        };
        let begin_us = begin.saturating_duration_since(self.settings.origin).as_micros() as u64;
        let mut pacer = Pacer::new(self.settings.publishing, Instant::from_std(begin));
        loop {
            let has_room = self.conversation.unsent_bytes() < UNSENT_BYTES_MAX;
            tokio::select! {
                due = pacer.due(), if has_room => match due {
                    Some(numbers) => self.write_messages(numbers, &pacer, begin_us),
                    None => break,
                },
                exchanged = self.exchange() => exchanged?,
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.wait_for_answers().await
    }

    /// Answers pings until the run begins; `None` when it never will.
    async fn wait_for_begin(
        &mut self,
        stage: &mut watch::Receiver<Stage>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Option<std::time::Instant>, Ended> {
        loop {
            match *stage.borrow_and_update() {
                Stage::Running(begin) => return Ok(Some(begin)),
                Stage::Draining(_) | Stage::Over => return Ok(None),
                Stage::Opening | Stage::Gathering | Stage::Away | Stage::Rush(_) => {}
            }
            tokio::select! {
                changed = stage.changed() => if changed.is_err() { return Ok(None) },
                exchanged = self.exchange() => exchanged?,
                _ = stop.wait_for(|stop| *stop) => return Ok(None),
            }
        }
    }

    fn write_messages(&mut self, numbers: Range<u64>, pacer: &Pacer, begin_us: u64) {
        for index in numbers {
            let intended_us = begin_us + pacer.intended(index).as_micros() as u64;
            let mark = Mark {
                number: self.answers.sent(intended_us),
                intended_us,
            };
            let data = self.settings.marker.message(mark, self.settings.message_bytes);
            let request = PublishRequest {
                channel: self.settings.channel.clone(),
                data: Ok(data),
                kind: 0,
            };
            let id = u32::try_from(mark.number).unwrap_or(0); // far below, by MESSAGES_MAX
            self.conversation.outbox.command(&Command {
                id,
                request: Request::Publish(request),
            });
        }
        self.shown.sent.store(self.answers.sent_count(), Relaxed);
    }

    /// Writes or reads once. Nothing is lost when the future is dropped.
    async fn exchange(&mut self) -> Result<(), Ended> {
        let (settings, answers) = (&self.settings, &mut self.answers);
        let mut note = |reply: Reply| answers.answered(&reply, settings.now_us());
        let exchanged = self.conversation.exchange(&mut note).await;
        self.shown
            .acknowledged
            .store(self.answers.acknowledged_count(), Relaxed);
        exchanged
    }

    /// Until everything is answered or the server has been silent for [`ANSWER_TIMEOUT`].
    async fn wait_for_answers(&mut self) -> Result<(), Ended> {
        while !self.answers.is_complete() {
            match timeout(ANSWER_TIMEOUT, self.exchange()).await {
                Ok(exchanged) => exchanged?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Where the log ends now, and its identity.
    async fn end(&mut self, ended: &mut Option<String>) -> Option<(u64, String)> {
        let asked = self.conversation.ask_end(&self.settings.channel).await;
        asked
            .map_err(|error| *ended = Some(format!("the log's end could not be asked for: {error}")))
            .ok()
    }
}
