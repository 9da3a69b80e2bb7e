//! The table of notifications.

use std::collections::BTreeMap;

use database::{Connection, Database, Row, Sql};

use crate::Result;

/// A notification as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its number.
    pub id: i64,
    /// The sentence: `notice-` and this word.
    pub kind: String,
    /// Names that stand in the sentence.
    pub arguments: BTreeMap<String, String>,
    /// The page that it leads to.
    pub link: String,
    /// When it came.
    pub at_ns: i64,
    /// When it was read or done.
    pub done_ns: Option<i64>,
    /// Whether it asks for something to be done.
    pub is_todo: bool,
}

const COLUMNS: &str = "id, kind, arguments, link, at_ns, done_ns, is_todo";

fn shown(row: &Row) -> Result<Shown> {
    let arguments: String = row.get(2)?;
    Ok(Shown {
        id: row.get(0)?,
        kind: row.get(1)?,
        arguments: serde_json::from_str(&arguments).unwrap_or_default(),
        link: row.get(3)?,
        at_ns: row.get(4)?,
        done_ns: row.get(5)?,
        is_todo: row.get::<i64>(6)? != 0,
    })
}

/// How many notifications a person has not read, and how many things there are to do.
///
/// # Errors
///
/// The database's.
pub async fn counts(connection: &Database, person: i64) -> Result<(i64, i64)> {
    let mut sql = Sql::new("SELECT is_todo, COUNT(*) FROM notifications WHERE done_ns IS NULL AND person = ");
    sql.bind(person).push(" GROUP BY is_todo");
    let (mut unread, mut todos) = (0, 0);
    for row in sql.all(connection).await? {
        match row.get::<i64>(0)? {
            0 => unread = row.get(1)?,
            _ => todos = row.get(1)?,
        }
    }
    Ok((unread, todos))
}

/// Things to do, the oldest first.
///
/// # Errors
///
/// The database's.
pub async fn todos(connection: &Database, person: i64, limit: u32) -> Result<Vec<Shown>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM notifications WHERE is_todo = 1 AND done_ns IS NULL AND person = "
    ));
    sql.bind(person)
        .push(" ORDER BY id LIMIT ")
        .bind(i64::from(limit));
    sql.all(connection).await?.iter().map(shown).collect()
}

/// Notifications before one, the latest first.
///
/// # Errors
///
/// The database's.
pub async fn notifications(
    connection: &Database,
    person: i64,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Shown>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM notifications WHERE is_todo = 0 AND person = "
    ));
    sql.bind(person);
    if let Some(before) = before {
        sql.push(" AND id < ").bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(shown).collect()
}

/// A person's notification.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &Database, person: i64, id: i64) -> Result<Option<Shown>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM notifications WHERE person = "));
    sql.bind(person).push(" AND id = ").bind(id);
    sql.one(connection).await?.as_ref().map(shown).transpose()
}

/// A person's notification, as a transaction sees it.
pub(super) async fn any(connection: &impl Connection, person: i64, id: i64) -> Result<Option<Shown>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM notifications WHERE person = "));
    sql.bind(person).push(" AND id = ").bind(id);
    sql.one(connection).await?.as_ref().map(shown).transpose()
}

/// The number of a person's last notification.
pub(super) async fn last(connection: &Database, person: i64) -> Result<i64> {
    let mut sql = Sql::new("SELECT COALESCE(MAX(id), 0) FROM notifications WHERE person = ");
    let row = sql.bind(person).one(connection).await?;
    Ok(row.map_or(Ok(0), |row| row.get(0))?)
}

/// A person's notifications after one, the first first.
pub(super) async fn after(connection: &Database, person: i64, last: i64, limit: u32) -> Result<Vec<Shown>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM notifications WHERE person = "));
    sql.bind(person).push(" AND id > ").bind(last);
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(shown).collect()
}

/// Marks notifications as read: one, or all of a person. To-dos stay.
///
/// # Errors
///
/// The database's.
pub async fn read(change: &impl Connection, person: i64, id: Option<i64>, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE notifications SET done_ns = ");
    sql.bind(now_ns)
        .push(" WHERE done_ns IS NULL AND is_todo = 0 AND person = ")
        .bind(person);
    if let Some(id) = id {
        sql.push(" AND id = ").bind(id);
    }
    sql.run(change).await?;
    Ok(())
}
