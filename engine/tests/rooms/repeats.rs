//! Repeating a command under the same id is safe: one entry, the first result, whenever and however often.

use engine::rooms::Verb;
use uuid::Uuid;

use crate::kit::{Node, send, text_of, user};

#[tokio::test]
async fn a_repeated_send_gives_the_first_entry_as_it_is_now() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let id = Uuid::new_v4();
    let first = chat
        .asks_as("alice", id, send("helo"))
        .await
        .expect("one answer")
        .expect("sent");
    chat.sends("bob", "what?").await.expect("sent");
    let content = "hello".to_owned();
    chat.does("alice", Verb::Edit { target: 1, content })
        .await
        .expect("edited");
    let again = chat
        .asks_as("alice", id, send("helo"))
        .await
        .expect("one answer")
        .expect("repeated");
    assert_eq!((again.entry.seq, again.epoch), (first.entry.seq, first.epoch));
    assert_eq!(text_of(&again.entry), "hello");
    assert_eq!(chat.log().await.len(), 3);
    assert_eq!(node.metric("plenum_commands_total", "repeated"), 1.0);
}

#[tokio::test]
async fn repetitions_in_the_same_batch_and_in_the_queue_share_one_entry() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let id = Uuid::new_v4();
    let mut answers = Vec::new();
    for number in 0..3_000 {
        let verb = if number % 10 == 0 { send("same") } else { send("other") };
        answers.push((
            number % 10 == 0,
            match number % 10 {
                0 => chat.asks_as("alice", id, verb),
                _ => chat.asks("alice", verb),
            },
        ));
    }
    let mut seqs = Vec::new();
    for (is_same, answer) in answers {
        let entry = answer.await.expect("one answer").expect("sent").entry;
        assert_eq!(text_of(&entry), if is_same { "same" } else { "other" });
        if is_same {
            seqs.push(entry.seq);
        }
    }
    assert_eq!(seqs.len(), 300);
    assert!(seqs.iter().all(|seq| *seq == 1), "{seqs:?}");
    assert_eq!(chat.log().await.len(), 1 + 2_700);
}

#[tokio::test]
async fn a_repetition_after_a_restart_of_the_node_gives_the_first_result() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let id = Uuid::new_v4();
    let first = chat
        .asks_as("alice", id, send("hi"))
        .await
        .expect("one answer")
        .expect("sent");
    let channel = chat.channel.clone();
    let node = node.restarts();
    let command = crate::kit::command("alice", Some(id), send("hi"));
    let again = node
        .rooms
        .submit(&channel, command)
        .await
        .expect("one answer")
        .expect("repeated");
    assert_eq!(again.entry, first.entry);
}

#[tokio::test]
async fn ids_belong_to_their_senders() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let id = Uuid::new_v4();
    let hers = chat
        .asks_as("alice", id, send("a"))
        .await
        .expect("one answer")
        .expect("sent");
    let his = chat
        .asks_as("bob", id, send("b"))
        .await
        .expect("one answer")
        .expect("sent");
    assert_eq!((hers.entry.seq, his.entry.seq), (1, 2));
}

#[tokio::test]
async fn what_could_not_be_done_again_today_still_gives_its_first_result() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    chat.sends("bob", "oops").await.expect("sent");
    let delete = || Verb::Delete { target: 1 };
    let leave = || Verb::RemoveParticipants {
        users: vec![user("bob")],
    };
    for (verb, expected) in [(delete as fn() -> Verb, 2), (leave, 3)] {
        let id = Uuid::new_v4();
        for _ in 0..2 {
            let answer = chat.asks_as("bob", id, verb()).await.expect("one answer");
            assert_eq!(answer.expect("the first result").entry.seq, expected);
        }
    }
    assert_eq!(chat.log().await.len(), 3);
}

#[tokio::test]
async fn after_seven_days_an_id_is_new_again() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let id = Uuid::new_v4();
    let mut seqs = Vec::new();
    for days in [0, 6, 2] {
        node.clock.advance(days * 24 * 3_600_000);
        let answer = chat.asks_as("alice", id, send("hi")).await.expect("one answer");
        seqs.push(answer.expect("sent").entry.seq);
    }
    assert_eq!(seqs, [1, 1, 2]);
}
