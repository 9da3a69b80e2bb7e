//! Lesions: where they are put, how hot they are, and which voxels they fill.

use engine::geometry::{Grid, Patient, Point};
use rayon::prelude::*;

use crate::anatomy::vector::{V3, add, norm, sub};
use crate::anatomy::{Body, Organ, Shape, Solid, Tissue};
use crate::elementary::ellipsoid_ml;
use crate::paint::{Painter, Pose};
use crate::random::Random;

/// A spherical lesion in the body at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// Number from 1.
    pub number: usize,
    /// Where it lies, in words.
    pub site: &'static str,
    /// Centre, LPS in mm.
    pub centre_mm: [f64; 3],
    /// Diameter, mm.
    pub diameter_mm: f64,
    /// Uptake before the scanner blurs it, SUV by body weight.
    pub suv: f64,
    /// A core that takes up less: its diameter in mm and its SUV.
    pub core: Option<(f64, f64)>,
    /// CT number, HU.
    pub hu: f64,
}

impl Lesion {
    /// Volume of the sphere, mL.
    pub fn volume_ml(&self) -> f64 {
        ellipsoid_ml([self.diameter_mm / 2.0; 3])
    }

    /// Whether a point of the body at rest lies in the lesion.
    pub fn contains(&self, p: [f64; 3]) -> bool {
        self.distance_squared(p) <= self.diameter_mm * self.diameter_mm / 4.0
    }

    fn distance_squared(&self, p: [f64; 3]) -> f64 {
        (0..3)
            .map(|a| (p[a] - self.centre_mm[a]) * (p[a] - self.centre_mm[a]))
            .sum()
    }

    /// Uptake at a point of the body at rest; `None` outside the lesion.
    fn uptake(&self, p: [f64; 3]) -> Option<f64> {
        let squared = self.distance_squared(p);
        if squared > self.diameter_mm * self.diameter_mm / 4.0 {
            return None;
        }
        Some(match self.core {
            Some((diameter_mm, suv)) if squared <= diameter_mm * diameter_mm / 4.0 => suv,
            _ => self.suv,
        })
    }

    /// The lesion as CT sees it.
    fn solid(&self) -> Solid {
        let centre = self.centre_mm.map(|v| v as f32);
        let tissue = Tissue {
            hu: self.hu as f32,
            ..Tissue::PLAIN_MUSCLE
        };
        let core = Tissue { hu: 18.0, ..tissue };
        let mut layers = vec![(0.0, tissue)];
        if let Some((diameter_mm, _)) = self.core {
            layers.push((((self.diameter_mm - diameter_mm) / 2.0) as f32, core));
        }
        Solid::layered(Shape::ball(centre, self.diameter_mm as f32 / 2.0), &layers)
    }
}

/// A place where lesions are put: a box, the tissue they must lie in, and what they are like.
struct Site {
    name: &'static str,
    centre: V3,
    reach: V3,
    within: Option<Organ>,
    diameter_mm: (f64, f64),
    suv: (f64, f64),
    hu: f64,
}

const fn site(
    name: &'static str,
    centre: V3,
    reach: V3,
    within: Option<Organ>,
    diameter_mm: (f64, f64),
    suv: (f64, f64),
    hu: f64,
) -> Site {
    Site {
        name,
        centre,
        reach,
        within,
        diameter_mm,
        suv,
        hu,
    }
}

