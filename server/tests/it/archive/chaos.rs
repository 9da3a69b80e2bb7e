//! Killed at any moment, the archive has everything it acknowledged.

use std::path::Path;
use std::time::Duration;

use super::objects::Random;
use super::senders::{check, store, stow};
use super::{Served, folders, verified};

/// Rounds: a few with every test, 50 in the long form (`make test-long`).
pub fn rounds(variable: &str, short: u64) -> u64 {
    let said = std::env::var(variable).ok();
    said.map_or(short, |text| text.parse().expect("a number of rounds"))
}

/// Images of a round: 800 on four associations, 200 by STOW.
const IMAGES: u64 = 1000;

/// Sends until everything is sent or `kill_after` has passed; gives what was acknowledged.
async fn send(served: &Served, round: u64, kill_after: Duration) -> Vec<u64> {
    let mut associations = tokio::task::JoinSet::new();
    for part in 0..4 {
        let numbers = (part * 200..(part + 1) * 200).collect();
        let dicom = served.dicom;
        associations.spawn(async move { store(dicom, round, numbers).await.0 });
    }
    let (http, numbers) = (served.http, (800..IMAGES).collect());
    associations.spawn(async move { stow(http, round, numbers).await.0 });
    let mut acknowledged = Vec::new();
    let kill = served_killer(served);
    let mut until = std::pin::pin!(tokio::time::sleep(kill_after));
    let mut is_killed = false;
    loop {
        tokio::select! {
            () = &mut until, if !is_killed => {
                kill();
                is_killed = true;
            }
            ended = associations.join_next() => match ended {
                None => break,
                Some(numbers) => acknowledged.extend(numbers.unwrap()),
            }
        }
    }
    acknowledged
}

fn served_killer(served: &Served) -> impl Fn() + use<> {
    let id = served.process.id().to_string();
    move || {
        let killed = std::process::Command::new("kill").args(["-9", &id]).status();
        assert!(killed.unwrap().success());
    }
}

async fn round(data: &Path, round: u64, random: &mut Random) -> u64 {
    let served = Served::start(data);
    let kill_after = Duration::from_millis(50 + random.below(4000));
    let acknowledged = send(&served, round, kill_after).await;
    drop(served);
    let served = Served::start(data);
    check(served.dicom, round, &acknowledged, IMAGES).await;
    drop(served);
    acknowledged.len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let data = folders::new("chaos");
    let mut random = Random::new(rounds("UPTAKE_REQUIRE_CHAOS_SEED", 1));
    let mut all = 0;
    for number in 0..rounds("UPTAKE_REQUIRE_CHAOS_ROUNDS", 3) {
        all += round(data.path(), number, &mut random).await;
    }
    assert!(all > 0, "nothing was acknowledged: the test shows nothing");
    let report = verified(data.path());
    assert_eq!(report["missing"].as_array().unwrap().len(), 0);
    assert_eq!(report["damaged"].as_array().unwrap().len(), 0);
    eprintln!("{all} images acknowledged, all there");
}
