//! Whole series of real data: sorted, calibrated and measured, against values from outside.

use std::path::{Path, PathBuf};

use engine::dicom::read::{Regions, Series, load, read_regions, suv_conversion};
use engine::local::{Opened, open};
use engine::nifti;
use engine::suv::{Conversion, Factors};
use engine::voi::{Mask, Scale, Statistics};
use engine::volume::{Unit, Volume, Voxels};

fn opened(folder: &Path) -> Opened {
    open(&[folder.to_owned()], &|_, _| {})
}

fn series<'a>(opened: &'a Opened, modality: &str) -> &'a Series {
    let mut all = opened.studies.iter().flat_map(|study| &study.series);
    all.find(|series| series.modality == modality).unwrap()
}

fn codes(series: &Series) -> Vec<&'static str> {
    series.warnings.iter().map(|warning| warning.code).collect()
}

fn volume(opened: &Opened, series: &Series) -> Volume {
    load(series, &series.sorted.stacks[0], &opened.files, &|_, _| {})
        .unwrap()
        .0
}

fn conversion(series: &Series) -> Conversion {
    suv_conversion(series, &series.sorted.stacks[0]).unwrap()
}

fn measure(volume: &Volume, mask: Option<&Mask>, conversion: &Conversion) -> Statistics {
    let scale = match &conversion.factors_bw {
        Factors::Uniform(factor) => Scale::Factor(*factor),
        Factors::PerSlice(factors) => Scale::PerSlice(factors),
    };
    match mask {
        Some(mask) => Statistics::inside(volume, mask, scale).unwrap(),
        None => Statistics::of_volume(volume, scale).unwrap(),
    }
}

/// The first file below `folder` whose path holds `part`.
fn file(folder: &Path, part: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains(part) {
                return path;
            }
        }
    }
    panic!("no file with {part} in its path");
}

/// The mask of a structure set's only region, or of a NIfTI file, on the grid of `volume`.
fn mask(path: &Path, volume: &Volume) -> Mask {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().unwrap() == "gz" {
        let (labels, _) = nifti::read(&bytes).unwrap();
        return nifti::mask(&labels, nifti::Selection::Above(0.5)).carry_to(volume.grid().clone());
    }
    let (Regions::StructureSet(set), _) = read_regions(&bytes).unwrap() else {
        panic!("a structure set")
    };
    set.rois[0].contours.rasterise(volume.grid().clone()).0
}

/// The reference objects of the SUV manual (suv_computation, CC BY 4.0): 0.20, 1.00 and 4.00 inside their masks.
#[test]
fn reference_objects_give_their_suv() {
    let Some(folder) = shared_data::set("pet/dro-ibsi-suv") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.file_name().unwrap().to_string_lossy().starts_with("DRO_") || !folder.is_dir() {
            continue;
        }
        let opened = opened(&folder.join("PT"));
        let series = series(&opened, "PT");
        let volume = volume(&opened, series);
        let conversion = conversion(series);
        // Its stored values are cut to two decimals.
        let tolerance = if folder.ends_with("DRO_2_3") { 0.025 } else { 0.002 };
        for region in [file(&folder, "/RS/"), file(&folder, ".nii.gz")] {
            let found = measure(&volume, Some(&mask(&region, &volume)), &conversion);
            for (found, expected) in [(found.min, 0.2), (found.median, 1.0), (found.max, 4.0)] {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{}: {found} for {expected}",
                    region.display()
                );
            }
        }
        count += 1;
    }
    assert_eq!(count, 12);
}

