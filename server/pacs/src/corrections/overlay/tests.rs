//! Objects of every encoding with overlays over them: what is corrected is, everything else is the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use bytes::Bytes;
use codec::dataset::{Layout, Limits, layout, read};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use proptest::prelude::*;

use super::write::Encoding;
use super::{Error, Overlay, Reason, apply};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const RLE: &str = "1.2.840.10008.1.2.5";

fn encoding(syntax: &str) -> Encoding {
    Encoding {
        is_explicit: syntax != IMPLICIT,
        is_big_endian: syntax == BIG,
    }
}

/// Elements as bytes, in their order.
struct Writer {
    encoding: Encoding,
    bytes: Vec<u8>,
}

impl Writer {
    fn put(&mut self, tag: Tag, vr: VR, value: &[u8]) -> &mut Self {
        self.bytes.extend(self.encoding.element(tag, vr, value).unwrap());
        self
    }

    fn delimited(&mut self, tag: Tag, vr: VR, items: &[Vec<u8>]) -> &mut Self {
        self.bytes
            .extend(self.encoding.header(tag, Some(vr), None).unwrap());
        let little = Encoding {
            is_explicit: false,
            is_big_endian: false,
        };
        let within = if vr == VR::UN { little } else { self.encoding };
        for item in items {
            self.bytes
                .extend(within.header(Tag(0xFFFE, 0xE000), None, None).unwrap());
            self.bytes.extend(item);
            self.bytes
                .extend(within.header(Tag(0xFFFE, 0xE00D), None, Some(0)).unwrap());
        }
        self.bytes
            .extend(within.header(Tag(0xFFFE, 0xE0DD), None, Some(0)).unwrap());
        self
    }
}

fn part10(syntax: &str, data_set: &[u8]) -> Bytes {
    let mut meta = Writer {
        encoding: encoding(EXPLICIT),
        bytes: Vec::new(),
    };
    meta.put(tags::TRANSFER_SYNTAX_UID, VR::UI, syntax.as_bytes());
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(
        encoding(EXPLICIT)
            .element(Tag(2, 0), VR::UL, &(meta.bytes.len() as u32).to_le_bytes())
            .unwrap(),
    );
    file.extend(meta.bytes);
    if syntax == DEFLATED {
        let mut encoder = flate2::write::DeflateEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(data_set).unwrap();
        file = encoder.finish().unwrap();
    } else {
        file.extend(data_set);
    }
    file.into()
}

/// A made-up object: a private group, sequences of both kinds, an unknown element, a group length, pixel data.
fn object(syntax: &str, charset: &str, name: &[u8], description: &[u8]) -> Bytes {
    let encoding = encoding(syntax);
    let writer = || Writer {
        encoding,
        bytes: Vec::new(),
    };
    let mut referring = writer();
    referring
        .put(tags::PATIENT_ID, VR::LO, b"X1")
        .put(tags::ISSUER_OF_PATIENT_ID, VR::LO, b"CARD");
    let mut code = writer();
    code.put(tags::CODE_VALUE, VR::SH, b"T-1")
        .put(tags::CODE_MEANING, VR::LO, description);
    let mut group = writer();
    if !charset.is_empty() {
        group.put(tags::SPECIFIC_CHARACTER_SET, VR::CS, charset.as_bytes());
    }
    group
        .put(tags::SOP_CLASS_UID, VR::UI, b"1.2.840.10008.5.1.4.1.1.2")
        .put(tags::SOP_INSTANCE_UID, VR::UI, b"2.25.1")
        .put(tags::ACCESSION_NUMBER, VR::SH, b"A1")
        .put(tags::STUDY_DESCRIPTION, VR::LO, description);
    group.put(
        tags::PROCEDURE_CODE_SEQUENCE,
        VR::SQ,
        &encoding.item(&code.bytes).unwrap(),
    );
    let mut all = writer();
    let length = group.bytes.len() as u32;
    all.put(Tag(8, 0), VR::UL, &encoding.u32(length));
    all.bytes.extend(group.bytes);
    all.put(Tag(9, 0x10), VR::LO, b"MAKER");
    all.put(Tag(9, 0x1001), VR::UN, &[0xFF, 0xE9, 0x1B, 0x00, 0x80, 0x41]);
    let mut little = Writer {
        encoding: Encoding {
            is_explicit: false,
            is_big_endian: false,
        },
        bytes: Vec::new(),
    };
    little.put(Tag(9, 0x1003), VR::LO, b"ab");
    if encoding.is_explicit {
        all.delimited(Tag(9, 0x1002), VR::UN, &[little.bytes]);
    }
    all.put(tags::PATIENT_NAME, VR::PN, name)
        .put(tags::PATIENT_ID, VR::LO, b"P1")
        .put(tags::PATIENT_BIRTH_DATE, VR::DA, b"19700101");
    all.delimited(tags::OTHER_PATIENT_I_DS_SEQUENCE, VR::SQ, &[referring.bytes]);
    all.put(tags::PATIENT_WEIGHT, VR::DS, b"70.50")
        .put(tags::PIXEL_SPACING, VR::DS, b"1.0\\1.0")
        .put(tags::RESCALE_SLOPE, VR::DS, b"1.25000");
    if syntax == RLE {
        all.bytes
            .extend(encoding.header(tags::PIXEL_DATA, Some(VR::OB), None).unwrap());
        all.bytes.extend(encoding.item(&[]).unwrap());
        all.bytes.extend(encoding.item(&[1, 2, 3, 4]).unwrap());
        all.bytes
            .extend(encoding.header(Tag(0xFFFE, 0xE0DD), None, Some(0)).unwrap());
    } else {
        all.put(tags::PIXEL_DATA, VR::OW, &[9; 64]);
    }
    part10(syntax, &all.bytes)
}

