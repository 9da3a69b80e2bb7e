//! `uptake session`: runs a log of commands without a window and writes what came of it.
//!
//! A script has a line of JSON each: a command (`{"do": …}`, see `engine::session`), or one of
//! `{"picture": {"viewport": 1, "size": [512, 512], "file": "a.png"}}`, `{"screen": {"size": [1920, 1080], "file": "b.png"}}`,
//! `{"film": {"format": "STANDARD\\3,4", "file": "f.pdf"}}` of all pictures taken with `add_to_film`,
//! `{"movie": {"viewport": 1, "over": "rotation", "size": [512, 512], "rate": 18, "file": "m.avi"}}`,
//! `{"save": {"as": "segmentation", "viewport": 1, "file": "s.dcm"}}` (also `presentation_state`, `key_images`, `structure_set`,
//! `measurements`, `registration`, `blending`), `{"open": {"viewport": 1, "file": "s.dcm"}}`,
//! `{"batch": {"viewport": 1, "over": "slices", "size": [512, 512], "stem": "ct", "format": "dicom"}}`, `{"readout": {"mark": 1}}`, `{"readout": {"voi": 1}}`,
//! `{"snapshot": "s.json"}`, `{"restore": "s.json"}`. Series are
//! named by their keys, or as `@CT` for the one of that modality with most slices; studies as `@study1` (the latest) and so on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use clap::Args;
use engine::presentation::{Annotations, Fonts, MAX_SIDE, Size};
use engine::render::{Cancel, Image, annotate};
use engine::session::{Collection, Event, Refusal, SeriesFacts, Session, Sharpness};
use serde::Deserialize;
use serde_json::{Value, json};

mod dicom_export;
mod export;
mod objects;
mod opened;

use super::backend::{Backend, Chosen};
use super::{Usage, open};
use crate::fonts;
use dicom_export::Captures;

/// Pixels between the views of a screen.
const GAP_PIXELS: u32 = 2;
/// Largest script.
const MAX_SCRIPT_BYTES: u64 = 256 << 20;

/// What `uptake session` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// The commands: a line of JSON each.
    script: PathBuf,
    /// Files, folders or zips that hold the series.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder for events.jsonl, pictures, and at the end screen.png and snapshot.json.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Size of the screen at the end, in pixels.
    #[arg(long, default_value = "1920x1080", value_name = "WxH", value_parser = super::render::size)]
    size: Size,
    #[command(flatten)]
    backend: Backend,
}

/// A line that is no command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Wish {
    Picture {
        viewport: u32,
        size: [u32; 2],
        file: String,
        /// Of a `.dcm`: whether texts and marks are left out.
        #[serde(default)]
        bare: bool,
    },
    Screen {
        size: [u32; 2],
        file: String,
    },
    Readout {
        mark: Option<u64>,
        voi: Option<u64>,
    },
    Snapshot(String),
    Restore(String),
    Film(export::Film),
    Movie(export::Movie),
    Batch(export::Batch),
    Save(objects::Save),
    Open(opened::Open),
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let script = read_script(&options.script)?;
    let opened = open::studies(&options.paths)?;
    let objects = objects::Objects::of(&opened.studies);
    let captures = Captures::new(&opened.studies);
    let source = Collection::new(opened.studies, opened.files);
    let mut session = Session::new(Box::new(source));
    let names = names(session.series());
    std::fs::create_dir_all(&options.output).with_context(|| options.output.display().to_string())?;
    let mut stage = Stage {
        chosen: options.backend.open()?,
        fonts: fonts::shipped()?,
        folder: &options.output,
        objects,
        captures,
    };
    let mut told = String::new();
    let mut refused = 0;
    for (n, line) in script
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let answer = stage
            .line(&mut session, line, &names)
            .with_context(|| format!("line {}", n + 1))?;
        refused += usize::from(answer.to_string().contains("\"refused\""));
        writeln!(told, "{}", json!({"line": n + 1, "answer": answer}))?;
    }
    write(&options.output, "events.jsonl", told.as_bytes())?;
    let screen = stage.screen(&mut session, options.size)?;
    write(&options.output, "screen.png", &screen.to_png()?)?;
    write(&options.output, "snapshot.json", &session.snapshot())?;
    if refused > 0 {
        eprintln!("uptake: warning: {refused} commands were refused; see events.jsonl");
    }
    Ok(())
}

