//! Masks of real objects: voxels, volumes and values against tables that other programs made.

use std::collections::BTreeMap;
use std::path::Path;

use codec::dataset::{Limits, Object};
use engine::dicom::read::rtstruct::{StructureSet, read_structure_set};
use engine::dicom::read::seg::{Segmentation, SegmentationKind, SegmentationSpace, load_segmentation};
use engine::dicom::read::{InMemory, Instance, collect, load};
use engine::geometry::{Affine, Grid, Patient, Point, Vector};
use engine::nifti::{self, Selection};
use engine::voi::{Mask, Scale, Statistics};
use engine::volume::Volume;

fn close(found: f64, expected: f64, allowed: f64) {
    assert!(
        (found - expected).abs() <= allowed,
        "expected {expected} within {allowed}, found {found}"
    );
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn object(bytes: &[u8]) -> Object<'_> {
    codec::dataset::read(bytes, Limits::default()).unwrap()
}

/// The largest volume of a folder of DICOM files.
pub(crate) fn volume(folder: &Path) -> Volume {
    let files = files(folder);
    let instances = files
        .iter()
        .enumerate()
        .map(|(key, bytes)| Instance::new(key, object(bytes)));
    let studies = collect(instances.collect());
    let series = &studies[0].series[0];
    load(series, &series.sorted.stacks[0], &InMemory(&files), &|_, _| {})
        .unwrap()
        .0
}

pub(crate) fn segmentation(path: &Path) -> Segmentation {
    let files = [std::fs::read(path).unwrap()];
    let instance = Instance::new(0, object(&files[0]));
    load_segmentation(&instance, &InMemory(&files))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .0
}

fn structure_set(folder: &Path) -> StructureSet {
    let files = files(folder);
    let (set, warnings) = read_structure_set(&object(&files[0]).data_set).unwrap();
    assert_eq!(warnings, []);
    set
}

