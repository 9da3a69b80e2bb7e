//! The table of roles.

use database::{Connection, Row, Sql};

use crate::Result;
use crate::organisations::store::only;
use crate::permissions::{Hours, Permission};

/// A role.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// Its number.
    pub id: i64,
    /// The organisation.
    pub organisation: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it came with the organisation and stays.
    pub is_initial: bool,
    /// What it holds.
    pub permissions: Vec<Permission>,
    /// Examination categories (modalities); empty for all.
    pub categories: Vec<String>,
    /// When it holds.
    pub hours: Hours,
    /// How many hold it.
    pub members: i64,
}

const COLUMNS: &str = "r.id, r.organisation, r.name, r.description, r.is_initial, r.permissions, r.categories, r.hours, \
    (SELECT COUNT(*) FROM memberships m WHERE m.role = r.id AND m.state IN ('active', 'invited'))";

fn role(row: &Row) -> Result<Role> {
    let (permissions, categories, hours): (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
    Ok(Role {
        id: row.get(0)?,
        organisation: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        is_initial: row.get::<i64>(4)? != 0,
        permissions: Permission::from_json(&permissions),
        categories: serde_json::from_str(&categories).unwrap_or_default(),
        hours: serde_json::from_str(&hours).unwrap_or_default(),
        members: row.get(8)?,
    })
}

/// Roles of an organisation.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection, organisation: i64) -> Result<Vec<Role>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM roles r WHERE r.removed_ns IS NULL AND r.organisation = "
    ));
    sql.bind(organisation)
        .push(" ORDER BY r.is_initial DESC, r.id LIMIT 500");
    sql.all(connection).await?.iter().map(role).collect()
}

/// A role that was not removed.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Role>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM roles r WHERE r.removed_ns IS NULL AND r.id = "
    ));
    sql.bind(id).one(connection).await?.as_ref().map(role).transpose()
}

/// The first role of an organisation that holds a permission, by the word.
///
/// # Errors
///
/// The database's.
pub async fn holding(
    connection: &impl Connection,
    organisation: i64,
    permission: &str,
) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT id FROM roles WHERE removed_ns IS NULL AND organisation = ");
    sql.bind(organisation)
        .push(" AND permissions LIKE ")
        .bind(format!("%\"{permission}\"%"));
    sql.push(" ORDER BY id LIMIT 1");
    let row = sql.one(connection).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// When the role of a person in an organisation holds.
///
/// # Errors
///
/// The database's.
pub async fn hours_of(connection: &impl Connection, account: i64, organisation: i64) -> Result<Hours> {
    let mut sql =
        Sql::new("SELECT r.hours FROM memberships m JOIN roles r ON r.id = m.role WHERE m.person = ");
    sql.bind(account)
        .push(" AND m.organisation = ")
        .bind(organisation);
    let text: Option<String> = sql.one(connection).await?.map(|row| row.get(0)).transpose()?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// Adds a role; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, role: &Role) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO roles (organisation, name, description, is_initial, permissions, categories, hours) VALUES (",
    );
    sql.bind(role.organisation)
        .push(", ")
        .bind_all([role.name.as_str(), role.description.as_str()])
        .push(", 0, ");
    sql.bind_all(columns(role)).push(") RETURNING id");
    only(&sql, connection).await
}

/// Changes a role.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, role: &Role) -> Result<()> {
    let [permissions, categories, hours] = columns(role);
    let mut sql = Sql::new("UPDATE roles SET name = ");
    sql.bind(role.name.as_str())
        .push(", description = ")
        .bind(role.description.as_str());
    sql.push(", permissions = ").bind(permissions);
    sql.push(", categories = ")
        .bind(categories)
        .push(", hours = ")
        .bind(hours);
    sql.push(" WHERE id = ").bind(role.id);
    sql.run(connection).await?;
    Ok(())
}

fn columns(role: &Role) -> [String; 3] {
    [
        Permission::to_json(&role.permissions),
        serde_json::to_string(&role.categories).unwrap_or_default(),
        serde_json::to_string(&role.hours).unwrap_or_default(),
    ]
}

/// Removes a role that nobody holds.
///
/// # Errors
///
/// The database's.
pub async fn remove(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE roles SET removed_ns = ");
    sql.bind(now_ns).push(" WHERE is_initial = 0 AND id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}
