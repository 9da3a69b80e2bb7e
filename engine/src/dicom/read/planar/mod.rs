//! One frame as the picture its maker meant: the grayscale and colour pipelines of PS3.4 N.2.
//!
//! Stored values become real ones (modality transformation), real ones grey (window or lookup table, then
//! MONOCHROME1's inversion), colour becomes RGB; overlays stay beside the picture. Volumes, fusion and
//! colour maps are others'; what a monitor makes of grey is calibrated with [`gsdf`].

mod curve;
mod description;
pub mod gsdf;
mod modality;
mod overlay;
mod picture;
mod source;
mod stored;
mod supplement;
mod table;
#[cfg(test)]
mod tests;
mod windows;

use codec::Warning;
use codec::pixels::PixelData;

use super::collection::Series;
use super::instance::Instance;
use super::pixel_value::LastRead;
use super::stack::FrameRef;
use crate::colormap::Window;
use crate::dicom::{Error, Result};
pub use curve::Curve;
pub use description::{Description, Region, Scale, describe, rescales};
use modality::Modality;
pub use overlay::{Overlay, OverlayType};
pub use picture::{Picture, Pixels};
use source::Source;
use stored::Stored;
use supplement::Supplement;
pub use table::Table;
pub(in crate::dicom) use windows::windows_of;
pub use windows::{StatedWindow, stated_window};

/// One decoded frame with everything that its display needs; decoded once, shown with any window.
#[derive(Debug, Clone)]
pub struct Planar {
    size: [u32; 2],
    samples: Samples,
    windows: Vec<StatedWindow>,
    overlays: Vec<Overlay>,
}

/// What the samples of a frame are.
#[derive(Debug, Clone)]
enum Samples {
    Grey(Grey),
    /// Red, green, blue.
    Rgb(Vec<u8>),
}

/// A monochrome frame.
#[derive(Debug, Clone)]
struct Grey {
    stored: Stored,
    modality: Modality,
    /// Stored values from the first to the second are no measurement.
    padding: Option<(f64, f64)>,
    /// Range that a picture without windows is made for, where its maker fixed one.
    nominal: Option<(f64, f64)>,
    /// The lowest value is white.
    is_inverse: bool,
    supplement: Option<Supplement>,
}

impl Planar {
    /// Decodes a frame, counted from 0, and reads how it is to be shown; what was odd is told beside it.
    ///
    /// The modality transformation is Rescale Slope and Intercept, per frame in enhanced objects, or the Modality
    /// LUT Sequence, which wins when an object has both. X-ray angiograms and fluoroscopies whose Pixel Intensity
    /// Relationship is LOG or DISP are shown without it (PS3.3 C.8.7.1.1.2). Presentation LUT Shape decides about
    /// inversion; without it MONOCHROME1 does. Real world value mappings play no part in display.
    ///
    /// # Errors
    ///
    /// [`crate::dicom::Error::Invalid`] for a frame that the object does not describe,
    /// [`crate::dicom::Error::Codec`] for one that cannot be decoded, or whose palette cannot be used.
    pub fn read(instance: &Instance, frame: usize, pixels: &PixelData<'_>) -> Result<(Self, Vec<Warning>)> {
        let mut source = Source::new(instance, frame, pixels)?;
        let (values, description) = pixels.decode_rgb(source.frame_number())?;
        let (samples, windows) = if description.samples_per_pixel == 3 {
            (Samples::Rgb(picture::rgb8(values, &description)), Vec::new())
        } else {
            let supplement = supplement::read(&mut source, &values, &description);
            let stored = Stored::new(values, &description, pixels.kind());
            let modality = Modality::read(&mut source);
            let windows = windows::read(&mut source, &modality);
            let grey = Grey {
                stored,
                modality,
                padding: source.padding(),
                nominal: source.nominal_range(),
                is_inverse: source.is_inverse(description.photometric),
                supplement,
            };
            (Samples::Grey(grey), windows)
        };
        let planar = Self {
            size: [description.columns, description.rows],
            samples,
            windows,
            overlays: overlay::read(&mut source)?,
        };
        Ok((planar, source.warnings))
    }

