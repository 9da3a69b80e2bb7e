//! The scenes whose speed is measured: geometry, transfer functions and steps are those of the peers'
//! scripts, so that the numbers compare. Every call draws another plane or from another side.

use std::f64::consts::PI;

use engine::colormap::{ColorMap, TransferFunction, Window};
use engine::geometry::{Affine, Patient, Point, Vector};
use engine::presentation::{Camera, Direction, ImagePlane, Size};
use engine::render::{
    Layer, Material, Projection, ProjectionKind, Rendering, Scene, Shading, Slab, View, VolumeId, Volumes,
    preset,
};
use engine::volume::Interpolation;
use nalgebra::{Rotation3, Vector3};

/// Id of the CT.
pub const CT: VolumeId = VolumeId(1);
/// Id of the PET.
pub const PET: VolumeId = VolumeId(2);

/// One kind of picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// What it is called in results.
    pub name: &'static str,
    /// Pixels of each of its images.
    pub size: Size,
    /// Which picture.
    pub kind: Kind,
    /// What is measured.
    pub mode: Mode,
}

/// Which picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Maximum of the CT, 1 mm step.
    CtMip,
    /// Maximum of the PET, 2 mm step.
    PetMip,
    /// Shaded bone, 1 mm step.
    CtBone,
    /// A turned plane of the CT.
    Mpr(Interpolation),
    /// The maximum of 21 planes 1 mm apart.
    Slab20Mip,
    /// A tilted plane of PET over CT.
    FusedOblique,
    /// Soft tissue and bone, half a voxel's step.
    CtVr,
    /// PET and CT marched once.
    FusedVr,
    /// Maxima of PET over CT.
    FusedMip,
    /// Axial, coronal, sagittal and oblique planes of PET over CT.
    FourPlanes,
}

/// What is measured of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each image after the first.
    Plain,
    /// The first image of a renderer that has seen nothing of the volumes.
    First,
    /// Each image after another edit of the transfer function.
    Edit,
}

const fn square(side: u32) -> Size {
    Size {
        width: side,
        height: side,
    }
}

const HD: Size = Size {
    width: 1920,
    height: 1080,
};

const QUARTER_HD: Size = Size {
    width: 960,
    height: 540,
};

const fn case(name: &'static str, size: Size, kind: Kind) -> Case {
    Case {
        name,
        size,
        kind,
        mode: Mode::Plain,
    }
}

/// All cases, by the names that results carry.
pub const CASES: &[Case] = &[
    case("ct_mip_512", square(512), Kind::CtMip),
    case("ct_mip_1024", square(1024), Kind::CtMip),
    case("pet_mip_512", square(512), Kind::PetMip),
    case("pet_mip_1024", square(1024), Kind::PetMip),
    case("ct_bone_512", square(512), Kind::CtBone),
    case("ct_bone_1024", square(1024), Kind::CtBone),
    Case {
        name: "ct_bone_first_512",
        size: square(512),
        kind: Kind::CtBone,
        mode: Mode::First,
    },
    Case {
        name: "ct_bone_edit_512",
        size: square(512),
        kind: Kind::CtBone,
        mode: Mode::Edit,
    },
    case("mpr_linear_512", square(512), Kind::Mpr(Interpolation::Linear)),
    case("mpr_cubic_512", square(512), Kind::Mpr(Interpolation::Cubic)),
    case("slab20_mip_512", square(512), Kind::Slab20Mip),
    case("fused_oblique_512", square(512), Kind::FusedOblique),
    case("ct_vr_1080p", HD, Kind::CtVr),
    case("fused_vr_1080p", HD, Kind::FusedVr),
    case("mip_1080p", HD, Kind::FusedMip),
    case("mpr_fused_4up_1080p", QUARTER_HD, Kind::FourPlanes),
];

