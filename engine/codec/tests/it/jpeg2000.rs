//! JPEG 2000 and HTJ2K: streams of other encoders, real files, round trips, hostile bytes.
//!
//! The streams in `jpeg2000/` are of one formula image, [`Image::value`]; `ht-*` were made by OpenJPH
//! 0.26.3, `gray-1` by OpenJPEG 2.5.4, all others by OpenJPEG 2.5.0's `opj_compress`.

use codec::dataset::{Limits, read};
use codec::jpeg2000::{Htj2kLossless, Jpeg2000, Jpeg2000Lossless};
use codec::pixels::{PixelData, PixelValue};
use codec::{Decoder, Encoder, Error, FrameDescription, Photometric};
use flate2::Crc;
use proptest::prelude::*;

/// A formula image.
#[derive(Debug, Clone, Copy)]
struct Image {
    columns: i64,
    rows: i64,
    samples: u16,
    bits: u16,
    signed: bool,
}

const fn image(columns: i64, rows: i64, samples: u16, bits: u16, signed: bool) -> Image {
    Image {
        columns,
        rows,
        samples,
        bits,
        signed,
    }
}

impl Image {
    /// A ramp with noise, a bright and a dark rectangle.
    fn value(&self, x: i64, y: i64, sample: i64) -> i64 {
        let (width, height) = (self.columns, self.rows);
        let top = (1 << self.bits) - 1;
        let within = |at: i64, from: i64, to: i64| from <= at && at < to;
        let ramp = (x * 5 + y * 3 + sample * 11) * top / (width * 5 + height * 3 + 33);
        let noise = (x * x * 7 + y * y * 13 + x * y * 29 + sample * 17) % ((top + 1) / 16).max(2);
        let mut value = ramp / 2 + noise;
        if within(x, width / 4, width / 2) && within(y, height / 3, height / 2) {
            value = top - sample % 2;
        }
        let (middle, lower) = (width / 2, height / 2);
        if within(x, middle, middle + width / 5) && within(y, lower, lower + height / 3) {
            value = 0;
        }
        value.clamp(0, top) - if self.signed { (top + 1) / 2 } else { 0 }
    }

    fn values(&self) -> Vec<i64> {
        let mut values = Vec::new();
        for y in 0..self.rows {
            for x in 0..self.columns {
                values.extend((0..i64::from(self.samples)).map(|sample| self.value(x, y, sample)));
            }
        }
        values
    }

    fn description(&self) -> FrameDescription {
        FrameDescription {
            rows: self.rows as u32,
            columns: self.columns as u32,
            samples_per_pixel: self.samples,
            bits_allocated: if self.bits > 8 { 16 } else { 8 },
            bits_stored: self.bits,
            high_bit: self.bits - 1,
            signed: self.signed,
            planar: false,
            photometric: if self.samples == 3 {
                Photometric::YbrRct
            } else {
                Photometric::Monochrome2
            },
        }
    }
}

fn decode(frame: &[u8], description: &FrameDescription) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; description.frame_bytes()?];
    Jpeg2000.decode(frame, description, &mut out).map(|_| out)
}

fn numbers(bytes: &[u8], description: &FrameDescription) -> Vec<i64> {
    let size = description.bytes_per_sample();
    let number = |bytes: &[u8]| match (size, description.signed) {
        (1, false) => i64::from(bytes[0]),
        (1, true) => i64::from(bytes[0] as i8),
        (_, false) => i64::from(u16::from_le_bytes([bytes[0], bytes[1]])),
        (_, true) => i64::from(i16::from_le_bytes([bytes[0], bytes[1]])),
    };
    bytes.chunks(size).map(number).collect()
}

fn bytes(values: &[i64], description: &FrameDescription) -> Vec<u8> {
    let size = description.bytes_per_sample();
    values
        .iter()
        .flat_map(|value| value.to_le_bytes().into_iter().take(size))
        .collect()
}

/// Gives the largest difference between two frames' values.
fn largest_difference(left: &[u8], right: &[u8], description: &FrameDescription) -> i64 {
    assert_eq!(left.len(), right.len());
    let (left, right) = (numbers(left, description), numbers(right, description));
    left.iter()
        .zip(&right)
        .map(|(left, right)| (left - right).abs())
        .max()
        .unwrap()
}

macro_rules! stream {
    ($name:literal, $image:expr, $loss:expr) => {
        (
            $name,
            include_bytes!(concat!("jpeg2000/", $name, ".j2k")).as_slice(),
            $image,
            $loss,
        )
    };
}

