//! Registration against exactly known motions and on real triples: errors, verdicts, processor time, memory.
//!
//! `PEERS_DATA=DIR cargo bench -p benches --bench registration` takes the peers' CT and their moved PETs (`phantom.py`),
//! and those of `peers/moved_pets.py` where `DIR/moved` has them; `-- --triples` takes the PET-CT-MR triples of the
//! shared data, ten perturbations each.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]

use std::path::PathBuf;

use cpu_time::ProcessTime;
use engine::dicom::read::{in_suv, load, suv_conversion};
use engine::geometry::{Affine, Grid, Patient, Point, Vector};
use engine::local::open;
use engine::registration::{Confidence, Flexibility, Options, Registration, Start, register};
use engine::volume::Volume;
use nalgebra::{Matrix3, Vector3};
use serde_json::Value;

type Map = Affine<Patient, Patient>;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--triples") {
        for name in ["sts-001", "sts-013", "sts-020"] {
            triple(name);
        }
    } else if arguments.iter().any(|argument| argument == "--deformable") {
        deformable();
    } else {
        phantom();
    }
}

/// What bending costs after the affine search, and how far it goes.
fn deformable() {
    println!("pair           verdict  CPU s  peak MB");
    if let Some(pet) = benches::peers_pet("pet-small-v2-200x200x300.npy") {
        bend("phantom PET", &benches::ct(), &pet);
    }
    for name in ["sts-001", "sts-013", "sts-020"] {
        if let Some(folder) = shared_data::set(&format!("petct/{name}")) {
            let [ct, mr] = ["CT", "MR_T1"].map(|part| volume(folder.join(part)));
            bend(&format!("{name} MR"), &ct, &mr);
        }
    }
}

fn bend(name: &str, fixed: &Volume, moving: &Volume) {
    let options = Options {
        deformable: Some(Flexibility::default()),
        ..Options::default()
    };
    let begin = ProcessTime::now();
    let registration = register(fixed, moving, &options, &()).expect("nobody cancels");
    let cpu_s = begin.elapsed().as_secs_f64();
    println!(
        "{name:<12} {:>9} {cpu_s:>6.1} {:>8}",
        verdict(&registration),
        peak_mb()
    );
    for reason in &registration.verdict.reasons {
        println!("    {reason}");
    }
}

/// The eight corners of a box.
fn corners(low: [f64; 3], high: [f64; 3]) -> Vec<Point<Patient>> {
    let corner = |n: usize| {
        let side = |axis: usize| if n >> axis & 1 == 0 { low[axis] } else { high[axis] };
        Point::new(side(0), side(1), side(2))
    };
    (0..8).map(corner).collect()
}

/// Mean distance of two maps at some places, mm.
fn apart_mm(places: &[Point<Patient>], a: &Map, b: &Map) -> f64 {
    let apart = places.iter().map(|place| (*a * *place).distance(*b * *place));
    apart.sum::<f64>() / places.len() as f64
}

fn json(path: PathBuf) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The map that a truth file names.
fn map(motion: &Value) -> Map {
    let number = |value: &Value| value.as_f64().expect("a number");
    Affine::new(
        Matrix3::from_fn(|row, column| number(&motion["matrix"][row][column])),
        Vector3::from_fn(|row, _| number(&motion["shift_mm"][row])),
    )
}

fn phantom() {
    let Some(folder) = std::env::var_os("PEERS_DATA").map(PathBuf::from) else {
        println!("skipped: PEERS_DATA names no folder of the peers' volumes");
        return;
    };
    let truth = json(folder.join("truth.json")).expect("the peers' truth.json");
    let mut cases: Vec<(String, String, Map)> = ["small", "medium", "large"]
        .map(|name| {
            let file = format!("pet-{name}-v2-200x200x300.npy");
            (name.to_owned(), file, map(&truth["motions"][name]))
        })
        .into();
    let moved = json(folder.join("moved/truth.json"));
    let moved = moved.iter().filter_map(Value::as_array).flatten();
    cases.extend(
        moved
            .enumerate()
            .map(|(n, motion)| (format!("{n:02}"), format!("moved/{n:02}.npy"), map(motion))),
    );
    let ct = benches::ct();
    let body = corners([-175.0, -120.0, -290.0], [175.0, 120.0, 290.0]);
    println!(
        "case    before    TRE mm   verdict  CPU s  peak MB  (CT and PET: {} MB)",
        (ct.voxels().bytes() + 48_000_000) / 1_000_000
    );
    for (name, file, truth) in cases {
        let pet = benches::peers_pet(&file).expect("PEERS_DATA is set");
        let begin = ProcessTime::now();
        let registration = register(&ct, &pet, &Options::default(), &()).expect("nobody cancels");
        let cpu_s = begin.elapsed().as_secs_f64();
        let error_mm = apart_mm(&body, registration.found.affine_part(), &truth);
        let before_mm = apart_mm(&body, &Map::identity(), &truth);
        println!(
            "{name:>6} {before_mm:>7.1} {error_mm:>9.3} {:>9} {cpu_s:>6.2} {:>8}",
            verdict(&registration),
            peak_mb()
        );
    }
}

