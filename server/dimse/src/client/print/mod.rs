//! Printing on film: Basic Grayscale and Basic Color Print Management, as user (PS3.4 H).
//!
//! A host gives frames as pixels that are ready to be shown, one for each place of a film; what a printer says of it comes
//! back in words. Windows, annotations and layout are the host's matter.
//!
//! ```text
//! N-CREATE film session -> N-CREATE film box -> N-SET each image box -> N-ACTION film box -> N-DELETE film session
//! ```

mod error;
mod pixels;

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::Client;
use crate::Proposal;
use crate::server::{NormalizedOutcome, NormalizedRequest, Operation};

pub use error::{PrintError, words};
pub use pixels::{Picture, Pixels};

/// Most columns and rows of a film's places.
pub const MOST_PLACES: (u16, u16) = (5, 7);

/// Film sizes of the standard (PS3.3 C.13.3).
pub const FILM_SIZES: [&str; 12] = [
    "8INX10IN",
    "8_5INX11IN",
    "10INX12IN",
    "10INX14IN",
    "11INX14IN",
    "11INX17IN",
    "14INX14IN",
    "14INX17IN",
    "24CMX24CM",
    "24CMX30CM",
    "A4",
    "A3",
];

/// The print action of a film box.
const PRINT: u16 = 1;

/// Grey or colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tones {
    /// Basic Grayscale Print Management.
    Grey,
    /// Basic Color Print Management.
    Colour,
}

impl Tones {
    /// The meta SOP class, in whose presentation context everything goes.
    fn meta_class(self) -> &'static str {
        match self {
            Self::Grey => uids::BASIC_GRAYSCALE_PRINT_MANAGEMENT_META,
            Self::Colour => uids::BASIC_COLOR_PRINT_MANAGEMENT_META,
        }
    }

    fn image_box_class(self) -> &'static str {
        match self {
            Self::Grey => uids::BASIC_GRAYSCALE_IMAGE_BOX,
            Self::Colour => uids::BASIC_COLOR_IMAGE_BOX,
        }
    }

    fn image_sequence(self) -> Tag {
        match self {
            Self::Grey => tags::BASIC_GRAYSCALE_IMAGE_SEQUENCE,
            Self::Colour => tags::BASIC_COLOR_IMAGE_SEQUENCE,
        }
    }

    /// What to propose for printing in these tones.
    pub fn proposal(self) -> Proposal {
        Proposal::uncompressed(self.meta_class())
    }
}

/// How a film lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of PS3.3 C.13.3")]
pub enum Orientation {
    Portrait,
    Landscape,
}

/// One film.
#[derive(Debug, Clone)]
pub struct Film<'a> {
    /// Columns and rows of places, 1 by 1 to 5 by 7.
    pub places: (u16, u16),
    /// One of [`FILM_SIZES`], or a printer's own.
    pub size: &'a str,
    /// How it lies.
    pub orientation: Orientation,
    /// Pictures, by rows from the top left; the places beyond stay empty.
    pub pictures: Vec<Picture<'a>>,
}

/// What is printed together.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Grey or colour, of all films.
    pub tones: Tones,
    /// Copies of each film.
    pub copies: u16,
    /// Medium: `BLUE FILM`, `CLEAR FILM`, `PAPER`; the printer's choice when empty.
    pub medium: &'a str,
    /// Where the films go: `MAGAZINE`, `PROCESSOR`, `BIN_1`; the printer's choice when empty.
    pub destination: &'a str,
    /// The films.
    pub films: Vec<Film<'a>>,
}

/// What a printer says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrinterState {
    /// Whether it prints; otherwise `detail` says why not.
    pub is_ready: bool,
    /// Its status: `NORMAL`, `WARNING`, `FAILURE`.
    pub status: String,
    /// More, as `SUPPLY EMPTY`.
    pub detail: String,
    /// Its name.
    pub name: String,
}

