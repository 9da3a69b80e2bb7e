//! Command sets (PS3.7 section 6.3 and Annex E): group 0000 in Implicit VR Little Endian, as typed data.

use dicom_core::Tag;

use crate::error::AbortReason;
use crate::status::{Outcome, Status};
use crate::{Error, Result};

/// What a message asks for or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of PS3.7")]
pub enum Operation {
    CStore,
    CGet,
    CFind,
    CMove,
    CEcho,
    CCancel,
    NEventReport,
    NGet,
    NSet,
    NAction,
    NCreate,
    NDelete,
    /// None of PS3.7.
    Unknown(u16),
}

const OPERATIONS: [(Operation, u16); 12] = [
    (Operation::CStore, 0x0001),
    (Operation::CGet, 0x0010),
    (Operation::CFind, 0x0020),
    (Operation::CMove, 0x0021),
    (Operation::CEcho, 0x0030),
    (Operation::CCancel, 0x0FFF),
    (Operation::NEventReport, 0x0100),
    (Operation::NGet, 0x0110),
    (Operation::NSet, 0x0120),
    (Operation::NAction, 0x0130),
    (Operation::NCreate, 0x0140),
    (Operation::NDelete, 0x0150),
];

const RESPONSE: u16 = 0x8000;
const NO_DATA_SET: u16 = 0x0101;

impl Operation {
    fn from_code(code: u16) -> Self {
        let known = OPERATIONS.iter().find(|(_, other)| *other == code);
        known.map_or(Self::Unknown(code), |(operation, _)| *operation)
    }

    /// The word of PS3.7; empty for none of its.
    pub fn name(self) -> &'static str {
        match self {
            Self::CStore => "C-STORE",
            Self::CGet => "C-GET",
            Self::CFind => "C-FIND",
            Self::CMove => "C-MOVE",
            Self::CEcho => "C-ECHO",
            Self::CCancel => "C-CANCEL",
            Self::NEventReport => "N-EVENT-REPORT",
            Self::NGet => "N-GET",
            Self::NSet => "N-SET",
            Self::NAction => "N-ACTION",
            Self::NCreate => "N-CREATE",
            Self::NDelete => "N-DELETE",
            Self::Unknown(_) => "",
        }
    }

    fn code(self) -> u16 {
        let known = OPERATIONS.iter().find(|(other, _)| *other == self);
        match self {
            Self::Unknown(code) => code,
            _ => known.map_or(0, |(_, code)| *code),
        }
    }
}

/// A command set. Fields that its operation does not have stay `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What is asked or answered.
    pub operation: Operation,
    /// Whether it is an answer.
    pub is_response: bool,
    /// Message ID of a request; Message ID Being Responded To of a response and of C-CANCEL.
    pub message_id: u16,
    /// Whether a data set follows.
    pub has_data_set: bool,
    /// Affected SOP Class UID.
    pub affected_sop_class_uid: Option<String>,
    /// Affected SOP Instance UID.
    pub affected_sop_instance_uid: Option<String>,
    /// Requested SOP Class UID.
    pub requested_sop_class_uid: Option<String>,
    /// Requested SOP Instance UID.
    pub requested_sop_instance_uid: Option<String>,
    /// Priority: 0 medium, 1 high, 2 low.
    pub priority: Option<u16>,
    /// Status of a response.
    pub status: Option<Status>,
    /// Error Comment.
    pub error_comment: Option<String>,
    /// Offending Element.
    pub offending: Vec<Tag>,
    /// Move Destination.
    pub move_destination: Option<String>,
    /// Move Originator's AE title.
    pub move_originator: Option<String>,
    /// Move Originator Message ID.
    pub move_originator_message_id: Option<u16>,
    /// Event Type ID.
    pub event_type: Option<u16>,
    /// Action Type ID.
    pub action_type: Option<u16>,
    /// Attribute Identifier List.
    pub attributes: Vec<Tag>,
    /// Sub-operations: remaining.
    pub remaining: Option<u16>,
    /// Sub-operations: completed.
    pub completed: Option<u16>,
    /// Sub-operations: failed.
    pub failed: Option<u16>,
    /// Sub-operations: with warnings.
    pub warning: Option<u16>,
}

impl Command {
    /// A request without a data set.
    pub fn request(operation: Operation, message_id: u16) -> Self {
        Self {
            operation,
            is_response: false,
            message_id,
            has_data_set: false,
            affected_sop_class_uid: None,
            affected_sop_instance_uid: None,
            requested_sop_class_uid: None,
            requested_sop_instance_uid: None,
            priority: None,
            status: None,
            error_comment: None,
            offending: Vec::new(),
            move_destination: None,
            move_originator: None,
            move_originator_message_id: None,
            event_type: None,
            action_type: None,
            attributes: Vec::new(),
            remaining: None,
            completed: None,
            failed: None,
            warning: None,
        }
    }