fn nifti_mask(path: &Path) -> Mask {
    let (volume, warnings) = nifti::read(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(warnings, []);
    nifti::mask(&volume, Selection::Above(0.5))
}

/// Mean place of a mask's voxels.
fn mean_place(mask: &Mask) -> Point<Patient> {
    let [columns, rows, _] = mask.grid().size();
    let mut sum = Point::<Patient>::new(0.0, 0.0, 0.0);
    for index in mask.runs().iter().flat_map(|run| run.start..run.end) {
        let voxel = [index % columns, index / columns % rows, index / (columns * rows)];
        let place = mask.grid().patient(voxel.map(|n| n as f64).into());
        sum = (sum.xyz + place.xyz).into();
    }
    (sum.xyz / mask.count() as f64).into()
}

/// Segment, voxels, mL, SUVmax, SUVmean: computed with pydicom and numpy, in the data's README.
const QIN_0139: [(u16, usize, f64, f64, f64); 11] = [
    (1, 1697, 39.586, 20.834, 10.296),
    (2, 113, 2.636, 6.958, 5.183),
    (3, 457, 10.660, 15.583, 8.048),
    (4, 4230, 98.672, 19.526, 3.288),
    (5, 211, 4.922, 9.955, 6.275),
    (6, 375, 8.748, 16.737, 8.710),
    (7, 922, 21.507, 21.791, 9.244),
    (8, 950, 22.160, 16.962, 5.793),
    (9, 222, 5.179, 12.144, 7.751),
    (10, 43, 1.003, 4.931, 4.045),
    (11, 62, 1.446, 8.419, 6.485),
];

#[test]
fn lesions_of_a_whole_body_pet_measure_as_in_the_table() {
    let Some(folder) = shared_data::set("pet/qin-headneck-0139") else {
        return;
    };
    let pet = volume(&folder.join("PT"));
    let segmentation = segmentation(&folder.join("SEG/mask.dcm"));
    assert_eq!(
        (segmentation.kind, segmentation.space),
        (SegmentationKind::Binary, SegmentationSpace::Patient)
    );
    assert_eq!(segmentation.segments.len(), QIN_0139.len());
    assert_eq!(
        segmentation.frame_of_reference_uid.as_deref(),
        pet.frame_of_reference_uid()
    );
    let factor = 4.016_640e-4;
    for (segment, (number, voxels, ml, suv_max, suv_mean)) in segmentation.segments.iter().zip(QIN_0139) {
        assert_eq!((segment.number, segment.mask.count()), (number, voxels));
        let mask = segment.mask.carry_to(pet.grid().clone());
        let found = Statistics::inside(&pet, &mask, Scale::Factor(factor)).unwrap();
        assert_eq!(found.voxels, voxels, "segment {number} on the PET");
        close(found.volume_ml, ml, 6e-4);
        close(found.max, suv_max, 6e-4);
        close(found.mean, suv_mean, 6e-4);
    }
    let whole = Statistics::of_volume(&pet, Scale::Factor(factor)).unwrap();
    assert_eq!((whole.voxels, whole.max_at), (168 * 168 * 545, [82, 82, 114]));
    close(whole.max, 89.859, 5e-4);
}

/// Set, voxels, mL, SUVmax, SUVmean of the data's README: the NIfTI mask of the set's authors.
const STS: [(&str, usize, f64, f64, f64); 3] = [
    ("petct/sts-001", 5095, 366.08, 7.9107, 2.5551),
    ("petct/sts-013", 30711, 1532.36, 6.2677, 1.1031),
    ("petct/sts-020", 23914, 2338.71, 18.7682, 1.2360),
];

#[test]
fn tumours_as_nifti_masks_measure_as_in_the_table() {
    for (set, voxels, ml, suv_max, suv_mean) in STS {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let pet = volume(&folder.join("PET"));
        let mask = nifti_mask(&folder.join("nifti/PET_mask.nii.gz"));
        assert_eq!(mask.count(), voxels, "{set}");
        let found = Statistics::inside(&pet, &mask.carry_to(pet.grid().clone()), Scale::Factor(1.0)).unwrap();
        assert_eq!(found.voxels, voxels, "{set} on the PET");
        close(found.volume_ml, ml, 6e-3);
        close(found.max, suv_max, 6e-5);
        close(found.mean, suv_mean, 6e-5);
    }
}

#[test]
fn the_same_pet_as_nifti_and_as_dicom() {
    for (set, ..) in STS {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let dicom = volume(&folder.join("PET"));
        let (nifti, _) = nifti::read(&std::fs::read(folder.join("nifti/PET_image.nii.gz")).unwrap()).unwrap();
        assert!(
            nifti.grid().matches(dicom.grid()),
            "{set}: {:?} and {:?}",
            nifti.grid(),
            dicom.grid()
        );
        for index in 0..dicom.voxels().len() {
            let values =
                [&nifti, &dicom].map(|volume| volume.rescale().real(volume.voxels().get(index).unwrap()));
            close(values[0], values[1], 1e-6 * values[1].abs().max(1e-3));
        }
    }
}

/// The authors' rasteriser and ours agree in every voxel.
#[test]
fn tumours_as_contours_fill_the_same_voxels() {
    for (set, voxels, ..) in STS {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let pet = volume(&folder.join("PET"));
        let contours = structure_set(&folder.join("RTSTRUCT_PET"));
        let roi = contours.roi("GTV_Mass_PET").unwrap();
        assert_eq!(
            roi.frame_of_reference_uid.as_deref(),
            pet.frame_of_reference_uid()
        );
        let (mask, warnings) = roi.contours.rasterise(pet.grid().clone());
        assert_eq!(warnings, []);
        assert_eq!(mask.count(), voxels, "{set}");
        let other = nifti_mask(&folder.join("nifti/PET_mask.nii.gz"));
        assert_eq!(mask.runs(), other.runs(), "{set}");
    }
}

/// The same tumour drawn for the CT, on slices of a quarter of the pixel size: one volume, whatever the grid.
#[test]
fn contours_of_the_ct_fill_the_same_volume_of_the_pet() {
    for (set, ..) in STS {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let (pet, ct) = (volume(&folder.join("PET")), volume(&folder.join("CT")));
        let contours = structure_set(&folder.join("RTSTRUCT_CT"));
        let roi = contours.roi("GTV_Mass_CT").unwrap();
        let [on_ct, on_pet] = [&ct, &pet].map(|volume| roi.contours.rasterise(volume.grid().clone()).0);
        close(on_pet.volume_ml(), on_ct.volume_ml(), 0.02 * on_ct.volume_ml());
        let carried = on_ct.carry_to(pet.grid().clone());
        let common = carried.intersection(&on_pet).unwrap().count();
        let dice = 2.0 * common as f64 / (carried.count() + on_pet.count()) as f64;
        assert!(dice > 0.97, "{set}: {dice}");
    }
}

/// The contours of these objects were drawn about a voxel within their NIfTI masks, and lack its first and last
/// slice; numpy fills them with 174690 voxels too. Minimum, median and maximum are the same in both.
#[test]
fn reference_objects_measure_the_same_by_mask_and_by_contours() {
    let Some(folder) = shared_data::set("pet/dro-ibsi-suv") else {
        return;
    };
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("mask").is_dir() {
            continue;
        }
        let pet = volume(&folder.join("PT"));
        let drawn = nifti_mask(&folder.join("mask/DRO_mask.nii.gz")).carry_to(pet.grid().clone());
        let contours = structure_set(&folder.join("RS"));
        let (filled, warnings) = contours
            .roi("region_1")
            .unwrap()
            .contours
            .rasterise(pet.grid().clone());
        assert_eq!(warnings, []);
        assert_eq!(
            (drawn.count(), filled.count()),
            (203_202, 174_690),
            "{}",
            folder.display()
        );
        assert!(filled.difference(&drawn).unwrap().is_empty());
        let [a, b] =
            [&drawn, &filled].map(|mask| Statistics::inside(&pet, mask, Scale::Factor(1.0)).unwrap());
        assert_eq!(
            (a.min, a.median, a.max),
            (b.min, b.median, b.max),
            "{}",
            folder.display()
        );
        close(a.max / a.median, 4.0, 0.05);
        checked += 1;
    }
    assert_eq!(checked, 12);
}

