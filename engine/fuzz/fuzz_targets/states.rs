//! Any bytes as a presentation state: places and colours that are numbers, or an error.
#![no_main]

use codec::dataset::{Limits, read};
use engine::dicom::read::{read_blending_state, read_colour_state, read_presentation_state};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else {
        return;
    };
    if let Ok((state, _)) = read_presentation_state(&object.data_set) {
        for annotation in state.layout.annotations("1.2.3", 1) {
            let points = annotation
                .graphics
                .iter()
                .flat_map(|graphic| graphic.shape.points());
            assert!(points.flatten().all(|number| !number.is_nan()));
        }
        for window in state.windows {
            let _ = window.view.curve.fraction(12.5);
        }
    }
    let _ = read_colour_state(&object.data_set);
    if let Ok((state, _)) = read_blending_state(&object.data_set) {
        assert!((0.0..=1.0).contains(&state.opacity));
        assert!((1..=1 << 16).contains(&state.palette.colours.len()));
    }
});
