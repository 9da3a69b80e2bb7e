//! Projections by their definition: every sample of every ray, by `volume::sample`.

use engine::geometry::{Point, Voxel};
use engine::presentation::Ray;
use engine::render::jitter;
use engine::render::{ProjectionKind, ReadyCut, Scene, View, Volumes};
use engine::volume::{Interpolation, Volume, sample};

/// What a renderer may find at a pixel.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub low: f64,
    pub high: f64,
    /// Whether "no sample" is right, or would be by a hair.
    pub may_be_absent: bool,
}

impl Expected {
    pub fn allows(&self, found: f32) -> bool {
        if found.is_nan() {
            return self.may_be_absent;
        }
        let found = f64::from(found);
        self.low <= found && found <= self.high
    }
}

/// A sample: its value lies between `low` and `high`.
#[derive(Debug, Clone, Copy)]
struct Sample {
    low: f64,
    high: f64,
    /// Whether it counts by a hair only, or by a hair not.
    is_doubtful: bool,
}

/// How near to a border, in voxels, steps or mm, a sample is in doubt.
const HAIR: f64 = 1e-6;

/// What is right at pixel (x, y) of layer `layer`.
pub fn pixel(scene: &Scene, layer: usize, volumes: &Volumes, x: u32, y: u32) -> Expected {
    let layer = &scene.layers[layer];
    let volume = volumes.get(layer.volume).unwrap();
    let interpolation = match layer.interpolation {
        Interpolation::Nearest => Interpolation::Nearest,
        _ => Interpolation::Linear,
    };
    let Some((ray, kind, depth_mm, clips)) = ray(scene, x, y) else {
        return gather(ProjectionKind::Mean, &[]);
    };
    let step_mm = scene.step_mm(volumes).unwrap();
    let moved = scene
        .quality
        .jitter
        .map_or(0.0, |number| jitter::offset(x, y, number));
    let corners = volume
        .grid()
        .corners()
        .map(|corner| layer.scene_from_volume * corner);
    let along = |corner: &Point<_>| (*corner - ray.origin).dot(ray.direction);
    let far_mm = corners
        .iter()
        .map(|corner| (*corner - ray.origin).norm())
        .fold(0.0, f64::max);
    let steps = (far_mm / step_mm).ceil() as i64 + 1;
    let cuts: Vec<ReadyCut> = layer
        .clip
        .cuts
        .iter()
        .map(|cut| ReadyCut::new(cut).unwrap())
        .collect();
    let sight = match &scene.view {
        View::Projection(projection) => projection.camera.sight().unwrap(),
        _ => ray.direction,
    };
    let depths = corners.map(|corner| sight.dot(corner - Point::new(0.0, 0.0, 0.0)));
    let nearest = depths.into_iter().fold(f64::INFINITY, f64::min);
    let farthest = depths.into_iter().fold(f64::NEG_INFINITY, f64::max);
    assert!(along(&corners[0]).is_finite());
    let mut samples = Vec::new();
    for k in -steps..=steps {
        let t_mm = (k as f64 + moved) * step_mm;
        let place = ray.at(t_mm);
        let mut inside = (t_mm - ray.start_mm)
            .min(t_mm - depth_mm[0])
            .min(depth_mm[1] - t_mm);
        if clips {
            for plane in &layer.clip.planes {
                inside = inside.min(plane.normal.normalized().unwrap().dot(place - plane.point));
            }
            for cut in &cuts {
                inside = inside.min(cut.leaves(place) - 0.5);
            }
        }
        let at = volume
            .grid()
            .voxel(layer.scene_from_volume.inverse().unwrap() * place);
        for axis in 0..3 {
            inside = inside
                .min(at[axis] + 0.5)
                .min(volume.grid().size()[axis] as f64 - 0.5 - at[axis]);
        }
        if inside < -HAIR {
            continue;
        }
        let Some(mut sample) = value(volume, at, interpolation) else {
            continue;
        };
        sample.is_doubtful |= inside < HAIR;
        if let ProjectionKind::Maximum { depth_weight } = kind {
            let depth = (sight.dot(place - Point::new(0.0, 0.0, 0.0)) - nearest) / (farthest - nearest);
            let low = layer.window.limits().0;
            let faded = |value: f64| {
                let above = value - low;
                if above > 0.0 {
                    low + above * (1.0 - depth_weight * depth.clamp(0.0, 1.0))
                } else {
                    value
                }
            };
            let rounding = 1e-6 * (low.abs() + sample.high.abs()) * f64::from(u8::from(depth_weight > 0.0));
            sample.low = faded(sample.low) - rounding;
            sample.high = faded(sample.high) + rounding;
        }
        samples.push(sample);
    }
    gather(kind, &samples)
}

