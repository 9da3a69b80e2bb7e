//! Every check on a local directory, and on an S3 server where there is one.

mod outages;
pub(crate) mod s3;
mod tls;

use std::fs::File;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use object_store::{GetOptions, PutOptions};

use super::local::Local;
use super::remote::Remote;
use super::{Backend, Bucket, Error, Form, Hash, Place, S3, Storage, conformance};
use crate::test_folder::TestFolder;

/// Runs a check on a new local directory, and in a new place of an S3 server where there is one.
pub(crate) async fn on_both(check: impl AsyncFn(Storage)) {
    let folder = TestFolder::new("storage");
    check(Storage::local(&folder.path().join("local")).unwrap()).await;
    if let Some(server) = shared() {
        let place = Place::from(place(server));
        check(place.open(&folder.path().join("spool")).await.unwrap()).await;
    }
}

/// The S3 server that tests share; `None` where there is none.
pub(crate) fn shared() -> Option<&'static s3::Server> {
    static SERVER: OnceLock<Option<s3::Server>> = OnceLock::new();
    SERVER.get_or_init(s3::Server::start).as_ref()
}

/// A place on the server, below a prefix of its own.
pub(crate) fn place(server: &s3::Server) -> S3 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    S3 {
        endpoint: Some(server.endpoint()),
        region: "us-east-1".to_owned(),
        bucket: s3::BUCKET.to_owned(),
        path_style: true,
        credentials_file: server.credentials(),
        prefix: Some(format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed))),
        tls_authority: None,
        timeout_s: 20,
    }
}

impl From<S3> for Place {
    fn from(s3: S3) -> Self {
        Self::Bucket(Bucket::S3(s3))
    }
}

impl Storage {
    /// Puts other bytes under an object's name behind the storage's back; its time of receipt stays.
    pub(crate) async fn damage(&self, hash: Hash, bytes: &[u8]) {
        match &self.backend {
            Backend::Local(local) => {
                let path = local.path(Form::Received, hash);
                let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
                std::fs::write(&path, bytes).unwrap();
                let file = File::options().write(true).open(&path).unwrap();
                file.set_modified(modified).unwrap();
            }
            Backend::Remote(remote) => {
                let key = Remote::key(hash);
                let there = remote.store.get_opts(&key, GetOptions::default()).await.unwrap();
                let options = PutOptions {
                    attributes: there.attributes.clone(),
                    ..PutOptions::default()
                };
                let bytes = Bytes::copy_from_slice(bytes);
                remote.store.put_opts(&key, bytes.into(), options).await.unwrap();
            }
        }
    }
}

pub(super) async fn store(storage: &Storage, bytes: &[u8]) -> super::Result<super::Committed> {
    let mut staging = storage.stage();
    staging.write(bytes).await?;
    storage.commit(staging.finish()).await
}

#[tokio::test]
async fn every_backend_conforms() {
    on_both(async |storage: Storage| conformance::check(&storage).await).await;
    let folder = TestFolder::new("conformance");
    let memory = Arc::new(object_store::memory::InMemory::new());
    conformance::check(&Storage::remote(memory, folder.path()).unwrap()).await;
}

#[tokio::test]
async fn a_flipped_bit_is_found_never_served_and_healed_by_the_sender() {
    on_both(async |storage: Storage| flipped(&storage).await).await;
}

async fn flipped(storage: &Storage) {
    for size in [100_000, 10_000_000] {
        let bytes = vec![7; size];
        let good = store(storage, &bytes).await.unwrap().object;
        store(storage, b"another").await.unwrap();
        let mut damaged = bytes.clone();
        damaged[50_000] ^= 1;
        storage.damage(good.hash, &damaged).await;
        assert!(matches!(
            storage.read(good.hash, 1 << 30).await,
            Err(Error::Damaged { .. })
        ));
        assert!(matches!(
            storage.range(good.hash, 0..4).await,
            Err(Error::Damaged { .. })
        ));
        assert!(storage.open(good.hash).await.is_err());
        let report = storage.scrub().await.unwrap();
        assert_eq!(
            report.bad.iter().map(|bad| bad.hash).collect::<Vec<_>>(),
            [good.hash]
        );
        // Sent once more, the good bytes take the place of the bad ones, and the time of receipt stays.
        let again = store(storage, &bytes).await.unwrap();
        assert!(!again.existed);
        assert_eq!(again.object, good);
        assert!(storage.scrub().await.unwrap().bad.is_empty());
    }
}

