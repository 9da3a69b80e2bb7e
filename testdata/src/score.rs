//! How a detection of the whole-body PET-CT compares with the truth.

use engine::geometry::{Grid, Patient, Point, Voxel};
use engine::lesion::{Detection, Finding, Organ as Set, Region, UptakeThreshold};
use engine::volume::Volume;

use crate::anatomy::Organ;
use crate::lesion::Lesion;
use crate::measure::Values;
use crate::petct::PetCt;

/// A lesion counts when its maximum without noise reaches this, and this many times its surroundings.
const LEAST_SUV: f64 = 4.0;
const LEAST_CONTRAST: f64 = 3.0;
/// Volumes are compared for lesions of at least this diameter, mm.
const LEAST_DIAMETER_MM: f64 = 15.0;
/// A boundary that leaves a lesion by more than this has run into what lies beside it, mm.
const MARGIN_MM: f64 = 8.0;

/// One study's score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// Lesions that should be found.
    pub wanted: usize,
    /// Those that were not, each with what became of it.
    pub missed: Vec<String>,
    /// Findings where there is neither lesion nor organ that was set aside.
    pub false_positives: Vec<String>,
    /// Findings in physiological uptake, and those of them that were set aside as the right organ.
    pub physiological: usize,
    /// Findings in physiological uptake with another verdict.
    pub misjudged: Vec<String>,
    /// Rule, and volume over the same rule's on the PET without noise less 1, of lesions of 15 mm and more whose
    /// boundary there does not run out.
    pub volumes: Vec<(UptakeThreshold, f64)>,
    /// Lesions found, and what those were called whose site was named wrongly.
    pub sited: usize,
    /// The wrong names.
    pub missited: Vec<String>,
}

/// Compares a detection on `petct`'s PET with the truth.
#[must_use]
pub fn score(petct: &PetCt, detection: &Detection) -> Score {
    let noise_free = petct.noise_free_pet_volume();
    let judge = Judge {
        petct,
        detection,
        pet: petct.pet_volume(),
        noise_free: &noise_free,
        organs: petct.organs_volume(),
    };
    let mut score = Score::default();
    let mut claimed = vec![false; detection.findings.len()];
    for lesion in petct.lesions() {
        judge.lesion(lesion, &mut score, &mut claimed);
    }
    for (finding, claimed) in detection.findings.iter().zip(claimed) {
        if !claimed {
            judge.other(finding, &mut score);
        }
    }
    score
}

struct Judge<'a> {
    petct: &'a PetCt,
    detection: &'a Detection,
    pet: Volume,
    noise_free: &'a Volume,
    organs: Volume,
}

