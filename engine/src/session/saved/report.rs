//! A measurement report as marks: those that were written here as what they were, others by their outlines.

use crate::dicom::concepts;
use crate::dicom::measurement_report::{
    MeasurementGroup, MeasurementReport, PropertyValue, Region, RegionShape,
};
use crate::geometry::{Patient, Point, Vector};
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::figures::geometry;
use crate::session::saved::marks::{COLOR, IN_SPACE, KIND, along};
use crate::session::sight::{components, numbers, stack_axes};
use crate::session::state::{Mark, MarkKind};
use crate::session::{SeriesFacts, Session};

/// Part by which a number may differ from that of its points and be the same.
const SAME_NUMBER: f64 = 0.005;

impl Session {
    /// The commands that draw what a report measured, on the slices it was measured on; with what is not followed, and
    /// numbers that its points do not give.
    ///
    /// Values are measured anew: on all series of the view that shows the mark's series.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when nothing of it was measured on a series that is open.
    pub fn commands_of_report(
        &self,
        viewport: u32,
        report: &MeasurementReport,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        let (mut commands, mut told) = (Vec::new(), Vec::new());
        let mut is_any_known = false;
        for group in &report.groups {
            let called = group.tracking_id.as_deref().unwrap_or("a group");
            let regions = regions_of(group);
            if regions.is_empty() {
                if group.segment.is_some() {
                    told.push(format!("{called:?} measures a segment: open the segmentation"));
                }
                continue;
            }
            let Some(places) = self.places(viewport, group, &regions) else {
                told.push(format!("{called:?} was measured on no series that is open"));
                continue;
            };
            is_any_known = true;
            match self.mark_of(viewport, group, &places) {
                Some(mark) => {
                    told.extend(differences(called, group, &mark));
                    commands.push(restoring(mark));
                }
                None => told.push(format!("the outline of {called:?} makes no mark")),
            }
        }
        if !is_any_known {
            return Err(Refusal::OtherSeries("a measurement report"));
        }
        Ok((commands, told))
    }

    /// Where the regions of a group lie; none on series that are not open.
    fn places<'a>(
        &'a self,
        viewport: u32,
        group: &MeasurementGroup,
        regions: &[&Region],
    ) -> Option<Places<'a>> {
        let mut facts: Option<&SeriesFacts> = None;
        let mut shapes = Vec::new();
        let mut is_on_image = true;
        for region in regions {
            let (own, shape, points) = match region {
                Region::Image { image, shape, points } => {
                    let (own, slice) = self.slice_of_image(image)?;
                    let place = |at: &[f32; 2]| {
                        let [column, row] = at.map(f64::from);
                        own.grid
                            .patient(Point::new(column - 0.5, row - 0.5, slice as f64))
                    };
                    (own, *shape, points.iter().map(place).collect::<Vec<_>>())
                }
                Region::Patient {
                    frame_of_reference_uid,
                    shape,
                    points_mm,
                } => {
                    is_on_image = false;
                    let own = self.of_space(viewport, group, frame_of_reference_uid)?;
                    let place = |at: &[f32; 3]| Point::from(at.map(f64::from));
                    (own, *shape, points_mm.iter().map(place).collect())
                }
            };
            // Lines of one mark lie on one series.
            if facts.is_some_and(|known| known.space() != own.space()) {
                return None;
            }
            facts = facts.or(Some(own));
            shapes.push((shape, points));
        }
        Some(Places {
            facts: facts?,
            shapes,
            is_on_image,
        })
    }

    /// The series that a place in space was measured on: one that the group names, else that of the view, else any.
    fn of_space(&self, viewport: u32, group: &MeasurementGroup, uid: &str) -> Option<&SeriesFacts> {
        let lies_there = |facts: &SeriesFacts| facts.hanging.frame_of_reference_uid.as_deref() == Some(uid);
        let images = group
            .measurements
            .iter()
            .flat_map(|measurement| &measurement.images);
        let mut named = images.filter_map(|image| Some(self.slice_of_image(image)?.0));
        let view = self.state.desk.viewports.get(&viewport);
        let shown = view.and_then(|view| view.shown.as_ref());
        let lowest = shown.and_then(|shown| self.stage.facts(&shown.layers[0].series).ok());
        named
            .find(|facts| lies_there(facts))
            .or(lowest.filter(|facts| lies_there(facts)))
            .or(self.series().iter().find(|facts| lies_there(facts)))
    }

    fn mark_of(&self, viewport: u32, group: &MeasurementGroup, places: &Places<'_>) -> Option<Mark> {
        let own = text_of(group, &KIND.value).and_then(|name| {
            let kind = serde_json::from_value::<MarkKind>(name.into()).ok()?;
            Some((kind, places.points_of(kind)?))
        });
        let (kind, points) = own.or_else(|| places.guessed(group))?;
        let facts = places.facts;
        let mark = Mark {
            kind,
            space: facts.space(),
            series: facts.key.clone(),
            layers: self.layers_with(viewport, &facts.key),
            phase: 0,
            points_mm: points.into_iter().map(numbers).collect(),
            axes: places.axes(),
            is_in_space: text_of(group, &IN_SPACE.value).is_some(),
            text: text_of(group, &concepts::COMMENT.value)
                .unwrap_or_default()
                .to_owned(),
            color: text_of(group, &COLOR.value)
                .and_then(color)
                .unwrap_or(self.state.color),
            by: None,
        };
        (kind.points().contains(&mark.points_mm.len()) && geometry(&mark).is_ok()).then_some(mark)
    }
}

