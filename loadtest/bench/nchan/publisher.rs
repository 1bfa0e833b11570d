//! One connection that posts every message at its time and never waits for an answer before the next.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

use loadtest::mark::Mark;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep_until, timeout},
};

use super::{Load, MARKER, MESSAGE_BYTES};
use crate::{
    failure::{Failure, Outcome},
    message::Push,
};

const READ_BUFFER_BYTES: usize = 16 << 10;
/// How long it waits for the answer to its last message.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// As long as a room's name.
const CHANNEL: &str = "room:0000000000000";

/// Posts everything; ends when all is answered.
pub(super) async fn publish(address: SocketAddr, load: Load, origin: Instant) -> Outcome<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    let send = async {
        let (begin, begin_us) = (tokio::time::Instant::now(), origin.elapsed().as_micros() as u64);
        let mut push = Push::default();
        for number in 1..=load.messages() {
            let due = Duration::from_secs_f64((number - 1) as f64 / load.rate);
            sleep_until(begin + due).await;
            let intended_us = begin_us + due.as_micros() as u64;
            let request = request(address, &mut push, Mark { number, intended_us });
            writer.write_all(request.as_bytes()).await?;
        }
        Outcome::Ok(())
    };
    let hear = async {
        let mut answers = Answers::default();
        let mut buffer = vec![0; READ_BUFFER_BYTES];
        while answers.count < load.messages() {
            let count = timeout(ANSWER_TIMEOUT, reader.read(&mut buffer))
                .await
                .map_err(|_| Failure::new("nchan answers no more"))??;
            if count == 0 || !answers.take(&buffer[..count]) {
                return Err(Failure::new("nchan refused a message"));
            }
        }
        Ok(())
    };
    tokio::try_join!(send, hear).map(|_| ())
}

fn request(address: SocketAddr, push: &mut Push, mark: Mark) -> String {
    let message = MARKER.message(mark, MESSAGE_BYTES);
    let body = String::from_utf8_lossy(push.text(CHANNEL, message.as_bytes(), mark.number));
    let mut request = String::with_capacity(body.len() + 128);
    let length = body.len();
    // Never fails for a String.
    let _ = write!(
        request,
        "POST /publish HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    request
}

/// Counts answers by their first line, which bodies of nchan do not have.
#[derive(Debug, Default)]
struct Answers {
    count: u64,
    rest: Vec<u8>,
}

const STATUS: &[u8] = b"HTTP/1.1 ";

impl Answers {
    /// False when one is not of the kind 2xx.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(at) = self.rest[from..]
            .windows(STATUS.len())
            .position(|window| window == STATUS)
        {
            let digit = from + at + STATUS.len();
            match self.rest.get(digit) {
                Some(b'2') => self.count += 1,
                Some(_) => return false,
                None => {
                    self.rest.drain(..from + at);
                    return true;
                }
            }
            from = digit;
        }
        // The beginning of the next one may have come.
        let keep = self.rest.len().saturating_sub(STATUS.len() - 1).max(from);
        self.rest.drain(..keep);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_however_they_are_cut() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nokayHTTP/1.1 202 Accepted\r\n\r\n";
        for cut in 0..text.len() {
            let mut answers = Answers::default();
            assert!(answers.take(&text[..cut]) && answers.take(&text[cut..]));
            assert_eq!(answers.count, 2, "cut at {cut}");
        }
        assert!(!Answers::default().take(b"HTTP/1.1 413 Too Large\r\n"));
    }
}
