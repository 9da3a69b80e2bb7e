//! Movies shown to FFmpeg: the pictures are all there, at their rate, and look as they did.
//!
//! `ffprobe` and `ffmpeg` are processes beside the tests. Without them a test says so and passes, but fails where
//! `UPTAKE_REQUIRE_PEERS=1`, as `scripts/test.sh` sets it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests show files to other programs, and a test that cannot go on must fail"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(feature = "av1")]
use video::Mp4;
use video::{Avi, FrameRate, Movie, Picture, Shape};

const IMAGES: u32 = 26;

fn shape(width: u32, height: u32, images: u32, seconds: u32) -> Shape {
    Shape {
        width,
        height,
        rate: FrameRate { images, seconds },
        quality: 92,
    }
}

/// A grey body with a hot, coloured spot that goes around it, as in a fused rotation.
fn picture(shape: &Shape, n: u32) -> Vec<u8> {
    let [width, height] = [shape.width, shape.height].map(f64::from);
    let turn = f64::from(n) / f64::from(IMAGES) * std::f64::consts::TAU;
    let [hot_x, hot_y] = [0.5 + 0.25 * turn.cos(), 0.5 + 0.25 * turn.sin()];
    let mut rgba = Vec::new();
    for y in 0..shape.height {
        for x in 0..shape.width {
            let [x, y] = [(f64::from(x) + 0.5) / width, (f64::from(y) + 0.5) / height];
            let body = 120.0 * (-((x - 0.5).powi(2) * 8.0 + (y - 0.5).powi(2) * 4.0)).exp();
            let hot = (-((x - hot_x).powi(2) + (y - hot_y).powi(2)) * 60.0).exp();
            let channel = |share: f64| (body * (1.0 - hot) + 255.0 * hot * share).round() as u8;
            rgba.extend([channel(1.0), channel(0.6), channel(0.1), 255]);
        }
    }
    rgba
}

/// Writes the movie; gives its file.
fn written<M: Movie>(name: &str, shape: &Shape, begin: impl FnOnce(std::fs::File) -> M) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("movies");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let mut movie = begin(std::fs::File::create(&path).unwrap());
    for n in 0..IMAGES {
        let rgba = picture(shape, n);
        movie
            .push(Picture {
                width: shape.width,
                height: shape.height,
                rgba: &rgba,
            })
            .unwrap();
    }
    assert_eq!(movie.finish().unwrap(), IMAGES);
    path
}

/// The bytes a peer writes; `None` where it is not installed.
fn output(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && said.is_empty(), "{program}: {said}");
            Some(output.stdout)
        }
        Err(error) => {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "{program} is absent: {error}"
            );
            // Written past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(std::io::stderr(), "skipped: {program} is absent");
            None
        }
    }
}

/// Decodes every picture and holds count, rate, size and looks against what was written.
fn check(file: &Path, shape: &Shape, codec: &str) {
    let file = file.to_str().unwrap();
    let entries = "stream=codec_name,width,height,r_frame_rate,avg_frame_rate,nb_read_frames,nb_frames";
    let options = ["-v", "warning", "-count_frames", "-show_entries", entries];
    let Some(found) = output(
        "ffprobe",
        &[&options[..], &["-of", "default=nw=1", file]].concat(),
    ) else {
        return;
    };
    let found = String::from_utf8(found).unwrap();
    let rate = match shape.rate {
        FrameRate { images, seconds } if images % seconds == 0 => format!("{}/1", images / seconds),
        FrameRate { images, seconds } => format!("{images}/{seconds}"),
    };
    for expected in [
        format!("codec_name={codec}"),
        format!("width={}", shape.width),
        format!("height={}", shape.height),
        format!("r_frame_rate={rate}"),
        format!("avg_frame_rate={rate}"),
        format!("nb_frames={IMAGES}"),
        format!("nb_read_frames={IMAGES}"),
    ] {
        assert!(found.lines().any(|line| line == expected), "{expected}: {found}");
    }
    let options = [
        "-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ];
    let Some(decoded) = output("ffmpeg", &options) else {
        return;
    };
    let bytes = (shape.width * shape.height * 3) as usize;
    assert_eq!(decoded.len(), bytes * IMAGES as usize);
    for (n, decoded) in decoded.chunks(bytes).enumerate() {
        let found = signal_to_noise_db(&picture(shape, n as u32), decoded);
        assert!(found > 35.0, "picture {n}: {found} dB");
    }
}

fn signal_to_noise_db(rgba: &[u8], rgb: &[u8]) -> f64 {
    let mut squares = 0.0;
    for (expected, found) in rgba.chunks(4).zip(rgb.chunks(3)) {
        for channel in 0..3 {
            squares += (f64::from(expected[channel]) - f64::from(found[channel])).powi(2);
        }
    }
    10.0 * (255.0 * 255.0 * rgb.len() as f64 / squares).log10()
}

#[test]
fn an_avi_opens_with_its_count_rate_and_pictures() {
    for (name, shape) in [
        ("plain.avi", shape(256, 192, 25, 1)),
        ("odd.avi", shape(161, 203, 30_000, 1001)),
        ("slow.avi", shape(64, 64, 3, 2)),
    ] {
        let file = written(name, &shape, |file| Avi::new(file, shape).unwrap());
        check(&file, &shape, "mjpeg");
    }
}

#[cfg(feature = "av1")]
#[test]
fn an_mp4_opens_with_its_count_rate_and_pictures() {
    for (name, shape) in [
        ("plain.mp4", shape(256, 192, 25, 1)),
        ("odd.mp4", shape(161, 203, 30_000, 1001)),
        ("tiles.mp4", shape(512, 256, 12, 1)),
        ("slow.mp4", shape(64, 64, 3, 2)),
    ] {
        let file = written(name, &shape, |file| Mp4::new(file, shape).unwrap());
        check(&file, &shape, "av1");
    }
}

/// A player can begin at every 24th picture.
#[cfg(feature = "av1")]
#[test]
fn an_mp4_can_be_begun_in_the_middle() {
    let shape = shape(96, 96, 24, 1);
    let file = written("keys.mp4", &shape, |file| Mp4::new(file, shape).unwrap());
    let options = ["-v", "warning", "-show_entries", "packet=flags", "-of", "csv=p=0"];
    let Some(found) = output("ffprobe", &[&options[..], &[file.to_str().unwrap()]].concat()) else {
        return;
    };
    let found = String::from_utf8(found).unwrap();
    let keys: Vec<usize> = found
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains('K'))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(keys, [0, 24]);
}
