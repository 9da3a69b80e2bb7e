//! An event as FHIR's AuditEvent (R4), with the codes of DICOM's vocabulary, as IHE's Basic Audit Log Patterns have them.

use serde_json::{Value, json};

use super::codes::Code;
use super::event::{Event, Object, Participant, What};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// The entry's own kinds.
const KINDS: &str = "urn:uptake:journal:kind";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

/// The resource of an event.
pub(super) fn resource(event: &Event<'_>) -> Value {
    let meaning = event.meaning;
    let own = json!({ "system": KINDS, "code": event.kind });
    let subtypes: Vec<Value> = meaning.kind.map(coding).into_iter().chain([own]).collect();
    let agents: Vec<Value> = event.participants.iter().map(agent).collect();
    let entities: Vec<Value> = event.objects.iter().map(entity).collect();
    let mut source = json!({
        "observer": { "display": event.source.site },
        "type": [{ "system": SOURCE_TYPE, "code": "4", "display": "Application Server" }],
    });
    if let Some(organisation) = &event.organisation {
        source["site"] = json!(organisation);
    }
    json!({
        "resourceType": "AuditEvent",
        "id": event.id.to_string(),
        "type": coding(meaning.event),
        "subtype": subtypes,
        "action": meaning.action.to_string(),
        "recorded": event.at,
        "outcome": meaning.outcome.indicator(),
        "agent": agents,
        "source": source,
        "entity": entities,
    })
}

fn coding(code: Code) -> Value {
    json!({ "system": DCM, "code": code.value, "display": code.meaning })
}

fn agent(participant: &Participant<'_>) -> Value {
    let mut agent = json!({
        "who": { "identifier": { "value": participant.user } },
        "requestor": participant.is_requestor,
    });
    if let Some(role) = participant.role {
        agent["type"] = json!({ "coding": [coding(role)] });
    }
    if let Some(alternative) = &participant.alternative {
        agent["altId"] = json!(alternative);
    }
    if let Some(name) = participant.name {
        agent["name"] = json!(name);
    }
    if let Some(access) = &participant.access {
        agent["network"] = json!({ "address": access.point, "type": access.kind });
    }
    agent
}

fn entity(object: &Object<'_>) -> Value {
    let (system, value) = match object.what {
        What::Study { study_uid, .. } => ("urn:dicom:uid".to_owned(), format!("urn:oid:{study_uid}")),
        What::Person { number } => ("urn:uptake:person".to_owned(), number.to_owned()),
        What::Organisation { number } => ("urn:uptake:organisation".to_owned(), number.to_owned()),
        What::Row { word, number } => (format!("urn:uptake:{word}"), number.to_owned()),
        What::Journal => ("urn:ietf:rfc:3986".to_owned(), "urn:uptake:journal".to_owned()),
        What::Entry { id } => ("urn:uptake:journal".to_owned(), id.to_string()),
    };
    let kind = match object.what {
        What::Person { .. } => ("1", "Person"),
        What::Organisation { .. } => ("3", "Organization"),
        _ => ("2", "System Object"),
    };
    let role = match object.what {
        What::Study { .. } => Some(("3", "Report")),
        What::Person { .. } => Some(("11", "Security User Entity")),
        What::Organisation { .. } => Some(("4", "Domain Resource")),
        What::Journal => Some(("13", "Security Resource")),
        What::Row { .. } | What::Entry { .. } => None,
    };
    let mut details: Vec<Value> = object
        .details
        .iter()
        .map(|(word, value)| json!({ "type": word, "valueString": value }))
        .collect();
    if let What::Study {
        sop_uid: Some(sop_uid),
        ..
    } = object.what
    {
        details.push(json!({ "type": "SOPInstanceUID", "valueString": sop_uid }));
    }
    let mut entity = json!({
        "what": { "identifier": { "system": system, "value": value } },
        "type": { "system": ENTITY_TYPE, "code": kind.0, "display": kind.1 },
        "name": object.name,
    });
    if let Some((code, display)) = role {
        entity["role"] = json!({ "system": OBJECT_ROLE, "code": code, "display": display });
    }
    if !details.is_empty() {
        entity["detail"] = json!(details);
    }
    entity
}
