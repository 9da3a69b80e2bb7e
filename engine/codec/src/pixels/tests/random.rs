use super::*;
use proptest::prelude::*;

/// Attributes that are mostly possible, sometimes not.
fn objects() -> impl Strategy<Value = InMemDicomObject> {
    let bits = prop::sample::select(vec![1_u16, 8, 16, 32, 64, 12]);
    let terms = vec![
        "MONOCHROME2",
        "RGB",
        "YBR_FULL_422",
        "YBR_PARTIAL_422",
        "PALETTE COLOR",
        "YBR_RCT",
        "HSV",
    ];
    let frames = prop::sample::select(vec!["1", "0", "3", "-1", "4294967295", "9 9"]);
    let cells = (bits, 0..70_u16, 0..70_u16, 0..3_u16);
    (
        0..9_u16,
        0..9_u16,
        0..5_u16,
        cells,
        0..3_u16,
        prop::sample::select(terms),
        frames,
    )
        .prop_map(
            |(rows, columns, samples, (allocated, stored, high, signed), planar, term, frames)| {
                let mut made = object((rows, columns), samples, [allocated, stored, high, signed]);
                set(&mut made, tags::PLANAR_CONFIGURATION, planar);
                set_text(&mut made, tags::PHOTOMETRIC_INTERPRETATION, term);
                set_text(&mut made, tags::NUMBER_OF_FRAMES, frames);
                made
            },
        )
}

fn values() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        vec![0xFE, 0xFF, 0x00, 0xE0],
        vec![0xFE, 0xFF, 0xDD, 0xE0],
        vec![0; 4],
        vec![4, 0, 0, 0],
        vec![0xFF; 4],
        vec![64, 0, 0, 0],
        vec![0xFF, 0xD8, 0xFF, 0xE0],
    ]);
    let part = prop_oneof![words, prop::collection::vec(any::<u8>(), 0..9)];
    (any::<bool>(), prop::collection::vec(part, 0..60)).prop_map(|(item, parts)| {
        let head: &[u8] = if item {
            &[0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0]
        } else {
            &[]
        };
        [head, &parts.concat()].concat()
    })
}

proptest! {
    #[test]
    fn any_object_and_bytes_end_in_values_or_an_error(
        object in objects(),
        bytes in values(),
        syntax in prop::sample::select(TransferSyntax::all().collect::<Vec<_>>()),
        vr in prop::sample::select(vec![VR::OW, VR::OB, VR::UN]),
        kind in prop::sample::select(vec![PixelKind::Integer, PixelKind::Float, PixelKind::DoubleFloat]),
        encapsulated in any::<bool>(),
    ) {
        let value = if encapsulated { PixelValue::Encapsulated(&bytes) } else { PixelValue::Native { bytes: &bytes, vr } };
        let described = describe(&object, kind);
        if let Ok((pixels, _)) = PixelData::new(&object, syntax, kind, value) {
            let (description, frames) = described.unwrap();
            prop_assert_eq!((description, frames), (*pixels.description(), pixels.number_of_frames()));
            prop_assert!(pixels.frames_present() <= frames);
            for frame in (0..pixels.frames_present().min(4)).chain([frames - 1]) {
                if let Ok(values) = pixels.decode(frame) {
                    prop_assert_eq!(values.len(), description.frame_bytes().unwrap());
                }
                if let Ok((values, description)) = pixels.decode_rgb(frame) {
                    prop_assert_eq!(values.len(), description.frame_bytes().unwrap());
                }
            }
        }
    }
}
