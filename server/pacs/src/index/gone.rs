//! Objects whose files are being removed while the same bytes come again, by way of another node.
//!
//! Within one process nothing is removed between an object's file and its row. Nodes that share a PostgreSQL tell each other
//! by the row of the removal: it says `deleting` before the file goes, and whoever writes an object's row looks whether that
//! was said since the file was seen. If so, the object is not added, and its sender sends it again.

use std::collections::HashMap;

use database::{Backend, Connection, Sql, Transaction};

use super::arrival::Arrival;
use super::{Error, Index, Result};
use crate::storage::Hash;

/// What was known of the removals of an object's bytes before they were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removals(Option<(i64, State)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Out of the index; the file is there.
    Removing,
    /// The file is there, or gone.
    Deleting,
    /// The file was gone, or the object came again before.
    Over,
}

impl State {
    fn from_word(word: &str) -> Self {
        match word {
            "removing" => Self::Removing,
            "deleting" => Self::Deleting,
            _ => Self::Over,
        }
    }
}

impl Removals {
    /// Whether the file is just going.
    pub(crate) fn is_going(self) -> bool {
        matches!(self.0, Some((_, State::Deleting)))
    }
}

impl Index {
    /// What is known of the removals of an object's bytes; nothing where no other process can remove them.
    pub(crate) async fn removals_of(&self, hash: Hash) -> Result<Option<Removals>> {
        if self.readers.backend() == Backend::Sqlite {
            return Ok(None);
        }
        let last = last(&self.readers, [hash]).await?;
        Ok(Some(Removals(last.get(&hash).copied())))
    }
}

/// The last removal of each object that has one.
async fn last(
    connection: &impl Connection,
    hashes: impl IntoIterator<Item = Hash>,
) -> Result<HashMap<Hash, (i64, State)>> {
    let mut sql = Sql::new("SELECT hash, id, state FROM removals WHERE hash IN (");
    sql.bind_all(hashes.into_iter().map(|hash| hash.to_string()))
        .push(") ORDER BY id");
    let mut last = HashMap::new();
    for row in sql.all(connection).await? {
        let hash: String = row.get(0)?;
        let hash = Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?;
        last.insert(hash, (row.get(1)?, State::from_word(&row.get::<String>(2)?)));
    }
    Ok(last)
}

/// Says of each arrival whether its file may be gone. A removal whose file is there ends here.
pub(super) async fn gone(transaction: &Transaction, arrivals: &[Arrival]) -> Result<Vec<bool>> {
    let watched = arrivals.iter().filter(|arrival| arrival.before.is_some());
    let hashes: Vec<Hash> = watched.map(|arrival| arrival.facts.object.hash).collect();
    if hashes.is_empty() {
        return Ok(vec![false; arrivals.len()]);
    }
    let last = last(transaction, hashes).await?;
    let mut gone = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let (before, now) = (arrival.before, last.get(&arrival.facts.object.hash).copied());
        gone.push(match (before, now) {
            (None, _) | (_, None) => false,
            (Some(_), Some((id, State::Removing))) => {
                let mut sql = Sql::new("UPDATE removals SET state = 'received-again' WHERE id = ");
                sql.bind(id).run(transaction).await?;
                false
            }
            (Some(_), Some((_, State::Deleting))) => true,
            // Over before the bytes were stored, or since.
            (Some(before), now) => before != Removals(now) && !was_kept(transaction, now).await?,
        });
    }
    Ok(gone)
}

/// Whether a removal that is over left the file, because the object came again.
async fn was_kept(transaction: &Transaction, removal: Option<(i64, State)>) -> Result<bool> {
    let Some((id, _)) = removal else {
        return Ok(true);
    };
    let mut sql = Sql::new("SELECT state FROM removals WHERE id = ");
    let row = sql.bind(id).one(transaction).await?;
    let state: Option<String> = row.map(|row| row.get(0)).transpose()?;
    Ok(state.as_deref() == Some("received-again"))
}
