//! The tables of cooperations and of their doctors.

use database::{Connection, Row, Sql};

use super::model::{Side, State};
use crate::organisations::store::only;
use crate::people::names;
use crate::{Error, Result};

/// A cooperation, with what both lists show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docking {
    /// Its number in the table.
    pub id: i64,
    /// The hospital.
    pub hospital: i64,
    /// The team.
    pub team: i64,
    /// The hospital's number and name.
    pub hospital_called: (String, String),
    /// The team's number and name.
    pub team_called: (String, String),
    /// The side that asked.
    pub asked_by: Side,
    /// Where it stands.
    pub state: State,
    /// Whether reports for this hospital bear the doctor's own signature, or one that is fixed: personal, fixed.
    pub signature_mode: String,
    /// When it was asked, the last time.
    pub asked_ns: i64,
    /// When it was accepted or declined.
    pub answered_ns: Option<i64>,
    /// When it was ended.
    pub ended_ns: Option<i64>,
}

impl Docking {
    /// The organisation on a side.
    #[must_use]
    pub fn on(&self, side: Side) -> i64 {
        match side {
            Side::Hospital => self.hospital,
            Side::Team => self.team,
        }
    }

    /// The side that an organisation is on.
    #[must_use]
    pub fn side_of(&self, organisation: i64) -> Option<Side> {
        [Side::Hospital, Side::Team]
            .into_iter()
            .find(|side| self.on(*side) == organisation)
    }

    /// Number and name of the organisation on a side.
    #[must_use]
    pub fn called(&self, side: Side) -> &(String, String) {
        match side {
            Side::Hospital => &self.hospital_called,
            Side::Team => &self.team_called,
        }
    }
}

const COLUMNS: &str = "d.id, d.hospital, d.team, h.number, h.name, t.number, t.name, d.asked_by, d.state, d.signature_mode, \
    d.asked_ns, d.answered_ns, d.ended_ns";
const TABLES: &str =
    "dockings d JOIN organisations h ON h.id = d.hospital JOIN organisations t ON t.id = d.team";

fn docking(row: &Row) -> Result<Docking> {
    let (asked_by, state): (String, String) = (row.get(7)?, row.get(8)?);
    let unknown = || Error::internal("a word of a cooperation that is not known");
    Ok(Docking {
        id: row.get(0)?,
        hospital: row.get(1)?,
        team: row.get(2)?,
        hospital_called: (row.get(3)?, row.get(4)?),
        team_called: (row.get(5)?, row.get(6)?),
        asked_by: Side::from_word(&asked_by).ok_or_else(unknown)?,
        state: State::from_word(&state).ok_or_else(unknown)?,
        signature_mode: row.get(9)?,
        asked_ns: row.get(10)?,
        answered_ns: row.get(11)?,
        ended_ns: row.get(12)?,
    })
}

/// Cooperations of an organisation before one, the latest first, whose partner's name or number has some words.
///
/// # Errors
///
/// The database's.
pub async fn list(
    connection: &impl Connection,
    (organisation, side): (i64, Side),
    words: &str,
    state: Option<State>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Docking>> {
    let partner = match side {
        Side::Hospital => "t",
        Side::Team => "h",
    };
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE d.{} = ",
        side.word()
    ));
    sql.bind(organisation);
    match state {
        Some(state) => sql.push(" AND d.state = ").bind(state.word()),
        None => sql.push(" AND d.state <> 'withdrawn'"),
    };
    names::matching(
        &mut sql,
        &format!("{partner}.name_keys || ' ' || lower({partner}.number)"),
        words,
    );
    if let Some(before) = before {
        sql.push(" AND d.id < ").bind(before);
    }
    sql.push(" ORDER BY d.id DESC LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(docking).collect()
}

/// A cooperation that was not taken back.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Docking>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE d.state <> 'withdrawn' AND d.id = "
    ));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(docking)
        .transpose()
}

/// Whether a hospital and a team have a cooperation that is asked for or accepted.
///
/// # Errors
///
/// The database's.
pub async fn is_open(connection: &impl Connection, hospital: i64, team: i64) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM dockings WHERE state IN ('asked', 'accepted') AND hospital = ");
    sql.bind(hospital).push(" AND team = ").bind(team);
    Ok(sql.one(connection).await?.is_some())
}

/// Asks for a cooperation; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn ask(
    connection: &impl Connection,
    hospital: i64,
    team: i64,
    asked_by: Side,
    signature_mode: &str,
    now_ns: i64,
) -> Result<i64> {
    let mut sql =
        Sql::new("INSERT INTO dockings (hospital, team, asked_by, state, signature_mode, asked_ns) VALUES (");
    sql.bind_all([hospital, team]).push(", ");
    sql.bind_all([asked_by.word(), State::Asked.word(), signature_mode]);
    sql.push(", ").bind(now_ns).push(") RETURNING id");
    only(&sql, connection).await
}

