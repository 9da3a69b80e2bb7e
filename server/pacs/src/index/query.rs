//! Queries as SQL: one statement for the rows of a page, others for what is listed for them where it is asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use database::{Backend, Sql};
use dicom_dictionary_std::tags;

use super::attributes::{self, Attribute, Level};
use super::filter::{self, Group};
use super::plan::{Plan, Way};
use super::sequences::SEQUENCES;
use super::{Cursor, Custody, Error, Index, ObjectReference, Query, Result, Row, more};
use crate::storage::Hash;

/// Custodians whose pages of studies are joined; of more all studies are walked.
const JOINED: usize = 16;

/// Rows of one answer at most; the rest is asked for with the last row's cursor.
pub const MAX_ROWS: u64 = 10_000;

impl Index {
    /// Gives the rows that match, at most 10 000.
    ///
    /// # Errors
    ///
    /// [`Error::NotMatched`] and [`Error::WrongMatching`] for a key that is not understood, [`Error::TooMany`],
    /// [`Error::Database`].
    pub async fn query(&self, query: &Query) -> Result<Vec<Row>> {
        if query.within.is_empty() {
            return Ok(Vec::new());
        }
        let query = &restricted(query);
        let groups = filter::groups(query)?;
        let plan = self.plan(query, &groups).await?;
        let found = statement(query, &groups, plan)?.all(&self.readers).await?;
        let mut rows = found
            .iter()
            .map(|found| row(found, query.level))
            .collect::<Result<Vec<_>>>()?;
        if query.level == Level::Study && query.include.contains(&tags::SOP_CLASSES_IN_STUDY) {
            self.put_classes(&mut rows).await?;
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
        if query.within.is_empty() {
            return Ok(0);
        }
        let all = Query {
            after: None,
            ..restricted(query).into_owned()
        };
        let groups = filter::groups(&all)?;
        let plan = self.plan_of_all(&all, &groups).await?;
        let mut sql = Sql::new("SELECT COUNT(*)");
        match (&groups[..], plan.way) {
            // Series that show are of studies that do.
            ([group], Way::From(_))
                if group.is_of_series()
                    && !all.within.has_custodians()
                    && all.within.publication.is_none() =>
            {
                sql.push(" FROM (SELECT DISTINCT * FROM (");
                filter::found_by(&mut sql, group, plan)?;
                sql.push(") found) studies");
            }
            _ => filter::from_where(&mut sql, &all, &groups, plan)?,
        }
        let row = sql.one(&self.readers).await?.ok_or(Error::Damaged("a count"))?;
        Ok(row.get::<i64>(0)?.unsigned_abs())
    }

    /// Puts the SOP classes of studies into their rows.
    async fn put_classes(&self, rows: &mut [Row]) -> Result<()> {
        for page in rows.chunks_mut(500) {
            let mut sql = Sql::new(
                "SELECT DISTINCT se.study, i.sop_class_uid FROM series se JOIN instances i ON i.series = se.id \
                 AND i.visible = 1 WHERE se.instances > 0 AND i.sop_class_uid IS NOT NULL AND se.study IN (",
            );
            sql.bind_all(page.iter().map(|row| row.cursor.id)).push(")");
            let mut sets: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
            for found in sql.all(&self.readers).await? {
                sets.entry(found.get(0)?).or_default().insert(found.get(1)?);
            }
            for row in page {
                if let Some(set) = sets.remove(&row.cursor.id) {
                    row.values.insert(
                        tags::SOP_CLASSES_IN_STUDY,
                        set.into_iter().collect::<Vec<_>>().join("\\"),
                    );
                }
            }
        }
        Ok(())
    }
}

/// The same query with what is asked of modalities among its keys.
fn restricted(query: &Query) -> Cow<'_, Query> {
    match query.within.key() {
        None => Cow::Borrowed(query),
        Some(key) => {
            let mut query = query.clone();
            query.keys.push(key);
            Cow::Owned(query)
        }
    }
}

