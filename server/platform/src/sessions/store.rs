//! The tables of sessions and of what is remembered.

use database::{Connection, Database, Sql};

use super::{Belonging, Signed};
use crate::organisations::Policy;
use crate::permissions::{Hours, Kind, Permission, Person};
use crate::web::{Change, Visit};
use crate::{Platform, Result, push, secrets};

/// A session as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// Whoever holds it.
    pub signed: Signed,
    /// Since when.
    pub created_ns: i64,
    /// When it was last seen, as far as that was written.
    pub seen_ns: i64,
    /// Why it has ended, where it has.
    pub ended: Option<String>,
}

/// Reads a session with the person, the active organisation and the role there.
///
/// # Errors
///
/// The database's.
pub async fn load(connection: &Database, session: &str) -> Result<Option<Stored>> {
    let mut sql = Sql::new(
        "SELECT s.person, s.organisation, s.created_ns, s.seen_ns, s.ended_ns, s.ended_why, s.second_factor_ns, \
         p.state, p.name, p.must_change_password, p.verification, p.idle_sign_out, p.totp IS NOT NULL, \
         EXISTS (SELECT 1 FROM files f WHERE f.person = p.id AND f.kind = 'signature'), \
         EXISTS (SELECT 1 FROM files f WHERE f.person = p.id AND f.kind = 'avatar'), \
         m.role, r.permissions, r.categories, r.hours, o.policy, \
         EXISTS (SELECT 1 FROM files f WHERE f.organisation = s.organisation AND f.kind = 'signature') \
         OR EXISTS (SELECT 1 FROM dockings d WHERE d.team = s.organisation AND d.state = 'accepted' AND (d.signature IS NOT NULL \
         OR EXISTS (SELECT 1 FROM files f WHERE f.organisation = d.hospital AND f.kind = 'signature'))) \
         FROM sessions s JOIN people p ON p.id = s.person \
         LEFT JOIN memberships m ON m.person = s.person AND m.organisation = s.organisation AND m.state = 'active' \
         LEFT JOIN roles r ON r.id = m.role AND r.removed_ns IS NULL \
         LEFT JOIN organisations o ON o.id = m.organisation AND o.state = 'active' \
         WHERE s.token = ",
    );
    let Some(row) = sql.bind(session).one(connection).await? else {
        return Ok(None);
    };
    let account: i64 = row.get(0)?;
    let text = |at: usize| -> Result<String> { Ok(row.get::<Option<String>>(at)?.unwrap_or_default()) };
    let flag = |at: usize| -> Result<bool> { Ok(row.get::<i64>(at)? != 0) };
    let state: String = row.get(7)?;
    let ended: Option<i64> = row.get(4)?;
    let ended = match (ended, state.as_str()) {
        (Some(_), _) => Some(text(5)?),
        (None, "active") => None,
        (None, _) => Some("closed".to_owned()),
    };
    let role: Option<i64> = row.get(15)?;
    let policy = Policy::from_json(&text(19)?);
    let organisations = belongings(connection, account).await?;
    // A membership or an organisation that has ended is no longer the active one.
    let organisation = row
        .get::<Option<i64>>(1)?
        .filter(|id| role.is_some() && organisations.iter().any(|one| one.organisation == *id));
    // What the role there holds is nothing elsewhere.
    let permissions = if organisation.is_some() {
        Permission::from_json(&text(16)?)
    } else {
        Vec::new()
    };
    let has_totp = flag(12)?;
    let is_administrator = permissions
        .iter()
        .any(|permission| permission.is_administrative());
    let signed = Signed {
        session: session.to_owned(),
        name: row.get(8)?,
        has_totp,
        has_avatar: flag(14)?,
        policy,
        idle_sign_out: flag(11)?,
        must_set_up_second_factor: is_administrator,
        person: Person {
            account,
            organisations: organisations.iter().map(|one| one.organisation).collect(),
            organisation,
            permissions,
            categories: serde_json::from_str(&text(17)?).unwrap_or_default(),
            hours: serde_json::from_str::<Hours>(&text(18)?).unwrap_or_default(),
            is_verified: text(10)? == "verified",
            has_signature: flag(13)? || flag(20)?,
            must_change_password: flag(9)?,
            has_second_factor: row.get::<Option<i64>>(6)?.is_some(),
        },
        organisations,
    };
    Ok(Some(Stored {
        signed,
        created_ns: row.get(2)?,
        seen_ns: row.get(3)?,
        ended,
    }))
}

