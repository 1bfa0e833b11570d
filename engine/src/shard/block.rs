//! A run of framed bytes with the index of its frames.

/// The target of a frame that is not an entry.
pub(super) const NO_ENTRY: u64 = u64::MAX;

/// Where a frame starts and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameStart {
    pub(super) start: u32,
    /// The entry's seq; of a short-lived frame the seq before it.
    pub(super) seq: u64,
    /// The message that the entry changes; 0: none; [`NO_ENTRY`]: a short-lived frame.
    pub(super) target: u64,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) first_frame: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) frames: Vec<FrameStart>,
}

impl Block {
    pub(super) fn new(first_frame: u64) -> Self {
        Self {
            first_frame,
            bytes: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// The number behind the last frame.
    pub(super) fn end_frame(&self) -> u64 {
        self.first_frame + self.frames.len() as u64
    }

    pub(super) fn push(&mut self, seq: u64, target: u64, frame: &[u8]) {
        self.frames.push(FrameStart {
            start: self.bytes.len() as u32,
            seq,
            target,
        });
        self.bytes.extend_from_slice(frame);
    }

    /// The byte at which a frame of this block (or the one behind its last) starts.
    pub(super) fn start_of(&self, frame: u64) -> usize {
        self.frames
            .get((frame - self.first_frame) as usize)
            .map_or(self.bytes.len(), |found| found.start as usize)
    }

    /// The frame that the byte belongs to.
    pub(super) fn frame_at(&self, byte: usize) -> u64 {
        self.first_frame + self.frames.partition_point(|frame| frame.start as usize <= byte) as u64 - 1
    }

    /// Drops the frames before a seq from the front; the others keep their numbers. Gives the bytes that went.
    pub(super) fn drop_before(&mut self, seq: u64) -> usize {
        let count = self.frames.partition_point(|frame| frame.seq < seq);
        let start = self.start_of(self.first_frame + count as u64);
        self.bytes.drain(..start);
        self.frames.drain(..count);
        self.frames.iter_mut().for_each(|frame| frame.start -= start as u32);
        self.first_frame += count as u64;
        start
    }

    /// Frames every entry anew that `changed` gives other bytes for; the numbers stay.
    pub(super) fn reframe(&mut self, mut changed: impl FnMut(&FrameStart) -> Option<Vec<u8>>) {
        let replacements: Vec<_> = self.frames.iter().map(&mut changed).collect();
        if replacements.iter().all(Option::is_none) {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for (index, replacement) in replacements.iter().enumerate() {
            let start = self.frames[index].start as usize;
            let end = self
                .frames
                .get(index + 1)
                .map_or(self.bytes.len(), |next| next.start as usize);
            self.frames[index].start = bytes.len() as u32;
            bytes.extend_from_slice(replacement.as_deref().unwrap_or(&self.bytes[start..end]));
        }
        self.bytes = bytes;
    }
}
