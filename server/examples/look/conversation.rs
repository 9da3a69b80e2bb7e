//! One viewer's conversation, as an element holds it: takes pictures, answers for them, and keeps what it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::wire::{self, Head};

/// Whatever is waited for comes within this.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a viewer goes in, and as whom.
#[derive(Debug, Clone)]
pub struct Door {
    pub address: SocketAddr,
    /// A header and its value: a cookie or a bearer token.
    pub credential: (&'static str, String),
    /// Whether pictures are held to what their heads say.
    pub is_decoding: bool,
}

/// What is asked to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// One to five.
    pub studies: Vec<String>,
    /// The series that is shown alone.
    pub series: Option<String>,
    /// Pixels of each side of a view.
    pub side: u32,
    /// A session that goes on.
    pub session: Option<String>,
}

/// Something that was heard.
#[derive(Debug)]
pub enum Heard {
    Text(Value),
    Picture(Head, Vec<u8>),
    /// The conversation is over, and why.
    Over(String),
}

/// A series that can be shown.
#[derive(Debug, Clone)]
pub struct Series {
    pub key: String,
    pub modality: String,
    pub images: u64,
}

/// What was last told of a view.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct View {
    pub turn: u64,
    /// Which of how many.
    pub slice: Option<[u64; 2]>,
}

/// A conversation under way.
pub struct Conversation {
    pub session: String,
    pub drawer: String,
    pub series: Vec<Series>,
    pub views: BTreeMap<u32, View>,
    /// Numbers of the views that lie on the screen.
    pub viewports: Vec<u32>,
    side: u32,
    saying: UnboundedSender<Message>,
    hearing: UnboundedReceiver<(Instant, Heard)>,
    listening: JoinHandle<()>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // Who speaks says this last, and ends.
        let _ = self.saying.send(Message::Close(None));
        self.listening.abort();
    }
}

impl Door {
    async fn connect(&self) -> anyhow::Result<WebSocketStream<TcpStream>> {
        let address = self.address;
        let mut request = format!("ws://{address}/viewer/v1/session").into_client_request()?;
        let headers = request.headers_mut();
        let (name, value) = &self.credential;
        headers.insert(*name, HeaderValue::from_str(value)?);
        headers.insert("origin", HeaderValue::from_str(&format!("http://{address}"))?);
        headers.insert(
            "sec-websocket-protocol",
            HeaderValue::from_static("uptake.viewer.v1"),
        );
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(request, stream)
            .await
            .context("the server does not open a conversation")?;
        Ok(socket)
    }

    /// Opens what is wished for, and tells the size of each view as soon as it is known where views lie.
    pub async fn open(&self, wish: &Wish) -> anyhow::Result<Conversation> {
        let socket = tokio::time::timeout(PATIENCE, self.connect())
            .await
            .context("nobody answers")??;
        let mut conversation = Conversation::over(socket, self.is_decoding, wish.side);
        let mut open = json!({
            "studies": wish.studies,
            "screens": [[wish.side, wish.side]],
            "language": "zh-CN",
        });
        if let Some(series) = &wish.series {
            open["series"] = json!(series);
        }
        if let Some(session) = &wish.session {
            open["session"] = json!(session);
        }
        conversation.say(&json!({"open": open}));
        while conversation.session.is_empty() || conversation.viewports.is_empty() {
            conversation.next().await?;
        }
        Ok(conversation)
    }
}

impl Conversation {
    /// Begins to talk: one task listens and answers for pictures, one speaks.
    fn over(socket: WebSocketStream<TcpStream>, is_decoding: bool, side: u32) -> Self {
        let (mut out, mut into) = socket.split();
        let (saying, mut to_say) = mpsc::unbounded_channel::<Message>();
        let (heard, hearing) = mpsc::unbounded_channel();
        let answering = saying.clone();
        let listening = tokio::spawn(async move {
            let why = loop {
                let Some(message) = into.next().await else {
                    break "the connection ended".to_owned();
                };
                let at = Instant::now();
                match message
                    .map_err(anyhow::Error::from)
                    .and_then(|message| take(&message, is_decoding))
                {
                    Ok(Some(Heard::Over(why))) => break why,
                    Ok(Some(one)) => {
                        if let Heard::Picture(head, _) = &one {
                            let shown = json!({"shown": head.picture}).to_string();
                            let _ = answering.send(Message::text(shown));
                        }
                        if heard.send((at, one)).is_err() {
                            return;
                        }
                    }
                    Ok(None) => {}
                    Err(error) => break format!("{error:#}"),
                }
            };
            let _ = heard.send((Instant::now(), Heard::Over(why)));
        });
        tokio::spawn(async move {
            while let Some(message) = to_say.recv().await {
                if out.send(message).await.is_err() {
                    return;
                }
            }
        });
        Self {
            session: String::new(),
            drawer: String::new(),
            series: Vec::new(),
            views: BTreeMap::new(),
            viewports: Vec::new(),
            side,
            saying,
            hearing,
            listening,
        }
    }

    /// Says something. Where nobody listens any more, that is heard next.
    pub fn say(&self, what: &Value) {
        let _ = self.saying.send(Message::text(what.to_string()));
    }

    /// Gives a command.
    pub fn command(&self, command: &Value, gesture: Option<u64>) {
        match gesture {
            Some(gesture) => self.say(&json!({"do": command, "gesture": gesture})),
            None => self.say(&json!({"do": command})),
        }
    }

