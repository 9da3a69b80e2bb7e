//! Head and neck: skull, brain, face, throat, glands.

use super::vector::V3;
use super::{Shape, Solid, Tissue, both_sides, curve, tube_path};
use crate::random::Random;

const THIN: [(f32, Tissue); 1] = [(0.0, Tissue::THIN_BONE)];
const FLAT: [(f32, Tissue); 2] = [(0.0, Tissue::CORTICAL), (2.0, Tissue::MARROW)];

/// The cranial cavity grown by `by` mm: a vault on a base that falls in steps from front to back.
fn cranium(by: f32) -> Shape {
    let vault = Shape::ellipsoid([0.0, 6.0, 760.0], [63.0 + by, 83.0 + by, 75.0 + by]);
    let base = Shape::below([0.0, -0.34, -1.0], -712.0 + by);
    let behind = Shape::ellipsoid([0.0, 40.0, 708.0], [52.0 + by, 40.0 + by, 30.0 + by]);
    Shape::union(vec![vault.within([base]).rounded(16.0), behind], 10.0)
}

fn skull() -> Vec<Solid> {
    let mut solids = vec![Solid::layered(
        cranium(7.0),
        &[
            (0.0, Tissue::CORTICAL),
            (2.2, Tissue::MARROW),
            (5.0, Tissue::CORTICAL),
        ],
    )];
    let one_side = [
        tube_path(
            &curve(
                &[
                    ([20.0, -84.0, 736.0], 7.0),
                    ([46.0, -70.0, 732.0], 6.0),
                    ([56.0, -52.0, 716.0], 5.5),
                    ([50.0, -66.0, 694.0], 7.0),
                    ([30.0, -84.0, 690.0], 6.0),
                    ([12.0, -90.0, 706.0], 4.5),
                    ([20.0, -84.0, 736.0], 6.0),
                ],
                3,
            ),
            &FLAT,
        ),
        tube_path(
            &curve(
                &[
                    ([54.0, -60.0, 700.0], 5.5),
                    ([68.0, -30.0, 694.0], 3.6),
                    ([66.0, 0.0, 700.0], 5.0),
                ],
                4,
            ),
            &FLAT,
        ),
        vec![Solid::layered(
            Shape::ellipsoid([56.0, 28.0, 690.0], [13.0, 16.0, 22.0]),
            &[(0.0, Tissue::CORTICAL), (3.0, Tissue::THIN_BONE)],
        )],
        tube_path(
            &[([60.0, 12.0, 700.0], 11.0), ([24.0, -4.0, 704.0], 8.0)],
            &[(0.0, Tissue::CORTICAL), (3.5, Tissue::THIN_BONE)],
        ),
        orbit(),
    ];
    solids.extend(both_sides(one_side.concat()));
    solids.extend(nose_and_sinuses());
    solids
}

/// Sinus, eye, its nerve and a muscle, of one side.
fn orbit() -> Vec<Solid> {
    let eye = [32.0, -66.0, 716.0];
    let parts = [
        vec![
            Solid::layered(maxillary_sinus(), &[(0.0, Tissue::THIN_BONE), (1.8, Tissue::GAS)]),
            Solid::layered(Shape::ellipsoid(eye, [19.0, 24.0, 18.0]), &[(0.0, Tissue::FAT)]),
            Solid::layered(
                Shape::ball([32.0, -76.0, 716.0], 12.3),
                &[(0.0, Tissue::PLAIN_MUSCLE), (1.2, Tissue::FLUID)],
            ),
            Solid::of(
                Shape::ellipsoid([32.0, -85.0, 716.0], [4.6, 2.2, 4.6]),
                Tissue::LENS,
            ),
        ],
        tube_path(
            &[([31.0, -64.0, 716.0], 2.2), ([18.0, -38.0, 718.0], 2.2)],
            &[(0.0, Tissue::PLAIN_MUSCLE.with_suv(1.5))],
        ),
        tube_path(
            &[([40.0, -70.0, 724.0], 2.6), ([22.0, -40.0, 720.0], 2.4)],
            &[(0.0, Tissue::PLAIN_MUSCLE.with_suv(3.0))],
        ),
    ];
    parts.concat()
}

/// A pyramid with its base to the nose.
fn maxillary_sinus() -> Shape {
    Shape::union(
        vec![
            Shape::ellipsoid([24.0, -62.0, 690.0], [12.0, 16.0, 14.0]),
            Shape::ellipsoid([31.0, -60.0, 692.0], [11.0, 15.0, 9.0]),
            Shape::ellipsoid([24.0, -60.0, 678.0], [8.0, 11.0, 10.0]),
        ],
        12.0,
    )
}

