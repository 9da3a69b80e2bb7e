//! The modules that all objects share: patient, study, series, equipment, image plane.

use dicom_dictionary_std::tags;

use super::{Code, Dataset, DateTime, Error};
use crate::dicom::read;
use crate::dicom::read::attributes::Attributes as _;
use crate::geometry::{Grid, Patient as PatientSpace, Point, Vector};

/// Specific Character Set (0008,0005): how text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CharacterSet {
    /// UTF-8, `ISO_IR 192`.
    #[default]
    Utf8,
    /// Chinese, `GB18030`.
    Gb18030,
    /// Western European, `ISO_IR 100`.
    Latin1,
}

impl CharacterSet {
    /// The defined term.
    #[must_use]
    pub const fn term(self) -> &'static str {
        match self {
            Self::Utf8 => "ISO_IR 192",
            Self::Gb18030 => "GB18030",
            Self::Latin1 => "ISO_IR 100",
        }
    }
}

/// Patient's Sex (0010,0040).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Sex {
    Male,
    Female,
    Other,
}

impl Sex {
    /// The defined term.
    #[must_use]
    pub const fn term(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
            Self::Other => "O",
        }
    }
}

/// The patient (PS3.3 C.7.1.1), with what a study says of the body (C.7.2.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Patient's Name in PN form: `Zhang^San=张^三`.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// Patient's Birth Date; its time of day is not written.
    pub birth_date: Option<DateTime>,
    /// Patient's Sex.
    pub sex: Option<Sex>,
    /// Patient's Weight, kg.
    pub weight_kg: Option<f64>,
    /// Patient's Size, m.
    pub height_m: Option<f64>,
}

/// The study (PS3.3 C.7.2) and its patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// How text is stored in all objects of the study.
    pub character_set: CharacterSet,
    /// Who was examined.
    pub patient: Patient,
    /// Study Instance UID.
    pub study_instance_uid: String,
    /// Study Date and Time; `None` for a study that does not say them.
    pub start: Option<DateTime>,
    /// Study ID, at most 16 characters.
    pub id: String,
    /// Accession Number, at most 16 characters.
    pub accession_number: String,
    /// Study Description.
    pub description: String,
}

impl Study {
    /// The study and patient of an object that was read, so that what is made of it joins the same study.
    ///
    /// Text is written as UTF-8, whatever it was read as.
    #[must_use]
    pub fn of(instance: &read::Instance) -> Self {
        let object = &instance.data_set;
        let text = |tag| object.text(tag).unwrap_or_default();
        let sex = match text(tags::PATIENT_SEX).as_str() {
            "M" => Some(Sex::Male),
            "F" => Some(Sex::Female),
            "O" => Some(Sex::Other),
            _ => None,
        };
        let birth_date = read::date_of(object, tags::PATIENT_BIRTH_DATE);
        let start = read::date_and_time(object, tags::STUDY_DATE, tags::STUDY_TIME);
        let positive = |tag| object.number(tag).filter(|number| *number > 0.0);
        Self {
            character_set: CharacterSet::Utf8,
            patient: Patient {
                name: text(tags::PATIENT_NAME),
                id: text(tags::PATIENT_ID),
                birth_date: birth_date.map(DateTime::from),
                sex,
                weight_kg: positive(tags::PATIENT_WEIGHT),
                height_m: positive(tags::PATIENT_SIZE),
            },
            study_instance_uid: instance.study_instance_uid.clone(),
            start: start.map(DateTime::from),
            id: text(tags::STUDY_ID),
            accession_number: text(tags::ACCESSION_NUMBER),
            description: text(tags::STUDY_DESCRIPTION),
        }
    }

