//! Which objects were compressed, as rows.

use codec::TransferSyntax;

use super::{PLAIN, Policy};
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

/// An object that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) id: i64,
    pub(super) hash: Hash,
    pub(super) size: u64,
    pub(super) received_ns: i64,
    pub(super) to: TransferSyntax,
}

/// Uncompressed objects after a row that the policy names and nobody looked at, in the order they came.
pub(super) async fn due(
    index: &Index,
    policy: &Policy,
    before_ns: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<Object>> {
    let mut found = Vec::new();
    let others: Vec<&String> = policy.by_modality.keys().collect();
    let of_modalities = policy
        .by_modality
        .iter()
        .map(|(modality, kept)| (Some(modality), *kept))
        .chain([(None, policy.kept)]);
    for (modality, kept) in of_modalities {
        let Some(to) = kept.transfer_syntax() else {
            continue;
        };
        let mut sql = Sql::new(
            "SELECT i.id, i.hash, i.size, i.received_ns FROM instances i JOIN series se ON se.id = i.series \
             LEFT JOIN compressions c ON c.hash = i.hash \
             WHERE i.transfer_syntax_uid IN (",
        );
        sql.bind_all(PLAIN.map(TransferSyntax::uid));
        sql.push(") AND i.id > ")
            .bind(after)
            .push(" AND i.received_ns < ")
            .bind(before_ns);
        sql.push(" AND (c.hash IS NULL OR (c.state = 'left' AND c.transfer_syntax_uid <> ")
            .bind(to.uid())
            .push(")) AND NOT EXISTS (SELECT 1 FROM cold_objects o WHERE o.hash = i.hash AND o.state <> 'recalled')");
        match modality {
            Some(modality) => {
                sql.push(" AND se.modality = ").bind(modality.as_str());
            }
            None if others.is_empty() => {}
            None => {
                sql.push(" AND COALESCE(se.modality, '') NOT IN (")
                    .bind_all(others.iter().map(|other| other.as_str()))
                    .push(")");
            }
        }
        sql.push(" ORDER BY i.id LIMIT ").bind(i64::from(limit));
        for row in sql.all(index.readers()).await? {
            found.push(Object {
                id: row.get(0)?,
                hash: hash(&row.get::<String>(1)?)?,
                size: row.get::<i64>(2)?.unsigned_abs(),
                received_ns: row.get(3)?,
                to,
            });
        }
    }
    found.sort_by_key(|object| object.id);
    found.truncate(limit as usize);
    Ok(found)
}

/// Writes that an object lies in its compressed form too, of so many bytes.
pub(super) async fn record(index: &Index, object: &Object, stored_bytes: u64, now_ns: i64) -> Result<()> {
    put(index, object, ("recorded", None), stored_bytes, now_ns).await
}

/// Writes that an object stays as it was received, and why.
pub(super) async fn leave(index: &Index, object: &Object, reason: &str, now_ns: i64) -> Result<()> {
    put(index, object, ("left", Some(reason)), object.size, now_ns).await
}

async fn put(
    index: &Index,
    object: &Object,
    (state, reason): (&str, Option<&str>),
    stored_bytes: u64,
    now_ns: i64,
) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("DELETE FROM compressions WHERE hash = ");
    sql.bind(object.hash.to_string()).run(&*change).await?;
    let mut sql = Sql::new(
        "INSERT INTO compressions (hash, transfer_syntax_uid, state, reason, received_bytes, stored_bytes, at_ns) VALUES (",
    );
    sql.bind_all([
        object.hash.to_string(),
        object.to.uid().to_owned(),
        state.to_owned(),
    ]);
    sql.push(", ").bind(reason.map(str::to_owned)).push(", ");
    let bytes = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    sql.bind_all([bytes(object.size), bytes(stored_bytes), now_ns]);
    sql.push(")").run(&*change).await?;
    change.commit().await
}

/// Writes that the received bytes are gone.
pub(super) async fn settle(index: &Index, hash: Hash) -> Result<()> {
    let change = index.begin().await?;
    let mut sql =
        Sql::new("UPDATE compressions SET state = 'compressed' WHERE state = 'recorded' AND hash = ");
    sql.bind(hash.to_string()).run(&*change).await?;
    change.commit().await
}

/// Forgets that an object was looked at.
pub(super) async fn forget(index: &Index, hash: Hash) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("DELETE FROM compressions WHERE hash = ");
    sql.bind(hash.to_string()).run(&*change).await?;
    change.commit().await
}

/// Objects that a crash left in both forms.
pub(super) async fn unfinished(index: &Index) -> Result<Vec<Hash>> {
    let sql = Sql::new("SELECT hash FROM compressions WHERE state = 'recorded' ORDER BY hash");
    let rows = sql.all(index.readers()).await?;
    rows.iter().map(|row| hash(&row.get::<String>(0)?)).collect()
}

fn hash(text: &str) -> Result<Hash> {
    Hash::from_hex(text).ok_or(Error::Damaged("a hash"))
}
