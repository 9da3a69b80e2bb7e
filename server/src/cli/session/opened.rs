//! DICOM objects that are opened in a session.

use std::path::{Path, PathBuf};

use anyhow::Context;
use codec::dataset::{Limits, read as parse};
use engine::dicom::read::{self, Instance, Regions};
use engine::presentation::Size;
use engine::session::{Command, Entry, Event, Session};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Usage;
use super::objects::{Failed, Objects, SIZE, first};
use super::{inside, sized};

/// Largest object that is opened.
const MAX_OBJECT_BYTES: u64 = 2 << 30;

/// An object to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// In which view; 1 if not said.
    #[serde(default = "first")]
    viewport: u32,
    /// Sides of the picture that a state is fitted into.
    #[serde(default)]
    size: Option<[u32; 2]>,
    /// A file of the folder, or a path.
    file: String,
}

/// Commands with what is not followed.
type Opened = Result<(Vec<Command>, Vec<String>), Failed>;

impl Objects {
    /// Does what an object says, in one step; gives what is not followed, or why nothing is.
    pub fn open(&mut self, session: &mut Session, asked: &Open, folder: &Path) -> anyhow::Result<Value> {
        let path = inside(folder, &asked.file).unwrap_or_else(|_| PathBuf::from(&asked.file));
        let length = std::fs::metadata(&path)
            .with_context(|| asked.file.clone())?
            .len();
        if length > MAX_OBJECT_BYTES {
            return Err(Usage(format!(
                "expected an object of at most {MAX_OBJECT_BYTES} bytes, found {length}"
            ))
            .into());
        }
        let bytes = std::fs::read(&path).with_context(|| asked.file.clone())?;
        let size = sized(asked.size.unwrap_or(SIZE))?;
        let (commands, told) = match commands(session, asked.viewport, size, &bytes) {
            Ok(found) => found,
            Err(Failed::Refused(text)) => return Ok(json!([Event::Refused { text }])),
            Err(Failed::Other(error)) => return Err(error),
        };
        self.opened += 1;
        let mut events: Vec<Event> = Vec::new();
        let before = session.log().len();
        for command in commands {
            let entry = Entry {
                by: None,
                // No gesture of a script counts this far down.
                gesture: Some(u64::MAX - self.opened),
                command,
            };
            match session.apply(entry) {
                Ok(more) => {
                    for event in more {
                        if !events.contains(&event) {
                            events.push(event);
                        }
                    }
                }
                Err(refusal) => {
                    // Half an object is not opened.
                    if session.log().len() > before {
                        session.apply(Command::Undo)?;
                    }
                    let text = refusal.to_string();
                    return Ok(json!([Event::Refused { text }]));
                }
            }
        }
        Ok(json!({"opened": asked.file, "told": told, "events": events}))
    }
}

/// The commands of an object, by its class.
fn commands(session: &Session, viewport: u32, size: Size, bytes: &[u8]) -> Opened {
    let parsed = parse(bytes, Limits::default()).map_err(engine::dicom::Error::from)?;
    let class = Instance::new(0, parsed).sop_class_uid;
    let ((commands, left_out), warnings) = match class.as_str() {
        "1.2.840.10008.5.1.4.1.1.11.1" => {
            let (state, warnings) = read::presentation_state(bytes)?;
            (session.commands_of(viewport, size, &state)?, warnings)
        }
        "1.2.840.10008.5.1.4.1.1.11.4" => {
            let (state, warnings) = read::blending_state(bytes)?;
            (session.commands_of_blending(viewport, size, &state)?, warnings)
        }
        "1.2.840.10008.5.1.4.1.1.88.59" => {
            let (selected, warnings) = read::key_objects(bytes)?;
            (session.commands_of_key_objects(&selected)?, warnings)
        }
        "1.2.840.10008.5.1.4.1.1.66.1" | "1.2.840.10008.5.1.4.1.1.66.3" => {
            let (registration, warnings) = read::registration(bytes)?;
            (session.commands_of_registration(&registration)?, warnings)
        }
        "1.2.840.10008.5.1.4.1.1.88.22"
        | "1.2.840.10008.5.1.4.1.1.88.33"
        | "1.2.840.10008.5.1.4.1.1.88.34" => {
            let (report, warnings) = read::measurement_report(bytes)?;
            (session.commands_of_report(viewport, &report)?, warnings)
        }
        "1.2.840.10008.5.1.4.1.1.66.4" | "1.2.840.10008.5.1.4.1.1.66.7" | "1.2.840.10008.5.1.4.1.1.481.3" => {
            match read::read_regions(bytes)? {
                (Regions::Segmentation(found), warnings) => {
                    (session.commands_of_segmentation(viewport, &found)?, warnings)
                }
                (Regions::StructureSet(set), warnings) => {
                    (session.commands_of_structure_set(viewport, &set)?, warnings)
                }
                _ => return Err(Failed::Refused("regions of this kind are not opened".to_owned())),
            }
        }
        other => {
            return Err(Failed::Refused(format!(
                "objects of class {other:?} are not opened in a session"
            )));
        }
    };
    let warnings = warnings.into_iter().map(|warning| warning.text);
    Ok((commands, warnings.chain(left_out).collect()))
}
