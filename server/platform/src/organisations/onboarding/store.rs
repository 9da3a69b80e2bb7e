//! What of the table of organisations only the platform asks and changes.

use database::{Connection, Sql};

use crate::Result;
use crate::organisations::store::only;

/// Opens an organisation, or closes it: its members' sessions lose it with their next request.
///
/// # Errors
///
/// The database's.
pub async fn set_state(connection: &impl Connection, id: i64, state: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE organisations SET state = ");
    sql.bind(state)
        .push(" WHERE kind <> 'platform' AND id = ")
        .bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Says which hospital a department belongs to.
///
/// # Errors
///
/// The database's.
pub async fn set_parent(connection: &impl Connection, id: i64, parent: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE organisations SET parent = ");
    sql.bind(parent)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// The hospital that a department belongs to.
///
/// # Errors
///
/// The database's.
pub async fn parent_of(connection: &impl Connection, id: i64) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT parent FROM organisations WHERE id = ");
    let row = sql.bind(id).one(connection).await?;
    Ok(row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten())
}

/// Whether an organisation of a kind has a name.
///
/// # Errors
///
/// The database's.
pub async fn is_name_taken(connection: &impl Connection, kind: &str, name: &str) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM organisations WHERE kind = ");
    sql.bind(kind).push(" AND name = ").bind(name);
    Ok(sql.one(connection).await?.is_some())
}

/// How many active members an organisation has.
///
/// # Errors
///
/// The database's.
pub async fn members(connection: &impl Connection, id: i64) -> Result<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM memberships WHERE state = 'active' AND organisation = ");
    only(sql.bind(id), connection).await
}
