//! An event as DICOM's audit message: XML of the schema in PS3.15 A.5.1.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::codes::{Code, STUDY_INSTANCE_UID};
use super::event::{Event, OWN_SCHEME, Object, Participant, What};

/// The message of an event, on one line, without an XML declaration.
pub(super) fn message(event: &Event<'_>) -> String {
    let mut xml = Xml(String::with_capacity(2048));
    xml.text("<AuditMessage>");
    identification(&mut xml, event);
    for participant in &event.participants {
        active(&mut xml, participant);
    }
    xml.text("<AuditSourceIdentification");
    if let Some(organisation) = &event.organisation {
        xml.attribute("AuditEnterpriseSiteID", organisation);
    }
    xml.attribute("AuditSourceID", &event.source.site);
    // 4: an application server.
    xml.text("><AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>");
    for object in &event.objects {
        about(&mut xml, object);
    }
    xml.text("</AuditMessage>");
    xml.0
}

struct Xml(String);

impl Xml {
    fn text(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        let _ = write!(self.0, " {name}=\"");
        self.escaped(value);
        self.0.push('"');
    }

    /// Text that stands for itself; a character that XML 1.0 cannot hold becomes U+FFFD.
    fn escaped(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => {
                    let _ = write!(self.0, "&#{};", u32::from(c));
                }
                '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => self.0.push('\u{FFFD}'),
                c => self.0.push(c),
            }
        }
    }

    fn coded(&mut self, element: &str, code: Code) {
        self.value(element, code.value, "DCM", code.meaning);
    }

    fn value(&mut self, element: &str, value: &str, scheme: &str, meaning: &str) {
        let _ = write!(self.0, "<{element}");
        self.attribute("csd-code", value);
        self.attribute("codeSystemName", scheme);
        self.attribute("originalText", meaning);
        self.text("/>");
    }
}

fn identification(xml: &mut Xml, event: &Event<'_>) {
    let meaning = event.meaning;
    xml.text("<EventIdentification");
    xml.attribute("EventActionCode", meaning.action.encode_utf8(&mut [0; 4]));
    xml.attribute("EventDateTime", &event.at);
    xml.attribute("EventOutcomeIndicator", meaning.outcome.indicator());
    xml.text(">");
    xml.coded("EventID", meaning.event);
    if let Some(kind) = meaning.kind {
        xml.coded("EventTypeCode", kind);
    }
    xml.value("EventTypeCode", event.kind, OWN_SCHEME, event.kind);
    xml.text("</EventIdentification>");
}

fn active(xml: &mut Xml, participant: &Participant<'_>) {
    xml.text("<ActiveParticipant");
    xml.attribute("UserID", participant.user);
    if let Some(alternative) = &participant.alternative {
        xml.attribute("AlternativeUserID", alternative);
    }
    if let Some(name) = participant.name {
        xml.attribute("UserName", name);
    }
    let is_requestor = if participant.is_requestor { "true" } else { "false" };
    xml.attribute("UserIsRequestor", is_requestor);
    if let Some(access) = &participant.access {
        xml.attribute("NetworkAccessPointID", access.point);
        xml.attribute("NetworkAccessPointTypeCode", access.kind);
    }
    xml.text(">");
    if let Some(role) = participant.role {
        xml.coded("RoleIDCode", role);
    }
    xml.text("</ActiveParticipant>");
}

/// ParticipantObjectTypeCode: 1 a person, 2 a thing of the system, 3 an organisation; with the role that A.5.1.2.2 has for it.
fn about(xml: &mut Xml, object: &Object<'_>) {
    let (id, kind, role) = match object.what {
        What::Study { study_uid, .. } => (study_uid.to_owned(), "2", Some("3")),
        What::Person { number } => (number.to_owned(), "1", Some("11")),
        What::Organisation { number } => (number.to_owned(), "3", Some("4")),
        What::Row { number, .. } => (number.to_owned(), "2", None),
        What::Journal => ("urn:uptake:journal".to_owned(), "2", Some("13")),
        What::Entry { id } => (id.to_string(), "2", None),
    };
    xml.text("<ParticipantObjectIdentification");
    xml.attribute("ParticipantObjectID", &id);
    xml.attribute("ParticipantObjectTypeCode", kind);
    if let Some(role) = role {
        xml.attribute("ParticipantObjectTypeCodeRole", role);
    }
    xml.text(">");
    let element = "ParticipantObjectIDTypeCode";
    match object.what {
        What::Study { .. } => xml.coded(element, STUDY_INSTANCE_UID),
        What::Person { .. } => xml.value(element, "11", "RFC-3881", "User Identifier"),
        What::Journal => xml.value(element, "12", "RFC-3881", "URI"),
        What::Organisation { .. } => xml.value(element, "organisation", OWN_SCHEME, "organisation"),
        What::Row { word, .. } => xml.value(element, word, OWN_SCHEME, word),
        What::Entry { .. } => xml.value(element, "entry", OWN_SCHEME, "entry"),
    }
    xml.text("<ParticipantObjectName>");
    xml.escaped(&object.name);
    xml.text("</ParticipantObjectName>");
    for (word, value) in &object.details {
        xml.text("<ParticipantObjectDetail");
        xml.attribute("type", word);
        xml.attribute("value", &STANDARD.encode(value));
        xml.text("/>");
    }
    if let What::Study {
        sop_uid: Some(sop_uid),
        ..
    } = object.what
    {
        xml.text("<ParticipantObjectDescription><SOPClass NumberOfInstances=\"1\"><Instance");
        xml.attribute("UID", sop_uid);
        xml.text("/></SOPClass></ParticipantObjectDescription>");
    }
    xml.text("</ParticipantObjectIdentification>");
}
