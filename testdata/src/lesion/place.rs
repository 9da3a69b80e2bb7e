//! Where lesions are put: one in every site, within its organ and apart from the others.

use super::Lesion;
use crate::anatomy::vector::{V3, add};
use crate::anatomy::{Body, Organ};
use crate::random::Random;

/// A place where lesions are put: a box, the tissue they must lie in, and what they are like.
struct Site {
    name: &'static str,
    centre: V3,
    reach: V3,
    within: Option<Organ>,
    diameter_mm: (f64, f64),
    suv: (f64, f64),
    hu: f64,
}

const fn site(
    name: &'static str,
    centre: V3,
    reach: V3,
    within: Option<Organ>,
    diameter_mm: (f64, f64),
    suv: (f64, f64),
    hu: f64,
) -> Site {
    Site {
        name,
        centre,
        reach,
        within,
        diameter_mm,
        suv,
        hu,
    }
}

/// Every study has one lesion a site. A third and more of the sites touch physiological uptake: salivary
/// glands, myocardium, liver, kidneys, ureters, bowel, bladder.
const SITES: [Site; 23] = [
    site(
        "liver, right lobe",
        [-72.0, 0.0, 270.0],
        [36.0, 44.0, 50.0],
        Some(Organ::Liver),
        (18.0, 30.0),
        (5.0, 11.0),
        48.0,
    ),
    site(
        "liver, left lobe",
        [0.0, -44.0, 288.0],
        [34.0, 16.0, 20.0],
        Some(Organ::Liver),
        (10.0, 16.0),
        (4.5, 9.0),
        46.0,
    ),
    site(
        "liver, dome",
        [-66.0, -10.0, 328.0],
        [26.0, 26.0, 10.0],
        Some(Organ::Liver),
        (12.0, 16.0),
        (5.0, 9.0),
        47.0,
    ),
    site(
        "spleen",
        [100.0, 34.0, 272.0],
        [8.0, 18.0, 26.0],
        Some(Organ::Spleen),
        (12.0, 20.0),
        (5.0, 9.0),
        42.0,
    ),
    site(
        "lung, right lower lobe",
        [-82.0, 34.0, 400.0],
        [16.0, 14.0, 14.0],
        Some(Organ::Lung),
        (38.0, 40.0),
        (8.0, 14.0),
        34.0,
    ),
    site(
        "lung, right upper lobe",
        [-62.0, -20.0, 470.0],
        [20.0, 24.0, 20.0],
        Some(Organ::Lung),
        (6.0, 8.0),
        (4.0, 8.0),
        20.0,
    ),
    site(
        "lung, left upper lobe",
        [70.0, -20.0, 455.0],
        [18.0, 26.0, 22.0],
        Some(Organ::Lung),
        (9.0, 13.0),
        (4.0, 9.0),
        25.0,
    ),
    site(
        "lung, left lower lobe",
        [96.0, 40.0, 385.0],
        [12.0, 14.0, 24.0],
        Some(Organ::Lung),
        (14.0, 18.0),
        (5.0, 10.0),
        30.0,
    ),
    site(
        "mediastinal lymph node, paratracheal",
        [-20.0, 0.0, 482.0],
        [4.0, 8.0, 10.0],
        None,
        (10.0, 14.0),
        (5.0, 12.0),
        42.0,
    ),
    site(
        "mediastinal lymph node, beside the heart",
        [52.0, -2.0, 392.0],
        [6.0, 6.0, 8.0],
        None,
        (12.0, 16.0),
        (6.0, 11.0),
        42.0,
    ),
    site(
        "cervical lymph node, left",
        [48.0, -16.0, 622.0],
        [6.0, 8.0, 14.0],
        None,
        (9.0, 14.0),
        (5.0, 12.0),
        45.0,
    ),
    site(
        "supraclavicular lymph node, left",
        [62.0, -8.0, 552.0],
        [10.0, 8.0, 6.0],
        None,
        (8.0, 12.0),
        (5.0, 10.0),
        44.0,
    ),
    site(
        "axillary lymph node, right",
        [-128.0, 2.0, 462.0],
        [8.0, 14.0, 18.0],
        None,
        (10.0, 18.0),
        (4.5, 10.0),
        42.0,
    ),
    site(
        "retroperitoneal lymph node, beside the kidney",
        [32.0, 20.0, 212.0],
        [4.0, 6.0, 22.0],
        None,
        (12.0, 18.0),
        (5.0, 10.0),
        42.0,
    ),
    site(
        "iliac lymph node, right, beside the bladder",
        [-56.0, -22.0, 24.0],
        [4.0, 8.0, 8.0],
        None,
        (10.0, 16.0),
        (5.0, 10.0),
        42.0,
    ),
    site(
        "inguinal lymph node, left",
        [86.0, -74.0, -40.0],
        [8.0, 6.0, 14.0],
        None,
        (10.0, 15.0),
        (4.5, 9.0),
        40.0,
    ),
    site(
        "thoracic vertebra",
        [0.0, 44.0, 392.0],
        [6.0, 4.0, 34.0],
        Some(Organ::Bone),
        (14.0, 20.0),
        (5.0, 12.0),
        120.0,
    ),
    site(
        "lumbar vertebra",
        [0.0, 29.0, 166.0],
        [8.0, 5.0, 30.0],
        Some(Organ::Bone),
        (16.0, 24.0),
        (5.0, 12.0),
        95.0,
    ),
    site(
        "iliac bone, left",
        [72.0, 40.0, 40.0],
        [10.0, 10.0, 12.0],
        Some(Organ::Bone),
        (14.0, 22.0),
        (5.0, 11.0),
        110.0,
    ),
    site(
        "femur, right",
        [-106.0, 2.0, -14.0],
        [14.0, 6.0, 12.0],
        Some(Organ::Bone),
        (12.0, 20.0),
        (4.5, 10.0),
        130.0,
    ),
    site(
        "lung, right base, above the liver",
        [-72.0, 10.0, 357.0],
        [12.0, 12.0, 3.0],
        Some(Organ::Lung),
        (9.0, 13.0),
        (5.0, 9.0),
        24.0,
    ),
    site(
        "submandibular lymph node, right",
        [-43.0, -25.0, 627.0],
        [3.0, 3.0, 4.0],
        None,
        (9.0, 12.0),
        (5.0, 10.0),
        44.0,
    ),
    site(
        "retroperitoneal lymph node, beside the right kidney",
        [-30.0, 26.0, 186.0],
        [3.0, 5.0, 14.0],
        None,
        (10.0, 14.0),
        (5.0, 10.0),
        42.0,
    ),
];

