//! Pictures of a session as DICOM: Secondary Captures of the patient and study that they come from.
//!
//! Who the patient is comes from an object of the images. Of a de-identified session nothing of it is written: the
//! study gets a UID of its own, and the images are not named, for their UIDs lead back to the patient.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use codec::{FrameDescription, Photometric};
use engine::dicom::ImageReference;
use engine::dicom::read;
use engine::dicom::write::{
    BurnedIn, DateTime, Instance, Patient, PictureDocument, Pixels, PrintedPage, Series, Study, derived_uid,
    picture,
};
use engine::film::{ImageBoxPixels, rgb};
use engine::render::Image;
use engine::session::Session;
use engine::session::state::Shown;

use crate::cli::made;

/// Why pictures are made, as the series says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Pages to look at.
    Film,
    /// Pages for a printer.
    Print,
    /// Pictures that matter, one by one.
    Key,
    /// Every step of a view.
    Batch,
}

impl Purpose {
    const fn series(self) -> (i64, &'static str) {
        match self {
            Self::Film => (9010, "Film"),
            Self::Print => (9011, "Film for print"),
            Self::Key => (9012, "Key pictures"),
            Self::Batch => (9013, "Pictures"),
        }
    }
}

/// The studies that a session shows, and the series that were begun in them.
pub struct Captures {
    /// The study of each source series, by Series Instance UID.
    studies: BTreeMap<String, Study>,
    /// When the first was opened.
    opened: DateTime,
    /// How many series were begun.
    count: usize,
    /// The series of key pictures, by the study that is written.
    key: BTreeMap<String, Begun>,
}

/// A series that is being made.
pub struct Begun {
    study: Study,
    series: Series,
    is_deidentified: bool,
    /// Instance Number of the last object.
    last: i64,
}

/// What an object tells of its picture beside the pixels.
pub struct Told {
    /// What is seen.
    pub description: String,
    /// The images that it was made of.
    pub images: Vec<ImageReference>,
    /// Whether what is written on it may say who the patient is.
    pub may_name_patient: bool,
    /// How it is to be printed.
    pub print: Option<PrintedPage>,
}

impl Captures {
    /// The studies that were opened.
    pub fn new(studies: &[read::Study]) -> Self {
        let series = studies.iter().flat_map(|study| &study.series);
        let of_first = |series: &read::Series| {
            let first = series.instances.first()?;
            Some((series.series_instance_uid.clone(), Study::of(first)))
        };
        Self {
            studies: series.filter_map(of_first).collect(),
            opened: made::now(),
            count: 0,
            key: BTreeMap::new(),
        }
    }

    /// Begins a series for pictures that show what is given.
    pub fn begin(
        &mut self,
        session: &Session,
        pictures: &[&Shown],
        purpose: Purpose,
    ) -> anyhow::Result<Begun> {
        let is_deidentified = session.state().is_deidentified;
        let source = self.study(pictures)?;
        let study = if is_deidentified {
            self.deidentified(&source)
        } else {
            source
        };
        let created = made::now();
        self.count += 1;
        let (number, description) = purpose.series();
        let names = [
            &study.study_instance_uid,
            "session",
            &created.date_time(),
            &self.count.to_string(),
        ];
        let series = Series {
            series_instance_uid: derived_uid(&names),
            number,
            description: description.to_owned(),
            start: created,
            frame_of_reference_uid: None,
            patient_position: "",
            body_part: "",
            equipment: made::equipment(),
        };
        Ok(Begun {
            study,
            series,
            is_deidentified,
            last: 0,
        })
    }

    /// The series of key pictures that one more belongs to: one a study.
    pub fn key(&mut self, session: &Session, shown: &Shown) -> anyhow::Result<&mut Begun> {
        let begun = self.begin(session, &[shown], Purpose::Key)?;
        let study = begun.study.study_instance_uid.clone();
        Ok(self.key.entry(study).or_insert(begun))
    }

    /// The latest of the studies that pictures come from; all must be of one patient.
    fn study(&self, pictures: &[&Shown]) -> anyhow::Result<Study> {
        let layers = pictures.iter().flat_map(|shown| &shown.layers);
        let keys: BTreeSet<&str> = layers.map(|layer| layer.series.as_str()).collect();
        let mut studies = Vec::new();
        for key in keys {
            // Further volumes of a series have a number behind its UID.
            let uid = key.split('#').next().unwrap_or(key);
            let study = self.studies.get(uid);
            studies.push(study.with_context(|| format!("expected objects of series {uid}, found none"))?);
        }
        let latest = studies.iter().max_by_key(|study| study.start);
        let latest = *latest.context("expected pictures for an object, found none")?;
        anyhow::ensure!(
            studies.iter().all(|study| is_one_patient(study, latest)),
            "expected pictures of one patient in a DICOM object, found those of several"
        );
        Ok(latest.clone())
    }

    /// A study that says nothing of a patient; the same for every picture of one study.
    fn deidentified(&self, source: &Study) -> Study {
        let uids: BTreeSet<&str> = self
            .studies
            .values()
            .map(|study| study.study_instance_uid.as_str())
            .collect();
        let at = uids.iter().position(|uid| *uid == source.study_instance_uid);
        // Made of nothing that leads back to the patient.
        let names = [
            "deidentified",
            &self.opened.date_time(),
            &std::process::id().to_string(),
            &at.unwrap_or_default().to_string(),
        ];
        Study {
            character_set: source.character_set,
            patient: Patient {
                name: String::new(),
                id: String::new(),
                birth_date: None,
                sex: None,
                weight_kg: None,
                height_m: None,
            },
            study_instance_uid: derived_uid(&names),
            start: None,
            id: String::new(),
            accession_number: String::new(),
            description: String::new(),
        }
    }
}