impl Client {
    /// Asks a printer how it is (N-GET of the printer).
    ///
    /// # Errors
    ///
    /// [`PrintError`].
    pub async fn printer(&mut self, tones: Tones) -> Result<PrinterState, PrintError> {
        // All attributes: asked for one that they do not have, printers give none.
        let all = Operation::Get(Vec::new());
        let request = request(all, uids::PRINTER, Some(uids::PRINTER_INSTANCE), None);
        let answer = self.normalized_within(tones.meta_class(), request).await?;
        let answer = done("asking the printer", answer, &mut Vec::new())?;
        let state = answer.data_set.unwrap_or_else(InMemDicomObject::new_empty);
        let status = text(&state, tags::PRINTER_STATUS);
        Ok(PrinterState {
            is_ready: matches!(status.as_str(), "NORMAL" | "WARNING"),
            detail: text(&state, tags::PRINTER_STATUS_INFO),
            name: text(&state, tags::PRINTER_NAME),
            status,
        })
    }

    /// Prints; gives what the printer remarked, as that a picture was made smaller.
    ///
    /// # Errors
    ///
    /// [`PrintError`]: films that were printed before it stay printed.
    pub async fn print(&mut self, job: &Job<'_>) -> Result<Vec<String>, PrintError> {
        for film in &job.films {
            film.check(job.tones)?;
        }
        let state = self.printer(job.tones).await?;
        if !state.is_ready {
            return Err(PrintError::NotReady {
                status: state.status,
                detail: state.detail,
            });
        }
        let mut remarks = Vec::new();
        let session = self.session(job, &mut remarks).await?;
        let mut printed = Ok(());
        for film in &job.films {
            printed = self.film(job.tones, &session, film, &mut remarks).await;
            if printed.is_err() {
                break;
            }
        }
        let delete = request(Operation::Delete, uids::BASIC_FILM_SESSION, Some(&session), None);
        // The printer forgets the session with the association anyway.
        let deleted = self.normalized_within(job.tones.meta_class(), delete).await;
        printed?;
        deleted?;
        Ok(remarks)
    }

    async fn session(&mut self, job: &Job<'_>, remarks: &mut Vec<String>) -> Result<String, PrintError> {
        let mut session = InMemDicomObject::new_empty();
        put(
            &mut session,
            tags::NUMBER_OF_COPIES,
            VR::IS,
            &job.copies.to_string(),
        );
        put(&mut session, tags::PRINT_PRIORITY, VR::CS, "MED");
        put(&mut session, tags::MEDIUM_TYPE, VR::CS, job.medium);
        put(&mut session, tags::FILM_DESTINATION, VR::CS, job.destination);
        let create = request(Operation::Create, uids::BASIC_FILM_SESSION, None, Some(session));
        let answer = self.normalized_within(job.tones.meta_class(), create).await?;
        let what = "creating the film session";
        done(what, answer, remarks)?
            .sop_instance_uid
            .ok_or(PrintError::NoInstance(what))
    }

    async fn film(
        &mut self,
        tones: Tones,
        session: &str,
        film: &Film<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<(), PrintError> {
        let create = request(
            Operation::Create,
            uids::BASIC_FILM_BOX,
            None,
            Some(film.film_box(session)),
        );
        let answer = self.normalized_within(tones.meta_class(), create).await?;
        let what = "creating the film box";
        let answer = done(what, answer, remarks)?;
        let film_box = answer.sop_instance_uid.ok_or(PrintError::NoInstance(what))?;
        let boxes = answer
            .data_set
            .map_or_else(Vec::new, |answer| image_boxes(&answer));
        if boxes.len() < film.pictures.len() {
            return Err(PrintError::TooFewPlaces {
                expected: film.pictures.len(),
                found: boxes.len(),
            });
        }
        for (number, (picture, image_box)) in film.pictures.iter().zip(&boxes).enumerate() {
            let content = image_box_content(tones, number + 1, picture);
            let set = request(
                Operation::Set,
                tones.image_box_class(),
                Some(image_box),
                Some(content),
            );
            let answer = self.normalized_within(tones.meta_class(), set).await?;
            done("sending a picture", answer, remarks)?;
        }
        let print = request(
            Operation::Action(PRINT),
            uids::BASIC_FILM_BOX,
            Some(&film_box),
            None,
        );
        let answer = self.normalized_within(tones.meta_class(), print).await?;
        done("printing the film", answer, remarks)?;
        let delete = request(Operation::Delete, uids::BASIC_FILM_BOX, Some(&film_box), None);
        let answer = self.normalized_within(tones.meta_class(), delete).await?;
        done("closing the film", answer, remarks).map(drop)
    }
}

impl Film<'_> {
    fn check(&self, tones: Tones) -> Result<(), PrintError> {
        let ((columns, rows), (most_columns, most_rows)) = (self.places, MOST_PLACES);
        if !(1..=most_columns).contains(&columns) || !(1..=most_rows).contains(&rows) {
            return Err(PrintError::Places { columns, rows });
        }
        let places = usize::from(columns) * usize::from(rows);
        if self.pictures.len() > places {
            return Err(PrintError::TooFewPlaces {
                expected: self.pictures.len(),
                found: places,
            });
        }
        self.pictures.iter().try_for_each(|picture| picture.check(tones))
    }

