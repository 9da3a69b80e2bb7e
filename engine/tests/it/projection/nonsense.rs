//! Scenes and voxels that make no sense give a picture or one clear error, and a stop ends any picture.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::geometry::Grid;
use engine::render::{Cancel, Clock, Error, MAX_CLIP_PLANES, MAX_CUTS, MAX_LAYERS, Sharpening};

use super::*;

fn small() -> Volume {
    of(
        Grid::new([12, 11, 10], skewed()).unwrap(),
        i16_body([12, 11, 10]),
        1.0,
    )
}

fn attempt(change: impl FnOnce(&mut Scene, &mut Projection)) -> Result<Vec<f32>, Error> {
    let volume = small();
    let mut projection = Projection::new(camera(&volume, 20.0, 10.0), ProjectionKind::MAXIMUM);
    let mut scene = scene(View::Projection(projection), &volume, Interpolation::Linear);
    change(&mut scene, &mut projection);
    scene.view = View::Projection(projection);
    let volumes = lend(&volume);
    let drawn = CpuRenderer::new().render(&scene, &volumes, SIZE).map(|_| ());
    let values = CpuRenderer::new()
        .values(&scene, 0, &volumes, SIZE)
        .map(|values| values.values);
    // As text: not-a-numbers in errors differ from themselves.
    assert_eq!(format!("{drawn:?}"), format!("{:?}", values.as_ref().map(|_| ())));
    values
}

#[test]
fn nonsense_gives_one_clear_error() {
    for step_mm in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
        let found = attempt(|scene, _| scene.quality.step_mm = Some(step_mm));
        assert!(matches!(found, Err(Error::Step(_))), "{step_mm}: {found:?}");
    }
    for depth_weight in [-0.1, 1.1, f64::NAN] {
        let found = attempt(|_, projection| projection.kind = ProjectionKind::Maximum { depth_weight });
        assert!(matches!(found, Err(Error::Number { .. })), "{depth_weight}");
    }
    let found = attempt(|_, projection| projection.depth_mm = Some([f64::NAN, 1.0]));
    assert!(matches!(found, Err(Error::Number { .. })));
    for factor in [0.0, f64::NAN, 1e200] {
        let found = attempt(|_, projection| projection.camera.plane.patient_from_plane.linear *= factor);
        assert_eq!(found, Err(Error::Singular("a view's plane")));
        let found = attempt(|scene, _| scene.layers[0].scene_from_volume.linear *= factor);
        assert_eq!(found, Err(Error::Singular("a layer's registration")));
    }
    let found = attempt(|_, projection| projection.camera.eye = Some(Point::new(0.0, f64::NAN, 0.0)));
    assert!(matches!(found, Err(Error::Number { .. })));
    let plane = ClipPlane {
        point: Point::new(0.0, 0.0, 0.0),
        normal: Vector::new(f64::INFINITY, 0.0, 0.0),
    };
    let found = attempt(|scene, _| scene.layers[0].clip.planes.push(plane));
    assert!(matches!(found, Err(Error::Number { .. })));
    let found = attempt(|scene, _| scene.layers[0].clip.planes = vec![plane; MAX_CLIP_PLANES + 1]);
    assert!(matches!(
        found,
        Err(Error::TooMany {
            most: MAX_CLIP_PLANES,
            ..
        })
    ));
    let mut cut = Cut {
        camera: camera(&small(), 0.0, 0.0),
        outline: vec![[f64::NAN, 0.0], [1.0, 2.0]],
        removes: Removes::Inside,
        depth_mm: None,
    };
    assert!(attempt(|scene, _| scene.layers[0].clip.cuts = vec![cut.clone(); MAX_CUTS]).is_ok());
    let found = attempt(|scene, _| scene.layers[0].clip.cuts = vec![cut.clone(); MAX_CUTS + 1]);
    assert!(matches!(found, Err(Error::TooMany { most: MAX_CUTS, .. })));
    cut.camera.plane.patient_from_plane.linear *= 0.0;
    let found = attempt(|scene, _| scene.layers[0].clip.cuts = vec![cut]);
    assert!(matches!(found, Err(Error::Singular(_))));
    let found = attempt(|scene, _| scene.layers = vec![scene.layers[0].clone(); MAX_LAYERS + 1]);
    assert!(matches!(
        found,
        Err(Error::TooMany {
            most: MAX_LAYERS,
            found: 5,
            ..
        })
    ));
    for (amount, radius_pixels) in [(-1.0, 1), (f64::NAN, 1), (11.0, 1), (1.0, 0), (1.0, 17)] {
        let sharpening = Some(Sharpening {
            amount,
            radius_pixels,
        });
        let found = attempt(|scene, _| scene.sharpening = sharpening);
        assert!(matches!(found, Err(Error::Number { .. })));
    }
}

