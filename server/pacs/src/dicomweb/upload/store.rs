//! The table of uploads.

use database::Value;

use super::Kind;
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

/// An upload as it was created, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    /// Its name, also of its file.
    pub(super) id: String,
    /// Who created it.
    pub(super) owner: String,
    pub(super) kind: Kind,
    /// Bytes announced.
    pub(super) size: u64,
    /// The hash announced.
    pub(super) sha256: Option<Hash>,
    pub(super) created_ns: i64,
    /// When it was finished, with what status, and the report.
    pub(super) finished: Option<(i64, u16, String)>,
}

const COLUMNS: &str = "id, owner, kind, size, sha256, created_ns, finished_ns, status, report";

pub(super) async fn insert(index: &Index, upload: &Upload) -> Result<()> {
    let values: [Value; 6] = [
        upload.id.as_str().into(),
        upload.owner.as_str().into(),
        upload.kind.as_str().into(),
        i64::try_from(upload.size).unwrap_or(i64::MAX).into(),
        upload.sha256.map(|hash| hash.to_string()).into(),
        upload.created_ns.into(),
    ];
    let mut sql = Sql::new("INSERT INTO uploads (id, owner, kind, size, sha256, created_ns) VALUES (");
    sql.bind_all(values).push(")");
    let change = index.begin().await?;
    sql.run(&*change).await?;
    change.commit().await
}

pub(super) async fn finish(index: &Index, id: &str, now_ns: i64, status: u16, report: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE uploads SET finished_ns = ");
    sql.bind(now_ns).push(", status = ").bind(i64::from(status));
    sql.push(", report = ").bind(report).push(" WHERE id = ").bind(id);
    let change = index.begin().await?;
    sql.run(&*change).await?;
    change.commit().await
}

pub(super) async fn remove(index: &Index, ids: &[String]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let change = index.begin().await?;
    for id in ids {
        let mut sql = Sql::new("DELETE FROM uploads WHERE id = ");
        sql.bind(id.as_str()).run(&*change).await?;
    }
    change.commit().await
}

pub(super) async fn get(index: &Index, id: &str, owner: &str) -> Result<Option<Upload>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM uploads WHERE id = "));
    sql.bind(id).push(" AND owner = ").bind(owner);
    let row = sql.one(index.readers()).await?;
    row.as_ref().map(upload).transpose()
}

/// Every upload, reports left out.
pub(super) async fn all(index: &Index) -> Result<Vec<Upload>> {
    let columns = COLUMNS.replace("report", "CASE WHEN report IS NULL THEN NULL ELSE '' END");
    let sql = Sql::new(format!("SELECT {columns} FROM uploads ORDER BY id"));
    let rows = sql.all(index.readers()).await?;
    rows.iter().map(upload).collect()
}

/// Number of unfinished uploads of an owner, and bytes announced by all owners together.
pub(super) async fn unfinished(index: &Index, owner: &str) -> Result<(u64, u64)> {
    let mut sql = Sql::new("SELECT COUNT(CASE WHEN owner = ");
    sql.bind(owner)
        .push(" THEN 1 END), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM uploads WHERE finished_ns IS NULL");
    let row = sql.one(index.readers()).await?.ok_or(Error::Damaged("a count"))?;
    let number = |at| -> Result<u64> { Ok(row.get::<i64>(at)?.unsigned_abs()) };
    Ok((number(0)?, number(1)?))
}

fn upload(row: &database::Row) -> Result<Upload> {
    let damaged = || Error::Damaged("an upload");
    let kind: String = row.get(2)?;
    let sha256: Option<String> = row.get(4)?;
    let finished_ns: Option<i64> = row.get(6)?;
    let status: Option<i64> = row.get(7)?;
    let report: Option<String> = row.get(8)?;
    let finished = finished_ns.zip(status).zip(report).map(|((at, status), report)| {
        let status = u16::try_from(status).map_err(|_| damaged())?;
        Ok::<_, Error>((at, status, report))
    });
    Ok(Upload {
        id: row.get(0)?,
        owner: row.get(1)?,
        kind: Kind::from_text(&kind).ok_or_else(damaged)?,
        size: row.get::<i64>(3)?.unsigned_abs(),
        sha256: sha256
            .map(|hex| Hash::from_hex(&hex).ok_or_else(damaged))
            .transpose()?,
        created_ns: row.get(5)?,
        finished: finished.transpose()?,
    })
}