fn overlay(changes: &[(Tag, &str)]) -> Overlay {
    Overlay {
        changes: changes
            .iter()
            .map(|(tag, value)| (*tag, (*value).to_owned()))
            .collect(),
        keeps_identifier: false,
        at_ns: 1_767_225_600_123_456_789,
        reason: Reason::Correct,
    }
}

fn elements<'a>(layout: &'a Layout<'_>) -> BTreeMap<Tag, &'a [u8]> {
    let elements = layout.elements.iter();
    elements
        .map(|place| (place.tag, &layout.bytes[place.whole.clone()]))
        .collect()
}

/// Checks that all but these elements, group lengths and the record of changes are the same bytes; gives the values.
fn same_but(before: &Bytes, after: &Bytes, changed: &BTreeSet<Tag>) {
    let limits = Limits::default();
    let (old, new) = (layout(before, limits).unwrap(), layout(after, limits).unwrap());
    assert_eq!(
        before[..old.data_set_at],
        after[..new.data_set_at],
        "the meta information"
    );
    assert_eq!(old.bytes[old.end..], new.bytes[new.end..], "the pixel data");
    let (olds, news) = (elements(&old), elements(&new));
    let free = |tag: &Tag| tag.1 == 0 || changed.contains(tag) || *tag == tags::ORIGINAL_ATTRIBUTES_SEQUENCE;
    for (tag, bytes) in &olds {
        assert!(free(tag) || news.get(tag) == Some(bytes), "{tag} is not the same");
    }
    for tag in news.keys() {
        assert!(free(tag) || olds.contains_key(tag), "{tag} was not there");
    }
    assert!(new.elements.is_sorted_by_key(|place| place.tag));
    for place in new.elements.iter().filter(|place| place.tag.1 == 0) {
        let group = new
            .elements
            .iter()
            .filter(|other| other.tag.0 == place.tag.0 && other.tag.1 > 0);
        let length: usize = group.map(|other| other.whole.len()).sum();
        let value = &new.bytes[place.value.clone()];
        let encoding = Encoding {
            is_explicit: new.is_explicit,
            is_big_endian: new.is_big_endian,
        };
        assert_eq!(
            encoding.read_u32(value),
            Some(length as u32),
            "the length of group {:04X}",
            place.tag.0
        );
    }
}

fn text(bytes: &Bytes, tag: Tag) -> String {
    let read = read(bytes, Limits::default()).unwrap();
    crate::index::text(&read.data_set, tag).unwrap_or_default()
}

