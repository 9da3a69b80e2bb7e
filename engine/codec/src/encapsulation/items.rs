//! The chain of items in an encapsulated value, walked with its common faults named.

use crate::Warning;

pub(super) const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const ITEM_DELIMITER: [u8; 4] = [0xFE, 0xFF, 0x0D, 0xE0];
pub(super) const SEQUENCE_DELIMITER: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];
pub(super) const HEADER: usize = 8;
pub(super) const UNDEFINED_LENGTH: u32 = u32::MAX;

/// A fragment; 16 bytes, so that a value of nothing but empty items costs no more than twice its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// Where its item begins.
    pub(super) item: usize,
    pub(super) length: u32,
}

impl Fragment {
    /// Gives the fragment's bytes in the value it was found in.
    pub(super) fn bytes<'a>(&self, value: &'a [u8]) -> &'a [u8] {
        &value[self.item + HEADER..][..self.length as usize]
    }
}

/// Whether `value` begins with an item, as encapsulated pixel data do.
pub(crate) fn is_item(value: &[u8]) -> bool {
    value.starts_with(&ITEM)
}

/// Lists the items of a value; counts them first, so that the list is allocated once and exactly.
pub(super) fn fragments(value: &[u8]) -> (Vec<Fragment>, Option<Fault>) {
    let mut items = Items::new(value);
    let count = items.by_ref().count();
    let fault = items.fault;
    let mut fragments = Vec::with_capacity(count);
    fragments.extend(Items::new(value));
    (fragments, fault)
}

/// What is wrong with the chain of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    CutOff,
    UndefinedLength,
    NoItem { at: usize },
}

impl Fault {
    pub(super) fn warning(self) -> Warning {
        let text = match self {
            Self::CutOff => "the last fragment is cut off".to_owned(),
            Self::UndefinedLength => "expected a fragment's length, found an undefined one".to_owned(),
            Self::NoItem { at } => format!("expected an item or the end at byte {at} of the fragments"),
        };
        Warning::new("fragments", text)
    }
}

/// Walks the items of a value up to the sequence delimiter or the end.
pub(super) struct Items<'a> {
    value: &'a [u8],
    at: usize,
    fault: Option<Fault>,
}

impl<'a> Items<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self {
            value,
            at: 0,
            fault: None,
        }
    }

    /// Gives what was wrong up to here.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Gives the value behind the items taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.value[self.at..]
    }
}

impl Iterator for Items<'_> {
    type Item = Fragment;

    fn next(&mut self) -> Option<Fragment> {
        let rest = &self.value[self.at..];
        if rest.len() < HEADER || !is_item(rest) {
            let ended =
                rest.starts_with(&SEQUENCE_DELIMITER) || rest.iter().take(HEADER).all(|byte| *byte == 0);
            if !ended {
                self.fault.get_or_insert(Fault::NoItem { at: self.at });
            }
            return None;
        }
        let stated = u32::from_le_bytes([rest[4], rest[5], rest[6], rest[7]]);
        let body = &rest[HEADER..];
        let (length, skip) = if stated == UNDEFINED_LENGTH {
            self.fault.get_or_insert(Fault::UndefinedLength);
            delimited(body)
        } else if stated as usize > body.len() {
            self.fault.get_or_insert(Fault::CutOff);
            (body.len(), 0)
        } else {
            (stated as usize, padding(stated as usize, body))
        };
        let item = self.at;
        self.at += HEADER + length + skip;
        // A value of 4 GiB in one item cannot be stated; what was found by delimiter may be longer.
        Some(Fragment {
            item,
            length: u32::try_from(length).ok()?,
        })
    }
}

/// Gives the length of a fragment of undefined length, and what to skip behind it.
fn delimited(body: &[u8]) -> (usize, usize) {
    let mut ends = body
        .windows(HEADER)
        .enumerate()
        .filter(|(_, bytes)| bytes.ends_with(&[0; 4]));
    ends.find_map(|(at, bytes)| match bytes {
        _ if bytes.starts_with(&ITEM_DELIMITER) => Some((at, HEADER)),
        _ if bytes.starts_with(&SEQUENCE_DELIMITER) => Some((at, 0)),
        _ => None,
    })
    .unwrap_or((body.len(), 0))
}

/// Some writers state an odd length and pad the bytes all the same.
fn padding(length: usize, body: &[u8]) -> usize {
    let follows = |at: usize| {
        body.get(at..)
            .is_some_and(|rest| is_item(rest) || rest.starts_with(&SEQUENCE_DELIMITER))
    };
    usize::from(length % 2 == 1 && length < body.len() && !follows(length) && follows(length + 1))
}
