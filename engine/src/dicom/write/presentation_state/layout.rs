//! Displayed areas, turns, layers and what is drawn in them (PS3.3 C.10.4 to C.10.7).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use super::{Dataset, Error, check_line, check_term, put_floats, put_images};
use crate::dicom::ImageReference;
use crate::dicom::presentation_state::{
    Anchor, Annotation, DisplayedArea, Graphic, GraphicLayer, Justification, Layout, PixelShape, Scaling,
    Shape, Text, TextBox, Tracking, Units,
};

pub(super) fn put(layout: &Layout, images: &[ImageReference], dataset: &mut Dataset) -> Result<(), Error> {
    if layout.areas.is_empty() {
        return Err(Error::invalid("displayed areas", "at least one", "none"));
    }
    let areas = layout.areas.iter().map(|item| area(item, images));
    dataset.sequence(
        tags::DISPLAYED_AREA_SELECTION_SEQUENCE,
        areas.collect::<Result<_, _>>()?,
    );
    if layout.orientation != Default::default() {
        let flip = if layout.orientation.is_mirrored { "Y" } else { "N" };
        dataset
            .unsigned(tags::IMAGE_ROTATION, &[layout.orientation.turns.degrees()])
            .text(tags::IMAGE_HORIZONTAL_FLIP, flip);
    }
    let names: Vec<&str> = layout.layers.iter().map(|layer| layer.name.as_str()).collect();
    let annotations = layout
        .annotations
        .iter()
        .map(|item| annotation(item, images, &names));
    let annotations: Vec<Dataset> = annotations.collect::<Result<_, _>>()?;
    if !annotations.is_empty() {
        dataset.sequence(tags::GRAPHIC_ANNOTATION_SEQUENCE, annotations);
    }
    let layers: Vec<Dataset> = layout.layers.iter().map(layer).collect::<Result<_, _>>()?;
    if !layers.is_empty() {
        dataset.sequence(tags::GRAPHIC_LAYER_SEQUENCE, layers);
    }
    Ok(())
}

/// A layer must be described where it is used (PS3.3 C.10.7).
pub(super) fn check_layer(layer: &str, known: &[&str]) -> Result<(), Error> {
    if known.contains(&layer) {
        return Ok(());
    }
    Err(Error::invalid(
        "graphic layer",
        "one of the state's layers",
        layer,
    ))
}

fn area(area: &DisplayedArea, images: &[ImageReference]) -> Result<Dataset, Error> {
    let mut item = Dataset::new();
    put_images(&area.images, images, &mut item)?;
    let corner = |at: [i32; 2]| PrimitiveValue::I32(at.as_slice().into());
    item.value(
        tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER,
        VR::SL,
        corner(area.top_left),
    )
    .value(
        tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER,
        VR::SL,
        corner(area.bottom_right),
    );
    let mode = match area.scaling {
        Scaling::ScaleToFit => "SCALE TO FIT",
        Scaling::TrueSize => "TRUE SIZE",
        Scaling::Magnify(ratio) if ratio > 0.0 => {
            put_floats(&mut item, tags::PRESENTATION_PIXEL_MAGNIFICATION_RATIO, &[ratio])?;
            "MAGNIFY"
        }
        Scaling::Magnify(ratio) => return Err(Error::invalid("magnification", "more than 0", ratio)),
    };
    item.text(tags::PRESENTATION_SIZE_MODE, mode);
    match area.pixel {
        Some(PixelShape::SpacingMm(spacing_mm))
            if spacing_mm.iter().all(|mm| *mm > 0.0 && mm.is_finite()) =>
        {
            item.decimals(tags::PRESENTATION_PIXEL_SPACING, &spacing_mm);
        }
        Some(PixelShape::AspectRatio(ratio)) if !ratio.contains(&0) && area.scaling != Scaling::TrueSize => {
            item.integers(tags::PRESENTATION_PIXEL_ASPECT_RATIO, &ratio.map(i64::from));
        }
        other => {
            let expected = "a positive spacing, or a ratio where nothing is shown in true size";
            return Err(Error::invalid(
                "pixels of a displayed area",
                expected,
                format!("{other:?}"),
            ));
        }
    }
    Ok(item)
}

fn layer(layer: &GraphicLayer) -> Result<Dataset, Error> {
    check_term("graphic layer", &layer.name)?;
    check_line("description of a graphic layer", &layer.description)?;
    let mut item = Dataset::new();
    item.text(tags::GRAPHIC_LAYER, &layer.name)
        .integers(tags::GRAPHIC_LAYER_ORDER, &[layer.order.into()]);
    if !layer.description.is_empty() {
        item.text(tags::GRAPHIC_LAYER_DESCRIPTION, &layer.description);
    }
    if let Some(grey) = layer.grey {
        item.unsigned(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE, &[grey]);
    }
    if let Some(colour) = layer.colour {
        item.unsigned(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE, &colour.0);
    }
    Ok(item)
}

