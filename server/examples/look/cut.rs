//! A conversation whose link is cut.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use shaper::{Cut, Shaper};

use super::conversation::{Conversation, Door, Heard, PATIENCE, Wish};

/// After so long without a word an element opens anew.
const SILENCE: Duration = Duration::from_secs(5);
/// So long after it could not be opened it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// What a cut did.
#[derive(Debug)]
pub struct Recovery {
    /// From when the link was whole again to a picture.
    pub after: Duration,
    /// How often the conversation was opened anew.
    pub reopened: u32,
}

/// Scrolls, loses the link, and waits until a picture of the same slice comes again: over the same connection, or one that is
/// opened with the number of the session.
pub async fn recovery(
    shaper: &Shaper,
    door: &Door,
    wish: &Wish,
    how: Cut,
    lasting: Duration,
) -> anyhow::Result<Recovery> {
    let mut conversation = door.open(wish).await?;
    let ct = conversation.largest("CT")?;
    let viewport = conversation.show(&json!("stack"), None, &[&ct.key]).await?;
    let slice = step(&mut conversation, viewport).await?;
    let session = conversation.session.clone();
    shaper.cut(how, lasting);
    let whole = Instant::now() + lasting;
    let mut reopened = 0;
    // Somebody turns the wheel meanwhile, once.
    let scroll = json!({"scroll": {"viewport": viewport, "steps": 1}});
    conversation.command(&scroll, None);
    let expected = slice.map(|[one, all]| [one + 1, all]);
    let mut is_sent = true;
    loop {
        ensure!(
            whole.elapsed() < PATIENCE,
            "no picture within {} s of the link's return",
            PATIENCE.as_secs()
        );
        match tokio::time::timeout(SILENCE, conversation.next()).await {
            Ok(Ok((at, Heard::Picture(head, _)))) if at >= whole && head.viewport == viewport => {
                let view = conversation.view(viewport);
                if head.turn < view.turn {
                    continue;
                }
                if view.slice == slice && !is_sent {
                    // The command was lost with the connection, as it may be: it is given once more.
                    conversation.command(&scroll, None);
                    is_sent = true;
                } else if view.slice == expected {
                    let after = at - whole;
                    return Ok(Recovery { after, reopened });
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => {
                let wish = Wish {
                    session: Some(session.clone()),
                    ..wish.clone()
                };
                reopened += 1;
                conversation = reopen(door, &wish, whole).await?;
                ensure!(
                    conversation.session == session,
                    "expected session {session}, found another"
                );
                is_sent = false;
            }
        }
    }
}

/// Tries until the link has been whole for long.
async fn reopen(door: &Door, wish: &Wish, whole: Instant) -> anyhow::Result<Conversation> {
    loop {
        // A connection that was begun while the link was cut may hang: as an element does, another is tried.
        let error = match tokio::time::timeout(SILENCE, door.open(wish)).await {
            Ok(Ok(conversation)) => return Ok(conversation),
            Ok(Err(error)) => error,
            Err(silence) => silence.into(),
        };
        if whole.elapsed() > PATIENCE {
            return Err(error).context("the session cannot be opened again");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Scrolls by one and gives the slice that a picture then shows.
async fn step(conversation: &mut Conversation, viewport: u32) -> anyhow::Result<Option<[u64; 2]>> {
    let before = conversation.view(viewport);
    conversation.command(&json!({"scroll": {"viewport": viewport, "steps": 1}}), None);
    conversation
        .picture(viewport, |head, view| {
            view.turn > before.turn && head.turn >= view.turn
        })
        .await?;
    let slice = conversation.view(viewport).slice;
    ensure!(
        slice.is_some() && slice != before.slice,
        "expected another slice than {:?}, found {slice:?}",
        before.slice
    );
    Ok(slice)
}
