//! Bodies of several parts: in one piece, and cut in two anywhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pacs::dicomweb::multipart::{Event, Limits, Reader};

/// Contents of whole parts; `None` for what is refused.
fn contents(pieces: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let limits = Limits {
        parts: 100,
        part_bytes: 1 << 20,
        // Beyond what the fuzzer makes: at this limit it matters where a body was cut.
        header_bytes: 1 << 20,
    };
    let mut reader = Reader::new("b", limits).ok()?;
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    for piece in pieces {
        let pushed = reader.push(piece, |event| match event {
            Event::Part(_) => part.clear(),
            Event::Content(bytes) => part.extend_from_slice(bytes),
            Event::End => whole.push(std::mem::take(&mut part)),
        });
        pushed.ok()?;
    }
    reader.finish().ok()?;
    Some(whole)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (one, other) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(contents(&[bytes]), contents(&[one, other]));
});