fn annotation(annotation: &Annotation, images: &[ImageReference], layers: &[&str]) -> Result<Dataset, Error> {
    check_layer(&annotation.layer, layers)?;
    if annotation.graphics.is_empty() && annotation.texts.is_empty() {
        return Err(Error::invalid("annotation", "a graphic or a text", "neither"));
    }
    let mut item = Dataset::new();
    put_images(&annotation.images, images, &mut item)?;
    item.text(tags::GRAPHIC_LAYER, &annotation.layer);
    let graphics: Vec<Dataset> = annotation
        .graphics
        .iter()
        .map(graphic)
        .collect::<Result<_, _>>()?;
    if !graphics.is_empty() {
        item.sequence(tags::GRAPHIC_OBJECT_SEQUENCE, graphics);
    }
    let texts: Vec<Dataset> = annotation.texts.iter().map(text).collect::<Result<_, _>>()?;
    if !texts.is_empty() {
        item.sequence(tags::TEXT_OBJECT_SEQUENCE, texts);
    }
    Ok(item)
}

const fn units(units: Units) -> &'static str {
    match units {
        Units::Pixel => "PIXEL",
        Units::Display => "DISPLAY",
    }
}

fn graphic(graphic: &Graphic) -> Result<Dataset, Error> {
    let points = graphic.shape.points();
    let is_line = matches!(graphic.shape, Shape::Polyline(_) | Shape::Interpolated(_));
    let count = u16::try_from(points.len()).ok();
    let Some(count) = count.filter(|count| !is_line || *count >= 2) else {
        let found = points.len();
        return Err(Error::invalid("points of a graphic", "2 to 65535", found));
    };
    let is_closed = graphic.shape.is_closed();
    if graphic.is_filled && !is_closed {
        return Err(Error::invalid(
            "filled graphic",
            "a closed one",
            graphic.shape.term(),
        ));
    }
    let mut item = Dataset::new();
    item.text(tags::GRAPHIC_ANNOTATION_UNITS, units(graphic.units))
        .unsigned(tags::GRAPHIC_DIMENSIONS, &[2])
        .unsigned(tags::NUMBER_OF_GRAPHIC_POINTS, &[count])
        .text(tags::GRAPHIC_TYPE, graphic.shape.term());
    put_floats(&mut item, tags::GRAPHIC_DATA, points.as_flattened())?;
    put_tracking(graphic.tracking.as_ref(), &mut item)?;
    if is_closed {
        item.text(tags::GRAPHIC_FILLED, if graphic.is_filled { "Y" } else { "N" });
    }
    Ok(item)
}

fn put_tracking(tracking: Option<&Tracking>, item: &mut Dataset) -> Result<(), Error> {
    let Some(tracking) = tracking else {
        return Ok(());
    };
    if tracking.id.trim_end().is_empty() || tracking.id.ends_with([' ', '\0']) || tracking.uid.is_empty() {
        return Err(Error::invalid(
            "tracking of an annotation",
            "an ID and a UID",
            "none",
        ));
    }
    item.text(tags::TRACKING_ID, &tracking.id)
        .text(tags::TRACKING_UID, &tracking.uid);
    Ok(())
}

fn text(text: &Text) -> Result<Dataset, Error> {
    let characters = text.text.chars().count();
    let is_control = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\x0C');
    let is_padded = text.text.ends_with([' ', '\0']);
    if !(1..=1024).contains(&characters) || text.text.chars().any(is_control) || is_padded {
        let found = format!("{characters} characters");
        return Err(Error::invalid(
            "text",
            "1 to 1024 printable characters, no space at the end",
            found,
        ));
    }
    if text.bounds.is_none() && text.anchor.is_none() {
        return Err(Error::invalid("text", "a box or an anchor", "neither"));
    }
    let mut item = Dataset::new();
    item.text(tags::UNFORMATTED_TEXT_VALUE, &text.text);
    put_tracking(text.tracking.as_ref(), &mut item)?;
    if let Some(bounds) = &text.bounds {
        put_bounds(bounds, &mut item)?;
    }
    if let Some(Anchor {
        units: of,
        point,
        is_visible,
    }) = text.anchor
    {
        item.text(tags::ANCHOR_POINT_ANNOTATION_UNITS, units(of))
            .text(tags::ANCHOR_POINT_VISIBILITY, if is_visible { "Y" } else { "N" });
        put_floats(&mut item, tags::ANCHOR_POINT, &point)?;
    }
    Ok(item)
}

fn put_bounds(bounds: &TextBox, item: &mut Dataset) -> Result<(), Error> {
    let justification = match bounds.justification {
        Some(Justification::Left) => "LEFT",
        Some(Justification::Right) => "RIGHT",
        Some(Justification::Center) => "CENTER",
        None => return Err(Error::invalid("box of a text", "a justification", "none")),
    };
    item.text(tags::BOUNDING_BOX_ANNOTATION_UNITS, units(bounds.units))
        .text(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION, justification);
    put_floats(item, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, &bounds.top_left)?;
    put_floats(
        item,
        tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER,
        &bounds.bottom_right,
    )
}
