use super::*;

const JPEG: Declared = declared(2, FragmentRule::Jpeg);
const RLE: Declared = declared(2, FragmentRule::OneEach);
const START: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xE0];

const fn declared(number_of_frames: u32, rule: FragmentRule) -> Declared<'static> {
    Declared {
        number_of_frames,
        extended_offsets: None,
        rule,
    }
}

/// Writes items: the offset table first.
fn items<I: AsRef<[u8]>>(table: &[u32], fragments: &[I]) -> Vec<u8> {
    let table: Vec<u8> = table.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    let mut value = Vec::new();
    for item in [table.as_slice()]
        .into_iter()
        .chain(fragments.iter().map(AsRef::as_ref))
    {
        value.extend([0xFE, 0xFF, 0x00, 0xE0]);
        value.extend((item.len() as u32).to_le_bytes());
        value.extend(item);
    }
    value
}

/// Holds the frames of a value, and the codes of its warnings, to those expected.
fn check(value: &[u8], declared: Declared, frames: &[&[u8]], codes: &[&str]) {
    let (found, warnings) = Frames::find(value, declared).unwrap();
    let bytes: Vec<_> = (0..found.len())
        .map(|frame| found.bytes(frame).unwrap().into_owned())
        .collect();
    assert_eq!(bytes, frames);
    assert_eq!(
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(),
        codes,
        "{warnings:?}"
    );
    let behind = found.bytes(found.len()).unwrap_err();
    assert!(matches!(behind, Error::Truncated { .. }), "{behind}");
}

#[test]
fn an_offset_table_tells_the_frames() {
    let value = items(&[0, 20], &[*b"ab", *b"cd", *b"ef"]);
    check(&value, RLE, &[b"abcd", b"ef"], &[]);
    let delimited = [&value[..], &[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0], b"what follows"].concat();
    check(&delimited, RLE, &[b"abcd", b"ef"], &[]);
    check(
        &value,
        declared(3, FragmentRule::Jpeg),
        &[b"ab", b"cd", b"ef"],
        &[],
    );
    // Writers that list every fragment: the number of frames, here 1, says that they belong together.
    check(&value, declared(1, FragmentRule::OneEach), &[b"abcdef"], &[]);
    check(
        &value,
        declared(4, FragmentRule::Jpeg),
        &[b"abcd", b"ef"],
        &["number-of-frames"],
    );
}

#[test]
fn one_fragment_is_not_copied() {
    let value = items(&[], &[*b"ab", *b"cd"]);
    let (frames, _) = Frames::find(&value, RLE).unwrap();
    assert!(matches!(frames.bytes(1), Ok(Cow::Borrowed(b"cd"))));
    assert_eq!(frames.compressed_bytes(1), Ok(2));
}

#[test]
fn the_extended_table_goes_first_when_it_is_right() {
    let value = items(&[0, 10], &[*b"ab", *b"cd", *b"ef"]);
    let extended = Declared {
        extended_offsets: Some(&[0, 20]),
        ..RLE
    };
    check(&value, extended, &[b"abcd", b"ef"], &[]);
    let wrong = Declared {
        extended_offsets: Some(&[0, 21]),
        ..RLE
    };
    check(&value, wrong, &[b"ab", b"cdef"], &["offset-table"]);
}

#[test]
fn a_wrong_table_is_not_believed() {
    for table in [&[0, 11][..], &[10, 0], &[0, 0], &[10, 20], &[0, 4_000_000_000]] {
        check(
            &items(table, &[*b"ab", *b"cd"]),
            RLE,
            &[b"ab", b"cd"],
            &["offset-table"],
        );
    }
    // Some writers state the first frame only.
    check(&items(&[0], &[*b"ab", *b"cd"]), RLE, &[b"ab", b"cd"], &[]);
}

