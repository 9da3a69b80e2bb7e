//! Which rows match, as SQL.

use database::{Backend, Sql};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::{self, Attribute, Kind, Level};
use super::condition::condition;
use super::matching::{self, Match, Test};
use super::named::{name_condition, named};
use super::names;
use super::plan::{Plan, Way};
use super::sequences::sequence;
use super::{Cursor, Error, Key, Query, Result};

/// Keys of a query, UIDs of a list, and words of a name, at most.
const MAX_KEYS: usize = 64;
const MAX_UIDS: usize = 10_000;
const MAX_WORDS: usize = 16;

/// Characters of a pattern or value at most.
const MAX_PATTERN: usize = 1024;

/// Keys that are asked of one row together.
#[derive(Debug)]
pub(super) enum Group<'a> {
    /// One key of the row's level, or of one above.
    Own(&'a Key),
    /// An identifier of the patient with its issuer.
    Identifiers(Vec<&'a Key>),
    /// Keys of levels below: one instance matches all of them.
    Below(Vec<&'a Key>),
}

/// Gives the keys of a query by what they are asked of; those that match anything are left out.
pub(super) fn groups(query: &Query) -> Result<Vec<Group<'_>>> {
    check_size("keys", query.keys.len(), MAX_KEYS)?;
    let keys = query.keys.iter().filter(|key| key.matching != Match::Universal);
    let (mut groups, mut below, mut identifiers) = (Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        if [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID].contains(&key.tag) {
            identifiers.push(key);
        } else if level_of(key)? <= query.level {
            groups.push(Group::Own(key));
        } else {
            below.push(key);
        }
    }
    if !identifiers.is_empty() {
        groups.push(Group::Identifiers(identifiers));
    }
    if !below.is_empty() {
        groups.push(Group::Below(below));
    }
    Ok(groups)
}

/// Patients of studies: the one that an object named, and the one that it is merged into.
pub(super) const PATIENTS: &str = " JOIN patients o ON o.id = st.patient JOIN patients p ON p.id = o.root";

/// Writes the tables and conditions of a query.
pub(super) fn from_where(sql: &mut Sql, query: &Query, groups: &[Group<'_>], plan: Plan) -> Result<()> {
    from(sql, query, groups, plan)?;
    sql.push(" WHERE ");
    sql.push(match query.level {
        Level::Patient => "p.root = p.id",
        Level::Study => "st.instances > 0",
        Level::Series => "se.instances > 0",
        Level::Instance => "i.visible = 1",
    });
    let row = if query.level == Level::Patient { "p" } else { "st" };
    query
        .within
        .and_custodian(sql, &format!("{}{row}.custodian", plan.custodian_sign));
    if query.level == Level::Patient {
        // A patient shows as long as there is something of it, or of those merged into it.
        sql.push(" AND ").push(plan.exists()).push(
            " (SELECT 1 FROM patients o JOIN studies st ON st.patient = o.id WHERE o.root = p.id AND st.instances > 0",
        );
        and_published(sql, plan);
        sql.push(")");
    } else {
        and_published(sql, plan);
    }
    if let Way::From(number) = plan.way
        && !groups[number].is_of_patient()
    {
        sql.push(" AND st.id IN (");
        found_by(sql, &groups[number], plan)?;
        sql.push(")");
    }
    for group in asked(groups, plan) {
        sql.push(" AND ");
        group_condition(sql, query.level, group, plan)?;
    }
    if let Some(Cursor { date, id }) = &query.after {
        if query.level == Level::Study {
            let sign = plan.order_sign();
            sql.push(&format!(" AND ({sign}st.sort_date, {sign}st.id) < ("))
                .bind(date.as_str());
            sql.push(", ").bind(*id).push(")");
        } else {
            sql.push(&format!(" AND {}.id > ", query.level.table().1))
                .bind(*id);
        }
    }
    Ok(())
}

/// Writes ` AND` that a study is one of those that there are by whether they are published.
fn and_published(sql: &mut Sql, plan: Plan) {
    if let Some(publication) = plan.publication {
        publication.and_row(sql, "st");
    }
}

/// The groups that are asked of each row: all but the one that rows are taken from.
fn asked<'a>(groups: &'a [Group<'a>], plan: Plan) -> impl Iterator<Item = &'a Group<'a>> {
    let others = groups.iter().enumerate();
    others
        .filter(move |(number, _)| plan.way != Way::From(*number))
        .map(|(_, group)| group)
}

/// Writes the tables of a query. A page of studies is found without their patients, where nothing is asked of these.
fn from(sql: &mut Sql, query: &Query, groups: &[Group<'_>], plan: Plan) -> Result<()> {
    let has_patients = asked(groups, plan).any(Group::is_of_patient);
    match (query.level, plan.way) {
        (Level::Patient, _) => drop(sql.push(" FROM patients p")),
        (Level::Study, Way::From(number)) if groups[number].is_of_patient() => {
            let join = plan.join();
            sql.push(" FROM (SELECT DISTINCT id FROM (");
            found_by(sql, &groups[number], plan)?;
            sql.push(&format!(
                ") found) few {join} patients o ON o.root = few.id {join} studies st ON st.patient = o.id"
            ));
            if has_patients {
                sql.push(&format!(" {join} patients p ON p.id = few.id"));
            }
        }
        (Level::Study, _) => {
            sql.push(" FROM studies st");
            sql.push(if has_patients { PATIENTS } else { "" });
        }
        (Level::Series, _) => {
            sql.push(" FROM series se JOIN studies st ON st.id = se.study")
                .push(PATIENTS);
        }
        (Level::Instance, _) => {
            let series =
                " FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study";
            sql.push(series).push(PATIENTS);
        }
    }
    Ok(())
}

impl Group<'_> {
    /// Whether it finds studies by series that show.
    pub(super) fn is_of_series(&self) -> bool {
        match self {
            Self::Own(key) => key.tag == tags::MODALITIES_IN_STUDY,
            Self::Identifiers(_) => false,
            Self::Below(_) => true,
        }
    }

    fn is_of_patient(&self) -> bool {
        match self {
            Self::Own(key) => level_of(key).is_ok_and(|level| level == Level::Patient),
            Self::Identifiers(_) => true,
            Self::Below(_) => false,
        }
    }
}

fn group_condition(sql: &mut Sql, level: Level, group: &Group<'_>, plan: Plan) -> Result<()> {
    match group {
        Group::Own(key) => key_condition(sql, key, plan),
        Group::Identifiers(keys) => identifier_condition(sql, keys, plan),
        Group::Below(keys) => below_condition(sql, level, keys, plan),
    }
}

/// Writes a statement for the numbers of the rows that a group of keys finds: of patients, or of studies. A number may come
/// more than once.
pub(super) fn found_by(sql: &mut Sql, group: &Group<'_>, plan: Plan) -> Result<()> {
    let free = Plan::new(plan.backend);
    match group {
        Group::Own(key) if key.tag == tags::PATIENT_NAME => {
            let test = test_of(matched(key.tag)?, key)?;
            named(sql, &test, plan)
        }
        Group::Own(key) if key.tag == tags::MODALITIES_IN_STUDY => {
            sql.push("SELECT m.study FROM series m WHERE m.instances > 0 AND ");
            let test = test_of(&ITEM_TEXT, key)?;
            condition(sql, &["m.modality".to_owned()], &test, plan.backend);
            Ok(())
        }
        Group::Own(key) => {
            let (table, name) = level_of(key)?.table();
            sql.push(&format!("SELECT {name}.id FROM {table} {name} WHERE "));
            if key.tag == tags::STUDY_DATE {
                // The index of dates is of what shows.
                sql.push("st.instances > 0 AND ");
            }
            key_condition(sql, key, free)
        }
        Group::Identifiers(keys) => {
            let join = plan.join();
            sql.push(&format!(
                "SELECT q.root AS id FROM patient_ids x {join} patients q ON q.id = x.patient WHERE 1 = 1"
            ));
            identifiers(sql, keys, plan.backend, "")
        }
        Group::Below(keys) => below(sql, Level::Study, keys, free),
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

pub(super) fn matched(tag: Tag) -> Result<&'static Attribute> {
    attributes::attribute(tag)
        .filter(|attribute| attribute.matched)
        .ok_or(Error::NotMatched(tag))
}

/// Gives the test of a key of an attribute.
pub(super) fn test_of(attribute: &Attribute, key: &Key) -> Result<Test> {
    check(&key.matching)?;
    matching::test(attribute, &key.matching).ok_or(Error::WrongMatching(key.tag))
}

fn check(matching: &Match) -> Result<()> {
    match matching {
        Match::Single(text) | Match::Wildcard(text) => {
            check_size("characters of a key", text.len(), MAX_PATTERN)
        }
        Match::Fuzzy(text) => {
            check_size("characters of a key", text.len(), MAX_PATTERN)?;
            check_size("words of a name", names::words(text).len(), MAX_WORDS)
        }
        Match::UidList(uids) => check_size("UIDs of a list", uids.len(), MAX_UIDS),
        Match::AnyOf(all) => {
            check_size("values of a list", all.len(), MAX_KEYS)?;
            all.iter().try_for_each(check)
        }
        Match::Universal | Match::Range { .. } | Match::Sequence(_) => Ok(()),
    }
}

/// An attribute of an item, compared as text.
pub(super) const ITEM_TEXT: Attribute = Attribute {
    tag: Tag(0, 0),
    level: Level::Series,
    column: "",
    kind: Kind::Text,
    matched: true,
};

fn key_condition(sql: &mut Sql, key: &Key, plan: Plan) -> Result<()> {
    let backend = plan.backend;
    if key.tag == tags::MODALITIES_IN_STUDY {
        sql.push(plan.exists())
            .push(" (SELECT 1 FROM series m WHERE m.study = st.id AND m.instances > 0 AND ");
        let test = test_of(&ITEM_TEXT, key)?;
        condition(sql, &["m.modality".to_owned()], &test, backend);
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
    let test = test_of(attribute, key)?;
    if key.tag == tags::PATIENT_NAME {
        return name_condition(sql, &test, plan);
    }
    let name = format!("{}{}", plan.sign(), attribute.level.table().1);
    if key.tag == tags::STUDY_DATE {
        // The date that rows are ordered by, so that one index serves both; empty where there is none.
        let name = format!("{}st", plan.order_sign());
        if test != Test::Always {
            sql.push(&format!("{name}.sort_date <> '' AND "));
        }
        condition(sql, &[format!("{name}.sort_date")], &test, backend);
        return Ok(());
    }
    condition(sql, &columns(&name, attribute), &test, backend);
    Ok(())
}

pub(super) fn columns(name: &str, attribute: &Attribute) -> Vec<String> {
    let mut columns: Vec<String> = attributes::key_columns(attribute);
    if columns.is_empty() {
        columns.push(attribute.column.to_owned());
    }
    columns.iter().map(|column| format!("{name}.{column}")).collect()
}

/// Any identifier of the patient, or of one merged into it, with its own issuer.
fn identifier_condition(sql: &mut Sql, keys: &[&Key], plan: Plan) -> Result<()> {
    let sign = plan.sign();
    if plan.is_tested() {
        sql.push(plan.exists())
            .push(" (SELECT 1 FROM patients q JOIN patient_ids x ON x.patient = q.id WHERE q.root = p.id");
    } else {
        sql.push("p.id IN (SELECT q.root FROM patient_ids x JOIN patients q ON q.id = x.patient WHERE 1 = 1");
    }
    identifiers(sql, keys, plan.backend, sign)?;
    sql.push(")");
    Ok(())
}

fn identifiers(sql: &mut Sql, keys: &[&Key], backend: Backend, sign: &str) -> Result<()> {
    for key in keys {
        let column = if key.tag == tags::PATIENT_ID {
            "identifier"
        } else {
            "issuer"
        };
        sql.push(" AND ");
        condition(
            sql,
            &[format!("{sign}x.{column}")],
            &test_of(&ITEM_TEXT, key)?,
            backend,
        );
    }
    Ok(())
}

/// One instance below the row that matches all these keys.
fn below_condition(sql: &mut Sql, level: Level, keys: &[&Key], plan: Plan) -> Result<()> {
    let is_uid =
        |key: &&Key| attributes::attribute(key.tag).is_some_and(|attribute| attribute.kind == Kind::Uid);
    // With a UID the database had better begin with the few that have it; else it looks below each candidate.
    let is_correlated = plan.is_tested() || !keys.iter().any(is_uid);
    let link = match level {
        Level::Patient => "p.id",
        Level::Study => "st.id",
        _ => "se.id",
    };
    if is_correlated {
        sql.push(plan.exists()).push(" (");
        below(sql, level, keys, plan.correlated())?;
        sql.push(&format!(" AND {} = {link}", upper(level)));
    } else {
        sql.push(&format!("{link} IN ("));
        below(sql, level, keys, plan)?;
    }
    sql.push(")");
    Ok(())
}

/// What rows below name the row by.
fn upper(level: Level) -> &'static str {
    match level {
        Level::Patient => "o.root",
        Level::Study => "se.study",
        _ => "i.series",
    }
}

/// Writes a statement for the numbers of the rows of a level that have such instances below.
fn below(sql: &mut Sql, level: Level, keys: &[&Key], plan: Plan) -> Result<()> {
    let mut deepest = level;
    for key in keys {
        deepest = deepest.max(level_of(key)?);
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
    sql.push(&format!(
        "SELECT {} FROM {} WHERE {}",
        upper(level),
        tables.concat(),
        shown.join(" AND ")
    ));
    if level == Level::Patient {
        and_published(sql, plan);
    }
    for key in keys {
        sql.push(" AND ");
        key_condition(sql, key, plan)?;
    }
    Ok(())
}
