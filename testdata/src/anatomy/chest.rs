//! Lungs, airways, heart and great vessels.

use super::column::{Station, station};
use super::vector::{V3, add, scale, unit};
use super::{Shape, Solid, Tissue, both_sides, curve, tube_path};
use crate::random::Random;

/// The middle of the ribs: height, centre, half width, front, back.
pub const CAGE: &[Station] = &[
    station(222.0, 0.0, 0.0, 131.0, 84.0, 78.0),
    station(260.0, 0.0, 0.0, 136.0, 87.0, 82.0),
    station(310.0, 0.0, 0.0, 139.0, 91.0, 86.0),
    station(360.0, 0.0, 0.0, 137.0, 92.0, 88.0),
    station(410.0, 0.0, 2.0, 127.0, 88.0, 85.0),
    station(450.0, 0.0, 5.0, 110.0, 80.0, 78.0),
    station(485.0, 0.0, 9.0, 86.0, 68.0, 66.0),
    station(510.0, 0.0, 12.0, 60.0, 52.0, 50.0),
    station(530.0, 0.0, 15.0, 34.0, 34.0, 32.0),
];

/// The inside of the chest, `gap_mm` within the ribs' middle.
fn chest_inside(gap_mm: f32) -> Shape {
    let thinner = CAGE.iter().map(|s| Station {
        half_width: s.half_width - gap_mm,
        front: s.front - gap_mm,
        back: s.back - gap_mm,
        ..*s
    });
    Shape::column(&thinner.collect::<Vec<_>>(), 0.45)
}

/// A lung's vessels: a tree that splits from the hilum on and stays inside the chest.
fn vessel_tree(side: f32, inside: &Shape, random: &mut Random) -> Vec<Solid> {
    let mut solids = Vec::new();
    let mut growing: Vec<(V3, V3, f32, f32)> = [
        [0.8, 0.25, 0.75],
        [0.9, -0.5, 0.1],
        [0.75, 0.5, -0.6],
        [0.7, -0.1, -0.9],
        [0.3, 0.7, 0.1],
    ]
    .map(|d| ([side * 44.0, 4.0, 425.0], [side * d[0], d[1], d[2]], 6.2, 27.0))
    .to_vec();
    while let Some((from, direction, radius, length)) = growing.pop() {
        let to = add(from, scale(unit(direction), length));
        if radius < 0.75 || inside.distance(to) > -7.0 || to[0] * side < 16.0 {
            continue;
        }
        solids.push(Solid::of(
            Shape::tube(from, to, radius, radius * 0.82),
            Tissue::LUNG_VESSEL,
        ));
        for _ in 0..if radius > 1.3 { 3 } else { 2 } {
            let turn = [0, 1, 2].map(|_| random.normal() as f32 * 0.55);
            growing.push((
                to,
                add(unit(direction), turn),
                radius * random.between(0.6, 0.8) as f32,
                length * 0.86,
            ));
        }
    }
    solids
}

/// Both lungs with their vessels; domes and mediastinum are painted over them.
pub fn lungs(seed: u64) -> Vec<Solid> {
    let mut random = Random::new(seed, "lung vessels");
    let inside = chest_inside(8.0);
    let mut solids = vec![Solid::of(inside.clone(), Tissue::LUNG)];
    for side in [-1.0, 1.0] {
        solids.extend(vessel_tree(side, &inside, &mut random));
    }
    solids
}

/// The left ventricle's long axis points to the apex: left, forward, down.
const APEX: V3 = [0.66, -0.55, -0.51];
/// Centre of the left ventricle.
pub const LEFT_VENTRICLE: V3 = [34.0, -40.0, 372.0];

