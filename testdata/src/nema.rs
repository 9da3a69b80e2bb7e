//! A body phantom with six hot spheres, after NEMA NU 2 and IEC 61675-1: uptake known exactly.

use engine::dicom::write::{CharacterSet, DateTime};
use engine::geometry::Grid;
use rayon::prelude::*;
use serde::Serialize;

use crate::anatomy::{Body, Organ, Shape, Solid, Texture, Tissue};
use crate::elementary::{ellipsoid_ml, radians, sin_cos};
use crate::identity::Identity;
use crate::injection::{FDG, Injection, InjectionTruth};
use crate::lesion::{self, Lesion};
use crate::measure::{Peaks, Statistics, Values};
use crate::output::{Output, Result};
use crate::paint::{Painter, Pose, Quantity, Slice, voxel_mm};
use crate::scan::{self, Scan, Scanner};
use crate::size::upright;
use crate::{Options, Size};

/// Inner diameters of the spheres, mm.
const DIAMETERS_MM: [f64; 6] = [10.0, 13.0, 17.0, 22.0, 28.0, 37.0];
/// Distance of their centres from the phantom's axis, mm.
const RADIUS_MM: f64 = 57.2;
/// Background and sphere uptake, SUV: activity ratio 4 to 1.
const BACKGROUND_SUV: f32 = 1.0;
const SPHERE_SUV: f64 = 4.0;
/// Diameter of the lung insert, mm.
const INSERT_MM: f32 = 51.0;
const SCANNER: Scanner = Scanner {
    psf_fwhm_mm: 6.0,
    noise: 0.08 * 2.6,
};
/// Filled with water: 9.75 kg; the activity makes the background 1 SUV by definition of the filling.
const INJECTION: Injection = Injection {
    tracer: FDG,
    activity_bq: 52_000_000.0,
    injected: DateTime::new(2024, 6, 8, 9, 0, 0),
    image_start: DateTime::new(2024, 6, 8, 9, 30, 0),
    weight_kg: 9.75,
};

#[derive(Serialize)]
struct Truth {
    seed: u64,
    size: &'static str,
    study_instance_uid: String,
    series_instance_uid: String,
    injection: InjectionTruth,
    psf_fwhm_mm: f64,
    background_suv: f32,
    activity_ratio: f64,
    insert: InsertTruth,
    spheres: Vec<SphereTruth>,
    background: Vec<Statistics>,
}

#[derive(Serialize)]
struct InsertTruth {
    diameter_mm: f32,
    axis_mm: [f64; 2],
    suv: f32,
}

#[derive(Serialize)]
struct SphereTruth {
    centre_mm: [f64; 3],
    diameter_mm: f64,
    volume_ml: f64,
    suv: f64,
    stored: Option<Statistics>,
    noise_free: Option<Statistics>,
    suv_peak: Option<Peaks>,
}

fn grid(size: Size) -> Grid {
    match size {
        Size::Tiny => upright([62, 52, 26], [5.2, 5.2, 7.0], [-158.6, -130.3, -87.5]),
        Size::Normal => upright([160, 128, 70], [2.04, 2.04, 2.78], [-162.2, -129.6, -95.9]),
        Size::Bench => upright([200, 160, 95], [1.65, 1.65, 2.027], [-164.2, -131.2, -95.3]),
    }
}

fn even(suv: f32) -> Tissue {
    Tissue {
        hu: 0.0,
        suv,
        organ: Organ::None,
        texture: Texture::Even,
    }
}

/// The phantom without its spheres: a round top, a flat bottom with round corners, the insert.
fn body(seed: u64) -> Body {
    let length = |shape: Shape| {
        shape.within([
            Shape::below([0.0, 0.0, 1.0], 90.0),
            Shape::below([0.0, 0.0, -1.0], 90.0),
        ])
    };
    let cylinder = |x: f32, y: f32, radius: f32| Shape::tube([x, y, -500.0], [x, y, 500.0], radius, radius);
    let outside = Shape::union(
        vec![
            // The upper half of a circle of 147 mm, two of 77 mm at the lower corners, the block between.
            cylinder(0.0, 35.0, 147.0).within([Shape::below([0.0, 1.0, 0.0], 35.0)]),
            cylinder(70.0, 35.0, 77.0),
            cylinder(-70.0, 35.0, 77.0),
            Shape::slab([0.0, 73.5, 0.0], [70.0, 38.5, 500.0], 0.0),
        ],
        0.0,
    );
    Body {
        solids: vec![
            Solid::of(length(outside), even(BACKGROUND_SUV)),
            Solid::of(length(cylinder(0.0, 0.0, INSERT_MM / 2.0)), even(0.0)),
        ],
        seed,
    }
}

