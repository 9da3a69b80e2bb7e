//! One small image for every way in which pixels can be stored: layouts, colours, lookup tables, and every
//! transfer syntax that the codec crate can write without loss.

use codec::{FrameDescription, Photometric, TransferSyntax};
use dicom_core::Tag;
use engine::dicom::write::{
    CharacterSet, Dataset, DateTime, Instance, Pixels, SecondaryCapture, secondary_capture,
};
use serde::Serialize;

use crate::Options;
use crate::elementary::exp;
use crate::identity::Identity;
use crate::output::{Output, Result};

const START: DateTime = DateTime::new(2024, 6, 11, 8, 0, 0);
/// Odd, so that padding is needed.
const COLUMNS: usize = 61;
const ROWS: usize = 47;

/// Transfer syntaxes that keep every value.
const LOSSLESS: [TransferSyntax; 15] = [
    TransferSyntax::ImplicitLittleEndian,
    TransferSyntax::ExplicitLittleEndian,
    TransferSyntax::DeflatedExplicitLittleEndian,
    TransferSyntax::ExplicitBigEndian,
    TransferSyntax::EncapsulatedUncompressed,
    TransferSyntax::DeflatedImageFrame,
    TransferSyntax::RleLossless,
    TransferSyntax::JpegLossless,
    TransferSyntax::JpegLosslessFirstOrder,
    TransferSyntax::JpegLsLossless,
    TransferSyntax::Jpeg2000Lossless,
    TransferSyntax::Htj2kLossless,
    TransferSyntax::Htj2kLosslessRpcl,
    TransferSyntax::Jpeg2000,
    TransferSyntax::Htj2k,
];

/// What the truth tells of a file.
#[derive(Serialize)]
struct FileTruth {
    file: String,
    sop_instance_uid: String,
    transfer_syntax_uid: &'static str,
    columns: usize,
    rows: usize,
    samples_per_pixel: u16,
    bits_allocated: u16,
    bits_stored: u16,
    signed: bool,
    photometric: &'static str,
    /// CRC-32 (as of zip files) of the stored values: rows from the top, samples of a pixel side by side,
    /// little endian, one byte for a bit.
    crc32: u32,
    /// CRC-32 of the pixels as 8-bit RGB; of colour images only.
    rgb_crc32: Option<u32>,
    /// What lookup tables make of some stored values: stored, real after the modality's table or rescale,
    /// shown (0 to 1) after the window.
    looked_up: Vec<[f64; 3]>,
}

#[derive(Serialize)]
struct Truth {
    size: &'static str,
    study_instance_uid: String,
    files: Vec<FileTruth>,
}

/// An image before it is stored.
struct Image {
    name: &'static str,
    pixels: Pixels,
    rgb: Option<Vec<u8>>,
    extra: fn(&mut Dataset),
    looked_up: Vec<[f64; 3]>,
}

/// A picture from 0 to 1: a ramp, a disc, a checkerboard, and one mark that tells all corners apart.
fn picture(i: usize, j: usize) -> f64 {
    let (x, y) = (i as f64 / (COLUMNS - 1) as f64, j as f64 / (ROWS - 1) as f64);
    let (dx, dy) = (i as f64 - 38.0, j as f64 - 20.0);
    match (i, j) {
        (0..9, 0..4) => 1.0,
        (0..3, 43..) => 0.0,
        (40.., 38..) => f64::from(u8::from((i / 3 + j / 3).is_multiple_of(2))),
        _ if dx * dx + dy * dy < 130.0 => 0.75 - 0.2 * x,
        _ => 0.15 + 0.35 * x + 0.35 * y,
    }
}

fn samples(value: impl Fn(usize, usize) -> i64, bytes: usize) -> Vec<u8> {
    (0..ROWS)
        .flat_map(|j| (0..COLUMNS).map(move |i| (i, j)))
        .flat_map(|(i, j)| value(i, j).to_le_bytes().into_iter().take(bytes))
        .collect()
}

fn monochrome(bits_allocated: u16, bits_stored: u16, signed: bool) -> FrameDescription {
    FrameDescription {
        rows: ROWS as u32,
        columns: COLUMNS as u32,
        samples_per_pixel: 1,
        bits_allocated,
        bits_stored,
        high_bit: bits_stored - 1,
        signed,
        planar: false,
        photometric: Photometric::Monochrome2,
    }
}

