//! A drawer without a browser: what it says, asks for and draws of a study that comes piece by piece.

mod synthetic;

use engine::render::{Cancel, CpuRenderer, Error, Image, Renderer};
use serde_json::{Value, json};
use viewer::Says;

use crate::{Closing, Drawer, Limits, Loading, Missing, On, Step};
use synthetic::{Stream, Synthetic};

/// A drawer of the PET-CT, with a clock that is set by hand.
struct Scene {
    study: Synthetic,
    drawer: Drawer,
    now_s: f64,
}

fn on_cpu() -> On {
    On::Cpu(Box::new(CpuRenderer::new()))
}

impl Scene {
    fn try_open(on: On, limits: Limits, modality: &str) -> Result<Self, Closing> {
        let study = Synthetic::pet_ct();
        let series = &study.series[modality].series;
        let text =
            json!({"open": {"studies": [study.study], "series": series, "language": "en"}}).to_string();
        let Ok(Says::Open(open)) = Says::read(&text) else {
            panic!("an opening");
        };
        let drawer = Drawer::open(&open, std::slice::from_ref(&study.metadata), on, limits)?;
        Ok(Self {
            study,
            drawer,
            now_s: 1.0,
        })
    }

    fn open(on: On, modality: &str) -> Self {
        let mut scene = Self::try_open(on, Limits::default(), modality).unwrap();
        scene.say(json!({"sizes": {"1": [96, 96]}, "scale": 1}));
        scene
    }

    fn say(&mut self, what: Value) {
        self.drawer.take(&what.to_string(), self.now_s).unwrap();
    }

    fn step(&mut self) -> Step {
        let now_s = self.now_s;
        self.drawer.step(&|| now_s).unwrap()
    }

    /// The next picture, made as the page makes it, with its head; none when nothing is due.
    fn picture(&mut self) -> Option<(Value, Image)> {
        let mut renderer = CpuRenderer::new();
        loop {
            match self.step() {
                Step::Nothing => return None,
                Step::Picture(head, image) => {
                    let head: Value = serde_json::from_slice(&head[12..]).unwrap();
                    self.say(json!({"shown": head["picture"]}));
                    return Some((head, image));
                }
                Step::Missing(missing) => {
                    let made = renderer.render_until(
                        &missing.scene,
                        &missing.volumes,
                        missing.size,
                        &missing.cancel,
                    );
                    self.drawer.made(missing, made, self.now_s).unwrap();
                }
            }
        }
    }

    /// Loads what is wanted, whole.
    fn load(&mut self) -> Vec<String> {
        let wanted = self.drawer.wanted().unwrap();
        let series: Vec<String> = wanted.into_iter().map(|one| one.series_instance_uid).collect();
        for one in &series {
            let bytes = self.stream(one).bytes("a", 0);
            assert_eq!(self.drawer.begin(one), Some(0));
            self.drawer.push(one, &bytes);
            while self.drawer.work(one, 16, self.now_s).is_some() {}
        }
        series
    }

    fn stream(&self, series: &str) -> &Stream {
        let mut all = self.study.series.values();
        all.find(|stream| stream.series == series).unwrap()
    }

    fn texts(&mut self) -> Vec<Value> {
        let texts = self.drawer.take_texts();
        texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }
}

/// Whether a picture shows anything.
fn is_black(image: &Image) -> bool {
    image.rgba.chunks_exact(4).all(|pixel| pixel[..3] == [0; 3])
}

#[test]
fn it_opens_and_draws_what_comes() {
    let mut scene = Scene::open(On::Gpu, "CT");
    let texts = scene.texts();
    assert_eq!(texts[0]["opened"]["drawer"], "gpu");
    let of = |name: &str| texts.iter().find_map(|text| text.get(name)).cloned();
    assert_eq!(of("series").unwrap().as_array().unwrap().len(), 2, "CT and PET");
    assert_eq!(of("view").unwrap()["viewport"], 1);

    // Of nothing there is no picture; the series is wanted now.
    assert!(scene.picture().is_none());
    let ct = scene.study.series["CT"].series.clone();
    assert_eq!(scene.load(), [ct]);
    let (head, image) = scene.picture().unwrap();
    assert_eq!(
        (&head["coding"], &head["fraction"]),
        (&json!("rgba"), &json!(1.0))
    );
    assert!(!is_black(&image));
    assert_eq!((image.width, image.height), (96, 96));
}

