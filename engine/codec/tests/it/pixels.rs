//! Pixel values of real files against pydicom's (`testdata/reference/pixel-values.csv`) and NEMA's own.

use std::path::Path;

use codec::compression::decoder_for;
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
    // Decoders of lossy data differ in rounding, and where colour differences are spread over pixels.
    let values = numbers(bytes, dtype);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let largest = expected
        .samples
        .iter()
        .map(|(at, value)| (values[*at] - value).abs())
        .fold(0.0, f64::max);
    let bad = (mean - expected.mean).abs() > 0.5 || largest > 4.0;
    bad.then(|| {
        format!(
            "expected mean {}, found {mean}; a sample differs by {largest}",
            expected.mean
        )
    })
}

/// Gives what is wrong with the decoded file, if anything; `None` too where it has no decoder yet.
fn compare(row: &Row, path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default()).unwrap();
    let (pixels, _) = match pixels(&object) {
        Ok(pixels) => pixels,
        Err(_) if object.transfer_syntax.and_then(decoder_for).is_none() => return None,
        Err(error) => return Some(error.to_string()),
    };
    let frames = pixels.number_of_frames() as usize;
    let (mut stored, mut rgb, mut rgb_description) = (Vec::new(), Vec::new(), *pixels.description());
    for frame in 0..frames as u32 {
        match (pixels.decode(frame), pixels.decode_rgb(frame)) {
            (Ok(values), Ok((colours, description))) => {
                stored.extend(values);
                rgb.extend(colours);
                rgb_description = description;
            }
            (Err(error), _) | (_, Err(error)) => return Some(error.to_string()),
        }
    }
    let description = pixels.description();
    let sizes = [
        frames,
        description.rows as usize,
        description.columns as usize,
        description.samples_per_pixel.into(),
    ];
    let shape: Vec<usize> = sizes
        .iter()
        .enumerate()
        .filter(|(at, size)| matches!(at, 1 | 2) || **size > 1)
        .map(|(_, size)| *size)
        .collect();
    if shape != row.shape {
        return Some(format!("expected shape {:?}, found {shape:?}", row.shape));
    }
    difference(
        &stored,
        &dtype(description, pixels.kind()),
        &row.stored,
        row.exact,
    )
    .or_else(|| {
        let expected = row.rgb.as_ref()?;
        difference(
            &rgb,
            &dtype(&rgb_description, PixelKind::Integer),
            expected,
            row.exact,
        )
        .map(|difference| format!("as RGB: {difference}"))
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

/// Decodes every frame of a file one after another.
fn decode_file(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default()).unwrap();
    let (pixels, warnings) = pixels(&object).unwrap();
    assert_eq!(warnings, [], "{}", path.display());
    (0..pixels.number_of_frames())
        .flat_map(|frame| pixels.decode(frame).unwrap())
        .collect()
}

#[test]
fn wg04_lossless_equals_the_reference_bit_for_bit() {
    let Some(folder) = shared_data::set("codecs/wg04") else {
        return;
    };
    let mut compared = 0;
    for (form, folder) in [("RLE", folder.join("RLE"))] {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let (image, _) = name.split_once('_').unwrap();
            let reference = folder.with_file_name("REF").join(format!("{image}_UNC"));
            assert!(
                decode_file(&folder.join(&name)) == decode_file(&reference),
                "{form} of {image}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

/// Every file of the set that has pixel data ends in values or in one of these errors.
#[test]
fn malformed_pixel_data_end_in_values_or_one_error() {
    let expected = [
        (
            "2026-05-26-oob-monochrome-65535.dcm",
            "decoded frame in bytes: at most 1073741824 is accepted, found 8589672450",
        ),
        ("MR_truncated.dcm", "pixel data: expected 8192 bytes, found 8130"),
    ];
    let mut seen = 0;
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
            if object.pixels.is_none() || object.transfer_syntax.and_then(decoder_for).is_none() {
                continue;
            }
            let decoded = pixels(&object).and_then(|(pixels, _)| pixels.decode(0));
            let name = path.file_name().unwrap().to_str().unwrap();
            println!("{name}: {:?} ", decoded.as_ref().map(Vec::len));
            if let Some((_, error)) = expected.iter().find(|(file, _)| *file == name) {
                assert_eq!(decoded.unwrap_err().to_string(), *error, "{name}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, expected.len());
}
