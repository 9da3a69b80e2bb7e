//! Any bytes as a zip: files one after the other, none longer than announced, together within the limits.
#![no_main]

use std::io::Cursor;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use pacs::media::unpack::{Limits, Part, unpack};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        entries: 64,
        entry_bytes: 1 << 20,
        total_bytes: 4 << 20,
        ..Limits::default()
    };
    let (mut total, mut open) = (0, None);
    let result = unpack(Cursor::new(bytes), &limits, |part| {
        match part {
            Part::Begin(entry) => assert_eq!(open.replace(entry.size), None),
            Part::Bytes(bytes) => {
                let found = bytes.len() as u64;
                let left = open.as_mut().expect("a file has begun");
                *left = left.checked_sub(found).expect("no more than announced");
                total += found;
            }
            Part::End => assert_eq!(open.take(), Some(0)),
            Part::LeftOut(..) => open = None,
        }
        ControlFlow::Continue(())
    });
    assert!(total <= limits.total_bytes);
    assert!(result.is_err() || open.is_none());
});
