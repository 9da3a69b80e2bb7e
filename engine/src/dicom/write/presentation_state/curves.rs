//! Modality, softcopy VOI and presentation lookup tables (PS3.3 C.11.1, C.11.8, C.11.6).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use super::{Dataset, Error, check_line, put_images};
use crate::colormap::{Window, WindowFunction};
use crate::dicom::ImageReference;
use crate::dicom::presentation_state::{Modality, SoftcopyWindow};
use crate::dicom::read::planar::{Curve, Table};

pub(super) fn put_modality(modality: &Modality, dataset: &mut Dataset) -> Result<(), Error> {
    match modality {
        Modality::Rescale {
            slope,
            intercept,
            kind,
        } => {
            if !slope.is_finite() || *slope == 0.0 || !intercept.is_finite() {
                let found = format!("{slope} and {intercept}");
                return Err(Error::invalid(
                    "rescale",
                    "a finite slope that is not 0, a finite intercept",
                    found,
                ));
            }
            check_line("type of a rescale", kind)?;
            // The standard asks for a type (1C); US says that it is not known.
            let kind = if kind.is_empty() { "US" } else { kind };
            dataset
                .decimals(tags::RESCALE_SLOPE, &[*slope])
                .decimals(tags::RESCALE_INTERCEPT, &[*intercept])
                .text(tags::RESCALE_TYPE, kind);
        }
        Modality::Table {
            table,
            kind,
            explanation,
        } => {
            check_line("type of a modality LUT", kind)?;
            let mut item = table_item(table, Some(explanation))?;
            item.text(tags::MODALITY_LUT_TYPE, if kind.is_empty() { "US" } else { kind });
            dataset.item(tags::MODALITY_LUT_SEQUENCE, item);
        }
    }
    Ok(())
}

pub(super) fn put_windows(
    windows: &[SoftcopyWindow],
    images: &[ImageReference],
    dataset: &mut Dataset,
) -> Result<(), Error> {
    let items = windows.iter().map(|window| window_item(window, images));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    if !items.is_empty() {
        dataset.sequence(tags::SOFTCOPY_VOILUT_SEQUENCE, items);
    }
    Ok(())
}

fn window_item(softcopy: &SoftcopyWindow, images: &[ImageReference]) -> Result<Dataset, Error> {
    let mut item = Dataset::new();
    put_images(&softcopy.images, images, &mut item)?;
    match &softcopy.view.curve {
        Curve::Table(table) => {
            let table = table_item(table, softcopy.view.explanation.as_ref())?;
            item.item(tags::VOILUT_SEQUENCE, table);
        }
        Curve::Window(window) => {
            put_window(window, softcopy.view.explanation.as_deref(), &mut item)?;
        }
    }
    Ok(item)
}

fn put_window(window: &Window, explanation: Option<&str>, item: &mut Dataset) -> Result<(), Error> {
    let function = if window.function == WindowFunction::Linear {
        "LINEAR"
    } else if window.function == WindowFunction::LinearExact {
        "LINEAR_EXACT"
    } else {
        "SIGMOID"
    };
    let narrowest = if window.function == WindowFunction::Linear {
        1.0
    } else {
        f64::MIN_POSITIVE
    };
    if !window.center.is_finite() || !window.width.is_finite() || window.width < narrowest {
        let expected = "a finite centre, a width above 0 (LINEAR: at least 1)";
        return Err(Error::invalid("window", expected, format!("{window:?}")));
    }
    item.decimals(tags::WINDOW_CENTER, &[window.center])
        .decimals(tags::WINDOW_WIDTH, &[window.width])
        .text(tags::VOILUT_FUNCTION, function);
    if let Some(explanation) = explanation.filter(|text| !text.is_empty()) {
        check_line("explanation of a window", explanation)?;
        item.text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, explanation);
    }
    Ok(())
}

/// An item of Presentation LUT Sequence: its input is from 0 on, its entries of 10 bits or more (PS3.3 C.11.6).
pub(super) fn presentation_table(table: &Table, explanation: &String) -> Result<Dataset, Error> {
    if table.first() != 0 || table.bits() < 10 {
        let found = format!("{} and {} bits", table.first(), table.bits());
        return Err(Error::invalid(
            "presentation LUT",
            "0 as first value, 10 to 16 bits",
            found,
        ));
    }
    table_item(table, Some(explanation))
}

/// A table with its descriptor, whose VR says whether the first value has a sign.
fn table_item(table: &Table, explanation: Option<&String>) -> Result<Dataset, Error> {
    // 65536 entries are written as 0 (PS3.3 C.11.1.1.1).
    let count = (table.entries().len() & 0xFFFF) as u16;
    let bits = table.bits() as u16;
    let mut item = Dataset::new();
    if let Ok(first) = u16::try_from(table.first()) {
        item.unsigned(tags::LUT_DESCRIPTOR, &[count, first, bits]);
    } else {
        let first = table.first() as i16;
        let words: [i16; 3] = [count.cast_signed(), first, bits.cast_signed()];
        item.value(
            tags::LUT_DESCRIPTOR,
            VR::SS,
            PrimitiveValue::I16(words.as_slice().into()),
        );
    }
    item.words(tags::LUT_DATA, table.entries().to_vec());
    if let Some(explanation) = explanation.filter(|text| !text.is_empty()) {
        check_line("explanation of a lookup table", explanation)?;
        item.text(tags::LUT_EXPLANATION, explanation);
    }
    Ok(item)
}
