//! Every command on the synthetic studies, and on what cannot work.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

pub fn uptake(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake"))
        .args(arguments)
        .output()
        .unwrap()
}

pub fn json(arguments: &[&str]) -> Value {
    let output = uptake(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder of this test binary's own, empty at first.
pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The tiny demo, written once.
fn demo() -> &'static str {
    static DEMO: OnceLock<String> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = scratch("demo");
        let output = uptake(&["demo", folder.to_str().unwrap(), "--size", "tiny", "--seed", "3"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        folder.to_str().unwrap().to_owned()
    })
}

pub fn petct() -> String {
    format!("{}/petct", demo())
}

/// Runs what must fail: with this code, and one line that holds `part`.
pub fn check_failure(arguments: &[&str], code: i32, part: &str) {
    let output = uptake(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.contains(part), "{arguments:?}: {text}");
    let errors = text
        .lines()
        .filter(|line| line.starts_with("uptake: ") && !line.contains("warning"))
        .count();
    assert!(code == 2 || errors == 1, "{arguments:?}: {text}");
}

#[test]
fn info_lists_the_series_of_the_demo() {
    let report = json(&["info", &petct(), "--json"]);
    let studies = report["studies"].as_array().unwrap();
    assert_eq!(studies.len(), 1);
    let series = studies[0]["series"].as_array().unwrap();
    let of = |modality: &str| series.iter().find(|one| one["modality"] == modality).unwrap();
    let (ct, pet) = (of("CT"), of("PT"));
    assert_eq!(ct["frame_of_reference_uid"], pet["frame_of_reference_uid"]);
    for one in [ct, pet] {
        assert_eq!(one["slices"], one["instances"]);
        assert_eq!(one["orientation"].as_array().unwrap().len(), 6);
        assert!(one["spacing_mm"][2].as_f64().unwrap() > 0.0);
        assert_eq!(one["transfer_syntaxes"][0], "1.2.840.10008.1.2.1");
        assert_eq!(one["warnings"].as_array().unwrap().len(), 0, "{one}");
    }
    // The truth and the organs beside the images are no DICOM: they are listed, and harm nothing.
    let rejected = report["rejected"].as_array().unwrap();
    let beside = ["truth.json", "organs.json", "organs.nii.gz"];
    assert!(
        rejected.iter().all(|one| {
            let path = one["path"].as_str().unwrap();
            beside.iter().any(|name| path.ends_with(name))
        }),
        "{rejected:?}"
    );
}

#[test]
fn suv_agrees_with_the_truth_of_the_demo() {
    let report = json(&["suv", &petct(), "--json"]);
    let truth: Value =
        serde_json::from_slice(&std::fs::read(format!("{}/truth.json", petct())).unwrap()).unwrap();
    let expected = find(&truth, "suv_bw_per_bq_ml").unwrap();
    let found = report["factor_bw"].as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-6, "{found} for {expected}");
    assert_eq!(report["units"], "BQML");
    assert!(report["audit"]["uptake_s"].as_f64().unwrap() > 0.0);
    assert_eq!(report["audit"]["repairs"].as_array().unwrap().len(), 0);
    for kind in [
        "bw",
        "lbm_janmahasatian",
        "lbm_james128",
        "lbm_morgan120",
        "bsa",
        "ibw",
    ] {
        let kind = &report["kinds"][kind];
        assert!(
            kind["max"].as_f64().unwrap() > kind["mean"].as_f64().unwrap(),
            "{kind}"
        );
    }
}

