//! Holds, visits and removals as rows.

use std::collections::BTreeSet;

use super::{Class, Error, Hold, Kept, Policy, Result, day, until};
use crate::events::{Event, Kind};
use crate::index::{self, Change, Index, Page, RejectionReason, Restriction, Sql, unfile};
use crate::storage::Hash;

/// Studies that are looked at together.
const TOGETHER: u32 = 500;

const STUDIES: &str = "SELECT st.id, st.study_uid, st.sort_date, (SELECT MAX(i.received_ns) FROM instances i \
    JOIN series se ON se.id = i.series WHERE se.study = st.id), (SELECT v.class FROM visits v \
    WHERE v.study_uid = st.study_uid), (SELECT COUNT(*) FROM holds h WHERE h.study_uid = st.study_uid \
    AND h.lifted_ns IS NULL) FROM studies st";

/// Gives studies after the one with this number, and until when they are kept.
pub(super) async fn studies(
    index: &Index,
    policy: Policy,
    within: &Restriction,
    after: i64,
) -> Result<Vec<(i64, Kept)>> {
    let mut sql = Sql::new(format!("{STUDIES} WHERE 1 = 1"));
    within.and_study(&mut sql, "st.study_uid");
    sql.page(
        "st.id",
        Page {
            after,
            limit: TOGETHER,
        },
    );
    let rows = sql.all(index.readers()).await?;
    rows.iter().map(|row| kept(row, policy)).collect()
}

/// Gives studies after the one with this number that have images of one of some stations, shown or not, and until when they
/// are kept.
pub(super) async fn of_stations(
    index: &Index,
    policy: Policy,
    stations: &[String],
    within: &Restriction,
    after: i64,
) -> Result<Vec<(i64, Kept)>> {
    let mut sql = Sql::new(format!(
        "{STUDIES} WHERE EXISTS (SELECT 1 FROM series s WHERE s.study = st.id AND s.station_name IN ("
    ));
    sql.bind_all(stations.iter().map(String::as_str)).push("))");
    within.and_study(&mut sql, "st.study_uid");
    sql.page(
        "st.id",
        Page {
            after,
            limit: TOGETHER,
        },
    );
    let rows = sql.all(index.readers()).await?;
    rows.iter().map(|row| kept(row, policy)).collect()
}

fn kept(row: &database::Row, policy: Policy) -> Result<(i64, Kept)> {
    let get = |error: database::Error| Error::Index(error.into());
    let date: String = row.get(2).map_err(get)?;
    let received_ns: Option<i64> = row.get(3).map_err(get)?;
    let class: Option<String> = row.get(4).map_err(get)?;
    let class = class
        .and_then(|word| Class::from_text(&word))
        .unwrap_or(Class::InPatient);
    let kept = Kept {
        study_uid: row.get(1).map_err(get)?,
        until: until(&date, received_ns.unwrap_or(i64::MAX), policy.years(class)),
        class,
        is_held: row.get::<i64>(5).map_err(get)? > 0,
    };
    Ok((row.get(0).map_err(get)?, kept))
}

async fn record(
    change: &Change,
    kind: Kind,
    study_uid: &str,
    actor: &str,
    at_ns: i64,
    hash: Option<Hash>,
) -> Result<()> {
    let event = Event {
        study_uid: Some(study_uid.to_owned()),
        hash,
        ..Event::new(kind, actor, at_ns)
    };
    Ok(change.record(&event).await?)
}

pub(super) async fn hold(
    index: &Index,
    study_uid: &str,
    reason: &str,
    actor: &str,
    at_ns: i64,
) -> Result<i64> {
    let change = index.begin().await?;
    let mut sql = Sql::new("SELECT id FROM studies WHERE study_uid = ");
    if sql.bind(study_uid).one(&*change).await?.is_none() {
        return Err(Error::NoSuch);
    }
    let mut sql = Sql::new("INSERT INTO holds (at_ns, study_uid, reason, actor) VALUES (");
    sql.bind(at_ns).push(", ");
    sql.bind_all([study_uid, reason, actor]).push(") RETURNING id");
    let row = sql.one(&*change).await?.ok_or(index::Error::Damaged("a hold"))?;
    record(&change, Kind::Held, study_uid, actor, at_ns, None).await?;
    change.commit().await?;
    Ok(row.get(0).map_err(index::Error::from)?)
}

pub(super) async fn lift(index: &Index, id: i64, actor: &str, at_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE holds SET lifted_ns = ");
    sql.bind(at_ns).push(", lifted_by = ").bind(actor);
    sql.push(" WHERE lifted_ns IS NULL AND id = ").bind(id);
    let row = sql.push(" RETURNING study_uid").one(&*change).await?;
    let row = row.ok_or(Error::NoSuch)?;
    let study_uid: String = row.get(0).map_err(index::Error::from)?;
    record(&change, Kind::HoldLifted, &study_uid, actor, at_ns, None).await?;
    Ok(change.commit().await?)
}