#[test]
fn small_pictures_are_seen_before_frames() {
    let mut scene = Scene::open(On::Gpu, "PT");
    assert!(scene.picture().is_none());
    let series = scene.drawer.wanted().unwrap().remove(0).series_instance_uid;
    let stream = scene.stream(&series);
    let (frames, bytes) = (stream.frames.len(), stream.bytes("a", 0));
    scene.drawer.begin(&series);
    let mut seen = Vec::new();
    // In pieces of any size, one frame at a time.
    for piece in bytes.chunks(10_007) {
        scene.drawer.push(&series, piece);
        while let Some((_, true)) = scene.drawer.work(&series, 1, scene.now_s) {}
        while let Some((head, image)) = scene.picture() {
            seen.push((head["fraction"].as_f64().unwrap(), is_black(&image)));
        }
        scene.now_s += 0.01;
    }
    let first = seen.first().copied().unwrap();
    assert!(
        first.0 < 2.0 / frames as f64 && !first.1,
        "first only small pictures: {first:?}"
    );
    assert_eq!(seen.last().unwrap().0, 1.0);
    assert!(
        seen.len() <= 8,
        "now and then, not for every frame: {}",
        seen.len()
    );
}

#[test]
fn the_slice_that_is_seen_first_comes_before_all_others() {
    // What is hung is fetched before the element has said how large its views are.
    let mut scene = Scene::try_open(On::Gpu, Limits::default(), "CT").unwrap();
    let series = scene.drawer.wanted().unwrap().remove(0).series_instance_uid;
    let count = scene.stream(&series).frames.len();
    let ahead = scene.drawer.ahead(&series).unwrap() as usize;
    assert!(
        ahead < count / 2 && ahead + crate::loading::AHEAD > count / 2,
        "{ahead} of {count}"
    );
    let bytes = scene.stream(&series).bytes("a", count + ahead);
    let mut pieces = bytes.chunks(1000);
    while !scene.drawer.push_ahead(&series, pieces.next().unwrap()) {}
    scene.say(json!({"sizes": {"1": [96, 96]}, "scale": 1}));
    // It is cut from what has come without a graphics device.
    let Step::Picture(head, first) = scene.step() else {
        panic!("a picture at once");
    };
    let head: Value = serde_json::from_slice(&head[12..]).unwrap();
    let fraction = head["fraction"].as_f64().unwrap();
    assert!(
        (fraction - crate::loading::AHEAD as f64 / count as f64).abs() < 1e-6,
        "{fraction}"
    );
    assert!(!is_black(&first));
    scene.say(json!({"shown": head["picture"]}));

    // All others come as if it had not, and the picture is the same.
    scene.drawer.begin(&series);
    let bytes = scene.stream(&series).bytes("a", 0);
    scene.drawer.push(&series, &bytes);
    while scene.drawer.work(&series, 16, scene.now_s).is_some() {}
    let (head, whole) = scene.picture().unwrap();
    assert_eq!(head["fraction"], 1.0);
    assert_eq!(whole, first);

    // What is no stream is left to the whole one.
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    scene.drawer.wanted().unwrap();
    assert!(scene.drawer.push_ahead(&series, b"<!doctype html>"));
    assert!(scene.drawer.push_ahead("1.2.3", b""), "nobody loads it");
}

#[test]
fn a_stream_goes_on_where_it_was_cut() {
    let study = Synthetic::pet_ct();
    let scene = Scene::open(On::Gpu, "CT");
    let arrivals = {
        let instances = viewer::instances(&study.metadata, 0).unwrap();
        let studies = engine::dicom::read::collect(instances);
        viewer::Arrivals::new(engine::session::Listing::new(studies))
    };
    let stream = &study.series["CT"];
    let mut loading = Loading::new(&stream.series);
    assert_eq!(loading.begin(), 0);
    let whole = stream.bytes("a", 0);
    loading.push(&whole[..whole.len() * 3 / 4]);
    while loading.work(&arrivals, 8).unwrap().has_more {}
    let from = loading.begin() as usize;
    assert!(
        from > stream.frames.len() && from < 2 * stream.frames.len(),
        "within the frames: {from}"
    );
    loading.push(&stream.bytes("a", from));
    let mut worked = loading.work(&arrivals, 8).unwrap();
    while !worked.is_over {
        worked = loading.work(&arrivals, 8).unwrap();
    }
    arrivals.finished(&stream.series);
    assert_eq!(arrivals.fraction(&stream.series), Some(1.0));

    // Another series of the same name is not mixed with what has come.
    let mut loading = Loading::new(&stream.series);
    loading.push(&whole[..whole.len() / 2]);
    loading.work(&scene.drawer.arrivals(), 8).unwrap();
    let from = loading.begin() as usize;
    loading.push(&stream.bytes("b", from));
    let why = loading.work(&scene.drawer.arrivals(), 8).unwrap_err();
    assert!(why.contains("has changed"), "{why}");
}

