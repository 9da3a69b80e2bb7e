//! Uploads over real sockets.

use std::io::{Cursor, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Limits, Uploads};
use crate::access::Open;
use crate::dicomweb::base64;
use crate::http::tests::{Answer, app, send, start};
use crate::http::{App, router};
use crate::index::{Level, Query};
use crate::ingest::tests::image;
use crate::media::unpack;
use crate::storage::Hash;
use crate::test_folder::TestFolder;

struct Service {
    port: u16,
    app: App,
    _stop: oneshot::Sender<()>,
}

async fn service(folder: &TestFolder, limits: Limits) -> Service {
    let app = app(folder, Arc::new(Open)).await;
    let index = app.archive().index().clone();
    let uploads = Uploads::open(&folder.path().join("uploads"), index, limits)
        .await
        .unwrap();
    let app = app.with_uploads(uploads);
    let (port, stop) = start(router(app.clone()), crate::http::Limits::default()).await;
    Service {
        port,
        app,
        _stop: stop,
    }
}

const PIECE: &str = "content-type: application/offset+octet-stream\r\n";

impl Service {
    async fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let headers = format!("tus-resumable: 1.0.0\r\n{headers}");
        send(self.port, method, path, &headers, body).await
    }

    async fn create(&self, size: usize, metadata: &[(&str, &str)]) -> Answer {
        let pairs = metadata.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name} {}", base64::encode(value.as_bytes())))
            .collect();
        let headers = format!(
            "upload-length: {size}\r\nupload-metadata: {}\r\n",
            pairs.join(",")
        );
        self.send("POST", "/upload", &headers, b"").await
    }

    async fn patch(&self, path: &str, offset: usize, bytes: &[u8]) -> Answer {
        let headers = format!("{PIECE}upload-offset: {offset}\r\n");
        self.send("PATCH", path, &headers, bytes).await
    }

    /// Uploads all at once.
    async fn upload(&self, kind: &str, bytes: &[u8]) -> Answer {
        let created = self.create(bytes.len(), &[("kind", kind)]).await;
        assert_eq!(
            created.status,
            201,
            "{:?}",
            String::from_utf8_lossy(&created.body)
        );
        let path = created.header("location").unwrap().to_owned();
        assert_eq!(self.patch(&path, 0, bytes).await.status, 204);
        self.send("POST", &format!("{path}/finish"), "", b"").await
    }

    async fn instances(&self) -> u64 {
        let query = Query::all(Level::Instance);
        self.app.archive().index().count(&query).await.unwrap()
    }
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn pieces_join_across_restarts_and_finishing_twice_is_once() {
    let folder = TestFolder::new("upload");
    let bytes = image(1, "", 300_000);
    let hash = Hash::of(&bytes).to_string();
    let first = service(&folder, Limits::default()).await;
    let created = first
        .create(bytes.len(), &[("sha256", &hash), ("filename", "a.dcm")])
        .await;
    assert_eq!(created.status, 201);
    let path = created.header("location").unwrap().to_owned();
    let answer = first.patch(&path, 0, &bytes[..100_000]).await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (204, Some("100000"))
    );
    let wrong = first.patch(&path, 99_999, &bytes[99_999..]).await;
    assert_eq!(
        (wrong.status, wrong.header("upload-offset")),
        (409, Some("100000"))
    );
    assert_eq!(
        first
            .send("POST", &format!("{path}/finish"), "", b"")
            .await
            .status,
        409
    );
    drop(first);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Another process opens the same folder: how far it came is the file's length.
    let again = service(&folder, Limits::default()).await;
    let head = again.send("HEAD", &path, "", b"").await;
    assert_eq!((head.status, head.header("upload-offset")), (200, Some("100000")));
    assert_eq!(
        head.header("upload-length"),
        Some(bytes.len().to_string().as_str())
    );
    assert_eq!(again.patch(&path, 100_000, &bytes[100_000..]).await.status, 204);
    let finished = again.send("POST", &format!("{path}/finish"), "", b"").await;
    assert_eq!(finished.status, 200);
    assert_eq!(finished.json()["stored"][0]["outcome"], "stored");
    assert_eq!(finished.json()["stored"][0]["sha256"], hash);
    let twice = again.send("POST", &format!("{path}/finish"), "", b"").await;
    assert_eq!((twice.status, twice.body), (200, finished.body));
    assert_eq!(again.instances().await, 1);
    assert_eq!(
        std::fs::read_dir(folder.path().join("uploads")).unwrap().count(),
        0
    );
    assert_eq!(again.patch(&path, 0, b"x").await.status, 409);
}