fn verdict(registration: &Registration) -> String {
    format!("{:?}", registration.verdict.confidence)
}

/// Most memory that this process held at once, MB; 0 where the system does not say.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    number.unwrap_or(0) / 1000
}

/// A volume of a folder; PET in SUV.
fn volume(folder: PathBuf) -> Volume {
    let opened = open(&[folder], &|_, _| {});
    let series = &opened.studies[0].series[0];
    let stack = &series.sorted.stacks[0];
    let (volume, _) = load(series, stack, &opened.files, &|_, _| {}).expect("a whole series");
    match suv_conversion(series, stack) {
        Ok(conversion) if series.is_emission() => in_suv(volume, &conversion.factors_bw).expect("a factor"),
        _ => volume,
    }
    .in_frame_of_reference(None)
}

/// The same voxels, moved.
fn moved(volume: &Volume, by: &Map) -> Volume {
    let grid =
        Grid::new(volume.grid().size(), *by * *volume.grid().patient_from_voxel()).expect("a moved grid");
    Volume::new(
        grid,
        volume.voxels().clone(),
        volume.rescale(),
        volume.unit().clone(),
    )
    .expect("the same voxels")
}

/// Even numbers from -1 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn direction(&mut self) -> Vector<Patient> {
        loop {
            let vector = Vector::new(self.next(), self.next(), self.next());
            if (0.1..1.0).contains(&vector.norm()) {
                return vector.normalized().expect("not zero");
            }
        }
    }

    /// A turn of up to 10 degrees about a place and a shift of up to 20 mm.
    fn motion(&mut self, about: Point<Patient>) -> Map {
        let turn = Map::rotation(about, self.direction(), self.next().abs() * 10f64.to_radians());
        Map::translation(self.direction() * (self.next().abs() * 20.0)) * turn.expect("a direction")
    }
}

/// PET and MR on the CT of one patient, from ten perturbations of their alignment each.
fn triple(name: &str) {
    let Some(folder) = shared_data::set(&format!("petct/{name}")) else {
        return;
    };
    let ct = volume(folder.join("CT"));
    for (modality, part, tolerance_mm) in [("PET", "PET", 3.0), ("MR", "MR_T1", 2.0)] {
        let moving = volume(folder.join(part));
        let body = corners_of(&ct);
        let from = |moving: &Volume| {
            let options = Options {
                start: Start::From(Map::identity()),
                ..Options::default()
            };
            register(&ct, moving, &options, &()).expect("nobody cancels")
        };
        let own = from(&moving);
        let own_map = *own.found.affine_part();
        let identity = Map::identity();
        println!(
            "{name} {modality} on CT: unperturbed search ends {:.2} mm from the DICOM alignment, {}",
            apart_mm(&body, &own_map, &identity),
            verdict(&own)
        );
        println!("  run  moved mm  to DICOM alignment mm  to unperturbed mm  CPU s  verdict");
        let (mut near_own, mut near_dicom, mut good_outside) = (0, 0, 0);
        for n in 0..10 {
            let by = Random(7919 * n + 17).motion(ct.grid().center());
            let begin = ProcessTime::now();
            let run = from(&moved(&moving, &by));
            let cpu_s = begin.elapsed().as_secs_f64();
            let back = by.inverse().expect("a motion") * *run.found.affine_part();
            let (dicom_mm, own_mm) = (
                apart_mm(&body, &back, &identity),
                apart_mm(&body, &back, &own_map),
            );
            let wanted_mm = if modality == "PET" { dicom_mm } else { own_mm };
            near_own += usize::from(own_mm <= tolerance_mm);
            near_dicom += usize::from(dicom_mm <= tolerance_mm);
            good_outside +=
                usize::from(wanted_mm > tolerance_mm && run.verdict.confidence == Confidence::Good);
            println!(
                "  {n:>3} {:>9.1} {dicom_mm:>22.2} {own_mm:>18.2} {cpu_s:>6.1}  {}",
                apart_mm(&body, &by, &identity),
                verdict(&run)
            );
        }
        println!(
            "  within {tolerance_mm} mm: {near_own} of 10 of the unperturbed solution, {near_dicom} of 10 of the DICOM alignment; outside and good: {good_outside}"
        );
    }
}

/// The corners of a volume's cropped field of view, which the body fills.
fn corners_of(volume: &Volume) -> Vec<Point<Patient>> {
    volume.grid().corners().to_vec()
}