const RGB: Image = image(37, 29, 3, 8, false);
const TILES: Image = image(45, 38, 3, 8, false);
const STYLE: Image = image(40, 33, 1, 12, false);
const GRAY_12: Image = image(61, 47, 1, 12, false);

/// Name, stream, image, and how far OpenJPEG's own decoding is from the image.
const STREAMS: &[(&str, &[u8], Image, i64)] = &[
    stream!("gray-1", image(50, 31, 1, 1, false), 0),
    stream!("gray-12", GRAY_12, 0),
    stream!("gray-16-signed", image(40, 33, 1, 16, true), 0),
    stream!("rgb-8", RGB, 0),
    stream!("tiles-lrcp", TILES, 0),
    stream!("tiles-rlcp", TILES, 0),
    stream!("tiles-rpcl", TILES, 0),
    stream!("tiles-pcrl", TILES, 0),
    stream!("tiles-cprl", TILES, 0),
    stream!("tile-parts", image(45, 38, 1, 8, false), 0),
    stream!("style-1", STYLE, 0),
    stream!("style-4", STYLE, 0),
    stream!("style-8", STYLE, 0),
    stream!("style-63", STYLE, 0),
    stream!("progression-change", image(40, 30, 3, 8, false), 0),
    stream!("roi", image(40, 33, 1, 8, false), 0),
    stream!("boxed", image(20, 20, 1, 8, false), 0),
    stream!("lossy-12", GRAY_12, 53),
    stream!("lossy-rgb-8", RGB, 7),
    stream!("ht-gray-16", image(61, 47, 1, 16, false), 0),
    stream!("ht-tiles-signed", image(61, 47, 1, 16, true), 0),
    stream!("ht-rgb-8", RGB, 0),
];

#[test]
fn streams_of_other_encoders_give_their_image() {
    for (name, stream, image, loss) in STREAMS {
        let description = image.description();
        let mut out = vec![0xAA; description.frame_bytes().unwrap()];
        let decoded = Jpeg2000.decode(stream, &description, &mut out).expect(name);
        assert_eq!(
            (decoded.precision, decoded.signed),
            (image.bits, Some(image.signed)),
            "{name}"
        );
        let found = largest_difference(&out, &bytes(&image.values(), &description), &description);
        // Where there is loss, decoders differ by the rounding of floats.
        assert!(
            (found - loss).abs() <= (*loss).min(1),
            "{name}: expected loss {loss}, found {found}"
        );
    }
}

#[test]
fn colour_is_red_green_blue_after_a_component_transform() {
    let (_, stream, image, _) = STREAMS[3];
    let mut out = vec![0; image.description().frame_bytes().unwrap()];
    let decoded = Jpeg2000.decode(stream, &image.description(), &mut out).unwrap();
    assert_eq!(decoded.photometric, Photometric::Rgb);
    // No transform in the stream: the values stay what the object calls them.
    let (_, stream, image, _) = STREAMS[14];
    let ybr = FrameDescription {
        photometric: Photometric::YbrFull,
        ..image.description()
    };
    let mut out = vec![0; ybr.frame_bytes().unwrap()];
    assert_eq!(
        Jpeg2000.decode(stream, &ybr, &mut out).unwrap().photometric,
        Photometric::YbrFull
    );
}

#[test]
fn the_9_7_wavelet_under_high_throughput() {
    // ht-lossy-16 is the 16-bit image halved and lifted by 9000, at OpenJPH's finest quality.
    let stream = include_bytes!("jpeg2000/ht-lossy-16.j2k");
    let source = image(61, 47, 1, 16, false);
    let expected: Vec<_> = source.values().iter().map(|value| value / 2 + 9000).collect();
    let description = source.description();
    let out = decode(stream, &description).unwrap();
    assert!(largest_difference(&out, &bytes(&expected, &description), &description) <= 1);
}

/// A clean-up pass of OpenJPH followed by both refinement passes, filled with random bits; OpenJPH and
/// OpenJPEG agree on what that means.
#[test]
fn refinement_passes_of_high_throughput() {
    let out = decode(
        include_bytes!("jpeg2000/ht-refined.j2k"),
        &image(77, 59, 1, 16, false).description(),
    );
    let mut crc = Crc::new();
    crc.update(&out.unwrap());
    assert_eq!(crc.sum(), REFINED_CRC);
}

const REFINED_CRC: u32 = 0xA4DE_9453;

