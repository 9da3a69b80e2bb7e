//! What can go wrong, by what the caller would do.

use std::io;

/// Why an association or a message failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream broke.
    #[error("connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer closed the connection without a release.
    #[error("expected a PDU, found the connection closed")]
    Closed,
    /// The peer did not do in time what it had to.
    #[error("expected {0} in time, found nothing")]
    TimedOut(&'static str),
    /// The peer aborted.
    #[error("peer aborted the association (source {source_code}, reason {reason})")]
    Aborted {
        /// 0 the peer's service user, 2 its service provider.
        source_code: u8,
        /// The provider's reason, PS3.8 table 9-26.
        reason: u8,
    },
    /// The peer refused the association.
    #[error("association rejected: {0}")]
    Rejected(Rejection),
    /// The peer sent what the protocol does not allow here.
    #[error("expected {expected}, found {found}")]
    Protocol {
        /// What could have come.
        expected: &'static str,
        /// What came.
        found: String,
        /// What an A-ABORT says of it.
        reason: AbortReason,
    },
    /// The peer sent or announced more than is allowed.
    #[error("{what}: expected at most {limit}, found {found}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What came or was announced.
        found: u64,
    },
    /// The peer accepted no presentation context for what is to be sent.
    #[error(
        "no accepted presentation context for SOP class {sop_class_uid} in transfer syntax {transfer_syntax}"
    )]
    NoContext {
        /// The SOP class.
        sop_class_uid: String,
        /// The transfer syntaxes that would do.
        transfer_syntax: String,
    },
    /// A data set cannot be read.
    #[error("data set: {0}")]
    DataSet(#[from] codec::Error),
    /// What answers a request ended without an answer.
    #[error("expected an answer of the handler, found none")]
    HandlerEnded,
    /// A PDU or data set of ours cannot be written.
    #[error("cannot encode {what}: {reason}")]
    Encode {
        /// What was to be encoded.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

impl Error {
    pub(crate) fn protocol(expected: &'static str, found: impl Into<String>, reason: AbortReason) -> Self {
        Self::Protocol {
            expected,
            found: found.into(),
            reason,
        }
    }

    /// What we tell the peer in an A-ABORT; `None` when there is nobody to tell.
    pub(crate) fn abort_code(&self) -> Option<(u8, u8)> {
        match self {
            Self::Io(_) | Self::Closed | Self::Aborted { .. } | Self::Rejected(_) => None,
            Self::Protocol { reason, .. } => Some((2, *reason as u8)),
            Self::TooLarge { .. } => Some((2, AbortReason::InvalidParameter as u8)),
            Self::TimedOut(_) => Some((2, AbortReason::NotSpecified as u8)),
            Self::NoContext { .. } | Self::DataSet(_) | Self::Encode { .. } | Self::HandlerEnded => {
                Some((0, 0))
            }
        }
    }
}

/// The reasons of an A-ABORT by the service provider (PS3.8 table 9-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AbortReason {
    /// Reason not specified.
    NotSpecified = 0,
    /// Unrecognized PDU.
    UnrecognizedPdu = 1,
    /// Unexpected PDU.
    UnexpectedPdu = 2,
    /// Invalid PDU parameter value.
    InvalidParameter = 6,
}

/// The result, source and reason of an A-ASSOCIATE-RJ (PS3.8 table 9-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 service user, 2 provider (ACSE), 3 provider (presentation).
    pub source: u8,
    /// What it means depends on the source.
    pub reason: u8,
}

impl Rejection {
    /// No reason given.
    pub const NO_REASON: Self = Self::new(1, 1, 1);
    /// Application context name not supported.
    pub const APPLICATION_CONTEXT: Self = Self::new(1, 1, 2);
    /// Calling AE title not recognized.
    pub const CALLING_AE_TITLE: Self = Self::new(1, 1, 3);
    /// Called AE title not recognized.
    pub const CALLED_AE_TITLE: Self = Self::new(1, 1, 7);
    /// Protocol version not supported.
    pub const PROTOCOL_VERSION: Self = Self::new(1, 2, 2);
    /// Temporary congestion.
    pub const CONGESTION: Self = Self::new(2, 3, 1);
    /// Local limit exceeded, as by too many associations of one AE title.
    pub const LOCAL_LIMIT: Self = Self::new(2, 3, 2);

    const fn new(result: u8, source: u8, reason: u8) -> Self {
        Self {
            result,
            source,
            reason,
        }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = match (self.source, self.reason) {
            (1, 2) => "application context name not supported",
            (1, 3) => "calling AE title not recognized",
            (1, 7) => "called AE title not recognized",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            _ => "no reason given",
        };
        let result = if self.result == 2 {
            "transient"
        } else {
            "permanent"
        };
        write!(
            f,
            "{words} ({result}, source {}, reason {})",
            self.source, self.reason
        )
    }
}
