//! The body's outside: skin, subcutaneous fat, and the muscle envelope under it.

use super::column::{Station, station};
use super::{Shape, Solid, Tissue};

/// Trunk and neck under the skin: height, centre, half width, front, back.
const TRUNK: &[Station] = &[
    station(-112.0, 0.0, 0.0, 70.0, 40.0, 40.0),
    station(-92.0, 0.0, 0.0, 140.0, 84.0, 86.0),
    station(-45.0, 0.0, 2.0, 174.0, 103.0, 106.0),
    station(0.0, 0.0, 2.0, 178.0, 106.0, 110.0),
    station(60.0, 0.0, 0.0, 170.0, 110.0, 104.0),
    station(115.0, 0.0, 0.0, 157.0, 114.0, 97.0),
    station(160.0, 0.0, 0.0, 149.0, 114.0, 95.0),
    station(220.0, 0.0, 0.0, 150.0, 110.0, 98.0),
    station(300.0, 0.0, 0.0, 158.0, 110.0, 102.0),
    station(380.0, 0.0, 0.0, 164.0, 113.0, 104.0),
    station(440.0, 0.0, 2.0, 166.0, 108.0, 101.0),
    station(490.0, 0.0, 6.0, 162.0, 96.0, 94.0),
    station(525.0, 0.0, 10.0, 132.0, 78.0, 84.0),
    station(552.0, 0.0, 14.0, 82.0, 62.0, 70.0),
    station(575.0, 0.0, 16.0, 63.0, 56.0, 60.0),
    station(610.0, 0.0, 17.0, 58.0, 55.0, 57.0),
    station(655.0, 0.0, 17.0, 57.0, 55.0, 58.0),
    station(690.0, 0.0, 24.0, 50.0, 40.0, 52.0),
    station(712.0, 0.0, 28.0, 30.0, 24.0, 34.0),
];

fn trunk(fat_mm: [f32; 3]) -> Shape {
    // The fat is thickest at belly and buttocks, thin at neck and shoulders.
    let share = |z: f32| {
        if z < 300.0 {
            1.0
        } else {
            ((640.0 - z) / 340.0).max(0.25)
        }
    };
    let thinner = TRUNK.iter().map(|s| {
        let share = share(s.z);
        Station {
            half_width: s.half_width - fat_mm[0] * share,
            front: s.front - fat_mm[1] * share,
            back: s.back - fat_mm[2] * share,
            ..*s
        }
    });
    Shape::column(&thinner.collect::<Vec<_>>(), 0.66)
}

/// The whole outside, `limb_mm` thinner at the limbs and by `fat_mm` (side, front, back) at the trunk.
fn envelope(fat_mm: [f32; 3], limb_mm: f32, head_mm: f32) -> Shape {
    let mut members = vec![
        trunk(fat_mm),
        Shape::ellipsoid(
            [0.0, 5.0, 757.0],
            [77.0 - head_mm, 97.0 - head_mm, 90.0 - head_mm],
        ),
        Shape::ellipsoid(
            [0.0, -38.0, 694.0],
            [61.0 - head_mm, 64.0 - head_mm, 72.0 - head_mm],
        ),
        Shape::ellipsoid(
            [0.0, -62.0, 640.0],
            [38.0 - head_mm, 40.0 - head_mm, 26.0 - head_mm],
        ),
        Shape::tube(
            [0.0, -92.0, 712.0],
            [0.0, -110.0, 690.0],
            8.0 - head_mm.min(5.0),
            12.0 - head_mm.min(5.0),
        ),
    ];
    for side in [-1.0, 1.0] {
        let at = |x: f32, y: f32, z: f32| [side * x, y, z];
        members.extend([
            Shape::tube(
                at(88.0, 2.0, -10.0),
                at(96.0, 4.0, -420.0),
                90.0 - limb_mm,
                66.0 - limb_mm,
            ),
            Shape::ellipsoid(
                at(72.0, 62.0, -20.0),
                [78.0 - limb_mm, 52.0 - limb_mm * 1.3, 92.0 - limb_mm],
            ),
            Shape::ellipsoid(
                at(84.0, -62.0, 405.0),
                [58.0 - limb_mm, 48.0 - fat_mm[1], 62.0 - limb_mm],
            ),
            Shape::ellipsoid(
                at(142.0, 10.0, 505.0),
                [58.0 - limb_mm, 62.0 - limb_mm, 66.0 - limb_mm],
            ),
            Shape::tube(
                at(158.0, 6.0, 520.0),
                at(196.0, -14.0, 800.0),
                53.0 - limb_mm,
                43.0 - limb_mm,
            ),
            Shape::tube(
                at(196.0, -14.0, 800.0),
                at(120.0, -40.0, 960.0),
                43.0 - limb_mm,
                32.0 - limb_mm,
            ),
            Shape::ellipsoid(at(79.0, 10.0, 715.0), [5.0, 15.0, 28.0]),
        ]);
    }
    Shape::union(members, 26.0)
}

/// Skin, fat and muscle of the whole body.
pub fn solids() -> Vec<Solid> {
    vec![
        Solid::layered(
            envelope([0.0; 3], 0.0, 0.0),
            &[(0.0, Tissue::SKIN), (2.0, Tissue::FAT)],
        ),
        Solid::of(envelope([17.0, 24.0, 19.0], 13.0, 7.5), Tissue::MUSCLE),
    ]
}
