use std::collections::BTreeSet;

use super::{Curve, FontError, Fonts, MAX_FONTS, Shape};

/// The font that hosts ship.
const NOTO: &[u8] = include_bytes!("../../../../server/assets/fonts/NotoSansSC-subset.otf");

fn noto() -> Fonts {
    Fonts::new([NOTO]).unwrap()
}

/// Every character and its name in what is missing.
fn check_all(fonts: &Fonts, characters: impl IntoIterator<Item = char>, count: usize, absent: &[char]) {
    let text: String = characters.into_iter().collect();
    assert_eq!(text.chars().count(), count);
    assert_eq!(
        fonts.missing(&text),
        absent.iter().copied().collect::<BTreeSet<_>>()
    );
}

/// The two-byte characters of a Chinese character set whose bytes are in these ranges.
fn two_byte(first: std::ops::RangeInclusive<u8>, second: std::ops::RangeInclusive<u8>) -> BTreeSet<char> {
    let pairs = first.flat_map(|a| second.clone().map(move |b| [a, b]));
    let characters = pairs.filter_map(|pair| {
        let (text, is_broken) = encoding_rs::GB18030.decode_without_bom_handling(&pair);
        let mut characters = text.chars();
        let character = characters.next()?;
        let is_private = ('\u{e000}'..='\u{f8ff}').contains(&character);
        (!is_broken && characters.next().is_none() && !is_private && !character.is_ascii())
            .then_some(character)
    });
    characters.collect()
}

/// GB 18030-2022, implementation level 2: Hanzi of the basic block and of extension A, and the General Standard
/// Chinese Characters wherever they are.
#[test]
fn the_shipped_font_has_gb_18030_level_2() {
    let fonts = noto();
    check_all(&fonts, '\u{4e00}'..='\u{9fa5}', 20_902, &[]);
    check_all(&fonts, '\u{3400}'..='\u{4db5}', 6_582, &[]);
    let listed = include_str!("../../../../testdata/reference/general_standard_characters.txt");
    let codes = listed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace);
    let characters = codes.map(|code| char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
    check_all(&fonts, characters, 199, &[]);
}

#[test]
fn the_shipped_font_has_gb_2312_and_what_medicine_writes() {
    let fonts = noto();
    // Rows 16 to 87 are the 6763 Hanzi of GB 2312.
    check_all(&fonts, two_byte(0xb0..=0xf7, 0xa1..=0xfe), 6_763, &[]);
    let two_bytes = two_byte(0x81..=0xfe, 0x40..=0xfe);
    let count = two_bytes.len();
    assert!(count > 21_800, "{count}");
    // Not in Noto Sans CJK at all.
    check_all(&fonts, two_bytes, count, &['≒']);
    let texts =
        "αβγδεζηθικλμνξοπρστυφχψω ΔΣΩΦ µ ²³⁻¹ ±≤≥≈×÷√∞ °℃ ‰ →←↑↓ ①② （）：；，。、《》“”‘’—… ＡＢＣ１２３";
    assert_eq!(fonts.missing(texts), BTreeSet::new());
    assert_eq!(fonts.missing(&(' '..='ÿ').collect::<String>()), BTreeSet::new());
    for ascii in ' '..='~' {
        assert!(
            matches!(fonts.line(&ascii.to_string()).glyphs[..], [ref glyph] if matches!(*glyph.shape, Shape::Outline(_)))
        );
    }
}

/// Advances of the font's hmtx table as fontTools reads it: a Hanzi 1000 of 1000 units, digits 555, "H" 728.
#[test]
fn widths_are_those_of_the_font() {
    let fonts = noto();
    for (text, expected_em) in [
        ("", 0.0),
        ("中文", 2.0),
        ("0123456789", 5.55),
        ("H", 0.728),
        ("中H文", 2.728),
        ("a\u{200b}\u{feff}b", fonts.line("ab").width_em),
        ("a\tb", fonts.line("a b").width_em),
    ] {
        let line = fonts.line(text);
        assert!(
            (line.width_em - expected_em).abs() < 1e-6,
            "{text}: {}",
            line.width_em
        );
        assert_eq!(line.missing, BTreeSet::new());
        assert!((fonts.width_points(text, 2.0) - expected_em * 26.0).abs() < 1e-6);
    }
    let places = fonts.line("中H文").glyphs.into_iter().map(|glyph| glyph.at_em);
    assert!(
        places
            .zip([0.0, 1.0, 1.728])
            .all(|(found, expected)| (found - expected).abs() < 1e-6)
    );
}

