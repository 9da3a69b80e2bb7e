//! Who hears what a provider does, as figures do. Hearing changes nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::negotiation::Peer;
use crate::status::Status;
use crate::{Rejection, Result};

/// Hears of associations and of what is answered on them. Called between messages: it must not wait.
pub trait Observer: Send + Sync {
    /// An association was accepted.
    fn associated(&self, _peer: &Peer) {}

    /// An association was rejected.
    fn rejected(&self, _peer: &Peer, _rejection: Rejection) {}

    /// An accepted association is over; whether it was released, or broke.
    fn ended(&self, _peer: &Peer, _is_released: bool) {}

    /// A request had its last answer, `took` after it came. `name` is that of PS3.7, as C-STORE.
    fn answered(&self, _peer: &Peer, _name: &'static str, _status: Status, _took: Duration) {}
}

/// Nobody.
impl Observer for () {}

/// An association that is heard of, until it is dropped: also where its task ends early.
pub(super) struct Heard {
    observer: Arc<dyn Observer>,
    peer: Peer,
    is_released: bool,
}

impl Heard {
    pub(super) fn begin(observer: &Arc<dyn Observer>, peer: &Peer) -> Self {
        observer.associated(peer);
        Self {
            observer: Arc::clone(observer),
            peer: peer.clone(),
            is_released: false,
        }
    }

    pub(super) fn over(mut self, ended: &Result<()>) {
        self.is_released = ended.is_ok();
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.observer.ended(&self.peer, self.is_released);
    }
}
