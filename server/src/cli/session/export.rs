//! Films, movies and batches of a session as files.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use engine::dicom::write::PrintedPage;
use engine::film::moving::record;
use engine::film::{
    Coding, Created, Depth, DisplayFormat, Document, FilmOrientation, FilmSize, Format, ImageBoxPixels, Item,
    Layout, PictureId, Sheet, Text, encode, pages, pdf,
};
use engine::presentation::{Annotations, Size};
use engine::render::{Cancel, Image, annotate};
use engine::session::state::{FilmItem, Over, Shown};
use engine::session::{Refusal, Session};
use serde::Deserialize;
use video::{Avi, FrameRate, Mp4, Shape};

use super::dicom_export::{Purpose, Told, colour, for_printer};
use super::{Stage, inside};
use crate::cli::{Usage, made};

/// A film of all pictures that were taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Film {
    /// `film.pdf`, or `film.png` or `film.dcm` for a file a page.
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
    /// Makes of each page of a `.dcm` what the image box of a printer is sent.
    #[serde(default)]
    print: Option<Print>,
}

/// What a printer takes (Basic Grayscale or Basic Color Print Management).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Print {
    /// Grey levels of 8 bits.
    Gray8,
    /// Grey levels of 12 bits.
    Gray12,
    /// Red, green and blue.
    Color,
}

/// What each picture of a batch becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Nothing is lost.
    Png,
    /// Small.
    Jpeg,
    /// A series of Secondary Captures.
    Dicom,
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
    /// PNG if not said.
    #[serde(default)]
    format: Option<Kind>,
    /// Quality of JPEG, 90 if not said; makes JPEG where no format is said.
    #[serde(default)]
    jpeg_quality: Option<u8>,
    /// Whether texts and marks are left out.
    #[serde(default)]
    bare: bool,
}

/// A picture on its way out.
pub struct Written {
    /// The pixels with what is written on them.
    pub image: Image,
    /// Whether that may say who the patient is.
    pub may_name_patient: bool,
}

impl Film {
    fn sheet(&self, film: &[Arc<FilmItem>]) -> anyhow::Result<Sheet> {
        let size = match &self.size {
            None => FilmSize::A4,
            Some(term) => FilmSize::of_term(term)
                .ok_or_else(|| Usage(format!("expected a Film Size ID of DICOM, found {term:?}")))?,
        };
        let mut sheet = Sheet::new(size, self.format.parse::<DisplayFormat>()?);
        sheet.dpi = self.dpi.unwrap_or(150.0);
        if self.landscape {
            sheet.orientation = FilmOrientation::Landscape;
        }
        sheet.header = Text {
            left: self.header.clone(),
            right: "{page} / {pages}".to_owned(),
        };
        for item in film {
            sheet.items.push(Item {
                caption: item.caption.clone(),
                printed: item.is_printed,
                ..Item::new(PictureId(item.number))
            });
        }
        Ok(sheet)
    }
}

