//! The table of storage commitments.

use database::Value;
use dimse::client::commitment::Instances;

use super::{from_lines, lines};
use crate::clock::now_ns;
use crate::events::Event;
use crate::index::{Error, Index, Result, Sql};

/// A commitment that was not reported yet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) transaction_uid: String,
    /// The AE title that asked.
    pub(super) requester: String,
    /// The AE title that it called us by.
    pub(super) called: String,
    pub(super) instances: Instances,
    /// Tries on associations of our own.
    pub(super) attempts: u32,
}

impl Pending {
    fn condition(&self, sql: &mut Sql) {
        sql.push(" WHERE requester = ").bind(self.requester.as_str());
        sql.push(" AND transaction_uid = ")
            .bind(self.transaction_uid.as_str());
    }
}

/// Keeps a request; one asked again begins anew.
pub(super) async fn insert(index: &Index, pending: &Pending, due_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut delete = Sql::new("DELETE FROM commitments");
    pending.condition(&mut delete);
    delete.run(&*change).await?;
    let values: [Value; 7] = [
        pending.transaction_uid.as_str().into(),
        pending.requester.as_str().into(),
        pending.called.as_str().into(),
        lines(&pending.instances).into(),
        now_ns().into(),
        due_ns.into(),
        0_i64.into(),
    ];
    let mut sql = Sql::new(
        "INSERT INTO commitments (transaction_uid, requester, called, instances, asked_ns, due_ns, attempts) VALUES (",
    );
    sql.bind_all(values).push(")").run(&*change).await?;
    change.commit().await
}

/// Gives the one that is due longest.
pub(super) async fn due(index: &Index, now_ns: i64) -> Result<Option<Pending>> {
    let mut sql = Sql::new(
        "SELECT transaction_uid, requester, called, instances, attempts FROM commitments WHERE ended_ns IS NULL \
         AND due_ns <= ",
    );
    sql.bind(now_ns).push(" ORDER BY due_ns LIMIT 1");
    let Some(row) = sql.one(index.readers()).await? else {
        return Ok(None);
    };
    let attempts: i64 = row.get(4)?;
    Ok(Some(Pending {
        transaction_uid: row.get(0)?,
        requester: row.get(1)?,
        called: row.get(2)?,
        instances: from_lines(&row.get::<String>(3)?),
        attempts: attempts.try_into().map_err(|_| Error::Damaged("a commitment"))?,
    }))
}

/// Tries again later.
pub(super) async fn postpone(index: &Index, pending: &Pending, due_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE commitments SET attempts = attempts + 1, due_ns = ");
    sql.bind(due_ns);
    pending.condition(&mut sql);
    sql.run(&*change).await?;
    change.commit().await
}

/// Keeps how it ended.
pub(super) async fn end(index: &Index, pending: &Pending, outcome: &str, event: &Event) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE commitments SET outcome = ");
    sql.bind(outcome).push(", ended_ns = ").bind(now_ns());
    pending.condition(&mut sql);
    sql.run(&*change).await?;
    change.record(event).await?;
    change.commit().await
}