impl Case {
    /// The scenes of call `n`: one, or the four planes of a linked layout, each of [`Case::size`].
    ///
    /// # Panics
    ///
    /// When the volumes are not lent.
    #[must_use]
    pub fn scenes(&self, n: u32, volumes: &Volumes) -> Vec<Scene> {
        let size = self.size;
        let one = |view, layers, step_mm| vec![stepped(Scene::new(view, layers), step_mm)];
        match self.kind {
            Kind::CtMip => one(mip(n, CT, volumes, size), vec![ct(volumes, -100.0, 1300.0)], 1.0),
            Kind::PetMip => one(
                mip(n, PET, volumes, size),
                vec![pet(volumes, 0.0, 10.0, 1.0)],
                2.0,
            ),
            Kind::CtBone => {
                let edited = if self.mode == Mode::Edit {
                    // No renderer has kept what it made of the same curve.
                    0.25 * f64::from(n % 100)
                } else {
                    0.0
                };
                one(rendering(n, volumes, size), vec![bone(volumes, edited)], 1.0)
            }
            Kind::Mpr(interpolation) => {
                let mut layer = ct(volumes, -160.0, 240.0);
                layer.interpolation = interpolation;
                vec![Scene::of_plane(turned(n, size), vec![layer])]
            }
            Kind::Slab20Mip => {
                let slab = Slab {
                    thickness_mm: 20.0,
                    kind: ProjectionKind::MAXIMUM,
                };
                let view = View::Projection(Projection::slab(turned(n, size), slab));
                one(view, vec![ct(volumes, -160.0, 240.0)], 1.0)
            }
            Kind::FusedOblique => vec![Scene::of_plane(sliced(n, 20.0, size), fused(volumes))],
            Kind::CtVr => {
                let layer = rendered(ct(volumes, -160.0, 240.0), "ct-abdomen");
                one(rendering(n, volumes, size), vec![layer], 0.5)
            }
            Kind::FusedVr => {
                let lower = rendered(ct(volumes, -160.0, 240.0), "ct-bone");
                let upper = rendered(pet(volumes, 0.0, 8.0, 0.5), "pet-hot");
                one(rendering(n, volumes, size), vec![lower, upper], 0.5)
            }
            Kind::FusedMip => {
                let layers = vec![ct(volumes, -100.0, 1300.0), pet(volumes, 0.0, 10.0, 0.5)];
                one(mip(n, CT, volumes, size), layers, 1.0)
            }
            Kind::FourPlanes => (0..4)
                .map(|view| Scene::of_plane(linked(n, view, size), fused(volumes)))
                .collect(),
        }
    }
}

fn stepped(mut scene: Scene, step_mm: f64) -> Scene {
    scene.quality.step_mm = Some(step_mm);
    scene
}

/// The peers' camera: the volume's height, and a fiftieth more, fills the image; ten degrees a call.
fn camera(n: u32, id: VolumeId, volumes: &Volumes, size: Size) -> Camera {
    let grid = volumes.get(id).expect("it was lent").grid();
    let height_mm = grid.size()[2] as f64 * grid.spacing_mm()[2] * 1.02;
    let direction = Direction::from_degrees(20.0 + 10.0 * f64::from(n), 0.0);
    Camera::centered(direction, grid.center(), height_mm / f64::from(size.height), size)
        .expect("a positive scale")
}

fn mip(n: u32, id: VolumeId, volumes: &Volumes, size: Size) -> View {
    View::Projection(Projection::new(
        camera(n, id, volumes, size),
        ProjectionKind::MAXIMUM,
    ))
}

fn rendering(n: u32, volumes: &Volumes, size: Size) -> View {
    View::Rendering(Rendering::new(camera(n, CT, volumes, size)))
}

fn ct(volumes: &Volumes, low: f64, high: f64) -> Layer {
    Layer {
        window: Window::between(low, high),
        ..Layer::single(CT, volumes.get(CT).expect("it was lent"))
    }
}

