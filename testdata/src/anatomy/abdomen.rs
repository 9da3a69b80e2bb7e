//! Abdomen and pelvis: cavity, solid organs, stomach, bowel, urinary tract.

use super::column::station;
use super::vector::{V3, add};
use super::{Shape, Solid, Tissue, both_sides, curve, tube_path};
use crate::random::Random;

/// The abdominal cavity with its domes under the diaphragm, `deeper` mm inside the muscle around it.
fn cavity_shape(deeper: f32) -> Shape {
    let g = |v: f32| v - deeper;
    let trunk = Shape::column(
        &[
            station(-50.0, 0.0, 10.0, g(44.0), g(52.0), g(46.0)),
            station(0.0, 0.0, 8.0, g(58.0), g(68.0), g(58.0)),
            station(50.0, 0.0, 2.0, g(88.0), g(82.0), g(50.0)),
            station(100.0, 0.0, 0.0, g(116.0), g(88.0), g(46.0)),
            station(150.0, 0.0, 0.0, g(122.0), g(88.0), g(50.0)),
            station(220.0, 0.0, 0.0, g(126.0), g(88.0), g(66.0)),
            station(262.0, 0.0, 0.0, g(124.0), g(84.0), g(74.0)),
            station(285.0, 0.0, 0.0, g(116.0), g(78.0), g(70.0)),
        ],
        0.5,
    );
    let right = Shape::ellipsoid([-66.0, -4.0, 262.0], [g(63.0), g(78.0), g(92.0)]);
    let left = Shape::ellipsoid([66.0, -2.0, 256.0], [g(62.0), g(76.0), g(82.0)]);
    let middle = Shape::ellipsoid([0.0, -14.0, 262.0], [g(70.0), g(70.0), g(70.0)]);
    Shape::union(vec![trunk, right, left, middle], 18.0)
}

/// The muscle around the abdomen and the fat in it.
pub fn cavity() -> Vec<Solid> {
    vec![
        Solid::of(cavity_shape(0.0), Tissue::PLAIN_MUSCLE),
        Solid::of(cavity_shape(4.5), Tissue::FAT),
    ]
}

fn muscles() -> Vec<Solid> {
    let psoas = curve(
        &[
            ([34.0, 38.0, 250.0], 9.0),
            ([40.0, 34.0, 180.0], 17.0),
            ([50.0, 22.0, 110.0], 22.0),
            ([66.0, -8.0, 50.0], 19.0),
            ([90.0, -28.0, 5.0], 15.0),
            ([106.0, 2.0, -60.0], 9.0),
        ],
        4,
    );
    let iliacus = [([92.0, 14.0, 92.0], 17.0), ([80.0, -14.0, 40.0], 17.0)];
    let crus = [([12.0, 18.0, 270.0], 7.0), ([12.0, 20.0, 215.0], 5.0)];
    let plain = [(0.0, Tissue::PLAIN_MUSCLE)];
    both_sides(
        [
            tube_path(&psoas, &plain),
            tube_path(&iliacus, &plain),
            tube_path(&crus, &plain),
        ]
        .concat(),
    )
}

/// The liver's whole shape.
fn liver_shape() -> Shape {
    Shape::union(
        vec![
            Shape::ellipsoid([-66.0, -4.0, 266.0], [58.0, 72.0, 82.0]),
            Shape::ellipsoid([-84.0, 8.0, 226.0], [38.0, 52.0, 58.0]),
            Shape::ellipsoid_along([0.0, -44.0, 286.0], [34.0, 34.0, 68.0], [1.0, -0.12, 0.16]),
            Shape::ellipsoid([-14.0, -2.0, 280.0], [24.0, 24.0, 34.0]),
        ],
        22.0,
    )
    .without(Shape::ellipsoid([-30.0, -34.0, 196.0], [48.0, 44.0, 54.0]))
    .without(Shape::ellipsoid([-56.0, 56.0, 190.0], [34.0, 34.0, 60.0]))
}

