//! Detection on the demo's whole-body PET-CT; the bench `detection` says the same of more seeds.

use engine::lesion::{Options, UptakeThreshold, detect};
use testdata::{PetCt, Score, Size, score};

/// Seeds that neither the rules were tuned on nor the bench's table is made of.
const SEEDS: [u64; 2] = [501, 502];

#[test]
fn lesions_are_found_and_organs_set_aside() {
    let scores = SEEDS.map(|seed| {
        let study = PetCt::new(&testdata::Options {
            size: Size::Normal,
            seed,
        });
        let (pet, ct) = (study.pet_volume(), study.ct_volume());
        let detection = detect(&pet, Some(&ct), None, &Options::default()).unwrap();
        for reference in [&detection.references.liver, &detection.references.blood_pool] {
            assert!(reference.is_some(), "{:?}", detection.warnings);
        }
        score(&study, &detection)
    });
    let count = |of: fn(&Score) -> usize| scores.iter().map(of).sum::<usize>();
    let (wanted, missed) = (count(|s| s.wanted), count(|s| s.missed.len()));
    assert!(wanted >= 30);
    // One of the two nodes beside the heart may be taken for its wall.
    assert!(missed * 20 <= wanted + 10, "{missed} of {wanted}: {scores:#?}");
    assert!(count(|s| s.false_positives.len()) <= SEEDS.len(), "{scores:#?}");
    assert!(
        count(|s| s.physiological) >= 6 && count(|s| s.misjudged.len()) == 0,
        "{scores:#?}"
    );
    let of_max: Vec<f64> = scores
        .iter()
        .flat_map(|s| &s.volumes)
        .filter(|volume| matches!(volume.0, UptakeThreshold::OfMax { .. }))
        .map(|volume| volume.1)
        .collect();
    let within = of_max.iter().filter(|off| off.abs() <= 0.1).count();
    assert!(of_max.len() >= 8 && within * 10 >= of_max.len() * 9, "{of_max:?}");
}
