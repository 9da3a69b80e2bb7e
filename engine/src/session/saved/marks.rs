//! Marks as a measurement report (PS3.16 TID 1500).
//!
//! A region that holds voxels is a group with an outline (TID 1410), a length or an angle a measurement along points
//! (TID 1501). What lies on a slice is drawn on its image, what does not lies in space. What kind of mark it was stands
//! beside the numbers in a code of our own, so that it comes back as what it was; other programs see outlines and numbers.

use crate::dicom::measurement_report::{
    ImageGroup, Measurement, MeasurementGroup, MeasurementReport, Observer, Property, Region, RegionShape,
};
use crate::dicom::write::derived_uid;
use crate::dicom::{Code, ImageReference, concepts};
use crate::geometry::{Patient, Point, Vector};
use crate::session::error::Refusal;
use crate::session::figures::{Figure, Readout, geometry};
use crate::session::saved::slice_of;
use crate::session::sight::{point, vector};
use crate::session::state::{Mark, MarkKind};
use crate::session::{SeriesFacts, Session};
use crate::suv::SuvKind;
use crate::volume::Unit;

/// What kind of mark a group was, as [`MarkKind`] is written.
pub(super) const KIND: Code = Code::new("mark-kind", "99UPTAKE", "Kind of mark");
/// The colour of a mark, `#rrggbb`.
pub(super) const COLOR: Code = Code::new("mark-color", "99UPTAKE", "Colour of mark");
/// That a mark was drawn on a projection or rendering.
pub(super) const IN_SPACE: Code = Code::new("mark-in-space", "99UPTAKE", "Drawn on a projection");
/// A value of pixels whose quantity no code says.
const PIXEL_VALUE: Code = Code::new("pixel-value", "99UPTAKE", "Value of pixels");

impl Session {
    /// The marks on the series of a study with their numbers; with what a report cannot hold.
    ///
    /// `sop_instance_uid` is that of the report: the marks' tracking UIDs follow from it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotSaved`] when no mark of the study can be held.
    pub fn measurement_report(
        &self,
        study: &str,
        sop_instance_uid: &str,
        observers: Vec<Observer>,
    ) -> Result<(MeasurementReport, Vec<String>), Refusal> {
        let (mut groups, mut told, mut library) = (Vec::new(), Vec::new(), Vec::<ImageGroup>::new());
        for (n, mark) in &self.state.marks {
            let Ok(facts) = self.stage.facts(&mark.series) else {
                continue;
            };
            if facts.study != study {
                continue;
            }
            let place = match place_of(mark, facts) {
                Ok(place) => place,
                Err(reason) => {
                    told.push(format!("mark {n} {reason} and is not in the report"));
                    continue;
                }
            };
            let readout = self.mark_readout(*n)?;
            told.extend(readout.warnings.iter().map(|text| format!("mark {n}: {text}")));
            let uid = derived_uid(&[sop_instance_uid, &n.to_string()]);
            groups.push(self.group(*n, mark, facts, &place, &readout, uid));
            self.note_images(mark, &mut library);
        }
        if groups.is_empty() {
            return Err(Refusal::NotSaved {
                what: "a measurement report",
                reason: told
                    .first()
                    .cloned()
                    .unwrap_or_else(|| "the study has no marks".to_owned()),
            });
        }
        let report = MeasurementReport {
            title: MeasurementReport::IMAGING_MEASUREMENT_REPORT,
            language: Some(concepts::ENGLISH),
            observers,
            procedures: Vec::new(),
            image_library: library,
            groups,
        };
        Ok((report, told))
    }

    /// The slices nearest to a mark's first point, of each series that it measures, in the report's library.
    fn note_images(&self, mark: &Mark, library: &mut Vec<ImageGroup>) {
        for key in &mark.layers {
            let Ok(facts) = self.stage.facts(key) else {
                continue;
            };
            let Some(image) = self.image_at(mark, facts).map(|image| image.reference) else {
                continue;
            };
            let uid = &facts.hanging.frame_of_reference_uid;
            let modality = Code::owned(facts.modality().to_owned(), "DCM", facts.modality().to_owned());
            let is_it = |group: &&mut ImageGroup| {
                group.frame_of_reference_uid == *uid && group.modality.as_ref() == Some(&modality)
            };
            match library.iter_mut().find(is_it) {
                Some(group) if group.images.contains(&image) => {}
                Some(group) => group.images.push(image),
                None => library.push(ImageGroup {
                    modality: Some(modality),
                    frame_of_reference_uid: uid.clone(),
                    images: vec![image],
                }),
            }
        }
    }