fn heart(seed: u64) -> Vec<Solid> {
    let mut random = Random::new(seed, "myocardium");
    let myocardium = Tissue::MYOCARDIUM.with_suv(random.between(2.4, 6.5) as f32);
    let ventricle = Shape::ellipsoid_along(LEFT_VENTRICLE, [34.0, 33.0, 48.0], APEX);
    let cavity = Shape::ellipsoid_along(add(LEFT_VENTRICLE, scale(APEX, -9.0)), [22.0, 21.0, 40.0], APEX);
    let right_ventricle =
        Shape::ellipsoid_along([2.0, -58.0, 366.0], [25.0, 30.0, 46.0], [0.75, -0.15, -0.6]);
    let left_atrium = Shape::ellipsoid([10.0, 4.0, 404.0], [32.0, 20.0, 26.0]);
    let right_atrium = Shape::ellipsoid([-30.0, -24.0, 384.0], [24.0, 28.0, 34.0]);
    let outside = [
        ventricle.clone(),
        right_ventricle.clone(),
        left_atrium.clone(),
        right_atrium.clone(),
    ];
    let sac = Shape::union(outside.to_vec(), 26.0);
    let fat = Shape::union(
        vec![sac, Shape::ellipsoid([20.0, -48.0, 352.0], [58.0, 34.0, 26.0])],
        12.0,
    );
    let chamber = [(0.0, Tissue::THIN_MYOCARDIUM), (3.0, Tissue::HEART_BLOOD)];
    vec![
        Solid::of(fat, Tissue::FAT),
        Solid::layered(right_atrium, &chamber),
        Solid::layered(left_atrium, &chamber),
        Solid::layered(
            right_ventricle,
            &[(0.0, Tissue::THIN_MYOCARDIUM), (4.0, Tissue::HEART_BLOOD)],
        ),
        Solid::of(ventricle, myocardium),
        Solid::of(cavity, Tissue::HEART_BLOOD),
    ]
}

/// The aorta from the valve to its fork, then the left common iliac artery's mirror twin.
pub fn aorta_path() -> Vec<(V3, f32)> {
    curve(
        &[
            ([6.0, -24.0, 405.0], 15.5),
            ([-10.0, -32.0, 432.0], 15.5),
            ([-8.0, -28.0, 462.0], 15.0),
            ([8.0, -8.0, 482.0], 14.0),
            ([20.0, 18.0, 474.0], 13.0),
            ([22.0, 32.0, 445.0], 12.5),
            ([20.0, 30.0, 390.0], 12.0),
            ([16.0, 20.0, 320.0], 11.5),
            ([10.0, 8.0, 260.0], 10.5),
            ([6.0, 2.0, 190.0], 9.5),
            ([3.0, 2.0, 118.0], 8.8),
        ],
        5,
    )
}

/// Hollow veins and the pulmonary artery, with what goes on into the neck.
fn veins() -> Vec<Solid> {
    let vein = [(0.0, Tissue::VEIN)];
    let mut solids = tube_path(
        &curve(
            &[
                ([-22.0, -18.0, 380.0], 12.0),
                ([-25.0, -22.0, 440.0], 10.0),
                ([-24.0, -24.0, 500.0], 9.0),
                ([-42.0, -10.0, 545.0], 7.0),
                ([-44.0, 2.0, 640.0], 5.5),
            ],
            4,
        ),
        &vein,
    );
    solids.extend(tube_path(
        &curve(
            &[
                ([-24.0, -26.0, 498.0], 7.5),
                ([10.0, -40.0, 506.0], 6.5),
                ([42.0, -14.0, 545.0], 6.0),
                ([44.0, 2.0, 640.0], 5.5),
            ],
            4,
        ),
        &vein,
    ));
    solids.extend(tube_path(
        &curve(
            &[
                ([14.0, -50.0, 408.0], 14.0),
                ([18.0, -34.0, 436.0], 13.5),
                ([10.0, -12.0, 442.0], 13.0),
            ],
            4,
        ),
        &vein,
    ));
    solids.extend(both_sides(tube_path(
        &curve(
            &[
                ([10.0, -14.0, 442.0], 11.0),
                ([30.0, -6.0, 434.0], 10.0),
                ([48.0, 4.0, 424.0], 8.0),
            ],
            4,
        ),
        &vein,
    )));
    solids
}

