//! What other systems are given, shown to programs that know the standards: `xmllint` with the schema of PS3.15 A.5.1, and
//! `fhir.resources`, the models of FHIR R4B, whose AuditEvent is R4's.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{must_have_peers, of_every_kind, program, write};
use crate::test_site::Site;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/trail/tests/audit-message.rng");

/// What `xmllint` says of messages; `None` where it is absent. Nothing is said of those that fit.
pub(super) fn misfits(folder: &Path, messages: &[&str]) -> Option<String> {
    let xmllint = program("xmllint")?;
    let mut command = Command::new(xmllint);
    command.args(["--noout", "--relaxng", SCHEMA]);
    for (number, message) in messages.iter().enumerate() {
        let path = folder.join(format!("message-{number}.xml"));
        std::fs::write(&path, message).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let misfits: Vec<&str> = said
        .lines()
        .filter(|line| !line.ends_with(" validates"))
        .collect();
    assert_eq!(output.status.success(), misfits.is_empty(), "{said}");
    assert!(said.matches(" validates").count() <= messages.len());
    Some(misfits.join("\n"))
}

/// The messages of an export, and what stands around them.
async fn messages(site: &Site) -> (String, Vec<String>, String) {
    let auditor = site.officer("audit").await;
    let page = auditor.get("/platform/audit/dicom").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "application/xml");
    let (head, rest) = page.text.split_once("<AuditMessages>\n").unwrap();
    let (lines, tail) = rest.split_once("</AuditMessages>").unwrap();
    let lines = lines.lines().map(str::to_owned).collect();
    (head.to_owned(), lines, tail.to_owned())
}

#[tokio::test]
async fn every_message_fits_the_schema_of_the_standard() {
    let site = Site::new().await;
    let (account, _) = site.account("吴\"<医生>&").await;
    write(&site, &of_every_kind(account, site.now_ns())).await;
    let (head, lines, tail) = messages(&site).await;
    assert_eq!(
        (head.trim(), tail.trim()),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
    );
    let all = site.count("SELECT COUNT(*) FROM journal").await;
    assert_eq!(lines.len() as i64, all);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let Some(said) = misfits(site.folder(), &lines) else {
        return;
    };
    assert_eq!(said, "");
}

#[tokio::test]
async fn the_schema_finds_what_does_not_fit() {
    let site = Site::new().await;
    let (account, _) = site.account("郑医生").await;
    write(&site, &of_every_kind(account, site.now_ns())[..1]).await;
    let (_, lines, _) = messages(&site).await;
    for (from, to) in [
        ("EventOutcomeIndicator=\"0\"", "EventOutcomeIndicator=\"1\""),
        ("EventDateTime=\"20", "EventDateTime=\"x20"),
        ("<AuditSourceIdentification", "<AuditSource"),
        (" UserIsRequestor=\"true\"", ""),
        ("<ParticipantObjectName>journal entry</ParticipantObjectName>", ""),
        ("csd-code=\"4\"", "csd-code=\"0\""),
        ("EventActionCode=\"E\"", "EventActionCode=\"Z\""),
    ] {
        let line = lines.iter().find(|line| line.contains("session.began")).unwrap();
        assert!(line.contains(from), "{from} in {line}");
        let broken = line.replace(from, to);
        let Some(said) = misfits(site.folder(), &[&broken]) else {
            return;
        };
        assert!(!said.is_empty(), "{from} as {to:?} was not found");
    }
}

/// Reads a line a resource, gives how many there were; wrong values of fields and missing ones raise.
const READ: &str = r#"
import sys
from fhir.resources.R4B.auditevent import AuditEvent
count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    event = AuditEvent.model_validate_json(line)
    assert event.type.system == "http://dicom.nema.org/resources/ontology/DCM", event.type
    assert event.action in set("CRUDE") and event.outcome in {"0", "4", "8", "12"}
    assert event.agent and sum(agent.requestor for agent in event.agent) == 1
    assert event.source.observer.display and event.source.type[0].code == "4"
    for agent in event.agent:
        assert agent.network is None or agent.network.type in {"1", "2", "3", "4", "5"}
    for entity in event.entity:
        assert entity.what.identifier.value and entity.type.code in {"1", "2", "3", "4"}
    count += 1
print(count)
"#;

fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/python");
    assert!(
        path.is_file() || !must_have_peers(),
        "{} is absent",
        path.display()
    );
    path.is_file().then_some(path)
}

/// What the models say of resources, a line each.
fn read(python: &Path, folder: &Path, lines: &str) -> Result<String, String> {
    let file = folder.join("events.ndjson");
    std::fs::write(&file, lines).unwrap();
    let output = Command::new(python)
        .args(["-c", READ])
        .arg(&file)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

#[tokio::test]
async fn every_resource_is_one_that_the_models_of_fhir_read() {
    let site = Site::new().await;
    let (account, _) = site.account("王\"<医生>&").await;
    write(&site, &of_every_kind(account, site.now_ns())).await;
    let auditor = site.officer("audit").await;
    let page = auditor.get("/platform/audit/fhir").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "application/fhir+ndjson");
    let Some(python) = python() else {
        return;
    };
    let all = site.count("SELECT COUNT(*) FROM journal").await;
    assert_eq!(read(&python, site.folder(), &page.text), Ok(all.to_string()));
    // The models find what is wrong.
    let line = page
        .text
        .lines()
        .find(|line| line.contains("session.began"))
        .unwrap();
    for (from, to) in [
        ("\"recorded\":\"20", "\"recorded\":\"x20"),
        (
            "\"resourceType\":\"AuditEvent\"",
            "\"resourceType\":\"AuditEvent\",\"colour\":\"red\"",
        ),
        ("\"requestor\":true", "\"requestor\":\"perhaps\""),
        ("\"source\":", "\"sauce\":"),
    ] {
        assert!(line.contains(from), "{from} in {line}");
        let broken = line.replace(from, to);
        assert!(read(&python, site.folder(), &broken).is_err(), "{from} as {to}");
    }
}
