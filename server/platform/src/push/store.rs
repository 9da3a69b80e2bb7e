//! The tables of browsers that have notifications, and of the key that messages to them are signed with.

use database::{Connection, Row, Sql};

use super::Recipient;
use crate::secrets::{self, SiteKey};
use crate::{Error, Result};

/// Browsers of a person at most; another one takes the place of the first.
const MOST: i64 = 10;

/// The key that messages are signed with, encrypted.
pub(super) async fn key(connection: &impl Connection) -> Result<Option<Vec<u8>>> {
    let row = Sql::new("SELECT secret FROM push_key WHERE id = 1")
        .one(connection)
        .await?;
    row.map(|row| Ok(row.get(0)?)).transpose()
}

/// Adds the key; `false` where there is one.
pub(super) async fn add_key(connection: &impl Connection, sealed: Vec<u8>, now_ns: i64) -> Result<bool> {
    let mut sql = Sql::new("INSERT INTO push_key (id, secret, made_ns) VALUES (1, ");
    sql.bind(sealed).push(", ").bind(now_ns);
    sql.push(") ON CONFLICT DO NOTHING");
    Ok(sql.run(connection).await? == 1)
}

/// A browser as it is added.
#[derive(Debug)]
pub(super) struct New<'a> {
    pub(super) person: i64,
    /// The hash of its cookie.
    pub(super) browser: String,
    pub(super) recipient: &'a Recipient,
    pub(super) session: &'a str,
}

/// What a recipient is encrypted for.
fn purpose(endpoint: &str) -> String {
    format!("push {endpoint}")
}

/// Adds a browser in the place of what was there of it, whoever's it was; `before` is the cookie that it had.
pub(super) async fn add(
    change: &impl Connection,
    site_key: &SiteKey,
    new: &New<'_>,
    before: Option<&str>,
    now_ns: i64,
) -> Result<()> {
    let endpoint = secrets::kept(&new.recipient.endpoint);
    let written = serde_json::to_vec(new.recipient);
    let written = written.map_err(|_| Error::internal("a browser's address cannot be written"))?;
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE endpoint = ");
    sql.bind(endpoint.as_str());
    sql.push(" OR browser = ").bind(before.unwrap_or_default());
    sql.run(change).await?;
    let mut sql = Sql::new(
        "INSERT INTO push_browsers (person, browser, endpoint, recipient, session, added_ns) VALUES (",
    );
    sql.bind(new.person).push(", ").bind(new.browser.as_str());
    sql.push(", ").bind(endpoint.as_str());
    sql.push(", ")
        .bind(site_key.encrypt(&written, &purpose(&endpoint))?);
    sql.push(", ").bind(new.session).push(", ").bind(now_ns).push(")");
    sql.run(change).await?;
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE person = ");
    sql.bind(new.person);
    sql.push(" AND id NOT IN (SELECT id FROM push_browsers WHERE person = ")
        .bind(new.person);
    sql.push(" ORDER BY id DESC LIMIT ").bind(MOST).push(")");
    sql.run(change).await?;
    Ok(())
}

/// Since when a browser has notifications of a person.
pub(super) async fn since(connection: &impl Connection, person: i64, browser: &str) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT added_ns FROM push_browsers WHERE person = ");
    sql.bind(person).push(" AND browser = ").bind(browser);
    let row = sql.one(connection).await?;
    row.map(|row| Ok(row.get(0)?)).transpose()
}

/// Takes a person's notifications out of a browser; `false` where there were none.
pub(super) async fn remove(change: &impl Connection, person: i64, browser: &str) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE person = ");
    sql.bind(person).push(" AND browser = ").bind(browser);
    Ok(sql.run(change).await? == 1)
}

/// Switches a person's notifications in browsers on or off.
pub(super) async fn set_wanted(change: &impl Connection, person: i64, is_wanted: bool) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET browser_push = ");
    sql.bind(i64::from(is_wanted)).push(" WHERE id = ").bind(person);
    sql.run(change).await?;
    Ok(())
}

