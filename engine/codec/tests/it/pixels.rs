//! Pixel values of real files against pydicom's (`testdata/reference/pixel-values.csv`) and NEMA's own.

use std::path::Path;

use codec::dataset::{Limits, Object, read};
use codec::pixels::{PixelData, PixelKind, PixelValue};
use codec::{FrameDescription, Result, Warning};
use flate2::Crc;

const TABLE: &str = include_str!("../../../../testdata/reference/pixel-values.csv");

/// Joins an object read from a file with its pixel data.
fn pixels<'a>(object: &'a Object<'_>) -> Result<(PixelData<'a>, Vec<Warning>)> {
    let location = object
        .pixels
        .as_ref()
        .expect("only files with pixel data are asked for");
    let bytes = &object.bytes[location.range.clone()];
    let value = match location.announced {
        Some(_) => PixelValue::Native {
            bytes,
            vr: location.vr,
        },
        None => PixelValue::Encapsulated(bytes),
    };
    let syntax = object
        .transfer_syntax
        .expect("only known transfer syntaxes are asked for");
    PixelData::new(&object.data_set, syntax, location.kind, value)
}

/// What the reference says of values.
struct Expected<'t> {
    dtype: &'t str,
    crc: &'t str,
    mean: f64,
    samples: Vec<(usize, f64)>,
}

struct Row<'t> {
    file: &'t str,
    exact: bool,
    shape: Vec<usize>,
    stored: Expected<'t>,
    rgb: Option<Expected<'t>>,
}

impl<'t> Row<'t> {
    fn parse(line: &'t str) -> Self {
        let fields: Vec<&str> = line.split(',').collect();
        let expected = |at: usize| Expected {
            dtype: fields[at],
            crc: fields[at + 1],
            mean: fields[at + 2].parse().unwrap(),
            samples: fields[at + 3].split(' ').map(sample).collect(),
        };
        Self {
            file: fields[0],
            exact: fields[1] == "exact",
            shape: fields[2].split('x').map(|size| size.parse().unwrap()).collect(),
            stored: expected(3),
            rgb: (!fields[7].is_empty()).then(|| expected(7)),
        }
    }
}

fn sample(field: &str) -> (usize, f64) {
    let (at, value) = field.split_once(':').unwrap();
    (at.parse().unwrap(), value.parse().unwrap())
}

/// Gives numpy's name of the values' type.
fn dtype(description: &FrameDescription, kind: PixelKind) -> String {
    let bits = 8 * description.bytes_per_sample();
    match (kind, description.signed) {
        (PixelKind::Integer, false) => format!("uint{bits}"),
        (PixelKind::Integer, true) => format!("int{bits}"),
        _ => format!("float{bits}"),
    }
}

fn numbers(bytes: &[u8], dtype: &str) -> Vec<f64> {
    macro_rules! of {
        ($number:ty) => {
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|bytes| <$number>::from_le_bytes(*bytes) as f64)
                .collect()
        };
    }
    match dtype {
        "uint8" => of!(u8),
        "int8" => of!(i8),
        "uint16" => of!(u16),
        "int16" => of!(i16),
        "uint32" => of!(u32),
        "int32" => of!(i32),
        "float32" => of!(f32),
        "float64" => of!(f64),
        other => panic!("{other}"),
    }
}

/// Gives what is wrong with `bytes`, if anything.
fn difference(bytes: &[u8], dtype: &str, expected: &Expected, exact: bool) -> Option<String> {
    if dtype != expected.dtype {
        return Some(format!("expected {}, found {dtype}", expected.dtype));
    }
    if exact {
        let mut crc = Crc::new();
        crc.update(bytes);
        let found = format!("{:08x}", crc.sum());
        return (found != expected.crc).then(|| format!("expected CRC {}, found {found}", expected.crc));
    }
    // Decoders of irreversible wavelets differ in rounding.
    let values = numbers(bytes, dtype);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let largest = expected
        .samples
        .iter()
        .map(|(at, value)| (values[*at] - value).abs())
        .fold(0.0, f64::max);
    let bad = (mean - expected.mean).abs() > 0.02 || largest > 1.0;
    bad.then(|| {
        format!(
            "expected mean {}, found {mean}; a sample differs by {largest}",
            expected.mean
        )
    })
}

/// Everything that a file decodes to.
struct Decoded {
    shape: Vec<usize>,
    stored: Vec<u8>,
    stored_dtype: String,
    rgb: Vec<u8>,
    rgb_dtype: String,
}

