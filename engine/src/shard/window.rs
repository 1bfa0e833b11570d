//! The retained frames of one log in one wire format: a chain of blocks, bounded by its own limit and never by a slow cursor.

use std::collections::VecDeque;

use super::{
    Wire,
    block::{Block, FrameStart, NO_ENTRY},
};
use crate::limits::{BLOCK_BYTES, WINDOW_BYTES_MAX};

/// The number of the first frame: far from zero, so that older entries can be put in front later.
const FIRST_FRAME: u64 = 1 << 40;

#[derive(Debug)]
pub(super) struct Window {
    pub(super) wire: Wire,
    pub(super) listeners: u32,
    pub(super) size_bytes: usize,
    blocks: VecDeque<Block>,
    end: u64,
}

impl Window {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            wire,
            listeners: 0,
            size_bytes: 0,
            blocks: VecDeque::new(),
            end: FIRST_FRAME,
        }
    }

    /// The number behind the last frame.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The first frame kept.
    pub(super) fn first(&self) -> u64 {
        self.blocks.front().map_or(self.end, |block| block.first_frame)
    }

    /// The lowest seq kept whose entry is kept too.
    pub(super) fn first_seq(&self) -> Option<u64> {
        self.blocks
            .iter()
            .flat_map(|block| &block.frames)
            .find(|frame| frame.target != NO_ENTRY)
            .map(|frame| frame.seq)
    }

    /// The frame of the entry with this seq, if it is kept.
    pub(super) fn frame_of(&self, seq: u64) -> Option<u64> {
        let index = self
            .blocks
            .partition_point(|block| block.frames.last().is_some_and(|frame| frame.seq < seq));
        let block = self.blocks.get(index)?;
        let place = block.frames.partition_point(|frame| frame.seq < seq);
        let frame = block.frames.get(place)?;
        (frame.seq == seq && frame.target != NO_ENTRY).then_some(block.first_frame + place as u64)
    }

    /// Appends a frame; trims from the front to stay within the limit.
    pub(super) fn push(&mut self, seq: u64, target: u64, frame: &[u8]) {
        if self
            .blocks
            .back()
            .is_none_or(|block| block.bytes.len() + frame.len() > BLOCK_BYTES)
        {
            self.blocks.push_back(Block::new(self.end));
        }
        self.blocks
            .back_mut()
            .expect("there is a block")
            .push(seq, target, frame);
        self.end += 1;
        self.size_bytes += frame.len();
        while self.size_bytes > WINDOW_BYTES_MAX && self.trim() {}
    }

    /// Drops the oldest block, unless it is the only one; whether there was one.
    pub(super) fn trim(&mut self) -> bool {
        if self.blocks.len() < 2 {
            return false;
        }
        self.size_bytes -= self.blocks.pop_front().map_or(0, |block| block.bytes.len());
        true
    }

    /// Drops the frames before a seq; every other one keeps its number.
    pub(super) fn drop_before(&mut self, seq: u64) {
        while let Some(oldest) = self.blocks.front_mut() {
            self.size_bytes -= oldest.drop_before(seq);
            if !oldest.frames.is_empty() {
                return;
            }
            self.blocks.pop_front();
        }
    }

    /// Puts older entries (ascending, right before the first kept) in front.
    pub(super) fn prepend(&mut self, frames: Vec<(u64, u64, Vec<u8>)>) {
        let first = self.first() - frames.len() as u64;
        let mut blocks: Vec<Block> = Vec::new();
        for (number, (seq, target, frame)) in (first..).zip(frames) {
            if blocks
                .last()
                .is_none_or(|block| block.bytes.len() + frame.len() > BLOCK_BYTES)
            {
                blocks.push(Block::new(number));
            }
            blocks.last_mut().expect("there is a block").push(seq, target, &frame);
            self.size_bytes += frame.len();
        }
        for block in blocks.into_iter().rev() {
            self.blocks.push_front(block);
        }
    }

    /// The block that holds a frame.
    pub(super) fn block_of(&self, frame: u64) -> Option<(usize, &Block)> {
        // Nearly every cursor stands in the last block.
        let last = self.blocks.back()?;
        if frame >= last.first_frame {
            return (frame < self.end).then_some((self.blocks.len() - 1, last));
        }
        let index = self.blocks.partition_point(|block| block.end_frame() <= frame);
        let block = self.blocks.get(index)?;
        (block.first_frame <= frame).then_some((index, block))
    }

    pub(super) fn block(&self, index: usize) -> &Block {
        &self.blocks[index]
    }

    /// Replaces the bytes of entries; every frame keeps its number.
    pub(super) fn reframe(&mut self, mut changed: impl FnMut(&FrameStart) -> Option<Vec<u8>>) {
        self.size_bytes = 0;
        for block in &mut self.blocks {
            block.reframe(&mut changed);
            self.size_bytes += block.bytes.len();
        }
    }

    /// Forgets every frame; the numbers go on.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.size_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use protocol::client::{Encoding, Transport, Variant};

    use super::*;

    fn window() -> Window {
        let variant = Variant::new(Encoding::Json, Transport::WebSocket).expect("a variant");
        Window::new(Wire::new(variant, None))
    }

    #[test]
    fn entries_are_found_by_seq_beside_short_lived_frames() {
        let mut window = window();
        window.push(5, 0, b"five");
        window.push(5, NO_ENTRY, b"typing");
        window.push(6, 0, b"six");
        assert_eq!(window.frame_of(5), Some(FIRST_FRAME));
        assert_eq!(window.frame_of(6), Some(FIRST_FRAME + 2));
        assert_eq!(window.frame_of(4), None);
        assert_eq!(window.frame_of(7), None);
        assert_eq!(window.first_seq(), Some(5));
    }

    #[test]
    fn older_entries_put_in_front_keep_the_numbers_of_the_newer() {
        let mut window = window();
        window.push(10, 0, b"ten");
        let ten = window.frame_of(10).expect("ten is kept");
        window.prepend(vec![(8, 0, b"eight".to_vec()), (9, 0, b"nine".to_vec())]);
        assert_eq!(window.frame_of(10), Some(ten));
        assert_eq!(window.frame_of(8), Some(ten - 2));
        let (_, block) = window.block_of(ten - 1).expect("nine is kept");
        assert_eq!(&block.bytes[block.start_of(ten - 1)..], b"nine");
    }

    #[test]
    fn reframing_changes_bytes_and_no_number() {
        let mut window = window();
        for seq in 1..=3 {
            window.push(seq, 0, b"secret");
        }
        let three = window.frame_of(3);
        window.reframe(|frame| (frame.seq == 2).then(|| b"-".to_vec()));
        assert_eq!(window.frame_of(3), three);
        let (_, block) = window.block_of(FIRST_FRAME).expect("kept");
        assert_eq!(block.bytes, b"secret-secret");
        assert_eq!(window.size_bytes, 13);
    }

    #[test]
    fn what_a_log_has_dropped_goes_and_the_rest_keeps_its_numbers() {
        let mut window = window();
        for seq in 1..=4 {
            window.push(seq, 0, &vec![b'x'; BLOCK_BYTES / 2]);
        }
        let (end, four) = (window.end(), window.frame_of(4));
        window.drop_before(4);
        assert_eq!(
            (window.first_seq(), window.frame_of(4), window.frame_of(3)),
            (Some(4), four, None)
        );
        let (_, block) = window.block_of(end - 1).expect("four is kept");
        assert_eq!((block.start_of(end - 1), block.bytes.len()), (0, BLOCK_BYTES / 2));
        assert_eq!((window.first(), window.size_bytes), (end - 1, BLOCK_BYTES / 2));
        window.drop_before(5);
        assert_eq!((window.first(), window.end(), window.size_bytes), (end, end, 0));
        window.push(5, 0, b"five");
        assert_eq!(window.frame_of(5), Some(end));
    }

    #[test]
    fn the_limit_frees_whole_blocks_from_the_front() {
        let mut window = window();
        let frame = vec![0; BLOCK_BYTES];
        for seq in 1..=(WINDOW_BYTES_MAX / BLOCK_BYTES + 3) as u64 {
            window.push(seq, 0, &frame);
        }
        assert!(window.size_bytes <= WINDOW_BYTES_MAX);
        assert_eq!(window.frame_of(1), None);
        assert_eq!(window.first_seq(), Some(4));
    }
}
