//! Where a session's bytes leave the engine.

use std::io::{self, IoSlice};

/// A session's way out: a socket, the body of a stream, or a test's double. It lives on the shard's thread.
pub trait Outbox {
    /// Takes as many bytes as it can at once, from the front. Fewer than given means: full for now.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it can take none; any other error ends the session.
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// A write is near: what it needs of the outbox is fetched from memory. Nothing else happens.
    fn fetch(&self) {}

    /// Something is waiting: call [`super::Shard::writable`] when bytes can be taken again.
    fn wait(&self);

    /// Everything has been taken, or nothing more will come: end the connection.
    fn close(&self);
}
