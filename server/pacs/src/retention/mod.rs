//! How long studies are kept, and the only way on which an object is removed for good.
//!
//! Out-patients' studies are kept 15 years and in-patients' 30, counted from the study date or the last receipt, whichever is
//! later; a site may keep longer, never shorter. What the archive was not told of a visit is an in-patient's: the longer time
//! is never guessed away. Removed is only what is expired, rejected with "Data Retention Policy Expired", and not on legal
//! hold; a row says so before the file goes and after, so that a restart finishes what a crash cut off. Merely expired studies
//! are listed and stay.
//!
//! ```text
//! GET    /archive/expired?after=&limit=   studies whose time is over
//! GET    /archive/holds?study=&after=&limit=
//! POST   /archive/holds                   {"study": UID, "reason": "..."}
//! DELETE /archive/holds/{id}              lifts one
//! PUT    /archive/visits/{study}          "out-patient" | "in-patient"
//! POST   /archive/removals                {"study": UID}: removes what may be
//! ```

mod http;
mod store;

#[cfg(test)]
mod tests;

pub use http::router;

use crate::deidentify::dates;
use crate::index::{self, Index, Page, Restriction};
use crate::services::Archive;
use crate::storage::{self, Hash};

/// Years that the law wants at least.
const FLOOR_OUT_PATIENT_YEARS: u32 = 15;
const FLOOR_IN_PATIENT_YEARS: u32 = 30;

/// Why nothing was decided or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A policy below the floor.
    #[error("{class} studies must be kept at least {floor} years, found {found}")]
    TooShort {
        /// Which studies.
        class: &'static str,
        /// The floor.
        floor: u32,
        /// What was asked for.
        found: u32,
    },
    /// The study's time is not over.
    #[error("the study is not expired")]
    NotExpired,
    /// Somebody holds the study.
    #[error("the study is on legal hold")]
    OnHold,
    /// Nothing of the study is rejected because its time is over.
    #[error("nothing of the study is rejected with 113039, Data Retention Policy Expired")]
    NotRejected,
    /// There is no such study, or no such hold.
    #[error("no such study or hold")]
    NoSuch,
    /// A hold says why.
    #[error("expected a reason, found none")]
    NoReason,
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        Self::Index(error.into())
    }
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How long studies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    out_patient_years: u32,
    in_patient_years: u32,
}

impl Default for Policy {
    /// The floor.
    fn default() -> Self {
        Self {
            out_patient_years: FLOOR_OUT_PATIENT_YEARS,
            in_patient_years: FLOOR_IN_PATIENT_YEARS,
        }
    }
}

impl Policy {
    /// A site's own policy.
    ///
    /// # Errors
    ///
    /// [`Error::TooShort`] below the floor of 15 and 30 years.
    pub fn new(out_patient_years: u32, in_patient_years: u32) -> Result<Self> {
        for (class, floor, found) in [
            ("out-patients'", FLOOR_OUT_PATIENT_YEARS, out_patient_years),
            ("in-patients'", FLOOR_IN_PATIENT_YEARS, in_patient_years),
        ] {
            if found < floor {
                return Err(Error::TooShort { class, floor, found });
            }
        }
        Ok(Self {
            out_patient_years,
            in_patient_years,
        })
    }

    fn years(self, class: Class) -> u32 {
        match class {
            Class::OutPatient => self.out_patient_years,
            Class::InPatient => self.in_patient_years,
        }
    }
}

/// What kind of visit a study was made at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The patient came and went.
    OutPatient,
    /// The patient stayed; also whatever is not known.
    InPatient,
}

impl Class {
    /// The word of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutPatient => "out-patient",
            Self::InPatient => "in-patient",
        }
    }

    /// Reads [`Class::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::OutPatient, Self::InPatient]
            .into_iter()
            .find(|class| class.as_str() == text)
    }
}

/// A study, and until when it has to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Study Instance UID.
    pub study_uid: String,
    /// The last day on which it has to be kept, as YYYYMMDD.
    pub until: String,
    /// What is known of the visit.
    pub class: Class,
    /// Whether somebody holds it.
    pub is_held: bool,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The study.
    pub study_uid: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// When it was lifted, and by whom.
    pub lifted: Option<(i64, String)>,
}

/// Until when a study is kept, as YYYYMMDD: years after its date or last receipt, whichever is later.
fn until(study_date: &str, received_ns: i64, years: u32) -> String {
    let received = day(received_ns);
    let is_date = study_date.len() == 8 && study_date.bytes().all(|byte| byte.is_ascii_digit());
    let from = if is_date && *study_date > *received {
        study_date
    } else {
        &received
    };
    let year: u32 = from[..4].parse().unwrap_or(u32::MAX / 2);
    // 29 February becomes a day that never comes before 1 March.
    // Days are compared as text: a date beyond all years stays of eight digits, and so the latest.
    format!("{:04}{}", year.saturating_add(years).min(9999), &from[4..])
}

/// The day of a moment (UTC), as YYYYMMDD.
fn day(at_ns: i64) -> String {
    let (year, month, day) = dates::date_since_1970(at_ns.div_euclid(86_400_000_000_000));
    format!("{year:04}{month:02}{day:02}")
}