#[test]
fn every_segmentation_has_the_counts_of_the_table() {
    let table = include_str!("../../../testdata/reference/segmentations.csv");
    let mut expected: BTreeMap<&str, Vec<[&str; 3]>> = BTreeMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        expected
            .entry(columns[0])
            .or_default()
            .push([columns[1], columns[2], columns[3]]);
    }
    for (file, segments) in expected {
        let parts: Vec<&str> = file.splitn(3, '/').collect();
        let Some(folder) = shared_data::set(&format!("{}/{}", parts[0], parts[1])) else {
            continue;
        };
        let found = segmentation(&folder.join(parts[2]));
        let numbers: Vec<String> = found
            .segments
            .iter()
            .map(|segment| segment.number.to_string())
            .collect();
        assert_eq!(
            numbers,
            segments.iter().map(|row| row[0]).collect::<Vec<_>>(),
            "{file}"
        );
        for (segment, [number, voxels, place]) in found.segments.iter().zip(&segments) {
            assert_eq!(
                segment.mask.count().to_string(),
                *voxels,
                "{file} segment {number}"
            );
            assert_eq!(
                place.is_empty(),
                found.space != SegmentationSpace::Patient || segment.mask.is_empty(),
                "{file}"
            );
            if !place.is_empty() {
                let expected: Vec<f64> = place.split(' ').map(|n| n.parse().unwrap()).collect();
                let distance =
                    mean_place(&segment.mask).distance(Point::new(expected[0], expected[1], expected[2]));
                assert!(
                    distance < 0.02,
                    "{file} segment {number}: {distance} mm from {place}"
                );
            }
        }
    }
}

#[test]
fn a_segmentation_is_the_same_in_every_compression() {
    let Some(folder) = shared_data::set("codecs/deflated-image-and-1bit") else {
        return;
    };
    let plain = segmentation(&folder.join("liver.dcm"));
    for name in [
        "liver_deflate.dcm",
        "liver_expb.dcm",
        "liver_rle.dcm",
        "liver_j2k.dcm",
    ] {
        assert_eq!(
            segmentation(&folder.join(name)).segments,
            plain.segments,
            "{name}"
        );
    }
    let cropped = segmentation(&folder.join("liver_nonbyte_aligned.dcm"));
    for name in ["liver_nonbyte_aligned_rle.dcm", "liver_nonbyte_aligned_j2k.dcm"] {
        assert_eq!(
            segmentation(&folder.join(name)).segments,
            cropped.segments,
            "{name}"
        );
    }
}

