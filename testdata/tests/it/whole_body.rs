//! The whole-body PET-CT: truth against analysis, and against what the engine measures.

use engine::dicom::read::{Regions, read_regions, suv_attributes};
use engine::geometry::Point;
use engine::suv::{Factors, convert};
use engine::voi::{Scale, Statistics};
use serde_json::Value;
use testdata::PetCt;

use crate::{Part, TINY, files, numbers, truth};

fn number(value: &Value, path: &str) -> f64 {
    value
        .pointer(path)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("no number at {path} of {value}"))
}

#[test]
fn lesions_are_spheres_of_the_stated_volume() {
    let truth = truth("petct");
    let lesions = truth["lesions"].as_array().unwrap();
    assert!(lesions.len() >= 12);
    for lesion in lesions {
        let diameter = number(lesion, "/diameter_mm");
        let analytic = std::f64::consts::PI * diameter.powi(3) / 6000.0;
        assert!((6.0..=40.0).contains(&diameter));
        assert!((number(lesion, "/volume_ml") / analytic - 1.0).abs() < 1e-12);
        assert!(
            (number(lesion, "/contrast") - number(lesion, "/suv") / number(lesion, "/background_suv")).abs()
                < 1e-9
        );
    }
    let near = |lesion: &&Value| number(lesion, "/physiological_distance_mm") <= 15.0;
    assert!(lesions.iter().filter(near).count() * 3 >= lesions.len());
}

#[test]
fn measures_are_in_order() {
    let truth = truth("petct");
    let mut measured = 0;
    for lesion in truth["lesions"].as_array().unwrap() {
        for kind in ["stored", "noise_free"] {
            let measures = &lesion[kind];
            if measures.is_null() {
                continue;
            }
            let of = |path: &str| number(measures, path);
            assert!(of("/mask/min") <= of("/mask/mean") && of("/mask/mean") <= of("/mask/max"));
            assert!(of("/suv_peak/local") <= of("/suv_peak/global") + 1e-12);
            assert!((of("/fraction_41/threshold") - 0.41 * of("/mask/max")).abs() < 1e-12);
            assert!(of("/fixed_4_0/mtv_ml") <= of("/fixed_2_5/mtv_ml"));
            assert!((of("/mask/tlg") - of("/mask/mean") * of("/mask/volume_ml")).abs() < 1e-9);
            measured += 1;
        }
        if let Some(hottest) = lesion.pointer("/noise_free/mask/max").and_then(Value::as_f64) {
            // Blur never makes a maximum that neither the lesion nor its surroundings have.
            assert!(hottest <= number(lesion, "/suv").max(number(lesion, "/hottest_background_suv")) * 1.1);
        }
    }
    assert!(measured >= 20);
}

#[test]
fn the_engine_measures_what_the_truth_says() {
    let truth = truth("petct");
    let part = Part::open("petct");
    let series = part.series(&truth["pet"]["series_instance_uid"]);
    let conversion = convert(&suv_attributes(series, &series.sorted.stacks[0])).unwrap();
    let Factors::Uniform(factor) = conversion.factors_bw else {
        panic!("one factor for all slices")
    };
    let expected = number(&truth, "/injection/suv_bw_per_bq_ml");
    assert!((factor / expected - 1.0).abs() < 1e-6, "{factor} {expected}");

    let volume = part.volume(&truth["pet"]["series_instance_uid"]);
    let (Regions::Segmentation(seg), warnings) = read_regions(&files()["petct/lesions-seg.dcm"]).unwrap()
    else {
        panic!("a segmentation")
    };
    assert!(warnings.is_empty(), "{warnings:?}");
    let lesions = truth["lesions"].as_array().unwrap();
    let inside: Vec<&Value> = lesions
        .iter()
        .filter(|lesion| !lesion["stored"].is_null())
        .collect();
    assert_eq!(seg.segments.len(), inside.len());
    for (segment, lesion) in seg.segments.iter().zip(inside) {
        assert!(segment.label.ends_with(lesion["site"].as_str().unwrap()));
        let mask = segment.mask.carry_to(volume.grid().clone());
        let found = Statistics::inside(&volume, &mask, Scale::Factor(factor)).unwrap();
        let of = |path: &str| number(lesion, path);
        assert_eq!(found.voxels as f64, of("/stored/mask/voxels"));
        for (found, path) in [
            (found.max, "/stored/mask/max"),
            (found.mean, "/stored/mask/mean"),
            (found.min, "/stored/mask/min"),
            (found.sd, "/stored/mask/sd"),
            (found.volume_ml, "/stored/mask/volume_ml"),
        ] {
            assert!(
                (found - of(path)).abs() <= 2e-6 * (1.0 + of(path)),
                "{path}: {found} {}",
                of(path)
            );
        }
    }
}

