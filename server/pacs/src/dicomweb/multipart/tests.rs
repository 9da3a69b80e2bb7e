//! The reader of pieces against a plain definition on the whole body.

use proptest::prelude::*;

use super::{Error, Event, Limits, Reader, Writer, related};

type Part = (Vec<(String, String)>, Vec<u8>);

fn read(pieces: &[&[u8]], limits: Limits) -> Result<Vec<Part>, Error> {
    let mut reader = Reader::new("b-1", limits)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut whole = 0;
    for piece in pieces {
        reader.push(piece, |event| match event {
            Event::Part(headers) => parts.push((headers, Vec::new())),
            Event::Content(bytes) => parts.last_mut().unwrap().1.extend_from_slice(bytes),
            Event::End => whole += 1,
        })?;
    }
    reader.finish()?;
    assert_eq!(whole, parts.len());
    Ok(parts)
}

/// What RFC 2046 says, on a whole body: contents between delimiters; `None` when it is no such body.
fn plain(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = [b"\r\n".as_slice(), body].concat();
    let text: String = text.iter().map(|byte| char::from(*byte)).collect();
    let mut pieces = text.split("\r\n--b-1");
    pieces.next();
    let mut contents = Vec::new();
    for piece in pieces {
        if piece.starts_with("--") {
            return Some(contents);
        }
        let rest = piece.trim_start_matches([' ', '\t']);
        let (headers, content) = rest.split_once("\r\n\r\n").filter(|_| rest.starts_with("\r\n"))?;
        // A line that begins with white space continues the one before it.
        let mut lines = headers.split("\r\n").filter(|line| !line.is_empty()).peekable();
        let is_continued = |line: &str| line.starts_with([' ', '\t']);
        if lines.peek().is_some_and(|line| is_continued(line))
            || !lines.all(|line| is_continued(line) || line.contains(':'))
        {
            return None;
        }
        contents.push(content.chars().map(|c| c as u8).collect());
    }
    None
}

fn pieces(body: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(body.len());
    let mut from = 0;
    cuts.into_iter()
        .map(|to| body[std::mem::replace(&mut from, to)..to].to_vec())
        .collect()
}

proptest! {
    /// Bodies from an alphabet in which delimiters happen.
    #[test]
    fn pieces_give_what_the_whole_gives(
        words in proptest::collection::vec(
            proptest::sample::select(vec!["\r\n--b-1", "--b-1", "--", "\r\n", "\r", "\n", "-", " ", "a", "h: v", "\r\n\r\n", "b-1"]),
            0..24,
        ),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        // A first delimiter makes most of them bodies.
        let body = format!("--b-1{}", words.concat()).into_bytes();
        let pieces = pieces(&body, &cuts);
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let found = read(&pieces, Limits::default()).ok().map(|parts| {
            parts.into_iter().map(|(_, content)| content).collect::<Vec<_>>()
        });
        prop_assert_eq!(found, plain(&body));
    }

    #[test]
    fn reading_undoes_writing(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let writer = Writer::new("b-1").unwrap();
        let mut body = Vec::new();
        for content in &contents {
            body.extend(writer.part(&[("Content-Type", "application/dicom")]).unwrap());
            body.extend_from_slice(content);
        }
        body.extend(writer.end());
        let pieces = pieces(&body, &cuts);
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let header = vec![("content-type".to_owned(), "application/dicom".to_owned())];
        let expected: Vec<Part> = contents.into_iter().map(|content| (header.clone(), content)).collect();
        prop_assert_eq!(read(&pieces, Limits::default()).unwrap(), expected);
    }
}

#[test]
fn limits_hold_before_anything_grows() {
    let body = b"--b-1\r\nname: value\r\n\r\n0123456789\r\n--b-1\r\n\r\n\r\n--b-1--";
    let check = |limits: Limits, expected: Result<usize, &str>| {
        let found = read(&[body], limits).map(|parts| parts.len());
        match (found, expected) {
            (Err(Error::TooLarge { what, .. }), Err(expected)) => assert_eq!(what, expected),
            (found, expected) => assert_eq!(found.ok(), expected.ok()),
        }
    };
    let all = Limits::default();
    check(all, Ok(2));
    check(
        Limits {
            part_bytes: 10,
            ..all
        },
        Ok(2),
    );
    check(Limits { part_bytes: 9, ..all }, Err("part in bytes"));
    check(Limits { parts: 1, ..all }, Err("parts"));
    check(
        Limits {
            header_bytes: 8,
            ..all
        },
        Err("headers in bytes"),
    );
    // A header without end is refused long before it fills the memory.
    let mut reader = Reader::new("b-1", all).unwrap();
    reader.push(b"--b-1\r\n", |_| {}).unwrap();
    let refused = (0..100).find(|_| reader.push(&[b'x'; 1 << 10], |_| {}).is_err());
    assert!(refused.is_some_and(|pushed| pushed <= 17), "{refused:?}");
}

#[test]
fn a_body_without_end_is_truncated() {
    for body in [
        "",
        "--b-1",
        "--b-1\r\n",
        "--b-1\r\n\r\n1234",
        "--b-1\r\n\r\n1234\r\n--b-1",
        "no delimiter at all",
    ] {
        assert_eq!(
            read(&[body.as_bytes()], Limits::default()),
            Err(Error::Truncated),
            "{body}"
        );
    }
}

#[test]
fn content_types_as_clients_write_them() {
    let boundary = |text: &str| related(text).map(|related| related.boundary).ok();
    let is = |text: &str, expected: Option<&str>| assert_eq!(boundary(text).as_deref(), expected, "{text}");
    is(
        "multipart/related; type=\"application/dicom\"; boundary=abc",
        Some("abc"),
    );
    is(
        "Multipart/Related;boundary=\"a b:=c\";type=application/dicom",
        Some("a b:=c"),
    );
    is("multipart/related; boundary=\"a\\\"b\"", None);
    is("multipart/related; type=\"application/dicom\"", None);
    is("multipart/related; boundary=", None);
    is(&format!("multipart/related; boundary={}", "x".repeat(201)), None);
    is("multipart/form-data; boundary=abc", None);
    let found = related("multipart/related; type=\"application/DICOM+json; a=b\"; boundary=abc").unwrap();
    assert_eq!(found.media_type.as_deref(), Some("application/dicom+json; a=b"));
    let made = Writer::new("a b").unwrap().content_type("application/dicom");
    assert_eq!(boundary(&made).as_deref(), Some("a b"));
    assert!(Writer::new("abc").unwrap().part(&[("a", "b\r\nc: d")]).is_err());
}
