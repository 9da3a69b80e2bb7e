//! The pixel data of one object: where its frames are, and their stored values.
//!
//! [`describe`] reads the Image Pixel attributes, [`PixelData`] joins them with the bytes of the value and
//! decodes frame by frame. Geometry, rescaling and display are the callers'.

mod attributes;
mod bits;
mod cells;
pub(crate) mod layout;
mod native;

#[cfg(test)]
mod tests;

use dicom_core::VR;
use dicom_object::InMemDicomObject;

use crate::colour::{Palette, Rounding, rgb_from_ybr};
use crate::compression::{self, Decoded, Decoder, decoder_for};
pub use crate::dataset::PixelKind;
use crate::encapsulation::{Declared, FragmentRule, Frames, is_item};
use crate::{Error, FrameDescription, Photometric, Result, TransferSyntax, Warning};
pub use bits::PackedBits;
use cells::Cells;
use native::Native;

/// Where the value lies.
#[derive(Debug, Clone, Copy)]
pub enum PixelValue<'a> {
    /// The value field of a native element.
    Native {
        /// The value field.
        bytes: &'a [u8],
        /// The element's value representation; it tells whether 8-bit and 1-bit cells were swapped as
        /// 16-bit words in big endian (`OW`) or not (`OB`).
        vr: VR,
    },
    /// The value field of an encapsulated element: the Basic Offset Table's item first, up to the sequence
    /// delimiter, which may be included or absent.
    Encapsulated(&'a [u8]),
}

/// The frames of one object.
///
/// Decoded values are little endian, interleaved by pixel, one byte a pixel for 1-bit data. Bits outside
/// Bits Stored are removed: the value is moved down to bit 0, then sign-extended when signed.
///
/// ```
/// use codec::TransferSyntax;
/// use codec::pixels::{PixelData, PixelKind, PixelValue};
/// use dicom_core::{DataElement, PrimitiveValue, VR};
/// use dicom_dictionary_std::tags;
/// use dicom_object::InMemDicomObject;
///
/// let attributes = [
///     (tags::SAMPLES_PER_PIXEL, VR::US, PrimitiveValue::from(1_u16)),
///     (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, PrimitiveValue::from("MONOCHROME2")),
///     (tags::ROWS, VR::US, PrimitiveValue::from(1_u16)),
///     (tags::COLUMNS, VR::US, PrimitiveValue::from(2_u16)),
///     (tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(16_u16)),
///     (tags::BITS_STORED, VR::US, PrimitiveValue::from(12_u16)),
///     (tags::HIGH_BIT, VR::US, PrimitiveValue::from(11_u16)),
///     (tags::PIXEL_REPRESENTATION, VR::US, PrimitiveValue::from(1_u16)),
/// ];
/// let elements = attributes.map(|(tag, vr, value)| DataElement::new(tag, vr, value));
/// let object = InMemDicomObject::from_element_iter(elements);
/// let value = PixelValue::Native { bytes: &[0x07, 0x00, 0xFF, 0x0F], vr: VR::OW };
/// let (pixels, warnings) =
///     PixelData::new(&object, TransferSyntax::ExplicitLittleEndian, PixelKind::Integer, value)?;
/// assert!(warnings.is_empty());
/// // Twelve bits of ones are -1.
/// assert_eq!(pixels.decode(0)?, [7_i16.to_le_bytes(), (-1_i16).to_le_bytes()].concat());
/// # Ok::<(), codec::Error>(())
/// ```
#[derive(Clone)]
pub struct PixelData<'a> {
    kind: PixelKind,
    stored: FrameDescription,
    description: FrameDescription,
    frame_bytes: usize,
    /// Number of the first frame that is here.
    first_frame: u32,
    /// How many are.
    number_of_frames: u32,
    source: Source<'a>,
    cells: Cells,
    palette: Option<Result<Palette>>,
}

