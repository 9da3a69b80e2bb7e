//! How far documents are: the column of people, and the files.

use database::{Connection, Sql};

use crate::Result;
use crate::files::{self, Kind, Owner};

/// A document that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) kind: Kind,
    /// The file's number, and since when it is there.
    pub(super) file: Option<(i64, i64)>,
}

/// The documents of a person, in the order that they are asked for.
pub(super) async fn sent(connection: &impl Connection, person: i64) -> Result<Vec<Sent>> {
    let mut sent = Vec::new();
    for kind in Kind::DOCUMENTS {
        let file = files::store::since(connection, Owner::Person(person), kind).await?;
        sent.push(Sent { kind, file });
    }
    Ok(sent)
}

/// What stands for the documents as they are now: another document makes another text.
pub(super) fn mark(sent: &[Sent]) -> String {
    let written = |one: &Sent| match one.file {
        Some((id, at_ns)) => format!("{id}.{at_ns}"),
        None => "0".to_owned(),
    };
    sent.iter().map(written).collect::<Vec<_>>().join("-")
}

/// Says why documents were refused, or takes that away.
pub(super) async fn set_reason(
    connection: &impl Connection,
    person: i64,
    reason: Option<&str>,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET verification_reason = ");
    sql.bind(reason.map(str::to_owned))
        .push(" WHERE id = ")
        .bind(person);
    sql.run(connection).await?;
    Ok(())
}

/// Why documents were refused.
pub(super) async fn reason(connection: &impl Connection, person: i64) -> Result<Option<String>> {
    let mut sql = Sql::new("SELECT verification_reason FROM people WHERE id = ");
    let row = sql.bind(person).one(connection).await?;
    Ok(row.map(|row| row.get(0)).transpose()?.flatten())
}
