//! A series' stream in pieces, and a study's metadata.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewer::SeriesStream;

fuzz_target!(|bytes: &[u8]| {
    let mut stream = SeriesStream::default();
    for piece in bytes.chunks(97) {
        stream.push(piece);
        while let Ok(Some(_)) = stream.next_chunk() {}
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = viewer::instances(text, 0);
    }
});