/// Numbers that are absurd but usable give a picture.
#[test]
fn absurd_numbers_give_a_picture() {
    for scale in [1e-9, 1e-3, 1e3, 1e9] {
        for away_mm in [0.0, 1e7, -1e12] {
            for eye in [
                None,
                Some(Point::new(1e12, 3.0, -1.0)),
                Some(Point::new(-12.0, -18.0, 5.0)),
            ] {
                let found = attempt(|scene, projection| {
                    projection.camera.plane.patient_from_plane.linear *= scale;
                    projection.camera.plane.patient_from_plane.origin.y += away_mm;
                    projection.camera.eye = eye;
                    scene.quality.jitter = Some(u32::MAX);
                });
                assert!(found.is_ok(), "{scale}, {away_mm}, {eye:?}: {found:?}");
            }
        }
    }
    // An eye in a pixel's own place, limits the wrong way around, a step beyond everything.
    let found = attempt(|_, projection| {
        projection.camera.eye = Some(projection.camera.plane.patient(3.0, 4.0));
    });
    assert!(found.is_ok_and(|values| values[4 * 29 + 3].is_nan()));
    let found = attempt(|_, projection| projection.depth_mm = Some([5.0, -5.0]));
    assert!(found.is_ok_and(|values| values.iter().all(|value| value.is_nan())));
    let found = attempt(|_, projection| projection.depth_mm = Some([f64::NEG_INFINITY, f64::INFINITY]));
    assert!(found.is_ok_and(|values| values.iter().any(|value| !value.is_nan())));
    assert!(attempt(|scene, _| scene.quality.step_mm = Some(1e300)).is_ok());
}

#[test]
fn voxels_that_are_no_numbers_do_not_count() {
    let size = [20, 20, 20];
    let special = |n: u32| match n % 40 {
        0..=2 => f32::NAN,
        3 => f32::INFINITY,
        4 => f32::NEG_INFINITY,
        _ => (n >> 8) as f32 / 1e6,
    };
    let some: Voxels = Voxels::F32(noise(8000).map(special).collect());
    let nothing = Voxels::F32(vec![f32::NAN; 8000].into());
    let lowest = Voxels::F32(
        (0..8000)
            .map(|n| if n % 20 < 10 { f32::NAN } else { f32::NEG_INFINITY })
            .collect(),
    );
    let huge = Voxels::F32(
        noise(8000)
            .map(|n| if n % 3 == 0 { f32::MAX } else { f32::MIN })
            .collect(),
    );
    for (voxels, is_empty) in [(some, false), (nothing, true), (lowest, false), (huge, false)] {
        let grid = Grid::new(size, upright([1.0; 3])).unwrap();
        let volume = Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap();
        for kind in KINDS {
            // Through voxel centres, and between them.
            for azimuth in [0.0, 31.0] {
                let direction = Direction::from_degrees(azimuth, 0.0);
                let place = volume.grid().patient(Point::new(10.0, 10.0, 10.0));
                let camera = Camera::centered(direction, place, 1.0, SIZE).unwrap();
                let view = View::Projection(Projection::new(camera, kind));
                let scene = scene(view, &volume, Interpolation::Linear);
                let values = values(&scene, &lend(&volume));
                assert!(!is_empty || values.iter().all(|value| value.is_nan()));
                let mut thorough = scene.clone();
                thorough.quality.skips_empty_space = false;
                let all = super::values(&thorough, &lend(&volume));
                let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
                assert_eq!(bits(values), bits(all), "{kind:?}");
            }
        }
    }
}

/// Voxels that are no numbers in a volume of otherwise tame ones: the definition holds.
#[test]
fn holes_follow_the_definition() {
    let size = [20, 18, 16];
    let holed = |n: u32| {
        if n.is_multiple_of(23) {
            f32::NAN
        } else {
            (n >> 8) as f32 / 1e6
        }
    };
    let voxels = Voxels::F32(noise(20 * 18 * 16).map(holed).collect());
    check_all(&of(Grid::new(size, skewed()).unwrap(), voxels, 1.0));
}

#[test]
fn a_stop_ends_the_picture() {
    let volume = small();
    let view = View::Projection(Projection::new(camera(&volume, 0.0, 0.0), ProjectionKind::Mean));
    let scene = scene(view, &volume, Interpolation::Linear);
    let cancel = Cancel::new();
    let mut renderer = CpuRenderer::new();
    assert!(
        renderer
            .values_until(&scene, 0, &lend(&volume), SIZE, &cancel)
            .is_ok()
    );
    cancel.clone().cancel();
    let stopped = renderer.values_until(&scene, 0, &lend(&volume), SIZE, &cancel);
    assert_eq!(stopped, Err(Error::Cancelled));
    let stopped = renderer.render_until(&scene, &lend(&volume), SIZE, &cancel);
    assert_eq!(stopped, Err(Error::Cancelled));
}

/// A clock that is a second later each time it is asked.
struct Ticks(AtomicU32);

impl Clock for Ticks {
    fn seconds(&self) -> f64 {
        f64::from(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[test]
fn figures_tell_what_was_done() {
    let volume = small();
    let view = View::Projection(Projection::new(
        camera(&volume, 0.0, 0.0),
        ProjectionKind::MAXIMUM,
    ));
    let mut scene = scene(view, &volume, Interpolation::Linear);
    let mut renderer = CpuRenderer::new().with_clock(Arc::new(Ticks(AtomicU32::new(0))));
    let values = renderer.values(&scene, 0, &lend(&volume), SIZE).unwrap().values;
    let figures = renderer.statistics().clone();
    let rays = values.iter().filter(|value| !value.is_nan()).count();
    assert_eq!(figures.rays, rays as u64);
    assert_eq!(figures.stages, [("cells", 1.0), ("values", 1.0)]);
    assert!(figures.extra_bytes > 0);
    scene.quality.skips_empty_space = false;
    renderer.render(&scene, &lend(&volume), SIZE).unwrap();
    let thorough = renderer.statistics();
    assert_eq!(thorough.samples, figures.samples + figures.skipped);
    assert_eq!(
        thorough.stages.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["cells", "picture"]
    );
}
