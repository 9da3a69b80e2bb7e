//! A viewer's socket: who asks is asked of the guard once a study, then texts go one way and pictures the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::SplitStream;
use futures_util::{Sink, SinkExt as _, StreamExt as _};
use pacs::access::Action;
use pacs::http::{App, Caller};
use tokio::sync::mpsc;
use viewer::Says;
use viewer::message::{MAX_TEXT_BYTES, Open};

use super::Sessions;
use super::host::{Input, Output};
use super::sessions::{NotOpened, Session};

/// The protocol's name.
const PROTOCOL: &str = "uptake.viewer.v1";
/// For the first text.
const OPENED_WITHIN: Duration = Duration::from_secs(10);
/// A viewer that says nothing is asked whether it is there; twice without an answer it is gone.
const ASKED_EVERY: Duration = Duration::from_secs(20);
/// Whether a viewer may still see what it sees is asked again.
const JUDGED_EVERY: Duration = Duration::from_secs(60);
/// Messages on the way to a viewer.
const ON_THE_WAY: usize = 256;

/// Opens the socket. The studies are named, and the guard asked, in the first text.
pub async fn upgrade(
    State(app): State<App>,
    Extension(sessions): Extension<Arc<Sessions>>,
    caller: Caller,
    socket: WebSocketUpgrade,
) -> Response {
    socket
        .protocols([PROTOCOL])
        // What is somewhat too long is read, so that it can be said that it is; the rest ends the connection.
        .max_message_size(2 * MAX_TEXT_BYTES)
        .max_frame_size(2 * MAX_TEXT_BYTES)
        .on_upgrade(move |socket| converse(app, sessions, caller, socket))
}

async fn converse(app: App, sessions: Arc<Sessions>, caller: Caller, mut socket: WebSocket) {
    let first = tokio::time::timeout(OPENED_WITHIN, socket.recv()).await;
    let opened = match first {
        Ok(Some(Ok(Message::Text(text)))) => match Says::read(&text) {
            Ok(Says::Open(open)) => begin(&app, &sessions, &caller, &open)
                .await
                .map(|session| (session, open)),
            Ok(_) => Err((1008, "expected open, found another message".to_owned())),
            Err(malformed) => Err((1008, malformed.to_string())),
        },
        Ok(Some(Ok(_))) => Err((1008, "expected a text, found something else".to_owned())),
        Ok(_) => return,
        Err(_) => Err((1008, "expected open within 10 s, found nothing".to_owned())),
    };
    match opened {
        Ok((session, open)) => {
            let name = sessions.name(&caller.principal).await;
            carry(&caller, &open, &session, name, socket).await;
        }
        Err((code, reason)) => close(&mut socket, code, reason).await,
    }
}

async fn begin(
    app: &App,
    sessions: &Arc<Sessions>,
    caller: &Caller,
    open: &Open,
) -> Result<Session, (u16, String)> {
    judged(caller, open).await?;
    let owner = caller.principal.actor();
    let opened = sessions.open(app, &owner, open).await;
    opened.map_err(|error| {
        let code = match &error {
            NotOpened::Full(_) => 1013,
            NotOpened::Archive(pacs::http::Error::Internal) => 1011,
            _ => 1008,
        };
        (code, error.to_string())
    })
}

/// Whether all studies may be seen.
async fn judged(caller: &Caller, open: &Open) -> Result<(), (u16, String)> {
    for study in &open.studies {
        let judged = caller.may(Action::Retrieve, Some(study)).await;
        judged.map_err(|error| (1008, error.to_string()))?;
    }
    Ok(())
}

async fn close(socket: &mut WebSocket, code: u16, reason: String) {
    let closing = serde_json::json!({"closing": {"reason": reason}}).to_string();
    let _ = socket.send(Message::Text(closing.into())).await;
    let _ = socket.send(Message::Close(Some(frame(code, &reason)))).await;
}

/// A close frame holds 123 bytes of reason.
fn frame(code: u16, reason: &str) -> CloseFrame {
    let end = reason.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let end = end.take_while(|end| *end <= 123).last().unwrap_or_default();
    CloseFrame {
        code,
        reason: reason[..end].into(),
    }
}

/// Carries texts and pictures until one side ends.
async fn carry(caller: &Caller, open: &Open, session: &Session, name: Option<String>, socket: WebSocket) {
    let (out, mut outputs) = mpsc::channel(ON_THE_WAY);
    let participant = session.participant();
    let join = Input::Join {
        participant,
        name: name.unwrap_or_else(|| participant.to_string()),
        language: open.language.clone(),
        is_guest: session.owner != caller.principal.actor(),
        out,
    };
    if session.inputs.send(join).is_err() {
        return;
    }
    let (mut sink, mut stream) = socket.split();
    let is_silent = AtomicBool::new(false);
    let writing = write(&mut sink, &mut outputs, &is_silent);
    let reading = read(&mut stream, session, participant, &is_silent);
    // Each goes on while the other waits: a command is heard while a large picture leaves on a narrow link.
    let ended = tokio::select! {
        ended = writing => ended,
        ended = reading => ended,
        refused = refused(caller, open) => Some(refused),
    };
    let _ = session.inputs.send(Input::Leave(participant));
    if let Some((code, reason)) = ended {
        let closing = serde_json::json!({"closing": {"reason": reason}}).to_string();
        let _ = sink.send(Message::Text(closing.into())).await;
        let _ = sink.send(Message::Close(Some(frame(code, &reason)))).await;
    }
}

/// Why a conversation ends; `None` where the viewer is gone.
type Ended = Option<(u16, String)>;

/// Sends what the session says, and asks a silent viewer whether it is there.
async fn write(
    sink: &mut (impl Sink<Message> + Unpin),
    outputs: &mut mpsc::Receiver<Output>,
    is_silent: &AtomicBool,
) -> Ended {
    let mut asked = tokio::time::interval(ASKED_EVERY);
    asked.reset();
    loop {
        let message = tokio::select! {
            output = outputs.recv() => match output {
                Some(Output::Text(text)) => Message::Text(text.into()),
                Some(Output::Picture(bytes)) => Message::Binary(bytes.into()),
                Some(Output::Close(code, reason)) => return Some((code, reason)),
                None => return Some((1013, "the session ended, or the viewer read too slowly".to_owned())),
            },
            _ = asked.tick() => {
                if is_silent.swap(true, Ordering::Relaxed) {
                    return Some((1001, "the viewer does not answer".to_owned()));
                }
                Message::Ping(Vec::new().into())
            }
        };
        if sink.send(message).await.is_err() {
            return None;
        }
    }
}

/// Hears what the viewer says.
async fn read(
    stream: &mut SplitStream<WebSocket>,
    session: &Session,
    participant: u32,
    is_silent: &AtomicBool,
) -> Ended {
    loop {
        let message = stream.next().await;
        is_silent.store(false, Ordering::Relaxed);
        match message {
            Some(Ok(Message::Text(text))) => {
                let says = match Says::read(&text) {
                    Ok(says) => says,
                    Err(malformed) => return Some((1008, malformed.to_string())),
                };
                if matches!(says, Says::Do(..)) {
                    session.stop.stop();
                }
                if let Err(ended) = session.say(participant, says).await {
                    return Some(ended);
                }
            }
            Some(Ok(Message::Binary(_))) => return Some((1008, "expected a text, found bytes".to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
        }
    }
}

/// Ends when the studies may be seen no more.
async fn refused(caller: &Caller, open: &Open) -> (u16, String) {
    loop {
        tokio::time::sleep(JUDGED_EVERY).await;
        if let Err(refused) = judged(caller, open).await {
            return refused;
        }
    }
}
