//! Films and movies of a session as files.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context;
use engine::film::moving::record;
use engine::film::{
    Coding, Created, DisplayFormat, Document, FilmOrientation, FilmSize, Item, Layout, PictureId, Sheet,
    encode, pages, pdf,
};
use engine::film::{Format, Text};
use engine::presentation::{Annotations, Size};
use engine::render::{Cancel, Image, annotate};
use engine::session::state::{Over, Shown};
use engine::session::{Refusal, Session};
use serde::Deserialize;
use video::{Avi, FrameRate, Mp4, Shape};

use super::super::Usage;
use super::{Stage, inside};

/// A film of all pictures that were taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Film {
    /// `film.pdf`, or `film.png` for a file a page.
    file: String,
    /// Image Display Format of DICOM: `STANDARD\3,4`.
    format: String,
    /// Film Size ID of DICOM, `A4` if not said.
    #[serde(default)]
    size: Option<String>,
    /// Pixels an inch, 150 if not said.
    #[serde(default)]
    dpi: Option<f64>,
    /// Whether it lies.
    #[serde(default)]
    landscape: bool,
    /// Above the pictures, at the left.
    #[serde(default)]
    header: String,
}

/// A cine or a rotation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movie {
    /// `.avi` or `.mp4`.
    file: String,
    viewport: u32,
    over: Over,
    size: [u32; 2],
    /// Pictures a second.
    rate: u32,
    /// Pictures of a whole rotation, 72 if not said.
    #[serde(default)]
    steps: Option<u32>,
    /// Whether it plays backward.
    #[serde(default)]
    backward: bool,
}

/// Every slice of a stack, or every step of a cine, as files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// What the files are called.
    stem: String,
    viewport: u32,
    over: Over,
    size: [u32; 2],
    /// JPEG of that quality; PNG if not said.
    #[serde(default)]
    jpeg_quality: Option<u8>,
    /// Whether texts and marks are left out.
    #[serde(default)]
    bare: bool,
}

impl Stage<'_> {
    /// Writes the film; gives the number of its pages.
    pub fn film(&mut self, session: &mut Session, asked: &Film) -> anyhow::Result<usize> {
        let size = match &asked.size {
            None => FilmSize::A4,
            Some(term) => FilmSize::of_term(term)
                .ok_or_else(|| Usage(format!("expected a Film Size ID of DICOM, found {term:?}")))?,
        };
        let mut sheet = Sheet::new(size, asked.format.parse::<DisplayFormat>()?);
        sheet.dpi = asked.dpi.unwrap_or(150.0);
        if asked.landscape {
            sheet.orientation = FilmOrientation::Landscape;
        }
        sheet.header = Text {
            left: asked.header.clone(),
            right: "{page} / {pages}".to_owned(),
        };
        let film = session.state().film.clone();
        for item in &film {
            sheet.items.push(Item {
                caption: item.caption.clone(),
                printed: item.is_printed,
                ..Item::new(PictureId(item.number))
            });
        }
        let layout = Layout::of(&sheet)?;
        let count = layout.boxes.len();
        let mut pictures = std::collections::BTreeMap::new();
        for (n, item) in film.iter().enumerate() {
            let room = layout.boxes[n % count];
            let size = Size {
                width: room.width,
                height: room.height.saturating_sub(layout.caption).max(1),
            };
            let image = self.written(session, &item.shown, size, false)?;
            pictures.insert(item.number, image);
        }
        let made = pages(&sheet, |id| pictures.get(&id.0), &self.fonts)?;
        let path = inside(self.folder, &asked.file)?;
        if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("pdf"))
        {
            let document = Document {
                title: asked.header.clone(),
                created: None::<Created>,
                coding: Coding::Lossless,
            };
            let bytes = pdf(&made, sheet.sides_mm(), &document)?;
            std::fs::write(&path, bytes).with_context(|| asked.file.clone())?;
        } else {
            for (n, page) in made.iter().enumerate() {
                let file = if made.len() == 1 {
                    path.clone()
                } else {
                    numbered(&path, n)
                };
                std::fs::write(&file, encode(page, Format::Png, Some(sheet.dpi))?)?;
            }
        }
        Ok(made.len())
    }

    /// Writes a movie; gives the number of its pictures.
    pub fn movie(&mut self, session: &mut Session, asked: &Movie) -> anyhow::Result<u32> {
        let mut steps = session.cine(asked.viewport, asked.over, asked.steps.unwrap_or(72))?;
        if asked.backward {
            steps.reverse();
        }
        let size = super::sized(asked.size)?;
        let shape = Shape {
            width: size.width,
            height: size.height,
            rate: FrameRate::per_second(asked.rate),
            quality: 90,
        };
        let path = inside(self.folder, &asked.file)?;
        let file = BufWriter::new(File::create(&path).with_context(|| asked.file.clone())?);
        let is_mp4 = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("mp4"));
        let images = steps.iter().map(|shown| self.exported(session, shown, size));
        Ok(if is_mp4 {
            record(images, Mp4::new(file, shape)?)?
        } else {
            record(images, Avi::new(file, shape)?)?
        })
    }

    /// Writes each picture as a file of its own; gives their number.
    pub fn batch(&mut self, session: &mut Session, asked: &Batch) -> anyhow::Result<usize> {
        let steps = session.cine(asked.viewport, asked.over, 72)?;
        let size = super::sized(asked.size)?;
        let format = asked
            .jpeg_quality
            .map_or(Format::Png, |quality| Format::Jpeg { quality });
        for (n, shown) in steps.iter().enumerate() {
            let image = self.written(session, shown, size, asked.bare)?;
            let name = engine::film::file_name(&asked.stem, n, steps.len(), format);
            super::write(self.folder, &name, &encode(&image, format, None)?)?;
        }
        Ok(steps.len())
    }

    fn exported(&mut self, session: &mut Session, shown: &Shown, size: Size) -> Result<Image, Refusal> {
        let renderer = self.chosen.renderer.as_mut();
        let picture = session.picture_of(shown, size, renderer, &Cancel::new())?;
        let drawing = picture.drawing(Annotations::scale_for(size));
        let mut image = picture.image;
        annotate(&mut image, &drawing, &self.fonts)?;
        Ok(image)
    }

    /// A picture with its texts and marks; one that lacks a letter does not leave the house.
    fn written(
        &mut self,
        session: &mut Session,
        shown: &Shown,
        size: Size,
        bare: bool,
    ) -> anyhow::Result<Image> {
        let renderer = self.chosen.renderer.as_mut();
        let picture = session.picture_of(shown, size, renderer, &Cancel::new())?;
        if bare {
            return Ok(picture.image);
        }
        let drawing = picture.drawing(Annotations::scale_for(size));
        let mut image = picture.image;
        let drawn = annotate(&mut image, &drawing, &self.fonts)?;
        anyhow::ensure!(
            drawn.missing.is_empty(),
            "expected texts of characters that the shipped font has, found {:?}",
            drawn.missing
        );
        Ok(image)
    }
}

fn numbered(path: &Path, n: usize) -> std::path::PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}.png", n + 1))
}
