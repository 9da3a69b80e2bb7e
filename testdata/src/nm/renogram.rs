//! A dynamic renal study from the back: two phases, two kidneys of known curves.

use engine::dicom::write::{NmFrame, NmKind, Phase};
use serde::Serialize;

use super::counting::{blob, counts};
use super::{Context, Object, ObjectTruth};
use crate::Size;
use crate::elementary::exp;
use crate::output::{Output, Result};
use crate::random::Random;

#[derive(Serialize)]
pub struct RenogramTruth {
    object: ObjectTruth,
    phases: Vec<PhaseTruth>,
    /// Share of the left kidney's uptake slope, 0 to 1.
    left_share: f64,
    /// Time of each frame's middle, s.
    times_s: Vec<f64>,
    /// Expected counts of each kidney without background, frame by frame.
    left: Vec<f64>,
    right: Vec<f64>,
    /// Middles and half widths of the kidneys in pixels: column, row.
    left_ellipse: [[f64; 2]; 2],
    right_ellipse: [[f64; 2]; 2],
}

#[derive(Serialize)]
struct PhaseTruth {
    frames: u16,
    frame_s: f64,
}

const LEFT_SHARE: f64 = 0.58;
/// Seen from the back the patient's left is on the image's left: middle and half widths by image size.
const LEFT: ([f64; 2], [f64; 2]) = ([0.33, 0.45], [0.085, 0.15]);
const RIGHT: ([f64; 2], [f64; 2]) = ([0.67, 0.49], [0.08, 0.145]);
const BLADDER: ([f64; 2], [f64; 2]) = ([0.5, 0.88], [0.11, 0.08]);

/// Counts per second of a kidney that takes up with `rise_s` and drains with `fall_s`.
fn kidney(t: f64, share: f64, rise_s: f64, fall_s: f64) -> f64 {
    2600.0 * share * (exp(-t / fall_s) - exp(-t / rise_s))
}

/// Means of one frame: kidneys, blood and tissue, bladder filling; `counts_of` is per second times duration.
fn frame_means(side: usize, left: f64, right: f64, blood: f64, bladder: f64) -> Vec<f64> {
    let shape = |(centre, half): ([f64; 2], [f64; 2])| -> Vec<f64> {
        let at = |n: usize| ((n % side) as f64 / side as f64, (n / side) as f64 / side as f64);
        let values: Vec<f64> = (0..side * side)
            .map(|n| blob(at(n).0, at(n).1, centre, half, 0.03))
            .collect();
        let sum: f64 = values.iter().sum();
        values.iter().map(|v| v / sum).collect()
    };
    let (l, r, b) = (shape(LEFT), shape(RIGHT), shape(BLADDER));
    let tissue = blood / (side * side) as f64;
    (0..side * side)
        .map(|n| left * l[n] + right * r[n] + bladder * b[n] + tissue)
        .collect()
}

/// Two phases: the first pass, then uptake and drainage over twenty minutes.
fn phases(size: Size) -> [Phase; 2] {
    let phase = |frames, frame_s| Phase { frames, frame_s };
    match size {
        Size::Tiny => [phase(10, 2.0), phase(20, 60.0)],
        Size::Normal | Size::Bench => [phase(30, 2.0), phase(60, 20.0)],
    }
}

/// Frames with their expected counts.
#[derive(Default)]
struct Course {
    frames: Vec<NmFrame>,
    means: Vec<f64>,
    times_s: Vec<f64>,
    left: Vec<f64>,
    right: Vec<f64>,
}

fn course(side: usize, phases: &[Phase]) -> Course {
    let mut course = Course::default();
    let mut clock_s = 0.0;
    for (phase, facts) in (1u16..).zip(phases) {
        for time_slice in 1..=facts.frames {
            let t = clock_s + facts.frame_s / 2.0;
            let left = kidney(t, LEFT_SHARE, 110.0, 900.0) * facts.frame_s;
            let right = kidney(t, 1.0 - LEFT_SHARE, 130.0, 1500.0) * facts.frame_s;
            let blood = (900.0 * exp(-t / 250.0) + 150.0) * facts.frame_s;
            let bladder = 0.9 * t * facts.frame_s;
            course
                .means
                .extend(frame_means(side, left, right, blood, bladder));
            course.frames.push(NmFrame {
                phase,
                time_slice,
                ..NmFrame::default()
            });
            course.times_s.push(t);
            course.left.push(left);
            course.right.push(right);
            clock_s += facts.frame_s;
        }
    }
    course
}

/// Writes the object.
pub fn write(context: &Context, output: &mut Output<'_>) -> Result<RenogramTruth> {
    let side = if context.size == Size::Tiny { 32 } else { 128 };
    let phases = phases(context.size);
    let course = course(side, &phases);
    let object = Object {
        name: "dynamic",
        number: 3,
        description: "Renogram, posterior, two phases",
        kind: NmKind::Dynamic,
        columns: side,
        rows: side,
        pixel_mm: 400.0 / side as f64,
        frames: course.frames,
        counts: counts(&course.means, &mut Random::new(context.seed, "nm renogram")),
    };
    let mut image = object.image(context);
    image.phases = phases.to_vec();
    let in_pixels = |(centre, half): ([f64; 2], [f64; 2])| [centre, half].map(|v| v.map(|c| c * side as f64));
    let truth = RenogramTruth {
        object: object.truth(context, "DYNAMIC"),
        phases: phases
            .map(|p| PhaseTruth {
                frames: p.frames,
                frame_s: p.frame_s,
            })
            .into(),
        left_share: LEFT_SHARE,
        times_s: course.times_s,
        left: course.left,
        right: course.right,
        left_ellipse: in_pixels(LEFT),
        right_ellipse: in_pixels(RIGHT),
    };
    object.write(context, image, output)?;
    Ok(truth)
}
