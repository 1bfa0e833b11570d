use std::fs;

use clap::Parser;

use super::*;
use crate::{
    arguments::{Action, Arguments},
    token::Tokens,
};

async fn plan(words: &str) -> Result<Plan, ArgumentError> {
    let line = format!("plenum-loadtest run {words}");
    let Action::Run(arguments) = Arguments::try_parse_from(line.split(' '))
        .expect("an understood line")
        .action
    else {
        panic!("a run was asked for")
    };
    arguments.plan().await
}

async fn error(words: &str) -> String {
    plan(words).await.expect_err("not a plan").to_string()
}

const TARGET: &str = "--target ws://127.0.0.1:1";

#[tokio::test]
async fn a_line_becomes_a_plan() {
    let line = format!("one-big-room {TARGET} http://[::1]:2/chat --sessions 10 --rate 4 --seconds 2.5 --seed 7");
    let plan = plan(&line).await.expect("a plan");
    assert_eq!(plan.settings.publishing.count(), 10);
    assert_eq!(plan.settings.targets.len(), 2);
    assert_eq!((plan.settings.history, plan.settings.seed), (0, 7));
}

#[tokio::test]
async fn a_rush_writes_the_past_that_it_asks_for() {
    let plan = plan(&format!(
        "history-rush {TARGET} --history 30 --sessions 7 --statements-max 20"
    ))
    .await
    .expect("a plan");
    assert_eq!(plan.settings.publishing.count(), 60, "two pages");
    assert_eq!((plan.settings.history, plan.statements_max), (30, Some(20)));
}

#[tokio::test]
async fn every_number_out_of_its_range_is_named() {
    let lines = [
        "--sessions 0",
        "--sessions 1000001",
        "--rate 0",
        "--rate NaN",
        "--seconds 0",
        "--size 10",
        "--resume-share 1.1",
        "--history 0",
        "--open-rate 0",
        "--threads 0",
        "--lag-limit-ms 0",
        "--drain-timeout 0",
        "--open-timeout 0",
        "--missed 100001",
        "--rest -1",
        "--leave 86401",
    ];
    for line in lines {
        let (name, _) = line.split_once(' ').expect("two words");
        let line = line.replacen(' ', "=", 1);
        let message = error(&format!("one-big-room {TARGET} {line}")).await;
        assert!(
            message.starts_with(name) && message.contains("from"),
            "{line}: {message}"
        );
    }
    let message = error(&format!("one-big-room {TARGET} --rate 100000 --seconds 3600")).await;
    assert!(message.contains("messages"), "{message}");
}

#[tokio::test]
async fn a_storm_sends_what_is_missed_and_lets_all_come_back_at_once() {
    let plan = plan(&format!("reconnect-storm {TARGET} --missed 120 --rate 40 --sessions 7"))
        .await
        .expect("a plan");
    let settings = &plan.settings;
    assert_eq!((settings.publishing.count(), settings.opening_at_once), (120, 7));
    assert!(settings.storm);
}

#[tokio::test]
async fn members_need_a_key_and_no_room() {
    assert!(
        error(&format!("one-big-room {TARGET} --members"))
            .await
            .contains("signing key")
    );
    let line = format!("one-big-room {TARGET} --members --hmac-secret key");
    assert!(plan(&line).await.expect("a plan").members);
    assert!(error(&format!("{line} --channel room:1")).await.contains("--channel"));
    assert!(
        error(&format!("one-big-room {TARGET} --members --token x"))
            .await
            .contains("signing key")
    );
}

#[test]
fn a_scenario_that_is_none_is_told_what_there_is() {
    let words = ["plenum-loadtest", "run", "one-big-rom", "--target", "ws://127.0.0.1:1"];
    let message = Arguments::try_parse_from(words).expect_err("no scenario").to_string();
    assert!(
        message.contains("one-big-room, history-rush, reconnect-storm"),
        "{message}"
    );
}

#[tokio::test]
async fn somebody_elses_server_needs_a_word_of_its_own() {
    let message = error("one-big-room --target ws://192.0.2.1:80").await;
    assert!(message.contains("--i-own-the-target"), "{message}");
    assert!(
        plan("one-big-room --i-own-the-target --target ws://192.0.2.1:80")
            .await
            .is_ok()
    );
    assert!(error("one-big-room").await.contains("--target"));
    assert!(
        error("one-big-room --target localhost")
            .await
            .contains("ws://HOST:PORT")
    );
}

#[test]
fn secrets_of_the_command_line_are_shown_to_nobody() {
    let line = format!("plenum-loadtest run one-big-room {TARGET} --token hidden");
    let arguments = Arguments::parse_from(line.split(' '));
    assert!(!format!("{arguments:?}").contains("hidden"));
}

#[tokio::test]
async fn secrets_come_from_files_too_and_empty_ones_are_refused() {
    let file = std::env::temp_dir().join(format!("plenum-loadtest-key-{}", std::process::id()));
    let line = format!("one-big-room {TARGET} --hmac-secret-file {}", file.display());
    assert!(error(&line).await.contains("can't be read"));
    fs::write(&file, "\n").expect("written");
    assert!(error(&line).await.contains("is empty"));
    fs::write(&file, "key\n").expect("written");
    let plan = plan(&line).await.expect("a plan");
    assert!(matches!(&plan.settings.tokens, Tokens::Signed { key, .. } if key == "key"));
    assert!(!format!("{plan:?}").contains("key\""), "a key is shown to nobody");
    fs::remove_file(&file).expect("removed");
}
