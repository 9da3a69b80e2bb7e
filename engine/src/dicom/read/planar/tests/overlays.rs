//! Overlay planes: their bits, places and frames.

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;

use super::super::{OverlayType, Pixels};
use super::{Made, words};

/// An image of 4 columns and 3 rows of zeros, in `frames` frames.
fn blank(frames: u16) -> Made {
    let mut made = Made::of(&[0; 4])
        .us(tags::ROWS, 3)
        .text(tags::NUMBER_OF_FRAMES, &frames.to_string());
    made.pixels = vec![0; 24 * usize::from(frames)];
    made
}

fn overlaid(made: Made, rows: u16, columns: u16, origin: [i16; 2], data: PrimitiveValue) -> Made {
    let tag = |element| Tag(0x6000, element);
    made.us(tag(0x0010), rows)
        .us(tag(0x0011), columns)
        .text(tag(0x0040), "R")
        .put(
            tag(0x0050),
            VR::SS,
            PrimitiveValue::I16(origin.into_iter().collect()),
        )
        .us(tag(0x0100), 1)
        .us(tag(0x0102), 0)
        .text(tag(0x1500), "lesion")
        .put(tag(0x3000), VR::OW, data)
}

#[test]
fn overlay_bits_follow_each_other_from_the_lowest() {
    // Rows of 4 without gaps: 1000, 0100, 0011; as a word, then as bytes.
    let data = [
        words(&[0b1100_0010_0001]),
        PrimitiveValue::U8([0x21, 0x0C].into_iter().collect()),
    ];
    for data in data {
        let (planar, warnings) = overlaid(blank(1), 3, 4, [1, 1], data).read(0);
        assert_eq!(warnings, [""; 0]);
        let overlay = &planar.overlays()[0];
        assert_eq!(
            overlay.bitmap().collect::<Vec<_>>(),
            [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1]
        );
        assert_eq!(overlay.overlay_type, OverlayType::RegionOfInterest);
        assert_eq!(
            (overlay.group, overlay.label.as_deref()),
            (0x6000, Some("lesion"))
        );
        let mut picture = planar.display(None);
        picture.burn(overlay, 200);
        let expected = [200, 0, 0, 0, 0, 200, 0, 0, 0, 0, 200, 200];
        assert_eq!(picture.pixels, Pixels::Grey(expected.to_vec()));
    }
}

#[test]
fn overlays_are_cut_off_at_the_image() {
    // 3 x 3 pixels, all set, of which a corner lies in the image.
    let burned = |origin| {
        let (planar, _) = overlaid(blank(1), 3, 3, origin, words(&[0x01FF])).read(0);
        let mut picture = planar.display(None);
        picture.burn(&planar.overlays()[0], 1);
        picture.pixels
    };
    assert_eq!(
        burned([-1, 0]),
        Pixels::Grey(vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    );
    assert_eq!(
        burned([3, 3]),
        Pixels::Grey(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    );
    assert_eq!(burned([-100, 100]), Pixels::Grey(vec![0; 12]));
}

#[test]
fn overlay_frames_belong_to_image_frames() {
    // Two overlay frames of 12 bits, the second beginning within a byte: all set, and the last alone.
    let data = || words(&[0x0FFF, 0x0080]);
    let made = |made: Made| overlaid(made, 3, 4, [1, 1], data());
    let count = |made: &Made, frame| {
        let (planar, _) = made.read(frame);
        planar
            .overlays()
            .first()
            .map(|overlay| overlay.bitmap().filter(|bit| *bit == 1).count())
    };
    let both = made(blank(4)).text(Tag(0x6000, 0x0015), "2");
    assert_eq!(
        [0, 1, 2].map(|frame| count(&both, frame)),
        [Some(12), Some(1), None]
    );
    let later = both.us(Tag(0x6000, 0x0051), 3);
    assert_eq!(
        [0, 1, 2, 3].map(|frame| count(&later, frame)),
        [None, None, Some(12), Some(1)]
    );
    let alone = made(blank(4)).us(Tag(0x6000, 0x0051), 2);
    assert_eq!(
        [0, 1, 2].map(|frame| count(&alone, frame)),
        [None, Some(12), None]
    );
    // One that says nothing of frames is for all.
    let every = made(blank(4));
    assert_eq!([0, 3].map(|frame| count(&every, frame)), [Some(12), Some(12)]);
}

#[test]
fn overlays_with_too_few_bits_keep_those_they_have() {
    let made = overlaid(blank(1), 65535, 65535, [1, 1], words(&[0b11]));
    let (planar, warnings) = made.read(0);
    assert_eq!(
        warnings,
        ["overlay 6000: expected 536854529 bytes, found 2; what is missing is not set"]
    );
    let overlay = &planar.overlays()[0];
    assert!(overlay.covers(0, 0) && overlay.covers(1, 0));
    assert!(!overlay.covers(2, 0) && !overlay.covers(0, 1) && !overlay.covers(-1, 0));
    let mut made = blank(1);
    made = made.us(Tag(0x6000, 0x0100), 1).us(Tag(0x6000, 0x0102), 0);
    assert_eq!(made.read(0).1, ["overlay 6000: no Overlay Data; passed over"]);
}

#[test]
fn overlays_hide_in_the_unused_bits_of_old_images() {
    let row = [0x1064, 0x0032, 0x1000, 0x2FFF];
    let made = |bit| {
        Made::of(&row)
            .us(tags::BITS_STORED, 12)
            .us(tags::HIGH_BIT, 11)
            .us(Tag(0x6002, 0x0010), 1)
            .us(Tag(0x6002, 0x0011), 4)
            .us(Tag(0x6002, 0x0100), 16)
            .us(Tag(0x6002, 0x0102), bit)
    };
    let (planar, warnings) = made(12).read(0);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(planar.overlays()[0].bitmap().collect::<Vec<_>>(), [1, 0, 1, 0]);
    // The values are free of it.
    assert_eq!(planar.values().unwrap(), [100.0, 50.0, 0.0, 4095.0]);
    assert_eq!(
        made(13).read(0).0.overlays()[0].bitmap().collect::<Vec<_>>(),
        [0, 0, 0, 1]
    );
    let (planar, warnings) = made(11).read(0);
    assert!(planar.overlays().is_empty());
    assert_eq!(
        warnings,
        ["overlay 6002: expected a bit outside the pixels' own, found Some(11); passed over"]
    );
}