#[test]
fn frames_without_table_are_told_by_how_they_begin() {
    let first = [&START[..], b"12"].concat();
    let second = [&START[..], b"34"].concat();
    let value = items(&[], &[&first[..], b"ab", &second, b"cd", b""]);
    check(
        &value,
        JPEG,
        &[&[&first[..], b"ab"].concat(), &[&second[..], b"cd"].concat()],
        &[],
    );
    check(
        &value,
        declared(1, FragmentRule::Jpeg),
        &[&[&first[..], b"ab"].concat(), &[&second[..], b"cd"].concat()],
        &["number-of-frames"],
    );
    let value = items(
        &[],
        &[&[0xFF, 0x4F, 0xFF, 0x51][..], b"ab", &[0xFF, 0x4F, 0xFF, 0x51]],
    );
    check(
        &value,
        declared(2, FragmentRule::Jpeg2000),
        &[b"\xFF\x4F\xFF\x51ab", b"\xFF\x4F\xFF\x51"],
        &[],
    );
    // Nothing begins as it should: what there is makes one frame.
    check(
        &items(&[], &[*b"ab", *b"cd", *b"ef"]),
        JPEG,
        &[b"abcdef"],
        &["number-of-frames"],
    );
}

#[test]
fn fragments_of_one_frame_are_joined() {
    let value = items(&[], &[*b"ab", *b"cd", *b"ef"]);
    check(&value, declared(1, FragmentRule::OneEach), &[b"abcdef"], &[]);
    check(&value, declared(1, FragmentRule::Jpeg), &[b"abcdef"], &[]);
    check(
        &value,
        declared(9, FragmentRule::OneEach),
        &[b"ab", b"cd", b"ef"],
        &["number-of-frames"],
    );
}

#[test]
fn faults_of_the_chain_are_named() {
    let value = items(&[], &[*b"abcd", *b"efgh"]);
    check(&value[..value.len() - 1], RLE, &[b"abcd", b"efg"], &["fragments"]);
    let garbled = [&value[..], b"garbage that is no item"].concat();
    check(&garbled, RLE, &[b"abcd", b"efgh"], &["fragments"]);
    check(&[&value[..], &[0; 5]].concat(), RLE, &[b"abcd", b"efgh"], &[]);
    // An odd length that was stated as such, with and without padding behind it.
    check(&items(&[], &[&b"abc"[..], b"efgh"]), RLE, &[b"abc", b"efgh"], &[]);
    let mut padded = items(&[], &[&b"abc\0"[..], b"efgh"]);
    padded[12] = 3;
    check(&padded, RLE, &[b"abc", b"efgh"], &[]);
}

#[test]
fn undefined_lengths_end_at_a_delimiter() {
    let mut value = items(&[], &[&b"abcd\xFE\xFF\x0D\xE0\0\0\0\0"[..], b"ef"]);
    value[12..16].fill(0xFF);
    check(&value, RLE, &[b"abcd", b"ef"], &["fragments"]);
    let mut value = items(&[], &[&b"abcd\xFE\xFF\xDD\xE0\0\0\0\0rest"[..]]);
    value[12..16].fill(0xFF);
    check(
        &value,
        declared(1, FragmentRule::Jpeg),
        &[b"abcd"],
        &["fragments"],
    );
    let mut value = items(&[], &[&b"abcd"[..]]);
    value[12..16].fill(0xFF);
    check(
        &value,
        declared(1, FragmentRule::Jpeg),
        &[b"abcd"],
        &["fragments"],
    );
}

#[test]
fn a_first_fragment_is_not_taken_for_a_table() {
    let value = items(&[u32::from_le_bytes(START)], &[START]);
    check(&value, JPEG, &[&START, &START], &["no-basic-offset-table"]);
}

#[test]
fn nothing_is_no_frame_and_other_bytes_are_an_error() {
    let none: [&[u8]; 0] = [];
    check(&items(&[], &none), RLE, &[], &["number-of-frames"]);
    check(
        &items(&[], &[b"", b""]),
        declared(3, FragmentRule::OneEach),
        &[],
        &["number-of-frames"],
    );
    for value in [&b""[..], b"\xFE\xFF", b"no item at all"] {
        let error = Frames::find(value, RLE).unwrap_err().to_string();
        assert!(
            error.starts_with("encapsulated pixel data: expected an item (FFFE,E000)"),
            "{error}"
        );
    }
}

#[test]
fn what_is_encapsulated_is_found_again() {
    let frames: [&[u8]; 3] = [b"abc", b"", b"defg"];
    let value = encapsulate(frames).unwrap();
    assert_eq!(value.len() % 2, 0);
    check(
        &value,
        declared(3, FragmentRule::OneEach),
        &[b"abc\0", b"", b"defg"],
        &[],
    );
    assert!(value.ends_with(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]));
}
