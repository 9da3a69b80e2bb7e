//! The tables of grants, codes and tokens.

use database::{Connection, Row, Sql};

use crate::clients::model::Scope;
use crate::clock::DAY_NS;
use crate::permissions::Permission;
use crate::{Platform, Result, secrets};

/// What tokens come of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Its number: 256 random bits.
    pub id: String,
    /// The program; none for the site's own viewer.
    pub client: Option<i64>,
    /// The person; none for the program itself.
    pub person: Option<i64>,
    /// The organisation.
    pub organisation: i64,
    /// The address that the site had.
    pub issuer: String,
    /// Words of scopes.
    pub scope: String,
    /// What its tokens are for.
    pub audience: Vec<String>,
    /// The session that it lives with.
    pub session: Option<String>,
    /// Whether the person showed a second factor.
    pub has_second_factor: bool,
    /// When the person showed who they are.
    pub authenticated_ns: Option<i64>,
    /// Since when.
    pub created_ns: i64,
    /// Until when.
    pub expires_ns: i64,
    /// Since when it has ended.
    pub ended_ns: Option<i64>,
}

const COLUMNS: &str = "g.id, g.client, g.person, g.organisation, g.issuer, g.scope, g.audience, g.session, \
    g.has_second_factor, g.authenticated_ns, g.created_ns, g.expires_ns, g.ended_ns";
/// Columns of [`COLUMNS`].
const WIDTH: usize = 13;

fn grant(row: &Row) -> Result<Grant> {
    let audience: String = row.get(6)?;
    Ok(Grant {
        id: row.get(0)?,
        client: row.get(1)?,
        person: row.get(2)?,
        organisation: row.get(3)?,
        issuer: row.get(4)?,
        scope: row.get(5)?,
        audience: audience.split(' ').map(str::to_owned).collect(),
        session: row.get(7)?,
        has_second_factor: row.get::<i64>(8)? != 0,
        authenticated_ns: row.get(9)?,
        created_ns: row.get(10)?,
        expires_ns: row.get(11)?,
        ended_ns: row.get(12)?,
    })
}

/// Adds a grant.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, grant: &Grant) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO client_grants (id, client, person, organisation, issuer, scope, audience, session, has_second_factor, \
         authenticated_ns, created_ns, expires_ns) VALUES (",
    );
    sql.bind(grant.id.as_str()).push(", ");
    sql.bind_all([grant.client, grant.person, Some(grant.organisation)])
        .push(", ");
    sql.bind_all([
        grant.issuer.clone(),
        grant.scope.clone(),
        grant.audience.join(" "),
    ]);
    sql.push(", ").bind(grant.session.clone()).push(", ");
    sql.bind(i64::from(grant.has_second_factor)).push(", ");
    sql.bind(grant.authenticated_ns).push(", ");
    sql.bind_all([grant.created_ns, grant.expires_ns]).push(")");
    sql.run(connection).await?;
    Ok(())
}

/// The grant of a program by itself that holds at least until a time.
///
/// # Errors
///
/// The database's.
pub async fn of_client(
    connection: &impl Connection,
    client: i64,
    issuer: &str,
    until_ns: i64,
) -> Result<Option<Grant>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM client_grants g WHERE g.person IS NULL AND g.ended_ns IS NULL AND g.client = "
    ));
    sql.bind(client).push(" AND g.issuer = ").bind(issuer);
    sql.push(" AND g.expires_ns > ")
        .bind(until_ns)
        .push(" ORDER BY g.created_ns DESC LIMIT 1");
    sql.one(connection).await?.as_ref().map(grant).transpose()
}

/// The grant of a session for the site's own viewer in an organisation.
///
/// # Errors
///
/// The database's.
pub async fn of_session(
    connection: &impl Connection,
    session: &str,
    organisation: i64,
    issuer: &str,
    until_ns: i64,
) -> Result<Option<Grant>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM client_grants g WHERE g.client IS NULL AND g.ended_ns IS NULL AND g.session = "
    ));
    sql.bind(session)
        .push(" AND g.organisation = ")
        .bind(organisation);
    sql.push(" AND g.issuer = ").bind(issuer);
    sql.push(" AND g.expires_ns > ")
        .bind(until_ns)
        .push(" ORDER BY g.created_ns DESC LIMIT 1");
    sql.one(connection).await?.as_ref().map(grant).transpose()
}

