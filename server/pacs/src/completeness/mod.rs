//! Whether a study is here as it is at its source: instances compared, by C-FIND, with those of another application.

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dimse::Client;

use crate::index::{self, Index, Key, Level, Query};

/// Rows of one answer that are taken.
const MAX_ROWS: usize = 200_000;

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The source was not reached, or ended the association.
    #[error(transparent)]
    Source(#[from] dimse::Error),
    /// The source did not answer the query to its end.
    #[error("the source ended its answer with status {0:04X}")]
    Refused(u16),
}

/// A series that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Series Instance UID.
    pub series_uid: String,
    /// Instances at the source.
    pub there: u64,
    /// Instances here.
    pub here: u64,
    /// SOP Instance UIDs that the source has and the archive does not.
    pub missing: BTreeSet<String>,
    /// SOP Instance UIDs that the archive has and the source does not.
    pub surplus: BTreeSet<String>,
}

/// How a study compares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Instances at the source.
    pub there: u64,
    /// Instances here.
    pub here: u64,
    /// Series that differ.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Whether nothing that the source has is missing here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.differences
            .iter()
            .all(|difference| difference.missing.is_empty())
    }
}

/// Compares a study with the one at a source, by the Study Root model, which the association must have.
///
/// # Errors
///
/// [`Error`].
pub async fn compare(index: &Index, source: &mut Client, study_uid: &str) -> Result<Comparison, Error> {
    let study = [(tags::STUDY_INSTANCE_UID, study_uid)];
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for series_uid in asked(source, "SERIES", &study, tags::SERIES_INSTANCE_UID).await? {
        let within = [study[0], (tags::SERIES_INSTANCE_UID, series_uid.as_str())];
        let instances = asked(source, "IMAGE", &within, tags::SOP_INSTANCE_UID).await?;
        there.insert(series_uid, instances);
    }
    let here = here(index, study_uid).await?;
    let count = |all: &BTreeMap<String, BTreeSet<String>>| all.values().map(|one| one.len() as u64).sum();
    let mut comparison = Comparison {
        there: count(&there),
        here: count(&here),
        differences: Vec::new(),
    };
    let (none, all): (BTreeSet<String>, BTreeSet<&String>) =
        (BTreeSet::new(), there.keys().chain(here.keys()).collect());
    for series_uid in all {
        let (there, here) = (
            there.get(series_uid).unwrap_or(&none),
            here.get(series_uid).unwrap_or(&none),
        );
        if there != here {
            comparison.differences.push(Difference {
                series_uid: series_uid.clone(),
                there: there.len() as u64,
                here: here.len() as u64,
                missing: there.difference(here).cloned().collect(),
                surplus: here.difference(there).cloned().collect(),
            });
        }
    }
    Ok(comparison)
}

/// The values of one attribute at the source.
async fn asked(
    source: &mut Client,
    level: &str,
    within: &[(Tag, &str)],
    wanted: Tag,
) -> Result<BTreeSet<String>, Error> {
    let mut identifier = InMemDicomObject::new_empty();
    let mut put = |tag, vr, value| drop(identifier.put(DataElement::new(tag, vr, value)));
    put(tags::QUERY_RETRIEVE_LEVEL, VR::CS, PrimitiveValue::from(level));
    put(wanted, VR::UI, PrimitiveValue::Empty);
    for (tag, uid) in within {
        put(*tag, VR::UI, PrimitiveValue::from(*uid));
    }
    let model = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
    let (rows, outcome) = source.find(model, &identifier).await?.all(MAX_ROWS).await?;
    if !outcome.status.is_done() {
        return Err(Error::Refused(outcome.status.0));
    }
    let value = |row: &InMemDicomObject| {
        let text = row
            .get(wanted)?
            .to_str()
            .ok()?
            .trim_matches([' ', '\0'])
            .to_owned();
        (!text.is_empty()).then_some(text)
    };
    Ok(rows.iter().filter_map(value).collect())
}

/// The instances that the archive shows, by series.
async fn here(index: &Index, study_uid: &str) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let mut query = Query {
        keys: vec![Key::from_text(tags::STUDY_INSTANCE_UID, study_uid)],
        ..Query::all(Level::Instance)
    };
    let mut here: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    loop {
        let rows = index.query(&query).await?;
        for row in &rows {
            let series = here
                .entry(row.value(tags::SERIES_INSTANCE_UID).to_owned())
                .or_default();
            series.insert(row.value(tags::SOP_INSTANCE_UID).to_owned());
        }
        let Some(last) = rows.last() else {
            return Ok(here);
        };
        query.after = Some(last.cursor.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use dicom_core::VR;
    use dicom_dictionary_std::{tags, uids};
    use dimse::server::AllowList;
    use dimse::{Client, ClientConfig, Config, Proposal, Provider};
    use tokio::net::TcpListener;

    use super::compare;
    use crate::corrections::tests::{archive, object, take};
    use crate::services::supported;
    use crate::test_folder::TestFolder;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_missing_and_what_is_too_much_is_named() {
        let folders = [TestFolder::new("source"), TestFolder::new("archive")];
        let [source, here] = [archive(folders[0].path()).await, archive(folders[1].path()).await];
        let other = [(tags::SERIES_INSTANCE_UID, VR::UI, "2.25.77.8")];
        for number in 1..4 {
            take(&source, &object(number, &[])).await;
        }
        take(&source, &object(7, &other)).await;
        for number in 1..3 {
            take(&here, &object(number, &[])).await;
        }
        take(&here, &object(9, &[])).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let everybody = AllowList {
            others: Some(8),
            ..AllowList::default()
        };
        let provider = Provider::new(Config::new("SOURCE", everybody, supported()), Arc::new(source));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            provider
                .serve(listener, async {
                    let _ = stopped.await;
                })
                .await;
        });
        let model = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
        let config = ClientConfig::new("UPTAKE", "SOURCE");
        let proposals = [Proposal::uncompressed(model)];
        let mut client = Client::connect(("127.0.0.1", port), &config, &proposals)
            .await
            .unwrap();
        let found = compare(here.index(), &mut client, "2.25.77").await.unwrap();
        assert_eq!((found.there, found.here, found.is_complete()), (4, 3, false));
        let named: Vec<_> = found
            .differences
            .iter()
            .map(|one| (one.series_uid.as_str(), one.missing.len(), one.surplus.len()))
            .collect();
        assert_eq!(named, [("2.25.77.0", 1, 1), ("2.25.77.8", 1, 0)]);
        assert_eq!(
            found.differences[0].missing,
            BTreeSet::from(["2.25.77.3".to_owned()])
        );
        take(&here, &object(3, &[])).await;
        take(&here, &object(7, &other)).await;
        let found = compare(here.index(), &mut client, "2.25.77").await.unwrap();
        assert!(found.is_complete() && found.differences.len() == 1);
        client.release().await.unwrap();
        stop.send(()).unwrap();
        served.await.unwrap();
    }
}