    /// The answer to this request, about the same class and instance, without a data set.
    pub fn response(&self, outcome: &Outcome) -> Self {
        let mut response = Self::request(self.operation, self.message_id);
        response.is_response = true;
        response.status = Some(outcome.status);
        response.error_comment = outcome.comment.clone();
        response.offending = outcome.offending.clone();
        // Answers of N-services tell of the affected class and instance what was requested.
        response.affected_sop_class_uid =
            (self.affected_sop_class_uid.clone()).or_else(|| self.requested_sop_class_uid.clone());
        response.affected_sop_instance_uid =
            (self.affected_sop_instance_uid.clone()).or_else(|| self.requested_sop_instance_uid.clone());
        response.event_type = self.event_type;
        response.action_type = self.action_type;
        response
    }

    /// The status of a response; one that has none failed.
    pub fn outcome(&self) -> Outcome {
        Outcome {
            status: self.status.unwrap_or(Status::MISTYPED_ARGUMENT),
            comment: self.error_comment.clone(),
            offending: self.offending.clone(),
        }
    }

    /// Writes the command set, group length first.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(256));
        out.text(0x0002, self.affected_sop_class_uid.as_deref(), 0);
        out.text(0x0003, self.requested_sop_class_uid.as_deref(), 0);
        let response = if self.is_response { RESPONSE } else { 0 };
        out.number(0x0100, Some(self.operation.code() | response));
        let answers = self.is_response || self.operation == Operation::CCancel;
        out.number(if answers { 0x0120 } else { 0x0110 }, Some(self.message_id));
        out.text(0x0600, self.move_destination.as_deref(), b' ');
        out.number(0x0700, self.priority);
        let data_set = if self.has_data_set { 0x0001 } else { NO_DATA_SET };
        out.number(0x0800, Some(data_set));
        out.number(0x0900, self.status.map(|status| status.0));
        out.tags(0x0901, &self.offending);
        out.text(
            0x0902,
            self.error_comment.as_deref().map(comment).as_deref(),
            b' ',
        );
        out.text(0x1000, self.affected_sop_instance_uid.as_deref(), 0);
        out.text(0x1001, self.requested_sop_instance_uid.as_deref(), 0);
        out.number(0x1002, self.event_type);
        out.tags(0x1005, &self.attributes);
        out.number(0x1008, self.action_type);
        out.number(0x1020, self.remaining);
        out.number(0x1021, self.completed);
        out.number(0x1022, self.failed);
        out.number(0x1023, self.warning);
        out.text(0x1030, self.move_originator.as_deref(), b' ');
        out.number(0x1031, self.move_originator_message_id);
        let length = u32::try_from(out.0.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(out.0.len() + 12);
        bytes.extend_from_slice(&[0, 0, 0, 0, 4, 0, 0, 0]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&out.0);
        bytes
    }

    /// Reads a command set; elements unknown here are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] for bytes that are no command set.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut command = Self::request(Operation::Unknown(0), 0);
        let (mut field, mut data_set) = (None, None);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (tag, value, next) = element(rest)?;
            rest = next;
            match tag {
                0x0100 => field = number(value),
                0x0800 => data_set = number(value),
                _ => command.set(tag, value),
            }
        }
        let Some(field) = field else {
            return Err(invalid("a command set without Command Field"));
        };
        command.is_response = field & RESPONSE != 0;
        command.operation = Operation::from_code(field & !RESPONSE);
        // Without the field no data set can be told from the next message; PS3.7 has it in every command.
        let Some(data_set) = data_set else {
            return Err(invalid("a command set without Command Data Set Type"));
        };
        command.has_data_set = data_set != NO_DATA_SET;
        Ok(command)
    }

    fn set(&mut self, tag: u16, value: &[u8]) {
        match tag {
            0x0002 => self.affected_sop_class_uid = text(value),
            0x0003 => self.requested_sop_class_uid = text(value),
            0x0110 | 0x0120 => self.message_id = number(value).unwrap_or(self.message_id),
            0x0600 => self.move_destination = text(value),
            0x0700 => self.priority = number(value),
            0x0900 => self.status = number(value).map(Status),
            0x0901 => self.offending = tags(value),
            0x0902 => self.error_comment = text(value),
            0x1000 => self.affected_sop_instance_uid = text(value),
            0x1001 => self.requested_sop_instance_uid = text(value),
            0x1002 => self.event_type = number(value),
            0x1005 => self.attributes = tags(value),
            0x1008 => self.action_type = number(value),
            0x1020 => self.remaining = number(value),
            0x1021 => self.completed = number(value),
            0x1022 => self.failed = number(value),
            0x1023 => self.warning = number(value),
            0x1030 => self.move_originator = text(value),
            0x1031 => self.move_originator_message_id = number(value),
            _ => {}
        }
    }
}

fn invalid(found: &str) -> Error {
    Error::protocol("a command set", found, AbortReason::InvalidParameter)
}