fn liver(random: &mut Random) -> Vec<Solid> {
    let uptake = random.between(2.0, 2.4) as f32;
    let mut solids = vec![Solid::of(liver_shape(), Tissue::LIVER.with_suv(uptake))];
    let inside = liver_shape();
    let confluence = [-20.0, 12.0, 322.0];
    for to in [
        [-110.0, 20.0, 270.0],
        [-72.0, -40.0, 270.0],
        [-8.0, -58.0, 290.0],
        [-96.0, -10.0, 236.0],
        [-60.0, 30.0, 262.0],
    ] {
        let middle = [
            (to[0] + confluence[0]) * 0.5,
            (to[1] + confluence[1]) * 0.5,
            (to[2] + confluence[2]) * 0.5 + 10.0,
        ];
        solids.extend(tube_path(
            &curve(&[(confluence, 5.5), (middle, 4.0), (to, 2.0)], 3),
            &[(0.0, Tissue::LIVER_VESSEL)],
        ));
    }
    let hilum = [-34.0, -10.0, 258.0];
    solids.extend(tube_path(
        &[([-14.0, -8.0, 226.0], 7.0), (hilum, 6.5)],
        &[(0.0, Tissue::LIVER_VESSEL)],
    ));
    let mut growing: Vec<(V3, V3, f32)> = [
        [-1.0, 0.3, 0.2],
        [-0.8, -0.6, -0.3],
        [0.6, -0.7, 0.5],
        [-0.7, 0.2, 0.9],
    ]
    .map(|d| (hilum, d, 5.0))
    .to_vec();
    while let Some((from, direction, radius)) = growing.pop() {
        let to = add(from, super::vector::scale(super::vector::unit(direction), 24.0));
        if radius < 1.6 || inside.distance(to) > -8.0 {
            continue;
        }
        solids.push(Solid::of(
            Shape::tube(from, to, radius, radius * 0.8),
            Tissue::LIVER_VESSEL,
        ));
        for _ in 0..2 {
            let turn = [0, 1, 2].map(|_| random.normal() as f32 * 0.6);
            growing.push((to, add(super::vector::unit(direction), turn), radius * 0.72));
        }
    }
    solids.push(Solid::layered(
        Shape::ellipsoid_along([-46.0, -54.0, 214.0], [14.0, 15.0, 30.0], [0.2, -0.6, -1.0]),
        &[(0.0, Tissue::BOWEL_WALL.with_suv(1.2)), (2.0, Tissue::BILE)],
    ));
    solids
}

fn kidney(centre: V3, tilt: V3, side: f32, uptake: f32) -> Vec<Solid> {
    let toward = |medial: f32, back: f32, up: f32| add(centre, [-side * medial, back, up]);
    let whole = Shape::ellipsoid_along(centre, [27.0, 23.0, 54.0], tilt)
        .without(Shape::ellipsoid(toward(27.0, -4.0, 0.0), [17.0, 12.0, 20.0]));
    let urine = Tissue::URINE.with_suv(uptake);
    let mut solids = vec![
        Solid::of(
            Shape::ellipsoid_along(toward(2.0, 0.0, 0.0), [38.0, 32.0, 66.0], tilt),
            Tissue::FAT,
        ),
        Solid::layered(
            whole,
            &[(0.0, Tissue::KIDNEY), (9.0, Tissue::KIDNEY.with_suv(4.2))],
        ),
    ];
    for up in [-26.0, 0.0, 26.0] {
        solids.extend(tube_path(
            &[(toward(-2.0, 0.0, up), 3.6), (toward(16.0, -4.0, up * 0.3), 3.2)],
            &[(0.0, urine)],
        ));
    }
    solids.push(Solid::of(
        Shape::ellipsoid(toward(17.0, -5.0, -2.0), [9.0, 6.0, 13.0]),
        urine,
    ));
    solids
}

