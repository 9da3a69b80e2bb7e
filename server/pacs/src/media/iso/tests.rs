//! Images beside what other programs read of them.

use std::process::Command;

use bytes::Bytes;
use futures_util::StreamExt;

use super::Image;
use crate::media::{Content, Error, File, Tree};
use crate::storage::Storage;
use crate::test_folder::TestFolder;

fn file(path: &str, bytes: &[u8]) -> File {
    File {
        path: path.to_owned(),
        content: Content::Bytes(Bytes::copy_from_slice(bytes)),
    }
}

async fn image(folder: &TestFolder, files: Vec<File>) -> std::path::PathBuf {
    let storage = Storage::local(&folder.path().join("storage")).unwrap();
    let tree = Tree { files, name: None };
    let image = Image::new(tree, "DICOM").unwrap();
    let (size, mut pieces) = (image.size(), image.stream(storage));
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend(piece.unwrap());
    }
    assert_eq!(bytes.len() as u64, size);
    let path = folder.path().join("disc.iso");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Runs a peer; `None` where it is absent and need not be there.
fn run(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {errors}");
            Some(output.stdout)
        }
        Err(_) => {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "{program} is absent"
            );
            None
        }
    }
}

#[tokio::test]
async fn other_programs_read_every_file() {
    let folder = TestFolder::new("iso");
    let mut files = vec![
        file("DICOMDIR", b"directory"),
        file("README.TXT", "说明".as_bytes()),
        file("影像说明.txt", b"joliet"),
        file("empty", b""),
    ];
    for series in 1..=3 {
        // More records than one sector holds.
        for number in 1..=150 {
            let bytes = vec![number as u8; (number * 37) % 5000];
            files.push(file(
                &format!("DICOM/ST000001/SE00000{series}/IM{number:06}"),
                &bytes,
            ));
        }
    }
    let expected = files.clone();
    let path = image(&folder, files).await;
    let path = path.to_str().unwrap();
    // Without Rock Ridge, which there is not, Joliet's names are read; then the plain ones.
    for names in ["norock", "ecma119"] {
        let to = folder.path().join(names);
        let to_path = to.to_str().unwrap();
        let arguments = [
            "-read_fs", names, "-osirrox", "on", "-indev", path, "-extract", "/", to_path,
        ];
        if run("xorriso", &arguments).is_none() {
            return;
        }
        for file in &expected {
            let Content::Bytes(bytes) = &file.content else {
                unreachable!("the files are bytes")
            };
            let name = match names {
                "norock" => to.join(&file.path),
                // Plain names have no Chinese letters, and are shown without case.
                _ if !file.path.is_ascii() => continue,
                _ => folder_file(&to, &file.path),
            };
            assert_eq!(std::fs::read(&name).unwrap(), *bytes, "{}", name.display());
        }
    }
}

/// The file of this path whatever its case.
fn folder_file(root: &std::path::Path, path: &str) -> std::path::PathBuf {
    path.split('/').fold(root.to_owned(), |folder, name| {
        let entries = std::fs::read_dir(&folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let found = names
            .into_iter()
            .find(|found| found.trim_end_matches('.').eq_ignore_ascii_case(name));
        folder.join(found.unwrap_or_else(|| panic!("no {name} in {}", folder.display())))
    })
}

#[test]
fn a_file_beyond_4_gib_has_several_extents() {
    let hash = crate::storage::Hash::of(b"x");
    let size = 9_u64 << 30;
    let content = Content::Object {
        hash,
        size,
        stored_size: size,
        overlays: [].into(),
        is_compressed: false,
        is_made_explicit: false,
    };
    let files = vec![
        File {
            path: "LARGE".to_owned(),
            content,
        },
        file("NEXT", b"after it"),
    ];
    let image = Image::new(Tree { files, name: None }, "DICOM").unwrap();
    // Three extents, of which the last does not go on.
    let records: Vec<usize> = image
        .head
        .windows(8)
        .enumerate()
        .filter(|(_, w)| w == b"LARGE.;1")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(records.len(), 3);
    let flags: Vec<u8> = records.iter().map(|at| image.head[at - 8]).collect();
    assert_eq!(flags, [0x80, 0x80, 0]);
    let sizes: u64 = records
        .iter()
        .map(|at| {
            u64::from(u32::from_le_bytes(
                image.head[at - 23..at - 19].try_into().unwrap(),
            ))
        })
        .sum();
    assert_eq!(sizes, size);
}

#[test]
fn what_a_disc_cannot_hold_is_refused() {
    let tree = |path: &str| Tree {
        files: vec![file(path, b"")],
        name: None,
    };
    let error = Image::new(tree("1/2/3/4/5/6/7/8/9"), "DICOM").unwrap_err();
    assert!(matches!(error, Error::TooMany { found: 8, .. }), "{error}");
    let error = Image::new(tree("folder/"), "DICOM").unwrap_err();
    assert!(matches!(error, Error::Name), "{error}");
}
