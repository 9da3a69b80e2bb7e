//! The spine: vertebrae, discs, cord, sacrum.

use super::vector::{V3, add, scale, unit};
use super::{Shape, Solid, Tissue, both_sides, curve, tube_path};

/// One vertebra.
#[derive(Debug, Clone, Copy)]
pub struct Vertebra {
    /// Centre of its body.
    pub centre: V3,
    /// Towards the head, along the spine.
    pub up: V3,
    /// Half width of its body.
    pub half_width: f32,
    /// Half height of its body, without the discs.
    pub half_height: f32,
}

/// Free vertebrae: five lumbar, twelve thoracic, seven cervical.
const COUNT: usize = 24;

/// The line of the vertebral bodies, from the sacrum up: the curves of a supine spine.
const LINE: [[f32; 2]; 12] = [
    [40.0, 58.0],
    [84.0, 38.0],
    [130.0, 28.0],
    [190.0, 29.0],
    [250.0, 33.0],
    [320.0, 35.0],
    [390.0, 35.0],
    [460.0, 31.0],
    [520.0, 23.0],
    [560.0, 19.0],
    [600.0, 15.0],
    [670.0, 16.0],
];

/// Where the line of the vertebral bodies runs at a height: y.
pub fn line_y(z: f32) -> f32 {
    let above = LINE
        .iter()
        .position(|p| p[0] > z)
        .unwrap_or(LINE.len() - 1)
        .max(1);
    let ([za, ya], [zb, yb]) = (LINE[above - 1], LINE[above]);
    let t = ((z - za) / (zb - za)).clamp(0.0, 1.0);
    ya + (yb - ya) * t * t * (3.0 - 2.0 * t)
}

/// All free vertebrae, L5 to C1.
pub fn vertebrae() -> Vec<Vertebra> {
    let mut bottom = 84.0;
    (0..COUNT)
        .map(|n| {
            let height = match n {
                0..5 => 33.0,
                5..17 => 26.0 - (n - 5) as f32 * 0.45,
                _ => 16.8,
            };
            let z = bottom + height / 2.0;
            bottom += height;
            let half_width = match n {
                0..5 => 23.5 - n as f32 * 0.7,
                5..17 => 19.5 - (n - 5) as f32 * 0.55,
                _ => 11.5,
            };
            let slope = (line_y(z + 12.0) - line_y(z - 12.0)) / 24.0;
            let disc = if n < 17 { 4.0 } else { 2.6 };
            Vertebra {
                centre: [0.0, line_y(z), z],
                up: unit([0.0, slope, 1.0]),
                half_width,
                half_height: height / 2.0 - disc,
            }
        })
        .collect()
}

fn body(v: &Vertebra) -> Vec<Solid> {
    let depth = v.half_width * 0.78;
    let block = |grow: f32, height: f32| {
        Shape::slab_along(
            v.centre,
            [v.half_width + grow, depth + grow, height],
            v.up,
            (depth * 0.8).min(height * 0.7),
        )
    };
    // The waist of a vertebral body: a disc over and under it is wider than its middle.
    vec![
        Solid::of(block(-1.5, v.half_height + 5.5), Tissue::DISC),
        Solid::layered(
            block(0.0, v.half_height),
            &[(0.0, Tissue::THIN_BONE), (1.8, Tissue::MARROW)],
        ),
    ]
}

