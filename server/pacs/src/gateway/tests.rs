//! Gateways and the cloud end, over sockets that are cut and with processes that are killed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::access::{Action, TokenFile, new_token};
use crate::delivery::State;
use crate::events::EventTable;
use crate::http::App;
use crate::routing::tests::damage;
use crate::routing::{DimseNode, Node as Reached, WebNode};
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, archive, count, file, until};

/// Rules that send everything to the cloud end at an address.
fn to_cloud(url: &str, key_file: &Path, more: &str) -> String {
    format!(
        "[[destination]]\nname = \"cloud\"\nparallel = 3\nnode.cloud = {{ url = \"{url}\", key_file = {key_file:?}{more} }}\n\
         [[rule]]\nto = [\"cloud\"]\n"
    )
}

async fn key(cloud: &Node, folder: &TestFolder, name: &str, kind: Kind) -> std::path::PathBuf {
    let secret = Devices::enroll(cloud.archive.index(), name, kind)
        .await
        .unwrap()
        .unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, secret + "\n").unwrap();
    path
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A way to a port that is cut again and again, after some bytes; counts the cuts.
async fn bad_way(port: u16) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().port();
    let cuts = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&cuts);
    tokio::spawn(async move {
        let mut dice = Dice(7);
        while let Ok((mut near, _)) = listener.accept().await {
            let bytes = 500 + dice.below(6_000_000);
            let cuts = Arc::clone(&counted);
            tokio::spawn(async move {
                let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
                    return;
                };
                let (mut from_near, mut to_near) = near.split();
                let (mut from_far, mut to_far) = far.split();
                let there = async {
                    let mut buffer = vec![0; 16 << 10];
                    let mut left = bytes;
                    while left > 0 {
                        let most = buffer.len().min(left as usize);
                        match from_near.read(&mut buffer[..most]).await {
                            Ok(read @ 1..) if to_far.write_all(&buffer[..read]).await.is_ok() => {
                                left -= read as u64
                            }
                            _ => return,
                        }
                    }
                    cuts.fetch_add(1, Ordering::Relaxed);
                };
                let back = async {
                    let _ = tokio::io::copy(&mut from_far, &mut to_near).await;
                };
                tokio::select! { () = there => {}, () = back => {} }
            });
        }
    });
    (here, cuts)
}

const FOLDER: &str = "UPTAKE_TEST_GATEWAY_FOLDER";

