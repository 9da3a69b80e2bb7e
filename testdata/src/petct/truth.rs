//! The known answers of the PET-CT, written beside it as `truth.json`.

use engine::geometry::Grid;
use serde::Serialize;

use super::{INJECTION, PetCt, SCANNER};
use crate::anatomy::vector::norm;
use crate::injection::InjectionTruth;
use crate::lesion::{self, Lesion};
use crate::measure::{Peaks, Region, Statistics, Values};
use crate::output::{Output, Result};
use crate::paint::{Painter, Quantity};
use crate::scan::Scan;

const PEAK_RULE: &str = "sphere of 1 cm3 (radius 6.2035049 mm), voxels outside the lesion count, cut at the image's edge; \
local: on the hottest voxel of the lesion's mask, voxel centres inside; global: the largest over all voxels of the mask; \
global_pv: as global, voxels weighted by the exact share of them in the sphere";
const REGION_RULE: &str = "voxels >= threshold, connected over 26 neighbours with the hottest voxel of the lesion's mask, \
anywhere in the image; 41 % is of the lesion's own maximum; a region may run into neighbouring uptake";

#[derive(Serialize)]
struct Truth<'a> {
    seed: u64,
    size: &'static str,
    study_instance_uid: String,
    frame_of_reference_uid: String,
    ct: SeriesTruth,
    pet: SeriesTruth,
    injection: InjectionTruth,
    psf_fwhm_mm: f64,
    mask_rule: &'static str,
    peak_rule: &'static str,
    region_rule: &'static str,
    lesions: Vec<LesionTruth<'a>>,
    references: Vec<ReferenceTruth>,
    fiducials: Vec<Fiducial>,
}

#[derive(Serialize)]
struct SeriesTruth {
    series_instance_uid: String,
    size: [usize; 3],
    spacing_mm: [f64; 3],
    first_voxel_mm: [f64; 3],
}

#[derive(Serialize)]
struct LesionTruth<'a> {
    number: usize,
    site: &'a str,
    centre_mm: [f64; 3],
    diameter_mm: f64,
    volume_ml: f64,
    suv: f64,
    core_diameter_mm: Option<f64>,
    core_suv: Option<f64>,
    background_suv: f64,
    contrast: f64,
    hottest_background_suv: f64,
    nearest_physiological: &'static str,
    physiological_distance_mm: f64,
    stored: Option<Measures>,
    noise_free: Option<Measures>,
}

/// What the voxels whose centres lie in the lesion give.
#[derive(Serialize)]
struct Measures {
    mask: Statistics,
    suv_peak: Peaks,
    fraction_41: Region,
    fixed_2_5: Region,
    fixed_4_0: Region,
}

/// A sphere in one organ, away from lesions.
#[derive(Serialize)]
struct ReferenceTruth {
    organ: &'static str,
    centre_mm: [f64; 3],
    diameter_mm: f64,
    suv: f64,
    stored: Option<Statistics>,
}

/// A named place in the body at rest.
#[derive(Serialize)]
struct Fiducial {
    name: &'static str,
    place_mm: [f64; 3],
}

/// Reference spheres: organ, diameter, places to try in order.
const REFERENCES: [(&str, f64, &[[f64; 3]]); 10] = [
    (
        "liver",
        30.0,
        &[
            [-78.0, 18.0, 284.0],
            [-72.0, -14.0, 250.0],
            [-62.0, 30.0, 300.0],
            [-84.0, -20.0, 294.0],
        ],
    ),
    (
        "spleen",
        16.0,
        &[[102.0, 38.0, 296.0], [102.0, 36.0, 244.0], [104.0, 40.0, 270.0]],
    ),
    ("aorta", 12.0, &[[20.0, 30.0, 390.0], [16.0, 20.0, 320.0]]),
    (
        "lung, right",
        24.0,
        &[[-92.0, -30.0, 430.0], [-60.0, 40.0, 460.0], [-96.0, -20.0, 370.0]],
    ),
    ("left ventricle's blood", 16.0, &[[34.0, -40.0, 376.0]]),
    ("bladder", 30.0, &[[0.0, -26.0, 14.0]]),
    ("brain, cerebellum", 16.0, &[[24.0, 52.0, 706.0]]),
    ("muscle, thigh", 30.0, &[[70.0, 40.0, -120.0]]),
    ("fat, abdomen", 12.0, &[[0.0, -99.0, 80.0]]),
    (
        "marrow, fourth lumbar vertebra",
        14.0,
        &[[0.0, 31.0, 133.5], [0.0, 30.0, 166.5], [0.0, 36.0, 100.5]],
    ),
];

const FIDUCIALS: [(&str, [f64; 3]); 8] = [
    ("carina", [0.0, 4.0, 458.0]),
    ("aortic bifurcation", [3.0, 2.0, 118.0]),
    ("femoral head, left", [89.0, -5.0, 0.0]),
    ("femoral head, right", [-89.0, -5.0, 0.0]),
    ("humeral head, left", [159.0, 10.0, 522.0]),
    ("humeral head, right", [-159.0, 10.0, 522.0]),
    ("eye, left", [32.0, -76.0, 716.0]),
    ("eye, right", [-32.0, -76.0, 716.0]),
];

