//! Any bytes as a JPEG-LS frame end in values or an error; any values encoded come back, within NEAR.
#![no_main]

use codec::jpeg_ls::{Interleave, JpegLs, JpegLsDecoder};
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
        let _ = JpegLsDecoder.decode(rest, &description, &mut out);
        return;
    }
    let values = description::values(rest, &description);
    let near = choice / 4 * 3;
    let interleave = [Interleave::None, Interleave::Line, Interleave::Sample][usize::from(choice % 3)];
    let Ok(stream) = (JpegLs { near, interleave }).encode(&values, &description) else {
        return;
    };
    JpegLsDecoder
        .decode(&stream, &description, &mut out)
        .expect("we encoded it");
    let samples = |bytes: &[u8]| -> Vec<u16> {
        match description.bytes_per_sample() {
            1 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            _ => bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
        }
    };
    let pairs = samples(&out).into_iter().zip(samples(&values));
    assert!(
        pairs
            .into_iter()
            .all(|(out, value)| out.abs_diff(value) <= u16::from(near))
    );
});