/// Gives the statement for a page. Of studies their numbers are found first, so that what is passed over and what is sorted
/// is no more than numbers and dates.
fn statement(query: &Query, groups: &[Group<'_>], plan: Plan) -> Result<Sql> {
    let mut sql = Sql::new(format!("SELECT {}", selected(query.level, plan.backend)));
    let is_study = query.level == Level::Study;
    let limit = query.limit.unwrap_or(MAX_ROWS).min(MAX_ROWS);
    let custodians = query.within.custodians();
    let is_joined = (2..=JOINED).contains(&custodians.len()) && !matches!(plan.way, Way::From(_));
    if is_study {
        sql.push(" FROM (SELECT st.id");
    }
    if is_study && is_joined {
        sql.push(" FROM (");
        for (number, custodian) in custodians.iter().enumerate() {
            sql.push(if number > 0 { " UNION ALL " } else { "" });
            sql.push("SELECT * FROM (SELECT st.id, st.sort_date");
            let mut own = query.clone();
            own.within.custody = Custody::Of(vec![*custodian]);
            let plan = Plan {
                custodian_sign: "",
                ..plan
            };
            filter::from_where(&mut sql, &own, groups, plan)?;
            sql.push(" ORDER BY st.sort_date DESC, st.id DESC LIMIT ")
                .bind(i64::try_from(limit.saturating_add(query.offset)).unwrap_or(i64::MAX))
                .push(&format!(") page{number}"));
        }
        sql.push(") st");
    } else {
        filter::from_where(&mut sql, query, groups, plan)?;
    }
    if is_study {
        let sign = plan.order_sign();
        sql.push(&format!(" ORDER BY {sign}st.sort_date DESC, {sign}st.id DESC"));
    } else {
        sql.push(&format!(" ORDER BY {}.id", query.level.table().1));
    }
    sql.push(" LIMIT ").bind(limit as i64);
    if query.offset > 0 {
        sql.push(" OFFSET ")
            .bind(i64::try_from(query.offset).unwrap_or(i64::MAX));
    }
    if is_study {
        let (join, sign) = match plan.backend {
            Backend::Sqlite => (plan.join(), "+"),
            _ => (plan.join(), ""),
        };
        sql.push(&format!(
            ") page {join} studies st ON st.id = page.id{} ORDER BY {sign}st.sort_date DESC, {sign}st.id DESC",
            filter::PATIENTS
        ));
    }
    Ok(sql)
}

/// Columns of the rows: the identity, the order, the counts, then every attribute's from the patient down.
fn selected(level: Level, backend: Backend) -> String {
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
    match level {
        Level::Study => columns.push(modalities(backend)),
        Level::Instance => columns.push(format!("i.hash, i.size, i.transfer_syntax_uid, {COMPRESSED}")),
        _ => {}
    }
    columns.join(", ")
}

/// The transfer syntax of an instance's compressed form, where it has one.
pub(super) const COMPRESSED: &str =
    "(SELECT c.transfer_syntax_uid FROM compressions c WHERE c.hash = i.hash AND c.state <> 'left')";

/// The modalities of a study, sorted, with `\` between them.
fn modalities(backend: Backend) -> String {
    let of_study = "FROM series m WHERE m.study = st.id AND m.instances > 0 AND m.modality IS NOT NULL";
    match backend {
        Backend::Postgres => {
            format!("(SELECT STRING_AGG(DISTINCT m.modality, '\\' ORDER BY m.modality) {of_study})")
        }
        _ => format!(
            "(SELECT GROUP_CONCAT(modality, '\\') FROM (SELECT DISTINCT m.modality {of_study} ORDER BY m.modality))"
        ),
    }
}

fn columns_of_row(level: Level) -> impl Iterator<Item = &'static Attribute> {
    attributes::ATTRIBUTES
        .iter()
        .filter(move |attribute| attribute.level <= level)
}

/// Columns before the attributes'.
const FIRST: usize = 4;

fn row(found: &database::Row, level: Level) -> Result<Row> {
    let mut values = BTreeMap::new();
    let mut at = FIRST;
    for attribute in columns_of_row(level) {
        if let Some(value) = found.get::<Option<String>>(at)? {
            values.insert(attribute.tag, value);
        }
        at += 1;
    }
    let count = |at| -> Result<String> { Ok(found.get::<i64>(at)?.to_string()) };
    if level == Level::Study {
        values.insert(tags::NUMBER_OF_STUDY_RELATED_SERIES, count(2)?);
        values.insert(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, count(3)?);
        if let Some(modalities) = found.get::<Option<String>>(at)? {
            values.insert(tags::MODALITIES_IN_STUDY, modalities);
        }
    }
    if level == Level::Series {
        values.insert(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, count(3)?);
    }
    let object = if level == Level::Instance {
        let hash: String = found.get(at)?;
        Some(ObjectReference {
            hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
            size: found.get::<i64>(at + 1)?.unsigned_abs(),
            transfer_syntax_uid: found.get(at + 2)?,
            compressed: found.get(at + 3)?,
        })
    } else {
        None
    };
    Ok(Row {
        values,
        cursor: Cursor {
            date: found.get(1)?,
            id: found.get(0)?,
        },
        object,
        items: BTreeMap::new(),
        more: None,
    })
}
