//! Watching a site whose clock is moved, on a machine that says what the test wants.

mod faults;
mod pages;
mod rules;
mod telling;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pacs::events::Boxed;

use super::machine::{Reading, Sampler};
use super::*;
use crate::clock::SECOND_NS;
use crate::test_site::Site;

/// A machine on which all is well, but for what the test says.
#[derive(Debug, Clone, Default)]
struct Said {
    values: Arc<Mutex<BTreeMap<&'static str, Option<f64>>>>,
    has_no_database: Arc<std::sync::atomic::AtomicBool>,
}

impl Said {
    fn well() -> Self {
        let said = Self::default();
        for (name, value) in [
            ("cpu", 20.0),
            ("memory", 40.0),
            ("load", 0.5),
            ("disk:data", 30.0),
            ("storage:main", 3.0),
            ("dicom", 1.0),
            ("certificate:http", 200.0),
            ("clock", 0.0),
        ] {
            said.say(name, Some(value));
        }
        said
    }

    fn say(&self, name: &'static str, value: Option<f64>) {
        self.values.lock().unwrap().insert(name, value);
    }

    fn lose_database(&self, is_lost: bool) {
        self.has_no_database
            .store(is_lost, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Sampler for Said {
    fn sample(&self) -> Boxed<'_, Vec<Reading>> {
        let values = self.values.lock().unwrap().clone();
        Box::pin(async move {
            let reading = |(name, value): (&'static str, Option<f64>)| Reading::new(name, value);
            values.into_iter().map(reading).collect()
        })
    }

    fn database<'a>(&'a self, _: &'a database::Database) -> Boxed<'a, Option<f64>> {
        let is_lost = self.has_no_database.load(std::sync::atomic::Ordering::SeqCst);
        Box::pin(async move { (!is_lost).then_some(2.0) })
    }
}

/// A process of a site that watches with this.
async fn watching(site: &Site, name: &str, sampler: impl Sampler + 'static) -> Watch {
    let node = Node {
        name: name.to_owned(),
        roles: "all".to_owned(),
        version: "1.0".to_owned(),
        address: "127.0.0.1:8080".to_owned(),
    };
    let watch = Watch::begin(&site.platform, node, &None).await.unwrap();
    watch.with_sampler(sampler)
}

/// Lets seconds pass as the rounds do: a look every five, a beat every ten.
async fn pass(site: &Site, watch: &mut Watch, seconds: i64) {
    for step in 0..seconds / 5 {
        site.pass(5 * SECOND_NS);
        watch.look().await.unwrap();
        if step % 2 == 1 {
            watch.beat().await.unwrap();
        }
    }
}

async fn open(site: &Site) -> Vec<(Kind, Severity)> {
    let open = open_alarms(site.platform.readers()).await.unwrap();
    open.iter().map(|alarm| (alarm.kind, alarm.severity)).collect()
}
