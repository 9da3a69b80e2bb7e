//! Queries as SQL: one statement for the rows, one for what is counted up for the rows of a page.

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use sea_orm::{DbBackend, QueryResult};

use super::attributes::{self, Attribute, Kind, Level};
use super::condition::condition;
use super::database::Sql;
use super::matching::{self, Match, Test};
use super::more;
use super::plan::{FEW_PATIENTS, Names, Plan};
use super::sequences::{SEQUENCES, sequence};
use super::{Cursor, Error, Index, Key, ObjectReference, Query, Result, Row};
use crate::storage::Hash;

/// Rows of one answer at most; the rest is asked for with the last row's cursor.
pub const MAX_ROWS: u64 = 10_000;

/// Keys of a query, and UIDs of a list, at most.
const MAX_KEYS: usize = 64;
const MAX_UIDS: usize = 10_000;

/// Characters of a pattern or value at most.
const MAX_PATTERN: usize = 1024;

impl Index {
    /// Gives the rows that match, at most 10 000.
    ///
    /// # Errors
    ///
    /// [`Error::NotMatched`] and [`Error::WrongMatching`] for a key that is not understood, [`Error::TooMany`],
    /// [`Error::Database`].
    pub async fn query(&self, query: &Query) -> Result<Vec<Row>> {
        let plan = self.plan(query).await?;
        let mut sql = Sql::new("SELECT ");
        sql.push(&selected(query.level));
        from_where(&mut sql, query, &plan)?;
        order(&mut sql, query, &plan);
        let limit = query.limit.unwrap_or(MAX_ROWS).min(MAX_ROWS);
        sql.push(" LIMIT ").bind(limit as i64);
        sql.push(" OFFSET ")
            .bind(i64::try_from(query.offset).unwrap_or(i64::MAX));
        let found = sql.all(&self.readers).await?;
        let mut rows = found
            .iter()
            .map(|found| row(found, query.level))
            .collect::<Result<Vec<_>>>()?;
        if query.level == Level::Study {
            self.put_sets(&mut rows, "modality", tags::MODALITIES_IN_STUDY)
                .await?;
            if query.include.contains(&tags::SOP_CLASSES_IN_STUDY) {
                self.put_sets(&mut rows, "sop_class_uid", tags::SOP_CLASSES_IN_STUDY)
                    .await?;
            }
        }
        let more = more::without_column(&query.include);
        if query.level == Level::Instance && !more.is_empty() {
            self.put_more(&mut rows, &more).await?;
        }
        if query.level == Level::Series {
            for sequence in SEQUENCES
                .iter()
                .filter(|known| query.include.contains(&known.tag))
            {
                self.put_items(&mut rows, sequence).await?;
            }
        }
        Ok(rows)
    }

    /// Gives the number of rows that match, whatever offset and limit.
    ///
    /// # Errors
    ///
    /// As [`Index::query`].
    pub async fn count(&self, query: &Query) -> Result<u64> {
        let mut sql = Sql::new("SELECT COUNT(*)");
        let all = Query {
            after: None,
            ..query.clone()
        };
        from_where(&mut sql, &all, &Plan::new(self.readers.get_database_backend()))?;
        let row = sql.one(&self.readers).await?.ok_or(Error::Damaged("a count"))?;
        Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs())
    }

    /// Looks how many patients have a name, because SQLite does not: of few it is best to sort their studies, of many
    /// to walk all studies from the latest until the page is full.
    async fn plan(&self, query: &Query) -> Result<Plan> {
        let plan = Plan::new(self.readers.get_database_backend());
        let names = |key: &&Key| key.tag == tags::PATIENT_NAME && key.matching != Match::Universal;
        let names: Vec<&Key> = query.keys.iter().filter(names).collect();
        if plan.backend != DbBackend::Sqlite || query.level != Level::Study || names.is_empty() {
            return Ok(plan);
        }
        let mut sql = Sql::new("SELECT p.id FROM patients p WHERE 1 = 1");
        for key in names {
            sql.push(" AND ");
            key_condition(&mut sql, key, &plan)?;
        }
        sql.push(" LIMIT ").bind(FEW_PATIENTS + 1);
        let found = sql.all(&self.readers).await?;
        let names = if found.len() as i64 <= FEW_PATIENTS {
            let ids = found.iter().map(|row| Ok(row.try_get_by_index(0)?));
            Names::Few(ids.collect::<Result<_>>()?)
        } else {
            Names::Many
        };
        Ok(Plan { names, ..plan })
    }

    /// Puts the distinct values of a column below the studies into their rows.
    async fn put_sets(&self, rows: &mut [Row], column: &str, tag: Tag) -> Result<()> {
        for page in rows.chunks_mut(500) {
            let instances = if column == "sop_class_uid" {
                "JOIN instances i ON i.series = se.id AND i.visible = 1"
            } else {
                ""
            };
            let mut sql = Sql::new(format!(
                "SELECT DISTINCT se.study, {column} FROM series se {instances} WHERE se.instances > 0 AND {column} IS NOT NULL AND se.study IN ("
            ));
            sql.bind_all(page.iter().map(|row| row.cursor.id)).push(")");
            let mut sets: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
            for found in sql.all(&self.readers).await? {
                sets.entry(found.try_get_by_index(0)?)
                    .or_default()
                    .insert(found.try_get_by_index(1)?);
            }
            for row in page {
                if let Some(set) = sets.remove(&row.cursor.id) {
                    row.values
                        .insert(tag, set.into_iter().collect::<Vec<_>>().join("\\"));
                }
            }
        }
        Ok(())
    }
}

