//! Any bytes as a DICOM file: the first and the last frame end in values or an error.
#![no_main]

use codec::dataset::{Limits, read};
use codec::pixels::{PixelData, PixelValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else {
        return;
    };
    let (Some(location), Some(syntax)) = (&object.pixels, object.transfer_syntax) else {
        return;
    };
    let value = &object.bytes[location.range.clone()];
    let value = match location.announced {
        Some(_) => PixelValue::Native {
            bytes: value,
            vr: location.vr,
        },
        None => PixelValue::Encapsulated(value),
    };
    let Ok((pixels, _)) = PixelData::new(&object.data_set, syntax, location.kind, value) else {
        return;
    };
    // Large frames only cost time here; their sizes are checked by tests.
    if pixels.frame_bytes() > 1 << 20 {
        return;
    }
    for frame in [0, pixels.number_of_frames() - 1] {
        if let Ok(values) = pixels.decode(frame) {
            assert_eq!(values.len(), pixels.frame_bytes());
        }
        if let Ok((values, description)) = pixels.decode_rgb(frame) {
            assert_eq!(Ok(values.len()), description.frame_bytes());
        }
    }
});