impl Stage<'_> {
    /// Writes the film; gives the number of its pages.
    pub fn film(&mut self, session: &mut Session, asked: &Film) -> anyhow::Result<usize> {
        let path = inside(self.folder, &asked.file)?;
        if asked.print.is_some() && !ends_in(&path, "dcm") {
            return Err(Usage(format!(
                "expected a .dcm of a film for print, found {:?}",
                asked.file
            ))
            .into());
        }
        let film = session.state().film.clone();
        let sheet = asked.sheet(&film)?;
        let layout = Layout::of(&sheet)?;
        let count = layout.boxes.len();
        let mut pictures = BTreeMap::new();
        for (n, item) in film.iter().enumerate() {
            let room = layout.boxes[n % count];
            let size = Size {
                width: room.width,
                height: room.height.saturating_sub(layout.caption).max(1),
            };
            pictures.insert(item.number, self.written(session, &item.shown, size, false)?);
        }
        let picture = |id: PictureId| pictures.get(&id.0).map(|written| &written.image);
        let made = pages(&sheet, picture, &self.fonts)?;
        if ends_in(&path, "pdf") {
            let document = Document {
                title: asked.header.clone(),
                created: None::<Created>,
                coding: Coding::Lossless,
            };
            let bytes = pdf(&made, sheet.sides_mm(), &document)?;
            std::fs::write(&path, bytes).with_context(|| asked.file.clone())?;
        } else if ends_in(&path, "dcm") {
            let names = |item: &FilmItem| {
                let written = pictures.get(&item.number);
                written.is_some_and(|written| written.may_name_patient) || !item.caption.is_empty()
            };
            self.film_objects(session, asked, &sheet, &made, names)?;
        } else {
            for (n, page) in made.iter().enumerate() {
                let bytes = encode(page, Format::Png, Some(sheet.dpi))?;
                std::fs::write(of_page(&path, n, made.len()), bytes).with_context(|| asked.file.clone())?;
            }
        }
        Ok(made.len())
    }

    /// Writes the pages of a film as one series.
    fn film_objects(
        &mut self,
        session: &Session,
        asked: &Film,
        sheet: &Sheet,
        made: &[Image],
        may_name_patient: impl Fn(&FilmItem) -> bool,
    ) -> anyhow::Result<()> {
        let path = inside(self.folder, &asked.file)?;
        let film = &session.state().film;
        let shown: Vec<&Shown> = film.iter().map(|item| &item.shown).collect();
        let purpose = asked.print.map_or(Purpose::Film, |_| Purpose::Print);
        let mut begun = self.captures.begin(session, &shown, purpose)?;
        for (n, page) in made.iter().enumerate() {
            let items = &film[sheet.items_of(n)?];
            let mut images = Vec::new();
            for item in items {
                images.extend(session.images_seen(&item.shown)?);
            }
            let told = Told {
                description: format!("Film page {} of {}", n + 1, made.len()),
                images,
                may_name_patient: !asked.header.is_empty() || items.iter().any(|item| may_name_patient(item)),
                print: asked.print.map(|_| PrintedPage {
                    film_size_id: sheet.size.term().map(str::to_owned),
                    film_orientation: sheet.orientation.term(),
                }),
            };
            let pixels = match asked.print {
                None => colour(page),
                Some(Print::Gray8) => for_printer(ImageBoxPixels::grayscale(page, Depth::Eight)?),
                Some(Print::Gray12) => for_printer(ImageBoxPixels::grayscale(page, Depth::Twelve)?),
                Some(Print::Color) => for_printer(ImageBoxPixels::color(page)?),
            };
            made::save(&of_page(&path, n, made.len()), begun.object(pixels, told)?)?;
        }
        Ok(())
    }

    /// Writes the picture of a view as an object of the series of key pictures.
    pub fn key_picture(
        &mut self,
        session: &mut Session,
        shown: &Shown,
        size: Size,
        bare: bool,
        file: &str,
    ) -> anyhow::Result<()> {
        let path = inside(self.folder, file)?;
        let written = self.written(session, shown, size, bare)?;
        let told = told(session, shown, &written)?;
        let object = self
            .captures
            .key(session, shown)?
            .object(colour(&written.image), told)?;
        made::save(&path, object)
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
        let is_mp4 = ends_in(&path, "mp4");
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
        let usual = asked.jpeg_quality.map_or(Kind::Png, |_| Kind::Jpeg);
        let kind = asked.format.unwrap_or(usual);
        if asked.jpeg_quality.is_some() && kind != Kind::Jpeg {
            return Err(
                Usage("expected a quality of JPEG only, found one of another format".to_owned()).into(),
            );
        }
        let format = match kind {
            Kind::Jpeg => Format::Jpeg {
                quality: asked.jpeg_quality.unwrap_or(90),
            },
            Kind::Png | Kind::Dicom => Format::Png,
        };
        let shown: Vec<&Shown> = steps.iter().collect();
        let mut begun = match kind {
            Kind::Dicom => Some(self.captures.begin(session, &shown, Purpose::Batch)?),
            Kind::Png | Kind::Jpeg => None,
        };
        for (n, shown) in steps.iter().enumerate() {
            let written = self.written(session, shown, size, asked.bare)?;
            let name = engine::film::file_name(&asked.stem, n + 1, steps.len(), format);
            if let Some(begun) = &mut begun {
                let path = inside(self.folder, &name)?.with_extension("dcm");
                let told = told(session, shown, &written)?;
                made::save(&path, begun.object(colour(&written.image), told)?)?;
            } else {
                super::write(self.folder, &name, &encode(&written.image, format, None)?)?;
            }
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
    ) -> anyhow::Result<Written> {
        let renderer = self.chosen.renderer.as_mut();
        let picture = session.picture_of(shown, size, renderer, &Cancel::new())?;
        if bare {
            return Ok(Written {
                image: picture.image,
                may_name_patient: false,
            });
        }
        let may_name_patient = session.may_name_patient(shown, &picture);
        let drawing = picture.drawing(Annotations::scale_for(size));
        let mut image = picture.image;
        let drawn = annotate(&mut image, &drawing, &self.fonts)?;
        anyhow::ensure!(
            drawn.missing.is_empty(),
            "expected texts of characters that the shipped font has, found {:?}",
            drawn.missing
        );
        Ok(Written {
            image,
            may_name_patient,
        })
    }
}

/// What the object of a view's picture tells.
fn told(session: &Session, shown: &Shown, written: &Written) -> anyhow::Result<Told> {
    let modality = |key: &str| {
        let facts = session.series().iter().find(|facts| facts.key == key);
        facts.map_or("", |facts| facts.modality())
    };
    let modalities: Vec<&str> = shown.layers.iter().map(|layer| modality(&layer.series)).collect();
    Ok(Told {
        description: format!("Picture of {}", modalities.join(" and ")),
        images: session.images_seen(shown)?,
        may_name_patient: written.may_name_patient,
        print: None,
    })
}

/// Whether a file's name ends so.
pub fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// The file of page `n`, from 0: numbered where there are several.
fn of_page(path: &Path, n: usize, pages: usize) -> PathBuf {
    if pages == 1 {
        return path.to_owned();
    }
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().unwrap_or(OsStr::new("png"));
    path.with_file_name(format!(
        "{}-{}.{}",
        part(path.file_stem()),
        n + 1,
        part(Some(ending))
    ))
}
