//! Overlays of images that are shown or hidden (PS3.3 C.11.7).

use dicom_core::{PrimitiveValue, Tag, VR};

use super::{Dataset, Error, layout};
use crate::dicom::presentation_state::{ActiveOverlay, Layout};

pub(super) fn put(overlays: &[ActiveOverlay], of: &Layout, dataset: &mut Dataset) -> Result<(), Error> {
    let layers: Vec<&str> = of.layers.iter().map(|layer| layer.name.as_str()).collect();
    for overlay in overlays {
        if overlay.group % 2 != 0 || !(0x6000..=0x601E).contains(&overlay.group) {
            let found = format!("{:04X}", overlay.group);
            return Err(Error::invalid(
                "group of an overlay",
                "an even one from 6000 to 601E",
                found,
            ));
        }
        if let Some(layer) = &overlay.layer {
            layout::check_layer(layer, &layers)?;
        }
        let layer = overlay.layer.clone();
        let value = layer.map_or(PrimitiveValue::Empty, PrimitiveValue::Str);
        dataset.value(Tag(overlay.group, 0x1001), VR::CS, value);
    }
    Ok(())
}
