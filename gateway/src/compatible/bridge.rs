//! Carries bytes between a socket's actor and its TCP stream. A client that takes nothing is cut; while it takes slowly, the actor waits.

use actix::{Actor, StreamHandler};
use actix_http::{
    error::PayloadError,
    ws::{Message, ProtocolError},
};
use actix_rt::net::TcpStream;
use actix_web_actors::ws::WebsocketContext;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, pin_mut, stream::unfold};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::OwnedReadHalf,
    time::timeout,
};

use crate::limits::{COMPATIBLE_READ_BYTES, COMPATIBLE_WRITE_TIMEOUT};

/// Runs the actor until it stops or the connection ends.
pub(super) async fn run<A>(actor: A, stream: TcpStream, buffered: Bytes)
where
    A: Actor<Context = WebsocketContext<A>> + StreamHandler<Result<Message, ProtocolError>>,
{
    let (reader, mut writer) = stream.into_split();
    let outgoing = WebsocketContext::create(actor, incoming(reader, buffered));
    pin_mut!(outgoing);
    while let Some(Ok(bytes)) = outgoing.next().await {
        match timeout(COMPATIBLE_WRITE_TIMEOUT, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            // Gone, or so slow that it is as good as gone.
            Ok(Err(_)) | Err(_) => return,
        }
    }
    // The other side may have closed already.
    let _ = writer.shutdown().await;
}

/// What was read with the handshake, then what comes.
fn incoming(reader: OwnedReadHalf, buffered: Bytes) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    unfold((reader, buffered), async |(mut reader, buffered)| {
        if !buffered.is_empty() {
            return Some((Ok(buffered), (reader, Bytes::new())));
        }
        let mut buffer = BytesMut::with_capacity(COMPATIBLE_READ_BYTES);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(buffer.freeze()), (reader, Bytes::new()))),
            Err(error) => Some((Err(PayloadError::Io(error)), (reader, Bytes::new()))),
        }
    })
}
