//! PET and CT compared from the command line and by scene files.

use std::path::Path;

use serde_json::{Value, json};

use crate::command_line::{check_failure, petct, pixels, scratch, uptake};
use crate::pictures::{WIDTH, picture};

type Picture = Vec<[u8; 3]>;

fn coronal(folder: &Path, name: &str, more: &[&str]) -> Picture {
    let mut options = vec!["--view", "fused", "--plane", "coronal"];
    options.extend(more);
    picture(folder, name, &options)
}

fn compared(folder: &Path, name: &str, how: &str) -> Picture {
    coronal(folder, name, &["--compare", how])
}

#[test]
fn boards_and_swipes_show_one_or_the_other() {
    let folder = scratch("compare-parts");
    let compared = |name: &str, how: &str| compared(&folder, name, how);
    let (ct, pet) = (compared("ct", "swipe:1"), compared("pet", "swipe:0"));
    assert_eq!(ct, coronal(&folder, "plain", &["--ratio", "0"]));
    let board = compared("board", "checkerboard:60");
    let swapped = compared("swapped", "checkerboard:60,1,0");
    let mut of_each = [0, 0];
    for (n, (ct, pet)) in ct.iter().zip(&pet).enumerate() {
        let found = (board[n], swapped[n]);
        let expected = [(*ct, *pet), (*pet, *ct)];
        assert!(expected.contains(&found), "{found:?} of {ct:?} and {pet:?}");
        of_each[usize::from(found.0 == *ct)] += usize::from(ct != pet);
    }
    assert!(of_each.iter().all(|count| *count > 300), "{of_each:?}");
    let quarter = 24 * WIDTH;
    let swipe = compared("swipe", "swipe:0.25,90");
    assert_eq!(swipe[..quarter], ct[..quarter]);
    assert_eq!(swipe[quarter..], pet[quarter..]);
}

#[test]
fn lines_of_one_lie_over_the_other() {
    let folder = scratch("compare-lines");
    let cyan = |image: &[[u8; 3]]| {
        let is_cyan = |pixel: &&[u8; 3]| pixel[0] < 100 && pixel[1] > 150 && pixel[2] > 150;
        image.iter().filter(is_cyan).count()
    };
    let of = |name: &str, how: &str| cyan(&compared(&folder, name, how));
    let (outlines, hot) = (of("outlines", "outlines:-300"), of("hot", "contours:2.5,41%"));
    assert!(outlines > 100 && hot > 4, "{outlines} {hot}");
    assert_eq!((of("ct", "swipe:1"), of("pet", "swipe:0")), (0, 0));
    let mut options = vec!["--compare", "outlines:-300"];
    options.extend(["--line-color", "0,255,0", "--line-width", "3"]);
    let green = coronal(&folder, "green", &options);
    let is_green = |pixel: &&[u8; 3]| pixel[1] > 150 && pixel[2] < 100;
    assert!(green.iter().filter(is_green).count() > outlines);
}

#[test]
fn panels_are_marked_at_one_place() {
    let folder = scratch("compare-panels");
    let panels = compared(&folder, "panels", "side-by-side");
    // Two of 47 pixels, with two between them.
    assert!(panels.chunks(WIDTH).all(|row| row[47..49] == [[96; 3]; 2]));
    let marked = coronal(&folder, "marked", &["--compare", "side-by-side", "--mark"]);
    let changed: Vec<usize> = (0..marked.len()).filter(|n| marked[*n] != panels[*n]).collect();
    // The outline of a cross does not show on black.
    let middle = |is_left: bool, along: &dyn Fn(usize) -> usize| {
        let in_panel = changed.iter().filter(|n| (**n % WIDTH < 47) == is_left);
        let places: Vec<usize> = in_panel.map(|n| along(*n)).collect();
        places.iter().min().unwrap() + places.iter().max().unwrap()
    };
    let (x, y) = (|n: usize| n % WIDTH, |n: usize| n / WIDTH);
    assert!((middle(true, &x) + 2 * 49).abs_diff(middle(false, &x)) <= 2);
    assert!(middle(true, &y).abs_diff(middle(false, &y)) <= 2);
}

