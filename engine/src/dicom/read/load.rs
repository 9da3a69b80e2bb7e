//! A stack's pixels to a volume.

use codec::compression::Decoded;
use codec::pixels::{PixelData, PixelKind};
use codec::{TransferSyntax, Warning};
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::collection::Series;
use super::instance::Instance;
use super::pixel_value::with_pixels;
use super::source::Source;
use super::stack::Stack;
use crate::dicom::{Error, Result};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Receives the number of frames loaded so far and of all frames; may be called from any thread.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Loads a stack of a series as a volume of real values: HU, Bq/mL, counts.
///
/// Stored integers stay as they are where one slope serves all slices; else each value is rescaled to f32.
///
/// # Errors
///
/// [`Error::Source`] when bytes cannot be had, [`Error::Codec`] when a frame cannot be decoded: a volume with a
/// made-up slice is never given.
pub fn load(
    series: &Series,
    stack: &Stack,
    source: &dyn Source,
    progress: Progress<'_>,
) -> Result<(Volume, Vec<Warning>)> {
    let plan = Plan::of(series, stack)?;
    require_pixels(series, stack)?;
    let job = Job {
        series,
        source,
        plan: &plan,
        progress,
        total: stack.frames.len(),
    };
    let (voxels, warnings) = match plan.stored {
        StoredType::I16 => job.fill(stack, Voxels::I16)?,
        StoredType::U16 => job.fill(stack, Voxels::U16)?,
        StoredType::U8 => job.fill(stack, Voxels::U8)?,
        StoredType::F32 => job.fill(stack, Voxels::F32)?,
    };
    let volume = Volume::new(stack.grid.clone(), voxels, plan.rescale, unit(series))?
        .in_frame_of_reference(stack.frame_of_reference_uid.clone());
    Ok((volume, warnings))
}

/// Refuses pixel data that cannot fill their frames, before memory is asked for.
fn require_pixels(series: &Series, stack: &Stack) -> Result<()> {
    for at in &stack.frames {
        let instance = &series.instances[at.instance];
        let Some(pixels) = instance
            .pixels
            .as_ref()
            .filter(|pixels| pixels.announced.is_some())
        else {
            continue;
        };
        let (description, frames) = codec::pixels::describe(&instance.data_set, pixels.kind)?;
        let bits = description.samples() as u64 * u64::from(frames) * u64::from(description.bits_allocated);
        let (expected, found) = (bits.div_ceil(8), pixels.announced.unwrap_or(0));
        let deflated = instance.transfer_syntax.is_some_and(TransferSyntax::is_deflated);
        if found < expected && !deflated && description.samples_per_pixel == 1 {
            return Err(codec::Error::Truncated {
                what: "pixel data",
                expected,
                found,
            }
            .into());
        }
    }
    Ok(())
}

/// How voxels are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum StoredType {
    I16,
    U16,
    U8,
    F32,
}

/// What is decided before the first pixel is touched.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) stored: StoredType,
    pub(super) rescale: Rescale,
    /// Rescale of each slice, where they differ or values do not stay integers.
    slice_rescales: Option<Vec<Rescale>>,
    /// Values of a slice.
    frame_values: usize,
}

impl Plan {
    pub(super) fn of(series: &Series, stack: &Stack) -> Result<Self> {
        let rescales: Vec<Rescale> = stack
            .frames
            .iter()
            .map(|at| series.instances[at.instance].frames[at.frame].rescale)
            .collect();
        let instance = &series.instances[stack.frames[0].instance];
        let (description, _) = codec::pixels::describe(&instance.data_set, kind(instance)?)?;
        let one_rescale = rescales.iter().all(|rescale| *rescale == rescales[0]);
        let stored = match (description.bits_allocated, description.signed) {
            (_, _) if kind(instance)? != PixelKind::Integer || !one_rescale => StoredType::F32,
            (1 | 8, false) => StoredType::U8,
            (8 | 16, true) => StoredType::I16,
            (16, false) => StoredType::U16,
            _ => StoredType::F32,
        };
        let keeps = stored != StoredType::F32;
        Ok(Self {
            stored,
            rescale: if keeps { rescales[0] } else { Rescale::IDENTITY },
            slice_rescales: (!keeps).then_some(rescales),
            frame_values: stack.grid.size()[0] * stack.grid.size()[1],
        })
    }

