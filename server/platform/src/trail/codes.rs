//! What each kind of entry is called in DICOM's vocabulary of audit events (PS3.16 CID 400 and 401; PS3.15 A.5.3), which
//! FHIR's AuditEvent shares. Beside the standard's codes an event always carries the entry's own kind.

/// A code of DICOM's own scheme (DCM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// Its value.
    pub(super) value: &'static str,
    /// Its meaning.
    pub(super) meaning: &'static str,
}

const fn code(value: &'static str, meaning: &'static str) -> Code {
    Code { value, meaning }
}

/// What happened (CID 400).
pub(super) const APPLICATION_ACTIVITY: Code = code("110100", "Application Activity");
pub(super) const AUDIT_LOG_USED: Code = code("110101", "Audit Log Used");
pub(super) const INSTANCES_ACCESSED: Code = code("110103", "DICOM Instances Accessed");
pub(super) const INSTANCES_TRANSFERRED: Code = code("110104", "DICOM Instances Transferred");
pub(super) const EXPORT: Code = code("110106", "Export");
pub(super) const IMPORT: Code = code("110107", "Import");
pub(super) const PATIENT_RECORD: Code = code("110110", "Patient Record");
pub(super) const PROCEDURE_RECORD: Code = code("110111", "Procedure Record");
pub(super) const QUERY: Code = code("110112", "Query");
pub(super) const SECURITY_ALERT: Code = code("110113", "Security Alert");
pub(super) const USER_AUTHENTICATION: Code = code("110114", "User Authentication");

/// Of what type (CID 401).
const LOGIN: Code = code("110122", "Login");
const LOGOUT: Code = code("110123", "Logout");
const NODE_AUTHENTICATION: Code = code("110126", "Node Authentication");
const SECURITY_CONFIGURATION: Code = code("110129", "Security Configuration");
const HARDWARE_CONFIGURATION: Code = code("110130", "Hardware Configuration");
const SOFTWARE_CONFIGURATION: Code = code("110131", "Software Configuration");
const RESTRICTED_FUNCTION: Code = code("110132", "Use of Restricted Function");
const OBJECT_SECURITY: Code = code("110135", "Object Security Attributes Changed");
const SECURITY_ROLES: Code = code("110136", "Security Roles Changed");
const USER_SECURITY: Code = code("110137", "User Security Attributes Changed");

/// In which part somebody took part (CID 402).
pub(super) const APPLICATION: Code = code("110150", "Application");
pub(super) const DESTINATION: Code = code("110152", "Destination Role ID");
pub(super) const SOURCE: Code = code("110153", "Source Role ID");

/// Which scheme a study's identifier is of.
pub(super) const STUDY_INSTANCE_UID: Code = code("110180", "Study Instance UID");

/// How it ended (EventOutcomeIndicator).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it should.
    Success,
    /// It was refused, or something smaller went wrong.
    MinorFailure,
    /// Something went wrong that matters.
    SeriousFailure,
}

impl Outcome {
    /// The indicator of the standard.
    pub(super) fn indicator(self) -> &'static str {
        match self {
            Self::Success => "0",
            Self::MinorFailure => "4",
            Self::SeriousFailure => "8",
        }
    }

    /// The severity of syslog (RFC 5424): notice, warning, error.
    pub(super) fn severity(self) -> u8 {
        match self {
            Self::Success => 5,
            Self::MinorFailure => 4,
            Self::SeriousFailure => 3,
        }
    }
}

/// What a kind of entry is in the standard's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// What happened.
    pub(super) event: Code,
    /// Of what type.
    pub(super) kind: Option<Code>,
    /// `C`, `R`, `U`, `D`, `E` (EventActionCode): A.5.3 says which an event can have.
    pub(super) action: char,
    /// How it ended.
    pub(super) outcome: Outcome,
}

const fn of(event: Code, action: char) -> Meaning {
    Meaning {
        event,
        kind: None,
        action,
        outcome: Outcome::Success,
    }
}

/// Something that people who look after security hear of.
const fn alert(kind: Code) -> Meaning {
    of(SECURITY_ALERT, 'E').typed(kind)
}

