//! What lengths on images without a volume are in the patient: as DICOM says, as the reader calibrated, or pixels.

use std::collections::BTreeMap;

use crate::dicom::read::planar::Scale;
use crate::session::Session;
use crate::session::error::Refusal;
use crate::session::figures::Figure;
use crate::session::sheet::on_image;
use crate::session::sight::point;
use crate::session::stage::Stage;
use crate::session::state::Mark;

/// What a reader is told of lengths that they calibrated.
const BY_HAND: &str = "lengths rest on a calibration by hand";
/// And of lengths beside the regions of an ultrasound picture.
const BESIDE: &str = "lengths beside the calibrated region are in pixels";

/// Lengths in the space of a mark to those that people read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LengthScale {
    factor: f64,
    unit: &'static str,
    /// What is to be read beside them.
    pub(super) remark: Option<&'static str>,
}

impl LengthScale {
    /// The figures of a mark with lengths and areas in their unit.
    pub(super) fn scaled(&self, figures: &[Figure]) -> Vec<Figure> {
        let scaled = |figure: &Figure| {
            let (factor, unit) = match figure.unit.as_str() {
                "mm" => (self.factor, self.unit.to_owned()),
                "mm2" => (self.factor * self.factor, format!("{}2", self.unit)),
                other => (1.0, other.to_owned()),
            };
            Figure {
                value: figure.value * factor,
                unit,
                ..figure.clone()
            }
        };
        figures.iter().map(scaled).collect()
    }
}

impl Stage {
    /// How the lengths of a mark are read.
    pub(super) fn length_scale(&self, calibrations: &BTreeMap<String, f64>, mark: &Mark) -> LengthScale {
        let as_they_are = LengthScale {
            factor: 1.0,
            unit: "mm",
            remark: None,
        };
        let Some(facts) = self.images_of(&mark.space) else {
            return as_they_are;
        };
        let column = facts.grid.spacing_mm()[0];
        if let Some(mm) = calibrations.get(&facts.key) {
            return LengthScale {
                factor: mm / column,
                unit: "mm",
                remark: Some(BY_HAND),
            };
        }
        let in_pixels = |remark| LengthScale {
            factor: 1.0 / column,
            unit: "px",
            remark,
        };
        match facts.planar.as_ref().map(|planar| &planar.scale) {
            Some(Scale::Unknown) => in_pixels(Scale::Unknown.remark()),
            Some(Scale::Regions(regions)) => {
                let places = mark
                    .points_mm
                    .iter()
                    .map(|place| on_image(&facts.grid, point(*place)));
                let mut places = places.collect::<Vec<_>>().into_iter();
                let first = places.next().unwrap_or_default();
                let held = regions.iter().find(|region| region.holds(first));
                match held {
                    Some(region) if places.all(|place| region.holds(place)) => as_they_are,
                    _ => in_pixels(Some(BESIDE)),
                }
            }
            Some(scale) => LengthScale {
                remark: scale.remark(),
                ..as_they_are
            },
            None => as_they_are,
        }
    }
}

impl Session {
    /// What the width of a pixel of images without a volume covers; none where nobody knows.
    pub(super) fn column_mm(&self, key: &str) -> Result<Option<f64>, Refusal> {
        let facts = self.stage.facts(key)?;
        let stated = facts.grid.spacing_mm()[0];
        let is_known = facts
            .planar
            .as_ref()
            .is_none_or(|planar| planar.scale != Scale::Unknown);
        let by_hand = self.state.calibrations.get(key).copied();
        Ok(by_hand.or(is_known.then_some(stated)))
    }
}
