//! Pictures that were made of images, as Secondary Captures (PS3.3 A.8): views, pages of a film, pages for a printer.

use dicom_dictionary_std::tags;

use super::source_images::{add_image, image_item, put_references};
use super::{Code, DateTime, Error, Instance, Pixels, SecondaryCapture, Series, Study, secondary_capture};
use crate::dicom::ImageReference;

/// What is particular to one picture.
#[derive(Debug, Clone)]
pub struct PictureDocument {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Instance Number.
    pub instance_number: i64,
    /// When it was made.
    pub created: DateTime,
    /// The stored values.
    pub pixels: Pixels,
    /// What is seen (Derivation Description).
    pub description: String,
    /// The images that it was made of; empty where they are not known or must not be named.
    pub images: Vec<ImageReference>,
    /// What is written into the pixels.
    pub texts: BurnedIn,
    /// How it is to be printed; `None` for a picture that is no page for a printer.
    pub print: Option<PrintedPage>,
}

/// What is written into the pixels of a picture, and whether its object may name the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BurnedIn {
    /// The patient, or words that people typed and that may name anybody.
    Patient,
    /// Nothing that says who the patient is.
    Nothing,
    /// Nothing, and the study that the object is given names no patient either.
    Deidentified,
}

/// A page that fills the one image box of a film box (PS3.3 C.13.3, C.13.5): what a print client sends beside the pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedPage {
    /// Film Size ID; `None` for a size without a term.
    pub film_size_id: Option<String>,
    /// Film Orientation.
    pub film_orientation: &'static str,
}

/// Makes a secondary capture of a picture.
///
/// Attributes of a printed page stand beside those of the image (a Standard Extended SOP Class, PS3.2 3.11.2.4), so that
/// one file holds all that a print client needs.
///
/// # Errors
///
/// [`Error::Invalid`] when the pixels are not one frame.
pub fn picture(study: &Study, series: &Series, picture: PictureDocument) -> Result<Instance, Error> {
    let capture = SecondaryCapture {
        sop_instance_uid: picture.sop_instance_uid,
        instance_number: picture.instance_number,
        created: picture.created,
        pixels: picture.pixels,
    };
    let mut instance = secondary_capture(study, series, capture)?;
    let dataset = &mut instance.dataset;
    let is_named = picture.texts == BurnedIn::Patient;
    // A picture is made, not acquired: a reader must not take the day of export for that of the scan.
    dataset
        .remove(tags::ACQUISITION_DATE)
        .remove(tags::ACQUISITION_TIME)
        .text(tags::DERIVATION_DESCRIPTION, picture.description)
        .text(tags::BURNED_IN_ANNOTATION, if is_named { "YES" } else { "NO" })
        .text(tags::DATE_OF_SECONDARY_CAPTURE, picture.created.date())
        .text(tags::TIME_OF_SECONDARY_CAPTURE, picture.created.time());
    if picture.texts == BurnedIn::Deidentified {
        dataset.text(tags::PATIENT_IDENTITY_REMOVED, "YES").text(
            tags::DEIDENTIFICATION_METHOD,
            "Pictures without attributes or texts of the patient",
        );
    }
    let objects = picture.images.iter().map(|image| image.reference.clone());
    put_references(dataset, &study.study_instance_uid, objects.collect());
    let mut images = Vec::new();
    picture
        .images
        .into_iter()
        .for_each(|image| add_image(&mut images, image));
    let items = images.iter().map(|image| {
        let mut item = image_item(image);
        item.code(
            tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
            Code::new("121322", "DCM", "Source image for image processing operation"),
        );
        item
    });
    let items: Vec<_> = items.collect();
    if !items.is_empty() {
        dataset.sequence(tags::SOURCE_IMAGE_SEQUENCE, items);
    }
    if let Some(page) = picture.print {
        dataset
            .text(tags::IMAGE_DISPLAY_FORMAT, "STANDARD\\1,1")
            .text(tags::FILM_ORIENTATION, page.film_orientation)
            .unsigned(tags::IMAGE_BOX_POSITION, &[1])
            .text(tags::POLARITY, "NORMAL");
        if let Some(size) = page.film_size_id {
            dataset.text(tags::FILM_SIZE_ID, size);
        }
    }
    Ok(instance)
}

#[cfg(test)]
mod tests {
    use dicom_core::Tag;
    use dicom_dictionary_std::tags;

    use super::{BurnedIn, PictureDocument, PrintedPage, picture};
    use crate::dicom::write::{CharacterSet, Dataset, DateTime, Equipment, Patient, Pixels, Series, Study};
    use crate::dicom::{ImageReference, ObjectReference};

