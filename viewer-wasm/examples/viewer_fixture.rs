//! Writes what `tests/page.mjs` shows in a browser: a synthetic PET-CT as the server would give it, what is said, and the
//! pictures that the processor's renderer makes of it.
//!
//! ```text
//! viewer_fixture FOLDER
//! ```

#[path = "../src/tests/synthetic.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests ask more of it, and may stop where it fails"
)]
mod synthetic;

use std::collections::BTreeMap;
use std::path::Path;

use engine::render::{CpuRenderer, Image};
use serde_json::{Map, Value, json};
use synthetic::Synthetic;
use viewer::Says;
use viewer_wasm::{Drawer, Limits, On, Step};

/// Views are so large: a browser without a graphics card draws them in time.
const SIDE: u32 = 128;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("expected a folder, found nothing")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let made = Synthetic::pet_ct();
    std::fs::write(folder.join("metadata.json"), &made.metadata)?;
    let mut series = Map::new();
    for (modality, stream) in &made.series {
        std::fs::write(
            folder.join(format!("{}.stream", stream.series)),
            stream.bytes("a", 0),
        )?;
        series.insert(modality.clone(), json!(stream.series));
    }
    let study = json!({"study": made.study, "series": series});
    std::fs::write(folder.join("study.json"), study.to_string())?;
    let steps = Walk::begin(&made)?.steps(folder, &made)?;
    std::fs::write(folder.join("steps.json"), steps.to_string())?;
    Ok(())
}

/// A drawer that is led through the steps.
struct Walk {
    drawer: Drawer,
    open: Value,
    now_s: f64,
}

impl Walk {
    fn begin(made: &Synthetic) -> Outcome<Self> {
        let open = json!({"studies": [made.study], "screens": [[1280, 900]], "language": "zh-CN"});
        let Says::Open(opening) = Says::read(&json!({"open": open}).to_string())? else {
            return Err("expected an opening".into());
        };
        let on = On::Cpu(Box::new(CpuRenderer::new()));
        let metadata = std::slice::from_ref(&made.metadata);
        let drawer = Drawer::open(&opening, metadata, on, Limits::default());
        Ok(Self {
            drawer: drawer.map_err(|closing| closing.reason)?,
            open,
            now_s: 1.0,
        })
    }

    fn steps(mut self, folder: &Path, made: &Synthetic) -> Outcome<Value> {
        let views = self.views();
        let sizes: Map<String, Value> = views
            .iter()
            .map(|n| (n.to_string(), json!([SIDE, SIDE])))
            .collect();
        let first = views.first().copied().ok_or("expected views, found none")?;
        let of = |what: Value| vec![json!({"do": what})];
        let show = |kind: Value, series: &[&str]| {
            let series: Vec<&String> = series.iter().map(|name| &made.series[*name].series).collect();
            json!({"show": {"viewport": first, "kind": kind, "series": series}})
        };
        let window = json!({"set_window": {"viewport": first, "layer": 0, "window": {"center": 40.0, "width": 300.0}}});
        let projection = json!({"projection": {"of": "maximum"}});
        let turn = json!({"look_from": {"viewport": first, "azimuth_rad": 0.7, "elevation_rad": 0.1}});
        let steps = [
            ("open", vec![json!({"sizes": sizes, "scale": 1})]),
            ("slice of CT", of(show(json!("stack"), &["CT"]))),
            ("scroll", of(json!({"scroll": {"viewport": first, "steps": 9}}))),
            ("window", of(window)),
            ("fused", of(show(json!("plane"), &["CT", "PT"]))),
            (
                "coronal",
                of(json!({"set_axis": {"viewport": first, "axis": "coronal"}})),
            ),
            ("maximum", of(show(projection, &["PT"]))),
            ("turned", of(turn)),
            (
                "tiles",
                of(show(json!({"tiles": {"rows": 2, "columns": 2}}), &["CT"])),
            ),
            (
                "volume",
                of(show(json!({"rendering": {"preset": null}}), &["CT"])),
            ),
        ];
        let mut written = Vec::new();
        for (n, (name, said)) in steps.into_iter().enumerate() {
            for text in &said {
                let taken = self.drawer.take(&text.to_string(), self.now_s);
                taken.map_err(|closing| closing.reason)?;
            }
            let mut pictures = Vec::new();
            for (viewport, image) in self.pictures(made)? {
                let file = format!("{n}-{viewport}.rgba");
                std::fs::write(folder.join(&file), &image.rgba)?;
                pictures.push(json!({"viewport": viewport, "file": file}));
            }
            written.push(json!({"name": name, "say": said, "pictures": pictures}));
        }
        Ok(json!({"open": self.open, "sizes": sizes, "steps": written}))
    }

    /// Views of the layout that show something.
    fn views(&mut self) -> Vec<u64> {
        let texts = self.drawer.take_texts();
        let said = texts.iter().filter_map(|text| serde_json::from_str(text).ok());
        let layout = said
            .filter_map(|mut said: Value| said.get_mut("layout").map(Value::take))
            .next_back();
        let cells = layout.and_then(|layout| layout["screens"][0]["cells"].as_array().cloned());
        let number = |cell: &Value| cell["viewport"].as_u64();
        cells.iter().flatten().filter_map(number).collect()
    }

    /// The exact pictures of the views that change, once all of them are.
    fn pictures(&mut self, made: &Synthetic) -> Outcome<BTreeMap<u64, Image>> {
        let mut exact = BTreeMap::new();
        for _ in 0..40 {
            let now_s = self.now_s;
            while let Step::Picture(head, image) =
                self.drawer.step(&|| now_s).map_err(|closing| closing.reason)?
            {
                let head: Value = serde_json::from_slice(&head[12..])?;
                let shown = json!({"shown": head["picture"]}).to_string();
                self.drawer
                    .take(&shown, now_s)
                    .map_err(|closing| closing.reason)?;
                exact.extend(head["viewport"].as_u64().map(|viewport| (viewport, image)));
            }
            self.load(made)?;
            for text in self.drawer.take_texts() {
                if text.starts_with(r#"{"refused""#) || text.starts_with(r#"{"empty""#) {
                    return Err(format!("expected a picture, found {text}").into());
                }
            }
            self.now_s += 0.1;
        }
        Ok(exact)
    }

    fn load(&mut self, made: &Synthetic) -> Outcome<()> {
        for wanted in self.drawer.wanted().map_err(|closing| closing.reason)? {
            let series = &wanted.series_instance_uid;
            let stream = made.series.values().find(|stream| stream.series == *series);
            let stream = stream.ok_or("expected a series of the study, found another")?;
            self.drawer.begin(series);
            self.drawer.push(series, &stream.bytes("a", 0));
            while self.drawer.work(series, 16, self.now_s).is_some() {}
        }
        Ok(())
    }
}
