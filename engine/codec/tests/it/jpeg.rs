//! JPEG against streams of libjpeg-turbo, and against itself.

use codec::compression::Decoded;
use codec::jpeg::{Jpeg, JpegBaseline, JpegLossless};
use codec::{Decoder, Encoder, Error, FrameDescription, Photometric};
use proptest::prelude::*;

use crate::jpeg_golden::*;

/// Reads bytes written in hexadecimal.
pub fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Describes an unsigned frame; three samples are RGB.
pub fn description(rows: u32, columns: u32, samples_per_pixel: u16, bits_stored: u16) -> FrameDescription {
    FrameDescription {
        rows,
        columns,
        samples_per_pixel,
        bits_allocated: bits_stored.next_multiple_of(8),
        bits_stored,
        high_bit: bits_stored - 1,
        signed: false,
        planar: false,
        photometric: if samples_per_pixel == 3 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
    }
}

/// The values that the golden streams were made of: steps and waves, three rows each in turn.
pub fn formula(description: &FrameDescription) -> Vec<u8> {
    let range = 1u32 << description.bits_stored;
    let (columns, samples) = (description.columns, u32::from(description.samples_per_pixel));
    let value = |at: u32| {
        let (y, x, c) = (at / samples / columns, at / samples % columns, at % samples);
        let steps = x / 5 * 13 + c * 3;
        let wave = x * x * 3 + y * 7 + x * y * 5 + c * 41;
        if (y / 3).is_multiple_of(2) {
            steps % range
        } else {
            wave % range
        }
    };
    let bytes = (0..description.samples() as u32).flat_map(|at| {
        let value = value(at) as u16;
        value
            .to_le_bytes()
            .into_iter()
            .take(description.bytes_per_sample())
    });
    bytes.collect()
}

fn decode(stream: &[u8], description: &FrameDescription) -> Result<(Vec<u8>, Decoded), Error> {
    let mut out = vec![0; description.frame_bytes()?];
    let decoded = Jpeg.decode(stream, description, &mut out)?;
    Ok((out, decoded))
}

#[test]
fn lossy_streams_give_the_samples_of_libjpeg_turbo() {
    let colour = description(11, 13, 3, 8);
    let twelve = description(11, 13, 1, 12);
    for (stream, samples, description, photometric) in [
        (
            PROGRESSIVE_420,
            PROGRESSIVE_420_SAMPLES,
            colour,
            Photometric::YbrFull,
        ),
        (BASELINE_422, BASELINE_422_SAMPLES, colour, Photometric::YbrFull),
        (EXTENDED_12, EXTENDED_12_SAMPLES, twelve, Photometric::Monochrome2),
    ] {
        let (out, decoded) = decode(&bytes(stream), &description).unwrap();
        assert_eq!(out, bytes(samples));
        assert_eq!(decoded.photometric, photometric);
        assert_eq!(decoded.precision, description.bits_stored);
    }
}

#[test]
fn lossless_streams_give_what_was_encoded() {
    let (deep, colour) = (description(7, 9, 1, 16), description(7, 9, 3, 8));
    for (stream, description) in [(LOSSLESS_1, deep), (LOSSLESS_6, deep), (LOSSLESS_RGB, colour)] {
        let (out, decoded) = decode(&bytes(stream), &description).unwrap();
        assert_eq!(out, formula(&description));
        assert_eq!(decoded.photometric, description.photometric);
    }
}

/// Puts a segment behind the start of image.
fn with_segment(stream: &[u8], segment: &[u8]) -> Vec<u8> {
    [&stream[..2], segment, &stream[2..]].concat()
}

/// Takes the first segment with this marker away.
fn without(stream: &[u8], marker: u8) -> Vec<u8> {
    let at = stream.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let length = usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
    [&stream[..at], &stream[at + 2 + length..]].concat()
}

const ADOBE_RGB: &[u8] = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0";
const ADOBE_YCC: &[u8] = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01";

