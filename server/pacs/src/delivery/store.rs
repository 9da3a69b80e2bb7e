//! The queue's rows.

use super::{Backlog, Counted, Delivery, Filter, NewDelivery, State, Step};
use crate::index::{Change, Error, Index, Page, Restriction, Result, Sql};
use crate::storage::Hash;

/// Rows of one statement at most.
const BATCH: usize = 64;

const COLUMNS: &str = "id, destination, hash, sop_uid, study_uid, sop_class_uid, transfer_syntax_uid, state, \
                       attempts, not_before_ns, created_ns, changed_ns, reason";

/// How far a reader of events came; `None` when it never read.
pub(super) async fn cursor(index: &Index, reader: &str) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT event FROM event_cursors WHERE reader = ");
    sql.bind(reader);
    let row = sql.one(index.readers()).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

pub(super) async fn set_cursor(change: &Change, reader: &str, event: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO event_cursors (reader, event) VALUES (");
    sql.bind(reader).push(", ").bind(event);
    sql.push(") ON CONFLICT (reader) DO UPDATE SET event = ")
        .bind(event);
    sql.run(&**change).await?;
    Ok(())
}

/// Adds a row; one that is there already stays as it is.
pub(super) async fn add(change: &Change, new: &NewDelivery, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO deliveries (destination, hash, sop_uid, study_uid, sop_class_uid, transfer_syntax_uid, \
         state, attempts, not_before_ns, created_ns, changed_ns, reason) VALUES (",
    );
    let state = if new.held.is_some() {
        State::Quarantined
    } else {
        State::Waiting
    };
    let values: [database::Value; 12] = [
        new.destination.as_str().into(),
        new.hash.to_string().into(),
        new.sop_uid.as_str().into(),
        new.study_uid.as_str().into(),
        new.sop_class_uid.as_str().into(),
        new.transfer_syntax_uid.as_str().into(),
        state.as_str().into(),
        0_i64.into(),
        new.not_before_ns.into(),
        now_ns.into(),
        now_ns.into(),
        new.held.clone().into(),
    ];
    sql.bind_all(values)
        .push(") ON CONFLICT (destination, hash, sop_uid) DO NOTHING");
    sql.run(&**change).await?;
    Ok(())
}

/// How many different objects of this SOP Instance UID were queued for a destination.
pub(super) async fn versions(change: &Change, destination: &str, sop_uid: &str) -> Result<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM deliveries WHERE destination = ");
    sql.bind(destination).push(" AND sop_uid = ").bind(sop_uid);
    let row = sql.one(&**change).await?.ok_or(Error::Damaged("a count"))?;
    Ok(row.get(0)?)
}

/// Has what waits of a study, and was not tried yet, wait until then.
pub(super) async fn wait_until(
    change: &Change,
    destination: &str,
    study_uid: &str,
    not_before_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE deliveries SET not_before_ns = ");
    sql.bind(not_before_ns)
        .push(" WHERE destination = ")
        .bind(destination);
    sql.push(" AND study_uid = ").bind(study_uid);
    sql.push(" AND state = 'waiting' AND attempts = 0")
        .run(&**change)
        .await?;
    Ok(())
}

