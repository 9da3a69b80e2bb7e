//! Instances to studies and series.

use codec::Warning;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::instance::Instance;
use super::stack::{Sorted, sort};

/// A study: the series of one examination.
#[derive(Debug, Clone)]
pub struct Study {
    /// Study Instance UID (0020,000D).
    pub study_instance_uid: String,
    /// Patient ID (0010,0020).
    pub patient_id: String,
    /// Patient's Name (0010,0010), as stored.
    pub patient_name: String,
    /// Its series, in the order of their numbers.
    pub series: Vec<Series>,
}

/// A series: its instances, and the volumes that they make.
#[derive(Debug, Clone)]
pub struct Series {
    /// Series Instance UID (0020,000E).
    pub series_instance_uid: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Manufacturer (0008,0070).
    pub manufacturer: String,
    /// Series Description (0008,103E).
    pub description: String,
    /// Series Number (0020,0011).
    pub series_number: Option<i64>,
    /// Its instances, by instance number; the same object twice counts once.
    pub instances: Vec<Instance>,
    /// Its volumes and images.
    pub sorted: Sorted,
    /// What was odd, about the series and its instances; equal remarks once.
    pub warnings: Vec<Warning>,
}

impl Series {
    /// Transfer syntax UIDs of its instances.
    #[must_use]
    pub fn transfer_syntaxes(&self) -> Vec<&str> {
        let mut uids: Vec<&str> = self
            .instances
            .iter()
            .map(|instance| instance.transfer_syntax_uid.as_str())
            .collect();
        uids.sort_unstable();
        uids.dedup();
        uids
    }

    /// Whether the modality is one whose values may be SUV: PET, or SPECT.
    #[must_use]
    pub fn is_emission(&self) -> bool {
        matches!(self.modality.as_str(), "PT" | "NM" | "ST")
    }
}

/// Sorts instances into studies and series.
///
/// An instance without Series Instance UID is a series of its own.
#[must_use]
pub fn collect(instances: Vec<Instance>) -> Vec<Study> {
    let mut groups: std::collections::BTreeMap<(String, String, usize), Vec<Instance>> =
        std::collections::BTreeMap::new();
    for instance in instances {
        let alone = if instance.series_instance_uid.is_empty() {
            instance.key + 1
        } else {
            0
        };
        let key = (
            instance.study_instance_uid.clone(),
            instance.series_instance_uid.clone(),
            alone,
        );
        groups.entry(key).or_default().push(instance);
    }
    let mut studies: Vec<Study> = Vec::new();
    for ((study_uid, _, _), instances) in groups {
        let patient = [tags::PATIENT_ID, tags::PATIENT_NAME]
            .map(|tag| instances[0].data_set.text(tag).unwrap_or_default());
        let series = series(instances);
        match studies
            .last_mut()
            .filter(|study| study.study_instance_uid == study_uid)
        {
            Some(study) => study.series.push(series),
            None => {
                let [patient_id, patient_name] = patient;
                studies.push(Study {
                    study_instance_uid: study_uid,
                    patient_id,
                    patient_name,
                    series: vec![series],
                });
            }
        }
    }
    for study in &mut studies {
        study.series.sort_by_key(|series| series.series_number);
    }
    studies
}

fn series(mut instances: Vec<Instance>) -> Series {
    instances.sort_by_key(|instance| (instance.instance_number().unwrap_or(i64::MAX), instance.key));
    let mut warnings = without_duplicates(&mut instances);
    let first = &instances[0];
    let text = |tag| first.data_set.text(tag).unwrap_or_default();
    let patients = |tag| {
        instances
            .iter()
            .any(|instance| instance.data_set.text(tag) != first.data_set.text(tag))
    };
    if patients(tags::PATIENT_ID) || patients(tags::PATIENT_NAME) {
        warnings.push(Warning::new(
            "patient-mismatch",
            "expected one patient in a series, found several identities or names",
        ));
    }
    if first.series_instance_uid.is_empty() {
        warnings.push(Warning::new(
            "no-series-uid",
            "expected a Series Instance UID, found none; the instance is a series of its own",
        ));
    }
    let sorted = sort(&instances);
    warnings.extend(sorted.warnings.iter().cloned());
    warnings.extend(
        sorted
            .stacks
            .iter()
            .flat_map(|stack| stack.warnings.iter().cloned()),
    );
    warnings.extend(
        instances
            .iter()
            .flat_map(|instance| instance.warnings.iter().cloned()),
    );
    let mut seen = std::collections::HashSet::new();
    warnings.retain(|warning| seen.insert(warning.clone()));
    Series {
        series_instance_uid: first.series_instance_uid.clone(),
        modality: first.modality.clone(),
        manufacturer: text(tags::MANUFACTURER),
        description: text(tags::SERIES_DESCRIPTION),
        series_number: first.data_set.integer(tags::SERIES_NUMBER),
        sorted,
        warnings,
        instances,
    }
}

/// Leaves one of each SOP Instance UID.
fn without_duplicates(instances: &mut Vec<Instance>) -> Vec<Warning> {
    let before = instances.len();
    let mut seen = std::collections::HashSet::new();
    instances.retain(|instance| {
        instance.sop_instance_uid.is_empty() || seen.insert(instance.sop_instance_uid.clone())
    });
    let doubles = before - instances.len();
    if doubles == 0 {
        return Vec::new();
    }
    let text =
        format!("expected each SOP Instance UID once, found {doubles} again; the first of each is used");
    vec![Warning::new("duplicate-instances", text)]
}
