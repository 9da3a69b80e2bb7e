//! The way to the cloud end, in pieces that are sent again where they did not arrive.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::web::{self, Error};
use crate::corrections::Pieces;
use crate::delivery::{Carrier, Delivery, Fate, Tell};
use crate::events::Boxed;
use crate::routing::{outgoing, unread};
use crate::services::Archive;
use crate::storage::{Hash, Hasher};

/// Bytes of a piece: what a cut costs at most, and small beside the memory of a workstation.
const PIECE_BYTES: usize = 2 << 20;
/// Bytes of a piece that are handed over at once: that they were taken is a sign of life.
const PART_BYTES: usize = 64 << 10;
/// Pieces on their way at once, of one study; with those of studies beside it, what memory holds.
const PIECES: usize = 4;
/// Objects of a study whose pieces may leave before the first is acknowledged.
const AHEAD: usize = 8;
/// How long the cloud may take to acknowledge: a large object is hashed and stored meanwhile.
const ACKNOWLEDGE: Duration = Duration::from_secs(600);

/// An archive elsewhere, reached by the gateway's protocol.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CloudNode {
    /// Its address: `https://cloud.example`.
    pub url: String,
    /// A file that holds the device's key, or an upload code.
    pub key_file: PathBuf,
    /// Certificates, as PEM, that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
}

/// Sends over HTTPS in resumable pieces.
#[derive(Clone)]
pub struct CloudCarrier {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    base: Url,
    key: String,
    archive: Archive,
}