/// Organisations that a person is a member of.
///
/// # Errors
///
/// The database's.
pub async fn belongings(connection: &impl Connection, account: i64) -> Result<Vec<Belonging>> {
    let mut sql = Sql::new(
        "SELECT o.id, o.kind, o.name, r.name FROM memberships m JOIN organisations o ON o.id = m.organisation \
         JOIN roles r ON r.id = m.role WHERE m.state = 'active' AND o.state = 'active' AND m.person = ",
    );
    sql.bind(account).push(" ORDER BY o.kind, o.name, o.id");
    let rows = sql.all(connection).await?;
    let belonging = |row: &database::Row| -> Result<Belonging> {
        let kind: String = row.get(1)?;
        Ok(Belonging {
            organisation: row.get(0)?,
            kind: Kind::from_word(&kind).unwrap_or(Kind::Department),
            name: row.get(2)?,
            role: row.get(3)?,
        })
    };
    rows.iter().map(belonging).collect()
}

/// What a new session begins with.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// The account.
    pub account: i64,
    /// The organisation that is active at first.
    pub organisation: Option<i64>,
    /// Whether a second factor was shown.
    pub has_second_factor: bool,
    /// The family of remember-me tokens it came from.
    pub family: Option<String>,
    /// Whether other sessions of the person end.
    pub is_single: bool,
}

/// Begins a session; gives its token. A token that the browser brought is never taken over.
///
/// # Errors
///
/// The database's.
pub async fn begin(change: &Change, visit: &Visit, beginning: &Beginning) -> Result<String> {
    let token = secrets::token()?;
    let session = secrets::kept(&token);
    let now_ns = visit.now_ns();
    if let Some(browser) = visit.browser() {
        push::signed_in(&**change, browser, beginning.account, &session).await?;
    }
    if beginning.is_single {
        end_others(&**change, beginning.account, &session, "displaced", now_ns).await?;
    }
    let mut sql = Sql::new(
        "INSERT INTO sessions (token, person, organisation, created_ns, seen_ns, address, agent, second_factor_ns, family) VALUES (",
    );
    sql.bind(session).push(", ");
    sql.bind(beginning.account).push(", ");
    sql.bind(beginning.organisation).push(", ");
    sql.bind_all([now_ns, now_ns]).push(", ");
    sql.bind_all([visit.address().to_string(), visit.agent().to_owned()])
        .push(", ");
    sql.bind(beginning.has_second_factor.then_some(now_ns)).push(", ");
    sql.bind(beginning.family.clone()).push(")");
    sql.run(&**change).await?;
    Ok(token)
}

/// Ends a session.
///
/// # Errors
///
/// The database's.
pub async fn end(platform: &Platform, session: &str, why: &str) -> Result<()> {
    let change = platform.writer().begin().await?;
    let mut sql = Sql::new("UPDATE sessions SET ended_ns = ");
    sql.bind(platform.clock().now_ns())
        .push(", ended_why = ")
        .bind(why);
    sql.push(" WHERE ended_ns IS NULL AND token = ").bind(session);
    sql.run(&*change).await?;
    Ok(change.commit().await?)
}

/// Ends all sessions of a person, and forgets the browsers that were remembered or have notifications.
///
/// # Errors
///
/// The database's.
pub async fn end_all(change: &impl Connection, account: i64, why: &str, now_ns: i64) -> Result<()> {
    end_others(change, account, "", why, now_ns).await
}

/// Ends all sessions of a person but one, and forgets the other browsers that were remembered or have notifications.
///
/// # Errors
///
/// The database's.
pub async fn end_others(
    change: &impl Connection,
    account: i64,
    session: &str,
    why: &str,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE sessions SET ended_ns = ");
    sql.bind(now_ns).push(", ended_why = ").bind(why);
    sql.push(" WHERE ended_ns IS NULL AND person = ").bind(account);
    sql.push(" AND token <> ").bind(session);
    sql.run(change).await?;
    let mut forget = Sql::new("DELETE FROM remembered WHERE person = ");
    forget.bind(account).run(change).await?;
    push::forget_all(change, account, session).await
}

/// Makes an organisation the active one of a session.
///
/// # Errors
///
/// The database's.
pub async fn switch(change: &impl Connection, session: &str, organisation: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE sessions SET organisation = ");
    sql.bind(organisation).push(" WHERE token = ").bind(session);
    sql.run(change).await?;
    Ok(())
}

/// Notes that a second factor was shown in a session.
///
/// # Errors
///
/// The database's.
pub async fn shown_second_factor(change: &impl Connection, session: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE sessions SET second_factor_ns = ");
    sql.bind(now_ns).push(" WHERE token = ").bind(session);
    sql.run(change).await?;
    Ok(())
}

