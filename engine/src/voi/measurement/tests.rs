use proptest::prelude::*;

use super::{MeasurementWarning, measure, suv_kinds};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::suv::{Acquisition, Attributes, DateTime, Refusal, Sex, SuvKind, convert};
use crate::voi::{Mask, StatisticsError};
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn affine(spacing: [f64; 3], origin: [f64; 3]) -> Affine<Patient, Voxel> {
    let [x, y, z] = spacing;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    Affine::from_axes(axes, Point::from(origin))
}

fn volume(grid: Grid, unit: Unit, value: impl Fn([usize; 3]) -> f32) -> Volume {
    let [columns, rows, slices] = grid.size();
    let at = |n: usize| [n % columns, n / columns % rows, n / (columns * rows)];
    let voxels = (0..columns * rows * slices).map(|n| value(at(n))).collect();
    let volume = Volume::new(grid, Voxels::F32(voxels), Rescale::IDENTITY, unit).unwrap();
    volume.in_frame_of_reference(Some("1.2.3".to_owned()))
}

fn pet() -> Volume {
    let grid = Grid::new([8, 8, 6], affine([4.0, 4.0, 5.0], [0.0; 3])).unwrap();
    volume(grid, Unit::SuvBw, |[i, j, k]| (i + 2 * j + 3 * k) as f32)
}

/// Half as large voxels; the first eight make up the PET's first.
fn ct() -> Volume {
    let grid = Grid::new([16, 16, 12], affine([2.0, 2.0, 2.5], [-1.0, -1.0, -1.25])).unwrap();
    volume(grid, Unit::Hounsfield, |[i, j, k]| {
        100.0 * i as f32 + 10.0 * j as f32 + k as f32
    })
}

#[test]
fn hu_is_of_the_ct_s_own_voxels() {
    let (pet, ct) = (pet(), ct());
    let mask = Mask::from_predicate(pet.grid().clone(), |at| at == [3, 4, 2]);
    let found = measure(&mask, &pet, Some(&ct)).unwrap();
    assert_eq!(
        (found.unit, found.statistics.voxels, found.statistics.mean),
        (Unit::SuvBw, 1, 17.0)
    );
    let hu = found.hu.unwrap();
    assert_eq!((hu.voxels, hu.min, hu.max, hu.mean), (8, 684.0, 795.0, 739.5));
    assert!((hu.volume_ml - found.statistics.volume_ml).abs() < 1e-12);
    assert_eq!(found.warnings, []);
    assert_eq!(measure(&mask, &pet, None).unwrap().hu, None);
}

#[test]
fn what_is_wrong_with_the_ct_is_a_warning() {
    let (pet, ct) = (pet(), ct());
    let mask = Mask::from_predicate(pet.grid().clone(), |[i, ..]| i >= 6);
    let check = |ct: &Volume, expected: MeasurementWarning, has_hu: bool| {
        let found = measure(&mask, &pet, Some(ct)).unwrap();
        assert_eq!((found.warnings, found.hu.is_some()), (vec![expected], has_hu));
    };
    let other = ct.clone().in_frame_of_reference(Some("1.2.4".to_owned()));
    check(&other, MeasurementWarning::OtherFrameOfReference, false);
    let unknown = ct.clone().in_frame_of_reference(None);
    check(&unknown, MeasurementWarning::FrameOfReferenceUnknown, true);
    let at = |origin: f64| Grid::new([16, 16, 12], affine([2.0, 2.0, 2.5], [origin, -1.0, -1.25])).unwrap();
    check(
        &volume(at(-40.0), Unit::Hounsfield, |_| 40.0),
        MeasurementWarning::OutsideCt,
        false,
    );
    let (outside, voxels) = (48, 96);
    let partly = MeasurementWarning::PartlyOutsideCt { outside, voxels };
    check(&volume(at(-5.0), Unit::Hounsfield, |_| 40.0), partly, true);
    let nan = volume(ct.grid().clone(), Unit::Hounsfield, |_| f32::NAN);
    check(
        &nan,
        MeasurementWarning::NoHu(StatisticsError::NoFiniteValue(768)),
        false,
    );
    let coarse = Grid::new([2, 2, 2], affine([40.0; 3], [-8.0, 15.0, 12.0])).unwrap();
    check(
        &volume(coarse, Unit::Hounsfield, |_| 40.0),
        MeasurementWarning::NoHu(StatisticsError::Empty),
        false,
    );
}

#[test]
fn bad_masks_are_refused_and_bad_values_told() {
    let pet = pet();
    let empty = Mask::empty(pet.grid().clone());
    assert_eq!(measure(&empty, &pet, None), Err(StatisticsError::Empty));
    let refused = measure(&Mask::empty(ct().grid().clone()), &pet, None);
    assert!(
        matches!(refused, Err(StatisticsError::OtherGrid { .. })),
        "{refused:?}"
    );
    let all = Mask::from_predicate(pet.grid().clone(), |_| true);
    let zero = volume(pet.grid().clone(), Unit::BecquerelPerMl, |_| 0.0);
    let found = measure(&all, &zero, None).unwrap();
    assert_eq!(
        (found.statistics.total, found.warnings),
        (0.0, vec![MeasurementWarning::AllZero])
    );
    let holed = volume(pet.grid().clone(), Unit::SuvBw, |[i, ..]| {
        if i == 0 { f32::NAN } else { 1.0 }
    });
    let found = measure(&all, &holed, None).unwrap();
    let (excluded, voxels) = (48, 384);
    assert_eq!(
        found.warnings,
        [MeasurementWarning::Excluded { excluded, voxels }]
    );
    assert_eq!((found.statistics.voxels, found.statistics.mean), (336, 1.0));
}

