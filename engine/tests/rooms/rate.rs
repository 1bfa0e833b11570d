//! How many durable sends per second rooms acknowledge. Not a story: it promises nothing and runs only when asked for
//! (`cargo test --release -p engine --test rooms rate -- --ignored --nocapture`).

use std::time::{Duration, Instant};

use engine::rooms::RoomOptions;

use crate::{
    hooks::NoHooks,
    kit::{Node, send},
};

async fn acknowledged_per_second(rooms: usize, senders: usize, time: Duration) -> f64 {
    let node = Node::with(RoomOptions::default(), NoHooks);
    let mut chats = Vec::new();
    for _ in 0..rooms {
        chats.push(node.group(&["alice"]).await);
    }
    let begun = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|sender| {
            let chat = chats[sender % rooms].clone();
            let text = "x".repeat(100);
            tokio::spawn(async move {
                let mut count = 0_u64;
                while begun.elapsed() < time {
                    let answer = chat.asks("alice", send(&text)).await;
                    answer.expect("exactly one answer").expect("sent");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.expect("no sender fails");
    }
    total as f64 / begun.elapsed().as_secs_f64()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn rate() {
    for (rooms, senders) in [(1, 1), (1, 64), (1, 512), (100, 100), (100, 512)] {
        let rate = acknowledged_per_second(rooms, senders, Duration::from_secs(3)).await;
        eprintln!("{senders:4} senders in {rooms:3} rooms: {rate:.0} acknowledged sends per second");
    }
}