/// Columns of the rows: the identity, the order, the counts, then every attribute's from the patient down.
fn selected(level: Level) -> String {
    let (_, name) = level.table();
    let mut columns = vec![format!("{name}.id")];
    columns.push(
        if level == Level::Study {
            "st.sort_date"
        } else {
            "''"
        }
        .to_owned(),
    );
    columns.push(if level == Level::Study { "st.series" } else { "0" }.to_owned());
    columns.push(match level {
        Level::Study => "st.instances".to_owned(),
        Level::Series => "se.instances".to_owned(),
        _ => "0".to_owned(),
    });
    for attribute in columns_of_row(level) {
        columns.push(format!("{}.{}", attribute.level.table().1, attribute.column));
    }
    if level == Level::Instance {
        columns.push(format!("i.hash, i.size, i.transfer_syntax_uid, {COMPRESSED}"));
    }
    columns.join(", ")
}

/// The transfer syntax of an instance's compressed form, where it has one.
pub(super) const COMPRESSED: &str =
    "(SELECT c.transfer_syntax_uid FROM compressions c WHERE c.hash = i.hash AND c.state <> 'left')";

fn columns_of_row(level: Level) -> impl Iterator<Item = &'static Attribute> {
    attributes::ATTRIBUTES
        .iter()
        .filter(move |attribute| attribute.level <= level)
}

/// Columns before the attributes'.
const FIRST: usize = 4;

fn row(found: &QueryResult, level: Level) -> Result<Row> {
    let mut values = BTreeMap::new();
    let mut at = FIRST;
    for attribute in columns_of_row(level) {
        if let Some(value) = found.try_get_by_index::<Option<String>>(at)? {
            values.insert(attribute.tag, value);
        }
        at += 1;
    }
    let count = |at| -> Result<String> { Ok(found.try_get_by_index::<i64>(at)?.to_string()) };
    if level == Level::Study {
        values.insert(tags::NUMBER_OF_STUDY_RELATED_SERIES, count(2)?);
        values.insert(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, count(3)?);
    }
    if level == Level::Series {
        values.insert(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, count(3)?);
    }
    let object = if level == Level::Instance {
        let hash: String = found.try_get_by_index(at)?;
        Some(ObjectReference {
            hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
            size: found.try_get_by_index::<i64>(at + 1)?.unsigned_abs(),
            transfer_syntax_uid: found.try_get_by_index(at + 2)?,
            compressed: found.try_get_by_index(at + 3)?,
        })
    } else {
        None
    };
    Ok(Row {
        values,
        cursor: Cursor {
            date: found.try_get_by_index(1)?,
            id: found.try_get_by_index(0)?,
        },
        object,
        items: BTreeMap::new(),
        more: None,
    })
}

const PATIENTS_OF_STUDIES: &str = " JOIN patients o ON o.id = st.patient JOIN patients p ON p.id = o.root";