/// Every study has one lesion a site. A third and more of the sites touch physiological uptake: salivary
/// glands, myocardium, liver, kidneys, ureters, bowel, bladder.
const SITES: [Site; 20] = [
    site(
        "liver, right lobe",
        [-72.0, 0.0, 270.0],
        [36.0, 44.0, 50.0],
        Some(Organ::Liver),
        (18.0, 30.0),
        (5.0, 11.0),
        48.0,
    ),
    site(
        "liver, left lobe",
        [0.0, -44.0, 288.0],
        [34.0, 16.0, 20.0],
        Some(Organ::Liver),
        (10.0, 16.0),
        (4.5, 9.0),
        46.0,
    ),
    site(
        "liver, dome",
        [-66.0, -10.0, 328.0],
        [26.0, 26.0, 10.0],
        Some(Organ::Liver),
        (12.0, 16.0),
        (5.0, 9.0),
        47.0,
    ),
    site(
        "spleen",
        [100.0, 34.0, 272.0],
        [8.0, 18.0, 26.0],
        Some(Organ::Spleen),
        (12.0, 20.0),
        (5.0, 9.0),
        42.0,
    ),
    site(
        "lung, right lower lobe",
        [-82.0, 34.0, 400.0],
        [16.0, 14.0, 14.0],
        Some(Organ::Lung),
        (38.0, 40.0),
        (8.0, 14.0),
        34.0,
    ),
    site(
        "lung, right upper lobe",
        [-62.0, -20.0, 470.0],
        [20.0, 24.0, 20.0],
        Some(Organ::Lung),
        (6.0, 8.0),
        (4.0, 8.0),
        20.0,
    ),
    site(
        "lung, left upper lobe",
        [70.0, -20.0, 455.0],
        [18.0, 26.0, 22.0],
        Some(Organ::Lung),
        (9.0, 13.0),
        (4.0, 9.0),
        25.0,
    ),
    site(
        "lung, left lower lobe",
        [96.0, 40.0, 385.0],
        [12.0, 14.0, 24.0],
        Some(Organ::Lung),
        (14.0, 18.0),
        (5.0, 10.0),
        30.0,
    ),
    site(
        "mediastinal lymph node, paratracheal",
        [-20.0, 0.0, 482.0],
        [4.0, 8.0, 10.0],
        None,
        (10.0, 14.0),
        (5.0, 12.0),
        42.0,
    ),
    site(
        "mediastinal lymph node, beside the heart",
        [52.0, -2.0, 392.0],
        [6.0, 6.0, 8.0],
        None,
        (12.0, 16.0),
        (6.0, 11.0),
        42.0,
    ),
    site(
        "cervical lymph node, left",
        [48.0, -16.0, 622.0],
        [6.0, 8.0, 14.0],
        None,
        (9.0, 14.0),
        (5.0, 12.0),
        45.0,
    ),
    site(
        "supraclavicular lymph node, left",
        [62.0, -8.0, 552.0],
        [10.0, 8.0, 6.0],
        None,
        (8.0, 12.0),
        (5.0, 10.0),
        44.0,
    ),
    site(
        "axillary lymph node, right",
        [-128.0, 2.0, 462.0],
        [8.0, 14.0, 18.0],
        None,
        (10.0, 18.0),
        (4.5, 10.0),
        42.0,
    ),
    site(
        "retroperitoneal lymph node, beside the kidney",
        [32.0, 20.0, 212.0],
        [4.0, 6.0, 22.0],
        None,
        (12.0, 18.0),
        (5.0, 10.0),
        42.0,
    ),
    site(
        "iliac lymph node, right, beside the bladder",
        [-56.0, -22.0, 24.0],
        [4.0, 8.0, 8.0],
        None,
        (10.0, 16.0),
        (5.0, 10.0),
        42.0,
    ),
    site(
        "inguinal lymph node, left",
        [86.0, -74.0, -40.0],
        [8.0, 6.0, 14.0],
        None,
        (10.0, 15.0),
        (4.5, 9.0),
        40.0,
    ),
    site(
        "thoracic vertebra",
        [0.0, 44.0, 392.0],
        [6.0, 4.0, 34.0],
        Some(Organ::Bone),
        (14.0, 20.0),
        (5.0, 12.0),
        120.0,
    ),
    site(
        "lumbar vertebra",
        [0.0, 29.0, 166.0],
        [8.0, 5.0, 30.0],
        Some(Organ::Bone),
        (16.0, 24.0),
        (5.0, 12.0),
        95.0,
    ),
    site(
        "iliac bone, left",
        [72.0, 40.0, 40.0],
        [10.0, 10.0, 12.0],
        Some(Organ::Bone),
        (14.0, 22.0),
        (5.0, 11.0),
        110.0,
    ),
    site(
        "femur, right",
        [-106.0, 2.0, -14.0],
        [14.0, 6.0, 12.0],
        Some(Organ::Bone),
        (12.0, 20.0),
        (4.5, 10.0),
        130.0,
    ),
];

