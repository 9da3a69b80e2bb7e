//! Any bytes as an encapsulated value: its frames are parts of it, and are found again once written anew.
#![no_main]

use codec::encapsulation::{Declared, FragmentRule, Frames, encapsulate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, u8, Vec<u64>, &[u8])| {
    let (number_of_frames, rule, offsets, value) = input;
    let declared = Declared {
        number_of_frames,
        extended_offsets: (!offsets.is_empty()).then_some(&offsets),
        rule: [FragmentRule::Jpeg, FragmentRule::Jpeg2000, FragmentRule::OneEach][usize::from(rule % 3)],
    };
    let Ok((frames, _)) = Frames::find(value, declared) else {
        return;
    };
    assert!(frames.len() as usize <= value.len() / 8);
    let parts: Vec<_> = (0..frames.len())
        .map(|frame| frames.bytes(frame).expect("it was counted"))
        .collect();
    assert!(parts.iter().map(|part| part.len()).sum::<usize>() <= value.len());
    assert!(frames.bytes(frames.len()).is_err());

    let written = encapsulate(parts.iter().map(|part| &**part)).expect("parts of a small value fit");
    let declared = Declared {
        number_of_frames: frames.len(),
        extended_offsets: None,
        ..declared
    };
    let (again, warnings) = Frames::find(&written, declared).expect("it begins with an item");
    if warnings.is_empty() {
        for (frame, part) in (0..).zip(&parts) {
            assert!(
                again
                    .bytes(frame)
                    .expect("as many frames were written")
                    .starts_with(part)
            );
        }
    }
});
