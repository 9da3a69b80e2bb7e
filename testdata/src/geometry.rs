//! One water phantom with markers at known places, in stacks of every geometry a CT can make.

use codec::TransferSyntax;
use engine::dicom::write::{CharacterSet, CtImage, DateTime, ImagePlane, Pixels, ct_image};
use engine::geometry::{Point, Vector};
use engine::volume::Rescale;
use rayon::prelude::*;
use serde::Serialize;

use crate::elementary::{exp, radians, sin_cos};
use crate::identity::Identity;
use crate::output::{Output, Result};
use crate::{Options, Size};

const RESCALE: Rescale = Rescale {
    slope: 1.0,
    intercept: -1024.0,
};
const START: DateTime = DateTime::new(2024, 6, 9, 8, 0, 0);
/// Half the phantom's length and its radius, mm.
const HALF_LENGTH_MM: f64 = 95.0;
const PHANTOM_RADIUS_MM: f64 = 110.0;
/// CT numbers: markers over water, letters.
const MARKER_HU: f64 = 1000.0;
const LETTER_HU: f64 = 500.0;
/// Side of a letter's cell, mm.
const CELL_MM: f64 = 5.0;

/// Markers: name, place. No two lie alike with respect to any axis.
const MARKERS: [(&str, [f64; 3]); 9] = [
    ("centre", [0.0, 0.0, 0.0]),
    ("left anterior head", [52.0, -40.0, 61.0]),
    ("right anterior head", [-43.0, -47.0, 55.0]),
    ("left posterior head", [38.0, 51.0, 47.0]),
    ("right posterior head", [-55.0, 35.0, 64.0]),
    ("left anterior feet", [46.0, -53.0, -58.0]),
    ("right anterior feet", [-50.0, -37.0, -49.0]),
    ("left posterior feet", [57.0, 42.0, -63.0]),
    ("right posterior feet", [-36.0, 56.0, -52.0]),
];

/// A letter of 5 x 7 cells, `#` filled, extruded along an axis.
struct Letter {
    name: &'static str,
    rows: [&'static str; 7],
    /// Middle of the letter.
    centre: [f64; 3],
    /// Axes along the letter's columns and down its rows, as axis and sign.
    across: (usize, f64),
    down: (usize, f64),
    /// Axis of extrusion and half the length, mm.
    through: (usize, f64),
}

const LETTERS: [Letter; 6] = [
    axial(
        "L",
        ["#....", "#....", "#....", "#....", "#....", "#....", "#####"],
        [82.0, 0.0, 0.0],
    ),
    axial(
        "R",
        ["####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"],
        [-82.0, 0.0, 0.0],
    ),
    axial(
        "A",
        [".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"],
        [0.0, -82.0, 0.0],
    ),
    axial(
        "P",
        ["####.", "#...#", "#...#", "####.", "#....", "#....", "#...."],
        [0.0, 82.0, 0.0],
    ),
    coronal(
        "H",
        ["#...#", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"],
        [0.0, 0.0, 70.0],
    ),
    coronal(
        "F",
        ["#####", "#....", "#....", "####.", "#....", "#....", "#...."],
        [0.0, 0.0, -70.0],
    ),
];

/// A letter read in axial images: left is right in the image, posterior is down.
const fn axial(name: &'static str, rows: [&'static str; 7], centre: [f64; 3]) -> Letter {
    Letter {
        name,
        rows,
        centre,
        across: (0, 1.0),
        down: (1, 1.0),
        through: (2, 45.0),
    }
}

/// A letter read in coronal images: left is right in the image, feet are down.
const fn coronal(name: &'static str, rows: [&'static str; 7], centre: [f64; 3]) -> Letter {
    Letter {
        name,
        rows,
        centre,
        across: (0, 1.0),
        down: (2, -1.0),
        through: (1, 30.0),
    }
}

