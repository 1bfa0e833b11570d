//! What the sockets of one worker thread share: its shard and the buffer that all of them read into.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use engine::{Engine, shard::Shard};
use protocol::Disconnect;

use crate::{limits::READ_BUFFER_BYTES, server::Gateway};

thread_local! {
    static WORKER: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// One worker thread.
pub struct Worker {
    /// The node.
    pub gateway: Arc<Gateway>,
    /// The thread's shard.
    pub shard: Shard,
    /// Where bytes are read to before they are decoded; nothing stays in it.
    pub buffer: RefCell<Box<[u8]>>,
}

impl Worker {
    /// This thread's worker; the first call starts its shard.
    pub fn current(gateway: &Arc<Gateway>) -> Rc<Self> {
        WORKER.with_borrow_mut(|worker| match worker {
            Some(known) if Arc::ptr_eq(&known.gateway, gateway) => Rc::clone(known),
            _ => Rc::clone(worker.insert(Self::start(gateway))),
        })
    }

    fn start(gateway: &Arc<Gateway>) -> Rc<Self> {
        let shard = gateway.engine.new_shard();
        actix_rt::spawn(shard.clone().run());
        actix_rt::spawn(leave_with(Arc::clone(gateway), shard.clone()));
        let buffer = RefCell::new(vec![0; READ_BUFFER_BYTES].into_boxed_slice());
        Rc::new(Self {
            gateway: Arc::clone(gateway),
            shard,
            buffer,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.gateway.engine
    }
}

/// Sends every session away when the node leaves.
async fn leave_with(gateway: Arc<Gateway>, shard: Shard) {
    let mut draining = gateway.draining();
    // An error means that the node is gone altogether.
    let _ = draining.wait_for(|is_draining| *is_draining).await;
    shard.drain(Disconnect::Shutdown);
}
