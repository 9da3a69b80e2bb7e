//! Embeds what browsers are sent for viewers: the element's modules, and the drawer for the page's worker where
//! `scripts/wasm.sh` has built it. Without it the program is whole: viewers are drawn for by the server then.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where"));
    let element = manifest.join("../viewer-wasm/element");
    let built = manifest.join("../target/viewer");
    // A folder that is missing would count as changed at every build.
    let _ = std::fs::create_dir_all(&built);
    let mut table = String::from("&[\n");
    for (prefix, folder, endings) in [
        ("element", &element, &["js", "css"][..]),
        ("wasm", &built, &["js", "wasm"]),
    ] {
        println!("cargo:rerun-if-changed={}", folder.display());
        for file in files(folder, endings) {
            let name = file
                .file_name()
                .expect("it was listed")
                .to_string_lossy()
                .into_owned();
            println!("cargo:rerun-if-changed={}", file.display());
            // What was compressed ahead lies beside it.
            let brotli = file.with_file_name(format!("{name}.br"));
            let brotli = match brotli.is_file() {
                true => format!("Some(include_bytes!({:?}))", brotli.display().to_string()),
                false => "None".to_owned(),
            };
            writeln!(
                table,
                "    ({:?}, include_bytes!({:?}), {brotli}),",
                format!("{prefix}/{name}"),
                file.display().to_string()
            )
            .expect("a text takes more");
        }
    }
    table.push(']');
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo says where"));
    std::fs::write(out.join("viewer_files.rs"), table).expect("the build folder can be written");
}

/// Files of a folder by their names; none where there is no folder.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_meant = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        path.is_file() && ending.is_some_and(|ending| endings.contains(&ending))
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_meant).collect();
    found.sort();
    found
}