/// Gives a page of the studies whose time is over, of those that are there for somebody, each with its number, in the order they came in; held ones too, which say so.
///
/// # Errors
///
/// [`Error::Index`].
pub async fn expired(
    index: &Index,
    policy: Policy,
    within: &Restriction,
    now_ns: i64,
    page: Page,
) -> Result<Vec<(i64, Kept)>> {
    let today = day(now_ns);
    let (mut found, mut after) = (Vec::new(), page.after);
    while found.len() < page.limit as usize {
        let some = store::studies(index, policy, within, after).await?;
        let Some((last, _)) = some.last() else {
            break;
        };
        after = *last;
        found.extend(some.into_iter().filter(|(_, kept)| kept.until < today));
    }
    found.truncate(page.limit as usize);
    Ok(found)
}

/// Gives how many studies with images of a device must be kept, because their time is not over or somebody holds them; those
/// that were rejected too, which are kept as long. A device is known by what its images have as Station Name (0008,1010).
///
/// # Errors
///
/// [`Error::Index`].
pub async fn retained(
    index: &Index,
    policy: Policy,
    stations: &[String],
    within: &Restriction,
    now_ns: i64,
) -> Result<u64> {
    let today = day(now_ns);
    let (mut count, mut after) = (0, 0);
    while !stations.is_empty() {
        let some = store::of_stations(index, policy, stations, within, after).await?;
        let Some((last, _)) = some.last() else {
            break;
        };
        after = *last;
        let must = some
            .iter()
            .filter(|(_, kept)| kept.is_held || kept.until >= today);
        count += must.count() as u64;
    }
    Ok(count)
}

/// Puts a study on hold: nothing of it is removed until the hold is lifted.
///
/// # Errors
///
/// [`Error::NoSuch`], [`Error::NoReason`], [`Error::Index`].
pub async fn hold(index: &Index, study_uid: &str, reason: &str, actor: &str, at_ns: i64) -> Result<i64> {
    if reason.trim().is_empty() {
        return Err(Error::NoReason);
    }
    store::hold(index, study_uid, reason, actor, at_ns).await
}

/// Lifts a hold.
///
/// # Errors
///
/// [`Error::NoSuch`], [`Error::Index`].
pub async fn lift(index: &Index, id: i64, actor: &str, at_ns: i64) -> Result<()> {
    store::lift(index, id, actor, at_ns).await
}

/// Gives a page of the holds that are there for somebody, lifted ones too: of one study, or all.
///
/// # Errors
///
/// [`Error::Index`].
pub async fn holds(
    index: &Index,
    study_uid: Option<&str>,
    within: &Restriction,
    page: Page,
) -> Result<Vec<Hold>> {
    store::holds(index, study_uid, within, page).await
}

/// Tells the archive at what kind of visit a study was made.
///
/// # Errors
///
/// [`Error::Index`].
pub async fn tell_visit(index: &Index, study_uid: &str, class: Class, actor: &str, at_ns: i64) -> Result<()> {
    store::tell_visit(index, study_uid, class, actor, at_ns).await
}

/// Removes for good what may be removed of a study; gives the objects that are gone.
///
/// # Errors
///
/// [`Error::NotExpired`], [`Error::OnHold`], [`Error::NotRejected`], [`Error::NoSuch`]: nothing was removed. With
/// [`Error::Storage`] objects are out of the index, and [`finish_removals`] removes their files.
pub async fn remove(
    archive: &Archive,
    policy: Policy,
    study_uid: &str,
    actor: &str,
    now_ns: i64,
) -> Result<Vec<Hash>> {
    let marked = store::mark(archive.index(), policy, study_uid, actor, now_ns).await?;
    finish_removals(archive, now_ns).await?;
    Ok(marked)
}

/// Whether an object's file may go now, for the tests of the index.
#[cfg(test)]
pub(crate) async fn may_go(index: &Index, id: i64, hash: Hash) -> bool {
    store::may_go(index, id, hash, 2).await.unwrap()
}

/// Removes the files of objects that are marked as being removed: to be called at the start, before anything is received.
/// Gives how many were.
///
/// # Errors
///
/// [`Error::Index`], [`Error::Storage`]: what is left is finished by the next call.
pub async fn finish_removals(archive: &Archive, now_ns: i64) -> Result<usize> {
    let removing = archive.index().removing().await?;
    for (id, hash) in &removing {
        // Nothing is between storage and index meanwhile: bytes that come again are seen in the index, or come after.
        let _alone = archive.ingest().alone().await;
        // Received again before its file was gone: it is a new object, and stays.
        if !store::may_go(archive.index(), *id, *hash, now_ns).await? {
            continue;
        }
        if let Some(cold) = archive.storage().cold() {
            cold.remove(*hash).await?;
        }
        archive.storage().hot().remove(*hash).await?;
        if let Some(kept) = archive.kept_frames() {
            kept.forget_object(*hash);
        }
        store::finish(archive.index(), *id, "removed", now_ns).await?;
    }
    Ok(removing.len())
}
