//! Native pixel data: frames one after another in a plain value.

use super::bits::PackedBits;
use super::layout::{Words, arrange, stored_frame_bits, swap_cells, unswap_pairs};
use crate::{Error, FrameDescription, Photometric, Result, Warning};

/// A native value and the frames in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Native<'a> {
    value: &'a [u8],
    words: Words,
    frame_bits: u64,
    frames_present: u32,
}

impl<'a> Native<'a> {
    /// Counts the frames of `value` and warns where its length contradicts the attributes.
    ///
    /// `stored` is corrected to YBR_FULL when the value has room for full colour differences.
    pub fn new(
        stored: &mut FrameDescription,
        number_of_frames: u32,
        words: Words,
        value: &'a [u8],
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let found = value.len() as u64;
        take_full_chroma(stored, number_of_frames, found, warnings);
        let frame_bits = stored_frame_bits(stored);
        let expected = bytes_of(frame_bits, number_of_frames);
        let frames_present =
            (u128::from(found) * 8 / u128::from(frame_bits)).min(number_of_frames.into()) as u32;
        if found < expected {
            let text = format!(
                "pixel data: expected {expected} bytes, found {found}; {frames_present} of {number_of_frames} frames"
            );
            warnings.push(Warning::new("pixel-data-too-short", text));
        } else if found > expected.next_multiple_of(2) {
            let text = format!("pixel data: expected {expected} bytes, found {found}");
            warnings.push(Warning::new("pixel-data-too-long", text));
        }
        Self {
            value,
            words,
            frame_bits,
            frames_present,
        }
    }

    /// Gives how many of the declared frames lie within the value.
    pub fn frames_present(&self) -> u32 {
        self.frames_present
    }

    /// Refuses a frame that does not lie within the value.
    pub fn check_present(&self, frame: u32) -> Result<()> {
        if frame < self.frames_present {
            return Ok(());
        }
        let expected = bytes_of(self.frame_bits, frame.saturating_add(1));
        Err(Error::Truncated {
            what: "pixel data",
            expected,
            found: self.value.len() as u64,
        })
    }

    /// The bits of a frame that is present, where they lie one a pixel and unswapped.
    pub fn packed_bits(&self, stored: &FrameDescription, frame: u32) -> Option<PackedBits<'a>> {
        let plain =
            stored.bits_allocated == 1 && stored.samples_per_pixel == 1 && self.words == Words::LittleEndian;
        if !plain || frame >= self.frames_present {
            return None;
        }
        let first = u64::from(frame) * self.frame_bits;
        let bytes = &self.value[(first / 8) as usize..];
        Some(PackedBits::new(
            bytes,
            (first % 8) as usize,
            self.frame_bits as usize,
        ))
    }

    /// Lays out a frame that is present.
    pub fn decode_into(&self, stored: &FrameDescription, frame: u32, out: &mut [u8]) -> Result<()> {
        let first_bit = u64::from(frame) * self.frame_bits;
        if self.words != Words::SwappedPairs {
            arrange(stored, self.value, first_bit, out)?;
            if self.words == Words::SwappedCells {
                swap_cells(stored.bytes_per_sample(), out);
            }
            return Ok(());
        }
        let (start, end) = (first_bit / 8, (first_bit + self.frame_bits).div_ceil(8));
        arrange(
            stored,
            &unswap_pairs(self.value, start as usize, end as usize),
            first_bit % 8,
            out,
        )
    }
}

fn bytes_of(frame_bits: u64, number_of_frames: u32) -> u64 {
    (u128::from(frame_bits) * u128::from(number_of_frames))
        .div_ceil(8)
        .try_into()
        .unwrap_or(u64::MAX)
}

/// Some writers decompress to full colour differences and leave YBR_FULL_422 in the header.
fn take_full_chroma(
    stored: &mut FrameDescription,
    number_of_frames: u32,
    found: u64,
    warnings: &mut Vec<Warning>,
) {
    let full = FrameDescription {
        photometric: Photometric::YbrFull,
        ..*stored
    };
    if stored.photometric == Photometric::YbrFull422
        && found >= bytes_of(stored_frame_bits(&full), number_of_frames)
    {
        let text = format!("YBR_FULL_422 pixel data of {found} bytes is not subsampled; YBR_FULL taken");
        warnings.push(Warning::new("chroma-not-subsampled", text));
        *stored = full;
    }
}
