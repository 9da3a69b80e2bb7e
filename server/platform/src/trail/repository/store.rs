//! How far the journal was sent.

use database::{Connection, Sql};

use crate::Result;

/// The one row.
const ROW: i64 = 1;

/// The number of the last entry that was taken; 0 before the first.
pub(in crate::trail) async fn last(connection: &impl Connection) -> Result<i64> {
    let mut sql = Sql::new("SELECT last FROM audit_deliveries WHERE id = ");
    let row = sql.bind(ROW).one(connection).await?;
    row.map_or(Ok(0), |row| Ok(row.get(0)?))
}

/// Notes that all up to an entry were taken; never goes back.
pub(super) async fn advance(connection: &impl Connection, last: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO audit_deliveries (id, last, at_ns) VALUES (");
    sql.bind_all([ROW, last, now_ns]).push(
        ") ON CONFLICT (id) DO UPDATE SET last = excluded.last, at_ns = excluded.at_ns \
         WHERE audit_deliveries.last < excluded.last",
    );
    sql.run(connection).await?;
    Ok(())
}