/// A CT and a PET over it, as `--view fused --plane coronal` shows them.
fn scene(change: impl Fn(&mut Value)) -> Value {
    let mut scene = json!({
        "size": [96, 96],
        "annotate": "none",
        "volumes": {
            "ct": { "path": petct(), "modality": "CT" },
            "pet": { "path": petct(), "modality": "PT" }
        },
        "view": { "plane": { "orientation": "coronal" } },
        "layers": [
            { "volume": "ct" },
            { "volume": "pet", "opacity": 0.5, "palette": "hot_iron" }
        ]
    });
    change(&mut scene);
    scene
}

/// Draws a scene file's picture.
fn drawn(folder: &Path, name: &str, scene: &Value) -> Vec<[u8; 3]> {
    let [file, out] = ["json", "png"].map(|ending| folder.join(format!("{name}.{ending}")));
    std::fs::write(&file, scene.to_string()).unwrap();
    let output = uptake(&["render", file.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    pixels(&out).as_chunks::<3>().0.to_vec()
}

#[test]
fn a_scene_file_compares_as_the_options_do() {
    let folder = scratch("compare-scene");
    let board = json!({ "checkerboard": { "cell_mm": 60, "shift": [0, 1] } });
    let swipe = json!({ "swipe": { "place": 0.3, "towards_degrees": 20 } });
    for (n, (how, compare)) in [
        ("checkerboard:60,0,1", board),
        ("swipe:0.3,20", swipe),
        ("side-by-side", json!("side_by_side")),
    ]
    .into_iter()
    .enumerate()
    {
        let expected = compared(&folder, &format!("options-{n}"), how);
        let scene = scene(|scene| scene["compare"] = compare.clone());
        assert_eq!(drawn(&folder, &format!("scene-{n}"), &scene), expected, "{how}");
    }
}

#[test]
fn a_scene_file_says_where_a_layer_is_shown_and_how() {
    let folder = scratch("compare-layers");
    let expected = compared(&folder, "options", "contours:2.5");
    let lines = scene(|scene| {
        let layer = &mut scene["layers"][1];
        layer["contours"] = json!({ "levels": [2.5], "color": [0, 255, 255] });
        layer["opacity"] = json!(1);
        layer["interpolation"] = json!("cubic");
    });
    assert_eq!(drawn(&folder, "lines", &lines), expected);
    let half = json!({ "half_plane": { "point": [47.5, 0], "towards": [1, 0] } });
    let half = scene(|scene| scene["layers"][1]["shown_in"] = half.clone());
    let found = drawn(&folder, "half", &half);
    let ct = coronal(&folder, "ct", &["--ratio", "0"]);
    let is_ct = |row: usize| found[row * WIDTH..][..48] == ct[row * WIDTH..][..48];
    assert!((0..96).all(is_ct) && found != ct);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let (petct, size) = (petct(), "32x32");
    let refused = |more: &[&str], code: i32, part: &str| {
        let mut arguments = vec!["render", &petct, "--size", size, "-o", "/dev/null"];
        arguments.extend(more);
        check_failure(&arguments, code, part);
    };
    let fused = |how| ["--view", "fused", "--compare", how];
    refused(
        &fused("blink"),
        2,
        "expected checkerboard:MM, swipe:PART, side-by-side",
    );
    refused(
        &fused("swipe:2"),
        1,
        "the place of a swipe must be 0 to 1, found 2",
    );
    refused(
        &fused("checkerboard:0"),
        1,
        "cell must be a positive number of mm, found 0",
    );
    refused(
        &["--compare", "swipe:0.5"],
        2,
        "expected a fused view to compare in",
    );
    refused(
        &["--view", "fused-vr", "--compare", "swipe:0.5"],
        2,
        "not of a volume rendering",
    );
    refused(
        &["--view", "fused-mip", "--mark"],
        2,
        "expected a plane to mark a place in",
    );
    let wide = ["--view", "fused", "--compare", "contours:2", "--line-width", "20"];
    refused(
        &wide,
        1,
        "the width of a contour's line must be 0 to 16 pixels, found 20",
    );
    refused(&["--line-color", "1,2"], 2, "expected red,green,blue");
}
