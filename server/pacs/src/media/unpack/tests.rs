//! Zips as other programs write them, and as nobody should.

use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use futures_util::StreamExt;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Error, LeftOut, Limits, Part, is_inside, stream, unpack};
use crate::test_folder::TestFolder;

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What was given: name, bytes, and why it was left out.
type Given = (String, Vec<u8>, Option<LeftOut>);

fn unpacked(zip: &[u8], limits: &Limits) -> Result<Vec<Given>, Error> {
    let mut given: Vec<Given> = Vec::new();
    let mut open = false;
    unpack(Cursor::new(zip), limits, |part| {
        match part {
            Part::Begin(entry) => {
                open = true;
                given.push((entry.name, Vec::new(), None));
            }
            Part::Bytes(bytes) => given.last_mut().unwrap().1.extend(bytes),
            Part::End => open = false,
            Part::LeftOut(entry, why) => {
                if std::mem::take(&mut open) {
                    given.pop();
                }
                given.push((entry.name, Vec::new(), Some(why)));
            }
        }
        ControlFlow::Continue(())
    })?;
    assert!(!open, "the last entry has no end");
    Ok(given)
}

#[test]
fn gives_every_file_once_in_order() {
    let large = (0..300_000_u32).map(|n| (n * 7) as u8).collect::<Vec<_>>();
    let zip = zip_of(&[("a.dcm", b"one"), ("患者/b", &large), ("empty", b"")]);
    let given = unpacked(&zip, &Limits::default()).unwrap();
    let expected = [("a.dcm", b"one".as_slice()), ("患者/b", &large), ("empty", b"")];
    let expected = expected.map(|(name, bytes)| (name.to_owned(), bytes.to_vec(), None));
    assert_eq!(given, expected);
}

#[test]
fn names_of_chinese_windows_are_read() {
    let mut zip = zip_of(&[("ABCD", b"x")]);
    // The same length in GBK, in both headers.
    for at in 0..zip.len() - 4 {
        if &zip[at..at + 4] == b"ABCD" {
            zip[at..at + 4].copy_from_slice(&[0xD5, 0xC5, 0xC8, 0xFD]);
        }
    }
    assert_eq!(unpacked(&zip, &Limits::default()).unwrap()[0].0, "张三");
}

