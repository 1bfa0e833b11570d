//! Phones that follow the room over streams, and phones that read slowly: the verdict is the same as over sockets.

use crate::kit::{Behaviour, Run, Server};
use loadtest::report::{Report, Verdict};

const WAYS: [&str; 3] = [
    "--transport http-stream",
    "--transport sse",
    "--transport http-stream --encoding protobuf",
];

async fn over(way: &str, what: &str, behaviour: Behaviour) -> Report {
    let server = Server::start(behaviour).await;
    let run = Run::of(&format!("{what} {way}"), &server.url());
    run.report().await.expect("a report")
}

/// The same over all of them at once.
async fn over_all(what: &str, behaviour: Behaviour) -> [Report; 3] {
    let [one, two, three] = WAYS.map(|way| over(way, what, behaviour));
    tokio::join!(one, two, three).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_server_holds_and_who_drops_out_misses_nothing() {
    let what = "one-big-room --sessions 20 --rate 300 --seconds 1 --resume-share 1 --away-ms 100 --threads 2";
    for report in over_all(what, Behaviour::Correct).await {
        assert_eq!(report.verdict, Verdict::Held, "{report}");
        assert_eq!((report.deliveries.cuts, report.deliveries.resumed), (20, 20));
        assert_eq!(report.deliveries.count, 6_000, "each entry came to each phone once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_wrong_on_a_stream_is_found() {
    let what = "one-big-room --sessions 10 --rate 200 --seconds 0.5";
    for report in over_all(what, Behaviour::LosesOne).await {
        assert_eq!(
            (report.verdict, report.losses.entries()),
            (Verdict::Failed, 1),
            "{report}"
        );
    }
    for report in over_all(what, Behaviour::DoublesOne).await {
        assert_eq!(
            (report.verdict, report.faults.doubled),
            (Verdict::Failed, 1),
            "{report}"
        );
    }
    for report in over_all(what, Behaviour::SwapsTwo).await {
        assert_eq!(
            (report.verdict, report.faults.out_of_order),
            (Verdict::Failed, 1),
            "{report}"
        );
    }
    for report in over_all(what, Behaviour::AltersOne).await {
        assert_eq!(report.verdict, Verdict::Failed, "{report}");
        assert!(report.faults.altered > 0, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_for_history_holds_over_streams() {
    for report in over_all("history-rush --sessions 40 --history 20", Behaviour::Correct).await {
        assert_eq!(report.verdict, Verdict::Held, "{report}");
        assert_eq!(report.times.history.expect("measured").count, 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_phones_catch_up_and_what_they_do_not_get_is_found() {
    let what = "slow-phones --sessions 10 --rate 200 --seconds 0.5 --slow-bytes-per-second 2000 --slow-share 0.5";
    for report in over_all(what, Behaviour::Correct).await {
        assert_eq!(report.verdict, Verdict::Held, "{report}");
        let slow = report.slow.expect("there were slow phones");
        assert_eq!((slow.phones, slow.bytes_per_second), (5, 2_000));
        let (fast, slow) = (
            report.times.delivery.expect("measured"),
            slow.delivery.expect("measured"),
        );
        assert_eq!((fast.count, slow.count), (500, 500), "told apart");
    }
    for report in over_all(what, Behaviour::LosesOne).await {
        assert_eq!(
            (report.verdict, report.losses.entries()),
            (Verdict::Failed, 1),
            "{report}"
        );
    }
}
