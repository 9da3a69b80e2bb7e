//! From segments to a frame.

use super::colour::{Marks, photometric};
use super::header::{CODEC, Frame, Process, Scan, Tables, damaged, invalid};
use super::layout::Sink;
use super::progressive::Coefficients;
use super::segment::{DNL, DRI, EOI, SOI, SOS, Segment, Segments};
use super::upsample::upsample;
use super::{lossless, progressive, sequential};
use crate::compression::Decoded;
use crate::{Error, FrameDescription, Result};

/// A stream being decoded.
struct Stream<'a, 'o> {
    segments: Segments<'a>,
    description: &'o FrameDescription,
    out: &'o mut [u8],
    tables: Tables,
    marks: Marks,
    restart_interval: usize,
    image: Option<Image>,
}

/// What the frame header brings into being.
struct Image {
    frame: Frame,
    sink: Sink,
    /// Of progressive frames.
    coefficients: Option<Coefficients>,
    /// Components that no scan has brought, in the other processes.
    missing: Vec<usize>,
}

/// Decodes a whole frame.
pub(super) fn frame(data: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
    let expected = description.frame_bytes()?;
    if out.len() != expected || expected == 0 {
        let expected = format!("{expected} bytes, more than 0");
        return Err(invalid("JPEG output", expected, format!("{} bytes", out.len())));
    }
    let mut stream = Stream {
        segments: Segments::new(data, CODEC)?,
        description,
        out,
        tables: Tables::default(),
        marks: Marks::default(),
        restart_interval: 0,
        image: None,
    };
    let mut ended = false;
    while let Some(segment) = stream.segments.next()? {
        if segment.marker == EOI {
            ended = true;
            break;
        }
        stream.take(&segment)?;
        if stream.image.as_ref().is_some_and(Image::is_whole) {
            ended = true;
            break;
        }
    }
    stream.finish(ended)
}

impl Image {
    /// Whether no further scan can be due.
    fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.coefficients.is_none()
    }
}

impl Stream<'_, '_> {
    fn take(&mut self, segment: &Segment<'_>) -> Result<()> {
        match segment.marker {
            0xc4 => self.tables.take_huffman(segment.payload),
            0xdb => self.tables.take_quantization(segment.payload),
            0xc8 | 0xcc => Err(damaged("a segment of arithmetic coding or an extension")),
            0xc0..=0xcf => self.take_frame(segment),
            SOS => self.take_scan(segment),
            DRI | DNL => {
                let &[high, low] = segment.payload else {
                    return Err(damaged(
                        "a restart interval or number of lines has a wrong length",
                    ));
                };
                let value = u16::from_be_bytes([high, low]);
                if segment.marker == DRI {
                    self.restart_interval = usize::from(value);
                } else if u32::from(value) != self.description.rows {
                    let expected = format!("{} rows", self.description.rows);
                    return Err(invalid("JPEG frame size", expected, format!("{value} rows")));
                }
                Ok(())
            }
            0xe0 => {
                self.marks.take_app0(segment.payload);
                Ok(())
            }
            0xee => {
                self.marks.take_app14(segment.payload);
                Ok(())
            }
            SOI => Err(damaged("a second start of image")),
            0xf7 => Err(invalid("JPEG process", "one of ISO 10918-1", "JPEG-LS (SOF55)")),
            _ => Ok(()),
        }
    }

    fn take_frame(&mut self, segment: &Segment<'_>) -> Result<()> {
        if self.image.is_some() {
            return Err(damaged("a second frame header"));
        }
        let frame = Frame::read(segment, self.description)?;
        self.check_length(&frame)?;
        self.image = Some(Image {
            sink: Sink::new(&frame),
            coefficients: (frame.process == Process::Progressive).then(|| Coefficients::new(&frame)),
            missing: (0..frame.components.len()).collect(),
            frame,
        });
        Ok(())
    }

    /// Refuses a frame for which the data are too short, before memory is taken for it: each block, and
    /// in lossless frames each sample, takes at least a bit.
    fn check_length(&self, frame: &Frame) -> Result<()> {
        let side = if frame.process == Process::Lossless { 1 } else { 8 };
        let units = frame
            .components
            .iter()
            .map(|one| one.width.div_ceil(side) * one.height.div_ceil(side));
        let expected = units.sum::<usize>().div_ceil(8) as u64;
        let found = self.segments.rest().len() as u64;
        if found < expected {
            return Err(Error::Truncated {
                what: "JPEG frame",
                expected,
                found,
            });
        }
        Ok(())
    }

    fn take_scan(&mut self, segment: &Segment<'_>) -> Result<()> {
        let Some(image) = &mut self.image else {
            return Err(damaged("a scan before the frame header"));
        };
        let scan = Scan::read(segment, &image.frame, self.restart_interval)?;
        if image.coefficients.is_none() {
            if !scan
                .selectors
                .iter()
                .all(|selector| image.missing.contains(&selector.component))
            {
                return Err(damaged("a component comes twice"));
            }
            image
                .missing
                .retain(|index| scan.selectors.iter().all(|selector| selector.component != *index));
        }
        let data = self.segments.rest();
        let (frame, tables) = (&image.frame, &self.tables);
        let used = match (frame.process, &mut image.coefficients) {
            (Process::Lossless, _) => lossless::scan(data, &scan, frame, tables, self.description, self.out)?,
            (_, Some(coefficients)) => progressive::scan(data, &scan, frame, tables, coefficients)?,
            (_, None) => {
                let sink = &mut image.sink;
                sequential::scan(data, &scan, frame, tables, self.description, sink, self.out)?
            }
        };
        self.segments.skip(used);
        Ok(())
    }

    /// Brings what was gathered into the output. Without an end marker (`ended`) a progressive frame must
    /// have all its bits.
    fn finish(self, ended: bool) -> Result<Decoded> {
        let Some(mut image) = self.image else {
            return Err(damaged("no frame header"));
        };
        let frame = &image.frame;
        match &image.coefficients {
            Some(coefficients) => {
                if !ended && !coefficients.is_complete() {
                    return Err(damaged("the data end before the last scan"));
                }
                coefficients.finish(frame, self.description, &mut image.sink, self.out)?;
            }
            None if !image.missing.is_empty() => {
                return Err(damaged(format!("{} components are missing", image.missing.len())));
            }
            None => {}
        }
        if frame.process != Process::Lossless {
            for (index, component) in frame.components.iter().enumerate() {
                if !frame.is_full(component) {
                    upsample(
                        &image.sink.planes[index],
                        frame,
                        index,
                        self.description,
                        self.out,
                    );
                }
            }
        }
        Ok(Decoded {
            photometric: photometric(frame, self.marks, self.description),
            precision: frame.precision as u16,
            signed: None,
        })
    }
}
