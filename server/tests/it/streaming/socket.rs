//! A page's end of a socket, without a page.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::Hospital;

/// Whatever is waited for comes within this; only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came.
#[derive(Debug)]
pub enum Heard {
    /// A text: an object whose key says what it is.
    Text(Value),
    /// A picture's head.
    Picture(Value),
    /// The end: its code and reason. A connection that just ends has none.
    End(Option<(u16, String)>),
    /// Nothing, for long.
    Nothing,
}

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Whether the next step goes back.
    is_forth: bool,
}

/// Headers of a page of the site itself, by somebody who is signed in.
pub fn headers(http: SocketAddr, cookie: &str) -> Vec<(&'static str, String)> {
    vec![
        ("cookie", cookie.to_owned()),
        ("origin", format!("http://{http}")),
        ("sec-websocket-protocol", "uptake.viewer.v1".to_owned()),
    ]
}

impl Socket {
    /// Opens one with these headers, or gives the status that it is refused with.
    pub async fn try_open(http: SocketAddr, headers: &[(&'static str, String)]) -> Result<Self, u16> {
        let mut request = format!("ws://{http}/viewer/v1/session")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(http).await.unwrap();
        match tokio::time::timeout(PATIENCE, client_async(request, stream))
            .await
            .unwrap()
        {
            Ok((stream, _)) => Ok(Self {
                stream,
                is_forth: false,
            }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("expected an answer, found {error}"),
        }
    }

    pub async fn open(http: SocketAddr, cookie: &str) -> Self {
        Self::try_open(http, &headers(http, cookie)).await.unwrap()
    }

    /// Says something; where nobody listens any more, that is heard.
    pub async fn say(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    pub async fn tell(&mut self, what: &Value) {
        self.say(Message::text(what.to_string())).await;
    }

    /// What comes next. Pictures are answered for.
    pub async fn hear(&mut self) -> Heard {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let Ok(next) = tokio::time::timeout_at(end, self.stream.next()).await else {
                return Heard::Nothing;
            };
            match next {
                Some(Ok(Message::Text(text))) => {
                    return Heard::Text(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
                    let head: Value = serde_json::from_slice(&bytes[12..12 + length]).unwrap();
                    self.tell(&json!({"shown": head["picture"]})).await;
                    return Heard::Picture(head);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Heard::End(frame.map(|frame| (frame.code.into(), frame.reason.to_string())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::End(None),
            }
        }
    }

    /// What the next text with this key says.
    pub async fn told(&mut self, wanted: &str) -> Value {
        loop {
            match self.hear().await {
                Heard::Text(mut text) if text.get(wanted).is_some() => return text[wanted].take(),
                end @ (Heard::End(_) | Heard::Nothing) => panic!("expected {wanted}, found {end:?}"),
                _ => {}
            }
        }
    }

    /// Opens a hospital's CT in one view of 256 by 256 pixels.
    pub async fn look(http: SocketAddr, hospital: &Hospital) -> (Self, String) {
        let mut socket = Self::open(http, &hospital.cookie).await;
        let open = json!({"studies": [hospital.study], "series": hospital.series, "screens": [[256, 256]]});
        socket.tell(&json!({"open": open})).await;
        let opened = socket.told("opened").await;
        socket.told("layout").await;
        socket
            .tell(&json!({"sizes": {"1": [256, 256]}, "scale": 1}))
            .await;
        (socket, opened["session"].as_str().unwrap().to_owned())
    }

    /// Waits until everything has come and rests.
    pub async fn settle(&mut self) {
        loop {
            match self.hear().await {
                Heard::Picture(head) if head["fidelity"] == "exact" && head["fraction"] == 1.0 => return,
                end @ (Heard::End(_) | Heard::Nothing) => panic!("expected a picture, found {end:?}"),
                _ => {}
            }
        }
    }

    /// Scrolls by one, to and fro, and waits for a picture of it.
    async fn scroll(&mut self) {
        self.is_forth = !self.is_forth;
        let steps = if self.is_forth { 1 } else { -1 };
        self.tell(&json!({"do": {"scroll": {"viewport": 1, "steps": steps}}}))
            .await;
        let turn = self.told("view").await["turn"].as_u64().unwrap();
        loop {
            match self.hear().await {
                Heard::Picture(head) if head["turn"].as_u64() >= Some(turn) => return,
                end @ (Heard::End(_) | Heard::Nothing) => panic!("expected a picture, found {end:?}"),
                _ => {}
            }
        }
    }

    /// Goes on scrolling, to and fro.
    pub fn look_on(mut self) -> Onlooker {
        let (steps, seen) = watch::channel(0);
        tokio::spawn(async move {
            while !steps.is_closed() {
                self.scroll().await;
                steps.send_modify(|count| *count += 1);
            }
        });
        Onlooker(seen)
    }
}

/// Somebody who scrolls meanwhile.
pub struct Onlooker(watch::Receiver<u64>);

impl Onlooker {
    /// Waits for a picture of a step that is taken from now on: nothing has happened to them.
    pub async fn check(&mut self, name: &str) {
        let taken = *self.0.borrow_and_update();
        let next = self.0.wait_for(|count| *count > taken + 1);
        let next = tokio::time::timeout(PATIENCE, next).await;
        assert!(
            matches!(next, Ok(Ok(_))),
            "{name}: somebody else's pictures come no more"
        );
    }
}
