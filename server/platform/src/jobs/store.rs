//! The table of jobs.

use database::{Backend, Connection, Database, Row, Sql, Transaction};
use serde_json::Value;

use super::Job;
use super::kinds::{Ended, Kind, Outside};
use crate::clock::DAY_NS;
use crate::{Error, Platform, Result, news};

/// A job that is being done.
#[derive(Debug)]
pub struct Task {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: &'static Kind,
    /// What it needs to know.
    pub arguments: Value,
    /// In which organisation it matters.
    pub organisation: Option<i64>,
    /// Who wants it.
    pub person: Option<i64>,
    /// What it does outside happens once under this key.
    pub key: String,
    /// How often it was begun, with this time.
    pub tries: i64,
    /// Whose it is as long as the lease holds: another word each time that it is taken.
    pub(super) worker: String,
}

impl Task {
    /// Notes that something goes outside now; when this has returned, it is known whatever happens next.
    ///
    /// # Errors
    ///
    /// The database's; [`Error::Gone`] where the lease was lost or the job is to end.
    pub async fn sending(&self, platform: &Platform) -> Result<()> {
        let change = platform.writer().begin().await?;
        let mut sql = Sql::new("UPDATE jobs SET sent_ns = COALESCE(sent_ns, ");
        sql.bind(platform.clock().now_ns())
            .push(") WHERE id = ")
            .bind(self.id);
        sql.push(" AND state = 'running' AND cancel_ns IS NULL AND worker = ")
            .bind(self.worker.as_str());
        if sql.run(&*change).await? != 1 {
            return Err(Error::Gone);
        }
        Ok(change.commit().await?)
    }

    /// Says how far it is.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn progress(&self, platform: &Platform, done: i64, all: i64) -> Result<()> {
        let change = platform.writer().begin().await?;
        let mut sql = Sql::new("UPDATE jobs SET done_parts = ");
        sql.bind(done).push(", all_parts = ").bind(all);
        sql.push(" WHERE id = ").bind(self.id);
        sql.push(" AND worker = ").bind(self.worker.as_str());
        sql.run(&*change).await?;
        Ok(change.commit().await?)
    }
}

const TASK: &str = "id, kind, arguments, organisation, person, key, tries";

fn task(row: &Row, kinds: &'static [Kind], worker: String) -> Result<Option<Task>> {
    let word: String = row.get(1)?;
    let Some(kind) = kinds.iter().find(|kind| kind.word == word) else {
        return Ok(None);
    };
    let arguments: String = row.get(2)?;
    Ok(Some(Task {
        id: row.get(0)?,
        kind,
        arguments: serde_json::from_str(&arguments).unwrap_or_default(),
        organisation: row.get(3)?,
        person: row.get(4)?,
        key: row.get(5)?,
        tries: row.get(6)?,
        worker,
    }))
}

/// Adds a job; `None` where there is one under its key.
pub(super) async fn add(change: &impl Connection, job: &Job, now_ns: i64) -> Result<Option<i64>> {
    let mut sql = Sql::new(
        "INSERT INTO jobs (kind, arguments, organisation, person, state, tries, at_ns, done_parts, all_parts, key, created_ns) VALUES (",
    );
    sql.bind(job.kind).push(", ").bind(job.arguments.to_string());
    sql.push(", ").bind(job.organisation).push(", ").bind(job.person);
    sql.push(", 'waiting', 0, ")
        .bind(job.at_ns.max(now_ns))
        .push(", 0, 0, ");
    sql.bind(job.key.as_str()).push(", ").bind(now_ns);
    sql.push(") ON CONFLICT (key) DO NOTHING RETURNING id");
    let Some(row) = sql.one(change).await? else {
        return Ok(None);
    };
    news::tell(change).await?;
    Ok(Some(row.get(0)?))
}

/// The condition that a job is of a kind that is known.
fn of_kinds(sql: &mut Sql, kinds: &[Kind]) {
    sql.push(" AND kind IN (")
        .bind_all(kinds.iter().map(|kind| kind.word));
    sql.push(")");
}

/// Whether there is anything to take.
pub(super) async fn is_due(readers: &Database, kinds: &[Kind], now_ns: i64) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM jobs WHERE state = 'waiting' AND at_ns <= ");
    of_kinds(sql.bind(now_ns), kinds);
    sql.push(" UNION ALL SELECT 1 FROM jobs WHERE state = 'running' AND leased_until_ns <= ");
    of_kinds(sql.bind(now_ns), kinds);
    sql.push(" LIMIT 1");
    Ok(sql.one(readers).await?.is_some())
}

/// Jobs whose lease has run out.
pub(super) async fn abandoned(
    change: &impl Connection,
    kinds: &'static [Kind],
    now_ns: i64,
) -> Result<Vec<Task>> {
    let mut sql = Sql::new(format!(
        "SELECT {TASK}, worker FROM jobs WHERE state = 'running' AND leased_until_ns <= "
    ));
    of_kinds(sql.bind(now_ns), kinds);
    locked(&mut sql, change);
    let mut found = Vec::new();
    for row in sql.all(change).await? {
        let worker = row.get::<Option<String>>(7)?.unwrap_or_default();
        found.extend(task(&row, kinds, worker)?);
    }
    Ok(found)
}