#[tokio::test]
async fn bytes_of_a_connection_that_broke_stay_and_the_next_goes_on() {
    let folder = TestFolder::new("upload");
    let service = service(&folder, Limits::default()).await;
    let bytes = image(1, "", 300_000);
    let path = service
        .create(bytes.len(), &[])
        .await
        .header("location")
        .unwrap()
        .to_owned();
    let mut stream = TcpStream::connect(("127.0.0.1", service.port)).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: localhost\r\n{PIECE}upload-offset: 0\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes[..70_000]).await.unwrap();
    // The connection stays open and says nothing more; a new one takes over.
    let mut offset = 0;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let file = folder
            .path()
            .join("uploads")
            .join(path.rsplit('/').next().unwrap());
        if std::fs::metadata(file).is_ok_and(|file| file.len() == 70_000) {
            break;
        }
    }
    let answer = service.send("HEAD", &path, "", b"").await;
    if let Some(text) = answer.header("upload-offset") {
        offset = text.parse().unwrap();
    }
    assert_eq!(offset, 70_000);
    assert_eq!(service.patch(&path, offset, &bytes[offset..]).await.status, 204);
    let finished = service.send("POST", &format!("{path}/finish"), "", b"").await;
    assert_eq!(
        finished.status,
        200,
        "{:?}",
        String::from_utf8_lossy(&finished.body)
    );
    drop(stream);
}

#[tokio::test]
async fn what_exceeds_its_limit_is_refused_before_it_is_sent() {
    let folder = TestFolder::new("upload");
    let limits = Limits {
        unfinished: 2,
        ..Limits::default()
    };
    let service = service(&folder, limits).await;
    for (size, kind, status) in [
        (20_000_001, "dcm", 413),
        (500_000_001, "zip", 413),
        (0, "dcm", 400),
        (20_000_000, "dcm", 201),
        (500_000_000, "zip", 201),
        (1, "dcm", 429),
        (1, "exe", 400),
    ] {
        let answer = service.create(size, &[("kind", kind)]).await;
        assert_eq!(answer.status, status, "{size} {kind}");
    }
    for (method, path, headers, status) in [
        ("POST", "/upload", "upload-length: -1\r\n", 400),
        (
            "POST",
            "/upload",
            "upload-length: 5\r\nupload-metadata: kind %%\r\n",
            400,
        ),
        (
            "POST",
            "/upload",
            "upload-length: 5\r\nupload-metadata: sha256 YQ==\r\n",
            400,
        ),
        ("HEAD", "/upload/..%2Findex.sqlite", "", 404),
        ("PATCH", "/upload/nothing", PIECE, 404),
        ("DELETE", "/upload/nothing", "", 404),
        ("OPTIONS", "/upload", "", 204),
    ] {
        let answer = service.send(method, path, headers, b"").await;
        assert_eq!(answer.status, status, "{method} {path} {headers}");
    }
    let other = send(
        service.port,
        "OPTIONS",
        "/upload",
        "tus-resumable: 0.2.2\r\n",
        b"",
    )
    .await;
    assert_eq!(other.status, 412);
}

#[tokio::test]
async fn more_than_was_announced_and_other_bytes_are_not_taken() {
    let folder = TestFolder::new("upload");
    let service = service(&folder, Limits::default()).await;
    let bytes = image(1, "", 900);
    let wrong = Hash::of(b"other").to_string();
    let created = service.create(bytes.len(), &[("sha256", &wrong)]).await;
    let path = created.header("location").unwrap().to_owned();
    let more = [&bytes[..], b"x"].concat();
    assert_eq!(service.patch(&path, 0, &more).await.status, 413);
    let head = service.send("HEAD", &path, "", b"").await;
    let offset: usize = head.header("upload-offset").unwrap().parse().unwrap();
    assert!(offset <= bytes.len());
    assert_eq!(service.patch(&path, offset, &bytes[offset..]).await.status, 204);
    assert_eq!(
        service
            .send("POST", &format!("{path}/finish"), "", b"")
            .await
            .status,
        409
    );
    assert_eq!(
        service.send("HEAD", &path, "", b"").await.header("upload-offset"),
        Some("0")
    );
    assert_eq!(service.send("DELETE", &path, "", b"").await.status, 204);
    assert_eq!(service.send("HEAD", &path, "", b"").await.status, 404);
    assert_eq!(service.instances().await, 0);
}

#[tokio::test]
async fn objects_of_a_zip_are_taken_and_the_rest_is_named() {
    let folder = TestFolder::new("upload");
    let service = service(&folder, Limits::default()).await;
    let [one, two, three] = [image(1, "", 900), image(2, "", 2_000_000), image(3, "", 900)];
    // A directory is known by its class, whatever it is called.
    let directory = [
        &[0; 128],
        &b"DICM\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10\0"[..],
    ]
    .concat();
    let archive = zip(&[
        ("disc/DICOMDIR", &directory),
        ("disc/IMAGES/1", &one),
        ("disc/IMAGES/2.dcm", &two),
        ("读我.txt", b"hello"),
        ("empty", b""),
        ("cut", &three[..600]),
    ]);
    let answer = service.upload("zip", &archive).await;
    let json = answer.json();
    assert_eq!(answer.status, 202, "{json}");
    assert_eq!(json["stored"].as_array().unwrap().len(), 2);
    assert_eq!(json["left_out"], 3);
    assert_eq!(
        json["left_out_names"],
        serde_json::json!(["disc/DICOMDIR", "读我.txt", "empty"])
    );
    assert_eq!(json["refused"][0]["name"], "cut");
    assert_eq!(service.instances().await, 2);
    let answer = service.upload("zip", &archive).await;
    assert_eq!(answer.json()["stored"][0]["outcome"], "identical");
    let answer = service.upload("dcm", b"no DICOM").await;
    assert_eq!(answer.status, 409);
}

