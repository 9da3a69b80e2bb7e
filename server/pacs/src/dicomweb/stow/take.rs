//! A body's objects into the archive as they arrive: none of them is ever whole in memory.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::report::{FAILED, FULL, NOT_UNDERSTOOD, Taken};
use super::{Body, Limits};
use crate::dicomweb::multipart::{self, Event, Reader};
use crate::http::{Error, Result};
use crate::index::Sender;
use crate::ingest::{self, Ingest, Receiving};

/// Objects of one request that wait for the disk at once: together they wait once.
const FINISHING: usize = 8;

/// Objects of one request on their way in.
pub(in crate::dicomweb) struct Taking {
    ingest: Ingest,
    sender: Sender,
    study_uid: Option<String>,
    current: Option<Current>,
    finishing: VecDeque<JoinHandle<Taken>>,
    all: Vec<Taken>,
}

enum Current {
    Object(Box<Receiving>),
    /// Read to its end and left alone.
    Refused(u16),
}

/// An event with its bytes, so that they can wait for the disk.
enum Met {
    Part(Vec<(String, String)>),
    Content(Vec<u8>),
    End,
}

impl Taking {
    pub(in crate::dicomweb) fn new(ingest: Ingest, sender: Sender, study_uid: Option<String>) -> Self {
        Self {
            ingest,
            sender,
            study_uid,
            current: None,
            finishing: VecDeque::new(),
            all: Vec::new(),
        }
    }

    /// Takes a body of several parts. What is whole is kept, also where the body ends too early or in something else.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for a body in which no object was met, and for one that the sender cut off;
    /// [`Error::TooLarge`].
    pub(super) async fn parts(
        mut self,
        mut body: Body,
        boundary: &str,
        limits: &Limits,
    ) -> Result<Vec<Taken>> {
        let mut reader = Reader::new(boundary, limits.multipart).map_err(refused)?;
        let mut ended = None;
        while let Some(bytes) = body.next(limits).await? {
            let mut met = Vec::new();
            let read = reader.push(&bytes, |event| {
                met.push(match event {
                    Event::Part(headers) => Met::Part(headers),
                    Event::Content(bytes) => Met::Content(bytes.to_vec()),
                    Event::End => Met::End,
                });
            });
            for met in met {
                match met {
                    Met::Part(headers) => self.begin(&headers),
                    Met::Content(bytes) => self.content(&bytes).await,
                    Met::End => self.end().await,
                }
            }
            if let Err(error) = read {
                ended = Some(error);
                break;
            }
        }
        let ended = match ended {
            Some(error) => Err(error),
            None => reader.finish(),
        };
        if let Err(error) = ended {
            // The part that was under way is not whole.
            if self.current.take().is_some() {
                self.all_before().await;
                self.all.push(Taken::Failed(NOT_UNDERSTOOD));
            }
            self.all_before().await;
            if self.all.is_empty() {
                return Err(refused(error));
            }
        }
        Ok(self.finish().await)
    }

    /// Takes a body that is one object.
    ///
    /// # Errors
    ///
    /// As [`Taking::parts`].
    pub(super) async fn whole(mut self, mut body: Body, limits: &Limits) -> Result<Vec<Taken>> {
        self.begin(&[]);
        while let Some(bytes) = body.next(limits).await? {
            self.content(&bytes).await;
        }
        self.end().await;
        Ok(self.finish().await)
    }

    /// Begins an object, by the headers of its part.
    pub(in crate::dicomweb) fn begin(&mut self, headers: &[(String, String)]) {
        let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
        let media_type = value("content-type").map_or("application/dicom", |(_, value)| value.as_str());
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let is_plain = value("content-encoding").is_none_or(|(_, value)| value == "identity");
        self.current = Some(
            if media_type.eq_ignore_ascii_case("application/dicom") && is_plain {
                let receiving = self.ingest.begin().from(self.sender.clone());
                Current::Object(Box::new(match &self.study_uid {
                    Some(uid) => receiving.of_study(uid),
                    None => receiving,
                }))
            } else {
                Current::Refused(NOT_UNDERSTOOD)
            },
        );
    }

    /// Takes more of it.
    pub(in crate::dicomweb) async fn content(&mut self, bytes: &[u8]) {
        if let Some(Current::Object(receiving)) = &mut self.current
            && let Err(error) = receiving.write(bytes).await
        {
            self.current = Some(Current::Refused(failed(&error)));
        }
    }

    /// Leaves the object under way alone.
    pub(in crate::dicomweb) fn forget(&mut self) {
        self.current = None;
    }

    /// Ends the object.
    pub(in crate::dicomweb) async fn end(&mut self) {
        match self.current.take() {
            Some(Current::Object(receiving)) => {
                while self.finishing.len() >= FINISHING {
                    self.oldest().await;
                }
                // A task of its own: what arrived whole is stored even when the sender is gone.
                self.finishing.push_back(tokio::spawn(async move {
                    match receiving.finish().await {
                        Ok(outcome) => Taken::Judged(outcome),
                        Err(error) => Taken::Failed(failed(&error)),
                    }
                }));
            }
            Some(Current::Refused(reason)) => {
                self.all_before().await;
                self.all.push(Taken::Failed(reason));
            }
            None => {}
        }
    }

    /// Waits for the object that came first.
    async fn oldest(&mut self) {
        if let Some(task) = self.finishing.pop_front() {
            self.all.push(task.await.unwrap_or(Taken::Failed(FAILED)));
        }
    }

    async fn all_before(&mut self) {
        while !self.finishing.is_empty() {
            self.oldest().await;
        }
    }

    /// What became of all, in the order they were begun.
    pub(in crate::dicomweb) async fn finish(mut self) -> Vec<Taken> {
        self.all_before().await;
        self.all
    }
}

/// The number of a failure that a later attempt may not meet.
fn failed(error: &ingest::Error) -> u16 {
    tracing::error!(%error, "an object was not taken");
    if error.is_full() { FULL } else { FAILED }
}

fn refused(error: multipart::Error) -> Error {
    match error {
        multipart::Error::TooLarge { limit, .. } => Error::TooLarge {
            what: "the body's parts or their headers",
            limit,
        },
        other => Error::BadRequest(other.to_string()),
    }
}

impl Body {
    /// Gives more of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] when the sender is gone, [`Error::TooLarge`].
    pub(super) async fn next(&mut self, limits: &Limits) -> Result<Option<bytes::Bytes>> {
        let Some(bytes) = self.stream.next().await else {
            return Ok(None);
        };
        let cut = |_| Error::BadRequest("the body ended before its announced end".to_owned());
        let bytes = bytes.map_err(cut)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > limits.body_bytes {
            return Err(super::too_large(limits));
        }
        Ok(Some(bytes))
    }
}
