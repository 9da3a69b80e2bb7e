//! The guard and the bounds of connections, over real sockets.

mod custody;
mod organisations;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{App, Caller, Limits, Result, only_this_machine, router, serve};
use crate::access::{Action, Authorize, Open, TokenFile, new_token};
use crate::index::{Index, Place};
use crate::ingest::Ingest;
use crate::services::Archive;
use crate::storage::Storage;
use crate::test_folder::TestFolder;

pub(crate) async fn app(folder: &TestFolder, authorize: Arc<dyn Authorize>) -> App {
    let storage = Storage::local(&folder.path().join("objects")).unwrap();
    let index = Index::open(&Place::Sqlite(folder.path().join("index.sqlite")))
        .await
        .unwrap();
    let ingest = Ingest::new(storage.clone(), index.clone(), crate::ingest::Limits::default())
        .await
        .unwrap();
    App::new(
        Archive::new(ingest, index, storage, "UPTAKE", Default::default()),
        authorize,
    )
}

async fn find(caller: Caller) -> Result<&'static str> {
    caller.may(Action::Find, None).await?;
    Ok("found")
}

async fn from(caller: Caller) -> String {
    format!("{:?}", caller.context)
}

pub(crate) async fn start(router: Router, limits: Limits) -> (u16, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(serve(listener, router, None, limits, async {
        let _ = stopped.await;
    }));
    (port, stop)
}

/// What is answered to these bytes, until the connection ends.
async fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends a request by hand, and gives the one answer.
pub(crate) async fn send(port: u16, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{length}{headers}\r\n");
    send_raw(port, &[head.as_bytes(), body].concat()).await
}

/// As [`send`], of bytes that may be no request.
pub(crate) async fn send_raw(port: u16, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    // Who refuses early does not read all.
    let write = async {
        let _ = writing.write_all(bytes).await;
    };
    let read = async {
        let _ = reading.read_to_end(&mut answer).await;
    };
    tokio::join!(write, read);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return Answer {
            status: 0,
            head: String::new(),
            body: answer,
        };
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let mut body = answer.split_off(end + 4);
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body,
    }
}

/// Panics where the last chunk is missing: then the answer was cut off.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = std::str::from_utf8(&rest[..line]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend(&rest[line + 2..line + 2 + length]);
        rest = &rest[line + 2 + length + 2..];
    }
}

fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n")
}

async fn guarded(folder: &TestFolder, authorize: Arc<dyn Authorize>) -> Router {
    let app = app(folder, authorize).await;
    Router::new()
        .route("/find", get(find))
        .route("/from", get(from))
        .with_state(app.clone())
        .merge(router(app))
}

#[tokio::test]
async fn a_token_opens_what_it_may() {
    let folder = TestFolder::new("http");
    let path = folder.path().join("tokens.toml");
    let (reads, reader) = new_token("reader", &[Action::Find]).unwrap();
    let (writes, writer) = new_token("writer", &[Action::Store]).unwrap();
    std::fs::write(&path, reader + &writer).unwrap();
    let guarded = guarded(&folder, Arc::new(TokenFile::open(&path).unwrap())).await;
    let (port, _stop) = start(guarded, Limits::default()).await;
    for (header, status) in [
        (String::new(), "401"),
        ("authorization: Bearer nonsense\r\n".to_owned(), "401"),
        (format!("authorization: Basic {reads}\r\n"), "401"),
        (format!("authorization: bearer {reads}\r\n"), "200"),
        (format!("authorization: Bearer {writes}\r\n"), "403"),
    ] {
        let answer = ask(port, &request("/find", &header)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{header}: {answer}"
        );
    }
    // RFC 6750 3: what is wrong is said where a token was shown.
    for (header, challenge) in [
        ("", "www-authenticate: bearer\r\n"),
        (
            "authorization: Bearer nonsense\r\n",
            "www-authenticate: bearer error=\"invalid_token\"\r\n",
        ),
    ] {
        let answer = ask(port, &request("/find", header)).await;
        assert!(answer.to_lowercase().contains(challenge), "{answer}");
    }
    let header = format!("authorization: bearer {reads}\r\n");
    let answer = ask(port, &request("/from", &header)).await;
    assert!(
        answer.contains("127.0.0.1") && answer.contains("GET /from"),
        "{answer}"
    );
    let answer = ask(port, &request("/nothing", "")).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn an_open_archive_answers_this_machine_only() {
    let folder = TestFolder::new("http");
    let guarded = only_this_machine(guarded(&folder, Arc::new(Open)).await);
    let (port, _stop) = start(guarded, Limits::default()).await;
    for (headers, status) in [
        ("host: localhost\r\n", "200"),
        ("host: 127.0.0.1:8080\r\n", "200"),
        ("host: [::1]:8080\r\norigin: http://localhost:3000\r\n", "200"),
        ("host: example.org\r\n", "403"),
        ("host: localhost.example.org\r\n", "403"),
        ("host: localhost\r\norigin: https://example.org\r\n", "403"),
        ("host: localhost\r\norigin: null\r\n", "403"),
        ("host: localhost\r\nx-forwarded-for: 127.0.0.1\r\n", "403"),
        ("host: localhost\r\nforwarded: for=127.0.0.1\r\n", "403"),
    ] {
        let request = format!("GET /find HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        let answer = ask(port, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{headers}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_slow_head_ends_and_others_are_answered_meanwhile() {
    let folder = TestFolder::new("http");
    let limits = Limits {
        head: Duration::from_millis(300),
        silence: Duration::from_millis(600),
        ..Limits::default()
    };
    let (port, _stop) = start(guarded(&folder, Arc::new(Open)).await, limits).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream
            .write_all(b"GET /find HTTP/1.1\r\nhost: local")
            .await
            .unwrap();
        slow.push(stream);
    }
    let answer = ask(port, &request("/find", "")).await;
    assert!(answer.ends_with("found"), "{answer}");
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "a connection that says nothing stays open");
    }
}

#[tokio::test]
async fn an_answer_may_take_long_and_a_body_may_not_stall() {
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let pieces = futures_util::stream::unfold(0, async |n| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (n < 10).then_some((Ok::<_, std::convert::Infallible>("piece"), n + 1))
        });
        axum::body::Body::from_stream(pieces)
    };
    let router = Router::new().route("/slow", get(slow)).route(
        "/take",
        post(async |body: axum::body::Bytes| body.len().to_string()),
    );
    let limits = Limits {
        silence: Duration::from_millis(300),
        ..Limits::default()
    };
    let (port, _stop) = start(router, limits).await;
    let answer = send(port, "GET", "/slow", "", b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.windows(5).filter(|part| part == b"piece").count(), 10);

    let mut stalled = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = b"POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhello";
    stalled.write_all(head).await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), stalled.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a body that stalls is waited for");
    assert!(
        !rest.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
}

#[tokio::test]
async fn two_lengths_are_refused() {
    let folder = TestFolder::new("http");
    let (port, _stop) = start(guarded(&folder, Arc::new(Open)).await, Limits::default()).await;
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        let request = format!("POST /find HTTP/1.1\r\nhost: localhost\r\n{headers}\r\nhello");
        let answer = ask(port, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{headers}: {answer}");
    }
}