fn from_where(sql: &mut Sql, query: &Query, plan: &Plan) -> Result<()> {
    check_size("keys", query.keys.len(), MAX_KEYS)?;
    sql.push(match query.level {
        Level::Patient => " FROM patients p",
        Level::Study => " FROM studies st",
        Level::Series => " FROM series se JOIN studies st ON st.id = se.study",
        Level::Instance => {
            " FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study"
        }
    });
    if query.level > Level::Patient {
        sql.push(PATIENTS_OF_STUDIES);
    }
    sql.push(" WHERE ");
    sql.push(match query.level {
        // A patient shows as long as there is something of it, or of those merged into it.
        Level::Patient => {
            "p.root = p.id AND EXISTS (SELECT 1 FROM patients o JOIN studies st ON st.patient = o.id WHERE o.root = p.id AND st.instances > 0)"
        }
        Level::Study => "st.instances > 0",
        Level::Series => "se.instances > 0",
        Level::Instance => "i.visible = 1",
    });
    let keys = query.keys.iter().filter(|key| key.matching != Match::Universal);
    let (mut own, mut below, mut identifiers) = (Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        if [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID].contains(&key.tag) {
            identifiers.push(key);
        } else if level_of(key)? <= query.level {
            own.push(key);
        } else {
            below.push(key);
        }
    }
    if let Names::Few(patients) = &plan.names {
        own.retain(|key| key.tag != tags::PATIENT_NAME);
        sql.push(" AND ");
        if patients.is_empty() {
            sql.push("1 = 0");
        } else {
            sql.push("p.id IN (").bind_all(patients.iter().copied()).push(")");
        }
    }
    for key in own {
        sql.push(" AND ");
        key_condition(sql, key, plan)?;
    }
    if !identifiers.is_empty() {
        identifier_condition(sql, &identifiers, plan.backend)?;
    }
    if !below.is_empty() {
        below_condition(sql, query.level, &below, plan)?;
    }
    if let Some(Cursor { date, id }) = &query.after {
        if query.level == Level::Study {
            sql.push(" AND (st.sort_date, st.id) < (").bind(date.as_str());
            sql.push(", ").bind(*id).push(")");
        } else {
            sql.push(&format!(" AND {}.id > ", query.level.table().1))
                .bind(*id);
        }
    }
    Ok(())
}

fn order(sql: &mut Sql, query: &Query, plan: &Plan) {
    if matches!(plan.names, Names::Few(_)) {
        sql.push(" ORDER BY +st.sort_date DESC, +st.id DESC");
    } else if query.level == Level::Study {
        sql.push(" ORDER BY st.sort_date DESC, st.id DESC");
    } else {
        sql.push(&format!(" ORDER BY {}.id", query.level.table().1));
    }
}

fn check_size(what: &'static str, found: usize, limit: usize) -> Result<()> {
    if found > limit {
        return Err(Error::TooMany { what, limit, found });
    }
    Ok(())
}

/// The level that a key speaks of.
pub(super) fn level_of(key: &Key) -> Result<Level> {
    match key.tag {
        tags::MODALITIES_IN_STUDY => Ok(Level::Study),
        tag if sequence(tag).is_some() => Ok(Level::Series),
        tag => Ok(matched(tag)?.level),
    }
}

fn matched(tag: Tag) -> Result<&'static Attribute> {
    attributes::attribute(tag)
        .filter(|attribute| attribute.matched)
        .ok_or(Error::NotMatched(tag))
}

/// Gives the test of a key of an attribute.
pub(super) fn test_of(attribute: &Attribute, key: &Key) -> Result<Test> {
    match &key.matching {
        Match::Single(text) | Match::Wildcard(text) => {
            check_size("characters of a key", text.len(), MAX_PATTERN)?
        }
        Match::UidList(uids) => check_size("UIDs of a list", uids.len(), MAX_UIDS)?,
        _ => {}
    }
    matching::test(attribute, &key.matching).ok_or(Error::WrongMatching(key.tag))
}

/// An attribute of an item, compared as text.
pub(super) const ITEM_TEXT: Attribute = Attribute {
    tag: Tag(0, 0),
    level: Level::Series,
    column: "",
    kind: Kind::Text,
    matched: true,
};

