//! Key images through the bytes of a selection.

use super::{CREATED, bytes, check_broken, done, elsewhere, follow, series, study, world};
use crate::dicom::key_objects::{KeyObject, KeyObjects};
use crate::dicom::read::key_objects;
use crate::dicom::write::{self, KeyObjectDocument};
use crate::dicom::{ImageReference, ObjectReference};
use crate::session::Session;

fn marked() -> Session {
    let mut session = world::session();
    for line in [
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
        r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 7}}}"#,
        r#"{"do": {"mark_key_image": {"viewport": 1}}}"#,
        r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 2}}}"#,
        r#"{"do": {"mark_key_image": {"viewport": 1}}}"#,
    ] {
        done(&mut session, line);
    }
    session
}

fn written(selected: KeyObjects) -> Vec<u8> {
    let document = KeyObjectDocument {
        sop_instance_uid: "1.2.3.4".to_owned(),
        created: CREATED,
        key_objects: selected,
    };
    bytes(write::key_objects(&study(), &series(None), &document))
}

fn object(uid: &str) -> ObjectReference {
    ObjectReference {
        study_instance_uid: "1.2.3".to_owned(),
        series_instance_uid: "1.2.3.99".to_owned(),
        sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        sop_instance_uid: uid.to_owned(),
    }
}

#[test]
fn key_images_are_the_objects_of_their_slices() {
    let uids: Vec<String> = marked()
        .key_image_references()
        .into_iter()
        .map(|image| image.reference.sop_instance_uid)
        .collect();
    assert_eq!(uids, ["1.2.3.2.8", "1.2.3.2.3"]);
}

#[test]
fn key_images_come_back_in_their_order() {
    let session = marked();
    let (selected, told) = session.key_objects(KeyObjects::OF_INTEREST).unwrap();
    assert!(told.is_empty(), "{told:?}");
    let bytes = written(selected);
    let (read, _) = key_objects(&bytes).unwrap();
    let mut other = world::session();
    let (commands, told) = other.commands_of_key_objects(&read).unwrap();
    assert!(told.is_empty(), "{told:?}");
    follow(&mut other, commands);
    assert_eq!(other.state().key_images, session.state().key_images);
    // Those that are marked already stay as they are.
    let (commands, _) = session.commands_of_key_objects(&read).unwrap();
    let mut again = session;
    let before = again.state().key_images.clone();
    commands
        .into_iter()
        .for_each(|command| drop(again.apply(command).unwrap()));
    assert_eq!(again.state().key_images, before);
    check_broken(
        &bytes,
        |bytes| key_objects(bytes).ok(),
        |(read, _)| drop(other.commands_of_key_objects(&read)),
    );
}

#[test]
fn what_is_in_no_series_is_told() {
    let session = marked();
    let (mut selected, _) = session.key_objects(KeyObjects::FOR_TEACHING).unwrap();
    selected.objects.push(KeyObject::image(ImageReference {
        reference: object("1.2.3.99.1"),
        frames: Vec::new(),
    }));
    selected.objects.push(KeyObject::composite(object("1.2.3.99.2")));
    let (read, _) = key_objects(&written(selected)).unwrap();
    let (_, told) = session.commands_of_key_objects(&read).unwrap();
    assert_eq!(
        told,
        [
            "image 1.2.3.99.1 of the selection is in no series that is open",
            "object 1.2.3.99.2 of the selection is no image"
        ]
    );
    let refusal = elsewhere().commands_of_key_objects(&read).unwrap_err();
    assert!(refusal.to_string().contains("for other series"), "{refusal}");
    assert!(world::session().key_objects(KeyObjects::OF_INTEREST).is_err());
}
