//! What rules look at, from the index's rows.

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

fn read(rows: &[database::Row]) -> Result<Vec<Routed>> {
    let routed = |row: &database::Row| {
        let hash: String = row.get(0)?;
        Ok(Routed {
            hash: Hash::from_hex(&hash).ok_or(Error::Damaged("a hash"))?,
            sop_uid: row.get(1)?,
            study_uid: row.get(2)?,
            sop_class_uid: row.get(3)?,
            transfer_syntax_uid: row.get(4)?,
            modality: row.get(5)?,
            body_part: row.get(6)?,
            study_description: row.get(7)?,
            series_description: row.get(8)?,
            station: row.get(9)?,
        })
    };
    rows.iter().map(routed).collect()
}
