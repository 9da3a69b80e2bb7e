//! A plausible frame from the first bytes of an input.

use codec::{FrameDescription, Photometric};

/// Gives the frame, a choice of 0 to 7 and the other bytes.
pub fn read(bytes: &[u8]) -> Option<(FrameDescription, u8, &[u8])> {
    let [head, rows, columns, bits, rest @ ..] = bytes else {
        return None;
    };
    let samples_per_pixel = u16::from(head & 3) + 1;
    let bits_stored = u16::from(bits % 15) + 2;
    let description = FrameDescription {
        rows: u32::from(rows % 64) + 1,
        columns: u32::from(columns % 64) + 1,
        samples_per_pixel,
        bits_allocated: bits_stored.next_multiple_of(8),
        bits_stored,
        high_bit: bits_stored - 1,
        signed: false,
        planar: false,
        photometric: match (samples_per_pixel, head & 4) {
            (3, 0) => Photometric::Rgb,
            (3, _) => Photometric::YbrFull422,
            _ => Photometric::Monochrome2,
        },
    };
    Some((description, ((head >> 3) & 15).saturating_sub(8), rest))
}

/// Makes the values of a frame from `bytes`, repeated or cut.
pub fn values(bytes: &[u8], description: &FrameDescription) -> Vec<u8> {
    let largest = (1u32 << description.bits_stored) - 1;
    let next = bytes.iter().chain(&[0]).cycle();
    let samples = next
        .take(description.samples())
        .map(|byte| u32::from(*byte) * 0x0101 & largest);
    let bytes = samples.flat_map(|value| {
        (value as u16)
            .to_le_bytes()
            .into_iter()
            .take(description.bytes_per_sample())
    });
    bytes.collect()
}