#[test]
fn a_chinese_name_in_an_object_of_latin_1_brings_it_to_unicode() {
    for syntax in [EXPLICIT, IMPLICIT, BIG, DEFLATED, RLE] {
        let before = object(syntax, "ISO_IR 100", b"M\xfcller^J\xf6rg", b"Gesamtk\xf6rper");
        let after = apply(
            before.clone(),
            &[overlay(&[(tags::PATIENT_NAME, "Wang^XiaoDong=王^小东")])],
        )
        .unwrap();
        let changed = BTreeSet::from([
            tags::SPECIFIC_CHARACTER_SET,
            tags::PATIENT_NAME,
            tags::STUDY_DESCRIPTION,
            tags::PROCEDURE_CODE_SEQUENCE,
        ]);
        same_but(&before, &after, &changed);
        assert_eq!(
            text(&after, tags::PATIENT_NAME),
            "Wang^XiaoDong=王^小东",
            "{syntax}"
        );
        assert_eq!(text(&after, tags::STUDY_DESCRIPTION), "Gesamtkörper");
        let read = read(&after, Limits::default()).unwrap();
        let code = read
            .data_set
            .get(tags::PROCEDURE_CODE_SEQUENCE)
            .unwrap()
            .items()
            .unwrap()[0]
            .clone();
        assert_eq!(
            code.get(tags::CODE_MEANING).unwrap().to_str().unwrap(),
            "Gesamtkörper"
        );
        // What was there is there still, in the character set it was in.
        let record = &read
            .data_set
            .get(tags::ORIGINAL_ATTRIBUTES_SEQUENCE)
            .unwrap()
            .items()
            .unwrap()[0];
        let old = &record
            .get(tags::MODIFIED_ATTRIBUTES_SEQUENCE)
            .unwrap()
            .items()
            .unwrap()[0];
        let old_text = |tag| old.get(tag).unwrap().to_str().unwrap().into_owned();
        assert_eq!(old_text(tags::PATIENT_NAME), "Müller^Jörg");
        assert_eq!(old_text(tags::SPECIFIC_CHARACTER_SET), "ISO_IR 100");
        assert_eq!(old.iter().count(), 2);
        for (tag, expected) in [
            (
                tags::ATTRIBUTE_MODIFICATION_DATE_TIME,
                "20260101000000.123456+0000",
            ),
            (tags::MODIFYING_SYSTEM, "UPTAKE"),
            (tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, "CORRECT"),
        ] {
            assert_eq!(record.get(tag).unwrap().to_str().unwrap(), expected);
        }
    }
}

#[test]
fn a_set_that_has_the_characters_stays() {
    for (charset, name, new, expected) in [
        ("ISO_IR 192", "王^小东".as_bytes(), "李^明", "ISO_IR 192"),
        ("GB18030", b"\xcd\xf5^\xd0\xa1".as_slice(), "李^明", "GB18030"),
        ("ISO_IR 100", b"M\xfcller".as_slice(), "Köhler", "ISO_IR 100"),
        ("ISO_IR 100", b"M\xfcller".as_slice(), "Wang", "ISO_IR 100"),
        (
            " \\ISO 2022 IR 58".trim_start(),
            b"Wang=\x1b$)A\xcd\xf5".as_slice(),
            "李^明",
            "ISO_IR 192",
        ),
        ("", b"Wang".as_slice(), "李^明", "ISO_IR 192"),
        ("", b"M\xfcller".as_slice(), "Wang", ""),
    ] {
        let before = object(EXPLICIT, charset, name, b"plain");
        let after = apply(before.clone(), &[overlay(&[(tags::PATIENT_NAME, new)])]).unwrap();
        same_but(
            &before,
            &after,
            &BTreeSet::from([tags::PATIENT_NAME, tags::SPECIFIC_CHARACTER_SET]),
        );
        assert_eq!(text(&after, tags::PATIENT_NAME), new, "{charset}");
        assert_eq!(text(&after, tags::SPECIFIC_CHARACTER_SET), expected, "{charset}");
    }
}

