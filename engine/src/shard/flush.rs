//! Writes to one socket what is due: the rest of an unfinished frame, then personal frames, then the logs by turns.

use std::io::{self, IoSlice};

use bytes::{Buf, BytesMut};
use protocol::client::{Event, Push};
use slab::Slab;

use super::{
    Inner, SessionKey, Shard, ShardNotice,
    cursor::{Cursor, Ended},
    log::Log,
    slot::{Queue, Slot},
    window::Window,
};
use crate::metrics::EngineMetrics;

/// Pieces of one write: the unfinished frame, the personal queue, and parts of logs.
const SLICES_MAX: usize = 16;
/// Writes to one socket before others have their turn.
const WRITES_MAX: usize = 4;

/// A part of a log in one write: whole frames of one block.
#[derive(Clone, Copy, Default)]
struct Segment {
    cursor: usize,
    block: usize,
    first: u64,
    end: u64,
    length: usize,
}

impl Shard {
    /// Sends what is due to a session, as far as its socket takes it.
    pub fn flush(&self, key: SessionKey) {
        let mut inner = self.inner.borrow_mut();
        inner.flush(self, key);
        inner.delivered.show(&self.metrics);
    }

    /// The session's socket can take bytes again.
    pub fn writable(&self, key: SessionKey) {
        let mut inner = self.inner.borrow_mut();
        let now_s = self.now_s();
        if let Some(slot) = inner.slot_mut(key) {
            slot.is_blocked = false;
            // The client takes bytes, and the ping stands behind those that filled the socket: its answer has its time from here.
            if slot.ping_sent_s != 0 {
                slot.ping_sent_s = now_s;
            }
            inner.flush(self, key);
            inner.delivered.show(&self.metrics);
        }
    }
}

impl Inner {
    pub(super) fn flush(&mut self, shard: &Shard, key: SessionKey) {
        for _ in 0..WRITES_MAX {
            if self.slot(key).is_none_or(|slot| slot.is_blocked || slot.is_closed) {
                return;
            }
            self.retire(shard, key);
            let now_s = shard.now_s();
            let Some(slot) = self.slots.get_mut(key.index as usize) else {
                return;
            };
            match slot.write(&self.logs) {
                Ok(Written { bytes: 0, given: 0, .. }) => {
                    slot.progress_s = now_s;
                    return slot.close_if_done();
                }
                Ok(written) => {
                    self.delivered.add(&written);
                    if written.bytes > 0 {
                        slot.progress_s = now_s;
                    }
                    if written.bytes < written.given {
                        slot.is_blocked = true;
                        slot.outbox.wait();
                        return;
                    }
                    if written.is_complete && slot.cursors.iter().all(|cursor| cursor.end == u64::MAX) {
                        return slot.close_if_done();
                    }
                }
                Err(error) => return slot.fail(&error),
            }
        }
        self.unfinished.push(key);
        shard.wake.notify_one();
    }

    /// Ends cursors that have reached their end or have fallen out of the window, and tells client and session.
    fn retire(&mut self, shard: &Shard, key: SessionKey) {
        loop {
            let Some(slot) = self.slot(key) else { return };
            let ended = slot.cursors.iter().find_map(|cursor| {
                let log = &self.logs[cursor.log as usize];
                ended(cursor, log.window(slot.wire)).map(|why| (cursor.log as usize, why, cursor.is_server_side))
            });
            let Some((log, why, is_server_side)) = ended else {
                return;
            };
            self.end_subscription(shard, key, log, why, is_server_side);
        }
    }

    fn end_subscription(&mut self, shard: &Shard, key: SessionKey, log: usize, why: Ended, is_server_side: bool) {
        let channel = self.logs[log].relay.channel().clone();
        self.remove_cursor(shard, key, log);
        shard.metrics.ended(why);
        if is_server_side && why == Ended::Lagged {
            return self.begin_close(shard, key, protocol::Disconnect::InsufficientState);
        }
        let Some(slot) = self.slot_mut(key) else { return };
        let event = Event::Unsubscribe(why.unsubscribe().into());
        let mut bytes = Vec::with_capacity(128);
        slot.wire.frame_push(
            &Push {
                channel: channel.as_str().into(),
                event,
            },
            &mut bytes,
        );
        slot.queue_personal(&bytes);
        slot.notify(ShardNotice::Ended(channel, why));
    }
}

fn ended(cursor: &Cursor, window: Option<&Window>) -> Option<Ended> {
    let window = window?;
    if cursor.is_held {
        return None;
    }
    if cursor.frame >= cursor.end {
        return Some(cursor.why);
    }
    (cursor.frame < window.first()).then_some(Ended::Lagged)
}

/// What one write did.
struct Written {
    bytes: usize,
    given: usize,
    /// Frames of logs that were written to their end.
    frames: u64,
    /// Nothing was left out of the write for want of space in it.
    is_complete: bool,
}

/// What was written since it was shown last. The counters of the node are shared by all its threads, and a write is no more than some
/// microseconds: so they are not touched by every write.
#[derive(Default)]
pub(super) struct Delivered {
    frames: u64,
    writes: u64,
    bytes: u64,
}