fn pet(volumes: &Volumes, low: f64, high: f64, ratio: f64) -> Layer {
    Layer {
        window: Window::between(low, high),
        color_map: ColorMap::named("hot").expect("the catalogue holds it"),
        ..Layer::overlay(PET, volumes.get(PET).expect("it was lent"), ratio)
    }
}

fn fused(volumes: &Volumes) -> Vec<Layer> {
    vec![ct(volumes, -160.0, 240.0), pet(volumes, 0.0, 8.0, 0.5)]
}

fn rendered(layer: Layer, name: &str) -> Layer {
    let material = preset(name)
        .expect("a preset of ours")
        .material(layer.window)
        .expect("a finite window");
    Layer {
        material: Some(material),
        ..layer
    }
}

/// The bone of the peers' script, its lowest opacity point moved by `edited` HU.
fn bone(volumes: &Volumes, edited: f64) -> Layer {
    let opacity = vec![
        (-3024.0, 0.0),
        (140.0 + edited, 0.0),
        (200.0, 0.25),
        (450.0, 0.75),
        (3071.0, 0.85),
    ];
    let color = vec![
        (-3024.0, [0, 0, 0]),
        (120.0, [140, 64, 38]),
        (180.0, [224, 153, 74]),
        (450.0, [255, 240, 242]),
        (3071.0, [255, 255, 255]),
    ];
    let shading = Shading {
        ambient: 0.15,
        diffuse: 0.8,
        specular: 0.25,
        shininess: 15.0,
        even_below: 0.0,
    };
    let transfer = TransferFunction::new(opacity, color, 1.0).expect("points that rise");
    Layer {
        material: Some(Material::shaded(transfer, shading)),
        ..ct(volumes, -160.0, 240.0)
    }
}

const PIXEL_MM: f64 = 0.976_562_5;

/// The plane of call `n` of the peers' MPR script: angles and place change with every call.
#[must_use]
pub fn turned(n: u32, size: Size) -> ImagePlane {
    let n = f64::from(n % 20);
    let [a, b, c] = [25.0 + 1.7 * n, -17.0 + 2.3 * n, 11.0 + 0.9 * n].map(f64::to_radians);
    about(
        Rotation3::from_euler_angles(a, b, c),
        Vector3::new(3.0 * n - 12.0, 5.0 - 2.0 * n, 20.0 - 7.0 * n),
        size,
    )
}

/// The plane of call `n` of the peers' fusion script: one slice of the CT, tilted about x.
#[must_use]
pub fn sliced(n: u32, tilt_degrees: f64, size: Size) -> ImagePlane {
    let slice = f64::from((200 + 7 * n) % 400);
    about(
        Rotation3::from_euler_angles(tilt_degrees.to_radians(), 0.0, 0.0),
        Vector3::new(0.0, 0.0, (slice - 199.5) * 1.5),
        size,
    )
}

/// View `view` (axial, coronal, sagittal, oblique) of call `n` of a linked layout: all through one place.
fn linked(n: u32, view: u32, size: Size) -> ImagePlane {
    let place = Vector3::new(0.0, 0.0, f64::from(n % 40) * 3.0 - 60.0);
    let rotation = match view {
        0 => Rotation3::identity(),
        1 => Rotation3::from_euler_angles(PI / 2.0, 0.0, 0.0),
        2 => Rotation3::from_euler_angles(PI / 2.0, 0.0, PI / 2.0),
        _ => Rotation3::from_euler_angles(0.4, 0.3, 0.2),
    };
    about(rotation, place, size)
}

fn about(rotation: Rotation3<f64>, center: Vector3<f64>, size: Size) -> ImagePlane {
    let axes = [0, 1, 2].map(|axis| Vector::<Patient>::from(rotation.matrix().column(axis) * PIXEL_MM));
    let half = |pixels: u32| (f64::from(pixels) - 1.0) / 2.0;
    let corner = center - axes[0].xyz * half(size.width) - axes[1].xyz * half(size.height);
    ImagePlane {
        patient_from_plane: Affine::from_axes(axes, Point::from(corner)),
    }
}
