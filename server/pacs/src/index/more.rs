//! What is put into the rows that ask for it: items of a series' sequences, and of instances the attributes that have no
//! column, from the metadata kept beside the index.

use database::Sql;
use std::collections::BTreeMap;

use dicom_core::Tag;
use serde_json::{Map, Value as Json};

use super::attributes;
use super::sequences::Sequence;
use super::{Index, Item, Result, Row, metadata};
use crate::corrections::overlay::{self, Overlay};

/// Rows whose metadata are in memory at once.
const PAGE: usize = 50;

/// Metadata above this, deflated or not, are not looked into: such values are asked of the instance itself.
const MAX_DEFLATED_BYTES: i64 = 256 << 10;
const MAX_BYTES: u64 = 4 << 20;

/// A value longer than this as JSON is not for a list.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// The tags among these that have no column.
pub(super) fn without_column(asked: &[Tag]) -> Vec<Tag> {
    let is_without = |tag: &&Tag| attributes::attribute(**tag).is_none();
    asked.iter().filter(is_without).copied().collect()
}

impl Index {
    /// Puts the items of a sequence into the rows of series.
    pub(super) async fn put_items(&self, rows: &mut [Row], sequence: &Sequence) -> Result<()> {
        let columns = sequence.attributes.iter();
        let columns: Vec<&str> = columns.map(|one| one.shown.unwrap_or(one.column)).collect();
        for page in rows.chunks_mut(500) {
            let mut sql = Sql::new(format!(
                "SELECT series, {} FROM {} WHERE series IN (",
                columns.join(", "),
                sequence.table
            ));
            sql.bind_all(page.iter().map(|row| row.cursor.id))
                .push(") ORDER BY series, item");
            let mut items: BTreeMap<i64, Vec<Item>> = BTreeMap::new();
            for found in sql.all(&self.readers).await? {
                let mut item = Item::new();
                for (attribute, at) in sequence.attributes.iter().zip(1..) {
                    if let Some(value) = found.get::<Option<String>>(at)? {
                        item.insert(attribute.path.to_vec(), value);
                    }
                }
                items.entry(found.get(0)?).or_default().push(item);
            }
            for row in page {
                if let Some(items) = items.remove(&row.cursor.id) {
                    row.items.insert(sequence.tag, items);
                }
            }
        }
        Ok(())
    }

    /// Puts attributes into rows of instances, where their objects have them, with their corrections.
    pub(super) async fn put_more(&self, rows: &mut [Row], asked: &[Tag]) -> Result<()> {
        let keys: Vec<String> = asked
            .iter()
            .map(|tag| format!("{:04X}{:04X}", tag.0, tag.1))
            .collect();
        for page in rows.chunks_mut(PAGE) {
            let overlays = self
                .overlays_where(|sql| {
                    sql.push("i.id IN (")
                        .bind_all(page.iter().map(|row| row.cursor.id))
                        .push(")");
                })
                .await?;
            let laid: BTreeMap<i64, &Vec<Overlay>> = page
                .iter()
                .filter_map(|row| Some((row.cursor.id, overlays.get(&row.object.as_ref()?.hash)?)))
                .collect();
            let mut sql = Sql::new("SELECT instance, json FROM metadata WHERE LENGTH(json) <= ");
            sql.bind(MAX_DEFLATED_BYTES).push(" AND instance IN (");
            sql.bind_all(page.iter().map(|row| row.cursor.id)).push(")");
            let mut found: BTreeMap<i64, String> = BTreeMap::new();
            for row in sql.all(&self.readers).await? {
                let deflated: Vec<u8> = row.get(1)?;
                let instance: i64 = row.get(0)?;
                if let Some(mut text) = metadata::inflated_within(&deflated, MAX_BYTES)? {
                    if let Some(overlays) = laid.get(&instance) {
                        text = overlay::apply_to_json(&text, overlays);
                    }
                    found.insert(instance, kept(&text, &keys));
                }
            }
            for row in page {
                row.more = found.remove(&row.cursor.id);
            }
        }
        Ok(())
    }
}

/// The JSON of these attributes alone; values that stand elsewhere stay there.
fn kept(text: &str, keys: &[String]) -> String {
    let mut all: Map<String, Json> = serde_json::from_str(text).unwrap_or_default();
    let is_short =
        |value: &Json| value.get("BulkDataURI").is_none() && value.to_string().len() <= MAX_VALUE_BYTES;
    let some = keys.iter().filter_map(|key| all.remove_entry(key));
    let mut some: Map<String, Json> = some.filter(|(_, value)| is_short(value)).collect();
    // In the order of tags (PS3.18 F.2.2), which maps keep by themselves only where no other crate asks them not to.
    some.sort_keys();
    Json::Object(some).to_string()
}