#[derive(Clone)]
enum Source<'a> {
    Native(Native<'a>),
    Encapsulated {
        frames: Frames<'a>,
        syntax: TransferSyntax,
        decoder: &'static dyn Decoder,
    },
    /// One frame's own bytes.
    Frame {
        bytes: &'a [u8],
        syntax: TransferSyntax,
        decoder: &'static dyn Decoder,
    },
}

/// Gives the description of the decoded frames and how many the object declares, without its pixel data.
///
/// # Errors
///
/// [`Error::Missing`] without Rows, Columns or Bits Allocated, [`Error::Invalid`] for a layout that is not
/// read here (4 samples, 12 bits allocated and the like), [`Error::TooLarge`] above
/// [`crate::frame::MAX_FRAME_BYTES`].
pub fn describe(object: &InMemDicomObject, kind: PixelKind) -> Result<(FrameDescription, u32)> {
    let attributes = attributes::read(object, kind)?;
    Ok((output(&attributes.description), attributes.number_of_frames))
}

/// Gives what comes out of decoding `stored`.
fn output(stored: &FrameDescription) -> FrameDescription {
    let photometric = match stored.photometric {
        // Decoders give every pixel its own colour differences.
        Photometric::YbrFull422 => Photometric::YbrFull,
        Photometric::YbrPartial420 => Photometric::YbrPartial422,
        // JPEG 2000 decoders undo their own colour transform, and some leave its name to native pixel data.
        Photometric::YbrIct | Photometric::YbrRct => Photometric::Rgb,
        other => other,
    };
    FrameDescription {
        planar: false,
        photometric,
        ..*stored
    }
}

impl<'a> PixelData<'a> {
    /// Joins the attributes of `object` with the `value` of its pixel data; decodes nothing yet.
    ///
    /// # Errors
    ///
    /// As [`describe`], and [`Error::Unsupported`] for a transfer syntax without decoder.
    pub fn new(
        object: &InMemDicomObject,
        transfer_syntax: TransferSyntax,
        kind: PixelKind,
        value: PixelValue<'a>,
    ) -> Result<(Self, Vec<Warning>)> {
        let attributes::Attributes {
            description: mut stored,
            number_of_frames,
            mut warnings,
        } = attributes::read(object, kind)?;
        let source = match value {
            PixelValue::Native { bytes, vr } if !is_item(bytes) || !transfer_syntax.is_encapsulated() => {
                if transfer_syntax.is_encapsulated() {
                    let text = format!(
                        "expected pixel data in fragments for {}, found none",
                        transfer_syntax.name()
                    );
                    warnings.push(Warning::new("not-encapsulated", text));
                }
                let words = attributes::words(transfer_syntax, vr, stored.bits_allocated);
                Source::Native(Native::new(
                    &mut stored,
                    number_of_frames,
                    words,
                    bytes,
                    &mut warnings,
                ))
            }
            PixelValue::Native { bytes, .. } | PixelValue::Encapsulated(bytes) => encapsulated(
                object,
                transfer_syntax,
                kind,
                number_of_frames,
                bytes,
                &mut warnings,
            )?,
        };
        let pixels = Self::with(object, kind, stored, 0, number_of_frames, source, &mut warnings)?;
        Ok((pixels, warnings))
    }

