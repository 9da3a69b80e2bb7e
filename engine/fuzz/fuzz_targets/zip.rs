//! Zips from memory, as the browser reads them.
#![no_main]

use engine::local::archive;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut open) = archive::open(bytes) else { return };
    let Ok(entries) = archive::entries(&mut open) else { return };
    let mut buffer = Vec::new();
    for (index, _) in entries.into_iter().take(16) {
        let _ = archive::read(&mut open, index, 1 << 20, &mut buffer);
    }
});
