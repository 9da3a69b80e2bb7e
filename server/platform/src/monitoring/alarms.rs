//! Alarms: one row for a condition from when it begins until it is over, however often it is found again.
//!
//! A condition that comes and goes more than [`FLIPS`] times within [`FLAPPING_NS`] stays one alarm that flaps: people are told
//! of that once, and it is over when the condition has not come back for as long.

use database::{Connection, Row, Sql, Transaction};
use journal::Entry;
use serde_json::json;

use super::{Kind, Severity};
use crate::clock::MINUTE_NS;
use crate::messages::{self, Notice};
use crate::people::store as people;
use crate::{Platform, Result};

/// A condition that began so often within [`FLAPPING_NS`] flaps when it begins once more.
pub(super) const FLIPS: i64 = 3;
/// Within which time, and how long it must be calm.
pub(super) const FLAPPING_NS: i64 = 15 * MINUTE_NS;
/// Characters of a subject and of a detail that are kept.
const LONGEST: usize = 200;

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its number.
    pub id: i64,
    /// What is wrong.
    pub kind: Kind,
    /// With what: `server:3/disk:data`.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// A figure, or a word of whoever raised it; nothing of patients.
    pub detail: String,
    /// When it began.
    pub first_ns: i64,
    /// When it was found last.
    pub last_ns: i64,
    /// How often it was found.
    pub count: i64,
    /// Whether it comes and goes.
    pub is_flapping: bool,
    /// Since when a flapping one is calm.
    pub calm_ns: Option<i64>,
    /// Who has seen it.
    pub acknowledged_by: Option<i64>,
    /// When.
    pub acknowledged_ns: Option<i64>,
    /// When it was over.
    pub cleared_ns: Option<i64>,
    /// How many of those on call were told.
    pub told: i64,
    /// When the last.
    pub told_ns: Option<i64>,
}

const COLUMNS: &str = "id, kind, subject, severity, detail, first_ns, last_ns, count, is_flapping, calm_ns, \
                       acknowledged_by, acknowledged_ns, cleared_ns, told, told_ns";

/// A kind of a later version is left out.
fn alarm(row: &Row) -> Result<Option<Alarm>> {
    let (kind, severity): (String, String) = (row.get(1)?, row.get(3)?);
    let (Some(kind), Some(severity)) = (Kind::from_word(&kind), Severity::from_word(&severity)) else {
        return Ok(None);
    };
    Ok(Some(Alarm {
        id: row.get(0)?,
        kind,
        subject: row.get(2)?,
        severity,
        detail: row.get(4)?,
        first_ns: row.get(5)?,
        last_ns: row.get(6)?,
        count: row.get(7)?,
        is_flapping: row.get::<i64>(8)? != 0,
        calm_ns: row.get(9)?,
        acknowledged_by: row.get(10)?,
        acknowledged_ns: row.get(11)?,
        cleared_ns: row.get(12)?,
        told: row.get(13)?,
        told_ns: row.get(14)?,
    }))
}

async fn of(connection: &impl Connection, sql: &Sql) -> Result<Vec<Alarm>> {
    let rows = sql.all(connection).await?;
    rows.iter().filter_map(|row| alarm(row).transpose()).collect()
}

/// Alarms that are not over, the worst and then the latest first.
///
/// # Errors
///
/// The database's.
pub async fn open(connection: &impl Connection) -> Result<Vec<Alarm>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM alarms WHERE cleared_ns IS NULL ORDER BY severity, id DESC LIMIT 1000"
    ));
    of(connection, &sql).await
}

/// All alarms before one, the latest first.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection, before: Option<i64>, limit: u32) -> Result<Vec<Alarm>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM alarms WHERE id < "));
    sql.bind(before.unwrap_or(i64::MAX))
        .push(" ORDER BY id DESC LIMIT ")
        .bind(i64::from(limit));
    of(connection, &sql).await
}

/// An alarm by its number.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Alarm>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM alarms WHERE id = "));
    sql.bind(id);
    Ok(of(connection, &sql).await?.pop())
}

/// The alarm of a condition that is not over.
async fn standing(connection: &impl Connection, kind: Kind, subject: &str) -> Result<Option<Alarm>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM alarms WHERE cleared_ns IS NULL AND kind = "
    ));
    sql.bind(kind.word()).push(" AND subject = ").bind(subject);
    Ok(of(connection, &sql).await?.pop())
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// Says that something is wrong. Said again of what is wrong already, it is counted; what got worse is told again. Details are
/// figures and words of the program: never of a patient.
///
/// # Errors
///
/// The database's.
pub async fn raise(
    platform: &Platform,
    change: &Transaction,
    kind: Kind,
    subject: &str,
    detail: &str,
) -> Result<()> {
    raise_as(platform, change, kind, kind.severity(), subject, detail).await
}

