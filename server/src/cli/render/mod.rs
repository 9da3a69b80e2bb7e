//! `uptake render`: planes, projections and volume renderings as a PNG.

mod comparison;
mod parse;
mod registered;
mod scene_file;
mod sources;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use engine::colormap::{ColorMap, Window};
use engine::geometry::{Grid, Patient, Point};
use engine::presentation::{
    Annotations, Camera, ColorBar, Direction, Fonts, ImagePlane, Orientation, Size, scale_bar,
};
use engine::render::{
    self, Cancel, Comparison, DrawnAs, Image, Layer, Preset, Projection, Rendering, Scene, Sharpening, Slab,
    View, Volumes, annotate, compared, joined, still,
};
use engine::volume::Interpolation;

pub use self::parse::size;
pub use self::sources::displayed;

use self::parse::{Annotate, Place, Project, ViewKind};
use super::backend::{Backend, Chosen};
use super::{Output, Usage, open};
use crate::fonts;

/// What `uptake render` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders or zips that hold the series; or one scene file (.json), which says all the rest.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A plane, a projection or a volume rendering, of one volume or of PET or SPECT over CT or MR.
    #[arg(long, value_enum, default_value_t = ViewKind::Mpr)]
    view: ViewKind,
    /// axial, coronal, sagittal, or the normal of an oblique plane as x,y,z in patient space (LPS).
    #[arg(long, default_value = "axial", value_parser = parse::orientation, allow_hyphen_values = true)]
    plane: Orientation,
    /// Where the plane cuts: patient LPS in mm as x,y,z; the volume's center; or the PET's max.
    #[arg(long, default_value = "center", allow_hyphen_values = true)]
    at: Place,
    /// Thickness of a slab about the plane, mm; of all of it --project is shown.
    #[arg(long, value_name = "MM", value_parser = parse::length)]
    slab: Option<f64>,
    /// What is made of the values along a ray, in projections and slabs.
    #[arg(long, value_enum, default_value_t = Project::Max)]
    project: Project,
    /// From where projections and renderings look, degrees: 0,0 from the front, azimuth turns to the patient's
    /// left, elevation to the head.
    #[arg(long, default_value = "0,0", value_name = "AZ,EL", value_parser = parse::camera, allow_hyphen_values = true)]
    camera: Direction,
    /// Distance of the eye in front of the body, mm; without it rays are parallel.
    #[arg(long, value_name = "MM", value_parser = parse::length)]
    eye: Option<f64>,
    /// Draws N projections or renderings around the body, evenly over 360 degrees: OUT-000.png, OUT-001.png, …
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=999))]
    rotation: Option<u32>,
    /// Volume-rendering preset; of the CT or MR in a fused rendering.
    #[arg(long, value_name = "NAME", value_parser = parse::preset)]
    preset: Option<Preset>,
    /// Volume-rendering preset of the PET or SPECT in a fused rendering.
    #[arg(long, value_name = "NAME", value_parser = parse::preset)]
    overlay_preset: Option<Preset>,
    /// How far crevices are darkened in renderings, 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse::part, allow_hyphen_values = true)]
    occlusion: f64,
    /// Distance of the samples along a ray, mm; without it by the voxels' spacing.
    #[arg(long, value_name = "MM", value_parser = parse::length)]
    step: Option<f64>,
    /// Pictures with moved samples that are added up: more make a smoother rendering.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    passes: u32,
    /// Sharpens a plane: how much of the difference to its surroundings is added, 0 to 10.
    #[arg(long, value_name = "AMOUNT")]
    sharpen: Option<f64>,
    /// Image size in pixels.
    #[arg(long, default_value = "512x512", value_name = "WxH", value_parser = parse::size)]
    size: Size,
    /// Window width/level in displayed units (HU, SUV); of the CT or MR in a fused view.
    #[arg(long, value_name = "W/L", value_parser = parse::window, allow_hyphen_values = true)]
    window: Option<Window>,
    /// Window width/level of the PET or SPECT in a fused view.
    #[arg(long, value_name = "W/L", value_parser = parse::window, allow_hyphen_values = true)]
    overlay_window: Option<Window>,
    /// Palette by name; of the PET or SPECT in a fused view.
    #[arg(long, value_name = "NAME", value_parser = parse::palette)]
    palette: Option<ColorMap>,
    /// Fusion ratio: 0 shows only the CT, 1 only the PET.
    #[arg(long, default_value_t = 0.5, value_parser = parse::part, allow_hyphen_values = true)]
    ratio: f64,
    #[command(flatten)]
    compare: comparison::Asked,
    /// What is written on the picture: nothing, the letters of the body's directions, or also scale, place and colours.
    #[arg(long, value_enum, default_value_t = Annotate::Letters)]
    annotate: Annotate,
    /// Spatial Registration or Deformable Spatial Registration object that joins the two volumes of a fused view.
    #[arg(long, value_name = "FILE")]
    registration: Option<PathBuf>,
    /// Series Instance UID of the volume (of the PET in a fused view), where there are several.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    #[command(flatten)]
    backend: Backend,
    #[command(flatten)]
    output: Output,
}

