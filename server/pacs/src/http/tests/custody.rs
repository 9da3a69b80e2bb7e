//! Two organisations in one archive: whatever one asks for of the other's is answered as what is not there, by every route.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::super::{App, router};
use super::app;
use super::organisations::Organisations;
use crate::access::{Action, Principal, Restriction};
use crate::delivery::{Begin, NewDelivery, Queue};
use crate::index::{Identifier, NewCorrection, NewMerge, NewRejection, Page, RejectionReason, Scope, Sender};
use crate::ingest::Outcome;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::file;

/// What of the archive a path can name.
#[derive(Clone)]
struct Named {
    study: u32,
    hash: String,
    rejection: i64,
    hold: i64,
    correction: i64,
    merge: i64,
    conflict: i64,
    delivery: i64,
}

impl Named {
    /// What nobody has.
    fn absent() -> Self {
        let id = 987_654;
        Self {
            study: 77,
            hash: Hash::of(b"nobody's").to_string(),
            rejection: id,
            hold: id,
            correction: id,
            merge: id,
            conflict: id,
            delivery: id,
        }
    }

    fn put_into(&self, template: &str) -> String {
        let study = format!("2.25.{}", self.study);
        template
            .replace("{study}", &study)
            .replace("{series}", &format!("{study}.0"))
            .replace("{instance}", &format!("{study}.1"))
            .replace("{sop_uid}", &format!("{study}.1"))
            .replace("{hash}", &self.hash)
            .replace("{rejection}", &self.rejection.to_string())
            .replace("{hold}", &self.hold.to_string())
            .replace("{correction}", &self.correction.to_string())
            .replace("{merge}", &self.merge.to_string())
            .replace("{conflict}", &self.conflict.to_string())
            .replace("{delivery}", &self.delivery.to_string())
    }

    /// Takes out of an answer what says which it is of.
    fn taken_out_of(&self, answer: &str) -> String {
        answer
            .replace(&format!("2.25.{}", self.study), "2.25.N")
            .replace(&self.hash, "HASH")
    }
}