/// Lets a grant hold longer.
///
/// # Errors
///
/// The database's.
pub async fn prolong(connection: &impl Connection, id: &str, expires_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE client_grants SET expires_ns = ");
    sql.bind(expires_ns).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Ends a grant with all its tokens.
///
/// # Errors
///
/// The database's.
pub async fn end(connection: &impl Connection, id: &str, why: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE client_grants SET ended_ns = ");
    sql.bind(now_ns).push(", ended_why = ").bind(why);
    sql.push(" WHERE ended_ns IS NULL AND id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Ends what a person let a program do.
///
/// # Errors
///
/// The database's.
pub async fn end_all(connection: &impl Connection, person: i64, client: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE client_grants SET ended_why = 'taken-back', ended_ns = ");
    sql.bind(now_ns)
        .push(" WHERE ended_ns IS NULL AND person = ")
        .bind(person);
    sql.push(" AND client = ").bind(client);
    sql.run(connection).await?;
    Ok(())
}

/// A grant that holds now, with what is so of its program and its person.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The grant.
    pub grant: Grant,
    /// What the program calls itself by; none for the site's own viewer.
    pub client_id: Option<String>,
    /// Scopes that the program may ask for now.
    pub scopes: Option<Vec<&'static Scope>>,
    /// The person's name.
    pub name: Option<String>,
    /// Whether the person must change the password first.
    pub must_change_password: bool,
    /// Whether the person's role changes what others may.
    pub is_administrator: bool,
}

/// A grant, where it holds now: not ended, its program and its organisation not shut out, its person a member since before
/// it was given, its session not over; and where the token of it with this number was not taken back.
///
/// # Errors
///
/// The database's.
pub async fn standing(
    connection: &impl Connection,
    id: &str,
    jti: Option<&str>,
    now_ns: i64,
) -> Result<Option<Standing>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS}, c.client_id, c.scopes, p.name, p.must_change_password, r.permissions FROM client_grants g \
         JOIN organisations o ON o.id = g.organisation LEFT JOIN clients c ON c.id = g.client \
         LEFT JOIN people p ON p.id = g.person AND p.state = 'active' \
         LEFT JOIN memberships m ON m.person = g.person AND m.organisation = g.organisation AND m.state = 'active' \
         AND m.since_ns <= g.created_ns \
         LEFT JOIN roles r ON r.id = m.role AND r.removed_ns IS NULL \
         LEFT JOIN sessions s ON s.token = g.session AND s.ended_ns IS NULL \
         WHERE g.ended_ns IS NULL AND o.state = 'active' AND (g.client IS NULL OR c.disabled_ns IS NULL) \
         AND (g.person IS NULL OR (p.id IS NOT NULL AND r.id IS NOT NULL)) \
         AND (g.session IS NULL OR s.token IS NOT NULL) AND g.id = ",
    ));
    sql.bind(id).push(" AND g.expires_ns > ").bind(now_ns);
    if let Some(jti) = jti {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM client_revoked_tokens t WHERE t.jti = ")
            .bind(jti)
            .push(")");
    }
    let Some(row) = sql.one(connection).await? else {
        return Ok(None);
    };
    let scopes: Option<String> = row.get(WIDTH + 1)?;
    let words: Option<Vec<String>> = scopes.map(|text| serde_json::from_str(&text).unwrap_or_default());
    let permissions: Option<String> = row.get(WIDTH + 4)?;
    let permissions = Permission::from_json(&permissions.unwrap_or_default());
    Ok(Some(Standing {
        grant: grant(&row)?,
        client_id: row.get(WIDTH)?,
        scopes: words.map(|words| words.iter().filter_map(|word| Scope::from_word(word)).collect()),
        name: row.get(WIDTH + 2)?,
        must_change_password: row.get::<Option<i64>>(WIDTH + 3)?.unwrap_or(0) != 0,
        is_administrator: permissions
            .iter()
            .any(|permission| permission.is_administrative()),
    }))
}

/// A code or a refresh token as it is kept, with its grant.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The grant.
    pub grant: Grant,
    /// Until when.
    pub expires_ns: i64,
    /// Since when it is used up.
    pub used_ns: Option<i64>,
    /// Of a code, where the browser was sent back to.
    pub redirect_uri: String,
    /// Of a code, the challenge of PKCE.
    pub challenge: String,
    /// Of a code, what the program wants to find in the ID token.
    pub nonce: Option<String>,
}

/// Keeps a code.
///
/// # Errors
///
/// The database's.
pub async fn add_code(connection: &impl Connection, code: &str, kept: &Kept) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO client_codes (code, grant_id, redirect_uri, challenge, nonce, expires_ns) VALUES (",
    );
    sql.bind_all([
        secrets::kept(code),
        kept.grant.id.clone(),
        kept.redirect_uri.clone(),
        kept.challenge.clone(),
    ]);
    sql.push(", ")
        .bind(kept.nonce.clone())
        .push(", ")
        .bind(kept.expires_ns)
        .push(")");
    sql.run(connection).await?;
    Ok(())
}