/// On PostgreSQL rows that somebody else holds are left to them.
fn locked(sql: &mut Sql, change: &impl Connection) {
    if change.backend() == Backend::Postgres {
        sql.push(" FOR UPDATE SKIP LOCKED");
    }
}

/// Takes jobs that are due, under a lease.
pub(super) async fn take(
    change: &impl Connection,
    kinds: &'static [Kind],
    most: usize,
    now_ns: i64,
    until_ns: i64,
) -> Result<Vec<Task>> {
    let mut sql = Sql::new(format!(
        "SELECT {TASK} FROM jobs WHERE state = 'waiting' AND at_ns <= "
    ));
    of_kinds(sql.bind(now_ns), kinds);
    sql.push(" ORDER BY at_ns, id LIMIT ").bind(most as i64);
    locked(&mut sql, change);
    let mut taken = Vec::new();
    for row in sql.all(change).await? {
        let worker = crate::secrets::hex(&crate::secrets::random::<12>()?);
        let Some(mut task) = task(&row, kinds, worker)? else {
            continue;
        };
        task.tries += 1;
        let mut sql = Sql::new("UPDATE jobs SET state = 'running', tries = ");
        sql.bind(task.tries)
            .push(", worker = ")
            .bind(task.worker.as_str());
        sql.push(", leased_until_ns = ").bind(until_ns);
        sql.push(", started_ns = ").bind(now_ns);
        sql.push(", cancel_ns = NULL WHERE state = 'waiting' AND id = ")
            .bind(task.id);
        if sql.run(change).await? == 1 {
            taken.push(task);
        }
    }
    Ok(taken)
}

/// What becomes of a lease that is to be prolonged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lease {
    Held,
    Lost,
    Cancelled,
}

/// Prolongs a lease.
pub(super) async fn prolong(platform: &Platform, task: &Task, until_ns: i64) -> Result<Lease> {
    let change = platform.writer().begin().await?;
    let mut sql = Sql::new("UPDATE jobs SET leased_until_ns = ");
    sql.bind(until_ns)
        .push(" WHERE state = 'running' AND id = ")
        .bind(task.id);
    sql.push(" AND worker = ")
        .bind(task.worker.as_str())
        .push(" RETURNING cancel_ns, sent_ns");
    let Some(row) = sql.one(&*change).await? else {
        return Ok(Lease::Lost);
    };
    change.commit().await?;
    // What has been sent cannot be called back.
    let is_cancelled = row.get::<Option<i64>>(0)?.is_some() && row.get::<Option<i64>>(1)?.is_none();
    Ok(if is_cancelled {
        Lease::Cancelled
    } else {
        Lease::Held
    })
}

/// Since when something has been sent outside for a job, and whether a person wants it no more.
pub(super) async fn marks(connection: &impl Connection, id: i64) -> Result<(Option<i64>, bool)> {
    let mut sql = Sql::new("SELECT sent_ns, cancel_ns FROM jobs WHERE id = ");
    let Some(row) = sql.bind(id).one(connection).await? else {
        return Ok((None, false));
    };
    Ok((row.get(0)?, row.get::<Option<i64>>(1)?.is_some()))
}

/// Ends a job for as long as its lease is held; `false` where it is another's by now. What the kind does with the end is
/// done in the same transaction.
pub(super) async fn end(
    platform: &Platform,
    change: &Transaction,
    task: &Task,
    ended: &Ended,
    now_ns: i64,
) -> Result<bool> {
    let (state, error) = match ended {
        Ended::Done(_) => ("done", None),
        Ended::Failed(why) => ("failed", Some(why.as_str())),
        Ended::Unknown(why) => ("unknown", Some(why.as_str())),
        Ended::Cancelled => ("cancelled", None),
        Ended::Again => ("waiting", None),
    };
    let mut sql = Sql::new("UPDATE jobs SET state = ");
    sql.bind(state).push(", error = ").bind(error.map(str::to_owned));
    sql.push(", ended_ns = ").bind(now_ns);
    if matches!(ended, Ended::Done(_)) {
        sql.push(", sent_ns = NULL");
    }
    sql.push(", worker = NULL, leased_until_ns = NULL, cancel_ns = NULL WHERE state = 'running' AND id = ")
        .bind(task.id);
    sql.push(" AND worker = ").bind(task.worker.as_str());
    if sql.run(change).await? != 1 {
        return Ok(false);
    }
    (task.kind.end)(platform, change, task, ended).await?;
    Ok(true)
}

/// Gives a job back, to be tried at a time. `is_unsent` where it is known that nothing was done outside.
pub(super) async fn give_back(
    change: &impl Connection,
    task: &Task,
    at_ns: i64,
    why: Option<&str>,
    is_unsent: bool,
) -> Result<bool> {
    let mut sql =
        Sql::new("UPDATE jobs SET state = 'waiting', worker = NULL, leased_until_ns = NULL, at_ns = ");
    sql.bind(at_ns).push(", error = ").bind(why.map(str::to_owned));
    if is_unsent {
        sql.push(", sent_ns = NULL");
    }
    sql.push(" WHERE state = 'running' AND id = ").bind(task.id);
    sql.push(" AND worker = ").bind(task.worker.as_str());
    Ok(sql.run(change).await? == 1)
}

