//! Zips beside what other programs read of them.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;

use super::framing::{Framing, Method};
use crate::test_folder::TestFolder;

/// Writes a zip whose files hold nothing but holes.
fn sparse(path: &std::path::Path, sizes: &[u64]) -> u64 {
    let mut file = File::create(path).unwrap();
    let mut framing = Framing::default();
    for (number, size) in sizes.iter().enumerate() {
        file.write_all(&framing.begin(&format!("folder/{number}"), *size, Method::Stored))
            .unwrap();
        file.seek(SeekFrom::Current(*size as i64)).unwrap();
        file.write_all(&framing.end(0, *size, *size)).unwrap();
    }
    file.write_all(&framing.finish()).unwrap();
    file.stream_position().unwrap()
}

/// What Info-ZIP lists, or `None` where it is not installed.
fn listed(path: &std::path::Path) -> Option<String> {
    let listed = Command::new("unzip").arg("-l").arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    Some(text)
}

fn check(sizes: &[u64]) {
    let folder = TestFolder::new("zip64");
    let path = folder.path().join("large.zip");
    sparse(&path, sizes);
    let zip = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(zip.len(), sizes.len());
    let mut zip = zip;
    for (number, size) in sizes.iter().enumerate().rev().take(3) {
        let file = zip.by_index_raw(number).unwrap();
        assert_eq!((file.size(), file.compressed_size()), (*size, *size));
        assert_eq!(file.name().unwrap(), format!("folder/{number}"));
    }
    if let Some(text) = listed(&path) {
        let sum: u64 = sizes.iter().sum();
        let last = text.lines().last().unwrap_or_default();
        assert!(last.contains(&sum.to_string()), "{last}");
        assert!(last.contains(&format!("{} file", sizes.len())), "{last}");
    }
}

#[test]
fn beyond_4_gib_and_65535_files_other_programs_agree() {
    check(&[0, 1, 1 << 20]);
    check(&[5 << 30, 7]);
    check(&[3 << 30, 3 << 30, 9]);
    check(&[u32::MAX as u64 - 1, u32::MAX as u64, 1 << 32]);
    check(&vec![3; 70_000]);
}