/// Sum of the contours' areas times their distance: the volume that they stand for, mL.
fn area_times_distance_ml(polygons: &[Vec<Point<Patient>>], distance_mm: f64) -> f64 {
    let area = |polygon: &Vec<Point<Patient>>| {
        let next = polygon.iter().cycle().skip(1);
        polygon
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum::<f64>()
            .abs()
            / 2.0
    };
    polygons.iter().map(area).sum::<f64>() * distance_mm / 1000.0
}

/// An upright grid around polygons.
fn grid_around(polygons: &[Vec<Point<Patient>>], step_mm: [f64; 3]) -> Grid {
    let points = || polygons.iter().flatten();
    let low =
        [0, 1, 2].map(|axis| points().map(|p| p[axis]).fold(f64::INFINITY, f64::min) - 2.0 * step_mm[axis]);
    let high = [0, 1, 2].map(|axis| points().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max));
    let size = [0, 1, 2].map(|axis| ((high[axis] - low[axis]) / step_mm[axis]) as usize + 4);
    let [x, y, z] = step_mm;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Grid::new(size, Affine::from_axes(axes, low.into())).unwrap()
}

#[test]
fn structure_sets_of_treatment_planning_keep_their_volumes() {
    let Some(folder) = shared_data::set("objects/rt") else {
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        read_structure_set(&object(&bytes).data_set).unwrap()
    };
    // Regions with one contour a plane, the distance of the planes.
    for (name, regions, distance_mm) in [
        ("lctsc-RT.dcm", ["SpinalCord", "Heart", "Esophagus"], 3.0),
        (
            "dicompyler-rtss.dcm",
            ["Heart", "Tumor Bed", "Tumor Bed Block"],
            3.0,
        ),
    ] {
        let (set, warnings) = read(name);
        assert_eq!(warnings, [], "{name}");
        for region in regions {
            let polygons = set.roi(region).unwrap().contours.polygons();
            let expected = area_times_distance_ml(polygons, distance_mm);
            // On their own slices, on thinner ones between, and on thicker ones.
            for step_mm in [[1.0, 1.0, distance_mm], [0.7, 0.9, 1.1], [1.5, 1.5, 4.1]] {
                let (mask, _) = set
                    .roi(region)
                    .unwrap()
                    .contours
                    .rasterise(grid_around(polygons, step_mm));
                close(mask.volume_ml(), expected, 0.03 * expected);
            }
        }
    }
    let (set, warnings) = read("rtstruct.dcm");
    assert_eq!(
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(),
        ["contour-type", "contour-type"]
    );
    assert_eq!(set.roi("patient").unwrap().contours.polygons().len(), 3);
}

#[test]
fn lesions_of_a_quantitative_spect_are_filled() {
    let Some(folder) = shared_data::set("nm-noncommercial/spect-lu177-scan2") else {
        return;
    };
    let spect = volume(&folder.join("SPECT"));
    let set = structure_set(&folder.join("RTSTRUCT"));
    for (number, contours) in [("1", 39), ("2", 13)] {
        let roi = set.roi(number).unwrap();
        let polygons = roi.contours.polygons();
        assert_eq!(polygons.len(), contours);
        assert_eq!(
            roi.frame_of_reference_uid.as_deref(),
            spect.frame_of_reference_uid()
        );
        let (mask, warnings) = roi.contours.rasterise(spect.grid().clone());
        assert_eq!(warnings, []);
        let expected = area_times_distance_ml(polygons, spect.grid().spacing_mm()[2]);
        close(mask.volume_ml(), expected, 0.03 * expected);
        // A lesion is hotter than the body around it.
        let lesion = Statistics::inside(&spect, &mask, Scale::Factor(1.0)).unwrap();
        let all = Statistics::of_volume(&spect, Scale::Factor(1.0)).unwrap();
        assert!(lesion.mean > 10.0 * all.mean, "{} of {}", lesion.mean, all.mean);
    }
}
