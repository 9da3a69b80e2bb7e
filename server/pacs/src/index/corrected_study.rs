//! Which study a correction is of: who sees it by that.

use database::{Sql, Transaction};

use super::{Error, Restriction, Result, Scope};

/// Writes ` AND` that a correction is there for somebody: one of a patient by whose it is, others by their study.
pub(super) fn and_within(sql: &mut Sql, within: &Restriction) {
    if within.is_none() {
        return;
    }
    sql.push(" AND ((study_uid IS NULL");
    within.and_custodian(sql, "custodian");
    sql.push(") OR (study_uid IS NOT NULL");
    within.and_study(sql, "corrections.study_uid");
    sql.push("))");
}

/// Says of corrections that are there which study they are of.
pub(super) async fn write_studies(transaction: &Transaction) -> Result<()> {
    for row in Sql::new("SELECT id, target FROM corrections")
        .all(transaction)
        .await?
    {
        let target: String = row.get(1)?;
        let (scope, _) = Scope::from_target(&target).ok_or(Error::Damaged("a correction"))?;
        let study_uid = match scope {
            Scope::Patient(_) => continue,
            Scope::Study(study_uid) | Scope::Series { study_uid, .. } => study_uid,
            Scope::Instance(sop_uid) => {
                let mut sql = Sql::new(
                    "SELECT st.study_uid FROM instances i JOIN series se ON se.id = i.series \
                     JOIN studies st ON st.id = se.study WHERE i.sop_uid = ",
                );
                let study = sql.bind(sop_uid).one(transaction).await?;
                study.map_or(Ok(String::new()), |row| row.get(0))?
            }
        };
        let mut sql = Sql::new("UPDATE corrections SET study_uid = ");
        sql.bind(study_uid).push(" WHERE id = ").bind(row.get::<i64>(0)?);
        sql.run(transaction).await?;
    }
    Ok(())
}
