//! Who or what observed (PS3.16 TID 1002).

use super::content::{self, Relationship};
use super::{Code, Dataset};
use crate::dicom::measurement_report::Observer;

pub(super) fn observer(observer: &Observer) -> Vec<Dataset> {
    const TYPE: Code = Code::new("121005", "DCM", "Observer Type");
    const CONTEXT: Relationship = Relationship::HasObsContext;
    let kind = |code: Code| content::code(CONTEXT, &TYPE, &code);
    let text = |value: &'static str, meaning, text: &Option<String>| {
        let name = Code::new(value, "DCM", meaning);
        text.as_ref().map(|text| content::text(CONTEXT, &name, text))
    };
    match observer {
        Observer::Person { name, organization } => {
            let named = content::person(CONTEXT, &Code::new("121008", "DCM", "Person Observer Name"), name);
            [kind(Code::new("121006", "DCM", "Person")), named]
                .into_iter()
                .chain(text(
                    "121009",
                    "Person Observer's Organization Name",
                    organization,
                ))
                .collect()
        }
        Observer::Device {
            uid,
            name,
            manufacturer,
            model,
            serial_number,
        } => {
            let named = content::uid(CONTEXT, &Code::new("121012", "DCM", "Device Observer UID"), uid);
            [kind(Code::new("121007", "DCM", "Device")), named]
                .into_iter()
                .chain(text("121013", "Device Observer Name", name))
                .chain(text("121014", "Device Observer Manufacturer", manufacturer))
                .chain(text("121015", "Device Observer Model Name", model))
                .chain(text("121016", "Device Observer Serial Number", serial_number))
                .collect()
        }
    }
}
