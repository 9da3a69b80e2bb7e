//! Detection on a real whole-body FDG PET without CT: a patient with a tumour of the throat and nodes in the neck.

use engine::lesion::{Detection, Finding, Options, Organ, detect};
use engine::volume::{Rescale, Unit};

use crate::masks::{segmentation, volume};

/// SUV by body weight of a Bq/mL, as in the data's README.
const SUV_PER_BQ_ML: f64 = 4.016_640e-4;

/// Where each organ that reaches SUV 4 is hottest: voxel, organ.
const ORGANS: [([usize; 3], Organ); 6] = [
    ([95, 79, 504], Organ::Brain),
    ([100, 75, 332], Organ::Heart),
    ([101, 92, 263], Organ::Kidney),
    ([53, 91, 252], Organ::Kidney),
    ([62, 87, 243], Organ::UrinaryTract),
    ([82, 82, 114], Organ::UrinaryTract),
];

/// Today's false ones, by the voxel of their maximum: one spot beside the rectum or in the lower left ureter, one in
/// the lower gullet. No CT tells what they are.
const FALSE_ONES: [[usize; 3]; 2] = [[87, 96, 144], [82, 88, 326]];

fn at(detection: &Detection, voxel: [usize; 3]) -> &Finding {
    let found = detection.findings.iter().find(|f| f.mask.contains(voxel));
    found.unwrap_or_else(|| panic!("nothing at {voxel:?}"))
}

#[test]
fn every_lesion_of_a_whole_body_pet_is_found_and_organs_are_set_aside() {
    let Some(folder) = shared_data::set("pet/qin-headneck-0139") else {
        return;
    };
    let rescale = |r: Rescale| Rescale {
        slope: r.slope * SUV_PER_BQ_ML,
        intercept: r.intercept * SUV_PER_BQ_ML,
    };
    let pet = volume(&folder.join("PT"));
    let rescale = rescale(pet.rescale());
    let pet = pet.with_rescale(rescale, Unit::SuvBw).unwrap();
    let detection = detect(&pet, None, None, &Options::default()).unwrap();
    let segments = segmentation(&folder.join("SEG/mask.dcm")).segments;
    assert_eq!(segments.len(), 11);
    let mut true_ones = std::collections::BTreeSet::new();
    for segment in segments {
        let mask = segment.mask.carry_to(pet.grid().clone());
        assert!(mask.volume_ml() > 1.0);
        let hottest = engine::voi::Statistics::inside(&pet, &mask, engine::voi::Scale::Factor(1.0)).unwrap();
        let found = at(&detection, hottest.max_at);
        assert_eq!(found.physiological, None, "segment {}", segment.number);
        true_ones.insert(found.id);
    }
    for (voxel, organ) in ORGANS {
        let why = at(&detection, voxel).physiological.as_ref().unwrap();
        assert_eq!(why.organ, organ, "{voxel:?} {}", why.reason);
    }
    let others = detection.lesions().filter(|f| !true_ones.contains(&f.id));
    let others: Vec<[usize; 3]> = others.map(|f| f.statistics.max_at).collect();
    assert_eq!(others, FALSE_ONES);
    let liver = detection.references.liver.unwrap();
    assert!(
        (1.9..2.8).contains(&liver.statistics.mean),
        "{}",
        liver.statistics.mean
    );
}