    /// How the samples of an instance are written; refuses frames of another size than the stack's.
    pub(super) fn layout(&self, instance: &Instance, pixels: &PixelData<'_>) -> Result<Layout> {
        let description = pixels.description();
        if pixels.frame_bytes() != self.frame_values * description.bytes_per_sample() {
            let found = format!(
                "{} x {} with {} samples",
                description.columns, description.rows, description.samples_per_pixel
            );
            return Err(Error::Invalid {
                attribute: "frame size",
                expected: "that of the stack",
                found,
            });
        }
        Ok(Layout {
            bytes: description.bytes_per_sample(),
            signed: description.signed,
            float: kind(instance)? != PixelKind::Integer,
        })
    }

    /// Decodes a frame into its slice.
    pub(super) fn fill_slice<T: Cell>(
        &self,
        pixels: &PixelData<'_>,
        frame: usize,
        slice_index: usize,
        slice: &mut [T],
        layout: Layout,
        buffer: &mut Vec<u8>,
    ) -> Result<Decoded> {
        let frame = u32::try_from(frame).expect("frame numbers are limited");
        pixels.check_frame(frame)?;
        if T::is_layout(layout) {
            return Ok(pixels.decode_into(frame, bytemuck::cast_slice_mut(slice))?);
        }
        buffer.resize(pixels.frame_bytes(), 0);
        let decoded = pixels.decode_into(frame, buffer)?;
        self.convert(buffer, slice_index, slice, layout);
        Ok(decoded)
    }

    /// Decoded bytes to values of a slice.
    pub(super) fn convert<T: Cell>(
        &self,
        bytes: &[u8],
        slice_index: usize,
        values: &mut [T],
        layout: Layout,
    ) {
        if T::is_layout(layout) {
            bytemuck::cast_slice_mut(values).copy_from_slice(bytes);
            return;
        }
        let rescales = self.slice_rescales.as_ref();
        let rescale = rescales.map_or(Rescale::IDENTITY, |rescales| rescales[slice_index]);
        T::fill(values, bytes, layout, rescale);
    }
}

pub(super) fn kind(instance: &Instance) -> Result<PixelKind> {
    let pixels = instance.pixels.as_ref();
    Ok(pixels
        .ok_or(Error::Missing {
            attribute: "Pixel Data",
            purpose: "load a volume",
        })?
        .kind)
}

/// A value type that decoded bytes become.
pub(super) trait Cell: bytemuck::Pod + Send + Sync {
    /// Fills `slice` from decoded bytes of the layout; `rescale` is applied by the float type alone.
    fn fill(slice: &mut [Self], bytes: &[u8], layout: Layout, rescale: Rescale);
    /// Whether decoded bytes of `layout` are this type's own, so that they can be decoded in place.
    fn is_layout(layout: Layout) -> bool;
}

/// How decoded samples are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) bytes: usize,
    pub(super) signed: bool,
    pub(super) float: bool,
}

macro_rules! integer_cell {
    ($type:ty, $signed:expr, $narrow:ty) => {
        impl Cell for $type {
            fn fill(slice: &mut [Self], bytes: &[u8], _: Layout, _: Rescale) {
                // Only 8-bit samples come this way; the type's own layout is decoded in place.
                for (value, byte) in slice.iter_mut().zip(bytes) {
                    *value = Self::from(*byte as $narrow);
                }
            }
            fn is_layout(layout: Layout) -> bool {
                layout
                    == Layout {
                        bytes: size_of::<Self>(),
                        signed: $signed,
                        float: false,
                    }
            }
        }
    };
}

