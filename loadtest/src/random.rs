//! Reproducible randomness: masks of frames, and which phones cut their connection when.
//!
//! SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>), for spread and never for secrets.

/// A stream of numbers that its seed determines.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A seed from the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn fresh_seed() -> u64 {
        getrandom::u64().expect("the operating system gives randomness")
    }

    /// A stream of its own for the part number `index` of a run.
    pub fn part(seed: u64, index: u64) -> Self {
        let mut mixed = Self(seed ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(mixed.number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From 0 up to 1, without 1.
    pub fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The mask of one frame.
    pub fn mask(&mut self) -> [u8; 4] {
        (self.number() as u32).to_ne_bytes()
    }

    /// The nonce of one handshake.
    pub fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.number().to_ne_bytes());
        nonce[8..].copy_from_slice(&self.number().to_ne_bytes());
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_stream_and_parts_differ() {
        let (mut one, mut same, mut other) = (Random::part(7, 1), Random::part(7, 1), Random::part(7, 2));
        let first = one.number();
        assert_eq!(first, same.number());
        assert_ne!(first, other.number());
    }

    #[test]
    fn shares_spread_over_the_whole_range() {
        let mut random = Random::part(1, 1);
        let shares: Vec<f64> = (0..1_000).map(|_| random.share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        assert!(shares.iter().any(|share| *share < 0.05) && shares.iter().any(|share| *share > 0.95));
    }
}
