//! When the doors open: phone after phone within a moment.

use std::{ops::Range, rc::Rc};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::cuts::until;
use crate::{limits::RUSH_LASTS, phone::Crew, settings::Stage};

/// Lets this thread's phones in, spread evenly over [`RUSH_LASTS`] like those of all other threads.
pub(super) async fn let_in(crew: Rc<Crew>, phones: Range<u64>, mut stage: watch::Receiver<Stage>) {
    let begin = until(&mut stage, |stage| match stage {
        Stage::Rush(begin) => Some(*begin),
        _ => None,
    })
    .await;
    let settings = &crew.settings;
    for number in phones.clone() {
        let due = begin + RUSH_LASTS.mul_f64(number as f64 / settings.sessions as f64);
        sleep_until(Instant::from_std(due)).await;
        let phone = (number - phones.start) as usize;
        let desk = &mut *crew.desk.borrow_mut();
        desk.records[phone].begin_us = due.saturating_duration_since(settings.origin).as_micros() as u64;
        desk.doors.let_in(phone);
    }
}
