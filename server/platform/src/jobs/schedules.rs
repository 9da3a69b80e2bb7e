//! What is done at times: each due time adds one job, by whichever node sees it first. Times that were missed while no node
//! ran are made up for once.

use std::collections::HashMap;

use database::{Connection, Sql};
use serde_json::Value;

use super::{Job, add};
use crate::clock::{DAY_NS, MINUTE_NS, Zone};
use crate::{Platform, Result};

/// When something is due.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// After each such time since 1970.
    Every {
        /// How long.
        period_ns: i64,
    },
    /// At a time of the day in the site's zone.
    Daily {
        /// Minutes after midnight.
        minute: u16,
    },
}

/// Something that is done at times.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Its name.
    pub name: &'static str,
    /// When it is due.
    pub when: When,
    /// The kind of its jobs.
    pub kind: &'static str,
}

/// All schedules.
pub const SCHEDULES: &[Schedule] = &[Schedule {
    name: "tidy",
    when: When::Every {
        period_ns: 60 * MINUTE_NS,
    },
    kind: "tidy",
}];

/// What is due at times as far as a node knows: backups where it has a place for them.
pub(super) fn of_node(platform: &Platform) -> Vec<Schedule> {
    let backup = platform.backups().map(|backups| Schedule {
        name: "backup",
        when: When::Daily {
            minute: backups.minute(),
        },
        kind: "backup",
    });
    SCHEDULES.iter().copied().chain(backup).collect()
}

impl When {
    /// The last time at which it was due.
    #[must_use]
    pub fn last_due_ns(self, now_ns: i64, zone: Zone) -> i64 {
        match self {
            Self::Every { period_ns } => now_ns - now_ns.rem_euclid(period_ns),
            Self::Daily { minute } => {
                let local_ns = now_ns + zone.offset_ns() - i64::from(minute) * MINUTE_NS;
                now_ns - local_ns.rem_euclid(DAY_NS)
            }
        }
    }

    /// Due times that are nearer than this to the last are the same one: where a site puts its clocks back, by its zone, the
    /// same time of the day comes twice.
    fn nearest_ns(self) -> i64 {
        match self {
            Self::Every { .. } => 0,
            Self::Daily { .. } => DAY_NS / 2,
        }
    }
}

/// Due times that are known to be done here, so that the table is not asked again before the next.
#[derive(Debug, Default)]
pub(super) struct Dues(HashMap<&'static str, i64>);

/// Adds the jobs of what is due.
pub(super) async fn fire(platform: &Platform, schedules: &[Schedule], dues: &mut Dues) -> Result<()> {
    let now_ns = platform.clock().now_ns();
    for schedule in schedules {
        let due_ns = schedule.when.last_due_ns(now_ns, platform.settings().zone);
        if dues.0.get(schedule.name) == Some(&due_ns) {
            continue;
        }
        let change = platform.writer().begin().await?;
        if is_first(&*change, schedule, due_ns).await? {
            let job = Job {
                kind: schedule.kind,
                arguments: Value::Null,
                organisation: None,
                person: None,
                key: format!("schedule {} {due_ns}", schedule.name),
                at_ns: 0,
            };
            add(&*change, &job, now_ns).await?;
        }
        change.commit().await?;
        dues.0.insert(schedule.name, due_ns);
    }
    Ok(())
}

/// Whether a due time is done by whoever asks: written down for all nodes. A new schedule begins with its next time.
async fn is_first(change: &impl Connection, schedule: &Schedule, due_ns: i64) -> Result<bool> {
    let mut begin = Sql::new("INSERT INTO schedules (name, last_ns) VALUES (");
    begin
        .bind(schedule.name)
        .push(", ")
        .bind(due_ns)
        .push(") ON CONFLICT (name) DO NOTHING");
    if begin.run(change).await? == 1 {
        return Ok(false);
    }
    let mut sql = Sql::new("UPDATE schedules SET last_ns = ");
    sql.bind(due_ns).push(" WHERE name = ").bind(schedule.name);
    sql.push(" AND last_ns < ").bind(due_ns);
    sql.push(" AND last_ns <= ")
        .bind(due_ns - schedule.when.nearest_ns());
    Ok(sql.run(change).await? == 1)
}
