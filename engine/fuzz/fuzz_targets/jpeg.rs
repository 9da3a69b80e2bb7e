//! Any bytes as a JPEG frame end in values or an error; any values encoded lossless come back.
#![no_main]

use codec::jpeg::{Jpeg, JpegLossless};
use codec::{Decoder, Encoder};
use libfuzzer_sys::fuzz_target;

#[path = "../description.rs"]
mod description;

fuzz_target!(|bytes: &[u8]| {
    let Some((description, choice, rest)) = description::read(bytes) else {
        return;
    };
    let mut out = vec![0; description.frame_bytes().expect("the frame is small")];
    if choice == 0 {
        let _ = Jpeg.decode(rest, &description, &mut out);
        return;
    }
    let values = description::values(rest, &description);
    let encoder = JpegLossless {
        selection_value: choice,
    };
    let Ok(stream) = encoder.encode(&values, &description) else {
        return;
    };
    Jpeg.decode(&stream, &description, &mut out)
        .expect("we encoded it");
    assert_eq!(out, values);
});
