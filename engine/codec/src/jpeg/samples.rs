//! Lines of samples to and from a frame's bytes.

use crate::{Error, FrameDescription, Result};

/// Writes one row of one component into `out`, a frame laid out as [`FrameDescription`] says.
///
/// Samples are one or two bytes; in one byte their higher bits are lost, for no stream whose precision
/// has been checked holds any.
pub(crate) fn write_samples(
    samples: &[u16],
    description: &FrameDescription,
    row: usize,
    component: usize,
    out: &mut [u8],
) {
    let count = usize::from(description.samples_per_pixel);
    let width = description.columns as usize;
    let row_samples = width * count;
    if description.bytes_per_sample() == 1 {
        let out = &mut out[row * row_samples..][..row_samples];
        for (to, from) in out[component..].iter_mut().step_by(count).zip(samples) {
            *to = *from as u8;
        }
    } else {
        let out = &mut out[row * row_samples * 2..][..row_samples * 2];
        let (out, _) = out.as_chunks_mut::<2>();
        if count == 1 {
            out.iter_mut()
                .zip(samples)
                .for_each(|(to, from)| *to = from.to_le_bytes());
        } else {
            let out = out[component..].iter_mut().step_by(count);
            out.zip(samples).for_each(|(to, from)| *to = from.to_le_bytes());
        }
    }
}

/// Reads one row of one component as patterns of Bits Stored bits.
///
/// # Errors
///
/// [`Error::Invalid`] for a value that does not fit Bits Stored; signed values may be sign-extended.
pub(crate) fn read_samples(
    values: &[u8],
    description: &FrameDescription,
    row: usize,
    component: usize,
    samples: &mut [u16],
) -> Result<()> {
    let count = usize::from(description.samples_per_pixel);
    let row_samples = description.columns as usize * count;
    if description.bytes_per_sample() == 1 {
        let row = &values[row * row_samples..][..row_samples];
        for (to, from) in samples.iter_mut().zip(row[component..].iter().step_by(count)) {
            *to = u16::from(*from);
        }
    } else {
        let (row, _) = values[row * row_samples * 2..][..row_samples * 2].as_chunks::<2>();
        for (to, from) in samples.iter_mut().zip(row[component..].iter().step_by(count)) {
            *to = u16::from_le_bytes(*from);
        }
    }
    fit(samples, description)
}

fn fit(samples: &mut [u16], description: &FrameDescription) -> Result<()> {
    let stored = u32::from(description.bits_stored);
    let allocated = 8 * description.bytes_per_sample() as u32;
    let mask = ((1u32 << stored) - 1) as u16;
    let extension = ((1u32 << allocated) - 1) as u16 & !mask;
    for sample in samples {
        let above = *sample & extension;
        if above != 0 && !(description.signed && above == extension) {
            return Err(Error::Invalid {
                what: "value to encode",
                expected: format!("at most {stored} bits"),
                found: format!("{sample:#06x}"),
            });
        }
        *sample &= mask;
    }
    Ok(())
}