/// Takes one element of group 0000 off the front.
fn element(bytes: &[u8]) -> Result<(u16, &[u8], &[u8])> {
    let (head, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or_else(|| invalid("an element cut short"))?;
    if head[0] != 0 || head[1] != 0 {
        return Err(invalid("an element of another group"));
    }
    let tag = u16::from_le_bytes([head[2], head[3]]);
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if length > rest.len() {
        return Err(invalid("an element longer than the command set"));
    }
    let (value, rest) = rest.split_at(length);
    Ok((tag, value, rest))
}

fn number(value: &[u8]) -> Option<u16> {
    let bytes = value.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*bytes))
}

fn text(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then(|| text.to_owned())
}

fn tags(value: &[u8]) -> Vec<Tag> {
    let tag = |b: &[u8]| Tag(u16::from_le_bytes([b[0], b[1]]), u16::from_le_bytes([b[2], b[3]]));
    value.chunks_exact(4).map(tag).collect()
}

/// Error Comment is LO: at most 64 characters, of the basic repertoire as the command set names no other.
fn comment(words: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii() && !c.is_ascii_control() && c != '\\' {
            c
        } else {
            '?'
        }
    };
    words.chars().take(64).map(plain).collect()
}

struct Writer(Vec<u8>);

impl Writer {
    fn head(&mut self, tag: u16, length: usize) {
        self.0.extend_from_slice(&[0, 0]);
        self.0.extend_from_slice(&tag.to_le_bytes());
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
    }

    fn number(&mut self, tag: u16, value: Option<u16>) {
        if let Some(value) = value {
            self.head(tag, 2);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn text(&mut self, tag: u16, value: Option<&str>, padding: u8) {
        if let Some(value) = value {
            let odd = value.len() % 2;
            self.head(tag, value.len() + odd);
            self.0.extend_from_slice(value.as_bytes());
            self.0.extend(std::iter::repeat_n(padding, odd));
        }
    }

    fn tags(&mut self, tag: u16, values: &[Tag]) {
        if !values.is_empty() {
            self.head(tag, values.len() * 4);
            for Tag(group, element) in values {
                self.0.extend_from_slice(&group.to_le_bytes());
                self.0.extend_from_slice(&element.to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command set that echoscu of DCMTK 3.6.7 was seen to send to storescp.
    #[test]
    fn an_echo_request_has_dcmtk_bytes() {
        let mut command = Command::request(Operation::CEcho, 1);
        command.affected_sop_class_uid = Some("1.2.840.10008.1.1".into());
        let mut expected = vec![0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0];
        expected.extend_from_slice(b"\0\0\x02\0\x12\0\0\x001.2.840.10008.1.1\0");
        expected.extend_from_slice(b"\0\0\x00\x01\x02\0\0\0\x30\0");
        expected.extend_from_slice(b"\0\0\x10\x01\x02\0\0\0\x01\0");
        expected.extend_from_slice(b"\0\0\x00\x08\x02\0\0\0\x01\x01");
        assert_eq!(command.encode(), expected);
        assert_eq!(Command::decode(&expected).unwrap(), command);
    }

    #[test]
    fn every_field_survives() {
        let mut command = Command::request(Operation::CMove, 7);
        command.is_response = true;
        command.has_data_set = true;
        command.affected_sop_class_uid = Some("1.2.3".into());
        command.affected_sop_instance_uid = Some("1.2.3.4".into());
        command.requested_sop_class_uid = Some("1.2.5".into());
        command.requested_sop_instance_uid = Some("1.2.6".into());
        command.priority = Some(2);
        command.status = Some(Status::SOME_FAILED);
        command.error_comment = Some("odd".into());
        command.offending = vec![Tag(0x0008, 0x0016)];
        command.move_destination = Some("DEST".into());
        command.move_originator = Some("ORIGIN".into());
        command.move_originator_message_id = Some(9);
        command.event_type = Some(1);
        command.action_type = Some(2);
        command.attributes = vec![Tag(0x0010, 0x0010), Tag(0x0010, 0x0020)];
        (command.remaining, command.completed) = (Some(1), Some(2));
        (command.failed, command.warning) = (Some(3), Some(4));
        assert_eq!(Command::decode(&command.encode()).unwrap(), command);
    }

    #[test]
    fn a_comment_is_cut_and_plain() {
        let mut command = Command::request(Operation::CEcho, 1);
        command.error_comment = Some("\u{4f60}".repeat(100));
        let back = Command::decode(&command.encode()).unwrap();
        assert_eq!(back.error_comment, Some("?".repeat(64)));
    }

    #[test]
    fn refuses_what_is_no_command() {
        for bytes in [
            &b"\0\0\x00\x01\x02\0\0\0\x30\0"[..],
            b"\0\0\x00\x08\x02\0\0\0\x01\x01",
            b"\0\0\x00\x01\xFF\xFF\xFF\xFF\x30\0",
            b"\x08\0\x00\x01\x02\0\0\0\x30\0",
            b"\0\0\x00",
        ] {
            assert!(matches!(Command::decode(bytes), Err(Error::Protocol { .. })));
        }
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = Command::decode(&bytes);
        }
    }
}
