//! Several nodes on one database.

use super::*;

/// A number that follows from the one before, for schedules of the test that can be had again.
fn next(chance: &mut u64) -> u64 {
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    *chance
}

/// Workers on several nodes, some of which die in the middle: each job has its effect once, and none is done by two at a
/// time while its lease holds.
async fn several_nodes(site: &Site, seed: u64) {
    let mut chance = seed;
    let keys: Vec<String> = (0..24)
        .map(|number| key(site, &format!("{seed} {number}")))
        .collect();
    for key in &keys {
        add_one(site, "alone", key, json!({ "pause_ms": next(&mut chance) % 4 })).await;
    }
    let nodes = [site.node().await, site.node().await];
    for _ in 0..200 {
        let done = site.count("SELECT COUNT(*) FROM jobs WHERE state = 'done'").await;
        if done == keys.len() as i64 {
            break;
        }
        let workers = nodes.iter().map(|node| Worker::new(node.clone(), TESTED, &[]));
        let [one, other]: [Worker; 2] = workers.collect::<Vec<_>>().try_into().unwrap();
        let (first, second) = (1 + next(&mut chance) % 3, 1 + next(&mut chance) % 3);
        let both = tokio::join!(one.step(first as usize), other.step(second as usize));
        both.0.unwrap();
        both.1.unwrap();
        if next(&mut chance).is_multiple_of(3) {
            // Taken, and gone.
            drop(one.take(1).await.unwrap());
            site.pass(MINUTE_NS);
        }
    }
    for key in &keys {
        assert_eq!(effects(site, key).await, 1, "{key}");
        assert_eq!(state(site, key).await.0, "done", "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_sqlite_never_do_a_job_twice() {
    for seed in [1, 20_261_130, 0xDEAD_BEEF] {
        several_nodes(&Site::new().await, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_postgresql_never_do_a_job_twice() {
    for seed in [2, 20_261_201, 0xFEED_F00D] {
        let Some(place) = test_postgres::database() else {
            return;
        };
        let site = Site::at(Settings::default(), Some(place)).await;
        several_nodes(&site, seed).await;
    }
}