    /// The image of a series nearest to the first point of a mark.
    fn image_at(&self, mark: &Mark, facts: &SeriesFacts) -> Option<ImageReference> {
        let way = self.stage.way(&self.state.joints, &facts.space(), &mark.space)?;
        let at = facts
            .grid
            .voxel(way.fixed_from_moving * point(*mark.points_mm.first()?));
        let slice = at[2].round();
        let is_inside = mark.phase == 0 && (0.0..facts.images.len() as f64).contains(&slice);
        is_inside.then(|| facts.images[slice as usize].clone())
    }

    fn group(
        &self,
        n: u64,
        mark: &Mark,
        facts: &SeriesFacts,
        place: &Place<'_>,
        readout: &Readout,
        uid: String,
    ) -> MeasurementGroup {
        let kind = kind_name(mark.kind);
        let regions = place.regions(mark);
        let mut measurements: Vec<Measurement> = match mark.kind {
            MarkKind::Probe => self.values(mark, readout),
            _ => along(mark, &readout.figures),
        };
        let is_outline = is_region(mark.kind) || measurements.is_empty();
        if is_outline {
            measurements.extend(self.statistics(mark, readout));
        } else if mark.kind == MarkKind::Probe {
            for measurement in &mut measurements {
                measurement.regions.extend(regions.iter().cloned());
            }
        } else {
            // Each line of two angles or diameters belongs to its own number.
            let own = measurements.len();
            for (at, region) in regions.iter().enumerate() {
                measurements[at.min(own - 1)].regions.push(region.clone());
            }
        }
        if matches!(place, Place::Space { .. }) {
            // A place in space names no image: it is said of which series it is.
            if let Some(image) = self.image_at(mark, facts) {
                for measurement in measurements.iter_mut().filter(|found| found.images.is_empty()) {
                    measurement.images.push(image.clone());
                }
            }
        }
        let [red, green, blue] = mark.color;
        let mut evaluations = vec![
            Property::text(KIND, &*kind),
            Property::text(COLOR, format!("#{red:02x}{green:02x}{blue:02x}")),
        ];
        if mark.is_in_space {
            evaluations.push(Property::text(IN_SPACE, "yes"));
        }
        if !mark.text.is_empty() {
            evaluations.push(Property::text(concepts::COMMENT, &*mark.text));
        }
        MeasurementGroup {
            regions: if is_outline { regions } else { Vec::new() },
            evaluations,
            ..MeasurementGroup::tracked(format!("{kind} {n}"), uid, measurements)
        }
    }

    /// Statistics of the voxels of each series that the mark measures.
    fn statistics(&self, mark: &Mark, readout: &Readout) -> Vec<Measurement> {
        let derivation = |name: &str| {
            Some(match name {
                "mean" => concepts::MEAN,
                "min" => concepts::MINIMUM,
                "max" => concepts::MAXIMUM,
                "sd" => concepts::STANDARD_DEVIATION,
                "median" => concepts::MEDIAN,
                _ => return None,
            })
        };
        let figures = readout.figures.iter();
        let found = figures.filter_map(|figure| {
            let value = self.value(mark, figure)?;
            Some(value.derived(derivation(&figure.name)?))
        });
        found.collect()
    }

    fn values(&self, mark: &Mark, readout: &Readout) -> Vec<Measurement> {
        let figures = readout.figures.iter().filter(|figure| figure.name == "value");
        figures.filter_map(|figure| self.value(mark, figure)).collect()
    }

