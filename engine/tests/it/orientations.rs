//! PET and MR in any diagnostic orientation: fiducials of both are seen in one place, and a re-slice is what the field
//! is there.

use engine::colormap::{ColorMap, Window};
use engine::fusion::{Alignment, align};
use engine::geometry::{Affine, Grid, Patient, Point, Vector};
use engine::presentation::{ImagePlane, Orientation, Size};
use engine::registration::{ByHand, Change, LandmarkPair, Model, fit_landmarks};
use engine::render::{CpuRenderer, Layer, Renderer, Scene, VolumeId, Volumes};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels};
use nalgebra::{Rotation3, Vector3};

const MR: VolumeId = VolumeId(1);
const PET: VolumeId = VolumeId(2);

/// Fiducials in the MR's patient space, from its middle, mm: no two alike with respect to any axis.
const FIDUCIALS: [[f64; 3]; 9] = [
    [1.5, -0.7, 0.4],
    [42.0, -33.0, 31.0],
    [-33.0, -37.0, 25.0],
    [28.0, 41.0, 27.0],
    [-45.0, 25.0, 34.0],
    [36.0, -43.0, -28.0],
    [-40.0, -27.0, -29.0],
    [47.0, 22.0, -33.0],
    [-26.0, 46.0, -32.0],
];
const MR_MIDDLE: Point<Patient> = Point::new(-12.0, 35.0, -260.0);

fn fiducials() -> [Point<Patient>; 9] {
    FIDUCIALS.map(|from_middle| MR_MIDDLE + Vector::from(from_middle))
}

/// A double oblique stack whose slices are sheared: 0.9 x 0.95 mm, 2.7 mm apart.
fn mr_grid() -> Grid {
    let turn = Rotation3::from_euler_angles(0.35, -0.25, 0.5);
    let axes = [[0.9, 0.0, 0.0], [0.0, 0.95, 0.0], [0.35, -0.5, 2.6]];
    centered(
        [150, 150, 60],
        axes.map(|axis| (turn * Vector3::from(axis)).into()),
        MR_MIDDLE,
    )
}

/// Upright, in a frame of reference of its own: 4.07 x 4.07 x 3.27 mm.
fn pet_grid() -> Grid {
    let axes = [[4.07, 0.0, 0.0], [0.0, 4.07, 0.0], [0.0, 0.0, 3.27]];
    centered(
        [48, 48, 60],
        axes.map(Vector::from),
        Point::new(3.0, -180.0, 1043.0),
    )
}

fn centered(size: [usize; 3], axes: [Vector<Patient>; 3], middle: Point<Patient>) -> Grid {
    let corner = (0..3).fold(middle, |at, n| at - axes[n] * ((size[n] as f64 - 1.0) / 2.0));
    Grid::new(size, Affine::from_axes(axes, corner)).unwrap()
}

/// Where the PET lies: turned by some degrees about each axis, and far away.
fn mr_from_pet() -> Affine<Patient, Patient> {
    let turn = Rotation3::from_euler_angles(0.07, -0.11, 0.16);
    let shift = MR_MIDDLE.xyz + Vector3::new(2.3, -3.1, 1.9) - turn * pet_grid().center().xyz;
    Affine::new(*turn.matrix(), shift)
}

/// Stored as scanners do, in steps of a thousandth and less of the range.
fn painted(grid: Grid, frame: &str, value: impl Fn(Point<Patient>) -> f64) -> Volume {
    let size = grid.size();
    let at = |n: usize| [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])].map(|n| n as f64);
    let rescale = Rescale {
        slope: 0.1,
        intercept: 500.0,
    };
    let stored = |n: usize| ((value(grid.patient(at(n).into())) - 500.0) / 0.1).round() as i16;
    let voxels = (0..grid.voxels()).map(stored).collect();
    let volume = Volume::new(grid, Voxels::I16(voxels), rescale, Unit::Unspecified).unwrap();
    volume.in_frame_of_reference(Some(frame.to_owned()))
}

