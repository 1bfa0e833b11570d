//! What the server said to each message: its word is what it is judged by.

use std::collections::BTreeMap;

use protocol::client::Reply;

use crate::measure::Times;

/// How often messages were refused, by the answer.
pub type Refusals = BTreeMap<String, u64>;

/// All answers.
#[derive(Debug, Default)]
pub struct Answers {
    /// When each message was due, in microseconds since the run's origin; the first is number 1.
    intended_us: Vec<u64>,
    acknowledged: Vec<bool>,
    acknowledged_count: u64,
    answered_count: u64,
    refusals: Refusals,
    /// From the intended time of sending to the acknowledgement.
    pub times: Times,
}

impl Answers {
    /// The next message is sent; gives its number.
    pub fn sent(&mut self, intended_us: u64) -> u64 {
        self.intended_us.push(intended_us);
        self.acknowledged.push(false);
        self.sent_count()
    }

    /// Takes note of an answer; others than those to messages are passed over.
    pub fn answered(&mut self, reply: &Reply, now_us: u64) {
        let Some(index) = (reply.id as usize).checked_sub(1) else {
            return;
        };
        let Some(intended_us) = self.intended_us.get(index) else {
            return;
        };
        self.answered_count += 1;
        match &reply.result {
            Ok(_) => {
                self.acknowledged_count += u64::from(!self.acknowledged[index]);
                self.acknowledged[index] = true;
                self.times.record_us(now_us.saturating_sub(*intended_us));
            }
            Err(error) => {
                *self
                    .refusals
                    .entry(format!("{} {}", error.code, error.message))
                    .or_default() += 1
            }
        }
    }

    /// Messages that were sent.
    pub const fn sent_count(&self) -> u64 {
        self.intended_us.len() as u64
    }

    /// Messages that the server has acknowledged.
    pub const fn acknowledged_count(&self) -> u64 {
        self.acknowledged_count
    }

    /// Whether nothing is waited for.
    pub const fn is_complete(&self) -> bool {
        self.answered_count >= self.sent_count()
    }

    /// Whether the server has acknowledged the message with this number.
    pub fn is_acknowledged(&self, number: u64) -> bool {
        let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        index
            .and_then(|index| self.acknowledged.get(index))
            .copied()
            .unwrap_or(false)
    }

    /// How often messages were refused, by the answer.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, client::CommandResult};

    use super::*;

    #[test]
    fn only_what_was_acknowledged_is_expected_of_the_log() {
        let mut answers = Answers::default();
        assert_eq!((answers.sent(10), answers.sent(20), answers.sent(30)), (1, 2, 3));
        answers.answered(&Reply::success(1, CommandResult::Publish), 15);
        answers.answered(&Reply::failure(2, ErrorCode::TooManyRequests), 25);
        answers.answered(&Reply::success(u32::MAX, CommandResult::Publish), 25);
        assert!(!answers.is_complete());
        assert_eq!(
            [0, 1, 2, 3, 4].map(|number| answers.is_acknowledged(number)),
            [false, true, false, false, false]
        );
        assert_eq!(answers.refusals().get("111 too many requests"), Some(&1));
        assert_eq!(
            (
                answers.acknowledged_count(),
                answers.times.percentiles().expect("one").max_us
            ),
            (1, 5)
        );
    }
}