/// The study whose turn it is at a destination: of those that are not being sent, the one that came first and whose
/// own first need not wait.
pub(super) async fn next_study(
    index: &Index,
    destination: &str,
    now_ns: i64,
    busy: impl Iterator<Item = &str>,
) -> Result<Option<String>> {
    let mut sql = Sql::new("SELECT d.study_uid FROM deliveries d WHERE d.destination = ");
    sql.bind(destination)
        .push(" AND d.state = 'waiting' AND d.not_before_ns <= ")
        .bind(now_ns);
    for study_uid in busy {
        sql.push(" AND d.study_uid <> ").bind(study_uid);
    }
    sql.push(
        " AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.study_uid = d.study_uid \
         AND e.destination = d.destination AND e.state = 'waiting' AND e.id < d.id AND e.not_before_ns > ",
    );
    sql.bind(now_ns).push(") ORDER BY d.id LIMIT 1");
    let row = sql.one(index.readers()).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// When the next that waits may be sent, in nanoseconds since 1970.
pub(super) async fn next_due_ns(index: &Index, destination: &str) -> Result<Option<i64>> {
    let mut sql =
        Sql::new("SELECT MIN(not_before_ns) FROM deliveries WHERE state = 'waiting' AND destination = ");
    sql.bind(destination);
    let row = sql
        .one(index.readers())
        .await?
        .ok_or(Error::Damaged("a minimum"))?;
    Ok(row.get(0)?)
}

/// Takes the first of a study to be sent, in the order they came.
pub(super) async fn take(
    index: &Index,
    destination: &str,
    study_uid: &str,
    now_ns: i64,
) -> Result<Vec<Delivery>> {
    let change = index.begin().await?;
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM deliveries WHERE destination = "));
    sql.bind(destination).push(" AND study_uid = ").bind(study_uid);
    sql.push(" AND state = 'waiting' ORDER BY id LIMIT ")
        .bind(BATCH as i64);
    let mut taken = read(&sql.all(&*change).await?)?;
    for delivery in &mut taken {
        step(&change, delivery, Step::Take, None, now_ns, now_ns).await?;
    }
    change.commit().await?;
    Ok(taken)
}

/// Writes a step down; one that the state does not have changes nothing.
pub(super) async fn step(
    change: &Change,
    delivery: &mut Delivery,
    step: Step,
    reason: Option<&str>,
    not_before_ns: i64,
    now_ns: i64,
) -> Result<()> {
    let Ok(next) = delivery.state.next(step) else {
        return Ok(());
    };
    let tried = matches!(step, Step::Acknowledge | Step::Postpone | Step::Refuse);
    let attempts = match step {
        Step::Retry => 0,
        _ => delivery.attempts + i64::from(tried),
    };
    let mut sql = Sql::new("UPDATE deliveries SET state = ");
    sql.bind(next.as_str()).push(", attempts = ").bind(attempts);
    sql.push(", not_before_ns = ").bind(not_before_ns);
    sql.push(", changed_ns = ").bind(now_ns);
    if tried || matches!(step, Step::Retry | Step::Drop) {
        sql.push(", reason = ").bind(reason.map(str::to_owned));
    }
    sql.push(" WHERE id = ")
        .bind(delivery.id)
        .push(" AND state = ")
        .bind(delivery.state.as_str());
    sql.run(&**change).await?;
    (delivery.state, delivery.attempts) = (next, attempts);
    Ok(())
}

/// Has what was being sent when the last process ended wait again: whether it arrived is not known.
pub(super) async fn recover(index: &Index, now_ns: i64) -> Result<u64> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE deliveries SET state = 'waiting', attempts = attempts + 1, changed_ns = ");
    sql.bind(now_ns).push(" WHERE state = 'sending'");
    let changed = sql.run(&*change).await?;
    change.commit().await?;
    Ok(changed)
}

/// One row, within a change.
pub(super) async fn one(change: &Change, id: i64) -> Result<Option<Delivery>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM deliveries WHERE id = "));
    sql.bind(id);
    Ok(read(&sql.all(&**change).await?)?.pop())
}

/// The rows of a study for a destination, within a change.
pub(super) async fn of_study(change: &Change, destination: &str, study_uid: &str) -> Result<Vec<Delivery>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM deliveries WHERE destination = "));
    sql.bind(destination)
        .push(" AND study_uid = ")
        .bind(study_uid)
        .push(" ORDER BY id");
    read(&sql.all(&**change).await?)
}

/// Rows in a state, the latest changed first.
pub(super) async fn list(index: &Index, state: State, limit: u32) -> Result<Vec<Delivery>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM deliveries WHERE state = "));
    sql.bind(state.as_str())
        .push(" ORDER BY changed_ns DESC, id DESC LIMIT ")
        .bind(i64::from(limit));
    read(&sql.all(index.readers()).await?)
}

