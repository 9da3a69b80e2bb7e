//! Files of real scanners: none leaves with its patient's name, and SUV is computed from the same numbers.

use std::path::{Path, PathBuf};

use codec::dataset::{self, Limits, Object};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{contains, key};
use crate::deidentify::{Confirmation, Dates, Error, Options, Request, dates, deidentify, dummy};

/// A few files of each folder of a set.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let (folders, plain): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    found.extend(plain.into_iter().take(12));
    folders.iter().for_each(|folder| files(folder, found));
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    super::super::text(object, tag)
}

/// Names of persons and the patient's numbers, long enough not to occur by chance.
fn secrets(object: &InMemDicomObject, found: &mut Vec<String>) {
    for element in object.iter() {
        if let Some(items) = element.items() {
            items.iter().for_each(|item| secrets(item, found));
        }
        let is_number = [tags::PATIENT_ID, tags::ACCESSION_NUMBER].contains(&element.header().tag);
        if element.vr() == VR::PN || is_number {
            let value = element.to_str().map(|text| text.into_owned()).unwrap_or_default();
            found.push(value.trim().to_owned());
        }
    }
}

fn request(object: &Object, options: &Options) -> Request {
    let confirmation = Confirmation {
        person: "the test".to_owned(),
        series_instance_uid: text(&object.data_set, tags::SERIES_INSTANCE_UID),
    };
    Request {
        options: options.clone(),
        confirmation: Some(confirmation),
        ..Request::default()
    }
}

/// Interval of two attributes in the two objects: dates move together.
fn days_moved(old: &InMemDicomObject, new: &InMemDicomObject, tag: Tag) -> Option<i64> {
    let (old, new) = (text(old, tag), text(new, tag));
    (1..=3650).find(|days| dates::earlier(&old, *days).as_deref() == Some(&new))
}

fn compare_suv_inputs(old: &InMemDicomObject, new: &InMemDicomObject) {
    for tag in [
        tags::PATIENT_SEX,
        tags::PATIENT_AGE,
        tags::PATIENT_SIZE,
        tags::PATIENT_WEIGHT,
        tags::UNITS,
        tags::SUV_TYPE,
        tags::DECAY_CORRECTION,
        tags::DECAY_FACTOR,
        tags::CORRECTED_IMAGE,
        tags::RESCALE_SLOPE,
        tags::RESCALE_INTERCEPT,
        tags::SERIES_TIME,
        tags::ACQUISITION_TIME,
        tags::ACTUAL_FRAME_DURATION,
        tags::FRAME_REFERENCE_TIME,
        Tag(0x7053, 0x1000),
        Tag(0x7053, 0x1009),
    ] {
        assert_eq!(text(old, tag), text(new, tag), "{tag}");
    }
    let dated = [tags::ACQUISITION_DATE, tags::SERIES_DATE, tags::STUDY_DATE];
    let dated: Vec<Tag> = dated
        .into_iter()
        .filter(|tag| !text(old, *tag).is_empty())
        .collect();
    let moved = dated.first().and_then(|tag| days_moved(old, new, *tag));
    for tag in dated {
        let (old, new) = (days_moved(old, new, tag), (text(old, tag), text(new, tag)));
        assert!(old.is_some() && old == moved, "{tag}: {new:?}");
    }
    let items = |object: &InMemDicomObject| {
        let element = object.get(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
        element
            .and_then(|element| element.items())
            .map(<[_]>::to_vec)
            .unwrap_or_default()
    };
    let (old, new) = (items(old), items(new));
    assert_eq!(old.len(), new.len());
    for (old, new) in old.iter().zip(&new) {
        for tag in [
            tags::RADIOPHARMACEUTICAL_START_TIME,
            tags::RADIONUCLIDE_TOTAL_DOSE,
            tags::RADIONUCLIDE_HALF_LIFE,
            tags::RADIONUCLIDE_POSITRON_FRACTION,
        ] {
            assert_eq!(text(old, tag), text(new, tag), "{tag}");
        }
        let start = tags::RADIOPHARMACEUTICAL_START_DATE_TIME;
        if !text(old, start).is_empty() {
            let found = days_moved(old, new, start);
            // Some anonymisers left no other date.
            assert!(found.is_some() && moved.is_none_or(|moved| found == Some(moved)));
        }
    }
}

/// Gives how many files left and how many PET images among them.
fn check_set(name: &str) -> Option<(usize, usize)> {
    let folder = shared_data::set(name)?;
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let (mut left, mut pet) = (0, 0);
    let options = Options {
        dates: Dates::Removed,
        keep_suv: true,
        ..Options::default()
    };
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(object) = dataset::read(&bytes, Limits::default()) else {
            continue;
        };
        let result = match deidentify(&bytes, &key(), &request(&object, &options)) {
            Ok(result) => result,
            // What cannot be vouched for stays.
            Err(Error::Document | Error::PrivateClass | Error::Codec(_) | Error::Confirmation { .. }) => {
                continue;
            }
            Err(other) => panic!("{}: {other}", path.display()),
        };
        left += 1;
        let new = dataset::read(&result.bytes, Limits::default()).unwrap();
        let header = &result.bytes[..new
            .pixels
            .as_ref()
            .map_or(result.bytes.len(), |pixels| pixels.range.start)];
        let mut found = Vec::new();
        secrets(&object.data_set, &mut found);
        // An author named after the maker of the software stays in the maker's name.
        let maker = text(&object.data_set, tags::MANUFACTURER);
        found.retain(|secret| {
            secret.chars().count() >= 5 && secret != dummy::TEXT && !maker.contains(secret.as_str())
        });
        for secret in &found {
            assert!(!contains(header, secret.as_bytes()), "{}", path.display());
        }
        assert_eq!(object.pixels.is_some(), new.pixels.is_some());
        assert!(
            new.data_set
                .iter()
                .all(|element| element.header().tag.0 % 2 == 0 || options.keep_suv)
        );
        if text(&object.data_set, tags::MODALITY) == "PT" {
            pet += 1;
            compare_suv_inputs(&object.data_set, &new.data_set);
        }
    }
    Some((left, pet))
}

#[test]
fn real_files_leave_without_names_and_with_their_suv() {
    for (set, least, least_pet) in [
        ("petct", 10, 5),
        ("pet", 5, 5),
        ("nm", 5, 0),
        ("ct", 5, 0),
        ("mr", 5, 0),
        ("objects", 20, 0),
        ("codecs", 10, 0),
    ] {
        let Some((left, pet)) = check_set(set) else {
            continue;
        };
        assert!(
            left >= least && pet >= least_pet,
            "{set}: {left} left, {pet} of them PET"
        );
    }
}