/// The IBSI reference objects' patient and injection.
fn attributes() -> Attributes {
    let at = |hour: f64| DateTime::new(2025, 1, 1, hour * 3600.0);
    Attributes {
        units: Some("BQML".into()),
        decay_correction: Some("START".into()),
        corrected_image: Some(vec!["ATTN".into(), "DECY".into()]),
        series_date_time: at(11.0),
        acquisitions: vec![Acquisition {
            acquisition_date_time: at(11.0),
            ..Acquisition::default()
        }],
        radiopharmaceutical_start_date_time: at(10.0),
        radionuclide_total_dose: Some(368.08e6),
        radionuclide_half_life_s: Some(6586.2),
        patient_weight: Some(70.0),
        patient_size: Some(1.75),
        patient_sex: Some(Sex::Male),
        ..Attributes::default()
    }
}

/// Lean masses 55.857 (Janmahasatian), 56.52 (James), 57.80 (Morgan), ideal weight 72.38 kg and surface
/// 1.8481 m² of a man of 70 kg and 1.75 m.
#[test]
fn every_kind_of_suv_carries_its_formula() {
    let pet = pet();
    let mask = Mask::from_predicate(pet.grid().clone(), |[i, ..]| i > 3);
    let bw = measure(&mask, &pet, None).unwrap().statistics;
    let kinds = suv_kinds(&bw, &convert(&attributes()).unwrap());
    let expected = [
        (SuvKind::Bw, 1.0),
        (SuvKind::LbmJanmahasatian, 55.857 / 70.0),
        (SuvKind::LbmJames128, 56.52 / 70.0),
        (SuvKind::LbmMorgan120, 57.80 / 70.0),
        (SuvKind::Bsa, 1.8481e4 / 70_000.0),
        (SuvKind::Ibw, 72.38 / 70.0),
    ];
    for ((kind, found), (expected_kind, multiple)) in kinds.iter().zip(expected) {
        assert_eq!(*kind, expected_kind);
        let found = found.as_ref().unwrap();
        assert!((found.mean / bw.mean - multiple).abs() < 1e-4, "{kind:?}");
        assert!((found.total / bw.total - multiple).abs() < 1e-4, "{kind:?}");
    }
}

#[test]
fn without_a_weight_there_is_no_suv_but_counts() {
    let attributes = Attributes {
        patient_weight: None,
        ..attributes()
    };
    let refusal = convert(&attributes).unwrap_err();
    assert!(matches!(refusal, Refusal::Missing(_)));
    let raw = volume(pet().grid().clone(), Unit::BecquerelPerMl, |_| 5000.0);
    let mask = Mask::from_predicate(raw.grid().clone(), |[i, ..]| i > 3);
    let found = measure(&mask, &raw, None).unwrap().without_suv(refusal.clone());
    assert_eq!(
        (found.unit, found.statistics.mean),
        (Unit::BecquerelPerMl, 5000.0)
    );
    assert_eq!(found.warnings, [MeasurementWarning::NoSuv(refusal)]);
    let without_height = Attributes {
        patient_size: None,
        ..self::attributes()
    };
    let kinds = suv_kinds(&found.statistics, &convert(&without_height).unwrap());
    let had: Vec<SuvKind> = kinds
        .iter()
        .filter(|(_, found)| found.is_ok())
        .map(|(kind, _)| *kind)
        .collect();
    assert_eq!(had, [SuvKind::Bw]);
}

proptest! {
    /// The definition: a voxel of the CT counts when its centre lies in a voxel of the mask.
    #[test]
    fn hu_agrees_with_the_plain_definition(
        spacing in prop::array::uniform3(1.3..6.0f64),
        shift in prop::array::uniform3(-9.0..9.0f64),
        inside in prop::collection::vec(any::<bool>(), 384),
    ) {
        let pet = pet();
        let grid = Grid::new([9, 10, 8], affine(spacing, shift)).unwrap();
        let ct = volume(grid, Unit::Hounsfield, |[i, j, k]| (i * 7 + j * 11 + k * 13) as f32);
        let mask = Mask::from_dense(pet.grid().clone(), &inside).unwrap();
        prop_assume!(!mask.is_empty());
        let mut values = Vec::new();
        for n in 0..720 {
            let at = [n % 9, n / 9 % 10, n / 90];
            let voxel = pet.grid().voxel(ct.grid().patient(Point::from(at.map(|v| v as f64))));
            let nearest = [0, 1, 2].map(|axis| (voxel[axis] + 0.5).floor());
            // Places on a face are decided by a tolerance of their own.
            prop_assume!((0..3).all(|axis| (voxel[axis] + 0.5 - nearest[axis] - 1.0).abs() > 2e-6));
            if nearest.iter().all(|v| *v >= 0.0) && mask.contains(nearest.map(|v| v as usize)) {
                values.push(ct.value(at).unwrap());
            }
        }
        let hu = measure(&mask, &pet, Some(&ct)).unwrap().hu;
        prop_assert_eq!(hu.as_ref().map_or(0, |hu| hu.voxels), values.len());
        if let Some(hu) = hu {
            prop_assert!((hu.mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-9);
        }
    }
}