#[test]
fn both_encoders_give_back_every_depth() {
    for bits in 1..=16 {
        for (signed, samples) in [(false, 1), (true, 1), (false, 3), (true, 3)] {
            let image = image(70, 67, samples, bits, signed);
            let mut description = image.description();
            if samples == 3 {
                description.photometric = Photometric::Rgb;
            }
            check_round_trip(&bytes(&image.values(), &description), &description);
        }
    }
}

fn check_round_trip(values: &[u8], description: &FrameDescription) {
    let encoders: [&dyn Encoder; 2] = [&Jpeg2000Lossless, &Htj2kLossless];
    for encoder in encoders {
        let stream = encoder.encode(values, description).unwrap();
        let back = decode(&stream, description).unwrap();
        assert!(back == values, "{description:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_of_any_size_comes_back(
        (columns, rows) in prop_oneof![(1_i64..200, 1_i64..40), (1_i64..5, 1_i64..200)],
        samples in 1_u16..=4,
        bits in 1_u16..=16,
        signed: bool,
        seed: u64,
    ) {
        let image = image(columns, rows, samples, bits, signed);
        let mut description = image.description();
        description.photometric = Photometric::Rgb;
        let lowest = if signed { -(1 << (bits - 1)) } else { 0 };
        let mut state = seed | 1;
        let values: Vec<i64> = (0..description.samples())
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Extremes, where transforms grow most, and noise.
                match state >> 62 {
                    0 => lowest,
                    1 => lowest + (1 << bits) - 1,
                    _ => lowest + (state >> 20) as i64 % (1 << bits),
                }
            })
            .collect();
        check_round_trip(&bytes(&values, &description), &description);
    }

    #[test]
    fn random_bytes_end_in_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let description = image(40, 33, 1, 12, false).description();
        prop_assert!(decode(&bytes, &description).is_err());
        // Behind a good header, too: SIZ of a real stream, then anything.
        let mut behind = STREAMS[10].1[..49].to_vec();
        behind.extend(&bytes);
        prop_assert!(decode(&behind, &description).is_err());
    }

    #[test]
    fn flipped_bits_end_in_a_value_or_an_error(
        stream in 0..STREAMS.len(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..6),
    ) {
        let (_, stream, image, _) = STREAMS[stream];
        let mut damaged = stream.to_vec();
        for (at, bit) in flips {
            damaged[at.index(stream.len())] ^= 1 << bit;
        }
        let _ = decode(&damaged, &image.description());
    }
}

#[test]
fn cut_streams_are_refused() {
    for (name, stream, image, _) in STREAMS {
        // All but the end-of-codestream marker is needed.
        for length in (0..stream.len() - 2).step_by(7) {
            assert!(
                decode(&stream[..length], &image.description()).is_err(),
                "{name} cut to {length}"
            );
        }
    }
}

#[test]
fn every_byte_of_the_headers_may_be_anything() {
    for (_, stream, image, _) in [STREAMS[4], STREAMS[13], STREAMS[20]] {
        let headers = stream
            .windows(2)
            .position(|marker| marker == [0xFF, 0x93])
            .unwrap();
        for at in 0..headers {
            for value in [0, 1, 0x40, 0x7F, 0x80, 0xFE, 0xFF] {
                let mut damaged = stream.to_vec();
                damaged[at] = value;
                let _ = decode(&damaged, &image.description());
            }
        }
    }
}

/// Found by flipping bits: the shift was added to the bit-planes in eight bits.
#[test]
fn an_impossible_region_of_interest_is_refused() {
    let (name, stream, image, _) = STREAMS[15];
    assert_eq!(name, "roi");
    let mut damaged = stream.to_vec();
    let shift = stream
        .windows(4)
        .position(|bytes| bytes == [0xFF, 0x5E, 0, 5])
        .unwrap()
        + 6;
    assert_eq!(damaged[shift], 9);
    damaged[shift] = 0xFF;
    let error = decode(&damaged, &image.description()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected at most 29 bit-planes, found 255"),
        "{error}"
    );
}

/// Writes four bytes of SIZ: `field` 0 to 7 are Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz.
fn with_size(field: usize, value: u32) -> Vec<u8> {
    let mut stream = STREAMS[10].1.to_vec();
    stream[8 + 4 * field..12 + 4 * field].copy_from_slice(&value.to_be_bytes());
    stream
}

