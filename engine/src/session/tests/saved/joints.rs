//! How spaces lie on each other, through the bytes of a registration.

use super::{CREATED, bytes, check_broken, done, elsewhere, follow, series, study, world};
use crate::dicom::read::registration;
use crate::dicom::registration::RegistrationMethod;
use crate::dicom::write::{self, RegistrationDocument};
use crate::session::state::Origin;
use crate::session::{SavedJoint, Session};

const BY_HAND: &str = r#"{"do": {"align_by_hand": {"moving": "mr", "fixed": "ct", "change": {"place": {"translation_mm": [-5, 2.25, 1], "rotation_degrees": [3, -2, 7]}}}}}"#;

fn written(saved: SavedJoint) -> Vec<u8> {
    let document = RegistrationDocument {
        sop_instance_uid: "1.2.3.4".to_owned(),
        created: CREATED,
        label: "READING".to_owned(),
        description: String::new(),
        creator: String::new(),
        fixed: &saved.fixed,
        moving: &saved.moving,
        moving_from_fixed: saved.moving_from_fixed,
        method: saved.method,
        comment: saved.comment,
    };
    bytes(write::registration(&study(), &series(None), document))
}

fn joined(session: &Session) -> Vec<f64> {
    let rows = session.state().joints[0].fixed_from_moving;
    rows.as_flattened().to_vec()
}

#[test]
fn a_registration_comes_back() {
    let mut session = world::session();
    done(&mut session, BY_HAND);
    let (saved, told) = session.saved_joint("mr", "ct").unwrap();
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(saved.method, RegistrationMethod::Visual);
    let bytes = written(saved);
    let (read, warnings) = registration(&bytes).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let mut other = world::session();
    let (commands, told) = other.commands_of_registration(&read).unwrap();
    assert!(told.is_empty(), "{told:?}");
    follow(&mut other, commands);
    assert_eq!(other.state().joints[0].origin, Origin::Object);
    let [a, b] = [&session, &other].map(joined);
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    // PET lies on the CT's space, so it is registered too; a joint the other way round is the same.
    let (back, _) = session.saved_joint("pet", "mr").unwrap();
    let (read, _) = registration(&written(back)).unwrap();
    let mut other = world::session();
    let (commands, _) = other.commands_of_registration(&read).unwrap();
    follow(&mut other, commands);
    done(
        &mut other,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "mr"]}}}"#,
    );
    check_broken(
        &bytes,
        |bytes| registration(bytes).ok(),
        |(read, _)| drop(other.commands_of_registration(&read)),
    );
    let refusal = elsewhere().commands_of_registration(&read).unwrap_err();
    assert!(refusal.to_string().contains("for other series"), "{refusal}");
}

#[test]
fn a_search_that_was_not_sure_stays_so() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"restore_joint": {"moving": "mr", "fixed": "ct", "fixed_from_moving": [[1, 0, 0, -5], [0, 1, 0, 0], [0, 0, 1, 0]], "to_check": ["little of the volumes overlaps", "the search ended at its limit of steps"]}}}"#,
    );
    let (saved, told) = session.saved_joint("mr", "ct").unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(saved.comment.starts_with("to be checked: little of the volumes"));
    let (read, _) = registration(&written(saved)).unwrap();
    let mut other = world::session();
    let (commands, _) = other.commands_of_registration(&read).unwrap();
    follow(&mut other, commands);
    let origin = &other.state().joints[0].origin;
    let is_so =
        matches!(origin, Origin::SearchToCheck(reasons) if reasons[0].starts_with("little of the volumes"));
    assert!(is_so, "{origin:?}");
}

#[test]
fn an_offset_is_no_registration() {
    let mut session = world::session();
    let refusal = session.saved_joint("mr", "ct").unwrap_err().to_string();
    assert!(refusal.contains("share no frame of reference"), "{refusal}");
    done(
        &mut session,
        r#"{"do": {"set_offset": {"moving": "mr", "fixed": "ct", "mm": [1, 2, 3]}}}"#,
    );
    let refusal = session.saved_joint("mr", "ct").unwrap_err().to_string();
    assert!(refusal.contains("registers nothing"), "{refusal}");
}
