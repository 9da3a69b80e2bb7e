use codec::TransferSyntax;
use dicom_dictionary_std::tags;

use super::KeyObjectDocument;
use crate::dicom::key_objects::{KeyObject, KeyObjectKind, KeyObjects};
use crate::dicom::measurement_report::Observer;
use crate::dicom::read::key_objects as read_key_objects;
use crate::dicom::write::{
    CharacterSet, Code, Dataset, DateTime, Equipment, Error, Instance, Patient, Series, Study,
};
use crate::dicom::{ImageReference, ObjectReference, concepts};

const CREATED: DateTime = DateTime::new(2026, 3, 4, 11, 30, 15);

fn written(key_objects: KeyObjects) -> Result<Instance, Error> {
    let study = Study {
        character_set: CharacterSet::Utf8,
        patient: Patient {
            name: "Test".to_owned(),
            id: "1".to_owned(),
            birth_date: None,
            sex: None,
            weight_kg: None,
            height_m: None,
        },
        study_instance_uid: "1.2.1".to_owned(),
        start: Some(CREATED),
        id: String::new(),
        accession_number: String::new(),
        description: String::new(),
    };
    let series = Series {
        series_instance_uid: "1.2.2".to_owned(),
        number: 9,
        description: "Key objects".to_owned(),
        start: CREATED,
        frame_of_reference_uid: None,
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    };
    let document = KeyObjectDocument {
        sop_instance_uid: "1.2.3".to_owned(),
        created: CREATED,
        key_objects,
    };
    super::key_objects(&study, &series, &document)
}

fn object(class: &str, study: u32, n: u32) -> ObjectReference {
    ObjectReference {
        study_instance_uid: format!("1.3.{study}"),
        series_instance_uid: format!("1.3.{study}.{}", n / 2),
        sop_class_uid: class.to_owned(),
        sop_instance_uid: format!("1.3.{study}.0.{n}"),
    }
}

fn image(study: u32, n: u32, frames: &[u32]) -> ImageReference {
    ImageReference {
        reference: object("1.2.840.10008.5.1.4.1.1.128", study, n),
        frames: frames.to_vec(),
    }
}

fn selection() -> KeyObjects {
    let images = [image(1, 1, &[]), image(1, 2, &[3, 5]), image(2, 1, &[])];
    let mut selected = KeyObjects::of_images(KeyObjects::BEST_IN_SET, images);
    selected.modifiers = vec![Code::new("113015", "DCM", "Series")];
    selected.language = Some(concepts::ENGLISH);
    selected.description = "For the board:\r\n肺 right\\left".to_owned();
    selected.observers = vec![Observer::Person {
        name: "Doe^Jane".to_owned(),
        organization: Some("Hospital".to_owned()),
    }];
    selected.objects[1].presentation_state = Some(object("1.2.840.10008.5.1.4.1.1.11.1", 1, 9));
    let report = object("1.2.840.10008.5.1.4.1.1.88.34", 1, 7);
    selected.objects.push(KeyObject::composite(report));
    selected.objects.push(KeyObject {
        kind: KeyObjectKind::Waveform,
        ..KeyObject::composite(object("1.2.840.10008.5.1.4.1.1.9.1.1", 1, 8))
    });
    selected
}

#[test]
fn selections_come_back_as_they_were() {
    for syntax in [
        TransferSyntax::ExplicitLittleEndian,
        TransferSyntax::ImplicitLittleEndian,
    ] {
        let bytes = written(selection()).unwrap().encode(syntax).unwrap();
        let (found, warnings) = read_key_objects(&bytes).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(found, selection());
    }
}

fn check_refused(change: fn(&mut KeyObjects), expected: &str) {
    let mut selected = selection();
    change(&mut selected);
    assert_eq!(written(selected).unwrap_err().to_string(), expected);
}

#[test]
fn selections_that_mean_nothing_are_refused() {
    check_refused(
        |selected| selected.objects.clear(),
        "key objects: expected at least one, found none",
    );
    check_refused(
        |selected| selected.modifiers.clear(),
        "title of key objects: expected a modifier, found none",
    );
    check_refused(
        |selected| selected.objects[0].object.reference.series_instance_uid.clear(),
        "reference: expected its study and series, found 1.3.1.0.1",
    );
    check_refused(
        |selected| selected.objects[3].object.frames.push(1),
        "frames or presentation state of a key object: expected an image, found Composite",
    );
}

#[test]
fn what_is_not_understood_is_told_and_long_lists_are_read() {
    let mut instance = written(selection()).unwrap();
    let mut strange = Dataset::new();
    strange.text(tags::VALUE_TYPE, "SCOORD");
    let mut nameless = Dataset::new();
    nameless.text(tags::VALUE_TYPE, "IMAGE");
    instance.dataset.sequence(
        tags::CONTENT_SEQUENCE,
        [vec![strange; 100_000], vec![nameless; 100_000]].concat(),
    );
    let bytes = instance.encode(TransferSyntax::ExplicitLittleEndian).unwrap();
    let (found, warnings) = read_key_objects(&bytes).unwrap();
    assert_eq!(found.objects, []);
    let codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["not-understood", "no-reference", "no-key-objects"]);
}
