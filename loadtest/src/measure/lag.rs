//! Whether a thread of the simulator comes to its turn in time.
//!
//! A simulator that is too slow itself finds its own delays in every latency. So each thread asks to be woken again and
//! again, and measures how much too late that happens.

use std::{cell::RefCell, rc::Rc};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::Times;
use crate::{limits::LAG_MEASURED_EVERY, settings::Stage};

/// Measures while messages are sent and drained, until the run is over.
pub async fn measure_lag(stage: watch::Receiver<Stage>, times: Rc<RefCell<Times>>) {
    loop {
        let due = Instant::now() + LAG_MEASURED_EVERY;
        sleep_until(due).await;
        match *stage.borrow() {
            Stage::Opening => {}
            Stage::Running(_) | Stage::Draining(_) => times.borrow_mut().record_us(due.elapsed().as_micros() as u64),
            Stage::Over => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant as WallInstant};

    use super::*;

    #[tokio::test]
    async fn a_thread_that_is_kept_busy_is_noticed() {
        let (_stage, receiver) = watch::channel(Stage::Running(WallInstant::now()));
        let times = Rc::new(RefCell::new(Times::default()));
        let busy = async {
            tokio::task::yield_now().await;
            let begin = WallInstant::now();
            while begin.elapsed() < Duration::from_millis(60) {
                std::hint::spin_loop();
            }
            while times.borrow().percentiles().is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = measure_lag(receiver, times.clone()) => unreachable!("the run is not over"),
            () = busy => {}
        }
        let worst_us = times.borrow().percentiles().expect("measured").max_us;
        assert!(worst_us >= 40_000, "{worst_us}");
    }
}