    fn film_box(&self, session: &str) -> InMemDicomObject {
        let mut film_box = InMemDicomObject::new_empty();
        let (columns, rows) = self.places;
        let format = format!("STANDARD\\{columns},{rows}");
        put(&mut film_box, tags::IMAGE_DISPLAY_FORMAT, VR::ST, &format);
        let orientation = match self.orientation {
            Orientation::Portrait => "PORTRAIT",
            Orientation::Landscape => "LANDSCAPE",
        };
        put(&mut film_box, tags::FILM_ORIENTATION, VR::CS, orientation);
        put(&mut film_box, tags::FILM_SIZE_ID, VR::CS, self.size);
        let mut reference = InMemDicomObject::new_empty();
        put(
            &mut reference,
            tags::REFERENCED_SOP_CLASS_UID,
            VR::UI,
            uids::BASIC_FILM_SESSION,
        );
        put(&mut reference, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, session);
        put_item(&mut film_box, tags::REFERENCED_FILM_SESSION_SEQUENCE, reference);
        film_box
    }
}

fn image_box_content(tones: Tones, position: usize, picture: &Picture<'_>) -> InMemDicomObject {
    let mut content = InMemDicomObject::new_empty();
    let position = PrimitiveValue::from(u16::try_from(position).unwrap_or(u16::MAX));
    content.put(DataElement::new(tags::IMAGE_BOX_POSITION, VR::US, position));
    put(&mut content, tags::POLARITY, VR::CS, "NORMAL");
    if let Some(width_mm) = picture.width_mm {
        put(
            &mut content,
            tags::REQUESTED_IMAGE_SIZE,
            VR::DS,
            &format!("{width_mm:.3}"),
        );
        // A picture that does not fit must not be printed in another size as if it were true.
        put(
            &mut content,
            tags::REQUESTED_DECIMATE_CROP_BEHAVIOR,
            VR::CS,
            "FAIL",
        );
    }
    put_item(&mut content, tones.image_sequence(), picture.image());
    content
}

/// The instances of the places, in the order of their positions.
fn image_boxes(film_box: &InMemDicomObject) -> Vec<String> {
    let boxes = film_box.get(tags::REFERENCED_IMAGE_BOX_SEQUENCE);
    let boxes = boxes.and_then(DataElement::items).unwrap_or_default();
    boxes
        .iter()
        .map(|item| text(item, tags::REFERENCED_SOP_INSTANCE_UID))
        .collect()
}

fn request(
    operation: Operation,
    class: &str,
    instance: Option<&str>,
    data_set: Option<InMemDicomObject>,
) -> NormalizedRequest {
    NormalizedRequest {
        operation,
        sop_class_uid: class.to_owned(),
        sop_instance_uid: instance.map(str::to_owned),
        data_set,
    }
}

/// An answer that is no failure; a warning becomes a remark.
fn done(
    what: &'static str,
    answer: NormalizedOutcome,
    remarks: &mut Vec<String>,
) -> Result<NormalizedOutcome, PrintError> {
    let status = answer.outcome.status;
    if !status.is_done() {
        return Err(PrintError::Refused {
            what,
            status,
            words: words(status).unwrap_or("the printer gives no reason"),
            comment: answer.outcome.comment.unwrap_or_default(),
        });
    }
    if status.0 != 0 {
        let words = words(status).unwrap_or("the printer has a reservation");
        remarks.push(format!("{what}: {words} ({status})"));
    }
    Ok(answer)
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let text = object.get(tag).and_then(|element| element.to_str().ok());
    text.map_or_else(String::new, |text| text.trim_matches(['\0', ' ']).to_owned())
}

/// Puts a value; the printer's choice stays open where there is none.
fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    if !value.is_empty() {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
}

fn put_item(object: &mut InMemDicomObject, tag: Tag, item: InMemDicomObject) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item])));
}