impl Letter {
    fn contains(&self, p: [f64; 3]) -> bool {
        let offset = [0, 1, 2].map(|a| p[a] - self.centre[a]);
        let column = offset[self.across.0] * self.across.1 / CELL_MM + 2.5;
        let row = offset[self.down.0] * self.down.1 / CELL_MM + 3.5;
        let within = (0.0..5.0).contains(&column) && (0.0..7.0).contains(&row);
        within
            && offset[self.through.0].abs() <= self.through.1
            && self.rows[row as usize].as_bytes()[column as usize] == b'#'
    }
}

/// CT number at a place; markers are Gaussians of a width in mm.
fn hounsfield(p: [f64; 3], marker_sigma_mm: f64) -> f64 {
    let radial = p[0] * p[0] + p[1] * p[1];
    if radial > PHANTOM_RADIUS_MM * PHANTOM_RADIUS_MM || p[2].abs() > HALF_LENGTH_MM {
        return -1000.0;
    }
    let base = if LETTERS.iter().any(|letter| letter.contains(p)) {
        LETTER_HU
    } else {
        0.0
    };
    let reach = 5.0 * marker_sigma_mm;
    let marker = |(_, at): &(&str, [f64; 3])| {
        let squared: f64 = (0..3).map(|a| (p[a] - at[a]) * (p[a] - at[a])).sum();
        if squared > reach * reach {
            0.0
        } else {
            MARKER_HU * exp(-squared / (2.0 * marker_sigma_mm * marker_sigma_mm))
        }
    };
    base + MARKERS.iter().map(marker).sum::<f64>()
}

/// A stack of CT images.
struct Stack {
    name: &'static str,
    description: &'static str,
    columns: usize,
    rows: usize,
    spacing_mm: f64,
    row_direction: [f64; 3],
    column_direction: [f64; 3],
    /// Centre of the first pixel of each image.
    positions: Vec<[f64; 3]>,
    thickness_mm: f64,
    tilt_degrees: f64,
}