/// As [`raise`], with how bad it is.
pub(super) async fn raise_as(
    platform: &Platform,
    change: &Transaction,
    kind: Kind,
    severity: Severity,
    subject: &str,
    detail: &str,
) -> Result<()> {
    let (subject, detail) = (short(subject), short(detail));
    let now_ns = platform.clock().now_ns();
    let Some(before) = standing(change, kind, &subject).await? else {
        return begin(change, kind, severity, &subject, &detail, now_ns).await;
    };
    let is_worse = severity > before.severity && !before.is_flapping;
    let mut sql = Sql::new("UPDATE alarms SET calm_ns = NULL, count = count + 1, last_ns = ");
    sql.bind(now_ns).push(", detail = ").bind(detail.as_str());
    sql.push(", severity = ").bind(severity.word());
    if is_worse {
        // Whoever saw a warning has not seen this.
        sql.push(", acknowledged_by = NULL, acknowledged_ns = NULL, told = 0, told_ns = NULL");
    }
    sql.push(" WHERE id = ").bind(before.id).run(change).await?;
    if is_worse {
        record(
            change,
            "alarm.raised",
            before.id,
            kind,
            severity,
            &subject,
            now_ns,
        )
        .await?;
        tell(change, kind, &subject, now_ns).await?;
    }
    Ok(())
}

async fn begin(
    change: &Transaction,
    kind: Kind,
    severity: Severity,
    subject: &str,
    detail: &str,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM alarms WHERE kind = ");
    sql.bind(kind.word()).push(" AND subject = ").bind(subject);
    sql.push(" AND first_ns > ").bind(now_ns - FLAPPING_NS);
    let lately = crate::organisations::store::only(&sql, change).await?;
    let is_flapping = lately >= FLIPS;
    let mut sql = Sql::new(
        "INSERT INTO alarms (kind, subject, severity, detail, first_ns, last_ns, count, is_flapping, told) VALUES (",
    );
    sql.bind_all([kind.word(), subject, severity.word(), detail])
        .push(", ")
        .bind_all([now_ns, now_ns, 1, i64::from(is_flapping), 0])
        .push(") RETURNING id");
    let id = crate::organisations::store::only(&sql, change).await?;
    record(change, "alarm.raised", id, kind, severity, subject, now_ns).await?;
    tell(change, kind, subject, now_ns).await
}

/// Says that something is not wrong any more; what was not wrong stays so. Gives whether an alarm is over by it.
///
/// # Errors
///
/// The database's.
pub async fn clear(platform: &Platform, change: &Transaction, kind: Kind, subject: &str) -> Result<bool> {
    let now_ns = platform.clock().now_ns();
    let Some(before) = standing(change, kind, subject).await? else {
        return Ok(false);
    };
    if before.is_flapping {
        let mut sql = Sql::new("UPDATE alarms SET calm_ns = COALESCE(calm_ns, ");
        sql.bind(now_ns).push(") WHERE id = ").bind(before.id);
        sql.run(change).await?;
        return Ok(false);
    }
    finish(change, &before, now_ns).await?;
    Ok(true)
}

async fn finish(change: &Transaction, alarm: &Alarm, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE alarms SET cleared_ns = ");
    sql.bind(now_ns).push(" WHERE id = ").bind(alarm.id);
    sql.run(change).await?;
    record(
        change,
        "alarm.cleared",
        alarm.id,
        alarm.kind,
        alarm.severity,
        &alarm.subject,
        now_ns,
    )
    .await
}

/// Ends flapping alarms that are calm for long.
pub(super) async fn end_calm(change: &Transaction, now_ns: i64) -> Result<()> {
    for alarm in open(change).await? {
        if alarm
            .calm_ns
            .is_some_and(|calm_ns| now_ns - calm_ns >= FLAPPING_NS)
        {
            finish(change, &alarm, now_ns).await?;
        }
    }
    Ok(())
}

/// Ends all alarms about a server that is no longer watched.
pub(super) async fn end_of(change: &Transaction, server: &str, now_ns: i64) -> Result<()> {
    for alarm in open(change).await? {
        let rest = alarm.subject.strip_prefix(server);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            finish(change, &alarm, now_ns).await?;
        }
    }
    Ok(())
}

/// Notes who has seen an alarm; nobody further is told of it.
pub(super) async fn acknowledge(connection: &impl Connection, id: i64, by: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE alarms SET acknowledged_by = ");
    sql.bind(by).push(", acknowledged_ns = ").bind(now_ns);
    sql.push(" WHERE acknowledged_ns IS NULL AND id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Notes how many of those on call were told.
pub(super) async fn told(connection: &impl Connection, id: i64, told: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE alarms SET told = ");
    sql.bind(told).push(", told_ns = ").bind(now_ns);
    sql.push(" WHERE id = ").bind(id).run(connection).await?;
    Ok(())
}

async fn record(
    change: &Transaction,
    what: &'static str,
    id: i64,
    kind: Kind,
    severity: Severity,
    subject: &str,
    now_ns: i64,
) -> Result<()> {
    let entry = Entry {
        subject: Some(format!("alarm:{id}")),
        detail: Some(
            json!({ "kind": kind.word(), "severity": severity.word(), "about": subject }).to_string(),
        ),
        ..Entry::new(what, "monitoring", now_ns)
    };
    Ok(journal::append(change, &[entry]).await?)
}

/// Tells the system administrators at once.
async fn tell(change: &Transaction, kind: Kind, subject: &str, now_ns: i64) -> Result<()> {
    let about = super::pages::about(change, subject).await?;
    for person in people::holding(change, "monitoring").await? {
        let notice = Notice {
            person,
            organisation: None,
            kind: kind.notice(),
            arguments: &[("about", &about)],
            link: "/platform/monitoring".to_owned(),
            is_todo: false,
            subject: Some(subject.to_owned()),
        };
        messages::tell(change, &notice, now_ns).await?;
    }
    Ok(())
}