#[test]
fn contours_hold_the_spheres() {
    let truth = truth("petct");
    let part = Part::open("petct");
    let grid = part.volume(&truth["ct"]["series_instance_uid"]).grid().clone();
    let (Regions::StructureSet(set), warnings) =
        read_regions(&files()["petct/lesions-rtstruct.dcm"]).unwrap()
    else {
        panic!("a structure set")
    };
    assert!(warnings.is_empty() && set.rois.len() >= 10, "{warnings:?}");
    assert_eq!(
        set.rois[0].frame_of_reference_uid.as_deref(),
        truth["frame_of_reference_uid"].as_str()
    );
    // The largest lesion: nearly the sphere, in the coarse slices of the PET.
    let largest = set.rois.iter().find(|roi| roi.name.starts_with("5: ")).unwrap();
    let pet = part.volume(&truth["pet"]["series_instance_uid"]).grid().clone();
    let (mask, _) = largest.contours.rasterise(pet);
    let expected = number(&truth["lesions"][4], "/volume_ml");
    assert!(
        (mask.volume_ml() / expected - 1.0).abs() < 0.15,
        "{} {expected}",
        mask.volume_ml()
    );
    assert!(grid.voxels() > 0);
}

#[test]
fn slopes_keep_the_uptake() {
    let truth = truth("petct");
    let stored = Part::open("petct").volume(&truth["pet"]["series_instance_uid"]);
    let exact = PetCt::new(&TINY).pet_volume();
    assert!(stored.grid().matches(exact.grid()));
    let factor = number(&truth, "/injection/suv_bw_per_bq_ml");
    let [columns, rows, slices] = exact.grid().size();
    for k in 0..slices {
        let all = || (0..rows).flat_map(|j| (0..columns).map(move |i| [i, j, k]));
        let largest = all().map(|v| exact.value(v).unwrap()).fold(0.0, f64::max);
        for voxel in all() {
            let difference = stored.value(voxel).unwrap() * factor - exact.value(voxel).unwrap();
            assert!(
                difference.abs() <= 1e-4 * largest + 1e-9,
                "{voxel:?} {difference} of {largest}"
            );
        }
    }
}

#[test]
fn left_is_left() {
    let truth = truth("petct");
    let part = Part::open("petct");
    let ct = part.volume(&truth["ct"]["series_instance_uid"]);
    let grid = ct.grid();
    assert_eq!(
        grid.size().map(|n| n as f64).to_vec(),
        numbers(&truth["ct"]["size"])
    );
    let at = |x: f64, y: f64, z: f64| {
        let voxel = grid.voxel(Point::new(x, y, z));
        ct.value([0, 1, 2].map(|a| voxel[a].round() as usize)).unwrap()
    };
    // The liver fills the right upper abdomen, lung lies behind the heart on both sides, the spine is dense.
    assert!((20.0..95.0).contains(&at(-75.0, -5.0, 270.0)));
    assert!(at(-80.0, 40.0, 440.0) < -600.0 && at(80.0, 40.0, 440.0) < -600.0);
    assert!(at(0.0, 30.0, 166.0) > 80.0);
    let pet = part.volume(&truth["pet"]["series_instance_uid"]);
    let factor = number(&truth, "/injection/suv_bw_per_bq_ml");
    let suv = |x: f64, y: f64, z: f64| {
        let voxel = pet.grid().voxel(Point::new(x, y, z));
        pet.value([0, 1, 2].map(|a| voxel[a].round() as usize)).unwrap() * factor
    };
    // The heart's apex points left; the bladder is hottest.
    assert!(suv(48.0, -50.0, 362.0) > 1.2 * suv(-48.0, -50.0, 362.0));
    assert!(suv(0.0, -26.0, 14.0) > 10.0 && suv(0.0, 0.0, 790.0) > 2.5);
}

#[test]
fn volumes_in_memory_are_those_in_the_files() {
    let truth = truth("petct");
    let read = Part::open("petct").volume(&truth["ct"]["series_instance_uid"]);
    let made = PetCt::new(&TINY).ct_volume();
    assert!(read.grid().matches(made.grid()));
    assert_eq!(read.frame_of_reference_uid(), made.frame_of_reference_uid());
    let all = |volume: &engine::volume::Volume| {
        let [columns, rows, slices] = volume.grid().size();
        let real = |n: usize| {
            volume
                .value([n % columns, n / columns % rows, n / (columns * rows)])
                .unwrap()
        };
        (0..columns * rows * slices).map(real).collect::<Vec<_>>()
    };
    assert_eq!(all(&read), all(&made));
}

#[test]
fn organs_lie_where_the_truth_says() {
    let (labels, warnings) = engine::nifti::read(&files()["petct/organs.nii.gz"]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let names: Value = serde_json::from_slice(&files()["petct/organs.json"]).unwrap();
    let truth = truth("petct");
    for reference in truth["references"].as_array().unwrap() {
        let [x, y, z] = numbers(&reference["centre_mm"]).try_into().unwrap();
        let place = Point::new(x, y, z);
        let at = labels.grid().voxel(place);
        let voxel = [0, 1, 2].map(|axis| at[axis].round().max(0.0) as usize);
        let Some(label) = labels.value(voxel) else {
            continue;
        };
        let said = reference["organ"].as_str().unwrap();
        let expected = match said.split(',').next().unwrap() {
            "left ventricle's blood" => "heart",
            "bladder" => "urinary tract",
            "marrow" => "bone",
            organ => organ,
        };
        assert_eq!(names[(label as u8).to_string()], expected, "{said}");
    }
}
