//! Bytes of the client become commands.

use engine::{session::Commands, shard::SessionKey};
use protocol::{
    Disconnect,
    client::{Encoding, decode_commands},
    payload::PayloadLimits,
    websocket::{Decoder, Event, Opcode, write_frame},
};

use super::Worker;

/// What reading gave.
pub struct Decoded {
    /// Commands in order, perhaps none: also those that came before the connection's end.
    pub commands: Commands,
    /// The connection ends; the close frame is queued.
    pub is_ending: bool,
}

/// Decodes what was read; answers pings and closes by itself.
pub fn decode(worker: &Worker, key: SessionKey, encoding: Encoding, decoder: &mut Decoder, bytes: &[u8]) -> Decoded {
    let limits = PayloadLimits {
        bytes: worker.engine().limits.message_bytes,
        ..PayloadLimits::default()
    };
    let mut input = bytes;
    let mut commands = Vec::new();
    loop {
        let message = match decoder.decode(&mut input) {
            Ok(None) => {
                return Decoded {
                    commands: Commands(commands),
                    is_ending: false,
                };
            }
            Ok(Some(Event::Text(text))) => text.into_bytes(),
            Ok(Some(Event::Binary(bytes))) => bytes,
            Ok(Some(Event::Ping(payload))) => {
                let mut pong = Vec::with_capacity(payload.len() + 2);
                write_frame(&mut pong, Opcode::Pong, true, &payload, None);
                worker.shard.personal(key, &pong);
                worker.shard.flush(key);
                continue;
            }
            Ok(Some(Event::Pong(_))) => continue,
            Ok(Some(Event::Close(frame))) => {
                let (code, reason) = frame.map_or((1_000, String::new()), |frame| (frame.code, frame.reason));
                worker.shard.close_websocket(key, code, &reason);
                return Decoded {
                    commands: Commands(commands),
                    is_ending: true,
                };
            }
            Err(error) => {
                worker
                    .shard
                    .close_websocket(key, error.close_code(), &error.to_string());
                return Decoded {
                    commands: Commands(commands),
                    is_ending: true,
                };
            }
        };
        for incoming in decode_commands(encoding, &message, &limits) {
            match incoming {
                Ok(incoming) => commands.push(incoming),
                Err(_) => {
                    worker.shard.close(key, Disconnect::BadRequest);
                    return Decoded {
                        commands: Commands(commands),
                        is_ending: true,
                    };
                }
            }
        }
    }
}
