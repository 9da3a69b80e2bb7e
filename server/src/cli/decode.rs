//! `uptake decode`: the stored values of an object's frames as a numpy file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use codec::FrameDescription;
use codec::dataset::{Limits, read};
use codec::pixels::{PixelData, PixelKind, PixelValue};

use super::{Output, Usage, npy};

/// What `uptake decode` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// A DICOM file with pixels.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Frame to decode, counted from 1 as in DICOM; all frames when absent.
    #[arg(long, value_name = "N")]
    frame: Option<u32>,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    if options.frame == Some(0) {
        return Err(Usage("frames count from 1, found --frame 0".to_owned()).into());
    }
    let name = options.path.display();
    let bytes = std::fs::read(&options.path).with_context(|| name.to_string())?;
    let object = read(&bytes, Limits::default()).with_context(|| name.to_string())?;
    let located = object
        .pixels
        .as_ref()
        .with_context(|| format!("{name}: expected pixel data, found none"))?;
    let Some(syntax) = object.transfer_syntax else {
        bail!(
            "{name}: transfer syntax {} cannot be decoded",
            object.transfer_syntax_uid
        );
    };
    let value_bytes = &object.bytes[located.range.clone()];
    let value = match located.announced {
        Some(_) => PixelValue::Native {
            bytes: value_bytes,
            vr: located.vr,
        },
        None => PixelValue::Encapsulated(value_bytes),
    };
    let (pixels, warnings) =
        PixelData::new(&object.data_set, syntax, located.kind, value).with_context(|| name.to_string())?;
    for warning in object.warnings.iter().chain(&warnings) {
        eprintln!("uptake: warning: {}: {}", warning.code, warning.text);
    }
    let (frames, description) = decode(&pixels, options.frame).with_context(|| name.to_string())?;
    write(options, &frames, &description, located.kind)
}

/// Decodes the frame asked for, or all; colour comes out as RGB.
fn decode(pixels: &PixelData<'_>, frame: Option<u32>) -> anyhow::Result<(Vec<Vec<u8>>, FrameDescription)> {
    let count = pixels.number_of_frames();
    let wanted = match frame {
        Some(frame) if frame > count => bail!("expected a frame from 1 to {count}, found --frame {frame}"),
        Some(frame) => frame - 1..frame,
        None => 0..count,
    };
    let mut description = *pixels.description();
    let mut frames = Vec::new();
    for frame in wanted {
        let (values, decoded) = pixels
            .decode_rgb(frame)
            .with_context(|| format!("frame {}", frame + 1))?;
        description = decoded;
        frames.push(values);
    }
    Ok((frames, description))
}

fn write(
    options: &Options,
    frames: &[Vec<u8>],
    description: &FrameDescription,
    kind: PixelKind,
) -> anyhow::Result<()> {
    let mut shape = vec![description.rows as usize, description.columns as usize];
    if description.samples_per_pixel > 1 {
        shape.push(usize::from(description.samples_per_pixel));
    }
    if options.frame.is_none() && frames.len() > 1 {
        shape.insert(0, frames.len());
    }
    let path = &options.output.output;
    let mut out = BufWriter::new(File::create(path).with_context(|| path.display().to_string())?);
    npy::write(&mut out, &dtype(description, kind), &shape, frames)?;
    out.flush()?;
    Ok(())
}

/// Numpy's name of the values' type.
fn dtype(description: &FrameDescription, kind: PixelKind) -> String {
    let bytes = description.bytes_per_sample();
    let letter = match (kind, description.signed) {
        (PixelKind::Float | PixelKind::DoubleFloat, _) => 'f',
        (PixelKind::Integer, true) => 'i',
        (PixelKind::Integer, false) => 'u',
    };
    let order = if bytes == 1 { '|' } else { '<' };
    format!("{order}{letter}{bytes}")
}