#[test]
fn limits_hold_before_anything_is_unpacked() {
    let small = Limits {
        entries: 2,
        entry_bytes: 1000,
        total_bytes: 1500,
        ratio: 200,
        name_bytes: 8,
    };
    let thousand = [0_u8; 1000];
    for (files, expected) in [
        (
            vec![("a", b"".as_slice()), ("b", b""), ("c", b"")],
            "entries of the zip: at most 2",
        ),
        (
            vec![("a", [0_u8; 1001].as_slice())],
            "bytes of a file of the zip: at most 1000",
        ),
        (
            vec![("a", &thousand), ("b", &thousand)],
            "bytes of all files of the zip: at most 1500",
        ),
        (vec![("123456789", b"")], "bytes of a name in the zip: at most 8"),
    ] {
        let error = unpacked(&zip_of(&files), &small).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_bomb_is_refused_whole() {
    let zeros = vec![0_u8; 80 << 20];
    let zip = zip_of(&[("first", b"harmless"), ("bomb", &zeros)]);
    let mut calls = 0;
    let error = unpack(Cursor::new(&zip), &Limits::default(), |_| {
        calls += 1;
        ControlFlow::Continue(())
    });
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("bytes that the zip unpacks to for its size"),
        "{error}"
    );
    assert_eq!(calls, 0, "something was given before the zip was judged");
}

#[test]
fn a_size_that_lies_gives_no_byte_more() {
    let zeros = vec![0_u8; 1 << 20];
    let mut zip = zip_of(&[("a", &zeros)]);
    let announced = (1_u32 << 20).to_le_bytes();
    for at in 0..zip.len() - 4 {
        if zip[at..at + 4] == announced {
            zip[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
        }
    }
    let given = unpacked(&zip, &Limits::default()).unwrap();
    assert_eq!(given, [("a".to_owned(), Vec::new(), Some(LeftOut::Damaged))]);
}

#[test]
fn what_cannot_be_given_is_named_and_the_rest_given() {
    let mut noise = vec![0_u8; 1000];
    getrandom::fill(&mut noise).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("damaged", stored).unwrap();
    zip.write_all(&noise).unwrap();
    zip.start_file("encrypted", stored).unwrap();
    zip.write_all(b"secret").unwrap();
    zip.start_file("nested", stored).unwrap();
    zip.write_all(&zip_of(&[("x", b"y")])).unwrap();
    zip.add_symlink("link", "/etc/passwd", stored).unwrap();
    zip.start_file("good", stored).unwrap();
    zip.write_all(b"good").unwrap();
    let mut zip = zip.finish().unwrap().into_inner();
    let at = zip.windows(10).position(|window| window == &noise[..10]).unwrap();
    zip[at + 500] ^= 1;
    // The flag of encryption (bit 0) in the second header of the directory, after that of the nested zip.
    let mut headers = (0..zip.len() - 4).filter(|at| zip[*at..].starts_with(b"PK\x01\x02"));
    let header = headers.nth(2).unwrap();
    zip[header + 8] |= 1;
    let given = unpacked(&zip, &Limits::default()).unwrap();
    let why = given
        .iter()
        .map(|(name, _, why)| (name.as_str(), *why))
        .collect::<Vec<_>>();
    let expected = [
        ("damaged", Some(LeftOut::Damaged)),
        ("encrypted", Some(LeftOut::Encrypted)),
        ("nested", Some(LeftOut::Zip)),
        ("link", Some(LeftOut::Link)),
        ("good", None),
    ];
    assert_eq!(why, expected);
    assert_eq!(given[4].1, b"good");
}

#[test]
fn names_that_lead_elsewhere_refuse_the_whole() {
    for name in [
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "C:\\evil",
        "a\\..\\evil",
        "\\\\host\\evil",
        "..",
        "a\0b",
        "",
    ] {
        assert!(!is_inside(name.as_bytes()), "{name}");
    }
    for name in ["a", "a/b", "a..b/..c", "./a", "患者"] {
        assert!(is_inside(name.as_bytes()), "{name}");
    }
    let zip = zip_of(&[("good", b"x"), ("../evil", b"x")]);
    let error = unpacked(&zip, &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Name(2)), "{error}");
}

#[test]
fn any_cut_or_flipped_byte_gives_an_answer() {
    let zip = zip_of(&[("a", b"some bytes that are packed"), ("b", b"more of them")]);
    for end in 0..zip.len() {
        let _ = unpacked(&zip[..end], &Limits::default());
    }
    for at in 0..zip.len() {
        for bits in [0x01, 0x80, 0xFF] {
            let mut zip = zip.clone();
            zip[at] ^= bits;
            let _ = unpacked(&zip, &Limits::default());
        }
    }
}

#[tokio::test]
async fn the_stream_gives_the_same_and_ends() {
    let folder = TestFolder::new("unpack");
    let path = folder.path().join("a.zip");
    let bytes = vec![5_u8; 1_000_000];
    std::fs::write(&path, zip_of(&[("a", &bytes), ("b", b"last")])).unwrap();
    let open = || std::fs::File::open(&path).unwrap();
    let parts = stream(open(), Limits::default()).collect::<Vec<_>>().await;
    let size = |part: &Result<Part, Error>| match part {
        Ok(Part::Bytes(bytes)) => bytes.len(),
        _ => 0,
    };
    assert_eq!(parts.iter().map(size).sum::<usize>(), 1_000_004);
    assert!(parts.iter().all(Result::is_ok));
    let mut dropped = stream(open(), Limits::default());
    assert!(matches!(dropped.next().await, Some(Ok(Part::Begin(_)))));
    drop(dropped);
    std::fs::write(&path, b"no zip").unwrap();
    let parts = stream(open(), Limits::default()).collect::<Vec<_>>().await;
    assert!(matches!(parts[..], [Err(Error::Unreadable(_))]));
}