/// Ureter of one side; urine stands in it in places only.
fn ureter(from: V3, side: f32, random: &mut Random) -> Vec<Solid> {
    let path = curve(
        &[
            (from, 2.6),
            ([side * 34.0, 14.0, 130.0], 2.4),
            ([side * 36.0, 14.0, 70.0], 2.4),
            ([side * 42.0, 26.0, 30.0], 2.4),
            ([side * 22.0, 0.0, -4.0], 2.4),
        ],
        5,
    );
    let piece = |pair: &[(V3, f32)]| {
        let filled = random.unit() < 0.3;
        let suv = if filled { random.between(3.0, 9.0) } else { 1.0 };
        tube_path(pair, &[(0.0, Tissue::URINE.with_suv(suv as f32))])
    };
    path.windows(2).flat_map(piece).collect()
}

fn urinary(random: &mut Random) -> Vec<Solid> {
    let uptake = random.between(9.0, 15.0) as f32;
    let mut solids = kidney([62.0, 44.0, 212.0], [-0.22, 0.2, 1.0], 1.0, uptake);
    solids.extend(kidney([-60.0, 44.0, 192.0], [0.22, 0.2, 1.0], -1.0, uptake * 0.9));
    solids.extend(ureter([44.0, 38.0, 208.0], 1.0, random));
    solids.extend(ureter([-42.0, 38.0, 188.0], -1.0, random));
    let bladder = Shape::ellipsoid([0.0, -26.0, 14.0], [41.0, 34.0, 31.0]);
    let urine = Tissue::URINE.with_suv(random.between(14.0, 24.0) as f32);
    solids.push(Solid::layered(
        bladder,
        &[(0.0, Tissue::BLADDER_WALL), (3.0, urine)],
    ));
    solids.push(Solid::of(
        Shape::ellipsoid([0.0, -10.0, -34.0], [23.0, 17.0, 18.0]),
        Tissue::PROSTATE,
    ));
    solids
}

fn stomach() -> Vec<Solid> {
    let inside = |thinner: f32| {
        Shape::union(
            vec![
                Shape::ellipsoid(
                    [62.0, 4.0, 292.0],
                    [44.0 - thinner, 44.0 - thinner, 40.0 - thinner],
                ),
                Shape::tube(
                    [60.0, -18.0, 270.0],
                    [30.0, -52.0, 226.0],
                    31.0 - thinner,
                    25.0 - thinner,
                ),
                Shape::tube(
                    [30.0, -52.0, 226.0],
                    [-22.0, -44.0, 222.0],
                    24.0 - thinner,
                    15.0 - thinner,
                ),
            ],
            16.0,
        )
    };
    vec![
        Solid::layered(
            inside(0.0),
            &[(0.0, Tissue::STOMACH_WALL), (5.0, Tissue::STOMACH_FLUID)],
        ),
        // Gas rises to the front of a patient on the back, and ends at a level.
        Solid::of(
            inside(5.0).within([Shape::below([0.0, 1.0, 0.0], -34.0)]),
            Tissue::BOWEL_GAS,
        ),
    ]
}

/// A length of bowel: wall, content, and gas where `gas` says so.
fn bowel(path: &[(V3, f32)], wall_mm: f32, suv: f32, mut gas: impl FnMut() -> bool) -> Vec<Solid> {
    let wall = [(0.0, Tissue::BOWEL_WALL.with_suv(suv))];
    let thinner: Vec<(V3, f32)> = path.iter().map(|(p, r)| (*p, (r - wall_mm).max(1.5))).collect();
    let mut solids = tube_path(path, &wall);
    for pair in thinner.windows(2) {
        let inside = if gas() {
            Tissue::BOWEL_GAS
        } else {
            Tissue::BOWEL_CONTENT.with_suv(suv * 0.6)
        };
        solids.extend(tube_path(pair, &[(0.0, inside)]));
    }
    solids
}

/// Colon radius along its length: wide pouches, narrow folds.
fn pouched(path: Vec<(V3, f32)>) -> Vec<(V3, f32)> {
    let radius = |n: usize, r: f32| r * if n.is_multiple_of(2) { 1.08 } else { 0.84 };
    path.into_iter()
        .enumerate()
        .map(|(n, (p, r))| (p, radius(n, r)))
        .collect()
}