#[test]
fn pairs_are_kerned_as_the_font_says() {
    let fonts = noto();
    let width = |text: &str| fonts.line(text).width_em;
    let kerning = |pair: &str| width(pair) - pair.chars().map(|one| width(&one.to_string())).sum::<f64>();
    for (pair, expected) in KERNED {
        assert!(
            (kerning(pair) - expected).abs() < 1e-6,
            "{pair}: {}",
            kerning(pair)
        );
    }
}

/// Kerning in em as HarfBuzz 15.0.0 shapes these pairs with the shipped font.
const KERNED: [(&str, f64); 9] = [
    ("AV", -0.015),
    ("To", -0.074),
    ("LT", -0.134),
    ("P.", -0.125),
    ("AT", -0.061),
    ("y,", -0.038),
    ("HH", 0.0),
    ("中文", 0.0),
    ("中H", 0.0),
];

/// What the font has not is made as it made its own: ¹ is 0.411 em wide, and so is ⁸.
#[test]
fn nuclides_can_be_written() {
    let (noto, plain) = (noto(), Fonts::default());
    for text in ["¹⁸F-FDG ⁶⁸Ga ⁹⁹ᵐTc ¹⁷⁷Lu", "H₂¹⁵O 10⁻³ mL⁻¹"] {
        assert_eq!(noto.missing(text), BTreeSet::new());
        assert_eq!(plain.missing(text), BTreeSet::new());
    }
    let width = |text: &str| noto.line(text).width_em;
    assert!(
        (width("¹") - width("⁸")).abs() < 1e-3,
        "{} {}",
        width("¹"),
        width("⁸")
    );
    let top = |text: &str| {
        let line = noto.line(text);
        let Shape::Outline(contours) = &*line.glyphs[0].shape else {
            panic!("{text} has no outline")
        };
        let points = contours
            .iter()
            .flat_map(|contour| &contour.curves)
            .map(|curve| match *curve {
                Curve::Line(to) | Curve::Quadratic([_, to]) | Curve::Cubic([_, _, to]) => to[1],
            });
        points.fold(f32::INFINITY, f32::min)
    };
    // The 7 is 0.733 em high.
    assert!((top("⁷") + 0.733 * 0.595 + 0.441).abs() < 1e-3, "{}", top("⁷"));
    assert!((top("₇") + 0.733 * 0.595 - 0.15).abs() < 1e-3, "{}", top("₇"));
}

#[test]
fn the_first_face_that_has_a_character_gives_it() {
    let (plain, noto) = (Fonts::default(), noto());
    let is_stroke = |fonts: &Fonts| matches!(*fonts.line("A").glyphs[0].shape, Shape::Strokes(_));
    assert!(is_stroke(&plain) && !is_stroke(&noto));
    let line = plain.line("A中B文A");
    assert_eq!(line.missing, ['中', '文'].into_iter().collect());
    assert_eq!(plain.missing("A中B文A"), line.missing);
    let ascii = plain.line("ABA").width_em;
    assert!((line.width_em - ascii - 2.0).abs() < 1e-9, "a gap of one em each");
    assert_eq!(line.glyphs.len(), 3);
    // An emoji is in neither.
    assert_eq!(noto.missing("肺🫁"), ['🫁'].into_iter().collect());
}

#[test]
fn what_is_no_font_is_refused() {
    let check = |bytes: Vec<u8>| {
        let error = Fonts::new([bytes]).unwrap_err();
        assert!(matches!(error, FontError::NotAFont { index: 0, .. }), "{error:?}");
    };
    check(Vec::new());
    check(b"not a font at all".to_vec());
    check(vec![0; 1000]);
    check(NOTO[..200].to_vec());
    let many = std::iter::repeat_n(NOTO, MAX_FONTS + 1);
    assert_eq!(Fonts::new(many).unwrap_err(), FontError::TooMany);
    let large = vec![0; super::MAX_FONT_BYTES + 1];
    assert_eq!(
        Fonts::new([NOTO.to_vec(), large]).unwrap_err().to_string(),
        "a font may have at most 67108864 bytes, found 67108865 in font 1"
    );
}

/// Fonts with damage are read or refused, and what is read is drawn, without a panic.
#[test]
fn damaged_fonts_never_panic() {
    let mut random = 1u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let mut read = 0;
    for _ in 0..20 {
        let mut bytes = NOTO.to_vec();
        for _ in 0..2000 {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        let at = next(2000);
        bytes[at] ^= 0xff;
        if let Ok(fonts) = Fonts::new([bytes]) {
            read += 1;
            let line = fonts.line("肝脾肾 SUVmax 4.2 g/mL 骨髓摄取");
            assert!(line.width_em.is_finite());
        }
    }
    assert!(read > 5, "{read}");
}
