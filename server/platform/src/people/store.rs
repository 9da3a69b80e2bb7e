//! The table of people.

use database::{Connection, Row, Sql};

use super::names;
use crate::organisations::store::only;
use crate::{Error, Result, secrets};

/// An account as administrators and its owner see it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its number.
    pub id: i64,
    /// staff or patient
    pub kind: String,
    /// pending, rejected, active, closed
    pub state: String,
    /// Why it was refused or closed.
    pub reason: Option<String>,
    /// The mobile number.
    pub mobile: Option<String>,
    /// The name.
    pub name: String,
    /// female, male, or not said
    pub sex: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The hospital that was named when registering.
    pub hospital: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// What the person says of themself.
    pub biography: Option<String>,
    /// none, submitted, verified, refused
    pub verification: String,
    /// The password as it is kept.
    pub password: Option<String>,
    /// Whether it must be changed first.
    pub must_change_password: bool,
    /// The secret of the second factor, encrypted.
    pub totp: Option<Vec<u8>>,
    /// Where the person lands after signing in.
    pub default_organisation: Option<i64>,
    /// Signed out after thirty idle minutes.
    pub idle_sign_out: bool,
    /// Which generation of the viewer opens: v2 or v3.
    pub reading_tool: String,
    /// Whether notifications are wanted in browsers.
    pub browser_push: bool,
    /// Since when.
    pub created_ns: i64,
    /// When the password was set.
    pub password_at_ns: Option<i64>,
}

const COLUMNS: &str = "id, kind, state, reason, mobile, name, sex, email, title, hospital, department, biography, \
    verification, password, must_change_password, totp, default_organisation, idle_sign_out, reading_tool, browser_push, \
    created_ns, password_at_ns";

fn account(row: &Row) -> Result<Account> {
    let flag = |at: usize| -> Result<bool> { Ok(row.get::<i64>(at)? != 0) };
    Ok(Account {
        id: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        reason: row.get(3)?,
        mobile: row.get(4)?,
        name: row.get(5)?,
        sex: row.get(6)?,
        email: row.get(7)?,
        title: row.get(8)?,
        hospital: row.get(9)?,
        department: row.get(10)?,
        biography: row.get(11)?,
        verification: row.get(12)?,
        password: row.get(13)?,
        must_change_password: flag(14)?,
        totp: row.get(15)?,
        default_organisation: row.get(16)?,
        idle_sign_out: flag(17)?,
        reading_tool: row.get(18)?,
        browser_push: flag(19)?,
        created_ns: row.get(20)?,
        password_at_ns: row.get(21)?,
    })
}

/// An account by its number.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Account>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM people WHERE id = "));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(account)
        .transpose()
}

/// An account by its mobile number.
///
/// # Errors
///
/// The database's.
pub async fn by_mobile(connection: &impl Connection, mobile: &str) -> Result<Option<Account>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM people WHERE mobile = "));
    sql.bind(mobile)
        .one(connection)
        .await?
        .as_ref()
        .map(account)
        .transpose()
}

/// Accounts in a state whose name, or mobile number, has some words, after one.
///
/// # Errors
///
/// The database's.
pub async fn list(
    connection: &impl Connection,
    state: Option<&str>,
    verification: Option<&str>,
    words: &str,
    after: i64,
    limit: u32,
) -> Result<Vec<Account>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM people WHERE id > "));
    sql.bind(after);
    if let Some(state) = state {
        sql.push(" AND state = ").bind(state);
    }
    if let Some(verification) = verification {
        sql.push(" AND verification = ").bind(verification);
    }
    let is_number = words.len() >= 3 && words.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        sql.push(" AND mobile LIKE ").bind(format!("%{words}%"));
    } else {
        names::matching(&mut sql, "name_keys", words);
    }
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(account).collect()
}

