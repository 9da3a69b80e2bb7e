//! Bones of chest, shoulders, pelvis and limbs.

use super::chest::CAGE;
use super::column::Station;
use super::vector::V3;
use super::{Shape, Solid, Tissue, both_sides, curve, spine, tube_path};
use crate::elementary::{radians, sin_cos};

const BONE: [(f32, Tissue); 2] = [(0.0, Tissue::CORTICAL), (1.6, Tissue::MARROW)];
const LONG_BONE: [(f32, Tissue); 2] = [(0.0, Tissue::CORTICAL), (4.5, Tissue::YELLOW_MARROW)];
const SPONGY: [(f32, Tissue); 2] = [(0.0, Tissue::CORTICAL), (2.2, Tissue::MARROW)];

/// Where the front ends of the ribs' bones lie, and how far below their heads: degrees from the back, mm.
const RIB_ENDS: [(f64, f32); 12] = [
    (120.0, 36.0),
    (128.0, 58.0),
    (134.0, 74.0),
    (138.0, 86.0),
    (138.0, 96.0),
    (136.0, 104.0),
    (130.0, 108.0),
    (122.0, 106.0),
    (112.0, 100.0),
    (98.0, 90.0),
    (74.0, 70.0),
    (54.0, 48.0),
];

/// The cross-section of the rib cage at a height.
fn cage_at(z: f32) -> Station {
    let above = CAGE.iter().position(|s| s.z > z).unwrap_or(CAGE.len() - 1).max(1);
    let (a, b) = (&CAGE[above - 1], &CAGE[above]);
    let t = ((z - a.z) / (b.z - a.z)).clamp(0.0, 1.0);
    let mid = |from: f32, to: f32| from + (to - from) * t;
    Station {
        z,
        centre: [0.0, mid(a.centre[1], b.centre[1])],
        half_width: mid(a.half_width, b.half_width),
        front: mid(a.front, b.front),
        back: mid(a.back, b.back),
    }
}

/// A point of the left rib cage: degrees from the back, height.
fn on_cage(degrees: f64, z: f32) -> V3 {
    let cage = cage_at(z);
    let (sine, cosine) = sin_cos(radians(degrees));
    let reach = if cosine > 0.0 { cage.back } else { cage.front };
    [
        cage.half_width * sine as f32,
        cage.centre[1] + reach * cosine as f32,
        z,
    ]
}

/// The path of a left rib (1 to 12), from its head to the end of its bone.
pub fn rib_path(number: usize) -> Vec<(V3, f32)> {
    let head = spine::rib_head(number);
    let (end, drop) = RIB_ENDS[number - 1];
    let radius = if number == 1 || number > 10 { 4.6 } else { 5.6 };
    let steps = (end / 9.0) as usize;
    let bow = (0..=steps).map(|step| {
        let along = step as f64 / steps as f64;
        let degrees = 20.0 + (end - 20.0) * along;
        (
            on_cage(degrees, head[2] - drop * (along * (0.55 + 0.45 * along)) as f32),
            radius,
        )
    });
    std::iter::once((head, 5.0)).chain(bow).collect()
}

fn rib(number: usize) -> Vec<Solid> {
    let path = rib_path(number);
    let mut solids = Vec::new();
    let end = path[path.len() - 1].0;
    if number <= 7 {
        // Cartilage climbs from the end of the bone to the sternum.
        let sternum = [
            13.0,
            -cage_at(end[2] + 25.0).front + 4.0,
            492.0 - 20.0 * (number - 1) as f32,
        ];
        let middle = [
            (end[0] + sternum[0]) * 0.5,
            (end[1] + sternum[1]) * 0.5 - 9.0,
            end[2].min(sternum[2]) + 2.0,
        ];
        solids.extend(tube_path(
            &curve(&[(end, 5.6), (middle, 5.6), (sternum, 5.2)], 4),
            &[(0.0, Tissue::CARTILAGE)],
        ));
    } else if number <= 10 {
        let previous = rib_path(number - 1);
        let above = previous[previous.len() - 1].0;
        solids.extend(tube_path(
            &[(end, 5.2), (above, 5.0)],
            &[(0.0, Tissue::CARTILAGE)],
        ));
    }
    solids.extend(tube_path(&path, &BONE));
    solids
}