    /// Joins the attributes of `object` with the bytes of one of its frames, counted from 0, that came by itself: as the
    /// transfer syntax codes it, without items, or, in one that does not encapsulate, its cells in little endian. Only this
    /// frame can be decoded.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn of_frame(
        object: &InMemDicomObject,
        transfer_syntax: TransferSyntax,
        kind: PixelKind,
        frame: u32,
        bytes: &'a [u8],
    ) -> Result<(Self, Vec<Warning>)> {
        let attributes::Attributes {
            description: mut stored,
            number_of_frames,
            mut warnings,
        } = attributes::read(object, kind)?;
        if frame >= number_of_frames {
            return Err(Error::Invalid {
                what: "frame",
                expected: format!("0 to {}", number_of_frames - 1),
                found: frame.to_string(),
            });
        }
        let source = if transfer_syntax.is_encapsulated() {
            Source::Frame {
                bytes,
                syntax: transfer_syntax,
                decoder: decoder_of(transfer_syntax, kind)?,
            }
        } else {
            Source::Native(Native::new(
                &mut stored,
                1,
                layout::Words::LittleEndian,
                bytes,
                &mut warnings,
            ))
        };
        let pixels = Self::with(object, kind, stored, frame, 1, source, &mut warnings)?;
        Ok((pixels, warnings))
    }

    /// Removes from cells of an object's frames, or from some of their pixels, what lies outside Bits Stored.
    ///
    /// # Errors
    ///
    /// As [`describe`].
    pub fn clean(object: &InMemDicomObject, kind: PixelKind, cells: &mut [u8]) -> Result<()> {
        let attributes = attributes::read(object, kind)?;
        Cells::of(&attributes.description, kind).clean(cells);
        Ok(())
    }

    fn with(
        object: &InMemDicomObject,
        kind: PixelKind,
        stored: FrameDescription,
        first_frame: u32,
        number_of_frames: u32,
        source: Source<'a>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let palette = (stored.photometric == Photometric::PaletteColor)
            .then(|| Palette::from_object(object, stored.signed));
        if let Some(Err(error)) = &palette {
            warnings.push(Warning::new("palette", error.to_string()));
        }
        let description = output(&stored);
        Ok(Self {
            kind,
            stored,
            description,
            frame_bytes: description.frame_bytes()?,
            first_frame,
            number_of_frames,
            source,
            cells: Cells::of(&stored, kind),
            palette,
        })
    }

    /// Gives the attribute that holds the values.
    #[must_use]
    pub fn kind(&self) -> PixelKind {
        self.kind
    }

    /// Gives the layout of the decoded values.
    ///
    /// Photometric is what the attributes lead to expect; [`Decoded::photometric`] is what came out.
    #[must_use]
    pub fn description(&self) -> &FrameDescription {
        &self.description
    }

    /// Gives the layout as the attributes have it, before decoding.
    #[must_use]
    pub fn stored(&self) -> &FrameDescription {
        &self.stored
    }

    /// Gives how many frames the object declares, or of how many bytes were given; at least 1.
    #[must_use]
    pub fn number_of_frames(&self) -> u32 {
        self.number_of_frames
    }

    /// Gives how many of the declared frames have bytes, counted from the first.
    #[must_use]
    pub fn frames_present(&self) -> u32 {
        match &self.source {
            Source::Native(native) => native.frames_present(),
            Source::Encapsulated { frames, .. } => frames.len().min(self.number_of_frames),
            Source::Frame { .. } => 1,
        }
    }

    /// Gives the bytes of one decoded frame.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    /// Decodes a frame, counted from 0, into `out` of [`Self::frame_bytes`] bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] for a frame without bytes, [`Error::Invalid`] for a frame number or output size
    /// out of range, and what the decoder meets.
    pub fn decode_into(&self, frame: u32, out: &mut [u8]) -> Result<Decoded> {
        let (decoded, cells) = self.decode_cells_into(frame, out)?;
        cells.clean(out);
        Ok(decoded)
    }

    /// Gives the bits of a frame, counted from 0, where the value holds them as they are: one a pixel, not compressed.
    ///
    /// Masks of thousands of frames are read without a byte for each pixel. `None` for any other layout and for a
    /// frame without bytes.
    #[must_use]
    pub fn packed_bits(&self, frame: u32) -> Option<PackedBits<'a>> {
        match &self.source {
            Source::Native(native) => {
                let at = frame.checked_sub(self.first_frame);
                native.packed_bits(&self.stored, at.filter(|at| *at < self.number_of_frames)?)
            }
            _ => None,
        }
    }

    /// Decodes a frame, counted from 0, and leaves the bits outside Bits Stored as they are.
    ///
    /// Old images keep overlays there (PS3.3-2004 C.9.2). Compressions that code values rather than cells
    /// have lost those bits.
    ///
    /// # Errors
    ///
    /// As [`Self::decode`].
    pub fn decode_cells(&self, frame: u32) -> Result<Vec<u8>> {
        self.check_frame(frame)?;
        let mut out = vec![0; self.frame_bytes];
        self.decode_cells_into(frame, &mut out)?;
        Ok(out)
    }

    /// Decodes a frame and says where the values lie in its cells.
    fn decode_cells_into(&self, frame: u32, out: &mut [u8]) -> Result<(Decoded, Cells)> {
        self.check_present(frame)?;
        if out.len() != self.frame_bytes {
            return Err(Error::Invalid {
                what: "output of a frame",
                expected: format!("{} bytes", self.frame_bytes),
                found: format!("{} bytes", out.len()),
            });
        }
        match &self.source {
            Source::Native(native) => {
                native.decode_into(&self.stored, frame - self.first_frame, out)?;
                Ok((self.as_described(), self.cells))
            }
            Source::Encapsulated {
                frames,
                syntax,
                decoder,
            } => {
                let decoded = decoder.decode(&frames.bytes(frame)?, &self.stored, out)?;
                Ok((decoded, self.cells_of(*syntax, &decoded)))
            }
            Source::Frame {
                bytes,
                syntax,
                decoder,
            } => {
                let decoded = decoder.decode(bytes, &self.stored, out)?;
                Ok((decoded, self.cells_of(*syntax, &decoded)))
            }
        }
    }

    /// Decodes a frame, counted from 0.
    ///
    /// # Errors
    ///
    /// As [`Self::check_frame`], before anything is allocated, and [`Self::decode_into`].
    pub fn decode(&self, frame: u32) -> Result<Vec<u8>> {
        self.check_frame(frame)?;
        let mut out = vec![0; self.frame_bytes];
        self.decode_into(frame, &mut out)?;
        Ok(out)
    }

    /// Decodes a frame, counted from 0, to RGB of 8 or 16 bits a sample; monochrome stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::decode`], and [`Error::Invalid`] or [`Error::Missing`] for a palette that cannot be used.
    pub fn decode_rgb(&self, frame: u32) -> Result<(Vec<u8>, FrameDescription)> {
        self.check_frame(frame)?;
        let mut values = vec![0; self.frame_bytes];
        let decoded = self.decode_into(frame, &mut values)?;
        let description = FrameDescription {
            photometric: decoded.photometric,
            ..self.description
        };
        match (decoded.photometric, &self.palette) {
            (Photometric::PaletteColor, Some(palette)) => {
                palette.as_ref().map_err(Error::clone)?.rgb(&values, &description)
            }
            (Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Rgb, _) => {
                Ok((values, description))
            }
            // A JPEG 2000 transform is named that the stream does not use: its components are the colours.
            (Photometric::YbrIct | Photometric::YbrRct, _) => Ok((
                values,
                FrameDescription {
                    photometric: Photometric::Rgb,
                    ..description
                },
            )),
            _ => {
                rgb_from_ybr(&mut values, &description, self.rounding())?;
                Ok((
                    values,
                    FrameDescription {
                        photometric: Photometric::Rgb,
                        ..description
                    },
                ))
            }
        }
    }

    /// Gives what the stream of a decoded frame says otherwise than the attributes.
    #[must_use]
    pub fn contradictions(&self, decoded: &Decoded) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let (stored, word) = (&self.stored, |signed| if signed { "signed" } else { "unsigned" });
        if decoded.precision != stored.bits_stored {
            let text = format!(
                "Bits Stored is {}, the frame's own precision {}",
                stored.bits_stored, decoded.precision
            );
            warnings.push(Warning::new("precision", text));
        }
        if let Some(signed) = decoded.signed
            && signed != stored.signed
        {
            let text = format!(
                "Pixel Representation is {}, the frame's own {}",
                word(stored.signed),
                word(signed)
            );
            warnings.push(Warning::new("signedness", text));
        }
        warnings
    }

    fn rounding(&self) -> Rounding {
        match &self.source {
            Source::Encapsulated { syntax, .. } | Source::Frame { syntax, .. }
                if FragmentRule::of(*syntax) == FragmentRule::Jpeg =>
            {
                Rounding::Jpeg
            }
            _ => Rounding::Exact,
        }
    }

    /// Refuses a frame without bytes, or with too few to unfold to the declared size.
    ///
    /// Whoever makes room for many frames asks this first: a header can declare what no bytes stand behind.
    /// JPEG-LS and JPEG 2000 have no bound to hold a frame against.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`]; [`Error::Invalid`] for a frame number out of range.
    pub fn check_frame(&self, frame: u32) -> Result<()> {
        self.check_present(frame)?;
        let (found, syntax) = match &self.source {
            Source::Native(_) => return Ok(()),
            Source::Encapsulated { frames, syntax, .. } => (frames.compressed_bytes(frame)?, syntax),
            Source::Frame { bytes, syntax, .. } => (bytes.len() as u64, syntax),
        };
        match compression::largest_expansion(*syntax) {
            Some(times) if found.saturating_mul(times) < self.frame_bytes as u64 => Err(Error::Truncated {
                what: "compressed frame",
                expected: (self.frame_bytes as u64).div_ceil(times),
                found,
            }),
            _ => Ok(()),
        }
    }

    fn check_present(&self, frame: u32) -> Result<()> {
        let last = self.first_frame + (self.number_of_frames - 1);
        if !(self.first_frame..=last).contains(&frame) {
            return Err(Error::Invalid {
                what: "frame",
                expected: format!("{} to {last}", self.first_frame),
                found: frame.to_string(),
            });
        }
        match &self.source {
            Source::Native(native) => native.check_present(frame - self.first_frame),
            Source::Encapsulated { frames, .. } => frames.compressed_bytes(frame).map(|_| ()),
            Source::Frame { .. } => Ok(()),
        }
    }

    /// Gives where values lie in what a decoder made.
    ///
    /// The transfer syntaxes that keep pixel cells as they are keep them as the attributes say. The others
    /// code numbers of the precision that the stream states, and the attributes only say how to read their
    /// sign (PS3.5 8.2): J2K written as unsigned from signed values is right again that way.
    fn cells_of(&self, syntax: TransferSyntax, decoded: &Decoded) -> Cells {
        if compression::keeps_cells(syntax) || self.stored.bits_allocated == 1 {
            return self.cells;
        }
        let bits = u32::from(decoded.precision).clamp(1, 8 * self.cells.bytes as u32);
        Cells {
            bits,
            lowest: 0,
            signed: self.stored.signed,
            ..self.cells
        }
    }

    fn as_described(&self) -> Decoded {
        Decoded {
            photometric: self.description.photometric,
            precision: self.stored.bits_stored,
            signed: Some(self.stored.signed),
        }
    }
}