#[test]
fn what_is_no_stream_fails_the_series_in_words() {
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    let series = scene.drawer.wanted().unwrap().remove(0).series_instance_uid;
    scene.drawer.begin(&series);
    scene.drawer.push(&series, b"<!doctype html> and so on");
    assert_eq!(scene.drawer.work(&series, 8, 1.0), None);
    assert!(scene.picture().is_none());
    let texts = scene.texts();
    let empty = texts.iter().find_map(|text| text.get("empty")).unwrap();
    assert!(
        empty["why"]
            .as_str()
            .unwrap()
            .contains("expected a series' stream"),
        "{empty}"
    );
}

#[test]
fn what_moves_is_made_to_its_end_and_then_the_latest() {
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    scene.load();
    while scene.picture().is_some() {}
    scene.now_s = 10.0;
    let scroll = |scene: &mut Scene, steps: i32| {
        scene.say(json!({"do": {"scroll": {"viewport": 1, "steps": steps}}, "gesture": 1}));
    };
    scroll(&mut scene, 1);
    let Step::Missing(first) = scene.step() else {
        panic!("a picture to be made");
    };
    for _ in 0..5 {
        scroll(&mut scene, 1);
    }
    assert!(!first.cancel.is_cancelled(), "it moves");
    let (missing, made) = drawn(first);
    let first = missing.scene.clone();
    scene.drawer.made(missing, made, scene.now_s).unwrap();
    let Step::Picture(..) = scene.step() else {
        panic!("the picture of the moment at which it was begun");
    };
    let Step::Missing(next) = scene.step() else {
        panic!("another picture");
    };
    assert_ne!(next.scene, first);
    let latest = next.scene.clone();
    let (missing, made) = drawn(next);
    scene.drawer.made(missing, made, scene.now_s).unwrap();
    let Step::Picture(head, _) = scene.step() else {
        panic!("the latest");
    };
    let head: Value = serde_json::from_slice(&head[12..]).unwrap();
    assert_eq!(head["fidelity"], "moving");
    // Two are under way: nothing more is made.
    scroll(&mut scene, 1);
    assert!(matches!(scene.step(), Step::Nothing));
    scene.say(json!({"shown": head["picture"]}));
    let Step::Missing(last) = scene.step() else {
        panic!("room for the next");
    };
    assert_ne!(last.scene, latest);
}

fn drawn(missing: Missing) -> (Missing, Result<Image, Error>) {
    let made =
        CpuRenderer::new().render_until(&missing.scene, &missing.volumes, missing.size, &Cancel::new());
    (missing, made)
}

#[test]
fn what_rests_is_given_up_for_a_command() {
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    scene.load();
    let Step::Missing(still) = scene.step() else {
        panic!("a picture to be made");
    };
    scene.say(json!({"ask": 1, "for": "marks"}));
    assert!(!still.cancel.is_cancelled());
    scene.say(json!({"do": {"scroll": {"viewport": 1, "steps": 1}}, "gesture": 1}));
    assert!(still.cancel.is_cancelled());
    let old = still.scene.clone();
    scene.drawer.made(still, Err(Error::Cancelled), 1.0).unwrap();
    let Step::Missing(next) = scene.step() else {
        panic!("the next picture");
    };
    assert_ne!(next.scene, old);
}

