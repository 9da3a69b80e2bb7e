//! Archives that send to each other, over real sockets.

use std::path::Path;

use dimse::server::AllowList;

use super::{Config, Routes};
use crate::delivery::{Begin, Queue, State};
use crate::ingest::Outcome;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, count, file, until};

fn to_dimse(port: u16, ae_title: &str, rule: &str) -> String {
    format!(
        "[[destination]]\nname = \"there\"\nnode.dimse = {{ ae_title = \"{ae_title}\", address = \"127.0.0.1:{port}\" }}\n\
         [[rule]]\nto = [\"there\"]\n{rule}\n"
    )
}

/// The same pixels, and the same data set behind the head of the file.
async fn same_data_set(there: &Node, sent: &[u8]) -> bool {
    let sent = &sent[crate::ingest::data_set_start(sent).unwrap()..];
    for hash in there.hashes().await {
        let stored = there.archive.storage().read(hash, 1 << 30).await.unwrap();
        if stored.ends_with(sent) {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_a_rule_is_sent_by_dimse_once() {
    let (here, there) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let there = Node::start(there.path(), "THERE").await;
    let mut here = Node::start(here.path(), "HERE").await;
    let rule = "modality = [\"CT\"]\nstudy_description = [\"*whole body*\", \"PET*\"]\nsource = [\"dimse\"]";
    let queue = here.route(&to_dimse(there.dicom_port, "THERE", rule)).await;
    let large = file(1, 3, "a whole body scan", 9 << 20);
    for (bytes, sender) in [
        // Never back to where it came from. It would be the first to be sent.
        (file(1, 5, "PET", 1000), "dimse:THERE"),
        (file(1, 1, "a whole body scan", 1000), "dimse:CT1"),
        (file(1, 2, "PET", 1000), "dimse:CT1"),
        (large.clone(), "dimse:CT1"),
        (file(2, 1, "head", 1000), "dimse:CT1"),
        (file(1, 4, "PET", 1000), "web:upload"),
    ] {
        assert!(matches!(here.take(&bytes, sender).await, Outcome::Stored(_)));
    }
    until("three arrived", async || {
        count(&queue, State::Delivered).await == 3
    })
    .await;
    assert_eq!(there.hashes().await.len(), 3);
    assert!(same_data_set(&there, &large).await);
    assert_eq!(
        queue
            .counts(&crate::index::Restriction::NONE)
            .await
            .unwrap()
            .len(),
        1,
        "nothing else was queued"
    );
    // A person has the other study sent, whatever the rules.
    let asked = super::study(here.archive.index(), "2.25.2", "there")
        .await
        .unwrap();
    queue.send(&asked).await.unwrap();
    until("the fourth arrived", async || there.hashes().await.len() == 4).await;
}

/// Each routes everything to the other: objects arrive once, and both come to rest.
#[tokio::test(flavor = "multi_thread")]
async fn two_archives_that_route_to_each_other_come_to_rest() {
    let (a, b) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let mut a = Node::start(a.path(), "A").await;
    let mut b = Node::start(b.path(), "B").await;
    // Each calls the other by a title that it does not answer with: only what is sent tells that it goes round.
    let of_a = a.route(&to_dimse(b.dicom_port, "B2", "")).await;
    let of_b = b.route(&to_dimse(a.dicom_port, "A2", "")).await;
    for number in 1..=20 {
        let taker = if number % 2 == 0 { &a } else { &b };
        taker.take(&file(1, number, "", 1000), "web:upload").await;
    }
    until("both have all", async || {
        let rest = count(&of_a, State::Waiting).await + count(&of_b, State::Waiting).await;
        let sending = count(&of_a, State::Sending).await + count(&of_b, State::Sending).await;
        a.hashes().await.len() >= 20 && b.hashes().await.len() >= 20 && rest + sending == 0
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    let sent = count(&of_a, State::Delivered).await + count(&of_b, State::Delivered).await;
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    let later = count(&of_a, State::Delivered).await + count(&of_b, State::Delivered).await;
    assert_eq!(sent, later, "they still send");
    assert_eq!(
        count(&of_a, State::Quarantined).await + count(&of_b, State::Quarantined).await,
        0
    );
    for node in [&a, &b] {
        let rows = crate::index::Query::all(crate::index::Level::Instance);
        assert_eq!(
            node.archive.index().count(&rows).await.unwrap(),
            20,
            "each is seen once"
        );
    }
}

/// A provider over an archive that takes these transfer syntaxes only; gives its port.
async fn picky(there: &Node, syntaxes: &[&str]) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let supported = dimse::Supported::verification().storage(syntaxes, true);
    let config = dimse::Config::new("THERE", everybody, supported);
    let provider = dimse::Provider::new(config, std::sync::Arc::new(there.archive.clone()));
    tokio::spawn(async move { provider.serve(listener, std::future::pending()).await });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_peer_does_not_take_is_held_with_the_reason() {
    let (here, folder) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let there = Node::start(folder.path(), "THERE").await;
    // It takes nothing but MPEG-4, which is not made of images here.
    let port = picky(&there, &["1.2.840.10008.1.2.4.102"]).await;
    let mut node = Node::start(here.path(), "HERE").await;
    node.take(&file(1, 1, "", 1000), "web:x").await;
    let queue = node.route(&to_dimse(port, "THERE", "")).await;
    until("it is held", async || {
        count(&queue, State::Quarantined).await == 1
    })
    .await;
    let reason = queue.list(State::Quarantined, 10).await.unwrap()[0]
        .reason
        .clone()
        .unwrap();
    assert!(
        reason.starts_with("the node takes no objects of class 1.2.840.10008.5.1.4.1.1.2"),
        "{reason}"
    );
    assert!(there.hashes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_held_and_never_sent() {
    let (here, folder) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let there = Node::start(folder.path(), "THERE").await;
    let mut node = Node::start(here.path(), "HERE").await;
    for bytes in [1000, 9_000_000] {
        let Outcome::Stored(damaged) = node.take(&file(2, bytes, "", bytes as usize), "web:x").await else {
            panic!("not stored");
        };
        damage(here.path(), damaged.object.hash);
    }
    let queue = node.route(&to_dimse(there.dicom_port, "THERE", "")).await;
    until("both are held", async || {
        count(&queue, State::Quarantined).await == 2
    })
    .await;
    for held in queue.list(State::Quarantined, 10).await.unwrap() {
        let reason = held.reason.unwrap();
        assert!(reason.contains("is damaged"), "{reason}");
    }
    assert!(there.hashes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_sent_by_dimse_over_tls() {
    let (here, folder) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let there = Node::start(folder.path(), "THERE").await;
    let (pem, acceptor) = crate::gateway::tests::certificate();
    let authority = here.path().join("authority.pem");
    std::fs::write(&authority, pem).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let config = dimse::Config::new("THERE", everybody, crate::services::supported());
    let provider = dimse::Provider::new(config, std::sync::Arc::new(there.archive.clone()));
    tokio::spawn(async move {
        let secure = |stream| acceptor.accept(stream);
        provider
            .serve_over(listener, secure, std::future::pending())
            .await;
    });
    let mut node = Node::start(here.path(), "HERE").await;
    node.take(&file(1, 1, "", 1000), "web:x").await;
    let node_there =
        format!("{{ ae_title = \"THERE\", address = \"localhost:{port}\", tls_authority = {authority:?} }}");
    let rules =
        format!("[[destination]]\nname = \"there\"\nnode.dimse = {node_there}\n[[rule]]\nto = [\"there\"]\n");
    let queue = node.route(&rules).await;
    until("it arrived", async || count(&queue, State::Delivered).await == 1).await;
    assert!(same_data_set(&there, &file(1, 1, "", 1000)).await);
}

/// A node that takes implicit little endian only gets the same pixels in it, also of what is stored compressed.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_gets_the_transfer_syntax_that_it_takes() {
    let (here, folder) = (TestFolder::new("routing"), TestFolder::new("routing"));
    let there = Node::start(folder.path(), "THERE").await;
    let port = picky(&there, &["1.2.840.10008.1.2"]).await;
    let mut node = Node::start(here.path(), "HERE").await;
    let plain = image_of(64);
    let rle = crate::transcode::transcode(
        &plain.clone().into(),
        codec::TransferSyntax::RleLossless,
        Default::default(),
    );
    node.take(&rle.unwrap(), "web:x").await;
    let queue = node.route(&to_dimse(port, "THERE", "")).await;
    until("it arrived", async || count(&queue, State::Delivered).await == 1).await;
    let stored = there
        .archive
        .storage()
        .read(there.hashes().await[0], 1 << 20)
        .await
        .unwrap();
    let stored = dicom_object::from_reader(&stored[..]).unwrap();
    assert_eq!(stored.meta().transfer_syntax(), "1.2.840.10008.1.2");
    let sent = dicom_object::from_reader(&plain[..]).unwrap();
    let pixels = |file: &dicom_object::DefaultDicomObject| {
        file.element(dicom_dictionary_std::tags::PIXEL_DATA)
            .unwrap()
            .to_bytes()
            .unwrap()
            .into_owned()
    };
    assert_eq!(pixels(&stored), pixels(&sent));
}

/// An image with all that says how its pixels are to be read.
fn image_of(size: u16) -> Vec<u8> {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;
    let bytes = file(1, 1, "", usize::from(size) * usize::from(size) * 2);
    let mut object = dicom_object::from_reader(&bytes[..]).unwrap();
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1_u16),
        (tags::ROWS, size),
        (tags::COLUMNS, size),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        PrimitiveValue::from("MONOCHROME2"),
    ));
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    bytes
}

/// Changes one byte of a stored object.
pub(crate) fn damage(folder: &Path, hash: Hash) {
    let path = folder.join(format!("objects/objects/{}/{hash}", &hash.to_string()[..2]));
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn rules_that_do_not_fit_together_are_refused() {
    let there = "[[destination]]\nname = \"a\"\nnode.dimse = { ae_title = \"A\", address = \"h:104\" }\n";
    for (text, expected) in [
        (there.to_owned(), ""),
        (
            format!("{there}{there}"),
            "destination \"a\": expected a name of its own",
        ),
        (
            format!("{there}[[rule]]\nname = \"r\"\n"),
            "rule \"r\": expected a destination in `to`",
        ),
        (
            format!("{there}[[rule]]\nto = [\"b\"]\n"),
            "rule \"\": no destination is called \"b\"",
        ),
        (
            there.replace("node", "parallel = 17\nnode"),
            "destination a: expected parallel from 1 to 16, found 17",
        ),
    ] {
        let config: Config = toml::from_str(&text).unwrap();
        let found = Routes::new(config)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert_eq!(found, expected);
    }
    assert!(toml::from_str::<Config>("[[rule]]\nmodalities = []\n").is_err());
}

/// Events from before the rules stood are not sent.
#[tokio::test]
async fn rules_begin_with_what_comes_after_them() {
    let folder = TestFolder::new("routing");
    let node = Node::start(folder.path(), "HERE").await;
    node.take(&file(1, 1, "", 100), "web:x").await;
    let queue = Queue::open(node.archive.index().clone(), "routing", Begin::Now)
        .await
        .unwrap();
    let running = queue.clone();
    let config: Config = toml::from_str(&to_dimse(1, "THERE", "")).unwrap();
    let routes = std::sync::Arc::new(Routes::new(config).unwrap());
    tokio::spawn(async move { running.run(routes, Vec::new(), std::future::pending()).await });
    node.take(&file(1, 2, "", 100), "web:x").await;
    until("the second is queued", async || {
        count(&queue, State::Waiting).await == 1
    })
    .await;
    assert_eq!(
        queue.list(State::Waiting, 10).await.unwrap()[0].sop_uid,
        "2.25.1.2"
    );
}

/// STOW-RS to a stub that keeps the parts and answers as the object's study says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stow_sends_the_stored_bytes_and_reads_the_answer() {
    use crate::dicomweb::multipart::{Event, Limits, Reader, related};
    use axum::http::{HeaderMap, StatusCode};
    type Parts = std::sync::Arc<std::sync::Mutex<Vec<Vec<u8>>>>;
    let parts = Parts::default();
    let kept = parts.clone();
    let stow = async move |headers: HeaderMap, body: axum::body::Bytes| {
        assert_eq!(headers["authorization"], "Bearer secret");
        let kind = related(headers["content-type"].to_str().unwrap()).unwrap();
        let limits = Limits {
            part_bytes: 1 << 30,
            ..Limits::default()
        };
        let mut reader = Reader::new(&kind.boundary, limits).unwrap();
        let mut part = Vec::new();
        let met = |event: Event| {
            if let Event::Content(bytes) = event {
                part.extend_from_slice(bytes);
            }
        };
        reader.push(&body, met).unwrap();
        reader.finish().unwrap();
        let mut parts = kept.lock().unwrap();
        parts.push(part);
        StatusCode::from_u16([200, 202, 409, 503, 200][parts.len().min(5) - 1]).unwrap()
    };
    let layer = axum::extract::DefaultBodyLimit::disable();
    let router = axum::Router::new()
        .route("/web/studies", axum::routing::post(stow))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(crate::http::serve(
        listener,
        router,
        None,
        Default::default(),
        std::future::pending(),
    ));
    let folder = TestFolder::new("routing");
    let token = folder.path().join("token");
    std::fs::write(&token, "secret\n").unwrap();
    let mut node = Node::start(folder.path(), "HERE").await;
    let sent: Vec<Vec<u8>> = (1..=4).map(|number| file(1, number, "", 3_000_000)).collect();
    for bytes in &sent {
        node.take(bytes, "dimse:CT1").await;
    }
    let queue = node
        .route(&format!(
            "[[destination]]\nname = \"there\"\nnode.dicomweb = {{ url = \"http://127.0.0.1:{port}/web\", token_file = {token:?} }}\n\
             [[rule]]\nto = [\"there\"]\n"
        ))
        .await;
    until("three arrived", async || {
        count(&queue, State::Delivered).await == 3
    })
    .await;
    let held = queue.list(State::Quarantined, 10).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].sop_uid.as_str(), held[0].reason.as_deref()),
        ("2.25.1.3", Some("status 409"))
    );
    let parts = parts.lock().unwrap();
    // The fourth was answered with 503 first, and sent again.
    assert_eq!(parts.len(), 5);
    assert_eq!(parts[..4], sent[..]);
    assert_eq!(parts[4], sent[3]);
}