/// Puts a cooperation into another state, with the time that goes with it.
///
/// # Errors
///
/// The database's.
pub async fn set_state(connection: &impl Connection, id: i64, state: State, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE dockings SET state = ");
    sql.bind(state.word());
    match state {
        State::Asked => sql.push(", answered_ns = NULL, asked_ns = "),
        State::Accepted | State::Declined => sql.push(", answered_ns = "),
        State::Ended | State::Withdrawn => sql.push(", ended_ns = "),
    };
    sql.bind(now_ns)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// Changes whose signature reports bear.
///
/// # Errors
///
/// The database's.
pub async fn set_signature_mode(connection: &impl Connection, id: i64, mode: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE dockings SET signature_mode = ");
    sql.bind(mode)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// Whether a hospital may order of a team now: their cooperation is accepted, and both are active. What was ordered before
/// is not asked about again.
///
/// # Errors
///
/// The database's.
pub async fn may_order(connection: &impl Connection, hospital: i64, team: i64) -> Result<bool> {
    let mut sql = Sql::new(format!(
        "SELECT 1 FROM {TABLES} WHERE d.state = 'accepted' AND h.state = 'active' AND t.state = 'active' AND d.hospital = "
    ));
    sql.bind(hospital).push(" AND d.team = ").bind(team);
    Ok(sql.one(connection).await?.is_some())
}

/// A doctor whom a team sets for a hospital.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doctor {
    /// The account.
    pub person: i64,
    /// The name.
    pub name: String,
    /// The title.
    pub title: Option<String>,
    /// Codes of the examination categories that the doctor prefers.
    pub categories: Vec<String>,
    /// The fee of a report, in fen.
    pub fee_fen: i64,
    /// Whether the doctor is still an active member of the team.
    pub is_active: bool,
}

const DOCTORS: &str = "SELECT c.person, p.name, p.title, c.categories, c.fee_fen, EXISTS (SELECT 1 FROM memberships m \
    WHERE m.person = c.person AND m.organisation = d.team AND m.state = 'active' AND p.state = 'active') \
    FROM docking_doctors c JOIN dockings d ON d.id = c.docking JOIN people p ON p.id = c.person";

fn doctor(row: &Row) -> Result<Doctor> {
    let categories: String = row.get(3)?;
    Ok(Doctor {
        person: row.get(0)?,
        name: row.get(1)?,
        title: row.get(2)?,
        categories: serde_json::from_str(&categories).unwrap_or_default(),
        fee_fen: row.get(4)?,
        is_active: row.get::<i64>(5)? != 0,
    })
}

/// Doctors of a cooperation.
///
/// # Errors
///
/// The database's.
pub async fn doctors(connection: &impl Connection, docking: i64) -> Result<Vec<Doctor>> {
    let mut sql = Sql::new(format!("{DOCTORS} WHERE c.docking = "));
    sql.bind(docking).push(" ORDER BY p.name, c.person LIMIT 1000");
    sql.all(connection).await?.iter().map(doctor).collect()
}

/// Sets a doctor of a cooperation, or changes what was set.
///
/// # Errors
///
/// The database's.
pub async fn set_doctor(
    connection: &impl Connection,
    docking: i64,
    person: i64,
    categories: &[String],
    fee_fen: i64,
) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO docking_doctors (docking, person, categories, fee_fen) VALUES (");
    sql.bind_all([docking, person]).push(", ");
    sql.bind(serde_json::to_string(categories).unwrap_or_default())
        .push(", ")
        .bind(fee_fen);
    sql.push(") ON CONFLICT (docking, person) DO UPDATE SET categories = excluded.categories, fee_fen = excluded.fee_fen");
    sql.run(connection).await?;
    Ok(())
}

/// Takes a doctor from a cooperation; gives whether the doctor was there.
///
/// # Errors
///
/// The database's.
pub async fn remove_doctor(connection: &impl Connection, docking: i64, person: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM docking_doctors WHERE docking = ");
    sql.bind(docking).push(" AND person = ").bind(person);
    Ok(sql.run(connection).await? > 0)
}

/// What a report costs, as it is copied into an order when it is made: what is set later does not change it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// The cooperation.
    pub docking: i64,
    /// The doctor.
    pub person: i64,
    /// In fen.
    pub fen: i64,
}

/// The fee of a team's doctor for a hospital now; `None` where nothing may be ordered of the doctor.
///
/// # Errors
///
/// The database's.
pub async fn fee_of(
    connection: &impl Connection,
    hospital: i64,
    team: i64,
    person: i64,
) -> Result<Option<Fee>> {
    if !may_order(connection, hospital, team).await? {
        return Ok(None);
    }
    let mut sql = Sql::new(
        "SELECT c.docking, c.person, c.fee_fen FROM docking_doctors c JOIN dockings d ON d.id = c.docking \
         JOIN memberships m ON m.person = c.person AND m.organisation = d.team AND m.state = 'active' \
         JOIN people p ON p.id = c.person AND p.state = 'active' WHERE d.state = 'accepted' AND d.hospital = ",
    );
    sql.bind(hospital).push(" AND d.team = ").bind(team);
    sql.push(" AND c.person = ").bind(person);
    let fee = |row: &Row| -> Result<Fee> {
        Ok(Fee {
            docking: row.get(0)?,
            person: row.get(1)?,
            fen: row.get(2)?,
        })
    };
    sql.one(connection).await?.as_ref().map(fee).transpose()
}