#[test]
fn tiles_are_made_one_by_one() {
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    scene.load();
    scene.say(json!({"do": {"set_kind": {"viewport": 1, "kind": {"tiles": {"rows": 2, "columns": 3}}}}}));
    let mut tiles = 0;
    let image = loop {
        match scene.step() {
            Step::Missing(missing) => {
                tiles += 1;
                let (missing, made) = drawn(missing);
                scene.drawer.made(missing, made, 1.0).unwrap();
            }
            Step::Picture(_, image) => break image,
            Step::Nothing => panic!("a picture of tiles"),
        }
    };
    assert_eq!((tiles, image.width), (6, 96));
    assert!(!is_black(&image));
}

#[test]
fn both_ways_of_drawing_give_the_same_pixels() {
    let exact = |on: On| {
        let mut scene = Scene::open(on, "PT");
        assert!(scene.picture().is_none());
        scene.load();
        scene.say(json!({"do": {"set_kind": {"viewport": 1, "kind": {"projection": {"of": "maximum"}}}}}));
        let mut last = None;
        for _ in 0..8 {
            last = scene.picture().or(last);
            scene.now_s += 0.5;
        }
        let (head, image) = last.unwrap();
        assert_eq!(head["fidelity"], "exact");
        image
    };
    let image = exact(On::Gpu);
    assert!(!is_black(&image));
    assert_eq!(image, exact(on_cpu()));
}

#[test]
fn what_the_page_cannot_hold_goes_to_the_server_with_all_that_is_the_case() {
    let limits = Limits {
        memory_bytes: 1 << 20,
        ..Limits::default()
    };
    check_closing(On::Gpu, limits, "the page may hold 1 MB of images");
    let limits = Limits {
        cpu_voxels: 1000,
        ..Limits::default()
    };
    check_closing(on_cpu(), limits, "without a graphics device");
}

fn check_closing(on: On, limits: Limits, reason: &str) {
    let mut scene = Scene::try_open(on, limits, "CT").unwrap();
    scene.say(json!({"sizes": {"1": [64, 64]}, "scale": 1}));
    assert!(scene.picture().is_none());
    let closing = scene.drawer.wanted().unwrap_err();
    assert!(closing.reason.contains(reason), "{}", closing.reason);
    let text: Value = serde_json::from_str(&closing.text()).unwrap();
    let said = &text["closing"];
    assert_eq!((&said["remote"], &said["again_in_s"]), (&json!(true), &json!(0)));

    // Whoever goes on shows the same.
    let open = json!({"open": {"studies": [scene.study.study], "snapshot": said["snapshot"]}}).to_string();
    let Ok(Says::Open(open)) = Says::read(&open) else {
        panic!("an opening");
    };
    let metadata = std::slice::from_ref(&scene.study.metadata);
    let mut next = Drawer::open(&open, metadata, On::Gpu, Limits::default()).unwrap();
    next.take(&json!({"sizes": {"1": [64, 64]}, "scale": 1}).to_string(), 1.0)
        .unwrap();
    let texts = next.take_texts();
    let view = texts.iter().find(|text| text.starts_with(r#"{"view""#)).unwrap();
    assert!(view.contains(&scene.study.series["CT"].series), "{view}");
}

#[test]
fn a_fault_of_the_device_ends_and_one_of_the_scene_is_said() {
    let mut scene = Scene::open(On::Gpu, "CT");
    assert!(scene.picture().is_none());
    scene.load();
    let Step::Missing(missing) = scene.step() else {
        panic!("a picture to be made");
    };
    let closing = scene
        .drawer
        .made(missing, Err(Error::DeviceFull), 1.0)
        .unwrap_err();
    assert!(closing.is_for_server && closing.snapshot.is_some());

    let Step::Missing(missing) = scene.step() else {
        panic!("the picture is still due");
    };
    scene.drawer.made(missing, Err(Error::NoComparison), 1.0).unwrap();
    assert!(scene.picture().is_none());
    let texts = scene.texts();
    assert!(
        texts.iter().any(|text| text["empty"]["viewport"] == 1),
        "{texts:?}"
    );
}

#[test]
fn what_has_no_place_ends_the_conversation() {
    let mut scene = Scene::open(On::Gpu, "CT");
    for text in ["", "[]", r#"{"fly": 1}"#, r#"{"open": {"studies": ["1.2"]}}"#] {
        let closing = scene.drawer.take(text, 1.0).unwrap_err();
        assert!(!closing.is_for_server, "{text}");
        let said: Value = serde_json::from_str(&closing.text()).unwrap();
        assert!(said["closing"]["again_in_s"].is_null(), "{said}");
    }
}