#[tokio::test]
async fn what_a_crash_left_is_removed_at_the_start() {
    let folder = TestFolder::new("leftover");
    drop(Storage::local(folder.path()).unwrap());
    std::fs::write(folder.path().join("incoming/1-1"), b"half an obj").unwrap();
    let storage = Storage::local(folder.path()).unwrap();
    assert_eq!(
        std::fs::read_dir(folder.path().join("incoming")).unwrap().count(),
        0
    );
    assert!(matches!(Storage::local(folder.path()), Err(Error::InUse)));
    assert!(storage.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn times_of_receipt_never_turn_round() {
    on_both(async |storage: Storage| {
        let far = 4_000_000_000_000_000_000;
        storage.not_before(far);
        let first = store(&storage, b"1").await.unwrap().object;
        let second = store(&storage, b"2").await.unwrap().object;
        assert!(far < first.received_ns && first.received_ns < second.received_ns);
        let mut listed = storage.list_received().await.unwrap();
        listed.sort();
        assert_eq!(listed, [first, second]);
        assert_eq!(storage.info(first.hash).await.unwrap(), first);
    })
    .await;
}

#[tokio::test]
async fn a_copy_keeps_the_time_of_receipt_and_a_removed_object_is_gone() {
    on_both(async |storage: Storage| {
        let folder = TestFolder::new("copy");
        let other = Storage::local(folder.path()).unwrap();
        for size in [1000, 9_000_000] {
            let object = store(&other, &vec![3; size]).await.unwrap().object;
            storage
                .copy_from(&other, object.hash, object.received_ns)
                .await
                .unwrap();
            assert_eq!(storage.info(object.hash).await.unwrap(), object);
            storage.remove(object.hash).await.unwrap();
            storage.remove(object.hash).await.unwrap();
            assert!(matches!(
                storage.read(object.hash, 1 << 30).await,
                Err(Error::NotFound(_))
            ));
        }
        storage.answers().await.unwrap();
    })
    .await;
}

static SYNCS_LEFT: AtomicU32 = AtomicU32::new(0);

fn failing_sync(file: &File) -> std::io::Result<()> {
    let left = SYNCS_LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    match left {
        Ok(_) => file.sync_all(),
        Err(_) => Err(std::io::Error::from_raw_os_error(5)),
    }
}

#[tokio::test]
async fn a_failed_fsync_is_never_a_success() {
    let folder = TestFolder::new("fsync");
    SYNCS_LEFT.store(2, Ordering::SeqCst);
    let local = Local::open(folder.path(), failing_sync).unwrap();
    let storage = Storage::from(Backend::Local(Arc::new(local)));
    // The file's own fsync fails: nothing is there.
    assert!(matches!(store(&storage, b"file").await, Err(Error::Io(_))));
    assert!(storage.list().await.unwrap().is_empty());
    // The directory's fails: not acknowledged; the next attempt is, when it succeeds.
    SYNCS_LEFT.store(1, Ordering::SeqCst);
    assert!(matches!(store(&storage, b"folder").await, Err(Error::Io(_))));
    SYNCS_LEFT.store(10, Ordering::SeqCst);
    assert!(store(&storage, b"folder").await.is_ok());
    assert_eq!(
        std::fs::read_dir(folder.path().join("incoming")).unwrap().count(),
        0
    );
}

#[tokio::test]
async fn a_full_disk_is_an_error_of_its_own_and_leaves_nothing() {
    let folder = TestFolder::new("full");
    let Some(_mounted) = folder.mount_tmpfs("2m") else {
        eprintln!("skipped: full disk (no right to mount a tmpfs)");
        return;
    };
    let storage = Storage::local(folder.path()).unwrap();
    let first = store(&storage, &[1; 900_000]).await.unwrap().object;
    for size in [900_000, 5_000_000] {
        let mut staging = storage.stage();
        let mut outcome = Ok(());
        for piece in vec![2; size * 2].chunks(64_000) {
            outcome = staging.write(piece).await;
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() {
            outcome = storage.commit(staging.finish()).await.map(|_| ());
        } else {
            drop(staging);
        }
        assert!(matches!(outcome, Err(Error::Full)), "{outcome:?}");
        assert_eq!(
            std::fs::read_dir(folder.path().join("incoming")).unwrap().count(),
            0
        );
        assert_eq!(storage.list().await.unwrap(), [first]);
    }
    assert!(storage.scrub().await.unwrap().bad.is_empty());
    store(&storage, &[3; 500_000]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_of_the_same_and_other_bytes() {
    on_both(async |storage: Storage| {
        let tasks: Vec<_> = (0..60_u32)
            .map(|number| {
                let storage = storage.clone();
                tokio::spawn(async move {
                    store(&storage, &(number % 20).to_le_bytes())
                        .await
                        .unwrap()
                        .object
                })
            })
            .collect();
        let mut stored = std::collections::BTreeSet::new();
        for task in tasks {
            stored.insert(task.await.unwrap());
        }
        // All writers of the same bytes are told the same time of receipt.
        assert_eq!(stored.len(), 20);
        let listed = storage.list_received().await.unwrap();
        assert_eq!(stored, listed.into_iter().collect());
        assert!(storage.scrub().await.unwrap().bad.is_empty());
    })
    .await;
}