/// Method, path, body, and what is there for whose it is: `0` where only the two answers of others are compared.
type Asked = (&'static str, &'static str, &'static str, u16);

const IN: &str = "/dicom-web/studies/{study}/series/{series}/instances/{instance}";

/// Requests that name something of somebody's.
#[rustfmt::skip]
const NAMING: &[Asked] = &[
    ("GET", "/dicom-web/studies/{study}/series", "", 200),
    ("GET", "/dicom-web/studies/{study}/instances", "", 200),
    ("GET", "/dicom-web/studies/{study}/series/{series}/instances", "", 200),
    ("GET", "/dicom-web/studies?StudyInstanceUID={study}", "", 200),
    ("GET", "/dicom-web/series?SeriesInstanceUID={series}", "", 200),
    ("GET", "/dicom-web/instances?SOPInstanceUID={instance}", "", 200),
    ("GET", "/dicom-web/studies/{study}", "", 200),
    ("GET", "/dicom-web/studies/{study}/series/{series}", "", 200),
    ("GET", "{in}", "", 200),
    ("GET", "{in}?original=true", "", 200),
    ("GET", "/dicom-web/studies/{study}/metadata", "", 200),
    ("GET", "/dicom-web/studies/{study}/series/{series}/metadata", "", 200),
    ("GET", "{in}/metadata", "", 200),
    ("GET", "{in}/frames/1", "", 0),
    ("GET", "{in}/frames/1/rendered", "", 0),
    ("GET", "{in}/frames/1/thumbnail", "", 0),
    ("GET", "{in}/bulkdata/7FE00010", "", 0),
    ("GET", "{in}/rendered", "", 0),
    ("GET", "{in}/thumbnail", "", 0),
    ("GET", "/dicom-web/studies/{study}/rendered", "", 0),
    ("GET", "/dicom-web/studies/{study}/thumbnail", "", 0),
    ("GET", "/dicom-web/studies/{study}/series/{series}/rendered", "", 0),
    ("GET", "/dicom-web/studies/{study}/series/{series}/thumbnail", "", 0),
    ("GET", "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}&contentType=application/dicom", "", 200),
    ("GET", "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}&contentType=image/jpeg", "", 0),
    ("GET", "/viewer/v1/series/{study}/{series}", "", 0),
    ("GET", "/archive/studies/{study}/zip", "", 200),
    ("GET", "/archive/studies/{study}/zip?deidentify=true", "", 200),
    ("GET", "/archive/studies/{study}/iso", "", 200),
    ("POST", "/archive/convert?study={study}", "x", 0),
    ("GET", "/archive/corrections?study={study}", "", 200),
    ("POST", "/archive/corrections", r#"{"scope":{"study":"{study}"},"changes":{"00081030":"x"},"reason":"r"}"#, 201),
    ("POST", "/archive/corrections", r#"{"scope":{"series":{"study":"{study}","series":"{series}"}},"changes":{"0008103E":"x"},"reason":"r"}"#, 201),
    ("POST", "/archive/corrections", r#"{"scope":{"instance":"{instance}"},"changes":{"00200062":"L"},"reason":"r"}"#, 201),
    ("DELETE", "/archive/corrections/{correction}", "", 204),
    ("GET", "/archive/originals/{sop_uid}", "", 200),
    ("GET", "/archive/originals/{sop_uid}/{hash}", "", 200),
    ("DELETE", "/archive/merges/{merge}", "", 204),
    ("POST", "/archive/conflicts/{conflict}", r#""keep-first""#, 204),
    ("GET", "/archive/rejections?study={study}", "", 200),
    ("POST", "/archive/rejections", r#"{"study":"{study}","instances":["{instance}"],"reason":"113001"}"#, 201),
    ("DELETE", "/archive/rejections/{rejection}", "", 204),
    ("GET", "/archive/holds?study={study}", "", 200),
    ("POST", "/archive/holds", r#"{"study":"{study}","reason":"r"}"#, 201),
    ("DELETE", "/archive/holds/{hold}", "", 204),
    ("PUT", "/archive/visits/{study}", r#""out-patient""#, 204),
    ("POST", "/archive/removals", r#"{"study":"{study}"}"#, 409),
    ("GET", "/archive/places/{study}", "", 200),
    ("POST", "/archive/recalls", r#"{"study":"{study}"}"#, 409),
    ("GET", "/archive/deliveries?study={study}", "", 200),
    ("POST", "/archive/deliveries/{delivery}/retry", "", 204),
    ("POST", "/archive/deliveries/{delivery}/drop", r#"{"reason":"r"}"#, 204),
    ("GET", "/gateway/v1/objects/{hash}", "", 200),
];

/// Lists: what is the other's is not among the items.
const LISTING: &[&str] = &[
    "/dicom-web/studies",
    "/dicom-web/studies?PatientID=P9",
    "/dicom-web/series",
    "/dicom-web/instances",
    "/archive/corrections",
    "/archive/merges",
    "/archive/conflicts",
    "/archive/rejections",
    "/archive/holds",
    "/archive/expired",
    "/archive/deliveries",
    "/archive/deliveries/summary",
    "/archive/damages",
    "/worklist",
];

/// Routes that name nothing of others': what is sent, one's own uploads, who one is, orders by numbers of their own.
const ELSEWHERE: &[&str] = &[
    "/dicom-web/studies/{study}",
    "/dicom-web/workitems",
    "/dicom-web/workitems/{*rest}",
    "/upload",
    "/upload/{id}",
    "/upload/{id}/finish",
    "/gateway/v1/hello",
    "/gateway/v1/objects/{hash}/{offset}",
    "/worklist/{step}/state",
];

async fn ask(app: &App, token: &str, method: &str, path: &str, body: Vec<u8>, kind: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap();
    let response = router(app.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await;
    let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn asked(app: &App, token: &str, (method, path, body, _): &Asked, named: &Named) -> (u16, String) {
    let path = named.put_into(&path.replace("{in}", IN));
    let body = named.put_into(body).into_bytes();
    let kind = if path.contains("convert") {
        "image/png"
    } else {
        "application/json"
    };
    ask(app, token, method, &path, body, kind).await
}

/// An archive with a study of organisation 7, about which everything was decided that can be, and one of 8.
async fn two(folder: &TestFolder, authorize: Arc<Organisations>) -> (App, Named) {
    let app = app(folder, authorize).await;
    let archive = app.archive().clone();
    let index = archive.index();
    for (study, number, custodian) in [(11, 1, 7), (11, 2, 7), (12, 1, 8), (13, 1, 7)] {
        let sender = Sender {
            actor: format!("gateway:{custodian}"),
            custodian: Some(custodian),
        };
        let mut receiving = archive.ingest().begin().from(sender);
        receiving.write(&file(study, number, "NM", 64)).await.unwrap();
        assert!(matches!(receiving.finish().await.unwrap(), Outcome::Stored(_)));
    }
    // Other bytes under a UID of 7's are a conflict of theirs.
    let sender = Sender {
        actor: "gateway:7".to_owned(),
        custodian: Some(7),
    };
    let mut receiving = archive.ingest().begin().from(sender);
    receiving.write(&file(11, 2, "another", 64)).await.unwrap();
    assert!(matches!(
        receiving.finish().await.unwrap(),
        Outcome::DifferentDuplicate(_)
    ));
    let study = "2.25.11".to_owned();
    let hash = index.duplicates("2.25.11.1").await.unwrap()[0];
    let (actor, reason) = ("person:70".to_owned(), "r".to_owned());
    let correction = NewCorrection {
        scope: Scope::Study(study.clone()),
        custodian: None,
        changes: [(dicom_dictionary_std::tags::STUDY_ID, "9".to_owned())].into(),
        actor: actor.clone(),
        at_ns: 1,
        reason: reason.clone(),
    };
    let rejection = NewRejection {
        study_uid: study.clone(),
        series_uid: None,
        sop_uids: vec!["2.25.11.2".to_owned()],
        reason: RejectionReason::Quality,
        comment: String::new(),
        note_uid: None,
        actor: actor.clone(),
        at_ns: 1,
    };
    // The patient of the third study becomes another, who is merged with the first.
    let other = |id: &str| Identifier {
        id: id.to_owned(),
        issuer: String::new(),
    };
    let renumbered = NewCorrection {
        scope: Scope::Study("2.25.13".to_owned()),
        changes: [(dicom_dictionary_std::tags::PATIENT_ID, "P10".to_owned())].into(),
        ..correction.clone()
    };
    index.correct(&renumbered).await.unwrap();
    let merge = NewMerge {
        from: other("P10"),
        into: other("P9"),
        custodian: Some(7),
        actor: actor.clone(),
        at_ns: 1,
        reason: reason.clone(),
    };
    let queue = Queue::open(index.clone(), "test", Begin::Now).await.unwrap();
    let delivery = NewDelivery {
        destination: "THERE".to_owned(),
        hash,
        sop_uid: "2.25.11.1".to_owned(),
        study_uid: study.clone(),
        sop_class_uid: String::new(),
        transfer_syntax_uid: String::new(),
        not_before_ns: i64::MAX,
        held: None,
    };
    queue.send(&[delivery]).await.unwrap();
    let conflicts = index
        .conflicts(true, &Restriction::NONE, Page::FIRST)
        .await
        .unwrap();
    let named = Named {
        study: 11,
        hash: hash.to_string(),
        rejection: index.reject(&rejection).await.unwrap(),
        hold: crate::retention::hold(index, &study, "r", &actor, 1)
            .await
            .unwrap(),
        correction: index.correct(&correction).await.unwrap(),
        merge: index.merge(&merge).await.unwrap(),
        conflict: conflicts[0].id,
        delivery: 1,
    };
    (app.with_queue(queue), named)
}

#[tokio::test]
async fn others_studies_are_as_if_they_were_not_there() {
    let folder = TestFolder::new("custody");
    let authorize = Arc::new(Organisations::default());
    let (app, sevens) = two(&folder, Arc::clone(&authorize)).await;
    let absent = Named::absent();
    for one in NAMING {
        let foreign = asked(&app, "8", one, &sevens).await;
        let nobodys = asked(&app, "8", one, &absent).await;
        let foreign = (foreign.0, sevens.taken_out_of(&foreign.1));
        let nobodys = (nobodys.0, absent.taken_out_of(&nobodys.1));
        assert_eq!(foreign, nobodys, "{one:?}");
        let is_search = foreign.0 == 200 && (foreign.1 == "[]" || foreign.1.contains(r#""stored":false"#));
        assert!(foreign.0 == 404 || is_search, "{one:?}: {foreign:?}");
    }
    for path in LISTING {
        let (status, body) = ask(&app, "8", "GET", path, Vec::new(), "text/plain").await;
        assert_eq!(status, 200, "{path}");
        for theirs in ["2.25.11", "2.25.13", "P10", "THERE", "person:70"] {
            assert!(!body.contains(theirs), "{path}: {body}");
        }
    }
    let (_, body) = ask(&app, "8", "GET", "/dicom-web/studies", Vec::new(), "").await;
    assert!(body.contains("2.25.12"), "their own: {body}");
    // Nothing was seen of the study; that it was asked for is known.
    let seen = authorize.seen.lock().unwrap().join("\n");
    assert!(!seen.contains("2.25.11"), "{seen}");
    let refused = authorize.refused.lock().unwrap().join("\n");
    assert!(
        refused.contains("person:80 Retrieve 2.25.11 GET /viewer/v1/series/{study}/{series}"),
        "{refused}"
    );
    // Whose it is, and who sees everything, finds it all there.
    for token in ["site", "7"] {
        for one in NAMING.iter().filter(|one| one.3 == 200) {
            let (status, body) = asked(&app, token, one, &sevens).await;
            assert_eq!(status, one.3, "{one:?}: {body}");
            assert_ne!(body, "[]", "{one:?}");
        }
    }
    for one in NAMING.iter().filter(|one| ![0, 200].contains(&one.3)) {
        let (status, body) = asked(&app, "7", one, &sevens).await;
        assert_eq!(status, one.3, "{one:?}: {body}");
    }
}

#[test]
fn every_route_is_in_these_tables() {
    let table: BTreeSet<String> = NAMING
        .iter()
        .map(|(_, path, ..)| path.replace("{in}", IN))
        .chain(LISTING.iter().map(|path| (*path).to_owned()))
        .map(|path| path.split('?').next().unwrap().to_owned())
        .chain(ELSEWHERE.iter().map(|path| (*path).to_owned()))
        .collect();
    // Numbers of rows are called by what they number here.
    let numbers = ["rejection", "hold", "correction", "merge", "conflict", "delivery"];
    let is_in = |route: &str| {
        table.contains(route)
            || numbers
                .iter()
                .any(|name| table.contains(&route.replace("id", name)))
    };
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            // The pages of a gateway are on another machine.
            if name.contains("test") || name.ends_with("gateway/web.rs") || name.ends_with("gateway/local.rs")
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("mod tests {").next().unwrap();
            for rest in code.split(".route(").skip(1) {
                let Some(route) = rest.trim_start().strip_prefix('"') else {
                    continue;
                };
                let route = route.split('"').next().unwrap();
                found += 1;
                assert!(is_in(route), "{name}: {route} is in no table");
            }
        }
    }
    assert!(found > 40, "{found} routes");
}

#[tokio::test]
async fn objects_of_others_studies_are_refused_and_one_may_know_by_whom_one_is_sent() {
    let folder = TestFolder::new("custody");
    let (app, sevens) = two(&folder, Arc::default()).await;
    let index = app.archive().index().clone();
    let before = index.dump().await.unwrap();
    let objects = index.objects().await.unwrap().len();
    for path in ["/dicom-web/studies", "/dicom-web/studies/2.25.11"] {
        for bytes in [file(11, 5, "new", 64), file(11, 1, "NM", 64)] {
            let (status, body) = ask(&app, "8", "POST", path, bytes, "application/dicom").await;
            assert_eq!(status, 409, "{path}: {body}");
            assert!(body.contains("292"), "0x0124 as the reason: {body}");
        }
    }
    // Under a study of one's own, but with the UID of another's instance.
    let known = (sevens.study, 1);
    let mut bytes = file(known.0, known.1, "NM", 64);
    let from = b"2.25.11\0".as_slice();
    let at = bytes.windows(8).position(|some| some == from).unwrap();
    bytes[at..at + 7].copy_from_slice(b"2.25.12");
    let (status, _) = ask(
        &app,
        "8",
        "POST",
        "/dicom-web/studies",
        bytes,
        "application/dicom",
    )
    .await;
    assert_eq!(status, 409);
    assert_eq!(index.dump().await.unwrap(), before);
    assert_eq!(index.objects().await.unwrap().len(), objects);
    let stored = std::fs::read_dir(folder.path().join("objects")).unwrap().count();
    assert!(stored > 0);
    // Of a site without organisations everything is taken, as ever.
    let (status, _) = ask(
        &app,
        "site",
        "POST",
        "/dicom-web/studies",
        file(11, 5, "new", 64),
        "application/dicom",
    )
    .await;
    assert_eq!(status, 200);
    let (status, _) = ask(
        &app,
        "8",
        "POST",
        "/dicom-web/studies",
        file(14, 1, "new", 64),
        "application/dicom",
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(index.custodian_of("2.25.14").await.unwrap(), Some(8));
}

#[tokio::test]
async fn no_look_is_answered_without_its_record() {
    let folder = TestFolder::new("custody");
    let authorize = Arc::new(Organisations {
        is_broken: true,
        ..Organisations::default()
    });
    let (app, sevens) = two(&folder, authorize).await;
    for one in NAMING
        .iter()
        .filter(|one| one.1.contains("dicom-web") || one.1.contains("zip"))
    {
        let (status, body) = asked(&app, "7", one, &sevens).await;
        assert_eq!(status, 500, "{one:?}: {body}");
        assert!(!body.contains("2.25"), "{body}");
    }
}

#[tokio::test]
async fn looking_is_not_taking_away() {
    let looks = [
        "{in}/metadata",
        "{in}/bulkdata/00280010",
        "/dicom-web/studies/{study}/metadata",
    ];
    let takes = [
        "{in}",
        "/dicom-web/studies/{study}",
        "/dicom-web/studies/{study}/series/{series}",
        "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}",
        "/archive/studies/{study}/zip",
        "/archive/studies/{study}/iso",
    ];
    for (forbidden, which) in [(Action::Export, "takes"), (Action::Retrieve, "looks")] {
        let folder = TestFolder::new("custody");
        let authorize = Arc::new(Organisations {
            forbidden: vec![forbidden],
            ..Organisations::default()
        });
        let (app, sevens) = two(&folder, Arc::clone(&authorize)).await;
        for (paths, kind) in [(&looks[..], "looks"), (&takes[..], "takes")] {
            for path in paths {
                let (status, _) = asked(&app, "7", &("GET", path, "", 0), &sevens).await;
                assert_eq!(
                    status == 403,
                    kind == which,
                    "{path} without {forbidden:?}: {status}"
                );
            }
        }
        let seen = authorize.seen.lock().unwrap().join("\n");
        let recorded = if which == "takes" { "Retrieve" } else { "Export" };
        assert!(
            seen.contains(&format!("person:70 {recorded} 2.25.11 GET /dicom-web/")),
            "{seen}"
        );
        let refused = authorize.refused.lock().unwrap().join("\n");
        assert!(
            refused.contains(&format!("person:70 {forbidden:?} 2.25.11")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_layer_in_front_may_know_who_asks_and_from_where() {
    let folder = TestFolder::new("custody");
    let authorize = Arc::new(Organisations::default());
    let (app, _) = two(&folder, Arc::clone(&authorize)).await;
    let client = Principal::Client {
        id: "viewer".to_owned(),
        organisation: 8,
        person: None,
        may: vec![Action::Find],
        study_uid: None,
    };
    assert_eq!(client.actor(), "client:viewer");
    let mut request = Request::get("/dicom-web/studies").body(Body::empty()).unwrap();
    request.extensions_mut().insert(client);
    let response = router(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("2.25.12") && !body.contains("2.25.11"), "{body}");
    assert_eq!(
        *authorize.seen.lock().unwrap(),
        ["client:viewer Find - GET /dicom-web/studies"]
    );
    let request = Request::get("/dicom-web/studies").body(Body::empty()).unwrap();
    let response = router(app).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
}

/// What a program is told that asks with a token for these actions, about one study where it is for one.
async fn told(app: &App, may: &[Action], study_uid: Option<&str>, path: &str) -> (u16, String) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Principal::Client {
        id: "viewer".to_owned(),
        organisation: 7,
        person: Some(70),
        may: may.to_vec(),
        study_uid: study_uid.map(str::to_owned),
    });
    let response = router(app.clone()).oneshot(request).await.unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), challenge)
}

#[tokio::test]
async fn for_a_token_of_one_study_there_are_no_others() {
    let folder = TestFolder::new("custody");
    let authorize = Arc::new(Organisations::default());
    let (app, _) = two(&folder, Arc::clone(&authorize)).await;
    let own = "/dicom-web/studies/2.25.11/metadata";
    for (only, status) in [(Some("2.25.11"), 200), (Some("2.25.13"), 404), (None, 200)] {
        assert_eq!(told(&app, &[], only, own).await.0, status, "{only:?}");
    }
    // Whoever looked is written down, and who let them.
    let seen = authorize.seen.lock().unwrap().join("\n");
    assert!(
        seen.contains("person:70 client:viewer Retrieve 2.25.11"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_program_is_told_that_its_token_does_not_open_it() {
    let folder = TestFolder::new("custody");
    let authorize = Arc::new(Organisations {
        forbidden: vec![Action::Retrieve],
        ..Organisations::default()
    });
    let (app, _) = two(&folder, authorize).await;
    let refused = told(&app, &[], None, "/dicom-web/studies/2.25.11/metadata").await;
    assert_eq!(refused, (403, "Bearer error=\"insufficient_scope\"".to_owned()));
}