/// A monochrome image over the whole range of its bits.
fn grey(name: &'static str, bits_allocated: u16, bits_stored: u16, signed: bool) -> Image {
    let largest = ((1i64 << bits_stored) - 1) as f64;
    let low = if signed { 1i64 << (bits_stored - 1) } else { 0 };
    let value = |i, j| (picture(i, j) * largest).round() as i64 - low;
    let pixels = Pixels::new(
        monochrome(bits_allocated, bits_stored, signed),
        samples(value, usize::from(bits_allocated).div_ceil(8)),
    );
    Image {
        name,
        pixels,
        rgb: None,
        extra: |_| (),
        looked_up: Vec::new(),
    }
}

fn with(mut image: Image, extra: fn(&mut Dataset), looked_up: Vec<[f64; 3]>) -> Image {
    image.extra = extra;
    image.looked_up = looked_up;
    image
}

fn rgb_values() -> Vec<u8> {
    let at = |n: usize| {
        let (i, j) = (n % COLUMNS, n / COLUMNS);
        let share = |v: f64| (v * 255.0).round() as u8;
        [
            share(picture(i, j)),
            share(picture(COLUMNS - 1 - i, j)),
            share(picture(i, ROWS - 1 - j)),
        ]
    };
    (0..COLUMNS * ROWS).flat_map(at).collect()
}

fn colour(
    name: &'static str,
    photometric: Photometric,
    planar: bool,
    values: Vec<u8>,
    rgb: Option<Vec<u8>>,
) -> Image {
    let description = FrameDescription {
        samples_per_pixel: 3,
        photometric,
        planar,
        ..monochrome(8, 8, false)
    };
    Image {
        name,
        pixels: Pixels::new(description, values),
        rgb,
        extra: |_| (),
        looked_up: Vec::new(),
    }
}

/// Stored YBR values; what they are as RGB is the reader's to round, so the truth has no RGB for them.
fn ybr_values() -> Vec<u8> {
    rgb_values()
        .chunks_exact(3)
        .flat_map(|rgb| {
            let [r, g, b] = [0, 1, 2].map(|n| f64::from(rgb[n]));
            let round = |v: f64| v.round().clamp(0.0, 255.0) as u8;
            [
                round(0.299 * r + 0.587 * g + 0.114 * b),
                round(-0.168_736 * r - 0.331_264 * g + 0.5 * b + 128.0),
                round(0.5 * r - 0.418_688 * g - 0.081_312 * b + 128.0),
            ]
        })
        .collect()
}

const fn palette_entry(index: usize) -> [u8; 3] {
    [index as u8, 255 - index as u8, (index as u8).wrapping_mul(3)]
}

fn palette() -> Image {
    let mut image = grey("palette", 8, 8, false);
    image.pixels.description.photometric = Photometric::PaletteColor;
    image.rgb = Some(
        image
            .pixels
            .values
            .iter()
            .flat_map(|index| palette_entry(usize::from(*index)))
            .collect(),
    );
    image.extra = |dataset| {
        for channel in 0..3u16 {
            let table = (0..256)
                .map(|n| u16::from(palette_entry(n)[usize::from(channel)]) * 257)
                .collect();
            dataset
                .unsigned(Tag(0x0028, 0x1101 + channel), &[256, 0, 16])
                .words(Tag(0x0028, 0x1201 + channel), table);
        }
    };
    image
}

/// One bit a pixel that says where the picture is bright.
fn bits() -> Image {
    let mut image = grey("bits", 1, 1, false);
    image.pixels.values = samples(|i, j| i64::from(picture(i, j) > 0.5), 1);
    image
}

/// An overlay plane of bits (60xx,3000): a frame around the picture, one pixel in.
fn put_overlay(dataset: &mut Dataset) {
    let edge = |i: usize, j: usize| i == 1 || j == 1 || i == COLUMNS - 2 || j == ROWS - 2;
    let mut packed = vec![0u8; (COLUMNS * ROWS).div_ceil(16) * 2];
    for n in (0..COLUMNS * ROWS).filter(|n| edge(n % COLUMNS, n / COLUMNS)) {
        packed[n / 8] |= 1 << (n % 8);
    }
    let words = packed
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    dataset
        .unsigned(Tag(0x6000, 0x0010), &[ROWS as u16])
        .unsigned(Tag(0x6000, 0x0011), &[COLUMNS as u16])
        .text(Tag(0x6000, 0x0040), "G")
        .signed(Tag(0x6000, 0x0050), &[1, 1])
        .unsigned(Tag(0x6000, 0x0100), &[1])
        .unsigned(Tag(0x6000, 0x0102), &[0])
        .words(Tag(0x6000, 0x3000), words);
}

