//! Data sets: every real file is read, every malformed one ends in a value or one error.

use std::path::{Path, PathBuf};

use codec::dataset::{Limits, Prefix, read, read_prefix};
use dicom_core::Tag;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}

fn is_other(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
    [
        ".md", ".txt", ".json", ".gz", ".nii", ".csv", ".docx", ".xlsx", ".pdf",
    ]
    .iter()
    .any(|end| name.ends_with(end))
        || ["license", "readme", "dirfile"]
            .iter()
            .any(|other| name == *other)
        || name.starts_with("license")
}

#[test]
fn every_conformant_file_is_read() {
    for set in [
        "charset",
        "codecs",
        "ct",
        "mr",
        "nm",
        "nm-noncommercial",
        "objects",
        "pet",
        "petct",
        "xray",
    ] {
        let Some(folder) = shared_data::set(set) else {
            continue;
        };
        let mut count = 0;
        for path in files(&folder).iter().filter(|path| !is_other(path)) {
            let bytes = std::fs::read(path).unwrap();
            let object =
                read(&bytes, Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(object.data_set.iter().count() > 0, "{}", path.display());
            same_in_pieces(path, &bytes);
            count += 1;
        }
        assert!(count > 0, "{set} holds files");
    }
}

/// The same elements come out when the file arrives piece by piece.
fn same_in_pieces(path: &Path, bytes: &[u8]) {
    let whole = read(bytes, Limits::default()).unwrap();
    let mut there = 1000.min(bytes.len());
    loop {
        match read_prefix(&bytes[..there], there == bytes.len(), Limits::default()).unwrap() {
            Prefix::NeedsMore => there = (there * 2).min(bytes.len()),
            Prefix::Done(object) => {
                // Undefined lengths never compare equal, so the elements are compared as text.
                assert_eq!(
                    format!("{:?}", object.data_set),
                    format!("{:?}", whole.data_set),
                    "{}",
                    path.display()
                );
                let start = |o: &codec::dataset::Object| {
                    o.pixels.as_ref().map(|p| (p.kind, p.range.start, p.announced))
                };
                assert_eq!(start(&object), start(&whole), "{}", path.display());
                return;
            }
        }
    }
}

#[test]
fn malformed_files_end_in_a_value_or_an_error() {
    let Some(folder) = shared_data::set("malformed") else {
        return;
    };
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        if let Err(error) = read(&bytes, Limits::default()) {
            let text = error.to_string();
            assert!(text.contains("found") && !text.contains('\n'), "{text}");
        }
    }
}

#[test]
fn names_in_every_character_set() {
    let Some(folder) = shared_data::set("charset/pydicom-charset") else {
        return;
    };
    let names = [
        ("chrArab.dcm", "قباني^لنزار"),
        ("chrFren.dcm", "Buc^Jérôme"),
        ("chrGerm.dcm", "Äneas^Rüdiger"),
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrHbrw.dcm", "שרון^דבורה"),
        ("chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrRuss.dcm", "Люкceмбypг"),
        ("chrX1.dcm", "Wang^XiaoDong=王^小東="),
        ("chrX2.dcm", "Wang^XiaoDong=王^小东="),
    ];
    for (file, expected) in names {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let object = read(&bytes, Limits::default()).unwrap();
        let name = object
            .data_set
            .element(Tag(0x0010, 0x0010))
            .unwrap()
            .to_str()
            .unwrap()
            .into_owned();
        assert_eq!(name, expected, "{file}");
    }
}
