//! A verdict that can't fail is worth nothing: servers that do wrong on purpose are found out, a correct one is not.

use crate::kit::{Behaviour, Run, Server, one_big_room};
use loadtest::report::{Report, Verdict};

/// The server did wrong, and this says in which way.
fn failed(report: &Report, how: u64) {
    assert_eq!(report.verdict, Verdict::Failed, "{report}");
    assert!(how > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_server_holds() {
    let report = one_big_room(Behaviour::Correct).await;
    assert_eq!(
        (report.verdict, report.verdict.exit_code()),
        (Verdict::Held, 0),
        "{report}"
    );
    assert_eq!(report.messages.acknowledged, 100);
    assert_eq!(report.deliveries.count, 2_000);
    let times = report.times.delivery.expect("measured");
    assert_eq!(times.count, 2_000);
    assert_eq!(report.times.last_phone.expect("measured").count, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_that_drop_out_and_come_back_miss_nothing_on_a_correct_server() {
    let server = Server::start(Behaviour::Correct).await;
    let what = "one-big-room --sessions 30 --rate 300 --seconds 1 --resume-share 1 --away-ms 100 --threads 2";
    let report = Run::of(what, &server.url()).report().await.expect("a report");
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!((report.deliveries.cuts, report.deliveries.resumed), (30, 30));
    assert_eq!(report.deliveries.count, 9_000, "each entry came to each phone once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_one_phone_does_not_get_is_found() {
    let report = one_big_room(Behaviour::LosesOne).await;
    failed(&report, report.losses.entries());
    assert_eq!((report.losses.entries(), report.losses.phones), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_one_phone_does_not_get_is_found() {
    let report = one_big_room(Behaviour::LosesTheEnd).await;
    failed(&report, report.losses.entries());
    assert_eq!((report.losses.entries(), report.losses.phones), (91, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_comes_twice_is_found() {
    let report = one_big_room(Behaviour::DoublesOne).await;
    failed(&report, report.faults.doubled);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_in_the_wrong_order_are_found_and_are_not_lost() {
    let report = one_big_room(Behaviour::SwapsTwo).await;
    failed(&report, report.faults.out_of_order);
    assert_eq!(report.losses.entries(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_text_for_one_phone_is_found() {
    let report = one_big_room(Behaviour::AltersOne).await;
    failed(&report, report.faults.altered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_acknowledged_and_not_kept_is_found() {
    let report = one_big_room(Behaviour::ForgetsAcknowledged).await;
    failed(&report, report.log_faults.acknowledged_missing);
    assert_eq!(report.losses.entries(), 0, "no phone sees a hole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_kept_twice_is_found() {
    let report = one_big_room(Behaviour::KeepsTwice).await;
    failed(&report, report.log_faults.doubled);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_kept_out_of_order_are_found() {
    let report = one_big_room(Behaviour::KeepsOutOfOrder).await;
    failed(&report, report.log_faults.out_of_order);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_of_the_log_that_changes_is_found() {
    let report = one_big_room(Behaviour::ChangesEpoch).await;
    failed(&report, report.faults.another_epoch);
}

async fn with_returns(behaviour: Behaviour) -> Report {
    let server = Server::start(behaviour).await;
    let what = "one-big-room --sessions 20 --rate 400 --seconds 1 --resume-share 1 --away-ms 400";
    Run::of(what, &server.url()).report().await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_is_refused_is_found() {
    let report = with_returns(Behaviour::RefusesRecovery).await;
    failed(&report, report.faults.unrecovered);
    assert!(report.losses.entries() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_of_a_part_is_found() {
    let report = with_returns(Behaviour::RecoversPartly).await;
    failed(&report, report.losses.entries());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_of_what_was_there_is_found() {
    let report = with_returns(Behaviour::RecoversTooMuch).await;
    failed(&report, report.faults.doubled);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_before_the_answer_to_the_subscription_is_found() {
    let report = with_returns(Behaviour::PushesBeforeReply).await;
    failed(&report, report.faults.early);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_messages_are_refused_says_too_little() {
    let report = one_big_room(Behaviour::RefusesMessages).await;
    assert_eq!(report.verdict, Verdict::Invalid, "{report}");
    assert_eq!(report.messages.refused.values().sum::<u64>(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_for_history_holds_when_everybody_gets_it_whole() {
    let server = Server::start(Behaviour::Correct).await;
    let run = Run::of("history-rush --sessions 40 --history 20", &server.url());
    let report = run.report().await.expect("a report");
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!(report.times.history.expect("measured").count, 40);
    let rush = report.rush.expect("there was one");
    assert_eq!((rush.sessions, rush.statements), (40, Some(80)), "two pages each");
    assert!(rush.seconds.is_some_and(|seconds| seconds > 0.0), "{report}");
    assert!(
        report.to_string().contains("80 statements reached the store"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_that_costs_the_store_too_much_fails() {
    for (most, verdict) in [(80, Verdict::Held), (79, Verdict::Failed)] {
        let server = Server::start(Behaviour::Correct).await;
        let what = format!("history-rush --sessions 40 --history 20 --statements-max {most}");
        let report = Run::of(&what, &server.url()).report().await.expect("a report");
        assert_eq!(report.verdict, verdict, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_whose_cost_nobody_knows_says_too_little_if_it_is_judged() {
    for (most, verdict) in [("", Verdict::Held), (" --statements-max 80", Verdict::Invalid)] {
        let server = Server::start(Behaviour::SaysNoFigures).await;
        let what = format!("history-rush --sessions 10 --history 20{most}");
        let report = Run::of(&what, &server.url()).report().await.expect("a report");
        assert_eq!(report.verdict, verdict, "{report}");
        assert_eq!(report.rush.expect("there was one").statements, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_another_room_are_found() {
    let rush = async |behaviour| {
        let server = Server::start(behaviour).await;
        let run = Run::of("history-rush --sessions 10 --history 20", &server.url());
        run.report().await.expect("a report")
    };
    let report = rush(Behaviour::ForeignHistory).await;
    failed(&report, report.log_faults.acknowledged_missing);
    let report = rush(Behaviour::ForeignHistoryForOne).await;
    failed(&report, report.faults.altered);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_with_holes_and_short_pages_are_found() {
    for behaviour in [
        Behaviour::ShortHistory,
        Behaviour::HistoryWithHole,
        Behaviour::SamePageTwice,
    ] {
        let server = Server::start(behaviour).await;
        let run = Run::of("history-rush --sessions 10 --history 20", &server.url());
        let report = run.report().await.expect("a report");
        failed(&report, report.faults.wrong_history);
    }
}