/// The child of the test below; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_delivers_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let rules = std::fs::read_to_string(folder.join("rules.toml")).unwrap();
    let mut node = Node::start(folder, "NM-TRANSFER").await;
    node.route(&rules).await;
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_arrive_once_though_the_network_is_cut_and_the_gateway_killed() {
    const STUDIES: u32 = 8;
    const OBJECTS: u32 = 30;
    let (folder, here) = (TestFolder::new("cloud"), TestFolder::new("gateway"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let (port, cuts) = bad_way(cloud.http_port).await;
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let rules = to_cloud(&format!("http://127.0.0.1:{port}"), &key_file, "");
    std::fs::write(here.path().join("rules.toml"), rules).unwrap();
    let mut expected = Vec::new();
    let damaged = {
        let taking = archive(here.path(), "NM-TRANSFER").await;
        let take = async |bytes: &[u8]| {
            let mut receiving = taking.ingest().begin().from("dimse:CT1".to_owned());
            receiving.write(bytes).await.unwrap();
            assert!(matches!(
                receiving.finish().await.unwrap(),
                crate::ingest::Outcome::Stored(_)
            ));
        };
        for number in 1..=OBJECTS {
            for study in 1..=STUDIES {
                // Some are of several pieces.
                let size = if (number + study) % 11 == 0 {
                    5_000_000
                } else {
                    60_000
                };
                let bytes = file(study, number, "", size);
                take(&bytes).await;
                expected.push(Hash::of(&bytes));
            }
        }
        let bytes = file(99, 1, "", 100_000);
        take(&bytes).await;
        Hash::of(&bytes)
    };
    damage(here.path(), damaged);
    expected.sort();
    let mut dice = Dice(11);
    let mut kills = 0;
    let began = Instant::now();
    while cloud.hashes().await != expected {
        assert!(
            began.elapsed() < Duration::from_secs(240),
            "{} of {} arrived",
            cloud.hashes().await.len(),
            expected.len()
        );
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "gateway::tests::child_that_delivers_until_it_is_killed",
            ])
            .env(FOLDER, here.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lives = Duration::from_millis(400 + dice.below(1600));
        let killed_at = Instant::now() + lives;
        while Instant::now() < killed_at && cloud.hashes().await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    // The last answers may have been lost; then the queue finds all there.
    let mut gateway = Node::start(here.path(), "NM-TRANSFER").await;
    let queue = gateway
        .route(&std::fs::read_to_string(here.path().join("rules.toml")).unwrap())
        .await;
    until("every row has its answer", async || {
        count(&queue, State::Delivered).await == u64::from(STUDIES * OBJECTS)
    })
    .await;
    until("the damaged one is held", async || {
        count(&queue, State::Quarantined).await == 1
    })
    .await;
    assert_eq!(queue.list(State::Quarantined, 5).await.unwrap()[0].hash, damaged);
    assert_eq!(cloud.hashes().await, expected);
    // Each came in once, each study in its order.
    let events = EventTable::after(cloud.archive.index(), 0, 10_000).await.unwrap();
    assert_eq!(events.len(), expected.len());
    for study in 1..=STUDIES {
        let own = events
            .iter()
            .filter(|(_, event)| event.study_uid.as_deref() == Some(&format!("2.25.{study}")));
        let numbers = own.map(|(_, event)| event.sop_uid.clone().unwrap());
        assert!(
            numbers.eq((1..=OBJECTS).map(|number| format!("2.25.{study}.{number}"))),
            "order of study {study}"
        );
    }
    for hash in expected {
        cloud.archive.storage().verify(hash).await.unwrap();
    }
    let pieces = cloud.archive.storage().pieces();
    let left: usize = std::fs::read_dir(pieces)
        .unwrap()
        .flatten()
        .map(|device| std::fs::read_dir(device.path()).unwrap().count())
        .sum();
    assert_eq!(left, 0, "no piece is left");
    println!("{kills} kills, {} cuts", cuts.load(Ordering::Relaxed));
    assert!(
        kills >= 2 && cuts.load(Ordering::Relaxed) >= 5,
        "{kills} kills, {} cuts",
        cuts.load(Ordering::Relaxed)
    );
}

fn certificate() -> (String, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// A cloud end behind TLS; gives its port and the file of its authority.
async fn secure(
    cloud: &Node,
    folder: &TestFolder,
    authorize: Arc<dyn crate::access::Authorize>,
) -> (u16, std::path::PathBuf) {
    let (pem, tls) = certificate();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = crate::http::router(App::new(cloud.archive.clone(), authorize));
    tokio::spawn(crate::http::serve(
        listener,
        router,
        Some(tls),
        Default::default(),
        std::future::pending(),
    ));
    (port, authority)
}

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
    assert_eq!(
        count(&queue, State::Waiting).await,
        1,
        "and waits for another key"
    );
    assert_eq!(cloud.hashes().await, [Hash::of(&file(1, 1, "", 3_000_000))]);
}

#[tokio::test]
async fn a_test_of_a_connection_tells_the_steps_apart() {
    let (folder, other) = (TestFolder::new("cloud"), TestFolder::new("other"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let token_file = folder.path().join("tokens.toml");
    let (token, entry) = new_token("gateway", &[Action::Deliver]).unwrap();
    std::fs::write(&token_file, entry).unwrap();
    let (port, authority) = secure(&cloud, &folder, Arc::new(TokenFile::open(&token_file).unwrap())).await;
    let (wrong, _) = certificate();
    let wrong_authority = other.path().join("authority.pem");
    std::fs::write(&wrong_authority, wrong).unwrap();
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let token_key = other.path().join("token");
    std::fs::write(&token_key, token).unwrap();
    let no_key = other.path().join("no-key");
    std::fs::write(&no_key, "guess").unwrap();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let node = |url: String, key_file: &Path, authority: &Path| {
        Reached::Cloud(CloudNode {
            url,
            key_file: key_file.to_owned(),
            tls_authority: Some(authority.to_owned()),
        })
    };
    let url = |port: u16| format!("https://localhost:{port}");
    let dicom = |address: String, title: &str, tls_authority| {
        Reached::Dimse(DimseNode {
            ae_title: title.to_owned(),
            address,
            tls_authority,
        })
    };
    let service = Receiver::new(cloud.archive.clone(), Vec::new());
    let listened = Service {
        address: ([127, 0, 0, 1], 0).into(),
        ae_title: "CLOUD".to_owned(),
    };
    let dicom_port = service.start(&listened).await.unwrap();
    for (node, expected) in [
        (
            node(url(port), &key_file, &authority),
            "The node answers and accepts us.",
        ),
        (
            node(url(port), &token_key, &authority),
            "The node answers and accepts us.",
        ),
        (
            node("http://cloud.example".to_owned(), &key_file, &authority),
            "The configuration cannot be used: plain http",
        ),
        (
            node("https://nowhere.invalid".to_owned(), &key_file, &authority),
            "DNS: the name nowhere.invalid is not known.",
        ),
        (
            node(url(closed), &key_file, &authority),
            "TCP: nobody answers there",
        ),
        (
            node(url(port), &key_file, &wrong_authority),
            "TLS: no trusted connection",
        ),
        (
            node(url(cloud.http_port), &key_file, &authority),
            "TLS: no trusted connection",
        ),
        (
            node(url(port), &no_key, &authority),
            "Key: the node does not accept it (status 401).",
        ),
        (
            node(format!("{}/elsewhere", url(port)), &key_file, &authority),
            "Something answers, but not this service: status 404",
        ),
        (
            dicom(format!("127.0.0.1:{dicom_port}"), "CLOUD", None),
            "The node answers and accepts us.",
        ),
        (
            dicom(format!("127.0.0.1:{dicom_port}"), "OTHER", None),
            "Association: rejected: called AE title not recognized",
        ),
        (
            dicom(format!("127.0.0.1:{closed}"), "CLOUD", None),
            "TCP: nobody answers there",
        ),
        (
            dicom("nowhere.invalid:104".to_owned(), "CLOUD", None),
            "DNS: the name nowhere.invalid is not known.",
        ),
        (
            dicom("127.0.0.1".to_owned(), "CLOUD", None),
            "The configuration cannot be used: expected host:port",
        ),
        (
            dicom(
                format!("127.0.0.1:{dicom_port}"),
                "CLOUD",
                Some(authority.clone()),
            ),
            "TLS: no trusted connection",
        ),
        (
            dicom(
                format!("localhost:{port}"),
                "CLOUD",
                Some(wrong_authority.clone()),
            ),
            "TLS: no trusted connection",
        ),
        (
            dicom(format!("localhost:{}", cloud.http_port), "CLOUD", None),
            "Something answers, but not this service",
        ),
        (
            Reached::Dicomweb(WebNode {
                url: format!("http://127.0.0.1:{}/no", cloud.http_port),
                token_file: None,
                tls_authority: None,
            }),
            "Something answers, but not this service: status 404",
        ),
    ] {
        let found = check(&node, "NM-TRANSFER").await;
        assert!(found.to_string().starts_with(expected), "{node:?}: {found}");
        assert!(!found.in_chinese().is_empty());
    }
}

#[tokio::test]
async fn the_receive_service_opens_and_closes_its_port() {
    let folder = TestFolder::new("receive");
    let taking = archive(folder.path(), "NM-TRANSFER").await;
    let receiver = Receiver::new(taking.clone(), Vec::new());
    let service = |port: u16, title: &str| Service {
        address: ([127, 0, 0, 1], port).into(),
        ae_title: title.to_owned(),
    };
    let echo = async |port: u16, title: &str| {
        let node = Reached::Dimse(DimseNode {
            ae_title: title.to_owned(),
            address: format!("127.0.0.1:{port}"),
            tls_authority: None,
        });
        check(&node, "CT1").await
    };
    let port = receiver.start(&service(0, "NM-TRANSFER")).await.unwrap();
    assert_eq!(echo(port, "NM-TRANSFER").await, Finding::Good);
    let again = receiver.start(&service(port, "X")).await.unwrap_err().to_string();
    assert_eq!(again, format!("the receive service runs already, on port {port}"));
    let clash = Receiver::new(taking, Vec::new())
        .start(&service(port, "X"))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        clash,
        format!("port {port} is in use by another program; stop it or choose another port")
    );
    assert!(receiver.stop().await);
    assert!(!receiver.stop().await);
    assert!(matches!(echo(port, "NM-TRANSFER").await, Finding::Tcp(_)));
    receiver.start(&service(port, " NEW-TITLE ")).await.unwrap();
    assert_eq!(echo(port, "NEW-TITLE").await, Finding::Good);
    assert!(matches!(echo(port, "NM-TRANSFER").await, Finding::Association(_)));
    receiver.stop().await;
    for title in ["", "12345678901234567", "A\\B", "标题"] {
        let refused = receiver.start(&service(0, title)).await.unwrap_err();
        assert!(matches!(refused, ReceiveError::Title(_)), "{title}");
    }
}

/// A whole gateway: by C-STORE in, over HTTP out, seen and steered on its page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_and_steers_the_gateway() {
    let (folder, here) = (TestFolder::new("cloud"), TestFolder::new("gateway"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let free = async || {
        TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (page, dicom) = (free().await, free().await);
    let rules = to_cloud(&format!("http://127.0.0.1:{}", cloud.http_port), &key_file, "");
    let rules = &rules[..rules.find("[[rule]]").unwrap()];
    let data = here.path().join("data");
    let text = format!("data = {data:?}\ndicom = \"{dicom}\"\npage = \"{page}\"\n{rules}");
    let config: Config = toml::from_str(&text).unwrap();
    let open = Config {
        page: ([0, 0, 0, 0], 1).into(),
        ..config.clone()
    };
    assert!(matches!(Gateway::open(open).await, Err(GatewayError::Page(_))));
    std::fs::create_dir(&data).unwrap();
    let gateway = Arc::new(Gateway::open(config).await.unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&gateway).run(async {
        let _ = stopped.await;
    }));
    let client = web::client(&"http://127.0.0.1".parse().unwrap(), None).unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("http://{page}{path}")).send().await.ok()?;
        answer.text().await.ok()
    };
    until("the page is there", async || get("/").await.is_some()).await;
    let shown = get("/").await.unwrap();
    let token = shown.split("name=\"form_token\" value=\"").nth(1).unwrap()[..32].to_owned();
    let post = async |path: &str, body: String| {
        let answer = client
            .post(format!("http://{page}{path}"))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert!(shown.contains("运行中") && shown.contains(&dicom.port().to_string()));

    let proposals = dimse::Proposal::for_instances([(
        dicom_dictionary_std::uids::CT_IMAGE_STORAGE,
        dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN,
    )]);
    let config = dimse::ClientConfig::new("CT1", "NM-TRANSFER");
    let mut sender = dimse::Client::connect(dicom, &config, &proposals).await.unwrap();
    for number in 1..=3 {
        let bytes = file(1, number, "", 1000);
        let start = crate::services::data_set_start(&bytes).unwrap();
        let instance = dimse::Instance {
            sop_class_uid: dicom_dictionary_std::uids::CT_IMAGE_STORAGE.to_owned(),
            sop_instance_uid: format!("2.25.1.{number}"),
            transfer_syntax_uid: dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            data: dimse::Data::Bytes(bytes[start..].to_vec().into()),
        };
        assert_eq!(
            sender.store(instance).await.unwrap().status,
            dimse::Status::SUCCESS
        );
    }
    sender.release().await.unwrap();
    until("three arrived", async || cloud.hashes().await.len() == 3).await;
    until("the log has them", async || {
        count(gateway.queue(), State::Delivered).await == 3
    })
    .await;
    let shown = get("/").await.unwrap();
    assert!(shown.contains("2.25.1.3"));
    assert!(
        !shown.contains("Nobody") && !shown.contains("P9"),
        "no patient on the page"
    );

    // A form of another page does nothing.
    assert_eq!(post("/receive/stop", "form_token=guess".to_owned()).await.0, 403);
    assert!(TcpStream::connect(dicom).await.is_ok());
    assert_eq!(post("/receive/stop", format!("form_token={token}")).await.0, 303);
    assert!(TcpStream::connect(dicom).await.is_err());
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let (status, words) = post(
        "/receive/start",
        format!("form_token={token}&port={taken_port}&ae_title=X"),
    )
    .await;
    assert_eq!(status, 409);
    assert!(words.contains(&format!("port {taken_port} is in use")), "{words}");
    assert_eq!(
        post("/receive/start", format!("form_token={token}&port=0&ae_title=X"))
            .await
            .0,
        400
    );
    assert_eq!(
        post("/receive/start", format!("form_token={token}&port=x&ae_title=X"))
            .await
            .0,
        400
    );
    assert_eq!(
        post(
            "/receive/start",
            format!("form_token={token}&port={}&ae_title=NEW", dicom.port())
        )
        .await
        .0,
        303
    );
    assert_eq!(
        post("/nodes/cloud/test", format!("form_token={token}")).await.0,
        303
    );
    assert_eq!(
        post("/nodes/none/test", format!("form_token={token}")).await.0,
        404
    );
    assert!(get("/").await.unwrap().contains("连接正常"));
    assert_eq!(
        post("/deliveries/12345/retry", format!("form_token={token}"))
            .await
            .0,
        404
    );
    let status: serde_json::Value = serde_json::from_str(&get("/gateway/status").await.unwrap()).unwrap();
    assert_eq!(status["ae_title"], "NEW");
    assert_eq!(status["receiving"], true);
    assert_eq!(status["destinations"][0]["delivered"], 3);
    assert_eq!(
        status["destinations"][0]["last_test"]["words"],
        "The node answers and accepts us."
    );
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(dicom).await.is_err());
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
    let key = Devices::enroll(cloud.archive.index(), "ward", Kind::Key)
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
