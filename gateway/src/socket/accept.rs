//! A checked handshake becomes a session.

use std::{rc::Rc, sync::Arc};

use actix_http::Request;
use actix_rt::net::TcpStream;
use engine::{
    session::{Opening, Session},
    shard::{Outbox, Wire},
};
use protocol::{
    Disconnect,
    websocket::{Decoder, Role},
};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use super::{Worker, connection::Reader, handshake, outbox::Connection};
use crate::server::Gateway;

/// Takes a connection over from HTTP and serves it in a task of its own, so that nothing of HTTP stays allocated.
/// `buffered` is what was read behind the handshake already.
pub async fn accept(gateway: &Arc<Gateway>, request: &Request, mut stream: TcpStream, buffered: &[u8]) {
    let handshake = match handshake::read(request) {
        Ok(handshake) => handshake,
        Err(error) => {
            // The client may be gone; there is nobody to tell then.
            let _ = stream.write_all(error.response().as_bytes()).await;
            return;
        }
    };
    if stream.write_all(handshake.response.as_bytes()).await.is_err() {
        return;
    }
    let worker = Worker::current(gateway);
    let place = gateway.take_place();
    let engine = worker.engine();
    let parameters = handshake.deflate.map(|deflate| deflate.parameters);
    let wire = Wire::new(
        handshake.variant,
        parameters.map(|parameters| parameters.server_max_window_bits),
    );
    let client = Uuid::new_v4();
    let address = stream.peer_addr().ok().map(|peer| peer.ip());
    let connection = Rc::new(Connection::new(stream, gateway.socket_memory.part()));
    let key = worker.shard.open(Rc::clone(&connection) as Rc<dyn Outbox>, wire);
    let opening = Opening {
        key,
        client,
        wire,
        secret: None,
        address,
        flow: Rc::clone(&connection.flow),
    };
    let session = Session::start(engine, &worker.shard, opening);
    if place.is_over_limit {
        worker.shard.close(key, Disconnect::TooManyRequests);
    } else if worker.shard.is_draining() {
        worker.shard.close(key, Disconnect::Shutdown);
    }
    let frame_limit_bytes = u32::try_from(engine.limits.message_bytes * 4).unwrap_or(u32::MAX);
    let reader = Reader {
        decoder: Decoder::new(Role::Server, frame_limit_bytes, parameters),
        encoding: wire.variant.encoding(),
        worker,
        connection,
        key,
        session,
        pending: None,
        is_ending: false,
    };
    let buffered = buffered.to_vec();
    actix_rt::spawn(async move {
        reader.run(&buffered).await;
        drop(place);
    });
}
