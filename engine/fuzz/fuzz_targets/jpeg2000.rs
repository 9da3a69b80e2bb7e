//! Any bytes as a JPEG 2000 frame: a value or an error. The description is the stream's own where it is
//! small, so that the decoder is met behind its first check; what was decoded is encoded and comes back.
#![no_main]

use codec::jpeg2000::{Htj2kLossless, Jpeg2000, Jpeg2000Lossless};
use codec::{Decoder, Encoder, FrameDescription, Photometric};
use libfuzzer_sys::fuzz_target;

/// Reads SIZ where a bare codestream has it.
fn described_by(frame: &[u8]) -> Option<FrameDescription> {
    let number = |at: usize| Some(u32::from_be_bytes(frame.get(at..at + 4)?.try_into().ok()?));
    let side = |end: usize, start: usize| {
        Some(number(end)?.checked_sub(number(start)?)?).filter(|size| *size <= 64)
    };
    let (columns, rows) = (side(8, 16)?, side(12, 20)?);
    let depth = *frame.get(42)?;
    let bits = u16::from(depth & 0x7F) + 1;
    Some(FrameDescription {
        rows,
        columns,
        samples_per_pixel: u16::from(*frame.get(41)?).min(4),
        bits_allocated: if bits <= 8 { 8 } else { 16 },
        bits_stored: bits,
        high_bit: bits - 1,
        signed: depth & 0x80 != 0,
        planar: false,
        photometric: Photometric::Rgb,
    })
}

fuzz_target!(|frame: &[u8]| {
    let Some(description) = described_by(frame) else {
        return;
    };
    let mut values = vec![0; description.frame_bytes().expect("a small frame")];
    if Jpeg2000.decode(frame, &description, &mut values).is_err() {
        return;
    }
    let encoders: [&dyn Encoder; 2] = [&Jpeg2000Lossless, &Htj2kLossless];
    for encoder in encoders {
        let stream = encoder
            .encode(&values, &description)
            .expect("a decoded frame can be encoded");
        let mut back = vec![0; values.len()];
        Jpeg2000
            .decode(&stream, &description, &mut back)
            .expect("own streams can be decoded");
        assert!(back == values);
    }
});
