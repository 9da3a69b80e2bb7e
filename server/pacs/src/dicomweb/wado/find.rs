//! Which instances an address names.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use crate::corrections::overlay::{self, Overlay};
use crate::dicomweb::parameters::uid;
use crate::http::{App, Error, Result};
use crate::index::{Key, Level, Query, Row};
use crate::storage::Hash;

/// Instances of one answer at most.
pub(crate) const MAX_INSTANCES: usize = 200_000;

/// Rows asked for at once.
const PAGE: u64 = 1000;

/// What an address names: a study, a series or an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) study: String,
    pub(crate) series: Option<String>,
    pub(crate) instance: Option<String>,
}

impl Address {
    /// Reads an address's UIDs.
    pub(crate) fn of(study: &str, series: Option<&str>, instance: Option<&str>) -> Result<Self> {
        let read = |text: Option<&str>| text.map(|text| uid(text).map(str::to_owned)).transpose();
        Ok(Self {
            study: uid(study)?.to_owned(),
            series: read(series)?,
            instance: read(instance)?,
        })
    }
}

/// An instance that can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) study: String,
    pub(crate) series: String,
    pub(crate) instance: String,
    pub(crate) hash: Hash,
    pub(crate) size: u64,
    pub(crate) transfer_syntax_uid: String,
    /// The transfer syntax of its compressed form, where it lies in one.
    pub(crate) compressed: Option<String>,
    /// What is laid over it when it leaves as a whole; none where only its pixels are asked for.
    pub(crate) overlays: Arc<[Overlay]>,
}

impl Target {
    /// Its path below the service.
    pub(crate) fn path(&self) -> String {
        let Self {
            study,
            series,
            instance,
            ..
        } = self;
        format!("/studies/{study}/series/{series}/instances/{instance}")
    }

    fn of(row: Row) -> Option<Self> {
        let value = |tag| row.value(tag).to_owned();
        let object = row.object.as_ref()?;
        Some(Self {
            study: value(tags::STUDY_INSTANCE_UID),
            series: value(tags::SERIES_INSTANCE_UID),
            instance: value(tags::SOP_INSTANCE_UID),
            hash: object.hash,
            size: object.size,
            transfer_syntax_uid: object.transfer_syntax_uid.clone(),
            compressed: object.compressed.clone(),
            overlays: Arc::default(),
        })
    }

    /// The transfer syntax in which it lies.
    pub(crate) fn stored_syntax(&self) -> &str {
        self.compressed.as_deref().unwrap_or(&self.transfer_syntax_uid)
    }

    /// Names the bytes that leave: others after a correction.
    pub(crate) fn version(&self) -> String {
        format!("{}{}", self.hash, overlay::version(&self.overlays))
    }
}

/// Whether a query asks for what was received: `original=true`.
pub(crate) fn is_original(query: &[(String, String)]) -> Result<bool> {
    let value = query.iter().find(|(name, _)| name == "original");
    match value.map(|(_, value)| value.as_str()) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::BadRequest("expected true or false as original".to_owned())),
    }
}

/// Gives the visible instances below an address, as they came in.
///
/// # Errors
///
/// [`Error::NotFound`] when there is none.
pub(crate) async fn targets(app: &App, address: &Address) -> Result<Vec<Target>> {
    let mut query = Query::all(Level::Instance);
    let uids = [
        (tags::STUDY_INSTANCE_UID, Some(&address.study)),
        (tags::SERIES_INSTANCE_UID, address.series.as_ref()),
        (tags::SOP_INSTANCE_UID, address.instance.as_ref()),
    ];
    let keys = uids
        .into_iter()
        .filter_map(|(tag, uid)| Some(Key::from_text(tag, uid?)));
    query.keys = keys.collect();
    query.limit = Some(PAGE);
    let mut targets = Vec::new();
    loop {
        let rows = app.archive().index().query(&query).await?;
        let last = rows.last().map(|row| row.cursor.clone());
        let is_last = (rows.len() as u64) < PAGE;
        targets.extend(rows.into_iter().filter_map(Target::of));
        if targets.len() > MAX_INSTANCES {
            let words = format!("at most {MAX_INSTANCES} instances are given at once");
            return Err(Error::BadRequest(words));
        }
        if is_last || last.is_none() {
            break;
        }
        query.after = last;
    }
    if targets.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(targets)
}

/// Lets instances below an address leave with their corrections.
pub(crate) async fn correct(app: &App, address: &Address, targets: &mut [Target]) -> Result<()> {
    let (series, instance) = (address.series.as_deref(), address.instance.as_deref());
    let index = app.archive().index();
    let mut overlays = index.overlays_below(&address.study, series, instance).await?;
    for target in targets {
        if let Some(overlays) = overlays.remove(&target.hash) {
            target.overlays = overlays.into();
        }
    }
    Ok(())
}

/// Gives the one instance of an address.
pub(crate) async fn target(app: &App, address: &Address) -> Result<Target> {
    targets(app, address)
        .await?
        .into_iter()
        .next()
        .ok_or(Error::NotFound)
}
