//! The directory of a file-set: patients, studies, series, objects, and where their files are (PS3.3 F, PS3.10 8).
//!
//! Text is written as UTF-8 whatever the objects have, and says so in every record: it was Unicode since it was read.
//! Numbers that only tell records apart are counted up where objects have none; dates are never made up.

pub(crate) mod records;

use crate::identity::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use std::collections::HashMap;

use bytes::Bytes;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::encode::EncoderFor;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use super::{Error, Result};
use records::{Key, PRIVATE};

pub(crate) use records::is_image;

/// Where a record's offsets lie in its bytes: behind the header of the first and of the third element.
const NEXT_AT: usize = 8;
const LOWER_AT: usize = 30;

/// Bytes of a directory: its offsets have 32 bits.
const MAX_BYTES: usize = u32::MAX as usize - 1;

/// A directory in the making; each record is kept encoded.
#[derive(Debug, Default)]
pub struct Directory {
    records: Vec<Record>,
    /// First record of each level above the objects, by identity.
    found: HashMap<(usize, String), usize>,
    bytes: usize,
}

#[derive(Debug)]
struct Record {
    encoded: Vec<u8>,
    children: Vec<usize>,
    is_root: bool,
}

impl Directory {
    /// Adds an object that lies under `file_id`, by its attributes.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] for values that cannot be written, [`Error::TooMany`] beyond 4 GiB.
    pub fn add(
        &mut self,
        object: &InMemDicomObject,
        file_id: &[&str],
        transfer_syntax_uid: &str,
    ) -> Result<()> {
        let text = |tag| text(object, tag);
        let study_uid = text(tags::STUDY_INSTANCE_UID);
        // Without an identifier, a patient of one study, as in the index.
        let patient = match text(tags::PATIENT_ID) {
            id if id.is_empty() => format!("study {study_uid}"),
            id => format!("{id}\\{}", text(tags::ISSUER_OF_PATIENT_ID)),
        };
        let levels = [
            ("PATIENT", records::PATIENT, patient),
            ("STUDY", records::STUDY, study_uid),
            ("SERIES", records::SERIES, text(tags::SERIES_INSTANCE_UID)),
        ];
        let mut parent = None;
        for (depth, (name, keys, identity)) in levels.into_iter().enumerate() {
            let identity = (depth, format!("{parent:?}\\{identity}"));
            parent = Some(match self.found.get(&identity) {
                Some(record) => *record,
                None => {
                    let record = self.push(parent, name, keys, object, None)?;
                    self.found.insert(identity, record);
                    record
                }
            });
        }
        let class = text(tags::SOP_CLASS_UID);
        let reference = Reference {
            file_id,
            class: &class,
            instance: &text(tags::SOP_INSTANCE_UID),
            transfer_syntax_uid,
        };
        let has_rows = object.get(tags::ROWS).is_some();
        let (name, keys) =
            records::kind(&class, has_rows).map_or((PRIVATE, &[][..]), |kind| (kind.name, kind.keys));
        self.push(parent, name, keys, object, Some(reference))?;
        Ok(())
    }

    fn push(
        &mut self,
        parent: Option<usize>,
        name: &'static str,
        keys: &[Key],
        object: &InMemDicomObject,
        reference: Option<Reference<'_>>,
    ) -> Result<usize> {
        let siblings = parent.map_or_else(
            || self.records.iter().filter(|record| record.is_root).count(),
            |parent| self.records[parent].children.len(),
        );
        let encoded = encode(&record(name, keys, object, reference, siblings + 1))?;
        self.bytes += 8 + encoded.len();
        if self.bytes > MAX_BYTES - 4096 {
            return Err(Error::TooMany {
                what: "bytes of a DICOMDIR",
                limit: MAX_BYTES as u64,
                found: self.bytes as u64,
            });
        }
        let number = self.records.len();
        self.records.push(Record {
            encoded,
            children: Vec::new(),
            is_root: parent.is_none(),
        });
        if let Some(parent) = parent {
            self.records[parent].children.push(number);
        }
        Ok(number)
    }

    /// Gives the file DICOMDIR of a file-set of this name (at most 16 letters, digits, spaces and underscores).
    ///
    /// # Errors
    ///
    /// [`Error::Directory`].
    pub fn finish(mut self, file_set_id: &str, sop_instance_uid: &str) -> Result<Bytes> {
        let mut head = InMemDicomObject::new_empty();
        put(&mut head, tags::FILE_SET_ID, VR::CS, file_set_id);
        for tag in [
            tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
            tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
        ] {
            head.put(DataElement::new(tag, VR::UL, PrimitiveValue::from(0_u32)));
        }
        let consistency = PrimitiveValue::from(0_u16);
        head.put(DataElement::new(
            tags::FILE_SET_CONSISTENCY_FLAG,
            VR::US,
            consistency,
        ));
        let mut bytes = meta(sop_instance_uid)?;
        bytes.extend(encode(&head)?);
        // The two offsets and the flag (10 bytes) are the last of the head.
        let (first_at, last_at) = (bytes.len() - 26, bytes.len() - 14);
        let length = u32::try_from(self.bytes).map_err(|_| Error::Directory("too large".to_owned()))?;
        bytes.extend([0x04, 0x00, 0x20, 0x12]);
        bytes.extend(*b"SQ\0\0");
        bytes.extend(length.to_le_bytes());
        let roots: Vec<usize> = (0..self.records.len())
            .filter(|n| self.records[*n].is_root)
            .collect();
        let (order, offsets) = self.places(&roots, bytes.len());
        self.link(&roots, &offsets);
        let offset = |record: Option<&usize>| record.map_or(0, |record| offsets[*record]).to_le_bytes();
        bytes[first_at..first_at + 4].copy_from_slice(&offset(roots.first()));
        bytes[last_at..last_at + 4].copy_from_slice(&offset(roots.last()));
        bytes.reserve_exact(self.bytes);
        for record in order {
            let encoded = &self.records[record].encoded;
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
            bytes.extend((encoded.len() as u32).to_le_bytes());
            bytes.extend(encoded);
        }
        Ok(bytes.into())
    }

