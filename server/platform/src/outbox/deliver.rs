//! The jobs that hand messages to providers.

use database::Transaction;
use database::schema::Boxed;
use serde_json::{Value, json};

use super::providers::Letter;
use super::{Channel, store, text};
use crate::jobs::{Ended, Failure, Task};
use crate::{Platform, Result, push};

/// Hands a message to its provider; gives the provider's name and number of it.
pub(crate) fn act<'a>(platform: &'a Platform, task: &'a Task) -> Boxed<'a, Result<Value, Failure>> {
    Box::pin(async move {
        let never = |why: &str| Failure::Never(why.to_owned());
        let id = task.arguments["message"]
            .as_i64()
            .ok_or_else(|| never("no message"))?;
        let kept = store::one(platform.readers(), id)
            .await?
            .ok_or_else(|| never("no message"))?;
        let now_ns = platform.clock().now_ns();
        if kept.until_ns.is_some_and(|until_ns| until_ns <= now_ns) {
            return Err(never("too late"));
        }
        let opened = kept.open(platform)?.ok_or_else(|| never("too late"))?;
        let provider = Channel::from_word(&kept.channel)
            .and_then(|channel| platform.providers().of(channel))
            .filter(|provider| provider.takes(&kept.template))
            .ok_or_else(|| never("not-connected"))?;
        let subject = format!("outbox-subject-{}", kept.template);
        let subject = match kept.language.has(&subject) {
            true => kept.language.say(&subject).into_owned(),
            false => kept.language.say("product").into_owned(),
        };
        let letter = Letter {
            to: opened.to,
            template: kept.template.clone(),
            subject,
            text: text(kept.language, &kept.template, &opened.arguments),
            arguments: opened.arguments,
            key: task.key.clone(),
        };
        let ready = provider.ready(now_ns).await?;
        task.sending(platform).await?;
        match provider.send(&letter, &ready, now_ns).await {
            Ok(number) => Ok(json!({ "provider": provider.name(), "number": number })),
            // Nobody is there to be told, or wants to be: that is an end, and no failure that somebody has to look at.
            Err(Failure::Never(why)) if [push::GONE, push::NOT_WANTED].contains(&why.as_str()) => {
                Ok(json!({ "nobody": why }))
            }
            Err(failure) => Err(failure),
        }
    })
}

/// Writes down what became of a message, in the transaction that ends its job.
pub(crate) fn end<'a>(
    platform: &'a Platform,
    change: &'a Transaction,
    task: &'a Task,
    ended: &'a Ended,
) -> Boxed<'a, Result<()>> {
    Box::pin(async move {
        let Some(id) = task.arguments["message"].as_i64() else {
            return Ok(());
        };
        let now_ns = platform.clock().now_ns();
        let (state, error) = match ended {
            Ended::Done(value) if value["nobody"].is_string() => {
                let why = value["nobody"].as_str();
                if why == Some(push::GONE) {
                    forget(platform, change, id).await?;
                }
                ("cancelled", why)
            }
            Ended::Done(value) => {
                let said = |name: &str| value[name].as_str().unwrap_or_default();
                let provider = Some((said("provider"), said("number")));
                return store::set(change, id, "sent", None, provider, now_ns).await;
            }
            Ended::Failed(why) if why == "not-connected" => ("not-connected", Some("no-provider")),
            Ended::Failed(why) => ("failed", Some(why.as_str())),
            Ended::Unknown(why) => ("unknown", Some(why.as_str())),
            Ended::Cancelled => ("cancelled", None),
            Ended::Again => ("waiting", None),
        };
        store::set(change, id, state, error, None, now_ns).await
    })
}

/// Forgets the browser that a message was for.
async fn forget(platform: &Platform, change: &Transaction, id: i64) -> Result<()> {
    let kept = store::one(change, id).await?;
    let opened = kept.map_or(Ok(None), |kept| kept.open(platform))?;
    match opened.and_then(|opened| opened.to.parse().ok()) {
        Some(browser) => push::forget(change, browser).await,
        None => Ok(()),
    }
}
