//! Any bytes as a registration: maps that can be turned round and displacements that are numbers, or an error.
#![no_main]

use engine::dicom::read::{Placement, registration};
use engine::geometry::{Point, Transform};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((registration, _)) = registration(bytes) else {
        return;
    };
    for item in registration.registered {
        let place = Point::new(12.0, -7.5, 300.0);
        match item.placement {
            Placement::Matrix {
                registered_from_source,
            } => {
                registered_from_source
                    .inverse()
                    .expect("what was read can be turned round");
            }
            Placement::Deformable {
                source_from_registered,
            } => {
                assert!(source_from_registered.field.largest_mm() >= 0.0);
                let map = Transform::from(source_from_registered);
                let _ = map.inverse_of(map.apply(place));
            }
        }
    }
});