#[test]
fn colour_follows_the_marks_before_the_object() {
    use Photometric as P;
    let jfif = bytes(BASELINE_422);
    let bare = without(&jfif, 0xe0);
    // 4:4:4, so that nothing but marks and words can tell.
    let frame = FrameDescription {
        photometric: P::Rgb,
        ..description(8, 8, 3, 8)
    };
    let full = without(
        &JpegBaseline { quality: 90 }
            .encode(&formula(&frame), &frame)
            .unwrap(),
        0xe0,
    );
    let lossless = JpegLossless::default().encode(&formula(&frame), &frame).unwrap();
    let mut named = lossless.clone();
    let ids = named
        .windows(9)
        .position(|w| w == [1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
        .unwrap();
    for (at, id) in [(0, b'R'), (3, b'G'), (6, b'B')] {
        named[ids + at] = id;
    }
    let scan = named.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    for (at, id) in [(5, b'R'), (7, b'G'), (9, b'B')] {
        named[scan + at] = id;
    }
    let small = description(8, 8, 3, 8);
    let large = description(11, 13, 3, 8);
    let jfif_lossless = with_segment(&lossless, b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (stream, size, stated, expected) in [
        (&with_segment(&jfif, ADOBE_RGB), large, P::YbrFull422, P::Rgb),
        (&with_segment(&bare, ADOBE_YCC), large, P::Rgb, P::YbrFull),
        (&jfif, large, P::Rgb, P::YbrFull),
        (&jfif, large, P::YbrFull422, P::YbrFull),
        // Subsampled colour differences, whatever the object says.
        (&bare, large, P::Rgb, P::YbrFull),
        (&full, small, P::YbrFull422, P::YbrFull),
        (&full, small, P::YbrPartial422, P::YbrPartial422),
        (&lossless, small, P::Rgb, P::Rgb),
        (&lossless, small, P::YbrFull, P::YbrFull),
        (&jfif_lossless, small, P::Rgb, P::Rgb),
        (&named, small, P::YbrFull, P::Rgb),
        (&with_segment(&lossless, ADOBE_YCC), small, P::Rgb, P::YbrFull),
    ] {
        let description = FrameDescription {
            photometric: stated,
            ..size
        };
        assert_eq!(
            decode(stream, &description).unwrap().1.photometric,
            expected,
            "{stated:?}"
        );
    }
}

#[test]
fn harmless_faults_are_passed_over() {
    let description = description(11, 13, 3, 8);
    let whole = bytes(BASELINE_422);
    let expected = bytes(BASELINE_422_SAMPLES);
    let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let mut band = whole.clone();
    // Se of a sequential scan, as the encoder of the WG-04 samples wrote it.
    band[scan + 12] = 0;
    let no_end = whole[..whole.len() - 2].to_vec();
    let padded = [&whole[..], &[0, 0, 0]].concat();
    let filled = [&whole[..scan], &[0xff, 0xff], &whole[scan..]].concat();
    for stream in [band, no_end, padded, filled] {
        assert_eq!(decode(&stream, &description).unwrap().0, expected);
    }
}

#[test]
fn streams_without_huffman_tables_take_the_standard_ones() {
    let frame = FrameDescription {
        photometric: Photometric::YbrFull,
        ..description(16, 16, 3, 8)
    };
    let stream = JpegBaseline { quality: 80 }
        .encode(&formula(&frame), &frame)
        .unwrap();
    let (expected, _) = decode(&stream, &frame).unwrap();
    let mut bare = stream;
    while bare.windows(2).any(|pair| pair == [0xff, 0xc4]) {
        bare = without(&bare, 0xc4);
    }
    assert_eq!(decode(&bare, &frame).unwrap().0, expected);
    // Progressive and lossless streams have no tables to fall back to.
    let error = decode(&without(&bytes(LOSSLESS_1), 0xc4), &description(7, 9, 1, 16)).unwrap_err();
    assert!(error.to_string().contains("no Huffman table 0"), "{error}");
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let colour = description(11, 13, 3, 8);
    let refused = |stream: Vec<u8>, description: FrameDescription, words: &str| {
        let error = decode(&stream, &description).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let whole = bytes(BASELINE_422);
    let frame = whole.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let with_process = |marker: u8| {
        let mut stream = whole.clone();
        stream[frame + 1] = marker;
        stream
    };
    refused(with_process(0xc9), colour, "arithmetic coding");
    refused(with_process(0xc5), colour, "hierarchical coding");
    refused(with_process(0xf7), colour, "JPEG-LS");
    refused(
        whole.clone(),
        FrameDescription {
            columns: 12,
            ..colour
        },
        "11 rows, 12 columns, 3 samples",
    );
    refused(
        whole.clone(),
        FrameDescription {
            samples_per_pixel: 1,
            ..colour
        },
        "3 samples",
    );
    refused(bytes(EXTENDED_12), description(11, 13, 1, 8), "12 bits");
    refused(without(&whole, 0xdb), colour, "no quantization table");
    refused(whole[..whole.len() - 20].to_vec(), colour, "");
    refused(b"\xff\xd8\xff\xd9".to_vec(), colour, "no frame header");
    refused(b"GIF89a".to_vec(), colour, "start of image");
    let progressive = bytes(PROGRESSIVE_420);
    let last_scan = progressive
        .windows(2)
        .rposition(|pair| pair == [0xff, 0xda])
        .unwrap();
    refused(progressive[..last_scan].to_vec(), colour, "before the last scan");
}

#[test]
fn a_large_frame_of_few_bytes_asks_for_no_memory() {
    // 30000 x 30000 pixels, progressive: 1.8 GB of coefficients.
    let large = description(30_000, 30_000, 1, 8);
    let mut stream = vec![
        0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 0x75, 0x30, 0x75, 0x30, 1, 1, 0x11, 0,
    ];
    stream.extend([0; 256]);
    let mut out = vec![0; 30_000 * 30_000];
    let error = Jpeg.decode(&stream, &large, &mut out).unwrap_err();
    assert!(matches!(error, Error::Truncated { found: 256, .. }), "{error}");
}

#[test]
fn lossless_streams_of_old_encoders_decode() {
    // Restart markers behind every line and a point transform: our encoder writes neither, so bands are
    // put together, each predicted as if it were a frame of its own.
    let frame = description(7, 9, 1, 12);
    let values = formula(&frame);
    let line = |row: usize| &values[row * 18..][..18];
    let encode = |row: usize| {
        let one = FrameDescription { rows: 1, ..frame };
        JpegLossless::default().encode(line(row), &one).unwrap()
    };
    // Each band has its own table: a scan of one line needs all of them to be the same one. Equal lines
    // have equal tables.
    let equal = [line(3), line(3), line(3)].concat();
    let band = encode(3);
    let scan = band.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let data = &band[scan + 10..band.len() - 2];
    let mut stream = with_segment(&band[..scan + 10], &[0xff, 0xdd, 0, 4, 0, 9]);
    let size = stream.windows(2).position(|pair| pair == [0xff, 0xc3]).unwrap();
    stream[size + 6] = 3;
    stream.extend([data, &[0xff, 0xd0], data, &[0xff, 0xd1], data, &[0xff, 0xd9]].concat());
    let three = FrameDescription { rows: 3, ..frame };
    assert_eq!(decode(&stream, &three).unwrap().0, equal);
    stream[2 + 5] = 4;
    let error = decode(&stream, &three).unwrap_err().to_string();
    assert!(error.contains("whole lines"), "{error}");

    // 12 bits with a point transform of 4 are 8 bits shifted.
    let eight = description(7, 9, 1, 8);
    let narrow = JpegLossless { selection_value: 7 }
        .encode(&formula(&eight), &eight)
        .unwrap();
    let mut shifted = narrow.clone();
    let size = shifted.windows(2).position(|pair| pair == [0xff, 0xc3]).unwrap();
    let scan = shifted.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    shifted[size + 4] = 12;
    shifted[scan + 9] = 4;
    let expected: Vec<u8> = formula(&eight)
        .iter()
        .flat_map(|v| (u16::from(*v) << 4).to_le_bytes())
        .collect();
    assert_eq!(decode(&shifted, &frame).unwrap().0, expected);
}

#[test]
fn subsampled_lossless_components_stand_for_their_columns() {
    // Two columns of the first component, one of the others: the order of coding is c0 c0 c1 c2.
    let mut wide = [[0u8; 3]; 12];
    for (at, pair) in wide.chunks_exact_mut(2).enumerate() {
        let value = at as u8 * 9;
        pair[0] = [value, value + 100, value + 50];
        pair[1] = [value + 5, value + 100, value + 50];
    }
    let mut differences = Vec::new();
    let plane = |c: usize, step: usize| -> Vec<u8> { wide.iter().step_by(step).map(|p| p[c]).collect() };
    let planes = [plane(0, 1), plane(1, 2), plane(2, 2)];
    for y in 0..2 {
        for unit in 0..3 {
            for (c, across) in [(0, 2), (1, 1), (2, 1)] {
                let width = 3 * across;
                for x in unit * across..(unit + 1) * across {
                    let at = |y: usize, x: usize| i32::from(planes[c][y * width + x]);
                    let prediction = match (y, x) {
                        (0, 0) => 128,
                        (_, 0) => at(y - 1, 0),
                        _ => at(y, x - 1),
                    };
                    differences.push(at(y, x) - prediction);
                }
            }
        }
    }
    // A table of sizes 0 to 8, four bits each.
    let mut stream = vec![
        0xff, 0xd8, 0xff, 0xc3, 0, 17, 8, 0, 2, 0, 6, 3, 1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0,
    ];
    stream.extend([
        0xff, 0xc4, 0, 28, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    stream.extend(0..9);
    stream.extend([0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 1, 0, 0]);
    let mut bits = String::new();
    for difference in differences {
        let size = 32 - difference.unsigned_abs().leading_zeros();
        bits += &format!("{size:04b}");
        if size > 0 {
            let low = if difference < 0 {
                difference - 1
            } else {
                difference
            } & ((1 << size) - 1);
            bits += &format!("{low:0size$b}", size = size as usize);
        }
    }
    bits += &"1".repeat(bits.len().next_multiple_of(8) - bits.len());
    for byte in bits.as_bytes().chunks_exact(8) {
        let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
        stream.push(byte);
        if byte == 0xff {
            stream.push(0);
        }
    }
    let frame = description(2, 6, 3, 8);
    assert_eq!(decode(&stream, &frame).unwrap().0, wide.concat());
}

prop_compose! {
    fn frames()(
        rows in 1u32..24,
        columns in 1u32..40,
        samples in 1u16..=4,
        bits in 2u16..=16,
        scale in 0u32..=16,
        noise in prop::collection::vec(any::<u16>(), 24 * 40 * 4),
    ) -> (FrameDescription, Vec<u8>) {
        let description = description(rows, columns, samples, bits);
        let largest = (1u32 << bits) - 1;
        let values = noise[..description.samples()].iter().flat_map(|noise| {
            let value = ((u32::from(*noise) >> scale) & largest) as u16;
            value.to_le_bytes().into_iter().take(description.bytes_per_sample())
        });
        let values = values.collect();
        (description, values)
    }
}

fn goldens() -> Vec<(Vec<u8>, FrameDescription)> {
    let colour = description(11, 13, 3, 8);
    let deep = description(7, 9, 1, 16);
    vec![
        (bytes(PROGRESSIVE_420), colour),
        (bytes(BASELINE_422), colour),
        (bytes(EXTENDED_12), description(11, 13, 1, 12)),
        (bytes(LOSSLESS_6), deep),
        (bytes(LOSSLESS_RGB), description(7, 9, 3, 8)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_encoded_lossless_is_decoded((frame, values) in frames(), selection_value in 1u8..=7) {
        let stream = JpegLossless { selection_value }.encode(&values, &frame).unwrap();
        prop_assert_eq!(decode(&stream, &frame).unwrap().0, values);
    }

    #[test]
    fn what_is_encoded_baseline_comes_near(quality in 90u8..=100, columns in 1u32..40, rows in 1u32..20) {
        let frame = description(rows, columns, 1, 8);
        let values: Vec<u8> = (0..frame.samples()).map(|at| (at % columns as usize * 3) as u8).collect();
        let stream = JpegBaseline { quality }.encode(&values, &frame).unwrap();
        let (decoded, told) = decode(&stream, &frame).unwrap();
        let worst = decoded.iter().zip(&values).map(|(a, b)| a.abs_diff(*b)).max();
        prop_assert!(worst < Some(16));
        prop_assert_eq!(told.photometric, Photometric::Monochrome2);
    }

    #[test]
    fn cut_streams_are_refused(golden in 0usize..5, at in any::<prop::sample::Index>()) {
        let (stream, frame) = &goldens()[golden];
        // The last bytes may hold nothing but fill bits and the end marker.
        let cut = at.index(stream.len() - 6);
        prop_assert!(decode(&stream[..cut], frame).is_err());
    }

    #[test]
    fn changed_streams_do_no_harm(
        golden in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut stream, frame) = goldens().swap_remove(golden);
        for (at, value) in changes {
            let at = at.index(stream.len());
            stream[at] = value;
        }
        let _ = decode(&stream, &frame);
    }

    #[test]
    fn random_bytes_do_no_harm(noise in prop::collection::vec(any::<u8>(), 0..600), golden in 0usize..5) {
        let (stream, frame) = &goldens()[golden];
        let scan = stream.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let behind = scan + 2 + usize::from(stream[scan + 3]);
        let _ = decode(&[&stream[..behind], &noise[..]].concat(), frame);
        let _ = decode(&[&[0xff, 0xd8], &noise[..]].concat(), frame);
    }
}
