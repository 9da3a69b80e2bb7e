//! What people are told: notifications, which are read, and to-dos, which are done (MSG-01, MSG-02).
//!
//! A notification is a row made in the transaction of what it tells of. Opening one marks it read and leads to its page; a
//! to-do goes when what it asks for is done, whoever did it. Open pages hear of new ones by server-sent events; WeChat and
//! browsers without an open page by messages of the outbox.

pub mod store;

mod pages;

use axum::Router;
use database::{Connection, Sql};
use serde_json::json;

pub(crate) use pages::todo_list;
use store::Shown;

use crate::jobs::{self, Job, Task};
use crate::outbox::{self, Channel, Message};
use crate::people::reach;
use crate::sign_in::wechat;
use crate::{Error, Platform, Result, news, push as browsers};

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// Something to tell a person.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// Whom.
    pub person: i64,
    /// In which organisation it matters.
    pub organisation: Option<i64>,
    /// The sentence: `notice-` and this word.
    pub kind: &'static str,
    /// Names that stand in the sentence.
    pub arguments: &'a [(&'static str, &'a str)],
    /// The page that it leads to.
    pub link: String,
    /// Whether it asks for something to be done.
    pub is_todo: bool,
    /// What it is about, by which it is found when it is done.
    pub subject: Option<String>,
}

/// Tells a person, in the transaction of what is told.
///
/// # Errors
///
/// The database's.
pub async fn tell(change: &impl Connection, notice: &Notice<'_>, now_ns: i64) -> Result<()> {
    let arguments: serde_json::Map<String, serde_json::Value> = notice
        .arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let mut sql = Sql::new(
        "INSERT INTO notifications (person, organisation, kind, arguments, link, is_todo, subject, at_ns) VALUES (",
    );
    sql.bind(notice.person)
        .push(", ")
        .bind(notice.organisation)
        .push(", ");
    sql.bind(notice.kind).push(", ");
    sql.bind(serde_json::Value::Object(arguments).to_string())
        .push(", ");
    sql.bind(notice.link.as_str()).push(", ");
    sql.bind(i64::from(notice.is_todo)).push(", ");
    sql.bind(notice.subject.clone())
        .push(", ")
        .bind(now_ns)
        .push(") RETURNING id");
    let row = sql.one(change).await?.ok_or(Error::Internal)?;
    let id: i64 = row.get(0)?;
    news::tell(change).await?;
    let is_reached = wechat::reached(change, notice.person).await?.is_some()
        || browsers::is_reached(change, notice.person).await?;
    if is_reached {
        let job = Job {
            kind: "push-notice",
            arguments: json!({ "notice": id }),
            organisation: notice.organisation,
            person: Some(notice.person),
            key: format!("notice {id}"),
            at_ns: 0,
        };
        jobs::add(change, &job, now_ns).await?;
    }
    Ok(())
}

/// Sends a notification to the WeChat (ACC-22) and the browsers (ACC-21) of whom it is for, in the transaction that ends its
/// job: once for each notification. Whoever wants no more, or has opened it meanwhile, is sent nothing.
pub(crate) async fn push(platform: &Platform, change: &impl Connection, task: &Task) -> Result<()> {
    let (Some(id), Some(person)) = (task.arguments["notice"].as_i64(), task.person) else {
        return Ok(());
    };
    let notice = store::any(change, person, id).await?;
    let Some(notice) = notice.filter(|notice| notice.done_ns.is_none()) else {
        return Ok(());
    };
    to_wechat(platform, change, task, &notice, person).await?;
    to_browsers(platform, change, task, &notice, person).await
}

async fn to_wechat(
    platform: &Platform,
    change: &impl Connection,
    task: &Task,
    notice: &Shown,
    person: i64,
) -> Result<()> {
    let Some(to) = wechat::reached(change, person).await? else {
        return Ok(());
    };
    let language = reach::language(change, person).await?;
    let key = format!("notice-{}", notice.kind);
    let names = notice.arguments.iter();
    let names: Vec<_> = names.map(|(name, value)| (name.as_str(), value.into())).collect();
    let words = language.say_with(&key, &names);
    let base = platform.settings().public_url.as_deref().unwrap_or_default();
    let link = match base {
        "" => String::new(),
        base => format!("{}{}", base.trim_end_matches('/'), notice.link),
    };
    let message = Message {
        channel: Channel::WeChat,
        person: Some(person),
        to,
        template: "notice",
        arguments: &[("words", &words), ("link", &link)],
        organisation: task.organisation,
        key: task.key.clone(),
        at_ns: None,
        language,
    };
    outbox::send(platform, change, &message).await
}

async fn to_browsers(
    platform: &Platform,
    change: &impl Connection,
    task: &Task,
    notice: &Shown,
    person: i64,
) -> Result<()> {
    if !outbox::is_connected(platform, Channel::Push) {
        return Ok(());
    }
    let language = reach::language(change, person).await?;
    let (words, id) = (browsers::about(language, &notice.kind), notice.id.to_string());
    for browser in browsers::browsers(change, person).await? {
        let message = Message {
            channel: Channel::Push,
            person: Some(person),
            to: browser.to_string(),
            template: "push",
            arguments: &[("words", &words), ("notice", &id), ("page", &notice.link)],
            organisation: task.organisation,
            key: format!("{} browser {browser}", task.key),
            at_ns: None,
            language,
        };
        outbox::send(platform, change, &message).await?;
    }
    Ok(())
}

/// Marks what asks for something about a subject as done, for everybody who was asked.
///
/// # Errors
///
/// The database's.
pub async fn settle(change: &impl Connection, kind: &str, subject: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE notifications SET done_ns = ");
    sql.bind(now_ns)
        .push(" WHERE done_ns IS NULL AND kind = ")
        .bind(kind);
    sql.push(" AND subject = ").bind(subject);
    sql.run(change).await?;
    Ok(())
}