pub(super) async fn holds(
    index: &Index,
    study_uid: Option<&str>,
    within: &Restriction,
    page: Page,
) -> Result<Vec<Hold>> {
    let mut sql =
        Sql::new("SELECT id, study_uid, reason, actor, at_ns, lifted_ns, lifted_by FROM holds WHERE 1 = 1");
    if let Some(study_uid) = study_uid {
        sql.push(" AND study_uid = ").bind(study_uid);
    }
    within.and_study(&mut sql, "holds.study_uid");
    let rows = sql.page("id", page).all(index.readers()).await?;
    let hold = |row: &database::Row| -> index::Result<Hold> {
        let lifted_ns: Option<i64> = row.get(5)?;
        let lifted_by: Option<String> = row.get(6)?;
        Ok(Hold {
            id: row.get(0)?,
            study_uid: row.get(1)?,
            reason: row.get(2)?,
            actor: row.get(3)?,
            at_ns: row.get(4)?,
            lifted: lifted_ns.zip(lifted_by),
        })
    };
    Ok(rows.iter().map(hold).collect::<index::Result<_>>()?)
}

pub(super) async fn tell_visit(
    index: &Index,
    study_uid: &str,
    class: Class,
    actor: &str,
    at_ns: i64,
) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("INSERT INTO visits (at_ns, study_uid, class, actor) VALUES (");
    sql.bind(at_ns).push(", ");
    sql.bind_all([study_uid, class.as_str(), actor]);
    sql.push(
        ") ON CONFLICT (study_uid) DO UPDATE SET class = excluded.class, at_ns = excluded.at_ns, actor = excluded.actor",
    );
    sql.run(&*change).await?;
    Ok(change.commit().await?)
}

/// Marks what may be removed of a study as being removed, and takes it out of the index, in one transaction.
pub(super) async fn mark(
    index: &Index,
    policy: Policy,
    study_uid: &str,
    actor: &str,
    now_ns: i64,
) -> Result<Vec<Hash>> {
    let change = index.begin().await?;
    let mut sql = Sql::new(format!("{STUDIES} WHERE st.study_uid = "));
    let row = sql.bind(study_uid).one(&*change).await?.ok_or(Error::NoSuch)?;
    let (_, study) = kept(&row, policy)?;
    if study.is_held {
        return Err(Error::OnHold);
    }
    if study.until >= day(now_ns) {
        return Err(Error::NotExpired);
    }
    let mut sql = Sql::new(
        "SELECT i.hash, i.sop_uid FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
         WHERE st.study_uid = ",
    );
    sql.bind(study_uid);
    sql.push(
        " AND EXISTS (SELECT 1 FROM rejected_instances ri JOIN rejections r ON r.id = ri.rejection \
         WHERE ri.sop_uid = i.sop_uid AND ri.ended_ns IS NULL AND r.undone_ns IS NULL AND r.reason = ",
    );
    sql.bind(RejectionReason::RetentionExpired.code()).push(")");
    let (mut hashes, mut sop_uids) = (Vec::new(), BTreeSet::new());
    for row in sql.all(&*change).await? {
        let hash: String = row.get(0).map_err(index::Error::from)?;
        let sop_uid: String = row.get(1).map_err(index::Error::from)?;
        let hash = Hash::from_hex(&hash).ok_or(index::Error::Damaged("a hash"))?;
        let mut sql =
            Sql::new("INSERT INTO removals (at_ns, hash, sop_uid, study_uid, actor, state) VALUES (");
        sql.bind(now_ns).push(", ");
        let hex = hash.to_string();
        sql.bind_all([hex.as_str(), &sop_uid, study_uid, actor, "removing"])
            .push(")");
        sql.run(&*change).await?;
        // A move that is under way sees it, and takes its copy back.
        let mut sql = Sql::new("DELETE FROM cold_objects WHERE hash = ");
        sql.bind(hex.as_str()).run(&*change).await?;
        record(&change, Kind::Removing, study_uid, actor, now_ns, Some(hash)).await?;
        hashes.push(hash);
        sop_uids.insert(sop_uid);
    }
    if hashes.is_empty() {
        return Err(Error::NotRejected);
    }
    unfile(&change, &hashes).await?;
    for sop_uid in &sop_uids {
        let mut sql = Sql::new("UPDATE rejected_instances SET ended_ns = ");
        sql.bind(now_ns).push(" WHERE ended_ns IS NULL AND sop_uid = ");
        sql.bind(sop_uid.as_str());
        // What rejects it for another reason does so when it comes again.
        sql.push(" AND rejection IN (SELECT id FROM rejections WHERE reason = ");
        sql.bind(RejectionReason::RetentionExpired.code()).push(")");
        sql.run(&*change).await?;
    }
    change.commit().await?;
    Ok(hashes)
}

/// Says that an object's file is going, where nothing has received it again; if something has, its removal ends.
pub(super) async fn may_go(index: &Index, id: i64, hash: Hash, at_ns: i64) -> Result<bool> {
    let change = index.begin().await?;
    let mut found = Sql::new("SELECT id FROM instances WHERE hash = ");
    let is_indexed = found.bind(hash.to_string()).one(&*change).await?.is_some();
    let mut sql = Sql::new("UPDATE removals SET state = ");
    if is_indexed {
        sql.bind("received-again").push(", removed_ns = ").bind(at_ns);
    } else {
        sql.bind("deleting");
    }
    sql.push(" WHERE state IN ('removing', 'deleting') AND id = ")
        .bind(id);
    let is_open = sql.run(&*change).await? > 0;
    change.commit().await?;
    Ok(is_open && !is_indexed)
}

pub(super) async fn finish(index: &Index, id: i64, state: &str, at_ns: i64) -> Result<()> {
    let change = index.begin().await?;
    let mut sql = Sql::new("UPDATE removals SET state = ");
    sql.bind(state).push(", removed_ns = ").bind(at_ns);
    sql.push(" WHERE id = ").bind(id).run(&*change).await?;
    Ok(change.commit().await?)
}
