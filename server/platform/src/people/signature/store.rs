//! Which signature stands under a report.

use database::{Connection, Sql};

use crate::Result;
use crate::files::{self, Kind, Owner, Stored};

/// Whose signature it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The doctor's own.
    Personal,
    /// The fixed one of the docking.
    Docking,
    /// The fixed one of the hospital.
    Hospital,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is.
    pub source: Source,
    /// The picture.
    pub picture: Stored,
}

/// The order in which signatures are looked for.
///
/// ACC-24 says two things: a fixed signature "replaces personal ones", and a report "uses personal, then docking-fixed, then
/// hospital-fixed precedence". Both hold by the docking's mode. A docking has the mode `personal` unless its administrators
/// choose otherwise, and there a fixed signature replaces a personal one that is missing: the second sentence, word by word.
/// In the mode `fixed` the fixed signatures replace the personal one that is there, the docking's before the hospital's; a
/// docking in that mode for which nobody has sent a fixed signature yet is signed personally, because the row asks that one
/// of the two exists, not that work stops.
fn order(is_fixed: bool) -> [Source; 3] {
    match is_fixed {
        false => [Source::Personal, Source::Docking, Source::Hospital],
        true => [Source::Docking, Source::Hospital, Source::Personal],
    }
}

/// The signature of a person under a report of a hospital, written in a docking or in the hospital itself. `None` where
/// there is none at all: then the report cannot be signed ([`super::why_not_sign`]).
///
/// # Errors
///
/// The database's.
pub async fn signature_for(
    connection: &impl Connection,
    person: i64,
    docking: Option<i64>,
    hospital: Option<i64>,
) -> Result<Option<Signature>> {
    let docking = match docking {
        Some(docking) => of_docking(connection, docking).await?,
        None => OfDocking::default(),
    };
    for source in order(docking.is_fixed) {
        let file = match (source, hospital) {
            (Source::Personal, _) => number(connection, Owner::Person(person)).await?,
            (Source::Docking, _) => docking.file,
            (Source::Hospital, Some(hospital)) => number(connection, Owner::Organisation(hospital)).await?,
            (Source::Hospital, None) => None,
        };
        if let Some(file) = file {
            let picture = files::store::plain(connection, file).await?;
            return Ok(Some(Signature { source, picture }));
        }
    }
    Ok(None)
}

async fn number(connection: &impl Connection, owner: Owner) -> Result<Option<i64>> {
    let found = files::store::since(connection, owner, Kind::Signature).await?;
    Ok(found.map(|(id, _)| id))
}

#[derive(Default)]
struct OfDocking {
    is_fixed: bool,
    file: Option<i64>,
}

/// What a docking that holds says of signatures.
async fn of_docking(connection: &impl Connection, docking: i64) -> Result<OfDocking> {
    let mut sql =
        Sql::new("SELECT signature_mode, signature FROM dockings WHERE state = 'accepted' AND id = ");
    let Some(row) = sql.bind(docking).one(connection).await? else {
        return Ok(OfDocking::default());
    };
    let mode: String = row.get(0)?;
    Ok(OfDocking {
        is_fixed: mode == "fixed",
        file: row.get(1)?,
    })
}

/// A docking as far as its signature is concerned.
#[derive(Debug)]
pub(super) struct Docking {
    pub(super) hospital: i64,
    pub(super) hospital_name: String,
    pub(super) team_name: String,
    pub(super) mode: String,
    pub(super) file: Option<i64>,
}

/// A docking of an organisation that was not declined and has not ended.
pub(super) async fn docking(
    connection: &impl Connection,
    id: i64,
    organisation: i64,
) -> Result<Option<Docking>> {
    let mut sql = Sql::new(
        "SELECT d.hospital, h.name, t.name, d.signature_mode, d.signature FROM dockings d \
         JOIN organisations h ON h.id = d.hospital JOIN organisations t ON t.id = d.team \
         WHERE d.state IN ('asked', 'accepted') AND d.id = ",
    );
    sql.bind(id).push(" AND (d.hospital = ").bind(organisation);
    sql.push(" OR d.team = ").bind(organisation).push(")");
    let row = sql.one(connection).await?;
    let docking = |row: database::Row| -> Result<Docking> {
        Ok(Docking {
            hospital: row.get(0)?,
            hospital_name: row.get(1)?,
            team_name: row.get(2)?,
            mode: row.get(3)?,
            file: row.get(4)?,
        })
    };
    row.map(docking).transpose()
}

/// Gives a docking a signature, or none.
pub(super) async fn set_docking_signature(
    connection: &impl Connection,
    id: i64,
    file: Option<i64>,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE dockings SET signature = ");
    sql.bind(file).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Says whether a docking's fixed signature replaces personal ones.
pub(super) async fn set_docking_mode(connection: &impl Connection, id: i64, mode: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE dockings SET signature_mode = ");
    sql.bind(mode).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}