    /// Reads the bytes of a frame of a series, unless they are those of `last`, and decodes it as [`Self::read`].
    ///
    /// # Errors
    ///
    /// As [`Self::read`], and [`Error::Source`] when the bytes cannot be had.
    pub fn load(
        series: &Series,
        at: FrameRef,
        source: &dyn super::source::Source,
        last: &mut LastRead,
    ) -> Result<(Self, Vec<Warning>)> {
        let instance = series.instances.get(at.instance).ok_or_else(|| Error::Invalid {
            attribute: "instance",
            expected: "one of the series",
            found: at.instance.saturating_add(1).to_string(),
        })?;
        let ((planar, mut warnings), more) =
            last.with_pixels(instance, source, |pixels| Self::read(instance, at.frame, pixels))?;
        warnings.extend(more);
        Ok((planar, warnings))
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Whether it is a colour image, which has neither real values nor windows.
    #[must_use]
    pub fn is_colour(&self) -> bool {
        matches!(self.samples, Samples::Rgb(_))
    }

    /// Whether the lowest value is white.
    #[must_use]
    pub fn is_inverse(&self) -> bool {
        matches!(&self.samples, Samples::Grey(grey) if grey.is_inverse)
    }

    /// Whether some of its values are colours beside grey ones, by a supplemental palette.
    #[must_use]
    pub fn has_supplement(&self) -> bool {
        matches!(&self.samples, Samples::Grey(grey) if grey.supplement.is_some())
    }

    /// The views that the object offers, lookup tables first, then windows, each in the object's order.
    #[must_use]
    pub fn windows(&self) -> &[StatedWindow] {
        &self.windows
    }

    /// The overlay planes that belong to the frame.
    #[must_use]
    pub fn overlays(&self) -> &[Overlay] {
        &self.overlays
    }

    /// The curve that [`Self::display`] uses when it is given none.
    ///
    /// It is the object's first view. Without one, images of at most 8 bits that are neither rescaled nor of
    /// nuclear medicine are taken as grey levels already (secondary captures, ultrasound), all others are spread
    /// from the lowest to the highest value of the frame, padding left out. Smallest and Largest Pixel Value are
    /// not trusted for that: they are often those of another image of the series.
    #[must_use]
    pub fn default_curve(&self) -> Curve {
        let stated = self.windows.first().map(|window| window.curve.clone());
        stated.unwrap_or_else(|| {
            let (low, high) = match &self.samples {
                Samples::Grey(grey) => grey.nominal.or_else(|| grey.range()).unwrap_or((0.0, 1.0)),
                Samples::Rgb(_) => (0.0, 255.0),
            };
            Curve::Window(Window::between(low, high))
        })
    }

    /// The lowest and highest real value of the frame, padding left out; `None` for colour or nothing but padding.
    #[must_use]
    pub fn value_range(&self) -> Option<(f64, f64)> {
        match &self.samples {
            Samples::Grey(grey) => grey.range(),
            Samples::Rgb(_) => None,
        }
    }

    /// The real value of a pixel (after the modality transformation, before any window), for probes.
    #[must_use]
    pub fn value(&self, column: u32, row: u32) -> Option<f64> {
        let Samples::Grey(grey) = &self.samples else {
            return None;
        };
        let [columns, rows] = self.size;
        let inside = column < columns && row < rows;
        let stored = grey
            .stored
            .get(row as usize * columns as usize + column as usize)?;
        inside.then(|| grey.modality.real(stored))
    }

    /// All real values in reading order; `None` for colour.
    #[must_use]
    pub fn values(&self) -> Option<Vec<f32>> {
        match &self.samples {
            Samples::Grey(grey) => Some(grey.stored.map(|stored| grey.modality.real(stored) as f32)),
            Samples::Rgb(_) => None,
        }
    }

    /// Makes the picture: P-values of 8 bits (PS3.14) for monochrome, RGB for colour; overlays are left out.
    ///
    /// A monochrome frame with a supplemental palette gives RGB: colours where the palette says so, grey elsewhere.
    /// Padding is shown as any other value, since PS3.3 C.7.5.1.1.2 only asks not to take it for image.
    #[must_use]
    pub fn display(&self, curve: Option<&Curve>) -> Picture {
        let pixels = match &self.samples {
            Samples::Rgb(rgb) => Pixels::Rgb(rgb.clone()),
            Samples::Grey(grey) => {
                let curve = curve.map_or_else(|| self.default_curve(), Curve::clone);
                grey.pixels(&curve)
            }
        };
        let [width, height] = self.size;
        Picture {
            width,
            height,
            pixels,
        }
    }
}

impl Grey {
    fn pixels(&self, curve: &Curve) -> Pixels {
        let levels = self.stored.map(|stored| self.level(stored, curve));
        let Some(supplement) = &self.supplement else {
            return Pixels::Grey(levels);
        };
        let is_grey = self.stored.map(|stored| stored < supplement.first);
        let mut rgb = supplement.rgb.clone();
        for ((pixel, level), is_grey) in rgb.chunks_exact_mut(3).zip(levels).zip(is_grey) {
            if is_grey {
                pixel.fill(level);
            }
        }
        Pixels::Rgb(rgb)
    }

    /// Grey of a stored value; what is not a number is black in either polarity.
    fn level(&self, stored: f64, curve: &Curve) -> u8 {
        let fraction = curve.fraction(self.modality.real(stored));
        let shown = if self.is_inverse { 1.0 - fraction } else { fraction };
        // A float that is not a number becomes 0.
        (shown * 255.0).round() as u8
    }

    fn range(&self) -> Option<(f64, f64)> {
        let is_measured = |stored: f64| {
            let is_padding = self
                .padding
                .is_some_and(|(low, high)| (low..=high).contains(&stored));
            let is_colour = self
                .supplement
                .as_ref()
                .is_some_and(|supplement| stored >= supplement.first);
            !is_padding && !is_colour
        };
        self.stored.range(|stored| {
            if is_measured(stored) {
                self.modality.real(stored)
            } else {
                f64::NAN
            }
        })
    }
}