    fn put(&self, dataset: &mut Dataset) {
        let patient = &self.patient;
        let birth_date = patient.birth_date.map(DateTime::date);
        dataset
            .text(tags::SPECIFIC_CHARACTER_SET, self.character_set.term())
            .text(tags::PATIENT_NAME, &patient.name)
            .text(tags::PATIENT_ID, &patient.id)
            .text_or_empty(tags::PATIENT_BIRTH_DATE, birth_date.as_deref())
            .text_or_empty(tags::PATIENT_SEX, patient.sex.map(Sex::term))
            .text(tags::STUDY_INSTANCE_UID, &self.study_instance_uid)
            .text_or_empty(tags::STUDY_DATE, self.start.map(DateTime::date).as_deref())
            .text_or_empty(tags::STUDY_TIME, self.start.map(DateTime::time).as_deref())
            .text(tags::STUDY_ID, &self.id)
            .text(tags::ACCESSION_NUMBER, &self.accession_number)
            .text_or_empty(
                tags::STUDY_DESCRIPTION,
                Some(&self.description)
                    .filter(|text| !text.is_empty())
                    .map(String::as_str),
            )
            .empty(tags::REFERRING_PHYSICIAN_NAME);
        if let Some(weight_kg) = patient.weight_kg {
            dataset.decimals(tags::PATIENT_WEIGHT, &[weight_kg]);
        }
        if let Some(height_m) = patient.height_m {
            dataset.decimals(tags::PATIENT_SIZE, &[height_m]);
        }
    }
}

/// What made the images (PS3.3 C.7.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Equipment {
    /// Manufacturer.
    pub manufacturer: String,
    /// Manufacturer's Model Name.
    pub model: String,
    /// Device Serial Number.
    pub serial_number: String,
    /// Software Versions.
    pub software: String,
}

/// A series (PS3.3 C.7.3) and the equipment that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Series Instance UID.
    pub series_instance_uid: String,
    /// Series Number.
    pub number: i64,
    /// Series Description.
    pub description: String,
    /// Series Date and Time.
    pub start: DateTime,
    /// Frame of Reference UID; `None` for images that lie nowhere in the patient.
    pub frame_of_reference_uid: Option<String>,
    /// Patient Position, such as `HFS`; written only with a frame of reference.
    pub patient_position: &'static str,
    /// Body Part Examined, an upper case term such as `WHOLEBODY`; empty for phantoms.
    pub body_part: &'static str,
    /// What made the images.
    pub equipment: Equipment,
}

impl Series {
    /// The attributes of the study and this series, to start an object with.
    pub(super) fn begin(&self, study: &Study, modality: &str) -> Dataset {
        let mut dataset = Dataset::new();
        study.put(&mut dataset);
        dataset
            .text(tags::MODALITY, modality)
            .text(tags::SERIES_INSTANCE_UID, &self.series_instance_uid)
            .integers(tags::SERIES_NUMBER, &[self.number])
            .text(tags::SERIES_DESCRIPTION, &self.description)
            .text(tags::SERIES_DATE, self.start.date())
            .text(tags::SERIES_TIME, self.start.time())
            .text(tags::MANUFACTURER, &self.equipment.manufacturer)
            .text(tags::MANUFACTURER_MODEL_NAME, &self.equipment.model)
            .text(tags::DEVICE_SERIAL_NUMBER, &self.equipment.serial_number)
            .text(tags::SOFTWARE_VERSIONS, &self.equipment.software);
        // Laterality is asked for (type 2C) where no body part says that there is none.
        if self.body_part.is_empty() {
            dataset.empty(tags::LATERALITY);
        } else {
            dataset.text(tags::BODY_PART_EXAMINED, self.body_part);
        }
        if let Some(uid) = &self.frame_of_reference_uid {
            dataset
                .text(tags::FRAME_OF_REFERENCE_UID, uid)
                .empty(tags::POSITION_REFERENCE_INDICATOR);
        }
        dataset
    }

