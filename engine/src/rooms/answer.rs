//! The answer that a waiting command gets: exactly one, whatever happens.

use protocol::ErrorCode;
use tokio::sync::oneshot;

use super::Appended;

/// What a command is answered.
pub(crate) type Answer = Result<Appended, protocol::Error>;

/// The other end of the receiver that the caller waits on. Dropped unused it answers "unavailable", so that nobody waits for ever.
pub(super) struct AnswerSlot(Option<oneshot::Sender<Answer>>);

impl AnswerSlot {
    /// A slot and the receiver of its answer.
    pub(super) fn new() -> (Self, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(sender)), receiver)
    }

    /// Answers. A caller who has gone away is no error.
    pub(super) fn send(mut self, answer: Answer) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(answer);
        }
    }
}

impl Drop for AnswerSlot {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Err(ErrorCode::Unavailable.into()));
        }
    }
}
