//! What comes over a socket and should not: it ends the conversation that it came in, or is answered, and costs others
//! nothing.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::socket::{Heard, Socket, headers};
use super::{Hospital, site};
use crate::archive::folders;

/// What is said. In texts `{own}` is a study that may be seen, `{series}` its CT, `{foreign}` another hospital's study,
/// `{foreign-series}` its CT, `{unknown}` a study that nobody has, `{session}` the session of somebody of the other hospital.
#[derive(Debug, Clone, Copy)]
enum Says {
    Text(&'static str),
    Bytes(&'static [u8]),
    /// A text with a string of so many bytes in it.
    Long(usize),
    /// Lists in lists, so deep.
    Deep(usize),
    /// The same text so many times.
    Often(usize, &'static str),
}

/// What comes of it.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// The conversation, with one of these codes (RFC 6455 7.4.1) and a reason.
    Closed(&'static [u16]),
    /// What was asked for is not done, which is said; the conversation goes on.
    Refused,
    /// Nothing.
    Harmless,
    /// It opens, but no session of the name that was said.
    Anew,
}

use Ends::{Anew, Closed, Harmless, Refused};
use Says::{Bytes, Deep, Long, Often, Text};

const POLICY: Ends = Closed(&[1008]);
/// Bytes are none of what an element says.
const NO_TEXT: Ends = Closed(&[1003, 1008]);
/// Too big a message may be found by who reads frames or by who reads texts.
const TOO_BIG: Ends = Closed(&[1008, 1009]);

/// Said first, by somebody who is signed in.
const FIRST: &[(&str, Says, Ends)] = &[
    ("no JSON", Text("hello"), POLICY),
    ("nothing", Text(""), POLICY),
    (
        "half a message",
        Text(r#"{"open": {"studies": ["{own}"]"#),
        POLICY,
    ),
    ("a list", Text("[1, 2, 3]"), POLICY),
    ("a number", Text("1e999"), POLICY),
    ("no key", Text("{}"), POLICY),
    ("an unknown key", Text(r#"{"sudo": {"open": "door"}}"#), POLICY),
    ("bytes", Bytes(b"\x00\x01\x02"), NO_TEXT),
    ("a picture", Bytes(b"UPTKPIC1\x02\0\0\0{}"), NO_TEXT),
    (
        "a picture without an end",
        Bytes(b"UPTKPIC1\xff\xff\xff\xff{}"),
        NO_TEXT,
    ),
    ("a long text", Long(9 << 20), TOO_BIG),
    ("a very long text", Long(40 << 20), TOO_BIG),
    ("a deep text", Deep(100_000), POLICY),
    // Out of order: nothing is open yet.
    (
        "a command first",
        Text(r#"{"do": {"scroll": {"viewport": 1, "steps": 1}}}"#),
        POLICY,
    ),
    (
        "sizes first",
        Text(r#"{"sizes": {"1": [256, 256]}, "scale": 1}"#),
        POLICY,
    ),
    ("an answer first", Text(r#"{"shown": 1}"#), POLICY),
    (
        "a question first",
        Text(r#"{"ask": 1, "for": "catalogue"}"#),
        POLICY,
    ),
    ("rest first", Text(r#"{"rest": null}"#), POLICY),
    // An opening that is none.
    ("no studies", Text(r#"{"open": {"studies": []}}"#), POLICY),
    (
        "no list of studies",
        Text(r#"{"open": {"studies": "{own}"}}"#),
        POLICY,
    ),
    (
        "six studies",
        Text(r#"{"open": {"studies": ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]}}"#),
        POLICY,
    ),
    (
        "a study by another name",
        Text(r#"{"open": {"studies": ["../../etc/passwd"]}}"#),
        POLICY,
    ),
    (
        "a statement",
        Text(r#"{"open": {"studies": ["1' OR '1'='1"]}}"#),
        POLICY,
    ),
    (
        "a long study",
        Text(
            r#"{"open": {"studies": ["1.22222222222222222222222222222222222222222222222222222222222222222"]}}"#,
        ),
        POLICY,
    ),
    (
        "a huge screen",
        Text(r#"{"open": {"studies": ["{own}"], "screens": [[4000000000, 4000000000]]}}"#),
        POLICY,
    ),
    (
        "a screen of nothing",
        Text(r#"{"open": {"studies": ["{own}"], "screens": [[0, 0]]}}"#),
        POLICY,
    ),
    (
        "too much",
        Text(r#"{"open": {"studies": ["{own}"]}, "do": {"rest": null}}"#),
        POLICY,
    ),
    (
        "more than an opening",
        Text(r#"{"open": {"studies": ["{own}"], "person": 1}}"#),
        POLICY,
    ),
    // What is another's.
    (
        "a study that nobody has",
        Text(r#"{"open": {"studies": ["{unknown}"]}}"#),
        POLICY,
    ),
    (
        "another hospital's study",
        Text(r#"{"open": {"studies": ["{foreign}"]}}"#),
        POLICY,
    ),
    (
        "it behind an own",
        Text(r#"{"open": {"studies": ["{own}", "{foreign}"]}}"#),
        POLICY,
    ),
    (
        "its series",
        Text(r#"{"open": {"studies": ["{own}"], "series": "{foreign-series}"}}"#),
        POLICY,
    ),
    (
        "another hospital's session",
        Text(r#"{"open": {"studies": ["{foreign}"], "session": "{session}"}}"#),
        POLICY,
    ),
    (
        "its session with an own study",
        Text(r#"{"open": {"studies": ["{own}"], "session": "{session}"}}"#),
        POLICY,
    ),
    (
        "a session that never was",
        Text(r#"{"open": {"studies": ["{own}"], "session": "AAAAAAAAAAAAAAAAAAAAAA"}}"#),
        Anew,
    ),
    (
        "a session by another name",
        Text(r#"{"open": {"studies": ["{own}"], "session": "../{session}"}}"#),
        Anew,
    ),
];

/// Said while pictures come.
const LATER: &[(&str, Says, Ends)] = &[
    ("no JSON", Text("hello"), POLICY),
    ("bytes", Bytes(b"\x00\x01\x02"), NO_TEXT),
    ("a long text", Long(9 << 20), TOO_BIG),
    ("a deep text", Deep(100_000), POLICY),
    (
        "a command that is none",
        Text(r#"{"do": {"format": {"disk": "c"}}}"#),
        POLICY,
    ),
    (
        "a command without a view",
        Text(r#"{"do": {"scroll": {"steps": 1}}}"#),
        POLICY,
    ),
    (
        "more than a command",
        Text(r#"{"do": {"scroll": {"viewport": 1, "steps": 1}}, "by": 2}"#),
        POLICY,
    ),
    ("an answer for no picture", Text(r#"{"shown": "all"}"#), POLICY),
    (
        "a question that is none",
        Text(r#"{"ask": 1, "for": "passwords"}"#),
        POLICY,
    ),
    (
        "a view of no size",
        Text(r#"{"sizes": {"1": [0, 256]}, "scale": 1}"#),
        POLICY,
    ),
    (
        "a huge view",
        Text(r#"{"sizes": {"1": [4000000000, 4000000000]}, "scale": 1}"#),
        POLICY,
    ),
    (
        "a view by another number",
        Text(r#"{"sizes": {"-1": [256, 256]}, "scale": 1}"#),
        POLICY,
    ),
    (
        "a huge scale",
        Text(r#"{"sizes": {"1": [256, 256]}, "scale": 1e308}"#),
        POLICY,
    ),
    // Replayed: the opening once more.
    (
        "a second opening",
        Text(r#"{"open": {"studies": ["{own}"]}}"#),
        POLICY,
    ),
    // Commands that cannot be done.
    (
        "a view that is not there",
        Text(r#"{"do": {"scroll": {"viewport": 99, "steps": 1}}}"#),
        Refused,
    ),
    (
        "a series that is not there",
        Text(r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["1.2.3"]}}}"#),
        Refused,
    ),
    (
        "another hospital's series",
        Text(r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["{foreign-series}"]}}}"#),
        Refused,
    ),
    (
        "another hospital's study",
        Text(r#"{"do": {"hang": {"studies": ["{foreign}"]}}}"#),
        Refused,
    ),
    (
        "a small picture of another hospital's series",
        Text(r#"{"ask": 5, "for": {"thumbnail": {"series": "{foreign-series}", "side": 96}}}"#),
        Refused,
    ),
    (
        "a zoom of nothing",
        Text(r#"{"do": {"set_zoom": {"viewport": 1, "zoom": 0}}}"#),
        Refused,
    ),
    // What says nothing.
    (
        "far beyond the end",
        Text(r#"{"do": {"scroll": {"viewport": 1, "steps": 2147483647}}}"#),
        Harmless,
    ),
    (
        "a picture that never was",
        Text(r#"{"shown": 18446744073709551615}"#),
        Harmless,
    ),
    (
        "answers again and again",
        Often(2000, r#"{"shown": 1}"#),
        Harmless,
    ),
    (
        "somebody comes who is another",
        Text(r#"{"do": {"join": {"participant": 7, "name": "x"}}}"#),
        Harmless,
    ),
    (
        "somebody else leaves",
        Text(r#"{"do": {"leave": {"participant": 1}}}"#),
        Harmless,
    ),
    (
        "a long time passes",
        Text(r#"{"do": {"tick": {"elapsed_s": 1e300}}}"#),
        Harmless,
    ),
    (
        "commands as fast as can be",
        Often(
            3000,
            r#"{"do": {"scroll": {"viewport": 1, "steps": 1}}, "gesture": 1}"#,
        ),
        Harmless,
    ),
    (
        "questions as fast as can be",
        Often(500, r#"{"ask": 5, "for": "catalogue"}"#),
        Harmless,
    ),
];

/// Who says it, and whose things it is about.
struct Scene<'a> {
    own: &'a Hospital,
    foreign: &'a Hospital,
    /// Of somebody of the other hospital.
    session: &'a str,
}

impl Scene<'_> {
    fn filled(&self, text: &str) -> String {
        text.replace("{own}", &self.own.study)
            .replace("{series}", &self.own.series)
            .replace("{foreign}", &self.foreign.study)
            .replace("{foreign-series}", &self.foreign.series)
            .replace("{unknown}", "2.25.1")
            .replace("{session}", self.session)
    }

    async fn say(&self, socket: &mut Socket, says: Says) {
        match says {
            Text(text) => socket.say(Message::text(self.filled(text))).await,
            Bytes(bytes) => socket.say(Message::binary(bytes)).await,
            Long(bytes) => {
                socket
                    .say(Message::text(format!("{{\"open\": \"{}\"}}", "x".repeat(bytes))))
                    .await;
            }
            Deep(lists) => socket.say(Message::text("[".repeat(lists))).await,
            Often(times, text) => {
                for _ in 0..times {
                    socket.say(Message::text(self.filled(text))).await;
                }
            }
        }
    }
}

/// The number of the question that is asked last.
const LAST: u64 = 77;

/// Hears how it ends, or that it does not: then a question is answered.
async fn check(socket: &mut Socket, name: &str, ends: Ends, scene: &Scene<'_>, is_first: bool) {
    if !matches!(ends, Closed(_)) {
        socket.tell(&json!({"ask": LAST, "for": "key_images"})).await;
    }
    let mut is_refused = false;
    loop {
        match (socket.hear().await, ends) {
            (Heard::Text(text), Anew) if text.get("opened").is_some() => {
                let session = text["opened"]["session"].as_str().unwrap_or_default();
                assert!(!session.is_empty(), "{name}: {text}");
                for said in [scene.session, "AAAA", "/"] {
                    assert!(!session.contains(said), "{name}: {text}");
                }
            }
            (Heard::End(Some((code, reason))), Closed(codes)) => {
                assert!(codes.contains(&code), "{name}: closed with {code} {reason:?}");
                assert!(!reason.is_empty(), "{name}: closed with {code} and no reason");
                for secret in [&scene.foreign.study, &scene.foreign.series, scene.session] {
                    assert!(!reason.contains(secret), "{name}: {reason}");
                }
                return;
            }
            (Heard::End(end), _) => panic!("{name}: expected {ends:?}, found the end: {end:?}"),
            (Heard::Text(text), Closed(_)) if text.get("opened").is_some() && is_first => {
                panic!("{name}: expected {ends:?}, was opened");
            }
            (Heard::Text(text), _) if text["answer"] == LAST => {
                assert_eq!(matches!(ends, Refused), is_refused, "{name}: expected {ends:?}");
                return;
            }
            (Heard::Text(text), Refused) if text.get("refused").is_some() => {
                for secret in [scene.session, "thumbnail?"] {
                    assert!(!text.to_string().contains(secret), "{name}: {text}");
                }
                is_refused = true;
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_should_not_be_said_ends_its_own_conversation_alone() {
    let folder = folders::new("hostile");
    let (served, [own, foreign]) = site(folder.path()).await;
    let http = served.http;
    // Somebody of each hospital looks on, and notices nothing.
    let (mut colleague, _) = Socket::look(http, &own).await;
    let (mut other, session) = Socket::look(http, &foreign).await;
    colleague.settle().await;
    other.settle().await;
    let scene = Scene {
        own: &own,
        foreign: &foreign,
        session: &session,
    };
    for (name, says, ends) in FIRST {
        let mut socket = Socket::open(http, &own.cookie).await;
        scene.say(&mut socket, *says).await;
        check(&mut socket, name, *ends, &scene, true).await;
        colleague.step(&mut other).await;
    }
    for (name, says, ends) in LATER {
        let (mut socket, _) = Socket::look(http, &own).await;
        scene.say(&mut socket, *says).await;
        check(&mut socket, name, *ends, &scene, false).await;
        colleague.step(&mut other).await;
    }
    served.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_listen_costs_others_nothing() {
    let folder = folders::new("deaf");
    let (served, [own, foreign]) = site(folder.path()).await;
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let (mut socket, _) = Socket::look(served.http, &own).await;
        // Never reads again: nor does it answer for a picture.
        for _ in 0..500 {
            socket
                .tell(&json!({"do": {"scroll": {"viewport": 1, "steps": 1}}, "gesture": 1}))
                .await;
            socket.tell(&json!({"ask": 1, "for": "catalogue"})).await;
        }
        deaf.push(socket);
    }
    let (mut colleague, _) = Socket::look(served.http, &own).await;
    let (mut other, _) = Socket::look(served.http, &foreign).await;
    colleague.settle().await;
    other.settle().await;
    for _ in 0..5 {
        colleague.step(&mut other).await;
    }
    drop(deaf);
    served.end();
}

/// A header of a page's own that is another, or is left out, and the status that it is refused with.
const DOORS: &[(&str, &str, &str, u16)] = &[
    ("nobody", "cookie", "", 401),
    ("somebody's invention", "cookie", "uptake_session=invented", 401),
    // Browsers send cookies with sockets that any page opens (cross-site WebSocket hijacking).
    ("another site's page", "origin", "http://evil.example", 403),
    ("a page without a site", "origin", "null", 403),
    ("a cookie without a page", "origin", "", 403),
];

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_site_of_somebody_who_is_signed_in_open_a_socket() {
    let folder = folders::new("doors");
    let (served, [own, _]) = site(folder.path()).await;
    let good = headers(served.http, &own.cookie);
    assert!(Socket::try_open(served.http, &good).await.is_ok());
    for (who, name, value, status) in DOORS {
        let mut headers = good.clone();
        headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            headers.push((name, (*value).to_owned()));
        }
        let refused = Socket::try_open(served.http, &headers).await.err();
        assert_eq!(refused, Some(*status), "{who}");
    }
    served.end();
}
