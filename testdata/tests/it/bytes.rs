//! The same options give the same bytes, on every machine and in every order of threads.

use std::cell::Cell;

use testdata::{Options, Size};

use crate::{Files, TINY, files, generate};

/// FNV-1a of 64 bits over names and bytes of a part.
fn hash(files: &Files, part: &str) -> u64 {
    let own = files
        .iter()
        .filter(|(name, _)| name.starts_with(&format!("{part}/")));
    own.flat_map(|(name, bytes)| name.bytes().chain(bytes.iter().copied()))
        .fold(0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Committed hashes: a change of the generator or the writer shows here, and has to be meant.
///
/// `syntaxes` has none: its compressed files follow the encoders.
#[test]
fn bytes_are_those_that_were_committed() {
    for (part, expected) in [
        ("petct", 0x8a56_2e5b_6c17_7daf),
        ("nema", 0x1857_1234_2a03_e830),
        ("geometry", 0x9354_4f73_dcb8_8319),
        ("nm", 0xec53_fdcc_c1f4_d211),
    ] {
        let found = hash(files(), part);
        assert_eq!(found, expected, "{part} has hash {found:#018x}");
    }
}

#[test]
fn one_thread_gives_the_same_bytes_as_many() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(pool.install(|| generate(&TINY)) == *files());
}

#[test]
fn seeds_differ() {
    let other = generate(&Options {
        size: Size::Tiny,
        seed: 2,
    });
    assert_ne!(other["petct/truth.json"], files()["petct/truth.json"]);
    assert_eq!(other.len() / 100, files().len() / 100);
}

#[test]
fn a_study_is_small_enough_for_tests() {
    let of = |part: &str| {
        files()
            .iter()
            .filter(|(name, _)| name.starts_with(part))
            .map(|(_, b)| b.len())
            .sum::<usize>()
    };
    for part in ["petct", "nema", "geometry", "nm", "syntaxes"] {
        assert!(
            (100_000..1_600_000).contains(&of(part)),
            "{part} takes {} bytes",
            of(part)
        );
    }
}

#[test]
fn progress_ends_at_its_total() {
    let last = Cell::new((0, 0));
    let calls = Cell::new(0u64);
    let told = |done: u64, total: u64| {
        assert!(done >= last.get().0 && done <= total);
        last.set((done, total));
        calls.set(calls.get() + 1);
    };
    let summary = testdata::files(&TINY, &told, &mut |_, _| Ok(())).unwrap();
    assert_eq!(last.get(), (summary.files, summary.files));
    assert_eq!(
        (calls.get(), summary.files),
        (files().len() as u64, files().len() as u64)
    );
}