#[test]
fn text_that_nobody_can_read_for_certain_is_not_carried_into_unicode() {
    for (charset, description) in [
        ("", b"\xd5\xc5\xc8\xfd"),
        ("ISO_IR 192", b"\xd5\xc5\xc8\xfd"),
        ("NONSENSE", b"\xd5\xc5\xc8\xfd"),
    ] {
        let before = object(EXPLICIT, charset, b"Wang", description);
        let changes = [(tags::PATIENT_NAME, "王^小东")];
        let outcome = apply(before.clone(), &[overlay(&changes)]);
        if charset == "ISO_IR 192" {
            // The set stays: nothing has to be read.
            same_but(&before, &outcome.unwrap(), &BTreeSet::from([tags::PATIENT_NAME]));
        } else {
            assert_eq!(
                outcome,
                Err(Error::UnreadableText(tags::STUDY_DESCRIPTION)),
                "{charset}"
            );
        }
    }
}

#[test]
fn what_changes_nothing_gives_the_same_bytes() {
    let before = object(EXPLICIT, "ISO_IR 192", "王^小东".as_bytes(), b"plain");
    for changes in [
        &[][..],
        &[(tags::PATIENT_NAME, "王^小东"), (tags::PATIENT_ID, "P1")],
        &[(tags::PATIENT_SEX, "")],
    ] {
        assert_eq!(apply(before.clone(), &[overlay(changes)]).unwrap(), before);
    }
}

