//! Frames on their way to a display, against pydicom's (`testdata/reference/planar.py`).

use std::path::Path;

use codec::dataset::Limits;
use codec::pixels::PixelData;
use engine::colormap::{Window, WindowFunction};
use engine::dicom::Result;
use engine::dicom::read::planar::{Picture, Pixels, Planar};
use engine::dicom::read::{InMemory, Instance, with_pixels};
use flate2::Crc;

const FRAMES: &str = include_str!("../../../testdata/reference/planar.csv");
const CURVES: &str = include_str!("../../../testdata/reference/planar-curves.csv");

/// Largest difference of a grey level; a half that two orders of arithmetic round differently makes 1.
const LEVELS: f64 = 1.0;
/// Largest difference of the mean of a block of grey levels: such halves are rare.
const MEAN_LEVELS: f64 = 0.1;

fn planar(path: &Path, frame: usize) -> Result<Planar> {
    let bytes = std::fs::read(path).unwrap();
    let instance = Instance::new(0, codec::dataset::read(&bytes, Limits::default())?);
    let read = |pixels: &PixelData<'_>| Ok(Planar::read(&instance, frame, pixels)?.0);
    Ok(with_pixels(&instance, &InMemory(&[&bytes]), &mut Vec::new(), read)?.0)
}

/// A line of the table.
struct Row<'t> {
    file: &'t str,
    frame: usize,
    what: &'t str,
    size: &'t str,
    first: &'t str,
    second: &'t str,
}

impl<'t> Row<'t> {
    fn parse(line: &'t str) -> Self {
        let fields: Vec<&str> = line.split(',').collect();
        let [file, frame, what, size, first, second] = fields[..] else {
            panic!("expected 6 fields: {line}");
        };
        let frame = frame.parse().unwrap();
        Self {
            file,
            frame,
            what,
            size,
            first,
            second,
        }
    }

    fn check(&self, planar: &Planar) {
        match self.what.split_once(' ') {
            Some(("grey", view)) => {
                let curve = planar
                    .windows()
                    .get(view.parse::<usize>().unwrap())
                    .map(|view| &view.curve);
                assert!(curve.is_some() || view == "0", "{}: no view {view}", self.name());
                self.check_picture(&planar.display(curve));
            }
            Some(("overlay", group)) => self.check_overlay(planar, group),
            _ if self.what == "rgb" => self.check_picture(&planar.display(None)),
            _ => self.check_values(planar),
        }
    }

    fn name(&self) -> String {
        format!("{} frame {} {}", self.file, self.frame, self.what)
    }

    fn check_picture(&self, picture: &Picture) {
        let (width, height) = (picture.width as usize, picture.height as usize);
        assert_eq!(format!("{width}x{height}"), self.size, "{}", self.name());
        let (levels, columns) = match &picture.pixels {
            Pixels::Grey(levels) => (levels, width),
            Pixels::Rgb(levels) => (levels, 3 * width),
        };
        assert_eq!(levels.len(), columns * height, "{}", self.name());
        for (at, expected) in pairs(self.second) {
            let found = f64::from(levels[at]);
            assert!(
                (found - expected).abs() <= LEVELS,
                "{} at {at}: {found}, not {expected}",
                self.name()
            );
        }
        let means = block_means(levels, columns, height);
        for (block, (found, expected)) in means.iter().zip(self.first.split(' ')).enumerate() {
            let Some(found) = found else {
                assert_eq!(expected, "-");
                continue;
            };
            let expected: f64 = expected.parse().unwrap();
            assert!(
                (found - expected).abs() <= MEAN_LEVELS,
                "{} block {block}: mean {found}, not {expected}",
                self.name()
            );
        }
    }

    fn check_values(&self, planar: &Planar) {
        let columns = planar.size()[0];
        let values = planar.values().expect("a monochrome frame has values");
        for (at, expected) in pairs(self.second) {
            let found = planar
                .value(at as u32 % columns, at as u32 / columns)
                .expect("within the image");
            let bound = 1e-8 * expected.abs().max(1e-30);
            assert!(
                (found - expected).abs() <= bound,
                "{} at {at}: {found}, not {expected}",
                self.name()
            );
            assert_eq!(values[at], found as f32);
        }
    }

