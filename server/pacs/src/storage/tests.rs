use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::local::Local;
use super::{Backend, Error, Hash, Storage, conformance};
use crate::test_folder::TestFolder;

async fn store(storage: &Storage, bytes: &[u8]) -> super::Result<super::Committed> {
    let mut staging = storage.stage();
    staging.write(bytes).await?;
    storage.commit(staging.finish()).await
}

fn object_path(folder: &TestFolder, hash: Hash) -> PathBuf {
    folder
        .path()
        .join(format!("objects/{}/{hash}", &hash.to_string()[..2]))
}

#[tokio::test]
async fn every_backend_conforms() {
    let folder = TestFolder::new("conformance");
    conformance::check(&Storage::local(&folder.path().join("local")).unwrap()).await;
    let memory = Arc::new(object_store::memory::InMemory::new());
    conformance::check(&Storage::remote(memory, &folder.path().join("memory-spool")).unwrap()).await;
    let root = folder.path().join("files");
    std::fs::create_dir(&root).unwrap();
    let files = object_store::local::LocalFileSystem::new_with_prefix(root).unwrap();
    let files = Arc::new(files.with_fsync(true));
    conformance::check(&Storage::remote(files, &folder.path().join("files-spool")).unwrap()).await;
}

#[tokio::test]
async fn a_flipped_bit_is_found_never_served_and_healed_by_the_sender() {
    let folder = TestFolder::new("flipped");
    let storage = Storage::local(folder.path()).unwrap();
    let bytes = vec![7; 100_000];
    let good = store(&storage, &bytes).await.unwrap().object;
    store(&storage, b"another").await.unwrap();
    let mut damaged = bytes.clone();
    damaged[50_000] ^= 1;
    let path = object_path(&folder, good.hash);
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, &damaged).unwrap();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert!(matches!(
        storage.read(good.hash, 1 << 20).await,
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
    let again = store(&storage, &bytes).await.unwrap();
    assert!(!again.existed);
    assert_eq!(again.object, good);
    assert!(storage.scrub().await.unwrap().bad.is_empty());
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
    let folder = TestFolder::new("times");
    let storage = Storage::local(folder.path()).unwrap();
    let far = 4_000_000_000_000_000_000;
    storage.not_before(far);
    let first = store(&storage, b"1").await.unwrap().object;
    let second = store(&storage, b"2").await.unwrap().object;
    assert!(far < first.received_ns && first.received_ns < second.received_ns);
    let mut listed = storage.list().await.unwrap();
    listed.sort();
    assert_eq!(listed, [first, second]);
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
    let storage = Storage {
        backend: Backend::Local(Arc::new(local)),
        cold: None,
    };
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
    let folder = TestFolder::new("writers");
    let storage = Storage::local(folder.path()).unwrap();
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
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(storage.list().await.unwrap().len(), 20);
    assert!(storage.scrub().await.unwrap().bad.is_empty());
}
