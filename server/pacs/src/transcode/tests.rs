//! Real objects in every transfer syntax that is written here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use codec::dataset;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::{Error, Limits, WRITTEN, pixels, transcode};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The frames of an object, as a reader of its own decodes them.
fn frames(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let object = dataset::read(bytes, dataset::Limits::default()).ok()?;
    let location = object.pixels.as_ref()?;
    let data = pixels::data(&object, location).ok()?;
    (0..data.number_of_frames())
        .map(|frame| data.decode(frame).ok())
        .collect()
}

/// Attributes that another compression may change.
const CHANGED: [Tag; 7] = [
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::EXTENDED_OFFSET_TABLE,
    tags::EXTENDED_OFFSET_TABLE_LENGTHS,
];

/// Asserts that every other element is there with its value. One whose representation only one of the encodings tells is
/// compared by its presence.
fn assert_same(found: &InMemDicomObject, expected: &InMemDicomObject, context: &str) {
    for element in expected.iter() {
        let tag = element.header().tag;
        if CHANGED.contains(&tag) {
            continue;
        }
        let Some(other) = found.get(tag) else {
            panic!("{context}: {tag} is missing");
        };
        match (element.items(), other.items()) {
            (Some(items), Some(others)) => {
                assert_eq!(items.len(), others.len(), "{context}: {tag}");
                for (item, other) in items.iter().zip(others) {
                    assert_same(other, item, context);
                }
            }
            _ if element.vr() == VR::UN || other.vr() == VR::UN => {}
            _ => {
                let bytes =
                    |element: &InMemElement| element.value().primitive().map(|v| v.to_bytes().into_owned());
                assert_eq!(bytes(other), bytes(element), "{context}: {tag}");
            }
        }
    }
    let added = found
        .iter()
        .filter(|element| expected.get(element.header().tag).is_none());
    let added: Vec<Tag> = added.map(|element| element.header().tag).collect();
    assert!(
        added.iter().all(|tag| CHANGED.contains(tag)),
        "{context}: {added:?}"
    );
}

/// Transcodes a file to every syntax; says which it was made in.
fn check(path: &Path, made_in: &mut BTreeMap<&'static str, u32>, refused: &mut BTreeMap<String, u32>) {
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let Ok(source) = dataset::read(&bytes, dataset::Limits::default()) else {
        return;
    };
    let expected = frames(&bytes);
    for to in WRITTEN {
        let made = match transcode(&bytes, *to, Limits::default()) {
            Ok(made) => made,
            Err(error @ (Error::Fault | Error::NotIdentical { .. })) => {
                panic!("{} to {}: {error}", path.display(), to.name());
            }
            Err(error) => {
                *refused.entry(error.to_string()).or_default() += 1;
                continue;
            }
        };
        *made_in.entry(to.name()).or_default() += 1;
        let object = dataset::read(&made, dataset::Limits::default()).unwrap();
        assert_eq!(object.transfer_syntax, Some(*to));
        let context = format!("{} to {}", path.display(), to.name());
        assert_same(&object.data_set, &source.data_set, &context);
        if let Some(expected) = &expected {
            let found = frames(&made).unwrap();
            assert!(found == *expected, "{context}");
        }
    }
}

#[test]
fn real_objects_keep_pixels_and_elements_in_every_syntax() {
    let (mut made_in, mut refused) = (BTreeMap::new(), BTreeMap::new());
    let mut all = Vec::new();
    for group in ["codecs", "nm", "charset", "objects", "xray", "malformed"] {
        if let Some(folder) = shared_data::set(group) {
            files(&folder, &mut all);
        }
    }
    if all.is_empty() {
        return;
    }
    // Large ones are measured elsewhere.
    all.retain(|path| std::fs::metadata(path).unwrap().len() < 150 << 10);
    let half = all.split_off(all.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (mut made_in, mut refused) = (BTreeMap::new(), BTreeMap::new());
            half.iter()
                .for_each(|path| check(path, &mut made_in, &mut refused));
            (made_in, refused)
        });
        all.iter()
            .for_each(|path| check(path, &mut made_in, &mut refused));
        let (more, others) = other.join().unwrap();
        more.into_iter()
            .for_each(|(name, n)| *made_in.entry(name).or_default() += n);
        others
            .into_iter()
            .for_each(|(name, n)| *refused.entry(name).or_default() += n);
    });
    for to in WRITTEN {
        assert!(made_in[to.name()] > 60, "{}: {:?}", to.name(), made_in);
    }
}
