//! Spatial Registration Storage (PS3.3 A.39.1) and Deformable Spatial Registration Storage (A.39.2): where one series
//! lies in another.

mod grid;

use dicom_dictionary_std::{tags, uids};

use super::source_images::{image_item, put_references};
use super::{Dataset, DateTime, Error, Instance, Series, SourceImages, Study};
use crate::dicom::registration::{MatrixType, RegistrationMethod};
use crate::geometry::{Affine, Deformation, Patient, Transform};

/// What is particular to one registration.
#[derive(Debug, Clone)]
pub struct RegistrationDocument<'a> {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// Content Label: upper case, at most 16 characters.
    pub label: String,
    /// Content Description, at most 64 characters.
    pub description: String,
    /// Content Creator's Name in PN form; empty where nobody's is to be told.
    pub creator: String,
    /// The images whose frame of reference is the registered one.
    pub fixed: &'a SourceImages,
    /// The images that were registered to them.
    pub moving: &'a SourceImages,
    /// From each place of the fixed images to that of the moving ones.
    pub moving_from_fixed: Transform,
    /// What it was found by.
    pub method: RegistrationMethod,
    /// What people should know of it, such as how good it is; at most 64 characters; may be empty.
    pub comment: String,
}

/// Makes a registration: a Spatial Registration of an affine map, a Deformable Spatial Registration of one that bends.
///
/// The frame of reference of the fixed images is the registered one; the series' own is not looked at. A matrix is
/// stored as `fixed_from_moving`, in decimal strings of 16 characters: 1 m from the origin that is exact to 1e-9 mm. A
/// deformation is stored as `moving_from_fixed`, its displacements as they are.
///
/// Where both series carry one frame of reference, as when a patient moved within a scan, the items of a Spatial
/// Registration name images alone: by the frame of reference, one item would contradict the other (PS3.3 C.20.2). A
/// Deformable Spatial Registration names the moving images in any case, and applies to those only (C.20.3).
///
/// # Errors
///
/// [`Error::Invalid`] when a text is not as the document asks, the fixed images have no frame of reference, images have no UID, both are the same images,
/// the map cannot be turned round; for a deformation also when the moving images have no frame of reference, the
/// equipment lacks one of its four texts (C.7.5.2), or the grid is sheared or above 4 GiB.
pub fn registration(
    study: &Study,
    series: &Series,
    document: RegistrationDocument,
) -> Result<Instance, Error> {
    check_texts(&document)?;
    let registered = check_images(&document)?;
    let series = Series {
        frame_of_reference_uid: Some(registered.to_owned()),
        ..series.clone()
    };
    let mut dataset = series.begin(study, "REG");
    put_content(&document, &mut dataset);
    let class = match &document.moving_from_fixed {
        Transform::Affine(moving_from_fixed) => {
            put_matrices(&document, registered, moving_from_fixed, &mut dataset)?;
            uids::SPATIAL_REGISTRATION_STORAGE
        }
        Transform::Deformable(moving_from_fixed) => {
            check_equipment(&series)?;
            put_deformation(&document, moving_from_fixed, &mut dataset)?;
            uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE
        }
    };
    let named = [document.fixed, document.moving]
        .map(SourceImages::references)
        .concat();
    put_references(&mut dataset, &study.study_instance_uid, named);
    Ok(Instance::new(class, &document.sop_instance_uid, dataset))
}

fn check_texts(document: &RegistrationDocument) -> Result<(), Error> {
    let label = &document.label;
    let is_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ' || c == '_';
    if label.trim().is_empty() || label.len() > 16 || !label.chars().all(is_code) {
        let expected = "up to 16 capital letters, digits, spaces and underscores";
        return Err(Error::invalid(
            "label of a registration",
            expected,
            format!("{label:?}"),
        ));
    }
    for text in [&document.description, &document.comment] {
        let characters = text.chars().count();
        if characters > 64 || text.chars().any(|c| c == '\\' || c.is_control()) {
            let found = format!("{characters} characters");
            return Err(Error::invalid(
                "text of a registration",
                "up to 64 on one line",
                found,
            ));
        }
    }
    Ok(())
}

/// Gives the registered frame of reference.
fn check_images<'a>(document: &RegistrationDocument<'a>) -> Result<&'a str, Error> {
    for images in [document.fixed, document.moving] {
        let nameless = images
            .slices
            .iter()
            .any(|image| image.sop_instance_uid.is_empty());
        if images.slices.is_empty() || nameless {
            return Err(Error::invalid(
                "images of a registration",
                "SOP Instance UIDs",
                "none",
            ));
        }
    }
    if document.fixed.slices == document.moving.slices {
        return Err(Error::invalid("images of a registration", "two volumes", "one"));
    }
    let uid = document.fixed.frame_of_reference_uid.as_deref();
    uid.ok_or_else(|| Error::invalid("frame of reference of the fixed images", "a UID", "none"))
}

