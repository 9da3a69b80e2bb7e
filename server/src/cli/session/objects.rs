//! What a session holds as DICOM objects.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use codec::TransferSyntax;
use engine::dicom::key_objects::KeyObjects;
use engine::dicom::measurement_report::Observer;
use engine::dicom::presentation_state::Content;
use engine::dicom::read;
use engine::dicom::write::{
    self, DateTime, Instance, KeyObjectDocument, Masks, RegistrationDocument, ReportDocument,
    SegmentationType, Series, Study, derived_uid,
};
use engine::dicom::{ImageReference, ObjectReference};
use engine::presentation::Size;
use engine::session::state::Origin;
use engine::session::{Event, SeriesFacts, Session};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::made;
use super::{inside, sized};

/// Sides of the picture that states speak of, where the wish names none.
pub(super) const SIZE: [u32; 2] = [512, 512];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An object to be written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// What.
    r#as: What,
    /// Of which view; 1 if not said.
    #[serde(default = "first")]
    viewport: u32,
    /// Whose volumes of interest; those of the view if not said.
    #[serde(default)]
    series: Option<String>,
    /// Sides of the picture that a state speaks of.
    #[serde(default)]
    size: Option<[u32; 2]>,
    file: String,
}

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    PresentationState,
    KeyImages,
    Segmentation,
    StructureSet,
    Measurements,
    Registration,
    Blending,
}

pub(super) const fn first() -> u32 {
    1
}

/// What objects need beside the session: whose they are, and which were written.
#[derive(Debug, Default)]
pub struct Objects {
    studies: BTreeMap<String, Study>,
    /// Registrations that were written, by fixed and moving space.
    registrations: BTreeMap<[String; 2], ObjectReference>,
    /// How many were opened.
    pub(super) opened: u64,
}

/// A refusal, or what is wrong with the wish.
pub(super) enum Failed {
    Refused(String),
    Other(anyhow::Error),
}

impl From<engine::session::Refusal> for Failed {
    fn from(refusal: engine::session::Refusal) -> Self {
        Self::Refused(refusal.to_string())
    }
}