fn key_condition(sql: &mut Sql, key: &Key, plan: &Plan) -> Result<()> {
    let backend = plan.backend;
    if key.tag == tags::MODALITIES_IN_STUDY {
        let inner = Plan {
            correlated: true,
            ..plan.clone()
        };
        sql.push("EXISTS (SELECT 1 FROM series m WHERE m.study = st.id AND m.instances > 0 AND ");
        condition(
            sql,
            &[format!("{}m.modality", inner.sign(Level::Series))],
            &test_of(&ITEM_TEXT, key)?,
            backend,
        );
        sql.push(")");
        return Ok(());
    }
    if let Some(sequence) = sequence(key.tag) {
        let Match::Sequence(keys) = &key.matching else {
            return Err(Error::WrongMatching(key.tag));
        };
        let asked = sequence.asked(keys)?;
        check_size("keys", asked.len(), MAX_KEYS)?;
        let table = sequence.table;
        sql.push(&format!("se.id IN (SELECT q.series FROM {table} q WHERE 1 = 1"));
        for (attribute, key) in asked {
            let test = test_of(&attribute.compared(), key)?;
            sql.push(" AND ");
            condition(sql, &[format!("q.{}", attribute.column)], &test, backend);
        }
        sql.push(")");
        return Ok(());
    }
    let attribute = matched(key.tag)?;
    let name = format!("{}{}", plan.sign(attribute.level), attribute.level.table().1);
    if key.tag == tags::STUDY_DATE {
        // The date that rows are ordered by, so that one index serves both; empty where there is none.
        let test = test_of(attribute, key)?;
        if test != Test::Always {
            sql.push(&format!("{name}.sort_date <> '' AND "));
        }
        condition(sql, &[format!("{name}.sort_date")], &test, backend);
        return Ok(());
    }
    let mut columns: Vec<String> = attributes::key_columns(attribute);
    if columns.is_empty() {
        columns.push(attribute.column.to_owned());
    }
    let columns: Vec<String> = columns
        .into_iter()
        .map(|column| format!("{name}.{column}"))
        .collect();
    condition(sql, &columns, &test_of(attribute, key)?, backend);
    Ok(())
}

/// Any identifier of the patient, or of one merged into it, with its own issuer.
fn identifier_condition(sql: &mut Sql, keys: &[&Key], backend: DbBackend) -> Result<()> {
    sql.push(
        " AND p.id IN (SELECT q.root FROM patient_ids x JOIN patients q ON q.id = x.patient WHERE 1 = 1",
    );
    for key in keys {
        let column = if key.tag == tags::PATIENT_ID {
            "x.identifier"
        } else {
            "x.issuer"
        };
        sql.push(" AND ");
        condition(sql, &[column.to_owned()], &test_of(&ITEM_TEXT, key)?, backend);
    }
    sql.push(")");
    Ok(())
}

/// One instance below the row that matches all these keys.
fn below_condition(sql: &mut Sql, level: Level, keys: &[&Key], plan: &Plan) -> Result<()> {
    let mut deepest = level;
    let mut has_uid = false;
    for key in keys {
        deepest = deepest.max(level_of(key)?);
        has_uid |= attributes::attribute(key.tag).is_some_and(|attribute| attribute.kind == Kind::Uid);
    }
    // With a UID the database had better begin with the few that have it; else it looks below each candidate.
    let (upper, link) = match level {
        Level::Patient => ("o.root", "p.id"),
        Level::Study => ("se.study", "st.id"),
        _ => ("i.series", "se.id"),
    };
    if has_uid {
        sql.push(&format!(" AND {link} IN (SELECT {upper} FROM "));
    } else {
        sql.push(" AND EXISTS (SELECT 1 FROM ");
    }
    let mut shown = Vec::new();
    let mut tables = Vec::new();
    if level == Level::Patient {
        tables.push("patients o JOIN studies st ON st.patient = o.id");
        shown.push("st.instances > 0");
    }
    if level < Level::Series && deepest >= Level::Series {
        tables.push(if level == Level::Patient {
            " JOIN series se ON se.study = st.id"
        } else {
            "series se"
        });
        shown.push("se.instances > 0");
    }
    if deepest == Level::Instance {
        tables.push(if level < Level::Series {
            " JOIN instances i ON i.series = se.id"
        } else {
            "instances i"
        });
        shown.push("i.visible = 1");
    }
    sql.push(&tables.concat())
        .push(" WHERE ")
        .push(&shown.join(" AND "));
    if !has_uid {
        sql.push(&format!(" AND {upper} = {link}"));
    }
    let plan = &Plan {
        correlated: !has_uid,
        ..plan.clone()
    };
    for key in keys {
        sql.push(" AND ");
        key_condition(sql, key, plan)?;
    }
    sql.push(")");
    Ok(())
}
