//! A full disk is told in the protocol's own words, and costs nothing that was acknowledged.

use dimse::Status;

use super::senders::{check, store, stow};
use super::{Served, folders};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_loses_nothing() {
    let Some(data) = folders::small("full", "12m") else {
        eprintln!("skipped: no right to mount a small file system");
        return;
    };
    let served = Served::start(&data.path().join("data"));
    let (mut acknowledged, refused) = store(served.dicom, 0, (0..500).collect()).await;
    assert!(
        !acknowledged.is_empty() && !refused.is_empty(),
        "{} acknowledged, {} refused",
        acknowledged.len(),
        refused.len()
    );
    assert!(
        refused.iter().all(|status| *status == Status::OUT_OF_RESOURCES),
        "{refused:?}"
    );
    let (stowed, statuses) = stow(served.http, 0, (500..550).collect()).await;
    assert!(statuses.contains(&507), "{statuses:?}");
    acknowledged.extend(stowed);
    check(served.dicom, 0, &acknowledged, 550).await;
    served.kill();
    let served = Served::start(&data.path().join("data"));
    check(served.dicom, 0, &acknowledged, 550).await;
}
