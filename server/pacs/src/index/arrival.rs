//! Several objects in one transaction.
//!
//! Nearly every object is one more of a series that is known, with nothing known that speaks against it. Two statements
//! find these, however many they are, and a few write them all; every other object goes through [`write::add`] alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use dicom_dictionary_std::tags;
use sea_orm::DatabaseTransaction;

use super::conflict::{self, Known};
use super::database::Sql;
use super::write::{self, Arrived, InstanceRow};
use super::{Added, Error, Facts, Result, Scope, kept};

/// An object that is to be added.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) facts: Facts,
    /// What [`kept::deflated`] makes of the facts.
    pub(super) kept: Vec<u8>,
    /// Who sent it: what has no sender is no event.
    pub(super) sender: Option<String>,
}

impl Arrival {
    pub(super) fn new(facts: Facts, sender: Option<String>) -> Self {
        let kept = kept::deflated(&facts);
        Self { facts, kept, sender }
    }
}

/// What an object's rows above it are found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    study_uid: String,
    series_uid: String,
    patient_key: String,
}

impl Key {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            study_uid: facts.value(tags::STUDY_INSTANCE_UID).to_owned(),
            series_uid: facts.value(tags::SERIES_INSTANCE_UID).to_owned(),
            patient_key: facts.patient_key(),
        }
    }
}

/// The rows above an instance.
pub(super) struct Above {
    pub(super) patient: i64,
    pub(super) series: i64,
    pub(super) identity: Known,
    /// Of the three rows, the object received last whose values one shows.
    leader: String,
}

impl Above {
    /// Whether none of the rows has to take the values of an object: it was not received before theirs.
    pub(super) fn stays(&self, facts: &Facts) -> bool {
        self.leader <= facts.leader()
    }
}

/// Gives the rows above where all are there.
pub(super) async fn above(
    transaction: &DatabaseTransaction,
    keys: impl IntoIterator<Item = &Key>,
) -> Result<HashMap<Key, Above>> {
    let mut sql = Sql::new("");
    for key in keys {
        let union = if sql.is_empty() { "" } else { " UNION ALL " };
        sql.push(union)
            .push(
                "SELECT st.study_uid, se.series_uid, p.patient_key, p.id, se.id, p.leader, st.leader, se.leader, \
                 p.patient_name, p.birth_date, p.sex FROM series se JOIN studies st ON st.id = se.study, patients p \
                 WHERE st.study_uid = ",
            )
            .bind(key.study_uid.as_str())
            .push(" AND se.series_uid = ")
            .bind(key.series_uid.as_str())
            .push(" AND p.patient_key = ")
            .bind(key.patient_key.as_str());
    }
    if sql.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sql.all(transaction).await?;
    rows.iter()
        .map(|row| {
            let text = |at| row.try_get_by_index::<String>(at);
            let key = Key {
                study_uid: text(0)?,
                series_uid: text(1)?,
                patient_key: text(2)?,
            };
            let above = Above {
                patient: row.try_get_by_index(3)?,
                series: row.try_get_by_index(4)?,
                leader: text(5)?.max(text(6)?).max(text(7)?),
                identity: conflict::known(row, 8)?,
            };
            Ok((key, above))
        })
        .collect()
}

/// Adds objects, each as if it came alone.
pub(super) async fn add(transaction: &DatabaseTransaction, arrivals: &[Arrival]) -> Result<Vec<Arrived>> {
    let mut arrived: Vec<Option<Arrived>> = arrivals.iter().map(|_| None).collect();
    let is_plain = plain(transaction, arrivals).await?;
    for (at, arrival) in arrivals.iter().enumerate() {
        if !is_plain[at] {
            arrived[at] = Some(write::add(transaction, arrival).await?);
        }
    }
    let mut rest: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for at in (0..arrivals.len()).filter(|at| is_plain[*at]) {
        rest.entry(Key::of(&arrivals[at].facts)).or_default().push(at);
    }
    let mut rows = above(transaction, rest.keys()).await?;
    if lead(transaction, arrivals, &mut rest, &rows, &mut arrived).await? {
        rows = above(transaction, rest.keys()).await?;
    }
    let mut more = Vec::new();
    let mut alone = Vec::new();
    for (key, places) in &rest {
        let above = rows.get(key);
        for at in places {
            match above.filter(|above| above.stays(&arrivals[*at].facts)) {
                Some(above) => more.push((*at, above)),
                None => alone.push(*at),
            }
        }
    }
    one_more(transaction, arrivals, &more, &mut arrived).await?;
    for at in alone {
        arrived[at] = Some(write::add(transaction, &arrivals[at]).await?);
    }
    let all: Option<Vec<Arrived>> = arrived.into_iter().collect();
    all.ok_or(Error::Damaged("an object that was to be added"))
}