/// What an account begins with.
#[derive(Debug, Clone, Default)]
pub struct NewAccount<'a> {
    /// staff or patient
    pub kind: &'static str,
    /// pending or active
    pub state: &'static str,
    /// The mobile number.
    pub mobile: &'a str,
    /// The name.
    pub name: &'a str,
    /// The title.
    pub title: Option<&'a str>,
    /// The hospital.
    pub hospital: Option<&'a str>,
    /// The department.
    pub department: Option<&'a str>,
    /// E-mail.
    pub email: Option<&'a str>,
    /// The password as it is kept.
    pub password: &'a str,
    /// Whether it must be changed first.
    pub must_change_password: bool,
}

/// Adds an account; gives its number. `None` where the mobile number is another's.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, new: &NewAccount<'_>, now_ns: i64) -> Result<Option<i64>> {
    if by_mobile(connection, new.mobile).await?.is_some() {
        return Ok(None);
    }
    let mut sql = Sql::new(
        "INSERT INTO people (kind, state, mobile, name, name_keys, title, hospital, department, email, verification, \
         password, password_at_ns, must_change_password, idle_sign_out, reading_tool, browser_push, wechat_push, created_ns) VALUES (",
    );
    sql.bind_all([
        new.kind,
        new.state,
        new.mobile,
        new.name,
        names::keys(new.name).as_str(),
    ]);
    for text in [new.title, new.hospital, new.department, new.email] {
        sql.push(", ").bind(text.map(str::to_owned));
    }
    sql.push(", 'none', ")
        .bind(new.password)
        .push(", ")
        .bind(now_ns)
        .push(", ");
    sql.bind(i64::from(new.must_change_password))
        .push(", 0, 'v3', 1, 1, ")
        .bind(now_ns);
    sql.push(") RETURNING id");
    Ok(Some(only(&sql, connection).await?))
}

/// Puts an account into another state.
///
/// # Errors
///
/// The database's.
pub async fn set_state(
    connection: &impl Connection,
    id: i64,
    state: &str,
    reason: Option<&str>,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET state = ");
    sql.bind(state)
        .push(", reason = ")
        .bind(reason.map(str::to_owned));
    if state == "closed" {
        // The number may be somebody else's tomorrow.
        sql.push(", mobile = NULL, closed_ns = ").bind(now_ns);
    }
    sql.push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// What a person says of themself.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The name.
    pub name: String,
    /// female, male, or not said
    pub sex: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The hospital.
    pub hospital: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// What the person says of themself.
    pub biography: Option<String>,
    /// Signed out after thirty idle minutes.
    pub idle_sign_out: bool,
    /// v2 or v3
    pub reading_tool: String,
    /// Where the person lands after signing in.
    pub default_organisation: Option<i64>,
}

/// Changes what a person says of themself.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, id: i64, profile: &Profile) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET name = ");
    sql.bind(profile.name.as_str())
        .push(", name_keys = ")
        .bind(names::keys(&profile.name));
    let texts = [
        ("sex", &profile.sex),
        ("email", &profile.email),
        ("title", &profile.title),
        ("hospital", &profile.hospital),
        ("department", &profile.department),
        ("biography", &profile.biography),
    ];
    for (column, value) in texts {
        sql.push(&format!(", {column} = ")).bind(value.clone());
    }
    // Another address was not shown to be the person's.
    sql.push(", email_verified_ns = CASE WHEN email = ")
        .bind(profile.email.clone());
    sql.push(" THEN email_verified_ns END");
    sql.push(", idle_sign_out = ")
        .bind(i64::from(profile.idle_sign_out));
    sql.push(", reading_tool = ").bind(profile.reading_tool.as_str());
    sql.push(", default_organisation = ")
        .bind(profile.default_organisation);
    sql.push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Whether a password is one of the last that an account had.
