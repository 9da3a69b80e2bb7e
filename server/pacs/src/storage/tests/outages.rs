//! A store that stops answering, dies and comes back; a store that cannot be used, and what is said of it.

use std::time::{Duration, Instant};

use super::s3::Server;
use super::{place, shared, store};
use crate::storage::{Error, ObjectInfo, Place, S3, Storage};
use crate::test_folder::TestFolder;

/// Bytes of which no two objects share any.
fn bytes(number: u8, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at / 7) as u8 ^ number).collect()
}

/// Objects of one request, and of parts.
const SIZES: [usize; 2] = [40_000, 9_500_000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_cut_off_fails_in_time_and_loses_nothing_acknowledged() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let folder = TestFolder::new("outage");
    let there = Place::from(S3 {
        timeout_s: 5,
        ..place(&server)
    });
    let storage = there.open(folder.path()).await.unwrap();
    let mut acknowledged = Vec::new();
    for (round, size) in SIZES.into_iter().chain(SIZES).enumerate() {
        let kept = bytes(round as u8 * 2, size);
        acknowledged.push((sent_again(&storage, &kept).await, kept));
        // Silent in the middle of an object: nothing comes back, then it goes on. Dead: the same, then it is started anew.
        let is_killed = round >= 2;
        let cut = bytes(round as u8 * 2 + 1, size);
        let began = Instant::now();
        let sending = tokio::spawn({
            let (storage, cut) = (storage.clone(), cut.clone());
            async move { store(&storage, &cut).await }
        });
        if size > 1 << 20 {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        if is_killed {
            server.kill();
        } else {
            server.signal("STOP");
        }
        let answer = sending.await.unwrap();
        // The cut may come late: then it is acknowledged, and must be there.
        if let Ok(committed) = &answer {
            acknowledged.push((committed.object, cut.clone()));
        } else {
            assert!(matches!(answer, Err(Error::Store(_))), "{answer:?}");
        }
        let later = store(&storage, b"nobody is there").await;
        assert!(matches!(later, Err(Error::Store(_))), "{later:?}");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        let (answers, listed, read) = tokio::join!(
            storage.answers(),
            storage.list(),
            storage.read(acknowledged[0].0.hash, 1 << 30)
        );
        assert!(matches!(answers, Err(Error::Store(_))));
        assert!(matches!(listed, Err(Error::Store(_))));
        assert!(matches!(read, Err(Error::Store(_))));
        if is_killed {
            server.start_again();
        } else {
            server.signal("CONT");
        }
        // What was cut off is there whole or not at all, and is taken when it is sent again.
        let again = sent_again(&storage, &cut).await;
        acknowledged.push((again, cut));
        all_there(&storage, &acknowledged).await;
    }
}

/// As senders do: until it is taken.
async fn sent_again(storage: &Storage, bytes: &[u8]) -> ObjectInfo {
    for _ in 0..20 {
        if let Ok(committed) = store(storage, bytes).await {
            return committed.object;
        }
    }
    panic!("the store came back and takes nothing");
}

async fn all_there(storage: &Storage, acknowledged: &[(ObjectInfo, Vec<u8>)]) {
    for (object, sent) in acknowledged {
        assert_eq!(storage.read(object.hash, 1 << 30).await.unwrap(), sent);
        assert_eq!(storage.info(object.hash).await.unwrap().size, object.size);
    }
    assert!(storage.scrub().await.unwrap().bad.is_empty());
    let incoming = storage.pieces_folder().with_file_name("incoming");
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);
}