integer_cell!(i16, true, i8);
integer_cell!(u16, false, u8);
integer_cell!(u8, false, u8);

impl Cell for f32 {
    fn fill(slice: &mut [Self], bytes: &[u8], layout: Layout, rescale: Rescale) {
        macro_rules! convert {
            ($number:ty) => {
                for (value, chunk) in slice
                    .iter_mut()
                    .zip(bytes.chunks_exact(size_of::<$number>()))
                {
                    let number =
                        <$number>::from_le_bytes(chunk.try_into().expect("chunks have the number's size"));
                    *value = rescale.real(number as f64) as f32;
                }
            };
        }
        match (layout.bytes, layout.signed, layout.float) {
            (1, false, false) => convert!(u8),
            (1, true, false) => convert!(i8),
            (2, false, false) => convert!(u16),
            (2, true, false) => convert!(i16),
            (4, false, false) => convert!(u32),
            (4, true, false) => convert!(i32),
            (4, _, true) => convert!(f32),
            (8, false, false) => convert!(u64),
            (8, true, false) => convert!(i64),
            _ => convert!(f64),
        }
    }

    fn is_layout(_: Layout) -> bool {
        false
    }
}

/// The filling of one volume.
struct Job<'a> {
    series: &'a Series,
    source: &'a dyn Source,
    plan: &'a Plan,
    progress: Progress<'a>,
    total: usize,
}

/// Consecutive slices that come from one instance, and where they go.
struct Batch<'a, T> {
    instance: usize,
    /// Frame of the instance, and index of the slice.
    frames: Vec<(usize, usize)>,
    slices: Vec<&'a mut [T]>,
}

impl Job<'_> {
    fn fill<T: Cell>(
        &self,
        stack: &Stack,
        wrap: fn(std::sync::Arc<[T]>) -> Voxels,
    ) -> Result<(Voxels, Vec<Warning>)> {
        let mut values = zeroed::<T>(self.plan.frame_values, stack.frames.len())?;
        let slices = std::sync::Arc::get_mut(&mut values)
            .expect("nobody else has it yet")
            .chunks_exact_mut(self.plan.frame_values);
        let mut batches: Vec<Batch<'_, T>> = Vec::new();
        for (slice_index, (at, slice)) in stack.frames.iter().zip(slices).enumerate() {
            match batches
                .iter_mut()
                .rev()
                .take(1)
                .find(|batch| batch.instance == at.instance)
            {
                Some(batch) => {
                    batch.frames.push((at.frame, slice_index));
                    batch.slices.push(slice);
                }
                None => batches.push(Batch {
                    instance: at.instance,
                    frames: vec![(at.frame, slice_index)],
                    slices: vec![slice],
                }),
            }
        }
        let done = std::sync::atomic::AtomicUsize::new(0);
        let results: Vec<Result<Vec<Warning>>> = map_batches(batches, |batch, buffer| {
            let count = batch.frames.len();
            let warnings = self.fill_batch(batch, buffer)?;
            let so_far = done.fetch_add(count, std::sync::atomic::Ordering::Relaxed) + count;
            (self.progress)(so_far, self.total);
            Ok(warnings)
        });
        let mut warnings: Vec<Warning> = Vec::new();
        for result in results {
            for warning in result? {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        Ok((wrap(values), warnings))
    }

    fn fill_batch<T: Cell>(&self, batch: Batch<'_, T>, buffers: &mut Buffers) -> Result<Vec<Warning>> {
        let instance = &self.series.instances[batch.instance];
        let (found, mut warnings) = with_pixels(instance, self.source, &mut buffers.value, |pixels| {
            let layout = self.plan.layout(instance, pixels)?;
            let frames = batch.frames.into_iter().zip(batch.slices).collect();
            // The frames of an enhanced object are many, those of a classic one are one: both use all cores.
            let results = map_batches(frames, |((frame, slice_index), slice), buffers| {
                self.plan
                    .fill_slice(pixels, frame, slice_index, slice, layout, &mut buffers.frame)
            });
            let decoded: Vec<Decoded> = results.into_iter().collect::<Result<_>>()?;
            Ok(decoded
                .first()
                .map(|decoded| pixels.contradictions(decoded))
                .unwrap_or_default())
        })?;
        warnings.extend(found);
        Ok(warnings)
    }
}

/// Bytes that a volume may take (64 GiB): the largest real ones, whole-body CT at 0.4 mm, stay below 16.
const MAX_VOLUME_BYTES: u64 = 64 << 30;

/// Refuses more memory than is accepted or than there is, so that a forged frame count does not end the program.
fn require_memory<T>(count: usize) -> Result<()> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let there = bytes <= MAX_VOLUME_BYTES && Vec::<T>::new().try_reserve_exact(count).is_ok();
    let too_large = codec::Error::TooLarge {
        what: "volume in bytes",
        limit: MAX_VOLUME_BYTES,
        found: bytes,
    };
    there.then_some(()).ok_or_else(|| too_large.into())
}