impl Meaning {
    const fn typed(self, kind: Code) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    const fn ended(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}

/// What a kind that stands in no row is: a later version's.
const OTHER: Meaning = of(APPLICATION_ACTIVITY, 'E');

/// The meaning of a kind of entry.
pub(super) fn meaning(kind: &str) -> Meaning {
    let row = MEANINGS.iter().find(|(_, kinds)| kinds.contains(&kind));
    row.map_or(OTHER, |(meaning, _)| *meaning)
}

/// All kinds, by what they mean.
#[rustfmt::skip]
pub(super) const MEANINGS: &[(Meaning, &[&str])] = &[
    (of(USER_AUTHENTICATION, 'E').typed(LOGIN), &["session.began", "session.confirmed"]),
    (of(USER_AUTHENTICATION, 'E').typed(LOGIN).ended(Outcome::MinorFailure), &["session.failed", "session.declined"]),
    (of(USER_AUTHENTICATION, 'E').typed(LOGOUT), &["session.ended"]),
    (of(USER_AUTHENTICATION, 'E').typed(NODE_AUTHENTICATION), &["client.given", "client.viewing", "client.ended"]),
    (alert(NODE_AUTHENTICATION).ended(Outcome::SeriousFailure), &["client.replayed"]),
    (alert(RESTRICTED_FUNCTION).ended(Outcome::MinorFailure), &["access.refused"]),
    (alert(RESTRICTED_FUNCTION), &[
        "message.opened", "document.opened", "bundle.made", "audit.removal-asked", "audit.removal-confirmed",
        "audit.removal-withdrawn", "audit.removed",
    ]),
    (of(AUDIT_LOG_USED, 'R'), &["audit.searched", "audit.exported"]),
    (of(QUERY, 'E'), &["study.found"]),
    (of(INSTANCES_ACCESSED, 'R'), &["study.read", "moved-to-cold", "recalled-from-cold"]),
    (of(INSTANCES_ACCESSED, 'R').ended(Outcome::MinorFailure), &["conflict-found"]),
    (of(INSTANCES_ACCESSED, 'R').ended(Outcome::SeriousFailure), &["damaged"]),
    (of(INSTANCES_ACCESSED, 'U'), &[
        "corrected", "correction-undone", "chosen", "rejection-undone", "conflict-decided",
    ]),
    (of(INSTANCES_ACCESSED, 'D'), &["rejected", "removing"]),
    (of(INSTANCES_TRANSFERRED, 'C'), &["stored", "stored-beside"]),
    (of(INSTANCES_TRANSFERRED, 'R'), &["committed"]),
    (of(INSTANCES_TRANSFERRED, 'R').ended(Outcome::MinorFailure), &["delivery-dropped"]),
    (of(EXPORT, 'R'), &["study.exported", "backup.made"]),
    (of(IMPORT, 'C'), &["backup.restored"]),
    (of(PATIENT_RECORD, 'U'), &["merged", "merge-undone"]),
    (of(PROCEDURE_RECORD, 'C'), &["order-added"]),
    (of(PROCEDURE_RECORD, 'U'), &["order-moved", "performed"]),
    (alert(OBJECT_SECURITY), &[
        "held", "hold-lifted", "custodian-set", "study.published", "study.publication-scheduled", "study.withdrawn",
        "study.publication-by-rule",
    ]),
    (alert(SECURITY_ROLES), &[
        "office.filled", "office.appointed", "office.ended", "member.added", "member.invited", "member.changed",
        "member.ended", "invitation.accepted", "invitation.declined", "role.added", "role.changed", "role.removed",
    ]),
    (alert(USER_SECURITY), &[
        "account.registered", "account.approved", "account.rejected", "account.closed", "account.reset",
        "account.reset-asked", "account.unlocked", "account.password-changed", "account.second-factor-set",
        "account.passkey-added", "account.passkey-removed", "account.wechat-bound", "account.wechat-unbound",
        "account.code-asked", "account.mobile-changed", "account.email-verified", "document.sent", "document.approved",
        "document.refused", "signature.changed", "signature.removed", "signature.link-made", "signature.mode-changed",
        "client.allowed", "client.declined", "client.taken-back", "push.browser-added", "push.browser-removed",
    ]),
    (alert(SECURITY_CONFIGURATION), &[
        "docking.asked", "docking.resent", "docking.withdrawn", "docking.accepted", "docking.declined", "docking.ended",
        "docking.changed", "docking.doctor-set", "docking.doctor-removed", "organisation.added", "organisation.closed",
        "organisation.opened", "upload-code.made", "upload-code.revoked", "client.added", "client.changed",
        "client.secret-made", "client.disabled", "client.enabled", "client.key-made",
        "push.key-made", "publishing.rule-changed",
    ]),
    (alert(HARDWARE_CONFIGURATION), &[
        "device.added", "device.changed", "device.bound", "device.unbound", "device.removed",
    ]),
    (alert(SOFTWARE_CONFIGURATION), &[
        "dictionary.added", "dictionary.changed", "dictionary.retired", "dictionary.restored", "dictionary.removed",
        "dictionary.imported", "dictionary.exported", "server.added", "server.changed", "server.removed",
        "threshold.changed", "on-call.changed", "on-call.removed",
    ]),
    (of(APPLICATION_ACTIVITY, 'E'), &[
        "picture.changed", "picture.removed", "profile.changed", "organisation.changed", "organisation.switched",
        "job.retried", "job.cancelled", "job.sent-again", "job.left", "alarm.cleared", "alarm.acknowledged",
        "ticket.opened", "ticket.answered", "ticket.closed",
    ]),
    (of(APPLICATION_ACTIVITY, 'E').ended(Outcome::MinorFailure), &["alarm.raised"]),
];