/// A browser that a message goes to.
#[derive(Debug)]
pub(super) struct Reached {
    endpoint: String,
    recipient: Vec<u8>,
    /// Whether its person wants notifications.
    pub(super) is_wanted: bool,
}

impl Reached {
    /// Its address and keys.
    pub(super) fn open(&self, site_key: &SiteKey) -> Result<Recipient> {
        let opened = site_key.decrypt(&self.recipient, &purpose(&self.endpoint))?;
        serde_json::from_slice(&opened).map_err(|_| Error::internal("a browser's address cannot be read"))
    }
}

/// A browser by its number.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Reached>> {
    let mut sql = Sql::new(
        "SELECT b.endpoint, b.recipient, p.browser_push, p.state FROM push_browsers b JOIN people p ON p.id = b.person WHERE b.id = ",
    );
    let reached = |row: Row| -> Result<Reached> {
        let state: String = row.get(3)?;
        Ok(Reached {
            endpoint: row.get(0)?,
            recipient: row.get(1)?,
            is_wanted: row.get::<i64>(2)? != 0 && state == "active",
        })
    };
    sql.bind(id).one(connection).await?.map(reached).transpose()
}

/// Browsers by which a person wants to hear of things.
///
/// # Errors
///
/// The database's.
pub(crate) async fn browsers(connection: &impl Connection, person: i64) -> Result<Vec<i64>> {
    let mut sql = Sql::new(
        "SELECT b.id FROM push_browsers b JOIN people p ON p.id = b.person WHERE p.browser_push = 1 AND p.state = 'active' AND b.person = ",
    );
    sql.bind(person).push(" ORDER BY b.id LIMIT ").bind(MOST);
    let rows = sql.all(connection).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// Whether there is any such browser.
///
/// # Errors
///
/// The database's.
pub(crate) async fn is_reached(connection: &impl Connection, person: i64) -> Result<bool> {
    Ok(!browsers(connection, person).await?.is_empty())
}

/// Whether a person wants notifications in browsers.
///
/// # Errors
///
/// The database's.
pub(crate) async fn is_wanted(connection: &impl Connection, person: i64) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM people WHERE browser_push = 1 AND id = ");
    Ok(sql.bind(person).one(connection).await?.is_some())
}

/// Forgets a browser that its push service knows no more.
///
/// # Errors
///
/// The database's.
pub(crate) async fn forget(change: &impl Connection, id: i64) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE id = ");
    sql.bind(id).run(change).await?;
    Ok(())
}

/// Forgets the browsers of a person but the one of a session.
///
/// # Errors
///
/// The database's.
pub(crate) async fn forget_all(change: &impl Connection, person: i64, session: &str) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE person = ");
    sql.bind(person).push(" AND session <> ").bind(session);
    sql.run(change).await?;
    Ok(())
}

/// A session begins in a browser: what it has goes on in that session, or ends where it was another person's.
///
/// # Errors
///
/// The database's.
pub(crate) async fn signed_in(
    change: &impl Connection,
    browser: &str,
    person: i64,
    session: &str,
) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE browser = ");
    sql.bind(browser).push(" AND person <> ").bind(person);
    sql.run(change).await?;
    let mut sql = Sql::new("UPDATE push_browsers SET session = ");
    sql.bind(session).push(" WHERE browser = ").bind(browser);
    sql.run(change).await?;
    Ok(())
}

/// A session was signed out: its browser has no notifications any more.
///
/// # Errors
///
/// The database's.
pub(crate) async fn signed_out(change: &impl Connection, session: &str) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM push_browsers WHERE session = ");
    sql.bind(session).run(change).await?;
    Ok(())
}

/// The sessions of a family of remember-me tokens were stolen.
///
/// # Errors
///
/// The database's.
pub(crate) async fn stolen(change: &impl Connection, family: &str) -> Result<()> {
    let mut sql =
        Sql::new("DELETE FROM push_browsers WHERE session IN (SELECT token FROM sessions WHERE family = ");
    sql.bind(family).push(")").run(change).await?;
    Ok(())
}
