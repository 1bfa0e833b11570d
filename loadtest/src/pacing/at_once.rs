//! Everything at the same moment: the doors open.

/// All actions are due at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtOnce {
    /// How many.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::{Pace, times_ms};

    #[tokio::test(start_paused = true)]
    async fn a_rush_takes_no_time() {
        let times = times_ms(Pace::AtOnce(AtOnce { count: 3_000 })).await;
        assert_eq!(times, vec![0; 3_000]);
    }
}
