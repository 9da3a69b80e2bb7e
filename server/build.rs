//! Lists the files of which the viewer in the page is made, for `streaming::assets`: its element, and where `scripts/wasm.sh`
//! has made it, the package that draws without the server. Without that, viewers are drawn for.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = root
        .parent()
        .ok_or("expected the server in a folder of the repository, found none")?;
    let (element, package) = (root.join("viewer-wasm/element"), root.join("target/viewer"));
    // A folder that is missing would count as changed at every build.
    fs::create_dir_all(&package)?;
    let mut listed = String::from("static FILES: &[File] = &[\n");
    for (folder, path) in [("element", &element), ("wasm", &package)] {
        println!("cargo::rerun-if-changed={}", path.display());
        list(folder, path, &mut listed)?;
    }
    listed.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("viewer_files.rs"), listed)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// What browsers are told of a file's kind; none for what is not given to them.
fn media_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        _ => None,
    }
}

/// The files of a folder, each as it is and as it was compressed ahead.
fn list(folder: &str, path: &Path, listed: &mut String) -> Result<(), Box<dyn Error>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = entries?;
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let (Some(media_type), Some(name)) =
            (media_type(path), path.file_name().and_then(|name| name.to_str()))
        else {
            continue;
        };
        let compressed = |coding: &str| {
            let beside = path.with_file_name(format!("{name}.{coding}"));
            match beside.is_file() {
                true => format!("Some(include_bytes!({:?}))", beside.display().to_string()),
                false => "None".to_owned(),
            }
        };
        let (br, gzip, plain) = (compressed("br"), compressed("gz"), path.display().to_string());
        writeln!(
            listed,
            "    File {{ folder: {folder:?}, name: {name:?}, media_type: {media_type:?}, plain: include_bytes!({plain:?}), br: {br}, gzip: {gzip} }},"
        )?;
    }
    Ok(())
}
