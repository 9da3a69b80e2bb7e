//! Rendered resources of DICOMweb (PS3.18 8.3.5): a frame as its maker meant it, or in a window that was asked for.

use bytes::Bytes;
use codec::dataset::{Limits, read as parse};
use engine::colormap::{Window, WindowFunction};
use engine::dicom::read::planar::{Curve, Pixels, Planar};
use engine::dicom::read::{InMemory, Instance, with_pixels};
use image::imageops::{FilterType, resize};
use image::{ImageEncoder as _, RgbImage};
use pacs::dicomweb::rendered::{RenderError, RenderFrame, RenderRequest};
use pacs::events::Boxed;

/// Grey that overlays are drawn in.
const OVERLAY: u8 = 255;
/// Quality where none is asked for.
const QUALITY: u8 = 90;

/// Draws single frames.
#[derive(Debug)]
pub struct Frames;

impl RenderFrame for Frames {
    fn render(&self, request: RenderRequest) -> Boxed<'_, Result<Bytes, RenderError>> {
        Box::pin(async move {
            let drawn = tokio::task::spawn_blocking(move || draw(&request)).await;
            drawn.map_err(|_| RenderError::Failed)?
        })
    }
}

fn draw(request: &RenderRequest) -> Result<Bytes, RenderError> {
    let refused = |error: String| RenderError::NotDrawable(error);
    let object = parse(&request.object, Limits::default()).map_err(|error| refused(error.to_string()))?;
    let instance = Instance::new(0, object);
    let frame = request.frame.saturating_sub(1) as usize;
    if frame >= instance.frames.len() {
        let found = format!(
            "expected a frame of 1 to {}, found {}",
            instance.frames.len(),
            request.frame
        );
        return Err(refused(found));
    }
    let objects = [&request.object[..]];
    let read = with_pixels(&instance, &InMemory(&objects), &mut Vec::new(), |pixels| {
        Planar::read(&instance, frame, pixels)
    });
    let ((planar, _), _) = read.map_err(|error| refused(error.to_string()))?;
    let window = request.window.map(|(center, width)| {
        Curve::Window(Window {
            center,
            width,
            function: WindowFunction::Linear,
        })
    });
    let mut picture = planar.display(window.as_ref());
    for overlay in planar.overlays() {
        picture.burn(overlay, OVERLAY);
    }
    let rgb = match picture.pixels {
        Pixels::Grey(grey) => grey.iter().flat_map(|level| [*level; 3]).collect(),
        Pixels::Rgb(rgb) => rgb,
    };
    let image = RgbImage::from_raw(picture.width, picture.height, rgb).ok_or(RenderError::Failed)?;
    let image = match request.viewport {
        None => image,
        Some(room) => fitted(image, room),
    };
    encoded(&image, request)
}

/// Within so many columns and rows, as large as they allow.
fn fitted(image: RgbImage, (columns, rows): (u32, u32)) -> RgbImage {
    let [width, height] = [image.width(), image.height()].map(f64::from);
    let factor = (f64::from(columns) / width).min(f64::from(rows) / height);
    let side = |side: f64, most: u32| ((side * factor).round() as u32).clamp(1, most.max(1));
    resize(
        &image,
        side(width, columns),
        side(height, rows),
        FilterType::Triangle,
    )
}

fn encoded(image: &RgbImage, request: &RenderRequest) -> Result<Bytes, RenderError> {
    let mut bytes = Vec::new();
    let (width, height, color) = (image.width(), image.height(), image::ExtendedColorType::Rgb8);
    let written = if request.media_type == "image/png" {
        image::codecs::png::PngEncoder::new(&mut bytes).write_image(image, width, height, color)
    } else {
        let quality = request.quality.unwrap_or(QUALITY);
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
        encoder.write_image(image, width, height, color)
    };
    written.map_err(|_| RenderError::Failed)?;
    Ok(bytes.into())
}