/// QIN-HEADNECK-01-0139 (CC BY 3.0): factor, maximum and the eleven segments' voxels, mL, SUVmax and SUVmean.
#[test]
fn a_whole_body_pet_gives_its_lesions() {
    let Some(folder) = shared_data::set("pet/qin-headneck-0139") else {
        return;
    };
    let opened = opened(&folder);
    let series = series(&opened, "PT");
    assert_eq!(series.sorted.stacks[0].grid.size(), [168, 168, 545]);
    let volume = volume(&opened, series);
    let conversion = conversion(series);
    let factor = conversion.factors_bw.uniform().unwrap();
    assert!((factor / 4.016_640e-4 - 1.0).abs() < 1e-6, "{factor:e}");
    assert!((conversion.audit.uptake_s.unwrap() - 6151.687).abs() < 1e-3);
    let whole = measure(&volume, None, &conversion);
    assert!((whole.max - 89.859).abs() < 5e-4, "{}", whole.max);
    assert_eq!(whole.max_at, [82, 82, 114]);

    let bytes = std::fs::read(file(&folder.join("SEG"), "")).unwrap();
    let (Regions::Segmentation(segmentation), _) = read_regions(&bytes).unwrap() else {
        panic!("a segmentation")
    };
    let expected: [(usize, f64, f64, f64); 11] = [
        (1697, 39.586, 20.834, 10.296),
        (113, 2.636, 6.958, 5.183),
        (457, 10.660, 15.583, 8.048),
        (4230, 98.672, 19.526, 3.288),
        (211, 4.922, 9.955, 6.275),
        (375, 8.748, 16.737, 8.710),
        (922, 21.507, 21.791, 9.244),
        (950, 22.160, 16.962, 5.793),
        (222, 5.179, 12.144, 7.751),
        (43, 1.003, 4.931, 4.045),
        (62, 1.446, 8.419, 6.485),
    ];
    assert_eq!(segmentation.segments.len(), expected.len());
    for (segment, (voxels, ml, max, mean)) in segmentation.segments.iter().zip(expected) {
        let mask = segment.mask.carry_to(volume.grid().clone());
        let found = measure(&volume, Some(&mask), &conversion);
        assert_eq!(found.voxels, voxels, "segment {}", segment.number);
        for (found, expected) in [(found.volume_ml, ml), (found.max, max), (found.mean, mean)] {
            assert!(
                (found - expected).abs() <= 1e-3,
                "segment {}: {found} for {expected}",
                segment.number
            );
        }
    }
}

/// Soft-tissue-Sarcoma 001, 013, 020 (CC BY 3.0): the tumour's mL, SUVmax and SUVmean from contours and from NIfTI.
#[test]
fn tumours_of_three_patients_measure_as_published_masks() {
    let table = [
        ("sts-001", 25.4123, 5095, 366.08, 7.9107, 2.5551),
        ("sts-013", 6.2677, 30711, 1532.36, 6.2677, 1.1031),
        ("sts-020", 52.8201, 23914, 2338.71, 18.7682, 1.2360),
    ];
    for (name, whole_max, voxels, ml, max, mean) in table {
        let Some(folder) = shared_data::set(&format!("petct/{name}")) else {
            continue;
        };
        let opened = opened(&folder);
        let series = series(&opened, "PT");
        let volume = volume(&opened, series);
        let conversion = conversion(series);
        assert_eq!(
            conversion.factors_bw.uniform(),
            Some(1.0),
            "values are SUV already"
        );
        assert!((measure(&volume, None, &conversion).max - whole_max).abs() < 1e-4);
        for path in [file(&folder, "RTSTRUCT_PET"), file(&folder, "PET_mask.nii.gz")] {
            let found = measure(&volume, Some(&mask(&path, &volume)), &conversion);
            assert_eq!(found.voxels, voxels, "{}", path.display());
            assert!(
                (found.volume_ml - ml).abs() < 0.01,
                "{name}: {} ml",
                found.volume_ml
            );
            assert!(
                (found.max - max).abs() < 1e-4 && (found.mean - mean).abs() < 1e-4,
                "{name}"
            );
        }
        let ct = opened
            .studies
            .iter()
            .flat_map(|study| &study.series)
            .find(|series| series.modality == "CT")
            .unwrap();
        let ct = load(ct, &ct.sorted.stacks[0], &opened.files, &|_, _| {})
            .unwrap()
            .0;
        assert_eq!(ct.frame_of_reference_uid(), volume.frame_of_reference_uid());
        assert!(
            matches!(ct.voxels(), Voxels::I16(_) | Voxels::U16(_)),
            "CT keeps its stored integers"
        );
        assert_eq!(ct.unit(), &Unit::Hounsfield);
    }
}

