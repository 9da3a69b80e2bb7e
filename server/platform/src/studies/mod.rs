//! Studies, as people find them: a list of those that there are for whoever asks, searched, page by page, each with the way to
//! its images; one to five are opened together (V2D-28).
//!
//! The list asks the archive as DICOMweb does: the [guard](crate::guard) says whether somebody may and which studies there are,
//! and records the look; the archive's index searches. Whether a study is published is a matter of [`crate::publishing`].

mod model;
mod pages;

#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use pacs::access::{self, Principal, Restriction};
use pacs::http::{self, App, Caller};

pub(crate) use model::{Asked, is_uid};
pub(crate) use pages::{PAGE, columns, moment, pager, row, search_form, sex_and_age, too_many};

use crate::permissions::Action;
use crate::web::Visit;
use crate::{Error, Platform, Result};

/// Studies that are opened together at most.
pub(crate) const TOGETHER: usize = 5;

/// The pages of this folder.
pub(crate) fn router(archive: &App) -> Router<Platform> {
    pages::router().with_state(archive.clone())
}

/// Whoever asks, as the archive knows them.
pub(crate) type Asking = std::result::Result<Caller, http::Error>;

/// The one question of a page about studies, asked of the archive's guard, which records the look; gives the studies that
/// there are for whoever asks.
///
/// # Errors
///
/// [`Error::SignIn`], [`Error::First`], [`Error::Forbidden`]; [`Error::NotFound`] for a study that is not there for them.
pub(crate) async fn may(
    visit: &Visit,
    asking: &Asking,
    action: access::Action,
    study_uid: Option<&str>,
) -> Result<Restriction> {
    let signed = visit.person()?;
    visit.organisation()?;
    if signed.principal(visit.is_inside()).is_none() {
        let first = signed.first(Action::StudyFind, visit.is_inside());
        return Err(first.map_or(Error::Forbidden, Error::First));
    }
    match asking {
        // A token beside the session may open less, and is not for pages.
        Ok(caller) if matches!(caller.principal, Principal::Person { .. }) => {
            Ok(caller.may(action, study_uid).await?)
        }
        _ => Err(Error::Forbidden),
    }
}