fn colon(random: &mut Random) -> Vec<Solid> {
    let ascending = curve(
        &[
            ([-84.0, -20.0, 42.0], 26.0),
            ([-100.0, -8.0, 90.0], 24.0),
            ([-104.0, 4.0, 140.0], 22.0),
            ([-98.0, -6.0, 182.0], 21.0),
        ],
        5,
    );
    let transverse = curve(
        &[
            ([-98.0, -6.0, 182.0], 21.0),
            ([-66.0, -62.0, 166.0], 20.0),
            ([-10.0, -72.0, 150.0], 19.0),
            ([50.0, -68.0, 172.0], 18.0),
            ([98.0, -18.0, 236.0], 18.0),
        ],
        7,
    );
    let descending = curve(
        &[
            ([98.0, -18.0, 236.0], 17.0),
            ([108.0, 16.0, 200.0], 15.0),
            ([106.0, 18.0, 140.0], 14.5),
            ([98.0, 2.0, 90.0], 14.0),
            ([74.0, -20.0, 62.0], 13.5),
            ([30.0, 6.0, 66.0], 14.0),
            ([14.0, 34.0, 44.0], 14.0),
        ],
        6,
    );
    let rectum = curve(
        &[
            ([14.0, 34.0, 44.0], 15.0),
            ([0.0, 52.0, 20.0], 17.0),
            ([0.0, 46.0, -18.0], 16.0),
            ([0.0, 34.0, -52.0], 9.0),
        ],
        4,
    );
    let uptake = |random: &mut Random| random.between(0.8, 2.4) as f32;
    let mut solids = Vec::new();
    for (path, share) in [
        (ascending, 0.15),
        (transverse, 0.55),
        (descending, 0.2),
        (rectum, 0.25),
    ] {
        let suv = uptake(random);
        solids.extend(bowel(&pouched(path), 2.6, suv, in_stretches(random, share)));
    }
    solids
}

/// Gas and content in stretches: the chance to change is such that `share` of the bowel holds gas.
fn in_stretches(random: &mut Random, share: f64) -> impl FnMut() -> bool + '_ {
    const CHANGE: f64 = 0.22;
    let mut gas = random.unit() < share;
    move || {
        let chance = if gas {
            CHANGE * (1.0 - share)
        } else {
            CHANGE * share
        } * 1.6;
        gas ^= random.unit() < chance;
        gas
    }
}

/// Loops of small bowel: walks that stay within the middle of the abdomen.
fn small_bowel(random: &mut Random) -> Vec<Solid> {
    let mut solids = Vec::new();
    for _ in 0..17 {
        let mut at = [
            random.between(-66.0, 70.0),
            random.between(-66.0, -14.0),
            random.between(30.0, 160.0),
        ];
        let mut path = Vec::new();
        let mut heading = [random.normal(), random.normal() * 0.6, random.normal() * 0.5];
        for _ in 0..10 {
            path.push((at.map(|v| v as f32), random.between(11.5, 14.5) as f32));
            for a in 0..3 {
                heading[a] = 0.55 * heading[a] + 0.7 * random.normal();
                at[a] += 13.0 * heading[a];
            }
            at = [
                at[0].clamp(-80.0, 82.0),
                at[1].clamp(-70.0, -8.0),
                at[2].clamp(26.0, 176.0),
            ];
        }
        let suv = random.between(0.7, 2.2) as f32;
        solids.extend(bowel(&curve(&path, 3), 2.8, suv, in_stretches(random, 0.07)));
    }
    solids
}