/// Squares of 0 to 255, times 4, for stored values from 10 on.
fn put_modality_table(dataset: &mut Dataset) {
    let mut item = Dataset::new();
    item.unsigned(Tag(0x0028, 0x3002), &[256, 10, 16])
        .text(Tag(0x0028, 0x3004), "US")
        .words(
            Tag(0x0028, 0x3006),
            (0..256u32).map(|n| (n * n).min(65_535) as u16).collect(),
        );
    dataset.item(Tag(0x0028, 0x3000), item);
}

/// A table of 64 entries from stored value 96 on, falling.
fn put_window_table(dataset: &mut Dataset) {
    let mut item = Dataset::new();
    item.unsigned(Tag(0x0028, 0x3002), &[64, 96, 16])
        .text(Tag(0x0028, 0x3003), "falling")
        .words(
            Tag(0x0028, 0x3006),
            (0..64).map(|n| (252 - 4 * n) * 257).collect(),
        );
    dataset.item(Tag(0x0028, 0x3010), item);
}

fn put_window(dataset: &mut Dataset, function: &str) {
    dataset
        .decimals(Tag(0x0028, 0x1053), &[0.5])
        .decimals(Tag(0x0028, 0x1052), &[-100.0])
        .text(Tag(0x0028, 0x1054), "US")
        .decimals(Tag(0x0028, 0x1050), &[400.0])
        .decimals(Tag(0x0028, 0x1051), &[600.0])
        .text(Tag(0x0028, 0x1056), function);
}

/// What a window of centre 400 and width 600 makes of stored values under slope 0.5 and intercept -100.
fn windowed(shown: impl Fn(f64) -> f64) -> Vec<[f64; 3]> {
    let one = |stored: f64| {
        let real = 0.5 * stored - 100.0;
        [stored, real, shown(real).clamp(0.0, 1.0)]
    };
    [0.0, 400.0, 799.0, 1000.0, 1201.0, 1500.0, 2000.0, 4095.0]
        .map(one)
        .to_vec()
}

/// Layouts of stored values.
fn layouts() -> Vec<Image> {
    let mut white = grey("monochrome1", 8, 8, false);
    white.pixels.description.photometric = Photometric::Monochrome1;
    vec![
        grey("unsigned-8", 8, 8, false),
        grey("unsigned-12", 16, 12, false),
        grey("unsigned-16", 16, 16, false),
        grey("signed-8", 8, 8, true),
        grey("signed-12", 16, 12, true),
        grey("signed-16", 16, 16, true),
        white,
        bits(),
        colour("rgb", Photometric::Rgb, false, rgb_values(), Some(rgb_values())),
        colour(
            "rgb-planes",
            Photometric::Rgb,
            true,
            rgb_values(),
            Some(rgb_values()),
        ),
        colour("ybr-full", Photometric::YbrFull, false, ybr_values(), None),
        palette(),
        with(grey("overlay", 8, 8, false), put_overlay, Vec::new()),
    ]
}

/// Tables and windows, with some of what they make of stored values.
fn tables() -> Vec<Image> {
    vec![
        with(
            grey("modality-table", 8, 8, false),
            put_modality_table,
            [
                [0.0, 0.0],
                [10.0, 0.0],
                [20.0, 100.0],
                [200.0, 36_100.0],
                [255.0, 60_025.0],
            ]
            .map(|[stored, real]| [stored, real, f64::NAN])
            .to_vec(),
        ),
        with(
            grey("window-table", 8, 8, false),
            put_window_table,
            [
                [0.0, 252.0],
                [96.0, 252.0],
                [97.0, 248.0],
                [159.0, 0.0],
                [255.0, 0.0],
            ]
            .map(|[stored, shown]| [stored, stored, shown / 255.0])
            .to_vec(),
        ),
        with(
            grey("window-linear", 16, 12, false),
            |dataset| put_window(dataset, "LINEAR"),
            windowed(|x| (x - 399.5) / 599.0 + 0.5),
        ),
        with(
            grey("window-linear-exact", 16, 12, false),
            |dataset| put_window(dataset, "LINEAR_EXACT"),
            windowed(|x| (x - 400.0) / 600.0 + 0.5),
        ),
        with(
            grey("window-sigmoid", 16, 12, false),
            |dataset| put_window(dataset, "SIGMOID"),
            windowed(|x| 1.0 / (1.0 + exp(-4.0 * (x - 400.0) / 600.0))),
        ),
    ]
}

