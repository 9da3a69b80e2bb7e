//! Who may associate, and how many at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Network;
use crate::Rejection;
use crate::negotiation::Peer;

/// What is granted to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Associations at once under its AE title.
    pub associations: usize,
}

/// Decides by AE titles, address and identity; a closure does as well.
pub trait Admission: Send + Sync {
    /// Lets a peer in or says why not.
    ///
    /// # Errors
    ///
    /// The rejection that the peer is told.
    fn admit(&self, peer: &Peer) -> Result<Allowed, Rejection>;
}

impl<F: Fn(&Peer) -> Result<Allowed, Rejection> + Send + Sync> Admission for F {
    fn admit(&self, peer: &Peer) -> Result<Allowed, Rejection> {
        self(peer)
    }
}

/// Peers by AE title.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    /// The titles that we are called by; empty for any.
    pub called: Vec<String>,
    /// Calling AE titles, with how many associations each may have at once.
    pub calling: HashMap<String, usize>,
    /// Where an AE title has to call from; one without networks here may from anywhere.
    pub networks: HashMap<String, Vec<Network>>,
    /// How many associations an AE title that is not listed may have; `None` rejects it.
    pub others: Option<usize>,
}

impl Admission for AllowList {
    fn admit(&self, peer: &Peer) -> Result<Allowed, Rejection> {
        if !self.called.is_empty() && !self.called.contains(&peer.called_ae_title) {
            return Err(Rejection::CALLED_AE_TITLE);
        }
        let listed = self.calling.get(&peer.ae_title).copied().or(self.others);
        let associations = listed.ok_or(Rejection::CALLING_AE_TITLE)?;
        let networks = self.networks.get(&peer.ae_title);
        if !networks.is_none_or(|networks| is_within(networks, peer)) {
            return Err(Rejection::CALLING_AE_TITLE);
        }
        Ok(Allowed { associations })
    }
}

/// Whether a peer calls from one of these networks; from none when where it calls from is not known.
pub fn is_within(networks: &[Network], peer: &Peer) -> bool {
    let address = peer.address.map(|address| address.ip());
    address.is_some_and(|address| networks.iter().any(|network| network.contains(address)))
}

/// How many associations stand, in all and by calling AE title.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    most: usize,
    standing: Arc<Mutex<HashMap<String, usize>>>,
}

/// One association that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    ae_title: String,
    standing: Arc<Mutex<HashMap<String, usize>>>,
}

impl Counts {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            standing: Arc::default(),
        }
    }

    /// Takes a place for one more association of this AE title.
    pub(super) fn take(&self, ae_title: &str, allowed: Allowed) -> Result<Place, Rejection> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.values().sum::<usize>() >= self.most {
            return Err(Rejection::CONGESTION);
        }
        let own = standing.get(ae_title).copied().unwrap_or(0);
        if own >= allowed.associations {
            return Err(Rejection::LOCAL_LIMIT);
        }
        standing.insert(ae_title.to_owned(), own + 1);
        Ok(Place {
            ae_title: ae_title.to_owned(),
            standing: Arc::clone(&self.standing),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = standing.get_mut(&self.ae_title) {
            *count -= 1;
            if *count == 0 {
                standing.remove(&self.ae_title);
            }
        }
    }
}