#[test]
fn size_is_held_against_the_description_first() {
    let description = STYLE.description();
    let refused = |stream: &[u8], message: &str| {
        let error = decode(stream, &description).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    refused(&with_size(0, 65535), "columns: expected 40, found 65535");
    refused(&with_size(1, 65535), "rows: expected 33, found 65535");
    let mut components = STREAMS[10].1.to_vec();
    components[41] = 3;
    refused(&components, "components: expected 1, found 3");
    let mut subsampled = STREAMS[10].1.to_vec();
    subsampled[43] = 2;
    refused(&subsampled, "component subsampling: expected 1x1, found 2x1");
    // 1320 tiles of one sample in a stream that has no room for their headers.
    let mut tiny = with_size(4, 1);
    tiny[28..32].copy_from_slice(&1_u32.to_be_bytes());
    let error = decode(&tiny, &description).unwrap_err();
    assert!(
        matches!(error, Error::Truncated { expected: 18480, .. }),
        "{error}"
    );
}

#[test]
fn a_frame_larger_than_the_stream_can_mean_is_refused() {
    let mut stream = with_size(0, 8_200);
    stream[12..16].copy_from_slice(&8_200_u32.to_be_bytes());
    let description = FrameDescription {
        rows: 8_200,
        columns: 8_200,
        ..image(1, 1, 1, 8, false).description()
    };
    let mut stream_8 = stream;
    stream_8[42] = 7;
    // No output is needed to see the refusal: the check on it comes before.
    let error = Jpeg2000.decode(&stream_8, &description, &mut []).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bytes for a decoded frame: expected 67240000, found 0"
    );
    let mut out = vec![0; 67_240_000];
    let error = Jpeg2000.decode(&stream_8, &description, &mut out).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                found: 67_240_000,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn encoders_refuse_what_would_be_lost() {
    let description = image(2, 1, 1, 12, false).description();
    let message = |values: &[u8], description| {
        Jpeg2000Lossless
            .encode(values, &description)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message(&[0, 0, 0, 16], description),
        "stored value: expected 12 bits, found 4096"
    );
    assert_eq!(
        message(&[0, 0, 0], description),
        "bytes of a frame: expected 4, found 3"
    );
    let shifted = FrameDescription {
        high_bit: 15,
        ..description
    };
    assert_eq!(
        message(&[0; 4], shifted),
        "bits stored for JPEG 2000: expected 1 to 16, ending at bit 0, found 12 ending at bit 4"
    );
}

/// The first frame of a file: its stored values, and its description.
fn first_frame(path: &std::path::Path) -> (Vec<u8>, FrameDescription) {
    let bytes = std::fs::read(path).unwrap();
    let object = read(&bytes, Limits::default()).unwrap();
    let location = object.pixels.as_ref().unwrap();
    let value = &object.bytes[location.range.clone()];
    let value = match location.announced {
        Some(_) => PixelValue::Native {
            bytes: value,
            vr: location.vr,
        },
        None => PixelValue::Encapsulated(value),
    };
    let syntax = object.transfer_syntax.unwrap();
    let (pixels, _) = PixelData::new(&object.data_set, syntax, location.kind, value).unwrap();
    (pixels.decode(0).unwrap(), *pixels.description())
}

/// NEMA's WG-04 samples and how far JPEG 2000's lossy forms are from the original (OpenJPEG's decoding).
const WG04: [(&str, i64); 8] = [
    ("CT1", 352),
    ("MR1", 396),
    ("MR4", 29),
    ("RG3", 9),
    ("XA1", 8),
    ("US1", 124),
    ("VL1", 44),
    ("VL6", 137),
];

#[test]
fn wg04_is_as_nema_says() {
    let Some(folder) = shared_data::set("codecs/wg04") else {
        return;
    };
    for (name, loss) in WG04 {
        let (original, description) = first_frame(&folder.join(format!("REF/{name}_UNC")));
        let (lossless, _) = first_frame(&folder.join(format!("J2KR/{name}_J2KR")));
        assert!(lossless == original, "{name}");
        let (lossy, _) = first_frame(&folder.join(format!("J2KI/{name}_J2KI")));
        let found = largest_difference(&lossy, &original, &description);
        // Another decoder's rounding may move the worst sample by one.
        assert!(
            (found - loss).abs() <= 1,
            "{name}: expected {loss}, found {found}"
        );
        check_round_trip(
            &original,
            &FrameDescription {
                planar: false,
                ..description
            },
        );
    }
}

#[test]
fn a_whole_body_scintigram_is_lossless() {
    let Some(folder) = shared_data::set("nm/wg04-nm1-bone-wholebody") else {
        return;
    };
    let (original, description) = first_frame(&folder.join("NM1_UNC"));
    assert!(first_frame(&folder.join("NM1_J2KR")).0 == original);
    check_round_trip(&original, &description);
}