/// Round spots of a standard deviation in mm.
fn spots(places: [Point<Patient>; 9], sigma_mm: f64) -> impl Fn(Point<Patient>) -> f64 {
    move |at| {
        let near = places
            .iter()
            .map(|place| place.distance(at) / sigma_mm)
            .filter(|far| *far < 6.0);
        near.map(|far| 1000.0 * (-far * far / 2.0).exp()).sum()
    }
}

struct Patients {
    volumes: Volumes,
    mr: Volume,
    pet: Volume,
}

fn patients() -> Patients {
    let pet_from_mr = mr_from_pet().inverse().unwrap();
    let mr = painted(mr_grid(), "1.2.1", spots(fiducials(), 3.0));
    let pet = painted(
        pet_grid(),
        "1.2.2",
        spots(fiducials().map(|place| pet_from_mr * place), 4.5),
    );
    let mut volumes = Volumes::new();
    volumes.insert(MR, mr.clone());
    volumes.insert(PET, pet.clone());
    Patients { volumes, mr, pet }
}

/// The MR in red, the PET over it in green, half and half.
fn fused(
    patients: &Patients,
    scene_from_pet: Affine<Patient, Patient>,
    interpolation: Interpolation,
) -> Vec<Layer> {
    let layer = |id, volume: &Volume, color: fn(f64) -> [f64; 3]| Layer {
        window: Window::between(0.0, 1000.0),
        color_map: ColorMap::from_formula(color),
        interpolation,
        ..Layer::single(id, volume)
    };
    let alignment = align(&patients.mr, &patients.pet, Some(scene_from_pet)).unwrap();
    assert_eq!(alignment, Alignment::Registered(scene_from_pet));
    let over = Layer {
        opacity: 0.5,
        scene_from_volume: alignment.lower_from_upper(),
        ..layer(PET, &patients.pet, |value| [0.0, value, 0.0])
    };
    vec![layer(MR, &patients.mr, |value| [value, 0.0, 0.0]), over]
}

fn orientations() -> Vec<Orientation> {
    let acquired = mr_grid().row_direction().cross(mr_grid().column_direction());
    let free = [
        acquired,
        Vector::new(0.5, 0.6, 0.6),
        Vector::new(-0.8, 0.3, 0.5),
        Vector::new(0.1, -0.7, 0.7),
    ];
    let straight = [Orientation::Axial, Orientation::Coronal, Orientation::Sagittal];
    straight
        .into_iter()
        .chain(free.map(Orientation::Oblique))
        .collect()
}

/// Where pictures show the red and the green spot near a place: the middles of what is bright, over planes before and
/// behind it.
fn seen(
    renderer: &mut dyn Renderer,
    layers: &[Layer],
    volumes: &Volumes,
    orientation: Orientation,
    place: Point<Patient>,
) -> [Point<Patient>; 2] {
    const SIDE: Size = Size {
        width: 41,
        height: 37,
    };
    let aside = place + Vector::new(1.1, -0.9, 0.6);
    let middle = ImagePlane::centered(orientation, aside, 0.83, SIDE).unwrap();
    let mut sums = [[0.0; 4]; 2];
    for step in -6..=6 {
        let plane = middle.moved(2.1 * f64::from(step));
        let image = renderer
            .render(&Scene::of_plane(plane, layers.to_vec()), volumes, SIDE)
            .unwrap();
        for (n, pixel) in image.rgba.chunks_exact(4).enumerate() {
            let at = plane.patient((n % 41) as f64, (n / 41) as f64);
            for (sum, level) in sums.iter_mut().zip(pixel) {
                // Half of the range is all that a layer gives; an eighth of that is the spot's foot.
                let weight = (f64::from(*level) - 16.0).max(0.0);
                *sum = [
                    at[0] * weight + sum[0],
                    at[1] * weight + sum[1],
                    at[2] * weight + sum[2],
                    weight + sum[3],
                ];
            }
        }
    }
    sums.map(|[x, y, z, weight]| Point::new(x / weight, y / weight, z / weight))
}