/// A job as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) tries: i64,
    pub(super) at_ns: i64,
    pub(super) done_parts: i64,
    pub(super) all_parts: i64,
    pub(super) error: Option<String>,
    pub(super) created_ns: i64,
    pub(super) started_ns: Option<i64>,
    pub(super) ended_ns: Option<i64>,
    pub(super) cancel_ns: Option<i64>,
    pub(super) arguments: String,
    pub(super) organisation: Option<i64>,
    pub(super) person: Option<i64>,
}

const SHOWN: &str = "id, kind, state, tries, at_ns, done_parts, all_parts, error, created_ns, started_ns, ended_ns, \
    cancel_ns, arguments, organisation, person";

fn shown(row: &Row) -> Result<Shown> {
    Ok(Shown {
        id: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        tries: row.get(3)?,
        at_ns: row.get(4)?,
        done_parts: row.get(5)?,
        all_parts: row.get(6)?,
        error: row.get(7)?,
        created_ns: row.get(8)?,
        started_ns: row.get(9)?,
        ended_ns: row.get(10)?,
        cancel_ns: row.get(11)?,
        arguments: row.get(12)?,
        organisation: row.get(13)?,
        person: row.get(14)?,
    })
}

/// A job.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Shown>> {
    let mut sql = Sql::new(format!("SELECT {SHOWN} FROM jobs WHERE id = "));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(shown)
        .transpose()
}

/// Jobs, the latest first, before one.
pub(super) async fn list(
    connection: &impl Connection,
    state: Option<&str>,
    kind: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Shown>> {
    let mut sql = Sql::new(format!("SELECT {SHOWN} FROM jobs WHERE id < "));
    sql.bind(before.unwrap_or(i64::MAX));
    if let Some(state) = state {
        sql.push(" AND state = ").bind(state);
    }
    if let Some(kind) = kind {
        sql.push(" AND kind = ").bind(kind);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(shown).collect()
}

/// How many jobs there are in each state.
pub(super) async fn counts(connection: &impl Connection) -> Result<Vec<(String, i64)>> {
    let rows = Sql::new("SELECT state, COUNT(*) FROM jobs GROUP BY state");
    let rows = rows.all(connection).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A job that a person decides about, in one of the states in which that may be decided.
pub(super) async fn decided(
    change: &impl Connection,
    kinds: &'static [Kind],
    id: i64,
    states: &[&str],
) -> Result<Option<Task>> {
    let mut sql = Sql::new(format!("SELECT {TASK} FROM jobs WHERE id = "));
    sql.bind(id)
        .push(" AND state IN (")
        .bind_all(states.iter().copied())
        .push(")");
    let row = sql.one(change).await?;
    row.map_or(Ok(None), |row| task(&row, kinds, String::new()))
}

/// Puts a job that nobody works on into another state; tried again it begins anew, and what was sent for it is forgotten.
pub(super) async fn set(change: &impl Connection, id: i64, state: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE jobs SET state = ");
    sql.bind(state);
    match state {
        "waiting" => sql
            .push(", tries = 0, error = NULL, sent_ns = NULL, ended_ns = NULL, at_ns = ")
            .bind(now_ns),
        _ => sql.push(", ended_ns = ").bind(now_ns),
    };
    sql.push(" WHERE id = ").bind(id);
    sql.run(change).await?;
    Ok(())
}

/// Asks a running job to end.
pub(super) async fn ask_to_end(change: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE jobs SET cancel_ns = ");
    sql.bind(now_ns)
        .push(" WHERE state = 'running' AND id = ")
        .bind(id);
    sql.run(change).await?;
    Ok(())
}

/// Failed jobs, of a kind or of all.
pub(super) async fn failed(change: &impl Connection, kind: Option<&str>, limit: u32) -> Result<Vec<i64>> {
    let mut sql = Sql::new("SELECT id FROM jobs WHERE state = 'failed'");
    if let Some(kind) = kind {
        sql.push(" AND kind = ").bind(kind);
    }
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(limit));
    let rows = sql.all(change).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// Removes what ended long ago.
pub(super) async fn tidy(change: &impl Connection, now_ns: i64) -> Result<()> {
    for (states, days) in [("'done', 'cancelled'", 30), ("'failed', 'unknown'", 180)] {
        let mut sql = Sql::new(format!(
            "DELETE FROM jobs WHERE state IN ({states}) AND ended_ns < "
        ));
        sql.bind(now_ns - days * DAY_NS).run(change).await?;
    }
    Ok(())
}

/// Whether what a kind does outside may have happened although no answer came.
pub(super) fn is_doubtful(kind: &Kind, sent_ns: Option<i64>, now_ns: i64) -> bool {
    kind.outside != Outside::Nothing && !kind.may_send_again(sent_ns, now_ns)
}