    /// Sets when and where in the series an image belongs.
    pub(super) fn put_image(&self, dataset: &mut Dataset, instance_number: i64, acquired: DateTime) {
        dataset
            .integers(tags::INSTANCE_NUMBER, &[instance_number])
            .text(tags::ACQUISITION_DATE, acquired.date())
            .text(tags::ACQUISITION_TIME, acquired.time())
            .text(tags::CONTENT_DATE, acquired.date())
            .text(tags::CONTENT_TIME, acquired.time());
        if self.frame_of_reference_uid.is_some() {
            dataset.text(tags::PATIENT_POSITION, self.patient_position);
        }
    }
}

/// Says how the patient lies, in codes (PS3.3 C.8.4.6): on the back, head first.
///
/// Objects of nuclear medicine carry these in the place of Patient Position.
pub(super) fn put_patient_orientation(dataset: &mut Dataset) {
    let mut recumbent = Code::new("102538003", "SCT", "recumbent").item();
    recumbent.code(
        tags::PATIENT_ORIENTATION_MODIFIER_CODE_SEQUENCE,
        Code::new("40199007", "SCT", "supine"),
    );
    dataset
        .remove(tags::PATIENT_POSITION)
        .item(tags::PATIENT_ORIENTATION_CODE_SEQUENCE, recumbent)
        .code(
            tags::PATIENT_GANTRY_RELATIONSHIP_CODE_SEQUENCE,
            Code::new("102540008", "SCT", "headfirst"),
        );
}

/// Distance of neighbouring slices along their normal, mm; of uneven stacks the median.
pub(super) fn slice_spacing_mm(grid: &Grid) -> f64 {
    grid.spacing_mm()[2] * grid.shear_rad().cos()
}

/// Where an image lies (PS3.3 C.7.6.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImagePlane {
    /// Image Position (Patient): the centre of the first pixel, LPS in mm.
    pub position: Point<PatientSpace>,
    /// Direction in which columns count up, of length 1.
    pub row_direction: Vector<PatientSpace>,
    /// Direction in which rows count up, of length 1.
    pub column_direction: Vector<PatientSpace>,
    /// Distance between rows, then between columns, mm.
    pub pixel_spacing_mm: [f64; 2],
    /// Slice Thickness, mm.
    pub slice_thickness_mm: f64,
}

impl ImagePlane {
    /// Where slice `k` of a grid lies; as thick as slices are apart.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when rows and columns of the grid are not at right angles: no image can say that.
    pub fn of(grid: &Grid, k: usize) -> Result<Self, Error> {
        const RIGHT_ANGLE: f64 = 1e-4;
        let (row_direction, column_direction) = (grid.row_direction(), grid.column_direction());
        let cosine = row_direction.dot(column_direction);
        if cosine.abs() > RIGHT_ANGLE {
            let found = format!("a cosine of {cosine:.4}");
            return Err(Error::invalid(
                "angle of rows and columns",
                "a right angle",
                found,
            ));
        }
        let [between_columns, between_rows, _] = grid.spacing_mm();
        Ok(Self {
            position: grid.patient(Point::new(0.0, 0.0, k as f64)),
            row_direction,
            column_direction,
            pixel_spacing_mm: [between_rows, between_columns],
            slice_thickness_mm: slice_spacing_mm(grid),
        })
    }

    /// Image Orientation (Patient): row direction, column direction.
    #[must_use]
    pub fn orientation(&self) -> [f64; 6] {
        let (row, column) = (self.row_direction, self.column_direction);
        [row[0], row[1], row[2], column[0], column[1], column[2]]
    }

    pub(super) fn put(&self, dataset: &mut Dataset) {
        let position = [self.position[0], self.position[1], self.position[2]];
        dataset
            .decimals(tags::IMAGE_POSITION_PATIENT, &position)
            .decimals(tags::IMAGE_ORIENTATION_PATIENT, &self.orientation())
            .decimals(tags::PIXEL_SPACING, &self.pixel_spacing_mm)
            .decimals(tags::SLICE_THICKNESS, &[self.slice_thickness_mm]);
    }
}