/// Looks at all fiducials in all orientations; gives the largest errors found: of the MR in its voxels, of the PET in
/// its voxels, and of one to the other in voxels of the MR.
fn look(
    renderer: &mut dyn Renderer,
    scene_from_pet: Affine<Patient, Patient>,
    fiducials: &[Point<Patient>],
) -> [f64; 3] {
    let patients = patients();
    let scene_from_pet_truth = mr_from_pet();
    let mut largest = [0.0f64; 3];
    for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
        let layers = fused(&patients, scene_from_pet, interpolation);
        for orientation in orientations() {
            for truth in fiducials {
                let [mr, pet] = seen(renderer, &layers, &patients.volumes, orientation, *truth);
                let in_mr = |at: Point<Patient>| patients.mr.grid().voxel(at);
                let in_pet = |at| {
                    patients
                        .pet
                        .grid()
                        .voxel(scene_from_pet_truth.inverse().unwrap() * at)
                };
                let off = [
                    in_mr(mr).distance(in_mr(*truth)),
                    in_pet(pet).distance(in_pet(*truth)),
                    in_mr(mr).distance(in_mr(pet)),
                ];
                largest = std::array::from_fn(|n| largest[n].max(off[n]));
            }
        }
    }
    largest
}

fn hold(largest: [f64; 3]) {
    println!("off by at most {largest:.3?} voxels: MR, PET, one to the other in voxels of the MR");
    assert!(largest.iter().all(|off| *off < 0.5), "{largest:?}");
}

#[test]
fn fiducials_of_pet_and_mr_are_seen_in_one_place() {
    hold(look(&mut CpuRenderer::new(), mr_from_pet(), &fiducials()));
}

#[cfg(feature = "gpu")]
#[test]
fn fiducials_of_pet_and_mr_are_seen_in_one_place_on_a_graphics_device() {
    let Some(gpu) = crate::gpu::shared() else { return };
    let mut renderer = engine::render::GpuRenderer::new(gpu);
    hold(look(&mut renderer, mr_from_pet(), &fiducials()[..3]));
}

/// A registration that would be off by a voxel of the MR is seen to be.
#[test]
fn a_shift_of_a_voxel_would_be_seen() {
    let off = Affine::translation(Vector::new(0.0, 0.0, 0.95)) * mr_from_pet();
    let largest = look(&mut CpuRenderer::new(), off, &fiducials()[..2]);
    assert!(largest[2] > 0.5 && largest[1] < 0.5, "{largest:?}");
}

/// Middle of what is bright within 14 mm of a place, in the volume's own patient space.
fn located(volume: &Volume, near: Point<Patient>) -> Point<Patient> {
    let size = volume.grid().size();
    let mut sum = [0.0; 4];
    for n in 0..volume.grid().voxels() {
        let voxel = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let at = volume.grid().patient(voxel.map(|n| n as f64).into());
        if at.distance(near) < 14.0 {
            let weight = volume.value(voxel).unwrap().max(0.0);
            sum = [
                at[0] * weight + sum[0],
                at[1] * weight + sum[1],
                at[2] * weight + sum[2],
                weight + sum[3],
            ];
        }
    }
    Point::new(sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3])
}

/// As a person would: the fiducials of both images paired, the registration taken from them.
#[test]
fn a_registration_by_landmarks_brings_pet_and_mr_together() {
    let patients = patients();
    let pet_from_mr = mr_from_pet().inverse().unwrap();
    let pair = |place: &Point<Patient>| {
        LandmarkPair::new(
            located(&patients.mr, *place),
            located(&patients.pet, pet_from_mr * *place),
        )
    };
    let found = fit_landmarks(&fiducials().each_ref().map(pair), Model::Rigid).unwrap();
    assert!(found.rms_mm < 0.2 && found.suspect.is_none(), "{found:?}");
    assert!(found.target_error_mm(MR_MIDDLE).unwrap() < 0.2);
    let mut by_hand = ByHand::new(Affine::identity()).unwrap();
    let fixed_from_moving = found.fixed_from_moving;
    by_hand
        .change(&Change::Replace { fixed_from_moving }, None)
        .unwrap();
    hold(look(
        &mut CpuRenderer::new(),
        by_hand.fixed_from_moving(),
        &fiducials()[..4],
    ));
}