impl std::fmt::Debug for CloudCarrier {
    // Not the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudCarrier")
            .field("url", &self.shared.base.as_str())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Status {
    stored: bool,
    pieces: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Acknowledged {
    outcome: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl CloudCarrier {
    /// A way to the cloud end of a node.
    ///
    /// # Errors
    ///
    /// [`Error`] when its address, key or certificates cannot be used.
    pub fn new(node: &CloudNode, archive: &Archive) -> Result<Self, Error> {
        let url = web::address(&node.url)?;
        let shared = Shared {
            client: web::client(&url, node.tls_authority.as_deref())?,
            base: web::below(&url, "gateway/v1"),
            key: web::secret(&node.key_file)?,
            archive: archive.clone(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Pieces leave side by side and ahead; acknowledgements are asked for one by one, in order.
    async fn send(&self, deliveries: &[Delivery], tell: &Tell) {
        let places = Arc::new(Semaphore::new(PIECES));
        let mut waiting = deliveries.iter();
        let mut ahead = VecDeque::new();
        loop {
            while ahead.len() < AHEAD
                && let Some(delivery) = waiting.next()
            {
                let (shared, places) = (Arc::clone(&self.shared), Arc::clone(&places));
                let sent = delivery.clone();
                let mut task = JoinSet::new();
                task.spawn(async move { shared.pieces(&sent, &places).await });
                ahead.push_back((delivery, task));
            }
            let Some((delivery, mut task)) = ahead.pop_front() else {
                return;
            };
            let sent = task.join_next().await.and_then(Result::ok);
            let fate = match sent.unwrap_or_else(|| Err(Fate::Later("sending ended early".to_owned()))) {
                Ok(Some((hash, size))) => self.shared.finish(hash, size).await.unwrap_or_else(|fate| fate),
                Ok(None) => Fate::Delivered(Some("it was there".to_owned())),
                Err(fate) => fate,
            };
            let stop = matches!(fate, Fate::Later(_));
            tell.tell(delivery, fate);
            if stop {
                return;
            }
        }
    }
}

impl Carrier for CloudCarrier {
    fn carry<'a>(&'a self, deliveries: &'a [Delivery], tell: &'a Tell) -> Boxed<'a, ()> {
        Box::pin(self.send(deliveries, tell))
    }
}

impl Shared {
    /// Sends the pieces that are not there; what was sent by hash and size, or `None` when it is stored already.
    async fn pieces(
        self: &Arc<Self>,
        delivery: &Delivery,
        places: &Arc<Semaphore>,
    ) -> Result<Option<(Hash, u64)>, Fate> {
        let unread = |error| unread(&error);
        let storage = self.archive.storage();
        let outgoing = outgoing(&self.archive, delivery).await?;
        let size = outgoing.size();
        // The cloud verifies the hash of what it gets.
        let hash = if outgoing.is_as_stored() {
            delivery.hash
        } else {
            let pieces = outgoing.open(storage).await.map_err(unread)?;
            hashed(pieces).await.map_err(unread)?
        };
        // A first attempt has nothing to resume and need not ask.
        let there = if delivery.attempts > 0 {
            let request = self.keyed(self.client.get(self.object(hash)));
            let status: Status = body(judged(web::answer(request, web::SILENCE).await).await?).await?;
            if status.stored {
                return Ok(None);
            }
            status.pieces
        } else {
            Vec::new()
        };
        let mut object = outgoing.open(storage).await.map_err(unread)?;
        let mut sending = JoinSet::new();
        let mut at = 0_u64;
        let mut gathered = BytesMut::new();
        while at < size {
            let length = (size - at).min(PIECE_BYTES as u64);
            // A place before the bytes: places bound the memory.
            let place = Arc::clone(places).acquire_owned().await;
            while (gathered.len() as u64) < length {
                let Some(bytes) = object.next().await else {
                    return Err(Fate::Later("the object ends early".to_owned()));
                };
                gathered.extend_from_slice(&bytes.map_err(unread)?);
            }
            let piece = gathered
                .split_to(usize::try_from(length).unwrap_or(PIECE_BYTES))
                .freeze();
            if !there.contains(&(at, length)) {
                let shared = Arc::clone(self);
                sending.spawn(async move {
                    let _place = place;
                    shared.put(hash, at, piece).await
                });
            }
            at += length;
        }
        while let Some(sent) = sending.join_next().await {
            sent.unwrap_or_else(|_| Err(Fate::Later("sending ended early".to_owned())))?;
        }
        Ok(Some((hash, size)))
    }

    async fn put(&self, hash: Hash, offset: u64, piece: Bytes) -> Result<(), Fate> {
        let url = web::below(&self.base, &format!("objects/{hash}/{offset}"));
        let length = piece.len() as u64;
        let parts = (0..piece.len()).step_by(PART_BYTES);
        let parts: Vec<_> = parts
            .map(|at| Ok(piece.slice(at..piece.len().min(at + PART_BYTES))))
            .collect();
        let request = self.keyed(self.client.put(url));
        let answer = web::answer_to(request, stream::iter(parts), length, web::SILENCE).await;
        judged(answer).await?;
        Ok(())
    }

    async fn finish(&self, hash: Hash, size: u64) -> Result<Fate, Fate> {
        let mut url = self.object(hash);
        url.set_query(Some(&format!("size={size}")));
        let request = self.keyed(self.client.post(url));
        let acknowledged: Acknowledged = body(judged(web::answer(request, ACKNOWLEDGE).await).await?).await?;
        Ok(match acknowledged.outcome.as_str() {
            "stored" => Fate::Delivered(None),
            "identical" => Fate::Delivered(Some("it was there".to_owned())),
            "different" => {
                Fate::Delivered(Some("another object has its UID there; both are kept".to_owned()))
            }
            _ => Fate::Later("the answer is not understood".to_owned()),
        })
    }

    fn object(&self, hash: Hash) -> Url {
        web::below(&self.base, &format!("objects/{hash}"))
    }

    fn keyed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.key)
    }
}

/// Gives an answer of success.
async fn judged(answer: Result<Response, String>) -> Result<Response, Fate> {
    let answer = answer.map_err(Fate::Later)?;
    match web::fate(answer.status().as_u16()) {
        Fate::Delivered(_) => Ok(answer),
        // Why the cloud's ingest refuses an object is worth knowing; it names tags and sizes, never values.
        Fate::Refused(words) => match body::<Refused>(answer).await {
            Ok(refused) => Err(Fate::Refused(refused.error)),
            Err(_) => Err(Fate::Refused(words)),
        },
        fate => Err(fate),
    }
}

/// The hash of what leaves, read once before it is sent.
async fn hashed(mut pieces: Pieces) -> crate::storage::Result<Hash> {
    let mut hasher = Hasher::default();
    while let Some(bytes) = pieces.next().await {
        hasher.update(&bytes?);
    }
    Ok(hasher.finish())
}

/// Bytes of an answer at most: the pieces of an object of 16 GiB fit.
const ANSWER_BYTES: usize = 1 << 20;

async fn body<T: serde::de::DeserializeOwned>(mut answer: Response) -> Result<T, Fate> {
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(web::SILENCE, answer.chunk()).await;
        let chunk = chunk.map_err(|_| Fate::Later("the answer does not go on".to_owned()))?;
        let Some(chunk) = chunk.map_err(|error| Fate::Later(web::words(&error)))? else {
            break;
        };
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Err(Fate::Later("the answer is too long".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|_| Fate::Later("the answer is not understood".to_owned()))
}