fn vessels() -> Vec<Solid> {
    let cava = curve(
        &[
            ([-24.0, -2.0, 345.0], 11.0),
            ([-22.0, 8.0, 300.0], 11.5),
            ([-22.0, 8.0, 220.0], 11.5),
            ([-20.0, 8.0, 120.0], 11.0),
        ],
        5,
    );
    let branch = |x: f32, y: f32, radius: f32| {
        let path = [
            ([x, y, 120.0], radius),
            ([30.0, 16.0, 70.0], radius * 0.85),
            ([58.0, -30.0, 20.0], radius * 0.75),
            ([82.0, -62.0, -20.0], radius * 0.68),
            ([78.0, -52.0, -200.0], radius * 0.6),
            ([64.0, -30.0, -420.0], radius * 0.5),
        ];
        curve(&path, 4)
    };
    let mut solids = tube_path(&cava, &[(0.0, Tissue::VEIN)]);
    solids.extend(both_sides(tube_path(
        &branch(2.0, 2.0, 7.2),
        &[(0.0, Tissue::BLOOD)],
    )));
    let veins = branch(-8.0, 10.0, 8.4)
        .iter()
        .map(|([x, y, z], r)| ([x - 11.0, y + 7.0, *z], *r))
        .collect::<Vec<_>>();
    solids.extend(both_sides(tube_path(&veins[4..], &[(0.0, Tissue::VEIN)])));
    let renal = |side: f32, z: f32| {
        tube_path(
            &[([side * 8.0, 10.0, z], 4.0), ([side * 40.0, 34.0, z - 6.0], 3.2)],
            &[(0.0, Tissue::VEIN)],
        )
    };
    solids.extend([renal(1.0, 214.0), renal(-1.0, 198.0)].concat());
    solids.extend(tube_path(
        &[
            ([5.0, -10.0, 236.0], 4.0),
            ([0.0, -30.0, 160.0], 3.6),
            ([-12.0, -30.0, 100.0], 2.2),
        ],
        &[(0.0, Tissue::VEIN)],
    ));
    for place in [[10.0, 8.0, 170.0], [-2.0, 6.0, 140.0], [8.0, 10.0, 126.0]] {
        solids.push(Solid::of(
            Shape::ellipsoid(place, [1.8, 3.0, 4.0]),
            Tissue::CALCIFICATION,
        ));
    }
    solids
}

/// Every organ of abdomen and pelvis.
pub fn organs(seed: u64) -> Vec<Solid> {
    let mut random = Random::new(seed, "abdomen");
    let pancreas = curve(
        &[
            ([-30.0, -16.0, 206.0], 13.0),
            ([-10.0, -22.0, 222.0], 11.0),
            ([24.0, -10.0, 232.0], 10.0),
            ([62.0, 18.0, 250.0], 9.0),
            ([84.0, 28.0, 262.0], 7.0),
        ],
        4,
    );
    let duodenum = curve(
        &[
            ([-24.0, -44.0, 222.0], 12.0),
            ([-48.0, -20.0, 210.0], 12.0),
            ([-46.0, -6.0, 168.0], 12.0),
            ([0.0, -14.0, 158.0], 11.0),
            ([30.0, -20.0, 180.0], 11.0),
        ],
        4,
    );
    let spleen = Shape::ellipsoid_along([98.0, 32.0, 268.0], [23.0, 38.0, 52.0], [-0.15, 0.35, 1.0])
        .without(Shape::ellipsoid([70.0, 6.0, 272.0], [24.0, 36.0, 44.0]));
    let mut solids = muscles();
    solids.extend(small_bowel(&mut random));
    solids.extend(colon(&mut random));
    solids.extend(bowel(&duodenum, 2.8, 1.4, || false));
    solids.extend(liver(&mut random));
    solids.push(Solid::of(spleen, Tissue::SPLEEN));
    solids.extend(stomach());
    solids.extend(tube_path(&pancreas, &[(0.0, Tissue::PANCREAS)]));
    solids.extend(vessels());
    solids.extend(urinary(&mut random));
    for side in [-1.0, 1.0] {
        solids.extend(tube_path(
            &[
                ([side * 46.0, 34.0, 262.0], 4.0),
                ([side * 36.0, 30.0, 244.0], 3.4),
            ],
            &[(0.0, Tissue::PLAIN_MUSCLE.with_suv(1.3))],
        ));
    }
    solids
}