    /// A number of a series with its quantity, unit and image.
    fn value(&self, mark: &Mark, figure: &Figure) -> Option<Measurement> {
        let facts = self.stage.facts(figure.series.as_ref()?).ok()?;
        let volume = self.stage.whole(&facts.key, mark.phase).ok()?;
        let number = figure.value;
        let mut measurement = match volume.unit() {
            Unit::Hounsfield => Measurement::attenuation_hu(number),
            Unit::SuvBw => Measurement {
                method: Some(concepts::suv_method(SuvKind::Bw)),
                ..Measurement::new(
                    concepts::suv(SuvKind::Bw),
                    number,
                    concepts::suv_unit(SuvKind::Bw),
                )
            },
            Unit::BecquerelPerMl => Measurement::new(PIXEL_VALUE, number, concepts::BECQUEREL_PER_ML),
            Unit::Counts => Measurement::new(PIXEL_VALUE, number, Code::new("{counts}", "UCUM", "Counts")),
            Unit::Other(term) => {
                let plain: String = term.chars().filter(char::is_ascii_graphic).take(14).collect();
                let unit = Code::owned(format!("{{{plain}}}"), "UCUM", plain);
                Measurement::new(PIXEL_VALUE, number, unit)
            }
            _ => Measurement::new(PIXEL_VALUE, number, concepts::NO_UNITS),
        };
        measurement.images.extend(self.image_at(mark, facts));
        Some(measurement)
    }
}

/// Whether a mark holds voxels.
pub(super) fn is_region(kind: MarkKind) -> bool {
    matches!(
        kind,
        MarkKind::Rectangle
            | MarkKind::Ellipse
            | MarkKind::Circle
            | MarkKind::Polygon
            | MarkKind::Freehand
            | MarkKind::Spline
    )
}

