//! Registration objects: `uptake info` names them, `uptake render` fuses by them, `uptake lesions` follows by them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use codec::TransferSyntax;
use codec::dataset::{Limits, read};
use engine::dicom::read::Instance;
use engine::dicom::registration::RegistrationMethod;
use engine::dicom::write::{
    DateTime, Equipment, RegistrationDocument, Series, SourceImages, Study, derived_uid, registration,
};
use engine::geometry::{Affine, Deformation, DisplacementField, Grid, Point, Transform, Vector};
use serde_json::Value;

use crate::command_line::{check_failure, json, petct, pixels, scratch, uptake};

/// Another UID of the same length.
fn other(uid: &str) -> String {
    let (start, last) = uid.split_at(uid.len() - 1);
    let last = (last.parse::<u32>().unwrap() + 1) % 10;
    format!("{start}{last}")
}

fn replaced(bytes: &mut [u8], old: &str, new: &str) {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let places: Vec<usize> = (0..bytes.len().saturating_sub(old.len()))
        .filter(|at| bytes[*at..].starts_with(old))
        .collect();
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
}

/// Copies a folder's objects, with other UIDs in place of those that `uids` gives of an object.
fn copied(from: &Path, to: &Path, uids: &dyn Fn(&Instance) -> Vec<String>) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &target, uids);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let Ok(object) = read(&bytes, Limits::default()) else {
            continue;
        };
        let instance = Instance::new(0, object);
        for uid in uids(&instance).iter().filter(|uid| !uid.is_empty()) {
            replaced(&mut bytes, uid, &other(uid));
        }
        std::fs::write(target, bytes).unwrap();
    }
}

/// The demo's PET/CT with the PET in a frame of reference of its own, as from another machine.
fn two_machines() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = scratch("two-machines");
        copied(Path::new(&petct()), &folder, &|instance| {
            let uid = instance
                .frame_of_reference_uid()
                .filter(|_| instance.modality == "PT");
            uid.into_iter().collect()
        });
        folder.to_str().unwrap().to_owned()
    })
}

/// The images of the first series of a modality, and their study.
fn images(folder: &str, modality: &str) -> (Study, SourceImages) {
    let opened = engine::local::open(&[PathBuf::from(folder)], &|_, _| {});
    let mut series = opened.studies.iter().flat_map(|study| &study.series);
    let series = series.find(|series| series.modality == modality).unwrap();
    let study = Study::of(&series.instances[0]);
    (study, SourceImages::of(series, &series.sorted.stacks[0]))
}

fn written(
    file: &Path,
    fixed: &(Study, SourceImages),
    moving: &SourceImages,
    map: impl Into<Transform>,
) -> String {
    let created = DateTime::new(2026, 3, 4, 11, 30, 15);
    let series = Series {
        series_instance_uid: derived_uid(&["registrations"]),
        number: 90,
        description: "Registration".to_owned(),
        start: created,
        frame_of_reference_uid: None,
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    };
    let document = RegistrationDocument {
        sop_instance_uid: derived_uid(&["registrations", &file.to_string_lossy()]),
        created,
        label: "REGISTRATION".to_owned(),
        description: "by hand".to_owned(),
        creator: String::new(),
        fixed: &fixed.1,
        moving,
        moving_from_fixed: map.into(),
        method: RegistrationMethod::Visual,
        comment: String::new(),
    };
    let object = registration(&fixed.0, &series, document).unwrap();
    std::fs::write(file, object.encode(TransferSyntax::ExplicitLittleEndian).unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn shift(x_mm: f64) -> Affine<engine::geometry::Patient, engine::geometry::Patient> {
    Affine::translation(Vector::new(x_mm, 0.0, 0.0))
}

/// The same as a shift, by displacements everywhere about the body.
fn bent(x_mm: f32) -> Transform {
    let axes = [[200.0, 0.0, 0.0], [0.0, 200.0, 0.0], [0.0, 0.0, 200.0]].map(Vector::from);
    let grid = Grid::new(
        [21; 3],
        Affine::from_axes(axes, Point::new(-2000.0, -2000.0, -2000.0)),
    )
    .unwrap();
    let vectors = vec![[x_mm, 0.0, 0.0]; grid.voxels()];
    Deformation {
        field: DisplacementField::new(grid, vectors.into()).unwrap(),
        affine: Affine::identity(),
    }
    .into()
}

fn fused<'a>(folder: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["render", folder, "--view", "fused", "-o", out];
    arguments.extend(["--size", "120x160", "--annotate", "none"]);
    arguments.extend(more);
    arguments
}

fn picture(folder: &str, out: &Path, view: &[&str], registration: Option<&str>) -> Vec<u8> {
    let registration = registration.into_iter().flat_map(|file| ["--registration", file]);
    let more: Vec<&str> = view.iter().copied().chain(registration).collect();
    let output = uptake(&fused(folder, out.to_str().unwrap(), &more));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    pixels(out)
}

const CORONAL: [&str; 2] = ["--plane", "coronal"];
/// The PET alone, through its hottest place.
const HOTTEST: [&str; 6] = ["--plane", "sagittal", "--at", "max", "--ratio", "1"];

/// Mean difference of two pictures, in levels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.len() as f64
}