impl From<write::Error> for Failed {
    fn from(error: write::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<engine::dicom::Error> for Failed {
    fn from(error: engine::dicom::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// An object with what it could not hold.
type Saved = Result<(Instance, Vec<String>), Failed>;

impl Objects {
    /// Remembers whose studies are open.
    #[must_use]
    pub fn of(studies: &[read::Study]) -> Self {
        let first = |study: &read::Study| {
            let instance = study.series.iter().find_map(|series| series.instances.first())?;
            Some((study.study_instance_uid.clone(), Study::of(instance)))
        };
        Self {
            studies: studies.iter().filter_map(first).collect(),
            ..Self::default()
        }
    }

    /// Writes an object; gives what it could not hold, or why there is none.
    pub fn save(&mut self, session: &mut Session, asked: &Save, folder: &Path) -> anyhow::Result<Value> {
        let path = inside(folder, &asked.file)?;
        let size = sized(asked.size.unwrap_or(SIZE))?;
        if session.state().is_deidentified {
            // Such objects name the patient, and their references lead back to the images.
            let text = "expected a session that shows who the patient is, found a de-identified one";
            return Ok(json!([Event::Refused {
                text: text.to_owned()
            }]));
        }
        let made = match asked.r#as {
            What::PresentationState => self.presentation_state(session, asked, size),
            What::KeyImages => self.key_images(session, asked),
            What::Segmentation | What::StructureSet => self.vois(session, asked),
            What::Measurements => self.measurements(session, asked),
            What::Registration => self.registration(session, asked),
            What::Blending => self.blending(session, asked, size),
        };
        let (instance, told) = match made {
            Ok(made) => made,
            Err(Failed::Refused(text)) => return Ok(json!([Event::Refused { text }])),
            Err(Failed::Other(error)) => return Err(error),
        };
        let bytes = instance.encode(TransferSyntax::ExplicitLittleEndian)?;
        std::fs::write(&path, bytes).with_context(|| asked.file.clone())?;
        Ok(json!({"saved": asked.file, "told": told}))
    }

    fn study(&self, uid: &str) -> Result<&Study, Failed> {
        let study = self.studies.get(uid);
        study.ok_or_else(|| Failed::Refused(format!("study {uid} is not among those that were opened")))
    }

    fn presentation_state(&self, session: &Session, asked: &Save, size: Size) -> Saved {
        let made = Maker::new(asked);
        let (state, told) = session.presentation_state(asked.viewport, size, made.content())?;
        let study = self.study(study_of(state.images.first()))?;
        let instance = write::presentation_state(study, &made.series(None), &state)?;
        Ok((instance, told))
    }

    fn key_images(&self, session: &Session, asked: &Save) -> Saved {
        let made = Maker::new(asked);
        let (selected, told) = session.key_objects(KeyObjects::OF_INTEREST)?;
        let study = self.study(study_of(selected.objects.first().map(|object| &object.object)))?;
        let document = KeyObjectDocument {
            sop_instance_uid: made.uid("object"),
            created: made.created,
            key_objects: selected,
        };
        let instance = write::key_objects(study, &made.series(None), &document)?;
        Ok((instance, told))
    }

    fn vois(&self, session: &mut Session, asked: &Save) -> Saved {
        let made = Maker::new(asked);
        let key = key_of_vois(session, asked)?;
        let (saved, told) = session.saved_vois(&key)?;
        let study = self.study(&saved.images.study_instance_uid)?;
        let series = made.series(saved.images.frame_of_reference_uid.clone());
        let instance = if asked.r#as == What::Segmentation {
            let masks = Masks {
                segmentation_type: SegmentationType::Binary,
                sop_instance_uid: made.uid("object"),
                dimension_organization_uid: made.uid("dimensions"),
                created: made.created,
                label: "READING".to_owned(),
                description: "Volumes of interest".to_owned(),
                images: &saved.images,
                segments: saved.segments(),
            };
            write::segmentation_of_masks(study, &series, masks)?
        } else {
            let class = saved
                .images
                .slices
                .first()
                .map(|image| image.sop_class_uid.clone());
            let set = write::StructureSet {
                sop_instance_uid: made.uid("object"),
                label: "READING".to_owned(),
                created: made.created,
                source: (
                    class.unwrap_or_default(),
                    saved.images.series_instance_uid.clone(),
                ),
                rois: saved.rois(),
            };
            write::structure_set(study, &series, set)?
        };
        Ok((instance, told))
    }

    fn measurements(&self, session: &Session, asked: &Save) -> Saved {
        let made = Maker::new(asked);
        let of_view = layers(session, asked.viewport).first().cloned();
        let of_mark = session
            .state()
            .marks
            .values()
            .next()
            .map(|mark| mark.series.clone());
        let key = of_view.or(of_mark);
        let facts = key.and_then(|key| facts(session, &key));
        let study = facts.map_or("", |facts| &facts.study);
        let observer = Observer::Device {
            uid: derived_uid(&["Uptake", "session", VERSION]),
            name: Some("Uptake".to_owned()),
            manufacturer: Some("Uptake".to_owned()),
            model: Some(format!("Uptake {VERSION}")),
            serial_number: None,
        };
        let sop_instance_uid = made.uid("object");
        let (report, told) = session.measurement_report(study, &sop_instance_uid, vec![observer])?;
        let document = ReportDocument {
            sop_instance_uid,
            created: made.created,
            complete: told.is_empty(),
            report,
        };
        let instance = write::measurement_report(self.study(study)?, &made.series(None), document)?;
        Ok((instance, told))
    }

    fn registration(&mut self, session: &Session, asked: &Save) -> Saved {
        let made = Maker::new(asked);
        let [moving, fixed] = joined(session, asked.viewport)?;
        let (saved, told) = session.saved_joint(&moving.key, &fixed.key)?;
        let study = self.study(&saved.fixed.study_instance_uid)?;
        let series = made.series(saved.fixed.frame_of_reference_uid.clone());
        let document = RegistrationDocument {
            sop_instance_uid: made.uid("object"),
            created: made.created,
            label: "READING".to_owned(),
            description: String::new(),
            creator: String::new(),
            fixed: &saved.fixed,
            moving: &saved.moving,
            moving_from_fixed: saved.moving_from_fixed,
            method: saved.method,
            comment: saved.comment,
        };
        let instance = write::registration(study, &series, document)?;
        let reference = ObjectReference {
            study_instance_uid: study.study_instance_uid.clone(),
            series_instance_uid: series.series_instance_uid,
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.66.1".to_owned(),
            sop_instance_uid: made.uid("object"),
        };
        self.registrations
            .insert([fixed.space(), moving.space()], reference);
        Ok((instance, told))
    }

    fn blending(&self, session: &Session, asked: &Save, size: Size) -> Saved {
        let made = Maker::new(asked);
        let shown = layers(session, asked.viewport);
        let shown = shown.iter().filter_map(|key| Some(facts(session, key)?.space()));
        let spaces: Vec<String> = shown.collect();
        let registrations = match &spaces[..] {
            [below, above, ..] => {
                let pairs = [[below.clone(), above.clone()], [above.clone(), below.clone()]];
                let known = pairs.iter().find_map(|pair| self.registrations.get(pair));
                known.into_iter().cloned().collect()
            }
            _ => Vec::new(),
        };
        let (state, told) = session.blending_state(asked.viewport, size, made.content(), registrations)?;
        let study = self.study(study_of(state.underlying.images.first()))?;
        let instance = write::blending_state(study, &made.series(None), &state)?;
        Ok((instance, told))
    }
}

/// What the objects of one wish share.
struct Maker<'a> {
    asked: &'a Save,
    created: DateTime,
}

impl<'a> Maker<'a> {
    fn new(asked: &'a Save) -> Self {
        Self {
            asked,
            created: made::now(),
        }
    }