/// Arch, processes and canal behind a body; `back` is the direction towards the patient's back.
fn arch(v: &Vertebra) -> Vec<Solid> {
    let back = unit([0.0, v.up[2], -v.up[1]]);
    let depth = v.half_width * 0.78;
    let at = |x: f32, behind: f32, up: f32| {
        add(
            v.centre,
            add([x, 0.0, 0.0], add(scale(back, behind), scale(v.up, up))),
        )
    };
    let (canal, small) = (if v.half_width > 15.0 { 10.0 } else { 9.0 }, v.half_width < 13.0);
    let thoracic = !small && v.half_width < 20.0;
    let (spine_length, fall) = if thoracic {
        (13.0, 25.0)
    } else if small {
        (15.0, 13.0)
    } else {
        (23.0, 13.0)
    };
    let bone = [(0.0, Tissue::THIN_BONE), (2.2, Tissue::MARROW)];
    let pedicle = tube_path(
        &[
            (at(canal + 2.0, depth - 2.0, 2.0), 5.5),
            (at(canal + 3.5, depth + 14.0, -1.0), 5.0),
        ],
        &bone,
    );
    let lamina = tube_path(
        &[
            (at(canal + 3.5, depth + 14.0, -1.0), 5.0),
            (at(0.0, depth + canal * 2.0 + 3.0, -5.0), 4.5),
        ],
        &bone,
    );
    let reach = if small { 10.0 } else { 20.0 };
    let transverse = tube_path(
        &[
            (at(canal + 3.0, depth + 10.0, 0.0), 5.0),
            (at(canal + 3.0 + reach, depth + 16.0, 1.0), 3.8),
        ],
        &bone,
    );
    let facet = vec![Solid::layered(
        Shape::ball(at(canal + 6.0, depth + 17.0, -v.half_height), 6.5),
        &bone,
    )];
    let process = tube_path(
        &[
            (at(0.0, depth + canal * 2.0 + 3.0, -5.0), 4.0),
            (at(0.0, depth + canal * 2.0 + 3.0 + spine_length, -fall), 4.6),
        ],
        &bone,
    );
    let one_side: Vec<Solid> = [pedicle, lamina, transverse, facet]
        .into_iter()
        .flatten()
        .collect();
    both_sides(one_side).into_iter().chain(process).collect()
}

/// The canal with the cord in it, open through all arches.
fn canal(vertebrae: &[Vertebra]) -> Vec<Solid> {
    let behind = |v: &Vertebra| add(v.centre, [0.0, v.half_width * 0.78 + 10.0, 0.0]);
    let path: Vec<(V3, f32)> = vertebrae.iter().map(|v| (behind(v), 8.6)).collect();
    let cord: Vec<(V3, f32)> = vertebrae.iter().skip(4).map(|v| (behind(v), 5.2)).collect();
    let mut solids = tube_path(&curve(&path, 2), &[(0.0, Tissue::FLUID)]);
    solids.extend(tube_path(&curve(&cord, 2), &[(0.0, Tissue::CORD)]));
    solids
}

fn sacrum() -> Vec<Solid> {
    let bone = [(0.0, Tissue::THIN_BONE), (2.4, Tissue::MARROW)];
    let pieces = [
        ([0.0, 50.0, 66.0], [50.0, 17.0, 17.0], [0.0, 0.42, 1.0]),
        ([0.0, 62.0, 38.0], [44.0, 15.0, 18.0], [0.0, -0.55, 1.0]),
        ([0.0, 74.0, 10.0], [33.0, 11.0, 18.0], [0.0, -0.3, 1.0]),
        ([0.0, 78.0, -16.0], [22.0, 8.0, 16.0], [0.0, 0.2, 1.0]),
        ([0.0, 72.0, -38.0], [9.0, 6.0, 14.0], [0.0, 0.5, 1.0]),
    ];
    let members = pieces.map(|(centre, semi, up)| Shape::slab_along(centre, semi, up, semi[1] * 0.9));
    vec![Solid::layered(Shape::union(members.to_vec(), 10.0), &bone)]
}

/// The muscles that hold the spine up, between the ribs' angles and the spinous processes.
fn erectors() -> Vec<Solid> {
    let path: Vec<(V3, f32)> = (3..=28)
        .map(|n| {
            let z = 22.0 * n as f32;
            let (behind, radius) = if z < 250.0 { (48.0, 19.5) } else { (43.0, 18.5) };
            let neck = ((z - 480.0) / 140.0).clamp(0.0, 1.0);
            (
                [25.0 - 5.0 * neck, (line_y(z) + behind - 8.0 * neck).min(70.0), z],
                radius - 4.0 * neck,
            )
        })
        .collect();
    both_sides(tube_path(&path, &[(0.0, Tissue::PLAIN_MUSCLE)]))
}

/// Every part of the spine.
pub fn solids() -> Vec<Solid> {
    let vertebrae = vertebrae();
    let mut solids: Vec<Solid> = erectors();
    solids.extend(sacrum());
    solids.extend(vertebrae.iter().flat_map(body));
    solids.extend(vertebrae.iter().take(22).flat_map(arch));
    solids.extend(canal(&vertebrae));
    solids
}

/// Where a rib of the thoracic vertebra `number` (1 to 12) begins, on the left.
pub fn rib_head(number: usize) -> V3 {
    let v = vertebrae()[17 - number];
    add(
        v.centre,
        [v.half_width * 0.9, v.half_width * 0.6, v.half_height * 0.7],
    )
}