/// Rows that are asked for, in the order of their numbers.
pub(super) async fn page(index: &Index, filter: &Filter, page: Page) -> Result<Vec<Delivery>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM deliveries WHERE 1 = 1"));
    let state = filter.state.map(State::as_str);
    for (column, value) in [
        ("state", state),
        ("destination", filter.destination.as_deref()),
        ("study_uid", filter.study_uid.as_deref()),
    ] {
        if let Some(value) = value {
            sql.push(&format!(" AND {column} = ")).bind(value);
        }
    }
    filter.within.and_study(&mut sql, "deliveries.study_uid");
    read(&sql.page("id", page).all(index.readers()).await?)
}

/// Has one that waits be sent as soon as it can be; whether it waited.
pub(super) async fn hasten(change: &Change, id: i64, now_ns: i64) -> Result<bool> {
    let mut sql = Sql::new("UPDATE deliveries SET not_before_ns = ");
    sql.bind(now_ns)
        .push(" WHERE state = 'waiting' AND id = ")
        .bind(id);
    Ok(sql.run(&**change).await? > 0)
}

/// What is not over for a destination, by state.
pub(super) async fn backlog(index: &Index, destination: &str) -> Result<Vec<Backlog>> {
    let mut sql = Sql::new("SELECT state, COUNT(*), MIN(created_ns) FROM deliveries WHERE destination = ");
    sql.bind(destination)
        .push(" AND state IN ('waiting', 'sending', 'quarantined') GROUP BY state");
    let rows = sql.all(index.readers()).await?;
    rows.iter()
        .map(|row| {
            Ok(Backlog {
                state: state(row, 0)?,
                number: row.get::<i64>(1)?.unsigned_abs(),
                oldest_ns: row.get(2)?,
            })
        })
        .collect()
}

/// How many rows are in each state.
pub(super) async fn counts(index: &Index, within: &Restriction) -> Result<Vec<Counted>> {
    let mut sql = Sql::new("SELECT destination, state, COUNT(*) FROM deliveries WHERE 1 = 1");
    within.and_study(&mut sql, "deliveries.study_uid");
    sql.push(" GROUP BY destination, state ORDER BY 1, 2");
    let rows = sql.all(index.readers()).await?;
    rows.iter()
        .map(|row| {
            Ok(Counted {
                destination: row.get(0)?,
                state: state(row, 1)?,
                number: row.get::<i64>(2)?.unsigned_abs(),
            })
        })
        .collect()
}

/// Removes rows of what was delivered, or dropped, before then.
pub(super) async fn prune(index: &Index, before_ns: i64) -> Result<u64> {
    let change = index.begin().await?;
    let mut sql =
        Sql::new("DELETE FROM deliveries WHERE state IN ('delivered', 'dropped') AND changed_ns < ");
    sql.bind(before_ns);
    let removed = sql.run(&*change).await?;
    change.commit().await?;
    Ok(removed)
}

fn read(rows: &[database::Row]) -> Result<Vec<Delivery>> {
    let delivery = |row: &database::Row| {
        let hash: String = row.get(2)?;
        Ok(Delivery {
            id: row.get(0)?,
            destination: row.get(1)?,
            hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a delivery"))?,
            sop_uid: row.get(3)?,
            study_uid: row.get(4)?,
            sop_class_uid: row.get(5)?,
            transfer_syntax_uid: row.get(6)?,
            state: state(row, 7)?,
            attempts: row.get(8)?,
            not_before_ns: row.get(9)?,
            created_ns: row.get(10)?,
            changed_ns: row.get(11)?,
            reason: row.get(12)?,
        })
    };
    rows.iter().map(delivery).collect()
}

fn state(row: &database::Row, at: usize) -> Result<State> {
    let word: String = row.get(at)?;
    State::from_text(&word).ok_or(Error::Damaged("a delivery"))
}