#[test]
fn pictures_are_fused_by_a_registration() {
    let folder = scratch("fused-by-registration");
    let file = |name: &str| folder.join(name);
    let (apart, together) = (two_machines(), petct());
    let (ct, pet) = (images(apart, "CT"), images(apart, "PT").1);
    let path = file("none.png");
    check_failure(
        &fused(apart, path.to_str().unwrap(), &[]),
        1,
        "must share a frame of reference or be registered",
    );
    let by = |folder: &str, name: &str, registration: &str| {
        picture(
            folder,
            &file(&format!("{name}.png")),
            &CORONAL,
            Some(registration),
        )
    };
    let aligned = picture(&together, &file("aligned.png"), &CORONAL, None);
    let nothing = written(&file("nothing.dcm"), &ct, &pet, shift(0.0));
    assert_eq!(by(apart, "nothing", &nothing), aligned);
    // Fixed from moving is 24 mm to the left.
    let left = written(&file("left.dcm"), &ct, &pet, shift(-24.0));
    let moved = by(apart, "left", &left);
    let far = difference(&aligned, &moved);
    assert!(far > 1.0, "{far}");
    // The plane through the PET's maximum goes where the PET goes.
    let here = picture(&together, &file("hottest.png"), &HOTTEST, None);
    let there = picture(apart, &file("hottest-left.png"), &HOTTEST, Some(&left));
    assert!(difference(&here, &there) < 0.05, "{}", difference(&here, &there));
    // The patient moved within one scan: one frame of reference, told apart by images.
    let (ct_together, pet_together) = (images(&together, "CT"), images(&together, "PT").1);
    let within = written(&file("within.dcm"), &ct_together, &pet_together, shift(-24.0));
    assert_eq!(by(&together, "within", &within), moved);
    // The same by displacements: the PET is resampled, and a little smoother.
    let bent_left = written(&file("bent.dcm"), &ct, &pet, bent(-24.0));
    let near = difference(&by(apart, "bent", &bent_left), &moved);
    assert!(near < 0.2 * far, "{near} and {far}");
    // The CT deformed into the PET's space: the picture lies there, so that the PET is where it was.
    let pet_fixed = (ct.0.clone(), pet);
    let turned = written(&file("turned.dcm"), &pet_fixed, &ct.1, bent(24.0));
    let there = by(apart, "turned", &turned);
    assert!(there.iter().any(|level| *level > 40) && difference(&there, &aligned) > 1.0);
}

#[test]
fn registrations_of_other_images_are_refused() {
    let folder = scratch("other-registrations");
    let apart = two_machines();
    let (ct, mut pet) = (images(apart, "CT"), images(apart, "PT").1);
    pet.frame_of_reference_uid = Some("1.2.3.4".to_owned());
    pet.series_instance_uid = "1.2.3.5".to_owned();
    for (k, slice) in pet.slices.iter_mut().enumerate() {
        slice.sop_instance_uid = format!("1.2.3.5.{k}");
    }
    let others = written(&folder.join("others.dcm"), &ct, &pet, shift(1.0));
    let path = folder.join("out.png").to_str().unwrap().to_owned();
    let failed = |more: &[&str], code: i32, part: &str| check_failure(&fused(apart, &path, more), code, part);
    failed(
        &["--registration", &others],
        1,
        "must name the images or the frame of reference",
    );
    let plane = ["render", apart, "-o", &path, "--registration", &others];
    check_failure(&plane, 2, "expected a fused view");
    failed(&["--registration", "no-such-file"], 1, "no-such-file");
    let truth = format!("{}/truth.json", petct());
    failed(&["--registration", &truth], 1, "truth.json");
}