fn sternum() -> Vec<Solid> {
    let plate = |y: f32, z: f32, half: V3, lean: f32| {
        Solid::layered(
            Shape::slab_along([0.0, y, z], half, [0.0, lean, 1.0], 4.5),
            &[(0.0, Tissue::THIN_BONE), (1.8, Tissue::MARROW)],
        )
    };
    vec![
        plate(-66.0, 497.0, [27.0, 6.5, 24.0], 0.42),
        plate(-86.0, 426.0, [18.0, 5.5, 50.0], 0.2),
        plate(-92.0, 362.0, [8.0, 3.5, 16.0], 0.05),
    ]
}

fn shoulder() -> Vec<Solid> {
    let clavicle = curve(
        &[
            ([16.0, -66.0, 512.0], 8.0),
            ([55.0, -62.0, 522.0], 5.8),
            ([100.0, -20.0, 532.0], 5.6),
            ([138.0, 4.0, 538.0], 6.6),
        ],
        4,
    );
    // The shoulder blade lies on the ribs, its outer edge forward and its tip down and out.
    let blade = Shape::slab_on(
        [101.0, 61.0, 438.0],
        [38.0, 2.6, 66.0],
        [0.86, -0.5, 0.0],
        [0.16, 0.06, 1.0],
        2.6,
    )
    .within([Shape::below([0.8, 0.0, -0.6], -182.0)]);
    let spine_of_scapula = curve(
        &[
            ([74.0, 78.0, 474.0], 4.5),
            ([112.0, 70.0, 502.0], 6.0),
            ([146.0, 34.0, 540.0], 7.0),
        ],
        3,
    );
    let glenoid = Shape::ellipsoid_along([136.0, 22.0, 505.0], [13.0, 12.0, 19.0], [0.1, 0.0, 1.0]);
    let neck = tube_path(
        &[([108.0, 66.0, 488.0], 8.0), ([134.0, 26.0, 505.0], 11.0)],
        &SPONGY,
    );
    let coracoid = tube_path(
        &curve(
            &[
                ([132.0, 18.0, 518.0], 7.0),
                ([122.0, -14.0, 522.0], 5.5),
                ([130.0, -28.0, 512.0], 5.0),
            ],
            3,
        ),
        &SPONGY,
    );
    let mut solids = vec![Solid::layered(blade, &[(0.0, Tissue::THIN_BONE)])];
    solids.extend(tube_path(&clavicle, &BONE));
    solids.extend(tube_path(&spine_of_scapula, &BONE));
    solids.extend(neck);
    solids.push(Solid::layered(glenoid, &SPONGY));
    solids.extend(coracoid);
    solids
}

/// Upper arm and forearm of a raised arm.
fn arm() -> Vec<Solid> {
    let humerus = [
        ([160.0, 8.0, 540.0], 15.0),
        ([168.0, 2.0, 600.0], 12.0),
        ([190.0, -12.0, 770.0], 11.5),
        ([196.0, -14.0, 800.0], 20.0),
    ];
    let ulna = [([190.0, -6.0, 806.0], 12.0), ([116.0, -30.0, 960.0], 7.5)];
    let radius = [([200.0, -26.0, 806.0], 9.0), ([124.0, -48.0, 960.0], 8.0)];
    let mut solids = tube_path(&humerus, &LONG_BONE);
    solids.push(Solid::layered(Shape::ball([159.0, 10.0, 522.0], 22.5), &SPONGY));
    solids.extend(tube_path(&ulna, &LONG_BONE));
    solids.extend(tube_path(&radius, &LONG_BONE));
    solids
}

