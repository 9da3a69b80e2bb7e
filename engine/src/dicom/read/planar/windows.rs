//! The views that an object offers: its windows and VOI LUTs (PS3.3 C.11.2, C.7.6.16.2.10).

use codec::Warning;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;
use super::super::collection::Series;
use super::super::stack::Stack;
use super::curve::Curve;
use super::modality::Modality;
use super::source::Source;
use super::table::Table;
use crate::colormap::{Window, WindowFunction};

/// One way in which the maker of an image wants it seen.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedWindow {
    /// Window Center & Width Explanation (0028,1055) or LUT Explanation (0028,3003).
    pub explanation: Option<String>,
    /// How real values become grey.
    pub curve: Curve,
}

/// Gives the views of a frame, tables first: they say more than the windows that stand in for them.
pub(super) fn read(source: &mut Source<'_>, modality: &Modality) -> Vec<StatedWindow> {
    let mut views = tables(source, modality);
    let item = source.group(tags::FRAME_VOILUT_SEQUENCE).unwrap_or(source.object);
    views.extend(windows_of(item, &mut source.warnings));
    views
}

fn tables(source: &mut Source<'_>, modality: &Modality) -> Vec<StatedWindow> {
    let is_signed =
        !matches!(modality, Modality::Table(_)) && modality.gives_negative(source.stored_limits());
    let mut views = Vec::new();
    for item in source.object.items(tags::VOILUT_SEQUENCE) {
        match Table::read(item, is_signed) {
            Ok((table, remark)) => {
                if let Some(remark) = remark {
                    source.warn("voi-lut", format!("VOI LUT: {remark}"));
                }
                views.push(StatedWindow {
                    explanation: item.text(tags::LUT_EXPLANATION),
                    curve: Curve::Table(table),
                });
            }
            Err(reason) => source.warn("voi-lut", format!("VOI LUT passed over: {reason}")),
        }
    }
    views
}

/// The windows of an item that has centres and widths.
pub(in crate::dicom) fn windows_of(
    item: &InMemDicomObject,
    warnings: &mut Vec<Warning>,
) -> Vec<StatedWindow> {
    let centers = item.numbers(tags::WINDOW_CENTER);
    let widths = item.numbers(tags::WINDOW_WIDTH);
    if centers.len() != widths.len() {
        let text = format!(
            "expected as many Window Widths as Centers, found {} and {}",
            widths.len(),
            centers.len()
        );
        warnings.push(Warning::new("window", text));
    }
    let function = function(item, warnings);
    let explanations = item.texts(tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let mut views = Vec::new();
    for (index, (center, width)) in centers.into_iter().zip(widths).enumerate() {
        let Some(window) = window(warnings, center, width, function) else {
            continue;
        };
        let explanation = explanations.get(index).filter(|text| !text.is_empty());
        views.push(StatedWindow {
            explanation: explanation.cloned(),
            curve: Curve::Window(window),
        });
    }
    views
}

/// The first window that the maker of a stack's middle slice wants it seen in, of real values; none where it says none
/// that can be used.
#[must_use]
pub fn stated_window(series: &Series, stack: &Stack) -> Option<Window> {
    let at = stack.frames.get(stack.frames.len() / 2)?;
    let object = &series.instances.get(at.instance)?.data_set;
    let own = object
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .get(at.frame);
    let shared = object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let groups = [own, shared].into_iter().flatten();
    let item = groups
        .filter_map(|group| group.item(tags::FRAME_VOILUT_SEQUENCE))
        .next();
    let found = windows_of(item.unwrap_or(object), &mut Vec::new());
    found.into_iter().find_map(|window| match window.curve {
        Curve::Window(window) => Some(window),
        Curve::Table(_) => None,
    })
}

/// VOI LUT Function (0028,1056).
fn function(item: &InMemDicomObject, warnings: &mut Vec<Warning>) -> WindowFunction {
    match item.text(tags::VOILUT_FUNCTION).as_deref() {
        None | Some("LINEAR") => WindowFunction::Linear,
        Some("LINEAR_EXACT") => WindowFunction::LinearExact,
        Some("SIGMOID") => WindowFunction::Sigmoid,
        Some(_) => {
            let text =
                "expected LINEAR, LINEAR_EXACT or SIGMOID as VOI LUT Function, found another; LINEAR taken";
            warnings.push(Warning::new("voi-lut-function", text));
            WindowFunction::Linear
        }
    }
}

/// A window that can be used: a linear one narrower than 1 was meant exactly, one without width is none.
fn window(warnings: &mut Vec<Warning>, center: f64, width: f64, function: WindowFunction) -> Option<Window> {
    if width <= 0.0 {
        let text = format!("expected a Window Width above 0, found {width}; passed over");
        warnings.push(Warning::new("window", text));
        return None;
    }
    let function = if width < 1.0 && function == WindowFunction::Linear {
        let text =
            format!("expected a Window Width of at least 1 for LINEAR, found {width}; LINEAR_EXACT taken");
        warnings.push(Warning::new("window", text));
        WindowFunction::LinearExact
    } else {
        function
    };
    Some(Window {
        center,
        width,
        function,
    })
}
