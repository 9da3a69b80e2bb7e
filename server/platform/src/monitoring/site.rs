//! What is measured of the site as a whole, by one of its processes.

use database::{Connection, Sql};

use super::alarms;
use super::kind::Kind;
use super::machine::Reading;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::organisations::store::only;
use crate::{Platform, Result};

/// How long back failed sign-ins are counted.
const SIGN_INS_NS: i64 = 10 * MINUTE_NS;
/// Entries of the journal that are looked at for them: what is beyond is older, or an attack already.
const ENTRIES: i64 = 20_000;

/// A backup is too old after a day and an hour; a new site has a week to make its first.
const BACKUP_NS: i64 = 25 * 60 * MINUTE_NS;
const FIRST_BACKUP_NS: i64 = 7 * DAY_NS;

/// Raises that the last backup is too old, or that there is none, and clears it.
pub(super) async fn backup(platform: &Platform, change: &database::Transaction, now_ns: i64) -> Result<()> {
    let at = async |sql: &str| -> Result<Option<i64>> {
        let row = Sql::new(sql).one(change).await?;
        Ok(row.map(|row| row.get(0)).transpose()?)
    };
    // Subjects sort as time does, and are found by an index.
    let last = at(
        "SELECT at_ns FROM journal WHERE subject >= 'backup:' AND subject < 'backup;' AND kind = 'backup.made' \
         ORDER BY subject DESC LIMIT 1",
    );
    let last = last.await?;
    let (since_ns, most_ns) = match last {
        Some(last_ns) => (last_ns, BACKUP_NS),
        None => match at("SELECT at_ns FROM journal ORDER BY id LIMIT 1").await? {
            Some(first_ns) => (first_ns, FIRST_BACKUP_NS),
            None => return Ok(()),
        },
    };
    let age_ns = now_ns - since_ns;
    if age_ns <= most_ns {
        alarms::clear(platform, change, Kind::BackupOld, "backup").await?;
        return Ok(());
    }
    let hours = format!("{} h", age_ns / (60 * MINUTE_NS));
    alarms::raise(platform, change, Kind::BackupOld, "backup", &hours).await
}

/// What stands in the tables of the archive and of the platform.
pub(super) async fn readings(connection: &impl Connection, now_ns: i64) -> Result<Vec<Reading>> {
    let counts = [
        (
            "jobs-failed",
            Sql::new("SELECT COUNT(*) FROM jobs WHERE state IN ('failed', 'unknown')"),
        ),
        (
            "delivery-held",
            Sql::new("SELECT COUNT(*) FROM deliveries WHERE state = 'quarantined'"),
        ),
        (
            "queue",
            Sql::new("SELECT COUNT(*) FROM deliveries WHERE state IN ('waiting', 'sending')"),
        ),
        (
            "damaged",
            Sql::new("SELECT COUNT(*) FROM scrubs WHERE damage IS NOT NULL"),
        ),
        ("sign-ins-failed", sign_ins(now_ns)),
    ];
    let mut readings = Vec::with_capacity(counts.len() + 1);
    for (metric, sql) in counts {
        let count = only(&sql, connection).await?;
        readings.push(Reading::new(metric, Some(count as f64)));
    }
    let sql = Sql::new("SELECT MIN(created_ns) FROM deliveries WHERE state = 'waiting'");
    let oldest: Option<i64> = match sql.one(connection).await? {
        Some(row) => row.get(0)?,
        None => None,
    };
    let waits_ns = oldest.map_or(0, |oldest_ns| now_ns.saturating_sub(oldest_ns).max(0));
    readings.push(Reading::new(
        "delivery-waits",
        Some(waits_ns as f64 / MINUTE_NS as f64),
    ));
    Ok(readings)
}

fn sign_ins(now_ns: i64) -> Sql {
    let mut sql = Sql::new(
        "SELECT COUNT(*) FROM journal WHERE kind = 'session.failed' AND id > (SELECT COALESCE(MAX(id), 0) FROM journal) - ",
    );
    sql.bind(ENTRIES).push(" AND at_ns > ").bind(now_ns - SIGN_INS_NS);
    sql
}
