//! The cloud end, and the way there.

use std::sync::Arc;
use std::time::Instant;

use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::{key, secure, to_cloud};
use crate::access::{Action, Authorize as _, Principal, TokenFile, new_token};
use crate::delivery::State;
use crate::events::EventTable;
use crate::gateway::{Devices, Kind, web};
use crate::http::App;
use crate::services::applications::Applications;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, count, file, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_delivers_over_tls_until_it_is_revoked() {
    let (folder, here) = (TestFolder::new("cloud"), TestFolder::new("gateway"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let tokens = Arc::new(TokenFile::open(&folder.path().join("tokens.toml")).unwrap());
    let (port, authority) = secure(&cloud, &folder, tokens).await;
    let key_file = key(&cloud, &folder, "clinic", Kind::Code).await;
    let mut gateway = Node::start(here.path(), "NM-TRANSFER").await;
    let more = format!(", tls_authority = {authority:?}");
    let rules = to_cloud(&format!("https://localhost:{port}"), &key_file, &more);
    let queue = gateway.route(&rules).await;
    gateway.take(&file(1, 1, "", 3_000_000), "dimse:CT1").await;
    until("one arrived", async || count(&queue, State::Delivered).await == 1).await;
    let events = EventTable::after(cloud.archive.index(), 0, 10).await.unwrap();
    assert_eq!(events[0].1.actor, "gateway:clinic");
    Devices::revoke(cloud.archive.index(), "clinic").await.unwrap();
    gateway.take(&file(1, 2, "", 1000), "dimse:CT1").await;
    until("it is refused", async || queue.troubles().contains_key("cloud")).await;
    assert_eq!(
        queue.troubles()["cloud"].words,
        "the key was refused (status 401)"
    );
    until("and waits for another key", async || {
        count(&queue, State::Waiting).await == 1
    })
    .await;
    assert_eq!(cloud.hashes().await, [Hash::of(&file(1, 1, "", 3_000_000))]);
}

/// What the cloud end does with requests that are no gateway's.
#[tokio::test]
async fn the_cloud_end_refuses_what_it_should() {
    let folder = TestFolder::new("cloud");
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let tokens = folder.path().join("tokens.toml");
    let (viewer, entry) = new_token("viewer", &[Action::Find, Action::Retrieve, Action::Store]).unwrap();
    std::fs::write(&tokens, entry).unwrap();
    let authorize = Arc::new(TokenFile::open(&tokens).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = crate::http::router(App::new(cloud.archive.clone(), authorize));
    tokio::spawn(crate::http::serve(
        listener,
        router,
        None,
        Default::default(),
        std::future::pending(),
    ));
    let key = Devices::enroll(cloud.archive.index(), "ward", Kind::Key, None)
        .await
        .unwrap()
        .unwrap();
    let client = web::client(&"http://127.0.0.1".parse().unwrap(), None).unwrap();
    let good = file(1, 1, "", 5000);
    let refused = b"no DICOM at all".to_vec();
    let (hash, other) = (Hash::of(&good), Hash::of(&refused));
    let size = good.len();
    let cut = size / 2;
    let rows: Vec<(&str, String, &str, Vec<u8>, u16)> = vec![
        ("GET", "hello".to_owned(), "", Vec::new(), 401),
        ("GET", "hello".to_owned(), "guess", Vec::new(), 401),
        ("GET", "hello".to_owned(), &viewer, Vec::new(), 403),
        ("GET", "hello".to_owned(), &key, Vec::new(), 200),
        ("GET", "objects/12".to_owned(), &key, Vec::new(), 400),
        ("GET", "objects/..%2f..%2fetc".to_owned(), &key, Vec::new(), 400),
        ("PUT", format!("objects/{hash}/-1"), &key, good.clone(), 400),
        ("PUT", format!("objects/{hash}/0"), "guess", good.clone(), 401),
        ("PUT", format!("objects/{hash}/0"), &key, Vec::new(), 400),
        (
            "PUT",
            format!("objects/{hash}/0"),
            &key,
            vec![0; (8 << 20) + 1],
            413,
        ),
        // A hole, and bytes that are not those of the hash: nothing is taken.
        (
            "PUT",
            format!("objects/{hash}/{cut}"),
            &key,
            good[cut..].to_vec(),
            200,
        ),
        (
            "POST",
            format!("objects/{hash}?size={size}"),
            &key,
            Vec::new(),
            409,
        ),
        ("PUT", format!("objects/{hash}/0"), &key, vec![1; size], 200),
        (
            "POST",
            format!("objects/{hash}?size={size}"),
            &key,
            Vec::new(),
            409,
        ),
        ("PUT", format!("objects/{other}/0"), &key, refused.clone(), 200),
        (
            "POST",
            format!("objects/{other}?size={}", refused.len()),
            &key,
            Vec::new(),
            422,
        ),
        // The pieces in the wrong order, one of them twice.
        (
            "PUT",
            format!("objects/{hash}/{cut}"),
            &key,
            good[cut..].to_vec(),
            200,
        ),
        (
            "PUT",
            format!("objects/{hash}/0"),
            &key,
            good[..cut].to_vec(),
            200,
        ),
        (
            "PUT",
            format!("objects/{hash}/0"),
            &key,
            good[..cut].to_vec(),
            200,
        ),
        (
            "POST",
            format!("objects/{hash}?size={size}"),
            &key,
            Vec::new(),
            200,
        ),
        (
            "POST",
            format!("objects/{hash}?size={size}"),
            &key,
            Vec::new(),
            200,
        ),
    ];
    for (method, path, secret, body, expected) in rows {
        let url = format!("http://{address}/gateway/v1/{path}");
        let request = client.request(method.parse().unwrap(), url).body(body);
        let request = if secret.is_empty() {
            request
        } else {
            request.bearer_auth(secret)
        };
        let found = request.send().await.unwrap().status().as_u16();
        assert_eq!(found, expected, "{method} {path}");
    }
    assert_eq!(cloud.hashes().await, [hash]);
    assert_eq!(
        EventTable::after(cloud.archive.index(), 0, 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

/// Not a promise: what one machine does, told by `--nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn many_objects_pass_at_a_good_pace() {
    const OBJECTS: u32 = 120;
    let (folder, here) = (TestFolder::new("cloud"), TestFolder::new("gateway"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let mut gateway = Node::start(here.path(), "NM-TRANSFER").await;
    for number in 1..=OBJECTS {
        gateway
            .take(&file(number % 6 + 1, number, "", 526_000), "dimse:CT1")
            .await;
    }
    let began = Instant::now();
    let queue = gateway
        .route(&to_cloud(
            &format!("http://127.0.0.1:{}", cloud.http_port),
            &key_file,
            "",
        ))
        .await;
    until("all arrived", async || {
        count(&queue, State::Delivered).await == u64::from(OBJECTS)
    })
    .await;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{:.0} objects of 526 KB a second, {:.0} Mbit/s",
        f64::from(OBJECTS) / seconds,
        f64::from(OBJECTS) * 4.208 / seconds
    );
    assert_eq!(cloud.hashes().await, gateway.hashes().await);
}

/// An upload code is one organisation's: what it delivers is theirs, and it is told of nothing else.
#[tokio::test]
async fn a_code_delivers_for_its_organisation_only() {
    let folder = TestFolder::new("cloud");
    let archive = crate::test_node::archive(folder.path(), "CLOUD").await;
    let index = archive.index().clone();
    let tokens = TokenFile::open(&folder.path().join("tokens.toml")).unwrap();
    let app = App::new(archive, Arc::new(tokens));
    let ask = async |method: &str, path: &str, code: &str, body: Vec<u8>| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("/gateway/v1/{path}"))
            .header("authorization", format!("Bearer {code}"))
            .body(axum::body::Body::from(body))
            .unwrap();
        let response = crate::http::router(app.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let enroll = async |name, custodian| {
        let code = Devices::enroll(&index, name, Kind::Code, Some(custodian)).await;
        code.unwrap().unwrap()
    };
    let (seven, eight) = (enroll("site-7", 7).await, enroll("site-8", 8).await);
    let deliver = async |code: &str, object: &[u8]| {
        let (hash, size) = (Hash::of(object), object.len());
        let put = ask("PUT", &format!("objects/{hash}/0"), code, object.to_vec()).await;
        assert_eq!(put.0, 200, "{put:?}");
        ask("POST", &format!("objects/{hash}?size={size}"), code, Vec::new()).await
    };
    let first = file(1, 1, "", 500);
    assert_eq!(deliver(&seven, &first).await.0, 200);
    assert_eq!(index.custodian_of("2.25.1").await.unwrap(), Some(7));
    let foreign = deliver(&eight, &file(1, 2, "", 500)).await;
    assert_eq!(foreign.0, 422, "it would be refused again: {foreign:?}");
    assert!(foreign.1.contains("another organisation"), "{foreign:?}");
    assert_eq!(
        deliver(&eight, &first).await.0,
        422,
        "nor is it told that these bytes are there"
    );
    let stored = format!("objects/{}", Hash::of(&first));
    for (code, expected) in [(&seven, "\"stored\":true"), (&eight, "\"stored\":false")] {
        let (_, body) = ask("GET", &stored, code, Vec::new()).await;
        assert!(body.contains(expected), "{body}");
    }
    // The organisation's own page lists and revokes its codes, and no other's.
    let listed = Devices::list_of(&index, 7).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].code_id.as_deref(), Some(&seven[..4]));
    assert!(!Devices::revoke_of(&index, 7, "site-8").await.unwrap());
    assert!(Devices::revoke_of(&index, 7, "site-7").await.unwrap());
    assert_eq!(ask("GET", "hello", &seven, Vec::new()).await.0, 401);
    assert_eq!(ask("GET", "hello", &eight, Vec::new()).await.0, 200);
    // Whoever asks for the application's rights is told the device's custodian too.
    let applications = Applications::open(index.clone()).await.unwrap();
    let device = Principal::Device("site-8".to_owned());
    assert_eq!(applications.custodian(&device).await.unwrap(), Some(8));
}