    /// The order of the records, each before its children, and where each lies.
    fn places(&self, roots: &[usize], start: usize) -> (Vec<usize>, Vec<u32>) {
        let mut order = Vec::with_capacity(self.records.len());
        let mut offsets = vec![0; self.records.len()];
        let mut at = start;
        let mut next: Vec<usize> = roots.iter().rev().copied().collect();
        while let Some(record) = next.pop() {
            offsets[record] = u32::try_from(at).unwrap_or(u32::MAX);
            at += 8 + self.records[record].encoded.len();
            order.push(record);
            next.extend(self.records[record].children.iter().rev());
        }
        (order, offsets)
    }

    /// Puts into each record where the next of its siblings and the first of its children lie.
    fn link(&mut self, roots: &[usize], offsets: &[u32]) {
        let mut links = Vec::with_capacity(2 * self.records.len());
        let next = |siblings: &[usize], links: &mut Vec<(usize, usize, u32)>| {
            links.extend(
                siblings
                    .windows(2)
                    .map(|pair| (pair[0], NEXT_AT, offsets[pair[1]])),
            );
        };
        next(roots, &mut links);
        for (parent, record) in self.records.iter().enumerate() {
            next(&record.children, &mut links);
            links.extend(
                record
                    .children
                    .first()
                    .map(|first| (parent, LOWER_AT, offsets[*first])),
            );
        }
        for (record, at, offset) in links {
            self.records[record].encoded[at..at + 4].copy_from_slice(&offset.to_le_bytes());
        }
    }
}

/// The file that a record stands for.
struct Reference<'a> {
    file_id: &'a [&'a str],
    class: &'a str,
    instance: &'a str,
    transfer_syntax_uid: &'a str,
}

fn record(
    name: &str,
    keys: &[Key],
    object: &InMemDicomObject,
    reference: Option<Reference<'_>>,
    number: usize,
) -> InMemDicomObject {
    let mut record = InMemDicomObject::new_empty();
    for tag in [
        tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
        tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    ] {
        record.put(DataElement::new(tag, VR::UL, PrimitiveValue::from(0_u32)));
    }
    let in_use = PrimitiveValue::from(0xFFFF_u16);
    record.put(DataElement::new(tags::RECORD_IN_USE_FLAG, VR::US, in_use));
    put(&mut record, tags::DIRECTORY_RECORD_TYPE, VR::CS, name);
    if let Some(reference) = reference {
        if name == PRIVATE {
            put(&mut record, tags::PRIVATE_RECORD_UID, VR::UI, reference.class);
        }
        let file_id = reference.file_id.iter().map(|part| (*part).to_owned()).collect();
        let file_id = PrimitiveValue::Strs(file_id);
        record.put(DataElement::new(tags::REFERENCED_FILE_ID, VR::CS, file_id));
        for (tag, value) in [
            (tags::REFERENCED_SOP_CLASS_UID_IN_FILE, reference.class),
            (tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE, reference.instance),
            (
                tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE,
                reference.transfer_syntax_uid,
            ),
        ] {
            put(&mut record, tag, VR::UI, value);
        }
    }
    put(&mut record, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    for key in keys {
        put_key(&mut record, *key, object, number);
    }
    record
}

fn put_key(record: &mut InMemDicomObject, key: Key, object: &InMemDicomObject, number: usize) {
    let (Key::One(tag, vr) | Key::Number(tag, vr) | Key::Two(tag, vr) | Key::Three(tag, vr)) = key;
    let found = object.get(tag).filter(|element| match element.value() {
        Value::Primitive(PrimitiveValue::Empty) => false,
        Value::Primitive(value) => !value.to_str().trim().is_empty(),
        Value::Sequence(sequence) => !sequence.items().is_empty(),
        Value::PixelSequence(_) => false,
    });
    match (found, key) {
        (Some(element), _) if element.vr() == vr => {
            record.put(element.clone());
        }
        (Some(element), _) => put(record, tag, vr, &element.to_str().unwrap_or_default()),
        (None, Key::Number(..)) => put(record, tag, vr, &number.to_string()),
        (None, Key::Three(..)) => {}
        (None, _) if vr == VR::SQ => {
            record.put(DataElement::new(tag, vr, DataSetSequence::empty()));
        }
        (None, _) => {
            record.put(DataElement::new(tag, vr, PrimitiveValue::Empty));
        }
    }
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let value = object.get(tag).and_then(|element| element.to_str().ok());
    value.map_or_else(String::new, |text| text.trim_matches([' ', '\0']).to_owned())
}

fn encode(object: &InMemDicomObject) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = EncoderFor::new(ExplicitVRLittleEndianEncoder::default());
    object
        .write_dataset(&mut bytes, encoder)
        .map_err(|error| Error::Directory(error.to_string()))?;
    Ok(bytes)
}

fn meta(sop_instance_uid: &str) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Error::Directory(error.to_string());
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::MEDIA_STORAGE_DIRECTORY_STORAGE)
        .media_storage_sop_instance_uid(sop_instance_uid)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .build()
        .map_err(|error| failed(&error))?;
    let mut bytes = vec![0; 128];
    bytes.extend_from_slice(b"DICM");
    meta.write(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}