#[test]
fn info_names_what_registrations_join() {
    let folder = scratch("info-registrations");
    let apart = two_machines();
    let (ct, pet) = (images(apart, "CT"), images(apart, "PT").1);
    written(&folder.join("matrix.dcm"), &ct, &pet, shift(-24.0));
    written(&folder.join("bent.dcm"), &ct, &pet, bent(-24.0));
    let mut broken = std::fs::read(folder.join("matrix.dcm")).unwrap();
    let uid = derived_uid(&["registrations", &folder.join("matrix.dcm").to_string_lossy()]);
    replaced(&mut broken, &uid, &other(&uid));
    replaced(&mut broken, "1\\0\\0\\24\\", "0\\0\\0\\24\\");
    std::fs::write(folder.join("broken.dcm"), broken).unwrap();
    let folder = folder.to_str().unwrap();
    let report = json(&["info", folder, "--json"]);
    let series = &report["studies"][0]["series"][0];
    assert_eq!(
        (&series["modality"], &series["instances"]),
        (&"REG".into(), &3.into())
    );
    let warnings = series["warnings"].as_array().unwrap();
    assert!(
        warnings
            .iter()
            .any(|one| one["code"] == "registration" && one["text"].to_string().contains("turned round")),
        "{series}"
    );
    let found = series["registrations"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{series}");
    let of_kind = |kind: &str| -> &Value {
        let items = found.iter().flat_map(|one| one["registered"].as_array().unwrap());
        let mut of_kind = items.filter(|item| item["kind"] == kind && item["method"] == "Visual Alignment");
        of_kind.next().unwrap_or_else(|| panic!("{series}"))
    };
    let matrix = of_kind("RIGID")["matrix"].as_array().unwrap();
    assert_eq!(
        (&matrix[0], &matrix[3], &matrix[15]),
        (&1.0.into(), &24.0.into(), &1.0.into())
    );
    assert_eq!(of_kind("DEFORMABLE")["largest_displacement_mm"], 24.0);
    assert_eq!(
        of_kind("RIGID")["series_instance_uids"][0],
        pet.series_instance_uid
    );
    let text = String::from_utf8(uptake(&["info", folder]).stdout).unwrap();
    for part in [
        "RIGID, Visual Alignment: series",
        "DEFORMABLE, Visual Alignment, up to 24.0 mm",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // Other series are as they were.
    let petct = json(&["info", apart, "--json"]);
    assert!(petct["studies"][0]["series"][0]["registrations"].is_null());
}

#[test]
fn lesions_are_followed_by_a_registration() {
    let folder = scratch("followed");
    let prior = folder.join("prior");
    copied(Path::new(&petct()), &prior, &|instance| {
        let space = instance.frame_of_reference_uid().unwrap_or_default();
        let own = [
            &instance.study_instance_uid,
            &instance.series_instance_uid,
            &instance.sop_instance_uid,
        ];
        own.into_iter().cloned().chain([space]).collect()
    });
    let (current, prior) = (petct(), prior.to_str().unwrap().to_owned());
    let follow = |transform: &[&str]| {
        let mut arguments = vec![
            "lesions",
            &current,
            "--prior",
            &prior,
            "--json",
            "--min-volume-ml",
            "0",
        ];
        arguments.extend(transform);
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let tracks = |transform: &[&str]| {
        let arguments = follow(transform);
        let report = json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        report["follow_up"]["tracks"].as_array().unwrap().len()
    };
    let failed = |transform: &[&str], part: &str| {
        let arguments = follow(transform);
        check_failure(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 1, part);
    };
    let (now, before) = (images(&current, "PT"), images(&prior, "PT").1);
    let file = |name: &str| folder.join(name);
    let same = written(&file("same.dcm"), &now, &before, shift(0.0));
    let away = written(&file("away.dcm"), &now, &before, shift(5000.0));
    let bent_little = written(&file("bent.dcm"), &now, &before, bent(3.0));
    // The same, as found from the other exam.
    let (then, later) = ((now.0.clone(), before.clone()), now.1.clone());
    let bent_back = written(&file("back.dcm"), &then, &later, bent(-3.0));
    failed(
        &[],
        "expected --transform with a registration between frame of reference",
    );
    let found = tracks(&["--transform", &same]);
    assert!(found > 0);
    for bent in [&bent_little, &bent_back] {
        assert_eq!(tracks(&["--transform", bent]), found);
    }
    // Five metres apart, no lesion is another's.
    assert_eq!(tracks(&["--transform", &away]), 2 * found);
}
