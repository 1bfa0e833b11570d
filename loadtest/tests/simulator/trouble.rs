//! Targets that are down, that are something else, or that die, and users who have enough.

use crate::kit::{Behaviour, Run, Server, interrupted, one_big_room};
use loadtest::report::{Report, Verdict};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

const WHAT: &str = "one-big-room --sessions 5 --rate 10 --seconds 0.5";
/// Whatever is asked for, it begins with a look at the target.
const ALL: [&str; 3] = [
    WHAT,
    "reconnect-storm --sessions 5 --missed 3",
    "one-big-room --sessions 5 --members --hmac-secret key",
];

/// Says `words` to everybody and hangs up.
async fn says(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(say(stream, words));
        }
    });
    url
}

async fn say(mut stream: TcpStream, words: &str) {
    let _ = stream.write_all(words.as_bytes()).await;
    // Reads on, so that what was said is not taken back by a reset.
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

async fn error_of(url: &str) -> String {
    let mut errors = Vec::new();
    for what in ALL {
        let error = Run::of(what, url).report().await.expect_err("nothing to measure");
        errors.push(error.to_string());
    }
    assert!(
        errors
            .iter()
            .all(|error| error.starts_with(url.trim_start_matches("ws://"))),
        "they say which target: {errors:?}"
    );
    errors.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_down_is_said_to_be_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = error_of(&url).await;
    assert_eq!(error.matches("no connection").count(), ALL.len(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_that_is_no_web_server_is_recognized() {
    let error = error_of(&says("SSH-2.0-OpenSSH_9.9\r\n").await).await;
    assert_eq!(error.matches("does not speak HTTP").count(), ALL.len(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_without_the_endpoint_is_recognized() {
    let error = error_of(&says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await).await;
    assert_eq!(error.matches("404").count(), ALL.len(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_is_recognized() {
    let error = error_of(&says("").await).await;
    assert_eq!(error.matches("hung up").count(), ALL.len(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_the_token_is_quoted() {
    let server = Server::start(Behaviour::RefusesTokens).await;
    let error = error_of(&server.url()).await;
    assert_eq!(
        error.matches("connect was refused: 101 unauthorized").count(),
        ALL.len(),
        "{error}"
    );
    assert_eq!(
        error.matches("it may want a token").count(),
        2,
        "two brought none: {error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_before_a_server_died_is_kept() {
    let report = one_big_room(Behaviour::Dies).await;
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(
        report.reasons.iter().any(|reason| reason.contains("the publisher")),
        "{report}"
    );
    assert!(
        report.deliveries.count > 0 && report.times.delivery.is_some(),
        "{report}"
    );
    assert_eq!(report.losses.away_at_end, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_enough_keeps_the_report_of_what_was_sent() {
    let report = interrupted("one-big-room --rate 100 --seconds 600 --sessions 5").await;
    assert_eq!(report.deliveries.count, 5 * report.messages.acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_report_is_read_back_as_it_was() {
    let report = one_big_room(Behaviour::Correct).await;
    let folder = std::env::temp_dir().join(format!("plenum-loadtest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("report.json");
    report.write(&path).expect("written");
    let read = Report::read(&path).expect("read");
    assert_eq!(read.to_string(), report.to_string());
    std::fs::write(&path, "{}").expect("written");
    assert!(
        Report::read(&path)
            .expect_err("no report")
            .to_string()
            .contains("is not a report")
    );
    std::fs::write(&path, r#"{"version":99}"#).expect("written");
    assert!(
        Report::read(&path)
            .expect_err("another version")
            .to_string()
            .contains("version 99")
    );
    std::fs::remove_dir_all(&folder).expect("removed");
}