fn spheres() -> Vec<Lesion> {
    let sphere = |(n, diameter_mm): (usize, &f64)| {
        let (sine, cosine) = sin_cos(radians(60.0 * n as f64));
        let round = |v: f64| (v * 1000.0).round() / 1000.0;
        Lesion {
            number: n + 1,
            site: "sphere",
            centre_mm: [round(RADIUS_MM * cosine), round(-RADIUS_MM * sine), 0.0],
            diameter_mm: *diameter_mm,
            suv: SPHERE_SUV,
            core: None,
            hu: 0.0,
        }
    };
    DIAMETERS_MM.iter().enumerate().map(sphere).collect()
}

fn scan_phantom(options: &Options) -> Scan {
    let grid = grid(options.size);
    let [columns, rows, _] = grid.size();
    let body = body(options.seed);
    let painter = Painter::new(&body, Quantity::Uptake, voxel_mm(&grid));
    let mut uptake = vec![0.0f32; grid.voxels()];
    uptake
        .par_chunks_mut(columns * rows)
        .enumerate()
        .for_each(|(k, slice)| {
            painter.paint(&Slice::of(&grid, k, &Pose::REST), slice, None);
        });
    lesion::paint(&spheres(), &grid, &Pose::REST, &mut uptake);
    Scan::of(uptake, grid, SCANNER, options.seed, &INJECTION)
}

fn sphere_truth(scan: &Scan, sphere: &Lesion) -> SphereTruth {
    let (stored_at, noise_free_at) = (|n: usize| scan.suv(n), |n: usize| f64::from(scan.noise_free[n]));
    let stored = Values {
        grid: &scan.grid,
        at: &stored_at,
    };
    let noise_free = Values {
        grid: &scan.grid,
        at: &noise_free_at,
    };
    let voxels = stored.voxels_in(sphere.centre_mm, sphere.diameter_mm / 2.0, |p| sphere.contains(p));
    SphereTruth {
        centre_mm: sphere.centre_mm,
        diameter_mm: sphere.diameter_mm,
        volume_ml: ellipsoid_ml([sphere.diameter_mm / 2.0; 3]),
        suv: sphere.suv,
        stored: stored.statistics(&voxels),
        noise_free: noise_free.statistics(&voxels),
        suv_peak: stored.peaks(&voxels),
    }
}

/// Background regions of 37 mm at the phantom's edge, in the spheres' slice.
fn background(scan: &Scan) -> Vec<Statistics> {
    let at = |n: usize| scan.suv(n);
    let values = Values {
        grid: &scan.grid,
        at: &at,
    };
    let middle = (scan.grid.voxel([0.0; 3].into())[2]).round();
    let region = |centre: [f64; 2]| {
        let z = scan.grid.patient([0.0, 0.0, middle].into())[2];
        let inside = |p: [f64; 3]| {
            let (x, y) = (p[0] - centre[0], p[1] - centre[1]);
            x * x + y * y <= 18.5 * 18.5 && (p[2] - z).abs() < 0.01
        };
        values.statistics(&values.voxels_in([centre[0], centre[1], z], 18.5, inside))
    };
    let centres = [
        [-105.0, 40.0],
        [105.0, 40.0],
        [0.0, 88.0],
        [-70.0, 85.0],
        [70.0, 85.0],
        [0.0, -88.0],
    ];
    centres.into_iter().filter_map(region).collect()
}

/// Number of files that [`write`] makes.
pub fn files(size: Size) -> u64 {
    grid(size).size()[2] as u64 + 1
}

/// Writes the series and the truth.
pub fn write(options: &Options, output: &mut Output<'_>) -> Result<()> {
    let identity = Identity {
        name: "nema",
        patient: "Phantom^Body=模体^体部",
        character_set: CharacterSet::Gb18030,
        description: "PET body phantom, six spheres (synthetic)",
        start: DateTime::new(2024, 6, 8, 9, 0, 0),
        body_part: "",
        weight_kg: INJECTION.weight_kg,
        options: *options,
    };
    let scan = scan_phantom(options);
    let series = identity.series("pet", 1, "PET body phantom", INJECTION.image_start);
    scan::write(&identity, "pet", &series, &scan, &INJECTION, output)?;
    let truth = Truth {
        seed: options.seed,
        size: options.size.name(),
        study_instance_uid: identity.uid(&["study"]),
        series_instance_uid: identity.series_uid("pet"),
        injection: INJECTION.truth(),
        psf_fwhm_mm: SCANNER.psf_fwhm_mm,
        background_suv: BACKGROUND_SUV,
        activity_ratio: SPHERE_SUV / f64::from(BACKGROUND_SUV),
        insert: InsertTruth {
            diameter_mm: INSERT_MM,
            axis_mm: [0.0, 0.0],
            suv: 0.0,
        },
        spheres: spheres()
            .iter()
            .map(|sphere| sphere_truth(&scan, sphere))
            .collect(),
        background: background(&scan),
    };
    output.put_json("truth.json", &truth)
}