/// The site whose lesion has a core without uptake.
const NECROTIC: usize = 4;

/// Puts one lesion into every site.
pub fn lesions(body: &Body, seed: u64) -> Vec<Lesion> {
    let mut random = Random::new(seed, "lesions");
    let mut placed: Vec<Lesion> = Vec::new();
    for (index, site) in SITES.iter().enumerate() {
        let diameter_mm = round_to(random.between(site.diameter_mm.0, site.diameter_mm.1), 0.1);
        let suv = round_to(random.between(site.suv.0, site.suv.1), 0.01);
        let centre_mm = place(body, site, diameter_mm, &placed, &mut random);
        let core = (index == NECROTIC).then(|| (round_to(diameter_mm * 0.55, 0.1), 1.2));
        placed.push(Lesion {
            number: index + 1,
            site: site.name,
            centre_mm,
            diameter_mm,
            suv,
            core,
            hu: site.hu,
        });
    }
    placed
}

fn round_to(value: f64, step: f64) -> f64 {
    let steps = (1.0 / step).round();
    (value * steps).round() / steps
}

/// The best of many places in a site: inside its organ, away from the lesions already there.
fn place(body: &Body, site: &Site, diameter_mm: f64, placed: &[Lesion], random: &mut Random) -> [f64; 3] {
    let mut best = (i32::MIN, [0.0; 3]);
    for _ in 0..60 {
        let at = [0, 1, 2].map(|a| {
            let (middle, reach) = (f64::from(site.centre[a]), f64::from(site.reach[a]));
            round_to(random.between(middle - reach, middle + reach), 0.1)
        });
        let apart = placed.iter().all(|other| {
            let gap = other.distance_squared(at).sqrt() - (other.diameter_mm + diameter_mm) / 2.0;
            gap > 12.0
        });
        let score = probes_inside(body, site, at, diameter_mm) - if apart { 0 } else { 100 };
        if score > best.0 {
            best = (score, at);
        }
    }
    best.1
}

/// How many of seven places (centre, and eight tenths of the radius along the axes) lie in the site's organ.
fn probes_inside(body: &Body, site: &Site, at: [f64; 3], diameter_mm: f64) -> i32 {
    let centre = at.map(|v| v as f32);
    let reach = diameter_mm as f32 * 0.4;
    let steps: [V3; 7] = [
        [0.0; 3],
        [reach, 0.0, 0.0],
        [-reach, 0.0, 0.0],
        [0.0, reach, 0.0],
        [0.0, -reach, 0.0],
        [0.0, 0.0, reach],
        [0.0, 0.0, -reach],
    ];
    let fits = |step: &&V3| {
        let organ = body.tissue_at(add(centre, **step)).map(|tissue| tissue.organ);
        match site.within {
            Some(wanted) => organ == Some(wanted),
            // Lymph nodes lie in fat between organs.
            None => {
                organ.is_some_and(|o| !matches!(o, Organ::Bone | Organ::Airway | Organ::Lung | Organ::Heart))
            }
        }
    };
    steps.iter().filter(fits).count() as i32
}

/// The body with its lesions as CT shows them.
pub fn body_with(body: &Body, lesions: &[Lesion]) -> Body {
    let mut body = body.clone();
    body.solids.extend(lesions.iter().map(Lesion::solid));
    body
}

/// Paints the lesions' uptake over a volume; each voxel gets the mean of 64 samples.
pub fn paint(lesions: &[Lesion], grid: &Grid, pose: &Pose, values: &mut [f32]) {
    let [columns, rows, _] = grid.size();
    values
        .par_chunks_mut(columns * rows)
        .enumerate()
        .for_each(|(k, slice)| {
            for lesion in lesions {
                paint_slice(lesion, grid, pose, k, slice);
            }
        });
}

