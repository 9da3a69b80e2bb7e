//! The table of removals.

use database::{Connection, Row, Sql};

use super::model::{Removal, State};
use crate::organisations::store::only;
use crate::{Error, Result};

const COLUMNS: &str = "id, asked_by, asked_ns, days, last, entries, state, decided_by, decided_ns, done_ns";

fn removal(row: &Row) -> Result<Removal> {
    let word: String = row.get(6)?;
    Ok(Removal {
        id: row.get(0)?,
        asked_by: row.get(1)?,
        asked_ns: row.get(2)?,
        days: row.get(3)?,
        last: row.get(4)?,
        entries: row.get(5)?,
        state: State::from_word(&word)
            .ok_or_else(|| Error::internal(format_args!("expected a state of a removal, found {word}")))?,
        decided_by: row.get(7)?,
        decided_ns: row.get(8)?,
        done_ns: row.get(9)?,
    })
}

/// Those that were asked for, the latest first.
pub(super) async fn list(connection: &impl Connection, limit: u32) -> Result<Vec<Removal>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM journal_removals ORDER BY id DESC LIMIT "
    ));
    let rows = sql.bind(i64::from(limit)).all(connection).await?;
    rows.iter().map(removal).collect()
}

/// One by its number.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Removal>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM journal_removals WHERE id = "));
    let row = sql.bind(id).one(connection).await?;
    row.as_ref().map(removal).transpose()
}

/// The first that was confirmed and is not done.
pub(super) async fn confirmed(connection: &impl Connection) -> Result<Option<Removal>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM journal_removals WHERE state = "));
    sql.bind(State::Confirmed.word()).push(" ORDER BY id LIMIT 1");
    sql.one(connection).await?.as_ref().map(removal).transpose()
}

/// Adds one; gives its number.
pub(super) async fn add(
    connection: &impl Connection,
    asked_by: i64,
    days: i64,
    oldest: journal::Oldest,
    now_ns: i64,
) -> Result<i64> {
    let mut sql =
        Sql::new("INSERT INTO journal_removals (asked_by, asked_ns, days, last, entries, state) VALUES (");
    sql.bind_all([asked_by, now_ns, days, oldest.last, oldest.entries]);
    sql.push(", ").bind(State::Asked.word()).push(") RETURNING id");
    only(&sql, connection).await
}

/// Notes what somebody decided.
pub(super) async fn decide(
    connection: &impl Connection,
    id: i64,
    state: State,
    by: i64,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE journal_removals SET state = ");
    sql.bind(state.word()).push(", decided_by = ").bind(by);
    sql.push(", decided_ns = ").bind(now_ns);
    sql.push(" WHERE id = ").bind(id).run(connection).await?;
    Ok(())
}

/// Notes that the last entry is removed.
pub(super) async fn done(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE journal_removals SET state = ");
    sql.bind(State::Done.word()).push(", done_ns = ").bind(now_ns);
    sql.push(" WHERE id = ").bind(id).run(connection).await?;
    Ok(())
}
