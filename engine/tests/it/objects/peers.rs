//! The peers that objects are shown to: `dciodvfy` of dicom3tools, and Python with pydicom and highdicom.
//!
//! They are processes beside the tests and never part of what is built. Without one of them a test says so and
//! passes, but fails where `UPTAKE_REQUIRE_PEERS=1`, as `scripts/test.sh` sets it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const READ_OBJECTS: &str = include_str!("read_objects.py");

/// A folder for the objects of one test, empty at first.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("objects").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Fails with what `dciodvfy` calls errors of the object.
pub fn assert_conformant(file: &Path) {
    let Some(output) = run(Command::new("dciodvfy").arg(file), "dciodvfy (dicom3tools)") else {
        return;
    };
    let errors: Vec<&str> = output.lines().filter(|line| line.starts_with("Error")).collect();
    assert!(
        errors.is_empty(),
        "{}:\n{}\n\n{output}",
        file.display(),
        errors.join("\n")
    );
}

/// What the Python peers read in a file: `objects/read_objects.py WHAT FILE`, as JSON.
pub fn read(what: &str, file: &Path) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("UPTAKE_PEERS_PYTHON")
        .map_or_else(|| root.join("../target/venv/bin/python"), PathBuf::from);
    let mut command = Command::new(&python);
    command.arg("-c").arg(READ_OBJECTS).arg(what).arg(file);
    let output = run(&mut command, "Python with pydicom and highdicom")?;
    Some(serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}")))
}

/// Fails unless a peer says the same; numbers may differ in the last bit, which JSON's reader here does not keep.
pub fn assert_same(found: &Value, expected: &Value, of: &str) {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!(
                (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
                "{of}: {found} and {expected}"
            );
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{of}");
            found
                .iter()
                .zip(expected)
                .for_each(|(found, expected)| assert_same(found, expected, of));
        }
        (Value::Object(found), Value::Object(expected)) => {
            assert_eq!(found.len(), expected.len(), "{of}");
            expected
                .iter()
                .for_each(|(key, expected)| assert_same(&found[key], expected, key));
        }
        _ => assert_eq!(found, expected, "{of}"),
    }
}

/// The output of a peer, both streams; `None` where it is not installed.
fn run(command: &mut Command, name: &str) -> Option<String> {
    match command.output() {
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            // dciodvfy speaks on stderr and ends with 1 on errors; the script's answer is on stdout alone.
            if name.starts_with("dciodvfy") {
                return Some(text(&output.stdout) + &text(&output.stderr));
            }
            assert!(output.status.success(), "{name}: {}", text(&output.stderr));
            Some(text(&output.stdout))
        }
        Err(error) => {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "{name} is absent: {error}"
            );
            // Written past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(std::io::stderr(), "skipped: {name} is absent");
            None
        }
    }
}