    const CREATED: DateTime = DateTime::new(2026, 1, 2, 3, 4, 5);

    fn study() -> Study {
        Study {
            character_set: CharacterSet::Utf8,
            patient: Patient {
                name: "Somebody".to_owned(),
                id: "7".to_owned(),
                birth_date: None,
                sex: None,
                weight_kg: None,
                height_m: None,
            },
            study_instance_uid: "1.2".to_owned(),
            start: None,
            id: String::new(),
            accession_number: String::new(),
            description: String::new(),
        }
    }

    fn series() -> Series {
        Series {
            series_instance_uid: "1.2.3".to_owned(),
            number: 1,
            description: "Film".to_owned(),
            start: CREATED,
            frame_of_reference_uid: None,
            patient_position: "",
            body_part: "",
            equipment: Equipment {
                manufacturer: String::new(),
                model: String::new(),
                serial_number: String::new(),
                software: String::new(),
            },
        }
    }

    fn image(instance: &str, frame: u32) -> ImageReference {
        ImageReference {
            reference: ObjectReference {
                study_instance_uid: "1.2".to_owned(),
                series_instance_uid: "1.2.9".to_owned(),
                sop_class_uid: "1.2.840.10008.5.1.4.1.1.20".to_owned(),
                sop_instance_uid: instance.to_owned(),
            },
            frames: vec![frame],
        }
    }

    fn made(texts: BurnedIn, images: Vec<ImageReference>, print: Option<PrintedPage>) -> Dataset {
        let document = PictureDocument {
            sop_instance_uid: "1.2.3.4".to_owned(),
            instance_number: 3,
            created: CREATED,
            pixels: Pixels::from_u8(2, 2, vec![0, 1, 2, 3]),
            description: "Picture of NM".to_owned(),
            images,
            texts,
            print,
        };
        picture(&study(), &series(), document).unwrap().dataset
    }

    fn text(dataset: &Dataset, tag: Tag) -> String {
        let element = dataset.as_object().get(tag);
        element.map_or(String::new(), |element| {
            element.to_str().unwrap().trim().to_owned()
        })
    }

    #[test]
    fn what_is_burned_in_is_said() {
        let check = |texts, burned_in, removed| {
            let dataset = made(texts, Vec::new(), None);
            assert_eq!(text(&dataset, tags::BURNED_IN_ANNOTATION), burned_in);
            assert_eq!(text(&dataset, tags::PATIENT_IDENTITY_REMOVED), removed);
            assert_eq!(text(&dataset, tags::ACQUISITION_DATE), "");
        };
        check(BurnedIn::Patient, "YES", "");
        check(BurnedIn::Nothing, "NO", "");
        check(BurnedIn::Deidentified, "NO", "YES");
    }

    #[test]
    fn sources_are_named_once_with_their_frames() {
        let images = vec![image("1.2.9.1", 4), image("1.2.9.1", 5), image("1.2.9.2", 1)];
        let dataset = made(BurnedIn::Nothing, images, None);
        let items = |tag| dataset.as_object().get(tag).unwrap().items().unwrap().to_vec();
        let sources = items(tags::SOURCE_IMAGE_SEQUENCE);
        let frames = |n: usize| {
            sources[n]
                .get(tags::REFERENCED_FRAME_NUMBER)
                .unwrap()
                .to_str()
                .unwrap()
        };
        assert_eq!([frames(0), frames(1)], ["4\\5", "1"]);
        assert_eq!(sources.len(), 2);
        assert_eq!(items(tags::REFERENCED_SERIES_SEQUENCE).len(), 1);
        let without = made(BurnedIn::Nothing, Vec::new(), None);
        assert!(without.as_object().get(tags::SOURCE_IMAGE_SEQUENCE).is_none());
    }

    #[test]
    fn a_page_for_a_printer_says_how_it_lies() {
        let page = PrintedPage {
            film_size_id: Some("14INX17IN".to_owned()),
            film_orientation: "LANDSCAPE",
        };
        let dataset = made(BurnedIn::Nothing, Vec::new(), Some(page));
        assert_eq!(text(&dataset, tags::IMAGE_DISPLAY_FORMAT), "STANDARD\\1,1");
        assert_eq!(text(&dataset, tags::FILM_SIZE_ID), "14INX17IN");
        assert_eq!(text(&dataset, tags::FILM_ORIENTATION), "LANDSCAPE");
        assert_eq!(text(&dataset, tags::IMAGE_BOX_POSITION), "1");
    }
}
