//! A change: its rows, its entries of the journal and where it leads, in one transaction.

use std::ops::Deref;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use database::Sql;
use journal::Entry;

use crate::web::{Form, Visit};
use crate::{Error, Result, secrets};

/// A transaction of a request. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Change {
    change: database::Change,
    visit: Visit,
    key: Option<String>,
}

/// Where a change led: a redirection that a browser follows with GET.
#[derive(Debug)]
#[must_use]
pub struct Done {
    location: String,
    cookies: Vec<String>,
}

impl Change {
    pub(super) async fn begin(visit: &Visit, form: &Form) -> Result<Self> {
        let change = visit.platform().writer().begin().await?;
        // Keys are of whoever sends them: another person's tell nothing.
        let account = visit.signed().map_or(0, crate::sessions::Signed::account);
        let once = Some(form.typed("once")).filter(|once| once.len() >= 8);
        let key = visit.key().or(once);
        let key = key.map(|key| secrets::kept(&format!("{account} {key}")));
        if let Some(key) = &key {
            let mut before = Sql::new("SELECT location FROM done WHERE key = ");
            if let Some(row) = before.bind(key.as_str()).one(&*change).await? {
                return Err(Error::Done(row.get(0)?));
            }
        }
        Ok(Self {
            change,
            visit: visit.clone(),
            key,
        })
    }

    /// Records what the change does.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        Ok(journal::append(&self.change, &[entry]).await?)
    }

    /// Makes the change durable; the answer sends the browser to a page of this site.
    ///
    /// # Errors
    ///
    /// The database's: nothing was changed.
    pub async fn lead_to(self, location: impl Into<String>) -> Result<Done> {
        let location = location.into();
        self.commit_once(location.clone()).await?;
        Ok(Done::to(location))
    }

    /// Makes the change durable, for an answer that shows something once; sent again the form leads to a page.
    ///
    /// # Errors
    ///
    /// As [`Change::lead_to`].
    pub async fn commit_once(self, location: String) -> Result<()> {
        if let Some(key) = self.key {
            let mut sql = Sql::new("INSERT INTO done (key, location, at_ns) VALUES (");
            sql.bind_all([key, location])
                .push(", ")
                .bind(self.visit.now_ns())
                .push(")");
            sql.run(&*self.change).await?;
        }
        Ok(self.change.commit().await?)
    }

    /// Makes the change durable, for what may be done again.
    ///
    /// # Errors
    ///
    /// As [`Change::lead_to`].
    pub async fn commit(self) -> Result<()> {
        Ok(self.change.commit().await?)
    }
}

impl Deref for Change {
    type Target = database::Transaction;

    fn deref(&self) -> &Self::Target {
        &self.change
    }
}

impl Done {
    /// To a page of this site, where nothing was changed.
    pub fn to(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            cookies: Vec::new(),
        }
    }

    /// Sets a cookie on the way.
    pub fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let value = |text: &str| HeaderValue::from_str(text).ok();
        let location = value(&self.location).unwrap_or(HeaderValue::from_static("/"));
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
        for cookie in self.cookies.iter().filter_map(|cookie| value(cookie)) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}
