//! Storing over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::access::Open;
use crate::http::tests::{Answer, app, send, send_raw, start};
use crate::http::{App, Limits, router};
use crate::index::{Level, Query};
use crate::ingest::tests::image;
use crate::test_folder::TestFolder;

/// The study of every [`image`].
const STUDY: &str = "2.25.1000";

struct Service {
    port: u16,
    app: App,
    _stop: oneshot::Sender<()>,
}

async fn service(folder: &TestFolder) -> Service {
    let app = app(folder, Arc::new(Open)).await;
    let (port, stop) = start(router(app.clone()), Limits::default()).await;
    Service {
        port,
        app,
        _stop: stop,
    }
}

const MULTIPART: &str = "content-type: multipart/related; type=\"application/dicom\"; boundary=b\r\n";

fn body(parts: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend(*part);
    }
    body.extend(b"\r\n--b--\r\n");
    body
}

impl Service {
    async fn store(&self, path: &str, parts: &[&[u8]]) -> Answer {
        send(self.port, "POST", path, MULTIPART, &body(parts)).await
    }

    async fn instances(&self) -> u64 {
        self.app
            .archive()
            .index()
            .count(&Query::all(Level::Instance))
            .await
            .unwrap()
    }
}

/// UIDs and reasons of the three lists.
fn lists(answer: &Answer) -> [Vec<(String, u64)>; 3] {
    let json = answer.json();
    ["00081199", "00081198", "0008119A"].map(|tag| {
        let items = json[tag]["Value"].as_array().cloned().unwrap_or_default();
        let of = |item: &serde_json::Value| {
            let reason = ["00081196", "00081197"].map(|tag| item[tag]["Value"][0].as_u64().unwrap_or(0));
            let uid = item["00081155"]["Value"][0].as_str().unwrap_or_default();
            (uid.to_owned(), reason[0] + reason[1])
        };
        items.iter().map(of).collect()
    })
}

#[tokio::test]
async fn the_response_says_what_became_of_each() {
    let folder = TestFolder::new("stow");
    let service = service(&folder).await;
    let [one, two, other] = [image(1, "", 900), image(2, "", 2_000_000), image(1, "other", 900)];
    let named = |uid: &str, reason: u64| (uid.to_owned(), reason);
    let answer = service.store("/dicom-web/studies", &[&one, &two]).await;
    assert_eq!(answer.status, 200, "{:?}", String::from_utf8_lossy(&answer.body));
    assert_eq!(
        lists(&answer),
        [vec![named("2.25.1", 0), named("2.25.2", 0)], vec![], vec![]]
    );
    assert_eq!(
        answer.json()["00081190"]["Value"][0],
        format!("http://localhost/dicom-web/studies/{STUDY}")
    );
    // The same again is a success.
    let answer = service
        .store(&format!("/dicom-web/studies/{STUDY}"), &[&one, &two])
        .await;
    assert_eq!(answer.status, 200);
    // Other bytes under the same UID are kept, and it is said.
    let answer = service.store("/dicom-web/studies", &[&other]).await;
    assert_eq!(answer.status, 202);
    assert_eq!(lists(&answer)[0], [named("2.25.1", 0xB000)]);
    assert!(answer.header("warning").unwrap().contains("both are kept"));
    assert_eq!(service.instances().await, 2);
    // Another study than the address's is not stored.
    let three = image(3, "", 900);
    let answer = service.store("/dicom-web/studies/2.25.4", &[&three]).await;
    assert_eq!(answer.status, 409);
    assert_eq!(lists(&answer), [vec![], vec![named("2.25.3", 0xA900)], vec![]]);
    assert_eq!(service.instances().await, 2);
    // Some stored, some not understood.
    let answer = service
        .store("/dicom-web/studies", &[b"nonsense", &three, &one[..700]])
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        lists(&answer),
        [
            vec![named("2.25.3", 0)],
            vec![],
            vec![named("", 0xC000), named("", 0xC000)]
        ]
    );
    assert_eq!(service.instances().await, 3);
    // What came in is the sender's, and is an event.
    let events = crate::events::EventTable::after(service.app.archive().index(), 0, 10)
        .await
        .unwrap();
    let kinds: Vec<_> = events.iter().map(|(_, event)| event.kind).collect();
    use crate::events::Kind::{ConflictFound, Stored, StoredBeside};
    assert_eq!(kinds, [Stored, Stored, StoredBeside, ConflictFound, Stored]);
    assert_eq!(events[0].1.actor, "web:open");
}

#[tokio::test]
async fn one_object_alone_and_answers_in_xml() {
    let folder = TestFolder::new("stow");
    let service = service(&folder).await;
    let headers = "content-type: application/dicom\r\naccept: application/dicom+xml\r\n";
    let answer = send(
        service.port,
        "POST",
        "/dicom-web/studies",
        headers,
        &image(1, "", 900),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/dicom+xml"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("keyword=\"ReferencedSOPSequence\""), "{text}");
}

