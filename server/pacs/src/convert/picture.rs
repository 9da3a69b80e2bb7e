//! Still pictures: one page as Secondary Capture or VL Photographic, several as Multi-frame (PS3.3 A.8, A.32.4).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use super::object::Converted;
use super::{Error, Header};

/// What samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// One sample, more is brighter.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// JPEG's luminance and colour differences: called so however many of them there are (PS3.3 C.7.6.3.1.2).
    Ybr,
}

/// A picture's pixels without their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) colour: Colour,
    /// 8 or 16.
    pub(super) bits: u16,
}

impl Form {
    pub(super) fn samples(self) -> u16 {
        if self.colour == Colour::Grey { 1 } else { 3 }
    }
}

/// Gives an object without its pixel data.
pub(super) fn begin(
    form: Form,
    pages: usize,
    icc: Option<&[u8]>,
    header: &Header,
) -> Result<Converted, Error> {
    let class = match (pages, header.is_photograph, form.colour, form.bits) {
        (1, true, _, 8) => uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
        (1, ..) => uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        (_, _, Colour::Grey, 8) => uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        (_, _, Colour::Grey, _) => uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
        _ => uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
    };
    let is_photograph = class == uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE;
    let mut object = Converted::new(class, if is_photograph { "XC" } else { "OT" }, header)?;
    if is_photograph {
        object.put(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY");
        object.put_nothing(tags::ACQUISITION_CONTEXT_SEQUENCE);
        object.put_any_region();
        object.put(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    } else {
        object.put(tags::CONVERSION_TYPE, VR::CS, "WSD");
    }
    object.put(tags::PATIENT_ORIENTATION, VR::CS, "");
    object.put(tags::LATERALITY, VR::CS, "");
    pixels(&mut object, form);
    burned_in(&mut object, header, pages > 1);
    if pages > 1 {
        frames(&mut object, form, pages);
    }
    // A profile of grey or CMYK has no place in DICOM (PS3.3 C.11.15).
    if let Some(icc) = icc.filter(|icc| form.colour != Colour::Grey && icc.get(16..20) == Some(b"RGB ")) {
        object.put_value(tags::ICC_PROFILE, VR::OB, PrimitiveValue::from(icc.to_vec()));
    }
    Ok(object)
}

/// Gives an object of native pixels, pages one after the other.
pub(super) fn native(
    form: Form,
    pages: usize,
    icc: Option<&[u8]>,
    values: Vec<u8>,
    header: &Header,
) -> Result<Vec<u8>, Error> {
    let mut object = begin(form, pages, icc, header)?;
    put_values(&mut object, form, values);
    object.native()
}

/// Sets Pixel Data to native pixels.
pub(super) fn put_values(object: &mut Converted, form: Form, mut values: Vec<u8>) {
    if form.bits == 8 {
        if values.len() % 2 == 1 {
            values.push(0);
        }
        object.put_value(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(values));
    } else {
        let words = values
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        object.put_value(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.collect()));
    }
}

/// Image Pixel (PS3.3 C.7.6.3).
pub(super) fn pixels(object: &mut Converted, form: Form) {
    let photometric = match form.colour {
        Colour::Grey => "MONOCHROME2",
        Colour::Rgb => "RGB",
        Colour::Ybr => "YBR_FULL_422",
    };
    object.put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    object.put16(tags::SAMPLES_PER_PIXEL, form.samples());
    if form.samples() == 3 {
        object.put16(tags::PLANAR_CONFIGURATION, 0);
    }
    for (tag, value) in [
        (tags::ROWS, form.rows),
        (tags::COLUMNS, form.columns),
        (tags::BITS_ALLOCATED, form.bits),
        (tags::BITS_STORED, form.bits),
        (tags::HIGH_BIT, form.bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put16(tag, value);
    }
}

/// Burned In Annotation: what nobody looked at may bear the patient's name, so where a value must be there it is YES.
pub(super) fn burned_in(object: &mut Converted, header: &Header, must_be_there: bool) {
    let value = match header.burned_in_annotation {
        Some(true) => "YES",
        Some(false) => "NO",
        None if must_be_there => "YES",
        None => return,
    };
    object.put(tags::BURNED_IN_ANNOTATION, VR::CS, value);
}

/// Multi-frame and SC Multi-frame (PS3.3 C.7.6.6, C.8.6.3, C.8.6.4): frames are pages.
fn frames(object: &mut Converted, form: Form, pages: usize) {
    object.put(tags::NUMBER_OF_FRAMES, VR::IS, &pages.to_string());
    let pointer = PrimitiveValue::Tags([tags::PAGE_NUMBER_VECTOR].into_iter().collect());
    object.put_value(tags::FRAME_INCREMENT_POINTER, VR::AT, pointer);
    let numbers = (1..=pages).map(|page| page.to_string()).collect::<Vec<_>>();
    object.put(tags::PAGE_NUMBER_VECTOR, VR::IS, &numbers.join("\\"));
    if form.colour == Colour::Grey {
        object.put(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
        object.put(tags::RESCALE_INTERCEPT, VR::DS, "0");
        object.put(tags::RESCALE_SLOPE, VR::DS, "1");
        object.put(tags::RESCALE_TYPE, VR::LO, "US");
    }
}

/// What lossy compression did before (PS3.3 C.7.6.1.1.5).
pub(super) fn lossy(object: &mut Converted, method: &str, native_bytes: u64, compressed_bytes: u64) {
    object.put(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01");
    object.put(tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, method);
    let ratio = native_bytes as f64 / compressed_bytes.max(1) as f64;
    object.put(
        tags::LOSSY_IMAGE_COMPRESSION_RATIO,
        VR::DS,
        &format!("{ratio:.2}"),
    );
}