fn nose_and_sinuses() -> Vec<Solid> {
    vec![
        Solid::layered(
            Shape::slab([0.0, -60.0, 692.0], [10.0, 28.0, 20.0], 6.0),
            &[(0.0, Tissue::PLAIN_MUSCLE), (1.5, Tissue::GAS)],
        ),
        Solid::of(
            Shape::slab([0.0, -60.0, 692.0], [1.0, 27.0, 18.0], 0.5),
            Tissue::THIN_BONE,
        ),
        Solid::of(
            Shape::ellipsoid([6.0, -58.0, 686.0], [2.6, 20.0, 7.0]),
            Tissue::PLAIN_MUSCLE,
        ),
        Solid::of(
            Shape::ellipsoid([-6.0, -58.0, 686.0], [2.6, 20.0, 7.0]),
            Tissue::PLAIN_MUSCLE,
        ),
        Solid::layered(
            Shape::slab([0.0, -56.0, 722.0], [11.0, 20.0, 9.0], 3.0),
            &[(0.0, Tissue::THIN_BONE), (1.4, Tissue::GAS)],
        ),
        Solid::layered(
            Shape::ellipsoid([0.0, -26.0, 714.0], [13.0, 13.0, 10.0]),
            &[(0.0, Tissue::THIN_BONE), (2.0, Tissue::GAS)],
        ),
        Solid::layered(
            Shape::ellipsoid([0.0, -84.0, 742.0], [19.0, 7.0, 12.0]),
            &[(0.0, Tissue::CORTICAL), (2.5, Tissue::GAS)],
        ),
        Solid::of(
            Shape::slab([0.0, -62.0, 668.0], [22.0, 26.0, 3.0], 2.0),
            Tissue::THIN_BONE,
        ),
    ]
}

fn jaws() -> Vec<Solid> {
    let half = curve(
        &[
            ([56.0, -8.0, 694.0], 5.5),
            ([54.0, -12.0, 660.0], 7.0),
            ([46.0, -34.0, 634.0], 8.5),
            ([30.0, -72.0, 630.0], 8.5),
            ([10.0, -90.0, 630.0], 8.5),
            ([0.0, -92.0, 630.0], 9.0),
        ],
        4,
    );
    let mut solids = both_sides(tube_path(
        &half,
        &[(0.0, Tissue::CORTICAL), (3.0, Tissue::MARROW)],
    ));
    let arch = curve(
        &[
            ([25.0, -46.0, 652.0], 4.0),
            ([23.0, -66.0, 652.0], 4.2),
            ([12.0, -84.0, 652.0], 3.8),
            ([3.0, -88.0, 652.0], 3.5),
        ],
        3,
    );
    for (place, _) in both_points(&arch) {
        for (z, length) in [(656.0, 6.5), (645.0, 6.0)] {
            let root = [place[0], place[1], z - length];
            solids.push(Solid::of(
                Shape::tube(root, [place[0], place[1], z + length * 0.4], 2.4, 3.4),
                Tissue::TOOTH,
            ));
        }
    }
    solids
}

fn both_points(points: &[(V3, f32)]) -> Vec<(V3, f32)> {
    let other = points.iter().map(|([x, y, z], r)| ([-x, *y, *z], *r));
    points.iter().copied().chain(other).collect()
}

