//! A stack's volume while its frames come one by one, in any order.
//!
//! What [`super::load`] does of objects whose bytes are at hand, this does of frames that a viewer is sent: first, where there
//! is one, a small picture of each frame, every so many pixels of every so many rows, then the frames. What has come can be
//! taken as a volume at any time.

use std::sync::Arc;

use codec::TransferSyntax;
use codec::compression::decoder_for;
use codec::pixels::PixelData;
use codec::{FrameDescription, Warning};

use super::collection::Series;
use super::load::{Cell, Layout, Plan, StoredType, kind, map_batches, unit, zeroed};
use super::stack::Stack;
use crate::dicom::{Error, Result};
use crate::geometry::Grid;
use crate::volume::{Unit, Volume, Voxels};

/// A frame as it came, by itself.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a> {
    /// Which slice of the stack it is.
    pub slice: usize,
    /// What it is coded in; little endian for cells as they are.
    pub syntax: TransferSyntax,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The voxels of a stack as far as they have come.
#[derive(Debug)]
pub struct Filling {
    plan: Plan,
    grid: Grid,
    unit: Unit,
    frame_of_reference_uid: Option<String>,
    values: Voxels,
    has_come: Vec<bool>,
    missing: usize,
}

impl Filling {
    /// Makes room for a stack of a series. Until something comes its voxels are air in CT, not a number where values are
    /// real ones, and 0 elsewhere.
    ///
    /// # Errors
    ///
    /// As [`super::load`].
    pub fn new(series: &Series, stack: &Stack) -> Result<Self> {
        let plan = Plan::of(series, stack)?;
        let (slices, [columns, rows, _]) = (stack.frames.len(), stack.grid.size());
        let slice_values = columns * rows;
        let unit = unit(series);
        let nothing = if unit == Unit::Hounsfield {
            plan.rescale.stored(AIR_HU)
        } else {
            0.0
        };
        let values = match plan.stored {
            StoredType::I16 => Voxels::I16(filled(slice_values, slices, nothing as i16)?),
            StoredType::U16 => Voxels::U16(filled(slice_values, slices, nothing as u16)?),
            StoredType::U8 => Voxels::U8(filled(slice_values, slices, nothing as u8)?),
            StoredType::F32 => Voxels::F32(filled(slice_values, slices, f32::NAN)?),
        };
        Ok(Self {
            plan,
            grid: stack.grid.clone(),
            unit,
            frame_of_reference_uid: stack.frame_of_reference_uid.clone(),
            values,
            has_come: vec![false; slices],
            missing: slices,
        })
    }

    /// Takes frames in, on all cores; gives what was odd. A frame that comes again takes the place of the one before.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] for a frame that cannot be decoded, [`Error::Invalid`] for one of another size or for a slice
    /// that is none: a volume with a made-up slice is never whole.
    pub fn put(&mut self, series: &Series, stack: &Stack, frames: &[Coded<'_>]) -> Result<Vec<Warning>> {
        let slices = self.has_come.len();
        if let Some(wrong) = frames.iter().find(|frame| frame.slice >= slices) {
            return Err(no_slice(wrong.slice, slices));
        }
        let warnings = match &mut self.values {
            Voxels::I16(values) => put(&self.plan, values, series, stack, frames),
            Voxels::U16(values) => put(&self.plan, values, series, stack, frames),
            Voxels::U8(values) => put(&self.plan, values, series, stack, frames),
            Voxels::F32(values) => put(&self.plan, values, series, stack, frames),
        }?;
        for frame in frames {
            self.missing -= usize::from(!self.has_come[frame.slice]);
            self.has_come[frame.slice] = true;
        }
        Ok(warnings)
    }

    /// Takes in a small picture of a frame, every `step`th pixel of every `step`th row from the first on: each stands for
    /// its surroundings until the frame comes. One of a frame that is there, or of nothing, changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    pub fn put_overview(
        &mut self,
        series: &Series,
        stack: &Stack,
        frame: Coded<'_>,
        step: usize,
    ) -> Result<()> {
        let slices = self.has_come.len();
        let has_come = self.has_come.get(frame.slice);
        if *has_come.ok_or_else(|| no_slice(frame.slice, slices))? || frame.bytes.is_empty() {
            return Ok(());
        }
        match &mut self.values {
            Voxels::I16(values) => put_overview(&self.plan, values, series, stack, frame, step),
            Voxels::U16(values) => put_overview(&self.plan, values, series, stack, frame, step),
            Voxels::U8(values) => put_overview(&self.plan, values, series, stack, frame, step),
            Voxels::F32(values) => put_overview(&self.plan, values, series, stack, frame, step),
        }
    }