/// The site whose lesion has a core without uptake.
const NECROTIC: usize = 4;

/// Puts one lesion into every site.
pub fn lesions(body: &Body, seed: u64) -> Vec<Lesion> {
    let mut random = Random::new(seed, "lesions");
    let mut placed: Vec<Lesion> = Vec::new();
    for (index, site) in SITES.iter().enumerate() {
        let diameter_mm = round_to(random.between(site.diameter_mm.0, site.diameter_mm.1), 0.1);
        let suv = round_to(random.between(site.suv.0, site.suv.1), 0.01);
        let centre_mm = place(body, site, diameter_mm, &placed, &mut random);
        let core = (index == NECROTIC).then(|| (round_to(diameter_mm * 0.55, 0.1), 1.2));
        placed.push(Lesion {
            number: index + 1,
            site: site.name,
            centre_mm,
            diameter_mm,
            suv,
            core,
            hu: site.hu,
        });
    }
    placed
}

fn round_to(value: f64, step: f64) -> f64 {
    let steps = (1.0 / step).round();
    (value * steps).round() / steps
}

/// The best of many places in a site: inside its organ, away from the lesions already there.
fn place(body: &Body, site: &Site, diameter_mm: f64, placed: &[Lesion], random: &mut Random) -> [f64; 3] {
    let body = &body.near(site.centre, site.reach.map(|v| v + diameter_mm as f32));
    let mut best = (i32::MIN, [0.0; 3]);
    for _ in 0..60 {
        let at = [0, 1, 2].map(|a| {
            let (middle, reach) = (f64::from(site.centre[a]), f64::from(site.reach[a]));
            round_to(random.between(middle - reach, middle + reach), 0.1)
        });
        let apart = placed.iter().all(|other| {
            let gap = other.distance_squared(at).sqrt() - (other.diameter_mm + diameter_mm) / 2.0;
            gap > 12.0
        });
        let score = probes_inside(body, site, at, diameter_mm) - if apart { 0 } else { 100 };
        if score > best.0 {
            best = (score, at);
        }
    }
    best.1
}

/// How many of seven places (centre, and eight tenths of the radius along the axes) lie in the site's organ.
fn probes_inside(body: &Body, site: &Site, at: [f64; 3], diameter_mm: f64) -> i32 {
    let centre = at.map(|v| v as f32);
    let reach = diameter_mm as f32 * 0.4;
    let steps: [V3; 7] = [
        [0.0; 3],
        [reach, 0.0, 0.0],
        [-reach, 0.0, 0.0],
        [0.0, reach, 0.0],
        [0.0, -reach, 0.0],
        [0.0, 0.0, reach],
        [0.0, 0.0, -reach],
    ];
    let fits = |step: &&V3| {
        let organ = body.tissue_at(add(centre, **step)).map(|tissue| tissue.organ);
        match site.within {
            Some(wanted) => organ == Some(wanted),
            // Lymph nodes lie in fat between organs.
            None => {
                organ.is_some_and(|o| !matches!(o, Organ::Bone | Organ::Airway | Organ::Lung | Organ::Heart))
            }
        }
    };
    steps.iter().filter(fits).count() as i32
}

#[cfg(test)]
mod tests {
    use super::{SITES, lesions};
    use crate::anatomy::Body;
    use crate::lesion::nearest_physiological;

    /// What later work relies on, whatever the seed: lesions in their organs, apart, a third near uptake.
    #[test]
    fn every_seed_has_well_placed_lesions() {
        for seed in [0, 1, 2, 77, 1234] {
            let body = Body::new(seed);
            let all = lesions(&body, seed);
            assert_eq!(all.len(), SITES.len());
            for (lesion, site) in all.iter().zip(&SITES) {
                let organ = body
                    .tissue_at(lesion.centre_mm.map(|v| v as f32))
                    .map(|tissue| tissue.organ);
                assert!(organ.is_some(), "{seed} {}", lesion.site);
                assert!(
                    site.within.is_none() || organ == site.within,
                    "{seed} {} {organ:?}",
                    lesion.site
                );
            }
            for (n, a) in all.iter().enumerate() {
                for b in &all[n + 1..] {
                    let gap = a.distance_squared(b.centre_mm).sqrt() - (a.diameter_mm + b.diameter_mm) / 2.0;
                    assert!(gap > 8.0, "{seed} {} {} {gap}", a.site, b.site);
                }
            }
            let near = all
                .iter()
                .filter(|lesion| nearest_physiological(&body, lesion).1 <= 15.0)
                .count();
            assert!(near * 3 >= all.len(), "{seed}: {near}");
        }
    }
}