fn read_script(path: &Path) -> anyhow::Result<String> {
    let length = std::fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .len();
    if length > MAX_SCRIPT_BYTES {
        return Err(Usage(format!(
            "expected a script of at most {MAX_SCRIPT_BYTES} bytes, found {length}"
        ))
        .into());
    }
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Short names: `@CT` for the series of a modality with most slices, `@study1` for the latest study.
fn names(series: &[SeriesFacts]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for facts in series {
        let slices = facts.grid.size()[2];
        let known = most.entry(facts.modality()).or_default();
        if slices > *known {
            *known = slices;
            names.insert(format!("@{}", facts.modality()), facts.key.clone());
        }
    }
    let mut studies: Vec<(&str, &str)> = series
        .iter()
        .map(|facts| (facts.study_time.as_str(), facts.study.as_str()))
        .collect();
    studies.sort_unstable_by(|a, b| b.cmp(a));
    studies.dedup();
    for (n, (_, study)) in studies.into_iter().enumerate() {
        names.insert(format!("@study{}", n + 1), study.to_owned());
    }
    names
}

/// Puts names for what they stand for.
fn resolve(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                text.clone_from(name);
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| resolve(part, names)),
        Value::Object(parts) => parts.values_mut().for_each(|part| resolve(part, names)),
        _ => {}
    }
}

/// On what pictures are made, and where they go.
struct Stage<'a> {
    chosen: Chosen,
    fonts: Fonts,
    folder: &'a Path,
    objects: objects::Objects,
    captures: Captures,
}

