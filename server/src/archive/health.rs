//! Health for whoever keeps the service running, and figures for Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics::Unit;
use metrics_exporter_prometheus::PrometheusHandle;
use pacs::access::Action;
use pacs::http::{App, Caller};
use pacs::index::{Level, Query};
use pacs::storage::Storage;
use serde_json::json;

const REQUESTS: &str = "uptake_http_requests_total";
const SECONDS: &str = "uptake_http_request_duration_seconds";

/// `/health/live`, `/health/ready`, `/metrics`.
///
/// The figures are of the deliveries to `destinations` too, and of nothing else that is not named in the configuration.
pub(super) fn router(
    app: App,
    figures: PrometheusHandle,
    destinations: Arc<[String]>,
    drain: Drain,
) -> Router {
    let ready = async move |State(app): State<App>| ready(&app, &drain).await;
    let metrics = async move |State(app): State<App>, caller: Caller| -> pacs::http::Result<Response> {
        caller.may(Action::Watch, None).await?;
        let destinations = destinations.iter().map(String::as_str);
        pacs::figures::measure(app.archive().index(), destinations).await?;
        figures.run_upkeep();
        Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], figures.render()).into_response())
    };
    Router::new()
        .route("/health/live", get(async || Json(json!({ "status": "live" }))))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Whether the process was told to end: it answers on, and says that it is not ready.
#[derive(Debug, Clone, Default)]
pub(super) struct Drain(Arc<AtomicBool>);

impl Drain {
    /// From now on it is not ready.
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long a store may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// Ready means: the index answers and storage can be written. Without the colder store, what was received long ago is
/// missing for a while; that keeps nobody from storing.
async fn ready(app: &App, drain: &Drain) -> Response {
    if drain.0.load(Ordering::Relaxed) {
        let body = json!({ "status": "ending" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    let archive = app.archive();
    let query = Query {
        limit: Some(1),
        ..Query::all(Level::Study)
    };
    let index = archive.index().query(&query).await.is_ok();
    let (storage, cold) = tokio::join!(answers(archive.storage()), async {
        match archive.storage().cold() {
            None => None,
            Some(cold) => Some(answers(cold).await),
        }
    });
    let (status, word) = if index && storage {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let mut body = json!({ "status": word, "index": index, "storage": storage });
    if let Some(cold) = cold {
        body["cold"] = json!(cold);
    }
    (status, Json(body)).into_response()
}

/// Whether a store answers; why not is in the log.
async fn answers(storage: &Storage) -> bool {
    match tokio::time::timeout(ANSWER, storage.answers()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "storage is not ready");
            false
        }
        Err(_) => {
            tracing::error!("storage does not answer");
            false
        }
    }
}

/// Says what the figures of HTTP are.
pub(super) fn describe() {
    metrics::describe_counter!(
        REQUESTS,
        Unit::Count,
        "HTTP requests answered, by route, method and status."
    );
    metrics::describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "From an HTTP request to the head of its answer."
    );
}

/// Counts a request by its route, never by its URL: UIDs are not for figures.
pub(super) async fn measured(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let seconds = begun.elapsed().as_secs_f64();
    metrics::counter!(REQUESTS, "route" => route.clone(), "method" => method.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!(SECONDS, "route" => route.clone()).record(seconds);
    if status >= 500 && status != 501 {
        tracing::error!(method, route, status, "a request failed");
    } else {
        tracing::debug!(method, route, status, seconds, "a request");
    }
    response
}