fn images() -> Vec<Image> {
    layouts().into_iter().chain(tables()).collect()
}

/// CRC-32 with the reflected polynomial 0xEDB88320, as zip and PNG use it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

fn identity(options: &Options) -> Identity {
    Identity {
        name: "syntaxes",
        patient: "Phantom^Syntaxes=模体^编码",
        character_set: CharacterSet::Gb18030,
        description: "One image in many encodings (synthetic)",
        start: START,
        body_part: "",
        weight_kg: 70.0,
        options: *options,
    }
}

/// The transfer syntaxes that are written: all without loss that the codec crate has an encoder for.
fn written() -> impl Iterator<Item = TransferSyntax> {
    let writable = |syntax: &TransferSyntax| {
        !syntax.is_encapsulated() || codec::compression::encoder_for(*syntax).is_some()
    };
    LOSSLESS.into_iter().filter(writable)
}

/// The images that are written in every transfer syntax; JPEG's kinds differ on the others.
const IN_EVERY_SYNTAX: [&str; 3] = ["unsigned-8", "unsigned-12", "unsigned-16"];

/// Every file: its image and its transfer syntax.
fn plan() -> Vec<(Image, TransferSyntax)> {
    let all = images()
        .into_iter()
        .map(|image| (image, TransferSyntax::ExplicitLittleEndian));
    let others = written().filter(|syntax| *syntax != TransferSyntax::ExplicitLittleEndian);
    let each = others.flat_map(|syntax| {
        let whole = !syntax.is_encapsulated()
            || matches!(
                syntax,
                TransferSyntax::RleLossless
                    | TransferSyntax::DeflatedImageFrame
                    | TransferSyntax::EncapsulatedUncompressed
            );
        // Run lengths code bytes; what they would make of bits is not told (PS3.5 Annex G).
        let bits_fit = syntax != TransferSyntax::RleLossless;
        let wanted = move |image: &Image| {
            IN_EVERY_SYNTAX.contains(&image.name) || whole && (bits_fit || image.name != "bits")
        };
        images()
            .into_iter()
            .filter(wanted)
            .map(move |image| (image, syntax))
    });
    all.chain(each).collect()
}

/// Number of files that [`write`] makes.
pub fn files() -> u64 {
    plan().len() as u64 + 1
}

fn instance(identity: &Identity, image: &Image, syntax: TransferSyntax, number: i64) -> Result<Instance> {
    let series = identity.unplaced_series(image.name, number, image.name, START);
    let capture = SecondaryCapture {
        sop_instance_uid: identity.uid(&[image.name, syntax.uid()]),
        instance_number: number,
        created: START,
        pixels: image.pixels.clone(),
    };
    let mut instance = secondary_capture(&identity.study(), &series, capture)?;
    (image.extra)(&mut instance.dataset);
    Ok(instance)
}

fn truth(image: &Image, instance: &Instance, syntax: TransferSyntax, file: String) -> FileTruth {
    let description = &image.pixels.description;
    FileTruth {
        file,
        sop_instance_uid: instance.sop_instance_uid().to_owned(),
        transfer_syntax_uid: syntax.uid(),
        columns: COLUMNS,
        rows: ROWS,
        samples_per_pixel: description.samples_per_pixel,
        bits_allocated: description.bits_allocated,
        bits_stored: description.bits_stored,
        signed: description.signed,
        photometric: description.photometric.term(),
        crc32: crc32(&image.pixels.values),
        rgb_crc32: image.rgb.as_deref().map(crc32),
        looked_up: image.looked_up.clone(),
    }
}

/// Writes all images and the truth; a file is named by its image and the end of its transfer syntax's UID.
pub fn write(options: &Options, output: &mut Output<'_>) -> Result<()> {
    let identity = identity(options);
    let mut files = Vec::new();
    for (number, (image, syntax)) in plan().into_iter().enumerate() {
        let instance = instance(&identity, &image, syntax, number as i64 + 1)?;
        let syntax_name = syntax.uid().trim_start_matches("1.2.840.10008.");
        let name = format!("{}-{syntax_name}.dcm", image.name);
        output.put(&name, instance.encode(syntax)?)?;
        files.push(truth(&image, &instance, syntax, name));
    }
    let truth = Truth {
        size: options.size.name(),
        study_instance_uid: identity.uid(&["study"]),
        files,
    };
    output.put_json("truth.json", &truth)
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn crc_of_the_usual_check_string() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
