//! The table of messages.

use database::{Connection, Row, Sql};
use serde_json::Value;

use super::{Message, Template};
use crate::clock::DAY_NS;
use crate::language::Language;
use crate::{Platform, Result};

/// Adds a message; `None` where there is one under its key. `why_not` says why it is not sent.
pub(super) async fn add(
    platform: &Platform,
    change: &impl Connection,
    message: &Message<'_>,
    template: &Template,
    why_not: Option<&str>,
    now_ns: i64,
) -> Result<Option<i64>> {
    let arguments: serde_json::Map<String, Value> = message
        .arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let arguments = Value::Object(arguments).to_string();
    let seal = |plain: &str| platform.key().encrypt(plain.as_bytes(), &purpose(&message.key));
    let at_ns = message.at_ns.unwrap_or(now_ns).max(now_ns);
    let mut sql = Sql::new(
        "INSERT INTO outbox (channel, template, language, person, organisation, recipient, arguments, state, error, key, at_ns, until_ns, created_ns, ended_ns) VALUES (",
    );
    sql.bind_all([message.channel.word(), message.template, message.language.tag()]);
    sql.push(", ")
        .bind(message.person)
        .push(", ")
        .bind(message.organisation);
    sql.push(", ")
        .bind(seal(&message.to)?)
        .push(", ")
        .bind(seal(&arguments)?);
    let state = if why_not.is_some() {
        "not-connected"
    } else {
        "waiting"
    };
    sql.push(", ")
        .bind(state)
        .push(", ")
        .bind(why_not.map(str::to_owned));
    sql.push(", ").bind(message.key.as_str()).push(", ");
    sql.bind_all([at_ns, at_ns.saturating_add(template.lasts_ns), now_ns]);
    sql.push(", ").bind(why_not.map(|_| now_ns));
    sql.push(") ON CONFLICT (key) DO NOTHING RETURNING id");
    let row = sql.one(change).await?;
    row.map(|row| Ok(row.get(0)?)).transpose()
}

/// What a message is encrypted for.
fn purpose(key: &str) -> String {
    format!("outbox {key}")
}

/// Notes the job that sends a message.
pub(super) async fn set_job(change: &impl Connection, id: i64, job: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE outbox SET job = ");
    sql.bind(job).push(" WHERE id = ").bind(id).run(change).await?;
    Ok(())
}

/// A message without what it says.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: i64,
    pub(super) channel: String,
    pub(super) template: String,
    pub(super) language: Language,
    pub(super) person: Option<i64>,
    pub(super) state: String,
    pub(super) provider: Option<String>,
    pub(super) provider_number: Option<String>,
    pub(super) error: Option<String>,
    pub(super) job: Option<i64>,
    pub(super) created_ns: i64,
    pub(super) ended_ns: Option<i64>,
    pub(super) until_ns: Option<i64>,
    key: String,
    recipient: Option<Vec<u8>>,
    arguments: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, channel, template, language, person, state, provider, provider_number, error, job, created_ns, \
    ended_ns, until_ns, key, recipient, arguments";

fn kept(row: &Row) -> Result<Kept> {
    let language: String = row.get(3)?;
    Ok(Kept {
        id: row.get(0)?,
        channel: row.get(1)?,
        template: row.get(2)?,
        language: Language::from_tag(&language).unwrap_or(Language::Chinese),
        person: row.get(4)?,
        state: row.get(5)?,
        provider: row.get(6)?,
        provider_number: row.get(7)?,
        error: row.get(8)?,
        job: row.get(9)?,
        created_ns: row.get(10)?,
        ended_ns: row.get(11)?,
        until_ns: row.get(12)?,
        key: row.get(13)?,
        recipient: row.get(14)?,
        arguments: row.get(15)?,
    })
}

/// Whom a message goes to, and what stands in it.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) to: String,
    pub(super) arguments: Value,
}

impl Kept {
    /// Decrypts a message; `None` where its content was removed.
    pub(super) fn open(&self, platform: &Platform) -> Result<Option<Opened>> {
        let (Some(recipient), Some(arguments)) = (&self.recipient, &self.arguments) else {
            return Ok(None);
        };
        let read = |sealed: &[u8]| platform.key().decrypt(sealed, &purpose(&self.key));
        Ok(Some(Opened {
            to: String::from_utf8_lossy(&read(recipient)?).into_owned(),
            arguments: serde_json::from_slice(&read(arguments)?).unwrap_or_default(),
        }))
    }
}

/// A message.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Kept>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM outbox WHERE id = "));
    sql.bind(id).one(connection).await?.as_ref().map(kept).transpose()
}

/// Messages, the latest first, before one.
pub(super) async fn list(
    connection: &impl Connection,
    channel: Option<&str>,
    state: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Kept>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM outbox WHERE id < "));
    sql.bind(before.unwrap_or(i64::MAX));
    if let Some(channel) = channel {
        sql.push(" AND channel = ").bind(channel);
    }
    if let Some(state) = state {
        sql.push(" AND state = ").bind(state);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(kept).collect()
}

/// Says what became of a message.
pub(super) async fn set(
    change: &impl Connection,
    id: i64,
    state: &str,
    error: Option<&str>,
    provider: Option<(&str, &str)>,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE outbox SET state = ");
    sql.bind(state).push(", error = ").bind(error.map(str::to_owned));
    if let Some((name, number)) = provider {
        sql.push(", provider = ")
            .bind(name)
            .push(", provider_number = ")
            .bind(number);
    }
    let ended_ns = (state != "waiting").then_some(now_ns);
    sql.push(", ended_ns = ")
        .bind(ended_ns)
        .push(" WHERE id = ")
        .bind(id);
    sql.run(change).await?;
    Ok(())
}

/// Removes contents after 30 days and rows after 180.
pub(super) async fn tidy(change: &impl Connection, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new(
        "UPDATE outbox SET recipient = NULL, arguments = NULL WHERE recipient IS NOT NULL AND created_ns < ",
    );
    sql.bind(now_ns - 30 * DAY_NS).run(change).await?;
    let mut sql = Sql::new("DELETE FROM outbox WHERE created_ns < ");
    sql.bind(now_ns - 180 * DAY_NS).run(change).await?;
    Ok(())
}