/// By number, name and date of birth; where there is neither number nor name, only within one study.
fn is_one_patient(one: &Study, other: &Study) -> bool {
    if one.study_instance_uid == other.study_instance_uid {
        return true;
    }
    let (a, b) = (&one.patient, &other.patient);
    let is_other = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a.trim() != b.trim();
    let is_born_otherwise = a.birth_date.is_some() && b.birth_date.is_some() && a.birth_date != b.birth_date;
    if is_other(&a.id, &b.id) || is_born_otherwise {
        return false;
    }
    let has_id = !a.id.is_empty() && !b.id.is_empty();
    // Names are spelled in many ways: one number and one date of birth outweigh them.
    let is_sure = has_id && a.birth_date.is_some() && b.birth_date.is_some();
    let has_name = !a.name.is_empty() && !b.name.is_empty();
    is_sure || ((has_id || has_name) && !is_other(&a.name, &b.name))
}

impl Begun {
    /// The next object of the series.
    pub fn object(&mut self, pixels: Pixels, told: Told) -> anyhow::Result<Instance> {
        self.last += 1;
        let texts = match (told.may_name_patient, self.is_deidentified) {
            (true, _) => BurnedIn::Patient,
            (false, true) => BurnedIn::Deidentified,
            (false, false) => BurnedIn::Nothing,
        };
        if self.is_deidentified && texts == BurnedIn::Patient {
            eprintln!(
                "uptake: warning: words that people typed are on picture {} of a de-identified session; its object says \
                 that they may name the patient",
                self.last
            );
        }
        let document = PictureDocument {
            sop_instance_uid: derived_uid(&[&self.series.series_instance_uid, &self.last.to_string()]),
            instance_number: self.last,
            created: made::now(),
            pixels,
            description: told.description,
            images: if self.is_deidentified {
                Vec::new()
            } else {
                told.images
            },
            texts,
            print: told.print,
        };
        Ok(picture(&self.study, &self.series, document)?)
    }
}

/// A picture in colour.
pub fn colour(image: &Image) -> Pixels {
    let description = FrameDescription {
        rows: image.height,
        columns: image.width,
        samples_per_pixel: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        planar: false,
        photometric: Photometric::Rgb,
    };
    Pixels::new(description, rgb(image))
}

/// What a printer is sent.
pub fn for_printer(page: ImageBoxPixels) -> Pixels {
    let description = FrameDescription {
        rows: u32::from(page.rows),
        columns: u32::from(page.columns),
        samples_per_pixel: page.samples_per_pixel,
        bits_allocated: page.bits_allocated,
        bits_stored: page.bits_stored,
        high_bit: page.bits_stored - 1,
        signed: false,
        planar: page.planar_configuration == Some(1),
        photometric: if page.samples_per_pixel == 1 {
            Photometric::Monochrome2
        } else {
            Photometric::Rgb
        },
    };
    // The writer pads to an even length itself.
    let mut values = page.values;
    let samples = usize::from(page.rows) * usize::from(page.columns) * usize::from(page.samples_per_pixel);
    values.truncate(samples * usize::from(page.bits_allocated / 8));
    Pixels::new(description, values)
}

#[cfg(test)]
mod tests {
    use engine::dicom::write::{CharacterSet, DateTime, Patient, Study};
    use engine::film::{Depth, ImageBoxPixels};
    use engine::render::Image;

    use super::{for_printer, is_one_patient};

    fn of(study: &str, id: &str, name: &str, birth_year: Option<i32>) -> Study {
        Study {
            character_set: CharacterSet::Utf8,
            patient: Patient {
                name: name.to_owned(),
                id: id.to_owned(),
                birth_date: birth_year.map(|year| DateTime::new(year, 1, 1, 0, 0, 0)),
                sex: None,
                weight_kg: None,
                height_m: None,
            },
            study_instance_uid: study.to_owned(),
            start: None,
            id: String::new(),
            accession_number: String::new(),
            description: String::new(),
        }
    }

    #[test]
    fn patients_are_told_apart() {
        let check = |one: Study, other: Study, expected| {
            assert_eq!(is_one_patient(&one, &other), expected, "{one:?} {other:?}");
            assert_eq!(is_one_patient(&other, &one), expected, "{other:?} {one:?}");
        };
        let known = || of("1", "7", "A^B", Some(1960));
        check(known(), of("2", "7", "A^B", Some(1960)), true);
        check(known(), of("2", "7 ", "A^B C", Some(1960)), true);
        check(known(), of("2", "8", "A^B", Some(1960)), false);
        check(known(), of("2", "7", "A^B", Some(1961)), false);
        check(known(), of("2", "7", "C^D", None), false);
        check(known(), of("2", "", "A^B", Some(1960)), true);
        check(known(), of("2", "", "", None), false);
        check(of("1", "", "", None), of("2", "", "", None), false);
        check(of("1", "", "", None), of("1", "", "", None), true);
    }

    #[test]
    fn pages_for_printers_are_whole_frames_of_odd_sizes_too() {
        let page = Image {
            width: 3,
            height: 5,
            rgba: vec![200; 60],
        };
        for (sent, bytes) in [
            (ImageBoxPixels::grayscale(&page, Depth::Eight), 15),
            (ImageBoxPixels::grayscale(&page, Depth::Twelve), 30),
            (ImageBoxPixels::color(&page), 45),
        ] {
            let pixels = for_printer(sent.unwrap());
            assert_eq!(pixels.values.len(), bytes);
            assert_eq!(pixels.frames().unwrap(), 1);
        }
    }
}
