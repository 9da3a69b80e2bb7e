//! Rows of the index as data sets, in JSON or XML, page by page.

use std::collections::{BTreeMap, VecDeque};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use futures_util::stream;

use super::Resource;
use super::attributes;
use super::request::Search;
use crate::dicomweb::accept::Offer;
use crate::dicomweb::multipart::Writer;
use crate::dicomweb::{BulkData, json, xml};
use crate::http::{Error, Result};
use crate::index::{self, Index, Item, Level, Row};
use crate::orders::vr_of;

/// Rows that are asked of the index, and held, at once.
const PAGE: u64 = 500;

/// What an answer can be in, the preferred first.
pub(crate) const OFFERS: [Offer; 3] = [
    Offer::single("application/dicom+json"),
    Offer::single("application/json"),
    Offer::parts("application/dicom+xml"),
];

/// How rows are written.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// `None` for JSON, else what separates the parts of XML.
    parts: Option<Writer>,
    media_type: &'static str,
    service: String,
    returned: Vec<(Tag, VR)>,
    level: Level,
}

impl Form {
    pub(super) fn new(offer: Offer, service: String, resource: &Resource, search: &Search) -> Result<Self> {
        let parts = match offer.part {
            Some(_) => Some(Writer::new(&boundary()?).map_err(|_| Error::Internal)?),
            None => None,
        };
        let (returned, level) = (search.returned.iter(), resource.level());
        Ok(Self {
            parts,
            media_type: offer.media_type,
            service,
            returned: returned
                .filter(|tag| attributes::is_held(**tag, level))
                .map(|tag| (*tag, vr_of(*tag, VR::UN)))
                .collect(),
            level,
        })
    }

    fn content_type(&self) -> String {
        match &self.parts {
            Some(writer) => writer.content_type("application/dicom+xml"),
            None => self.media_type.to_owned(),
        }
    }

    fn begin(&self) -> &'static [u8] {
        if self.parts.is_some() { b"" } else { b"[" }
    }

    fn end(&self) -> Vec<u8> {
        match &self.parts {
            Some(writer) => writer.end(),
            None => b"]".to_vec(),
        }
    }

    fn rows(&self, rows: &[Row], is_first: bool, to: &mut Vec<u8>) -> Result<()> {
        let no_bulk = BulkData {
            inline_bytes: usize::MAX,
            uri: &|_| String::new(),
            left_out: &[],
        };
        for (at, row) in rows.iter().enumerate() {
            let object = self.data_set(row);
            // Writing to memory does not fail.
            match &self.parts {
                Some(writer) => {
                    let head = writer.part(&[("Content-Type", "application/dicom+xml")]);
                    to.extend(head.map_err(|_| Error::Internal)?);
                    xml::write(&object, &no_bulk, to).map_err(|_| Error::Internal)?;
                }
                None => {
                    if at > 0 || !is_first {
                        to.push(b',');
                    }
                    json::write(&object, &no_bulk, to).map_err(|_| Error::Internal)?;
                }
            }
        }
        Ok(())
    }

    /// An answer has what was asked for, empty where nothing is known.
    fn data_set(&self, row: &Row) -> InMemDicomObject {
        let mut object = row.more.as_deref().map_or_else(InMemDicomObject::new_empty, more);
        object.put(text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"));
        for (tag, vr) in &self.returned {
            let element = match *tag {
                tags::RETRIEVE_URL => text(*tag, VR::UR, &self.address(row)),
                tags::INSTANCE_AVAILABILITY => text(*tag, VR::CS, "ONLINE"),
                tags::AVAILABLE_TRANSFER_SYNTAX_UID => available(row),
                tag if *vr == VR::SQ => sequence(tag, row.items.get(&tag)),
                tag => value(tag, *vr, row.value(tag)),
            };
            // It says so by being there: zero frames is no value (PS3.18 table of instance results).
            if !(*tag == tags::NUMBER_OF_FRAMES && row.value(*tag).is_empty()) {
                object.put(element);
            }
        }
        object
    }

    /// Where the row's objects are retrieved.
    fn address(&self, row: &Row) -> String {
        let mut address = format!("{}/studies/{}", self.service, row.value(tags::STUDY_INSTANCE_UID));
        if self.level >= Level::Series {
            address.push_str(&format!("/series/{}", row.value(tags::SERIES_INSTANCE_UID)));
        }
        if self.level >= Level::Instance {
            address.push_str(&format!("/instances/{}", row.value(tags::SOP_INSTANCE_UID)));
        }
        address
    }
}

/// Attributes that the index took from an object's own metadata.
fn more(json: &str) -> InMemDicomObject {
    let read = json::read(json.as_bytes(), json::Limits::default());
    read.map_or_else(|_| InMemDicomObject::new_empty(), |(object, _)| object)
}

fn text(tag: Tag, vr: VR, text: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(text))
}

/// Transfer syntaxes in which an instance is given without making another, that in which it lies first.
fn available(row: &Row) -> DataElement<InMemDicomObject> {
    let object = row.object.iter();
    let uids = object
        .flat_map(index::ObjectReference::available)
        .map(str::to_owned);
    let uids = PrimitiveValue::Strs(uids.collect());
    DataElement::new(tags::AVAILABLE_TRANSFER_SYNTAX_UID, VR::UI, uids)
}