impl Judge<'_> {
    fn lesion(&self, lesion: &Lesion, score: &mut Score, claimed: &mut [bool]) {
        let grid = self.pet.grid();
        let center = Point::from(lesion.centre_mm);
        let radius = lesion.diameter_mm / 2.0;
        let (Some(hottest), Some(truth)) = (
            hottest(&self.pet, center, radius),
            hottest(self.noise_free, center, radius),
        ) else {
            return;
        };
        for (claimed, finding) in claimed.iter_mut().zip(&self.detection.findings) {
            *claimed |= place(grid, finding.statistics.max_at).distance(center) <= radius + 4.0
                || finding.mask.contains(hottest);
        }
        let truth_max = self.noise_free.value(truth).unwrap_or(0.0);
        let (background, _) = self.petct.surroundings(lesion);
        if truth_max < LEAST_SUV || truth_max < LEAST_CONTRAST * background {
            return;
        }
        score.wanted += 1;
        let found = self.detection.findings.iter().find(|f| f.mask.contains(hottest));
        let told = |what: String| {
            format!(
                "{} of {:.1} mm, SUV {truth_max:.1}: {what}",
                lesion.site, lesion.diameter_mm
            )
        };
        match found.map(|f| (f, &f.physiological)) {
            None => score.missed.push(told("no finding".to_owned())),
            Some((_, Some(why))) => score.missed.push(told(format!("{}, {}", why.organ, why.reason))),
            Some((finding, None)) => self.found(lesion, finding, truth, score),
        }
    }

    fn found(&self, lesion: &Lesion, finding: &Finding, truth: [usize; 3], score: &mut Score) {
        score.sited += 1;
        if !regions_of(lesion.site).contains(&finding.site.region) {
            score.missited.push(format!("{}: {}", lesion.site, finding.site));
        }
        if lesion.diameter_mm < LEAST_DIAMETER_MM {
            return;
        }
        let at = |n: usize| self.noise_free.voxels().get(n).unwrap_or(0.0);
        let values = Values {
            grid: self.noise_free.grid(),
            at: &at,
        };
        let max = self.noise_free.value(truth).unwrap_or(0.0);
        for boundary in &finding.boundaries {
            let threshold = match boundary.rule {
                UptakeThreshold::Fixed { suv } => suv,
                UptakeThreshold::OfMax { fraction } => fraction * max,
                _ => continue,
            };
            let reach = lesion.diameter_mm / 2.0 + MARGIN_MM;
            let seed = index(self.noise_free.grid(), truth);
            if let Some(expected) = contained(&values, seed, threshold, Point::from(lesion.centre_mm), reach)
            {
                score
                    .volumes
                    .push((boundary.rule, boundary.mtv_ml / expected - 1.0));
            }
        }
    }

    /// A finding that is no lesion's.
    fn other(&self, finding: &Finding, score: &mut Score) {
        let at = place(self.pet.grid(), finding.statistics.max_at);
        let organ = self.organ_near(at);
        let told = || {
            let verdict = finding
                .physiological
                .as_ref()
                .map_or("lesion", |why| why.organ.label());
            format!(
                "{} at SUV {:.1}, {:.1} mL: {verdict}, in truth {}",
                finding.site,
                finding.statistics.max,
                finding.statistics.volume_ml,
                organ.name()
            )
        };
        let verdict = finding.physiological.as_ref().map(|why| why.organ);
        if verdict.is_none() {
            score.false_positives.push(told());
        }
        score.physiological += 1;
        let right = match organ {
            Organ::Brain => verdict == Some(Set::Brain),
            Organ::Heart => verdict == Some(Set::Heart),
            // Calyces and pelvis hold urine within the kidney.
            Organ::Kidney | Organ::UrinaryTract => matches!(verdict, Some(Set::Kidney | Set::UrinaryTract)),
            Organ::Liver => verdict == Some(Set::Liver),
            Organ::Spleen => verdict == Some(Set::Spleen),
            Organ::Stomach => verdict == Some(Set::Stomach),
            Organ::Bowel => verdict == Some(Set::Bowel),
            Organ::Gland => verdict == Some(Set::SalivaryGlands),
            _ => false,
        };
        if !right {
            score.misjudged.push(told());
        }
    }

    /// The physiological organ nearest to a place, within 9 mm.
    fn organ_near(&self, at: Point<Patient>) -> Organ {
        let takes_up = |organ: &Organ| {
            !matches!(
                organ,
                Organ::None
                    | Organ::Fat
                    | Organ::Muscle
                    | Organ::Lung
                    | Organ::Bone
                    | Organ::SpinalCord
                    | Organ::Airway
                    | Organ::Aorta
            )
        };
        let grid = self.organs.grid();
        let mut best = (9.0, Organ::None);
        each_near(grid, at, 9.0, |voxel, distance| {
            let label = self.organs.value(voxel).unwrap_or(0.0) as usize;
            if let Some(organ) = Organ::ALL.get(label).filter(|organ| takes_up(organ))
                && distance < best.0
            {
                best = (distance, *organ);
            }
        });
        best.1
    }
}

