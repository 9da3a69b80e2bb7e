//! Which objects lie in the colder store, as rows.

use super::{Placed, Policy, Tier};
use crate::deidentify::dates;
use crate::events::{Event, Kind};
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

/// An object that moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) hash: Hash,
    pub(super) size: u64,
    pub(super) received_ns: i64,
}

fn object(row: &database::Row) -> Result<Object> {
    let hash: String = row.get(0)?;
    Ok(Object {
        hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
        size: row.get::<i64>(1)?.unsigned_abs(),
        received_ns: row.get(2)?,
    })
}

/// Objects that the policy names and that lie in the store that receives, the oldest first.
pub(super) async fn due(index: &Index, policy: Policy, now_ns: i64, limit: u32) -> Result<Vec<Object>> {
    let age_ns = i64::from(policy.older_than_days) * 86_400_000_000_000;
    let before_ns = now_ns.saturating_sub(age_ns);
    let (year, month, day) = dates::date_since_1970(before_ns.div_euclid(86_400_000_000_000));
    let mut sql = Sql::new(
        "SELECT i.hash, i.size, i.received_ns FROM instances i JOIN series se ON se.id = i.series \
         JOIN studies st ON st.id = se.study WHERE i.received_ns < ",
    );
    sql.bind(before_ns).push(" AND st.sort_date < ");
    sql.bind(format!("{year:04}{month:02}{day:02}"));
    sql.push(
        " AND NOT EXISTS (SELECT 1 FROM cold_objects c WHERE c.hash = i.hash AND (c.state <> 'recalled' OR c.moved_ns >= ",
    );
    sql.bind(before_ns).push(")) ORDER BY i.received_ns LIMIT ");
    let rows = sql.bind(i64::from(limit)).all(index.readers()).await?;
    rows.iter().map(object).collect()
}

/// Writes that an object is about to be copied.
pub(super) async fn plan(index: &Index, object: &Object, now_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("INSERT INTO cold_objects (hash, size, received_ns, moved_ns, state) VALUES (");
    sql.bind(object.hash.to_string()).push(", ");
    let size = i64::try_from(object.size).unwrap_or(i64::MAX);
    sql.bind_all([size, object.received_ns, now_ns]);
    sql.push(", 'copying') ON CONFLICT (hash) DO UPDATE SET state = 'copying', moved_ns = excluded.moved_ns WHERE cold_objects.state = 'recalled'")
        .run(&*change)
        .await?;
    change.commit().await
}

/// Writes that the verified copy is the one that counts; `false` when the object was removed for good meanwhile.
pub(super) async fn record(index: &Index, object: &Object) -> Result<bool> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE cold_objects SET state = 'copied' WHERE hash = ");
    let updated = sql.bind(object.hash.to_string()).run(&*change).await?;
    if updated == 0 {
        return Ok(false);
    }
    change
        .record(&Event {
            hash: Some(object.hash),
            ..Event::new(Kind::MovedToCold, "archive", crate::clock::now_ns())
        })
        .await?;
    change.commit().await?;
    Ok(true)
}

/// Writes that the first copy is gone.
pub(super) async fn settle(index: &Index, hash: Hash) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE cold_objects SET state = 'cold' WHERE hash = ");
    sql.bind(hash.to_string()).run(&*change).await?;
    change.commit().await
}

/// Writes that an object is back; it is not moved again before it is old from now on.
pub(super) async fn recalled(index: &Index, hash: Hash, actor: &str, now_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE cold_objects SET state = 'recalled', moved_ns = ");
    sql.bind(now_ns).push(" WHERE hash = ").bind(hash.to_string());
    sql.run(&*change).await?;
    change
        .record(&Event {
            hash: Some(hash),
            ..Event::new(Kind::RecalledFromCold, actor, now_ns)
        })
        .await?;
    change.commit().await
}

/// Takes back that an object is to lie in the colder store.
pub(super) async fn forget(index: &Index, hash: Hash) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("DELETE FROM cold_objects WHERE hash = ");
    sql.bind(hash.to_string()).run(&*change).await?;
    change.commit().await
}

/// Moves that were cut off, and whether their copy was recorded.
pub(super) async fn unfinished(index: &Index) -> Result<Vec<(Object, bool)>> {
    let sql = Sql::new(
        "SELECT hash, size, received_ns, state FROM cold_objects WHERE state NOT IN ('cold', 'recalled')",
    );
    let rows = sql.all(index.readers()).await?;
    rows.iter()
        .map(|row| Ok((object(row)?, row.get::<String>(3)? == "copied")))
        .collect()
}

const OF_STUDY: &str = "FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
    LEFT JOIN cold_objects c ON c.hash = i.hash AND c.state IN ('copied', 'cold') WHERE st.study_uid = ";

pub(super) async fn cold_of(index: &Index, study_uid: &str) -> Result<Vec<Object>> {
    let mut sql = Sql::new(format!("SELECT c.hash, c.size, c.received_ns {OF_STUDY}"));
    sql.bind(study_uid).push(" AND c.hash IS NOT NULL ORDER BY i.id");
    sql.all(index.readers()).await?.iter().map(object).collect()
}

pub(super) async fn places(index: &Index, study_uid: &str) -> Result<Vec<Placed>> {
    let mut sql = Sql::new(format!(
        "SELECT i.hash, i.size, i.received_ns, c.state {OF_STUDY}"
    ));
    let rows = sql
        .bind(study_uid)
        .push(" ORDER BY i.id")
        .all(index.readers())
        .await?;
    rows.iter()
        .map(|row| {
            let object = object(row)?;
            let state: Option<String> = row.get(3)?;
            Ok(Placed {
                hash: object.hash,
                size: object.size,
                tier: if state.is_some() { Tier::Cold } else { Tier::Hot },
            })
        })
        .collect()
}
