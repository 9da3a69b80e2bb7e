//! How much and how long a peer may ask for.

use std::time::Duration;

/// Sizes that a peer must keep to; each is checked before anything is allocated for it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a P-DATA PDU that we announce as our maximum length received.
    pub pdu_bytes: u32,
    /// C-STOREs that a peer may have sent before the first of them is answered, where it asks for it (PS3.7 D.3.3.3) and
    /// the association is for storing alone.
    pub outstanding: u16,
    /// Bytes of an A-ASSOCIATE PDU.
    pub associate_bytes: u32,
    /// Presentation contexts in one request; the protocol has room for 128.
    pub contexts: usize,
    /// Bytes of a command set.
    pub command_bytes: usize,
    /// Fragments of one command set, and empty fragments of one data set.
    pub fragments: usize,
    /// Bytes of a data set that is parsed here: identifiers, attributes of N-services.
    pub identifier_bytes: usize,
    /// Bytes of a data set of C-STORE.
    pub store_bytes: u64,
    /// Nesting and elements of a data set that is parsed here.
    pub data_set: codec::dataset::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pdu_bytes: 128 << 10,
            outstanding: 16,
            associate_bytes: 256 << 10,
            contexts: 128,
            command_bytes: 64 << 10,
            fragments: 1024,
            identifier_bytes: 16 << 20,
            store_bytes: 16 << 30,
            data_set: codec::dataset::Limits {
                inflated_bytes: 64 << 20,
                ..codec::dataset::Limits::default()
            },
        }
    }
}

/// How long a peer may take.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// From the connection to the whole association request or its answer, and for a release's answer (ARTIM).
    pub association: Duration,
    /// Between messages, on the provider's side.
    pub idle: Duration,
    /// From a PDU's first byte to its last, and between the fragments of one message.
    pub pdu: Duration,
    /// For an answer, on the user's side; each pending answer starts it anew.
    pub response: Duration,
    /// For the peer to take what one write holds, some 256 KB.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            association: Duration::from_secs(15),
            idle: Duration::from_secs(120),
            pdu: Duration::from_secs(30),
            response: Duration::from_secs(300),
            write: Duration::from_secs(30),
        }
    }
}
