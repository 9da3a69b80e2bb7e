//! A passkey is asked for at the sign-in.

use database::Connection;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{Passkey, PasskeyAuthentication, PublicKeyCredential, WebauthnError};

use super::{site, store};
use crate::ui;
use crate::web::{Visit, asset};
use crate::{Error, Result};

/// A challenge as it is kept between the page and the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Challenge(PasskeyAuthentication);

/// A challenge for the passkeys of a person, and what a browser is told of it as JSON; `None` where there are none, or
/// browsers have none here.
///
/// # Errors
///
/// The database's.
pub(crate) async fn offer(
    visit: &Visit,
    connection: &impl Connection,
    person: i64,
) -> Result<Option<(Challenge, String)>> {
    let Some(site) = site(visit)? else {
        return Ok(None);
    };
    let passkeys: Vec<Passkey> = store::of(connection, person)
        .await?
        .into_iter()
        .map(|kept| kept.passkey)
        .collect();
    if passkeys.is_empty() {
        return Ok(None);
    }
    let failed = |error| Error::internal(format_args!("a passkey cannot be asked for: {error}"));
    let (options, state) = site.start_passkey_authentication(&passkeys).map_err(failed)?;
    let options =
        serde_json::to_string(&options).map_err(|_| Error::internal("a challenge cannot be written"))?;
    Ok(Some((Challenge(state), options)))
}

/// The button that asks the browser for a passkey; the module fills the form and sends it.
pub(crate) fn ask(visit: &Visit, options: &str) -> Markup {
    let view = visit.view();
    html! {
        div.passkey hidden data-passkey-get=(options) data-failed=(view.say("passkey-failed")) {
            (ui::form(view, "/sign-in/passkey", html! {
                (ui::hidden("credential", ""))
                (ui::submit(&view.say("passkey-use")))
            }))
        }
        noscript { p.quiet { (view.say("passkey-script")) } }
        script type="module" src=(asset("passkeys.js")) {}
    }
}

/// Whether an answer is one to the challenge, by a passkey of the person that was not copied. What the passkey has become by
/// it is kept. A refusal is a word for the journal.
///
/// # Errors
///
/// The database's; the inner one is the refusal.
pub(crate) async fn is_answer(
    visit: &Visit,
    change: &impl Connection,
    person: i64,
    challenge: &Challenge,
    answer: &str,
) -> Result<Result<(), &'static str>> {
    let Some(site) = site(visit)? else {
        return Ok(Err("insecure"));
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else {
        return Ok(Err("unreadable"));
    };
    let result = match site.finish_passkey_authentication(&answer, &challenge.0) {
        Ok(result) => result,
        Err(error) => return Ok(Err(refusal(&error))),
    };
    // The counter is held against what is kept now, not against what was kept when the challenge was made.
    let kept = store::of(change, person).await?;
    let Some(mut kept) = kept
        .into_iter()
        .find(|kept| kept.passkey.cred_id() == result.cred_id())
    else {
        return Ok(Err("removed"));
    };
    let is_further = kept.passkey.update_credential(&result) == Some(true);
    if result.counter() > 0 && !is_further {
        return Ok(Err("counter"));
    }
    store::used(change, kept.id, &kept.passkey, visit.now_ns()).await?;
    Ok(Ok(()))
}

fn refusal(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::CredentialPossibleCompromise => "counter",
        WebauthnError::InvalidRPOrigin => "origin",
        WebauthnError::MismatchedChallenge => "challenge",
        WebauthnError::UserNotVerified => "not-verified",
        _ => "signature",
    }
}