/// A code as it is kept.
///
/// # Errors
///
/// The database's.
pub async fn code(connection: &impl Connection, code: &str) -> Result<Option<Kept>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS}, k.expires_ns, k.used_ns, k.redirect_uri, k.challenge, k.nonce FROM client_codes k \
         JOIN client_grants g ON g.id = k.grant_id WHERE k.code = "
    ));
    let Some(row) = sql.bind(secrets::kept(code)).one(connection).await? else {
        return Ok(None);
    };
    Ok(Some(Kept {
        grant: grant(&row)?,
        expires_ns: row.get(WIDTH)?,
        used_ns: row.get(WIDTH + 1)?,
        redirect_uri: row.get(WIDTH + 2)?,
        challenge: row.get(WIDTH + 3)?,
        nonce: row.get(WIDTH + 4)?,
    }))
}

/// Uses a code up.
///
/// # Errors
///
/// The database's.
pub async fn use_code(connection: &impl Connection, code: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE client_codes SET used_ns = ");
    sql.bind(now_ns).push(" WHERE code = ").bind(secrets::kept(code));
    sql.run(connection).await?;
    Ok(())
}

/// Keeps a refresh token.
///
/// # Errors
///
/// The database's.
pub async fn add_refresh_token(
    connection: &impl Connection,
    token: &str,
    grant: &str,
    now_ns: i64,
    expires_ns: i64,
) -> Result<()> {
    let mut sql =
        Sql::new("INSERT INTO client_refresh_tokens (token, grant_id, created_ns, expires_ns) VALUES (");
    sql.bind_all([secrets::kept(token), grant.to_owned()]).push(", ");
    sql.bind_all([now_ns, expires_ns]).push(")");
    sql.run(connection).await?;
    Ok(())
}

/// A refresh token as it is kept.
///
/// # Errors
///
/// The database's.
pub async fn refresh_token(connection: &impl Connection, token: &str) -> Result<Option<Kept>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS}, k.expires_ns, k.used_ns FROM client_refresh_tokens k \
         JOIN client_grants g ON g.id = k.grant_id WHERE k.token = "
    ));
    let Some(row) = sql.bind(secrets::kept(token)).one(connection).await? else {
        return Ok(None);
    };
    Ok(Some(Kept {
        grant: grant(&row)?,
        expires_ns: row.get(WIDTH)?,
        used_ns: row.get(WIDTH + 1)?,
        redirect_uri: String::new(),
        challenge: String::new(),
        nonce: None,
    }))
}

/// Uses a refresh token up.
///
/// # Errors
///
/// The database's.
pub async fn use_refresh_token(connection: &impl Connection, token: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE client_refresh_tokens SET used_ns = ");
    sql.bind(now_ns)
        .push(" WHERE token = ")
        .bind(secrets::kept(token));
    sql.run(connection).await?;
    Ok(())
}

/// Takes an access token back before its time.
///
/// # Errors
///
/// The database's.
pub async fn take_back(connection: &impl Connection, jti: &str, expires_ns: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO client_revoked_tokens (jti, expires_ns) VALUES (");
    sql.bind(jti)
        .push(", ")
        .bind(expires_ns)
        .push(") ON CONFLICT (jti) DO NOTHING");
    sql.run(connection).await?;
    Ok(())
}

/// When the person of a session showed who they are: at its beginning, or where the browser was remembered, when it first
/// was.
///
/// # Errors
///
/// The database's.
pub async fn authenticated_ns(connection: &impl Connection, session: &str) -> Result<Option<i64>> {
    let mut sql = Sql::new(
        "SELECT s.created_ns, (SELECT MIN(r.created_ns) FROM remembered r WHERE r.family = s.family), \
         (SELECT MIN(o.created_ns) FROM sessions o WHERE o.family = s.family) FROM sessions s WHERE s.token = ",
    );
    let Some(row) = sql.bind(session).one(connection).await? else {
        return Ok(None);
    };
    let times = [row.get::<Option<i64>>(0)?, row.get(1)?, row.get(2)?];
    Ok(times.into_iter().flatten().min())
}

/// Removes what is over.
///
/// # Errors
///
/// The database's.
pub async fn tidy(platform: &Platform) -> Result<()> {
    let now_ns = platform.clock().now_ns();
    let change = platform.writer().begin().await?;
    let over = "SELECT id FROM client_grants WHERE expires_ns < ";
    for statement in [
        format!("DELETE FROM client_codes WHERE grant_id IN ({over}"),
        format!("DELETE FROM client_refresh_tokens WHERE grant_id IN ({over}"),
        format!("DELETE FROM client_grants WHERE id IN ({over}"),
        "DELETE FROM client_refresh_tokens WHERE token IN (SELECT token FROM client_refresh_tokens WHERE expires_ns < ".to_owned(),
        "DELETE FROM client_revoked_tokens WHERE jti IN (SELECT jti FROM client_revoked_tokens WHERE expires_ns < ".to_owned(),
    ] {
        let mut sql = Sql::new(statement);
        sql.bind(now_ns - DAY_NS).push(")").run(&*change).await?;
    }
    Ok(change.commit().await?)
}
