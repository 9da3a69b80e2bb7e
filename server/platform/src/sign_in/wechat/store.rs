//! Who has bound which WeChat, and what they want of it.

use database::{Connection, Sql};

use crate::Result;

/// A WeChat that a person has bound.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) openid: String,
    pub(super) bound_ns: i64,
    /// Whether template messages are wanted.
    pub(super) wants_push: bool,
}

/// The WeChat of a person.
pub(super) async fn of(connection: &impl Connection, person: i64) -> Result<Option<Binding>> {
    let mut sql = Sql::new(
        "SELECT w.openid, w.bound_ns, p.wechat_push FROM wechat_bindings w JOIN people p ON p.id = w.person WHERE w.person = ",
    );
    let row = sql.bind(person).one(connection).await?;
    let binding = |row: database::Row| -> Result<Binding> {
        Ok(Binding {
            openid: row.get(0)?,
            bound_ns: row.get(1)?,
            wants_push: row.get::<i64>(2)? != 0,
        })
    };
    row.map(binding).transpose()
}

/// Whose WeChat it is.
pub(super) async fn whose(connection: &impl Connection, openid: &str) -> Result<Option<i64>> {
    let mut sql = Sql::new(
        "SELECT w.person FROM wechat_bindings w JOIN people p ON p.id = w.person WHERE p.state = 'active' AND w.openid = ",
    );
    let row = sql.bind(openid).one(connection).await?;
    row.map(|row| Ok(row.get(0)?)).transpose()
}

/// Binds a WeChat; `false` where it is another's, or the person has one.
pub(super) async fn bind(
    connection: &impl Connection,
    person: i64,
    openid: &str,
    now_ns: i64,
) -> Result<bool> {
    let mut sql = Sql::new("INSERT INTO wechat_bindings (person, openid, bound_ns) VALUES (");
    sql.bind(person).push(", ").bind(openid).push(", ").bind(now_ns);
    sql.push(") ON CONFLICT DO NOTHING");
    Ok(sql.run(connection).await? == 1)
}

/// Takes the WeChat of a person away.
pub(super) async fn unbind(connection: &impl Connection, person: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM wechat_bindings WHERE person = ");
    Ok(sql.bind(person).run(connection).await? == 1)
}

/// Says whether template messages are wanted.
pub(super) async fn set_push(connection: &impl Connection, person: i64, wants: bool) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET wechat_push = ");
    sql.bind(i64::from(wants)).push(" WHERE id = ").bind(person);
    sql.run(connection).await?;
    Ok(())
}

/// Keeps the reminder silent until then.
pub(super) async fn silence(connection: &impl Connection, person: i64, until_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET wechat_reminder_after_ns = ");
    sql.bind(until_ns).push(" WHERE id = ").bind(person);
    sql.run(connection).await?;
    Ok(())
}

/// Whether a person is to be reminded: none is bound, and the reminder is not silent.
pub(super) async fn is_reminded(connection: &impl Connection, person: i64, now_ns: i64) -> Result<bool> {
    let mut sql = Sql::new(
        "SELECT 1 FROM people p WHERE NOT EXISTS (SELECT 1 FROM wechat_bindings w WHERE w.person = p.id) AND p.id = ",
    );
    sql.bind(person)
        .push(" AND (p.wechat_reminder_after_ns IS NULL OR p.wechat_reminder_after_ns <= ")
        .bind(now_ns)
        .push(")");
    Ok(sql.one(connection).await?.is_some())
}