/// The aorta, its first branches, chalk in its arch.
fn arteries() -> Vec<Solid> {
    let wall = [(0.0, Tissue::BLOOD)];
    let mut solids = tube_path(&aorta_path(), &wall);
    for (x, top) in [(-6.0, [-34.0, 0.0, 640.0]), (8.0, [30.0, 0.0, 640.0])] {
        solids.extend(tube_path(
            &curve(
                &[
                    ([x, -8.0, 488.0], 6.0),
                    ([x * 2.0, -14.0, 530.0], 5.0),
                    (top, 4.0),
                ],
                5,
            ),
            &wall,
        ));
    }
    for place in [[-12.0, -2.0, 490.0], [26.0, 12.0, 480.0]] {
        solids.push(Solid::of(
            Shape::ellipsoid(place, [2.5, 4.0, 2.0]),
            Tissue::CALCIFICATION,
        ));
    }
    solids
}

fn airways() -> Vec<Solid> {
    let trachea = curve(
        &[
            ([0.0, -26.0, 600.0], 9.0),
            ([0.0, -16.0, 550.0], 9.5),
            ([0.0, -2.0, 500.0], 9.5),
            ([0.0, 4.0, 458.0], 9.5),
        ],
        5,
    );
    let left = curve(
        &[
            ([0.0, 4.0, 458.0], 7.5),
            ([22.0, 6.0, 438.0], 6.8),
            ([44.0, 8.0, 420.0], 5.8),
            ([60.0, 6.0, 395.0], 4.2),
            ([72.0, 14.0, 365.0], 3.2),
        ],
        3,
    );
    let right = curve(
        &[
            ([0.0, 4.0, 458.0], 8.0),
            ([-18.0, 6.0, 438.0], 7.4),
            ([-34.0, 8.0, 416.0], 6.2),
            ([-54.0, 6.0, 390.0], 4.4),
            ([-66.0, 14.0, 360.0], 3.2),
        ],
        3,
    );
    let upper = [
        ([40.0, 7.0, 424.0], 4.4),
        ([66.0, -6.0, 450.0], 3.2),
        ([82.0, -14.0, 474.0], 2.4),
    ];
    let wall = [(0.0, Tissue::AIRWAY_WALL), (1.4, Tissue::GAS)];
    let paths = [
        trachea,
        left,
        right,
        upper.to_vec(),
        upper.map(|([x, y, z], r)| ([-x, y, z], r)).to_vec(),
    ];
    // All walls before all lumens, so that forks stay open.
    let walls = paths.iter().flat_map(|path| tube_path(path, &wall[..1]));
    let lumens = paths.iter().flat_map(|path| tube_path(path, &wall[1..]));
    walls.chain(lumens).collect()
}

/// Everything between the lungs, with the vessels of the neck.
pub fn mediastinum(seed: u64) -> Vec<Solid> {
    let stations = [
        station(300.0, 6.0, 10.0, 44.0, 92.0, 70.0),
        station(350.0, 8.0, 6.0, 40.0, 92.0, 70.0),
        station(400.0, 4.0, 4.0, 36.0, 88.0, 70.0),
        station(440.0, 0.0, 6.0, 36.0, 78.0, 66.0),
        station(480.0, 0.0, 8.0, 34.0, 62.0, 58.0),
        station(520.0, 0.0, 14.0, 34.0, 46.0, 44.0),
        station(545.0, 0.0, 16.0, 36.0, 42.0, 40.0),
    ];
    let esophagus = curve(
        &[
            ([4.0, 0.0, 600.0], 7.0),
            ([2.0, 14.0, 500.0], 7.0),
            ([4.0, 20.0, 430.0], 7.5),
            ([12.0, 6.0, 350.0], 8.0),
            ([34.0, 2.0, 318.0], 9.0),
        ],
        4,
    );
    let mut solids = vec![Solid::of(
        Shape::column(&stations, 0.3).within([chest_inside(6.0)]),
        Tissue::FAT,
    )];
    solids.extend(heart(seed));
    solids.extend(veins());
    solids.extend(arteries());
    solids.extend(tube_path(
        &esophagus,
        &[(0.0, Tissue::PLAIN_MUSCLE.with_suv(1.3))],
    ));
    solids.extend(airways());
    solids
}