#[tokio::test]
async fn what_is_not_taken_is_refused_before_anything_is_stored() {
    let folder = TestFolder::new("stow");
    let service = service(&folder).await;
    let good = body(&[&image(1, "", 900)]);
    for (headers, status) in [
        ("", 415),
        ("content-type: text/plain\r\n", 415),
        (
            "content-type: multipart/related; type=\"application/dicom+json\"; boundary=b\r\n",
            415,
        ),
        (
            "content-type: multipart/related; type=\"application/dicom+xml\"; boundary=b\r\n",
            415,
        ),
        (
            "content-type: multipart/related; type=\"application/dicom\"\r\n",
            400,
        ),
        ("content-type: multipart/related; boundary=\"\"\r\n", 400),
        ("content-type: multipart/related; boundary=other\r\n", 400),
        ("content-type: multipart/form-data; boundary=b\r\n", 415),
        (&format!("{MULTIPART}content-encoding: gzip\r\n"), 415),
        (&format!("{MULTIPART}accept: text/html\r\n"), 406),
    ] {
        let answer = send(service.port, "POST", "/dicom-web/studies", headers, &good).await;
        assert_eq!(answer.status, status, "{headers}");
    }
    for path in [
        "/dicom-web/studies/a",
        "/dicom-web/studies/..%2F..",
        "/dicom-web/studies/1%2F2",
    ] {
        let answer = send(service.port, "POST", path, MULTIPART, &good).await;
        assert_eq!(answer.status, 400, "{path}");
    }
    for nothing in [
        b"".as_slice(),
        b"\r\n--b--\r\n",
        b"--b",
        b"\r\n--b\r\nno header\r\n\r\n",
    ] {
        let answer = send(service.port, "POST", "/dicom-web/studies", MULTIPART, nothing).await;
        assert_eq!(answer.status, 400, "{nothing:?}");
    }
    assert_eq!(service.instances().await, 0);
}

#[tokio::test]
async fn a_body_cut_short_keeps_what_was_whole_and_acknowledges_nothing_else() {
    let folder = TestFolder::new("stow");
    let service = service(&folder).await;
    let [one, two] = [image(1, "", 900), image(2, "", 900)];
    let whole = body(&[&one, &two]);
    // The body ends where it says, within the second part.
    let cut = &whole[..whole.len() - 300];
    let answer = send(service.port, "POST", "/dicom-web/studies", MULTIPART, cut).await;
    assert_eq!(answer.status, 202);
    assert_eq!(lists(&answer)[0], [("2.25.1".to_owned(), 0)]);
    assert_eq!(lists(&answer)[2], [(String::new(), 0xC000)]);
    // The connection ends within the second part.
    let whole = body(&[&image(3, "", 900), &two]);
    let mut stream = TcpStream::connect(("127.0.0.1", service.port)).await.unwrap();
    let head = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{MULTIPART}\r\n",
        whole.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&whole[..whole.len() - 300]).await.unwrap();
    stream.flush().await.unwrap();
    drop(stream);
    for _ in 0..200 {
        if service.instances().await == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(service.instances().await, 2);
    assert!(service.app.archive().ingest().verify().await.unwrap().is_good());
}

#[tokio::test]
async fn lengths_that_lie_cost_nothing() {
    let folder = TestFolder::new("stow");
    let service = service(&folder).await;
    let post = "POST /dicom-web/studies HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    for (headers, status) in [
        ("content-length: 10000000000000\r\n", 413),
        ("content-length: 18446744073709551616\r\n", 400),
        ("content-length: 5\r\ntransfer-encoding: chunked\r\n", 400),
    ] {
        let request = format!("{post}{MULTIPART}{headers}\r\nhello");
        let answer = send_raw(service.port, request.as_bytes()).await;
        assert_eq!(answer.status, status, "{headers}");
    }
    // Ten gigabytes are announced, a part is sent, and nothing more.
    let mut streams = Vec::new();
    let start = format!("{post}{MULTIPART}content-length: 10000000000\r\n\r\n--b\r\n\r\n");
    for _ in 0..8 {
        let mut stream = TcpStream::connect(("127.0.0.1", service.port)).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let answer = service.store("/dicom-web/studies", &[&image(1, "", 900)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn too_many_at_once_are_asked_to_come_again() {
    let folder = TestFolder::new("stow");
    let app = app(&folder, Arc::new(Open)).await;
    let limits = super::Limits {
        requests: 2,
        ..super::Limits::default()
    };
    let router = super::router_with(limits).with_state(app.clone());
    let (port, _stop) = start(router, Limits::default()).await;
    let begun = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n{MULTIPART}\r\n--b\r\n"
    );
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    let good = body(&[&image(1, "", 900)]);
    let mut statuses = Vec::new();
    for _ in 0..100 {
        let answer = send(port, "POST", "/dicom-web/studies", MULTIPART, &good).await;
        statuses.push(answer.status);
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), Some("5"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(statuses.last(), Some(&503));
    drop(waiting);
    let mut last = 503;
    for _ in 0..100 {
        last = send(port, "POST", "/dicom-web/studies", MULTIPART, &good)
            .await
            .status;
        if last == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(last, 200);
}

#[tokio::test]
async fn a_full_disk_is_507_and_loses_nothing() {
    let folder = TestFolder::new("stow-full");
    let Some(_mounted) = folder.mount_tmpfs("8m") else {
        return;
    };
    let service = service(&folder).await;
    let small = image(1, "", 1000);
    assert_eq!(service.store("/dicom-web/studies", &[&small]).await.status, 200);
    let large = image(2, "", 20_000_000);
    let answer = service.store("/dicom-web/studies", &[&large]).await;
    assert_eq!(answer.status, 507);
    assert_eq!(lists(&answer)[2], [(String::new(), 0xA700)]);
    assert_eq!(service.store("/dicom-web/studies", &[&small]).await.status, 200);
    assert_eq!(service.instances().await, 1);
}