/// Volume of the voxels at or above a threshold joined to a seed; `None` when they reach beyond `reach_mm`.
fn contained(
    values: &Values<'_>,
    seed: usize,
    threshold: f64,
    center: Point<Patient>,
    reach_mm: f64,
) -> Option<f64> {
    let mut seen = std::collections::BTreeSet::from([seed]);
    let mut open = vec![seed];
    let [columns, rows, _] = values.grid.size();
    while let Some(index) = open.pop() {
        let voxel = [index % columns, index / columns % rows, index / (columns * rows)];
        if place(values.grid, voxel).distance(center) > reach_mm {
            return None;
        }
        for n in (0..27).filter(|n| *n != 13) {
            let offset = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1];
            let at = [0, 1, 2].map(|a| voxel[a] as i64 + offset[a]);
            if at
                .iter()
                .zip(values.grid.size())
                .any(|(v, size)| *v < 0 || *v >= size as i64)
            {
                continue;
            }
            let other = self::index(values.grid, at.map(|v| v as usize));
            if (values.at)(other) >= threshold && seen.insert(other) {
                open.push(other);
            }
        }
    }
    Some(seen.len() as f64 * values.grid.voxel_ml(0))
}

fn index(grid: &Grid, [i, j, k]: [usize; 3]) -> usize {
    let [columns, rows, _] = grid.size();
    (k * rows + j) * columns + i
}

fn place(grid: &Grid, voxel: [usize; 3]) -> Point<Patient> {
    grid.patient(Point::<Voxel>::from(voxel.map(|v| v as f64)))
}

/// The hottest voxel whose center lies within `radius_mm` of a place.
fn hottest(volume: &Volume, center: Point<Patient>, radius_mm: f64) -> Option<[usize; 3]> {
    let mut best: Option<([usize; 3], f64)> = None;
    each_near(volume.grid(), center, radius_mm, |voxel, _| {
        let value = volume.value(voxel).unwrap_or(0.0);
        if best.is_none_or(|best| value > best.1) {
            best = Some((voxel, value));
        }
    });
    best.map(|best| best.0)
}

/// Shows the voxels of an upright grid whose centers lie within `reach_mm` of a place, with their distance.
fn each_near(grid: &Grid, at: Point<Patient>, reach_mm: f64, mut see: impl FnMut([usize; 3], f64)) {
    let (middle, spacing, size) = (grid.voxel(at), grid.spacing_mm(), grid.size());
    let range = |axis: usize| {
        let low = (middle[axis] - reach_mm / spacing[axis]).floor().max(0.0) as usize;
        let high = (middle[axis] + reach_mm / spacing[axis] + 2.0).max(0.0) as usize;
        low..high.min(size[axis])
    };
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let distance = place(grid, [i, j, k]).distance(at);
                if distance <= reach_mm {
                    see([i, j, k], distance);
                }
            }
        }
    }
}

/// What the sites of the generator may be called.
fn regions_of(site: &str) -> &'static [Region] {
    match site.split(',').next().unwrap_or(site) {
        "liver" => &[Region::Liver],
        "spleen" => &[Region::Spleen],
        "lung" => &[Region::Lung],
        "mediastinal lymph node" => &[Region::Mediastinum],
        "cervical lymph node" | "submandibular lymph node" => &[Region::Neck, Region::Head],
        "supraclavicular lymph node" => &[Region::Supraclavicular, Region::Neck],
        "axillary lymph node" => &[Region::Axilla],
        "retroperitoneal lymph node" => &[Region::Retroperitoneum],
        "iliac lymph node" => &[Region::Pelvis],
        "inguinal lymph node" => &[Region::Inguinal],
        "thoracic vertebra" => &[Region::ThoracicSpine],
        "lumbar vertebra" => &[Region::LumbarSpine],
        "iliac bone" => &[Region::PelvicBone],
        "femur" => &[Region::LegBone, Region::PelvicBone],
        _ => &[],
    }
}