pub(super) async fn write_seen(platform: &Platform, seen: &[(String, i64)]) -> Result<()> {
    let change = platform.writer().begin().await?;
    for (session, at_ns) in seen {
        let mut sql = Sql::new("UPDATE sessions SET seen_ns = ");
        sql.bind(*at_ns).push(" WHERE token = ").bind(session.as_str());
        sql.push(" AND seen_ns < ").bind(*at_ns);
        sql.run(&*change).await?;
    }
    Ok(change.commit().await?)
}

/// A session as its owner sees it.
#[derive(Debug)]
pub struct Listed {
    /// The hash of its token.
    pub session: String,
    /// Since when.
    pub created_ns: i64,
    /// When it was last seen.
    pub seen_ns: i64,
    /// From where.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// Sessions of a person that have not ended, the latest first.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &Database, account: i64) -> Result<Vec<Listed>> {
    let mut sql = Sql::new(
        "SELECT token, created_ns, seen_ns, address, agent FROM sessions WHERE ended_ns IS NULL AND person = ",
    );
    sql.bind(account).push(" ORDER BY seen_ns DESC LIMIT 100");
    let rows = sql.all(connection).await?;
    let listed = |row: &database::Row| -> Result<Listed> {
        Ok(Listed {
            session: row.get(0)?,
            created_ns: row.get(1)?,
            seen_ns: row.get(2)?,
            address: row.get(3)?,
            agent: row.get(4)?,
        })
    };
    rows.iter().map(listed).collect()
}

/// A browser that is remembered: its account and family.
#[derive(Debug)]
pub struct Remembered {
    /// The account.
    pub account: i64,
    /// The family of its tokens.
    pub family: String,
}

/// Remembers a browser: gives the next token of a family, or the first of a new one.
///
/// # Errors
///
/// The database's.
pub async fn remember(
    change: &impl Connection,
    account: i64,
    family: Option<&str>,
    now_ns: i64,
) -> Result<(String, String)> {
    let token = secrets::token()?;
    let family = match family {
        Some(family) => family.to_owned(),
        None => secrets::token()?,
    };
    let mut sql = Sql::new("INSERT INTO remembered (token, family, person, created_ns, expires_ns) VALUES (");
    sql.bind_all([secrets::kept(&token), family.clone()]).push(", ");
    sql.bind_all([account, now_ns, now_ns + super::REMEMBERED_NS])
        .push(")");
    sql.run(change).await?;
    Ok((token, family))
}

/// Takes a remember-me token, once. One that comes a second time was stolen, by whoever came first or second: its family
/// ends, and so do the sessions that came of it.
///
/// # Errors
///
/// The database's.
pub async fn take_remembered(
    change: &impl Connection,
    token: &str,
    now_ns: i64,
) -> Result<Option<Remembered>> {
    let kept = secrets::kept(token);
    let mut sql = Sql::new(
        "SELECT r.person, r.family, r.used_ns, r.expires_ns, p.state FROM remembered r JOIN people p ON p.id = r.person WHERE r.token = ",
    );
    let Some(row) = sql.bind(kept.as_str()).one(change).await? else {
        return Ok(None);
    };
    let (account, family): (i64, String) = (row.get(0)?, row.get(1)?);
    if row.get::<Option<i64>>(2)?.is_some() {
        let mut end = Sql::new("UPDATE sessions SET ended_why = 'stolen', ended_ns = ");
        end.bind(now_ns)
            .push(" WHERE ended_ns IS NULL AND family = ")
            .bind(family.as_str());
        end.run(change).await?;
        let mut forget = Sql::new("DELETE FROM remembered WHERE family = ");
        forget.bind(family.as_str()).run(change).await?;
        push::stolen(change, &family).await?;
        return Ok(None);
    }
    let state: String = row.get(4)?;
    if row.get::<i64>(3)? <= now_ns || state != "active" {
        return Ok(None);
    }
    let mut used = Sql::new("UPDATE remembered SET used_ns = ");
    used.bind(now_ns)
        .push(" WHERE token = ")
        .bind(kept)
        .run(change)
        .await?;
    Ok(Some(Remembered { account, family }))
}

/// Ends a session as its owner asked, and forgets the browser it was remembered in, with its notifications.
///
/// # Errors
///
/// The database's.
pub async fn sign_out(change: &impl Connection, session: &str, now_ns: i64) -> Result<()> {
    let mut forget = Sql::new(
        "DELETE FROM remembered WHERE family IN (SELECT family FROM sessions WHERE family IS NOT NULL AND token = ",
    );
    forget.bind(session).push(")").run(change).await?;
    let mut sql = Sql::new("UPDATE sessions SET ended_why = 'signed-out', ended_ns = ");
    sql.bind(now_ns)
        .push(" WHERE ended_ns IS NULL AND token = ")
        .bind(session);
    sql.run(change).await?;
    push::signed_out(change, session).await
}
