//! Whether a thread of the simulator comes to its turn in time.
//!
//! A simulator that is too slow itself finds its own delays in every latency. So each thread asks to be woken again and
//! again, and measures how much too late that happens.

use std::{cell::RefCell, rc::Rc, time::Duration};

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
            Stage::Opening | Stage::Gathering | Stage::Away => {}
            Stage::Rush(_) | Stage::Running(_) | Stage::Draining(_) => note(&mut times.borrow_mut(), due.elapsed()),
            Stage::Over => return,
        }
    }
}

/// Whoever was late by many steps missed those between, each a bit less late.
fn note(times: &mut Times, mut late: Duration) {
    while late >= LAG_MEASURED_EVERY {
        times.record_us(late.as_micros() as u64);
        late -= LAG_MEASURED_EVERY;
    }
    times.record_us(late.as_micros() as u64);
}

#[cfg(test)]
mod tests {
    use std::time::Instant as WallInstant;

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

    #[test]
    fn one_long_delay_is_not_one_among_many_short_ones() {
        let mut times = Times::default();
        note(&mut times, Duration::from_millis(1));
        note(&mut times, Duration::from_millis(995));
        let figures = times.percentiles().expect("measured");
        assert_eq!(figures.count, 101);
        assert!((490_000..=510_000).contains(&figures.p50_us), "{figures:?}");
    }
}