    fn uid(&self, what: &str) -> String {
        let kind = format!("{:?}", self.asked.r#as);
        derived_uid(&[
            "session",
            &self.created.date_time(),
            &kind,
            &self.asked.file,
            what,
        ])
    }

    fn content(&self) -> Content {
        Content {
            sop_instance_uid: self.uid("object"),
            label: "READING".to_owned(),
            created: Some(self.created),
            ..Content::default()
        }
    }

    fn series(&self, frame_of_reference_uid: Option<String>) -> Series {
        let (number, description) = match self.asked.r#as {
            What::PresentationState => (9101, "Presentation state"),
            What::KeyImages => (9102, "Key images"),
            What::Segmentation => (9103, "Volumes of interest"),
            What::StructureSet => (9104, "Volumes of interest as contours"),
            What::Measurements => (9105, "Measurements"),
            What::Registration => (9106, "Registration"),
            What::Blending => (9107, "Blending"),
        };
        Series {
            series_instance_uid: self.uid("series"),
            number,
            description: description.to_owned(),
            start: self.created,
            frame_of_reference_uid,
            patient_position: "",
            body_part: "",
            equipment: made::equipment(),
        }
    }
}

fn study_of(image: Option<&ImageReference>) -> &str {
    image.map_or("", |image| &image.reference.study_instance_uid)
}

fn facts<'a>(session: &'a Session, key: &str) -> Option<&'a SeriesFacts> {
    session.series().iter().find(|facts| facts.key == key)
}

/// Keys of the series that a view shows.
fn layers(session: &Session, viewport: u32) -> Vec<String> {
    let view = session.state().desk.viewports.get(&viewport);
    let shown = view.and_then(|view| view.shown.as_ref());
    shown.map_or_else(Vec::new, |shown| {
        shown.layers.iter().map(|layer| layer.series.clone()).collect()
    })
}

/// The series whose volumes of interest are meant: the named one, else the view's that has some, else the only one.
fn key_of_vois(session: &Session, asked: &Save) -> Result<String, Failed> {
    if let Some(key) = &asked.series {
        return Ok(key.clone());
    }
    let mut keys: Vec<String> = session
        .state()
        .vois
        .values()
        .map(|voi| voi.series.clone())
        .collect();
    keys.sort();
    keys.dedup();
    let shown = layers(session, asked.viewport);
    let of_view: Vec<&String> = shown.iter().filter(|key| keys.contains(key)).collect();
    match (&of_view[..], &keys[..]) {
        ([key], _) => Ok((*key).clone()),
        ([], [key]) => Ok(key.clone()),
        _ => Err(Failed::Refused(format!(
            "expected volumes of interest of one series, found those of {}: name the series",
            keys.len()
        ))),
    }
}

/// The series that moves and the one that stays: of the view, else of the only registration.
fn joined(session: &Session, viewport: u32) -> Result<[&SeriesFacts; 2], Failed> {
    let shown = layers(session, viewport);
    let shown: Vec<&SeriesFacts> = shown.iter().filter_map(|key| facts(session, key)).collect();
    let of_view = shown.first().and_then(|fixed| {
        let moving = shown.iter().find(|facts| facts.space() != fixed.space())?;
        Some([*moving, *fixed])
    });
    let joints = session.state().joints.iter();
    let joints: Vec<_> = joints
        .filter(|joint| !matches!(joint.origin, Origin::None | Origin::Offset))
        .collect();
    let only = || {
        let [joint] = &joints[..] else { return None };
        let of = |space: &str| session.series().iter().find(|facts| facts.space() == space);
        Some([of(&joint.moving)?, of(&joint.fixed)?])
    };
    of_view.or_else(only).ok_or_else(|| {
        Failed::Refused(format!(
            "expected a view of two registered series or one registration, found {}",
            joints.len()
        ))
    })
}