impl Stage<'_> {
    fn line(
        &mut self,
        session: &mut Session,
        line: &str,
        names: &BTreeMap<String, String>,
    ) -> anyhow::Result<Value> {
        let refusal = |text: String| json!([Event::Refused { text }]);
        let Ok(mut value) = serde_json::from_str::<Value>(line) else {
            return Ok(json!(session.apply_json(line)));
        };
        resolve(&mut value, names);
        if value.get("do").is_some() {
            return Ok(json!(session.apply_json(&value.to_string())));
        }
        let wish: Wish = serde_json::from_value(value)?;
        Ok(match wish {
            Wish::Picture {
                viewport,
                size,
                file,
                bare,
            } => match self.one(session, viewport, sized(size)?, bare, &file)? {
                None => json!({"picture": file}),
                Some(refused) => refusal(refused.to_string()),
            },
            Wish::Screen { size, file } => {
                if export::ends_in(Path::new(&file), "dcm") {
                    return Err(
                        Usage("expected a screen as PNG, found the name of a DICOM file".to_owned()).into(),
                    );
                }
                let image = self.screen(session, sized(size)?)?;
                write(self.folder, &file, &image.to_png()?)?;
                json!({"screen": file})
            }
            Wish::Readout { mark, voi } => {
                let readout = match (mark, voi) {
                    (Some(mark), None) => session.mark_readout(mark),
                    (None, Some(voi)) => session.voi_readout(voi),
                    _ => return Err(Usage("expected a mark or a voi to read out".to_owned()).into()),
                };
                readout.map_or_else(|refused| refusal(refused.to_string()), |readout| json!(readout))
            }
            Wish::Film(asked) => json!({"pages": self.film(session, &asked)?}),
            Wish::Movie(asked) => json!({"pictures": self.movie(session, &asked)?}),
            Wish::Batch(asked) => json!({"files": self.batch(session, &asked)?}),
            Wish::Save(asked) => self.objects.save(session, &asked, self.folder)?,
            Wish::Open(asked) => self.objects.open(session, &asked, self.folder)?,
            Wish::Snapshot(file) => {
                write(self.folder, &file, &session.snapshot())?;
                json!({"snapshot": file})
            }
            Wish::Restore(file) => {
                let bytes = std::fs::read(inside(self.folder, &file)?).with_context(|| file.clone())?;
                session
                    .restore(&bytes)
                    .map_or_else(|refused| refusal(refused.to_string()), |events| json!(events))
            }
        })
    }

    /// Writes the picture of a view as a PNG or as DICOM; gives why it was refused.
    fn one(
        &mut self,
        session: &mut Session,
        viewport: u32,
        size: Size,
        bare: bool,
        file: &str,
    ) -> anyhow::Result<Option<Refusal>> {
        if !export::ends_in(Path::new(file), "dcm") {
            return match self.picture(session, viewport, size) {
                Ok(image) => write(self.folder, file, &image.to_png()?).map(|()| None),
                Err(refused) => Ok(Some(refused)),
            };
        }
        let Some(view) = session.state().desk.viewports.get(&viewport) else {
            return Ok(Some(Refusal::NoViewport(viewport)));
        };
        let Some(shown) = view.shown.clone() else {
            return Ok(Some(Refusal::NotShown {
                what: "a picture as DICOM",
                expected: "a series",
                found: "nothing",
            }));
        };
        self.key_picture(session, &shown, size, bare, file)?;
        Ok(None)
    }

    fn picture(&mut self, session: &mut Session, viewport: u32, size: Size) -> Result<Image, Refusal> {
        let renderer = self.chosen.renderer.as_mut();
        let picture = session.image(viewport, size, Sharpness::Still, renderer, &Cancel::new())?;
        let drawing = picture.drawing(Annotations::scale_for(size));
        let mut image = picture.image;
        let drawn = annotate(&mut image, &drawing, &self.fonts)?;
        if !drawn.missing.is_empty() {
            eprintln!("uptake: warning: the shipped font lacks {:?}", drawn.missing);
        }
        Ok(image)
    }

    /// All visible views as they lie on a screen.
    fn screen(&mut self, session: &mut Session, size: Size) -> anyhow::Result<Image> {
        let desk = session.state().desk.clone();
        let mut screen = Image {
            width: size.width,
            height: size.height,
            rgba: [24, 24, 24, 255].repeat(size.width as usize * size.height as usize),
        };
        let places: Vec<_> = match desk.maximized {
            Some(n) => vec![(n, [0, 0], size)],
            None => {
                let rectangles = desk.layout.rectangles(size, GAP_PIXELS)?;
                let place = |(n, at): (usize, &engine::presentation::Rectangle)| {
                    let size = Size {
                        width: at.width,
                        height: at.height,
                    };
                    (n as u32 + 1, [at.x, at.y], size)
                };
                rectangles.iter().enumerate().map(place).collect()
            }
        };
        for (n, [left, top], size) in places {
            let Ok(image) = self.picture(session, n, size) else {
                continue;
            };
            let row_bytes = size.width as usize * 4;
            for (row, bytes) in image.rgba.chunks_exact(row_bytes).enumerate() {
                let at = ((top as usize + row) * screen.width as usize + left as usize) * 4;
                screen.rgba[at..at + row_bytes].copy_from_slice(bytes);
            }
        }
        Ok(screen)
    }
}

/// Sides within the limits of pictures.
fn sized([width, height]: [u32; 2]) -> anyhow::Result<Size> {
    let is_size = |side: &u32| (1..=MAX_SIDE).contains(side);
    if ![width, height].iter().all(is_size) {
        return Err(Usage(format!(
            "expected sides of 1 to {MAX_SIDE} pixels, found {width} x {height}"
        ))
        .into());
    }
    Ok(Size { width, height })
}

/// A file of the folder, and not outside it.
fn inside(folder: &Path, file: &str) -> anyhow::Result<PathBuf> {
    let mut parts = Path::new(file).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) => Ok(folder.join(name)),
        _ => Err(Usage(format!(
            "expected the name of a file in the folder, found {file:?}"
        ))
        .into()),
    }
}

fn write(folder: &Path, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(inside(folder, file)?, bytes).with_context(|| file.to_owned())
}
