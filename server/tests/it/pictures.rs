//! Projections, renderings, scene files and their speed from the command line.

use std::path::Path;

use serde_json::json;

use crate::command_line::{check_failure, json, petct, pixels, scratch, uptake};

pub const WIDTH: usize = 96;

/// Draws the demo's PET-CT, 96 x 96 without letters, and gives red, green, blue of each pixel.
pub fn picture(folder: &Path, name: &str, more: &[&str]) -> Vec<[u8; 3]> {
    let out = folder.join(format!("{name}.png"));
    let (petct, path) = (petct(), out.to_str().unwrap());
    let mut arguments = vec![
        "render",
        &petct,
        "--size",
        "96x96",
        "--annotate",
        "none",
        "-o",
        path,
    ];
    arguments.extend(more);
    let output = uptake(&arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    pixels(&out).as_chunks::<3>().0.to_vec()
}

/// Largest difference of a channel between two pictures, on all but a hundredth of their pixels.
fn difference(a: &[[u8; 3]], b: &[[u8; 3]]) -> u8 {
    let of = |(a, b): (&[u8; 3], &[u8; 3])| (0..3).map(|n| a[n].abs_diff(b[n])).max().unwrap();
    let mut all: Vec<u8> = a.iter().zip(b).map(of).collect();
    all.sort_unstable();
    all[all.len() - 1 - all.len() / 100]
}

fn mirrored(image: &[[u8; 3]]) -> Vec<[u8; 3]> {
    image
        .chunks(WIDTH)
        .flat_map(|row| row.iter().rev().copied())
        .collect()
}

#[test]
fn a_mip_from_behind_is_that_from_the_front_mirrored() {
    let folder = scratch("mip");
    let pet = ["--view", "mip", "--window", "8/4"];
    let series = json(&["info", &petct(), "--json"]);
    let series = series["studies"][0]["series"].as_array().unwrap();
    let uid = series.iter().find(|one| one["modality"] == "PT").unwrap()["series_instance_uid"]
        .as_str()
        .unwrap();
    let from = |name: &str, camera: &str| {
        let mut more = pet.to_vec();
        more.extend(["--camera", camera, "--series", uid]);
        picture(&folder, name, &more)
    };
    let (front, back, left) = (from("front", "0,0"), from("back", "180,0"), from("left", "90,0"));
    assert!(difference(&mirrored(&front), &back) <= 1);
    assert!(difference(&front, &left) > 20);
    assert_eq!(front[0], [255; 3], "uptake is read dark on white");
}

#[test]
fn renderings_show_the_body_and_fuse_by_the_ratio() {
    let folder = scratch("vr");
    let lit = |image: &[[u8; 3]]| {
        image
            .iter()
            .filter(|pixel| pixel.iter().any(|part| *part > 60))
            .count()
    };
    let skin = picture(
        &folder,
        "skin",
        &["--view", "fused-vr", "--ratio", "0", "--preset", "ct-skin"],
    );
    let bone = picture(&folder, "bone", &["--view", "fused-vr", "--ratio", "0"]);
    let fused = picture(&folder, "fused", &["--view", "fused-vr"]);
    let pet = picture(&folder, "pet", &["--view", "fused-vr", "--ratio", "1"]);
    assert!(
        lit(&skin) > lit(&bone) && lit(&bone) > 200,
        "{} {}",
        lit(&skin),
        lit(&bone)
    );
    assert!(lit(&pet) > 10);
    // Hot iron is red; bone is not.
    let red = |image: &[[u8; 3]]| {
        let is_red = |pixel: &&[u8; 3]| pixel[0] > 60 && u32::from(pixel[0]) > 3 * u32::from(pixel[2]);
        image.iter().filter(is_red).count()
    };
    assert!(red(&fused) > red(&bone) + 10, "{} {}", red(&fused), red(&bone));
    check_failure(
        &[
            "render",
            &petct(),
            "--view",
            "fused-vr",
            "--preset",
            "ct-wood",
            "-o",
            "/dev/null",
        ],
        2,
        "expected a preset, one of ct-bone",
    );
}

#[test]
fn a_scene_file_draws_what_the_options_draw() {
    let folder = scratch("scene");
    let options = [
        "--view",
        "fused-vr",
        "--camera",
        "30,10",
        "--step",
        "6",
        "--occlusion",
        "0.5",
    ];
    let expected = picture(&folder, "options", &options);
    let scene = json!({
        "size": [96, 96],
        "annotate": "none",
        "volumes": {
            "ct": { "path": petct(), "modality": "CT" },
            "pet": { "path": petct(), "modality": "PT" }
        },
        "view": { "rendering": { "camera": { "azimuth": 30, "elevation": 10 }, "occlusion": 0.5 } },
        "layers": [
            { "volume": "ct", "material": { "preset": "ct-bone" } },
            { "volume": "pet", "opacity": 0.5, "material": { "preset": "pet-hot" } }
        ],
        "quality": { "step_mm": 6 }
    });
    let drawn = |name: &str, scene: &serde_json::Value| {
        let (file, out) = (
            folder.join(format!("{name}.json")),
            folder.join(format!("{name}.png")),
        );
        std::fs::write(&file, scene.to_string()).unwrap();
        let output = uptake(&["render", file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        pixels(&out).as_chunks::<3>().0.to_vec()
    };
    assert_eq!(drawn("same", &scene), expected);

    let mut organs = scene.clone();
    organs["volumes"]["organs"] = json!({ "path": format!("{}/organs.nii.gz", petct()) });
    organs["layers"] = json!([{
        "volume": "organs",
        "material": { "labels": { "8": { "color": [0, 200, 0], "opacity": 1 } } }
    }]);
    let liver = drawn("organs", &organs);
    let green: Vec<usize> = (0..liver.len()).filter(|n| liver[*n][1] > 100).collect();
    assert!(green.len() > 40 && liver.iter().all(|pixel| pixel[0] <= pixel[1]));

    let refused = |name: &str, change: &dyn Fn(&mut serde_json::Value), part: &str| {
        let mut scene = scene.clone();
        change(&mut scene);
        let file = folder.join(format!("{name}.json"));
        std::fs::write(&file, scene.to_string()).unwrap();
        check_failure(&["render", file.to_str().unwrap(), "-o", "/dev/null"], 1, part);
    };
    refused(
        "typo",
        &|scene| scene["layres"] = json!([]),
        "unknown field `layres`",
    );
    refused(
        "absent",
        &|scene| scene["layers"][0]["volume"] = json!("mr"),
        "found \"mr\"",
    );
    refused(
        "flat",
        &|scene| scene["size"] = json!([0, 5]),
        "at least one pixel a side",
    );
    refused("none", &|scene| scene["layers"] = json!([]), "at least one layer");
    refused(
        "step",
        &|scene| scene["quality"]["step_mm"] = json!(0),
        "positive number of mm",
    );
    let many = |scene: &mut serde_json::Value| {
        let layer = scene["layers"][0].clone();
        scene["layers"] = json!(vec![layer; 5]);
    };
    refused("many", &many, "at most 4");
}

#[test]
fn a_rotation_is_a_picture_from_every_side() {
    let folder = scratch("rotation");
    let out = folder.join("around.png");
    let rotation = |view: &str, out: &str| {
        let (petct, size) = (petct(), format!("{WIDTH}x96"));
        uptake(&[
            "render",
            &petct,
            "--view",
            view,
            "--size",
            &size,
            "--annotate",
            "none",
            "--step",
            "4",
            "--rotation",
            "4",
            "-o",
            out,
        ])
    };
    let output = rotation("fused-mip", out.to_str().unwrap());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let side = |n: usize| {
        let picture = pixels(&folder.join(format!("around-00{n}.png")));
        picture.as_chunks::<3>().0.to_vec()
    };
    let [front, left, back, right] = [0, 1, 2, 3].map(side);
    assert!(difference(&mirrored(&front), &back) <= 24 && difference(&mirrored(&left), &right) <= 24);
    assert!(difference(&front, &left) > 24);
    assert!(!out.exists() && !folder.join("around-004.png").exists());

    let refused = rotation("fused", out.to_str().unwrap());
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("expected a projection or a rendering to rotate")
    );
}

#[test]
fn bench_render_measures_the_standard_scenes() {
    let ct = format!("{}/ct", petct());
    let pet = format!("{}/pet", petct());
    let arguments = [
        "bench-render",
        "--ct",
        &ct,
        "--pet",
        &pet,
        "--images",
        "1",
        "--json",
        "--only",
        "512",
        "--backend",
        "cpu",
    ];
    let found = json(&arguments);
    let names: Vec<&str> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "ct_mip_512",
            "pet_mip_512",
            "ct_bone_512",
            "ct_bone_first_512",
            "ct_bone_edit_512",
            "mpr_linear_512",
            "mpr_cubic_512",
            "slab20_mip_512",
            "fused_oblique_512"
        ]
    );
    for one in found["results"].as_array().unwrap() {
        assert!(
            one["cpu_ms"].as_f64().unwrap() > 0.0 && one["gpu_ms"].is_null(),
            "{one}"
        );
    }
    assert!(found["results"][0]["samples_per_ray"].as_f64().unwrap() > 0.0);
    assert_eq!(found["adapter"], "CPU");
}