/// The regions of a group, or of its numbers, each once.
fn regions_of(group: &MeasurementGroup) -> Vec<&Region> {
    let of_numbers = group
        .measurements
        .iter()
        .flat_map(|measurement| &measurement.regions);
    let mut found: Vec<&Region> = Vec::new();
    for region in group.regions.iter().chain(of_numbers) {
        if !found.contains(&region) {
            found.push(region);
        }
    }
    found
}

fn text_of<'a>(group: &'a MeasurementGroup, name: &str) -> Option<&'a str> {
    let mut evaluations = group.evaluations.iter();
    evaluations.find_map(|property| match &property.value {
        PropertyValue::Text(text) if property.name.value == name => Some(text.as_str()),
        _ => None,
    })
}

fn color(text: &str) -> Option<[u8; 3]> {
    let number = u32::from_str_radix(text.strip_prefix('#').filter(|hex| hex.len() == 6)?, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// The regions of a group in the body.
struct Places<'a> {
    facts: &'a SeriesFacts,
    shapes: Vec<(RegionShape, Vec<Point<Patient>>)>,
    is_on_image: bool,
}

impl Places<'_> {
    /// The points of a mark that was written here.
    fn points_of(&self, kind: MarkKind) -> Option<Vec<Point<Patient>>> {
        let (shape, first) = self.shapes.first()?;
        let closed = |points: &[Point<Patient>]| points[..points.len().saturating_sub(1)].to_vec();
        Some(match (kind, shape) {
            (MarkKind::Rectangle, _) if first.len() == 5 => vec![first[0], first[2]],
            (MarkKind::Circle, RegionShape::Circle) => first.clone(),
            (MarkKind::Circle, RegionShape::Ellipse) if first.len() == 4 => {
                vec![first[0] + (first[1] - first[0]) * 0.5, first[0]]
            }
            (MarkKind::Ellipse, RegionShape::Ellipse) if first.len() == 4 => first[..3].to_vec(),
            (MarkKind::Polygon | MarkKind::Freehand, RegionShape::Polyline | RegionShape::Polygon) => {
                closed(first)
            }
            (MarkKind::Rectangle | MarkKind::Circle | MarkKind::Ellipse, _)
            | (MarkKind::Polygon | MarkKind::Freehand, _) => return None,
            _ => self
                .shapes
                .iter()
                .flat_map(|(_, points)| points.clone())
                .collect(),
        })
    }

    /// What a group of another program is.
    fn guessed(&self, group: &MeasurementGroup) -> Option<(MarkKind, Vec<Point<Patient>>)> {
        let has = |quantity: &crate::dicom::Code| {
            group
                .measurements
                .iter()
                .any(|measurement| measurement.quantity.is(quantity))
        };
        let lines = self.shapes.len();
        let is_pairs = self.shapes.iter().all(|(_, points)| points.len() == 2);
        let (shape, first) = self.shapes.first()?;
        let is_closed = first.len() > 3 && first.first() == first.last();
        let kind = match (shape, lines) {
            (RegionShape::Polyline, 2) if is_pairs && has(&concepts::LONG_AXIS) => MarkKind::Bidirectional,
            (RegionShape::Polyline, 2) if is_pairs && has(&concepts::COBB_ANGLE) => MarkKind::Cobb,
            (RegionShape::Polyline, 2) if is_pairs && has(&concepts::ANGLE) => MarkKind::Cobb,
            (RegionShape::Polyline, 3) if is_pairs && has(&concepts::CARDIOTHORACIC_RATIO) => {
                MarkKind::Cardiothoracic
            }
            (_, 2..) => return None,
            (RegionShape::Point, _) if group.measurements.is_empty() => MarkKind::Text,
            (RegionShape::Point, _) => MarkKind::Probe,
            (RegionShape::Circle, _) => MarkKind::Circle,
            (RegionShape::Ellipse, _) => MarkKind::Ellipse,
            (RegionShape::Polygon | RegionShape::Polyline, _) if is_closed => MarkKind::Polygon,
            (RegionShape::Polyline, _) if first.len() == 3 && has(&concepts::ANGLE) => MarkKind::Angle,
            (RegionShape::Polyline, _) if first.len() == 2 => MarkKind::Length,
            (RegionShape::Polyline, _) => MarkKind::Polyline,
            _ => return None,
        };
        Some((kind, self.points_of(kind)?))
    }

    /// Directions of the plane: along the first side and down to the next corner; those of the series on its slices.
    fn axes(&self) -> [[f64; 3]; 3] {
        let usual = stack_axes(&self.facts.grid);
        let Some((shape, points)) = self.shapes.first() else {
            return usual;
        };
        let (right, down) = match shape {
            RegionShape::Polyline | RegionShape::Polygon if points.len() == 5 => {
                (points[1] - points[0], points[3] - points[0])
            }
            _ if self.is_on_image => return usual,
            RegionShape::Polyline | RegionShape::Polygon if points.len() > 3 => {
                let right = points[1] - points[0];
                (right, normal(points).cross(right))
            }
            RegionShape::Ellipse if points.len() == 4 => (points[1] - points[0], points[3] - points[2]),
            _ => return usual,
        };
        let Some(right) = right.normalized() else {
            return usual;
        };
        let Some(down) = (down - right * right.dot(down)).normalized() else {
            return usual;
        };
        [right, down, right.cross(down)].map(components)
    }
}