/// Values of zero, whose memory the system hands out when it is first written: by many threads at once.
///
/// # Errors
///
/// [`codec::Error::TooLarge`] for more than is accepted or than there is.
pub(super) fn zeroed<T: bytemuck::Pod>(frame_values: usize, frames: usize) -> Result<std::sync::Arc<[T]>> {
    let count = frame_values.saturating_mul(frames);
    require_memory::<T>(count)?;
    // SAFETY: every bit pattern, all zeros too, is a value of a `Pod` type.
    Ok(unsafe { std::sync::Arc::<[T]>::new_zeroed_slice(count).assume_init() })
}

/// Scratch space of one worker.
#[derive(Default)]
pub(super) struct Buffers {
    value: Vec<u8>,
    pub(super) frame: Vec<u8>,
}

#[cfg(feature = "parallel")]
pub(super) fn map_batches<T: Send, R: Send>(
    batches: Vec<T>,
    work: impl Fn(T, &mut Buffers) -> R + Sync,
) -> Vec<R> {
    use rayon::prelude::*;
    batches
        .into_par_iter()
        .map_init(Buffers::default, |buffers, batch| work(batch, buffers))
        .collect()
}

#[cfg(not(feature = "parallel"))]
pub(super) fn map_batches<T, R>(batches: Vec<T>, work: impl Fn(T, &mut Buffers) -> R) -> Vec<R> {
    let mut buffers = Buffers::default();
    batches
        .into_iter()
        .map(|batch| work(batch, &mut buffers))
        .collect()
}

/// The unit of real values: from Units (0054,1001) for PET, Hounsfield for CT, counts for NM, else Rescale Type.
pub(super) fn unit(series: &Series) -> Unit {
    let object = &series.instances[0].data_set;
    let rescale_type = object.text(tags::RESCALE_TYPE);
    match series.modality.as_str() {
        "CT" => match rescale_type.as_deref() {
            None | Some("HU" | "HU_MOD" | "US") => Unit::Hounsfield,
            Some(other) => Unit::Other(other.to_owned()),
        },
        "PT" | "NM" | "ST" => match object.text(tags::UNITS).as_deref() {
            Some("BQML") => Unit::BecquerelPerMl,
            Some("CNTS") => Unit::Counts,
            Some(other) => Unit::Other(other.to_owned()),
            None if series.modality == "NM" => Unit::Counts,
            None => Unit::Unspecified,
        },
        "RTDOSE" => object
            .text(tags::DOSE_UNITS)
            .map_or(Unit::Unspecified, Unit::Other),
        _ => rescale_type
            .filter(|term| term != "US")
            .map_or(Unit::Unspecified, Unit::Other),
    }
}