impl Delivered {
    fn add(&mut self, written: &Written) {
        self.frames += written.frames;
        self.writes += 1;
        self.bytes += written.bytes as u64;
    }

    /// Adds everything to the node's counters.
    pub(super) fn show(&mut self, metrics: &EngineMetrics) {
        let Self { frames, writes, bytes } = std::mem::take(self);
        if writes > 0 {
            metrics.delivered_frames.inc_by(frames);
            metrics.writes.inc_by(writes);
            metrics.written_bytes.inc_by(bytes);
        }
    }
}

impl Slot {
    fn write(&mut self, logs: &Slab<Log>) -> io::Result<Written> {
        let Self {
            outbox,
            queue,
            cursors,
            turn,
            wire,
            ..
        } = self;
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut segments = [Segment::default(); SLICES_MAX];
        let (mut count, mut parts) = (0, 0);
        if let Some(queue) = queue {
            for bytes in [&queue.unfinished, &queue.personal] {
                if !bytes.is_empty() {
                    slices[count] = IoSlice::new(bytes);
                    count += 1;
                }
            }
        }
        let mut is_complete = true;
        for step in 0..cursors.len() {
            let index = (*turn as usize + step) % cursors.len();
            let cursor = &cursors[index];
            let Some(window) = logs[cursor.log as usize].window(*wire) else {
                continue;
            };
            if cursor.is_held || cursor.frame >= window.end().min(cursor.end) {
                continue;
            }
            if count == SLICES_MAX {
                is_complete = false;
                break;
            }
            let Some((block_index, block)) = window.block_of(cursor.frame) else {
                continue;
            };
            let end = block.end_frame().min(cursor.end);
            is_complete &= end == window.end().min(cursor.end);
            let (from, to) = (block.start_of(cursor.frame), block.start_of(end));
            slices[count] = IoSlice::new(&block.bytes[from..to]);
            segments[parts] = Segment {
                cursor: index,
                block: block_index,
                first: cursor.frame,
                end,
                length: to - from,
            };
            (count, parts) = (count + 1, parts + 1);
        }
        let given: usize = slices[..count].iter().map(|slice| slice.len()).sum();
        if given == 0 {
            return Ok(Written {
                bytes: 0,
                given,
                frames: 0,
                is_complete,
            });
        }
        *turn = turn.wrapping_add(1);
        let bytes = match outbox.write(&slices[..count]) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        let mut left = bytes;
        if let Some(waiting) = queue {
            left -= consume(&mut waiting.unfinished, left);
            left -= consume(&mut waiting.personal, left);
            if waiting.is_empty() {
                *queue = None;
            }
        }
        let mut frames = 0;
        for segment in &segments[..parts] {
            if left == 0 {
                break;
            }
            let cursor = &mut cursors[segment.cursor];
            let written = left.min(segment.length);
            left -= written;
            let window = logs[cursor.log as usize]
                .window(*wire)
                .expect("the segment came out of it");
            frames += advance(cursor, segment, window, written, queue);
        }
        Ok(Written {
            bytes,
            given,
            frames,
            is_complete,
        })
    }

    /// Puts whole frames for this session alone behind those that wait.
    pub(super) fn queue_personal(&mut self, frames: &[u8]) {
        if !frames.is_empty() {
            self.queue.get_or_insert_default().personal.extend_from_slice(frames);
        }
    }

    /// Ends the connection when the close frame has been taken.
    fn close_if_done(&mut self) {
        if self.is_closing && self.queue.is_none() {
            self.is_closed = true;
            self.outbox.close();
        }
    }

    fn fail(&mut self, error: &io::Error) {
        tracing::debug!(%error, "a session's socket failed");
        self.is_closed = true;
        self.outbox.close();
        self.notify(ShardNotice::Closed);
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.unfinished.is_empty() && self.personal.is_empty()
    }
}

/// Takes up to `count` bytes from the front; an emptied queue holds no memory. Gives how many there were to take.
fn consume(queue: &mut BytesMut, count: usize) -> usize {
    let taken = count.min(queue.len());
    if taken == queue.len() {
        *queue = BytesMut::new();
    } else {
        queue.advance(taken);
    }
    taken
}

/// Moves a cursor behind what was written of its segment. A frame that was cut is copied, so that the cursor stands between frames and
/// the block may go. Gives the number of frames begun.
fn advance(
    cursor: &mut Cursor,
    segment: &Segment,
    window: &Window,
    written: usize,
    queue: &mut Option<Box<Queue>>,
) -> u64 {
    if written == segment.length {
        cursor.frame = segment.end;
        return segment.end - segment.first;
    }
    let block = window.block(segment.block);
    let byte = block.start_of(segment.first) + written;
    let frame = block.frame_at(byte);
    if block.start_of(frame) == byte {
        cursor.frame = frame;
    } else {
        let rest = &block.bytes[byte..block.start_of(frame + 1)];
        queue.get_or_insert_default().unfinished.extend_from_slice(rest);
        cursor.frame = frame + 1;
    }
    cursor.frame - segment.first
}
