//! Who may use whom: the table of ARCHITECTURE.md, checked on the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each module and what it may use of ours; `dicom` and `local` by exception, `session` all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("geometry", &[]),
    ("colormap", &[]),
    ("suv", &[]),
    ("volume", &["geometry"]),
    ("voi", &["geometry", "volume", "suv"]),
    ("registration", &["geometry", "volume"]),
    ("lesion", &["geometry", "volume", "voi", "suv"]),
    ("scintigraphy", &["geometry", "volume", "voi", "suv"]),
    ("nifti", &["geometry", "volume", "voi"]),
    ("fusion", &["geometry", "volume", "colormap", "registration"]),
    (
        "presentation",
        &["geometry", "volume", "colormap", "voi", "fusion"],
    ),
    (
        "render",
        &[
            "geometry",
            "volume",
            "colormap",
            "voi",
            "fusion",
            "presentation",
            "registration",
        ],
    ),
    ("film", &["geometry", "presentation", "render"]),
    (
        "dicom",
        &[
            "geometry",
            "colormap",
            "suv",
            "volume",
            "voi",
            "registration",
            "lesion",
            "scintigraphy",
            "nifti",
            "fusion",
            "presentation",
        ],
    ),
    ("local", &["dicom", "nifti"]),
    (
        "session",
        &[
            "geometry",
            "colormap",
            "suv",
            "volume",
            "voi",
            "registration",
            "lesion",
            "scintigraphy",
            "nifti",
            "fusion",
            "presentation",
            "render",
            "film",
            "dicom",
            "local",
        ],
    ),
];

/// Crates that appear in some modules only, and in which.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("dicom_core", &["dicom"]),
    ("dicom_dictionary_std", &["dicom"]),
    ("dicom_object", &["dicom"]),
    ("read_fonts", &["presentation"]),
    ("pdf_writer", &["film"]),
    ("tract_onnx", &["lesion"]),
    ("video", &["film"]),
    ("wgpu", &["render"]),
    ("zip", &["local"]),
    ("std::fs", &["local"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The code of a file: without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]").next().unwrap();
    before_tests
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names that follow `crate::` in code.
fn used(code: &str) -> BTreeSet<&str> {
    let name = |rest: &str| {
        rest.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
    };
    code.match_indices("crate::")
        .map(|(at, found)| &code[at + found.len()..])
        .map(|rest| &rest[..name(rest)])
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for entry in std::fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let module = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("no row for {module}"));
        let mut files = Vec::new();
        sources(&folder, &mut files);
        for file in files {
            let code = code(&file);
            for name in used(&code) {
                let fine = name == module || allowed.contains(&name) || name == "with_voxels";
                assert!(fine, "{}: {module} may not use {name}", file.display());
            }
            for (of_others, modules) in ONLY_IN {
                let found = code.contains(&format!("{of_others}::"));
                assert!(
                    !found || modules.contains(&module.as_str()),
                    "{}: {of_others} in {module}",
                    file.display()
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} files looked at");
}

#[test]
fn a_wrong_use_would_be_seen() {
    assert_eq!(
        used("use crate::render::Scene;\nlet x = crate::volume::sample;"),
        BTreeSet::from(["render", "volume"])
    );
}