fn along(from: [f64; 3], direction: [f64; 3], by: f64) -> [f64; 3] {
    [0, 1, 2].map(|a| from[a] + direction[a] * by)
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Directions as DICOM stores them: nine decimals, so that what is painted is what is written.
fn rounded(v: [f64; 3]) -> [f64; 3] {
    v.map(|c| (c * 1e9).round() / 1e9)
}

struct Sampling {
    count: usize,
    spacing_mm: f64,
    slices: usize,
    step_mm: f64,
}

fn sampling(size: Size) -> Sampling {
    match size {
        Size::Tiny => Sampling {
            count: 44,
            spacing_mm: 5.5,
            slices: 30,
            step_mm: 7.0,
        },
        Size::Normal | Size::Bench => Sampling {
            count: 116,
            spacing_mm: 2.1,
            slices: 72,
            step_mm: 2.9,
        },
    }
}

/// A stack centred on the phantom, its images `step` apart from each other.
fn centred(
    s: &Sampling,
    name: &'static str,
    description: &'static str,
    [row, column]: [[f64; 3]; 2],
    step: [f64; 3],
    offsets: &[f64],
) -> Stack {
    let half = s.spacing_mm * (s.count as f64 - 1.0) / 2.0;
    let middle = offsets[offsets.len() - 1] / 2.0;
    let corner = along(along([1.3, -0.7, 0.4], row, -half), column, -half);
    let position = |offset: &f64| along(corner, step, offset - middle).map(|v| (v * 1e6).round() / 1e6);
    Stack {
        name,
        description,
        columns: s.count,
        rows: s.count,
        spacing_mm: s.spacing_mm,
        row_direction: row,
        column_direction: column,
        positions: offsets.iter().map(position).collect(),
        thickness_mm: s.step_mm,
        tilt_degrees: 0.0,
    }
}

const X: [f64; 3] = [1.0, 0.0, 0.0];
const Y: [f64; 3] = [0.0, 1.0, 0.0];
const Z: [f64; 3] = [0.0, 0.0, 1.0];
const TILT_DEGREES: f64 = 18.0;

fn stacks(size: Size) -> Vec<Stack> {
    let s = sampling(size);
    let even: Vec<f64> = (0..s.slices).map(|k| k as f64 * s.step_mm).collect();
    // Every fourth gap is doubled, every sixth halved.
    let mut uneven = vec![0.0];
    for k in 1..s.slices * 4 / 5 {
        let gap = if k % 4 == 0 {
            2.0
        } else if k % 6 == 0 {
            0.5
        } else {
            1.0
        };
        uneven.push(uneven[k - 1] + gap * s.step_mm);
    }
    let (sine_x, cosine_x) = sin_cos(radians(24.0));
    let (sine_z, cosine_z) = sin_cos(radians(17.0));
    let row = rounded([cosine_z, sine_z, 0.0]);
    let column = rounded([-sine_z * cosine_x, cosine_z * cosine_x, sine_x]);
    let (sine, cosine) = sin_cos(radians(TILT_DEGREES));
    let tilted = rounded([0.0, cosine, -sine]);
    let coronal = [X, [0.0, 0.0, -1.0]];
    vec![
        centred(&s, "axial", "axial", [X, Y], Z, &even),
        centred(&s, "coronal", "coronal", coronal, Y, &even),
        centred(
            &s,
            "oblique",
            "double oblique",
            [row, column],
            cross(row, column),
            &even,
        ),
        Stack {
            tilt_degrees: TILT_DEGREES,
            ..centred(&s, "tilted", "gantry tilt, sheared", [X, tilted], Z, &even)
        },
        centred(&s, "uneven", "uneven gaps", [X, Y], Z, &uneven),
    ]
}

impl Stack {
    fn plane(&self, k: usize) -> ImagePlane {
        ImagePlane {
            position: Point::from(self.positions[k]),
            row_direction: Vector::from(self.row_direction),
            column_direction: Vector::from(self.column_direction),
            pixel_spacing_mm: [self.spacing_mm; 2],
            slice_thickness_mm: self.thickness_mm,
        }
    }

    fn stored(&self, k: usize, marker_sigma_mm: f64) -> Vec<i16> {
        let pixel = |n: usize| {
            let (i, j) = ((n % self.columns) as f64, (n / self.columns) as f64);
            let p = along(
                along(self.positions[k], self.row_direction, i * self.spacing_mm),
                self.column_direction,
                j * self.spacing_mm,
            );
            (hounsfield(p, marker_sigma_mm) - RESCALE.intercept).round() as i16
        };
        (0..self.columns * self.rows).map(pixel).collect()
    }

    /// Column and row of a place, and its slice: fractions between neighbouring images.
    fn voxel(&self, p: [f64; 3]) -> [f64; 3] {
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let sub = |a: [f64; 3], b: [f64; 3]| [0, 1, 2].map(|n| a[n] - b[n]);
        let normal = cross(self.row_direction, self.column_direction);
        let height = |k: usize| dot(sub(p, self.positions[k]), normal);
        let rising = height(0) > height(self.positions.len() - 1);
        let passed = |k: &usize| (height(*k) >= 0.0) == rising;
        let below = (0..self.positions.len())
            .filter(passed)
            .count()
            .clamp(1, self.positions.len() - 1)
            - 1;
        let t = height(below) / (height(below) - height(below + 1));
        let origin = along(
            self.positions[below],
            sub(self.positions[below + 1], self.positions[below]),
            t,
        );
        let offset = sub(p, origin);
        [
            dot(offset, self.row_direction) / self.spacing_mm,
            dot(offset, self.column_direction) / self.spacing_mm,
            below as f64 + t,
        ]
    }
}

#[derive(Serialize)]
struct Truth {
    size: &'static str,
    study_instance_uid: String,
    frame_of_reference_uid: String,
    marker_hu: f64,
    marker_sigma_mm: f64,
    letter_hu: f64,
    letter_cell_mm: f64,
    letters: Vec<LetterTruth>,
    series: Vec<SeriesTruth>,
}

#[derive(Serialize)]
struct LetterTruth {
    name: &'static str,
    centre_mm: [f64; 3],
    rows: [&'static str; 7],
}

#[derive(Serialize)]
struct SeriesTruth {
    name: &'static str,
    series_instance_uid: String,
    images: usize,
    row_direction: [f64; 3],
    column_direction: [f64; 3],
    gantry_tilt_degrees: f64,
    markers: Vec<MarkerTruth>,
}

#[derive(Serialize)]
struct MarkerTruth {
    name: &'static str,
    place_mm: [f64; 3],
    /// Column, row, image in the order of the positions along the stack, from 0.
    voxel: [f64; 3],
}

fn identity(options: &Options) -> Identity {
    Identity {
        name: "geometry",
        patient: "Phantom^Geometry",
        character_set: CharacterSet::Latin1,
        description: "Geometry phantom (synthetic)",
        start: START,
        body_part: "",
        weight_kg: 7.2,
        options: *options,
    }
}

/// Number of files that [`write`] makes.
pub fn files(size: Size) -> u64 {
    stacks(size)
        .iter()
        .map(|stack| stack.positions.len() as u64)
        .sum::<u64>()
        + 1
}

/// Writes all stacks and the truth.
pub fn write(options: &Options, output: &mut Output<'_>) -> Result<()> {
    let identity = identity(options);
    // Wide enough for the coarsest step of the grid, so that a fit finds the centre.
    let marker_sigma_mm = sampling(options.size).step_mm * 0.75;
    let stacks = stacks(options.size);
    for (number, stack) in stacks.iter().enumerate() {
        let image = |k| file(&identity, stack, number as i64 + 1, k, marker_sigma_mm);
        let images: Vec<Vec<u8>> = (0..stack.positions.len())
            .into_par_iter()
            .map(image)
            .collect::<Result<_>>()?;
        for (k, bytes) in images.into_iter().enumerate() {
            output.put(&format!("{}/{:04}.dcm", stack.name, k + 1), bytes)?;
        }
    }
    let marker = |stack: &Stack, (name, place_mm): (&'static str, [f64; 3])| MarkerTruth {
        name,
        place_mm,
        voxel: stack.voxel(place_mm),
    };
    let truth = Truth {
        size: options.size.name(),
        study_instance_uid: identity.uid(&["study"]),
        frame_of_reference_uid: identity.frame_of_reference_uid(),
        marker_hu: MARKER_HU,
        marker_sigma_mm,
        letter_hu: LETTER_HU,
        letter_cell_mm: CELL_MM,
        letters: LETTERS
            .iter()
            .map(|letter| LetterTruth {
                name: letter.name,
                centre_mm: letter.centre,
                rows: letter.rows,
            })
            .collect(),
        series: stacks
            .iter()
            .map(|stack| SeriesTruth {
                name: stack.name,
                series_instance_uid: identity.series_uid(stack.name),
                images: stack.positions.len(),
                row_direction: stack.row_direction,
                column_direction: stack.column_direction,
                gantry_tilt_degrees: stack.tilt_degrees,
                markers: MARKERS.into_iter().map(|m| marker(stack, m)).collect(),
            })
            .collect(),
    };
    output.put_json("truth.json", &truth)
}

/// Instances are numbered in an order that is not that of their positions.
fn file(identity: &Identity, stack: &Stack, series_number: i64, k: usize, sigma_mm: f64) -> Result<Vec<u8>> {
    let count = stack.positions.len();
    let number = (k * 7 % count
        + if count.is_multiple_of(7) {
            k / (count / 7)
        } else {
            0
        }) as i64
        + 1;
    let series = identity.series(stack.name, series_number, stack.description, START);
    let image = CtImage {
        sop_instance_uid: identity.uid(&[stack.name, &k.to_string()]),
        instance_number: number,
        acquired: START.plus_s(number as f64),
        plane: stack.plane(k),
        rescale: RESCALE,
        window: [200.0, 1600.0],
        tube_voltage_kv: 120.0,
        tube_current_ma: 200,
        gantry_tilt_degrees: stack.tilt_degrees,
        pixels: Pixels::from_i16(
            stack.columns as u32,
            stack.rows as u32,
            &stack.stored(k, sigma_mm),
        ),
    };
    Ok(ct_image(&identity.study(), &series, image).encode(TransferSyntax::ExplicitLittleEndian)?)
}
