//! Everybody loses the network and comes back at once: a correct server gives all back, and a wrong one is found out.

use crate::kit::{Behaviour, Run, Server, interrupted};
use loadtest::report::{Report, Verdict};

const WHAT: &str = "reconnect-storm --sessions 20 --missed 40 --rate 400 --threads 2";

async fn storm(behaviour: Behaviour, options: &str) -> Report {
    let server = Server::start(behaviour).await;
    let run = Run::of(&format!("{WHAT}{options}"), &server.url());
    run.report().await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_come_back_and_have_everything_once() {
    let report = storm(Behaviour::Correct, "").await;
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!((report.deliveries.cuts, report.deliveries.resumed), (20, 20));
    assert_eq!((report.deliveries.count, report.deliveries.recovered), (800, 800));
    let storm = report.storm.expect("they came back");
    assert_eq!((storm.sessions, storm.missed), (20, 40));
    let (live, complete) = (
        storm.live_seconds.expect("live"),
        storm.complete_seconds.expect("complete"),
    );
    assert!(live > 0.0 && complete >= live, "{storm:?}");
    assert!(
        report
            .to_string()
            .contains("20 phones back at once, 40 messages missed"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_in_which_nothing_is_missed_is_one_too() {
    let server = Server::start(Behaviour::Correct).await;
    let run = Run::of("reconnect-storm --sessions 20", &server.url());
    let report = run.report().await.expect("a report");
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    let storm = report.storm.expect("they came back");
    assert_eq!((storm.missed, report.deliveries.resumed), (0, 20));
    assert_eq!(storm.live_seconds, storm.complete_seconds);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_gives_back_wrongly_is_found() {
    type Count = fn(&Report) -> u64;
    let wrong: [(Behaviour, Count); 7] = [
        (Behaviour::RecoversPartly, |report| report.losses.entries()),
        (Behaviour::RecoversTooMuch, |report| report.faults.doubled),
        (Behaviour::RecoversOutOfOrder, |report| report.faults.out_of_order),
        (Behaviour::RefusesRecovery, |report| report.faults.unrecovered),
        (Behaviour::PushesBeforeReply, |report| report.faults.early),
        (Behaviour::ForgetsAcknowledged, |report| {
            report.log_faults.acknowledged_missing
        }),
        (Behaviour::KeepsTwice, |report| report.log_faults.doubled),
    ];
    for (behaviour, count) in wrong {
        // Among members the log has entries already; without any, nothing can be given back twice.
        let report = storm(behaviour, " --members --hmac-secret key").await;
        assert_eq!(report.verdict, Verdict::Failed, "{behaviour:?}: {report}");
        assert!(count(&report) > 0, "{behaviour:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_missed_more_than_is_promised_may_be_told_to_begin_anew() {
    let report = storm(Behaviour::RefusesRecovery, " --recovery-entries 39").await;
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!((report.deliveries.told_anew, report.deliveries.recovered), (20, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_while_all_are_away_leaves_what_was_measured() {
    let report = storm(Behaviour::Dies, "").await;
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(
        report.reasons.iter().any(|reason| reason.contains("the publisher")),
        "{report}"
    );
    assert!(report.times.opening.is_some() && report.storm.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_of_the_return_is_said_to_be_dead() {
    let report = storm(Behaviour::DiesOfReturns, " --open-timeout 2").await;
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(
        report.reasons.iter().any(|reason| reason.contains("the server died")),
        "{report}"
    );
    assert_eq!(report.messages.acknowledged, 40);
    let storm = report.storm.expect("they tried");
    assert_eq!((storm.live_seconds, storm.complete_seconds), (None, None));
    assert!(report.to_string().contains("all live after never"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_enough_while_all_are_away_lets_them_come_back() {
    let report = interrupted("reconnect-storm --missed 100000 --rate 100 --sessions 5").await;
    assert_eq!(report.deliveries.count, 5 * report.messages.acknowledged);
}
