//! What every storage must do, whatever lies behind it: tests of each backend call [`check`].

use futures_util::TryStreamExt;

use super::{Error, Hash, Storage};

/// Stores, reads and refuses, and panics where the storage does not do as documented.
///
/// # Panics
///
/// When the storage does not conform.
pub async fn check(storage: &Storage) {
    for size in [0, 1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 20_000_000] {
        let bytes = pattern(size);
        stores_and_gives_back(storage, &bytes).await;
    }
    nothing_comes_of_what_is_dropped(storage).await;
    refuses_what_is_not_there(storage).await;
    let report = storage.scrub().await.expect("a scrub of good objects");
    assert!(report.bad.is_empty() && report.objects == 7, "{report:?}");
}

/// Bytes that differ from their neighbours.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + at / 251) as u8).collect()
}

async fn stores_and_gives_back(storage: &Storage, bytes: &[u8]) {
    let hash = Hash::of(bytes);
    let mut first = None;
    for existed in [false, true] {
        let mut staging = storage.stage();
        for piece in bytes.chunks(100_000) {
            staging.write(piece).await.expect("staging");
        }
        let committed = storage.commit(staging.finish()).await.expect("commit");
        assert_eq!(committed.existed, existed);
        assert_eq!(committed.object.hash, hash);
        assert_eq!(committed.object.size, bytes.len() as u64);
        assert_eq!(*first.get_or_insert(committed.object), committed.object);
    }
    let limit = bytes.len() as u64;
    assert_eq!(storage.read(hash, limit).await.expect("read"), bytes);
    let pieces = storage.open(hash).await.expect("open");
    let pieces: Vec<bytes::Bytes> = pieces.try_collect().await.expect("stream");
    assert_eq!(pieces.concat(), bytes);
    let middle = bytes.len() / 3..bytes.len() / 2;
    let range = middle.start as u64..middle.end as u64;
    assert_eq!(storage.range(hash, range).await.expect("range"), &bytes[middle]);
    assert!(matches!(
        storage.range(hash, 0..limit + 1).await,
        Err(Error::OutOfRange { .. })
    ));
    if limit > 0 {
        assert!(matches!(
            storage.read(hash, limit - 1).await,
            Err(Error::TooLarge { .. })
        ));
    }
    let listed = storage.list().await.expect("list");
    assert_eq!(listed.iter().filter(|object| object.hash == hash).count(), 1);
}

async fn nothing_comes_of_what_is_dropped(storage: &Storage) {
    let before = storage.list().await.expect("list").len();
    let mut staging = storage.stage();
    staging.write(&pattern(3_000_000)).await.expect("staging");
    drop(staging.finish());
    assert_eq!(storage.list().await.expect("list").len(), before);
}

async fn refuses_what_is_not_there(storage: &Storage) {
    let hash = Hash::of(b"never stored");
    assert!(matches!(storage.read(hash, 10).await, Err(Error::NotFound(_))));
    assert!(matches!(storage.range(hash, 0..1).await, Err(Error::NotFound(_))));
    assert!(matches!(storage.open(hash).await.err(), Some(Error::NotFound(_))));
}
