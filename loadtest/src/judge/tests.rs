use protocol::client::{CommandResult, Reply};

use super::*;
use crate::{mark::Mark, phone::Place};

fn entry(number: u64, digest: u64) -> Option<Entry> {
    let mark = Some(Mark {
        number,
        intended_us: 10,
    });
    Some(Entry {
        mark,
        digest,
        last_us: 10 + digest,
        deliveries: 1,
    })
}

fn sent(count: u64) -> Answers {
    let mut answers = Answers::default();
    for _ in 0..count {
        let number = answers.sent(0);
        answers.answered(&Reply::success(number as u32, CommandResult::Publish), 1);
    }
    answers
}

fn log(entries: Vec<Option<Entry>>) -> Log {
    let mut log = Log::default();
    log.add(entries);
    log
}

#[test]
fn nothing_wrong_holds_and_each_single_thing_does_not() {
    let whole = || Evidence {
        sent: 5,
        planned: 5,
        acknowledged: 5,
        lag_limit_us: 100,
        ..Evidence::default()
    };
    assert_eq!(judge(&whole()), (Verdict::Held, vec![]));
    let wrong: [fn(&mut Evidence); 15] = [
        |evidence| evidence.losses.holes = 1,
        |evidence| evidence.losses.not_come = 1,
        |evidence| evidence.losses.never_joined = 1,
        |evidence| evidence.losses.away_at_end = 1,
        |evidence| evidence.losses.without_history = 1,
        |evidence| evidence.faults.doubled = 1,
        |evidence| evidence.faults.out_of_order = 1,
        |evidence| evidence.faults.altered = 1,
        |evidence| evidence.faults.early = 1,
        |evidence| evidence.faults.unrecovered = 1,
        |evidence| evidence.faults.another_epoch = 1,
        |evidence| evidence.faults.wrong_history = 1,
        |evidence| evidence.log.acknowledged_missing = 1,
        |evidence| evidence.log.doubled = 1,
        |evidence| evidence.log.out_of_order = 1,
    ];
    for spoil in wrong {
        let mut evidence = whole();
        spoil(&mut evidence);
        let (verdict, reasons) = judge(&evidence);
        assert_eq!((verdict, reasons.len()), (Verdict::Failed, 1), "{reasons:?}");
    }
    let doubtful: [fn(&mut Evidence); 5] = [
        |evidence| evidence.planned = 6,
        |evidence| evidence.acknowledged = 4,
        |evidence| (evidence.acknowledged, evidence.refused) = (4, 1),
        |evidence| evidence.lag_p99_us = 101,
        |evidence| evidence.ended = Some("interrupted".to_owned()),
    ];
    for spoil in doubtful {
        let mut evidence = whole();
        spoil(&mut evidence);
        let (verdict, reasons) = judge(&evidence);
        assert_eq!((verdict, reasons.len()), (Verdict::Invalid, 1), "{reasons:?}");
    }
}

#[test]
fn a_simulator_that_is_too_slow_does_not_blame_the_server_for_what_it_did_not_read() {
    let mut evidence = Evidence {
        lag_p99_us: 2,
        lag_limit_us: 1,
        ..Evidence::default()
    };
    evidence.losses.not_come = 7;
    assert_eq!(judge(&evidence).0, Verdict::Invalid);
    evidence.losses.holes = 1;
    assert_eq!(judge(&evidence).0, Verdict::Failed, "a hole is a hole");
}

#[test]
fn a_log_is_held_against_what_the_sender_was_told() {
    let faults = |numbers: &[u64]| log(numbers.iter().map(|number| entry(*number, 1)).collect()).judge(&sent(3), true);
    assert_eq!(faults(&[1, 2, 3]), LogFaults::default());
    assert_eq!(faults(&[1, 3]).acknowledged_missing, 1);
    assert_eq!(faults(&[1, 2]).acknowledged_missing, 1);
    let cut_short = log(vec![entry(1, 1), entry(2, 1)]).judge(&sent(3), false);
    assert_eq!(cut_short, LogFaults::default(), "nobody has read the end");
    assert_eq!(faults(&[1, 2, 2, 3]).doubled, 1);
    assert_eq!(faults(&[2, 1, 3]).out_of_order, 1);
    assert_eq!(
        faults(&[1, 2, 3, 9]),
        LogFaults::default(),
        "what was never sent is not this sender's"
    );
}

#[test]
fn what_threads_saw_becomes_one_log() {
    let mut log = log(vec![entry(1, 7), None, entry(3, 7)]);
    log.add(vec![entry(1, 7), entry(2, 9)]);
    assert_eq!(log.altered, 0);
    assert_eq!(log.judge(&sent(3), true), LogFaults::default());
    assert_eq!(log.last_phone().expect("three messages").max_us, 9);
    log.add(vec![entry(1, 8)]);
    assert_eq!(log.altered, 1);
}

#[test]
fn phones_that_never_came_lack_nothing_else() {
    let mut losses = Losses::default();
    let away = Record {
        joined: true,
        place: Place::at(3),
        ..Record::default()
    };
    losses.add(&[Record::default(), away], 5, true);
    let expected = Losses {
        chats_not_open: 0,
        chat_messages: 0,
        never_joined: 1,
        away_at_end: 1,
        phones: 1,
        holes: 0,
        not_come: 2,
        without_history: 1,
    };
    assert_eq!(losses, expected);
}
