//! Several objects in one transaction.
//!
//! Nearly every object is one more of a series that is known, with nothing known that speaks against it. Two statements
//! find these, however many they are, and a few write them all; every other object goes through [`write::add`] alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use database::{Sql, Transaction};
use dicom_dictionary_std::tags;

use super::conflict;
use super::gone::{self, Removals};
use super::write::{self, Arrived, InstanceRow};
use super::{Added, Error, Facts, Result, Scope, custody, kept};

/// An object that is to be added.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) facts: Facts,
    /// What [`kept::deflated`] makes of the facts.
    pub(super) kept: Vec<u8>,
    /// Who sent it: what has no sender is no event.
    pub(super) sender: Option<Sender>,
    /// What was known of removals of its bytes before they were stored, where another process can remove them.
    pub(super) before: Option<Removals>,
}

/// Who sends an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// As events name them: `dimse:AE`, `web:NAME`, `person:12`.
    pub actor: String,
    /// Whose the study becomes, where this is the first of it; `None` where there are no organisations.
    pub custodian: Option<i64>,
}

impl From<String> for Sender {
    fn from(actor: String) -> Self {
        let custodian = None;
        Self { actor, custodian }
    }
}

impl Arrival {
    pub(super) fn new(facts: Facts, sender: Option<Sender>) -> Self {
        let kept = kept::deflated(&facts);
        Self {
            facts,
            kept,
            sender,
            before: None,
        }
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
    pub(super) identity: conflict::Known,
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
    transaction: &Transaction,
    keys: impl IntoIterator<Item = &Key>,
) -> Result<HashMap<Key, Above>> {
    let mut sql = Sql::new("");
    for key in keys {
        push_above(&mut sql, key);
    }
    if sql.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sql.all(transaction).await?;
    rows.iter().map(read_above).collect()
}

/// Asks for the rows above of a key, in a union with what is asked for already.
fn push_above(sql: &mut Sql, key: &Key) {
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

fn read_above(row: &database::Row) -> Result<(Key, Above)> {
    let text = |at| row.get::<String>(at);
    let key = Key {
        study_uid: text(0)?,
        series_uid: text(1)?,
        patient_key: text(2)?,
    };
    let above = Above {
        patient: row.get(3)?,
        series: row.get(4)?,
        leader: text(5)?.max(text(6)?).max(text(7)?),
        identity: conflict::known(row, 8)?,
    };
    Ok((key, above))
}

/// Adds objects, each as if it came alone.
pub(super) async fn add(transaction: &Transaction, arrivals: &mut [Arrival]) -> Result<Vec<Arrived>> {
    let is_foreign = custody::claim(transaction, arrivals).await?;
    let arrivals = &*arrivals;
    let is_gone = gone::gone(transaction, arrivals).await?;
    let without = |(is_foreign, is_gone): (&bool, &bool)| match (is_foreign, is_gone) {
        (true, _) => Some(Arrived::without(Added::Foreign)),
        (false, true) => Some(Arrived::without(Added::Gone)),
        (false, false) => None,
    };
    let mut arrived: Vec<Option<Arrived>> = is_foreign.iter().zip(&is_gone).map(without).collect();
    let is_left_out: Vec<bool> = arrived.iter().map(Option::is_some).collect();
    let mut rest: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (at, arrival) in arrivals.iter().enumerate().filter(|(at, _)| !is_left_out[*at]) {
        rest.entry(Key::of(&arrival.facts)).or_default().push(at);
    }
    let Known { against, mut rows } = known(transaction, arrivals, rest.keys()).await?;
    let is_plain = plain(arrivals, &against);
    let mut first: Vec<usize> = (0..arrivals.len())
        .filter(|at| !is_plain[*at] && !is_left_out[*at])
        .collect();
    for (key, places) in &mut rest {
        places.retain(|at| is_plain[*at]);
        match rows.get(key) {
            // What was received before the objects whose values are shown changes the rows above.
            Some(above) => places.retain(|at| {
                let stays = above.stays(&arrivals[*at].facts);
                first.extend((!stays).then_some(*at));
                stays
            }),
            // The first of a series makes them.
            None if places.is_empty() => {}
            None => first.push(places.remove(0)),
        }
    }
    rest.retain(|_, places| !places.is_empty());
    first.sort_unstable();
    for at in &first {
        arrived[*at] = Some(write::add(transaction, &arrivals[*at]).await?);
    }
    if !first.is_empty() {
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

/// What is known that concerns objects which are to be added.
struct Known {
    /// Hashes, SOP Instance UIDs and targets of corrections that are not to be added without a closer look.
    against: HashSet<String>,
    rows: HashMap<Key, Above>,
}

async fn known(
    transaction: &Transaction,
    arrivals: &[Arrival],
    keys: impl Iterator<Item = &Key>,
) -> Result<Known> {
    let hashes = arrivals
        .iter()
        .map(|arrival| arrival.facts.object.hash.to_string());
    let sop_uids = arrivals
        .iter()
        .map(|arrival| arrival.facts.value(tags::SOP_INSTANCE_UID));
    let targets = arrivals
        .iter()
        .flat_map(|arrival| Scope::targets_of(&arrival.facts));
    let targets: HashSet<String> = targets.collect();

    // The columns beside the first are there because those of a union must be alike.
    let empty = ", '', '', 0, 0, '', '', '', NULL, NULL, NULL";
    let mut sql = Sql::new(format!("SELECT hash{empty} FROM instances WHERE hash IN ("));
    sql.bind_all(hashes);
    for table in ["instances", "rejected_instances", "choices"] {
        sql.push(&format!(
            ") UNION ALL SELECT sop_uid{empty} FROM {table} WHERE sop_uid IN ("
        ))
        .bind_all(sop_uids.clone());
    }
    sql.push(&format!(
        ") UNION ALL SELECT target{empty} FROM corrections WHERE target IN ("
    ))
    .bind_all(targets)
    .push(")");
    for key in keys {
        push_above(&mut sql, key);
    }
    let mut known = Known {
        against: HashSet::new(),
        rows: HashMap::new(),
    };
    for row in &sql.all(transaction).await? {
        let is_above = row.get::<i64>(4)? != 0;
        if is_above {
            known.rows.extend([read_above(row)?]);
        } else {
            known.against.insert(row.get(0)?);
        }
    }
    Ok(known)
}

/// Tells of each object whether nothing known speaks against it, nor another of these.
fn plain(arrivals: &[Arrival], against: &HashSet<String>) -> Vec<bool> {
    let names = |arrival: &Arrival| {
        [
            arrival.facts.object.hash.to_string(),
            arrival.facts.value(tags::SOP_INSTANCE_UID).to_owned(),
        ]
    };
    let mut met: HashMap<String, u32> = HashMap::new();
    for name in arrivals.iter().flat_map(names) {
        *met.entry(name).or_default() += 1;
    }
    let is_plain = |arrival: &Arrival| {
        let is_alone = names(arrival)
            .iter()
            .all(|name| met.get(name) == Some(&1) && !against.contains(name));
        is_alone
            && Scope::targets_of(&arrival.facts)
                .iter()
                .all(|target| !against.contains(target))
    };
    arrivals.iter().map(is_plain).collect()
}

/// Adds objects that are each one more of their series.
async fn one_more(
    transaction: &Transaction,
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