/// The number of the first member of that name, at any depth.
fn find(value: &Value, name: &str) -> Option<f64> {
    match value {
        Value::Object(members) => members
            .get(name)
            .and_then(Value::as_f64)
            .or_else(|| members.values().find_map(|inner| find(inner, name))),
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

#[test]
fn decode_writes_what_numpy_reads() {
    let folder = scratch("decode");
    let out = folder.join("values.npy");
    let file = first_file(Path::new(&petct()).join("ct").as_path());
    let output = uptake(&["decode", file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = std::fs::read(out).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00"));
    let header_end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..header_end]).unwrap();
    assert!(
        header.contains("'descr': '<i2'") || header.contains("'descr': '<u2'"),
        "{header}"
    );
    let report = json(&["info", file.to_str().unwrap(), "--json"]);
    let series = &report["studies"][0]["series"][0];
    let (rows, columns) = (
        series["rows"].as_u64().unwrap(),
        series["columns"].as_u64().unwrap(),
    );
    assert!(
        header.contains(&format!("'shape': ({rows}, {columns})")),
        "{header}"
    );
    assert_eq!((bytes.len() - header_end) as u64, rows * columns * 2);
}

fn first_file(folder: &Path) -> PathBuf {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.into_iter().find(|path| path.is_file()).unwrap()
}

#[test]
fn render_mixes_pet_over_ct_by_the_ratio() {
    let folder = scratch("render");
    let picture = |name: &str, more: &[&str]| {
        let out = folder.join(format!("{name}.png"));
        let (petct, path) = (petct(), out.to_str().unwrap().to_owned());
        let mut arguments = vec![
            "render",
            &petct,
            "--plane",
            "coronal",
            "--size",
            "120x160",
            "--annotate",
            "none",
            "-o",
            &path,
        ];
        arguments.extend(more);
        let output = uptake(&arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        pixels(&out)
    };
    let fused = |ratio: &str| picture(&format!("fused-{ratio}"), &["--view", "fused", "--ratio", ratio]);
    let (ct, half, pet) = (fused("0"), fused("0.5"), fused("1"));
    let report = json(&["info", &petct(), "--json"]);
    let series = report["studies"][0]["series"].as_array().unwrap();
    let uid = |modality: &str| {
        series.iter().find(|one| one["modality"] == modality).unwrap()["series_instance_uid"]
            .as_str()
            .unwrap()
    };
    assert_eq!(
        ct,
        picture("ct", &["--view", "mpr", "--series", uid("CT")]),
        "ratio 0 is the CT alone"
    );
    assert_ne!(ct, pet);
    let between = |((low, mixed), high): ((&u8, &u8), &u8)| {
        (low.min(high).saturating_sub(1)..=low.max(high).saturating_add(1)).contains(mixed)
    };
    assert!(
        ct.iter().zip(&half).zip(&pet).all(between),
        "a mix lies between what it is mixed of"
    );
}

/// The samples of an 8-bit PNG.
pub fn pixels(path: &Path) -> Vec<u8> {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut samples).unwrap();
    samples
}

#[test]
fn wrong_usage_ends_with_2() {
    check_failure(&["render"], 2, "required");
    check_failure(
        &["render", "x", "--plane", "up", "-o", "y"],
        2,
        "expected axial, coronal, sagittal or a normal",
    );
    check_failure(&["render", "x", "--plane", "0,0,0", "-o", "y"], 2, "normal");
    check_failure(&["render", "x", "--size", "0x5", "-o", "y"], 2, "expected WxH");
    check_failure(
        &["render", "x", "--ratio", "1.5", "-o", "y"],
        2,
        "expected a number from 0 to 1",
    );
    check_failure(
        &["render", "x", "--window", "wide", "-o", "y"],
        2,
        "expected width/level",
    );
    check_failure(&["render", "x", "--palette", "no such", "-o", "y"], 2, "no such");
    check_failure(
        &["decode", "x", "--frame", "0", "-o", "y"],
        2,
        "frames count from 1",
    );
}

#[test]
fn bad_input_ends_with_1_and_one_line() {
    let folder = scratch("bad");
    let empty = folder.join("empty.dcm");
    std::fs::write(&empty, b"").unwrap();
    let text = folder.join("note.txt");
    std::fs::write(&text, b"no DICOM at all, though longer than a preamble would be").unwrap();
    check_failure(
        &["info", folder.join("absent").to_str().unwrap()],
        1,
        "No such file",
    );
    check_failure(&["info", empty.to_str().unwrap()], 1, "found an empty file");
    check_failure(&["info", folder.to_str().unwrap()], 1, "found none in 2 files");
    check_failure(
        &["decode", text.to_str().unwrap(), "-o", "/dev/null"],
        1,
        "expected DICOM",
    );
    check_failure(&["suv", &petct(), "--series", "1.2.3"], 1, "found no such series");
    check_failure(
        &["suv", &petct(), "--mask", text.to_str().unwrap()],
        1,
        "expected DICOM",
    );
    check_failure(
        &["demo", folder.to_str().unwrap()],
        1,
        "expected a new or empty folder",
    );
    let ct = format!("{}/ct", petct());
    check_failure(&["suv", &ct], 1, "expected PET or SPECT series, found none");
    check_failure(
        &["render", &ct, "--view", "fused", "-o", "/dev/null"],
        1,
        "expected PET or SPECT series",
    );
}

#[test]
fn a_zip_is_as_good_as_its_folder() {
    let folder = scratch("zip");
    let path = folder.join("ct.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let mut count = 0;
    for entry in std::fs::read_dir(Path::new(&petct()).join("ct")).unwrap() {
        let entry = entry.unwrap();
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("../../{}", entry.file_name().to_string_lossy()), options)
            .unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(entry.path()).unwrap()).unwrap();
        count += 1;
    }
    zip.finish().unwrap();
    let report = json(&["info", path.to_str().unwrap(), "--json"]);
    assert_eq!(report["studies"][0]["series"][0]["slices"], count);
    let (from_zip, from_folder) = (folder.join("zip.png"), folder.join("folder.png"));
    let ct = format!("{}/ct", petct());
    for (source, out) in [(path.to_str().unwrap(), &from_zip), (ct.as_str(), &from_folder)] {
        let output = uptake(&[
            "render",
            source,
            "--plane",
            "sagittal",
            "--size",
            "64x64",
            "-o",
            out.to_str().unwrap(),
        ]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(pixels(&from_zip), pixels(&from_folder));
}

#[test]
fn adapters_are_listed_and_chosen() {
    let found = json(&["adapters", "--json"]);
    let adapters = found.as_array().unwrap();
    for (n, adapter) in adapters.iter().enumerate() {
        assert_eq!(adapter["index"], n);
        assert!(adapter["max_volume_side"].as_u64().unwrap() >= 2048);
    }
    let output = scratch("adapters").join("plane.png");
    let render = |backend: &str| {
        let path = output.to_str().unwrap();
        uptake(&[
            "render",
            &petct(),
            "--backend",
            backend,
            "--size",
            "64x64",
            "-o",
            path,
        ])
    };
    assert!(render("cpu").status.success());
    let by_gpu = render("gpu");
    if adapters.is_empty() {
        assert!(!by_gpu.status.success());
        println!("skipped: no graphics adapter");
    } else {
        assert!(
            by_gpu.status.success(),
            "{}",
            String::from_utf8_lossy(&by_gpu.stderr)
        );
    }
    let named = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .env("UPTAKE_ADAPTER", "no such adapter")
        .args(["render", &petct(), "-o", output.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8(named.stderr).unwrap();
    assert_eq!(named.status.code(), Some(1));
    assert!(
        text.contains("expected a graphics adapter \"no such adapter\", found none"),
        "{text}"
    );
}