/// A picture that can be drawn.
struct Picture {
    scene: Scene,
    volumes: Volumes,
    size: Size,
    passes: u32,
    annotate: Annotate,
    /// The place that is written on it.
    place: Option<Point<Patient>>,
    /// Whether a cross marks the place.
    is_marked: bool,
    /// How its layers are compared; the scene's view is one of a panel.
    comparison: Option<Comparison>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let picture = match options.paths.as_slice() {
        [only] if is_scene_file(only) => scene_file::read(only)?,
        _ => asked(options)?,
    };
    let mut easel = Easel {
        chosen: options.backend.open()?,
        backend: &options.backend,
        fonts: fonts::shipped()?,
    };
    let path = &options.output.output;
    match options.rotation {
        None => easel.draw(&picture, path),
        Some(count) => rotate(&mut easel, picture, count, path),
    }
}

/// Draws a picture from all around, each into a file of its own.
fn rotate(easel: &mut Easel<'_>, mut picture: Picture, count: u32, path: &Path) -> anyhow::Result<()> {
    let lowest = picture
        .scene
        .layers
        .first()
        .context("expected a layer, found none")?;
    let center = lowest.scene_from_volume * picture.volumes.get(lowest.volume)?.grid().center();
    let camera = match &picture.scene.view {
        View::Projection(projection) => projection.camera,
        View::Rendering(rendering) => rendering.camera,
        _ => {
            return Err(
                Usage("expected a projection or a rendering to rotate, found a plane".to_owned()).into(),
            );
        }
    };
    for (n, camera) in camera.rotation(center, count).enumerate() {
        match &mut picture.scene.view {
            View::Projection(projection) => projection.camera = camera,
            View::Rendering(rendering) => rendering.camera = camera,
            _ => {}
        }
        easel.draw(&picture, &numbered(path, n))?;
    }
    Ok(())
}

/// `OUT.png` as `OUT-007.png`.
fn numbered(path: &Path, n: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or(OsStr::new("png")).to_string_lossy();
    path.with_file_name(format!("{stem}-{n:03}.{ending}"))
}

fn is_scene_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// What pictures are drawn on: what was chosen, or what stands in for it from its first failure on.
struct Easel<'a> {
    backend: &'a Backend,
    chosen: Chosen,
    fonts: Fonts,
}

impl Easel<'_> {
    fn draw(&mut self, picture: &Picture, path: &Path) -> anyhow::Result<()> {
        let Picture {
            scene,
            size,
            comparison,
            ..
        } = picture;
        let panel = comparison::panel(comparison.as_ref(), *size, scene.layers.len());
        let image = match comparison {
            None => self.panel(picture, scene, panel)?,
            Some(comparison) => {
                let scenes = compared(scene, comparison, panel)?;
                let panels = scenes.iter().map(|scene| self.panel(picture, scene, panel));
                joined(&panels.collect::<Result<Vec<_>, _>>()?, *size)?
            }
        };
        std::fs::write(path, image.to_png()?).with_context(|| path.display().to_string())
    }

    /// A picture, or a panel of it, with what is written on it.
    fn panel(&mut self, picture: &Picture, scene: &Scene, size: Size) -> anyhow::Result<Image> {
        let mut image = match self.image(picture, scene, size) {
            Err(error) => {
                self.chosen = self.backend.instead_of(&error).ok_or(error)?;
                self.image(picture, scene, size)?
            }
            Ok(image) => image,
        };
        let drawing = annotations(picture, scene, size)?.drawing(size, Annotations::scale_for(size));
        let drawn = annotate(&mut image, &drawing, &self.fonts)?;
        // A picture that leaves the house says all that it should, or is not made.
        anyhow::ensure!(
            drawn.missing.is_empty(),
            "expected texts of characters that the shipped font has, found {:?}",
            drawn.missing
        );
        Ok(image)
    }

    fn image(&mut self, picture: &Picture, scene: &Scene, size: Size) -> Result<Image, render::Error> {
        let renderer = self.chosen.renderer.as_mut();
        let Picture { volumes, passes, .. } = picture;
        still(renderer, scene, volumes, size, *passes, &Cancel::new())
    }
}

