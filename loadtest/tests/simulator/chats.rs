//! Chats of two beside one room: what is said in each has to arrive, and who gets it wrong is found.

use crate::kit::{Behaviour, Run, Server};
use loadtest::report::{Report, Verdict};

/// Four chats with some twenty messages each, and a room with four.
const WHAT: &str = "many-chats --sessions 4 --chats 4 --chat-interval 0.05 --rate 3 --seconds 1.3 --hmac-secret key";

async fn chats(behaviour: Behaviour, options: &str) -> Report {
    let server = Server::start(behaviour).await;
    let run = Run::of(format!("{WHAT} --rest 0.1 {options}").trim_end(), &server.url());
    run.report().await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_at_both_people_of_each_chat() {
    let over = |options| chats(Behaviour::Correct, options);
    let (socket, stream, events) = tokio::join!(over(""), over("--transport http-stream"), over("--transport sse"));
    for report in [socket, stream, events] {
        assert_eq!(report.verdict, Verdict::Held, "{report}");
        let chats = report.chats.expect("there were chats");
        assert_eq!((chats.chats, chats.subscriptions), (4, 8));
        assert!(chats.messages > 60, "{report}");
        assert_eq!(chats.acknowledged, chats.messages);
        assert_eq!(chats.deliveries, 2 * chats.messages);
        assert_eq!(chats.delivery.expect("measured").count, chats.messages);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_drops_out_goes_on_in_all_chats() {
    let report = chats(Behaviour::Correct, "--resume-share 1 --away-ms 200").await;
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!(report.deliveries.cuts, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_doubled_or_out_of_order_in_a_chat_is_found() {
    let (loses, loses_end, doubles, swaps) = tokio::join!(
        chats(Behaviour::LosesOne, ""),
        chats(Behaviour::LosesTheEnd, ""),
        chats(Behaviour::DoublesOne, ""),
        chats(Behaviour::SwapsTwo, ""),
    );
    assert_eq!((loses.verdict, loses.losses.holes), (Verdict::Failed, 4), "{loses}");
    assert_eq!(loses_end.verdict, Verdict::Failed, "{loses_end}");
    assert!(loses_end.losses.chat_messages >= 4, "{loses_end}");
    assert_eq!(
        (doubles.verdict, doubles.faults.doubled),
        (Verdict::Failed, 4),
        "{doubles}"
    );
    assert_eq!(
        (swaps.verdict, swaps.faults.out_of_order),
        (Verdict::Failed, 4),
        "{swaps}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_in_which_nothing_may_be_said_say_too_little() {
    let report = chats(Behaviour::RefusesMessages, "").await;
    assert_eq!(report.verdict, Verdict::Invalid, "{report}");
    let is_said = |reason: &String| reason.ends_with("messages in chats of two were refused");
    assert!(report.reasons.iter().any(is_said), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_and_not_kept_is_found() {
    let report = chats(Behaviour::ForgetsAcknowledged, "").await;
    assert_eq!(report.verdict, Verdict::Failed, "{report}");
    assert_eq!(report.losses.chat_messages, 8, "both people of each chat: {report}");
}