    fn check_overlay(&self, planar: &Planar, group: &str) {
        let group = u16::from_str_radix(group, 16).unwrap();
        let overlay = planar.overlays().iter().find(|overlay| overlay.group == group);
        let overlay = overlay.unwrap_or_else(|| panic!("{}: none", self.name()));
        assert_eq!(
            format!("{}x{}", overlay.size[0], overlay.size[1]),
            self.size,
            "{}",
            self.name()
        );
        let bitmap: Vec<u8> = overlay.bitmap().collect();
        let set: usize = bitmap.iter().map(|bit| usize::from(*bit)).sum();
        let mut crc = Crc::new();
        crc.update(&bitmap);
        assert_eq!(
            (set.to_string().as_str(), format!("{:08x}", crc.sum()).as_str()),
            (self.first, self.second),
            "{}",
            self.name()
        );
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (usize, f64)> {
    text.split(' ').map(|pair| {
        let (at, value) = pair.split_once(':').unwrap();
        (at.parse().unwrap(), value.parse().unwrap())
    })
}

/// Means of the levels in 8 by 8 blocks; `None` where a small image has none.
fn block_means(levels: &[u8], columns: usize, rows: usize) -> Vec<Option<f64>> {
    let block = |index: usize| {
        let (row, column) = (index / 8, index % 8);
        let rows = row * rows / 8..(row + 1) * rows / 8;
        let within = column * columns / 8..(column + 1) * columns / 8;
        let count = rows.len() * within.len();
        let of_row = |row| {
            levels[row * columns..][within.clone()]
                .iter()
                .map(|level| u64::from(*level))
        };
        let sum: u64 = rows.flat_map(of_row).sum();
        (count > 0).then(|| sum as f64 / count as f64)
    };
    (0..64).map(block).collect()
}

#[test]
fn frames_look_as_pydicom_makes_them() {
    for line in FRAMES.lines().filter(|line| !line.starts_with('#')) {
        let row = Row::parse(line);
        let (set, name) = split_set(row.file);
        let Some(folder) = shared_data::set(&set) else {
            continue;
        };
        match planar(&folder.join(name), row.frame) {
            Ok(planar) => row.check(&planar),
            Err(error) => panic!("{}: {error}", row.name()),
        }
    }
}

/// Splits a path into the set (group and name) and the rest.
fn split_set(file: &str) -> (String, &str) {
    let (group, rest) = file.split_once('/').unwrap();
    let (name, rest) = rest.split_once('/').unwrap();
    (format!("{group}/{name}"), rest)
}

#[test]
fn curves_are_those_of_pydicom() {
    for line in CURVES.lines().filter(|line| !line.starts_with('#')) {
        let (function, numbers) = line.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|number| number.parse().unwrap()).collect();
        let [center, width, value, expected] = numbers[..] else {
            panic!("expected 5 fields: {line}");
        };
        let window = Window {
            center,
            width,
            function: match function {
                "LINEAR" => WindowFunction::Linear,
                "LINEAR_EXACT" => WindowFunction::LinearExact,
                _ => WindowFunction::Sigmoid,
            },
        };
        let found = window.fraction(value);
        assert!((found - expected).abs() < 1e-9, "{line}: {found}");
    }
}

/// The second overlay of this mammogram begins 26 columns and rows outside the image.
#[test]
fn overlays_beyond_the_image_are_cut_off() {
    let Some(folder) = shared_data::set("xray/cr-mg-dx-rtimage") else {
        return;
    };
    let planar = planar(&folder.join("OutOfBoundsOverlay.dcm"), 0).unwrap();
    let mut picture = planar.display(None);
    let outside = &planar.overlays()[1];
    assert_eq!((outside.size, outside.origin), ([101, 101], [-26, -26]));
    picture.burn(outside, 255);
    let before = planar.display(None);
    let (Pixels::Grey(after), Pixels::Grey(before)) = (&picture.pixels, &before.pixels) else {
        panic!("a mammogram is grey");
    };
    for (at, (after, before)) in after.iter().zip(before).enumerate() {
        let (column, row) = (at % 1318, at / 1318);
        if column >= 75 || row >= 75 {
            assert_eq!(after, before, "column {column}, row {row}");
        } else if outside.covers(column as i64, row as i64) {
            assert_eq!(*after, 255);
        }
    }
}
