//! What rules look at, from the index's rows.

use sea_orm::QueryResult;

use super::choose::Routed;
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

const SELECT: &str = "SELECT i.hash, i.sop_uid, st.study_uid, i.sop_class_uid, i.transfer_syntax_uid, \
                      COALESCE(se.modality, ''), COALESCE(se.body_part_examined, ''), \
                      COALESCE(st.study_description, ''), COALESCE(se.series_description, ''), \
                      COALESCE(se.station_name, '') FROM instances i JOIN series se ON i.series = se.id \
                      JOIN studies st ON se.study = st.id WHERE ";

/// The objects with these hashes.
pub(super) async fn described(index: &Index, hashes: &[Hash]) -> Result<Vec<Routed>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(format!("{SELECT} i.hash IN ("));
    sql.bind_all(hashes.iter().map(Hash::to_string)).push(")");
    read(&sql.all(index.readers()).await?)
}

/// The visible objects of a study, in the order they came.
pub(super) async fn of_study(index: &Index, study_uid: &str) -> Result<Vec<Routed>> {
    let mut sql = Sql::new(format!("{SELECT} i.visible = 1 AND st.study_uid = "));
    sql.bind(study_uid).push(" ORDER BY i.leader");
    read(&sql.all(index.readers()).await?)
}

fn read(rows: &[QueryResult]) -> Result<Vec<Routed>> {
    let routed = |row: &QueryResult| {
        let hash: String = row.try_get_by_index(0)?;
        Ok(Routed {
            hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
            sop_uid: row.try_get_by_index(1)?,
            study_uid: row.try_get_by_index(2)?,
            sop_class_uid: row.try_get_by_index(3)?,
            transfer_syntax_uid: row.try_get_by_index(4)?,
            modality: row.try_get_by_index(5)?,
            body_part: row.try_get_by_index(6)?,
            study_description: row.try_get_by_index(7)?,
            series_description: row.try_get_by_index(8)?,
            station: row.try_get_by_index(9)?,
        })
    };
    rows.iter().map(routed).collect()
}