/// The normal of an outline, by Newell's sum.
fn normal(points: &[Point<Patient>]) -> Vector<Patient> {
    let sides = points.windows(2);
    let parts = sides.map(|side| (side[0] - points[0]).cross(side[1] - points[0]));
    parts.fold(Vector::new(0.0, 0.0, 0.0), |sum, part| sum + part)
}

/// Numbers that the points of a mark do not give.
fn differences(called: &str, group: &MeasurementGroup, mark: &Mark) -> Vec<String> {
    let Ok(found) = geometry(mark) else {
        return Vec::new();
    };
    let numbers = along(mark, &found.figures);
    let mut told = Vec::new();
    for number in numbers {
        let stated = group
            .measurement(&number.quantity, None)
            .filter(|stated| stated.unit.is(&number.unit))
            .and_then(|stated| stated.value);
        if let (Some(stated), Some(own)) = (stated, number.value)
            && (stated - own).abs() > SAME_NUMBER * stated.abs().max(own.abs())
        {
            told.push(format!(
                "the report says {stated:.2} {} of {called:?}, its points give {own:.2}",
                number.unit.value
            ));
        }
    }
    told
}

fn restoring(mark: Mark) -> Command {
    Command::RestoreMark {
        series: mark.series,
        layers: mark.layers,
        kind: mark.kind,
        points_mm: mark.points_mm,
        axes: mark.axes,
        is_in_space: mark.is_in_space,
        text: mark.text,
        color: Some(mark.color),
    }
}