fn brain(random: &mut Random) -> Vec<Solid> {
    let level = random.between(0.9, 1.1) as f32;
    let grey = Tissue::GREY_MATTER.with_suv(Tissue::GREY_MATTER.suv * level);
    let hemispheres = cranium(-3.5);
    let mut solids = vec![
        Solid::of(cranium(0.0), Tissue::FLUID),
        Solid::of(hemispheres, Tissue::BRAIN),
        Solid::of(
            Shape::slab([0.0, 2.0, 797.0], [1.6, 84.0, 42.0], 1.0).within([cranium(0.0)]),
            Tissue::FLUID,
        ),
        Solid::of(
            Shape::ellipsoid([0.0, 52.0, 706.0], [46.0, 27.0, 21.0]),
            Tissue::CEREBELLUM.with_suv(7.2 * level),
        ),
        Solid::of(
            Shape::tube([0.0, 14.0, 740.0], [0.0, 34.0, 690.0], 14.0, 9.0),
            Tissue::CEREBELLUM.with_suv(4.5),
        ),
        Solid::of(
            Shape::slab_along([0.0, 62.0, 730.0], [48.0, 1.2, 26.0], [0.0, 1.0, 0.35], 0.8)
                .within([cranium(0.0)]),
            Tissue::FLUID,
        ),
    ];
    let one_side = vec![
        Solid::of(
            Shape::ellipsoid_along([13.0, -20.0, 768.0], [6.0, 8.0, 18.0], [0.25, -1.0, 0.2]),
            grey,
        ),
        Solid::of(Shape::ellipsoid([25.0, -10.0, 758.0], [7.5, 15.0, 12.0]), grey),
        Solid::of(Shape::ellipsoid([11.0, 14.0, 762.0], [8.5, 14.0, 10.0]), grey),
        Solid::of(
            Shape::ellipsoid_along([8.0, -10.0, 776.0], [4.0, 5.0, 26.0], [0.2, 1.0, 0.1]),
            Tissue::FLUID,
        ),
        Solid::of(
            Shape::tube([14.0, 24.0, 774.0], [26.0, 30.0, 752.0], 5.0, 3.0),
            Tissue::FLUID,
        ),
    ];
    solids.extend(both_sides(one_side));
    solids.push(Solid::of(
        Shape::slab([0.0, 6.0, 760.0], [1.8, 12.0, 9.0], 1.5),
        Tissue::FLUID,
    ));
    solids
}

/// Thyroid, salivary glands and tonsil of one side.
fn glands() -> Vec<Solid> {
    vec![
        Solid::of(
            Shape::ellipsoid([19.0, -24.0, 560.0], [9.0, 9.0, 20.0]),
            Tissue::THYROID,
        ),
        Solid::of(
            Shape::ellipsoid([56.0, -4.0, 660.0], [11.0, 17.0, 22.0]),
            Tissue::GLAND.with_suv(1.9),
        ),
        Solid::of(
            Shape::ellipsoid([32.0, -50.0, 626.0], [10.0, 16.0, 11.0]),
            Tissue::GLAND.with_suv(2.1),
        ),
        Solid::of(
            Shape::ellipsoid([17.0, -30.0, 652.0], [5.0, 7.0, 11.0]),
            Tissue::GLAND.with_suv(3.2),
        ),
    ]
}

fn throat() -> Vec<Solid> {
    let gas = [(0.0, Tissue::PLAIN_MUSCLE.with_suv(1.4)), (2.0, Tissue::GAS)];
    let airway = curve(
        &[
            ([0.0, -34.0, 690.0], 10.0),
            ([0.0, -28.0, 660.0], 9.0),
            ([0.0, -24.0, 630.0], 10.0),
            ([0.0, -28.0, 606.0], 8.0),
            ([0.0, -28.0, 592.0], 8.5),
        ],
        4,
    );
    let mut solids = vec![
        Solid::of(
            Shape::ellipsoid([0.0, -56.0, 646.0], [22.0, 30.0, 17.0]),
            Tissue::PLAIN_MUSCLE.with_suv(1.6),
        ),
        Solid::layered(
            Shape::tube([0.0, -30.0, 604.0], [0.0, -28.0, 574.0], 17.0, 13.0),
            &[
                (0.0, Tissue::CARTILAGE),
                (3.5, Tissue::PLAIN_MUSCLE.with_suv(1.9)),
            ],
        ),
    ];
    solids.extend(both_sides(tube_path(
        &curve(
            &[
                ([22.0, -22.0, 622.0], 2.6),
                ([14.0, -44.0, 622.0], 3.0),
                ([0.0, -48.0, 622.0], 3.4),
            ],
            3,
        ),
        &THIN,
    )));
    solids.extend(both_sides(glands()));
    solids.extend(tube_path(&airway, &gas[..1]));
    solids.extend(
        tube_path(&airway, &[(0.0, Tissue::GAS)])
            .into_iter()
            .map(|s| thinner(&s, 2.0)),
    );
    solids
}

/// A tube with a smaller radius.
fn thinner(solid: &Solid, by: f32) -> Solid {
    match &solid.shape {
        Shape::Tube {
            from,
            to,
            from_radius,
            to_radius,
        } => Solid::layered(
            Shape::tube(*from, *to, from_radius - by, to_radius - by),
            &solid.layers,
        ),
        _ => solid.clone(),
    }
}

/// Everything of head and neck but spine and vessels.
pub fn solids(seed: u64) -> Vec<Solid> {
    let mut random = Random::new(seed, "head");
    let mut solids = skull();
    solids.extend(brain(&mut random));
    solids.extend(jaws());
    solids.extend(throat());
    solids
}