/// What is said where a place cannot be opened.
pub(super) async fn said(place: S3) -> String {
    let folder = TestFolder::new("refused");
    match Place::from(place).open(folder.path()).await {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_start() {
    let Some(server) = shared() else {
        return;
    };
    let folder = TestFolder::new("wrong");
    let good = S3 {
        timeout_s: 3,
        ..place(server)
    };
    let endpoint = good.endpoint.clone().unwrap();
    let host = endpoint.trim_start_matches("http://");
    assert_eq!(said(good.clone()).await, "opened");
    let credentials = |words: &str| {
        let path = folder.path().join("wrong-credentials");
        std::fs::write(&path, words).unwrap();
        S3 {
            credentials_file: path,
            ..good.clone()
        }
    };
    let path = folder.path().join("wrong-credentials");
    let path = path.display();
    for (words, code) in [
        ("tests\nanother-secret", "SignatureDoesNotMatch"),
        ("nobody\ntests-secret", "InvalidAccessKeyId"),
    ] {
        let expected = format!("{host} refuses the credentials in {path}: 403 Forbidden ({code})");
        assert_eq!(said(credentials(words)).await, expected);
    }
    assert_eq!(
        said(credentials("one line")).await,
        format!(
            "the credentials in {path} cannot be used: expected two lines, the access key's id and the secret key"
        )
    );
    let other = |endpoint: &str| S3 {
        endpoint: Some(endpoint.to_owned()),
        ..good.clone()
    };
    let no_bucket = S3 {
        bucket: "nowhere".to_owned(),
        ..good.clone()
    };
    assert_eq!(said(no_bucket).await, format!("{host} has no bucket nowhere"));
    assert_eq!(
        said(other("https://store.invalid")).await,
        "the name store.invalid is not known (DNS)"
    );
    let said_of_nobody = said(other("http://127.0.0.1:1")).await;
    assert!(
        said_of_nobody.starts_with("no connection to 127.0.0.1:1: "),
        "{said_of_nobody}"
    );
    let said_of_plain = said(other(&endpoint.replace("http:", "https:"))).await;
    assert!(
        said_of_plain.starts_with(&format!("no TLS with {host}: "))
            || said_of_plain.starts_with(&format!("no connection to {host}: ")),
        "{said_of_plain}"
    );
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    assert_eq!(
        said(other(&format!("http://{address}"))).await,
        format!("{address} does not answer")
    );
    let no_file = S3 {
        credentials_file: folder.path().join("nothing"),
        ..good.clone()
    };
    assert!(said(no_file).await.starts_with("cannot read "));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let good = S3 {
        endpoint: Some("https://store.example".to_owned()),
        region: "us-east-1".to_owned(),
        bucket: "images".to_owned(),
        path_style: false,
        credentials_file: "credentials".into(),
        prefix: None,
        tls_authority: None,
        timeout_s: 20,
    };
    let refused = |place: S3| match Place::from(place).check() {
        Ok(()) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(refused(good.clone()), "");
    let endpoint = |text: &str| S3 {
        endpoint: Some(text.to_owned()),
        path_style: true,
        ..good.clone()
    };
    assert_eq!(refused(endpoint("http://10.1.2.3:9000")), "");
    assert_eq!(
        refused(endpoint("http://8.8.8.8")),
        "endpoint: plain http is for this machine and private addresses only; use https to 8.8.8.8"
    );
    assert_eq!(
        refused(endpoint("store.example")),
        "endpoint: expected an address that begins with https://, found \"store.example\""
    );
    let by_number = S3 {
        path_style: false,
        ..endpoint("https://10.1.2.3")
    };
    assert_eq!(
        refused(by_number),
        "path_style: expected true where the endpoint has no name, found \"false\""
    );
    for (bucket, prefix, timeout_s, name) in [
        ("Images", None, 20, "bucket"),
        ("im", None, 20, "bucket"),
        ("../x", None, 20, "bucket"),
        ("images", Some("/a"), 20, "prefix"),
        ("images", Some("a/../b"), 20, "prefix"),
        ("images", Some(""), 20, "prefix"),
        ("images", Some("a b"), 20, "prefix"),
        ("images", None, 0, "timeout_s"),
    ] {
        let place = S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.map(str::to_owned),
            timeout_s,
            ..good.clone()
        };
        let said = refused(place);
        assert!(said.starts_with(&format!("{name}: expected ")), "{said}");
    }
}
