//! What a search of the journal finds, to be taken away: CSV for people, DICOM's audit messages and FHIR's AuditEvents for
//! other systems. It is read and sent page by page, so that it may be all of the journal.
//!
//! Of FHIR it is a line a resource (NDJSON, as FHIR's bulk data): a Bundle would have to be held as a whole by whoever reads
//! it. DICOM knows no file of many messages: they stand in one element `AuditMessages`, each a message of the schema.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream;
use journal::{Query, Stored};
use serde_json::json;

use super::event::{Event, Source};
use super::{Search, audit_event, audit_message, names, table};
use crate::permissions::{Action, Resource};
use crate::web::Visit;
use crate::{Error, Platform, Result};

/// Entries that are read at once.
pub(super) const PAGE: u32 = 500;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/audit/csv", get(csv))
        .route("/platform/audit/dicom", get(dicom))
        .route("/platform/audit/fhir", get(fhir))
}

async fn csv(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    take(visit, query, Form::Csv).await
}

async fn dicom(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    take(visit, query, Form::Dicom).await
}

async fn fhir(visit: Visit, RawQuery(query): RawQuery) -> Result<Response> {
    take(visit, query, Form::Fhir).await
}

/// In which form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Csv,
    Dicom,
    Fhir,
}

impl Form {
    /// Its word in the journal, its media type, the name of the file.
    fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Csv => ("csv", "text/csv; charset=utf-8", "uptake-audit.csv"),
            Self::Dicom => ("dicom", "application/xml", "uptake-audit.xml"),
            Self::Fhir => ("fhir", "application/fhir+ndjson", "uptake-audit.ndjson"),
        }
    }
}

pub(super) async fn take(visit: Visit, query: Option<String>, form: Form) -> Result<Response> {
    visit.may(Action::AuditSearch, Resource::Platform).await?;
    let mut query = Search::read(&visit, query).await?.query;
    query.before = None;
    query.limit = PAGE;
    let (word, media_type, file) = form.told();
    // What leaves the site is an entry of the journal before it leaves. What was typed and is
    // neither an account nor a UID stays out of it.
    let mut entry = visit.entry("audit.exported");
    let is_uid = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    entry.study_uid = query.study_uid.clone().filter(is_uid);
    let is_person = |actor: &String| {
        let number = actor.strip_prefix("person:");
        number.is_some_and(|number| number.parse::<i64>().is_ok())
    };
    entry.subject = query.actor.clone().filter(is_person);
    let detail =
        json!({ "form": word, "from_ns": query.from_ns, "until_ns": query.until_ns, "kinds": query.kinds });
    entry.detail = Some(detail.to_string());
    visit.platform().recorder().record(entry).await?;
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ),
    ];
    let source = Source::of(visit.platform());
    let export = Export {
        visit,
        form,
        query,
        source,
        step: Step::Begin,
    };
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await?;
        Ok::<_, Error>(piece.map(|piece| (piece, export)))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    GoOn,
    End,
}

struct Export {
    visit: Visit,
    form: Form,
    query: Query,
    source: Source,
    step: Step,
}

impl Export {
    /// The next piece. Where it fails the answer ends without its end, so that it is not taken for whole.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut piece = match self.step {
            Step::End => return Ok(None),
            Step::Begin => self.head(),
            Step::GoOn => String::new(),
        };
        let found = journal::find(self.visit.platform().readers(), &self.query).await?;
        self.write(&mut piece, &found).await?;
        self.step = match found.last() {
            Some(last) if found.len() == PAGE as usize => {
                self.query.before = Some(last.id);
                Step::GoOn
            }
            _ => {
                piece.push_str(self.tail());
                Step::End
            }
        };
        Ok(Some(piece.into()))
    }

    fn head(&self) -> String {
        match self.form {
            Form::Csv => table::head(self.visit.view()),
            Form::Dicom => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AuditMessages>\n".to_owned(),
            Form::Fhir => String::new(),
        }
    }

    fn tail(&self) -> &'static str {
        match self.form {
            Form::Dicom => "</AuditMessages>\n",
            Form::Csv | Form::Fhir => "",
        }
    }

    async fn write(&self, to: &mut String, entries: &[Stored]) -> Result<()> {
        // Patients have accounts too: their names stay here.
        let readers = self.visit.platform().readers();
        let names = names(readers, entries, |account| account.kind == "staff").await?;
        for stored in entries {
            let event = || Event::of(stored, &names, &self.source);
            match self.form {
                Form::Csv => {
                    table::line(to, self.visit.view(), stored, &names);
                    continue;
                }
                Form::Dicom => to.push_str(&audit_message::message(&event())),
                Form::Fhir => to.push_str(&audit_event::resource(&event()).to_string()),
            }
            to.push('\n');
        }
        Ok(())
    }
}