fn series_truth(petct: &PetCt, name: &str, grid: &Grid) -> SeriesTruth {
    let first = grid.patient_from_voxel().origin();
    SeriesTruth {
        series_instance_uid: petct.identity.series_uid(name),
        size: grid.size(),
        spacing_mm: grid.spacing_mm(),
        first_voxel_mm: [first[0], first[1], first[2]],
    }
}

fn measures(values: &Values<'_>, voxels: &[usize]) -> Option<Measures> {
    let mask = values.statistics(voxels)?;
    Some(Measures {
        suv_peak: values.peaks(voxels)?,
        fraction_41: values.region(voxels, 0.41 * mask.max)?,
        fixed_2_5: values.region(voxels, 2.5)?,
        fixed_4_0: values.region(voxels, 4.0)?,
        mask,
    })
}

/// Indices of the voxels whose centres lie in a lesion.
pub fn voxels_of(petct: &PetCt, values: &Values<'_>, lesion: &Lesion) -> Vec<usize> {
    let centre = petct.pose.scanner_from_body(lesion.centre_mm);
    values.voxels_in(centre, lesion.diameter_mm / 2.0, |p| {
        lesion.contains(petct.pose.body_from_scanner(p))
    })
}

fn lesion_truth<'a>(
    petct: &PetCt,
    stored: &Values<'_>,
    noise_free: &Values<'_>,
    lesion: &'a Lesion,
) -> LesionTruth<'a> {
    let voxels = voxels_of(petct, stored, lesion);
    let (background_suv, hottest_background_suv) = lesion::surroundings(&petct.body, lesion);
    let (organ, physiological_distance_mm) = lesion::nearest_physiological(&petct.body, lesion);
    LesionTruth {
        number: lesion.number,
        site: lesion.site,
        centre_mm: petct.pose.scanner_from_body(lesion.centre_mm),
        diameter_mm: lesion.diameter_mm,
        volume_ml: lesion.volume_ml(),
        suv: lesion.suv,
        core_diameter_mm: lesion.core.map(|core| core.0),
        core_suv: lesion.core.map(|core| core.1),
        background_suv,
        contrast: lesion.suv / background_suv,
        hottest_background_suv,
        nearest_physiological: organ.name(),
        physiological_distance_mm,
        stored: measures(stored, &voxels),
        noise_free: measures(noise_free, &voxels),
    }
}

fn reference_truth(
    petct: &PetCt,
    painter: &Painter<'_>,
    values: &Values<'_>,
    (organ, diameter_mm, places): (&'static str, f64, &[[f64; 3]]),
) -> ReferenceTruth {
    let clear = |place: &&[f64; 3]| {
        petct.lesions.iter().all(|lesion| {
            let step = [0, 1, 2].map(|a| (place[a] - lesion.centre_mm[a]) as f32);
            f64::from(norm(step)) > (diameter_mm + lesion.diameter_mm) / 2.0 + 8.0
        })
    };
    let place = *places.iter().find(clear).unwrap_or(&places[0]);
    let centre_mm = petct.pose.scanner_from_body(place);
    let squared = |p: [f64; 3]| {
        (0..3)
            .map(|a| (p[a] - centre_mm[a]) * (p[a] - centre_mm[a]))
            .sum::<f64>()
    };
    let voxels = values.voxels_in(centre_mm, diameter_mm / 2.0, |p| {
        squared(p) <= diameter_mm * diameter_mm / 4.0
    });
    ReferenceTruth {
        organ,
        centre_mm,
        diameter_mm,
        suv: f64::from(painter.at(place.map(|v| v as f32), 0.0)),
        stored: values.statistics(&voxels),
    }
}

/// Writes the truth.
pub fn write(petct: &PetCt, pet: &Scan, output: &mut Output<'_>) -> Result<()> {
    let painter = Painter::new(&petct.body, Quantity::Uptake, 1.0);
    let (stored_at, noise_free_at) = (|n: usize| pet.suv(n), |n: usize| f64::from(pet.noise_free[n]));
    let stored = Values {
        grid: &pet.grid,
        at: &stored_at,
    };
    let noise_free = Values {
        grid: &pet.grid,
        at: &noise_free_at,
    };
    let lesion = |lesion| lesion_truth(petct, &stored, &noise_free, lesion);
    let truth = Truth {
        seed: petct.identity.options.seed,
        size: petct.identity.options.size.name(),
        study_instance_uid: petct.identity.uid(&["study"]),
        frame_of_reference_uid: petct.identity.frame_of_reference_uid(),
        ct: series_truth(petct, "ct", &petct.identity.options.size.ct_grid()),
        pet: series_truth(petct, "pet", &pet.grid),
        injection: INJECTION.truth(),
        psf_fwhm_mm: SCANNER.psf_fwhm_mm,
        mask_rule: "voxels of the PET whose centres lie in the sphere; null when there are none",
        peak_rule: PEAK_RULE,
        region_rule: REGION_RULE,
        lesions: petct.lesions.iter().map(lesion).collect(),
        references: REFERENCES
            .iter()
            .map(|r| reference_truth(petct, &painter, &stored, *r))
            .collect(),
        fiducials: FIDUCIALS
            .map(|(name, place)| Fiducial {
                name,
                place_mm: petct.pose.scanner_from_body(place),
            })
            .into(),
    };
    output.put_json("truth.json", &truth)
}
