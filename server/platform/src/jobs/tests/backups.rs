//! Backups by the site itself.

use std::collections::VecDeque;
use std::sync::Arc;

use database::schema::Boxed;

use super::super::backups::{Backups, Progress};
use super::super::{schedules, worker};
use super::*;
use crate::Platform;
use crate::monitoring::{self, Kind as Alarm};

/// Ends as it is told, one time after the other.
#[derive(Debug)]
struct Told(Mutex<VecDeque<Result<(), String>>>);

impl Backups for Told {
    fn minute(&self) -> u16 {
        150
    }

    fn make(&self, progress: Arc<Progress>) -> Boxed<'_, Result<(), String>> {
        let outcome = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            progress.say(8, 8);
            outcome.unwrap_or(Ok(()))
        })
    }
}

/// Does what is due on a node, and gives the states of backups with how many objects they had.
async fn round(site: &Site, node: &Platform) -> Vec<(String, i64)> {
    let schedules = schedules::of_node(node);
    fire(node, &schedules, &mut Dues::default()).await.unwrap();
    worker::work_off(node).await;
    let sql = Sql::new("SELECT state, all_parts FROM jobs WHERE kind = 'backup' ORDER BY id");
    let rows = sql.all(site.platform.readers()).await.unwrap();
    let row = |row: &database::Row| (row.get(0).unwrap(), row.get(1).unwrap());
    rows.iter().map(row).collect()
}

async fn alarms(site: &Site) -> Vec<Alarm> {
    let open = monitoring::open_alarms(site.platform.readers()).await;
    open.unwrap().iter().map(|alarm| alarm.kind).collect()
}

#[tokio::test]
async fn a_site_is_backed_up_once_a_day_and_three_failures_are_an_alarm() {
    let site = Site::new().await;
    let other = site.node().await;
    let full = || Err("the folder is full".to_owned());
    let outcomes = [full(), full(), full(), Ok(())];
    site.platform.back_up_by(Told(Mutex::new(outcomes.into())));
    let is = |states: &[(&str, i64)]| -> Vec<(String, i64)> {
        let owned = states.iter().map(|(state, all)| ((*state).to_owned(), *all));
        owned.collect()
    };
    // It is Monday, 10:00: the first is due at night.
    assert_eq!(round(&site, &site.platform).await, []);
    site.pass(17 * 60 * MINUTE_NS);
    assert_eq!(round(&site, &site.platform).await, is(&[("waiting", 8)]));
    // A node that knows no place for backups leaves it alone.
    site.pass(60 * MINUTE_NS);
    assert_eq!(round(&site, &other).await, is(&[("waiting", 8)]));
    assert_eq!(round(&site, &site.platform).await, is(&[("waiting", 8)]));
    assert_eq!(alarms(&site).await, []);
    site.pass(60 * MINUTE_NS);
    assert_eq!(round(&site, &site.platform).await, is(&[("failed", 8)]));
    assert_eq!(alarms(&site).await, [Alarm::BackupFailed]);
    let page = site.officer("jobs").await.get("/platform/jobs").await;
    assert!(
        page.text.contains("备份站点") && page.text.contains("8/8"),
        "{}",
        page.text
    );
    site.pass(DAY_NS);
    let states = round(&site, &site.platform).await;
    assert_eq!(states, is(&[("failed", 8), ("done", 8)]));
    assert_eq!(alarms(&site).await, []);
}

#[test]
fn the_last_kind_is_that_of_backups() {
    let backups: Vec<usize> = (0..KINDS.len())
        .filter(|at| KINDS[*at].word == "backup")
        .collect();
    assert_eq!(backups, [KINDS.len() - 1]);
}
