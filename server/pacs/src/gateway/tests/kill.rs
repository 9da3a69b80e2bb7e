//! All arrive once, though the network is cut and the gateway killed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{key, to_cloud};
use crate::delivery::State;
use crate::events::EventTable;
use crate::gateway::Kind;
use crate::routing::tests::damage;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, archive, count, file, until};

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
                "gateway::tests::kill::child_that_delivers_until_it_is_killed",
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
    let pieces = cloud.archive.storage().pieces_folder();
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