/// The name of a kind, as it stands in JSON. A report holds the outline of a smooth curve, not what it was set by.
pub(super) fn kind_name(kind: MarkKind) -> String {
    let kind = match kind {
        MarkKind::Spline => MarkKind::Freehand,
        other => other,
    };
    let name = serde_json::to_value(kind).ok();
    name.and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The numbers of a mark's points, in the order of its lines.
pub(super) fn along(mark: &Mark, figures: &[Figure]) -> Vec<Measurement> {
    let of = |name: &str| {
        // Lengths in pixels are no lengths.
        let is_known = |figure: &&Figure| !figure.unit.starts_with("px");
        let found = figures
            .iter()
            .find(|figure| figure.name == name && figure.series.is_none());
        found.filter(is_known).map(|figure| figure.value)
    };
    let found = match mark.kind {
        MarkKind::Length | MarkKind::Polyline => vec![of("length").map(Measurement::length_mm)],
        MarkKind::Angle => vec![of("angle").map(|angle| Measurement::angle_rad(angle.to_radians()))],
        MarkKind::Cobb => {
            vec![of("cobb_angle").map(|angle| Measurement::cobb_angle_rad(angle.to_radians()))]
        }
        MarkKind::Bidirectional => {
            let [long, short] = [
                of("long_axis").map(Measurement::long_axis_mm),
                of("short_axis").map(Measurement::short_axis_mm),
            ];
            let at: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
            if at[0].distance(at[1]) >= at[2].distance(at[3]) {
                vec![long, short]
            } else {
                vec![short, long]
            }
        }
        MarkKind::Cardiothoracic => {
            vec![of("cardiothoracic_ratio").map(Measurement::cardiothoracic_ratio)]
        }
        kind if is_region(kind) => vec![of("area").map(Measurement::area_mm2)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// Where a mark lies in the words of a report.
enum Place<'a> {
    Image {
        image: &'a ImageReference,
        facts: &'a SeriesFacts,
    },
    Space {
        frame_of_reference_uid: &'a str,
    },
}

fn place_of<'a>(mark: &Mark, facts: &'a SeriesFacts) -> Result<Place<'a>, String> {
    if mark.phase != 0 {
        return Err(format!(
            "lies on phase {}, whose objects are not known,",
            mark.phase + 1
        ));
    }
    let normal = facts.grid.row_direction().cross(facts.grid.column_direction());
    let is_parallel = normal.dot(vector(mark.axes[2])).abs() > 0.999_999;
    let [across, down, _] = facts.grid.spacing_mm();
    // Circles and axes at right angles are so in square pixels only.
    let is_round = matches!(mark.kind, MarkKind::Circle | MarkKind::Ellipse);
    let fits_pixels = !is_round || (across - down).abs() < 1e-6 * across;
    let slice = slice_of(mark, &facts.grid).filter(|_| !is_region(mark.kind) || (is_parallel && fits_pixels));
    if let Some(image) = slice.and_then(|slice| facts.images.get(slice)) {
        return Ok(Place::Image { image, facts });
    }
    match &facts.hanging.frame_of_reference_uid {
        Some(uid) => Ok(Place::Space {
            frame_of_reference_uid: uid,
        }),
        None => Err("lies on no slice, and its series has no frame of reference,".to_owned()),
    }
}

impl Place<'_> {
    fn regions(&self, mark: &Mark) -> Vec<Region> {
        let at: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
        let line = |points: &[Point<Patient>]| self.region(RegionShape::Polyline, points);
        match mark.kind {
            MarkKind::Text | MarkKind::Probe => vec![self.region(RegionShape::Point, &at[..1])],
            MarkKind::Cobb | MarkKind::Bidirectional => vec![line(&at[..2]), line(&at[2..])],
            MarkKind::Cardiothoracic => vec![line(&at[..2]), line(&at[2..4]), line(&at[4..])],
            MarkKind::Circle => vec![self.circle(mark, at[0], at[1])],
            MarkKind::Ellipse => vec![self.ellipse(mark, &at)],
            MarkKind::Rectangle | MarkKind::Polygon | MarkKind::Freehand | MarkKind::Spline => {
                let corners = geometry(mark).map(|found| found.lines);
                let mut outline = corners
                    .ok()
                    .and_then(|mut lines| lines.pop())
                    .map_or(at, |line| line.0);
                outline.extend(outline.first().copied());
                let shape = match self {
                    Self::Image { .. } => RegionShape::Polyline,
                    Self::Space { .. } => RegionShape::Polygon,
                };
                vec![self.region(shape, &outline)]
            }
            MarkKind::Length | MarkKind::Polyline | MarkKind::Angle | MarkKind::Arrow => vec![line(&at)],
        }
    }

    /// A circle of an image; in space, where there are none, an ellipse whose first end is the place on the rim.
    fn circle(&self, mark: &Mark, center: Point<Patient>, rim: Point<Patient>) -> Region {
        if matches!(self, Self::Image { .. }) {
            return self.region(RegionShape::Circle, &[center, rim]);
        }
        let out = rim - center;
        let across = across(mark, out);
        let ends = [rim, center - out, center + across, center - across];
        self.region(RegionShape::Ellipse, &ends)
    }

    /// The longer axis first, as the standard asks.
    fn ellipse(&self, mark: &Mark, at: &[Point<Patient>]) -> Region {
        let center = at[0] + (at[1] - at[0]) * 0.5;
        let half = at[1] - center;
        let side = across(mark, half);
        let reach = side.normalized().map_or(0.0, |side| side.dot(at[2] - center));
        let side = side.normalized().unwrap_or(side) * reach;
        let third = center + side;
        let fourth = center - side;
        if half.norm() >= side.norm() {
            self.region(RegionShape::Ellipse, &[at[0], at[1], third, fourth])
        } else {
            self.region(RegionShape::Ellipse, &[third, fourth, at[0], at[1]])
        }
    }

    fn region(&self, shape: RegionShape, at: &[Point<Patient>]) -> Region {
        match self {
            Self::Image { image, facts } => {
                let pixel = |place: &Point<Patient>| {
                    let found = facts.grid.voxel(*place);
                    [(found[0] + 0.5) as f32, (found[1] + 0.5) as f32]
                };
                Region::Image {
                    image: (*image).clone(),
                    shape,
                    points: at.iter().map(pixel).collect(),
                }
            }
            Self::Space {
                frame_of_reference_uid,
            } => {
                let place = |place: &Point<Patient>| [place[0] as f32, place[1] as f32, place[2] as f32];
                Region::Patient {
                    frame_of_reference_uid: (*frame_of_reference_uid).to_owned(),
                    shape,
                    points_mm: at.iter().map(place).collect(),
                }
            }
        }
    }
}

/// As long as `out`, across it in the plane of the mark.
fn across(mark: &Mark, out: Vector<Patient>) -> Vector<Patient> {
    let side = vector(mark.axes[2]).cross(out).normalized();
    side.unwrap_or(vector(mark.axes[1])) * out.norm()
}
