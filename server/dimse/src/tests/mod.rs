//! Whole associations: our provider and our user over loopback, DCMTK's tools on either side, and peers that mean
//! no good.

mod asynchronous;
mod dcmtk;
mod hostile;
mod negotiation;
mod services;
mod support;
#[cfg(feature = "tls")]
mod tls;
