//! WADO-URI (PS3.18 9): one object by the parameters of one address.

use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{self, Asking};
use super::find::{self, Address, target};
use super::instances;
use super::render;
use crate::access::Action;
use crate::dicomweb::accept::{Accept, Offer};
use crate::dicomweb::parameters::parameters;
use crate::http::{App, Caller, Error, Result};
use crate::transcode;

const DICOM: &str = "application/dicom";

/// What an object can be given as, the preferred first.
pub(crate) const OFFERS: [Offer; 3] = [
    Offer::single(DICOM),
    Offer::single("image/jpeg"),
    Offer::single("image/png"),
];

/// Answers a request.
pub(super) async fn retrieve(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
) -> Result<Response> {
    let query = parameters(query)?;
    let value = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let needed = |name: &'static str| {
        value(name).ok_or_else(|| Error::BadRequest(format!("expected the parameter {name}")))
    };
    if !needed("requestType")?.eq_ignore_ascii_case("WADO") {
        return Err(Error::BadRequest("expected WADO as requestType".to_owned()));
    }
    let address = Address::of(
        needed("studyUID")?,
        Some(needed("seriesUID")?),
        Some(needed("objectUID")?),
    )?;
    let is_original = find::is_original(&query)?;
    // Without contentType the header says, and without that it is the object.
    let accept = Accept::of(headers, value("contentType"));
    let chosen = accept.choose(&OFFERS).map(|offer| offer.media_type);
    let look = match chosen {
        Some(DICOM) => Action::Export,
        _ => Action::Retrieve,
    };
    let action = if is_original { Action::Correct } else { look };
    caller.may_and_look(action, look, Some(&address.study)).await?;
    if value("anonymize").is_some() {
        return Err(Error::NotOffered("anonymize"));
    }
    let mut target = target(app, &address).await?;
    let asking = Asking {
        app,
        headers,
        accept: &accept,
        base: "",
    };
    match chosen {
        Some(DICOM) => {
            let stored = target.transfer_syntax_uid.clone();
            let syntax = value("transferSyntax").unwrap_or(&stored);
            if !transcode::is_possible(&stored, syntax) {
                return Err(Error::NotAcceptable(format!("{DICOM} in {stored}")));
            }
            if !is_original {
                find::correct(app, &address, std::slice::from_mut(&mut target)).await?;
            }
            let etag = answer::etag(&["uri", &target.version(), syntax]);
            if let Some(known) = asking.known(&etag) {
                return Ok(known);
            }
            instances::single(asking, &etag, target, syntax).await
        }
        Some(_) => {
            let frame = value("frameNumber").map_or(Some(1), |number| number.parse().ok());
            let frame = frame.filter(|frame| *frame > 0);
            let frame = frame.ok_or_else(|| Error::BadRequest("expected a frame's number".to_owned()))?;
            render::retrieve(asking, &query, target, frame, false).await
        }
        None => Err(Error::NotAcceptable(
            OFFERS.map(|offer| offer.to_string()).join(", "),
        )),
    }
}
