//! The cloud end, and the way there.

use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;

use super::{key, secure, to_cloud};
use crate::access::{Action, TokenFile, new_token};
use crate::delivery::State;
use crate::events::EventTable;
use crate::gateway::{Devices, Kind, web};
use crate::http::App;
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