    /// Whether a slice has come as a whole.
    #[must_use]
    pub fn has(&self, slice: usize) -> bool {
        self.has_come.get(slice) == Some(&true)
    }

    /// Whether all slices have.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing == 0
    }

    /// How many have not.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// How much has come, 0 to 1.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        1.0 - self.missing as f64 / self.has_come.len().max(1) as f64
    }

    /// What there is, sharing the voxels: while somebody keeps it, what comes next is put into a copy of them.
    ///
    /// # Errors
    ///
    /// [`Error::Volume`] for values that make no volume.
    pub fn volume(&self) -> Result<Volume> {
        let volume = Volume::new(
            self.grid.clone(),
            self.values.clone(),
            self.plan.rescale,
            self.unit.clone(),
        )?;
        Ok(volume.in_frame_of_reference(self.frame_of_reference_uid.clone()))
    }
}

/// What stands for nothing in CT.
const AIR_HU: f64 = -1000.0;

fn filled<T: Cell + PartialEq>(slice_values: usize, slices: usize, nothing: T) -> Result<Arc<[T]>> {
    let mut values = zeroed::<T>(slice_values, slices)?;
    if nothing != T::zeroed() {
        Arc::get_mut(&mut values)
            .expect("nobody else has it yet")
            .fill(nothing);
    }
    Ok(values)
}

fn no_slice(found: usize, slices: usize) -> Error {
    Error::Invalid {
        attribute: "slice",
        expected: "one of the stack",
        found: format!("{} of {slices}", found.saturating_add(1)),
    }
}

fn put<T: Cell>(
    plan: &Plan,
    values: &mut Arc<[T]>,
    series: &Series,
    stack: &Stack,
    frames: &[Coded<'_>],
) -> Result<Vec<Warning>> {
    let slice_values = values.len() / stack.frames.len().max(1);
    let mut wanted: Vec<Option<&Coded<'_>>> = vec![None; stack.frames.len()];
    for frame in frames {
        wanted[frame.slice] = Some(frame);
    }
    let slices = Arc::make_mut(values).chunks_exact_mut(slice_values);
    let batch: Vec<_> = wanted
        .into_iter()
        .zip(slices)
        .filter_map(|(frame, slice)| Some((frame?, slice)))
        .collect();
    let results: Vec<Result<Vec<Warning>>> = map_batches(batch, |(frame, slice), buffers| {
        let at = stack.frames[frame.slice];
        let instance = &series.instances[at.instance];
        let number = u32::try_from(at.frame).expect("frame numbers are limited");
        let (pixels, mut warnings) = PixelData::of_frame(
            &instance.data_set,
            frame.syntax,
            kind(instance)?,
            number,
            frame.bytes,
        )?;
        let layout = plan.layout(instance, &pixels)?;
        let decoded = plan.fill_slice(&pixels, at.frame, frame.slice, slice, layout, &mut buffers.frame)?;
        warnings.extend(pixels.contradictions(&decoded));
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
    Ok(warnings)
}

fn put_overview<T: Cell>(
    plan: &Plan,
    values: &mut Arc<[T]>,
    series: &Series,
    stack: &Stack,
    frame: Coded<'_>,
    step: usize,
) -> Result<()> {
    let instance = &series.instances[stack.frames[frame.slice].instance];
    let [columns, rows, _] = stack.grid.size();
    let (described, _) = codec::pixels::describe(&instance.data_set, kind(instance)?)?;
    let small = FrameDescription {
        columns: columns.div_ceil(step) as u32,
        rows: rows.div_ceil(step) as u32,
        ..described
    };
    let mut bytes = vec![0; small.frame_bytes()?];
    let unsupported = || codec::Error::Unsupported {
        uid: frame.syntax.uid().to_owned(),
        name: frame.syntax.name(),
        verb: "decoded",
    };
    let decoder = decoder_for(frame.syntax).ok_or_else(unsupported)?;
    decoder.decode(frame.bytes, &small, &mut bytes)?;
    PixelData::clean(&instance.data_set, kind(instance)?, &mut bytes)?;
    let layout = Layout {
        bytes: described.bytes_per_sample(),
        signed: described.signed,
        float: false,
    };
    let mut few = vec![T::zeroed(); small.pixels()];
    plan.convert(&bytes, frame.slice, &mut few, layout);
    let slice_values = columns * rows;
    let slice = &mut Arc::make_mut(values)[frame.slice * slice_values..][..slice_values];
    for (row, line) in slice.chunks_exact_mut(columns).enumerate() {
        let of = &few[row / step * small.columns as usize..];
        for (column, value) in line.iter_mut().enumerate() {
            *value = of[column / step];
        }
    }
    Ok(())
}
