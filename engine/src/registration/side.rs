//! One volume as the search needs it: at several resolutions, with its body.

use super::contour::Body;
use super::image::Image;
use super::intensity::Intensity;
use super::options::Region;
use super::outline::Outline;
use super::random::Random;
use super::readings::Samples;
use crate::geometry::{Patient, Point};
use crate::volume::{Unit, Volume};

/// Samples of each resolution, from the finest to the coarsest.
const SAMPLES: [usize; 4] = [120_000, 60_000, 20_000, 8_000];

/// Cells of the finest resolution, mm: finer ones hold noise more than anatomy.
const FINEST_MM: std::ops::RangeInclusive<f64> = 2.0..=4.0;

/// Full width at half maximum, mm, of the smoothing of the finest resolution: what is sharper makes the similarity
/// rough, and no emission image is.
const SMOOTH_MM: f64 = 3.0;

/// Air around the body that counts, mm: the surface is the strongest edge there is.
const AROUND_MM: f64 = 16.0;

/// Cells of the image that the outline is found in, mm.
const OUTLINE_MM: f64 = 4.5;

/// How far values are made equally frequent for mutual information.
const EVEN: f32 = 0.6;

/// One volume as the search needs it.
pub(super) struct Side {
    /// From the finest to the coarsest, values from 0 to 1.
    pub levels: Vec<Image>,
    outline_image: Image,
    outline: Option<Outline>,
}

/// Cells of the levels, mm, from the finest to the coarsest: as the coarser of both volumes has them.
pub(super) fn cells_mm(fixed: &Volume, moving: &Volume) -> Vec<f64> {
    let cell = |volume: &Volume| volume.grid().spacing_mm().iter().product::<f64>().cbrt();
    let finest = cell(fixed)
        .max(cell(moving))
        .clamp(*FINEST_MM.start(), *FINEST_MM.end());
    (0..SAMPLES.len()).map(|n| finest * 2f64.powi(n as i32)).collect()
}

impl Side {
    /// `even` makes values equally frequent, as far as mutual information likes it. `None` when all values are the
    /// same.
    pub fn new(volume: &Volume, cells_mm: &[f64], even: bool) -> Option<Self> {
        let mut real = Image::of_volume(volume, cells_mm[0]);
        // Of other units the lowest value may be air: CT's is, and no counts are counts.
        if matches!(volume.unit(), Unit::Unspecified | Unit::Other(_)) {
            real = real.without_padding();
        }
        let outline_image = real.pooled(OUTLINE_MM);
        let outline = Outline::new(&outline_image, volume.unit());
        let values = match &outline {
            Some(outline) => near_body(&outline_image, outline),
            None => outline_image.values.clone(),
        };
        let intensity = Intensity::new(values, if even { EVEN } else { 0.0 })?;
        real = real.smoothed(SMOOTH_MM);
        let mut levels = Vec::with_capacity(cells_mm.len());
        for (n, cell_mm) in cells_mm.iter().enumerate() {
            if n > 0 {
                real = real.pooled(*cell_mm);
            }
            levels.push(real.map(|value| intensity.map(value)));
        }
        Some(Self {
            levels,
            outline_image,
            outline,
        })
    }

    pub fn body(&self) -> Option<Body<'_>> {
        let outline = self.outline.as_ref()?;
        Some(Body {
            image: &self.outline_image,
            outline,
        })
    }

    /// Middle of the body, or of the image.
    pub fn center(&self) -> Point<Patient> {
        match &self.outline {
            Some(outline) => outline.center,
            None => self.outline_image.grid.center(),
        }
    }

    /// The corners of the box around the body, or of the image.
    pub fn corners(&self) -> [Point<Patient>; 8] {
        match &self.outline {
            Some(outline) => outline.corners(),
            None => self.outline_image.grid.corners(),
        }
    }

    pub fn radius_mm(&self) -> f64 {
        let corners = self.corners();
        (corners[0].distance(corners[7]) / 2.0).max(1.0)
    }

    /// Volume of the cells with a value, mL.
    pub fn measured_ml(&self) -> f64 {
        let image = &self.levels[0];
        let measured = image.values.iter().filter(|value| value.is_finite()).count();
        measured as f64 * image.grid.voxel_ml(0)
    }

    /// Whether a place is in the body, or in the air close around it.
    pub fn counts(&self, place: Point<Patient>) -> bool {
        self.body().is_none_or(|body| {
            body.outline.nearest(body.image, place).is_none_or(|near| {
                let step = place - near.place;
                near.normal.dot(step) < 0.0 || step.norm() <= AROUND_MM
            })
        })
    }

    /// Samples of one level, spread evenly and at random places within their cells: places on a lattice would
    /// beat with the moving image's.
    pub fn samples(&self, level: usize, region: Option<Region>) -> Samples {
        let image = &self.levels[level];
        let size = image.grid.size();
        let counts = |place| region.map_or_else(|| self.counts(place), |region| region(place));
        let cells: Vec<usize> = (0..image.values.len())
            .filter(|index| image.values[*index].is_finite() && counts(image.place(*index)))
            .collect();
        let many = SAMPLES[level].min(2 * cells.len());
        let center = self.center();
        let mut samples = Samples {
            center,
            places: Vec::with_capacity(many),
            values: Vec::with_capacity(many),
        };
        let mut random = Random(level as u64);
        for n in 0..many {
            let cell = cells[((n as f64 + random.next()) / many as f64 * cells.len() as f64) as usize];
            let at = [
                cell % size[0],
                cell / size[0] % size[1],
                cell / (size[0] * size[1]),
            ]
            .map(|n| n as f64 + random.next() - 0.5);
            if let Some(sample) = image.at(at.map(|c| c as f32)) {
                let place = image.grid.patient(at.into()) - center;
                samples
                    .places
                    .push([place[0] as f32, place[1] as f32, place[2] as f32]);
                samples.values.push(sample.value);
            }
        }
        samples
    }
}

/// Values of the body and a little air.
fn near_body(image: &Image, outline: &Outline) -> Vec<f32> {
    let near = |index: &usize| {
        outline.inside[*index] || {
            let place = image.place(*index);
            outline
                .nearest(image, place)
                .is_some_and(|near| near.place.distance(place) <= AROUND_MM)
        }
    };
    (0..image.values.len())
        .filter(near)
        .map(|index| image.values[index])
        .collect()
}
