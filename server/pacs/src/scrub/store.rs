//! When each object was last verified, as rows.

use super::Damage;
use crate::events::{Event, Kind};
use crate::index::{Error, Index, Restriction, Result, Sql};
use crate::storage::Hash;

/// An object that is to be verified.
pub(super) struct Due {
    pub(super) hash: Hash,
    pub(super) size: u64,
    /// When it was verified last, or received.
    pub(super) since_ns: i64,
}

/// Objects not verified since a moment, longest first.
pub(super) async fn due(index: &Index, before_ns: i64, limit: u32) -> Result<Vec<Due>> {
    let mut sql = Sql::new(
        "SELECT i.hash, i.size, COALESCE(s.verified_ns, i.received_ns) FROM instances i LEFT JOIN scrubs s ON s.hash = i.hash \
         WHERE s.verified_ns IS NULL OR s.verified_ns < ",
    );
    sql.bind(before_ns)
        .push(" ORDER BY COALESCE(s.verified_ns, 0), i.id LIMIT ")
        .bind(i64::from(limit));
    let rows = sql.all(index.readers()).await?;
    rows.iter()
        .map(|row| {
            let hash: String = row.get(0)?;
            let hash = Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?;
            Ok(Due {
                hash,
                size: row.get::<i64>(1)?.unsigned_abs(),
                since_ns: row.get(2)?,
            })
        })
        .collect()
}

/// Writes what was found; damage that was not known is an event.
pub(super) async fn note(index: &Index, hash: Hash, at_ns: i64, damage: Option<&str>) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("SELECT damage FROM scrubs WHERE hash = ");
    let row = sql.bind(hash.to_string()).one(&*change).await?;
    let known = match row {
        Some(row) => row.get::<Option<String>>(0)?,
        None => None,
    };
    let mut sql = Sql::new("INSERT INTO scrubs (verified_ns, hash, damage) VALUES (");
    sql.bind(at_ns).push(", ").bind(hash.to_string());
    sql.push(", ").bind(damage.map(str::to_owned));
    sql.push(
        ") ON CONFLICT (hash) DO UPDATE SET verified_ns = excluded.verified_ns, damage = excluded.damage",
    );
    sql.run(&*change).await?;
    if damage.is_some() && known.is_none() {
        change
            .record(&Event {
                hash: Some(hash),
                ..Event::new(Kind::Damaged, "archive", at_ns)
            })
            .await?;
    }
    change.commit().await
}

pub(super) async fn damages(index: &Index, within: &Restriction) -> Result<Vec<Damage>> {
    let mut sql = Sql::new("SELECT hash, verified_ns, damage FROM scrubs WHERE damage IS NOT NULL");
    if !within.is_none() {
        sql.push(" AND EXISTS (SELECT 1 FROM instances i WHERE i.hash = scrubs.hash");
        within.and_series(&mut sql, "i.series");
        sql.push(")");
    }
    let rows = sql.push(" ORDER BY hash").all(index.readers()).await?;
    rows.iter()
        .map(|row| {
            let hash: String = row.get(0)?;
            Ok(Damage {
                hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
                verified_ns: row.get(1)?,
                what: row.get(2)?,
            })
        })
        .collect()
}
