//! The frames of a series for who draws in this process: in any order, as they lie, nothing compressed on the way.

use std::sync::Arc;

use bytes::Bytes;
use codec::TransferSyntax;
use futures_util::{Stream, StreamExt, stream};

use super::coding::{self, Coding, For, Kind};
use super::header::Header;
use crate::dicomweb::wado::find::Address;
use crate::http::{App, Error, Result};

/// Objects that are read ahead of who takes them.
const AHEAD: usize = 8;

/// The frames of a series, in viewing order.
#[derive(Debug, Clone)]
pub struct SeriesFrames {
    app: App,
    header: Arc<Header>,
}

/// A frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// From 1.
    pub frame: u32,
    /// What it is coded in; little endian for cells as they are.
    pub syntax: TransferSyntax,
    /// Its bytes.
    pub content: Bytes,
}

impl SeriesFrames {
    /// Finds the frames of a series. Who may see them, the caller has asked.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a series that is not there or has no images.
    pub async fn open(app: &App, study: &str, series: &str) -> Result<Self> {
        let address = Address::of(study, Some(series), None)?;
        let index = app.archive().index();
        let metadata = index.deflated_metadata(study, Some(series), None).await?;
        let header = super::header(app, &address, metadata, false).await?;
        Ok(Self {
            app: app.clone(),
            header,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.header.places.len()
    }

    /// Gives them in the order of these places; a place that is none is passed over. Each is verified before it comes.
    pub fn stream(self, order: Vec<usize>) -> impl Stream<Item = Result<Frame>> + Send {
        let frames = stream::iter(order).filter_map(move |place| {
            let place = self.header.places.get(place).cloned();
            let app = self.app.clone();
            std::future::ready(place.map(|place| async move {
                let (coding, content) = coding::make(&app, Kind::Frame, &place, For::FastLink).await?;
                let syntax = match coding {
                    Coding::Native => TransferSyntax::ExplicitLittleEndian,
                    Coding::JpegLs => TransferSyntax::JpegLsLossless,
                    Coding::Stored => {
                        TransferSyntax::from_uid(place.target.stored_syntax()).ok_or(Error::Internal)?
                    }
                };
                Ok(Frame {
                    sop_instance_uid: place.target.instance.clone(),
                    frame: place.frame,
                    syntax,
                    content,
                })
            }))
        });
        frames.buffered(AHEAD)
    }
}
