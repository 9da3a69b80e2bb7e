//! Reading by identity: a series' metadata at once, and what the index knows of the objects.

use super::query::COMPRESSED;
use super::{Error, Index, ObjectReference, Restriction, Result, metadata};
use crate::corrections::overlay::{self, Overlay};
use crate::storage::Hash;
use database::Sql;

/// Available Transfer Syntax UID (0008,3002), which is of the archive and not of the object.
const AVAILABLE: &str = "00083002";

/// The metadata of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceMetadata {
    /// SOP Instance UID.
    pub sop_uid: String,
    /// The object.
    pub hash: Hash,
    /// DICOM JSON of the data set, a JSON object. Bulk has a `BulkDataURI` relative to the instance's address
    /// (`bulkdata/7FE00010`), which whoever serves it makes absolute.
    pub json: String,
}

/// The metadata of one instance as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflatedMetadata {
    /// Series Instance UID.
    pub series_uid: String,
    /// SOP Instance UID.
    pub sop_uid: String,
    /// The object.
    pub hash: Hash,
    /// Transfer syntaxes that it is given in without making another, that in which it lies first.
    available: Vec<String>,
    deflated: Vec<u8>,
    overlays: Vec<Overlay>,
}

impl DeflatedMetadata {
    /// As [`InstanceMetadata::json`], with corrections, and with Available Transfer Syntax UID.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`].
    pub fn json(&self) -> Result<String> {
        let mut text = metadata::inflated(&self.deflated)?;
        if !self.overlays.is_empty() {
            text = overlay::apply_to_json(&text, &self.overlays);
        }
        if let Some(place) = place_of(AVAILABLE, &text) {
            let available = serde_json::json!({ "vr": "UI", "Value": self.available });
            let is_last = text[place..].starts_with('}');
            let before = if is_last && place > 1 { "," } else { "" };
            let after = if is_last { "" } else { "," };
            text.insert_str(place, &format!("{before}\"{AVAILABLE}\":{available}{after}"));
        }
        Ok(text)
    }

    /// Names what [`DeflatedMetadata::json`] gives: it is another after a correction, and when the object lies otherwise.
    #[must_use]
    pub fn version(&self) -> String {
        let available = self.available.first().map_or("", String::as_str);
        format!("{}{} {available}", self.hash, overlay::version(&self.overlays))
    }

    /// The same without corrections: by right only.
    #[must_use]
    pub fn as_received(self) -> Self {
        let overlays = Vec::new();
        Self { overlays, ..self }
    }
}

