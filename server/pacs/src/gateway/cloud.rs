//! The cloud end: what gateways and sites deliver, below `/gateway/v1`.
//!
//! ```text
//! GET  /hello                     who the caller is known as
//! GET  /objects/{sha256}          whether the object is stored, and which pieces of it are there
//! PUT  /objects/{sha256}/{offset} a piece, of at most 8 MiB
//! POST /objects/{sha256}?size=N   takes the object from its pieces; 200 when it is acknowledged for good
//! ```

use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::devices::{Devices, NotAccepted};
use super::pieces::Pieces;
use crate::access::{Action, Principal};
use crate::http::{App, Caller, Error, Path, Query, Result, bearer};
use crate::index::{Restriction, Sender};
use crate::ingest::Outcome;
use crate::storage::{Hash, Hasher};

/// Bytes read from a piece at once.
const READ_BYTES: usize = 256 << 10;

#[derive(Debug, Clone)]
struct Cloud {
    app: App,
    devices: Devices,
}

impl FromRef<Cloud> for App {
    fn from_ref(cloud: &Cloud) -> Self {
        cloud.app.clone()
    }
}

/// The routes of the cloud end, with the archive's own state.
pub fn router(app: App) -> Router<App> {
    let cloud = Cloud {
        app,
        devices: Devices::default(),
    };
    Router::new()
        .route("/gateway/v1/hello", get(hello))
        .route("/gateway/v1/objects/{hash}", get(status).post(finish))
        .route("/gateway/v1/objects/{hash}/{offset}", put(piece))
        .with_state(cloud)
}

/// Who may deliver: a device by its secret, or the holder of a token with that right.
struct Deliverer {
    who: Principal,
    /// Whose the studies become.
    custodian: Option<i64>,
}

impl Deliverer {
    /// The studies whose objects it is told of.
    fn sees(&self) -> Restriction {
        match self.custodian {
            Some(custodian) => Restriction::of(vec![custodian]),
            None => Restriction::NONE,
        }
    }
}

impl FromRequestParts<Cloud> for Deliverer {
    type Rejection = Error;

    /// The one permission check of these handlers: to be a device is to be allowed to deliver, and nothing else.
    async fn from_request_parts(parts: &mut Parts, cloud: &Cloud) -> Result<Self> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let shown = header.and_then(|value| value.to_str().ok()).and_then(bearer);
        if let Some(shown) = shown {
            match cloud.devices.accept(cloud.app.archive().index(), shown).await? {
                Ok(device) => {
                    return Ok(Self {
                        who: Principal::Device(device.name),
                        custodian: device.custodian,
                    });
                }
                Err(NotAccepted::Closed) => return Err(Error::TooMany),
                Err(NotAccepted::Unknown) => {}
            }
        }
        let caller = Caller::from_request_parts(parts, &cloud.app).await?;
        caller.may(Action::Deliver, None).await?;
        Ok(Self {
            custodian: caller.custodian().await?,
            who: caller.principal,
        })
    }
}

async fn hello(deliverer: Deliverer) -> Json<Value> {
    Json(json!({ "known_as": deliverer.who.actor() }))
}

fn named(text: &str) -> Result<Hash> {
    let expected = || Error::BadRequest("expected an object's SHA-256 in 64 hexadecimal digits".to_owned());
    Hash::from_hex(text).ok_or_else(expected)
}

async fn status(
    State(cloud): State<Cloud>,
    deliverer: Deliverer,
    Path(hash): Path<String>,
) -> Result<Json<Value>> {
    let hash = named(&hash)?;
    let archive = cloud.app.archive();
    let pieces = Pieces::new(archive.storage(), &deliverer.who, hash)
        .list()
        .await?;
    let pieces: Vec<[u64; 2]> = pieces.iter().map(|piece| [piece.offset, piece.size]).collect();
    let stored = archive.index().has_object(hash, &deliverer.sees()).await?;
    Ok(Json(json!({ "stored": stored, "pieces": pieces })))
}

async fn piece(
    State(cloud): State<Cloud>,
    deliverer: Deliverer,
    Path((hash, offset)): Path<(String, u64)>,
    body: axum::body::Body,
) -> Result<Json<Value>> {
    let pieces = Pieces::new(cloud.app.archive().storage(), &deliverer.who, named(&hash)?);
    pieces.put(offset, body).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Whole {
    size: u64,
}

async fn finish(
    State(cloud): State<Cloud>,
    deliverer: Deliverer,
    Path(hash): Path<String>,
    Query(whole): Query<Whole>,
) -> Result<Json<Value>> {
    let hash = named(&hash)?;
    // Not to be broken off by a gateway that waits no longer: it asks again, and finds the object.
    let taking = tokio::spawn(take(cloud, deliverer, hash, whole.size));
    taking.await.map_err(|_| Error::Internal)?
}

async fn take(cloud: Cloud, deliverer: Deliverer, hash: Hash, size: u64) -> Result<Json<Value>> {
    let archive = cloud.app.archive();
    let pieces = Pieces::new(archive.storage(), &deliverer.who, hash);
    let answer = |word: &str| Ok(Json(json!({ "outcome": word })));
    let found = pieces.list().await?;
    if found.is_empty() && archive.index().has_object(hash, &deliverer.sees()).await? {
        return answer("identical");
    }
    let sender = Sender {
        actor: deliverer.who.actor(),
        custodian: deliverer.custodian,
    };
    let mut receiving = archive.ingest().begin().from(sender);
    let mut hasher = Hasher::default();
    let mut end = 0;
    let mut buffer = vec![0; READ_BYTES];
    for piece in found {
        if piece.offset != end {
            break;
        }
        let mut file = pieces.open(piece).await?.take(piece.size);
        loop {
            let read = file.read(&mut buffer).await.map_err(|error| {
                tracing::error!(%error, "a piece cannot be read");
                Error::Internal
            })?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            receiving.write(&buffer[..read]).await?;
        }
        end += piece.size;
    }
    if end != size {
        // Whoever asks for the end has sent all: these are pieces of another cut.
        pieces.remove().await;
        return Err(Error::Conflict(format!(
            "expected {} bytes, found {end} from the first on",
            size
        )));
    }
    let computed = hasher.finish();
    if computed != hash {
        // Some piece is not what was sent: all are sent again.
        pieces.remove().await;
        return Err(Error::Conflict(format!(
            "expected an object with SHA-256 {hash}, found {computed}"
        )));
    }
    let outcome = receiving.finish().await?;
    pieces.remove().await;
    match outcome {
        Outcome::Stored(_) => answer("stored"),
        Outcome::IdenticalDuplicate(_) => answer("identical"),
        Outcome::DifferentDuplicate(_) => answer("different"),
        Outcome::Refused(reason) => Err(Error::Refused(reason.to_string())),
    }
}
