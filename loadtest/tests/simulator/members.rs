//! Phones whose users become members of a new room first, and what is seen of the server beside the messages.

use crate::kit::{Behaviour, Run, Server};
use loadtest::report::Verdict;

#[tokio::test(flavor = "multi_thread")]
async fn phones_become_members_and_the_figures_begin_behind_that() {
    let server = Server::start(Behaviour::Correct).await;
    let what = "one-big-room --members --hmac-secret key --sessions 620 --rate 50 --seconds 0.4";
    let report = Run::of(what, &server.url()).report().await.expect("a report");
    assert_eq!(report.verdict, Verdict::Held, "{report}");
    assert_eq!(report.parameters.channel, "room:made-for-members");
    assert_eq!(report.messages.log_entries, 20, "membership stands before the run");
    assert_eq!(report.deliveries.count, 620 * 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_is_carried_out_among_members() {
    for what in ["history-rush --history 20", "reconnect-storm --missed 30 --rate 300"] {
        let server = Server::start(Behaviour::Correct).await;
        let run = Run::of(
            &format!("{what} --members --hmac-secret key --sessions 20"),
            &server.url(),
        );
        let report = run.report().await.expect("a report");
        assert_eq!(report.verdict, Verdict::Held, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_the_members_is_quoted_and_nothing_is_measured() {
    let server = Server::start(Behaviour::RefusesTokens).await;
    let run = Run::of("one-big-room --members --hmac-secret key --sessions 3", &server.url());
    let error = run.report().await.expect_err("nothing to measure").to_string();
    assert!(error.contains("connect was refused: 101 unauthorized"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_enough_before_the_run_began_is_told_that_nothing_was_measured() {
    let server = Server::start(Behaviour::Correct).await;
    let run = Run::of("one-big-room --members --hmac-secret key --sessions 3", &server.url());
    run.interrupt().send_replace(true);
    let error = run.report().await.expect_err("nothing to measure").to_string();
    assert!(error.contains("interrupted"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_peak_and_departed_phones_are_seen_at_the_servers_process() {
    let server = Server::start(Behaviour::Correct).await;
    // This process is the server's too.
    let own = std::process::id();
    let what = format!("one-big-room --sessions 10 --rate 100 --seconds 0.2 --rest 0.3 --leave 0.1 --server-pid {own}");
    let report = Run::of(&what, &server.url()).report().await.expect("a report");
    let figures = report.server.expect("a process was named");
    assert!(figures.rest_seconds >= 0.3, "{figures:?}");
    assert!(figures.rss_max_bytes >= figures.after.rss_bytes && figures.left.is_some());
    assert_eq!(figures.kernel_socket_bytes_max, None, "it has no metrics");
    let text = report.to_string();
    assert!(
        text.contains("after leaving: RSS") && text.contains("idle phones"),
        "{text}"
    );
}