#[tokio::test]
async fn names_of_chinese_windows_are_told_and_what_cannot_be_read_is_refused() {
    let folder = TestFolder::new("upload");
    let service = service(&folder, Limits::default()).await;
    let good = image(1, "", 900);
    let mut names = zip(&[("a.dcm", &good), ("ABCD", b"hello")]);
    // The same length in GBK, in both headers.
    for at in 0..names.len() - 4 {
        if &names[at..at + 4] == b"ABCD" {
            names[at..at + 4].copy_from_slice(&[0xD5, 0xC5, 0xC8, 0xFD]);
        }
    }
    let told = service.upload("zip", &names).await.json();
    assert_eq!(told["left_out_names"], serde_json::json!(["张三"]));
    let with = |name: &str| zip(&[("a.dcm", &good), (name, &good)]);
    let mut encrypted = with("b");
    let mut method = with("b");
    // The flags and the method of the second entry, in the directory.
    let second = encrypted
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    encrypted[second + 8] |= 1;
    method[second + 10] = 12;
    for (archive, words) in [
        (encrypted, "the file is encrypted"),
        (method, "the file is compressed in a way that is not read here"),
    ] {
        let answer = service.upload("zip", &archive).await;
        assert_eq!(answer.status, 202, "{words}");
        let told = answer.json();
        assert_eq!(
            told["refused"],
            serde_json::json!([{ "name": "b", "reason": words }])
        );
        assert_eq!(told["stored"].as_array().unwrap().len(), 1);
    }
    assert_eq!(service.instances().await, 1);
}

#[tokio::test]
async fn zips_that_mean_no_good_leave_nothing() {
    let folder = TestFolder::new("upload");
    let limits = Limits {
        zip: unpack::Limits {
            entries: 20,
            ..Limits::default().zip
        },
        ..Limits::default()
    };
    let service = service(&folder, limits).await;
    let good = image(1, "", 900);
    let with = |name: &str| zip(&[("a.dcm", &good), (name, &good)]);
    let numbered: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = numbered.iter().map(|name| (name.as_str(), &good[..])).collect();
    let mut absolute = with("xtc/passwd");
    for at in 0..absolute.len() - 10 {
        if &absolute[at..at + 10] == b"xtc/passwd" {
            absolute[at] = b'/';
        }
    }
    let zeros = vec![0_u8; 100_000_000];
    let whole = zip(&[("a", &good)]);
    let cut = whole[..whole.len() / 2].to_vec();
    for (archive, words) in [
        (with("../x"), "leads elsewhere"),
        (with("a/../../x"), "leads elsewhere"),
        (with("a\\..\\x"), "leads elsewhere"),
        (with("C:/x"), "leads elsewhere"),
        (absolute, "leads elsewhere"),
        (zip(&many), "entries of the zip: at most 20"),
        (
            zip(&[("a.dcm", &good), ("bomb", &zeros)]),
            "unpacks to for its size",
        ),
        (b"PK\x03\x04 nonsense".to_vec(), "expected a zip file"),
        (cut, "expected a zip file"),
    ] {
        let answer = service.upload("zip", &archive).await;
        assert_eq!(answer.status, 400, "{words}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(words), "{words}: {error}");
    }
    assert_eq!(service.instances().await, 0);
    assert_eq!(
        std::fs::read_dir(folder.path().join("uploads")).unwrap().count(),
        0
    );
}

#[tokio::test]
async fn what_is_abandoned_is_forgotten() {
    let folder = TestFolder::new("upload");
    let limits = Limits {
        expiry: Duration::from_millis(300),
        ..Limits::default()
    };
    let service = service(&folder, limits).await;
    let bytes = image(1, "", 900);
    let path = service
        .create(bytes.len(), &[])
        .await
        .header("location")
        .unwrap()
        .to_owned();
    assert_eq!(service.patch(&path, 0, &bytes[..500]).await.status, 204);
    std::fs::write(folder.path().join("uploads/stranger"), b"x").unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    service.app.uploads().unwrap().sweep().await.unwrap();
    assert_eq!(service.send("HEAD", &path, "", b"").await.status, 404);
    assert_eq!(
        std::fs::read_dir(folder.path().join("uploads")).unwrap().count(),
        0
    );
}
