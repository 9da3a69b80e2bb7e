//! The generator judged from outside: its bytes, and what the engine reads from them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod bytes;
mod gamma_camera;
mod phantoms;
mod renogram;
mod syntaxes;
mod whole_body;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use engine::dicom::read::{Series, load};
use engine::local::{Opened, open};
use engine::volume::Volume;
use serde_json::Value;
use testdata::{Options, Size};

/// The files of the tiny demo by their paths.
type Files = BTreeMap<String, Vec<u8>>;

const TINY: Options = Options {
    size: Size::Tiny,
    seed: 1,
};

fn generate(options: &Options) -> Files {
    let mut files = Files::new();
    testdata::files(options, &|_, _| (), &mut |name, bytes| {
        assert!(
            files.insert(name.to_owned(), bytes).is_none(),
            "{name} is written twice"
        );
        Ok(())
    })
    .unwrap();
    files
}

/// The tiny demo, made once.
fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| generate(&TINY))
}

/// The truth of a part.
fn truth(part: &str) -> Value {
    serde_json::from_slice(&files()[&format!("{part}/truth.json")]).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// A part of the tiny demo written to a folder and opened by the engine.
struct Part {
    opened: Opened,
}

impl Part {
    fn open(part: &str) -> Self {
        // Each test has a folder of its own: tests run side by side.
        let thread = format!("{:?}", std::thread::current().id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{part}-{}-{thread}", std::process::id()));
        let own = files()
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{part}/")));
        for (name, bytes) in own.filter(|(name, _)| name.ends_with(".dcm")) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let opened = open(std::slice::from_ref(&folder), &|_, _| {});
        assert!(opened.rejected.is_empty(), "{:?}", opened.rejected);
        Self { opened }
    }

    fn series(&self, uid: &Value) -> &Series {
        let mut all = self.opened.studies.iter().flat_map(|study| &study.series);
        all.find(|series| series.series_instance_uid == uid.as_str().unwrap())
            .unwrap()
    }

    /// The only stack of a series.
    fn volume(&self, uid: &Value) -> Volume {
        let series = self.series(uid);
        assert_eq!(series.sorted.stacks.len(), 1);
        load(series, &series.sorted.stacks[0], &self.opened.files, &|_, _| {})
            .unwrap()
            .0
    }
}

/// Stored values of every frame of a file, as the codec crate reads them.
fn decoded(bytes: &[u8]) -> (Vec<Vec<u8>>, codec::FrameDescription, Option<Vec<u8>>) {
    use codec::dataset::{Limits, read};
    use codec::pixels::{PixelData, PixelValue};
    let object = read(bytes, Limits::default()).unwrap();
    let located = object.pixels.as_ref().unwrap();
    let value = &object.bytes[located.range.clone()];
    let value = match located.announced {
        Some(_) => PixelValue::Native {
            bytes: value,
            vr: located.vr,
        },
        None => PixelValue::Encapsulated(value),
    };
    let syntax = object.transfer_syntax.unwrap();
    let (pixels, warnings) = PixelData::new(&object.data_set, syntax, located.kind, value).unwrap();
    assert!(
        object.warnings.is_empty() && warnings.is_empty(),
        "{:?} {warnings:?}",
        object.warnings
    );
    let frames = (0..pixels.number_of_frames())
        .map(|frame| pixels.decode(frame).unwrap())
        .collect();
    let colour = pixels.description().samples_per_pixel > 1
        || pixels.description().photometric == codec::Photometric::PaletteColor;
    let rgb = colour.then(|| pixels.decode_rgb(0).unwrap().0);
    (frames, *pixels.description(), rgb)
}
