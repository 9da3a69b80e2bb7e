//! Any bytes as a measurement report, a selection of key objects, a real world value map or a parametric map: plain data or an error.
#![no_main]

use codec::dataset::{Limits, read};
use engine::dicom::read::{
    InMemory, Instance, load_parametric_map, read_key_objects, read_measurement_report,
    read_real_world_value_map,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else {
        return;
    };
    if let Ok((report, _)) = read_measurement_report(&object.data_set) {
        let numbers = report.groups.iter().flat_map(|group| &group.measurements);
        assert!(numbers.filter_map(|number| number.value).all(f64::is_finite));
    }
    if let Ok((map, _)) = read_real_world_value_map(&object.data_set) {
        let values = map.mapped.iter().flat_map(|mapped| &mapped.values);
        for value in values {
            for stored in [-40_000.0, -1.0, 0.0, 0.5, 1.0, 65_535.0, f64::NAN, f64::INFINITY] {
                let _ = value.real(stored);
            }
        }
    }
    let _ = read_key_objects(&object.data_set);
    let _ = load_parametric_map(Instance::new(0, object), &InMemory(&[bytes]));
});
