//! Selections of key objects: `dciodvfy` finds no error, highdicom reads the same title, description and objects.

use codec::TransferSyntax;
use engine::dicom::concepts;
use engine::dicom::key_objects::{KeyObject, KeyObjects};
use engine::dicom::measurement_report::Observer;
use engine::dicom::read::key_objects as read_key_objects;
use engine::dicom::write::{KeyObjectDocument, derived_uid, key_objects};
use engine::dicom::{ImageReference, ObjectReference};
use serde_json::json;

use super::peers;
use super::study::{CREATED, Pet, pet, series};

/// Two slices, one with a presentation state, and a report.
fn selection(pet: &Pet, title: engine::dicom::Code) -> KeyObjects {
    let images: Vec<ImageReference> = pet.images.image_references().into_iter().take(2).collect();
    let object = |name: &str, class: &str| ObjectReference {
        study_instance_uid: pet.study.study_instance_uid.clone(),
        series_instance_uid: derived_uid(&["objects", name]),
        sop_class_uid: class.to_owned(),
        sop_instance_uid: derived_uid(&["objects", name, "1"]),
    };
    let mut selected = KeyObjects::of_images(title, images);
    selected.language = Some(concepts::ENGLISH);
    selected.description = "Lesion in the right lung, 右肺".to_owned();
    selected.observers = vec![Observer::Person {
        name: "Doe^Jane".to_owned(),
        organization: None,
    }];
    selected.objects[1].presentation_state = Some(object("state", "1.2.840.10008.5.1.4.1.1.11.1"));
    let report = object("sr", "1.2.840.10008.5.1.4.1.1.88.34");
    selected.objects.push(KeyObject::composite(report));
    selected
}

/// The bytes of a selection for a tumour board.
pub fn written(pet: &Pet, title: engine::dicom::Code) -> Vec<u8> {
    let document = KeyObjectDocument {
        sop_instance_uid: derived_uid(&["objects", "ko", "1"]),
        created: CREATED,
        key_objects: selection(pet, title),
    };
    let written = key_objects(&pet.study, &series("ko", 70), &document).unwrap();
    written.encode(TransferSyntax::ExplicitLittleEndian).unwrap()
}

#[test]
fn a_selection_is_read_by_peers() {
    let folder = peers::folder("key-objects");
    let pet = pet(|_| 2.5);
    for title in [
        KeyObjects::OF_INTEREST,
        KeyObjects::FOR_PRINTING,
        KeyObjects::FOR_REPORT_ATTACHMENT,
    ] {
        let file = folder.join(format!("{}.dcm", title.value));
        std::fs::write(&file, written(&pet, title.clone())).unwrap();
        let (found, warnings) = read_key_objects(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(found, selection(&pet, title.clone()));
        peers::assert_conformant(&file);
        let Some(peer) = peers::read("key-objects", &file) else {
            continue;
        };
        assert_eq!(peer["title"], json!([title.value, "DCM", title.meaning]));
        assert_eq!(peer["description"], found.description);
        let uids = found
            .objects
            .iter()
            .map(|object| &object.object.reference.sop_instance_uid);
        assert_eq!(peer["objects"], json!(uids.collect::<Vec<_>>()));
        assert_eq!(peer["resolved"], 3);
    }
}