/// Tells of each object whether nothing known speaks against it, nor another of these.
async fn plain(transaction: &DatabaseTransaction, arrivals: &[Arrival]) -> Result<Vec<bool>> {
    let hash = |arrival: &Arrival| arrival.facts.object.hash.to_string();
    let sop_uid = |arrival: &Arrival| arrival.facts.value(tags::SOP_INSTANCE_UID).to_owned();
    let hashes: Vec<String> = arrivals.iter().map(hash).collect();
    let sop_uids: Vec<String> = arrivals.iter().map(sop_uid).collect();
    let targets = arrivals
        .iter()
        .flat_map(|arrival| Scope::targets_of(&arrival.facts));
    let targets: HashSet<String> = targets.collect();

    let mut sql = Sql::new("SELECT hash FROM instances WHERE hash IN (");
    sql.bind_all(hashes.iter().map(String::as_str));
    for from in [
        "SELECT sop_uid FROM instances WHERE sop_uid IN (",
        "SELECT sop_uid FROM rejected_instances WHERE sop_uid IN (",
        "SELECT sop_uid FROM choices WHERE sop_uid IN (",
    ] {
        sql.push(") UNION ALL ")
            .push(from)
            .bind_all(sop_uids.iter().map(String::as_str));
    }
    sql.push(") UNION ALL SELECT target FROM corrections WHERE target IN (")
        .bind_all(targets)
        .push(")");
    let rows = sql.all(transaction).await?;
    let against: HashSet<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;

    let mut met: HashMap<&str, u32> = HashMap::new();
    for name in hashes.iter().chain(&sop_uids) {
        *met.entry(name).or_default() += 1;
    }
    let is_plain = |at: usize| {
        let is_alone = |name: &str| met.get(name) == Some(&1) && !against.contains(name);
        is_alone(&hashes[at])
            && is_alone(&sop_uids[at])
            && Scope::targets_of(&arrivals[at].facts)
                .iter()
                .all(|target| !against.contains(target))
    };
    Ok((0..arrivals.len()).map(is_plain).collect())
}

/// Adds what makes or changes rows above: the first of each series that is not known, and what was received before the
/// objects whose values are shown. Takes them out of `rest`; gives whether there were any.
async fn lead(
    transaction: &DatabaseTransaction,
    arrivals: &[Arrival],
    rest: &mut BTreeMap<Key, Vec<usize>>,
    rows: &HashMap<Key, Above>,
    arrived: &mut [Option<Arrived>],
) -> Result<bool> {
    let mut leading = Vec::new();
    for (key, places) in rest.iter_mut() {
        match rows.get(key) {
            Some(above) => {
                let (staying, changing) = places
                    .iter()
                    .partition(|at| above.stays(&arrivals[**at].facts));
                *places = staying;
                leading.extend::<Vec<usize>>(changing);
            }
            None => leading.push(places.remove(0)),
        }
    }
    leading.sort_unstable();
    for at in &leading {
        arrived[*at] = Some(write::add(transaction, &arrivals[*at]).await?);
    }
    rest.retain(|_, places| !places.is_empty());
    Ok(!leading.is_empty())
}

/// Adds objects that are each one more of their series.
async fn one_more(
    transaction: &DatabaseTransaction,
    arrivals: &[Arrival],
    more: &[(usize, &Above)],
    arrived: &mut [Option<Arrived>],
) -> Result<()> {
    if more.is_empty() {
        return Ok(());
    }
    let rows = more.iter().map(|(at, above)| InstanceRow {
        facts: &arrivals[*at].facts,
        kept: &arrivals[*at].kept,
        patient: above.patient,
        series: above.series,
        is_visible: true,
    });
    write::insert_instances(transaction, &rows.collect::<Vec<_>>()).await?;
    let mut grown: BTreeMap<i64, i64> = BTreeMap::new();
    for (at, above) in more {
        let facts = &arrivals[*at].facts;
        write::identifiers(transaction, above.patient, &facts.other_ids).await?;
        let conflict = conflict::of_identity(transaction, facts, &above.identity).await?;
        *grown.entry(above.series).or_default() += 1;
        arrived[*at] = Some(Arrived {
            added: Added::New,
            conflicts: conflict.into_iter().collect(),
        });
    }
    for (series, instances) in grown {
        write::count(transaction, series, instances).await?;
    }
    Ok(())
}