fn pelvis() -> Vec<Solid> {
    // The wing is the outer part of a bowl between sacrum and front spine, under the crest's arch.
    let bowl = Shape::ellipsoid([0.0, 6.0, 132.0], [128.0, 96.0, 138.0]).shell(5.0);
    let wing = bowl.within([
        Shape::below([-1.0, 0.0, 0.0], -40.0),
        Shape::below([0.0, -1.0, -0.15], 42.0),
        Shape::below([0.0, 0.25, 1.0], 118.0),
        Shape::below([0.0, -0.45, 1.0], 124.0),
        Shape::below([0.0, 0.0, -1.0], -12.0),
        Shape::ellipsoid([70.0, 4.0, 58.0], [110.0, 78.0, 62.0]),
    ]);
    let socket = Shape::ball([88.0, -4.0, 0.0], 34.0)
        .without(Shape::ball([90.0, -5.0, 0.0], 26.5))
        .within([Shape::below([0.78, -0.1, -0.6], 70.0)]);
    let crest = curve(
        &[
            ([58.0, 76.0, 92.0], 7.0),
            ([104.0, 40.0, 116.0], 6.5),
            ([126.0, -2.0, 112.0], 7.0),
            ([118.0, -44.0, 84.0], 6.5),
        ],
        4,
    );
    let joint = [
        ([46.0, 62.0, 66.0], 11.0),
        ([62.0, 52.0, 40.0], 13.0),
        ([76.0, 20.0, 20.0], 12.0),
    ];
    let ischium = [
        ([80.0, 22.0, -8.0], 15.0),
        ([70.0, 42.0, -42.0], 14.0),
        ([60.0, 38.0, -72.0], 15.0),
    ];
    let ramus = [
        ([74.0, -22.0, 8.0], 9.0),
        ([42.0, -46.0, 4.0], 7.0),
        ([14.0, -54.0, -8.0], 10.5),
        ([11.0, -50.0, -34.0], 10.0),
        ([30.0, -18.0, -60.0], 7.0),
        ([58.0, 28.0, -80.0], 8.5),
    ];
    let mut solids = vec![
        Solid::layered(wing, &[(0.0, Tissue::CORTICAL), (1.7, Tissue::MARROW)]),
        Solid::layered(socket, &SPONGY),
    ];
    for path in [crest, joint.to_vec(), ischium.to_vec(), ramus.to_vec()] {
        solids.extend(tube_path(&path, &SPONGY));
    }
    solids
}

fn femur() -> Vec<Solid> {
    let shaft = [
        ([124.0, 8.0, -38.0], 17.0),
        ([118.0, 6.0, -80.0], 15.5),
        ([108.0, 4.0, -200.0], 14.5),
        ([98.0, 2.0, -420.0], 15.0),
    ];
    let neck = [([90.0, -5.0, 0.0], 15.0), ([122.0, 6.0, -30.0], 17.0)];
    let trochanters = [
        ([130.0, 14.0, -12.0], 16.0),
        ([124.0, 8.0, -40.0], 17.0),
        ([106.0, 18.0, -64.0], 8.0),
    ];
    let mut solids = tube_path(&shaft, &LONG_BONE);
    solids.extend(tube_path(&neck, &SPONGY));
    solids.extend(tube_path(&trochanters, &SPONGY));
    solids.push(Solid::layered(Shape::ball([89.0, -5.0, 0.0], 24.0), &SPONGY));
    solids
}

/// Every bone but spine and skull.
pub fn solids() -> Vec<Solid> {
    let mut left: Vec<Solid> = (1..=12).flat_map(rib).collect();
    left.extend(shoulder());
    left.extend(arm());
    left.extend(pelvis());
    left.extend(femur());
    let mut solids = both_sides(left);
    solids.push(Solid::of(
        Shape::slab([0.0, -54.0, -20.0], [3.5, 9.0, 17.0], 3.0),
        Tissue::CARTILAGE,
    ));
    solids.extend(sternum());
    solids
}