/// Enhanced General Equipment asks for all four (PS3.3 C.7.5.2).
fn check_equipment(series: &Series) -> Result<(), Error> {
    let equipment = &series.equipment;
    let texts = [
        &equipment.manufacturer,
        &equipment.model,
        &equipment.serial_number,
        &equipment.software,
    ];
    if texts.iter().any(|text| text.trim().is_empty()) {
        let expected = "manufacturer, model, serial number and software";
        return Err(Error::invalid(
            "equipment of a deformable registration",
            expected,
            format!("{texts:?}"),
        ));
    }
    Ok(())
}

fn put_content(document: &RegistrationDocument, dataset: &mut Dataset) {
    let creator = Some(document.creator.as_str()).filter(|name| !name.is_empty());
    dataset
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, document.created.date())
        .text(tags::CONTENT_TIME, document.created.time())
        .text(tags::CONTENT_LABEL, &document.label)
        .text(tags::CONTENT_DESCRIPTION, &document.description)
        .text_or_empty(tags::CONTENT_CREATOR_NAME, creator);
}

fn put_matrices(
    document: &RegistrationDocument,
    registered: &str,
    moving_from_fixed: &Affine<Patient, Patient>,
    dataset: &mut Dataset,
) -> Result<(), Error> {
    let fixed_from_moving = moving_from_fixed
        .inverse()
        .map_err(|error| Error::invalid("map of a registration", "one that can be turned round", error))?;
    let moving = document.moving.frame_of_reference_uid.as_deref();
    let by_space = moving != Some(registered);
    let item = |images: &SourceImages,
                matrix: &Affine<Patient, Patient>,
                method: RegistrationMethod,
                comment: &str| {
        let mut registration = Dataset::new();
        registration
            .code(tags::REGISTRATION_TYPE_CODE_SEQUENCE, method.code())
            .item(tags::MATRIX_SEQUENCE, matrix_item(matrix));
        put_comment(comment, &mut registration);
        let mut item = images_item(images);
        item.item(tags::MATRIX_REGISTRATION_SEQUENCE, registration);
        if let Some(uid) = images.frame_of_reference_uid.as_deref().filter(|_| by_space) {
            item.text(tags::FRAME_OF_REFERENCE_UID, uid);
        }
        item
    };
    let identity = RegistrationMethod::FrameOfReferenceIdentity;
    let items = vec![
        item(document.fixed, &Affine::identity(), identity, ""),
        item(
            document.moving,
            &fixed_from_moving,
            document.method,
            &document.comment,
        ),
    ];
    dataset.sequence(tags::REGISTRATION_SEQUENCE, items);
    Ok(())
}

fn put_deformation(
    document: &RegistrationDocument,
    moving_from_fixed: &Deformation,
    dataset: &mut Dataset,
) -> Result<(), Error> {
    moving_from_fixed
        .affine
        .inverse()
        .map_err(|error| Error::invalid("map of a registration", "one that can be turned round", error))?;
    let uid = document.moving.frame_of_reference_uid.as_deref();
    let uid =
        uid.ok_or_else(|| Error::invalid("frame of reference of the moving images", "a UID", "none"))?;
    let mut item = images_item(document.moving);
    put_comment(&document.comment, &mut item);
    // An absent matrix is the identity; readers are met that expect both to be there.
    item.text(tags::SOURCE_FRAME_OF_REFERENCE_UID, uid)
        .code(tags::REGISTRATION_TYPE_CODE_SEQUENCE, document.method.code())
        .item(
            tags::PRE_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE,
            matrix_item(&Affine::identity()),
        )
        .item(
            tags::POST_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE,
            matrix_item(&moving_from_fixed.affine),
        )
        .item(
            tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE,
            grid::item(&moving_from_fixed.field)?,
        );
    dataset.item(tags::DEFORMABLE_REGISTRATION_SEQUENCE, item);
    Ok(())
}

fn images_item(images: &SourceImages) -> Dataset {
    let images = images.image_references();
    let mut item = Dataset::new();
    item.sequence(
        tags::REFERENCED_IMAGE_SEQUENCE,
        images.iter().map(image_item).collect(),
    );
    item
}

fn put_comment(comment: &str, item: &mut Dataset) {
    if !comment.is_empty() {
        item.text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT, comment);
    }
}

/// A matrix row by row, with its type.
fn matrix_item(map: &Affine<Patient, Patient>) -> Dataset {
    let row = |n: usize| {
        [
            map.linear[(n, 0)],
            map.linear[(n, 1)],
            map.linear[(n, 2)],
            map.origin[n],
        ]
    };
    let numbers = [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]].concat();
    let mut item = Dataset::new();
    item.decimals(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, &numbers)
        .text(
            tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE,
            MatrixType::of(map).term(),
        );
    item
}

#[cfg(test)]
mod tests;
