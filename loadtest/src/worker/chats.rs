//! The schedule of a thread's chats: when each comes into being, and when something is said in it.

use std::{ops::Range, rc::Rc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::cuts::until;
use crate::{
    limits::{CHATS_LOOKED_AT_EVERY, CHATS_OPENING_MAX},
    phone::Crew,
    settings::{ManyChats, Settings, Stage},
};

/// The chats of the thread number `index` with these phones: all threads have about as many for each phone.
pub(super) fn count(settings: &Settings, phones: &Range<u64>) -> usize {
    match settings.chats {
        Some(chats) => {
            let at = |phone: u64| chats.count * phone / settings.sessions;
            (at(phones.end) - at(phones.start)) as usize
        }
        None => 0,
    }
}

/// Lets the chats come into being when the time has come, and then lets people speak in them.
pub(super) async fn drive(crew: Rc<Crew>, chats: ManyChats, mut stage: watch::Receiver<Stage>) {
    until(&mut stage, |stage| (*stage == Stage::Gathering).then_some(())).await;
    let count = crew.desk.borrow().chats.count() as u32;
    let mut next = 0;
    let begin = loop {
        if let Stage::Running(begin) = *stage.borrow() {
            break begin;
        }
        {
            let all = &mut crew.desk.borrow_mut().chats;
            all.retry();
            let room = CHATS_OPENING_MAX.saturating_sub(all.opening());
            let end = count.min(next + room as u32);
            (next..end).for_each(|chat| all.order(chat));
            next = end;
        }
        sleep(CHATS_LOOKED_AT_EVERY).await;
    };
    if count > 0 {
        speak(&crew, chats.interval, begin, &stage).await;
    }
}

/// Something is due in every chat once per interval, spread over it.
async fn speak(crew: &Crew, interval: Duration, begin: std::time::Instant, stage: &watch::Receiver<Stage>) {
    let count = crew.desk.borrow().chats.count() as u32;
    let lasts = crew.settings.lasts;
    let begin_us = begin.saturating_duration_since(crew.settings.origin).as_micros() as u64;
    for message in 0_u64.. {
        let due = interval.mul_f64(message as f64 / f64::from(count));
        if due >= lasts || !matches!(*stage.borrow(), Stage::Running(_)) {
            return;
        }
        sleep_until(Instant::from_std(begin) + due).await;
        let all = &mut crew.desk.borrow_mut().chats;
        all.retry();
        all.say((message % u64::from(count)) as u32, begin_us + due.as_micros() as u64);
    }
}
