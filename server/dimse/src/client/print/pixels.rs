//! Pictures as printers take them (PS3.3 C.13.5).

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{PrintError, Tones, put};

/// Samples by rows from the top left.
#[derive(Debug, Clone, Copy)]
pub enum Pixels<'a> {
    /// 0 black to 255 white.
    Grey8(&'a [u8]),
    /// 0 black to 4095 white.
    Grey12(&'a [u16]),
    /// Red, green and blue of each pixel.
    Rgb8(&'a [u8]),
}

/// A picture for one place of a film.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Its samples.
    pub pixels: Pixels<'a>,
    /// Width on the film in millimetres, for a print in true size; otherwise the printer fills the place.
    pub width_mm: Option<f64>,
}

impl Picture<'_> {
    pub(super) fn check(&self, tones: Tones) -> Result<(), PrintError> {
        let pixels = usize::from(self.rows) * usize::from(self.columns);
        let (expected, found, own) = match self.pixels {
            Pixels::Grey8(samples) => (pixels, samples.len(), Tones::Grey),
            Pixels::Grey12(samples) => (pixels, samples.len(), Tones::Grey),
            Pixels::Rgb8(samples) => (pixels * 3, samples.len(), Tones::Colour),
        };
        if own != tones {
            return Err(PrintError::Tones);
        }
        if expected != found || pixels == 0 {
            return Err(PrintError::Samples { expected, found });
        }
        if let Pixels::Grey12(samples) = self.pixels
            && let Some(beyond) = samples.iter().find(|sample| **sample > 4095)
        {
            return Err(PrintError::Beyond12Bits(*beyond));
        }
        let is_width = |width: f64| width.is_finite() && width > 0.0;
        match self.width_mm.filter(|width| !is_width(*width)) {
            Some(width) => Err(PrintError::Width(width)),
            None => Ok(()),
        }
    }

    /// The item of the image box's image sequence.
    pub(super) fn image(&self) -> InMemDicomObject {
        let mut image = InMemDicomObject::new_empty();
        let (samples, photometric, allocated, stored) = match self.pixels {
            Pixels::Grey8(_) => (1, "MONOCHROME2", 8, 8),
            Pixels::Grey12(_) => (1, "MONOCHROME2", 16, 12),
            Pixels::Rgb8(_) => (3, "RGB", 8, 8),
        };
        put(&mut image, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
        let mut numbers = vec![
            (tags::SAMPLES_PER_PIXEL, samples),
            (tags::ROWS, self.rows),
            (tags::COLUMNS, self.columns),
            (tags::BITS_ALLOCATED, allocated),
            (tags::BITS_STORED, stored),
            (tags::HIGH_BIT, stored - 1),
            (tags::PIXEL_REPRESENTATION, 0_u16),
        ];
        if samples == 3 {
            // Printers take colours plane by plane.
            numbers.push((tags::PLANAR_CONFIGURATION, 1));
        }
        for (tag, number) in numbers {
            image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(number)));
        }
        image.put(DataElement::new(tags::PIXEL_DATA, VR::OW, self.words()));
        image
    }

    /// The samples as the words of OW, which is what implicit encoding has.
    fn words(&self) -> PrimitiveValue {
        let pairs = |bytes: &[u8]| {
            let pair = |pair: &[u8]| u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
            PrimitiveValue::U16(bytes.chunks(2).map(pair).collect())
        };
        match self.pixels {
            Pixels::Grey8(samples) => pairs(samples),
            Pixels::Grey12(samples) => PrimitiveValue::U16(samples.iter().copied().collect()),
            Pixels::Rgb8(samples) => {
                let plane = |colour| samples.iter().skip(colour).step_by(3).copied();
                let planes: Vec<u8> = (0..3).flat_map(plane).collect();
                pairs(&planes)
            }
        }
    }
}