fn decode(path: &Path, as_rgb: bool) -> Result<Decoded> {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default())?;
    let (pixels, _) = pixels(&object)?;
    let (description, frames) = (*pixels.description(), pixels.number_of_frames());
    let (mut stored, mut rgb, mut rgb_description) = (Vec::new(), Vec::new(), description);
    for frame in 0..frames {
        stored.extend(pixels.decode(frame)?);
        if as_rgb {
            let (colours, description) = pixels.decode_rgb(frame)?;
            rgb.extend(colours);
            rgb_description = description;
        }
    }
    let (samples, size) = (
        description.samples_per_pixel,
        [description.rows, description.columns],
    );
    // As numpy shapes it: no axis for a single frame, none for a single sample.
    let frames = (frames > 1).then_some(frames as usize).into_iter();
    let samples = (samples > 1).then_some(usize::from(samples));
    Ok(Decoded {
        shape: frames
            .chain(size.map(|size| size as usize))
            .chain(samples)
            .collect(),
        stored,
        stored_dtype: dtype(&description, pixels.kind()),
        rgb,
        rgb_dtype: dtype(&rgb_description, PixelKind::Integer),
    })
}

/// Gives what is wrong with the decoded file, if anything.
fn compare(row: &Row, path: &Path) -> Option<String> {
    let found = match decode(path, row.rgb.is_some()) {
        Ok(found) => found,
        Err(error) => return Some(error.to_string()),
    };
    if found.shape != row.shape {
        return Some(format!("expected shape {:?}, found {:?}", row.shape, found.shape));
    }
    difference(&found.stored, &found.stored_dtype, &row.stored, row.exact).or_else(|| {
        let difference = difference(&found.rgb, &found.rgb_dtype, row.rgb.as_ref()?, row.exact)?;
        Some(format!("as RGB: {difference}"))
    })
}

#[test]
fn values_are_those_of_pydicom() {
    let rows = TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(Row::parse);
    let (mut compared, mut wrong) = (0, Vec::new());
    for row in rows {
        let (set, file) = row
            .file
            .match_indices('/')
            .nth(1)
            .map(|(at, _)| row.file.split_at(at))
            .unwrap();
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let path = folder.join(&file[1..]);
        if let Some(difference) = compare(&row, &path) {
            wrong.push(format!("{}: {difference}", row.file));
        }
        compared += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Decodes a file of one frame as RGB or grey.
fn decode_file(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default()).unwrap();
    let (pixels, warnings) = pixels(&object).unwrap();
    assert_eq!(warnings, [], "{}", path.display());
    let (values, description) = pixels.decode_rgb(0).unwrap();
    numbers(&values, &dtype(&description, pixels.kind()))
}

/// Gives the largest difference between the compressed forms of WG-04's images and the uncompressed ones.
fn differences(form: &str, folder: &Path, images: &[&str]) -> Vec<f64> {
    let difference = |image: &&str| {
        let reference = decode_file(&folder.join(format!("REF/{image}_UNC")));
        let found = decode_file(&folder.join(format!("{form}/{image}_{form}")));
        assert_eq!(found.len(), reference.len());
        found
            .iter()
            .zip(&reference)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    images.iter().map(difference).collect()
}

const GREY: [&str; 5] = ["CT1", "MR1", "MR4", "RG3", "XA1"];
const ALL: [&str; 8] = ["CT1", "MR1", "MR4", "RG3", "XA1", "US1", "VL1", "VL6"];

#[test]
fn wg04_lossless_equals_the_reference_bit_for_bit() {
    let Some(folder) = shared_data::set("codecs/wg04") else {
        return;
    };
    for (form, images) in [
        ("RLE", &ALL[..]),
        ("J2KR", &ALL),
        ("JPLL", &GREY),
        ("JLSL", &GREY),
    ] {
        assert_eq!(
            differences(form, &folder, images),
            vec![0.0; images.len()],
            "{form}"
        );
    }
}

/// Every malformed file that has pixel data decodes, but for these.
#[test]
fn malformed_pixel_data_end_in_values_or_one_error() {
    let errors = [
        (
            "2026-05-26-oob-monochrome-65535.dcm",
            "decoded frame in bytes: at most 1073741824 is accepted, found 8589672450",
        ),
        (
            "JPEG2000-embedded-sequence-delimiter.dcm",
            "columns: expected 256, found 3722445056",
        ),
        ("MR_truncated.dcm", "pixel data: expected 8192 bytes, found 8130"),
        (
            "meta_missing_tsyntax.dcm",
            "no Rows in the object; cannot decode its pixels",
        ),
        (
            "nested_priv_SQ.dcm",
            "no Rows in the object; cannot decode its pixels",
        ),
    ];
    let (mut good, mut bad) = (0, 0);
    for set in ["malformed/fo-dicom-orthanc", "malformed/pydicom"] {
        let Some(folder) = shared_data::set(set) else {
            return;
        };
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let Ok(object) = read(&bytes, Limits::default()) else {
                continue;
            };
            if object.pixels.is_none() {
                continue;
            }
            let decoded = pixels(&object).and_then(|(pixels, _)| pixels.decode(0));
            let name = path.file_name().unwrap().to_str().unwrap();
            let found = decoded.err().map(|error| error.to_string());
            let expected = errors
                .iter()
                .find(|(file, _)| *file == name)
                .map(|(_, error)| *error);
            assert_eq!(found.as_deref(), expected, "{name}");
            if expected.is_some() { bad += 1 } else { good += 1 }
        }
    }
    assert_eq!((good, bad), (14, errors.len()));
}
