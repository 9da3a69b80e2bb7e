//! The table of organisations.

use database::{Connection, Row, Sql};

use super::{Policy, standard_roles};
use crate::people::names;
use crate::permissions::{Kind, Permission};
use crate::{Result, secrets};

/// An organisation.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Its number in the table.
    pub id: i64,
    /// Its kind.
    pub kind: Kind,
    /// The number that people call it by.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Grade, as `三级甲等`.
    pub grade: Option<String>,
    /// Type, as `综合医院`.
    pub r#type: Option<String>,
    /// Province.
    pub province: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Street.
    pub street: Option<String>,
    /// Introduction.
    pub introduction: Option<String>,
    /// What it asks of its people.
    pub policy: Policy,
    /// Whether it is active.
    pub is_active: bool,
    /// Since when.
    pub created_ns: i64,
}

const COLUMNS: &str =
    "id, kind, number, name, grade, type, province, city, street, introduction, policy, state, created_ns";

fn organisation(row: &Row) -> Result<Organisation> {
    let kind: String = row.get(1)?;
    let policy: String = row.get(10)?;
    let state: String = row.get(11)?;
    Ok(Organisation {
        id: row.get(0)?,
        kind: Kind::from_word(&kind).unwrap_or(Kind::Department),
        number: row.get(2)?,
        name: row.get(3)?,
        grade: row.get(4)?,
        r#type: row.get(5)?,
        province: row.get(6)?,
        city: row.get(7)?,
        street: row.get(8)?,
        introduction: row.get(9)?,
        policy: Policy::from_json(&policy),
        is_active: state == "active",
        created_ns: row.get(12)?,
    })
}

/// An organisation by its number in the table.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Organisation>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM organisations WHERE id = "));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(organisation)
        .transpose()
}

/// An organisation by the number that people call it by.
///
/// # Errors
///
/// The database's.
pub async fn by_number(connection: &impl Connection, number: &str) -> Result<Option<Organisation>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM organisations WHERE number = "));
    sql.bind(number)
        .one(connection)
        .await?
        .as_ref()
        .map(organisation)
        .transpose()
}

/// The platform's own organisation.
///
/// # Errors
///
/// The database's.
pub async fn platform(connection: &impl Connection) -> Result<Option<Organisation>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM organisations WHERE kind = 'platform' ORDER BY id LIMIT 1"
    ));
    sql.one(connection).await?.as_ref().map(organisation).transpose()
}

/// Organisations whose name has some words, after one, by their numbers in the table.
///
/// # Errors
///
/// The database's.
pub async fn find(
    connection: &impl Connection,
    words: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<Organisation>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM organisations WHERE kind <> 'platform'"
    ));
    names::matching(&mut sql, "name_keys", words);
    sql.push(" AND id > ")
        .bind(after)
        .push(" ORDER BY id LIMIT ")
        .bind(i64::from(limit));
    sql.all(connection).await?.iter().map(organisation).collect()
}

/// Adds an organisation with the roles that its kind begins with; gives its number and that of the role that holds all.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, kind: Kind, name: &str, now_ns: i64) -> Result<(i64, i64)> {
    let number = new_number(connection, kind).await?;
    let mut sql = Sql::new(
        "INSERT INTO organisations (kind, number, name, name_keys, policy, state, created_ns) VALUES (",
    );
    sql.bind_all([
        kind.word(),
        number.as_str(),
        name,
        names::keys(name).as_str(),
        "{}",
        "active",
    ]);
    sql.push(", ").bind(now_ns).push(") RETURNING id");
    let id = only(&sql, connection).await?;
    let mut first = 0;
    for role in standard_roles(kind).iter().rev() {
        let mut sql = Sql::new(
            "INSERT INTO roles (organisation, name, description, is_initial, permissions, categories, hours) VALUES (",
        );
        sql.bind(id)
            .push(", ")
            .bind_all([role.name, role.description])
            .push(", ");
        sql.bind(i64::from(role.is_initial)).push(", ");
        sql.bind(Permission::to_json(role.permissions))
            .push(", '[]', '[]') RETURNING id");
        first = only(&sql, connection).await?;
    }
    Ok((id, first))
}

/// The one number that a statement gives.
///
/// # Errors
///
/// The database's.
pub async fn only(sql: &Sql, connection: &impl Connection) -> Result<i64> {
    let row = sql.one(connection).await?;
    let row = row.ok_or_else(|| crate::Error::internal("a statement gave no row"))?;
    Ok(row.get(0)?)
}

/// A number that people can read out: a letter for the kind and six digits.
async fn new_number(connection: &impl Connection, kind: Kind) -> Result<String> {
    let letter = match kind {
        Kind::Platform => 'P',
        Kind::Hospital => 'H',
        Kind::Team => 'T',
        Kind::Department => 'D',
    };
    loop {
        let number = format!("{letter}{}", secrets::digits(6)?);
        if by_number(connection, &number).await?.is_none() {
            return Ok(number);
        }
    }
}

/// Changes the record.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, organisation: &Organisation) -> Result<()> {
    let mut sql = Sql::new("UPDATE organisations SET name = ");
    sql.bind(organisation.name.as_str());
    sql.push(", name_keys = ").bind(names::keys(&organisation.name));
    let texts = [
        ("grade", &organisation.grade),
        ("type", &organisation.r#type),
        ("province", &organisation.province),
        ("city", &organisation.city),
        ("street", &organisation.street),
        ("introduction", &organisation.introduction),
    ];
    for (column, value) in texts {
        sql.push(&format!(", {column} = ")).bind(value.clone());
    }
    sql.push(", policy = ").bind(organisation.policy.to_json());
    sql.push(" WHERE id = ").bind(organisation.id);
    sql.run(connection).await?;
    Ok(())
}
