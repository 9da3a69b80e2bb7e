//! The way to a provider of STOW-RS (PS3.18 section 10.5).

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Url};

use super::config::WebNode;
use super::object::{outgoing, unread};
use crate::delivery::{Carrier, Delivery, Fate, Tell};
use crate::events::Boxed;
use crate::gateway::{WebError, web};
use crate::services::Archive;

/// Sends by STOW-RS, a file as one part.
#[derive(Clone)]
pub struct WebCarrier {
    client: Client,
    studies: Url,
    token: Option<String>,
    archive: Archive,
}

impl std::fmt::Debug for WebCarrier {
    // Not the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebCarrier")
            .field("url", &self.studies.as_str())
            .finish_non_exhaustive()
    }
}

impl WebCarrier {
    /// A way to a node.
    ///
    /// # Errors
    ///
    /// [`WebError`] when its address, token or certificates cannot be used.
    pub fn new(node: &WebNode, archive: &Archive) -> Result<Self, WebError> {
        let base = web::address(&node.url)?;
        Ok(Self {
            client: web::client(&base, node.tls_authority.as_deref())?,
            studies: web::below(&base, "studies"),
            token: node.token_file.as_deref().map(web::secret).transpose()?,
            archive: archive.clone(),
        })
    }

    async fn send(&self, deliveries: &[Delivery], tell: &Tell) {
        for delivery in deliveries {
            let fate = self.store(delivery).await.unwrap_or_else(|fate| fate);
            let stop = matches!(fate, Fate::Later(_));
            tell.tell(delivery, fate);
            if stop {
                return;
            }
        }
    }

    async fn store(&self, delivery: &Delivery) -> Result<Fate, Fate> {
        let unread = |error| unread(&error);
        let outgoing = outgoing(&self.archive, delivery).await?;
        let size = outgoing.size();
        let object = outgoing.open(self.archive.storage()).await;
        let object = object.map_err(unread)?;
        // No object contains its own hash.
        let boundary = delivery.hash.to_string();
        let before = Bytes::from(format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"));
        let after = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        let length = before.len() as u64 + size + after.len() as u64;
        let part = |bytes| stream::once(async move { Ok::<_, crate::storage::Error>(bytes) });
        let body = part(before)
            .chain(object)
            .chain(part(after))
            .map_err(std::io::Error::other);
        let kind = format!("multipart/related; type=\"application/dicom\"; boundary={boundary}");
        let request = self.client.post(self.studies.clone());
        let request = request.header(CONTENT_TYPE, kind);
        let request = request.header(ACCEPT, "application/dicom+json");
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = web::answer_to(request, body, length, web::SILENCE).await;
        let answer = answer.map_err(Fate::Later)?;
        Ok(match answer.status().as_u16() {
            200 => Fate::Delivered(None),
            // Stored with a warning: one part was sent, so it is about this one.
            202 => Fate::Delivered(Some("status 202".to_owned())),
            // STOW-RS answers 409 where no part was stored.
            409 => Fate::Refused("status 409".to_owned()),
            status => web::fate(status),
        })
    }
}

impl Carrier for WebCarrier {
    fn carry<'a>(&'a self, deliveries: &'a [Delivery], tell: &'a Tell) -> Boxed<'a, ()> {
        Box::pin(self.send(deliveries, tell))
    }
}