    /// Hears what comes next, and when it came.
    ///
    /// What ends the conversation, and what refuses a command, is an error: nothing here asks for what cannot be had.
    pub async fn next(&mut self) -> anyhow::Result<(Instant, Heard)> {
        let next = tokio::time::timeout(PATIENCE, self.hearing.recv()).await;
        let (at, heard) = next
            .with_context(|| format!("nothing came for {} s", PATIENCE.as_secs()))?
            .context("the conversation is over")?;
        match &heard {
            Heard::Over(why) => bail!("the conversation ended: {why}"),
            Heard::Text(text) => self.told(text)?,
            Heard::Picture(..) => {}
        }
        Ok((at, heard))
    }

    /// The next picture of a view that `is_wanted`.
    pub async fn picture(
        &mut self,
        viewport: u32,
        mut is_wanted: impl FnMut(&Head, &View) -> bool,
    ) -> anyhow::Result<(Instant, Head, Vec<u8>)> {
        loop {
            if let (at, Heard::Picture(head, coded)) = self.next().await?
                && head.viewport == viewport
                && is_wanted(&head, &self.view(viewport))
            {
                return Ok((at, head, coded));
            }
        }
    }

    /// What was last told of a view.
    pub fn view(&self, viewport: u32) -> View {
        self.views.get(&viewport).copied().unwrap_or_default()
    }

    /// The series of a modality that has the most images.
    pub fn largest(&self, modality: &str) -> anyhow::Result<Series> {
        let of = self.series.iter().filter(|series| series.modality == modality);
        let largest = of.max_by_key(|series| series.images).cloned();
        largest.with_context(|| format!("expected a series of {modality} in the study, found none"))
    }

    fn told(&mut self, text: &Value) -> anyhow::Result<()> {
        let (key, is) = text
            .as_object()
            .and_then(|object| object.iter().next())
            .context("expected an object with a key, found another text")?;
        match key.as_str() {
            "opened" => {
                self.session = word(is, "session")?;
                self.drawer = word(is, "drawer")?;
            }
            "series" => {
                let of = |series: &Value| {
                    Ok(Series {
                        key: word(series, "key")?,
                        modality: word(series, "modality")?,
                        images: series["images"].as_u64().unwrap_or_default(),
                    })
                };
                let listed = is.as_array().context("series are no list")?;
                self.series = listed.iter().map(of).collect::<anyhow::Result<_>>()?;
            }
            "layout" => self.laid_out(is),
            "view" => {
                let viewport = number(is, "viewport")? as u32;
                let slice = is["slice"].as_array().and_then(|slice| match slice.as_slice() {
                    [one, all] => Some([one.as_u64()?, all.as_u64()?]),
                    _ => None,
                });
                let turn = number(is, "turn")?;
                self.views.insert(viewport, View { turn, slice });
            }
            "refused" => bail!("a command was refused: {is}"),
            "empty" if !is["why"].is_null() => bail!("a view is empty: {is}"),
            "closing" => bail!("the server ends the conversation: {is}"),
            _ => {}
        }
        Ok(())
    }

    fn laid_out(&mut self, layout: &Value) {
        let screens = layout["screens"].as_array().into_iter().flatten();
        let cells = screens.flat_map(|screen| screen["cells"].as_array().into_iter().flatten());
        self.viewports = cells
            .filter_map(|cell| u32::try_from(cell["viewport"].as_u64()?).ok())
            .collect();
        let sizes: serde_json::Map<String, Value> = self
            .viewports
            .iter()
            .map(|viewport| (viewport.to_string(), json!([self.side, self.side])))
            .collect();
        self.say(&json!({"sizes": sizes, "scale": 1}));
    }

    /// Lays one view out and shows series in it. Gives the view when its picture rests: everything has come, pixel for pixel.
    pub async fn show(&mut self, kind: &Value, axis: Option<&str>, series: &[&str]) -> anyhow::Result<u32> {
        if self.viewports.len() != 1 {
            let layout = json!({"name": "one", "rows": 1, "columns": 1});
            self.viewports.clear();
            self.command(&json!({"set_layout": {"layout": layout}}), None);
            while self.viewports.is_empty() {
                self.next().await?;
            }
        }
        let viewport = self.viewports[0];
        let before = self.view(viewport).turn;
        let mut show = json!({"viewport": viewport, "kind": kind, "series": series});
        if let Some(axis) = axis {
            show["axis"] = json!(axis);
        }
        self.command(&json!({"show": show}), None);
        self.picture(viewport, |head, view| {
            view.turn > before
                && head.turn >= view.turn
                && head.fraction >= 1.0
                && head.fidelity == wire::Fidelity::Exact
        })
        .await?;
        Ok(viewport)
    }
}

/// Reads a message. What needs no ear is `None`.
fn take(message: &Message, is_decoding: bool) -> anyhow::Result<Option<Heard>> {
    Ok(match message {
        Message::Text(text) => Some(Heard::Text(serde_json::from_str(text).context("expected JSON")?)),
        Message::Binary(bytes) => {
            let (head, coded) = wire::picture(bytes)?;
            if is_decoding {
                wire::check(&head, coded)?;
            }
            Some(Heard::Picture(head, coded.to_vec()))
        }
        Message::Close(frame) => Some(Heard::Over(match frame {
            Some(frame) => format!("closed with {} {}", frame.code, frame.reason),
            None => "closed without a reason".to_owned(),
        })),
        _ => None,
    })
}

fn word(of: &Value, key: &str) -> anyhow::Result<String> {
    let word = of[key]
        .as_str()
        .with_context(|| format!("expected a {key}, found {}", of[key]))?;
    ensure!(!word.is_empty(), "expected a {key}, found an empty one");
    Ok(word.to_owned())
}

fn number(of: &Value, key: &str) -> anyhow::Result<u64> {
    of[key]
        .as_u64()
        .with_context(|| format!("expected a {key}, found {}", of[key]))
}