///
/// # Errors
///
/// The database's.
pub async fn had_password(
    connection: &impl Connection,
    id: i64,
    password: &str,
    last: usize,
) -> Result<bool> {
    let mut sql = Sql::new("SELECT password FROM old_passwords WHERE person = ");
    sql.bind(id)
        .push(" ORDER BY at_ns DESC LIMIT ")
        .bind(i64::try_from(last).unwrap_or(5));
    for row in sql.all(connection).await? {
        if secrets::is_password(password.to_owned(), Some(row.get(0)?)).await {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives an account another password, and remembers the one it had.
///
/// # Errors
///
/// The database's; [`Error::NotFound`].
pub async fn set_password(
    connection: &impl Connection,
    id: i64,
    kept: &str,
    must_change: bool,
    now_ns: i64,
) -> Result<()> {
    let before = one(connection, id).await?.ok_or(Error::NotFound)?;
    if let Some(before) = before.password {
        let mut sql = Sql::new("INSERT INTO old_passwords (person, at_ns, password) VALUES (");
        sql.bind_all([id, now_ns]).push(", ").bind(before).push(")");
        sql.run(connection).await?;
    }
    let mut sql = Sql::new("UPDATE people SET password = ");
    sql.bind(kept).push(", password_at_ns = ").bind(now_ns);
    sql.push(", must_change_password = ").bind(i64::from(must_change));
    sql.push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Keeps, or takes away, the secret of the second factor.
///
/// # Errors
///
/// The database's.
pub async fn set_totp(connection: &impl Connection, id: i64, sealed: Option<Vec<u8>>) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET totp = ");
    sql.bind(sealed).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Says how far a doctor's documents are.
///
/// # Errors
///
/// The database's.
pub async fn set_verification(connection: &impl Connection, id: i64, verification: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET verification = ");
    sql.bind(verification).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Accounts of the platform's administrators who hold a permission, by the word.
///
/// # Errors
///
/// The database's.
pub async fn holding(connection: &impl Connection, permission: &str) -> Result<Vec<i64>> {
    let mut sql = Sql::new(
        "SELECT DISTINCT m.person FROM memberships m JOIN roles r ON r.id = m.role JOIN organisations o ON o.id = m.organisation \
         WHERE m.state = 'active' AND o.kind = 'platform' AND r.permissions LIKE ",
    );
    let rows = sql.bind(format!("%\"{permission}\"%")).all(connection).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// Asks for another password before anything else.
///
/// # Errors
///
/// The database's.
pub async fn must_change_password(connection: &impl Connection, id: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET must_change_password = 1 WHERE id = ");
    sql.bind(id).run(connection).await?;
    Ok(())
}

/// Notes that a person signed in from an address.
///
/// # Errors
///
/// The database's.
pub async fn know_address(connection: &impl Connection, id: i64, address: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO known_addresses (person, address, at_ns) VALUES (");
    sql.bind(id).push(", ").bind(address).push(", ").bind(now_ns);
    sql.push(") ON CONFLICT (person, address) DO UPDATE SET at_ns = excluded.at_ns");
    sql.run(connection).await?;
    Ok(())
}

/// Whether a person signed in from an address before.
///
/// # Errors
///
/// The database's.
pub async fn knows_address(connection: &impl Connection, id: i64, address: &str) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM known_addresses WHERE person = ");
    sql.bind(id).push(" AND address = ").bind(address);
    Ok(sql.one(connection).await?.is_some())
}

/// Whether anybody signed in from an address before.
///
/// # Errors
///
/// The database's.
pub async fn is_address_known(connection: &impl Connection, address: &str) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM known_addresses WHERE address = ");
    sql.bind(address).push(" LIMIT 1");
    Ok(sql.one(connection).await?.is_some())
}

/// A registration that was refused is sent again.
///
/// # Errors
///
/// The database's.
pub async fn register_again(
    connection: &impl Connection,
    id: i64,
    new: &NewAccount<'_>,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET reason = NULL, state = ");
    sql.bind(new.state).push(", name = ").bind(new.name);
    sql.push(", name_keys = ").bind(names::keys(new.name));
    for (column, value) in [
        ("title", new.title),
        ("hospital", new.hospital),
        ("department", new.department),
    ] {
        sql.push(&format!(", {column} = ")).bind(value.map(str::to_owned));
    }
    sql.push(", password = ")
        .bind(new.password)
        .push(", password_at_ns = ")
        .bind(now_ns);
    sql.push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}