/// The picture that the options ask for.
fn asked(options: &Options) -> anyhow::Result<Picture> {
    if options.registration.is_some() && !options.view.is_fused() {
        return Err(
            Usage("expected a fused view with --registration, found one of one volume".to_owned()).into(),
        );
    }
    let opened = open::studies(&options.paths)?;
    let (volumes, mut layers) = sources::layers(options, &opened)?;
    let comparison = options.compare.comparison(options.view, &layers, &volumes)?;
    if let Some(Comparison::Contours { layer, .. }) = comparison {
        // Straight between the large voxels of a PET, lines have corners.
        layers[layer].interpolation = Interpolation::Cubic;
    }
    let size = comparison::panel(comparison.as_ref(), options.size, layers.len());
    let mut place = None;
    let view = match options.view {
        ViewKind::Mpr | ViewKind::Fused => {
            let at = sources::place(options.at, &opened, &layers, &volumes)?;
            place = Some(at);
            let plane = ImagePlane::fitted(options.plane, at, &grids(&layers, &volumes)[..1], size)?;
            let kind = options.project.into();
            options.slab.map_or(View::Plane(plane), |thickness_mm| {
                View::Projection(Projection::slab(plane, Slab { thickness_mm, kind }))
            })
        }
        ViewKind::Mip | ViewKind::FusedMip => View::Projection(Projection::new(
            camera(options, &layers, &volumes, size)?,
            options.project.into(),
        )),
        ViewKind::Vr | ViewKind::FusedVr => {
            let mut rendering = Rendering::new(camera(options, &layers, &volumes, size)?);
            rendering.occlusion = options.occlusion;
            View::Rendering(rendering)
        }
    };
    let mut scene = Scene::new(view, layers);
    scene.quality.step_mm = options.step;
    scene.background = background(&scene);
    scene.sharpening = options.sharpen.map(|amount| Sharpening {
        amount,
        radius_pixels: 1,
    });
    Ok(Picture {
        scene,
        volumes,
        size: options.size,
        passes: options.passes,
        annotate: options.annotate,
        is_marked: options.compare.is_marked(place.is_some())?,
        place,
        comparison,
    })
}

/// What no value has: white where uptake is read dark on white.
fn background(scene: &Scene) -> [u8; 3] {
    match (&scene.view, scene.layers.as_slice()) {
        (View::Projection(_), [only]) => only.color_map.color(0.0),
        _ => [0; 3],
    }
}

fn grids<'a>(layers: &[Layer], volumes: &'a Volumes) -> Vec<&'a Grid> {
    let found = layers.iter().filter_map(|layer| volumes.get(layer.volume).ok());
    found.map(engine::volume::Volume::grid).collect()
}

fn camera(options: &Options, layers: &[Layer], volumes: &Volumes, size: Size) -> anyhow::Result<Camera> {
    let grids = &grids(layers, volumes)[..1];
    let fitted = |direction| Camera::fitted(direction, grids, size);
    let mut camera = fitted(options.camera)?;
    // Pictures of a rotation have one scale: that in which the body fits from every side.
    for n in 1..options.rotation.unwrap_or(0) {
        let turned_rad = std::f64::consts::TAU * f64::from(n) / f64::from(options.rotation.unwrap_or(1));
        let from_here = fitted(Direction {
            azimuth_rad: options.camera.azimuth_rad + turned_rad,
            ..options.camera
        })?;
        let mm_per_pixel = |camera: &Camera| camera.plane.patient_from_plane.axis(0).norm();
        if mm_per_pixel(&from_here) > mm_per_pixel(&camera) {
            let center = grids[0].center();
            camera = Camera::centered(options.camera, center, mm_per_pixel(&from_here), size)?;
        }
    }
    Ok(options
        .eye
        .map_or(camera, |distance_mm| camera.with_eye(distance_mm, size)))
}

/// What is written on the picture: no patient data, so that it can be shown.
fn annotations(picture: &Picture, scene: &Scene, size: Size) -> anyhow::Result<Annotations> {
    let mut annotations = Annotations::default();
    let plane = match &scene.view {
        View::Plane(plane) => plane,
        View::Projection(projection) => &projection.camera.plane,
        View::Rendering(rendering) => &rendering.camera.plane,
        _ => return Ok(annotations),
    };
    if picture.is_marked {
        annotations.cross = picture.place.and_then(|place| plane.pixel(place));
    }
    if picture.annotate != Annotate::None {
        annotations.letters = Some(plane.letters());
    }
    if picture.annotate == Annotate::All {
        annotations.scale_bar = scale_bar(plane, size.width);
        let in_colors = |layer: &&Layer| layer.drawn_as == DrawnAs::Colors;
        let uppermost = scene.layers.iter().rev().find(in_colors);
        if let (Some(uppermost), false) = (uppermost, matches!(scene.view, View::Rendering(_))) {
            annotations.color_bar = Some(ColorBar {
                color_map: uppermost.color_map.clone(),
                window: uppermost.window,
                unit: picture.volumes.get(uppermost.volume)?.unit().label().to_owned(),
            });
        }
        if let Some(place) = picture.place {
            let [x, y, z] = [place[0], place[1], place[2]];
            annotations.corners.bottom_left = vec![format!("LPS {x:.1} {y:.1} {z:.1} mm")];
        }
        annotations.corners.top_left = comparison::legend(scene, &picture.volumes)?;
    }
    Ok(annotations)
}
