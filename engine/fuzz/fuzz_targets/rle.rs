//! Any bytes as an RLE frame of any layout: values or an error; values are encoded and decoded again.
#![no_main]

use codec::rle::Rle;
use codec::{Decoder, Encoder, FrameDescription, Photometric};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (rows, columns, layout, frame) = input;
    let bits = [1, 8, 16, 32, 64][usize::from(layout % 5)];
    let samples = if layout & 0x80 == 0 || bits == 1 { 1 } else { 3 };
    let description = FrameDescription {
        rows: rows.into(),
        columns: columns.into(),
        samples_per_pixel: samples,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        planar: false,
        photometric: if samples == 1 {
            Photometric::Monochrome2
        } else {
            Photometric::Rgb
        },
    };
    let mut values = vec![
        0;
        description
            .frame_bytes()
            .expect("255 x 255 pixels are no large frame")
    ];
    if Rle.decode(frame, &description, &mut values).is_ok()
        && let Ok(encoded) = Rle.encode(&values, &description)
    {
        let mut back = vec![0xAA; values.len()];
        Rle.decode(&encoded, &description, &mut back)
            .expect("what was encoded decodes");
        assert_eq!(back, values);
    }
});