fn paint_slice(lesion: &Lesion, grid: &Grid, pose: &Pose, k: usize, slice: &mut [f32]) {
    let [columns, rows, _] = grid.size();
    let middle = grid.voxel(Point::from(pose.scanner_from_body(lesion.centre_mm)));
    let spacing = grid.spacing_mm();
    let reach = |axis: usize| (lesion.diameter_mm / 2.0) / spacing[axis] + 1.0;
    if (middle[2] - k as f64).abs() > reach(2) {
        return;
    }
    let range = |axis: usize, count: usize| {
        let low = (middle[axis] - reach(axis)).floor().max(0.0) as usize;
        let high = (middle[axis] + reach(axis)).ceil().clamp(0.0, count as f64 - 1.0) as usize;
        low..=high
    };
    for j in range(1, rows) {
        for i in range(0, columns) {
            let value = &mut slice[j * columns + i];
            *value = mean_uptake(lesion, grid, pose, [i, j, k], f64::from(*value)) as f32;
        }
    }
}

fn mean_uptake(lesion: &Lesion, grid: &Grid, pose: &Pose, voxel: [usize; 3], background: f64) -> f64 {
    const SAMPLES: u32 = 4;
    let mut sum = 0.0;
    for n in 0..SAMPLES * SAMPLES * SAMPLES {
        let offset = |sample: u32| (f64::from(sample % SAMPLES) + 0.5) / f64::from(SAMPLES) - 0.5;
        let offsets = [offset(n), offset(n / SAMPLES), offset(n / SAMPLES / SAMPLES)];
        let at = [0, 1, 2].map(|a| voxel[a] as f64 + offsets[a]);
        let p: Point<Patient> = grid.patient(at.into());
        sum += lesion
            .uptake(pose.body_from_scanner([p[0], p[1], p[2]]))
            .unwrap_or(background);
    }
    sum / f64::from(SAMPLES * SAMPLES * SAMPLES)
}

/// Mean uptake of the lesion-free body in the 10 mm around a lesion, SUV, and its largest value there.
pub fn surroundings(painter: &Painter<'_>, lesion: &Lesion) -> (f64, f64) {
    let (mut sum, mut largest, mut count) = (0.0, 0.0f64, 0u32);
    let reach = lesion.diameter_mm / 2.0 + 10.0;
    let steps = (reach / 2.5).ceil() as i32;
    for n in 0..(2 * steps + 1).pow(3) {
        let side = 2 * steps + 1;
        let offset = [n % side, n / side % side, n / side / side].map(|s| f64::from(s - steps) * 2.5);
        let distance = offset.iter().map(|v| v * v).sum::<f64>().sqrt();
        if distance > lesion.diameter_mm / 2.0 && distance <= reach {
            let at = [0, 1, 2].map(|a| (lesion.centre_mm[a] + offset[a]) as f32);
            let suv = f64::from(painter.at(at, 0.0));
            sum += suv;
            largest = largest.max(suv);
            count += 1;
        }
    }
    (sum / f64::from(count.max(1)), largest)
}

/// The nearest organ of physiological uptake and its distance from the lesion's surface in mm, 0 inside.
pub fn nearest_physiological(body: &Body, lesion: &Lesion) -> (Organ, f64) {
    let centre = lesion.centre_mm.map(|v| v as f32);
    let hot = |solid: &&Solid| {
        solid
            .layers
            .iter()
            .any(|(_, t)| t.suv >= 1.9 && is_physiological(t.organ))
    };
    let gap = |solid: &Solid| {
        let outside: V3 = [0, 1, 2].map(|a| {
            (solid.bounds.low[a] - centre[a])
                .max(centre[a] - solid.bounds.high[a])
                .max(0.0)
        });
        // The distance of a blended or cut shape is only near the surface a distance; its box bounds it.
        let distance = solid.shape.distance(centre).max(norm(sub(outside, [0.0; 3])));
        (f64::from(distance) - lesion.diameter_mm / 2.0).max(0.0)
    };
    body.solids
        .iter()
        .filter(hot)
        .map(|solid| {
            let organ = solid
                .layers
                .iter()
                .map(|(_, t)| t.organ)
                .find(|o| is_physiological(*o));
            (organ.unwrap_or(Organ::None), gap(solid))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((Organ::None, f64::INFINITY))
}

const fn is_physiological(organ: Organ) -> bool {
    matches!(
        organ,
        Organ::Brain
            | Organ::Heart
            | Organ::Liver
            | Organ::Kidney
            | Organ::UrinaryTract
            | Organ::Stomach
            | Organ::Bowel
            | Organ::Gland
    )
}