impl Index {
    /// Gives the metadata of the visible instances of a study, a series, or of one instance, in one read and as they are
    /// kept: a tenth of what they are as text. What is laid over them comes along.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], [`Error::Database`].
    pub async fn deflated_metadata(
        &self,
        study_uid: &str,
        series_uid: Option<&str>,
        sop_uid: Option<&str>,
    ) -> Result<Vec<DeflatedMetadata>> {
        let mut sql = Sql::new(format!(
            "SELECT se.series_uid, i.sop_uid, i.hash, m.json, i.transfer_syntax_uid, {COMPRESSED} FROM studies st \
             JOIN series se ON se.study = st.id JOIN instances i ON i.series = se.id \
             JOIN metadata m ON m.instance = i.id WHERE i.visible = 1 AND st.study_uid = "
        ));
        sql.bind(study_uid);
        for (column, uid) in [("se.series_uid", series_uid), ("i.sop_uid", sop_uid)] {
            if let Some(uid) = uid {
                sql.push(&format!(" AND {column} = ")).bind(uid);
            }
        }
        sql.push(" ORDER BY i.id");
        let rows = sql.all(&self.readers).await?;
        let mut overlays = self.overlays_below(study_uid, series_uid, sop_uid).await?;
        rows.iter()
            .map(|row| {
                let hash = hash(row, 2)?;
                let compressed: Option<String> = row.get(5)?;
                Ok(DeflatedMetadata {
                    series_uid: row.get(0)?,
                    sop_uid: row.get(1)?,
                    hash,
                    available: compressed.into_iter().chain([row.get(4)?]).collect(),
                    deflated: row.get(3)?,
                    overlays: overlays.remove(&hash).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Gives the metadata of the visible instances of a series, or of all of a study, in one read, with corrections.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], [`Error::Database`].
    pub async fn metadata(&self, study_uid: &str, series_uid: Option<&str>) -> Result<Vec<InstanceMetadata>> {
        let mut all = self.metadata_as_received(study_uid, series_uid).await?;
        let overlays = self.overlays_below(study_uid, series_uid, None).await?;
        for instance in &mut all {
            if let Some(overlays) = overlays.get(&instance.hash) {
                instance.json = overlay::apply_to_json(&instance.json, overlays);
            }
        }
        Ok(all)
    }

    /// As [`Index::metadata`], as the objects were received: by right only.
    ///
    /// # Errors
    ///
    /// As [`Index::metadata`].
    pub async fn metadata_as_received(
        &self,
        study_uid: &str,
        series_uid: Option<&str>,
    ) -> Result<Vec<InstanceMetadata>> {
        let mut sql = Sql::new(
            "SELECT i.sop_uid, i.hash, m.json FROM studies st JOIN series se ON se.study = st.id \
             JOIN instances i ON i.series = se.id JOIN metadata m ON m.instance = i.id WHERE ",
        );
        of_series(&mut sql, study_uid, series_uid);
        let rows = sql.push(" ORDER BY i.id").all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let deflated: Vec<u8> = row.get(2)?;
                Ok(InstanceMetadata {
                    sop_uid: row.get(0)?,
                    hash: hash(row, 1)?,
                    json: metadata::inflated(&deflated)?,
                })
            })
            .collect()
    }

    /// Gives every object with this SOP Instance UID, the visible one first: more than one where duplicates differ.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn duplicates(&self, sop_uid: &str) -> Result<Vec<Hash>> {
        let objects = self.objects_with(sop_uid).await?;
        Ok(objects.into_iter().map(|object| object.hash).collect())
    }

    /// As [`Index::duplicates`], with size and transfer syntax.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn objects_with(&self, sop_uid: &str) -> Result<Vec<ObjectReference>> {
        let mut sql = Sql::new(format!(
            "SELECT i.hash, i.size, i.transfer_syntax_uid, {COMPRESSED} FROM instances i WHERE i.sop_uid = "
        ));
        sql.bind(sop_uid).push(" ORDER BY i.visible DESC, i.leader");
        let rows = sql.all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(ObjectReference {
                    hash: hash(row, 0)?,
                    size: row.get::<i64>(1)?.unsigned_abs(),
                    transfer_syntax_uid: row.get(2)?,
                    compressed: row.get(3)?,
                })
            })
            .collect()
    }

    /// Gives the study of the objects with this SOP Instance UID, of the visible one where they are of several.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn study_of(&self, sop_uid: &str) -> Result<Option<String>> {
        let mut sql = Sql::new(
            "SELECT st.study_uid FROM instances i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
             WHERE i.sop_uid = ",
        );
        sql.bind(sop_uid)
            .push(" ORDER BY i.visible DESC, i.leader LIMIT 1");
        let row = sql.one(&self.readers).await?;
        Ok(row.map(|row| row.get(0)).transpose()?)
    }

    /// Says whether an object is in the index, in a study that is there for who asks: then it was acknowledged.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn has_object(&self, hash: Hash, within: &Restriction) -> Result<bool> {
        let mut sql = Sql::new("SELECT 1 FROM instances i WHERE i.hash = ");
        sql.bind(hash.to_string());
        within.and_series(&mut sql, "i.series");
        Ok(sql.one(&self.readers).await?.is_some())
    }

    /// Gives every object of the index with its size in bytes, ordered by hash.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn objects(&self) -> Result<Vec<(Hash, u64)>> {
        let rows = Sql::new("SELECT hash, size FROM instances ORDER BY hash")
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| Ok((hash(row, 0)?, row.get::<i64>(1)?.unsigned_abs())))
            .collect()
    }

    /// The latest time of receipt, 0 when there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn last_received_ns(&self) -> Result<i64> {
        let sql = Sql::new("SELECT COALESCE(MAX(received_ns), 0) FROM instances");
        let row = sql.one(&self.readers).await?.ok_or(Error::Damaged("a maximum"))?;
        Ok(row.get(0)?)
    }
}

/// Where a key belongs among those of a JSON object, which are in order (PS3.18 F.2.2); `None` where it is there.
fn place_of(key: &str, text: &str) -> Option<usize> {
    let (mut depth, mut is_key, mut at) = (0_u32, false, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                at = start;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 1 && std::mem::take(&mut is_key) {
                    match text.get(start..at)?.cmp(key) {
                        std::cmp::Ordering::Less => {}
                        std::cmp::Ordering::Equal => return None,
                        std::cmp::Ordering::Greater => return Some(start - 1),
                    }
                }
            }
            b'{' | b'[' => {
                depth += 1;
                is_key = depth == 1;
            }
            b'}' | b']' if depth == 1 => return Some(at),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' => is_key = depth == 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The visible instances of a series, or of all of a study.
fn of_series(sql: &mut Sql, study_uid: &str, series_uid: Option<&str>) {
    sql.push("i.visible = 1 AND st.study_uid = ").bind(study_uid);
    if let Some(series_uid) = series_uid {
        sql.push(" AND se.series_uid = ").bind(series_uid);
    }
}

fn hash(row: &database::Row, at: usize) -> Result<Hash> {
    let text: String = row.get(at)?;
    Hash::from_hex(&text).ok_or(Error::Damaged("a hash"))
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_key_among_others() {
        for (text, expected) in [
            ("{}", Some(1)),
            (r#"{"1":{"3":"}"}}"#, Some(14)),
            (r#"{"1":{"a":"\\\",{"},"3":[]}"#, Some(20)),
            (r#"{"3":1}"#, Some(1)),
            (r#"{"2":1}"#, None),
            (r#"{"1"#, None),
        ] {
            assert_eq!(place_of("2", text), expected, "{text}");
        }
    }
}
