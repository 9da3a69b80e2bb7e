use super::*;

#[test]
fn encapsulated_frames_decode_one_by_one() {
    let mut object = object((1, 4), 1, [16, 12, 11, 1]);
    set(&mut object, tags::NUMBER_OF_FRAMES, 2);
    let frames: [&[u8]; 2] = [&[1, 0, 2, 0, 3, 0, 4, 0], &[5, 0, 6, 0, 7, 0, 0, 0xF8]];
    let syntaxes: Vec<_> = TransferSyntax::all()
        .filter(|syntax| syntax.is_encapsulated() && compression::encoder_for(*syntax).is_some())
        .collect();
    assert_eq!(syntaxes.len(), 9);
    for syntax in syntaxes {
        let (description, _) = describe(&object, PixelKind::Integer).unwrap();
        let encoder = compression::encoder_for(syntax).unwrap();
        let encoded = frames.map(|frame| encoder.encode(frame, &description).unwrap());
        let value = crate::encapsulation::encapsulate(encoded.iter().map(Vec::as_slice)).unwrap();
        let (pixels, warnings) = PixelData::new(
            &object,
            syntax,
            PixelKind::Integer,
            PixelValue::Encapsulated(&value),
        )
        .unwrap();
        assert_eq!(warnings, []);
        assert_eq!([pixels.decode(0).unwrap(), pixels.decode(1).unwrap()], frames);
        // Undefined length read as defined: the items are recognised.
        let (pixels, _) = native(&object, syntax, VR::OB, &value).unwrap();
        assert_eq!(pixels.decode(1).unwrap(), frames[1]);
    }
    // Compressed by name only.
    let bare = frames.concat();
    let (pixels, warnings) = native(&object, TransferSyntax::RleLossless, VR::OW, &bare).unwrap();
    assert_eq!(
        (pixels.decode(1).unwrap().as_slice(), warnings[0].code),
        (frames[1], "not-encapsulated")
    );
}

#[test]
fn a_frame_that_came_by_itself_is_the_one_of_the_object() {
    let mut object = object((1, 4), 1, [16, 12, 11, 1]);
    set(&mut object, tags::NUMBER_OF_FRAMES, 3);
    // Bits above Bits Stored say nothing.
    let cells: [u8; 8] = [1, 0xF0, 2, 0, 3, 0, 0, 0xF8];
    let values: [u8; 8] = [1, 0, 2, 0, 3, 0, 0, 0xF8];
    let of_frame = |syntax, frame, bytes| {
        PixelData::of_frame(&object, syntax, PixelKind::Integer, frame, bytes).map(|(pixels, _)| pixels)
    };
    let plain = of_frame(LITTLE, 2, &cells).unwrap();
    assert_eq!(plain.decode(2).unwrap(), values);
    assert_eq!((plain.number_of_frames(), plain.frames_present()), (1, 1));
    let (description, _) = describe(&object, PixelKind::Integer).unwrap();
    let encoders = TransferSyntax::all().filter(|syntax| syntax.is_encapsulated());
    for syntax in encoders {
        let Some(encoder) = compression::encoder_for(syntax) else {
            continue;
        };
        let coded = encoder.encode(&values, &description).unwrap();
        let pixels = of_frame(syntax, 1, &coded).unwrap();
        assert_eq!(pixels.decode(1).unwrap(), values, "{syntax:?}");
        for other in [0, 2] {
            let error = pixels.decode(other).unwrap_err().to_string();
            assert!(error.contains("1 to 1"), "{error}");
        }
    }
    assert!(of_frame(LITTLE, 3, &cells).is_err_and(|error| error.to_string().contains("0 to 2")));
    assert!(of_frame(LITTLE, 0, &cells[..7]).unwrap().decode(0).is_err());
}

#[test]
fn what_has_no_decoder_is_an_error() {
    let object = object((1, 1), 1, WORD);
    for syntax in TransferSyntax::all().filter(|syntax| syntax.is_encapsulated()) {
        let value = crate::encapsulation::encapsulate([&[0; 4][..]]).unwrap();
        let pixels = PixelData::new(
            &object,
            syntax,
            PixelKind::Integer,
            PixelValue::Encapsulated(&value),
        );
        assert_eq!(pixels.is_ok(), decoder_for(syntax).is_some(), "{syntax:?}");
    }
    let native_syntax = PixelData::new(&object, LITTLE, PixelKind::Integer, PixelValue::Encapsulated(&[]));
    assert!(
        native_syntax
            .err()
            .is_some_and(|error| error.to_string().contains("Explicit VR Little Endian"))
    );
}

#[test]
fn the_stream_wins_over_bits_stored_and_loses_over_the_sign() {
    let object = object((1, 1), 1, [16, 16, 15, 1]);
    let (pixels, _) = native(&object, LITTLE, VR::OW, &[0; 2]).unwrap();
    let decoded = Decoded {
        photometric: Photometric::Monochrome2,
        precision: 13,
        signed: Some(false),
    };
    let mut values = 6192_i16.to_le_bytes();
    pixels
        .cells_of(TransferSyntax::Jpeg2000Lossless, &decoded)
        .clean(&mut values);
    assert_eq!(i16::from_le_bytes(values), -2000);
    let warnings = pixels.contradictions(&decoded);
    assert_eq!(
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(),
        ["precision", "signedness"]
    );
    let agreeing = Decoded {
        precision: 16,
        signed: Some(true),
        ..decoded
    };
    assert_eq!(pixels.contradictions(&agreeing), []);
}
