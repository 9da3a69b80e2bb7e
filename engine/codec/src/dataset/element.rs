//! Element headers: tag, value representation, length (PS3.5 section 7.1).

use dicom_core::{Tag, VR};

use crate::TransferSyntax;

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let vr = if self.explicit { "explicit" } else { "implicit" };
        let order = if self.big_endian {
            "big endian"
        } else {
            "little endian"
        };
        write!(f, "{vr} {order}")
    }
}

impl Encoding {
    pub(super) const EXPLICIT_LITTLE: Self = Self {
        explicit: true,
        big_endian: false,
    };
    pub(super) const IMPLICIT_LITTLE: Self = Self {
        explicit: false,
        big_endian: false,
    };

    /// The uncompressed transfer syntax with this encoding.
    pub(super) fn plain_syntax(self) -> TransferSyntax {
        match (self.explicit, self.big_endian) {
            (false, _) => TransferSyntax::ImplicitLittleEndian,
            (true, false) => TransferSyntax::ExplicitLittleEndian,
            (true, true) => TransferSyntax::ExplicitBigEndian,
        }
    }

    /// What the first element of a data set looks like; `None` when it looks like no element at all.
    pub(super) fn of_first_element(bytes: &[u8]) -> Option<Self> {
        let header: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
        let explicit = VR::from_binary([header[4], header[5]]).is_some();
        let little_group = u16::from_le_bytes([header[0], header[1]]);
        let big_group = u16::from_be_bytes([header[0], header[1]]);
        // Data sets begin in a low group: 0008 nearly always.
        let big_endian = big_group != 0 && big_group < little_group && big_group <= 0x7FE0;
        if explicit {
            return Some(Self { explicit, big_endian });
        }
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let plausible = little_group != 0
            && little_group <= 0x7FE0
            && (length == u32::MAX || length as usize <= bytes.len().max(1 << 16));
        plausible.then_some(Self::IMPLICIT_LITTLE)
    }
}

/// Whether bytes without preamble begin with elements of a group that a data set may begin with.
pub(super) fn looks_like_data_set(bytes: &[u8]) -> bool {
    let Some(encoding) = Encoding::of_first_element(bytes) else {
        return false;
    };
    let group = [bytes[0], bytes[1]];
    let group = if encoding.big_endian {
        u16::from_be_bytes(group)
    } else {
        u16::from_le_bytes(group)
    };
    let element = [bytes[2], bytes[3]];
    let element = if encoding.big_endian {
        u16::from_be_bytes(element)
    } else {
        u16::from_le_bytes(element)
    };
    match group {
        0x0002 | 0x0008 => element <= 0x2FFF,
        0x0004 | 0x0010 | 0x0018 | 0x0020 | 0x0028 => encoding.explicit || element <= 0x9FFF,
        _ => false,
    }
}

/// An element's header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) tag: Tag,
    /// As written; `None` in implicit encoding or for letters that are no value representation.
    pub(super) vr: Option<VR>,
    /// Bytes of the value; `None` for undefined length.
    pub(super) length: Option<usize>,
    /// Where the value begins.
    pub(super) value_at: usize,
}

/// Items and their delimiters.
pub(super) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(super) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub(super) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Reads the header at `at`; `None` when the bytes end within it.
pub(super) fn header(bytes: &[u8], at: usize, encoding: Encoding) -> Option<Header> {
    let head: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    let u16_of = |a: u8, b: u8| {
        if encoding.big_endian {
            u16::from_be_bytes([a, b])
        } else {
            u16::from_le_bytes([a, b])
        }
    };
    let u32_of = |b: [u8; 4]| {
        if encoding.big_endian {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        }
    };
    let tag = Tag(u16_of(head[0], head[1]), u16_of(head[2], head[3]));
    let long = |value: u32| (value != u32::MAX).then_some(value as usize);
    let letters = head[4].is_ascii_uppercase() && head[5].is_ascii_uppercase();
    // Implicit elements stand within explicit data sets of some senders: no letters, no representation.
    if tag.0 == 0xFFFE || !encoding.explicit || !letters {
        let length = long(u32_of([head[4], head[5], head[6], head[7]]));
        return Some(Header {
            tag,
            vr: None,
            length,
            value_at: at + 8,
        });
    }
    let vr = VR::from_binary([head[4], head[5]]);
    let is_short = match vr {
        Some(vr) => has_short_length(vr),
        // Representations still unknown have the long form (PS3.5 7.1.2), with two bytes of zero before it.
        None => head[6] != 0 || head[7] != 0,
    };
    if is_short {
        return Some(Header {
            tag,
            vr,
            length: Some(usize::from(u16_of(head[6], head[7]))),
            value_at: at + 8,
        });
    }
    let length: [u8; 4] = bytes.get(at + 8..at + 12)?.try_into().ok()?;
    Some(Header {
        tag,
        vr: vr.or(Some(VR::UN)),
        length: long(u32_of(length)),
        value_at: at + 12,
    })
}

/// Whether explicit elements of this representation have a length of 16 bits (PS3.5 table 7.1-2).
pub(super) fn has_short_length(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(
        vr,
        AE | AS
            | AT
            | CS
            | DA
            | DS
            | DT
            | FD
            | FL
            | IS
            | LO
            | LT
            | PN
            | SH
            | SL
            | SS
            | ST
            | TM
            | UI
            | UL
            | US
    )
}
