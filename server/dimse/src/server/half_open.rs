//! Connections that have not associated yet, by address: one machine that opens many and says nothing must not take the
//! places of others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

type Waiting = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// How many connections wait, by address.
#[derive(Debug, Clone)]
pub(super) struct HalfOpen {
    most: usize,
    waiting: Waiting,
}

/// One connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Unheard {
    address: IpAddr,
    waiting: Waiting,
}

impl HalfOpen {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Waiting::default(),
        }
    }

    /// Counts one more; `None` beyond the limit.
    pub(super) fn take(&self, address: IpAddr) -> Option<Unheard> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let own = waiting.entry(address).or_default();
        if *own >= self.most {
            return None;
        }
        *own += 1;
        Some(Unheard {
            address,
            waiting: Arc::clone(&self.waiting),
        })
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}