/// The decoder of encapsulated pixel data.
fn decoder_of(syntax: TransferSyntax, kind: PixelKind) -> Result<&'static dyn Decoder> {
    if kind != PixelKind::Integer || !syntax.is_encapsulated() {
        return Err(Error::Invalid {
            what: "encapsulated pixel data",
            expected: "integers in a transfer syntax that encapsulates".to_owned(),
            found: format!("{kind:?} in {}", syntax.name()),
        });
    }
    decoder_for(syntax).ok_or_else(|| Error::Unsupported {
        uid: syntax.uid().to_owned(),
        name: syntax.name(),
        verb: "decoded",
    })
}

fn encapsulated<'a>(
    object: &InMemDicomObject,
    syntax: TransferSyntax,
    kind: PixelKind,
    number_of_frames: u32,
    value: &'a [u8],
    warnings: &mut Vec<Warning>,
) -> Result<Source<'a>> {
    let decoder = decoder_of(syntax, kind)?;
    let extended_offsets = attributes::extended_offsets(object);
    let declared = Declared {
        number_of_frames,
        extended_offsets: extended_offsets.as_deref(),
        rule: FragmentRule::of(syntax),
    };
    let (frames, found) = Frames::find(value, declared)?;
    warnings.extend(found);
    Ok(Source::Encapsulated {
        frames,
        syntax,
        decoder,
    })
}
