//! MessagePack as another program writes and reads it: the `rmp-serde` library with structs of its own.

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Serialize)]
struct TheirCommand {
    id: u32,
    publish: TheirPublish,
}

#[derive(Serialize)]
struct TheirPublish {
    channel: &'static str,
    data: TheirData,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TheirData {
    text: String,
    count: u64,
    ratio: f64,
    tags: Vec<Option<bool>>,
}

#[derive(Deserialize)]
struct TheirPush {
    push: TheirChannel,
}

#[derive(Deserialize)]
struct TheirChannel {
    channel: String,
    #[serde(rename = "pub")]
    publication: TheirPublication,
}

#[derive(Deserialize)]
struct TheirPublication {
    data: TheirData,
    offset: u64,
}

fn their_data() -> TheirData {
    TheirData {
        text: "привет 🙂".into(),
        count: 1 << 53,
        ratio: 0.1,
        tags: vec![Some(true), None],
    }
}

#[test]
fn what_another_library_publishes_is_what_it_reads_back() {
    let written = TheirCommand {
        id: 7,
        publish: TheirPublish {
            channel: "news",
            data: their_data(),
        },
    };
    let frame = rmp_serde::to_vec_named(&written).expect("their structs can be written");
    let incoming = decoded(Encoding::MessagePack, &frame).expect("a command").remove(0);
    let Incoming::Command(Command {
        id: 7,
        request: Request::Publish(request),
    }) = incoming
    else {
        panic!("unexpected {incoming:?}");
    };

    let data = request.data.expect("a JSON value");
    let push = Push {
        channel: "news".into(),
        event: Event::Publication(Publication::new(42, data)),
    };
    let mut frame = Vec::new();
    encode_push(Encoding::MessagePack, &push, &mut frame);
    let read: TheirPush = rmp_serde::from_slice(&frame).expect("a push that they can read");
    assert_eq!(read.push.channel, "news");
    assert_eq!(read.push.publication.offset, 42);
    assert_eq!(read.push.publication.data, their_data());
}
