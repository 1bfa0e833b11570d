//! Phones that read slowly while messages are sent, as over a bad network, and as fast as they can when nothing more comes.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    limits::{READ_BUFFER_BYTES, SLOW_READS_PER_SECOND},
    settings::{Settings, Stage},
};

/// How slowly phones read, and how many of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowReading {
    /// The share of phones, 0 to 1.
    pub share: f64,
    /// What each of them reads.
    pub bytes_per_second: u32,
}

impl SlowReading {
    /// Whether the phone with this number is one of them; they are spread over all.
    pub fn is_for(self, number: u64) -> bool {
        let count = |phones: u64| (phones as f64 * self.share) as u64;
        count(number + 1) > count(number)
    }

    fn bytes_at_once(self) -> usize {
        (self.bytes_per_second as usize / SLOW_READS_PER_SECOND).clamp(1, READ_BUFFER_BYTES)
    }
}

/// The reading of one slow phone.
#[derive(Debug)]
pub(super) struct Slow {
    reading: SlowReading,
    stage: watch::Receiver<Stage>,
    next: Instant,
    /// Nothing more is sent, and the connection is as wide as any.
    is_wide: bool,
}

impl Slow {
    /// For the phone with this number, if it is slow.
    pub(super) fn of(settings: &Settings, number: u64, stage: &watch::Receiver<Stage>) -> Option<Self> {
        let reading = settings.slow.filter(|reading| reading.is_for(number))?;
        Some(Self {
            reading,
            stage: stage.clone(),
            next: Instant::now(),
            is_wide: false,
        })
    }

    fn is_now(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Running(_))
    }

    /// Whether from now on the phone is like any other; said once.
    pub(super) fn ends(&mut self) -> bool {
        let is_over = matches!(*self.stage.borrow(), Stage::Draining(_) | Stage::Over);
        is_over && !std::mem::replace(&mut self.is_wide, true)
    }

    /// How much may be read at once.
    pub(super) fn bytes_at_once(&self) -> usize {
        if self.is_now() {
            self.reading.bytes_at_once()
        } else {
            READ_BUFFER_BYTES
        }
    }

    /// Takes note of what was read.
    pub(super) fn has_read(&mut self, bytes: usize) {
        let seconds = bytes as f64 / f64::from(self.reading.bytes_per_second);
        self.next = Instant::now() + Duration::from_secs_f64(seconds);
    }

    /// Waits until more may be read.
    pub(super) async fn pause(&mut self) {
        while self.is_now() && self.next > Instant::now() {
            tokio::select! {
                () = sleep_until(self.next) => return,
                changed = self.stage.changed() => if changed.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_phones_are_slow_as_were_asked_for_and_they_are_spread() {
        for (share, expected) in [(0.0, 0), (0.25, 250), (0.999, 999), (1.0, 1_000)] {
            let reading = SlowReading {
                share,
                bytes_per_second: 1,
            };
            assert_eq!((0..1_000).filter(|number| reading.is_for(*number)).count(), expected);
            let first_half = (0..500).filter(|number| reading.is_for(*number)).count();
            assert_eq!(first_half, expected / 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_phone_reads_at_its_pace_until_nothing_more_is_sent() {
        let (stage, receiver) = watch::channel(Stage::Running(std::time::Instant::now()));
        let reading = SlowReading {
            share: 1.0,
            bytes_per_second: 1_000,
        };
        let mut slow = Slow {
            reading,
            stage: receiver,
            next: Instant::now(),
            is_wide: false,
        };
        let begin = Instant::now();
        for _ in 0..10 {
            slow.pause().await;
            slow.has_read(slow.bytes_at_once());
        }
        slow.pause().await;
        let bytes = 10 * reading.bytes_at_once() as u64;
        assert_eq!(begin.elapsed().as_millis() as u64, bytes);
        slow.has_read(1_000_000);
        stage.send_replace(Stage::Draining(1));
        slow.pause().await;
        assert_eq!(begin.elapsed().as_millis() as u64, bytes, "it does not wait any more");
        assert_eq!(slow.bytes_at_once(), READ_BUFFER_BYTES);
    }
}
