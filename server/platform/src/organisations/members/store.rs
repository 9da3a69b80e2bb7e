//! The table of memberships.

use database::{Connection, Row, Sql};

use crate::Result;
use crate::organisations::store::only;
use crate::people::names;
use crate::permissions::Permission;

/// A membership with what a list shows of the person.
#[derive(Debug, Clone)]
pub struct Member {
    /// The membership.
    pub id: i64,
    /// The account.
    pub account: i64,
    /// The person's name.
    pub name: String,
    /// The mobile number.
    pub mobile: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// none, submitted, verified, refused
    pub verification: String,
    /// The role.
    pub role: i64,
    /// Its name.
    pub role_name: String,
    /// invited, active, declined, ended
    pub state: String,
    /// Whether reports of this member get a link to the electronic film.
    pub has_film: bool,
    /// Since when it is in its state.
    pub since_ns: i64,
    /// The organisation.
    pub organisation: i64,
    /// Whether the person has a picture.
    pub has_avatar: bool,
}

const COLUMNS: &str = "m.id, m.person, p.name, p.mobile, p.title, p.verification, m.role, r.name, m.state, m.has_film, \
    m.since_ns, m.organisation, EXISTS (SELECT 1 FROM files f WHERE f.person = p.id AND f.kind = 'avatar')";
const TABLES: &str = "memberships m JOIN people p ON p.id = m.person JOIN roles r ON r.id = m.role";

fn member(row: &Row) -> Result<Member> {
    Ok(Member {
        id: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        mobile: row.get(3)?,
        title: row.get(4)?,
        verification: row.get(5)?,
        role: row.get(6)?,
        role_name: row.get(7)?,
        state: row.get(8)?,
        has_film: row.get::<i64>(9)? != 0,
        since_ns: row.get(10)?,
        organisation: row.get(11)?,
        has_avatar: row.get::<i64>(12)? != 0,
    })
}

/// Members of an organisation whose name has some words, after one.
///
/// # Errors
///
/// The database's.
pub async fn list(
    connection: &impl Connection,
    organisation: i64,
    words: &str,
    state: Option<&str>,
    after: i64,
    limit: u32,
) -> Result<Vec<Member>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.organisation = "));
    sql.bind(organisation);
    match state {
        Some(state) => sql.push(" AND m.state = ").bind(state),
        None => sql.push(" AND m.state IN ('active', 'invited')"),
    };
    names::matching(&mut sql, "p.name_keys", words);
    sql.push(" AND m.id > ")
        .bind(after)
        .push(" ORDER BY m.id LIMIT ")
        .bind(i64::from(limit));
    sql.all(connection).await?.iter().map(member).collect()
}

/// A membership.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Member>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.id = "));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(member)
        .transpose()
}

/// The membership of a person in an organisation, whatever its state.
///
/// # Errors
///
/// The database's.
pub async fn of(connection: &impl Connection, account: i64, organisation: i64) -> Result<Option<Member>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.person = "));
    sql.bind(account)
        .push(" AND m.organisation = ")
        .bind(organisation);
    sql.one(connection).await?.as_ref().map(member).transpose()
}

/// Makes a membership, or begins one again that has ended; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn add(
    connection: &impl Connection,
    account: i64,
    organisation: i64,
    role: i64,
    state: &str,
    invited_by: Option<i64>,
    now_ns: i64,
) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO memberships (person, organisation, role, state, has_film, invited_by, since_ns) VALUES (",
    );
    sql.bind_all([account, organisation, role])
        .push(", ")
        .bind(state)
        .push(", 1, ");
    sql.bind(invited_by).push(", ").bind(now_ns);
    sql.push(
        ") ON CONFLICT (person, organisation) DO UPDATE SET role = excluded.role, state = excluded.state, \
         invited_by = excluded.invited_by, since_ns = excluded.since_ns RETURNING id",
    );
    only(&sql, connection).await
}

/// Changes the state of a membership.
///
/// # Errors
///
/// The database's.
pub async fn set_state(connection: &impl Connection, id: i64, state: &str, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE memberships SET state = ");
    sql.bind(state)
        .push(", since_ns = ")
        .bind(now_ns)
        .push(" WHERE id = ")
        .bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Gives a member another role, and the functions of a member.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, id: i64, role: i64, has_film: bool) -> Result<()> {
    let mut sql = Sql::new("UPDATE memberships SET role = ");
    sql.bind(role)
        .push(", has_film = ")
        .bind(i64::from(has_film))
        .push(" WHERE id = ")
        .bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// How many active members hold the role that an organisation began with.
///
/// # Errors
///
/// The database's.
pub async fn administrators(connection: &impl Connection, organisation: i64) -> Result<i64> {
    let mut sql = Sql::new(
        "SELECT COUNT(*) FROM memberships m JOIN roles r ON r.id = m.role WHERE r.is_initial = 1 AND m.state = 'active' AND m.organisation = ",
    );
    only(sql.bind(organisation), connection).await
}

/// An invitation that a person has not answered.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The membership that it would be.
    pub id: i64,
    /// The organisation's name.
    pub organisation_name: String,
    /// The role's name.
    pub role_name: String,
}

/// Invitations that a person has not answered.
///
/// # Errors
///
/// The database's.
pub async fn invitations(connection: &impl Connection, account: i64) -> Result<Vec<Invitation>> {
    let mut sql = Sql::new(
        "SELECT m.id, o.name, r.name FROM memberships m JOIN organisations o ON o.id = m.organisation JOIN roles r ON r.id = m.role \
         WHERE m.state = 'invited' AND o.state = 'active' AND m.person = ",
    );
    sql.bind(account).push(" ORDER BY m.id LIMIT 100");
    let invitation = |row: &Row| -> Result<Invitation> {
        Ok(Invitation {
            id: row.get(0)?,
            organisation_name: row.get(1)?,
            role_name: row.get(2)?,
        })
    };
    sql.all(connection).await?.iter().map(invitation).collect()
}

/// Active members of an organisation whose role holds a permission: their accounts, with the names.
///
/// # Errors
///
/// The database's.
pub async fn holding(
    connection: &impl Connection,
    organisation: i64,
    permission: Permission,
) -> Result<Vec<(i64, String)>> {
    let mut sql = Sql::new(
        "SELECT p.id, p.name FROM memberships m JOIN roles r ON r.id = m.role JOIN people p ON p.id = m.person \
         WHERE m.state = 'active' AND p.state = 'active' AND m.organisation = ",
    );
    sql.bind(organisation)
        .push(" AND r.permissions LIKE ")
        .bind(format!("%\"{}\"%", permission.word()));
    let rows = sql.push(" ORDER BY p.id").all(connection).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
