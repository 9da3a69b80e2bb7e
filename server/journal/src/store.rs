//! The table of entries.

use std::borrow::Cow;

use database::{Backend, Connection, Row, Sql, Transaction, Value};

use super::{Chain, Entry, Error, Result};

const COLUMNS: &str = "at_ns, kind, actor, organisation, subject, study_uid, series_uid, sop_uid, hash, address, request, detail, chain";
/// Entries of one statement: SQLite takes 32 766 values.
const TOGETHER: usize = 500;

/// An entry with its number and the chain up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Counts up in the order of commits; numbers may be left out.
    pub id: i64,
    /// What happened.
    pub entry: Entry,
    /// The chain up to it.
    pub chain: Chain,
}

/// Which entries are asked for: all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Entries of any of these organisations; none asks for all.
    pub organisations: Option<Vec<i64>>,
    /// Who did it.
    pub actor: Option<String>,
    /// What it happened to.
    pub subject: Option<String>,
    /// The study it happened to.
    pub study_uid: Option<String>,
    /// Kinds; none asks for all.
    pub kinds: Option<Vec<String>>,
    /// At this time or later, in nanoseconds since 1970 (UTC).
    pub from_ns: Option<i64>,
    /// Before this time.
    pub until_ns: Option<i64>,
    /// Only entries with a smaller number, for the next page.
    pub before: Option<i64>,
    /// Entries given at most.
    pub limit: u32,
}

/// Appends entries to the chain, in the transaction of what they record. Writers take turns; see [`database::Writer`].
///
/// # Errors
///
/// [`Error::Database`].
pub async fn append(transaction: &Transaction, entries: &[Entry]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut chain = head(transaction)
        .await?
        .map_or(Chain::BEGINNING, |(_, chain)| chain);
    for entries in entries.chunks(TOGETHER) {
        let mut sql = Sql::new(format!("INSERT INTO journal ({COLUMNS}) VALUES "));
        for (number, entry) in entries.iter().enumerate() {
            chain = chain.with(entry);
            sql.push(if number == 0 { "(" } else { ", (" });
            sql.bind_all(values(entry, chain)).push(")");
        }
        sql.run(transaction).await?;
    }
    Ok(())
}

/// Appends entries under numbers that they had elsewhere, all greater than those that are there.
///
/// # Errors
///
/// [`Error::Database`].
pub async fn keep_numbers(transaction: &Transaction, entries: &[(i64, Entry)]) -> Result<()> {
    let mut chain = head(transaction)
        .await?
        .map_or(Chain::BEGINNING, |(_, chain)| chain);
    for entries in entries.chunks(TOGETHER) {
        let mut sql = Sql::new(format!("INSERT INTO journal (id, {COLUMNS}) VALUES "));
        for (number, (id, entry)) in entries.iter().enumerate() {
            chain = chain.with(entry);
            sql.push(if number == 0 { "(" } else { ", (" });
            sql.bind(*id).push(", ");
            sql.bind_all(values(entry, chain)).push(")");
        }
        sql.run(transaction).await?;
    }
    if transaction.backend() == Backend::Postgres {
        let next = "SELECT setval(pg_get_serial_sequence('journal', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM journal), false)";
        Sql::new(next).one(transaction).await?;
    }
    Ok(())
}

fn values(entry: &Entry, chain: Chain) -> [Value; 13] {
    [
        entry.at_ns.into(),
        entry.kind.as_ref().into(),
        entry.actor.as_str().into(),
        entry.organisation.into(),
        entry.subject.clone().into(),
        entry.study_uid.clone().into(),
        entry.series_uid.clone().into(),
        entry.sop_uid.clone().into(),
        entry.hash.clone().into(),
        entry.address.clone().into(),
        entry.request.clone().into(),
        entry.detail.clone().into(),
        chain.0.to_vec().into(),
    ]
}

/// Gives the number of the last entry and the chain up to it; where all entries were removed, those of the last removed.
///
/// # Errors
///
/// [`Error::Database`].
pub async fn head(connection: &impl Connection) -> Result<Option<(i64, Chain)>> {
    for table in ["journal", "journal_beginnings"] {
        let last = Sql::new(format!("SELECT id, chain FROM {table} ORDER BY id DESC LIMIT 1"));
        if let Some(row) = last.one(connection).await? {
            return Ok(Some((row.get(0)?, chain_of(&row, 1, row.get(0)?)?)));
        }
    }
    Ok(None)
}

/// Gives entries after the one with this number, in the order they happened; of some kinds only, where kinds are given.
///
/// # Errors
///
/// [`Error::Database`], [`Error::Damaged`].
pub async fn after(
    connection: &impl Connection,
    id: i64,
    limit: u32,
    kinds: Option<&[&str]>,
) -> Result<Vec<Stored>> {
    let mut sql = Sql::new(format!("SELECT id, {COLUMNS} FROM journal WHERE id > "));
    sql.bind(id);
    if let Some(kinds) = kinds {
        sql.push(" AND kind IN (")
            .bind_all(kinds.iter().copied())
            .push(")");
    }
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(read).collect()
}

