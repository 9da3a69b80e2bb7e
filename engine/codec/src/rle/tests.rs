use super::*;
use proptest::prelude::*;

fn description(rows: u32, columns: u32, samples_per_pixel: u16, bits: u16) -> FrameDescription {
    FrameDescription {
        rows,
        columns,
        samples_per_pixel,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        planar: false,
        photometric: if samples_per_pixel > 1 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
    }
}

/// Writes a frame of the segments given.
fn frame(segments: &[&[u8]]) -> Vec<u8> {
    let mut frame = Segments::new(segments.len());
    for segment in segments {
        frame.offsets.push(frame.frame.len());
        frame.frame.extend(*segment);
    }
    frame.finish().unwrap()
}

fn decodes(segments: &[&[u8]], description: FrameDescription, expected: &[u8]) {
    let mut out = vec![0xAA; expected.len()];
    Rle.decode(&frame(segments), &description, &mut out).unwrap();
    assert_eq!(out, expected);
}

fn refuses(frame: &[u8], description: FrameDescription, expected: &str) {
    let mut out = vec![0; description.frame_bytes().unwrap()];
    assert_eq!(
        Rle.decode(frame, &description, &mut out).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn packbits_unfold() {
    // Apple's example of the scheme: literals, a run and a control byte that says nothing.
    let packed = [
        0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0x80, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA,
    ];
    let expected = [
        0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22, 0xAA, 0xAA, 0xAA,
        0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
    ];
    decodes(&[&packed], description(2, 12, 1, 8), &expected);
    // Padding, and a run or a literal that goes on beyond the frame.
    decodes(&[&[2, 1, 2, 3, 0, 0]], description(1, 3, 1, 8), &[1, 2, 3]);
    decodes(&[&[0xFB, 7]], description(1, 3, 1, 8), &[7; 3]);
    decodes(&[&[5, 1, 2, 3]], description(1, 3, 1, 8), &[1, 2, 3]);
}

#[test]
fn segments_are_byte_planes_from_the_most_significant() {
    let high: [u8; 3] = [1, 1, 2];
    let low: [u8; 3] = [1, 3, 4];
    decodes(&[&high, &low], description(1, 2, 1, 16), &[3, 1, 4, 2]);
    decodes(
        &[&[0, 1], &[0, 2], &[0, 3], &[0, 4]],
        description(1, 1, 1, 32),
        &[4, 3, 2, 1],
    );
    decodes(&[&[0, 1], &[0, 2], &[0, 3]], description(1, 1, 3, 8), &[1, 2, 3]);
    let segments: [&[u8]; 6] = [&[0, 1], &[0, 2], &[0, 3], &[0, 4], &[0, 5], &[0, 6]];
    decodes(&segments, description(1, 1, 3, 16), &[2, 1, 4, 3, 6, 5]);
    decodes(
        &[&[1, 0b101, 0b10]],
        description(2, 5, 1, 1),
        &[1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
    );
}

#[test]
fn damage_is_an_error() {
    let word = description(1, 2, 1, 16);
    refuses(&[0; 63], word, "RLE header: expected 64 bytes, found 63");
    refuses(
        &frame(&[&[1, 1, 2]]),
        word,
        "RLE frame cannot be decoded: expected 2 segments, found 1",
    );
    refuses(
        &frame(&[&[1, 1, 2], &[1, 1]]),
        word,
        "RLE segment: expected 2 bytes, found 0",
    );
    refuses(
        &frame(&[&[0, 1], &[1, 1, 2]]),
        word,
        "RLE segment: expected 2 bytes, found 1",
    );
    refuses(
        &frame(&[&[1, 1, 2], &[0xFF]]),
        word,
        "RLE segment: expected 2 bytes, found 0",
    );
    let mut reversed = frame(&[&[1, 1, 2], &[1, 1, 2]]);
    reversed[4] = 80;
    let expected = "RLE frame cannot be decoded: expected ascending offsets from 64 on, found [80, 67, 70]";
    refuses(&reversed, word, expected);
}

#[test]
fn rows_begin_anew() {
    let frame = Rle.encode(&[7; 6], &description(2, 3, 1, 8)).unwrap();
    assert_eq!(frame[HEADER..], [0xFE, 7, 0xFE, 7]);
    let frame = Rle.encode(&[1, 2, 2, 3, 4], &description(1, 5, 1, 8)).unwrap();
    assert_eq!(frame[HEADER..], [4, 1, 2, 2, 3, 4]);
    let frame = Rle.encode(&[2, 2, 3, 3, 3, 4], &description(1, 6, 1, 8)).unwrap();
    assert_eq!(frame[HEADER..], [0xFF, 2, 0xFE, 3, 0, 4]);
    let error = Rle.encode(&[0; 24], &description(1, 1, 3, 64)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "RLE frame: expected at most 15 bytes a pixel, found 24"
    );
}

/// Frames of runs and noise in every layout that RLE holds.
fn frames() -> impl Strategy<Value = (FrameDescription, Vec<u8>)> {
    let layouts = prop::sample::select(vec![
        (1, 1),
        (1, 8),
        (1, 16),
        (1, 32),
        (1, 64),
        (3, 8),
        (3, 16),
        (3, 32),
    ]);
    (1..20_u32, 1..300_u32, layouts, any::<u64>()).prop_map(|(rows, columns, (samples, bits), seed)| {
        let description = description(rows, columns, samples, bits);
        let mut state = seed | 1;
        let mut value = 0;
        let values = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state % 8 < seed % 9 {
                value = (state >> 32) as u8;
            }
            if bits == 1 { value & 1 } else { value }
        });
        (
            description,
            values.take(description.frame_bytes().unwrap()).collect(),
        )
    })
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same((description, values) in frames()) {
        let frame = Rle.encode(&values, &description).unwrap();
        prop_assert_eq!(frame.len() % 2, 0);
        let mut out = vec![0; values.len()];
        Rle.decode(&frame, &description, &mut out).unwrap();
        prop_assert_eq!(out, values);
    }

    #[test]
    fn any_bytes_end_in_values_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        header in any::<bool>(),
        (description, mut out) in frames(),
    ) {
        let segments = description.samples_per_pixel * description.bits_allocated.div_ceil(8);
        let offsets = (0..15).map(|index| if index < segments { u32::from(index) * 9 + 64 } else { 0 });
        let words: Vec<u8> = [u32::from(segments)].into_iter().chain(offsets).flat_map(u32::to_le_bytes).collect();
        let frame = if header { [words, bytes].concat() } else { bytes };
        let _ = Rle.decode(&frame, &description, &mut out);
    }
}

/// Found by fuzzing: a frame of several segments for an image without pixels.
#[test]
fn no_pixels_are_no_panic() {
    let description = FrameDescription {
        rows: 0,
        columns: 40,
        samples_per_pixel: 1,
        bits_allocated: 16,
        bits_stored: 16,
        high_bit: 15,
        signed: false,
        planar: false,
        photometric: Photometric::Monochrome2,
    };
    let mut frame = vec![0; 70];
    frame[0] = 2;
    frame[4] = 64;
    frame[8] = 66;
    assert!(Rle.decode(&frame, &description, &mut []).is_ok());
}
