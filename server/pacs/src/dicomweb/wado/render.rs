//! Rendered images and thumbnails, by whoever draws.

use axum::response::Response;

use super::answer::{self, Asking};
use super::find::Target;
use crate::dicomweb::accept::Offer;
use crate::dicomweb::rendered::{RenderError, RenderRequest};
use crate::http::{Error, Result};

/// What images can be given as, the preferred first.
pub(crate) const OFFERS: [Offer; 2] = [Offer::single("image/jpeg"), Offer::single("image/png")];

/// Pixels of a side at most.
const MAX_SIDE: u32 = 8192;

/// Sides of a thumbnail that asks for none.
const THUMBNAIL: u32 = 200;

/// Largest object that is drawn: it is in memory then.
const MAX_OBJECT_BYTES: u64 = 1 << 30;

/// Draws one frame of an object.
pub(super) async fn retrieve(
    asking: Asking<'_>,
    query: &[(String, String)],
    target: Target,
    frame: u32,
    is_thumbnail: bool,
) -> Result<Response> {
    let renderer = asking.app.renderer().ok_or(Error::NotOffered("rendering"))?;
    let chosen = asking.choose(&OFFERS)?;
    let mut request = RenderRequest {
        object: bytes::Bytes::new(),
        frame,
        media_type: chosen.media_type,
        viewport: is_thumbnail.then_some((THUMBNAIL, THUMBNAIL)),
        window: None,
        quality: None,
    };
    for (name, value) in query {
        parameter(&mut request, name, value)?;
    }
    let what = format!("{} {} {request:?}", target.hash, chosen.media_type);
    let etag = answer::etag(&[&what]);
    if let Some(known) = asking.known(&etag) {
        return Ok(known);
    }
    let storage = asking.app.archive().storage();
    request.object = storage.read(target.hash, MAX_OBJECT_BYTES).await?;
    let image = renderer.render(request).await.map_err(|error| match error {
        RenderError::NotDrawable(_) => Error::NotAcceptable(error.to_string()),
        RenderError::Failed => Error::Internal,
    })?;
    asking.bytes(&etag, chosen.media_type, image).await
}

/// Reads a parameter of PS3.18 8.3.5; others are not ours to judge.
fn parameter(request: &mut RenderRequest, name: &str, value: &str) -> Result<()> {
    let invalid = || Error::BadRequest(format!("parameter {name} is not understood"));
    match name {
        "viewport" => {
            let mut sides = value.split(',').map(|side| side.trim().parse::<u32>().ok());
            let side = |found: Option<Option<u32>>| {
                found
                    .flatten()
                    .filter(|side| (1..=MAX_SIDE).contains(side))
                    .ok_or_else(invalid)
            };
            request.viewport = Some((side(sides.next())?, side(sides.next())?));
        }
        "window" => {
            let mut parts = value.split(',');
            let number = |text: Option<&str>| {
                text.and_then(|text| text.trim().parse::<f64>().ok())
                    .filter(|number| number.is_finite())
                    .ok_or_else(invalid)
            };
            let (centre, width) = (number(parts.next())?, number(parts.next())?);
            if width < 1.0 {
                return Err(invalid());
            }
            request.window = Some((centre, width));
        }
        "quality" => {
            let quality = value.parse().ok().filter(|quality| (1..=100).contains(quality));
            request.quality = Some(quality.ok_or_else(invalid)?);
        }
        _ => {}
    }
    Ok(())
}
