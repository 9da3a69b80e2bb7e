//! What a picture was made of, and what it tells: for objects that are made of pictures.

use crate::dicom::ImageReference;
use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::session::error::Refusal;
use crate::session::picture::readable;
use crate::session::source::PATIENT_FIELDS;
use crate::session::state::{Kind, Shown};
use crate::session::{Picture, SeriesFacts, Session};

/// Shorter parts of a name are found in words that have nothing to do with it.
const LEAST_LETTERS: usize = 2;

/// A plane, and how far from it values are taken.
struct Cut {
    place: Point<Patient>,
    normal: Vector<Patient>,
    half_mm: f64,
}

impl Session {
    /// The images that a picture of something shown is made of, layer by layer, in the order of their slices.
    ///
    /// Of a plane they are the slices that it cuts or lies between, of projections, renderings and curved planes all.
    /// Series whose objects are not known, and phases beyond the first, are left out.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an unknown series, or series that nothing joins.
    pub fn images_seen(&self, shown: &Shown) -> Result<Vec<ImageReference>, Refusal> {
        let base = self.stage.facts(&shown.layers[0].series)?;
        if shown.kind == Kind::Interleaved {
            let turns = self.stage.turns(&self.state.joints, shown)?;
            let turn = turns.get(shown.turn as usize);
            let facts = turn.map(|turn| self.stage.facts(&shown.layers[turn.layer].series));
            let (Some(turn), Some(facts)) = (turn, facts.transpose()?) else {
                return Ok(Vec::new());
            };
            return Ok(known(facts, shown).get(turn.slice).cloned().into_iter().collect());
        }
        let cuts = cuts(shown, &base.grid);
        let mut images = Vec::new();
        for layer in &shown.layers {
            let facts = self.stage.facts(&layer.series)?;
            let way = self.stage.way(&self.state.joints, &base.space(), &facts.space());
            let way = way.ok_or_else(|| Refusal::NotJoined(base.key.clone(), facts.key.clone()))?;
            let is_seen = |slice: usize| {
                let reaches = |cut: &Cut| cut.reaches(&facts.grid, slice, &way.fixed_from_moving);
                cuts.as_ref().is_none_or(|cuts| cuts.iter().any(reaches))
            };
            let of_layer = known(facts, shown).iter().enumerate();
            images.extend(
                of_layer
                    .filter(|(slice, _)| is_seen(*slice))
                    .map(|(_, image)| image.clone()),
            );
        }
        Ok(images)
    }

    /// Whether what is written on a picture may say who the patient is: a field of the patient in its corners, words
    /// that people typed beside marks, or pixels that may bear text.
    #[must_use]
    pub fn may_name_patient(&self, shown: &Shown, picture: &Picture) -> bool {
        let typed = |mark: &u64| {
            self.state
                .marks
                .get(mark)
                .is_some_and(|mark| !mark.text.is_empty())
        };
        if picture
            .lines
            .iter()
            .filter_map(|line| line.mark.as_ref())
            .any(typed)
        {
            return true;
        }
        let bears_text = |key: &String| {
            let facts = self.stage.facts(key).ok();
            let planar = facts.and_then(|facts| facts.planar.as_ref());
            planar.is_some_and(|planar| planar.may_bear_text)
        };
        // A de-identified session hides such pixels.
        let mut keys = shown.layers.iter().map(|layer| &layer.series);
        if !self.state.is_deidentified && keys.any(bears_text) {
            return true;
        }
        let corners = &picture.annotations.corners;
        let lines = [
            &corners.top_left,
            &corners.top_right,
            &corners.bottom_left,
            &corners.bottom_right,
        ];
        let facts = shown
            .layers
            .iter()
            .filter_map(|layer| self.stage.facts(&layer.series).ok());
        let facts: Vec<&SeriesFacts> = facts.collect();
        let mut written = lines.into_iter().flatten();
        written.any(|line| facts.iter().any(|facts| tells(line, facts)))
    }
}

/// The objects of a series' slices, where those that are seen are known.
fn known<'a>(facts: &'a SeriesFacts, shown: &Shown) -> &'a [ImageReference] {
    let is_first = shown.phase == 0 || facts.phases <= 1;
    if is_first && facts.images.len() == facts.grid.size()[2] {
        &facts.images
    } else {
        &[]
    }
}

/// The planes of a picture, in the space of the lowest layer; `None` for one that sees the whole volume.
fn cuts(shown: &Shown, grid: &Grid) -> Option<Vec<Cut>> {
    let cut = |place| Cut {
        place,
        normal: shown.away(),
        half_mm: shown.slab.map_or(0.0, |slab| slab.thickness_mm / 2.0),
    };
    match shown.kind {
        Kind::Stack | Kind::Plane => Some(vec![cut(shown.focus())]),
        Kind::Tiles { rows, columns } => {
            let slices = (shown.slice(grid)..grid.size()[2]).take((rows * columns) as usize);
            Some(slices.map(|slice| cut(shown.on_slice(grid, slice))).collect())
        }
        _ => None,
    }
}

impl Cut {
    /// Whether values are taken from a slice: it is cut, or the next to the plane on either side.
    fn reaches(&self, grid: &Grid, slice: usize, base_from_layer: &Affine<Patient, Patient>) -> bool {
        let [columns, rows, slices] = grid.size().map(|side| side as f64 - 1.0);
        let along = |column: f64, row: f64, slice: f64| {
            let place = *base_from_layer * grid.patient(Point::new(column, row, slice));
            self.normal.dot(place - self.place)
        };
        let k = slice as f64;
        let corners = [[0.0, 0.0], [columns, 0.0], [0.0, rows], [columns, rows]];
        let distances = corners.map(|[column, row]| along(column, row, k));
        let next = if k < slices { k + 1.0 } else { (k - 1.0).max(0.0) };
        let apart_mm = (along(0.0, 0.0, next) - along(0.0, 0.0, k)).abs();
        // What lies on a slice takes nothing from the next.
        let reach_mm = self.half_mm + (0.999 * apart_mm).max(1e-6);
        let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
        let farthest = distances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        nearest <= reach_mm && farthest >= -reach_mm
    }
}

/// Whether a line holds a field of the patient, or a part of the name.
pub(super) fn tells(line: &str, facts: &SeriesFacts) -> bool {
    let text = |field: &str| facts.texts.get(field).map_or("", String::as_str);
    let is_field =
        |field: &str| !line.is_empty() && (text(field) == line || readable(field, text(field)) == line);
    let name = text("PatientName");
    let is_letter = |letter: &char| letter.is_alphanumeric();
    // Chinese names are written without a gap: 王^伟 as 王伟.
    let whole = name
        .split('=')
        .map(|group| group.chars().filter(is_letter).collect());
    let parts = name
        .split(|letter: char| !letter.is_alphanumeric())
        .map(str::to_owned);
    let lower = line.to_lowercase();
    let mut telling = whole
        .chain(parts)
        .chain([text("PatientID").to_owned()])
        .filter(|part: &String| part.chars().count() >= LEAST_LETTERS);
    PATIENT_FIELDS.iter().any(|field| is_field(field))
        || telling.any(|part| lower.contains(&part.to_lowercase()))
}