/// Gives entries, the latest first.
///
/// # Errors
///
/// [`Error::Database`], [`Error::Damaged`].
pub async fn find(connection: &impl Connection, query: &Query) -> Result<Vec<Stored>> {
    if query.organisations.as_ref().is_some_and(Vec::is_empty)
        || query.kinds.as_ref().is_some_and(Vec::is_empty)
    {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(format!("SELECT id, {COLUMNS} FROM journal WHERE id > 0"));
    if let Some(organisations) = &query.organisations {
        sql.push(" AND organisation IN (")
            .bind_all(organisations.iter().copied())
            .push(")");
    }
    for (column, value) in [("subject", &query.subject), ("study_uid", &query.study_uid)] {
        if let Some(value) = value {
            sql.push(&format!(" AND {column} = ")).bind(value.as_str());
        }
    }
    if let Some(actor) = &query.actor {
        // What a program did in a person's name is the person's too: `person:12 client:ID`.
        sql.push(" AND (actor = ").bind(actor.as_str());
        sql.push(" OR actor > ").bind(format!("{actor} "));
        sql.push(" AND actor < ").bind(format!("{actor}!")).push(")");
    }
    if let Some(kinds) = &query.kinds {
        sql.push(" AND kind IN (")
            .bind_all(kinds.iter().map(String::as_str))
            .push(")");
    }
    for (condition, value) in [
        ("at_ns >= ", query.from_ns),
        ("at_ns < ", query.until_ns),
        ("id < ", query.before),
    ] {
        if let Some(value) = value {
            sql.push(&format!(" AND {condition}")).bind(value);
        }
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(i64::from(query.limit));
    sql.all(connection).await?.iter().map(read).collect()
}

/// The oldest entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oldest {
    /// The number of the last of them.
    pub last: i64,
    /// How many there are.
    pub entries: i64,
}

/// Gives the entries that can be removed of those that happened before a time; `None` where there are none.
///
/// Of times that went back, the entries before the first that stays go: the chain has no gaps.
///
/// # Errors
///
/// [`Error::Database`].
pub async fn before(connection: &impl Connection, before_ns: i64) -> Result<Option<Oldest>> {
    let mut first = Sql::new("SELECT MIN(id) FROM journal WHERE at_ns >= ");
    let first = first.bind(before_ns).one(connection).await?;
    let first: Option<i64> = first.map_or(Ok(None), |row| row.get(0))?;
    let mut sql = Sql::new("SELECT MAX(id), COUNT(*) FROM journal WHERE id < ");
    let Some(row) = sql.bind(first.unwrap_or(i64::MAX)).one(connection).await? else {
        return Ok(None);
    };
    let entries = row.get(1)?;
    let last: Option<i64> = row.get(0)?;
    Ok(last.map(|last| Oldest { last, entries }))
}

/// Removes entries that happened before a time, and keeps where the chain goes on. Gives how many there were.
///
/// # Errors
///
/// As [`remove_until`].
pub async fn remove_before(transaction: &Transaction, before_ns: i64, at_ns: i64) -> Result<u64> {
    match before(transaction, before_ns).await? {
        Some(oldest) => remove_until(transaction, oldest.last, at_ns).await,
        None => Ok(0),
    }
}

/// Removes all entries up to the one with this number, and keeps where the chain goes on. Gives how many there were.
///
/// # Errors
///
/// [`Error::Database`]; [`Error::Damaged`] where no entry has the number.
pub async fn remove_until(transaction: &Transaction, id: i64, at_ns: i64) -> Result<u64> {
    let mut last = Sql::new("SELECT chain FROM journal WHERE id = ");
    let row = last.bind(id).one(transaction).await?.ok_or(Error::Damaged(id))?;
    let chain = chain_of(&row, 0, id)?;
    let mut keep = Sql::new("INSERT INTO journal_beginnings (id, at_ns, chain) VALUES (");
    keep.bind(id)
        .push(", ")
        .bind(at_ns)
        .push(", ")
        .bind(chain.0.to_vec())
        .push(")");
    keep.run(transaction).await?;
    let mut remove = Sql::new("DELETE FROM journal WHERE id <= ");
    Ok(remove.bind(id).run(transaction).await?)
}

/// Where the chain begins: the number and the chain of the last entry that was removed.
///
/// # Errors
///
/// [`Error::Database`], [`Error::Damaged`].
pub async fn beginning(connection: &impl Connection) -> Result<(i64, Chain)> {
    let last = Sql::new("SELECT id, chain FROM journal_beginnings ORDER BY id DESC LIMIT 1");
    match last.one(connection).await? {
        Some(row) => Ok((row.get(0)?, chain_of(&row, 1, row.get(0)?)?)),
        None => Ok((0, Chain::BEGINNING)),
    }
}

/// The chain as it was at an entry that is there, or at a beginning.
pub(super) async fn chain_at(connection: &impl Connection, id: i64) -> Result<Option<Chain>> {
    for table in ["journal", "journal_beginnings"] {
        let mut sql = Sql::new(format!("SELECT chain FROM {table} WHERE id = "));
        if let Some(row) = sql.bind(id).one(connection).await? {
            return Ok(Some(chain_of(&row, 0, id)?));
        }
    }
    Ok(None)
}

fn chain_of(row: &Row, at: usize, id: i64) -> Result<Chain> {
    let bytes: Vec<u8> = row.get(at)?;
    Chain::from_bytes(&bytes).ok_or(Error::Damaged(id))
}

fn read(row: &Row) -> Result<Stored> {
    let id: i64 = row.get(0)?;
    let kind: String = row.get(2)?;
    Ok(Stored {
        id,
        entry: Entry {
            at_ns: row.get(1)?,
            kind: Cow::Owned(kind),
            actor: row.get(3)?,
            organisation: row.get(4)?,
            subject: row.get(5)?,
            study_uid: row.get(6)?,
            series_uid: row.get(7)?,
            sop_uid: row.get(8)?,
            hash: row.get(9)?,
            address: row.get(10)?,
            request: row.get(11)?,
            detail: row.get(12)?,
        },
        chain: chain_of(row, 13, id)?,
    })
}