/// The ray of a pixel, what is made of it, from where to where, and whether clips count.
fn ray(scene: &Scene, x: u32, y: u32) -> Option<(Ray, ProjectionKind, [f64; 2], bool)> {
    match &scene.view {
        View::Projection(projection) => {
            let depth_mm = projection.depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
            let ray = projection.camera.ray(f64::from(x), f64::from(y))?;
            Some((ray, projection.kind, depth_mm, true))
        }
        View::Curved(curved) => {
            let slab = curved.slab.unwrap();
            let ray = Ray {
                origin: curved.plane.patient(x as usize, f64::from(y))?,
                direction: curved.plane.columns()[x as usize].away,
                start_mm: f64::NEG_INFINITY,
            };
            Some((
                ray,
                slab.kind,
                [-slab.thickness_mm / 2.0, slab.thickness_mm / 2.0],
                false,
            ))
        }
        other => panic!("no projection: {other:?}"),
    }
}

/// The value at a place and how far a renderer may be off: a thousandth of the range of the voxels touched.
fn value(volume: &Volume, at: Point<Voxel>, interpolation: Interpolation) -> Option<Sample> {
    let size = volume.grid().size();
    let held = [0, 1, 2].map(|axis| at[axis].clamp(-0.5, size[axis] as f64 - 0.5));
    let real = sample(volume, held.into(), interpolation);
    let touched = touched(volume, held, interpolation);
    let finite = || touched.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let has_holes = touched.iter().any(|value| !value.is_finite());
    if has_holes {
        // Whether a voxel of hardly any weight counts is in doubt.
        let is_number = real.is_some_and(|real| !real.is_nan());
        let real = real.filter(|_| is_number)?;
        let on_edge = held.iter().any(|at| (at - at.round()).abs() < 1e-4);
        return Some(Sample {
            low: if on_edge {
                f64::NEG_INFINITY
            } else {
                real.min(high) - 1e-3 * (high - low).abs()
            },
            high: if on_edge {
                f64::INFINITY
            } else {
                real.max(low) + 1e-3 * (high - low).abs()
            },
            is_doubtful: on_edge,
        });
    }
    let real = real?;
    let bound = 1e-3 * (high - low) + 1e-6 * low.abs().max(high.abs());
    let is_nearest = interpolation == Interpolation::Nearest;
    Some(Sample {
        low: if is_nearest {
            low - 1e-6 * low.abs()
        } else {
            real - bound
        },
        high: if is_nearest {
            high + 1e-6 * high.abs()
        } else {
            real + bound
        },
        is_doubtful: false,
    })
}

/// Voxels that may be touched at places up to 1e-4 voxel away.
fn touched(volume: &Volume, at: [f64; 3], interpolation: Interpolation) -> Vec<f64> {
    let offsets: &[f64] = match interpolation {
        Interpolation::Nearest => &[0.5 - 1e-4, 0.5 + 1e-4],
        _ => &[-1e-4, 1e-4, 1.0 - 1e-4, 1.0 + 1e-4],
    };
    let size = volume.grid().size();
    let index =
        |axis: usize, offset: f64| (at[axis] + offset).floor().clamp(0.0, size[axis] as f64 - 1.0) as usize;
    let mut values = Vec::new();
    for k in offsets {
        for j in offsets {
            for i in offsets {
                values.push(volume.value([index(0, *i), index(1, *j), index(2, *k)]).unwrap());
            }
        }
    }
    values
}

fn gather(kind: ProjectionKind, samples: &[Sample]) -> Expected {
    let sure: Vec<Sample> = samples
        .iter()
        .copied()
        .filter(|sample| !sample.is_doubtful)
        .collect();
    let of = |samples: &[Sample]| {
        let lows = || samples.iter().map(|sample| sample.low);
        let highs = || samples.iter().map(|sample| sample.high);
        let count = samples.len() as f64;
        match kind {
            ProjectionKind::Maximum { .. } => (
                lows().fold(f64::NEG_INFINITY, f64::max),
                highs().fold(f64::NEG_INFINITY, f64::max),
            ),
            ProjectionKind::Minimum => (
                lows().fold(f64::INFINITY, f64::min),
                highs().fold(f64::INFINITY, f64::min),
            ),
            ProjectionKind::Mean => (lows().sum::<f64>() / count, highs().sum::<f64>() / count),
            ProjectionKind::Sum => {
                let rounding = 1e-6 * highs().map(f64::abs).sum::<f64>();
                (lows().sum::<f64>() - rounding, highs().sum::<f64>() + rounding)
            }
            other => panic!("{other:?}"),
        }
    };
    let (low, high) = of(samples);
    // Without those in doubt, if there are any others.
    let (low_of_sure, high_of_sure) = if sure.is_empty() { (low, high) } else { of(&sure) };
    Expected {
        low: low.min(low_of_sure),
        high: high.max(high_of_sure),
        may_be_absent: sure.is_empty(),
    }
}