/// Directions spread evenly over half a sphere.
fn directions(count: usize) -> impl Iterator<Item = Vector<Patient>> {
    let golden_rad = std::f64::consts::PI * (3.0 - 5f64.sqrt());
    (0..count).map(move |n| {
        let z = (n as f64 + 0.5) / count as f64;
        let (sin, cos) = (golden_rad * n as f64).sin_cos();
        let radius = (1.0 - z * z).sqrt();
        Vector::new(radius * cos, radius * sin, z)
    })
}

/// No wave shorter than `shortest_mm`: one along each of six directions, and a level.
fn field(shortest_mm: f64) -> impl Fn(Point<Patient>) -> f64 {
    let waves: Vec<(Vector<Patient>, f64)> = directions(6)
        .enumerate()
        .map(|(n, along)| {
            (
                along * (std::f64::consts::TAU / (shortest_mm * (1.0 + 0.05 * n as f64))),
                n as f64,
            )
        })
        .collect();
    move |at| {
        1000.0
            + waves
                .iter()
                .map(|(wave, phase)| 150.0 * (wave.xyz.dot(&at.xyz) + phase).sin())
                .sum::<f64>()
    }
}

/// The largest error of re-slices in 24 free orientations, each turned in its plane too, as a part of the field's
/// range.
fn resliced(renderer: &mut dyn Renderer, shortest_mm: f64, interpolation: Interpolation) -> f64 {
    const SIDE: Size = Size {
        width: 130,
        height: 110,
    };
    let field = field(shortest_mm);
    let volume = painted(mr_grid(), "1.2.1", &field);
    let grid = mr_grid();
    let (low, high) = volume.range().unwrap();
    let mut volumes = Volumes::new();
    volumes.insert(MR, volume.clone());
    let layer = Layer {
        interpolation,
        ..Layer::single(MR, &volume)
    };
    let mut largest: f64 = 0.0;
    for (n, normal) in directions(24).enumerate() {
        let plane = ImagePlane::centered(Orientation::Oblique(normal), MR_MIDDLE, 0.71, SIDE).unwrap();
        let plane = plane.turned(64.5, 54.5, n as f64).moved(n as f64 - 12.0);
        let values = renderer
            .values(&Scene::of_plane(plane, vec![layer.clone()]), 0, &volumes, SIDE)
            .unwrap();
        let mut compared = 0;
        for (n, value) in values.values.iter().enumerate() {
            let at = plane.patient((n % 130) as f64, (n / 130) as f64);
            let voxel = grid.voxel(at);
            // At the border the outermost values stand in for those that a cubic would ask for beyond it.
            if (0..3).all(|axis| voxel[axis] >= 1.0 && voxel[axis] <= grid.size()[axis] as f64 - 2.0) {
                largest = largest.max((f64::from(*value) - field(at)).abs() / (high - low));
                compared += 1;
            }
        }
        assert!(compared > 8000, "{normal:?}: {compared} pixels");
    }
    largest
}

/// The stated bound, half a per cent of the range, between slices 2.7 mm apart: cubic keeps it for waves of 13 mm and
/// more, linear for waves of 40 mm and more.
fn hold_reslices(renderer: &mut dyn Renderer) {
    for (shortest_mm, interpolation) in [(13.0, Interpolation::Cubic), (40.0, Interpolation::Linear)] {
        let off = resliced(renderer, shortest_mm, interpolation);
        println!(
            "{interpolation:?}, waves from {shortest_mm} mm: off by at most {:.3} %",
            off * 100.0
        );
        assert!(off < 0.005, "{interpolation:?}: {off}");
    }
}

#[test]
fn a_reslice_in_any_orientation_is_what_the_field_is_there() {
    hold_reslices(&mut CpuRenderer::new());
}

#[test]
fn linear_is_not_enough_for_short_waves() {
    assert!(resliced(&mut CpuRenderer::new(), 13.0, Interpolation::Linear) > 0.005);
}

#[cfg(feature = "gpu")]
#[test]
fn a_reslice_on_a_graphics_device_is_what_the_field_is_there() {
    let Some(gpu) = crate::gpu::shared() else { return };
    hold_reslices(&mut engine::render::GpuRenderer::new(gpu));
}