#[test]
fn a_merged_patient_leaves_as_the_survivor_and_stays_known_by_the_old_identifier() {
    let before = object(EXPLICIT, "ISO_IR 192", b"Wang", b"plain");
    let merge = Overlay {
        keeps_identifier: true,
        reason: Reason::Coerce,
        ..overlay(&[(tags::PATIENT_ID, "P2"), (tags::ISSUER_OF_PATIENT_ID, "HIS")])
    };
    let once = apply(before.clone(), std::slice::from_ref(&merge)).unwrap();
    let changed = [
        tags::PATIENT_ID,
        tags::ISSUER_OF_PATIENT_ID,
        tags::OTHER_PATIENT_I_DS_SEQUENCE,
    ];
    same_but(&before, &once, &changed.into());
    let read = read(&once, Limits::default()).unwrap();
    let others = read
        .data_set
        .get(tags::OTHER_PATIENT_I_DS_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    let ids: Vec<_> = others
        .iter()
        .map(|item| item.get(tags::PATIENT_ID).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(ids, ["X1", "P1"]);
    // Two corrections leave two records, the first of them as it was.
    let twice = apply(once.clone(), &[overlay(&[(tags::PATIENT_SEX, "F")])]).unwrap();
    let records = |bytes: &Bytes| {
        let read = codec::dataset::read(bytes, Limits::default()).unwrap();
        read.data_set
            .get(tags::ORIGINAL_ATTRIBUTES_SEQUENCE)
            .unwrap()
            .items()
            .unwrap()
            .to_vec()
    };
    let (first, both) = (records(&once), records(&twice));
    assert_eq!((first.len(), both.len()), (1, 2));
    // Undefined lengths are not equal to themselves.
    assert_eq!(format!("{:?}", first[0]), format!("{:?}", both[0]));
    assert_eq!(
        first[0]
            .get(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION)
            .unwrap()
            .to_str()
            .unwrap(),
        "COERCE"
    );
}

#[test]
fn broken_objects_are_refused_and_never_panic() {
    let whole = object(EXPLICIT, "ISO_IR 100", b"M\xfcller", b"plain");
    let changes = [overlay(&[(tags::PATIENT_NAME, "王^小东")])];
    for end in 0..whole.len() {
        let _ = apply(whole.slice(..end), &changes);
    }
    for at in 132..whole.len() {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 0xFF;
        let _ = apply(bytes.into(), &changes);
    }
}

fn name() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[A-Za-z王李小东é]{1,12}(\\^[A-Za-z明é]{1,8})?(=[王李小东]{1,4})?")
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Random text elements, private groups and nested sequences in every encoding; random corrections.
    #[test]
    fn all_other_elements_stay(
        syntax in prop::sample::select(vec![EXPLICIT, IMPLICIT, BIG, DEFLATED]),
        charset in prop::sample::select(vec!["ISO_IR 192", "GB18030", "ISO_IR 100", ""]),
        values in prop::collection::btree_map(0_u16..40, prop::collection::vec(any::<u8>(), 0..40), 0..12),
        depth in 1_usize..4,
        delimited in any::<bool>(),
        new_name in name(),
        new_id in "[A-Z0-9]{1,10}",
        issuer in prop::option::of("[A-Z]{0,5}"),
    ) {
        let encoding = encoding(syntax);
        let mut nested = encoding.element(tags::CODE_VALUE, VR::SH, b"T-1").unwrap();
        for _ in 0..depth {
            let mut writer = Writer { encoding, bytes: Vec::new() };
            if delimited {
                writer.delimited(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, &[nested]);
            } else {
                let item = encoding.item(&nested).unwrap();
                writer.put(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, &item);
            }
            nested = writer.bytes;
        }
        let mut writer = Writer { encoding, bytes: Vec::new() };
        if !charset.is_empty() {
            writer.put(tags::SPECIFIC_CHARACTER_SET, VR::CS, charset.as_bytes());
        }
        writer.put(tags::SOP_INSTANCE_UID, VR::UI, b"2.25.1");
        writer.put(Tag(9, 0x10), VR::LO, b"MAKER");
        for (number, value) in &values {
            let vr = if number % 2 == 0 { VR::UN } else { VR::OB };
            writer.put(Tag(9, 0x1000 + number), vr, value);
        }
        writer.put(tags::PATIENT_ID, VR::LO, b"P1");
        writer.bytes.extend(nested);
        writer.put(tags::PIXEL_DATA, VR::OW, &[7; 32]);
        let before = part10(syntax, &writer.bytes);
        let mut changes = vec![(tags::PATIENT_NAME, new_name.as_str()), (tags::PATIENT_ID, &new_id)];
        changes.extend(issuer.as_deref().map(|issuer| (tags::ISSUER_OF_PATIENT_ID, issuer)));
        let after = apply(before.clone(), &[overlay(&changes)]).unwrap();
        let mut changed: BTreeSet<Tag> = changes.iter().map(|(tag, _)| *tag).collect();
        changed.insert(tags::SPECIFIC_CHARACTER_SET);
        same_but(&before, &after, &changed);
        for (tag, value) in changes {
            prop_assert_eq!(text(&after, tag), value);
        }
        // Laid over again it changes nothing more.
        let again: BTreeMap<Tag, String> = [(tags::PATIENT_NAME, new_name)].into();
        let again = Overlay { changes: again, ..overlay(&[]) };
        prop_assert_eq!(apply(after.clone(), &[again]).unwrap(), after);
    }
}

/// Real objects: what had to be encoded anew says the same, and all else is as it was.
#[test]
fn real_objects_keep_everything_else() {
    let merge = Overlay {
        keeps_identifier: true,
        reason: Reason::Coerce,
        ..overlay(&[
            (tags::PATIENT_NAME, "Wang^XiaoDong=王^小东"),
            (tags::PATIENT_ID, "NEW1"),
        ])
    };
    for set in ["charset", "nm", "objects", "codecs"] {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let (mut folders, mut corrected) = (vec![folder], 0);
        while let Some(path) = folders.pop() {
            if path.is_dir() {
                folders.extend(
                    std::fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
                continue;
            }
            let before: Bytes = std::fs::read(&path).unwrap().into();
            if let Ok(after) = apply(before.clone(), std::slice::from_ref(&merge)) {
                corrected += 1;
                assert_eq!(rest(&before), rest(&after), "{}", path.display());
            }
        }
        assert!(corrected > 0, "{set}");
    }
}

/// What a reader has of the elements that the merge does not change; lengths of padded text may differ, values may not.
fn rest(bytes: &Bytes) -> Vec<String> {
    let changed = [
        tags::SPECIFIC_CHARACTER_SET,
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::OTHER_PATIENT_I_DS_SEQUENCE,
        tags::ORIGINAL_ATTRIBUTES_SEQUENCE,
    ];
    let read = read(bytes, Limits::default()).unwrap();
    let rest = read
        .data_set
        .iter()
        .filter(|element| !changed.contains(&element.header().tag));
    rest.map(|element| without_lengths(&format!("{} {:?}", element.header().tag, element.value())))
        .collect()
}

fn without_lengths(debug: &str) -> String {
    let mut parts = debug.split("Length(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    text
}
