//! What people can do in a room, and what they can't.

use engine::rooms::Verb;
use protocol::ErrorCode;
use storage::{EntryKind, MarkRepository, MemberRepository, Role, RoomKind};

use crate::kit::{NOW_MS, Node, code, reply, send, text_of, user};

const DENIED: Option<ErrorCode> = Some(ErrorCode::PermissionDenied);
const NOT_FOUND: Option<ErrorCode> = Some(ErrorCode::NotFound);

#[tokio::test]
async fn a_sent_message_gets_the_next_seq_and_number_and_is_read_by_its_sender() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let first = chat.sends("alice", "hi").await.expect("sent");
    let second = chat.sends("bob", "hello").await.expect("sent");
    assert_eq!((first.entry.seq, first.entry.number), (1, 1));
    assert_eq!((second.entry.seq, second.entry.number), (2, 2));
    assert_eq!(first.epoch, chat.state().await.head.epoch);
    assert_eq!(chat.texts().await, ["hi", "hello"]);
    let mark = chat.store.mark(chat.id, &user("bob")).await.expect("readable");
    assert_eq!((mark.read_seq, mark.read_number), (2, 2));
}