/// A value of the index, which keeps all as text.
fn value(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
    let number = |text: &str| match vr {
        VR::US => text.parse::<u16>().ok().map(PrimitiveValue::from),
        VR::UL => text.parse::<u32>().ok().map(PrimitiveValue::from),
        _ => Some(PrimitiveValue::from(text)),
    };
    let known = (!value.is_empty()).then(|| number(value)).flatten();
    DataElement::new(tag, vr, known.unwrap_or(PrimitiveValue::Empty))
}

fn sequence(tag: Tag, items: Option<&Vec<Item>>) -> DataElement<InMemDicomObject> {
    let items = items.map(Vec::as_slice).unwrap_or_default();
    let items: Vec<InMemDicomObject> = items.iter().map(item).collect();
    DataElement::new(tag, VR::SQ, Value::from(DataSetSequence::from(items)))
}

fn item(values: &Item) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let mut inner: BTreeMap<Tag, Item> = BTreeMap::new();
    for (path, text) in values {
        match path[..] {
            [tag] => drop(object.put(value(tag, vr_of(tag, VR::UN), text))),
            [tag, last] => drop(inner.entry(tag).or_default().insert(vec![last], text.clone())),
            _ => {}
        }
    }
    for (tag, values) in inner {
        object.put(sequence(tag, Some(&vec![values])));
    }
    object
}

/// Text that occurs in no part.
fn boundary() -> Result<String> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| Error::Internal)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What has been found so far, and whether there is more than was asked for.
pub(super) struct Found {
    index: Index,
    search: Search,
    rows: Vec<Row>,
    /// Rows still to be asked for.
    rest: u64,
    /// The row after the last one given, when there is one: the next page begins there.
    pub(super) next: Option<Next>,
}

/// Where the next page begins.
pub(super) enum Next {
    After(String),
    Offset(u64),
}

impl Found {
    /// Finds the first page.
    pub(super) async fn first(index: &Index, search: Search) -> Result<Self> {
        let limit = search.query.limit.unwrap_or(index::MAX_ROWS).min(index::MAX_ROWS);
        let page = limit.min(PAGE);
        let mut query = search.query.clone();
        // One more tells whether there is more.
        query.limit = Some(page + 1);
        let mut rows = index.query(&query).await?;
        let mut found = Self {
            index: index.clone(),
            search,
            rest: 0,
            next: None,
            rows: Vec::new(),
        };
        if rows.len() as u64 > page {
            rows.truncate(page as usize);
            found.rest = limit - page;
            found.next = match rows.last() {
                Some(last) if found.rest == 0 => Some(Next::After(last.cursor.to_text())),
                Some(_) => found.beyond(limit).await?,
                None => Some(Next::Offset(found.search.query.offset)),
            };
        }
        found.rows = rows;
        Ok(found)
    }

    /// Whether there is a row beyond so many.
    async fn beyond(&self, limit: u64) -> Result<Option<Next>> {
        let mut query = self.search.query.clone();
        query.offset = query.offset.saturating_add(limit);
        query.limit = Some(1);
        let is_more = !self.index.query(&query).await?.is_empty();
        Ok(is_more.then_some(Next::Offset(query.offset)))
    }

    /// Gives the answer; what is beyond the first page is found while it is sent.
    pub(super) fn into_response(self, form: Form) -> Result<Response> {
        let mut first = form.begin().to_vec();
        form.rows(&self.rows, true, &mut first)?;
        let content_type = HeaderValue::try_from(form.content_type()).map_err(|_| Error::Internal)?;
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        if self.rest == 0 {
            first.extend(form.end());
            return Ok((headers, first).into_response());
        }
        let pages = Pages {
            waiting: VecDeque::from([Bytes::from(first)]),
            found: Some(self),
            form,
        };
        let body = stream::try_unfold(pages, async |mut pages: Pages| {
            let bytes = pages.next().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(bytes.map(|bytes| (bytes, pages)))
        });
        Ok((headers, Body::from_stream(body)).into_response())
    }
}

struct Pages {
    waiting: VecDeque<Bytes>,
    /// `None` after the last page.
    found: Option<Found>,
    form: Form,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(bytes) = self.waiting.pop_front() {
            return Ok(Some(bytes));
        }
        let Some(found) = &mut self.found else {
            return Ok(None);
        };
        let mut query = found.search.query.clone();
        query.after = found.rows.last().map(|row| row.cursor.clone());
        query.offset = 0;
        query.limit = Some(found.rest.min(PAGE));
        let asked = found.rest.min(PAGE);
        found.rows = found.index.query(&query).await?;
        found.rest -= asked;
        let is_last = (found.rows.len() as u64) < asked || found.rest == 0;
        let mut bytes = Vec::new();
        self.form.rows(&found.rows, false, &mut bytes)?;
        if is_last {
            bytes.extend(self.form.end());
            self.found = None;
        }
        Ok(Some(bytes.into()))
    }
}
