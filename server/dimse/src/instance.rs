//! An instance on its way out.

use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;

/// A SOP instance to be sent in the transfer syntax it has.
pub struct Instance {
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// How `data` is encoded.
    pub transfer_syntax_uid: String,
    /// The data set, without preamble and meta group.
    pub data: Data,
}

/// The bytes of a data set.
pub enum Data {
    /// In memory.
    Bytes(Bytes),
    /// From elsewhere, read while it is sent.
    Reader {
        /// Gives at least `length` bytes.
        reader: Pin<Box<dyn AsyncRead + Send>>,
        /// Bytes of the data set.
        length: u64,
    },
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Reader { length, .. } => write!(f, "reader of {length} bytes"),
        }
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("sop_instance_uid", &self.sop_instance_uid)
            .field("transfer_syntax_uid", &self.transfer_syntax_uid)
            .field("data", &self.data)
            .finish()
    }
}