/// Lu-177 SPECT stored under the PET class, decay-corrected to the administration (CC BY-NC 4.0).
#[test]
fn quantitative_spect_stored_as_pet() {
    let Some(folder) = shared_data::set("nm-noncommercial/spect-lu177-scan2") else {
        return;
    };
    let opened = opened(&folder);
    let series = series(&opened, "PT");
    let volume = volume(&opened, series);
    assert_eq!(volume.grid().size(), [256, 256, 199]);
    assert!((volume.range().unwrap().1 - 3_471_000.0).abs() < 1.0);
    let found = measure(&volume, None, &conversion(series));
    assert!((found.max - 44.763).abs() < 1e-3, "{}", found.max);
}

#[test]
fn a_tilted_gantry_stays_a_sheared_grid() {
    let Some(folder) = shared_data::set("ct/gantry-tilt-philips") else {
        return;
    };
    let opened = opened(&folder);
    let all: Vec<&Series> = opened.studies.iter().flat_map(|study| &study.series).collect();
    let head = all.iter().find(|series| series.instances.len() == 54).unwrap();
    let grid = &head.sorted.stacks[0].grid;
    assert_eq!(grid.size(), [512, 512, 54]);
    assert!((grid.shear_rad().to_degrees() - 18.5).abs() < 0.01);
    assert_eq!(codes(head), ["gantry-tilt"]);
    let scout = all.iter().find(|series| series.instances.len() == 1).unwrap();
    assert!(
        scout.sorted.stacks.is_empty() && scout.sorted.images.len() == 1,
        "the localizer is no volume"
    );
}

#[test]
fn uneven_slices_keep_their_positions() {
    let Some(folder) = shared_data::set("ct/variable-spacing-ge") else {
        return;
    };
    let opened = opened(&folder);
    let series = series(&opened, "CT");
    let grid = &series.sorted.stacks[0].grid;
    assert_eq!(grid.size()[2], 28);
    assert!(codes(series).contains(&"uneven-spacing") && codes(series).contains(&"gantry-tilt"));
    for (slice, at) in series.sorted.stacks[0].frames.iter().enumerate() {
        let stated = series.instances[at.instance].frames[at.frame].position.unwrap();
        let found = grid.patient([0.0, 0.0, slice as f64].into());
        assert!(
            found.distance(stated) < 0.05,
            "slice {slice}: {found:?} for {stated:?}"
        );
    }
}

#[test]
fn a_chest_ct_loads_with_its_integers() {
    let Some(folder) = shared_data::set("ct/lidc-idri-0314") else {
        return;
    };
    let opened = opened(&folder);
    let series = series(&opened, "CT");
    let volume = volume(&opened, series);
    assert_eq!(volume.grid().size(), [512, 512, 275]);
    let spacing_mm = volume.grid().spacing_mm();
    assert!((spacing_mm[0] - 0.78125).abs() < 1e-9 && (spacing_mm[2] - 1.0).abs() < 1e-9);
    assert_eq!(volume.voxels().bytes(), 512 * 512 * 275 * 2);
}

/// Bad files beside good ones: the good load, the bad are listed by path with a reason of one line.
#[test]
fn good_files_load_beside_bad_ones() {
    let (Some(bad), Some(good)) = (shared_data::set("malformed"), shared_data::set("petct/sts-001")) else {
        return;
    };
    let opened = open(&[bad, good], &|_, _| {});
    let pet = opened
        .studies
        .iter()
        .flat_map(|study| &study.series)
        .find(|series| series.modality == "PT" && series.instances.len() == 59);
    assert_eq!(volume(&opened, pet.unwrap()).grid().size(), [41, 43, 59]);
    let rejected = |name: &str| opened.rejected.iter().find(|one| one.path.ends_with(name));
    assert!(
        rejected("2026-05-06-Deeply-Nested-Sequence.dcm")
            .unwrap()
            .reason
            .contains("at most 64")
    );
    assert!(rejected("zipMR.gz").unwrap().reason.contains("gzip"));
    assert!(
        opened
            .rejected
            .iter()
            .all(|one| !one.reason.is_empty() && !one.reason.contains('\n'))
    );
    // Whatever was read of the malformed ones either loads or says why not.
    for series in opened.studies.iter().flat_map(|study| &study.series) {
        for stack in &series.sorted.stacks {
            if let Err(error) = load(series, stack, &opened.files, &|_, _| {}) {
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
}
